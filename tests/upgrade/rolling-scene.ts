/**
 * Clusters whose disks have two kernels: the one that runs, and a later one in the other slot, which differs from it by
 * its revision, or by what a test breaks in it.
 */

import { SECTOR_BYTES } from "../../src/image/kernel-image.ts";
import { kernelSymbols } from "../../src/image/kernel-symbols.ts";
import { readSlotRecord, SLOT_RECORD_LBA, type SlotRecord } from "../../src/image/slot-record.ts";
import { type LabCluster, type LabNode, SparseDisk } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { boot, images, inState, PROMPT } from "../system/images.ts";
import { peersOf } from "../system/output.ts";
import { type Break, NEW, OLD, putLaterKernel } from "./two-kernels.ts";

export { NEW, OLD };

/** Its web server has no page `/status` any more: it boots, joins, and does not answer. */
export const POISON: Break = (put) => put("path_status", Buffer.from("/statuz\0"));

export interface SceneOptions {
  readonly breaks?: Break;
  /** A service address that the cluster shares. */
  readonly service?: string;
  /** Nodes whose disk has one kernel, and no record. */
  readonly lacking?: readonly number[];
  /** False: nobody whom they trust has signed the later kernel. */
  readonly isProven?: boolean;
  /** Nodes that run from a CD, and have no disk. */
  readonly withoutDisk?: readonly number[];
}

/** So many members with a key that agree, in the order of their ids. */
export async function rolling(
  count: number,
  name: string,
  { breaks, service, lacking = [], withoutDisk = [], isProven = true }: SceneOptions = {},
): Promise<{ lab: LabCluster; nodes: LabNode[] }> {
  const lab = await inState(`rolling: ${count} ${name}`, async () => {
    const [both, one] = [await preparedDisk(), await preparedDisk()];
    putLaterKernel(both, () => kernelSymbols(images().disk), breaks, isProven);
    const storage = (index: number): { disk: SparseDisk } => ({
      disk: new SparseDisk(DISK_BYTES, { content: (lacking.includes(index) ? one : both).slice() }),
    });
    const booted = boot({
      nodes: Array.from({ length: count }, (_, index) => ({
        key: keyOfSeed(1),
        ...(withoutDisk.includes(index) ? { cdrom: images().iso } : storage(index)),
      })),
      tripleFault: "go on",
    });
    await booted.until(() => booted.nodes.every((node) => peersOf(node) === count - 1), "they did not agree");
    for (const node of booted.nodes) await node.waitFor(PROMPT);
    await booted.advance("3s");
    const [first] = booted.nodes as [LabNode, ...LabNode[]];
    await first.enter("cloud set colour blue", PROMPT);
    if (service !== undefined) await first.enter(`cloud address add ${service}`, PROMPT);
    await booted.advance("3s");
    return booted;
  });
  const hex = (index: number): string => Buffer.from(lab.cluster.macAddresses[index]!).toString("hex");
  return { lab, nodes: [...lab.nodes].sort((a, b) => (hex(a.index) < hex(b.index) ? -1 : 1)) };
}

const STATES = ["run", "pause", "stop", "done", "abort"] as const;
const PHASES = ["-", "fetch", "go", "trial", "back"] as const;
const TURN_AT = 12;

interface Plan {
  readonly revision: number;
  readonly state: (typeof STATES)[number];
  readonly epoch: number;
  /** Id of the node whose turn it is, of zeros where nobody has it. */
  readonly turn: string;
  readonly phase: (typeof PHASES)[number];
  readonly left: number;
}

/** The plan as a node has read it last; null where it has none, or does not run. */
export function planOf(node: LabNode): Plan | null {
  if (node.isOff) return null;
  const bytes = Buffer.from(node.readMemory(addressOf("plan"), 28));
  const [revision, state, epoch] = [0, 4, 8].map((at) => bytes.readUInt32LE(at)) as [number, number, number];
  const [phase, left] = [bytes.readUInt32LE(20), bytes.readUInt32LE(24)];
  if (revision === 0 || state >= STATES.length || phase >= PHASES.length) return null;
  const turn = bytes.subarray(TURN_AT, TURN_AT + 8).toString("hex");
  return { revision, state: STATES[state]!, epoch, turn, phase: PHASES[phase]!, left };
}

/** A node's id, by its MAC address. */
export const idOf = (lab: LabCluster, node: LabNode): string => {
  const mac = Buffer.from(lab.cluster.macAddresses[node.index]!).toString("hex");
  return `${mac.slice(0, 6)}fffe${mac.slice(6)}`;
};

/** The record of slots on a node's disk. */
export function slotsOf(node: LabNode): SlotRecord {
  const sector = (copy: number): Uint8Array => node.readDisk((SLOT_RECORD_LBA + copy) * SECTOR_BYTES, SECTOR_BYTES);
  return readSlotRecord(sector(0), sector(1))!;
}

/** The revision that a node said at its last start. */
export const revisionOf = (node: LabNode): number =>
  Number([...node.console.text.matchAll(/^QuRe revision (\d+)$/gm)].at(-1)?.[1] ?? -1);
