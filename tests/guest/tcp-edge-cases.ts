/** TCP at the edges of what a peer may say: sizes, times and numbers just inside and just outside (tcp-wire.ts). */
import type { TcpCases } from "./tcp-cases.ts";
import { ANSWERED, ASK, ASK_LONG, OPEN, sent } from "./tcp-rows.ts";

const STAMPED = ["< S 0:0 win 65535 mss 1012 ts 1000:0", "> S. 0:0 ack 1 ts *:1000"] as const;
const ABORT = "< R 21:21";

/** A round trip of so many ms, as the peer's timestamp says, and the first window after it. */
const stampedAgo = (ago: string): string[] => [
  ...STAMPED,
  `< . 1:1 ack 1 ts 1001:${ago}`,
  ASK_LONG.replace("ack 1", "ack 1 ts 1002:0"),
  ...sent(1, 10001, 1000, 21, "P."),
];

/**
 * Ten segments after a round trip of `first` ms, all acknowledged after `second`; then `silent` ms until the timeout.
 */
const timed = (first: number, second: number, silent: number): string[] => [
  ...["< S 0:0 win 65535 mss 1000", `wait ${first}`, "> S. 0:0 ack 1", "< . 1:1 ack 1"],
  ...[ASK_LONG, ...sent(1, 10001, 1000, 21, "P."), `wait ${second}`, "< . 21:21 ack 10001"],
  ...[...sent(10001, 30001, 1000, 21, "P."), `silence ${silent}`, "> . 10001:11001 ack 21", ABORT],
];

