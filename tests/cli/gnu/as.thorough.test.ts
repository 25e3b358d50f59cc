/** What `qure as` does with sources that would fill the memory: it ends before that, with a sentence. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const bundle = join(import.meta.dirname, "../../../dist/qure.cjs");
let folder: string;

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-as-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sources that leave as much in memory as they can, and what ends them. */
const BOMBS: readonly (readonly [name: string, text: string, args: readonly string[]])[] = [
  ["labels", ".macro m\nl\\@:\n.endm\n.rept 3000\n.rept 3000\nm\n.endr\n.endr\n", []],
  ["fields in expansions", "x:\n.macro m\n.long x\n.endm\n.rept 3000\n.rept 3000\nm\n.endr\n.endr\n", []],
  ["a listing", ".rept 3000\n.rept 3000\nnop\n.endr\n.endr\n", ["-alm=listing.txt"]],
];

describe("qure as and memory", () => {
  for (const [name, text, args] of BOMBS) {
    test(`${name} without end are refused before a heap of 900 MiB is full`, { timeout: 60_000 }, () => {
      writeFileSync(join(folder, "bomb.s"), text);
      const { status, stderr } = spawnSync(
        process.execPath,
        ["--max-old-space-size=900", bundle, "as", ...args, "bomb.s", "-o", "bomb.o"],
        { cwd: folder, encoding: "utf8" },
      );
      expect(stderr).toMatch(/too-large/);
      expect(status).toBe(1);
    });
  }
});
