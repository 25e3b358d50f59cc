/**
 * Lines by stabs: objdump shows those of a program as GNU objdump does, and `qure emu` names the lines of a kernel that
 * was compiled with them.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Places } from "../../src/cli/emu/symbols.ts";
import { run as objdump } from "../../src/cli/gnu/objdump.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { stabLinesOf, stabRowsOf } from "../../src/object/stab-lines.ts";
import { linkOfGnu, objectOfGnu, requireOracle } from "../oracle.ts";
import { captured } from "./captured.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-stabs-"));
  const lines = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`);
  writeFileSync(join(folder, "one.c"), lines.join("\n"));
  writeFileSync(join(folder, "head.h"), `${lines.join("\n")}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What gcc writes of a file with two functions, the second with lines of a header file. */
const compiled = (name: string, letter: string): string =>
  `.section .note.GNU-stack,"",@progbits\n.text\n.globl _start\n${letter}: .stabs "FOLDER/", 100, 0, 2, ${letter}\n.stabs "${name}", 100, 0, 2, ${letter}\n.stabs "${letter}:F(0,1)", 36, 0, 1, ${letter}\n` +
  `.stabn 68, 0, 3, 0\nnop\n.stabn 68, 0, 4, 1\nnop\nnop\n.stabn 68, 0, 5, 3\nret\n.stabs "", 36, 0, 0, 4\n` +
  `${letter}2: .stabs "${letter}2:f(0,1)", 36, 0, 1, ${letter}2\n.stabn 68, 0, 7, 0\nnop\n.stabs "head.h", 132, 0, 0, ${letter}2+1\n.stabn 68, 0, 2, 1\nnop\n.stabs "${name}", 132, 0, 0, ${letter}2+2\n.stabn 68, 0, 12, 2\nret\n.stabs "", 36, 0, 0, 3\n` +
  `.stabs "", 100, 0, 0, ${letter}2+3\n`;
/** Of a source in assembly: addresses, and no functions; then code of which nothing is told. */
const assembled = `.section .note.GNU-stack,"",@progbits\n.text\n.globl _start\n_start: .stabs "one.c", 100, 0, 0, _start\n.stabn 68, 0, 2, _start\nnop\n.stabn 68, 0, 8, _start+1\nret\n.type text, @object\ntext: .stabn 68, 0, 9, text\n.ascii "words of a length that takes a few rows"\n`;

function linked(context: Parameters<typeof requireOracle>[1]): { path: string; file: Uint8Array } {
  const [as, ld] = ["as", "ld"].map((tool) => requireOracle(tool, context)) as [string, string];
  const paths = [assembled, compiled("one.c", "a"), compiled("missing.c", "b"), "nop\n"].map((source, index) => {
    const path = join(folder, `part${index}.o`);
    writeFileSync(path, objectOfGnu(as, source.replaceAll("FOLDER", folder)));
    return path;
  });
  const { file } = linkOfGnu(ld, folder, ["-w", "-Ttext", "0x100000", ...paths]);
  const path = join(folder, "kernel.elf");
  writeFileSync(path, file!);
  return { path, file: file! };
}

for (const options of ["-dl", "-dS", "-dSl", "-dSl -j .text -M intel", "-DS -j .text"])
  test(`objdump ${options}`, (context) => {
    const tool = requireOracle("objdump", context);
    const { path } = linked(context);
    const args = [...options.split(" "), path];
    const theirs = execFileSync(tool, args, { encoding: "latin1", cwd: folder });
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(captured(objdump, args)).toBe(theirs);
    } finally {
      process.chdir(before);
    }
  });

test("a kernel's addresses have their lines in what qure emu tells", (context) => {
  const { path } = linked(context);
  const places = new Places([path], null);
  const told = (address: number): string => places.describe(address).replaceAll(`${folder}/`, "");
  const { symbols } = readElf(readFileSync(path), path);
  const at = (name: string): number => symbols.find((symbol) => symbol.name === name)!.value;
  expect(told(at("_start") + 1)).toMatch(/^[0-9a-f]{8} _start\+1h \(one\.c:8\)$/);
  expect(told(at("a") + 2)).toMatch(/ a\+2h \(one\.c:4\)$/);
  expect(told(at("a2") + 1)).toMatch(/ a2\+1h \(head\.h:2\)$/);
  expect(told(at("b2") + 3)).not.toContain("missing.c");
});

test("tables that say nonsense find nothing, and end", (context) => {
  const { file } = linked(context);
  const elf = readElf(file, "kernel.elf");
  const { fileOffset, sizeBytes } = elf.sections.find(({ name }) => name === ".stab")!;
  const text = elf.sections.find(({ name }) => name === ".text")!;
  for (let seed = 1; seed < 200; seed++) {
    const damaged = file.slice();
    for (let at = fileOffset, value = seed; at < fileOffset + sizeBytes; at += 1 + (value % 23)) {
      value = (Math.imul(value, 1103515245) + 12345) >>> 0;
      damaged[at] = value >>> 24;
    }
    const read = readElf(damaged, "kernel.elf");
    expect(stabRowsOf(read).length).toBeLessThanOrEqual(sizeBytes / 12);
    const lines = stabLinesOf(read)!;
    for (let offset = 0; offset < text.sizeBytes; offset++) {
      const found = lines.find(text, offset);
      if (found !== null) expect(found.line).toBeGreaterThan(0);
      lines.functionAt(text, offset);
    }
  }
});
