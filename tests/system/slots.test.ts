/** Two kernels on a disk: a new one is on trial until it is confirmed, and what fails gives way to the good one. */
import { expect, test } from "vitest";
import { type LabCluster, type LabNode, SparseDisk } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";

const SECTOR_BYTES = 512;
const SLOT_RECORD_LBA = 16383;
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

/** What the record of slots says: which is good, which is on trial (-1: none) and how many tries that has. */
function recordOf(disk: SparseDisk): number[] {
  const bytes = new Uint8Array(SECTOR_BYTES);
  disk.read(SLOT_RECORD_LBA * SECTOR_BYTES, bytes);
  const words = new DataView(bytes.buffer);
  return [8, 12, 16].map((at) => words.getInt32(at, true));
}

test("what is on trial, and with how many tries, is on the disk after each command", async () => {
  const tried = await machine();
  const { node, disk } = tried;
  await say(node, "kernel install hdc", /on trial/);
  expect(recordOf(disk)).toEqual([0, 1, 3]);
  await say(node, "kernel select 0");
  expect(recordOf(disk).slice(0, 2), "the good one: the trial ends").toEqual([0, -1]);
  await say(node, "kernel select 1");
  expect(recordOf(disk)).toEqual([0, 1, 3]);
  await restart(tried, /a kernel on trial, 2 tries left/);
  await say(node, "kernel confirm", /good one now/);
  expect(recordOf(disk).slice(0, 2)).toEqual([1, -1]);
  await say(node, "kernel confirm", /not on trial/);
});

thoroughly("a kernel is installed, tried, confirmed, and selected again", async () => {
  const tried = await machine();
  const { node } = tried;
  await say(node, "kernel list", /^0 {2}QuRe .*, sector \d+, good\n(?:.*\n)*?1 {2}empty\n/m);
  await say(node, "kernel install hdb", /^kernel: hdb: no such device$/m);
  await say(node, "kernel install hda", /on trial/);
  await say(node, "kernel install hdc", /^Kernel 1 is on trial from the next start on, 3 tries/m);
  await say(node, "kernel confirm", /^kernel: the kernel that runs is not on trial$/m);
  await restart(tried, /a kernel on trial, 2 tries left after this one: kernel image at sector 8192 /);
  await say(node, "kernel list", /^1 .*, on trial, 2 tries left, running$/m);
  await say(node, "kernel confirm", /^This kernel is the good one now\.$/m);
  await restart(tried, /QuRe loader: kernel image at sector 8192 /);
  await say(node, "kernel list", /^0 {2}QuRe [^,]*, revision \d+, sector \d+\n(?:.*\n)*?1 .*, good, running$/m);
  await say(node, "kernel select 2", /^kernel: there is no kernel 2$/m);
  await say(node, "kernel select 0");
  await restart(tried, /on trial, 2 tries left after this one: kernel image at sector \d\d /);
});

thoroughly("a second kernel that runs is what /boot shows, as long as the record of both is there", async () => {
  const tried = await machine();
  const { node, disk } = tried;
  await say(node, "kernel install hdc");
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
  disk.write(SLOT_RECORD_LBA * SECTOR_BYTES, new Uint8Array(SECTOR_BYTES));
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
  await say(node, "kernel install hdc", /^kernel: hda: no space left$/m);
  const partition = new Uint8Array(5000 * SECTOR_BYTES);
  disk.read((SECOND_LBA + 100) * SECTOR_BYTES, partition);
  expect(partition.every((byte) => byte === 0)).toBe(true);
});

thoroughly("a kernel on trial that panics or hangs is tried three times, then the good one starts", async () => {
  const tried = await machine();
  const { node, lab } = tried;
  await say(node, "kernel install hdc");
  await restart(tried, /2 tries left after this one/);
  await node.enter("crash panic", /PANIC: as the user wished[\s\S]*1 tries left after this one/); // by itself
  await node.waitFor(PROMPT);
  await restart(tried, /0 tries left after this one/); // as after a hang, by the button
  await restart(tried, /the kernel on trial has failed, the good one starts: kernel image at sector \d\d /);
  await say(node, "kernel list", /^1 .*, has failed its trial$/m);
  expect(lab.nodes[0]!.console.text).not.toContain("It starts again");
});

thoroughly("a kernel that is damaged or cannot be counted gives way to the other one", async () => {
  const tried = await machine();
  const { node, disk } = tried;
  await say(node, "kernel install hdc");
  flip(disk, SECOND_LBA + 300);
  await restart(tried, /bad checksum, [^\n]*\.\nThe other kernel is tried: kernel image at sector \d\d /);
  await say(node, "kernel list", /^0 .*, good, running$/m);
  await say(node, "kernel select 0");
  flip(disk, 300);
  await say(node, "kernel install hdc");
  await restart(tried, /2 tries left after this one/); // the good one is damaged, the new one is not
  await say(node, "kernel confirm", /good one now/);
  flip(disk, SECOND_LBA + 300);
  node.reset();
  await node.waitFor(
    /bad checksum[\s\S]*The other kernel is tried[\s\S]*bad checksum[^\n]*\.\nIt starts again in 10 s, or when a key is pressed\.\n/,
  );
});

thoroughly("a damaged record of slots leaves the first kernel", async () => {
  const tried = await machine();
  await say(tried.node, "kernel install hdc");
  flip(tried.disk, SLOT_RECORD_LBA);
  await restart(tried, /QuRe loader: kernel image at sector \d\d /);
});

thoroughly("a kernel on trial that nobody confirms restarts the machine after ten minutes", async () => {
  const tried = await machine();
  const { node } = tried;
  await say(node, "kernel install hdc");
  await restart(tried, /2 tries left after this one/);
  await node.waitFor(/1 tries left after this one/, { within: "620s" });
});
