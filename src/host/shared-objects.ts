/**
 * Objects that several folders, and several hosts, share: a folder in which each object lies by the hash of all that it
 * was made of. Files are written aside and renamed, and begin with a hash of the rest, so that any number of builders
 * may use it at once, and one that is killed or finds a damaged file makes the object anew.
 *
 * `KEY.inputs` names what a source has read last, where KEY is a hash of builder, path and source; `KEY.object` is the
 * object, where KEY is a hash of these and of all that was read.
 */
import { createHash } from "node:crypto";
import { rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import { listFiles, readIfPresent, writeFilesAside } from "./files.ts";

const HASH_BYTES = 32;
const HEAD_BYTES = HASH_BYTES + 4;
/** Nobody writes for so long. */
const ABANDONED_MS = 600_000;

/** One source, assembled (src/build/object-cache.ts). */
interface Assembled {
  readonly file: Uint8Array | null;
  readonly diagnostics: readonly Diagnostic[];
  readonly inputs: ReadonlyMap<string, Uint8Array | null>;
}

type Read = (path: string) => Uint8Array | null;

export class SharedObjects {
  readonly #folder: string;
  readonly #version: string;
  readonly #mostBytes: number;
  #isChanged = false;

  /** `version`: of whoever builds, without which no object means anything. */
  constructor(folder: string, version: string, mostBytes: number) {
    [this.#folder, this.#version, this.#mostBytes] = [folder, version, mostBytes];
  }

  /** What was made of the same before; null when nothing was. */
  find(path: string, read: Read): Assembled | null {
    const key = this.#sourceKey(path, read);
    const names = this.#read(`${key}.inputs`);
    if (names === null) return null;
    const inputs = new Map((JSON.parse(names.toString()) as string[]).map((name) => [name, read(name)]));
    const name = `${this.#objectKey(key, inputs)}.object`;
    const content = this.#read(name);
    if (content === null) return null;
    const textBytes = content.readUInt32LE(0);
    const diagnostics = JSON.parse(content.toString("utf8", 4, 4 + textBytes)) as Diagnostic[];
    this.#touch(name);
    return { file: content.subarray(4 + textBytes), diagnostics, inputs };
  }

  keep(path: string, read: Read, made: Assembled): void {
    if (made.file === null) return;
    const key = this.#sourceKey(path, read);
    const text = Buffer.from(JSON.stringify(made.diagnostics));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    this.#write(`${this.#objectKey(key, made.inputs)}.object`, Buffer.concat([length, text, made.file]));
    this.#write(`${key}.inputs`, Buffer.from(JSON.stringify([...made.inputs.keys()])));
    this.#isChanged = true;
  }

  /** Takes away what was not asked for longest, until the folder is as small as it shall be. */
  trim(): void {
    if (!this.#isChanged) return;
    const now = Date.now();
    const files = listFiles(this.#folder).flatMap((name) => {
      const stats = statSync(join(this.#folder, name), { throwIfNoEntry: false });
      return stats ? [{ name, sizeBytes: stats.size, usedMs: stats.mtimeMs }] : [];
    });
    let sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    for (const file of files.sort((one, other) => one.usedMs - other.usedMs)) {
      const isLeft = file.name.endsWith(".part") && file.usedMs + ABANDONED_MS < now;
      const isOurs = /^[\da-f]{64}\.(?:inputs|object)$/.test(file.name);
      if (!isLeft && !(isOurs && sizeBytes > this.#mostBytes)) continue;
      rmSync(join(this.#folder, file.name), { force: true });
      sizeBytes -= file.sizeBytes;
    }
  }

  #sourceKey(path: string, read: Read): string {
    return digest([this.#version, path], [read(path)]);
  }

  #objectKey(key: string, inputs: Assembled["inputs"]): string {
    return digest([key, ...inputs.keys()], [...inputs.values()]);
  }

  #read(name: string): Buffer | null {
    try {
      const bytes = readIfPresent(join(this.#folder, name));
      if (bytes === null || bytes.length < HEAD_BYTES) return null;
      const content = Buffer.from(bytes.buffer, bytes.byteOffset + HASH_BYTES, bytes.length - HASH_BYTES);
      return hashOf(content).equals(bytes.subarray(0, HASH_BYTES)) ? content : null;
    } catch {
      return null;
    }
  }

  #write(name: string, content: Buffer): void {
    try {
      const file = Buffer.concat([hashOf(content), content]);
      writeFilesAside([{ path: join(this.#folder, name), content: file, isProduct: true }]);
    } catch {
      // The next build makes it anew.
    }
  }

  #touch(name: string): void {
    try {
      utimesSync(join(this.#folder, name), new Date(), new Date());
    } catch {
      // Somebody else's file, or one that was just taken away.
    }
  }
}

const hashOf = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

function digest(texts: readonly string[], contents: readonly (Uint8Array | null)[]): string {
  const hash = createHash("sha256").update(JSON.stringify(texts));
  for (const content of contents) hash.update(content === null ? "-" : hashOf(content));
  return hash.digest("hex");
}
