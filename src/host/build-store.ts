/**
 * What builds leave for the next one, in `.qure-cache/` beside the images: the parts that were made, and a record of
 * which files a build has read and written. By the record a build to which nothing has changed is told without looking
 * into one of them. Each file begins with a hash of the rest: one that is damaged, or of another version, is as none.
 * They are written aside and renamed after the images, so that at every moment what is there is true.
 */
import { createHash } from "node:crypto";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { listFiles, readIfPresent, type WrittenFile, writeFilesAside } from "./files.ts";
import type { SourceLayers } from "./source-layers.ts";

const FOLDER = ".qure-cache";
const PARTS = "build-parts";
const RECORD = "build-record";
const HASH_BYTES = 32;
/** A file that was changed so shortly before it was read may be changed again and look the same. */
const UNSETTLED_MS = 2000;
/** Nobody writes for so long. */
const ABANDONED_MS = 600_000;

/** What tells from outside that a file is another one or was written to; null where there is none. */
type Looks = readonly [sizeBytes: number, inode: number, modifiedMs: number, changedMs: number] | null;

interface ReadFile {
  readonly path: string;
  readonly looks: Looks;
  /** Of the content; null where there is none. */
  readonly hash: string | null;
}

interface Record {
  /** What was built: its options, and who has built it. */
  readonly key: string;
  readonly startMs: number;
  readonly folders: readonly (readonly [folder: string, paths: readonly string[]])[];
  readonly inputs: readonly ReadFile[];
  readonly outputs: readonly WrittenFile[];
}

const hashOf = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

function looksOf(path: string): Looks {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? [stats.size, stats.ino, stats.mtimeMs, stats.ctimeMs] : null;
}

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The sources below a folder, and what was asked of them. */
export class ReadTree {
  readonly #sources: SourceLayers;
  readonly #startMs = Date.now();
  readonly #folders = new Map<string, readonly string[]>();
  readonly #inputs = new Map<string, { readonly looks: Looks; readonly bytes: Uint8Array | null }>();

  constructor(sources: SourceLayers) {
    this.#sources = sources;
  }

  list(folder: string): readonly string[] {
    const known = this.#folders.get(folder) ?? this.#sources.list(folder);
    this.#folders.set(folder, known);
    return known;
  }

  read(path: string): Uint8Array | null {
    let input = this.#inputs.get(path);
    if (input === undefined) {
      // Before it is read: what is written in between shows as a change.
      const file = this.#sources.locate(path);
      const looks = looksOf(file);
      this.#inputs.set(path, (input = { looks, bytes: readIfPresent(file) }));
    }
    return input.bytes;
  }

  record(key: string, outputs: readonly WrittenFile[]): Record {
    const inputs = [...this.#inputs].map(([path, { looks, bytes }]) => ({
      path,
      looks,
      hash: bytes && hashOf(bytes).toString("base64"),
    }));
    return { key, startMs: this.#startMs, folders: [...this.#folders], inputs, outputs };
  }
}

export class BuildStore {
  readonly #folder: string;
  readonly #version: string;

  /** `version`: of whoever builds, without which nothing that is kept means anything. */
  constructor(output: string, version: string) {
    this.#folder = join(output, FOLDER);
    this.#version = version;
  }

  /** Whether the last build was of the same, and its sources and what it has made are as they were. */
  isUnchanged(key: string, sources: SourceLayers): boolean {
    const bytes = this.#read(RECORD);
    const record = bytes && (JSON.parse(Buffer.from(bytes).toString()) as Record);
    if (record?.key !== key) return false;
    if (!record.outputs.every(isAsWritten)) return false;
    if (!record.folders.every(([folder, paths]) => isEqual(sources.list(folder), paths))) return false;
    const startMs = Date.now();
    const files = new Map(record.inputs.map(({ path }) => [path, sources.locate(path)]));
    const looks = record.inputs.map(({ path }) => looksOf(files.get(path)!));
    const isSettled = (input: ReadFile, index: number): boolean =>
      isEqual(input.looks, looks[index]) && (input.looks === null || input.looks[3] + UNSETTLED_MS < record.startMs);
    const unsure = record.inputs.filter((input, index) => !isSettled(input, index));
    if (unsure.some(({ path, hash }) => contentHash(readIfPresent(files.get(path)!)) !== hash)) return false;
    const isKnownAnew = unsure.some(({ looks: before }) => before !== null);
    if (isKnownAnew)
      this.#write(RECORD, {
        ...record,
        startMs,
        inputs: record.inputs.map((input, index) => ({ ...input, looks: looks[index]! })),
      });
    return true;
  }

  /** The parts of the last build, or of what else has a name; null when there are none that could be used. */
  parts(name = PARTS): Uint8Array | null {
    return this.#read(name);
  }

  keepParts(bytes: Uint8Array, name = PARTS): void {
    this.#write(name, bytes);
  }

  keepRecord(record: Record): void {
    this.#write(RECORD, record);
    this.#clear();
  }

  /** Takes away what builds have left here that were killed while they wrote. */
  #clear(): void {
    for (const name of listFiles(this.#folder).filter((entry) => /^(?:build|module)-[\w-]+\.\w+\.part$/.test(entry))) {
      const path = join(this.#folder, name);
      const looks = looksOf(path);
      if (looks !== null && looks[2] + ABANDONED_MS < Date.now()) rmSync(path, { force: true });
    }
  }

  #read(name: string): Uint8Array | null {
    let file: Uint8Array | null;
    try {
      file = readIfPresent(join(this.#folder, name));
    } catch {
      return null;
    }
    if (file === null || file.length < HASH_BYTES) return null;
    const content = file.subarray(HASH_BYTES);
    return this.#hash(content).equals(file.subarray(0, HASH_BYTES)) ? content : null;
  }

  #write(name: string, content: Uint8Array | Record): void {
    const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
    const file = Buffer.concat([this.#hash(bytes), bytes]);
    try {
      writeFilesAside([{ path: join(this.#folder, name), content: file, isProduct: true }]);
    } catch {
      // The images are there: the next build takes longer, and is right.
    }
  }

  #hash(content: Uint8Array): Buffer {
    return createHash("sha256").update(`${this.#version}\0`).update(content).digest();
  }
}

const contentHash = (bytes: Uint8Array | null): string | null => bytes && hashOf(bytes).toString("base64");

function isAsWritten({ path, sizeBytes, inode, modifiedMs }: WrittenFile): boolean {
  const looks = looksOf(path);
  return looks !== null && isEqual(looks.slice(0, 3), [sizeBytes, inode, modifiedMs]);
}
