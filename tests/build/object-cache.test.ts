/**
 * A build that takes over what was made before makes the same bytes, and makes anew what has changed and nothing else.
 */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { type BuildResult, buildSystem } from "../../src/build/build.ts";
import { ObjectCache } from "../../src/build/object-cache.ts";
import { casesOf } from "../setup/tier.ts";
import { smallSystem, treeOf } from "./small-system.ts";

/** Of the images the CD alone: the disk has the same in it. */
const SETTINGS = {
  version: "0.0.0",
  revision: 1,
  wanted: ["qure.iso", "kernel.elf", "loader.elf", "kernel.map", "kernel.lst"],
};

/** Builds with what the cache holds; the next build gets it as another process would. */
function build(files: ReadonlyMap<string, string>, kept: ObjectCache): { result: BuildResult; made: string[] } {
  const made: string[] = [];
  const onMaking = (part: string, reason: string): void => void made.push(`${part}: ${reason}`);
  return { result: buildSystem(treeOf(files), { ...SETTINGS, cache: kept, onMaking }), made };
}

/** All that a person gets from a build, in short. */
function seen({ files, diagnostics }: BuildResult): unknown {
  const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  return [diagnostics, files?.map(({ name, content, parts }) => [name, hash(content), parts])];
}

const inNextProcess = (cache: ObjectCache): ObjectCache => ObjectCache.ofFile(cache.toFile());
const KERNEL = "the kernel: its objects are put together at each build";

test("what is made is what has changed, with the reason", () => {
  const files = smallSystem();
  const first = new ObjectCache();
  const all = build(files, first);
  expect(all.result.diagnostics).toEqual([]);
  expect(all.made).toContain("asm/kernel/main.s: it is new");
  const made = (): string[] => {
    const cache = inNextProcess(first);
    return build(files, cache).made;
  };
  expect(made()).toEqual([KERNEL]);
  files.set("asm/kernel/own.inc", ".set STEPS, 4\n.set KINDS, 6\n");
  const because = "asm/kernel/own.inc has changed";
  expect(made()).toEqual([`asm/kernel/main.s: ${because}`, `asm/kernel/part-a.s: ${because}`, KERNEL]);
  files.set("asm/kernel/own.inc", smallSystem().get("asm/kernel/own.inc")!);
  files.set("asm/programs/lib/shared.s", ".globl shared\nshared: dec %eax\n ret\n");
  expect(made()).toEqual([
    "asm/programs/lib/shared.s: asm/programs/lib/shared.s has changed",
    "program one: asm/programs/lib/shared.s has changed",
    "programs.s: what goes into it has changed",
    KERNEL,
  ]);
});

test("a file that takes the place of an included one is noticed", () => {
  const files = smallSystem();
  files.set("asm/include/other.inc", ".set OTHER, 1\n");
  files.set("asm/kernel/part-b.s", '.include "other.inc"\n.globl part_b\npart_b: mov $OTHER, %eax\n ret\n');
  const cache = new ObjectCache();
  build(files, cache);
  files.set("asm/kernel/other.inc", ".set OTHER, 2\n");
  const { result, made } = build(files, inNextProcess(cache));
  expect(made).toContain("asm/kernel/part-b.s: asm/kernel/other.inc has changed");
  expect(seen(result)).toEqual(seen(build(files, new ObjectCache()).result));
});

test("a mistake costs nothing of what was made before", () => {
  const files = smallSystem();
  const cache = new ObjectCache();
  build(files, cache);
  const loader = "boot/loader/console.s";
  const text = files.get(loader)!;
  files.set(loader, "movv %eax\n");
  const next = inNextProcess(cache);
  expect(build(files, next).result.files).toBe(null);
  files.set(loader, text);
  const made = ["boot/loader", "boot/loader with its symbols"].map((part) => `${part}: it is new`);
  expect(build(files, inNextProcess(next)).made).toEqual([`${loader}: it is new`, ...made, KERNEL]);
});

test("what is kept stays as large as one build", () => {
  const files = smallSystem();
  let cache = new ObjectCache();
  build(files, cache);
  const sizeBytes = cache.toFile().length;
  for (let i = 0; i < 5; i++) {
    files.set("asm/kernel/part-b.s", `.globl part_b\npart_b: mov $${i}, %al\n ret\n`);
    cache = inNextProcess(cache);
    build(files, cache);
  }
  expect(cache.toFile().length).toBeLessThan(1.01 * sizeBytes);
});

/** Changes that a person makes; each may be wrong as well. */
const EDITS: readonly ((files: Map<string, string>, random: Random) => void)[] = [
  (files, random) =>
    files.set("asm/kernel/own.inc", `.set STEPS, ${random.below(9)}\n.set KINDS, ${random.below(300)}\n`),
  (files, random) =>
    files.set("asm/kernel/part-b.s", `.globl part_b\npart_b: .fill ${random.below(40)}, 1, 0x90\n ret\n`),
  (files, random) => files.set("asm/kernel/part-a.s", `.globl part_a\npart_a: add $${random.below(400)}, %esp\n ret\n`),
  (files, random) => files.set(`asm/kernel/more-${random.below(3)}.s`, `.set KINDS, ${random.below(3)}\n nop\n`),
  (files, random) => files.delete(`asm/kernel/more-${random.below(3)}.s`),
  (files, random) =>
    files.set(`asm/programs/p${random.below(3)}.s`, `.globl _start, start\n_start: start: call shared\n`),
  (files, random) => files.delete(`asm/programs/p${random.below(3)}.s`),
  (files, random) =>
    files.set("asm/programs/lib/shared.s", `.globl shared\nshared: mov $${random.below(5)}, %al\n ret\n`),
  (files, random) => files.set("asm/own.inc", `.set STEPS, ${random.below(3)}\n`),
  (files, random) => files.set("boot/loader.ld", `${files.get("boot/loader.ld")}/* ${random.below(3)} */`),
  (files) => files.set("asm/kernel/part-b.s", "part_b: movv %eax\n"),
];

const cases = casesOf("build/object-cache");

test(`after each edit, and back again, the images are those of a build from nothing (${cases.title})`, () => {
  const random = new Random(cases.firstSeed);
  const files = smallSystem();
  let cache = new ObjectCache();
  build(files, cache);
  for (let i = 0; i < cases.count; i++) {
    const before = new Map(files);
    EDITS[random.below(EDITS.length)]!(files, random);
    for (const state of [files, before, files]) {
      cache = inNextProcess(cache);
      const anew = seen(build(state, new ObjectCache()).result);
      expect(seen(build(state, cache).result), cases.repeat(cases.firstSeed)).toEqual(anew);
    }
  }
});
