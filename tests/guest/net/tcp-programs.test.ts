/** TCP of programs that call, listen and read, as a peer on the wire sees it (tcp-wire.ts, tcp-scene.ts). */
import { expect, test } from "vitest";
import { shared } from "../../setup/shared.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { withLongFile } from "./long-file.ts";
import type { TcpCases } from "./tcp-cases.ts";
import { ANSWERED, ASK, ASK_LONG, OPEN, sent } from "./tcp-rows.ts";
import { play, tcpScene, themesOf } from "./tcp-scene.ts";
import { TcpPeer } from "./tcp-wire.ts";

const FIRST_PORT = 5100;
const ECHO_PORT = 5001;
/** As many clients as it has at a time. */
const ECHO_CLIENTS = 10;
const TELNET_PORT = 23;
const LINGER_MS = 60_000;

/** What the node says when it calls. */
const CALL = "> S 0:0 win 65535 mss 1460 wscale 6 sackOK ts *:0";

/** Two segments of 1,000 bytes each time, and what the node says to each pair: the window in units of 64 bytes. */
const pairs = (from: number, windows: readonly number[]): string[] =>
  windows.flatMap((window, number) => {
    const at = from + number * 2000;
    return [
      `< . ${at}:${at + 1000} ack 1 win 0`,
      `< . ${at + 1000}:${at + 2000} ack 1 win 0`,
      `> . 1:1 ack ${at + 2000} win ${window}`,
    ];
  });

/** What the echo server takes when nobody takes its echo: two buffers of whole segments, and what it has read last. */
const FULL = 2 * 45 * 1460 + 297;
const CLOSED = [
  ...["< S 0:0 win 65535 mss 1460 wscale 0", "> S. 0:0 ack 1 win 65535 wscale 6", "< . 1:1 ack 1 win 0"],
  ...pairs(1, Array(34).fill(995) as number[]),
  ...pairs(
    68_001,
    Array.from({ length: 31 }, (_, at) => Math.floor((FULL - 70_001 - at * 2000) / 64)),
  ),
  ...["< . 130001:131001 ack 1 win 0", "< . 131001:132001 ack 1 win 0", `> . 1:1 ack ${FULL} win 0`],
] as const;

