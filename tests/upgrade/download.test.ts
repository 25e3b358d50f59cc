/**
 * How a kernel spreads: nodes serve what is in their slots, and load it from each other and from plain web servers
 * (docs/protocols/upgrade.md, "Propagation").
 */
import { expect, test } from "vitest";
import { readKernelHeader } from "../../src/image/kernel-image.ts";
import { readSlotRecord, SLOT_RECORD_LBA, type SlotRecord } from "../../src/image/slot-record.ts";
import { type LabCluster, type LabNode, SparseDisk } from "../../src/index.ts";
import { downloads } from "../guest/net/downloads.ts";
import { PacketScene } from "../guest/net/packet-wire.ts";
import { boot, CLOUD, inState, PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { cdOf, flip, type Other, ofRevision, REVISION, signedDisk, signedSystem } from "../system/signed-images.ts";
import { SECOND_LBA } from "./machine.ts";

const SECTOR_BYTES = 512;
const DISK_BYTES = 16 << 20;
const NEXT = REVISION + 1;
const CHUNK_BYTES = 65_536;
const next = ofRevision(NEXT);
const INSTALLED = /^Kernel 1 is on trial at the next start/m;

interface Scene {
  readonly lab: LabCluster;
  readonly nodes: readonly LabNode[];
  readonly disks: readonly SparseDisk[];
}

/** Members with slots, and CDs in their drives. */
async function members(...cds: readonly (Other | null)[]): Promise<Scene> {
  const disks = cds.map(() => new SparseDisk(DISK_BYTES, { content: signedDisk() }));
  const lab = boot({ nodes: cds.map((cd, index) => ({ disk: disks[index]!, ...(cd ? { cdrom: cdOf(cd) } : {}) })) });
  for (const node of lab.nodes)
    await node.waitFor(new RegExp(`^cloud: .* peers ${cds.length - 1}\\s*$`, "m"), { within: "60s" });
  for (const node of lab.nodes) await node.waitFor(PROMPT);
  await lab.advance("5s");
  return { lab, nodes: lab.nodes, disks };
}

const addressOf = (node: LabNode): string => [...node.console.text.matchAll(new RegExp(CLOUD, "gm"))].at(-1)![2]!;
const urlOf = (node: LabNode, revision = NEXT): string => `http://${addressOf(node)}/kernel/${revision}`;

function bytesOf(disk: SparseDisk, sector: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  disk.read(sector * SECTOR_BYTES, bytes);
  return bytes;
}

const recordOn = (disk: SparseDisk): SlotRecord | null =>
  readSlotRecord(bytesOf(disk, SLOT_RECORD_LBA, SECTOR_BYTES), bytesOf(disk, SLOT_RECORD_LBA + 1, SECTOR_BYTES));

/** Has the next kernel and its signature in slot 1, byte for byte. */
function expectInstalled(disk: SparseDisk): void {
  const { kernel, signature } = signedSystem(next);
  expect(recordOn(disk)!.slots[1]).toMatchObject({ sectors: kernel.length / SECTOR_BYTES, revision: NEXT });
  expect(Buffer.compare(bytesOf(disk, SECOND_LBA, kernel.length), kernel)).toBe(0);
  const signatureAt = Math.ceil((SECOND_LBA + kernel.length / SECTOR_BYTES) / 4) * 4;
  expect(Buffer.compare(bytesOf(disk, signatureAt, signature!.length), signature!)).toBe(0);
}

test("a kernel goes from a CD to one node, and from node to node", async () => {
  const { lab, nodes, disks } = await members(next, null, null);
  const [first, second, third] = nodes as [LabNode, LabNode, LabNode];
  expect(await outputAmong(first, "kernel install hdc")).toMatch(INSTALLED);
  const from = lab.nowNs;
  expect(await outputAmong(second, `kernel install ${urlOf(first)}`)).toMatch(INSTALLED);
  console.log("ms", (lab.nowNs - from) / 1e6);
  expect(await outputAmong(third, `kernel install ${NEXT}`)).toMatch(INSTALLED);
  for (const disk of disks) expectInstalled(disk);
  for (const node of nodes) console.log(await outputAmong(node, "wget http://127.0.0.1/status"));
});
