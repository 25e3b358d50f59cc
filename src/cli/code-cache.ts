/**
 * Scripts that come with their code compiled. Reading the source of a tool and compiling it takes Node longer than
 * assembling a small file; V8 can keep what it made of a script and take it up again in a later process. What is kept
 * is a by-product: a missing, foreign, damaged or stale file only costs the time, and a folder that cannot be written
 * is left alone.
 */
import { lstatSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Script } from "node:vm";
import { makeFolder } from "../host/folder.ts";

/** The tools' scripts of this build, as a hash: put in by the bundler. */
declare const QURE_TOOLS_HASH: string;

/**
 * Runs the script at `path` in this process, once, with `require` for Node's own modules. `prepare` is called before it
 * runs when its code was there already; it may set V8's flags, under which no code could be kept.
 */
export function runScript(path: string, name: string, prepare: () => void): void {
  const source = `(function (require) {${readFileSync(path, "latin1")}\n})`;
  const folders = cacheFolders(dirname(path));
  const file = `${name}-${QURE_TOOLS_HASH}-${process.version}-${process.arch}.cache`;
  const cachedData = read(folders, file);
  const script = new Script(source, { filename: path, ...(cachedData === null ? {} : { cachedData }) });
  const isKept = script.cachedDataRejected === false;
  if (isKept) prepare();
  const run = script.runInThisContext() as (require: (name: string) => unknown) => void;
  run((module) => process.getBuiltinModule(module));
  // At the end, so that all functions which this run needed are in it.
  if (folders.length > 0 && !isKept) process.once("exit", () => write(folders, file, script.createCachedData()));
}

/**
 * Where compiled code may lie: beside the script, else with the user's own caches. None when Node has options of its
 * own, since V8 refuses code that was compiled under other ones, or when `QURE_CODE_CACHE` is `off`.
 */
function cacheFolders(beside: string): string[] {
  const { HOME, LOCALAPPDATA, NODE_OPTIONS, QURE_CODE_CACHE, XDG_CACHE_HOME } = process.env;
  if (process.execArgv.length > 0 || (NODE_OPTIONS ?? "") !== "" || QURE_CODE_CACHE === "off") return [];
  const own = process.platform === "win32" ? LOCALAPPDATA : XDG_CACHE_HOME || (HOME && join(HOME, ".cache"));
  return own ? [beside, join(own, "qure")] : [beside];
}

function read(folders: readonly string[], file: string): Buffer | null {
  for (const folder of folders) {
    try {
      const bytes = readFileSync(join(folder, file));
      if (isOurs(folder)) return bytes;
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
