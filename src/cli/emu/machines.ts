/** The machines that `qure emu` switches on: which image they boot, what their disks hold, where these are kept. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { USUAL_SERIAL_PORTS } from "../../../emulator/board-config.ts";
import { DEFAULT_MODEL, MODELS, type ModelName } from "../../../emulator/cpu/model.ts";
import type { BlockBackend } from "../../../emulator/disk/block.ts";
import { SparseDisk } from "../../../emulator/disk/disk.ts";
import { checkRaw } from "../../../emulator/disk/format.ts";
import { FileDisk, type FileDiskOptions } from "../../host/file-disk.ts";
import { copyFileAside, readIfPresent, writeFileAside } from "../../host/files.ts";
import { lockFolder } from "../../host/folder-lock.ts";
import { loadFirmware, loadStarter } from "../../host/package.ts";
import { ImageError } from "../../image/kernel-image.ts";
import { kernelIso } from "../../image/kernel-start/start.ts";
import { isIso, isOurs, RECOGNISED_BYTES } from "../../image/recognise.ts";
import { campaignMacAddress } from "../../lab/campaign-machines.ts";
import { isClusterKey, keyOfSeed } from "../../lab/cluster-key.ts";
import { LabCluster, type NodeOptions, type RestoreOptions } from "../../lab/lab.ts";
import { CommandError, UsageError } from "../fail.ts";
import type { Progress } from "../progress.ts";
import { furtherDrives } from "./drives.ts";
import { type EmuOptions, tickOf } from "./options.ts";
import { preparedDisk } from "./prepare.ts";
import { formatDate } from "./start-date.ts";

const DEFAULT_IMAGE = "build/qure.iso";
/** `--key open`. */
const OPEN = "open";

/** What is in the drives of every machine. */
export interface Media {
  readonly cdrom: string | null;
  readonly hda: string | null;
  /** In drive A, where there is nothing else to boot. */
  readonly diskette: string | null;
  /** Somebody else's system: no disk is prepared for it, and there is no cluster to wait for. */
  readonly isForeign: boolean;
  /** The CD that boots `--kernel`. */
  readonly kernelCd: Uint8Array | null;
}

/** The media of a snapshot's machines are in the snapshot. */
export const NO_MEDIA: Media = { cdrom: null, hda: null, diskette: null, isForeign: false, kernelCd: null };

export function chooseMedia(options: EmuOptions): Media {
  const { image, cdrom, hda, fda, kernel, firmware, drive } = options;
  const known = (iso: string | null, disk: string | null): Media => ({
    cdrom: iso,
    hda: disk,
    diskette: (iso ?? disk) === null ? fda : null,
    isForeign: fda !== null || ![iso, disk].some((path) => path !== null && isOurs(beginningOf(path))),
    kernelCd: null,
  });
  if (kernel !== null) {
    const kernelCd = readKernelCd(kernel, options);
    return { cdrom: null, hda, diskette: null, isForeign: true, kernelCd };
  }
  if (image !== null) return isIso(beginningOf(image)) ? known(image, null) : known(null, image);
  if (cdrom !== null || hda !== null || fda !== null) return known(cdrom, hda);
  // Firmware of others may start from a drive that ours does not look at.
  if (firmware !== null && drive.length > 0) return known(null, null);
  if (!existsSync(DEFAULT_IMAGE))
    throw new CommandError(
      `${DEFAULT_IMAGE}: no such file; \`qure build\` makes it from the sources in this folder, \`qure build --packaged\` from QuRe's own; --image names another one`,
    );
  return { cdrom: DEFAULT_IMAGE, hda: null, diskette: null, isForeign: false, kernelCd: null };
}

/** The number of processors, where the model can have more than one. */
function processorsOf(model: ModelName, count: number): number {
  if (!MODELS[model].hasApic)
    throw new UsageError(`--cpus ${count}: the model ${model} has no local APIC; use --cpu pentium or later`);
  return count;
}

/** The CD of `--kernel`, `--append` and `--initrd`. */
function readKernelCd(path: string, { append, initrd, memory: ramBytes }: EmuOptions): Uint8Array {
  // As QEMU takes them: files separated by commas, each with a text for the kernel after it.
  const modules = (initrd === null ? [] : initrd.split(",")).map((part) => {
    const [, file = "", text = ""] = /^\s*(\S*)\s*(.*)$/.exec(part) ?? [];
    return { text: [basename(file), text].join(" ").trim(), content: readInput(file) };
  });
  const kernel = { name: basename(path), bytes: readInput(path), append: append ?? "", modules, ramBytes };
  try {
    return kernelIso(kernel, loadStarter());
  } catch (error) {
    if (error instanceof ImageError) throw new CommandError(`--kernel: ${error.message}`);
    throw error;
  }
}

/** The beginning of a file, by which it is recognised. */
function beginningOf(path: string): Uint8Array {
  const file = new FileDisk(path, { readOnly: true });
  try {
    const bytes = new Uint8Array(RECOGNISED_BYTES);
    file.read(0, bytes);
    return bytes;
  } finally {
    file.close();
  }
}

/** What a run needs around its machines. */
export interface Surroundings {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** What has to be done at the end, the last first. */
  readonly closers: (() => void)[];
  /** Ways to look at the machines (onlookers.ts): whether somebody is there. */
  readonly onlookers: (() => boolean)[];
}

