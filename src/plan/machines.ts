/**
 * The machines of a plan, for LabCluster. What the plan names by paths comes from a shelf: files of the host, or what a
 * page has in its memory.
 */
import { plainParts } from "../../emulator/board-config.ts";
import type { BlockBackend } from "../../emulator/disk/block.ts";
import { SparseDisk } from "../../emulator/disk/disk.ts";
import { parseMac } from "../../emulator/ether/packet.ts";
import { keyOfSeed } from "../lab/cluster-key.ts";
import type { ClusterOptions, NodeOptions } from "../lab/cluster-options.ts";
import type { LabDrive } from "../lab/media.ts";
import type { WorldOptions } from "../lab/sites.ts";
import { saidOf } from "./fields.ts";
import {
  CD,
  type DrivePlan,
  KEY_OF_SEED,
  MACHINE,
  type MachinePlan,
  namedMachines,
  OWN_DISK,
  type Plan,
} from "./schema.ts";
import { isSitesText, readSites } from "./sites.ts";

/** Where the things are that a plan names. */
export interface Shelf {
  firmware(): Uint8Array;
  /** A file as it is. */
  read(path: string): Uint8Array;
  /** What is put into a drive as a whole; refused if it is no raw medium, or an archive that is not `isRaw`. */
  medium(path: string, isRaw: boolean): Uint8Array;
  /** The same, read as it is needed. Nobody writes it. */
  disk(path: string, isRaw: boolean): BlockBackend;
  /** A disk that is one machine's own, and written where it is: a volume. Null: what the path names is none. */
  own(path: string): BlockBackend | null;
  /** An expansion ROM. */
  rom(path: string): Uint8Array;
  /** The name and key of a cluster. */
  key(path: string): string;
  /** The CD that boots its kernel. */
  kernelCd(machine: MachinePlan): Uint8Array;
  /** A blank disk that was prepared for QuRe with the CD of `cdPath`. Nobody writes it. */
  prepared(cdPath: string, sizeBytes: number): BlockBackend;
  /** A machine's own disk from a folder; null: it is not there yet. */
  kept(folder: string, name: string): BlockBackend | null;
  /** Puts it there, with what it holds in the beginning. */
  keep(folder: string, name: string, beginning: BlockBackend): BlockBackend;
}

/** A shelf of what is in memory: a plan can name nothing else. */
export function memoryShelf(known: Pick<Shelf, "firmware" | "medium"> & Partial<Shelf>): Shelf {
  const absent = (path: string): never => {
    throw new RangeError(`${path}: there are no files here`);
  };
  const kernelCd: Shelf["kernelCd"] = ({ kernel }) => absent(kernel!.path);
  const files = { read: absent, disk: absent, rom: absent, key: absent, kept: absent, keep: absent, kernelCd };
  const own = (): null => null;
  return { prepared: absent, own, ...files, ...known };
}

/** What a machine has in a place; undefined when there is no drive. */
export function driveAt({ drives }: MachinePlan, place: string): DrivePlan | undefined {
  return drives.find(({ at }) => at === place);
}

const DISKETTES = ["fda", "fdb"];
const FURTHER = ["hdb", CD, "hdd"];
const SATA = Array.from({ length: 6 }, (_, port) => `sata${port}`);

/** The file in the CD drive. */
export function cdPathOf(machine: MachinePlan): string | null {
  const drive = driveAt(machine, CD);
  return drive?.kind === "cd" ? drive.path : null;
}

/** The CD in its drive: what a kernel makes, or a file. */
function cdOf(machine: MachinePlan, shelf: Shelf): Uint8Array | null {
  if (machine.kernel) return shelf.kernelCd(machine);
  const path = cdPathOf(machine);
  return path === null ? null : shelf.medium(path, driveAt(machine, CD)!.isRaw);
}

/** The list, unless there is nothing in it. */
const ifAny = <Name extends string, Item>(
  name: Name,
  items: readonly (Item | null)[],
): { [Key in Name]?: typeof items } =>
  (items.some((item) => item !== null) ? { [name]: items } : {}) as { [Key in Name]?: typeof items };

/** A disk that others may have, too: what is written of it stays with the machine. */
const overlayOf = (base: BlockBackend): BlockBackend => new SparseDisk(base.sizeBytes, { base });

