/**
 * Scripts that come with their code compiled. Reading the source of a command and compiling it takes Node longer than
 * assembling a small file or starting a machine; V8 can keep what it made of a script and take it up again in a later
 * process. What is kept is a by-product: a missing, foreign, damaged or stale file only costs the time, and a folder that
 * cannot be written is left alone.
 */
import { lstatSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";
import { makeFolder } from "../host/folder.ts";

/** The scripts of this build, as a hash: put in by the bundler. */
declare const QURE_SCRIPTS_HASH: string;

/** What V8 compiled, behind the milliseconds of processor time of the run that left it. */
const HEAD_BYTES = 8;
/**
 * Only functions that ran are compiled: the first run may have been a call for help. One that takes so many times as
 * long as the one that left what is kept leaves its own.
 */
const MUCH_LONGER = 2;

type Run = (require: (name: string) => unknown, path: string, importModule: (url: string) => Promise<unknown>) => void;

/**
 * Runs the script of that name in `folder` in this process, once, with `require` for Node's own modules. `prepare` is
 * called before it runs when its code was there already; it may set V8's flags, under which no code can be kept.
 */
export function runScript(folder: string, name: string, prepare: () => boolean): void {
  const path = join(folder, `${name}.cjs`);
  const source = `(function (require, __filename, qureImport) {${readFileSync(path, "latin1")}\n})`;
  const folders = cacheFolders(folder);
  const file = `${name}-${QURE_SCRIPTS_HASH}-${process.version}-${process.arch}.cache`;
  const kept = read(folders, file);
  const script = new Script(source, {
    filename: path,
    ...(kept === null ? {} : { cachedData: kept.subarray(HEAD_BYTES) }),
  });
  const keptMs = script.cachedDataRejected === false ? kept!.readDoubleLE() : 0;
  const mayKeep = keptMs === 0 || !prepare();
  const run = script.runInThisContext() as Run;
  // Code that was kept has no way to import modules: this module does it, which Node has loaded itself.
  run(
    (module) => (module === "node:process" ? process : lazily(module)),
    path,
    (url) => import(url),
  );
  if (folders.length === 0 || !mayKeep) return;
  // At the end, so that all functions which this run needed are in it.
  process.once("exit", () => {
    const { user, system } = process.cpuUsage();
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeDoubleLE((user + system) / 1000);
    if (head.readDoubleLE() > MUCH_LONGER * keptMs)
      write(folders, file, Buffer.concat([head, script.createCachedData()]));
  });
}

/**
 * A module of Node's that is loaded when something of it is asked for: to load those of networks, threads and
 * cryptography, which hardly a run needs, takes as long as to make a machine.
 */
function lazily(name: string): object {
  let module: object | undefined;
  return new Proxy({}, { get: (_, key) => Reflect.get((module ??= process.getBuiltinModule(name)!), key) as unknown });
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
