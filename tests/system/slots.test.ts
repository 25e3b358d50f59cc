/** Two kernels on a disk: a new one is on trial until it is confirmed, and what fails gives way to the good one. */
import { expect, test } from "vitest";
import { readSlotRecord, SLOT_RECORD_LBA } from "../../src/image/slot-record.ts";
import { type LabCluster, type LabNode, SparseDisk } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";

const SECTOR_BYTES = 512;
const SECOND_LBA = 8192;
const DISK_BYTES = 16 << 20;

interface Machine {
  readonly lab: LabCluster;
  readonly node: LabNode;
  readonly disk: SparseDisk;
}

/** A machine that was started from its disk, with the CD of the same system in its drive. */
async function machine(content: Uint8Array = images().disk): Promise<Machine> {
  const disk = new SparseDisk(DISK_BYTES, { content: content.slice(0, DISK_BYTES) });
  const lab = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  return { lab, node, disk };
}

/** Types a command; what it says, and the next prompt. */
async function say(node: LabNode, command: string, said?: RegExp): Promise<void> {
  node.type(`${command}\n`);
  if (said) await node.waitFor(said);
  await node.waitFor(PROMPT);
}

function flip(disk: SparseDisk, sector: number): void {
  const bytes = new Uint8Array(SECTOR_BYTES);
  disk.read(sector * SECTOR_BYTES, bytes);
  bytes[100]! ^= 1;
  disk.write(sector * SECTOR_BYTES, bytes);
}

async function restart({ node }: Machine, said: RegExp): Promise<void> {
  node.reset();
  await node.waitFor(said);
  await node.waitFor(PROMPT);
}

/** What the record of slots says: which is good, which is on trial (null: none) and how many starts that has. */
function recordOf(disk: SparseDisk): unknown[] {
  const copies = [0, 1].map((copy) => {
    const bytes = new Uint8Array(SECTOR_BYTES);
    disk.read((SLOT_RECORD_LBA + copy) * SECTOR_BYTES, bytes);
    return bytes;
  });
  const { good, trial, tries } = readSlotRecord(copies[0]!, copies[1]!)!;
  return [good, trial, tries];
}

test("what is on trial is on the disk after each command", async () => {
  const tried = await machine();
  const { node, disk } = tried;
  await say(node, "kernel install --unsigned hdc", /on trial/);
  expect(recordOf(disk)).toEqual([0, 1, 1]);
  await say(node, "kernel select 0");
  expect(recordOf(disk), "the good one: the trial ends").toEqual([0, null, 0]);
  await say(node, "kernel select 1");
  expect(recordOf(disk)).toEqual([0, 1, 1]);
  await restart(tried, /a kernel on trial, for this start alone/);
  expect(recordOf(disk)).toEqual([0, 1, 0]);
  await say(node, "kernel install --unsigned hdc", /on trial/);
  await say(node, "kernel list", /^1 .*, on trial$/m);
  await say(node, "kernel confirm", /not on trial/);
  expect(recordOf(disk), "what was installed over it never ran").toEqual([0, 1, 1]);
  await restart(tried, /a kernel on trial, for this start alone/);
  await say(node, "kernel confirm", /good one now/);
  expect(recordOf(disk)).toEqual([1, null, 0]);
  await say(node, "kernel confirm", /not on trial/);
});

thoroughly("a kernel is installed, tried, confirmed, and selected again", async () => {
  const tried = await machine();
  const { node } = tried;
  await say(node, "kernel list", /^0 {2}QuRe .*, sector \d+, good\n(?:.*\n)*?1 {2}empty\n/m);
  await say(node, "kernel install --unsigned hdb", /^kernel: hdb: no such device$/m);
  await say(node, "kernel install --unsigned hda", /on trial/);
  await say(node, "kernel install --unsigned hdc", /^Kernel 1 is on trial at the next start; then/m);
  await say(node, "kernel confirm", /^kernel: the kernel that runs is not on trial$/m);
  await restart(tried, /a kernel on trial, for this start alone: kernel image at sector 8192 /);
  await say(node, "kernel list", /^1 .*, on trial, running$/m);
  await say(node, "kernel confirm", /^This kernel is the good one now\.$/m);
  await restart(tried, /QuRe loader: kernel image at sector 8192 /);
  // Not good any more; the cluster may speak within the line.
  await say(
    node,
    "kernel list",
    /^0 {2}QuRe [^,]*, revision \d+, sector \d+(?!\d|, ).*\n(?:.*\n)*?1 .*, good, running$/m,
  );
  await say(node, "kernel select 2", /^kernel: there is no kernel 2$/m);
  await say(node, "kernel select 0");
  await restart(tried, /on trial, for this start alone: kernel image at sector \d\d /);
});

