/**
 * Volumes in a folder. What is swapped is a folder of versions, of which the highest counts: a version is made by a
 * hard link, which the file system gives to one process alone, so no process ever waits for another or is found dead
 * with a lock. A version that comes too late has a number that is no longer the highest, and counts for nothing.
 */
import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  rmSync,
  statSync,
  write,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { assert } from "../diagnostic/invariant.ts";
import { isZero } from "../volume/layout.ts";
import {
  type Range,
  REFUSED,
  type Store,
  type Stored,
  StoreError,
  type Swapped,
  UNKNOWN,
  type WriteOptions,
} from "../volume/store.ts";
import { makeFolder } from "./folder.ts";

/** Of the folder itself: it says what it is, and which version of its layout it has. */
const MARK = "qure-volumes";
const MARK_TEXT = "QuRe volumes 1\n";
/** A file that is given up when there is no other space. */
const RESERVE = "reserve";
const RESERVE_BYTES = 64 << 10;
/** Small, and needed to make room. */
const NEEDS_LITTLE = /^(head\/|gc$|garbage\/)/;
const VERSION = /^v(\d{12})$/;
/** Files that are kept open, unless the caller says how many. */
const MOST_OPEN = 128;
const MOST_RETRIES = 20;
/** Of a file system's blocks. */
const HOLE_BYTES = 4096;
const WRONG_KEY = /(^|\/)\.{0,2}(\/|$)|[^A-Za-z0-9./_-]/;

/** From this size on a write is left to another thread. */
const LARGE_BYTES = 256 << 10;

const syncData = promisify(fdatasync);
const writePart = promisify(write);
const sync = promisify(fsync);

interface OpenFile {
  readonly file: number;
  readonly isWritable: boolean;
  users: number;
}

class FolderStore implements Store {
  readonly place: string;
  readonly readOnly: string | null;
  readonly #root: string;
  readonly #mostOpen: number;
  readonly #files = new Map<string, OpenFile>();
  /** Files that were made here, and that their folders may not know of yet. */
  readonly #newFiles = new Set<string>();
  /** Folders that were made here, and that those above may not know of yet. */
  readonly #newFolders = new Set<string>();

  constructor(root: string, readOnly: string | null, mostOpen: number) {
    this.#root = root;
    this.#mostOpen = mostOpen;
    this.place = `folder ${root}`;
    this.readOnly = readOnly;
  }

