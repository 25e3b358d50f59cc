/**
 * How a kernel spreads: nodes serve what is in their slots, and load it from each other and from plain web servers
 * (docs/protocols/upgrade.md, "Propagation").
 */
import { expect, test } from "vitest";
import { readSlotRecord, SLOT_RECORD_LBA } from "../../src/image/slot-record.ts";
import { type LabCluster, type LabNode, SparseDisk } from "../../src/index.ts";
import { downloads } from "../guest/net/downloads.ts";
import { PacketScene } from "../guest/net/packet-wire.ts";
import { boot, CLOUD, inState, PROMPT } from "../system/images.ts";
import { output } from "../system/output.ts";
import { cdOf, ofRevision, REVISION, signedDisk, signedSystem } from "../system/signed-images.ts";

const DISK_BYTES = 16 << 20;
const NEXT = REVISION + 1;

const next = () => ofRevision(NEXT);

/** Three members of which the first has the CD of the next revision in its drive. */
async function cluster(): Promise<LabCluster> {
  return inState("three members with slots", async () => {
    const disk = () => new SparseDisk(DISK_BYTES, { content: signedDisk() });
    const lab = boot({ nodes: [{ disk: disk(), cdrom: cdOf(next()) }, { disk: disk() }, { disk: disk() }] });
    for (const node of lab.nodes) await node.waitFor(/^cloud: .* peers 2\s*$/m, { within: "60s" });
    for (const node of lab.nodes) await node.waitFor(PROMPT);
    await lab.advance("5s");
    return lab;
  });
}

const addressOf = (node: LabNode): string => CLOUD.exec(node.console.text)![2]!;

test("a kernel goes from node to node: from a CD to the first, and to the others from those that have it", async () => {
  const lab = await cluster();
  const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
  expect(await output(first, "kernel install hdc")).toMatch(/^Kernel 1 is on trial /);
  expect(await output(second, `kernel install http://${addressOf(first)}/kernel/${NEXT}`)).toMatch(/^Kernel 1 is on tr/m);
  expect(await output(third, `kernel install ${NEXT}`)).toMatch(/^Kernel 1 is on trial /m);
  expect(await output(third, "kernel list")).toMatch(new RegExp(`^1 .*revision ${NEXT}, .*on trial$`, "m"));
});
