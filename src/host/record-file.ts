/**
 * A file that grows record by record while something runs: a trace, a log, a capture. A record is in it whole or not at
 * all, also when the disk is full, and an error names the file: Node does not, once a file is open.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "./folder.ts";

export class RecordFile {
  readonly #path: string;
  readonly #file: number;
  #sizeBytes = 0;

  /** What the file held before is gone. Folders are made as needed. */
  constructor(path: string) {
    makeFolder(dirname(path));
    this.#path = path;
    this.#file = openSync(path, "w");
  }

  append(record: Uint8Array | string): void {
    const bytes = typeof record === "string" ? Buffer.from(record) : record;
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done, bytes.length - done);
      this.#sizeBytes += bytes.length;
    } catch (error) {
      try {
        ftruncateSync(this.#file, this.#sizeBytes);
      } catch {
        // A device or a pipe has nothing that could be taken back.
      }
      throw Object.assign(error as Error, { path: this.#path });
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