  async read(key: string, range?: Range): Promise<Stored | null> {
    return this.#naming(key, () => {
      const path = this.#path(key);
      for (let tries = 0; tries < MOST_RETRIES; tries++) {
        const open = this.#openForReading(path);
        if (open === "folder") {
          const found = this.#readVersion(path, range);
          if (found !== "again") return found;
        } else return open && readPart(open.file, range);
      }
      throw new StoreError("unavailable", `${this.place}: ${key} changes faster than it can be read`);
    });
  }

  #openForReading(path: string): OpenFile | "folder" | null {
    const kept = this.#files.get(path);
    if (kept) return this.#used(path, kept);
    let file: number;
    try {
      file = openSync(path, this.readOnly === null && !path.includes("/frozen/") ? "r+" : "r");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EISDIR") return "folder";
      if (code === "ENOENT" || code === "ENOTDIR") return null;
      throw error;
    }
    if (fstatSync(file).isDirectory()) {
      closeSync(file);
      return "folder";
    }
    return this.#used(path, { file, isWritable: !path.includes("/frozen/"), users: 0 });
  }

  #used(path: string, open: OpenFile): OpenFile {
    this.#files.delete(path);
    this.#files.set(path, open);
    if (this.#files.size > this.#mostOpen)
      for (const [other, { users }] of this.#files) {
        if (users > 0 || other === path) continue;
        this.#close(other);
        break;
      }
    return open;
  }

  #close(path: string): void {
    const open = this.#files.get(path);
    this.#files.delete(path);
    if (open) closeSync(open.file);
  }

  /** `again`: the version that was the highest has been replaced meanwhile. */
  #readVersion(path: string, range?: Range): Stored | null | "again" {
    const version = highest(path);
    if (version === 0) return null;
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(join(path, versionName(version)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "again";
      throw error;
    }
    const part = range ? bytes.subarray(range.atBytes, range.atBytes + range.lengthBytes) : bytes;
    return { bytes: Uint8Array.from(part), tag: `${version}`, sizeBytes: bytes.length };
  }

  async write(key: string, atBytes: number, bytes: Uint8Array, { isDurable }: WriteOptions): Promise<void> {
    await this.#changing(key, async (path) => {
      const open = this.#openForWriting(path);
      open.users++;
      try {
        if (this.#newFiles.has(path) && bytes.length > LARGE_BYTES && fstatSync(open.file).size === 0 && hasHole(bytes))
          writeSparsely(open.file, atBytes, bytes);
        else if (bytes.length >= LARGE_BYTES) await writeAside(open.file, atBytes, bytes);
        else writeWhole(open.file, atBytes, bytes);
        if (!isDurable) return;
        await syncData(open.file);
        if (this.#newFiles.has(path)) await this.#syncFolders(dirname(path));
        this.#newFiles.delete(path);
      } finally {
        open.users--;
      }
    });
  }

  #openForWriting(path: string): OpenFile {
    const kept = this.#files.get(path);
    if (kept?.isWritable) return this.#used(path, kept);
    if (kept) this.#close(path);
    this.#makeFolders(dirname(path));
    if (!statSync(path, { throwIfNoEntry: false })) this.#newFiles.add(path);
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o666);
    return this.#used(path, { file, isWritable: true, users: 0 });
  }

  #makeFolders(folder: string): void {
    for (let at = folder; at.length > this.#root.length && !statSync(at, { throwIfNoEntry: false }); at = dirname(at))
      this.#newFolders.add(at);
    makeFolder(folder);
  }

  /** A folder, and those above it as far as they are new. */
  async #syncFolders(folder: string): Promise<void> {
    for (let at = folder; ; at = dirname(at)) {
      const file = openSync(at, "r");
      try {
        await sync(file);
      } finally {
        closeSync(file);
      }
      if (!this.#newFolders.delete(at) || at === this.#root) return;
    }
  }

  async swap(key: string, bytes: Uint8Array, tag: string | null): Promise<Swapped> {
    return this.#changing(key, async (path) => {
      this.#makeFolders(path);
      const before = tag === null ? 0 : Number(tag);
      assert(Number.isInteger(before) && before >= 0, `a tag that is none: ${tag}`);
      if (highest(path) !== before) return REFUSED;
      const aside = join(path, `.${process.pid}-${randomBytes(8).toString("hex")}`);
      try {
        const file = openSync(aside, "wx");
        try {
          writeFileSync(file, bytes);
          fsyncSync(file);
        } finally {
          closeSync(file);
        }
        linkSync(aside, join(path, versionName(before + 1)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") return REFUSED;
        throw error;
      } finally {
        rmSync(aside, { force: true });
      }
      await this.#syncFolders(path);
      const now = highest(path);
      if (now !== before + 1) return UNKNOWN;
      for (const name of readdirSync(path)) {
        const version = Number(VERSION.exec(name)?.[1] ?? Infinity);
        if (version < before) rmSync(join(path, name), { force: true });
      }
      return { outcome: "done", tag: `${now}` };
    });
  }

  async list(prefix: string): Promise<string[]> {
    return this.#naming(prefix, () => {
      const keys: string[] = [];
      const start = prefix.slice(0, prefix.lastIndexOf("/") + 1);
      this.#walk(start, keys);
      return keys.filter((key) => key.startsWith(prefix)).sort();
    });
  }

  #walk(folder: string, keys: string[]): void {
    let entries: ReturnType<typeof entriesOf>;
    try {
      entries = entriesOf(join(this.#root, folder));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return;
      throw error;
    }
    if (folder !== "" && entries.some((entry) => entry.isFile() && VERSION.test(entry.name)))
      keys.push(folder.slice(0, -1));
    for (const entry of entries)
      if (entry.isDirectory()) this.#walk(`${folder}${entry.name}/`, keys);
      else if (!VERSION.test(entry.name) && !entry.name.startsWith(".") && folder !== "")
        keys.push(`${folder}${entry.name}`);
  }

  async remove(key: string): Promise<void> {
    await this.#changing(key, async (path) => {
      this.#close(path);
      this.#newFiles.delete(path);
      rmSync(path, { force: true });
      // Empty folders are nobody's.
      for (let at = dirname(path); at !== this.#root; at = dirname(at))
        try {
          rmdirSync(at);
        } catch {
          break;
        }
    });
  }

  close(): void {
    for (const path of [...this.#files.keys()]) this.#close(path);
  }

  #path(key: string): string {
    assert(!WRONG_KEY.test(key), `${JSON.stringify(key)} is no key`);
    return join(this.#root, key);
  }

  async #changing<Result>(key: string, action: (path: string) => Promise<Result>): Promise<Result> {
    if (this.readOnly !== null) throw new StoreError("refused", `${this.place}: ${this.readOnly}`);
    const path = this.#path(key);
    try {
      return await action(path);
    } catch (error) {
      if (!isFull(error) || !NEEDS_LITTLE.test(key)) throw this.#translated(error);
    }
    // What gives space back must not need space that is not there.
    rmSync(join(this.#root, RESERVE), { force: true });
    try {
      return await action(path);
    } catch (error) {
      throw this.#translated(error);
    }
  }

  #naming<Result>(_key: string, action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      throw this.#translated(error);
    }
  }

  #translated(error: unknown): unknown {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof StoreError || code === undefined) return error;
    if (isFull(error))
      return new StoreError("full", `${this.place}: no space is left: "qure volume gc" gives back what nobody uses`, {
        cause: error,
      });
    if (code === "EACCES" || code === "EPERM" || code === "EROFS")
      return new StoreError("refused", `${this.place} cannot be written (${code})`, { cause: error });
    return new StoreError("unavailable", `${this.place}: ${(error as Error).message}`, { cause: error });
  }
}

