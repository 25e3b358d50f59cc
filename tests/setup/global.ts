/**
 * Runs once before all tests: makes dist/ afresh when the sources changed, so that commands and worker threads are what
 * is in src/, and builds the images that test files share. A mistake in the assembly ends the run here, with the
 * assembler's own words and nothing else. QURE_TEST_CACHE names another folder to keep things in; images that lie in it
 * are taken as they are. A run of nothing but tests that need none of this does not wait for it.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { hashOf, sourcesHash } from "../../scripts/sources.mjs";

const root = join(import.meta.dirname, "../..");
const CACHE = join(root, "node_modules/.cache/qure-tests");
/** Objects of all builds that tests have made by the command. */
const OBJECTS = join(root, "node_modules/.cache/qure-objects");
/** States of the sources whose things stay: going back and forth between two branches costs nothing. */
const KEPT_STATES = 4;

/** Ends the run with `reason` alone: a stack would only hide it. */
function fail(reason: string): never {
  const error = new Error(`nothing was tested, for this cannot be built:\n\n${reason.trimEnd()}\n`);
  error.stack = error.message;
  throw error;
}

/** Runs a program of this repository; what it says of a mistake ends the run. */
function node(...args: string[]): void {
  try {
    execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stderr, stdout } = error as { stderr?: string; stdout?: string };
    fail(`${stdout ?? ""}${stderr ?? String(error)}`);
  }
}

function makeImages(folder: string): void {
  const part = `${folder}.${process.pid}`;
  mkdirSync(part, { recursive: true });
  // As a person has it, with map, listing and manifest, but with the kernel's CHECKs.
  node("dist/qure.cjs", "build", "--checks", "--revision", "1000", "-o", join(part, "build"));
  // What it was made of, for the images of tests: they differ from it by a source or two.
  renameSync(join(part, "build/.qure-cache/build-parts"), join(part, "parts"));
  rmSync(join(part, "build/.qure-cache"), { recursive: true });
  copyFileSync(join(root, "dist/firmware.bin"), join(part, "firmware.bin"));
  try {
    renameSync(part, folder);
  } catch (error) {
    // Another run in this tree was first, with the same images.
    if (!existsSync(folder)) throw error;
    rmSync(part, { recursive: true, force: true });
  }
}

export default function setup(project: TestProject): void {
  const prepare = (): void => {
    node("scripts/build.mjs");
    const helpers = hashOf(["tests"], (path) => !path.endsWith(".test.ts"));
    const folder = process.env["QURE_TEST_CACHE"] ?? join(CACHE, `${sourcesHash()}-${helpers}`);
    mkdirSync(folder, { recursive: true });
    if (!existsSync(join(folder, "images"))) makeImages(join(folder, "images"));
    project.provide("cacheFolder", folder);
    process.env["QURE_TEST_FIRMWARE"] = join(folder, "images/firmware.bin");
  };
  process.chdir(root);
  process.env["QURE_BUILD_CACHE"] ??= OBJECTS;
  const { filenamePattern } = project.vitest as { filenamePattern?: readonly string[] };
  if (filenamePattern?.every((name) => /^tests\/(house|isa|assembler)\b/.test(name))) return;
  prepare();
  // In watch mode the sources change under a run that stays.
  project.onTestsRerun(prepare);
  if (!existsSync(CACHE)) return;
  // Another run may be clearing up too, or still be writing into what this one removes.
  const ageOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const states = readdirSync(CACHE).map((name) => join(CACHE, name));
  const byAge = states.map((path) => ({ path, changed: ageOf(path) })).sort((a, b) => b.changed - a.changed);
  for (const { path } of byAge.slice(KEPT_STATES))
    try {
      rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // The next run removes it.
    }
}
