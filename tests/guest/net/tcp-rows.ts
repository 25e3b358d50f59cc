/** Rows that cases of TCP share (tcp-wire.ts): openings, questions, and what a node sends in answer. */

export const OPEN = ["< S 0:0 win 65535 mss 1460", "> S. 0:0 ack 1", "< . 1:1 ack 1"] as const;
export const ASK = "< P. 1:20 ack 1 data GET /?IP HTTP/1.0\\n\\n";
export const ASK_LONG = "< P. 1:21 ack 1 data GET /long HTTP/1.0\\n\\n";
/** The node has closed, and waits for the other side's end. */
export const ANSWERED = [...OPEN, ASK, "> P. 1:149 ack 20", "> F. 149:149 ack 20"] as const;

/** What the node sends in segments of one size. */
export function sent(from: number, to: number, size: number, acknowledged: number, last = "."): string[] {
  return Array.from({ length: Math.ceil((to - from) / size) }, (_, at) => from + at * size).map(
    (at) => `> ${at + size >= to ? last : "."} ${at}:${Math.min(to, at + size)} ack ${acknowledged}`,
  );
}
