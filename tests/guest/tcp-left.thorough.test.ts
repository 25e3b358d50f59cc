/**
 * What strangers leave behind when they go without a word: connections that hold memory, and no more of it than they
 * may.
 */
import { expect, test } from "vitest";
import { shared } from "../setup/shared.ts";
import { output } from "../system/output.ts";
import { withLongFile } from "./long-file.ts";
import { ANSWERED, ASK, ASK_LONG, OPEN } from "./tcp-rows.ts";
import { play, type TcpScene, tcpScene } from "./tcp-scene.ts";
import { TcpPeer } from "./tcp-wire.ts";

/**
 * Of more blocks those go that nobody uses any more (BLOCKS_KEPT in asm/net/tcp-block.s); who listens is among them.
 */
const KEPT = 512;
const LISTENERS_MOST = 8;
const AT_A_TIME = 8;

const scene = shared(async () => {
  const made = tcpScene(await withLongFile());
  // The node finds out where the peer is.
  await play(made, [...OPEN, "< R 1:1"], 5999, 80);
  return made;
});

/** Connections from ports of the peer's, in each of which `say` is said when it is open; a few at a time. */
async function leave(made: TcpScene, first: number, count: number, say: readonly string[]): Promise<TcpPeer[]> {
  const { lab, plug, node, peers } = made;
  const all: TcpPeer[] = [];
  while (all.length < count) {
    const some = Array.from({ length: AT_A_TIME }, (_, at) => {
      const peer = new TcpPeer(lab, plug, node, first + all.length + at, 80);
      peers.set(first + all.length + at, peer);
      return peer;
    });
    all.push(...some);
    for (const peer of some) peer.send("S 0:0 win 65535 mss 1460");
    for (const peer of some) expect(await peer.expect("S. 0:0 ack 1")).toBe("S. 0:0 ack 1");
    for (const row of say) {
      for (const peer of some) peer.send(row);
      for (const peer of some)
        for (let left = row === ASK.slice(2) ? 2 : 1; left > 0; left--)
          expect(await peer.expect("x")).not.toBe("nothing");
    }
  }
  return all;
}

/** Whether the node knows the connection of a peer: an end that comes again is acknowledged. */
async function isKnown(peer: TcpPeer): Promise<boolean> {
  while ((await peer.silence(0)) !== "silence") await peer.expect("x");
  peer.send("F. 20:20 ack 150");
  const answer = await peer.expect("x");
  expect(answer).toMatch(/^(\. 150:150 ack 21|R 150:150)$/);
  return answer.startsWith(".");
}

/** KiB of memory that the node has left. */
async function freeOf({ lab }: TcpScene): Promise<number> {
  return Number(/^pages .* free +(\d+) KiB$/m.exec(await output(lab.nodes[0]!, "mem"))![1]);
}

test("a stranger who comes again and again leaves no more than the last connections in TIME-WAIT", async () => {
  const made = await scene();
  const before = await freeOf(made);
  const all = await leave(made, 10_000, KEPT + 5 * AT_A_TIME, [ASK.slice(2), "F. 20:20 ack 150"]);
  expect(before - (await freeOf(made))).toBeLessThan(1200);
  const known: boolean[] = [];
  for (const peer of all.slice(0, 6 * AT_A_TIME)) known.push(await isKnown(peer));
  // The oldest went, and nobody else.
  const gone = known.indexOf(true);
  expect(gone).toBeGreaterThan(all.length - KEPT);
  expect(gone).toBeLessThanOrEqual(all.length - KEPT + LISTENERS_MOST);
  expect(known.lastIndexOf(false)).toBe(gone - 1);
  made.peers.clear();
});

test("of those that never acknowledge the oldest are reset, and those in TIME-WAIT go before them", async () => {
  const made = await scene();
  const { peers } = made;
  const ended = await leave(made, 12_000, AT_A_TIME, [ASK.slice(2), "F. 20:20 ack 150"]);
  const waiting = await leave(made, 13_000, KEPT + 2 * AT_A_TIME, [ASK.slice(2)]);
  const isReset = async (peer: TcpPeer): Promise<boolean> => {
    const rows: string[] = [];
    while ((await peer.silence(0)) !== "silence") rows.push(await peer.expect("x"));
    return rows.includes("R. 150:150 ack 20");
  };
  for (const peer of ended) expect(await isKnown(peer)).toBe(false);
  const reset: boolean[] = [];
  for (const peer of waiting) reset.push(await isReset(peer));
  const kept = reset.indexOf(false);
  expect(kept).toBeGreaterThan(2 * AT_A_TIME);
  expect(reset.lastIndexOf(true)).toBe(kept - 1);
  peers.clear();
  await play(made, [...ANSWERED, "< R 20:20"], 5998, 80);
});

test("who asks for much and takes none of it gets at most a quarter of the memory", async () => {
  const made = await scene();
  const before = await freeOf(made);
  for (let count = 0; count < 15; count++) {
    await leave(made, 15_000 + count * AT_A_TIME, AT_A_TIME, [ASK_LONG.slice(2)]);
    await made.lab.advance("16s"); // All of the file is read, or, where its ring is small, nobody waits for more.
  }
  expect(before - (await freeOf(made))).toBeLessThan(3000);
  made.peers.clear();
  await play(made, [...ANSWERED, "< R 20:20"], 5997, 80);
});
