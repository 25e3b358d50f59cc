/** The parts of a machine that hold media or ROMs, as a snapshot's configuration has them: media by their numbers. */
import { type BoardParts, type DriveConfig, NIC_MODELS, type NicModel } from "../board-config.ts";
import type { BlockBackend } from "../disk/block.ts";
import { SnapshotError } from "./snapshot-file.ts";

interface SavedDrive {
  readonly kind: DriveConfig["kind"];
  /** Null for a CD drive that began without a CD. */
  readonly medium: number | null;
}

/** Drives at both IDE channels, the machine's own disk and CD among them, and whatever else has media. */
export interface SavedParts {
  readonly ide?: readonly (SavedDrive | null)[];
  readonly floppies?: readonly (number | null)[];
  readonly virtioDisks?: readonly number[];
  readonly ahci?: readonly (SavedDrive | null)[];
  readonly bootOrder?: string;
  readonly nic?: NicModel;
  readonly nicRom?: number;
  readonly videoRom?: number;
}

type MediumParts = Pick<BoardParts, keyof SavedParts>;

/** Numbers its media with `medium`, and its ROMs with `rom`. */
export function saveParts(
  { ide, floppies, virtioDisks, ahci, bootOrder, nic, nicRom, videoRom }: MediumParts,
  medium: (backend: BlockBackend) => number,
  rom: (bytes: Uint8Array) => number,
): SavedParts {
  const drive = (config: DriveConfig | null): SavedDrive | null =>
    config && { kind: config.kind, medium: config.backend && medium(config.backend) };
  return {
    ...(ide ? { ide: ide.map(drive) } : {}),
    ...(floppies ? { floppies: floppies.map((floppy) => floppy && medium(floppy)) } : {}),
    ...(virtioDisks ? { virtioDisks: virtioDisks.map(medium) } : {}),
    ...(ahci ? { ahci: ahci.map(drive) } : {}),
    ...(bootOrder === undefined ? {} : { bootOrder }),
    ...(nic === undefined ? {} : { nic }),
    ...(nicRom ? { nicRom: rom(nicRom) } : {}),
    ...(videoRom ? { videoRom: rom(videoRom) } : {}),
  };
}

function listOf<Item>(list: readonly Item[]): readonly Item[] {
  if (!Array.isArray(list)) throw new SnapshotError("the snapshot's drives are no list");
  return list;
}

/** The parts with their media: `disk` and `cd` make them of numbers, `rom` the bytes of a ROM. */
export function loadParts(
  { ide, floppies, virtioDisks, ahci, bootOrder, nic, nicRom, videoRom }: SavedParts,
  disk: (number: number) => BlockBackend,
  cd: (number: number) => BlockBackend,
  rom: (number: number) => Uint8Array,
): MediumParts {
  if (nic !== undefined && !NIC_MODELS.includes(nic))
    throw new SnapshotError(`the snapshot has a network card that this version of QuRe does not know: ${nic}`);
  const drive = (saved: SavedDrive | null): DriveConfig | null => {
    if (saved === null) return null;
    if (saved.kind === "cd") return { kind: "cd", backend: saved.medium === null ? null : cd(saved.medium) };
    if (saved.medium === null) throw new SnapshotError("the snapshot has a disk drive without a disk");
    return { kind: "disk", backend: disk(saved.medium) };
  };
  return {
    ...(ide ? { ide: listOf(ide).map(drive) } : {}),
    ...(floppies ? { floppies: listOf(floppies).map((number) => (number === null ? null : disk(number))) } : {}),
    ...(virtioDisks ? { virtioDisks: listOf(virtioDisks).map(disk) } : {}),
    ...(ahci ? { ahci: listOf(ahci).map(drive) } : {}),
    ...(bootOrder === undefined ? {} : { bootOrder }),
    ...(nic === undefined ? {} : { nic }),
    ...(nicRom === undefined ? {} : { nicRom: rom(nicRom) }),
    ...(videoRom === undefined ? {} : { videoRom: rom(videoRom) }),
  };
}
