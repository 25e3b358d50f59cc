/** Machines with two kernels on their disk, and what starts from a disk that a power cut left. */
import { readSlotRecord, SLOT_RECORD_LBA, type SlotRecord } from "../../src/image/slot-record.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { boot, images, PROMPT } from "../system/images.ts";
import { type Cut, CutDisk, SECTOR_BYTES, type Sectors, type SectorWrite } from "./cut-disk.ts";

const DISK_BYTES = 9 << 20;
export const SECOND_LBA = 8192;

let content: Uint8Array | null = null;
/** The disk that all machines here begin with: one kernel, no record. */
export function baseDisk(): Uint8Array {
  if (content) return content;
  content = new Uint8Array(DISK_BYTES);
  content.set(images().disk.subarray(0, DISK_BYTES));
  // No partition: nothing but kernels is on it.
  content.fill(0, 446, 510);
  return content;
}

export interface Machine {
  readonly lab: LabCluster;
  readonly node: LabNode;
  readonly disk: CutDisk;
}

export interface MachineOptions {
  readonly sectors?: Sectors;
  readonly base?: Uint8Array;
  readonly cdrom?: Uint8Array | null;
}

/** A machine that was started from such a disk, with a CD of the system in its drive. */
export async function machine({ sectors, base, cdrom }: MachineOptions = {}): Promise<Machine> {
  const disk = new CutDisk(base ?? baseDisk(), sectors);
  const cd = cdrom === undefined ? images().iso : cdrom;
  const lab = boot({ nodes: [{ disk, ...(cd ? { cdrom: cd } : {}) }], gateway: false, tripleFault: "go on" });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  return { lab, node, disk };
}

/** Types a command; what it says, and the next prompt. */
export async function say(node: LabNode, command: string, said?: RegExp): Promise<void> {
  node.type(`${command}\n`);
  if (said) await node.waitFor(said);
  await node.waitFor(PROMPT);
}

export async function restart({ node }: Machine, said: RegExp): Promise<void> {
  node.reset();
  await node.waitFor(said);
  await node.waitFor(PROMPT);
}

export const recordOn = (disk: CutDisk): SlotRecord | null =>
  readSlotRecord(disk.sector(SLOT_RECORD_LBA), disk.sector(SLOT_RECORD_LBA + 1));

/** What started last: the slot, and whether it is on trial. */
function started(node: LabNode): { slot: number; isOnTrial: boolean } {
  const { text } = node.console;
  const begin = [...text.matchAll(/QuRe loader[\s\S]*?kernel image at sector (\d+) of drive[^\n]* starts\n/g)].at(-1)!;
  return { slot: Number(begin[1]) === SECOND_LBA ? 1 : 0, isOnTrial: begin[0].includes("a kernel on trial") };
}

export interface Outcome {
  readonly slot: number;
  readonly isOnTrial: boolean;
  /** The disk that was started, and what the start wrote: the confirmation, too, where it is on trial. */
  readonly before: Sectors;
  readonly log: readonly SectorWrite[];
}

const baseSector = (number: number): Uint8Array =>
  baseDisk().subarray(number * SECTOR_BYTES, (number + 1) * SECTOR_BYTES);

/** Whether two disks agree in these sectors. */
function agree(one: Pick<Cut, "get">, other: Pick<Cut, "get">, numbers: Iterable<number>): boolean {
  for (const number of numbers) {
    const [mine, its] = [one.get(number), other.get(number)];
    if (mine !== its && Buffer.compare(mine ?? baseSector(number), its ?? baseSector(number)) !== 0) return false;
  }
  return true;
}

const RECORDS = [SLOT_RECORD_LBA, SLOT_RECORD_LBA + 1];

/**
 * What starts from disks. A machine is determined by what it reads, so of disks that agree in all sectors that a start
 * has read only one is started.
 */
export class Starts {
  readonly known: { readonly seen: ReadonlySet<number>; readonly outcome: Outcome }[] = [];

  async of(cut: Cut): Promise<Outcome> {
    const known = this.known.find(
      ({ seen, outcome }) => agree(outcome.before, cut, RECORDS) && agree(outcome.before, cut, seen),
    );
    if (known) return known.outcome;
    const before = cut.copy();
    const { node, disk } = await machine({ sectors: before, cdrom: null });
    const what = started(node);
    if (what.isOnTrial) await say(node, "kernel confirm", /good one now/);
    const outcome = { ...what, before, log: disk.log };
    this.known.push({ seen: disk.seen, outcome });
    return outcome;
  }
}

/** What the record says; null where there is none. */
export function recordOf(cut: Pick<Cut, "get">): SlotRecord | null {
  const [first, second] = RECORDS.map((number) => cut.get(number) ?? baseSector(number));
  return readSlotRecord(first!, second!);
}

/** What has to start, by the record alone. */
export function expected(cut: Cut): { slot: number; isOnTrial: boolean } {
  const record = recordOf(cut);
  if (record === null || record.trial === null || record.tries === 0)
    return { slot: record?.good ?? 0, isOnTrial: false };
  return { slot: record.trial, isOnTrial: true };
}
