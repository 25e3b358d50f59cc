/** A diskette drive and what is in it: the formats by size, the head, and the line that tells of a change. */
import { MediumBay } from "../../disk/bay.ts";
import type { BlockBackend } from "../../disk/block.ts";
import { BytesDisk, SparseDisk, TrackedDisk } from "../../disk/disk.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import { StateError } from "../../state/state-io.ts";
import type { RemovableDrive } from "./removable-drive.ts";

export const SECTOR_BYTES = 512;

/** Data rates as the rate select register names them. */
const RATE_500K = 0;
const RATE_300K = 1;
const RATE_250K = 2;
const RATE_1M = 3;

/** Kinds of drives as the battery-backed memory and INT 13h AH=08h name them. */
const DRIVE_360K = 1;
const DRIVE_1M2 = 2;
const DRIVE_720K = 3;
const DRIVE_1M44 = 4;
const DRIVE_2M88 = 5;

export interface FloppyFormat {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectors: number;
  /** Rates at which the drive reads such a diskette. */
  readonly rates: readonly number[];
  readonly driveKind: number;
}

const LOW_RATES = [RATE_250K, RATE_300K];
function format(cylinders: number, heads: number, sectors: number, rates: readonly number[], driveKind: number) {
  return { cylinders, heads, sectors, rates, driveKind };
}

/** All formats, by the size of their images. */
const FORMATS: readonly FloppyFormat[] = [
  format(40, 1, 8, LOW_RATES, DRIVE_360K),
  format(40, 1, 9, LOW_RATES, DRIVE_360K),
  format(40, 2, 8, LOW_RATES, DRIVE_360K),
  format(40, 2, 9, LOW_RATES, DRIVE_360K),
  format(80, 2, 8, [RATE_250K], DRIVE_720K),
  format(80, 2, 9, [RATE_250K], DRIVE_720K),
  format(80, 2, 15, [RATE_500K], DRIVE_1M2),
  format(80, 2, 18, [RATE_500K], DRIVE_1M44),
  format(80, 2, 20, [RATE_500K], DRIVE_1M44),
  format(80, 2, 21, [RATE_500K], DRIVE_1M44),
  format(82, 2, 21, [RATE_500K], DRIVE_1M44),
  format(83, 2, 21, [RATE_500K], DRIVE_1M44),
  format(80, 2, 36, [RATE_1M], DRIVE_2M88),
];

/** The format of an image of this size, or null when there is none. */
function floppyFormat(sizeBytes: number): FloppyFormat | null {
  return (
    FORMATS.find(({ cylinders, heads, sectors }) => cylinders * heads * sectors * SECTOR_BYTES === sizeBytes) ?? null
  );
}

const LARGEST_BYTES = 2880 * 1024;

/**
 * How much the diskette holds whose image has this size. An image of no known size that is no larger than the largest,
 * such as a boot sector with a kernel behind it, is the beginning of that one: QEMU has it so.
 */
export function disketteBytes(imageBytes: number): number {
  const begins = imageBytes > 0 && imageBytes < LARGEST_BYTES && !floppyFormat(imageBytes);
  return begins ? LARGEST_BYTES : imageBytes;
}

/** Sizes that a diskette can have, for messages. */
function floppySizes(): string {
  return FORMATS.map(({ cylinders, heads, sectors }) => (cylinders * heads * sectors) / 2).join(", ");
}

/** As drives name them, and those that are inserted into the same slot: the last one reads what all of them do. */
const SLOTS: readonly (readonly number[])[] = [
  [DRIVE_360K, DRIVE_1M2],
  [DRIVE_720K, DRIVE_1M44, DRIVE_2M88],
];

function formatOf(sizeBytes: number): FloppyFormat {
  const found = floppyFormat(sizeBytes);
  if (!found) throw new RangeError(`a diskette of ${sizeBytes} bytes: the sizes are ${floppySizes()} KiB`);
  return found;
}

export class FloppyDrive implements Stateful, RemovableDrive {
  /** Of the diskette that it had when it was made, and by which its kind is chosen; with others in it, theirs. */
  readonly kind: number;
  /** A diskette drive has neither a tray nor a lock. */
  readonly isOpen = false;
  readonly isLocked = false;
  readonly #bay: MediumBay;
  #format: FloppyFormat;
  /** Where the head is. */
  cylinder = 0;
  /** DSKCHG#: nobody has moved the head since the diskette came. */
  changed = true;

  constructor(backend: BlockBackend) {
    this.#format = formatOf(backend.sizeBytes);
    this.kind = this.#format.driveKind;
    this.#bay = new MediumBay(backend);
  }

  get medium(): BlockBackend | null {
    return this.#bay.medium;
  }

  get hasOther(): boolean {
    return this.#bay.hasOther;
  }

  /** Of the diskette that is in it, or was. */
  get format(): FloppyFormat {
    return this.#format;
  }

  open(): void {
    // There is no tray: what comes next is that the diskette is pulled out.
  }

  remove(): void {
    this.#bay.remove();
    this.changed = true;
  }

  insert(content: Uint8Array): void {
    const format = formatOf(content.length);
    const slot = SLOTS.find((kinds) => kinds.includes(this.kind))!;
    if (!slot.includes(format.driveKind) || format.driveKind > this.kind)
      throw new RangeError(`a diskette of ${content.length / 1024} KiB: the drive is for ${this.#sizes}`);
    const base = new BytesDisk(content, content.length);
    this.#bay.put(new TrackedDisk(new SparseDisk(base.sizeBytes, { base })));
    this.#format = format;
    this.changed = true;
  }

  /** Of the diskettes that the drive reads, for messages. */
  get #sizes(): string {
    const slot = SLOTS.find((kinds) => kinds.includes(this.kind))!;
    const kinds = slot.filter((kind) => kind <= this.kind);
    const fitting = FORMATS.filter(({ driveKind }) => kinds.includes(driveKind));
    return `${fitting.map(({ cylinders, heads, sectors }) => (cylinders * heads * sectors) / 2).join(", ")} KiB`;
  }

  /** The head moves; it stops at its ends. Steps alone do not bring a diskette. */
  seek(cylinder: number): void {
    this.cylinder = Math.max(0, Math.min(cylinder, this.format.cylinders + 2));
    if (this.medium) this.changed = false;
  }

  /** Where a sector lies in the image, or -1 when the track has none of that number. */
  offsetOf(head: number, sector: number): number {
    const { cylinders, heads, sectors } = this.format;
    if (this.cylinder >= cylinders || head >= heads || sector < 1 || sector > sectors) return -1;
    return ((this.cylinder * heads + head) * sectors + sector - 1) * SECTOR_BYTES;
  }

  visitState(visitor: StateVisitor): void {
    this.#bay.visitState(visitor);
    visitor.part("diskette drive", 2);
    const format = FORMATS[visitor.u8(FORMATS.indexOf(this.#format))];
    if (!format) throw new StateError("the state has a diskette of no known format");
    this.#format = format;
    this.cylinder = visitor.u8(this.cylinder);
    this.changed = visitor.bool(this.changed);
  }
}
