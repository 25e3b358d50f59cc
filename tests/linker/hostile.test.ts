/**
 * Objects, archives and scripts that lie: whatever is in them, the linker and the object tools end with a sentence, soon and within the memory.
 * `FUZZ_SECONDS=60 SEED=7 npx vitest run tests/linker/hostile.test.ts` goes on for longer.
 */
import { describe, expect, test } from "vitest";
import { readObjectFile } from "../../src/binutils/object-file.ts";
import { isArchive, readArchive } from "../../src/linker/archive.ts";
import { defaultScript } from "../../src/linker/default-script.ts";
import { ElfError } from "../../src/linker/elf-reader.ts";
import { linkProgram } from "../../src/linker/link.ts";
import { parseScript, ScriptError } from "../../src/linker/script.ts";
import { show } from "../binutils/fuzz-target.ts";
import { FuzzTarget } from "./fuzz-target.ts";
import { archiveOf, mutate, mutateScript, objectOf, randomScript } from "./mutations.ts";
import { Random, randomProgram, SCRIPTS } from "./programs.ts";

const seed = Number(process.env["SEED"] ?? 1);
const seconds = Number(process.env["FUZZ_SECONDS"] ?? 4);
/** No single case may take longer. */
const MOST_MS = 10_000;

const defaults = parseScript(defaultScript("paged"), "default");
const partial = parseScript(defaultScript("partial"), "partial");
const kernel = parseScript(SCRIPTS["kernel"]!, "kernel");

function linkAll(inputs: readonly Uint8Array[], random: Random): void {
  const script = random.pick([defaults, partial, kernel]);
  linkProgram(inputs.map((bytes, index) => ({ kind: "file", path: `${index}`, bytes })), {
    script, isDefaultScript: script === defaults, isRelocatable: script === partial, collectGarbage: random.chance(30), emitRelocations: random.chance(30),
  });
}

describe("hostile input", () => {
  test(`mutated objects and archives, seed ${seed}`, { timeout: (seconds + 120) * 1000 }, () => {
    const random = new Random(seed);
    const objects = [1, 2, 3, 4].flatMap((number) => randomProgram(seed * 100 + number).map((source, index) => objectOf(source, `part${index}.s`)));
    const archive = archiveOf(objects);
    const end = performance.now() + seconds * 1000;
    let cases = 0;
    let slowest = 0;
    for (; performance.now() < end || cases < 200; cases++) {
      const start = performance.now();
      const bytes = mutate(random, random.chance(15) ? archive : random.pick(objects));
      try {
        if (isArchive(bytes)) for (const { content, name } of readArchive(bytes, "lib.a").members) show(readObjectFile(content, name), random);
        else show(readObjectFile(bytes, "part.o"), random);
        linkAll([random.pick(objects), bytes], random);
      } catch (error) {
        expect(error, `seed ${seed}, case ${cases}: ${(error as Error).stack}`).toBeInstanceOf(ElfError);
      }
      slowest = Math.max(slowest, performance.now() - start);
      expect(slowest, `seed ${seed}, case ${cases} is slow`).toBeLessThan(MOST_MS);
    }
    if (process.env["FUZZ_SECONDS"]) console.log(`${cases} files, the slowest took ${Math.round(slowest)} ms`);
  });

  test(`mutated scripts, seed ${seed}`, { timeout: (seconds + 120) * 1000 }, () => {
    const random = new Random(seed + 1);
    const object = objectOf(randomProgram(1)[0]!, "part.s");
    const texts = [...Object.values(SCRIPTS), defaultScript("paged")];
    const tokens = texts.join(" ").split(/(\s+|[(){};:*])/).filter((token) => token.trim() !== "");
    const end = performance.now() + seconds * 500;
    let cases = 0;
    for (; performance.now() < end || cases < 100; cases++) {
      const start = performance.now();
      const text = random.chance(50) ? randomScript(random) : mutateScript(random, random.pick(texts), tokens);
      try {
        const script = parseScript(text, "script.ld");
        linkProgram([{ kind: "file", path: "part.o", bytes: object }], { script, isDefaultScript: false });
      } catch (error) {
        expect(error, `seed ${seed}, case ${cases}: ${(error as Error).stack}\n${text}`).toBeInstanceOf(ScriptError);
      }
      expect(performance.now() - start, `seed ${seed}, case ${cases} is slow:\n${text}`).toBeLessThan(MOST_MS);
    }
    if (process.env["FUZZ_SECONDS"]) console.log(`${cases} scripts`);
  });

  test("nesting that would exhaust the stack", () => {
    for (const text of [`x = ${"(".repeat(100_000)}`, `x = ${"-".repeat(100_000)}1;`, `SECTIONS { .a : { *(${"SORT(".repeat(50_000)} } }`, `x = ${"1 ? 2 : ".repeat(100_000)}3;`]) {
      expect(() => parseScript(text, "deep.ld")).toThrow(ScriptError);
    }
  });
});
