/**
 * What a segment does in each state of TCP (RFC 9293, 3.10.7, with RFC 5961): a table of states, one of segments, and
 * what the node says. Each pair is played on a connection of its own (tcp-wire.ts).
 */
import { test } from "vitest";
import { shared } from "../setup/shared.ts";
import { withLongFile } from "./long-file.ts";
import { ANSWERED, ASK_LONG, OPEN } from "./tcp-rows.ts";
import { play, tcpScene } from "./tcp-scene.ts";

const FIRST_PORT = 12_000;
const HTTP_PORT = 80;
/** Longer than an acknowledgement is delayed, shorter than the first repetition. */
const SILENCE = "silence 60";

interface State {
  /** RCV.NXT and SND.NXT of the node; SND.UNA where it is another. */
  readonly rcv: number;
  readonly snd: number;
  readonly una?: number;
  /** What the peer's segments say of its window, if not the usual. */
  readonly window?: string;
  readonly rows: readonly string[];
}

const closed = (row: string): string => row.replace("ack 1", "ack 1 win 0");

const STATES = {
  "SYN-RECEIVED": { rcv: 1, snd: 1, una: 0, rows: OPEN.slice(0, 2) },
  ESTABLISHED: { rcv: 1, snd: 1, rows: OPEN },
  "FIN-WAIT-1": { rcv: 20, snd: 150, una: 149, rows: [...ANSWERED, "< . 20:20 ack 149"] },
  "FIN-WAIT-2": { rcv: 20, snd: 150, rows: [...ANSWERED, "< . 20:20 ack 150"] },
  // The window is closed, so the node's own end waits behind its answer.
  "CLOSE-WAIT": {
    ...{ rcv: 22, snd: 1, window: " win 0" },
    rows: [...OPEN, closed(ASK_LONG), "> . 1:1 ack 21", closed("< F. 21:21 ack 1"), "> . 1:1 ack 22"],
  },
  CLOSING: { rcv: 21, snd: 150, una: 149, rows: [...ANSWERED, "< F. 20:20 ack 149", "> F. 149:149 ack 21"] },
  "LAST-ACK": { rcv: 2, snd: 2, una: 1, rows: [...OPEN, "< F. 1:1 ack 1", "> . 1:1 ack 2", "> F. 1:1 ack 2"] },
  "TIME-WAIT": { rcv: 21, snd: 150, rows: [...ANSWERED, "< F. 20:20 ack 150", "> . 150:150 ack 21"] },
} satisfies Record<string, State>;

/** Says what it expects; a reset has the number of what was acknowledged; after an end nobody knows the connection. */
type Says = "acknowledges" | "takes" | "resets" | "nothing" | "ends" | "listens";

interface Event {
  /** R stands for RCV.NXT, A for what the peer has of the node's: SND.UNA. */
  readonly segment: string;
  readonly says: Says;
  readonly but?: Partial<Record<keyof typeof STATES, Says>>;
}

const EVENTS: readonly Event[] = [
  // First, the sequence number.
  { segment: ". R-1:R-1 ack A", says: "acknowledges" },
  { segment: ". R+90000:R+90000 ack A", says: "acknowledges" },
  { segment: "P. R-1:R ack A", says: "acknowledges" },
  { segment: "P. R+90000:R+90010 ack A", says: "acknowledges" },
  { segment: "F. R-1:R-1 ack A", says: "acknowledges" },
  { segment: "F. R+90000:R+90000 ack A", says: "acknowledges" },
  // Second, RST.
  { segment: "R R:R", says: "ends" },
  { segment: "R. R:R ack A", says: "ends" },
  { segment: "R R+1:R+1", says: "acknowledges" },
  { segment: "R R-1:R-1", says: "nothing" },
  { segment: "R R+90000:R+90000", says: "nothing" },
  // Fourth, SYN: of a connection that came in and is not made yet, one in the window is the listener's.
  { segment: "S R:R", says: "acknowledges", but: { "SYN-RECEIVED": "listens" } },
  { segment: "S R+1:R+1", says: "acknowledges", but: { "SYN-RECEIVED": "listens" } },
  { segment: "S R-2:R-2", says: "acknowledges" },
  { segment: "S R+90000:R+90000", says: "acknowledges" },
  { segment: "S. R:R ack A", says: "acknowledges", but: { "SYN-RECEIVED": "listens" } },
  { segment: "S. R-2:R-2 ack A", says: "acknowledges" },
  { segment: "SF R:R", says: "acknowledges", but: { "SYN-RECEIVED": "listens" } },
  { segment: "SR R-1:R-1", says: "nothing" },
  // Fifth, ACK.
  { segment: "0 R:R", says: "nothing" },
  { segment: "P R:R+10", says: "nothing" },
  { segment: "F R:R", says: "nothing" },
  { segment: ". R:R ack A+2", says: "acknowledges", but: { "SYN-RECEIVED": "resets" } },
  { segment: ". R:R ack A-70000", says: "acknowledges", but: { "SYN-RECEIVED": "resets" } },
  { segment: ". R:R ack A", says: "nothing", but: { "SYN-RECEIVED": "resets" } },
  // Seventh, data; eighth, FIN. Behind the other side's own nothing comes, and data that nobody will read is reset.
  { segment: ". R+1:R+1 ack A", says: "nothing", but: { "SYN-RECEIVED": "resets", "TIME-WAIT": "acknowledges" } },
  {
    segment: "P. R:R+10 ack A",
    says: "nothing",
    but: {
      ...{ "SYN-RECEIVED": "resets", "FIN-WAIT-1": "resets", "FIN-WAIT-2": "resets" },
      ...{ ESTABLISHED: "takes", "TIME-WAIT": "acknowledges" },
    },
  },
  {
    segment: "F. R+5:R+5 ack A",
    says: "acknowledges",
    but: { "SYN-RECEIVED": "resets", "CLOSE-WAIT": "nothing", CLOSING: "nothing", "LAST-ACK": "nothing" },
  },
];

/** The rows of one pair. */
function rowsOf({ rcv, snd, una = snd, window = "", rows }: State, segment: string, says: Says): string[] {
  const [flags, ...rest] = segment.split(" ");
  const said = rest
    .join(" ")
    .replace(/([RA])([+-]\d+)?/g, (_, base: string, more = "0") => `${(base === "R" ? rcv : una) + Number(more)}`);
  const number = /ack (-?\d+)/.exec(said)?.[1];
  const after: Record<Says, string[]> = {
    acknowledges: [`> . ${snd}:${snd} ack ${rcv}`],
    takes: [`> . ${snd}:${snd} ack ${rcv + 10}`],
    resets: [`> R ${number}:${number}`],
    nothing: [SILENCE],
    ends: [SILENCE, `< . ${rcv}:${rcv} ack ${snd}`, `> R ${snd}:${snd}`],
    listens: [SILENCE, "< S 500:500", "> S. 0:0 ack 501", "< R 501:501"],
  };
  return [...rows, `< ${flags} ${said}${window}`, ...after[says]];
}

const scene = shared(async () => tcpScene(await withLongFile()));

test.each(Object.entries(STATES))("%s", async (name, state: State) => {
  const made = await scene();
  const first = FIRST_PORT + Object.keys(STATES).indexOf(name) * EVENTS.length;
  for (const [index, { segment, says, but }] of EVENTS.entries()) {
    const rows = rowsOf(state, segment, but?.[name as keyof typeof STATES] ?? says);
    await play(made, rows, first + index, HTTP_PORT, `${name}: ${segment}`);
    await play(made, [`< R ${state.rcv}:${state.rcv}`], first + index, HTTP_PORT);
  }
});
