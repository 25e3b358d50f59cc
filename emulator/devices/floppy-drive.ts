/** A diskette drive with its medium: the formats by size, the head, and the line that tells of a change. */
import type { BlockBackend } from "../disk/block.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";

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

/** Sizes that a diskette can have, for messages. */
function floppySizes(): string {
  return FORMATS.map(({ cylinders, heads, sectors }) => (cylinders * heads * sectors) / 2).join(", ");
}

export class FloppyDrive implements Stateful {
  readonly backend: BlockBackend;
  readonly format: FloppyFormat;
  /** Where the head is. */
  cylinder = 0;
  /** DSKCHG#: nobody has moved the head since the diskette came. */
  changed = true;

  constructor(backend: BlockBackend) {
    const found = floppyFormat(backend.sizeBytes);
    if (!found) throw new RangeError(`a diskette of ${backend.sizeBytes} bytes: the sizes are ${floppySizes()} KiB`);
    this.backend = backend;
    this.format = found;
  }

  /** The head moves; it stops at its ends. */
  seek(cylinder: number): void {
    this.cylinder = Math.max(0, Math.min(cylinder, this.format.cylinders + 2));
    this.changed = false;
  }

  /** Where a sector lies in the image, or -1 when the track has none of that number. */
  offsetOf(head: number, sector: number): number {
    const { cylinders, heads, sectors } = this.format;
    if (this.cylinder >= cylinders || head >= heads || sector < 1 || sector > sectors) return -1;
    return ((this.cylinder * heads + head) * sectors + sector - 1) * SECTOR_BYTES;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("diskette drive", 1);
    this.cylinder = visitor.u8(this.cylinder);
    this.changed = visitor.bool(this.changed);
  }
}
