/**
 * What a segment does to a connection, by the RFC that says so: each case begins without a connection (tcp-wire.ts).
 */

export interface TcpCase {
  readonly name: string;
  /** Port of the node, 80 (its HTTP server) if not given. */
  readonly port?: number;
  readonly rows: readonly string[];
}

/** Cases by what they are about: those of one theme are played one after the other. */
export type TcpCases = Readonly<Record<string, readonly TcpCase[]>>;

const OPEN = ["< S 0:0 win 65535 mss 1460", "> S. 0:0 ack 1 mss 1460", "< . 1:1 ack 1"] as const;
const OPEN_SACK = ["< S 0:0 win 65535 mss 1460 sackOK", "> S. 0:0 ack 1 mss 1460 sackOK", "< . 1:1 ack 1"] as const;
const OPEN_STAMPS = [
  "< S 0:0 win 65535 mss 1460 ts 1000:0",
  "> S. 0:0 ack 1 ts *:1000",
  "< . 1:1 ack 1 ts 1001:last",
] as const;
const RESET = "< R 1:1";

/** Single bytes of a request, every second one. */
const ISLANDS = Array.from({ length: 9 }, (_, at) => `${3 + 2 * at}:${4 + 2 * at}`);

export const TCP_CASES: TcpCases = {
  "what is said of no connection (RFC 9293, 3.10.7.1)": [
    { name: "a SYN for a port where nobody listens is reset", port: 9, rows: ["< S 0:0", "> R. 0:0 ack 1"] },
    { name: "an ACK for no connection is reset with its number", port: 9, rows: ["< . 5:5 ack 77", "> R 77:77"] },
    { name: "data for no connection is acknowledged in the reset", port: 9, rows: ["< P 5:15", "> R. 0:0 ack 15"] },
    { name: "SYN and FIN count in the reset's number", port: 9, rows: ["< SF 5:15", "> R. 0:0 ack 17"] },
    { name: "a reset for no connection is not answered", port: 9, rows: ["< R 5:5", "silence 50"] },
    { name: "a reset with ACK for no connection is not answered", port: 9, rows: ["< R. 5:5 ack 9", "silence 50"] },
    { name: "a FIN for no connection is reset", port: 9, rows: ["< F 5:5", "> R. 0:0 ack 6"] },
  ],
  "what a listener takes (RFC 9293, 3.10.7.2)": [
    { name: "a listener resets an ACK", rows: ["< . 5:5 ack 77", "> R 77:77"] },
    { name: "a listener drops a reset", rows: ["< R 5:5", "silence 50"] },
    { name: "a listener drops a FIN", rows: ["< F 5:5", "silence 50"] },
    { name: "a listener drops a segment without flags", rows: ["< 0 5:15", "silence 50"] },
    { name: "a listener takes SYN with FIN for a SYN", rows: ["< SF 0:0", "> S. 0:0 ack 1", RESET] },
    { name: "a listener resets SYN with ACK", rows: ["< S. 0:0 ack 77", "> R 77:77"] },
    {
      name: "a SYN without options gets none but the size",
      rows: ["< S 0:0", "> S. 0:0 ack 1 win 65535 mss 1460", "< . 1:1 ack 1", RESET],
    },
    {
      name: "options that the SYN has are answered",
      rows: [
        "< S 0:0 mss 1460 sackOK wscale 7 ts 500:0",
        "> S. 0:0 ack 1 win 65535 mss 1460 wscale 6 sackOK ts *:500",
        RESET,
      ],
    },
    { name: "a wrong checksum is not answered", rows: ["< S 0:0 bad-checksum", "silence 50"] },
    { name: "an offset of less than five dwords is not answered", rows: ["< S 0:0 offset 4", "silence 50"] },
    { name: "an offset beyond the segment is not answered", rows: ["< S 0:0 offset 15", "silence 50"] },
    { name: "an option of length 0 ends the options", rows: ["< S 0:0 raw 3,0,2,4,5,180", "> S. 0:0 ack 1", RESET] },
    {
      name: "an option longer than the header ends the options",
      rows: ["< S 0:0 raw 8,40,0,0", "> S. 0:0 ack 1", RESET],
    },
    {
      name: "a maximum segment size of 0 counts as the usual one",
      rows: [
        "< S 0:0 mss 0",
        "> S. 0:0 ack 1",
        "< . 1:1 ack 1",
        "< P. 1:20 ack 1 data GET /?IP HTTP/1.0\\n\\n",
        "> P. 1:149 ack 20",
        "> F. 149:149 ack 20",
        "< R 20:20",
      ],
    },
    { name: "a window scale of 255 counts as 14", rows: ["< S 0:0 wscale 255", "> S. 0:0 ack 1 wscale 6", RESET] },
  ],
  "half-open connections (RFC 9293, 3.10.7.4)": [
    {
      name: "a second SYN of the same number gets the same answer",
      rows: ["< S 0:0", "> S. 0:0 ack 1", "< S 0:0", "> S. 0:0 ack 1", RESET],
    },
    {
      name: "a wrong ACK in SYN-RECEIVED is reset",
      rows: ["< S 0:0", "> S. 0:0 ack 1", "< . 1:1 ack 2", "> R 2:2", "< . 1:1 ack 1", RESET],
    },
    {
      name: "a reset in SYN-RECEIVED ends it",
      rows: ["< S 0:0", "> S. 0:0 ack 1", "< R 1:1", "< . 1:1 ack 1", "> R 1:1"],
    },
    {
      name: "SYN, ACK is sent again after a second, then after two",
      rows: ["< S 0:0", "> S. 0:0 ack 1", "silence 950", "> S. 0:0 ack 1", "silence 1950", "> S. 0:0 ack 1", RESET],
    },
    {
      name: "data with the last ACK of the handshake is taken",
      rows: ["< S 0:0", "> S. 0:0 ack 1", "< P. 1:11 ack 1", "silence 30", "wait 30", "> . 1:1 ack 11", "< R 11:11"],
    },
  ],
  "what comes in and out of order (RFC 9293, 2018, 2883)": [
    {
      name: "one segment is acknowledged after 40 ms",
      rows: [...OPEN, "< P. 1:11 ack 1", "silence 35", "> . 1:1 ack 11", "< R 11:11"],
    },
    {
      name: "the second segment is acknowledged at once",
      rows: [...OPEN, "< . 1:11 ack 1", "< . 11:21 ack 1", "> . 1:1 ack 21", "< R 21:21"],
    },
    {
      name: "an early segment is acknowledged at once, with the number that is missing",
      rows: [...OPEN, "< . 11:21 ack 1", "> . 1:1 ack 1", "< . 1:11 ack 1", "> . 1:1 ack 21", "< R 21:21"],
    },
    {
      name: "what came twice at the front of an island is named first (RFC 2883)",
      rows: [
        ...OPEN_SACK,
        "< . 11:21 ack 1",
        "> . 1:1 ack 1 sack 11:21",
        "< . 5:16 ack 1",
        "> . 1:1 ack 1 sack 11:16 5:21",
        "< . 1:5 ack 1",
        "> . 1:1 ack 21",
        "< R 21:21",
      ],
    },
    {
      name: "of several parts that came twice the lowest is named, and what they join",
      rows: [
        ...OPEN_SACK,
        "< . 11:21 ack 1",
        "> . 1:1 ack 1 sack 11:21",
        "< . 31:41 ack 1",
        "> . 1:1 ack 1 sack 31:41 11:21",
        "< . 5:36 ack 1",
        "> . 1:1 ack 1 sack 11:21 5:41",
        "< . 1:5 ack 1",
        "> . 1:1 ack 41",
        "< R 41:41",
      ],
    },
    {
      name: "SACK names what came early, the youngest first",
      rows: [
        ...OPEN_SACK,
        "< . 11:21 ack 1",
        "> . 1:1 ack 1 sack 11:21",
        "< . 41:51 ack 1",
        "> . 1:1 ack 1 sack 41:51 11:21",
        "< . 31:41 ack 1",
        "> . 1:1 ack 1 sack 31:51 11:21",
        "< . 1:11 ack 1",
        "> . 1:1 ack 21 sack 31:51",
        "< . 21:31 ack 1",
        "> . 1:1 ack 51",
        "< R 51:51",
      ],
    },
    {
      name: "what comes twice is told (RFC 2883)",
      rows: [
        ...OPEN_SACK,
        "< . 1:11 ack 1",
        "< . 11:21 ack 1",
        "> . 1:1 ack 21",
        "< . 1:11 ack 1",
        "> . 1:1 ack 21 sack 1:11",
        "< R 21:21",
      ],
    },
    {
      name: "an old segment is acknowledged and dropped",
      rows: [
        ...OPEN,
        "< . 1:11 ack 1",
        "< . 11:21 ack 1",
        "> . 1:1 ack 21",
        "< . 1:11 ack 1",
        "> . 1:1 ack 21",
        "< R 21:21",
      ],
    },
    {
      name: "a segment beyond the window is acknowledged and dropped",
      rows: [...OPEN, "< . 100001:100011 ack 1", "> . 1:1 ack 1", RESET],
    },
    { name: "a segment without ACK is dropped", rows: [...OPEN, "< P 1:11", "silence 60", RESET] },
    {
      name: "overlapping parts are joined",
      rows: [...OPEN, "< . 1:21 ack 1", "< . 11:31 ack 1", "> . 1:1 ack 31", "< R 31:31"],
    },
    {
      name: "an urgent pointer past the data moves nothing",
      rows: [...OPEN, "< PU. 1:11 ack 1 urg 60000", "silence 30", "> . 1:1 ack 11", "< R 11:11"],
    },
  ],
  "what may be forged (RFC 5961)": [
    { name: "an exact reset ends the connection", rows: [...OPEN, RESET, "< . 1:1 ack 1", "> R 1:1"] },
    { name: "a reset inside the window is challenged", rows: [...OPEN, "< R 2:2", "> . 1:1 ack 1", RESET] },
    { name: "a reset outside the window is dropped", rows: [...OPEN, "< R 100001:100001", "silence 50", RESET] },
    {
      name: "a SYN in a connection is challenged",
      rows: [...OPEN, "< S 1:1", "> . 1:1 ack 1", "< S 70001:70001", "> . 1:1 ack 1", RESET],
    },
    { name: "SYN with ACK in a connection is challenged", rows: [...OPEN, "< S. 0:0 ack 1", "> . 1:1 ack 1", RESET] },
    {
      name: "an acknowledgement of what was not sent is challenged",
      rows: [...OPEN, "< . 1:1 ack 100", "silence 30", "> . 1:1 ack 1", RESET],
    },
    {
      name: "what is sent soon answers it, and many of them at once",
      rows: [
        ...OPEN,
        ...[
          "< . 1:1 ack 100",
          "< . 1:1 ack 200",
          "< P. 1:11 ack 1",
          "< P. 11:21 ack 1",
          "> . 1:1 ack 21",
          "silence 100",
        ],
        ...["< . 21:21 ack 100", "< . 21:21 ack 200", "> . 1:1 ack 21", "silence 100", "< R 21:21"],
      ],
    },
    ...[2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1].map((ack) => ({
      name: `one half a circle away is challenged, ${ack}`,
      rows: [...OPEN, `< . 1:1 ack ${ack}`, "> . 1:1 ack 1", "< P. 1:11 ack 1", "> . 1:1 ack 11", RESET],
    })),
    {
      name: "an acknowledgement from long ago is challenged",
      rows: [...OPEN, "< . 1:1 ack -100000", "> . 1:1 ack 1", RESET],
    },
    {
      name: "ten challenges a second are enough",
      rows: [
        ...OPEN,
        ...Array.from({ length: 10 }, () => ["< R 2:2", "> . 1:1 ack 1"]).flat(),
        "< R 2:2",
        "silence 30",
        RESET,
      ],
    },
  ],
  "timestamps (RFC 7323)": [
    {
      name: "timestamps are in every segment and echo the last in order",
      rows: [
        ...OPEN_STAMPS,
        "< . 1:11 ack 1 ts 1100:last",
        "< . 11:21 ack 1 ts 1101:last",
        "> . 1:1 ack 21 ts *:1100",
        "< R 21:21",
      ],
    },
    {
      name: "an old timestamp is acknowledged and dropped (PAWS)",
      rows: [...OPEN_STAMPS, "< . 1:11 ack 1 ts 900:last", "> . 1:1 ack 1 ts *:1001", RESET],
    },
    {
      name: "a reset with an old timestamp counts",
      rows: [...OPEN_STAMPS, "< R 1:1 ts 1:0", "< . 1:1 ack 1", "> R 1:1"],
    },
  ],
  "closing (RFC 9293, 3.6)": [
    {
      name: "our FIN waits for theirs, then TIME-WAIT acknowledges it again",
      rows: [
        ...OPEN,
        "< P. 1:20 ack 1 data GET /?IP HTTP/1.0\\n\\n",
        "> P. 1:149 ack 20",
        "> F. 149:149 ack 20",
        "< . 20:20 ack 150",
        "< F. 20:20 ack 150",
        "> . 150:150 ack 21",
        "< F. 20:20 ack 150",
        "> . 150:150 ack 21",
      ],
    },
    {
      name: "their FIN is acknowledged and ends what we send",
      rows: [...OPEN, "< F. 1:1 ack 1", "> . 1:1 ack 2", "> F. 1:1 ack 2", "< . 2:2 ack 2", "< . 2:2 ack 2", "> R 2:2"],
    },
    {
      name: "both close at once",
      rows: [
        ...OPEN,
        "< P. 1:20 ack 1 data GET /?IP HTTP/1.0\\n\\n",
        "> P. 1:149 ack 20",
        "> F. 149:149 ack 20",
        "< F. 20:20 ack 149",
        "> F. 149:149 ack 21",
        "< . 21:21 ack 150",
        "silence 300",
      ],
    },
    {
      name: "a FIN beyond a gap counts as soon as what is missing has come",
      rows: [
        ...[...OPEN, "< F. 11:11 ack 1", "> . 1:1 ack 1", "< . 1:11 ack 1", "> . 1:1 ack 12", "> F. 1:1 ack 12"],
        "< R 12:12",
      ],
    },
    {
      name: "a FIN behind data that came early, with another gap in front",
      rows: [
        ...[...OPEN_SACK, "< FP. 21:31 ack 1", "> . 1:1 ack 1 sack 21:31", "< . 11:21 ack 1"],
        ...["> . 1:1 ack 1 sack 11:31", "< . 1:11 ack 1", "> . 1:1 ack 32", "> F. 1:1 ack 32", "< R 32:32"],
      ],
    },
    {
      name: "bytes in front of a FIN come in pieces, the last of which lies over the others",
      rows: [
        ...[...OPEN, "< F. 11:11 ack 1", "> . 1:1 ack 1", "< . 5:8 ack 1", "> . 1:1 ack 1", "< . 1:11 ack 1"],
        ...["> . 1:1 ack 12", "> F. 1:1 ack 12", "< . 12:12 ack 2", "< . 12:12 ack 2", "> R 2:2"],
      ],
    },
    {
      name: "an end that came early is said again in its turn",
      rows: [
        ...[...OPEN, "< F. 11:11 ack 1", "> . 1:1 ack 1", "< F. 11:11 ack 1", "> . 1:1 ack 1"],
        ...["< F. 1:11 ack 1", "> . 1:1 ack 12", "> F. 1:1 ack 12", "< R 12:12"],
      ],
    },
    {
      name: "both close, and theirs comes before the bytes in front of it",
      rows: [
        ...[...OPEN, "< P. 1:20 ack 1 data GET /?IP HTTP/1.0\\n\\n", "> P. 1:149 ack 20", "> F. 149:149 ack 20"],
        ...["< F. 20:20 ack 150", "> . 150:150 ack 21", "< R 21:21"],
      ],
    },
  ],
  "answers that are lost, closed windows and islands (RFC 6298, 2018)": [
    {
      name: "an answer that is not acknowledged is sent again, later and later",
      rows: [
        ...OPEN,
        "< P. 1:20 ack 1 data GET /?IP HTTP/1.0\\n\\n",
        "> P. 1:149 ack 20",
        "> F. 149:149 ack 20",
        "silence 190",
        "> FP. 1:149 ack 20",
        "silence 390",
        "> FP. 1:149 ack 20",
        "silence 790",
        "> FP. 1:149 ack 20",
        "< R 20:20",
      ],
    },
    {
      name: "a closed window is probed",
      rows: [
        ...OPEN,
        "< P. 1:20 ack 1 win 0 data GET /?IP HTTP/1.0\\n\\n",
        "> . 1:1 ack 20",
        "silence 150",
        "> . 1:2 ack 20",
        "< . 20:20 ack 1 win 0",
        "silence 350",
        "> . 1:2 ack 20",
        "< . 20:20 ack 1 win 1000",
        "> FP. 1:149 ack 20",
        "< R 20:20",
      ],
    },
    {
      name: "of nine islands the oldest is forgotten, as RFC 2018 allows, and nothing else",
      rows: [
        ...OPEN_SACK,
        ...ISLANDS.flatMap((range, at) => [
          `< . ${range} ack 1`,
          `> . 1:1 ack 1 sack ${ISLANDS.slice(Math.max(0, at - 3), at + 1)
            .reverse()
            .join(" ")}`,
        ]),
        "< P. 1:20 ack 1 data GET /?IP HTTP/1.0\\n\\n",
        "> . 1:1 ack 20 sack 5:6",
        "> P. 1:149 ack 20",
        "> F. 149:149 ack 20",
        "< R 20:20",
      ],
    },
    {
      name: "a SYN in LAST-ACK is challenged, and an acknowledgement of our FIN ends it",
      rows: [
        ...OPEN,
        "< FP. 1:20 ack 1 data GET /?IP HTTP/1.0\\n\\n",
        "> . 1:1 ack 21",
        "> P. 1:149 ack 21",
        "> F. 149:149 ack 21",
        "< S 30:30",
        "> . 150:150 ack 21",
        "< . 21:21 ack 150",
        "< . 21:21 ack 150",
        "> R 150:150",
      ],
    },
  ],
};
