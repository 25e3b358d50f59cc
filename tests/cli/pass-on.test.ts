/**
 * Calls by GNU's names that are for the next tool on PATH: they reach it once, or end with one line that says why not.
 */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { objectOf } from "../linker/mutations.ts";

const BIN = resolve("dist/bin");
/** The head of a 64-bit object. */
const LARGE = Buffer.from("\x7fELF\x02\x01\x01", "latin1");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-pass-"));
  cpSync(BIN, join(folder, "copy/bin"), { recursive: true });
  for (const name of ["links", "wrapped", "other"]) mkdirSync(join(folder, name));
  symlinkSync(join(BIN, "ld"), join(folder, "links/ld"));
  const program = (path: string, text: string): void => {
    writeFileSync(join(folder, path), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, path), 0o755);
  };
  program("wrapped/ld", `exec ${join(BIN, "ld")} "$@" -w`);
  program("other/ld", 'echo "the other one: $@"');
  writeFileSync(join(folder, "large.o"), LARGE);
  writeFileSync(join(folder, "small.o"), objectOf(".globl _start\n_start: ret\n", "small.s"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the first ld of these folders. */
function ld(folders: readonly string[], args: readonly string[], manner = ""): SpawnSyncReturns<string> {
  const path = [...folders.map((name) => resolve(folder, name)), dirname(process.execPath), "/bin"].join(delimiter);
  return spawnSync(join(resolve(folder, folders[0]!), "ld"), args, {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: path, QURE_PASS: manner },
    timeout: 20_000,
  });
}

test("copies of the folder and links to it are not the next tool", () => {
  const { stdout, status } = ld([BIN, "copy/bin", "links", BIN, "other"], ["-o", "out", "large.o"]);
  expect({ stdout, status }).toEqual({ stdout: "the other one: -o out large.o\n", status: 0 });
});

test("a copy of the folder alone says that a link is wanted", () => {
  const { stderr, status } = ld(["copy/bin"], ["--version"]);
  expect(stderr).toMatch(/^ld: error: dist\/qure\.cjs is not beside this folder: .*\n$/);
  expect(status).toBe(1);
});

test("a program that leads back is found out", () => {
  const { stderr, status } = ld([BIN, "wrapped", "other"], ["large.o"]);
  const next = join(folder, "wrapped/ld");
  expect(stderr).toBe(`qure ld: error: the next ld on PATH, ${next}, leads back here: take one of them out of PATH\n`);
  expect(status).toBe(1);
});

test("QURE_PASS warns of what is passed on, or forbids it", () => {
  expect(ld([BIN, "other"], ["large.o"], "warn")).toMatchObject({
    status: 0,
    stdout: "the other one: large.o\n",
    stderr: `qure ld: warning: passed on to ${join(folder, "other/ld")}: large.o is a 64-bit object\n`,
  });
  expect(ld([BIN, "other"], ["large.o"], "never")).toMatchObject({
    status: 1,
    stdout: "",
    stderr: "qure ld: error: large.o is a 64-bit object (QURE_PASS=never: no other ld is asked)\n",
  });
  expect(ld([BIN, "other"], ["large.o"], "often").stderr).toContain("QURE_PASS=often: it is always, warn or never");
});

test("values of options are no inputs", () => {
  const values = [
    "-dynamic-linker",
    "large.o",
    "-soname",
    "large.o",
    "-plugin",
    "large.o",
    "-plugin-opt",
    "large.o",
    "-rpath=large.o",
  ];
  const { stdout, status } = ld([BIN, "other"], ["-m", "elf_i386", ...values, "-o", "program", "small.o"], "never");
  expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  expect(readFileSync(join(folder, "program")).subarray(0, 5)).toEqual(Buffer.from("\x7fELF\x01", "latin1"));
  const without = ld([BIN, "other"], [...values, "-o", "program", "small.o"], "never");
  expect({ stderr: without.stderr, status: without.status }).toEqual({ stderr: "", status: 0 });
});
