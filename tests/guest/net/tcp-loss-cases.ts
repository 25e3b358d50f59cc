/** What becomes of segments that are lost, late or out of order, on a node with a long file (tcp-wire.ts). */
import type { TcpCases } from "./tcp-cases.ts";

const RTT_MS = 20;
const DELAY = `wait ${RTT_MS}`;
/** A window of ten segments of a long file, over a path whose round trip takes 20 ms; none is acknowledged yet. */
const LONG = [
  "< S 0:0 win 65535 mss 1000 sackOK",
  DELAY,
  "> S. 0:0 ack 1 mss 1460 sackOK",
  "< . 1:1 ack 1",
  "< P. 1:21 ack 1 data GET /long HTTP/1.0\\n\\n",
  ...segments(1, 9),
  "> P. 9001:10001 ack 21",
] as const;
/** The same with small segments and little data: three, and the FIN. */
const SHORT = [
  "< S 0:0 win 65535 mss 64 sackOK",
  DELAY,
  "> S. 0:0 ack 1 mss 1460 sackOK",
  "< . 1:1 ack 1",
  "< P. 1:20 ack 1 data GET /?IP HTTP/1.0\\n\\n",
  "> . 1:65 ack 20",
  "> . 65:129 ack 20",
  "> P. 129:149 ack 20",
  "> F. 149:149 ack 20",
] as const;
/** The same ten segments with timestamps instead of SACK. */
const LONG_STAMPS = [
  "< S 0:0 win 65535 mss 1012 ts 1000:0",
  DELAY,
  "> S. 0:0 ack 1 ts *:1000",
  "< . 1:1 ack 1 ts 1001:last",
  "< P. 1:21 ack 1 ts 1002:last data GET /long HTTP/1.0\\n\\n",
  ...segments(1, 9),
  "> P. 9001:10001 ack 21 ts *:1002",
] as const;
/** The same ten segments with neither. */
const LONG_PLAIN = [
  "< S 0:0 win 65535 mss 1000",
  DELAY,
  "> S. 0:0 ack 1",
  "< . 1:1 ack 1",
  "< P. 1:21 ack 1 data GET /long HTTP/1.0\\n\\n",
  ...segments(1, 9),
  "> P. 9001:10001 ack 21",
] as const;
/** Ten segments and a loss probe that the other side does not answer: the first goes again after a timeout. */
const LATE = [...LONG, "silence 35", ...segments(10001, 1), "silence 150", ...segments(1, 1)] as const;
const ABORT = "< R 21:21";

/** All but two segments have come, and there is room for no more: the loss probe is the second of them. */
const REPEATED = [...[...LONG, DELAY, "< . 21:21 ack 8001 win 2000", "silence 35"], ...segments(9001, 1)] as const;
/** The window that opens then. */
const OPENED = [...segments(10001, 17), "> P. 27001:28001 ack 21"] as const;

/** So many segments of 1,000 bytes that the node sends. */
function segments(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => from + index * 1000).map((at) => `> . ${at}:${at + 1000} ack 21`);
}

