/**
 * Prepares a blank disk as a person would: boots the CD, types `fdisk hda init`, `Yes`, `Yes`, `mkfs -t oofs hda0`.
 * Equal machines make equal disks, so one machine prepares the disk for all nodes.
 */
import { SparseDisk } from "../../emulator/disk/disk.ts";
import type { ClusterOptions, LabCluster } from "./cluster.ts";
import { WaitError } from "./errors.ts";

/** QuRe's shell prompt, at the end of what the console shows. */
export const SHELL_PROMPT = /\S+:\/\S*> $/;
const LAST_LINES = 14;

/** A machine that does not do what is typed. The message shows the end of its console. */
export class PrepareError extends Error {
  constructor(problem: string, console: string) {
    const lines = console.trimEnd().split("\n").slice(-LAST_LINES);
    super(`the disk cannot be prepared: ${problem}\n${lines.map((line) => `    | ${line}`).join("\n")}`);
    this.name = "PrepareError";
  }
}

export interface PrepareDiskOptions {
  readonly cdrom: Uint8Array;
  readonly firmware: Uint8Array;
  readonly sizeBytes: number;
  readonly make: (options: Omit<ClusterOptions, "host">) => LabCluster;
  /** Hears what is being done. */
  readonly step: (text: string) => void;
}

/** A prepared disk, which nobody may write afterwards: disks of machines lie over it. */
export async function prepareDisk({ cdrom, firmware, sizeBytes, make, step }: PrepareDiskOptions): Promise<SparseDisk> {
  const disk = new SparseDisk(sizeBytes);
  const lab = make({ firmware, nodes: [{ name: "prepare", cdrom, disk }] });
  const node = lab.nodes[0]!;
  const steps: readonly (readonly [typed: string, expected: RegExp])[] = [
    ["fdisk hda init", /Are you sure\? Type 'Yes' if so: $/],
    ["Yes", /Are you really sure\? Type 'Yes' if so: $/],
    ["Yes", SHELL_PROMPT],
    ["mkfs -t oofs hda0", SHELL_PROMPT],
    // What went wrong on the way shows here.
    ["partinfo hda0", /^(?:There is no partition| +holds ).*\n/m],
  ];
  step("booting a machine from the CD to prepare a blank disk");
  try {
    await node.waitFor(SHELL_PROMPT, { within: "60s" });
    for (const [typed, expected] of steps) {
      step(`preparing the disk: ${typed}`);
      const [answer] = await node.enter(typed, expected, { within: "120s" });
      if (typed.startsWith("partinfo") && !/OOFS/.test(answer))
        throw new PrepareError("the console ends with", node.console.text);
    }
  } catch (error) {
    if (error instanceof WaitError)
      throw new PrepareError("the machine does not answer as QuRe does; its console ends with", node.console.text);
    throw error;
  }
  return disk;
}
