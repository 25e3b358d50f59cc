/**
 * The cache of a store that is far away, in a folder on this host: pieces of what never changes, which any number of
 * processes share, and slots for what this process writes, in a file that has no name and goes with the process. A
 * piece that is torn or flipped is not believed. A disk that is full ends the keeping and nothing else.
 */
import { createHash, randomBytes } from "node:crypto";
import { openSync, read, unlinkSync, write } from "node:fs";
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { assert } from "../diagnostic/invariant.ts";
import { FrozenCache, type Pieces } from "../volume/frozen-cache.ts";
import type { Probed, ProbeMemory } from "../volume/s3/probe.ts";
import type { Store } from "../volume/store.ts";
import type { WholeStore } from "../volume/whole.ts";
import { MemorySlots, SLOT_BYTES, type Slots, WriteBack } from "../volume/write-back.ts";
import { makeFolder } from "./folder.ts";

export interface CacheFolder {
  readonly path: string;
  readonly mostBytes: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** By number: what opens a file as an object closes it when nobody holds the object. */
const readAt = promisify(read);
const writeAt = promisify(write);

const HASH_BYTES = 32;
const DEFAULT_BYTES = 4 * 2 ** 30;
const LEAST_BYTES = 64 << 20;
/** Pieces have the rest. */
const SLOTS_SHARE = 1 / 4;
/** What is left when the oldest pieces had to go. */
const KEPT_SHARE = 0.8;
/** How much of the bound a process may put before it counts what others have put. */
const RECOUNT_SHARE = 1 / 20;
/** A piece that is used gets a new date, at most this often. */
const TOUCH_MS = 60_000;
/** A server may have been replaced by a better or worse one. */
const PROBE_AGE_MS = 7 * 86_400_000;

/**
 * The folder for the cache of a store: `QURE_VOLUME_CACHE` or the user's cache folder, and in it one for the store.
 * Null: there is to be none. Throws a RangeError.
 */
export function cacheFolderOf(place: string, env: Environment): CacheFolder | null {
  const given = env["QURE_VOLUME_CACHE"];
  if (given === "off") return null;
  const size = env["QURE_VOLUME_CACHE_MIB"] ?? "";
  const mostBytes = size === "" ? DEFAULT_BYTES : Number(size) * 2 ** 20;
  if (!(Number.isInteger(mostBytes) && mostBytes >= LEAST_BYTES))
    throw new RangeError(`QURE_VOLUME_CACHE_MIB=${size}: write a number of MiB, at least ${LEAST_BYTES >> 20}`);
  const caches = env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const root = given === undefined || given === "" ? join(caches, "qure", "volumes") : given;
  return { path: join(root, createHash("sha256").update(place).digest("hex").slice(0, 16)), mostBytes };
}

/** A store behind a cache; without a folder, what is written is kept in memory. */
export async function withCache(
  inner: WholeStore,
  folder: CacheFolder | null,
  onTrouble: (message: string) => void,
): Promise<Store> {
  const trouble = (message: string): void => onTrouble(`no cache on this disk for ${inner.place}: ${message}`);
  if (folder === null) return new WriteBack(inner, new MemorySlots(), trouble);
  try {
    makeFolder(folder.path, 0o700);
    const pieces = new FolderPieces(folder, trouble);
    return new WriteBack(new FrozenCache(inner, pieces), openSlots(folder), trouble);
  } catch (error) {
    trouble((error as Error).message);
    return new WriteBack(inner, new MemorySlots(), trouble);
  }
}

/** Remembers what a probe found, for some days. */
export function probeMemory(folder: CacheFolder | null): ProbeMemory {
  const path = folder === null ? null : join(folder.path, "probe.json");
  return {
    async recall() {
      if (path === null) return null;
      try {
        const { atMs, readOnly, tagForm, isTagSaid } = JSON.parse(await readFile(path, "utf8")) as Probed & {
          atMs: number;
        };
        const isFresh = Math.abs(Date.now() - atMs) < PROBE_AGE_MS;
        // What it could not do, it may have learnt.
        return isFresh && readOnly === null && /^(quoted|bare)$/.test(tagForm)
          ? { readOnly, tagForm, isTagSaid: isTagSaid === true }
          : null;
      } catch {
        return null;
      }
    },
    async keep(probed) {
      if (path === null) return;
      // Where it cannot be kept it is tried again.
      try {
        makeFolder(folder!.path, 0o700);
        await writeAside(path, JSON.stringify({ ...probed, atMs: Date.now() }));
      } catch {
        return;
      }
    },
  };
}

async function writeAside(path: string, content: Uint8Array | string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString("hex")}.part`;
  try {
    await writeFile(aside, content, { flag: "wx", mode: 0o600 });
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

/** A file that is gone with the process, whatever ends it. */
function openSlots({ path, mostBytes }: CacheFolder): Slots {
  const name = join(path, `slots-${randomBytes(8).toString("hex")}`);
  const file = openSync(name, "wx+", 0o600);
  try {
    unlinkSync(name);
  } catch {
    // A host that keeps the names of open files: it is removed with the cache.
  }
  return new FileSlots(file, Math.max(1, Math.floor((mostBytes * SLOTS_SHARE) / SLOT_BYTES)));
}

class FileSlots implements Slots {
  readonly count: number;
  readonly #file: number;

  constructor(file: number, count: number) {
    this.#file = file;
    this.count = count;
  }

  async read(slot: number, atBytes: number, lengthBytes: number): Promise<Uint8Array> {
    assert(slot < this.count && atBytes + lengthBytes <= SLOT_BYTES, "a slot is one of those that are there");
    const bytes = new Uint8Array(lengthBytes);
    for (let done = 0; done < lengthBytes; ) {
      const { bytesRead } = await readAt(
        this.#file,
        bytes,
        done,
        lengthBytes - done,
        slot * SLOT_BYTES + atBytes + done,
      );
      // The rest was never written.
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes;
  }

  async write(slot: number, atBytes: number, bytes: Uint8Array): Promise<void> {
    assert(slot < this.count && atBytes + bytes.length <= SLOT_BYTES, "a slot is one of those that are there");
    for (let done = 0; done < bytes.length; ) {
      const place = slot * SLOT_BYTES + atBytes + done;
      done += (await writeAt(this.#file, bytes, done, bytes.length - done, place)).bytesWritten;
    }
  }
}

/** One file for each piece: SHA-256, content. */
class FolderPieces implements Pieces {
  readonly #path: string;
  readonly #mostBytes: number;
  readonly #onTrouble: (message: string) => void;
  readonly #touched = new Map<string, number>();
  /** Until this many more are put, what is there is not counted again. */
  #leftBytes = 0;
  #isFull = false;
  #counting: Promise<void> | null = null;

  constructor({ path, mostBytes }: CacheFolder, onTrouble: (message: string) => void) {
    this.#path = join(path, "pieces");
    this.#mostBytes = Math.floor(mostBytes * (1 - SLOTS_SHARE));
    this.#onTrouble = onTrouble;
  }

  async get(key: string, index: number): Promise<Uint8Array | null> {
    const path = this.#fileOf(key, index);
    try {
      const file = await readFile(path);
      const content = file.subarray(HASH_BYTES);
      if (!createHash("sha256").update(content).digest().equals(file.subarray(0, HASH_BYTES))) {
        await rm(path, { force: true });
        return null;
      }
      await this.#touch(path);
      // A plain array of bytes: `slice` of Node's buffers shares memory.
      return new Uint8Array(content.buffer, content.byteOffset, content.length);
    } catch {
      return null;
    }
  }

  async put(key: string, index: number, piece: Uint8Array): Promise<void> {
    if (this.#isFull) return;
    try {
      const path = this.#fileOf(key, index);
      // Before it is written: many are put at once, and what goes beyond the bound meanwhile is beyond it.
      while (this.#leftBytes < piece.length)
        await (this.#counting ??= this.#makeRoom().finally(() => (this.#counting = null)));
      this.#leftBytes -= piece.length;
      makeFolder(join(path, ".."), 0o700);
      const hash = createHash("sha256").update(piece).digest();
      await writeAside(path, Buffer.concat([hash, piece]));
    } catch (error) {
      // Another process, or a person, has just removed a folder: the next piece makes it again.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      this.#isFull = true;
      this.#onTrouble((error as Error).message);
    }
  }

  async drop(key: string): Promise<void> {
    await rm(this.#folderOf(key), { recursive: true, force: true }).catch(() => {});
  }

  #folderOf(key: string): string {
    const name = createHash("sha256").update(key).digest("hex").slice(0, 40);
    return join(this.#path, name.slice(0, 2), name.slice(2));
  }

  #fileOf(key: string, index: number): string {
    return join(this.#folderOf(key), `${index}`);
  }

  async #touch(path: string): Promise<void> {
    const nowMs = Date.now();
    if (nowMs - (this.#touched.get(path) ?? 0) < TOUCH_MS) return;
    this.#touched.set(path, nowMs);
    await utimes(path, nowMs / 1000, nowMs / 1000).catch(() => {});
  }

  /** Counts what all processes have put here, and removes what was used longest ago if that is too much. */
  async #makeRoom(): Promise<void> {
    const files: { path: string; sizeBytes: number; usedMs: number }[] = [];
    makeFolder(this.#path, 0o700);
    const entries = await readdir(this.#path, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const stats = await stat(path).catch(() => null);
      if (stats !== null) files.push({ path, sizeBytes: stats.size, usedMs: stats.mtimeMs });
    }
    let total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const batchBytes = this.#mostBytes * RECOUNT_SHARE;
    if (total > this.#mostBytes - batchBytes) {
      for (const { path, sizeBytes } of files.sort((a, b) => a.usedMs - b.usedMs)) {
        if (total <= this.#mostBytes * KEPT_SHARE) break;
        await rm(path, { force: true });
        this.#touched.delete(path);
        total -= sizeBytes;
      }
    }
    this.#leftBytes = batchBytes;
  }
}
