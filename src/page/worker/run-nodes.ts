/** The machines of a run: its image in their drives, and disks that are prepared for QuRe. */
import { liveDisk } from "../../../emulator/cluster/worker-group.ts";
import type { BlockBackend } from "../../../emulator/disk/block.ts";
import { BytesDisk } from "../../../emulator/disk/disk.ts";
import { checkRaw } from "../../../emulator/disk/format.ts";
import { isKernel, kernelIso } from "../../image/kernel-start/start.ts";
import { isIso, isOurs } from "../../image/recognise.ts";
import { type ClusterOptions, LabCluster } from "../../lab/cluster.ts";
import type { LabHost } from "../../lab/host.ts";
import { inflatingCompressor } from "../../lab/inflate.ts";
import { prepareDisk } from "../../lab/prepare.ts";
import { decodeRun, imageHash, type RunDescription } from "../../lab/run-link.ts";
import { clusterOf, memoryShelf, type Shelf } from "../../plan/machines.ts";
import { planOfRun } from "../../plan/run.ts";
import type { OwnImage, StartOptions } from "../protocol.ts";
import type { System } from "./system.ts";
import { spreadOverWorkers } from "./threads.ts";

/** What a browser lends: threads where they share memory, no compression that answers at once. */
const pageHost: LabHost = {
  compressor: inflatingCompressor,
  nowMs: () => performance.now(),
  turn: (milliseconds) => new Promise((resolve) => void setTimeout(resolve, milliseconds)),
  liveDisk,
  spreadOver: spreadOverWorkers,
};

const SECTOR_BYTES = 512;
const LARGEST_DISKETTE_BYTES = 2880 * 1024;
const LARGEST_IMAGE_BYTES = 1024 ** 3;
/** Memory of a machine with QuRe, and of one with an image of one's own. */
const RAM_BYTES = 32 * 1024 * 1024;
const FOREIGN_RAM_BYTES = 64 * 1024 * 1024;
const COM_NAME = /\.com$/i;

/** What is put into the machines: an image as it is, and of a kernel the CD that boots it. Throws a sentence. */
function bootableImage({ name, bytes }: OwnImage, { starter }: System): Uint8Array {
  if (bytes.length > LARGEST_IMAGE_BYTES)
    throw new Error(`${name} has more than 1 GiB: that is too much for this page`);
  checkRaw(name, bytes);
  if (isIso(bytes) || !(isKernel(bytes) || COM_NAME.test(name))) return bytes;
  return kernelIso({ name, bytes, append: "", modules: [], ramBytes: FOREIGN_RAM_BYTES }, starter);
}

/** How an image is put into a machine. Throws an Error with a sentence for what is none. */
function mediumOf(name: string, bytes: Uint8Array): RunDescription["medium"] {
  if (isIso(bytes)) return "cd";
  if (bytes.length < SECTOR_BYTES || bytes[510] !== 0x55 || bytes[511] !== 0xaa)
    throw new Error(
      `${name} is neither an ISO nor a kernel nor a disk that can be booted: its first sector does not end in 55 AA`,
    );
  return bytes.length <= LARGEST_DISKETTE_BYTES ? "diskette" : "disk";
}

/** Does a disk get prepared for it? */
function preparedBytesOf(bytes: Uint8Array, system: System): number {
  return isIso(bytes) && isOurs(bytes) ? system.diskBytes : 0;
}

/** What is on the disks of a run's machines: QuRe's own image has a disk prepared already. Null: they have none. */
export async function preparedFor(image: Uint8Array, system: System): Promise<BlockBackend | null> {
  const sizeBytes = preparedBytesOf(image, system);
  if (sizeBytes === 0) return null;
  if (image === system.iso) return system.disk;
  const make = (options: Omit<ClusterOptions, "host">): LabCluster => new LabCluster({ ...options, host: pageHost });
  return prepareDisk({ cdrom: image, firmware: system.firmware, sizeBytes, make, step: () => {} });
}

/** The run that is asked for, with the image that it boots. Throws an Error with a sentence for what cannot be. */
export function describeRun(
  link: string | null,
  { nodes, seed, image: own, sites, actions, endNs }: StartOptions,
  system: System,
): { run: RunDescription; image: Uint8Array; imageName: string | null } {
  const linked = link === null ? null : readLink(link);
  const isOwn = own !== null && linked?.image !== imageHash(system.firmware, system.iso);
  const image = isOwn ? bootableImage(own, system) : system.iso;
  const imageName = isOwn ? own.name : null;
  const hash = imageHash(system.firmware, image);
  if (linked !== null && linked.image !== hash)
    throw new Error(
      `This link runs the image ${linked.image}; ${isOwn ? own.name : `this page has QuRe ${system.version}, ${hash}`}. ` +
        "Open the link where it was made, or drop that image here first.",
    );
  if (linked !== null) return { run: linked, image, imageName };
  const preparedBytes = preparedBytesOf(image, system);
  const run: RunDescription = {
    image: hash,
    medium: isOwn ? mediumOf(own.name, image) : "cd",
    preparedBytes,
    nodes,
    ramBytes: preparedBytes > 0 ? RAM_BYTES : FOREIGN_RAM_BYTES,
    seed,
    gateway: true,
    isCampaign: false,
    ...(sites === null ? {} : { sites }),
    actions,
    endNs,
    digest: null,
  };
  return { run, image, imageName };
}

function readLink(link: string): RunDescription {
  try {
    return decodeRun(link);
  } catch (error) {
    throw new Error(`This link opens nothing: ${(error as Error).message}. Ask for it again, or begin here.`);
  }
}

export interface RunParts {
  readonly image: Uint8Array;
  readonly prepared: BlockBackend | null;
  readonly system: System;
  readonly jit: boolean;
  /** Over so many workers the machines are spread. */
  readonly workers: number;
}

/** What the plan of a run calls its image, which is in this page's memory. */
const IMAGE = "image";

function pageShelf({ image, prepared, system }: RunParts): Shelf {
  const disk = new BytesDisk(image, Math.ceil(image.length / SECTOR_BYTES) * SECTOR_BYTES);
  const drives = { medium: () => image, disk: () => disk, prepared: () => prepared! };
  return memoryShelf({ firmware: () => system.firmware, ...drives });
}

export function startRun(run: RunDescription, parts: RunParts): LabCluster {
  // As `qure emu` does when nothing else is said.
  const system = run.medium !== "diskette" && isOurs(parts.image) ? "qure" : "other";
  const options = clusterOf(planOfRun(run, IMAGE, system), pageShelf(parts));
  return new LabCluster({ ...options, host: pageHost, jit: parts.jit ? "on" : "off", threads: parts.workers });
}
