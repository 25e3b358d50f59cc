/** Relocations in an object without symbols: the table that they refer to is there, and empty, as in GNU's copies. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run as objcopy } from "../../src/cli/gnu/objcopy.ts";
import { run as objdump } from "../../src/cli/gnu/objdump.ts";
import { run as readelf } from "../../src/cli/gnu/readelf.ts";
import { objectOfGnu, requireOracle } from "../oracle.ts";
import { captured } from "./captured.ts";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-no-symbols-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SOURCES = { "none from the start": "call 5\n", "one that is left out": ".reloc 0, R_386_NONE\n.long 1\n" };
const COPIES = ["", "-g", "-S", "-x", "-X", "--strip-unneeded", "-R .text", "-R .rel.text", "-j .text", "-N none"];

describe.each(Object.entries(SOURCES))("relocations without symbols: %s", (_, source) => {
  test("copies are GNU objcopy's", (context) => {
    const [as, gnuObjcopy] = ["as", "objcopy"].map((name) => requireOracle(name, context)) as [string, string];
    const [path, ours, theirs] = ["object.o", "ours.o", "theirs.o"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(path, new Uint8Array(objectOfGnu(as, source)));
    for (const options of COPIES) {
      const words = options === "" ? [] : options.split(" ");
      captured(objcopy, [...words, path, ours]);
      execFileSync(gnuObjcopy, [...words, path, theirs]);
      expect(readFileSync(ours).equals(readFileSync(theirs)), options).toBe(true);
    }
  });

  test("objdump and readelf see the table", (context) => {
    const path = join(folder, "seen.o");
    writeFileSync(path, new Uint8Array(objectOfGnu(requireOracle("as", context), source)));
    const [dumped, read] = [
      ["-x", path],
      ["-a", path],
    ] as const;
    expect(captured(objdump, [...dumped])).toBe(
      spawnSync(requireOracle("objdump", context), dumped, { encoding: "latin1" }).stdout,
    );
    expect(captured(readelf, [...read])).toBe(
      spawnSync(requireOracle("readelf", context), read, { encoding: "latin1" }).stdout,
    );
  });
});
