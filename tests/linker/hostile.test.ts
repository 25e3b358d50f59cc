/**
 * Objects, archives and scripts that lie: whatever is in them, the linker and the object tools end with a sentence, soon and within the memory.
 * `FUZZ_SECONDS=60 SEED=7 npx vitest run tests/linker/hostile.test.ts` goes on for longer.
 */
import { describe, expect, test } from "vitest";
import { assemble } from "../../src/assembler/assemble.ts";
import { binaryImage, BinaryImageError } from "../../src/binutils/binary-image.ts";
import { disassembleFile } from "../../src/binutils/disassembly.ts";
import { fileHeader, programHeaders, relocationTables, sectionContents, sectionTable, symbolTable } from "../../src/binutils/headers.ts";
import { listSymbols } from "../../src/binutils/nm.ts";
import { readObjectFile, type ObjectFile } from "../../src/binutils/object-file.ts";
import { rewriteElf, RewriteError } from "../../src/binutils/rewrite.ts";
import { SourceLines } from "../../src/binutils/source-lines.ts";
import { totalsOf } from "../../src/binutils/size.ts";
import { isArchive, readArchive } from "../../src/linker/archive.ts";
import { defaultScript } from "../../src/linker/default-script.ts";
import { ElfError } from "../../src/linker/elf-reader.ts";
import { linkProgram } from "../../src/linker/link.ts";
import { parseScript, ScriptError } from "../../src/linker/script.ts";
import { Random, randomProgram, SCRIPTS } from "./programs.ts";

const seed = Number(process.env["SEED"] ?? 1);
const seconds = Number(process.env["FUZZ_SECONDS"] ?? 4);
/** No single case may take longer. */
const MOST_MS = 10_000;

function objectOf(source: string, path: string): Uint8Array {
  const bytes = new TextEncoder().encode(source);
  const { object } = assemble({ path, files: { read: (name) => (name === path ? { path, bytes } : null) }, debugLines: true });
  if (!object) throw new Error(`the source of seed ${seed} does not assemble`);
  return object;
}

function archiveOf(objects: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [new TextEncoder().encode("!<arch>\n")];
  objects.forEach((object, index) => {
    const header = `m${index}.o/`.padEnd(16) + "0".padEnd(12) + "0".padEnd(6) + "0".padEnd(6) + "644".padEnd(8) + String(object.length).padEnd(10) + "`\n";
    parts.push(new TextEncoder().encode(header), object, new Uint8Array(object.length % 2).fill(10));
  });
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 0x10000, 0xfff1, 0xfff2, 0xff00];

function mutate(random: Random, original: Uint8Array): Uint8Array {
  let bytes = original.slice();
  const view = (): DataView => new DataView(bytes.buffer);
  for (let i = random.below(6); i >= 0; i--) {
    if (bytes.length < 8) break;
    switch (random.below(5)) {
      case 0: bytes[random.below(bytes.length)] = random.below(256); break;
      case 1: view().setUint32(random.below(bytes.length - 4) & ~3, random.pick(INTERESTING), true); break;
      // The headers at the end, and the first one, matter most.
      case 2: view().setUint32((bytes.length - 4 - random.below(Math.min(bytes.length - 4, 600))) & ~3, random.pick(INTERESTING), true); break;
      case 3: bytes[random.below(Math.min(bytes.length, 52))] = random.below(256); break;
      default: if (random.chance(30)) bytes = bytes.slice(0, random.below(bytes.length));
    }
  }
  return bytes;
}

/** Everything that can be shown of a file; the text is thrown away. */
function show(file: ObjectFile): void {
  const all = (): boolean => true;
  fileHeader(file);
  programHeaders(file);
  sectionTable(file, all, true);
  symbolTable(file);
  relocationTables(file, all);
  for (const section of file.sections) sectionContents(section, 0, 2 ** 32);
  totalsOf(file);
  for (const format of ["bsd", "posix", "sysv"] as const) {
    listSymbols(file, { format, sort: "address", reverse: false, all: true, externOnly: false, undefinedOnly: false, definedOnly: false, withoutWeak: false, printSize: true, linePrefix: null, radix: 16, title: "" });
  }
  const lines = new SourceLines({ source: true, numbers: true, read: () => ["a", "b"] });
  lines.enter(file);
  const limits = { from: 0, to: 2 ** 32, wide: false, zeros: false, rawBytes: true, addresses: true, chosen: all, named: false, relocations: true, all: false };
  disassembleFile(file, { ...limits, bits: 32, syntax: "intel", linesBefore: (section, offset) => lines.before(section, offset) }, () => undefined);
  try {
    binaryImage(file, { chosen: all, gapFill: 0, padTo: null, filled: () => false });
    rewriteElf(file, { chosen: all, strip: "debugging" });
  } catch (error) {
    if (!(error instanceof BinaryImageError || error instanceof RewriteError)) throw error;
  }
}

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
        if (isArchive(bytes)) for (const { content, name } of readArchive(bytes, "lib.a").members) show(readObjectFile(content, name));
        else show(readObjectFile(bytes, "part.o"));
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
      let text = random.pick(texts);
      for (let i = random.below(5); i >= 0; i--) {
        const at = random.below(text.length);
        const token = random.pick([...tokens.slice(random.below(tokens.length - 1)).slice(0, 1), "{", "}", "(", ")", "0xffffffffff", "-1", "<<", "/ 0", "\"", "/*", ".", "ALIGN(0)", ". = . + 0x7fffffff;", "QUAD(", "((((((((", "x = x + 1;"]);
        text = random.chance(40) ? text.slice(0, at) + text.slice(at + random.below(20)) : `${text.slice(0, at)} ${token} ${text.slice(at)}`;
      }
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
