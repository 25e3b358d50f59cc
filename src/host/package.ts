/** The files that come with the package: QuRe's own sources, and what was made of them when the package was built. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "../version.ts";
import { readIfPresent } from "./files.ts";

/** Where code runs as CommonJS, Node gives its path under this name. */
declare const __filename: string | undefined;

/** It lies in the folder of what was built, and nowhere else. */
const MARK = "interpreter-32.wasm";
const INSTALLED = join("node_modules", "qure");

let built: string | undefined;

/** The folder and those above it, the innermost first. */
function upwards(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...upwards(above)];
}

/** The folder of the code that runs. A bundler that makes CommonJS of it leaves nothing of `import.meta`. */
function ownFolder(): string {
  const url = import.meta.url as string | undefined;
  if (url?.startsWith("file:")) return dirname(fileURLToPath(url));
  return typeof __filename === "string" ? dirname(__filename) : process.cwd();
}

/** Whether the package in this folder is the one that this code is of. */
function isOfThisVersion(folder: string): boolean {
  if (!existsSync(join(folder, "package.json"))) return false;
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version?: string };
  return version === VERSION;
}

/**
 * The folder of what was built: this bundle's own or, when another bundler has put this code into a program, the one of
 * the package that is installed there. Beside such a program it may also be copied.
 */
function builtFolder(): string {
  if (built !== undefined) return built;
  const folders = [...new Set([...upwards(ownFolder()), ...upwards(process.cwd())])];
  const own = upwards(ownFolder()).flatMap((folder) => [folder, join(folder, "dist")]);
  const installed = folders.map((folder) => join(folder, INSTALLED)).filter(isOfThisVersion);
  const candidates = [...own, ...installed.map((folder) => join(folder, "dist"))];
  const found = candidates.find((folder) => existsSync(join(folder, MARK)));
  if (found !== undefined) return (built = found);
  throw new Error(
    `the files of qure ${VERSION} are not found from ${ownFolder()}: leave qure out of the bundle (esbuild: --external:qure), or copy *.bin, *.wasm and *.js of node_modules/qure/dist beside the program`,
  );
}

/** The package's folder: the one above this bundle or source that holds its sources. */
export function packageRoot(): string {
  const root = upwards(ownFolder()).find(
    (folder) => existsSync(join(folder, "package.json")) && existsSync(join(folder, "asm")),
  );
  if (root !== undefined) return root;
  throw new Error("QuRe's own sources are missing from this installation: install the package again");
}

/** The firmware that was assembled when the package was built. */
export function loadFirmware(): Uint8Array {
  return loadBuilt("firmware.bin");
}

/** What boots kernels that are files, likewise. */
export function loadStarter(): Uint8Array {
  return loadBuilt("starter.bin");
}

function missing(path: string): Error {
  return new Error(`${path} is missing: install the package again, or \`npm run build -- --force\` in QuRe's sources`);
}

/** The path of a file that was made when the package was built. */
export function builtFile(name: string): string {
  const path = join(builtFolder(), name);
  if (!existsSync(path)) throw missing(path);
  return path;
}

/** Its content. */
export function loadBuilt(name: string): Uint8Array<ArrayBuffer> {
  const path = join(builtFolder(), name);
  const content = readIfPresent(path);
  if (!content) throw missing(path);
  return content;
}