thoroughly("a second kernel that runs is what /boot shows, as long as the record of both is there", async () => {
  const tried = await machine();
  const { node, disk } = tried;
  await say(node, "kernel install --unsigned hdc");
  await restart(tried, /kernel image at sector 8192 /);
  await node.waitFor(/^cloud: .*$/m, { within: "20s" });
  const { offset, sizeBytes } = images().manifest["kernelImage"]!;
  const sectors = Math.ceil(sizeBytes / SECTOR_BYTES);
  const kernel = images().iso.slice(offset, offset + sectors * SECTOR_BYTES);
  const lines = kernel.reduce((sum, byte) => sum + (byte === 0x0a ? 1 : 0), 0);
  expect(await output(node, "netboot on; wc /boot/kernel")).toMatch(
    new RegExp(`^ +${lines} +\\d+ +${kernel.length} `, "m"),
  );
  expect(await output(node, "tail -c 1 /boot/loader; netboot off; ls /boot")).toMatch(/not/);
  disk.write(SLOT_RECORD_LBA * SECTOR_BYTES, new Uint8Array(2 * SECTOR_BYTES));
  expect(await output(node, "netboot on")).toMatch(/data is damaged or of another format/);
  expect(await output(node, "ls /boot")).toMatch(/not mounted/);
});

test("a partition that lies where the second kernel would be is not written over", async () => {
  const content = images().disk.slice(0, DISK_BYTES);
  const view = new DataView(content.buffer);
  view.setUint8(446 + 4, 0x0c);
  view.setUint32(446 + 8, SECOND_LBA + 100, true);
  view.setUint32(446 + 12, 5000, true);
  const { node, disk } = await machine(content);
  await say(node, "kernel install --unsigned hdc", /^kernel: hda: no space left$/m);
  const partition = new Uint8Array(5000 * SECTOR_BYTES);
  disk.read((SECOND_LBA + 100) * SECTOR_BYTES, partition);
  expect(partition.every((byte) => byte === 0)).toBe(true);
});

thoroughly("a kernel on trial that hangs is not tried again", async () => {
  const tried = await machine();
  const { node } = tried;
  await say(node, "kernel install --unsigned hdc");
  await restart(tried, /for this start alone/);
  await node.enter("crash hang", /interrupts are off/);
  await restart(tried, /the kernel on trial has failed, the good one starts: kernel image at sector \d\d /);
  await say(node, "kernel list", /^The last trial, of revision \d+, was not confirmed\.$/m);
});

thoroughly("a kernel that is damaged or cannot be counted gives way to the other one", async () => {
  const tried = await machine();
  const { node, disk } = tried;
  await say(node, "kernel install --unsigned hdc");
  flip(disk, SECOND_LBA + 300);
  await restart(tried, /bad checksum, [^\n]*\.\nThe other kernel is tried: kernel image at sector \d\d /);
  // What the cluster says meanwhile may come in between.
  await say(node, "kernel list", /^0 [\s\S]*, good, running$/m);
  await say(node, "kernel select 0");
  flip(disk, 300);
  await say(node, "kernel install --unsigned hdc");
  await restart(tried, /for this start alone/); // the good one is damaged, the new one is not
  await say(node, "kernel confirm", /good one now/);
  flip(disk, SECOND_LBA + 300);
  node.reset();
  await node.waitFor(
    /bad checksum[\s\S]*The other kernel is tried[\s\S]*bad checksum[^\n]*\.\nIt starts again in 10 s, or when a key is pressed\.\n/,
  );
});

thoroughly("a damaged record of slots leaves the first kernel", async () => {
  const tried = await machine();
  await say(tried.node, "kernel install --unsigned hdc");
  flip(tried.disk, SLOT_RECORD_LBA);
  await restart(tried, /a kernel on trial/); // the other copy counts, and the loader writes the first
  flip(tried.disk, SLOT_RECORD_LBA);
  flip(tried.disk, SLOT_RECORD_LBA + 1);
  await restart(tried, /QuRe loader: kernel image at sector \d\d /);
});
