/** What is in the drives of a lab's machines: bytes, or anything that reads and writes them. */

import {
  type BoardParts,
  type Drive,
  mapStored,
  type NicModel,
  plainParts,
  type SoundCardConfig,
  type StoredParts,
} from "../../emulator/board-config.ts";
import type { ModelName } from "../../emulator/cpu/model.ts";
import { disketteBytes } from "../../emulator/devices/storage/floppy-drive.ts";
import type { BlockBackend } from "../../emulator/disk/block.ts";
import { BytesDisk, SparseDisk } from "../../emulator/disk/disk.ts";
import { checkRaw } from "../../emulator/disk/format.ts";
import { type Settings, settingFilesOf } from "./setting-files.ts";

const CD_SECTOR_BYTES = 2048;
const SECTOR_BYTES = 512;

/** A disk or CD: bytes, or anything that reads and writes them. */
export type Medium = Uint8Array | BlockBackend;

/**
 * A drive at an IDE channel or at a port of an AHCI adapter; a CD drive may be without a CD until somebody puts one in.
 */
export type LabDrive = Drive<Medium>;

/** What a machine may have beyond a disk, a CD and a network card. */
export interface MachineParts extends Settings {
  /** Further drives at the IDE channels: hdb, hdc (if there is no `cdrom`) and hdd. */
  readonly drives?: readonly (LabDrive | null)[];
  /** Virtio disks: vda, vdb, ... */
  readonly virtioDisks?: readonly Medium[];
  /** Drives at the ports of an AHCI adapter, at most 6; without any there is none. */
  readonly ahci?: readonly (LabDrive | null)[];
  /** Diskettes in the drives A and B. */
  readonly floppies?: readonly (Medium | null)[];
  /** Where firmware looks for a system: a diskette, c disk, d CD, n network. */
  readonly bootOrder?: string;
  /** A video BIOS for the display adapter. */
  readonly videoRom?: Uint8Array;
  /** The model of its network card; e1000 when absent. */
  readonly nic?: NicModel;
  /** The expansion ROM of its network card, such as iPXE's for this model. */
  readonly nicRom?: Uint8Array;
  /** Its processor; DEFAULT_MODEL when absent. */
  readonly processor?: ModelName;
  /** How many processors it has, 1 to 8; 1 when absent. */
  readonly processors?: number;
  /** Whether it has a high precision event timer; true when absent. */
  readonly hpet?: boolean;
  /** How many serial ports it has, 2 to 4: COM1, COM2, ...; 2 when absent. */
  readonly serialPorts?: number;
  /** Whether it has a parallel port, LPT1, with a printer; false when absent. */
  readonly parallelPort?: boolean;
  /** Sound cards, one of each model at the most. */
  readonly sound?: readonly SoundCardConfig[];
}

function roundedUp(bytes: number, unitBytes: number): number {
  return Math.ceil(bytes / unitBytes) * unitBytes;
}

/** Media that are given as bytes: nodes with the same bytes share one copy of them. */
export class Media {
  readonly #known = new Map<Uint8Array, BytesDisk>();

  #base(bytes: Uint8Array, unitBytes = CD_SECTOR_BYTES, sizeBytes = roundedUp(bytes.length, unitBytes)): BytesDisk {
    let base = this.#known.get(bytes);
    if (!base) checkRaw(null, bytes);
    if (!base) this.#known.set(bytes, (base = new BytesDisk(new Uint8Array(bytes), sizeBytes)));
    return base;
  }

  disk(medium: Medium, unitBytes?: number, sizeBytes?: number): BlockBackend {
    if (!(medium instanceof Uint8Array)) return medium;
    const base = this.#base(medium, unitBytes, sizeBytes);
    return new SparseDisk(base.sizeBytes, { base });
  }

  /** What is missing at the end of a diskette's image is zeros. */
  diskette(medium: Medium): BlockBackend {
    if (!(medium instanceof Uint8Array)) return medium;
    return this.disk(medium, SECTOR_BYTES, roundedUp(disketteBytes(medium.length), SECTOR_BYTES));
  }

  cdrom(medium: Medium): BlockBackend {
    return medium instanceof Uint8Array ? this.#base(medium) : medium;
  }
}

/** Parts as `partsOf` takes them, of those that it made; without settings. */
export function machinePartsOf({ ide, settings: _settings, ...parts }: BoardParts): MachineParts {
  // The first is the machine's own disk.
  return { ...parts, ...(ide ? { drives: ide.slice(1) } : {}) };
}

/** The parts of a machine that most do not have. */
export function partsOf(
  { drives, virtioDisks, ahci, floppies, videoRom, nicRom, key, hostName, ...plain }: MachineParts,
  media: Media,
  disk: BlockBackend | null,
  cdrom: BlockBackend | null,
): { parts?: BoardParts } {
  const [hdb = null, hdc = null, hdd = null] = drives ?? [];
  const stored: StoredParts<Medium, Uint8Array> = {
    ...(drives
      ? {
          ide: [disk && { kind: "disk", medium: disk }, hdb, cdrom ? { kind: "cd", medium: cdrom } : hdc, hdd],
        }
      : {}),
    ...(virtioDisks?.length ? { virtioDisks } : {}),
    ...(ahci?.length ? { ahci } : {}),
    ...(floppies?.some((floppy) => floppy !== null)
      ? { floppies: floppies.map((floppy) => floppy && media.diskette(floppy)) }
      : {}),
    ...(videoRom ? { videoRom } : {}),
    ...(nicRom ? { nicRom } : {}),
  };
  const parts: BoardParts = {
    ...mapStored(stored, {
      disk: (medium) => media.disk(medium, SECTOR_BYTES),
      cd: (medium) => media.cdrom(medium),
      rom: (rom) => rom,
    }),
    ...plainParts(plain),
    ...settingFilesOf({ ...(key === undefined ? {} : { key }), ...(hostName === undefined ? {} : { hostName }) }),
  };
  return Object.keys(parts).length > 0 ? { parts } : {};
}
