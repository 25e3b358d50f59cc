/**
 * What V8 has compiled, kept in files from one process to the next. It is a by-product: a missing, foreign, damaged or
 * stale file only costs the time, and a folder that cannot be written is left alone.
 */
import { closeSync, lstatSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../folder.ts";

/** Before what is kept: the milliseconds of processor time of the run that left it. */
const HEAD_BYTES = 8;
/**
 * Only what ran is compiled: the first run may have been a call for help. One that takes so many times as long as the
 * one that left what is kept leaves its own.
 */
const MUCH_LONGER = 1.5;

/** A file of one build of QuRe, version of Node and kind of processor. */
export class KeptCode {
  readonly #folders: readonly string[];
  readonly #file: string;
  #keptMs = 0;
  /** Of the file, once a piece of it was wanted; null where there is none. */
  #descriptor: number | null | undefined;

  /** `beside`: the folder of what was compiled. `build`: a hash of that. */
  constructor(beside: string, name: string, build: string) {
    this.#folders = cacheFolders(beside);
    this.#file = `${name}-${build}-${process.version}-${process.arch}.cache`;
  }

  /** Nothing is kept, and nothing is there. */
  get isOff(): boolean {
    return this.#folders.length === 0;
  }

  /** What an earlier process has left, or null. */
  read(): Buffer | null {
    const bytes = first(this.#folders, this.#file, (path) => readFileSync(path));
    if (bytes === null || bytes.length <= HEAD_BYTES) return null;
    this.#keptMs = bytes.readDoubleLE();
    return bytes.subarray(HEAD_BYTES);
  }

  /** So many bytes of it from a place on; null where they are not there. */
  piece(at: number, length: number): Buffer | null {
    this.#descriptor ??= first(this.#folders, this.#file, (path) => openSync(path, "r"), closeSync);
    if (this.#descriptor === null) return null;
    const bytes = Buffer.allocUnsafeSlow(length);
    return readSync(this.#descriptor, bytes, 0, length, HEAD_BYTES + at) === length ? bytes : null;
  }

  /** V8 does not want what `read` returned. */
  refuse(): void {
    this.#keptMs = 0;
  }

  /** At the end of this process, after all that it runs, keeps what `make` returns, if the run was long enough. */
  keepAtExit(make: () => Buffer | null): void {
    this.#keep(make, MUCH_LONGER);
  }

  /** The same of what `make` returns null for as long as nothing has changed, however long the run was. */
  keepChanges(make: () => Buffer | null): void {
    this.#keep(make, 0);
  }

  #keep(make: () => Buffer | null, longer: number): void {
    if (this.isOff) return;
    process.once("exit", () => {
      const { user, system } = process.cpuUsage();
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeDoubleLE((user + system) / 1000);
      if (head.readDoubleLE() <= longer * this.#keptMs) return;
      const made = make();
      // Elsewhere than on Unix a file that is open is not replaced.
      if (this.#descriptor) closeSync(this.#descriptor);
      if (made !== null) write(this.#folders, this.#file, Buffer.concat([head, made]));
    });
  }
}

/**
 * Where compiled code may lie: beside what it is of, else with the user's own caches. None when Node has options of its
 * own, since V8 refuses code that was compiled under other ones, or when `QURE_CODE_CACHE` is `off`.
 */
function cacheFolders(beside: string): string[] {
  const { HOME, LOCALAPPDATA, NODE_OPTIONS, QURE_CODE_CACHE, XDG_CACHE_HOME } = process.env;
  if (process.execArgv.length > 0 || (NODE_OPTIONS ?? "") !== "" || QURE_CODE_CACHE === "off") return [];
  const own = process.platform === "win32" ? LOCALAPPDATA : XDG_CACHE_HOME || (HOME && join(HOME, ".cache"));
  return own ? [beside, join(own, "qure")] : [beside];
}

/** Opens or reads the file in the first folder that has it and where nobody else can write. */
function first<T>(
  folders: readonly string[],
  file: string,
  take: (path: string) => T,
  giveBack?: (taken: T) => void,
): T | null {
  for (const folder of folders) {
    try {
      const taken = take(join(folder, file));
      if (isOurs(folder)) return taken;
      giveBack?.(taken);
    } catch {
      // Not there: in the next folder, or to be made.
    }
  }
  return null;
}

/** Compiled code is as good as a program: none is taken from where others can write. */
function isOurs(folder: string): boolean {
  if (process.getuid === undefined) return true;
  const { uid, mode } = lstatSync(folder);
  return (uid === process.getuid() || uid === 0) && (mode & 0o022) === 0;
}

function write(folders: readonly string[], file: string, bytes: Buffer): void {
  for (const folder of folders) {
    const aside = join(folder, `${file}.${process.pid}`);
    try {
      makeFolder(folder, 0o700);
      if (!isOurs(folder)) continue;
      writeFileSync(aside, bytes, { flag: "wx" });
      renameSync(aside, join(folder, file));
      return;
    } catch {
      // The next folder.
    }
  }
}
