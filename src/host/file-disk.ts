/** A disk whose bytes are a file of the host. */
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import type { BlockBackend } from "../../emulator/disk/block.ts";

const SECTOR_BYTES = 512;

export class FileDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly path: string;
  readonly #file: number;
  readonly #fileBytes: number;

  /** The size is rounded up to whole sectors; a read past the end of the file gives zeros. */
  constructor(path: string, { readOnly }: { readOnly: boolean }) {
    this.path = path;
    this.#file = openSync(path, readOnly ? "r" : "r+");
    const status = fstatSync(this.#file);
    if (status.isDirectory()) {
      closeSync(this.#file);
      throw Object.assign(new Error(`${path} is a folder`), { code: "EISDIR", path });
    }
    const { size } = status;
    this.#fileBytes = size;
    this.readOnly = readOnly;
    this.sizeBytes = Math.max(1, Math.ceil(size / SECTOR_BYTES)) * SECTOR_BYTES;
  }

  read(offsetBytes: number, target: Uint8Array): void {
    let done = 0;
    while (done < target.length) {
      const count = readSync(this.#file, target, done, target.length - done, offsetBytes + done);
      if (count === 0) break;
      done += count;
    }
    target.fill(0, done);
  }

  write(offsetBytes: number, source: Uint8Array): void {
    if (this.readOnly) throw new Error("a write to a disk that was opened for reading");
    try {
      for (let done = 0; done < source.length; )
        done += writeSync(this.#file, source, done, source.length - done, offsetBytes + done);
    } catch (error) {
      // No guest can do anything about the host's disk; who runs it can, and must know which file it is.
      throw Object.assign(error as Error, { path: this.path });
    }
  }

  flush(): void {
    if (!this.readOnly) fdatasyncSync(this.#file);
  }

  /** Size of the file itself, before it was rounded up. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  close(): void {
    closeSync(this.#file);
  }
}
