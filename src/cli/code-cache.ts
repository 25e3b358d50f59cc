/**
 * Scripts that come with their code compiled. Reading the source of a command and compiling it takes Node longer than
 * assembling a small file or starting a machine; V8 can keep what it made of a script and take it up again in a later
 * process.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";
import { KeptCode } from "../host/compiled/kept-code.ts";

/** The scripts of this build, as a hash: put in by the bundler. */
declare const QURE_SCRIPTS_HASH: string;

type Run = (
  require: (name: string) => unknown,
  path: string,
  importModule: (url: string) => Promise<unknown>,
  name: string,
) => void;

/**
 * Runs what a script in `folder` has under a name, in this process, once, with `require` for Node's own modules. The
 * code of each name is kept apart, as none runs all of the script. `prepare` is called before it runs when its code was
 * there already; it may set V8's flags, under which no code can be kept.
 */
export function runScript(folder: string, file: string, name: string, prepare: () => boolean): void {
  const path = join(folder, `${file}.cjs`);
  const source = `(function (require, __filename, qureImport, qureName) {${readFileSync(path, "latin1")}\n})`;
  const kept = new KeptCode(folder, name, QURE_SCRIPTS_HASH);
  const cachedData = kept.read();
  const script = new Script(source, { filename: path, ...(cachedData === null ? {} : { cachedData }) });
  const isTaken = script.cachedDataRejected === false;
  if (!isTaken) kept.refuse();
  const mayKeep = !isTaken || !prepare();
  const run = script.runInThisContext() as Run;
  // Code that was kept has no way to import modules: this module does it, which Node has loaded itself.
  run(
    (module) => (module === "node:process" ? process : lazily(module)),
    path,
    (url) => import(url),
    name,
  );
  // At the end, so that all functions which this run needed are in it.
  if (mayKeep) kept.keepAtExit(() => script.createCachedData());
}

/**
 * A module of Node's that is loaded when something of it is asked for: to load those of networks, threads and
 * cryptography, which hardly a run needs, takes as long as to make a machine.
 */
function lazily(name: string): object {
  let module: object | undefined;
  return new Proxy({}, { get: (_, key) => Reflect.get((module ??= process.getBuiltinModule(name)!), key) as unknown });
}
