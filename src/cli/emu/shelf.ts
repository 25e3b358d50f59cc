/** The files that a plan of `qure emu` names: images, ROMs, keys, and the folder where machines keep their disks. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { SparseDisk } from "../../../emulator/disk/disk.ts";
import { checkRaw } from "../../../emulator/disk/format.ts";
import { FileDisk, type FileDiskOptions } from "../../host/file-disk.ts";
import { copyFileAside, readIfPresent, writeFileAside } from "../../host/files.ts";
import { lockFolder } from "../../host/folder-lock.ts";
import { loadFirmware, loadStarter } from "../../host/package.ts";
import { VOLUME_PREFIX, VolumeDisk } from "../../host/volume-disk.ts";
import { ImageError } from "../../image/kernel-image.ts";
import { kernelIso } from "../../image/kernel-start/start.ts";
import { isClusterKey, KEY_EXPECTED } from "../../lab/cluster-key.ts";
import { cdPathOf, driveAt, type Shelf } from "../../plan/machines.ts";
import { type MachinePlan, namedMachines, OWN_DISK, type Plan } from "../../plan/schema.ts";
import { readBounded } from "../bounded-file.ts";
import { CommandError } from "../fail.ts";
import type { Progress } from "../progress.ts";
import { preparedDisk } from "./prepare.ts";

/** What a run needs around its machines. */
export interface Surroundings {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** What has to be done at the end, the last first. */
  readonly closers: (() => void)[];
  /** Ways to look at the machines (onlookers.ts): whether somebody is there. */
  readonly onlookers: (() => boolean)[];
}

/** A file that must be there; a pipe is read up to a limit, and a device without an end is refused by it. */
export function readInput(path: string): Uint8Array {
  const status = statSync(path, { throwIfNoEntry: false });
  const isStream = status && !status.isFile() && !status.isDirectory();
  const bytes = isStream ? readBounded(path) : readIfPresent(path);
  if (!bytes) throw new CommandError(`${path}: no such file`);
  return bytes;
}

/** What is put into a drive. */
export function readMedium(path: string, isRaw = false): Uint8Array {
  const bytes = readInput(path);
  checkRaw(path, bytes, isRaw);
  return bytes;
}

/** The CD that boots a kernel. */
export function readKernelCd({ kernel: given, ramBytes }: MachinePlan): Uint8Array {
  const { path, append, modules } = given!;
  const kernel = {
    name: basename(path),
    bytes: readInput(path),
    append,
    modules: modules.map((module) => ({
      text: [basename(module.path), module.text].join(" ").trim(),
      content: readInput(module.path),
    })),
    ramBytes,
  };
  try {
    return kernelIso(kernel, loadStarter());
  } catch (error) {
    if (error instanceof ImageError) throw new CommandError(`--kernel: ${error.message}`);
    throw error;
  }
}

function readRom(path: string): Uint8Array {
  const bytes = readInput(path);
  if (bytes[0] !== 0x55 || bytes[1] !== 0xaa)
    throw new CommandError(`--romfile: ${path} is no expansion ROM: it does not begin with 55h AAh`);
  return bytes;
}

function readKey(path: string): string {
  const content = new TextDecoder().decode(readInput(path));
  if (!isClusterKey(content)) throw new CommandError(`${path}: ${KEY_EXPECTED}`);
  return content;
}

/** The file of a machine's own disk in the folder where it is kept. */
const ownPath = (folder: string, name: string): string => join(folder, `${name}.img`);

/** Blank disks that the machines of a plan need, prepared, by the path of their CD and their size. */
async function prepareDisks(
  { machines }: Plan,
  firmware: Uint8Array,
  { progress, signal }: Surroundings,
): Promise<ReadonlyMap<string, SparseDisk>> {
  const made = new Map<string, SparseDisk>();
  for (const { machine, names } of namedMachines(machines)) {
    const { isPrepared = false, keptIn = null, blank = 0 } = driveAt(machine, OWN_DISK) ?? {};
    const isKept = names.every((name) => keptIn !== null && existsSync(ownPath(keptIn, name)));
    const path = cdPathOf(machine);
    if (!isPrepared || isKept || path === null || made.has(`${blank} ${path}`)) continue;
    const cacheFolder = join(dirname(path), ".qure-cache");
    const options = { cdrom: readMedium(path), firmware, sizeBytes: blank!, cacheFolder, progress, signal };
    made.set(`${blank} ${path}`, await preparedDisk(options));
  }
  return made;
}