const CASES: TcpCases = {
  "calls (RFC 9293, 3.10.7.3)": [
    {
      name: "a call is repeated after a second, then after two, whatever others say of it, until it is taken",
      port: 0,
      rows: [
        "$ nc 10.0.2.77 PORT &",
        CALL,
        ...["< R 0:0", "< R. 0:0 ack 2", "< R. 0:0 ack 0", "silence 20"],
        ...["< . 0:0 ack 0", "> R 0:0", "< . 0:0 ack 2", "> R 2:2", "< S. 0:0 ack 0", "> R 0:0"],
        ...["< . 0:0 ack 1", "< F 0:0", "silence 900", CALL, "silence 1950", CALL],
        "< S. 0:0 ack 1 win 65535 mss 1000 sackOK wscale 7 ts 500:last",
        "> . 1:1 ack 1 win 1034 ts *:500",
        "< S. 0:0 ack 1 win 65535 mss 1000 sackOK wscale 7 ts 500:last",
        "> . 1:1 ack 1 win 1034 ts *:500",
        "says nc: connected from 10.0.2.",
        "< P. 1:7 ack 1 ts 501:last data hello\\n",
        "silence 30",
        "> . 1:1 ack 7 win 1034 ts *:501",
        "says hello",
        "< F. 7:7 ack 1 ts 502:last",
        "> . 1:1 ack 8 ts *:502",
        "> F. 1:1 ack 8 ts *:502",
        "< . 8:8 ack 2 ts 503:last",
        "< . 8:8 ack 2",
        "> R 2:2",
      ],
    },
    {
      name: "a call that is refused ends at once",
      port: 0,
      rows: ["$ nc 10.0.2.77 PORT &", CALL, "< R. 0:0 ack 1", "says nc: connection refused", "silence 1100"],
    },
    {
      name: "a call that nobody answers is given up",
      port: 0,
      rows: [
        ...["$ nc 10.0.2.77 PORT &", CALL, "silence 950", CALL, "silence 1950", CALL, "silence 3950", CALL],
        ...["says nc: timed out", "silence 9000"],
      ],
    },
    {
      name: "a call may be taken without any option",
      port: 0,
      rows: [
        ...["$ seq 600 | nc 10.0.2.77 PORT &", CALL, "< S. 0:0 ack 1 win 1000", "> . 1:1 ack 1 win 65535"],
        ...["> . 1:537 ack 1", "silence 100", "< . 1:1 ack 537 win 1000", "> . 537:1073 ack 1"],
        ...["< . 1:1 ack 1073", ...sent(1073, 2293, 536, 1, "FP."), "< R 1:1"],
        "says nc: connection reset by the other side",
      ],
    },
    {
      name: "a call may be taken with data",
      port: 0,
      rows: [
        ...["$ nc 10.0.2.77 PORT &", CALL, "< SP. 0:6 ack 1 win 1000 mss 1000 data hello\\n", "> . 1:1 ack 7"],
        ...["says hello", "< FP. 7:12 ack 1 data more\\n", "> . 1:1 ack 13", "> F. 1:1 ack 13", "< . 13:13 ack 2"],
      ],
    },
    {
      name: "both sides may call at once",
      port: 0,
      rows: [
        ...["$ nc 10.0.2.77 PORT &", CALL, "< S 0:0 win 65535 mss 1000 sackOK wscale 7 ts 500:0"],
        "> S. 0:0 ack 1 win 65535 mss 1460 wscale 6 sackOK ts *:500",
        "silence 950",
        "> S. 0:0 ack 1 win 65535 mss 1460 wscale 6 sackOK ts *:500",
        ...["< . 1:1 ack 1 ts 501:last", "< P. 1:7 ack 1 ts 501:last data hello\\n", "silence 30", "> . 1:1 ack 7"],
        ...["says nc: connected from", "says hello", "< R 7:7", "says nc: connection reset by the other side"],
      ],
    },
    {
      name: "the other side's SYN, said again with its acknowledgement, makes the connection (figure 7)",
      port: 0,
      rows: [
        ...["$ nc 10.0.2.77 PORT &", CALL, "< S 0:0 win 65535 mss 1000", "> S. 0:0 ack 1", "< S. 0:0 ack 1 mss 1000"],
        ...["> . 1:1 ack 1", "says nc: connected from", "< S. 0:0 ack 1", "> . 1:1 ack 1", "< F. 1:1 ack 1"],
        ...["> . 1:1 ack 2", "> F. 1:1 ack 2", "< . 2:2 ack 2"],
      ],
    },
    {
      name: "what came with the other's call is kept until the connection is made",
      port: 0,
      rows: [
        ...["$ nc 10.0.2.77 PORT &", CALL, "< SF 0:6 win 65535 mss 1000 data hello\\n", "> S. 0:0 ack 1 mss 1460"],
        ...["silence 30", "> . 1:1 ack 7", "< . 7:7 ack 1", "says hello", "< F. 7:7 ack 1", "> . 1:1 ack 8"],
        ...["> F. 1:1 ack 8", "< . 8:8 ack 2"],
      ],
    },
    {
      name: "a reset ends what both call at once",
      port: 0,
      rows: [
        ...["$ nc 10.0.2.77 PORT &", CALL, "< S 0:0", "> S. 0:0 ack 1", "< R 1:1"],
        ...["says nc: connection refused", "< . 1:1 ack 1", "> R 1:1"],
      ],
    },
  ],
  "errors by ICMP (RFC 9293, 3.9.2.2; RFC 5927)": [
    {
      name: "a call ends by a hard error about it, and by no other",
      port: 0,
      rows: [
        ...["$ nc 10.0.2.77 PORT &", CALL, ...[0, 1, 5, 13, 14, 200].map((code) => `icmp 3:${code} 1`)],
        ...[0, 1, 4, 5, 6, 12, 14, 200].map((code) => `icmp 3:${code} 0`),
        ...["icmp 3:3 -1", "silence 950", CALL, "icmp 3:3 0", "says nc: connection refused", "silence 2100"],
      ],
    },
    ...[2, 3, 9, 10, 13].map((code) => ({
      name: `a call ends by "unreachable" of code ${code}`,
      port: 0,
      rows: ["$ nc 10.0.2.77 PORT &", CALL, `icmp 3:${code} 0`, "says nc: connection refused", "silence 1100"],
    })),
    {
      name: "a call whose segments live too short has no host",
      port: 0,
      rows: ["$ nc 10.0.2.77 PORT &", CALL, "icmp 11:0 0", "says nc: host does not answer", "silence 1100"],
    },
    {
      name: "a smaller path MTU makes smaller segments at once, of all that is on its way, and no error ends a connection",
      rows: [
        "< S 0:0 win 65535 mss 1460",
        ...["> S. 0:0 ack 1", "< . 1:1 ack 1", ASK_LONG, ...sent(1, 14601, 1460, 21, "P.")],
        ...["icmp 3:1 1", "icmp 3:3 1", "icmp 11:0 1", "icmp 3:4 14601 mtu 1000", "icmp 3:4 0 mtu 1000", "silence 10"],
        ...["icmp 3:4 1 mtu 1500", "silence 10", "icmp 3:4 1 mtu 1000", ...sent(1, 14601, 960, 21)],
        ...["icmp 3:4 1 mtu 1000", "silence 10", "< . 21:21 ack 961", ...sent(14601, 16521, 960, 21, "P.")],
        ...["icmp 3:4 961 mtu 100", ...sent(961, 16521, 536, 21), "< R 21:21"],
      ],
    },
    {
      name: "timestamps count in a path MTU",
      rows: [
        ...["< S 0:0 win 65535 mss 1460 ts 100:0", "> S. 0:0 ack 1", "< . 1:1 ack 1 ts 101:last"],
        ...["< P. 1:21 ack 1 ts 101:last data GET /long HTTP/1.0\\n\\n", ...sent(1, 14481, 1448, 21, "P.")],
        ...["icmp 3:4 1 mtu 600", ...sent(1, 14481, 548, 21), "< R 21:21"],
      ],
    },
  ],
  "windows (RFC 9293, 3.8.6)": [
    {
      name: "the window of the last ACK counts, and not that of the SYN: half of it will do",
      rows: [
        ...["< S 0:0 win 65535 mss 1460", "> S. 0:0 ack 1", "< . 1:1 ack 1 win 1000"],
        ...[ASK_LONG.replace(" data", " win 1000 data"), "> . 1:1001 ack 21", "silence 100", "< R 21:21"],
      ],
    },
    ...["", " wscale 0", " wscale 3"].map((scale) => ({
      name: `a window is no wider than it says,${scale || " not scaled"}`,
      rows: [
        ...[
          `< S 0:0 win 4000 mss 1000${scale}`,
          "> S. 0:0 ack 1",
          `< . 1:1 ack 1 win ${scale.endsWith("3") ? 500 : 4000}`,
        ],
        ...[
          ASK_LONG.replace(" data", ` win ${scale.endsWith("3") ? 500 : 4000} data`),
          ...sent(1, 4001, 1000, 21, "P."),
        ],
        ...["silence 100", "< R 21:21"],
      ],
    })),
    {
      name: "what came twice has the next sixteen segments acknowledged at once, as many as may have been lost",
      port: ECHO_PORT,
      rows: [
        ...["< S 0:0 win 0", "> S. 0:0 ack 1", "< . 1:1 ack 1 win 0", "< . 1:11 ack 1 win 0", "< . 11:21 ack 1 win 0"],
        ...["> . 1:1 ack 21", "< . 1:11 ack 1 win 0", "> . 1:1 ack 21"],
        ...Array.from({ length: 16 }, (_, at) => [
          `< . ${21 + at * 10}:${31 + at * 10} ack 1 win 0`,
          `> . 1:1 ack ${31 + at * 10}`,
        ]).flat(),
        ...["< . 181:191 ack 1 win 0", "silence 35", "> . 1:1 ack 191", "< R 191:191"],
      ],
    },
    {
      name: "of a segment that reaches beyond the window what lies in it is taken, and its end is not",
      rows: [
        ...["< S 0:0 win 65535 mss 1460 sackOK", "> S. 0:0 ack 1 win 65535", "< . 1:1 ack 1"],
        ...["< F. 65001:66001 ack 1", "> . 1:1 ack 1 sack 65001:65701", "< . 65701:65801 ack 1", "> . 1:1 ack 1"],
        "< R 1:1",
      ],
    },
    {
      name: "of what is to be done at several moments the soonest is done in time",
      port: TELNET_PORT,
      rows: [
        ...[...OPEN, "> P. 1:7 ack 1", "> P. 7:17 ack 1", "< . 1:1 ack 17"],
        ...["< P. 1:2 ack 17 data \\u0000", "silence 30", "> . 17:17 ack 2"],
        ...["< P. 2:3 ack 17 data \\u0000", "< P. 3:4 ack 17 data \\u0000", "> . 17:17 ack 4", "< R 4:4"],
      ],
    },
    {
      name: "a scaled window is used up, and no more than that",
      port: 0,
      rows: [
        "$ seq 3000 | nc 10.0.2.77 PORT &",
        CALL,
        "< S. 0:0 ack 1 win 8000 mss 1000 sackOK wscale 2",
        "> . 1:1 ack 1 win 1031",
        ...sent(1, 8001, 1000, 1, "P."),
        ...["< . 1:1 ack 5001 win 1250", ...sent(8001, 10001, 1000, 1, "P.")],
        ...["< . 1:1 ack 10001 win 1250", ...sent(10001, 13894, 1000, 1, "FP."), "< F. 1:1 ack 13895 win 1250"],
        "> . 13895:13895 ack 2",
        ...["silence 100", "< F. 1:1 ack 13895 win 1250", "> . 13895:13895 ack 2"],
      ],
    },
    {
      name: "a silly window is left alone until half of the widest is open, and a closed one is asked for",
      port: 0,
      rows: [
        "$ seq 3000 | nc 10.0.2.77 PORT &",
        CALL,
        ...["< S. 0:0 ack 1 win 2000 mss 1000", "> . 1:1 ack 1", ...sent(1, 2001, 1000, 1, "P.")],
        ...["< . 1:1 ack 2001 win 300", "silence 20", "< . 1:1 ack 2001 win 999", "silence 20"],
        ...["< . 1:1 ack 2001 win 1000", "> . 2001:3001 ack 1", "< . 1:1 ack 3001 win 999", "silence 20"],
        ...["< . 1:1 ack 3001 win 1001", "> . 3001:4001 ack 1", "< . 1:1 ack 4001 win 0", "silence 190"],
        ...["> . 4001:4002 ack 1", "silence 390", "> . 4001:4002 ack 1", "< . 1:1 ack 4001 win 0", "silence 790"],
        ...["> . 4001:4002 ack 1", "< . 1:1 ack 4002 win 0", "silence 190", "> . 4002:4003 ack 1"],
        ...["< . 1:1 ack 4002 win 65535", ...sent(4002, 13894, 1000, 1, "FP."), "< R 1:1"],
      ],
    },
    {
      name: "rows of a console wait for what is on its way, and go together then (Nagle)",
      port: 0,
      rows: [
        "type nc 10.0.2.77 PORT",
        CALL,
        ...["< S. 0:0 ack 1 win 65535 mss 1000", "> . 1:1 ack 1", "says nc: connected"],
        ...["type a row", "> P. 1:7 ack 1", "type another", "type third", "wait 30", "silence 20"],
        ...["< . 1:1 ack 7", "> P. 7:21 ack 1", "< F. 1:1 ack 21", "> . 21:21 ack 2", "> F. 21:21 ack 2"],
        ...["< . 2:2 ack 22", "says another", "$ "],
      ],
    },
    {
      name: "who does not read closes the window; then an end is taken, and data is not",
      port: ECHO_PORT,
      rows: [
        ...[...CLOSED, `< . ${FULL}:${FULL + 1} ack 1 win 0`, `> . 1:1 ack ${FULL} win 0`],
        ...[`< . ${FULL + 1}:${FULL + 5} ack 1 win 0`, `> . 1:1 ack ${FULL} win 0`],
        ...[`< F. ${FULL}:${FULL + 10} ack 1 win 0`, `> . 1:1 ack ${FULL} win 0`],
        ...[`< F. ${FULL}:${FULL} ack 1 win 0`, `> . 1:1 ack ${FULL + 1} win 0`],
        ...[`< . ${FULL + 1}:${FULL + 1} ack 1 win 65535`, ...sent(1, 14601, 1460, FULL + 1, "P.")],
        `< R ${FULL + 1}:${FULL + 1}`,
      ],
    },
    {
      name: "a closed window opens by much at a time",
      port: ECHO_PORT,
      rows: [
        ...[...CLOSED, `< . ${FULL}:${FULL} ack 1 win 1`, "silence 190", `> . 1:2 ack ${FULL} win 0`],
        ...[`< . ${FULL}:${FULL} ack 2 win 1460`, `> . 2:1462 ack ${FULL} win 0`],
        ...[`< . ${FULL}:${FULL} ack 1462 win 65535`, ...sent(1462, 16062, 1460, FULL, "P.")],
        ...[`> . 16062:16062 ack ${FULL} win 64`, `< . ${FULL}:${FULL} ack 16062 win 65535`],
        ...[...sent(16062, 45262, 1460, FULL, "P."), `> . 45262:45262 ack ${FULL} win 128`],
        ...[`> . 45262:45262 ack ${FULL} win 192`, `< R ${FULL}:${FULL}`],
      ],
    },
  ],
  "the end (RFC 9293, 3.6)": [
    {
      name: "what comes when nobody is there to read it is reset",
      rows: [...ANSWERED, "< . 20:20 ack 150", "< P. 20:40 ack 150", "> R 150:150", "< . 40:40 ack 150", "> R 150:150"],
    },
    {
      name: "the other side has a minute for its end",
      rows: [
        ...ANSWERED,
        "< . 20:20 ack 150",
        `wait ${LINGER_MS - 200}`,
        "< . 20:20 ack 150",
        "silence 10",
        "wait 300",
      ].concat(["< F. 20:20 ack 150", "> R 150:150"]),
    },
    {
      name: "an end that comes again after a while is acknowledged for a minute more",
      rows: [
        ...[...ANSWERED, "< F. 20:20 ack 150", "> . 150:150 ack 21", "wait 50000"],
        ...["< F. 20:20 ack 150", "> . 150:150 ack 21", "< P. 21:31 ack 150", "> . 150:150 ack 21"],
        ...["< F. 21:21 ack 150", "> . 150:150 ack 21", "< R 20:20", "silence 10", "< R 22:22", "> . 150:150 ack 21"],
        ...[`wait ${LINGER_MS - 1000}`, "< . 21:21 ack 150", "silence 10", "wait 1200", "< F. 20:20 ack 150"],
        "> R 150:150",
      ],
    },
    {
      name: "a reset ends the last minute",
      rows: [...ANSWERED, "< F. 20:20 ack 150", "> . 150:150 ack 21", "< R 21:21", "< F. 20:20 ack 150", "> R 150:150"],
    },
    {
      name: "a SYN is challenged in the last minute, and whoever means it resets, and is let in (RFC 9293, 3.10.7.4)",
      rows: [
        ...[...ANSWERED, "< F. 20:20 ack 150", "> . 150:150 ack 21", "< S 1:1", "> . 150:150 ack 21"],
        ...["< S. 21:21 ack 150", "> . 150:150 ack 21", "< SF 21:21", "> . 150:150 ack 21"],
        ...["< S 90000:90000", "> . 150:150 ack 21", "< S 21:21", "> . 150:150 ack 21", "< R 21:21"],
        ...["< S 21:21", "> S. 0:0 ack 22", "< R 22:22"],
      ],
    },
    {
      name: "a SYN with a timestamp opens a connection anew that had none (RFC 6191)",
      rows: [
        ...[...ANSWERED, "< F. 20:20 ack 150", "> . 150:150 ack 21"],
        ...["< S 1:1 ts 100:0", "> S. 0:0 ack 2 ts *:100", "< R 2:2"],
      ],
    },
    {
      name: "a later timestamp says so of a lower number (RFC 6191)",
      rows: [
        "< S 0:0 win 65535 mss 1460 ts 100:0",
        ...["> S. 0:0 ack 1", "< . 1:1 ack 1 ts 101:last", ASK.replace("ack 1", "ack 1 ts 102:last")],
        ...["> P. 1:149 ack 20", "> F. 149:149 ack 20", "< F. 20:20 ack 150 ts 103:last", "> . 150:150 ack 21"],
        ...["< S 1:1 ts 103:0", "> . 150:150 ack 21", "< S 1:1", "> . 150:150 ack 21", "< S 30:30 ts 102:0"],
        ...["> . 150:150 ack 21", "< S 1:1 ts 104:0", "> S. 0:0 ack 2 ts *:104", "< R 2:2"],
      ],
    },
    {
      name: "the same timestamp says so of a higher number (RFC 6191)",
      rows: [
        "< S 0:0 win 65535 mss 1460 ts 100:0",
        ...["> S. 0:0 ack 1", "< . 1:1 ack 1 ts 101:last", ASK.replace("ack 1", "ack 1 ts 102:last")],
        ...["> P. 1:149 ack 20", "> F. 149:149 ack 20", "< F. 20:20 ack 150 ts 103:last", "> . 150:150 ack 21"],
        ...["< S 21:21 ts 103:0", "> S. 0:0 ack 22 ts *:103", "< R 22:22"],
      ],
    },
    {
      name: "a connection that is never made is given up after five repetitions",
      rows: [
        ...["< S 0:0 mss 300", "> S. 0:0 ack 1", "wait 31000", ...Array<string>(5).fill("> S. 0:0 ack 1")],
        ...["wait 31700", "silence 100", "wait 300", "> R. 1:1 ack 1", "< . 1:1 ack 1", "> R 1:1"],
      ],
    },
  ],
  "crowds (RFC 4987)": [
    {
      name: "in a crowd a SYN is answered with a cookie, which opens the connection",
      rows: [
        ...["crowd 40", "wait 20", "< S 0:0 win 65535 mss 1100 sackOK wscale 7 ts 100:0"],
        ...["> S. 0:0 ack 1 win 65535 mss 1460", "silence 3000", "< . 1:1 ack 2", "> R 2:2", "< . 2:2 ack 1"],
        ...["> R 1:1", "< S. 1:1 ack 1", "> R 1:1", "< . 1:1 ack 1", ASK_LONG],
        ...[...sent(1, 10241, 1024, 21, "P."), "< R 21:21"],
      ],
    },
    {
      name: "a cookie is good for a minute, and not for three",
      rows: [
        ...["crowd 40", "wait 20", "< S 0:0 win 65535 mss 2000", "> S. 0:0 ack 1", "wait 64000"],
        ...["< P. 1:21 ack 1 data GET /long HTTP/1.0\\n\\n", ...sent(1, 14601, 1460, 21, "P."), "< R 21:21"],
        ...["crowd 40", "wait 20", "< S 100:100", "> S. 0:0 ack 101", "wait 131000"],
        ...["< . 101:101 ack 1", "> R 1:1"],
      ],
    },
    {
      name: "as many SYNs as the server lets wait are answered in full, and one more",
      rows: [
        ...["crowd 32", "wait 20", "< S 0:0 win 65535 mss 1460 sackOK", "> S. 0:0 ack 1 mss 1460 sackOK", "< R 1:1"],
        ...["crowd 33", "wait 20", "< S 0:0 win 65535 mss 1460 sackOK", "> S. 0:0 ack 1 mss 1460", "< . 1:1 ack 1"],
        ...[ASK, "> P. 1:149 ack 20", "> F. 149:149 ack 20", "< R 20:20"],
      ],
    },
    ...(
      [
        ["", 536],
        [" mss 63", 64],
        [" mss 255", 64],
        [" mss 256", 256],
        [" mss 1023", 536],
        [" mss 1219", 1024],
        [" mss 1220", 1220],
        [" mss 1459", 1440],
      ] as const
    ).map(([said, size]) => ({
      name: `of a SYN with${said || " no size"} the cookie tells ${size}`,
      rows: [
        ...["crowd 40", "wait 20", `< S 0:0 win 65535${said}`, "> S. 0:0 ack 1 mss 1460", "< . 1:1 ack 1"],
        ...[ASK_LONG, ...sent(1, 10 * size + 1, size, 21, "P."), "< R 21:21"],
      ],
    })),
  ],
};

