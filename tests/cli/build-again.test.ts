/**
 * `qure build` a second time: what it takes over, what it notices, and what a build leaves that is ended at any moment.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { smallSystem } from "../build/small-system.ts";
import { atLength, thoroughly } from "../setup/thoroughly.ts";
import { many, rowsOf } from "../setup/tier.ts";

const bundle = join(import.meta.dirname, "../../dist/qure.cjs");
const NOTHING = /^nothing has changed, in /m;
const PART = "asm/kernel/part-b.s";
const CACHE = ".qure-cache";
let folder: string;
/** A system that is built. The images of its copies are others to a build, but not its objects. */
let model: string;
let home: string;
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-again-"));
  model = join(folder, "model");
  for (const [path, text] of smallSystem()) {
    mkdirSync(dirname(join(model, path)), { recursive: true });
    writeFileSync(join(model, path), text, "latin1");
  }
  home = model;
  build();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  home = join(folder, `${count++}`);
  cpSync(model, home, { recursive: true });
});

function build(...args: string[]): string {
  return execFileSync("node", [bundle, "build", ...args], { cwd: home, encoding: "utf8", stdio: "pipe" });
}
const write = (path: string, text: string): void => writeFileSync(join(home, path), text);
const partWith = (value: number): string => `.globl part_b\npart_b: mov $${value}, %al\n ret\n`;
const manifest = (within = "build"): string => readFileSync(join(home, within, "manifest.json"), "utf8");

/** The images are those of their manifest, and those of a build from nothing. */
function expectRight(): void {
  const anew = build("--no-cache", "--json", "-o", "anew");
  expect(manifest()).toBe(anew);
  for (const name of readdirSync(join(home, "anew")).filter((entry) => entry !== CACHE))
    expect(readFileSync(join(home, "build", name)).equals(readFileSync(join(home, "anew", name))), name).toBe(true);
}

test("nothing has changed: nothing is written, and the words are those of the build", () => {
  const first = build();
  const before = statSync(join(home, "build/kernel.elf")).ino;
  const again = build();
  expect(again).toMatch(NOTHING);
  expect(again.split("\n").slice(0, -2)).toEqual(first.split("\n").slice(0, -2));
  expect(build("--json")).toBe(manifest());
  // Another time says nothing: the content counts.
  utimesSync(join(home, PART), 1e9, 1e9);
  expect(build()).toMatch(NOTHING);
  expect(statSync(join(home, "build/kernel.elf")).ino).toBe(before);
  expect(build("--revision", "7")).not.toMatch(NOTHING);
  expect(build("--no-cache")).not.toMatch(NOTHING);
});

test("a change that its file's size and time do not show is noticed, and explained", () => {
  write(PART, partWith(1));
  build();
  const { atimeMs, mtimeMs } = statSync(join(home, PART));
  write(PART, partWith(2));
  utimesSync(join(home, PART), atimeMs / 1000, mtimeMs / 1000);
  expect(build("--explain").split("\n").slice(0, -2)).toEqual([
    `${PART}: ${PART} has changed`,
    "the kernel: its objects are put together at each build",
  ]);
  write("asm/kernel/new.s", "nop\n");
  expect(build("--explain")).toMatch(/^asm\/kernel\/new\.s: it is new$/m);
  expectRight();
});

test("what a killed build has left half written goes away", () => {
  const left = join(home, "build", CACHE, "build-parts.0badcafe.part");
  writeFileSync(left, "half");
  utimesSync(left, 1e9, 1e9);
  write(PART, partWith(4));
  expect(build("--json", "--explain")).toBe(manifest());
  expect(readdirSync(join(home, "build", CACHE)).sort()).toEqual(["build-parts", "build-record"]);
});

thoroughly("an image that somebody wrote to, and one that is gone, are made again", () => {
  build();
  appendFileSync(join(home, "build/qure.img"), "x");
  expect(build()).not.toMatch(NOTHING);
  rmSync(join(home, "build/kernel.map"));
  expect(build()).not.toMatch(NOTHING);
  expectRight();
});

thoroughly("what is kept and damaged counts for nothing", () => {
  for (const name of rowsOf(["build-parts", "build-record"], [0, 1]))
    for (const damage of [
      (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1),
      (bytes: Buffer) => bytes.map((byte, at) => (at === bytes.length - 40 ? byte ^ 1 : byte)),
      () => Buffer.alloc(0),
    ]) {
      const path = join(home, "build", CACHE, name);
      writeFileSync(path, damage(readFileSync(path)));
      write(PART, partWith(name.length));
      build();
      expectRight();
    }
});

test("a mistake leaves the former images, and without it nothing has changed", () => {
  build();
  const before = manifest();
  const text = readFileSync(join(home, PART), "latin1");
  write(PART, "movv\n");
  const { status, stderr } = spawnSync("node", [bundle, "build"], { cwd: home, encoding: "utf8" });
  expect([status, stderr]).toEqual([1, expect.stringMatching(/part-b\.s:1:.*error/)]);
  expect(manifest()).toBe(before);
  write(PART, text);
  expect(build()).toMatch(NOTHING);
});

atLength("a build that is ended between any two files leaves what the next one makes right", () => {
  write(PART, partWith(3));
  build("-o", "later");
  const names = ["qure.iso", "qure.img", "kernel.elf", "loader.elf", "kernel.map", "kernel.lst", "manifest.json"];
  const files = [...names, `${CACHE}/build-parts`];
  for (let done = 1; done <= files.length; done++) {
    cpSync(join(model, PART), join(home, PART));
    build();
    for (const name of files.slice(0, done)) {
      rmSync(join(home, "build", name));
      cpSync(join(home, "later", name), join(home, "build", name));
    }
    // Back to what the record was of, or on to what the other build was of.
    if (done % 2 === 0) write(PART, partWith(3));
    build();
    expectRight();
  }
});

thoroughly("a build that is killed, and two at once, leave what the next one makes right", async () => {
  const random = new Random(1);
  const started = (lines: number): Promise<void> =>
    new Promise((resolve) => {
      // One cache for all of them, of which a build that is killed leaves a part.
      const env = { ...process.env, QURE_BUILD_CACHE: join(folder, "shared") };
      const child = spawn("node", [bundle, "build", "--explain"], {
        cwd: home,
        env,
        stdio: ["ignore", "pipe", "ignore"],
      });
      let seen = 0;
      child.stdout.on("data", (text: Buffer) => {
        seen += text.toString().split("\n").length - 1;
        if (seen >= lines) child.kill("SIGKILL");
      });
      child.on("close", () => resolve());
    });
  for (let i = 0; i < many(0, 2, 6); i++) {
    write(PART, partWith(random.below(200)));
    // What the spec says changes as well: the disk has a volume, or none.
    write("build.json", JSON.stringify({ defines: { ROUND: i }, disk: i % 2 ? { init: [`echo ${i}`] } : {} }));
    if (random.below(2) === 0) write("asm/kernel/own.inc", `.set STEPS, ${random.below(99)}\n.set KINDS, 1\n`);
    await started(1 + random.below(5));
    await Promise.all([started(1000), started(1000)]);
    expectRight();
    // Of two that write the same files at once, each may find the other's in the place of its own.
    build();
    expect(build()).toMatch(NOTHING);
    expectRight();
  }
});