export const TCP_LOSS_CASES: TcpCases = {
  "the first window (RFC 5681, 2018)": [
    {
      name: "a segment that its data fill tells of no island: that goes by itself (RFC 2018, 3)",
      rows: [
        "< S 0:0 win 65535 mss 1460 sackOK",
        DELAY,
        "> S. 0:0 ack 1 mss 1460 sackOK",
        "< . 1:1 ack 1",
        "< . 31:41 ack 1",
        "> . 1:1 ack 1 sack 31:41",
        "< P. 1:21 ack 1 data GET /long HTTP/1.0\\n\\n",
        "> . 1:1 ack 21 sack 31:41",
        ...Array.from({ length: 9 }, (_, index) => `> . ${index * 1460 + 1}:${(index + 1) * 1460 + 1} ack 21`),
        "> P. 13141:14601 ack 21",
        "< . 51:61 ack 1",
        "> . 14601:14601 ack 21 sack 51:61 31:41",
        ABORT,
      ],
    },
    {
      name: "slow start sends two for each that is acknowledged",
      rows: [...LONG, "< . 21:21 ack 3001", ...segments(10001, 5), "> P. 15001:16001 ack 21", ABORT],
    },
    {
      name: "an acknowledgement of ten opens the window by ten, and so does one of twenty",
      rows: [
        ...[...LONG, "< . 21:21 ack 10001", ...segments(10001, 19), "> P. 29001:30001 ack 21", "silence 20"],
        ...["< . 21:21 ack 30001", ...segments(30001, 29), "> P. 59001:60001 ack 21", "silence 20", ABORT],
      ],
    },
  ],
  "loss probes (RFC 8985, 7)": [
    {
      name: "after two round trips a loss probe carries new data, once",
      rows: [...LONG, "silence 35", ...segments(10001, 1), "silence 150", ...segments(1, 1), ABORT],
    },
    {
      name: "an acknowledgement that was overtaken tells of nothing that is missing now",
      rows: [
        ...[...LONG, "< . 21:21 ack 3001", ...segments(10001, 5), "> P. 15001:16001 ack 21"],
        ...["< . 21:21 ack 1 sack 1001:2001", "silence 35", ...segments(16001, 1), "silence 100", ABORT],
      ],
    },
    {
      name: "a loss probe without new data is the last segment",
      rows: [...SHORT, "silence 35", "> F. 149:149 ack 20", "< R 20:20"],
    },
    {
      name: "what a loss probe finds lost is sent again before a timeout",
      rows: [
        ...SHORT,
        "silence 35",
        "> F. 149:149 ack 20",
        DELAY,
        "wait 5",
        "< . 20:20 ack 1 sack 149:150",
        "> . 1:65 ack 20",
        "< . 20:20 ack 65 sack 149:150",
        "> . 65:129 ack 20",
        "> P. 129:149 ack 20",
        "< R 20:20",
      ],
    },
    {
      name: "a loss probe that came after what it repeats changes nothing",
      rows: [
        ...SHORT,
        "silence 35",
        "> F. 149:149 ack 20",
        "< F. 20:20 ack 150 sack 149:150",
        "> . 150:150 ack 21",
        "silence 100",
      ],
    },
    {
      name: "had what it repeats been lost, the window shrinks with what comes after it (RFC 8985, 7.4.2)",
      rows: [...REPEATED, "< . 21:21 ack 10001", ...OPENED, DELAY, "< . 21:21 ack 16001", "silence 3", ABORT],
    },
    ...(
      [
        ["that it came twice", ["< . 21:21 ack 10001 sack 9001:10001"]],
        ["the same once more", ["< . 21:21 ack 10001 win 0", "wait 1", "< . 21:21 ack 10001"]],
      ] as const
    ).map(([what, rows]) => ({
      name: `an acknowledgement that says ${what} keeps the window`,
      rows: [
        ...[
          ...REPEATED,
          ...rows,
          ...OPENED,
          DELAY,
          "< . 21:21 ack 16001",
          ...segments(28001, 11),
          "> P. 39001:40001 ack 21",
          ABORT,
        ],
      ],
    })),
    {
      name: "a single segment's acknowledgement may be late: no probe before the timeout",
      rows: [
        "< S 0:0 win 65535 mss 1460 sackOK",
        DELAY,
        "> S. 0:0 ack 1 mss 1460 sackOK",
        "< . 1:1 ack 1",
        "< P. 1:20 ack 1 data GET /?IP HTTP/1.0\\n\\n",
        "> P. 1:149 ack 20",
        "> F. 149:149 ack 20",
        "silence 190",
        "> F. 149:149 ack 20",
        "< R 20:20",
      ],
    },
  ],
  "what is lost (RFC 8985, 6)": [
    {
      name: "one segment out of order is given a quarter of a round trip",
      rows: [
        ...LONG,
        DELAY,
        "< . 21:21 ack 1 sack 1001:2001",
        ...segments(10001, 1), // limited transmit, RFC 3042
        "silence 4",
        ...segments(1, 1),
        ABORT,
      ],
    },
    {
      name: "a segment that comes late after all is not sent again",
      rows: [
        ...LONG,
        DELAY,
        "< . 21:21 ack 1 sack 1001:2001",
        ...segments(10001, 1),
        "< . 21:21 ack 2001",
        ...segments(11001, 1),
        "> P. 12001:13001 ack 21",
        "silence 30",
        ABORT,
      ],
    },
    {
      name: "three segments beyond it, and a segment is lost at once",
      rows: [...LONG, DELAY, "< . 21:21 ack 1 sack 1001:4001", ...segments(1, 1), ABORT],
    },
    {
      name: "so it is when an acknowledgement that was overtaken tells of them (RFC 6675, 5)",
      rows: [
        ...[...LONG, DELAY, "< . 21:21 ack 3001", ...segments(10001, 5), "> P. 15001:16001 ack 21"],
        ...["< . 21:21 ack 1001 sack 5001:8001", ...segments(3001, 1), ABORT],
      ],
    },
    {
      name: "three gaps say so too",
      rows: [
        ...LONG,
        DELAY,
        "< . 21:21 ack 1 sack 1001:2001 3001:4001 5001:6001",
        ...segments(1, 1),
        ...segments(2001, 1),
        ...segments(4001, 1),
        "< . 21:21 ack 1001 sack 1001:2001 3001:4001 5001:6001",
        ...segments(10001, 1),
        ABORT,
      ],
    },
  ],
  "reports of parts, and reordering (RFC 2018, 5; RFC 8985, 6)": [
    {
      name: "of a segment that came in part nothing is known, and it goes again whole",
      rows: [
        ...LONG,
        DELAY,
        "< . 21:21 ack 1 sack 4500:8500",
        ...segments(1, 3),
        "< . 21:21 ack 3001 sack 4500:8500",
        ...segments(3001, 2),
        ...segments(10001, 1),
        "> P. 11001:12001 ack 21",
        ABORT,
      ],
    },
    {
      name: "reports of single bytes are none",
      rows: [...LONG, DELAY, "< . 21:21 ack 1 sack 1500:1501 3000:3001 9001:9002", "silence 15", ABORT],
    },
    {
      name: "where the acknowledgement ends inside a segment nobody knows where they begin",
      rows: [
        ...LONG,
        DELAY,
        "< . 21:21 ack 501 sack 1501:7501",
        ...segments(501, 1),
        "> P. 1501:2001 ack 21",
        ...segments(10001, 1),
        "> P. 11001:12001 ack 21",
        ABORT,
      ],
    },
    {
      name: "after reordering was seen three segments beyond it are given their time",
      rows: [
        ...LONG,
        DELAY,
        "< . 21:21 ack 1 sack 1001:2001",
        ...segments(10001, 1),
        "< . 21:21 ack 2001",
        ...segments(11001, 1),
        "> P. 12001:13001 ack 21",
        "< . 21:21 ack 2001 sack 3001:9001",
        ...segments(13001, 1), // limited transmit
        "silence 4",
        ...segments(2001, 1),
        ABORT,
      ],
    },
    {
      name: "a repetition that is lost too is sent again when what was sent after it comes",
      rows: [
        ...LONG,
        DELAY,
        "< . 21:21 ack 1 sack 1001:7001",
        ...segments(1, 1),
        ...segments(10001, 3),
        DELAY,
        "wait 5",
        "< . 21:21 ack 1 sack 1001:11001",
        ...segments(1, 1),
        ...segments(13001, 3),
        "> P. 16001:17001 ack 21",
        ABORT,
      ],
    },
    {
      name: "a range that was acknowledged before is no news",
      rows: [...LONG, "< . 21:21 ack 10001 sack 1:1001", ...segments(10001, 19), "> P. 29001:30001 ack 21", ABORT],
    },
  ],
  "reports that are known, that join, and that cannot be (RFC 2018, 3 to 5; RFC 6675)": [
    {
      name: "what was reported before is no news, whole or in part",
      rows: [
        ...[...LONG, DELAY, "< . 21:21 ack 1 sack 1001:3001", ...segments(10001, 1)],
        ...["1001:3001", "1001:2001", "2001:3001"].flatMap((range) => [`< . 21:21 ack 1 sack ${range}`, "wait 1"]),
        ...[...segments(1, 1), ABORT],
      ],
    },
    {
      name: "ranges of nothing, from end to start, of what was not sent, or of what is acknowledged say nothing",
      rows: [
        ...[...LONG, DELAY, "< . 21:21 ack 1 sack 1001:10002", "wait 1", "< . 21:21 ack 1 sack 2001:2001", "wait 1"],
        ...["< . 21:21 ack 1 sack 6001:2001", "wait 1", "< . 21:21 ack 1 sack 1:4001", "silence 10"],
        // The loss probe.
        ...["wait 10", ...segments(10001, 1), ABORT],
      ],
    },
    {
      name: "what was sent last is reported like all else",
      rows: [...LONG, DELAY, "< . 21:21 ack 1 sack 7001:10001", ...segments(1, 3), "silence 20", ABORT],
    },
    {
      name: "ranges join to one, in whatever order they come",
      rows: [
        ...[...LONG, DELAY, "< . 21:21 ack 1 sack 2001:3001", ...segments(10001, 1), "< . 21:21 ack 1 sack 4001:5001"],
        ...[...segments(11001, 1), "< . 21:21 ack 1 sack 3001:4001", "wait 1", "< . 21:21 ack 1 sack 1001:2001"],
        ...["wait 1", "< . 21:21 ack 1 sack 6001:7001 8001:9001", "wait 1", "< . 21:21 ack 1 sack 5001:10001"],
        ...[...segments(1, 1), "wait 5", "< . 21:21 ack 10001", ...segments(12001, 1)],
        ...["> P. 13001:14001 ack 21", "silence 10", ABORT],
      ],
    },
    {
      name: "of many holes each is filled once, and again when what fills others came before it",
      rows: [
        ...[...LONG, DELAY, "< . 21:21 ack 10001", ...segments(10001, 19), "> P. 29001:30001 ack 21", DELAY],
        ...["< . 21:21 ack 10001 sack 11001:12001 13001:14001 15001:16001", ...segments(10001, 1)],
        ...["wait 2", "< . 21:21 ack 10001 sack 17001:18001", ...segments(12001, 1), "wait 2"],
        ...["< . 21:21 ack 10001 sack 19001:20001", ...segments(14001, 1), ...segments(16001, 1), "wait 2"],
        ...["< . 21:21 ack 10001 sack 12001:13001 16001:17001", ...segments(18001, 1), ...segments(30001, 1), "wait 2"],
        ...["< . 21:21 ack 10001 sack 18001:24001", ...segments(31001, 5), "wait 2", "< . 21:21 ack 11001"],
        ...[...segments(36001, 1), "wait 2", "< . 21:21 ack 13501", "silence 2", "< . 21:21 ack 15001"],
        ...[...segments(37001, 1), "wait 2", "< . 21:21 ack 24001", "silence 2", ABORT],
      ],
    },
    {
      name: "after a timeout what the other side has taken back goes again (RFC 2018, 8)",
      rows: [
        ...[...LONG, DELAY, "< . 21:21 ack 1 sack 1001:4001", ...segments(1, 1), "silence 190", ...segments(1, 1)],
        ...["< . 21:21 ack 1001", ...segments(4001, 2), "< . 21:21 ack 2001 sack 3001:4001", ...segments(6001, 1)],
        ...["silence 190", ...segments(2001, 1), "< . 21:21 ack 3001", ...segments(3001, 2), ABORT],
      ],
    },
    {
      name: "a loss probe repeats no more of a segment than is missing",
      rows: [...LONG, "< . 21:21 ack 9501 win 500", "silence 190", "> . 9501:10001 ack 21", ABORT],
    },
    {
      name: "two segments are missing: the first goes at once, the second for what arrives (RFC 6937, 3.1)",
      rows: [
        ...[...LONG, DELAY, "< . 21:21 ack 1 sack 2001:3001", ...segments(10001, 1), "wait 15", ...segments(1, 1)],
        ...["4001", "5001"].flatMap((end) => [`< . 21:21 ack 1 sack 2001:${end}`, "silence 3"]),
        ...["< . 21:21 ack 1 sack 2001:6001", ...segments(1001, 1), "wait 2", "< . 21:21 ack 1 sack 2001:7001"],
        ...[...segments(11001, 1), ABORT],
      ],
    },
    {
      name: "a recovery of which both repetitions came twice is undone with the second",
      rows: [
        ...[...LONG, DELAY, "< . 21:21 ack 1 sack 2001:8001", ...segments(1, 1), "> P. 1001:2001 ack 21"],
        ...[...segments(10001, 3), "< . 21:21 ack 10001 sack 1:1001", ...segments(13001, 3), "> P. 16001:17001 ack 21"],
        ...["< . 21:21 ack 10001 sack 1001:2001", ...segments(17001, 3), "silence 10", ABORT],
      ],
    },
  ],
  "recovery (RFC 6937; RFC 9438, 4.6)": [
    {
      name: "in recovery a segment goes for each that arrives, down to seven tenths of the window",
      rows: [
        ...LONG,
        DELAY,
        "< . 21:21 ack 1 sack 1001:2001",
        ...segments(10001, 1),
        "< . 21:21 ack 1 sack 1001:3001",
        ...segments(11001, 1),
        "< . 21:21 ack 1 sack 1001:4001",
        ...segments(1, 1),
        "< . 21:21 ack 1 sack 1001:5001",
        "< . 21:21 ack 1 sack 1001:6001",
        "silence 1",
        "< . 21:21 ack 1 sack 1001:7001",
        ...segments(12001, 1),
        "< . 21:21 ack 1 sack 1001:8001",
        ...segments(13001, 1),
        "< . 21:21 ack 14001",
        ...segments(14001, 7),
        "silence 20",
        ABORT,
      ],
    },
  ],
  "what was not needed is undone (RFC 3522, 3708, 5682)": [
    {
      name: "after a timeout new data goes first, and what arrives though it was sent once undoes the timeout",
      rows: [
        ...LATE,
        "< . 21:21 ack 1001",
        ...segments(11001, 1),
        "> P. 12001:13001 ack 21",
        "< . 21:21 ack 2001",
        "silence 20",
        "< . 21:21 ack 6001",
        ...segments(13001, 7),
        "> P. 20001:21001 ack 21",
        ABORT,
      ],
    },
    {
      name: "when only the new data arrives what is missing goes again",
      rows: [
        ...LATE,
        "< . 21:21 ack 1001",
        ...segments(11001, 1),
        "> P. 12001:13001 ack 21",
        "< . 21:21 ack 1001 sack 11001:12001",
        ...segments(1001, 1),
        "< . 21:21 ack 1001 sack 11001:13001",
        ...segments(2001, 1),
        ABORT,
      ],
    },
    {
      name: "a repetition after a timeout that is lost too is sent again when what was sent after it comes",
      rows: [
        ...LATE,
        "< . 21:21 ack 1001",
        ...segments(11001, 1),
        "> P. 12001:13001 ack 21",
        "< . 21:21 ack 1001 sack 11001:12001",
        ...segments(1001, 1),
        "wait 5",
        "< . 21:21 ack 1001 sack 11001:13001",
        ...segments(2001, 1),
        DELAY,
        "wait 5",
        "< . 21:21 ack 1001 sack 2001:3001 11001:13001",
        ...segments(1001, 1),
        ...segments(3001, 1),
        ABORT,
      ],
    },
    {
      name: "without new data what is missing goes again after the first acknowledgement",
      rows: [
        ...SHORT,
        "silence 35",
        "> F. 149:149 ack 20",
        "silence 150",
        "> . 1:65 ack 20",
        "< . 20:20 ack 65",
        "> . 65:129 ack 20",
        "> P. 129:149 ack 20",
        "> F. 149:149 ack 20",
        "< R 20:20",
      ],
    },
    {
      name: "an acknowledgement of what was sent before the timeout undoes it",
      rows: [
        ...LONG_STAMPS,
        "silence 190",
        ...segments(1, 1).map((row) => `${row} ts *:1002`),
        "< . 21:21 ack 3001 ts 1003:last-150",
        ...segments(10001, 5),
        "> P. 15001:16001 ack 21",
        ABORT,
      ],
    },
    {
      name: "an acknowledgement of the repetition itself does not",
      rows: [
        ...LONG_STAMPS,
        "silence 190",
        ...segments(1, 1).map((row) => `${row} ts *:1002`),
        "< . 21:21 ack 3001 ts 1003:last",
        ...segments(3001, 2),
        ABORT,
      ],
    },
    {
      name: "a recovery whose only repetition came twice is undone",
      rows: [
        ...LONG,
        DELAY,
        "< . 21:21 ack 1 sack 1001:4001",
        ...segments(1, 1),
        "< . 21:21 ack 10001 sack 1:1001",
        ...segments(10001, 17),
        ABORT,
      ],
    },
    {
      name: "a recovery of which one repetition did not come twice is not",
      rows: [
        ...LONG,
        DELAY,
        "< . 21:21 ack 1 sack 2001:8001",
        ...segments(1, 1),
        "> P. 1001:2001 ack 21",
        ...segments(10001, 3),
        "< . 21:21 ack 10001 sack 1:1001",
        ...segments(13001, 3),
        "> P. 16001:17001 ack 21",
        "silence 20",
        ABORT,
      ],
    },
  ],
  "without SACK and timestamps (RFC 6298, 3042, 5681, 6582)": [
    {
      name: "a segment is timed in each round trip, and the timeout grows with it",
      rows: [
        ...LONG_PLAIN,
        ...["wait 150", "< . 21:21 ack 10001", ...segments(10001, 19), "> P. 29001:30001 ack 21"],
        ...["wait 150", "< . 21:21 ack 30001", ...segments(30001, 29), "> P. 59001:60001 ack 21"],
        ...["silence 240", ...segments(30001, 1), ABORT],
      ],
    },
    {
      name: "the third duplicate repeats the segment, and what is acknowledged in part the next one",
      rows: [
        ...[
          ...LONG_PLAIN,
          "wait 5",
          "< . 21:21 ack 1",
          ...segments(10001, 1),
          "< . 21:21 ack 1",
          ...segments(11001, 1),
        ],
        ...["< . 21:21 ack 1", ...segments(1, 1), "< . 21:21 ack 6001", ...segments(6001, 1), "silence 20"],
        ...["< . 21:21 ack 12001", ...segments(12001, 1), "> P. 13001:14001 ack 21", ABORT],
      ],
    },
    {
      name: "what changes the window, has data or acknowledges what is old is no duplicate",
      rows: [
        ...[...LONG_PLAIN, "wait 5"],
        ...["< . 21:21 ack 1 win 64000", "< . 21:21 ack 1 win 63000", "< . 21:21 ack 1 win 62000", "silence 50"],
        ...["< . 21:21 ack 0", "< . 21:21 ack 0", "< . 21:21 ack 0", "silence 50", ABORT],
      ],
    },
  ],
};
