/**
 * What takes long to make and many test files need - images, prepared disks, booted clusters - is made once and kept.
 * A thing is kept under a hash of all that it can depend on, so it is never stale: the product's sources, the
 * tests' own helpers and guests, and the test file that asks for it. Nothing breaks when the folder is removed.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject } from "vitest";
import { alone } from "./alone.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The folder of this state of the sources, made by the global setup. */
    cacheFolder: string;
  }
}

const here = new Map<string, Uint8Array>();
/** Whoever makes a thing for longer than this is not there any more. */
const MAKING_MS = 170_000;

/** Writes so that whoever reads at the same moment finds the whole file or none. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const part = `${path}.${process.pid}`;
  writeFileSync(part, bytes);
  renameSync(part, path);
}

async function keptAs(key: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> {
  let bytes = here.get(key);
  if (bytes) return bytes;
  const folder = join(inject("cacheFolder"), "states");
  const path = join(folder, key.slice(0, 24));
  mkdirSync(folder, { recursive: true });
  if (!existsSync(path))
    await alone(`${path}.lock`, MAKING_MS, async () => {
      if (!existsSync(path)) writeWhole(path, await make());
    });
  bytes = new Uint8Array(readFileSync(path));
  here.set(key, bytes);
  return bytes;
}

/** The bytes that `make` makes for `name`, a name within the running test file; made only when none are kept. */
export function kept(name: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> {
  const asking = expect.getState().testPath ?? "";
  const hash = createHash("sha256").update(asking === "" ? "" : readFileSync(asking));
  return keptAs(hash.update(`${asking}\0${name}`).digest("hex"), make);
}

/** The same for what does not depend on the file that asks: `name` says all that it depends on but the sources. */
export function keptForAll(name: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> {
  return keptAs(createHash("sha256").update(name).digest("hex"), make);
}
