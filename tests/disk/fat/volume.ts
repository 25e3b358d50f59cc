/** FAT volumes in memory. */
import { Random } from "../../../emulator/state/random.ts";
import { FatFileSystem, type FatType, formatFat } from "../../../src/disk/fat/index.ts";
import type { BlockDevice } from "../../../src/disk/oofs/index.ts";

export const MIB = 1 << 20;
const SECONDS = 1_700_000_000;
export const now = (): { seconds: number; nanoseconds: number } => ({ seconds: SECONDS, nanoseconds: 0 });

/** A device in memory, which refuses what goes beyond its end. */
export class Memory implements BlockDevice {
  readonly readOnly = false;
  readonly bytes: Uint8Array;
  reads = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  #check(at: number, count: number): void {
    if (at < 0 || at + count > this.bytes.length) throw new RangeError(`${at} + ${count} is beyond the device`);
  }

  read(at: number, target: Uint8Array): void {
    this.#check(at, target.length);
    this.reads += target.length;
    target.set(this.bytes.subarray(at, at + target.length));
  }

  write(at: number, source: Uint8Array): void {
    this.#check(at, source.length);
    this.bytes.set(source, at);
  }

  flush(): void {}
}

export const open = (bytes: Uint8Array, readOnly = false): FatFileSystem =>
  new FatFileSystem(new Memory(bytes), { readOnly, now });

export function formatted(type: FatType, mib: number): Uint8Array {
  const bytes = new Uint8Array(mib * MIB);
  formatFat(new Memory(bytes), type, { id: 0x1234_5678 });
  return bytes;
}

export const content = (bytes: number, seed = 1): Uint8Array => {
  const random = new Random(seed);
  return Uint8Array.from({ length: bytes }, () => random.below(256));
};

export const KINDS = [
  ["fat12", 3],
  ["fat16", 24],
  ["fat32", 64],
] as const;
