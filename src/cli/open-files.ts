/**
 * Large files that are read where they are wanted: the objects of a link, of which little needs to be in memory.
 * Whoever opens them closes them all.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import type { ByteSource } from "../object/byte-source.ts";
import { ElfError } from "../object/elf-reader.ts";

/** Smaller files are better read as a whole. */
const LEAST_BYTES = 0x40000;
/** So many are open at once. */
const MOST_FILES = 256;
/** What is smaller is read together with what follows it. */
const CHUNK_BYTES = 0x4000;
/** The same where nothing of the file was read just before: often nothing will be after it either. */
const FIRST_CHUNK_BYTES = 0x800;

export class OpenFiles {
  readonly #files: number[] = [];
  readonly #contents = new Chunk();
  readonly #looks = new Chunk();
  #scratch = new Uint8Array(CHUNK_BYTES);

  /** Null for what is better read as a whole, and for what cannot be opened. */
  open(path: string): ByteSource | null {
    if (this.#files.length >= MOST_FILES) return null;
    const status = statSync(path, { throwIfNoEntry: false });
    if (!status?.isFile() || status.size < LEAST_BYTES) return null;
    const file = openSync(path, "r");
    this.#files.push(file);
    return new OpenFile(path, file, status.size, this);
  }

  close(): void {
    for (const file of this.#files.splice(0)) closeSync(file);
  }

  readInto(source: OpenFile, target: Uint8Array, offset: number): void {
    if (target.length >= CHUNK_BYTES) source.fill(target, offset);
    else target.set(this.#contents.bytes(source, offset, target.length));
  }

  peek(source: OpenFile, offset: number, sizeBytes: number): Uint8Array {
    if (sizeBytes < CHUNK_BYTES) return this.#looks.bytes(source, offset, sizeBytes);
    if (this.#scratch.length < sizeBytes) this.#scratch = new Uint8Array(sizeBytes);
    const bytes = this.#scratch.subarray(0, sizeBytes);
    source.fill(bytes, offset);
    return bytes;
  }
}

class OpenFile implements ByteSource {
  readonly length: number;
  readonly #path: string;
  readonly #file: number;
  readonly #files: OpenFiles;

  constructor(path: string, file: number, length: number, files: OpenFiles) {
    this.#path = path;
    this.#file = file;
    this.length = length;
    this.#files = files;
  }

  read(offset: number, sizeBytes: number): Uint8Array {
    const bytes = new Uint8Array(sizeBytes);
    this.#files.readInto(this, bytes, offset);
    return bytes;
  }

  peek(offset: number, sizeBytes: number): Uint8Array {
    return this.#files.peek(this, offset, sizeBytes);
  }

  readInto(target: Uint8Array, offset: number): void {
    this.#files.readInto(this, target, offset);
  }

  fill(target: Uint8Array, offset: number): void {
    for (let done = 0; done < target.length; ) {
      const count = readSync(this.#file, target, done, target.length - done, offset + done);
      if (count === 0) throw new ElfError(this.#path, "the file became shorter while it was read");
      done += count;
    }
  }
}

/** The piece of a file that was read last. */
class Chunk {
  #source: OpenFile | null = null;
  #start = 0;
  #end = 0;
  readonly #bytes = new Uint8Array(CHUNK_BYTES);

  bytes(source: OpenFile, offset: number, sizeBytes: number): Uint8Array {
    if (source !== this.#source || offset < this.#start || offset + sizeBytes > this.#end) {
      const wanted = source === this.#source ? CHUNK_BYTES : Math.max(FIRST_CHUNK_BYTES, sizeBytes);
      const count = Math.min(wanted, source.length - offset);
      this.#source = null;
      source.fill(this.#bytes.subarray(0, count), offset);
      this.#source = source;
      this.#start = offset;
      this.#end = offset + count;
    }
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + sizeBytes);
  }
}
