/** Objects that are too large to be in memory as a whole, and programs that are written as they are made. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../src/cli/gnu/ld.ts";
import { OpenFiles } from "../../src/cli/gnu/open-files.ts";
import { Inputs } from "../../src/linker/inputs.ts";
import { type ByteSource, BytesInMemory } from "../../src/object/byte-source.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { captured } from "../binutils/captured.ts";
import { linkOfGnu, requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { objectOf } from "./mutations.ts";

/** Strings that are merged, groups, unwind information, relocations out of order, gaps, and one very large section. */
const sourceOf = (part: number): string => `
.globl start${part}
.text
start${part}: .cfi_startproc
call both
mov $.Ltext, %eax
.cfi_endproc
.section .text.both,"axG",@progbits,both,comdat
.weak both
both: ret
.section .rodata.str1.1,"aMS",@progbits,1
.Ltext: .asciz "a text"
.Lown: .asciz "part ${part}"
.data
.balign 64
.reloc here + 8, R_386_32, start${part}
.reloc here, R_386_PC32, both
here: .long 0, 0, 0
.section .debug_info,"",@progbits
.rept 4000
.long .Ltext, start${part}, .Lown
.endr
.section .table,"aw"
.skip 700000, ${part}
.balign 4096
.long here
.comm shared, 64, 32
`;

let folder: string;
let objects: string[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-large-"));
  objects = [1, 2, 3].map((part) => {
    const path = join(folder, `part${part}.o`);
    writeFileSync(path, objectOf(sourceOf(part), `part${part}.s`));
    return path;
  });
  writeFileSync(
    join(folder, "gaps.ld"),
    "SECTIONS { .text 0x1000 : { *(.text*) . += 0x30000; LONG(7) } =0xabcd .data : { *(.data .table) . = ALIGN(0x20000); } }",
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const link = (...args: readonly string[]): string => captured(run, ["-w", ...args]);

for (const options of rowsOf([[], ["-r"], ["-q"], ["--gc-sections", "-u", "start2"], ["-T", "gaps.ld"]], 2))
  test(`large objects with ${options.join(" ")}`, (context) => {
    const ld = requireOracle("ld", context);
    const args = ["-e", "start1", ...options.map((word) => (word.endsWith(".ld") ? join(folder, word) : word))];
    const gnu = linkOfGnu(ld, folder, ["--no-warn-rwx-segments", ...args, ...objects]);
    const ours = join(folder, "ours");
    link(...args, ...objects, "-o", ours);
    expect(readFileSync(ours).equals(gnu.file!), gnu.messages).toBe(true);
  });

test("a partial link may replace one of its objects", () => {
  mkdirSync(join(folder, "copies"));
  const copy = join(folder, "copies/part1.o");
  const whole = join(folder, "whole.o");
  writeFileSync(copy, readFileSync(objects[0]!));
  link("-r", objects[0]!, objects[1]!, "-o", whole);
  link("-r", copy, objects[1]!, "-o", copy);
  expect(readFileSync(copy).equals(readFileSync(whole))).toBe(true);
});

test("a link that fails leaves what was there before, and nothing else", () => {
  const output = join(folder, "before");
  writeFileSync(output, "before");
  const lost = join(folder, "lost.o");
  writeFileSync(lost, objectOf("call nowhere\n", "lost.s"));
  expect(() => link("-e", "start1", ...objects, lost, "-o", output)).toThrow("nothing was linked");
  expect(readFileSync(output, "latin1")).toBe("before");
  expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test("an object that becomes shorter while it is linked is named", () => {
  const path = join(folder, "short.o");
  writeFileSync(path, readFileSync(objects[0]!));
  const files = new OpenFiles();
  try {
    const table = readElf(files.open(path)!, path).sections.find(({ name }) => name === ".table")!;
    expect(table.content.length).toBeGreaterThan(700_000);
    truncateSync(path, 1000);
    expect(() => table.content).toThrow(`${path}: the file became shorter while it was read`);
  } finally {
    files.close();
  }
});

test("what an object has beside tables is not read when it is taken in", () => {
  const memory = new BytesInMemory(readFileSync(objects[0]!));
  let readBytes = 0;
  const counted = (sizeBytes: number): number => (readBytes += sizeBytes);
  const source: ByteSource = {
    length: memory.length,
    read: (offset, sizeBytes) => (counted(sizeBytes), memory.read(offset, sizeBytes)),
    peek: (offset, sizeBytes) => (counted(sizeBytes), memory.peek(offset, sizeBytes)),
    readInto: (target, offset) => (counted(target.length), memory.readInto(target, offset)),
  };
  new Inputs({}).add({ kind: "file", path: "part1.o", bytes: source });
  expect(memory.length).toBeGreaterThan(800_000);
  expect(readBytes).toBeLessThan(150_000);
});

test("more than 24,561 global names are in the order of GNU ld's table, which grows to 65,521 places", (context) => {
  const ld = requireOracle("ld", context);
  const path = join(folder, "names.o");
  const names = Array.from({ length: 24_700 }, (_, i) => `.globl name${i}\nname${i}:`);
  writeFileSync(path, objectOf(`.data\n${names.join("\n")}\n`, "names.s"));
  const args = ["-e", "0", path];
  const gnu = linkOfGnu(ld, folder, args);
  const ours = join(folder, "named");
  link(...args, "-o", ours);
  expect(readFileSync(ours).equals(gnu.file!), gnu.messages).toBe(true);
});