/** Drives but hda and the CD in hdc. */
function furtherDrives(machine: MachinePlan, hasCd: boolean, shelf: Shelf): Partial<NodeOptions> {
  const drive = (found: DrivePlan | undefined): LabDrive | null => {
    if (found === undefined) return null;
    if (found.kind === "disk")
      return { kind: "disk", medium: shelf.own(found.path!) ?? overlayOf(shelf.disk(found.path!, found.isRaw)) };
    return { kind: "cd", medium: found.path === null ? null : shelf.disk(found.path, found.isRaw) };
  };
  const at = (places: readonly string[]): (LabDrive | null)[] =>
    places.map((place) => (place === CD && hasCd ? null : drive(driveAt(machine, place))));
  const virtio = machine.drives.filter((one) => one.at.startsWith("virtio")).sort((a, b) => (a.at < b.at ? -1 : 1));
  const virtioDisks = virtio.flatMap((one) => drive(one)?.medium ?? []);
  const floppies = DISKETTES.map((place) => driveAt(machine, place)).map(
    (found) => found?.path && shelf.medium(found.path, found.isRaw),
  );
  return {
    ...ifAny("drives", at(FURTHER)),
    ...(virtioDisks.length > 0 ? { virtioDisks } : {}),
    ...ifAny("ahci", at(SATA)),
    ...ifAny(
      "floppies",
      floppies.map((bytes) => bytes || null),
    ),
  };
}

/** What fills the own disk of one of these machines, by its name. */
type MakeDisk = (name: string) => BlockBackend | null;

function ownDisk(machine: MachinePlan, names: readonly string[], shelf: Shelf): MakeDisk {
  const drive = driveAt(machine, OWN_DISK);
  if (!drive) return () => null;
  const { path, blank, isPrepared, isRaw, keptIn } = drive;
  const known = new Map(names.map((name) => [name, keptIn === null ? null : shelf.kept(keptIn, name)]));
  const isMissing = [...known.values()].some((disk) => disk === null);
  const prepared = isPrepared && isMissing ? shelf.prepared(cdPathOf(machine)!, blank!) : null;
  const own = path === null ? null : shelf.own(path);
  if (own && keptIn !== null) throw new RangeError(`${path}: it is kept where it is: leave the folder out`);
  if (own && names.length > 1) throw new RangeError(`${path}: several machines would write it: make a clone for each`);
  if (own) return () => own;
  const base = path === null ? prepared : shelf.disk(path, isRaw);
  const sizeBytes = base?.sizeBytes ?? blank!;
  return (name) =>
    known.get(name) ??
    (keptIn === null
      ? new SparseDisk(sizeBytes, base ? { base } : {})
      : shelf.keep(keptIn, name, base ?? new SparseDisk(sizeBytes)));
}

/** Fields that are the same for the board. */
function plainFields(machine: MachinePlan): Partial<NodeOptions> {
  const { bootOrder, ...said } = saidOf(MACHINE, machine);
  return plainParts({ ...(said as object), ...(bootOrder ? { bootOrder } : {}) });
}

function nodesOf(machine: MachinePlan, names: readonly string[], seed: number, shelf: Shelf): NodeOptions[] {
  const { ramBytes, macAddress, key, videoRom, nicRom, off } = machine;
  const cdrom = cdOf(machine, shelf);
  const common = {
    ramBytes,
    ...plainFields(machine),
    ...(videoRom === null ? {} : { videoRom: shelf.read(videoRom) }),
    ...(nicRom === null ? {} : { nicRom: shelf.rom(nicRom) }),
    ...(key === null ? {} : { key: key === KEY_OF_SEED ? keyOfSeed(seed) : shelf.key(key) }),
    ...(macAddress === null ? {} : { macAddress: parseMac(macAddress) }),
    ...(cdrom ? { cdrom } : {}),
    ...(off ? { off } : {}),
  };
  const diskOf = ownDisk(machine, names, shelf);
  return names.map((name): NodeOptions => {
    const disk = diskOf(name);
    return { name, ...common, ...furtherDrives(machine, cdrom !== null, shelf), ...(disk ? { disk } : {}) };
  });
}

/** A run that came by a link has its sites in it, not in a file. */
const sitesOf = (path: string, shelf: Shelf): WorldOptions =>
  isSitesText(path) ? readSites("the sites", new TextEncoder().encode(path)) : readSites(path, shelf.read(path));

/** What LabCluster makes the machines of a plan from, but for the host that they run on. */
export function clusterOf(plan: Plan, shelf: Shelf): Omit<ClusterOptions, "host"> {
  const { seed, startSeconds, nsPerInstruction, firmware, network, run } = plan;
  // A mistake in a file of sites is told before disks are prepared, which takes seconds.
  const world = network.sites === null ? {} : { world: sitesOf(network.sites, shelf) };
  return {
    nodes: namedMachines(plan.machines).flatMap(({ machine, names }) => nodesOf(machine, names, seed, shelf)),
    firmware: firmware === null ? shelf.firmware() : shelf.read(firmware),
    seed,
    startSeconds,
    nsPerInstruction,
    gateway: network.gateway,
    ...world,
    jit: run.jit,
    reboot: run.reboot,
    realtime: run.realtime,
  };
}
