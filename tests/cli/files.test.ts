/** Folders and files that the host does not let us make: a sentence and an end, whatever the option. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyFileAside } from "../../src/host/files.ts";
import { makeFolder } from "../../src/host/folder.ts";
import { isThorough, rowsOf } from "../setup/tier.ts";

const bundle = join(import.meta.dirname, "../../dist/qure.cjs");
/** Linux: a file system that answers ENOENT to every new folder, at which Node's recursive mkdir tries for ever. */
const REFUSES = "/proc/qure";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-files-"));
  const disk = new Uint8Array(1 << 20);
  disk.set([0xfa, 0xf4]);
  disk.set([0x55, 0xaa], 510);
  writeFileSync(join(folder, "halt.img"), disk);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(existsSync("/proc/self"))("a folder where none can be made", () => {
  test.each(
    rowsOf(
      [
        ["emu", "--log", REFUSES],
        ["emu", "--screenshot", REFUSES],
        ["emu", "--dir", REFUSES],
        ["emu", "--pcap", `${REFUSES}/net.pcapng`],
        ["emu", "-d", "int", "-D", `${REFUSES}/trace.txt`],
        ["emu", "--save", "x", "--store", REFUSES],
        // Says so only after it has built.
        ...(isThorough ? [["build", "--packaged", "-o", REFUSES]] : []),
      ],
      2,
    ),
  )("%s %s %s", (command, ...args) => {
    const boot = command === "emu" ? ["--hda", "halt.img", "--for", "1ms"] : [];
    const { status, stderr } = spawnSync("node", [bundle, command, ...boot, ...args], {
      cwd: folder,
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(stderr).toMatch(/\/proc\/qure\S*: no folder can be made there\n$/);
    expect(status).toBe(1);
  });
});

describe.runIf(existsSync("/dev/zero"))("files that have no end, or are none", () => {
  beforeAll(() => writeFileSync(join(folder, "ok.s"), "nop\n"));

  test.each(
    rowsOf(
      [
        ["as", "@/dev/zero"],
        ["ld", "@/dev/urandom"],
        ["objcopy", "@/dev/zero", "out"],
        ["ld", "ok.s", "--retain-symbols-file", "/dev/zero", "-o", "out"],
        ["ld", "ok.s", "--retain-symbols-file", "none", "-o", "out"],
        ["objcopy", "--strip-symbols=/dev/zero", "ok.s", "out"],
        ["ar", "rcT", "out", "/dev/zero"],
        ["ar", "rc", "ok.s/out.a", "ok.s"],
        ["strip", "ok.s/none"],
        ["as", "ok.s/none", "-o", "out"],
      ],
      4,
    ),
  )("%s %s %s %s %s", (...args) => {
    const { status, stderr } = spawnSync("node", [bundle, ...args], { cwd: folder, encoding: "utf8", timeout: 60_000 });
    expect(stderr).toMatch(/^(qure \w+: error: |[^\n]*: error: )[^\n]*\n$/);
    expect(status).toBe(1);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });
});

test.runIf(process.platform !== "win32")(
  "a pipe that nobody writes to is not waited for where a source includes it",
  () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    for (const directive of [".incbin", ".include"]) {
      writeFileSync(join(folder, "pipe.s"), `${directive} "pipe"\n`);
      const args = [bundle, "as", "pipe.s", "-o", "out.o"];
      const { status, stderr } = spawnSync("node", args, { cwd: folder, encoding: "utf8", timeout: 60_000 });
      expect(stderr).toMatch(/pipe: not a regular file/);
      expect(status).toBe(1);
    }
  },
);

test("makeFolder makes what is missing, and takes what is there", () => {
  const path = join(folder, "a/b/c");
  makeFolder(path);
  makeFolder(path);
  expect(existsSync(path)).toBe(true);
  expect(() => makeFolder(join(folder, "halt.img"))).toThrow(/EEXIST/);
  expect(() => makeFolder(join(folder, "halt.img/below"))).toThrow(/ENOTDIR|EEXIST/);
});

test("a copy has the bytes and its holes, and what fails is about the side that failed", () => {
  const [source, target] = ["source.bin", "copies/target.bin"].map((name) => join(folder, name)) as [string, string];
  const bytes = new Uint8Array((3 << 20) + 5);
  bytes.fill(0x5a, 70_000, 80_000).set([1, 2, 3], bytes.length - 3);
  writeFileSync(source, bytes);
  copyFileAside(source, target);
  expect(readFileSync(target).equals(bytes)).toBe(true);
  expect(readdirSync(join(folder, "copies"))).toEqual(["target.bin"]);
  const pathOf = (from: string, to: string): unknown => {
    try {
      copyFileAside(from, to);
      return null;
    } catch (error) {
      return (error as NodeJS.ErrnoException).path;
    }
  };
  expect(pathOf(join(folder, "none"), target)).toBe(join(folder, "none"));
  // A folder can be opened, and not read.
  expect(pathOf(folder, target)).toBe(folder);
  expect(pathOf(source, join(folder, "copies"))).toBe(join(folder, "copies"));
  expect(readdirSync(join(folder, "copies"))).toEqual(["target.bin"]);
});

test("nothing in src/ has Node make folders recursively", () => {
  const src = join(import.meta.dirname, "../../src");
  const offenders = readdirSync(src, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && /mkdir(?:Sync)?\([^;]*recursive/.test(readFileSync(join(src, path), "utf8")),
  );
  expect(offenders).toEqual([]);
});

test("qure emu without an image names both ways to make one", () => {
  const { status, stderr } = spawnSync("node", [bundle, "emu"], { cwd: folder, encoding: "utf8", timeout: 60_000 });
  expect(stderr).toMatch(/^qure emu: error: build\/qure\.iso: no such file; `qure build` .*`qure build --packaged`/);
  expect(status).toBe(1);
});