/** The shelf of a plan, whose blank disks it prepares. Files that stay open are closed by the closers of the run. */
export async function openShelf(plan: Plan, surroundings: Surroundings): Promise<Shelf> {
  const { closers } = surroundings;
  const bytes = new Map<string, Uint8Array>();
  const disks = new Map<string, FileDisk>();
  const open = (path: string, options: FileDiskOptions): FileDisk => {
    const disk = new FileDisk(path, options);
    closers.push(() => disk.close());
    return disk;
  };
  const once = <Made>(known: Map<string, Made>, key: string, make: () => Made): Made => {
    const made = known.get(key) ?? make();
    known.set(key, made);
    return made;
  };
  const volumes = new Map<string, VolumeDisk>();
  /** What guests write goes into it, so one machine has it. */
  const volume = (path: string): VolumeDisk => {
    const known = volumes.get(path);
    if (known && !known.readOnly) throw new CommandError(`${path}: two machines would write it: make a clone for each`);
    if (known) return known;
    const disk = new VolumeDisk(path, { readOnly: false, onTrouble: (text) => surroundings.progress.note(text) });
    volumes.set(path, disk);
    closers.push(() => disk.close());
    return disk;
  };
  const firmware = plan.firmware === null ? loadFirmware() : readInput(plan.firmware);
  checkKept(plan);
  for (const folder of keptFolders(plan)) closers.push(lockFolder(folder));
  const prepared = await prepareDisks(plan, firmware, surroundings);
  const openOwn = (path: string): FileDisk => open(path, { readOnly: false, content: "guest" });
  return {
    firmware: () => firmware,
    read: readInput,
    medium: (path, isRaw) => once(bytes, `${isRaw} ${path}`, () => readMedium(path, isRaw)),
    disk: (path, isRaw) =>
      path.startsWith(VOLUME_PREFIX)
        ? volume(path)
        : once(disks, `${isRaw} ${path}`, () => open(path, { readOnly: true, ...(isRaw ? { content: "raw" } : {}) })),
    own: (path) => {
      const disk = path.startsWith(VOLUME_PREFIX) ? volume(path) : null;
      return disk?.readOnly ? null : disk;
    },
    rom: readRom,
    key: readKey,
    kernelCd: readKernelCd,
    prepared: (path, sizeBytes) => prepared.get(`${sizeBytes} ${path}`)!,
    kept: (folder, name) => (existsSync(ownPath(folder, name)) ? openOwn(ownPath(folder, name)) : null),
    keep: (folder, name, beginning) => {
      const path = ownPath(folder, name);
      if (beginning instanceof FileDisk) copyFileAside(beginning.path, path);
      else writeFileAside(path, beginning as SparseDisk);
      return openOwn(path);
    },
  };
}

/** What guests write must not go into a file that the run only reads. */
function checkKept({ machines }: Plan): void {
  const inputs = new Set(machines.flatMap(({ drives }) => drives.flatMap(({ path }) => (path ? [resolve(path)] : []))));
  for (const { machine, names } of namedMachines(machines)) {
    const folder = driveAt(machine, OWN_DISK)?.keptIn ?? null;
    if (folder === null) continue;
    for (const name of names) {
      const path = ownPath(folder, name);
      if (inputs.has(resolve(path)))
        throw new CommandError(`${path}: the disk of ${name} would be kept here, and the run reads this file`);
    }
  }
}

/** Folders where machines keep their disks. */
function keptFolders({ machines }: Plan): Set<string> {
  return new Set(machines.flatMap((machine) => driveAt(machine, OWN_DISK)?.keptIn ?? []));
}