const scene = shared(async () => {
  const made = tcpScene(await withLongFile());
  await play(made, [`$ echo-server ${ECHO_PORT} &`, "$ telnet on open", "wait 3000"], 1, 1);
  return made;
});

test.each(themesOf(CASES, FIRST_PORT))("$theme", async ({ cases }) => {
  for (const { rows, ownPort, port, name } of cases) {
    const own = rows.map((row) => row.replace("PORT", `${ownPort}`));
    await play(await scene(), own, ownPort, port, name);
  }
});

thoroughly("connections that a server has no room for yet wait in the order in which they came", async () => {
  const { lab, plug, node, peers } = await scene();
  const clients = Array.from({ length: ECHO_CLIENTS + 3 }, (_, number) => {
    const peer = new TcpPeer(lab, plug, node, 5500 + number, ECHO_PORT);
    peers.set(5500 + number, peer);
    return peer;
  });
  for (const peer of clients) {
    peer.send("S 0:0 win 65535 mss 1460");
    expect(await peer.expect("S. 0:0 ack 1")).toBe("S. 0:0 ack 1");
    peer.send(". 1:1 ack 1");
    peer.send("P. 1:4 ack 1 data one");
  }
  await lab.advance("100ms");
  const answers = async (): Promise<string[]> => {
    const seen: string[] = [];
    for (const peer of clients) seen.push((await peer.silence(0)) === "silence" ? "" : await peer.expect("x"));
    return seen;
  };
  const [echo, late] = ["P. 1:4 ack 4", ". 1:1 ack 4"];
  expect(await answers()).toEqual([...Array<string>(ECHO_CLIENTS).fill(echo), late, late, late]);
  for (const peer of clients.slice(0, ECHO_CLIENTS)) peer.send(". 4:4 ack 4");
  for (let number = 0; number < 3; number++) {
    clients[number]!.send("R 4:4");
    await lab.advance("50ms");
    expect(await answers()).toEqual(clients.map((_, at) => (at === ECHO_CLIENTS + number ? echo : "")));
    clients[ECHO_CLIENTS + number]!.send(". 4:4 ack 4");
  }
  for (const peer of clients) peer.send("R 4:4");
});

thoroughly(
  "telnet asks after two hours whether anybody is there, and hangs up when nobody is (RFC 9293, 3.8.4)",
  async () => {
    const made = tcpScene(await withLongFile());
    await play(made, ["$ service stop cluster", "$ telnet on open", "wait 3000"], 1, 1);
    const rows = [
      ...[...OPEN, "> P. 1:7 ack 1", "> P. 7:17 ack 1", "< . 1:1 ack 17"],
      ...["wait 7199000", "silence 800", "wait 400", "> . 16:16 ack 1", "< . 1:1 ack 17", "wait 7199000", "wait 1200"],
      ...Array.from({ length: 9 }, () => [
        "> . 16:16 ack 1",
        "silence 100",
        "wait 74600",
        "silence 200",
        "wait 100",
      ]).flat(),
      ...["wait 500", "> R. 17:17 ack 1", "< . 1:1 ack 17", "> R 17:17"],
    ];
    await play(made, rows, FIRST_PORT - 1, TELNET_PORT);
  },
);
