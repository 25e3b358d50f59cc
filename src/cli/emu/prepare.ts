/**
 * Prepares a blank disk as a person would: boots the CD, types `fdisk hda init`, `Yes`, `Yes`, `mkfs -t oofs hda0`.
 * Equal machines make equal disks, so one machine prepares the disk for all nodes; the result is kept, by the digest of
 * image, firmware and size.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { readIfPresent, writeFileAside } from "../../host/files.ts";
import { blankDisk, LabCluster } from "../../lab/lab.ts";
import { CommandError } from "../fail.ts";
import type { Progress } from "../progress.ts";

/** QuRe's shell prompt, at the end of what the console shows. */
const SHELL_PROMPT = /\S+:\/\S*> $/;

export interface PrepareOptions {
  readonly cdrom: Uint8Array;
  readonly firmware: Uint8Array;
  readonly sizeBytes: number;
  readonly cacheFolder: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** The content of a prepared disk, up to its last byte that is not zero. */
export async function preparedDisk(options: PrepareOptions): Promise<Uint8Array> {
  const { cdrom, firmware, sizeBytes, cacheFolder, progress } = options;
  const key = createHash("sha256").update(cdrom).update(firmware).update(String(sizeBytes)).digest("hex").slice(0, 24);
  const path = join(cacheFolder, `disk-${key}.img`);
  const cached = readIfPresent(path);
  if (cached) return cached;
  const content = await prepare(options);
  try {
    writeFileAside(path, content);
  } catch {
    progress.note(`the prepared disk cannot be kept in ${cacheFolder}: the next start prepares it again`);
  }
  return content;
}

async function prepare({ cdrom, firmware, sizeBytes, progress, signal }: PrepareOptions): Promise<Uint8Array> {
  const disk = blankDisk(sizeBytes);
  const lab = new LabCluster({ firmware, signal, nodes: [{ name: "prepare", cdrom, disk }] });
  const [node] = lab.nodes;
  const steps: readonly (readonly [typed: string, expected: RegExp])[] = [
    ["fdisk hda init", /Are you sure\? Type 'Yes' if so: $/],
    ["Yes", /Are you really sure\? Type 'Yes' if so: $/],
    ["Yes", SHELL_PROMPT],
    ["mkfs -t oofs hda0", SHELL_PROMPT],
    // What went wrong on the way shows here.
    ["partinfo hda0", /^(?:There is no partition| +holds ).*\n/m],
  ];
  progress.step("booting a machine from the CD to prepare a blank disk");
  try {
    await node!.waitFor(SHELL_PROMPT, { within: "60s" });
    for (const [typed, expected] of steps) {
      progress.step(`preparing the disk: ${typed}`);
      const [answer] = await node!.enter(typed, expected, { within: "120s" });
      if (typed.startsWith("partinfo") && !/OOFS/.test(answer))
        throw new CommandError(`the disk cannot be prepared: the console ends with\n${lastLines(node!.console.text)}`);
    }
  } catch (error) {
    if (error instanceof Error && error.name === "WaitError")
      throw new CommandError(
        `the disk cannot be prepared: the machine does not answer as QuRe does; its console ends with\n${lastLines(node!.console.text)}`,
      );
    throw error;
  }
  try {
    return disk.content();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandError(
      `the disk cannot be prepared: ${sizeBytes} bytes do not fit into memory; make --disk smaller`,
    );
  }
}

function lastLines(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .slice(-14)
    .map((line) => `    | ${line}`)
    .join("\n");
}
