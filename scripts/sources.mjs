// One hash of everything that dist/ is made of: as long as it stays, so may dist/ and what tests have kept.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Folders and files that the product is built from. */
const SOURCES = [
  "src",
  "emulator",
  "asm",
  "boot",
  "scripts/aside.mjs",
  "scripts/build.mjs",
  "scripts/bundle.mjs",
  "scripts/commonjs-types.mjs",
  "scripts/interpreter.mjs",
  "scripts/shapes.s",
  "package.json",
  "package-lock.json",
  "tsconfig.base.json",
  "tsconfig.types.json",
];

/** Paths of all files under `place`, which may be a file itself, in a fixed order. */
function filesUnder(place) {
  try {
    return readdirSync(place, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => (entry.isDirectory() ? filesUnder(join(place, entry.name)) : [join(place, entry.name)]));
  } catch (error) {
    if (error.code === "ENOTDIR") return [place];
    throw error;
  }
}

/** The hash of names and contents of what lies under `places`, relative to the current folder; `isPart` chooses. */
export function hashOf(places, isPart = () => true) {
  const hash = createHash("sha256").update(process.version);
  for (const path of places.flatMap(filesUnder).filter(isPart)) hash.update(`\0${path}\0`).update(readFileSync(path));
  return hash.digest("hex").slice(0, 24);
}

export const sourcesHash = () => hashOf(SOURCES);
