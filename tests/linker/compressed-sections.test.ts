/**
 * Objects with compressed debugging information (`-gz`): linked as GNU ld does it, and refused when they are damaged.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../src/cli/ld.ts";
import { inflate } from "../../src/host/compression.ts";
import { linkProgram } from "../../src/linker/link.ts";
import { parseScript } from "../../src/linker/script/parser.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { captured } from "../binutils/captured.ts";
import { linkOfGnu, objectOfGnu, requireOracle, type SkippableContext } from "../oracle.ts";

const SOURCE = `.section .note.GNU-stack,"",@progbits
.text
.globl _start
_start: nop
.section .debug_info,"",@progbits
.balign 8
.rept 100
.long _start, 1, 2
.endr
.section .debug_str,"MS",@progbits,1
.rept 40
.asciz "the same again"
.endr
.asciz "another"
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-compressed-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The object, and where the header of its compressed section begins. */
function compressed(context: SkippableContext): { bytes: Uint8Array; headerAt: number } {
  const bytes = objectOfGnu(requireOracle("as", context), SOURCE, "--compress-debug-sections=zlib");
  const section = readElf(bytes, "a.o").sections.find(({ name }) => name === ".debug_info")!;
  expect(section.sizeBytes, "it is compressed").toBeLessThan(1200);
  return { bytes, headerAt: section.fileOffset };
}

test.for([[], ["-r"], ["-S"]])("%s", (options, context) => {
  const path = join(folder, "a.o");
  const ours = join(folder, "ours");
  writeFileSync(path, compressed(context).bytes);
  captured(run, ["-w", ...options, path, "-o", ours]);
  const { file } = linkOfGnu(requireOracle("ld", context), folder, [...options, path]);
  expect(Buffer.compare(readFileSync(ours), file!), "the files are equal").toBe(0);
});

const DAMAGED = "is compressed, and damaged";

test.for<readonly [string, number, number, string]>([
  ["of another kind", 0, 2, "is compressed in a way that is not known here: compile with -gz=none"],
  ["a smaller size", 4, 100, DAMAGED],
  ["a larger size", 4, 1201, DAMAGED],
  ["a size that no content has", 4, 0x7fffffff, DAMAGED],
  ["an alignment that is none", 8, 3, DAMAGED],
  ["other content", 12, 0x12345678, DAMAGED],
])("%s is refused", ([, at, value, sentence], context) => {
  const { bytes, headerAt } = compressed(context);
  const changed = bytes.slice();
  new DataView(changed.buffer).setUint32(headerAt + at, value, true);
  const { problems } = linkProgram([{ kind: "object", elf: readElf(changed, "changed.o") }], {
    script: parseScript("", "s.ld"),
    isDefaultScript: false,
    inflate,
  });
  expect(problems.map(({ file, message }) => `${file}: ${message}`)).toEqual([
    `changed.o: section .debug_info ${sentence}`,
  ]);
});