/** In another thread, as long as which something else can be done: what is small is written sooner than that begins. */
async function writeAside(file: number, atBytes: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await writePart(file, bytes, done, bytes.length - done, atBytes + done);
    done += bytesWritten;
  }
}

function writeWhole(file: number, atBytes: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, atBytes + done);
}

const hasHole = (bytes: Uint8Array): boolean => {
  for (let at = 0; at < bytes.length; at += HOLE_BYTES) if (isZero(bytes.subarray(at, at + HOLE_BYTES))) return true;
  return false;
};

/** Into a new file: runs of zeros take no room. */
function writeSparsely(file: number, atBytes: number, bytes: Uint8Array): void {
  ftruncateSync(file, atBytes + bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const isHole = (from: number): boolean => isZero(bytes.subarray(from, from + HOLE_BYTES));
    let end = at;
    while (end < bytes.length && !isHole(end)) end += HOLE_BYTES;
    writeWhole(file, atBytes + at, bytes.subarray(at, Math.min(end, bytes.length)));
    at = end + HOLE_BYTES;
  }
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}

/** Puts aside what collections and heads need on a disk that is full; where there is no room for it there is none. */
function reserve(root: string): void {
  const path = join(root, RESERVE);
  if (statSync(path, { throwIfNoEntry: false })?.size === RESERVE_BYTES) return;
  try {
    writeFileSync(path, new Uint8Array(RESERVE_BYTES).fill(0xff));
  } catch (error) {
    rmSync(path, { force: true });
    if (!isFull(error)) throw error;
  }
}

const entriesOf = (path: string) => readdirSync(path, { withFileTypes: true });
const versionName = (version: number): string => `v${`${version}`.padStart(12, "0")}`;

/** 0: there is none. */
function highest(path: string): number {
  let result = 0;
  for (const name of readdirSync(path)) result = Math.max(result, Number(VERSION.exec(name)?.[1] ?? 0));
  return result;
}

function readPart(file: number, range?: Range): Stored {
  const { size, mtimeMs } = fstatSync(file);
  const atBytes = range?.atBytes ?? 0;
  const bytes = new Uint8Array(Math.max(0, Math.min(range?.lengthBytes ?? size, size - atBytes)));
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(file, bytes, done, bytes.length - done, atBytes + done);
    if (count === 0) break;
    done += count;
  }
  return { bytes: bytes.subarray(0, done), tag: `${size}-${mtimeMs}`, sizeBytes: size };
}

/**
 * Opens a folder with volumes, or makes it. Throws a StoreError for a folder that has something else in it, or a newer
 * layout; one that cannot be written is opened for reading.
 */
export function openFolderStore(
  path: string,
  { create = true, mostOpen = MOST_OPEN }: { readonly create?: boolean; readonly mostOpen?: number } = {},
): Store & { close(): void } {
  const mark = join(path, MARK);
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status && !status.isDirectory())
      throw new StoreError("refused", `${path} is a file, not a folder with volumes`);
    const text = statSync(mark, { throwIfNoEntry: false }) ? readFileSync(mark, "utf8") : null;
    if (text !== null && text !== MARK_TEXT)
      throw new StoreError(
        "refused",
        `folder ${path} has another layout (${JSON.stringify(text.trim())}): take a newer QuRe`,
      );
    if (text === null) {
      if (status && readdirSync(path).length > 0)
        throw new StoreError("refused", `folder ${path} has something else in it: name an empty folder, or a new one`);
      if (!create)
        throw new StoreError("refused", `there is no folder ${path} with volumes: "qure volume create" makes it`);
      makeFolder(path);
      writeFileSync(mark, MARK_TEXT);
    }
    accessSync(path, constants.W_OK);
    reserve(path);
    return new FolderStore(path, null, mostOpen);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof StoreError || (code !== "EACCES" && code !== "EROFS" && code !== "EPERM")) throw error;
    if (!statSync(mark, { throwIfNoEntry: false }))
      throw new StoreError("refused", `folder ${path} cannot be made (${code})`);
    return new FolderStore(path, `it cannot be written (${code})`, mostOpen);
  }
}
