/** Files of the host: written aside and renamed, so that what was there before stays whole until the new content is. */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { SparseDisk } from "../../emulator/disk/disk.ts";
import { isZero } from "../../emulator/state/pages.ts";
import { makeFolder } from "./folder.ts";

/** Zeros of this size and place take no room on most file systems when they are not written. */
const HOLE_BYTES = 65_536;
/** So much of a file is copied at once. */
const COPIED_BYTES = 1 << 20;

export interface NewFile {
  readonly path: string;
  /** Of a disk in memory, what was never written takes no room on the host's. */
  readonly content: Uint8Array | string | SparseDisk;
  /** When it is larger than the content, the rest is zeros; long runs of zeros take no room on the disk. */
  readonly sizeBytes?: number;
  /** Permissions. */
  readonly mode?: number;
  /** It can be made again: a power cut may take it. */
  readonly isProduct?: boolean;
}

/** What a file looked like when it was whole: a later one, or one that was written to since, looks otherwise. */
export interface WrittenFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly inode: number;
  readonly modifiedMs: number;
}

/** Writes one file; see `writeFilesAside`. */
export function writeFileAside(path: string, content: NewFile["content"], mode = 0o666): void {
  writeFilesAside([{ path, content, mode }]);
}

/**
 * Writes files that belong together: first all of them under other names, then each gets its own, in this order. So a
 * full disk leaves everything as it was, and whoever finds the last file finds the others, too.
 */
export function writeFilesAside(files: readonly NewFile[]): readonly WrittenFile[] {
  const written: { readonly path: string; readonly aside: string }[] = [];
  const whole: WrittenFile[] = [];
  try {
    for (const file of files) {
      const { path } = file;
      const isNew = isReplaceable(path);
      if (isNew) makeFolder(dirname(path));
      const aside = isNew ? asideOf(path) : path;
      if (isNew) written.push({ path, aside });
      whole.push(writeWhole(file, aside, isNew));
    }
    for (const { path, aside } of written) rename(aside, path);
    return whole;
  } catch (error) {
    for (const { aside } of written) rmSync(aside, { force: true });
    throw error;
  }
}

/** A device or a pipe is written to, not replaced. */
export function isReplaceable(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}

/**
 * What a file is called until it is whole. Nobody else opens it by that name, so that the name need not be a secret.
 */
export function asideOf(path: string): string {
  const number = Math.floor(Math.random() * 2 ** 32);
  return `${path}.${number.toString(16).padStart(8, "0")}.part`;
}

export function rename(aside: string, path: string): void {
  naming(path, () => renameSync(aside, path));
}

/** Does work on a file that has another name until it is done, or is open already: what fails is about this path. */
export function naming<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw Object.assign(error as Error, { path });
  }
}

function writeWhole(
  { path, content, sizeBytes = 0, mode = 0o666, isProduct = false }: NewFile,
  target: string,
  isNew: boolean,
): WrittenFile {
  return naming(path, () => {
    const file = openSync(target, isNew ? "wx" : "w", mode);
    try {
      if (content instanceof SparseDisk) {
        for (const [number, chunk] of content.chunks) writeAll(file, chunk, number * chunk.length);
        ftruncateSync(file, content.sizeBytes);
      } else {
        const bytes = typeof content === "string" ? Buffer.from(content) : content;
        if (isNew) writeSparsely(file, bytes, 0);
        else writeAll(file, bytes, null);
        if (isNew) ftruncateSync(file, Math.max(bytes.length, sizeBytes));
      }
      if (isNew && !isProduct) fsyncSync(file);
      const stats = fstatSync(file);
      return { path, sizeBytes: stats.size, inode: stats.ino, modifiedMs: stats.mtimeMs };
    } finally {
      closeSync(file);
    }
  });
}

/** Writes bytes to their place in a new file, but for long runs of zeros, which are there anyway. */
export function writeSparsely(file: number, bytes: Uint8Array, place: number): void {
  let start = 0;
  for (let at = 0; at < bytes.length; at += HOLE_BYTES) {
    if (!isZero(bytes.subarray(at, at + HOLE_BYTES))) continue;
    writeAll(file, bytes.subarray(start, at), place + start);
    start = at + HOLE_BYTES;
  }
  writeAll(file, bytes.subarray(start), place + start);
}

/** `place` is null for a device or a pipe, which is written from one end to the other. */
function writeAll(file: number, bytes: Uint8Array, place: number | null): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(file, bytes, done, bytes.length - done, place === null ? null : place + done);
}

/**
 * Copies a file of any size in the same way. What fails is about the side that failed: Node's own copying names the
 * source whatever it is.
 */
export function copyFileAside(source: string, path: string): void {
  makeFolder(dirname(path));
  const from = naming(source, () => openSync(source, "r"));
  const aside = asideOf(path);
  try {
    if (!clone(source, aside)) copyInto(source, from, path, aside);
    naming(path, () => {
      chmodSync(aside, 0o644);
      const file = openSync(aside, "r+");
      fsyncSync(file);
      closeSync(file);
      renameSync(aside, path);
    });
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  } finally {
    closeSync(from);
  }
}

/** A file system that can has both share their blocks; false where this one cannot. */
function clone(source: string, aside: string): boolean {
  try {
    copyFileSync(source, aside, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    rmSync(aside, { force: true });
    return false;
  }
}

function copyInto(source: string, from: number, path: string, aside: string): void {
  const piece = new Uint8Array(COPIED_BYTES);
  const to = naming(path, () => openSync(aside, "wx"));
  try {
    let at = 0;
    for (;;) {
      const count = naming(source, () => readSync(from, piece, 0, piece.length, at));
      if (count === 0) break;
      naming(path, () => writeSparsely(to, piece.subarray(0, count), at));
      at += count;
    }
    naming(path, () => ftruncateSync(to, at));
  } finally {
    closeSync(to);
  }
}

/**
 * All files below a folder, as paths relative to it with forward slashes, sorted; empty when there is no such folder.
 */
export function listFiles(folder: string): string[] {
  const walk = (path: string): string[] =>
    readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? walk(join(path, entry.name)) : entry.isFile() ? [join(path, entry.name)] : [],
    );
  try {
    return walk(folder)
      .map((path) => relative(folder, path).split(sep).join("/"))
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The file's bytes, or null when there is no such file. Throws with the code EISDIR for a folder. */
export function readIfPresent(path: string): Uint8Array<ArrayBuffer> | null {
  try {
    const bytes = readFileSync(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    if (isMissing(error)) return null;
    throw Object.assign(error as Error, { path });
  }
}

/** The sources below a folder, as `buildSystem` wants them; each file is read at most once. */
export function folderTree(root: string): { list(folder: string): string[]; read(path: string): Uint8Array | null } {
  const cache = new Map<string, Uint8Array | null>();
  return {
    list: (folder) => listFiles(join(root, folder)).map((path) => `${folder}/${path}`),
    read(path) {
      if (!cache.has(path)) cache.set(path, readIfPresent(resolve(root, path)));
      return cache.get(path)!;
    },
  };
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}
