/** Whom a node forgets when its table of others is full (docs/protocols/cluster.md, "An open cluster"). */
import { expect, test } from "vitest";
import { KERNEL_SPACE } from "../../../src/build/build.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { Counts } from "../net/packet-wire.ts";
import { addressOf, founded, HIGH, HIGHEST, LOW, report, type Scene, SELF, view } from "./agreement-scene.ts";
import { BYE } from "./cluster-wire.ts";

/** How many others a table holds, and how many fit into a view. */
const PEERS = 1024;
const VIEW_ENTRIES = 19;
const NO_ROOM = "cloud from nodes that the table has no room for";
/** Of a peer, in the kernel's memory (asm/include/cluster.inc). */
const [NEXT_AT, ID_AT] = [0, 8];

/** The ids in the node's table, in its order. */
function known({ node }: Scene): string[] {
  const read = (address: number, bytes: number): Buffer => Buffer.from(node.readMemory(address, bytes));
  const ids: string[] = [];
  for (let peer = read(addressOf("peer_first"), 4).readUInt32LE(); peer !== 0; ) {
    const bytes = read(peer - KERNEL_SPACE, ID_AT + 8);
    ids.push(bytes.toString("hex", ID_AT));
    peer = bytes.readUInt32LE(NEXT_AT);
  }
  return ids;
}

thoroughly(
  "of those who are offline the one that was silent longest makes room, wherever it stands; of others none",
  async () => {
    const s = await founded();
    const left = ["fe00000000000071", "fe00000000000072", "fe00000000000073"];
    const [first, second, third] = left as [string, string, string];
    // In the order in which they leave.
    for (const id of [second, third, first]) {
      s.wire.say(report(id, 1, SELF));
      await s.lab.advance("20ms");
      s.wire.say({ ...report(id, 1, SELF), kind: BYE });
      await s.lab.advance("20ms");
    }
    const crowd = Array.from({ length: PEERS - 4 }, (_, index) => `ff${index.toString(16).padStart(12, "0")}62`);
    for (let from = 0; from < crowd.length; from += VIEW_ENTRIES) {
      s.wire.say({ ...view(LOW, 1, SELF), members: crowd.slice(from, from + VIEW_ENTRIES) });
      await s.lab.advance("8ms");
    }
    const all = [LOW, ...left, ...crowd];
    expect(known(s)).toEqual(all);
    const counts = new Counts(s.node);
    const gone: string[] = [];
    const came: string[] = [];
    for (const [newcomer, leaver] of [
      [HIGH, second],
      [HIGHEST, third],
      ["5000000000000066", first],
    ] as const) {
      s.wire.say(report(newcomer, 1, SELF));
      await s.lab.advance("15ms");
      gone.push(leaver);
      came.push(newcomer);
      const expected = [...all.filter((id) => !gone.includes(id)), ...came].sort();
      expect(known(s)).toEqual(expected);
    }
    expect(counts.read().get(NO_ROOM)).toBe(0);
    s.wire.say(report("5000000000000067", 1, SELF));
    await s.lab.advance("15ms");
    expect(counts.read().get(NO_ROOM)).toBe(1);
    // Those who are in it are found as before, and who took another's place can leave it again.
    s.wire.say({ ...report(HIGH, 1, SELF), kind: BYE });
    await s.lab.advance("15ms");
    s.wire.say(report("5000000000000067", 1, SELF));
    await s.lab.advance("15ms");
    expect(counts.read().get(NO_ROOM)).toBe(1);
    expect(known(s)).toContain("5000000000000067");
    expect(known(s)).not.toContain(HIGH);
    // Who leaves at this very moment was not silent at all.
    s.wire.say({ ...report(LOW, 1, SELF), kind: BYE });
    await s.lab.advance("30ms");
    const last = crowd.at(-1)!;
    s.wire.say({ ...report(last, 1, SELF), kind: BYE });
    s.wire.say(report("5000000000000068", 1, SELF));
    await s.lab.advance("15ms");
    expect(known(s)).toEqual(expect.arrayContaining(["5000000000000068", last]));
    expect(known(s)).not.toContain(LOW);
  },
);

test("others stand in the order of their ids, whoever was heard first", async () => {
  const s = await founded();
  const ids = [HIGH, LOW, HIGHEST, "0000000000000101", "5254000000000068", "525400fffeff0062", "ffffffffffffff69"];
  for (const id of ids) {
    s.wire.say(report(id, 1, SELF));
    await s.lab.advance("15ms");
  }
  expect(known(s)).toEqual([...ids].sort());
});
