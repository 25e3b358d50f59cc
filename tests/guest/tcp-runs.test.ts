/**
 * A sender notes when each run of bytes was sent last, in a table of its connection (RFC 8985). Where the table is
 * full, and a segment inside a run is sent again, the run is cut in three: that too has room.
 */
import { expect, test } from "vitest";
import { PROMPT } from "../system/images.ts";
import { output } from "../system/output.ts";
import { withLongFile } from "./long-file.ts";
import { tcpScene } from "./tcp-scene.ts";
import { type Segment, TcpPeer } from "./tcp-wire.ts";

const PORT = 5301;
const SEGMENT = 200;
/** The segments that the other side's window has room for. */
const WINDOW = 65;
/** More sendings, each in a millisecond of its own, than a table has room for. */
const SENDINGS = 45;

class Receiver extends TcpPeer {
  readonly came: Segment[] = [];

  override hear(segment: Segment): void {
    this.came.push(segment);
    super.hear(segment);
  }
}

test("of a full table of runs, the middle of a run is sent again, and nothing else of memory changes", async () => {
  const scene = tcpScene(await withLongFile());
  const { lab, plug, node, peers } = scene;
  const peer = new Receiver(lab, plug, node, PORT, 80);
  peers.set(PORT, peer);
  peer.send(`S 0:0 win ${WINDOW * SEGMENT} mss ${SEGMENT} sackOK`);
  expect(await peer.expect("S. 0:0 ack 1")).toBe("S. 0:0 ack 1");
  const first = peer.came[0]!.sequence;
  peer.send("P. 1:21 ack 1 data GET /long HTTP/1.0\\n\\n");
  await lab.advance("5ms");
  let acknowledged = 1;
  const acknowledge = async (segments: number): Promise<number[]> => {
    acknowledged += segments * SEGMENT;
    peer.came.length = 0;
    peer.send(`. 21:21 ack ${acknowledged} win ${WINDOW * SEGMENT}`);
    await lab.advance("3ms");
    return peer.came.map(({ sequence }) => (sequence - first) | 0);
  };
  // Until the window is the other side's, and each acknowledgement lets go as much as it takes.
  while ((await acknowledge(2)).length !== 2) expect(acknowledged).toBeLessThan(150 * SEGMENT);
  for (let sent = 0; sent < SENDINGS - 5; sent++) expect(await acknowledge(1)).toHaveLength(1);
  const run = await acknowledge(3);
  expect(run).toHaveLength(3);
  for (let sent = 0; sent < 5; sent++) await acknowledge(1);
  // All has come but the first and the middle of the run of three.
  const end = acknowledged + WINDOW * SEGMENT;
  peer.came.length = 0;
  peer.send(
    `. 21:21 ack ${acknowledged} win ${WINDOW * SEGMENT} sack ${run[2]}:${end} ${acknowledged + SEGMENT}:${run[1]}`,
  );
  await lab.advance("40ms");
  const again = peer.came.map(({ sequence }) => (sequence - first) | 0).filter((at) => at < end);
  expect(again.sort((a, b) => a - b)).toEqual([acknowledged, run[1]]);
  expect(await output(lab.nodes[0]!, "mem check")).toMatch(/all headers agree/);
  peer.send("R 21:21");
  await lab.nodes[0]!.enter("mem check", /all headers agree/);
  await lab.nodes[0]!.waitFor(PROMPT);
});
