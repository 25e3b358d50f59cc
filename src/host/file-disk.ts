/** A disk whose bytes are a file of the host. */
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import type { BlockBackend } from "../../emulator/disk/block.ts";
import { checkRaw, FORMAT_BYTES } from "../../emulator/disk/format.ts";
import { naming } from "./files.ts";

const SECTOR_BYTES = 512;

export interface FileDiskOptions {
  readonly readOnly: boolean;
  /**
   * `raw`: an archive is meant as it is. `guest`: the disk is a machine's own already, and what its guest has written
   * there is its affair. Absent: a file that is no disk as it is is refused.
   */
  readonly content?: "raw" | "guest";
}

export class FileDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly path: string;
  readonly #file: number;
  readonly #fileBytes: number;

  /**
   * The size is rounded up to whole sectors; a read past the end of the file gives zeros. Throws an ImageFormatError
   * for a file that is no disk as it is.
   */
  constructor(path: string, { readOnly, content }: FileDiskOptions) {
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
    if (content === "guest") return;
    const beginning = new Uint8Array(FORMAT_BYTES);
    try {
      this.read(0, beginning);
      checkRaw(path, beginning, content === "raw");
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  read(offsetBytes: number, target: Uint8Array): void {
    let done = 0;
    while (done < target.length) {
      const count = naming(this.path, () =>
        readSync(this.#file, target, done, target.length - done, offsetBytes + done),
      );
      if (count === 0) break;
      done += count;
    }
    target.fill(0, done);
  }

  write(offsetBytes: number, source: Uint8Array): void {
    if (this.readOnly) throw new Error("a write to a disk that was opened for reading");
    // No guest can do anything about the host's disk; whoever runs it can, and must know which file it is.
    naming(this.path, () => {
      for (let done = 0; done < source.length; )
        done += writeSync(this.#file, source, done, source.length - done, offsetBytes + done);
    });
  }

  flush(): void {
    if (!this.readOnly) naming(this.path, () => fdatasyncSync(this.#file));
  }

  /** Size of the file itself, before it was rounded up. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  close(): void {
    closeSync(this.#file);
  }
}
