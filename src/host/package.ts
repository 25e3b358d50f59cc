/** The files that come with the package: QuRe's own sources and the firmware of the emulated PC. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readIfPresent } from "./files.ts";

/** The package's folder: the one above this bundle or source that holds its sources. */
export function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json")) && existsSync(join(folder, "asm"))) return folder;
    if (folder === dirname(folder))
      throw new Error("QuRe's own sources are missing from this installation: install the package again");
  }
}

/** The firmware that was assembled when the package was built. */
export function loadFirmware(): Uint8Array {
  return loadBuilt("firmware.bin");
}

/** What boots kernels that are files, likewise. */
export function loadStarter(): Uint8Array {
  return loadBuilt("starter.bin");
}

/** A file that was made when the package was built. */
export function loadBuilt(name: string): Uint8Array<ArrayBuffer> {
  const path = join(packageRoot(), "dist", name);
  const content = readIfPresent(path);
  if (!content) throw new Error(`${path} is missing: npm run build makes it`);
  return content;
}