/** Machines that are switched on at virtual time 0, the last ones (`later`) apart, which are off until someone does. */
export async function newCluster(
  options: EmuOptions,
  media: Media,
  common: RestoreOptions,
  surroundings: Surroundings,
  later = 0,
): Promise<LabCluster> {
  const firmware = options.firmware === null ? loadFirmware() : readInput(options.firmware);
  const nodes = await machineNodes(options, media, firmware, surroundings, later);
  const { seed, gateway, rtc } = options;
  const date = rtc ? { startSeconds: rtc.seconds } : {};
  if (rtc?.isNow) surroundings.progress.note(`the clocks begin at --rtc ${formatDate(rtc.seconds)}`);
  return new LabCluster({ ...common, ...date, nodes, firmware, seed, gateway, nsPerInstruction: tickOf(options) });
}

/** The key that the machines are given; null: their cluster is open, or the system is somebody else's. */
function keyFor({ key, seed }: EmuOptions, { isForeign }: Media): string | null {
  if (isForeign && key === null) return null;
  if (key === null) return keyOfSeed(seed);
  if (key === OPEN) return null;
  const content = new TextDecoder().decode(readInput(key));
  if (!isClusterKey(content))
    throw new CommandError(`${key}: expected one line \`NAME KEY\`: a name without blanks and 64 hexadecimal digits`);
  return content;
}

async function machineNodes(
  options: EmuOptions,
  media: Media,
  firmware: Uint8Array,
  { progress, signal, closers }: Surroundings,
  later: number,
): Promise<NodeOptions[]> {
  const {
    nodes,
    dir,
    disk: diskBytes,
    memory: ramBytes,
    drive,
    fda,
    fdb,
    boot,
    vgabios,
    nic,
    romfile,
    cpu,
    cpus,
    hpet,
    serial,
    parallel,
    sound,
    replay,
  } = options;
  const key = keyFor(options, media);
  const cdrom = media.cdrom === null ? media.kernelCd : readMedium(media.cdrom);
  const names = Array.from({ length: nodes }, (_, index) => `qure-${index + 1}`);
  if (dir !== null) closers.push(lockFolder(dir));
  const kept = names.map((name) => (dir === null ? null : join(dir, `${name}.img`)));
  // Blank disks are wanted, and prepared for QuRe.
  const isBlank = media.hda === null && cdrom !== null && !media.isForeign;
  const floppies = [fda, fdb].map((path) => (path === null ? null : readMedium(path)));
  const videoRom = vgabios === null ? null : readInput(vgabios);
  const hasOther = media.hda !== null || fda !== null || drive.length > 0;
  const parts = {
    ...(fda !== null || fdb !== null ? { floppies } : {}),
    // Who names a kernel means it, whatever the disk and the diskette hold.
    ...(boot !== null ? { bootOrder: boot } : media.kernelCd && hasOther ? { bootOrder: "d" } : {}),
    ...(videoRom ? { videoRom } : {}),
    ...(nic !== "e1000" ? { nic } : {}),
    ...(romfile !== null ? { nicRom: readRom(romfile) } : {}),
    ...(cpu !== DEFAULT_MODEL ? { processor: cpu } : {}),
    ...(cpus !== 1 ? { processors: processorsOf(cpu, cpus) } : {}),
    ...(!hpet ? { hpet } : {}),
    ...(serial.length > USUAL_SERIAL_PORTS ? { serialPorts: serial.length } : {}),
    ...(parallel !== null ? { parallelPort: true } : {}),
    ...(sound.length > 0 ? { sound: sound.map(({ card }) => card) } : {}),
    ...(key !== null ? { key } : {}),
  };
  let prepared: SparseDisk | null = null;
  if (isBlank && kept.some((path) => path === null || !existsSync(path))) {
    const cacheFolder = join(dirname(media.cdrom!), ".qure-cache");
    prepared = await preparedDisk({ cdrom, firmware, sizeBytes: diskBytes, cacheFolder, progress, signal });
  }
  const open = (path: string, given: FileDiskOptions): FileDisk => {
    const disk = new FileDisk(path, given);
    closers.push(() => disk.close());
    return disk;
  };
  // One medium below the disks of all machines.
  const base = media.hda !== null ? open(media.hda, { readOnly: true }) : prepared;
  const newDisk = (): BlockBackend => new SparseDisk(base?.sizeBytes ?? diskBytes, base ? { base } : {});
  progress.step("booting");
  return names.map((name, index): NodeOptions => {
    const path = kept[index];
    let disk: BlockBackend | null = null;
    if (path && (isBlank || base)) {
      if (!existsSync(path)) {
        if (media.hda !== null) copyFileAside(media.hda, path);
        else writeFileAside(path, prepared!);
      }
      disk = open(path, { readOnly: false, content: "guest" });
    } else if (isBlank || base) disk = newDisk();
    const off = index >= nodes - later;
    return {
      name,
      ramBytes,
      ...parts,
      ...(replay?.isCampaign ? { macAddress: campaignMacAddress(index) } : {}),
      ...furtherDrives(drive, cdrom !== null, (file, content) => open(file, { readOnly: true, ...content })),
      ...(disk ? { disk } : {}),
      ...(cdrom ? { cdrom } : {}),
      ...(off ? { off } : {}),
    };
  });
}

/** An expansion ROM. */
function readRom(path: string): Uint8Array {
  const bytes = readInput(path);
  if (bytes[0] !== 0x55 || bytes[1] !== 0xaa)
    throw new CommandError(`--romfile: ${path} is no expansion ROM: it does not begin with 55h AAh`);
  return bytes;
}

/** What is put into a drive. */
export function readMedium(path: string): Uint8Array {
  const bytes = readInput(path);
  checkRaw(path, bytes);
  return bytes;
}

/** A file that must be there. */
export function readInput(path: string): Uint8Array {
  const bytes = readIfPresent(path);
  if (!bytes) throw new CommandError(`${path}: no such file`);
  return bytes;
}
