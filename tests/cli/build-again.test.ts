/**
 * `qure build` a second time: what it takes over, what it notices, and what a build leaves that is ended at any moment.
 */
import { spawn } from "node:child_process";
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
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { smallSystem } from "../build/small-system.ts";
import { atLength, thoroughly } from "../setup/thoroughly.ts";
import { many, rowsOf } from "../setup/tier.ts";
import { bundle, qure, spawned } from "./in-process.ts";

const NOTHING = /^nothing has changed, in /m;
const PART = "asm/kernel/part-b.s";
const CACHE = ".qure-cache";
let folder: string;
/** A system that is built. The images of its copies are others to a build, but not its objects. */
let model: string;
let home: string;
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "qure-again-"));
  model = join(folder, "model");
  for (const [path, text] of smallSystem()) {
    mkdirSync(dirname(join(model, path)), { recursive: true });
    writeFileSync(join(model, path), text, "latin1");
  }
  home = model;
  await build();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  home = join(folder, `${count++}`);
  cpSync(model, home, { recursive: true });
});

/** How a build is run: to another process's builds, one of this process is of another version. */
let run: typeof qure | typeof spawned = qure;
async function build(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(["build", ...args], { cwd: home });
  expect(status, stderr).toBe(0);
  return stdout;
}
const write = (path: string, text: string): void => writeFileSync(join(home, path), text);
const partWith = (value: number): string => `.globl part_b\npart_b: mov $${value}, %al\n ret\n`;
const manifest = (within = "build"): string => readFileSync(join(home, within, "manifest.json"), "utf8");

/** The images are those of their manifest, and those of a build from nothing. */
async function expectRight(): Promise<void> {
  const anew = await build("--no-cache", "--json", "-o", "anew");
  expect(manifest()).toBe(anew);
  for (const name of readdirSync(join(home, "anew")).filter((entry) => entry !== CACHE))
    expect(readFileSync(join(home, "build", name)).equals(readFileSync(join(home, "anew", name))), name).toBe(true);
}

test("nothing has changed: nothing is written, and the words are those of the build", async () => {
  const first = await build();
  const before = statSync(join(home, "build/kernel.elf")).ino;
  const again = await build();
  expect(again).toMatch(NOTHING);
  expect(again.split("\n").slice(0, -2)).toEqual(first.split("\n").slice(0, -2));
  expect(await build("--json")).toBe(manifest());
  // Another time says nothing: the content counts.
  utimesSync(join(home, PART), 1e9, 1e9);
  expect(await build()).toMatch(NOTHING);
  expect(statSync(join(home, "build/kernel.elf")).ino).toBe(before);
  expect(await build("--revision", "7")).not.toMatch(NOTHING);
  expect(await build("--no-cache")).not.toMatch(NOTHING);
});

test("a change that its file's size and time do not show is noticed, and explained", async () => {
  write(PART, partWith(1));
  await build();
  const { atimeMs, mtimeMs } = statSync(join(home, PART));
  write(PART, partWith(2));
  utimesSync(join(home, PART), atimeMs / 1000, mtimeMs / 1000);
  expect((await build("--explain")).split("\n").slice(0, -2)).toEqual([
    `${PART}: ${PART} has changed`,
    "the kernel: its objects are put together at each build",
  ]);
  write("asm/kernel/new.s", "nop\n");
  expect(await build("--explain")).toMatch(/^asm\/kernel\/new\.s: it is new$/m);
  await expectRight();
});

test("what a killed build has left half written goes away", async () => {
  const left = join(home, "build", CACHE, "build-parts.0badcafe.part");
  writeFileSync(left, "half");
  utimesSync(left, 1e9, 1e9);
  write(PART, partWith(4));
  expect(await build("--json", "--explain")).toBe(manifest());
  expect(readdirSync(join(home, "build", CACHE)).sort()).toEqual(["build-parts", "build-record"]);
});

thoroughly("an image that somebody wrote to, and one that is gone, are made again", async () => {
  await build();
  appendFileSync(join(home, "build/qure.img"), "x");
  expect(await build()).not.toMatch(NOTHING);
  rmSync(join(home, "build/kernel.map"));
  expect(await build()).not.toMatch(NOTHING);
  await expectRight();
});

thoroughly("what is kept and damaged counts for nothing", async () => {
  for (const name of rowsOf(["build-parts", "build-record"], [0, 1]))
    for (const damage of [
      (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1),
      (bytes: Buffer) => bytes.map((byte, at) => (at === bytes.length - 40 ? byte ^ 1 : byte)),
      () => Buffer.alloc(0),
    ]) {
      const path = join(home, "build", CACHE, name);
      writeFileSync(path, damage(readFileSync(path)));
      write(PART, partWith(name.length));
      await build();
      await expectRight();
    }
});

test("a mistake leaves the former images, and without it nothing has changed", async () => {
  await build();
  const before = manifest();
  const text = readFileSync(join(home, PART), "latin1");
  write(PART, "movv\n");
  const { status, stderr } = await qure(["build"], { cwd: home });
  expect([status, stderr]).toEqual([1, expect.stringMatching(/part-b\.s:1:.*error/)]);
  expect(manifest()).toBe(before);
  write(PART, text);
  expect(await build()).toMatch(NOTHING);
});

atLength("a build that is ended between any two files leaves what the next one makes right", async () => {
  write(PART, partWith(3));
  await build("-o", "later");
  const names = ["qure.iso", "qure.img", "kernel.elf", "loader.elf", "kernel.map", "kernel.lst", "manifest.json"];
  const files = [...names, `${CACHE}/build-parts`];
  for (let done = 1; done <= files.length; done++) {
    cpSync(join(model, PART), join(home, PART));
    await build();
    for (const name of files.slice(0, done)) {
      rmSync(join(home, "build", name));
      cpSync(join(home, "later", name), join(home, "build", name));
    }
    // Back to what the record was of, or on to what the other build was of.
    if (done % 2 === 0) write(PART, partWith(3));
    await build();
    await expectRight();
  }
});

thoroughly("a build that is killed, and two at once, leave what the next one makes right", async () => {
  run = spawned;
  onTestFinished(() => {
    run = qure;
  });
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
    await expectRight();
    // Of two that write the same files at once, each may find the other's in the place of its own.
    await build();
    expect(await build()).toMatch(NOTHING);
    await expectRight();
  }
});