const ECHO_PORT = 5001;
export const TCP_EDGE_CASES: TcpCases = {
  "the size of a segment (RFC 9293, 3.7.1; RFC 6691)": (
    [
      ["", 536],
      [" mss 0", 536],
      [" mss 1", 64],
      [" mss 63", 64],
      [" mss 65", 65],
      [" mss 1459", 1459],
      [" mss 1461", 1460],
      [" mss 65535", 1460],
    ] as const
  ).map(([said, size]) => ({
    name: `a SYN with${said || " no size"} gets segments of ${size}, ten at first (RFC 6928)`,
    rows: [
      ...[`< S 0:0 win 65535${said}`, "> S. 0:0 ack 1 mss 1460", "< . 1:1 ack 1", ASK_LONG],
      ...[...sent(1, 10 * size + 1, size, 21, "P."), "silence 10", ABORT],
    ],
  })),
  "room for options (RFC 2018, 3; RFC 6691)": [
    ...[
      [159, ""],
      [160, " sack 51:61"],
      [167, " sack 51:61"],
      [168, " sack 51:61 31:41"],
    ].map(([size, told]) => ({
      name: `of segments of ${size} one of 148 bytes tells${told || " of no island, which goes by itself"}`,
      rows: [
        ...[`< S 0:0 win 65535 mss ${size} sackOK`, "> S. 0:0 ack 1", "< . 1:1 ack 1", "< . 31:41 ack 1"],
        ...["> . 1:1 ack 1 sack 31:41", "< . 51:61 ack 1", "> . 1:1 ack 1 sack 51:61 31:41", ASK],
        ...["> . 1:1 ack 20 sack 51:61 31:41", `> P. 1:149 ack 20${told}`, `> F. 149:149 ack 20 sack 51:61 31:41`],
        "< R 20:20",
      ],
    })),
    {
      name: "with timestamps there is room for three islands",
      rows: [
        ...["< S 0:0 win 65535 mss 1460 sackOK ts 1000:0", "> S. 0:0 ack 1 sackOK ts *:1000"],
        ...["< . 1:1 ack 1 ts 1001:last", "< . 11:21 ack 1 ts 1002:last", "> . 1:1 ack 1 ts *:1001 sack 11:21"],
        ...["< . 31:41 ack 1 ts 1003:last", "> . 1:1 ack 1 ts *:1001 sack 31:41 11:21"],
        ...["< . 51:61 ack 1 ts 1004:last", "> . 1:1 ack 1 ts *:1001 sack 51:61 31:41 11:21"],
        ...["< . 71:81 ack 1 ts 1005:last", "> . 1:1 ack 1 ts *:1001 sack 71:81 51:61 31:41"],
        ...["< . 71:81 ack 1 ts 1006:last", "> . 1:1 ack 1 ts *:1001 sack 71:81 71:81 51:61", "< R 1:1 ts 1007:0"],
      ],
    },
  ],
  "how long a timeout is (RFC 6298, 2)": [
    { name: "of a round trip that is shorter than the one before", rows: timed(300, 100, 900) },
    { name: "of a round trip that is longer", rows: timed(100, 200, 290) },
    { name: "of a round trip that is the same", rows: timed(200, 200, 490) },
    {
      name: "a timestamp of long ago makes it a minute and no more",
      rows: [...stampedAgo("last-25000"), "silence 59950", "> . 1:1001 ack 21", ABORT],
    },
    ...["last-61000", "last+50"].map((ago) => ({
      name: `a timestamp that the node cannot have sent, ${ago}, says nothing`,
      rows: [...stampedAgo(ago), "silence 950", "> . 1:1001 ack 21", ABORT],
    })),
    {
      name: "of a handshake that was repeated nothing is known: one segment, and three seconds (5.7; RFC 5681, 3.1)",
      rows: [
        ...["< S 0:0 win 65535 mss 1000", "> S. 0:0 ack 1", "silence 950", "> S. 0:0 ack 1", "wait 20"],
        ...["< . 1:1 ack 1", ASK_LONG, "> . 1:1001 ack 21", "silence 2950", "> . 1:1001 ack 21"],
        ...["silence 5950", "> . 1:1001 ack 21", ABORT],
      ],
    },
    {
      name: "with timestamps its time is known",
      rows: [
        ...[...STAMPED, "silence 950", "> S. 0:0 ack 1 ts *:1000", "wait 20", "< . 1:1 ack 1 ts 1001:last"],
        ...[ASK_LONG.replace("ack 1", "ack 1 ts 1002:0"), "> . 1:1001 ack 21", "silence 190", "> . 1:1001 ack 21"],
        ABORT,
      ],
    },
  ],
  "the end, at its edges (RFC 9293, 3.6 and 3.10.7.4)": [
    {
      name: "an end that comes before all of ours has arrived does not have ours said again",
      rows: [
        ...[...ANSWERED, "< F. 20:20 ack 1", "> . 150:150 ack 21", "silence 50", "< . 21:21 ack 150", "silence 50"],
        ...["< F. 20:20 ack 150", "> . 150:150 ack 21", "< S 21:21 ts 1:0", "> S. 0:0 ack 22", "< R 22:22"],
      ],
    },
    {
      name: "what comes after the end is nothing",
      rows: [
        ...[...OPEN, "< F. 1:1 ack 1", "> . 1:1 ack 2", "> F. 1:1 ack 2", "< P. 2:12 ack 1", "silence 50"],
        ...["< F. 12:12 ack 1", "silence 50", "< . 2:2 ack 2", "< . 2:2 ack 2", "> R 2:2"],
      ],
    },
    {
      name: "an end that went again though it had come counts as said (RFC 3522)",
      rows: [
        ...["< S 0:0 win 65535 mss 1460 ts 1000:0", "wait 20", "> S. 0:0 ack 1 ts *:1000"],
        ...["< . 1:1 ack 1 ts 1001:last", ASK.replace("ack 1", "ack 1 ts 1002:last")],
        ...["> P. 1:149 ack 20", "> F. 149:149 ack 20", "silence 190", "> FP. 1:149 ack 20 ts *:1002"],
        ...["< . 20:20 ack 149 ts 1003:last-150", "silence 20", "< . 20:20 ack 150 ts 1004:last"],
        ...["< F. 20:20 ack 150 ts 1005:last", "> . 150:150 ack 21", "< S 21:21 ts 1006:0", "> S. 0:0 ack 22"],
        "< R 22:22",
      ],
    },
  ],
  "a closed window (RFC 9293, 3.8.6.1)": [
    {
      name: "it is asked for later and later, and as long as the other side answers",
      port: ECHO_PORT,
      rows: [
        ...[...OPEN, "< P. 1:6 ack 1 win 0", "> . 1:1 ack 6", "silence 150", "> . 1:2 ack 6"],
        ...[400, 800, 1600, 3200, 6400, 12800, 25600, 51200, ...Array<number>(6).fill(60000)].flatMap((ms) => [
          ...["< . 6:6 ack 1 win 0", `pause ${ms}`, "> . 1:2 ack 6"],
        ]),
        ...["pause 60000", "> . 1:2 ack 6", "< . 6:6 ack 1 win 1000"],
        ...["> P. 1:6 ack 6", "silence 180", "> P. 1:6 ack 6", "< R 6:6"],
      ],
    },
    {
      name: "two minutes are all that there is when no socket names the connection any more (RFC 6429)",
      rows: [
        ...[...OPEN, ASK.replace(" data", " win 0 data"), "> . 1:1 ack 20", "silence 150", "> . 1:2 ack 20"],
        ...[400, 800, 1600, 3200, 6400, 12800, 25600, 51200].flatMap((ms) => [
          ...["< . 20:20 ack 1 win 0", `pause ${ms}`, "> . 1:2 ack 20"],
        ]),
        ...["< . 20:20 ack 1 win 0", "pause 17000", "> R. 2:2 ack 20"],
      ],
    },
    {
      name: "they begin anew with each byte that is taken",
      rows: [
        ...[...OPEN, ASK.replace(" data", " win 0 data"), "> . 1:1 ack 20", "silence 150", "> . 1:2 ack 20"],
        ...[400, 800, 1600, 3200, 6400, 12800, 25600, 51200].flatMap((ms) => [
          ...["< . 20:20 ack 1 win 0", `pause ${ms}`, "> . 1:2 ack 20"],
        ]),
        ...["< . 20:20 ack 2 win 0", "silence 150", "> . 2:3 ack 20", "< . 20:20 ack 2 win 0"],
        ...["wait 20000", "< . 20:20 ack 2 win 1000"],
        ...[...Array<string>(5).fill("> . 2:3 ack 20"), "> FP. 2:149 ack 20", "< R 20:20"],
      ],
    },
  ],
  "a path MTU (RFC 1191)": [
    {
      name: "one that is told of SYN, ACK makes what follows smaller",
      rows: [
        ...["< S 0:0 win 65535 mss 1460", "> S. 0:0 ack 1", "icmp 3:4 0 mtu 600", "silence 50", "< . 1:1 ack 1"],
        ...[ASK_LONG, ...sent(1, 5601, 560, 21, "P."), ABORT],
      ],
    },
    {
      name: "what is reported to be there does not go again in smaller pieces, and all else does",
      rows: [
        ...["< S 0:0 win 65535 mss 1460 sackOK", "wait 20", "> S. 0:0 ack 1", "< . 1:1 ack 1", ASK_LONG],
        ...[...sent(1, 14601, 1460, 21, "P."), "wait 20", "< . 21:21 ack 1 sack 2921:5841"],
        ...["> . 14601:16061 ack 21", "icmp 3:4 1 mtu 1000", ...sent(1, 2921, 960, 21), ...sent(5841, 15561, 960, 21)],
        ...["wait 1", "< . 21:21 ack 5841", ...sent(15561, 23241, 960, 21), "silence 10", ABORT],
      ],
    },
    ...[
      [575, 536],
      [576, 536],
      [577, 537],
    ].map(([mtu, size]) => ({
      name: `one of ${mtu} makes segments of ${size}`,
      rows: [
        ...OPEN,
        ASK_LONG,
        ...sent(1, 14601, 1460, 21, "P."),
        `icmp 3:4 1 mtu ${mtu}`,
        ...sent(1, 14601, size!, 21),
      ].concat(ABORT),
    })),
  ],
  "what is old, and what is not (RFC 9293, 3.10.7.4; RFC 7323, 5)": [
    {
      name: "a window of a segment that was overtaken does not count",
      rows: [
        ...["< S 0:0 win 65535 mss 1000", "> S. 0:0 ack 1", "< . 1:1 ack 1", "< . 31:41 ack 1 win 3000"],
        ...[
          "> . 1:1 ack 1",
          ASK_LONG,
          "> . 1:1 ack 21",
          "> . 1:1001 ack 21",
          "> . 1001:2001 ack 21",
          "> . 2001:3001 ack 21",
        ],
        ...["silence 20", "< . 21:21 ack 1001 win 65535", "> . 3001:4001 ack 21", "silence 20"],
        ...["< . 31:31 ack 1001 win 65535", ...sent(4001, 11001, 1000, 21), "silence 10", ABORT],
      ],
    },
    {
      name: "an acknowledgement is too old when it is older than the widest window (RFC 5961, 5.2)",
      rows: [
        ...OPEN,
        "< . 1:1 ack -65534",
        "silence 100",
        "< . 1:1 ack -65535",
        "silence 30",
        "> . 1:1 ack 1",
        "< R 1:1",
      ],
    },
    {
      name: "a segment without timestamps is taken, and so is one whose timestamp is the last one's",
      rows: [
        ...[...STAMPED, "< . 1:1 ack 1 ts 1001:last", "< P. 1:11 ack 1", "silence 30", "> . 1:1 ack 11 ts *:1001"],
        ...["< P. 11:21 ack 1 ts 1001:last", "silence 30", "> . 1:1 ack 21 ts *:1001", "< R 21:21"],
      ],
    },
    {
      name: "a timestamp that goes beyond the middle of its circle is a later one",
      rows: [
        ...["< S 0:0 win 65535 mss 1012 ts 4294967290:0", "> S. 0:0 ack 1", "< . 1:1 ack 1 ts 4294967295:last"],
        ...["< P. 1:11 ack 1 ts 4:last", "silence 30", "> . 1:1 ack 11 ts *:4"],
        ...["< P. 11:21 ack 1 ts 4294967295:last", "> . 1:1 ack 11 ts *:4", "< R 11:11"],
      ],
    },
    {
      name: "after a second challenges are answered again (RFC 5961, 7)",
      rows: [
        ...[...OPEN, ...Array.from({ length: 10 }, () => ["< R 2:2", "> . 1:1 ack 1"]).flat(), "< R 2:2", "silence 50"],
        ...["wait 1030", ...Array.from({ length: 10 }, () => ["< R 2:2", "> . 1:1 ack 1"]).flat(), "< R 2:2"],
        ...["silence 50", "< R 1:1"],
      ],
    },
    {
      name: "a SYN of another number in SYN-RECEIVED is the listener's again (RFC 9293, 3.10.7.4)",
      rows: [
        ...["< S 0:0", "> S. 0:0 ack 1", "< S 1:1", "silence 50", "< S 1:1", "> S. 0:0 ack 2"],
        ...["< S 90000:90000", "> . 1:1 ack 2", "< S. 1:1 ack 1", "> . 1:1 ack 2"],
        ...["< SR 1:1", "silence 50", "< . 2:2 ack 1", "< R 2:2"],
      ],
    },
  ],
  "pieces of a question (RFC 9293, 3.10.7.4)": [
    ["that came in order", "1:4 4:20"],
    ["of which the second begins in the first", "1:6 3:20"],
    ["the last first", "15:20 6:15 1:6"],
    ["of which the last lies over all others", "8:11 14:16 1:20"],
    ["that lie over each other", "9:20 4:12 1:8"],
    ["of which one lies in another", "5:18 7:9 18:20 1:5"],
    ["between which islands grow at both ends", "10:12 8:14 16:18 6:17 1:7 16:20"],
  ].map(([how, ranges]) => ({
    name: `pieces ${how} are what they were`,
    rows: [...OPEN, ...piecesOf(ranges!), "> P. 1:149 ack 20", "> F. 149:149 ack 20", "< R 20:20"],
  })),
};

/** A question in pieces, and what the node says to each: at once where something was missing, or came twice. */
function piecesOf(ranges: string): string[] {
  const question = "GET /?IP HTTP/1.0\n\n";
  const have = new Set<number>();
  let next = 1;
  return ranges.split(" ").flatMap((range) => {
    const [from, to] = range.split(":").map(Number) as [number, number];
    const isPlain = from === next && have.size === next - 1;
    for (let at = from; at < to; at++) have.add(at);
    while (have.has(next)) next++;
    const row = `< P. ${range} ack 1 data ${JSON.stringify(question.slice(from - 1, to - 1)).slice(1, -1)}`;
    const answer = `> . 1:1 ack ${next}`;
    if (isPlain) return next === 20 ? [row] : [row, "silence 30", answer];
    return [row, answer];
  });
}
