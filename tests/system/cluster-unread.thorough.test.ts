/** What a disk holds of a cluster and does not give: it is neither lost nor written over. */
import { expect, test } from "vitest";
import { objectOn } from "../../src/chaos/qure/remembered.ts";
import { type LabNode, SparseDisk } from "../../src/index.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { boot, PROMPT } from "./images.ts";
import { peersOf } from "./output.ts";

/** Objects by what their first blocks begin with (asm/include/history.inc and cluster.inc). */
const MAGICS = { cluster_values: "QRVL", cluster_vote: "QRVO", cluster_history: "QRHI", node_history: "QRNH" };
const BLOCK_BYTES = 4096;
const DAMAGED_BYTE = 4;

/** Turns a bit over in each block that begins like one of the objects, also where an older copy of it was. */
function turnOver(node: LabNode): number {
  const disk = node.disk!;
  const magics: readonly string[] = Object.values(MAGICS);
  const block = new Uint8Array(BLOCK_BYTES);
  let count = 0;
  for (let offset = 0; offset < disk.sizeBytes; offset += BLOCK_BYTES) {
    disk.read(offset, block);
    if (!magics.includes(String.fromCharCode(...block.subarray(0, 4)))) continue;
    block[DAMAGED_BYTE]! ^= 0x80;
    disk.write(offset, block);
    count++;
  }
  return count;
}

test("what a node cannot read of its cluster it leaves as it is, has no vote until then, and reads it later", async () => {
  const content = await preparedDisk();
  const lab = boot({
    nodes: Array.from({ length: 3 }, () => ({ disk: new SparseDisk(DISK_BYTES, { content: content.slice() }) })),
  });
  const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
  await lab.until(() => lab.nodes.every((node) => peersOf(node) === 2), "they did not agree");
  for (const node of lab.nodes) await node.waitFor(PROMPT);
  await first.enter("cloud set colour blue", /^colour is set\.$/m);
  await lab.advance("1s");
  third.powerOff();
  const before = objectOn(third.disk!, "cluster_history")!;
  expect(turnOver(third)).toBeGreaterThanOrEqual(Object.keys(MAGICS).length);
  third.powerOn();
  for (const name of Object.keys(MAGICS)) await third.waitFor(new RegExp(`^cluster: ${name} cannot be read: `, "m"));
  await third.waitFor(/age 2 peers 2$/m);
  await third.waitFor(PROMPT);
  await third.enter("cloud get colour", /^blue$/m);

  // Two of three are a majority, but one of them does not know what it has promised.
  second.powerOff();
  await first.enter("cloud set colour red", /^cluster: colour is not changed, or not yet/m, { within: "10s" });
  await lab.advance("6s");
  expect(() => objectOn(third.disk!, "cluster_history")).toThrow(/checksum/);

  turnOver(third);
  await lab.advance("6s");
  const after = objectOn(third.disk!, "cluster_history")!;
  expect(after.length).toBeGreaterThan(before.length);
  await first.enter("cloud set colour green", /^colour is set\.$/m, { within: "10s" });
});
