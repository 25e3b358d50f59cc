/** Disks for tests: in memory, sparse, remembering what is written, failing on request. */
import { Random as Generator } from "../../../emulator/state/random.ts";
import type { BlockDevice } from "../../../src/disk/oofs/index.ts";

export const SECTOR_BYTES = 512;

export class MemoryDisk implements BlockDevice {
  readonly sizeBytes: number;
  readOnly = false;
  bytes: Uint8Array;

  constructor(content: Uint8Array | number) {
    this.bytes = typeof content === "number" ? new Uint8Array(content) : content;
    this.sizeBytes = this.bytes.length;
  }

  read(offset: number, target: Uint8Array): void {
    if (offset < 0 || offset + target.length > this.sizeBytes) throw new Error("a read outside the disk");
    target.set(this.bytes.subarray(offset, offset + target.length));
  }

  write(offset: number, source: Uint8Array): void {
    if (this.readOnly) throw new Error("a write to a read-only disk");
    if (offset < 0 || offset + source.length > this.sizeBytes) throw new Error("a write outside the disk");
    this.bytes.set(source, offset);
  }

  flush(): void {}
}

/** A disk of any size that keeps only what was written. */
export class HugeDisk implements BlockDevice {
  readonly readOnly = false;
  readonly sizeBytes: number;
  readonly blocks = new Map<number, Uint8Array>();
  reads = 0;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  read(offset: number, target: Uint8Array): void {
    this.reads++;
    const block = this.blocks.get(Math.floor(offset / 4096));
    const start = offset % 4096;
    if (block) target.set(block.subarray(start, start + target.length));
    else target.fill(0);
  }

  write(offset: number, source: Uint8Array): void {
    const number = Math.floor(offset / 4096);
    const block = this.blocks.get(number) ?? new Uint8Array(4096);
    block.set(source, offset % 4096);
    this.blocks.set(number, block);
  }

  flush(): void {}
}

/** A write of one sector, or a flush. */
export type Written = { readonly sector: number; readonly bytes: Uint8Array; readonly call: number } | null;

/** A disk that remembers the order of everything that was written, and can fail. */
export class RecordingDisk extends MemoryDisk {
  readonly log: Written[] = [];
  /** Writes and flushes so far, and the number of the one that fails. */
  operations = 0;
  failAt = Number.POSITIVE_INFINITY;
  reads = 0;
  failReadAt = Number.POSITIVE_INFINITY;

  override read(offset: number, target: Uint8Array): void {
    if (++this.reads === this.failReadAt) throw new Error("the disk cannot read");
    super.read(offset, target);
  }

  override write(offset: number, source: Uint8Array): void {
    if (++this.operations === this.failAt) throw new Error("the disk cannot write");
    super.write(offset, source);
    for (let at = 0; at < source.length; at += SECTOR_BYTES)
      this.log.push({
        sector: (offset + at) / SECTOR_BYTES,
        bytes: source.slice(at, at + SECTOR_BYTES),
        call: this.operations,
      });
  }

  override flush(): void {
    if (++this.operations === this.failAt) throw new Error("the disk cannot flush");
    this.log.push(null);
  }
}

/** The project's generator, with content for files. */
export class Random extends Generator {
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
