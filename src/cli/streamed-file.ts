/**
 * A file that is written as it is made, and never in memory as a whole: under another name until it is done, so that
 * what was there before stays whole.
 */
import { closeSync, ftruncateSync, openSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { asideOf, naming, rename, writeSparsely } from "../host/files.ts";
import { makeFolder } from "../host/folder.ts";
import type { FileSink } from "../object/file-sink.ts";

/** What is written at once. */
const BUFFER_BYTES = 0x80000;

export class StreamedFile {
  readonly #path: string;
  readonly #aside: string;
  readonly #mode: number;
  readonly #windows: Window[] = [];
  /** Null before anything is written, and after the end. */
  #file: number | null = null;

  /** A device or a pipe, in which nothing has a place, cannot be written so. `mode`: permissions. */
  constructor(path: string, mode: number) {
    this.#path = path;
    this.#aside = asideOf(path);
    this.#mode = mode;
  }

  sink(): FileSink {
    const file = (this.#file ??= this.#create());
    const window = new Window(
      (bytes, at) => naming(this.#path, () => writeSparsely(file, bytes, at)),
      () => this.sink(),
    );
    this.#windows.push(window);
    return window;
  }

  /** The file is whole, and gets its name. */
  finish(sizeBytes: number): void {
    for (const window of this.#windows) window.flush();
    naming(this.#path, () => ftruncateSync(this.#file!, sizeBytes));
    this.#close();
    rename(this.#aside, this.#path);
  }

  /** Leaves nothing of a file that was not finished. */
  discard(): void {
    if (this.#file === null) return;
    this.#close();
    rmSync(this.#aside, { force: true });
  }

  #create(): number {
    makeFolder(dirname(this.#path));
    return naming(this.#path, () => openSync(this.#aside, "wx", this.#mode));
  }

  #close(): void {
    closeSync(this.#file!);
    this.#file = null;
  }
}

/** The part of the file that is being written. */
class Window implements FileSink {
  readonly #write: (bytes: Uint8Array, at: number) => void;
  readonly #another: () => FileSink;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #start = 0;
  #sizeBytes = 0;

  constructor(write: (bytes: Uint8Array, at: number) => void, another: () => FileSink) {
    this.#write = write;
    this.#another = another;
  }

  window(at: number, sizeBytes: number): Uint8Array {
    // What lies between two pieces may be written by another window.
    if (at !== this.#start + this.#sizeBytes || this.#sizeBytes + sizeBytes > this.#buffer.length) {
      this.flush();
      this.#start = at;
      if (sizeBytes > this.#buffer.length) this.#buffer = new Uint8Array(sizeBytes);
    }
    const from = this.#sizeBytes;
    this.#sizeBytes += sizeBytes;
    return this.#buffer.subarray(from, this.#sizeBytes);
  }

  giveBack(sizeBytes: number): void {
    this.#sizeBytes -= sizeBytes;
  }

  beside(): FileSink {
    return this.#another();
  }

  flush(): void {
    if (this.#sizeBytes > 0) this.#write(this.#buffer.subarray(0, this.#sizeBytes), this.#start);
    this.#sizeBytes = 0;
  }
}
