/**
 * The language of linker scripts against GNU ld: each script links the same two objects to the same bytes and the same
 * map, or both refuse it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../src/cli/gnu/ld.ts";
import { mergeScripts } from "../../src/linker/script/merge.ts";
import { parseScript } from "../../src/linker/script/parser.ts";
import { ScriptError } from "../../src/linker/script/tree.ts";
import { captured } from "../binutils/captured.ts";
import { linkOfGnu, objectOfGnu, requireOracle } from "../oracle.ts";

const SOURCES = [
  '.section .note.GNU-stack,"",@progbits\n.text\n.globl _start\n_start: call far\n.long wanted\n.data\n.long 1, shared\n.comm shared, 12, 8\n.section .ov1,"aw"\n.long 7\n.section .rodata.b\n.byte 2\n.section .w.x,"aw"\n.skip 5\n',
  '.section .note.GNU-stack,"",@progbits\n.text\n.globl far\nfar: ret\n.balign 32\n.section .ov2,"aw"\n.long 8, 9, 10\n.section .rodata.a\n.balign 4\n.byte 3\n.bss\n.skip 33\n.section .w.y,"ax"\nnop\n.section left,"a"\n.long 5\n',
];

const REST = ".data : { *(.data) } .bss : { *(.bss) *(COMMON) }";

/** What the script is about -> script, and further options. */
const SCRIPTS: Readonly<Record<string, readonly [script: string, ...options: string[]]>> = {
  "values of 64 bits": [
    `wanted = 3; a = 0xffffffffffffffff; b = a + 2; c = (a > 5) + (-1 < 0); d = 0x123456789a >> 8; e = ~a; SECTIONS { .text : { *(.text) QUAD(0x123456789abcdef0) QUAD(a) LONG(b) QUAD(-5 / 2) QUAD(-5 % 3) } ${REST} }`,
  ],
  "constants and functions in the map": [
    `wanted = 1 << 4 | 3; x = 1 ? 2 : 3; SECTIONS { . = 0x1000; .text : { *(.text) . = ALIGN(., 64); } y = MAX(ADDR(.text), 5) + SIZEOF(.text) - LOADADDR(.text); z = ALIGNOF(.text) * LOG2CEIL(9); w = NEXT(4); ${REST} n = - x; }`,
  ],
  "symbols that change": [
    `wanted = 1; wanted += 4; SECTIONS { base = 0x4000; base += 0x100; .text base : { *(.text) } last = .; last += 2; ${REST} }`,
  ],
  "DEFINED and PROVIDE": [
    `early = DEFINED(later); later = 3; again = DEFINED(later); PROVIDE(wanted = later + 1); PROVIDE(unused = 1); SECTIONS { .text : { *(.text) LONG(provided) PROVIDE(provided = .); } ${REST} both = provided2; PROVIDE(provided2 = 9); }`,
  ],
  overlay: [
    `wanted = 0; SECTIONS { . = 0x1000; .text : { *(.text) } OVERLAY 0x8000 : AT(0x3000) { .ov1 { *(.ov1) } .ov2 { *(.ov2) BYTE(1) } } =0x90 after = .; stop = __load_stop_ov1; ${REST} }`,
  ],
  "INSERT into the built-in script": ["wanted = 0; SECTIONS { .w : { *(.w.x) } } INSERT AFTER .data;"],
  "regions and aliases": [
    `wanted = 0; MEMORY { rom (rx) : ORIGIN = 0x8000, LENGTH = 32K ram (w!x) : ORIGIN = 0x20000, LENGTH = 4K } REGION_ALIAS("code", rom); REGION_ALIAS("data", ram);
    SECTIONS { .text : { *(.text) } > code .rodata : ALIGN(8) { *(.rodata*) } > code .data : ALIGN_WITH_INPUT { *(.data) . = ALIGN(16); } > data AT> code .bss : { *(.bss) *(COMMON) } > data }`,
  ],
  "names and flags of input sections": [
    `wanted = 0; SECTIONS { .text : { *(.text) } .flags : { INPUT_SECTION_FLAGS(SHF_WRITE & !SHF_EXECINSTR) *(.w.*) } .class : { *(.rodata.[!b]) } .more : { *(SORT(.rodata.*)) *(EXCLUDE_FILE(*1.o) .ov*) } .file : { *1.o } ${REST} }`,
  ],
  "sorting by option": [
    `wanted = 0; SECTIONS { .text : { *(.text) } .all : { *(.rodata* .ov* .w.*) } ${REST} }`,
    "--sort-section=name",
  ],
  "sorting by alignment": [
    `wanted = 0; SECTIONS { .text : { *(.text) } .all : { *(SORT_BY_NAME(.rodata*)) *(.ov* .w.*) } ${REST} }`,
    "--sort-section=alignment",
  ],
  "program headers": [
    `wanted = 0; PHDRS { table PT_PHDR PHDRS; text PT_LOAD FILEHDR PHDRS; data PT_LOAD FLAGS(6); stack PT_GNU_STACK FLAGS(7); } SECTIONS { . = 0x100000 + SIZEOF_HEADERS; .text : { *(.text) } :text .data : { *(.data) } :data .bss : { *(.bss) *(COMMON) } }`,
  ],
  "large pages": [
    `wanted = 0; SECTIONS { . = 0x400000 + SIZEOF_HEADERS; .text : { *(.text) } . = ALIGN(CONSTANT(MAXPAGESIZE)) + (. & (CONSTANT(MAXPAGESIZE) - 1)); ${REST} }`,
    "-z",
    "max-page-size=0x200000",
  ],
  "a location counter that moves in a section": [
    `wanted = 0; STEP = 0x40; SECTIONS { .text 0x1000 : { *(.text) . = STEP * 3; BYTE(1) . += 7; FILL(0x1234) . = ALIGN(8); } ${REST} }`,
  ],
  "values of the command line": [
    `SECTIONS { . = start; .text : { *(.text) } ${REST} }`,
    "--defsym",
    "start=0x2000",
    "--defsym",
    "wanted=start+4",
  ],
  "orphans that are refused": [`wanted = 0; SECTIONS { .text : { *(.text) } ${REST} }`, "--orphan-handling=error"],
  "orphans that are left out": [`wanted = 0; SECTIONS { .text : { *(.text) } ${REST} }`, "--orphan-handling=discard"],
  "a region that is too small": [
    `wanted = 0; MEMORY { all : ORIGIN = 0, LENGTH = 16 } SECTIONS { .text : { *(.text) } > all ${REST} }`,
  ],
  "sections that overlap": [
    `wanted = 0; SECTIONS { .text 0x1000 : { *(.text) } .data 0x1004 : { *(.data) } .bss : { *(.bss) *(COMMON) } }`,
  ],
  "an assertion": [`wanted = 0; SECTIONS { .text : { *(.text) } ${REST} } ASSERT(SIZEOF(.text) < 4, "too large")`],
  "a location counter that moves backwards": [`wanted = 0; SECTIONS { .text 0x1000 : { *(.text) . = 2; } ${REST} }`],
};

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-scripts-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("linker scripts", () => {
  for (const [name, [script, ...options]] of Object.entries(SCRIPTS)) {
    test(name, (context) => {
      const [as, ld] = ["as", "ld"].map((tool) => requireOracle(tool, context)) as [string, string];
      const objects = SOURCES.map((source, index) => {
        const path = join(folder, `part${index}.o`);
        writeFileSync(path, objectOfGnu(as, source));
        return path;
      });
      const path = join(folder, "script.ld");
      writeFileSync(path, script);
      const [theirs, ours] = ["theirs", "ours"].map((file) => join(folder, file)) as [string, string];
      const args = (output: string): string[] => [
        "-m",
        "elf_i386",
        `-Map=${output}.map`,
        ...options,
        "-T",
        path,
        ...objects,
        "-o",
        output,
      ];
      const gnu = linkOfGnu(ld, folder, [...options, "-T", path, ...objects]);
      if (gnu.file === null) {
        expect(() => captured(run, args(ours)), gnu.messages).toThrow();
        return;
      }
      captured(run, args(ours));
      expect(readFileSync(`${ours}.map`, "latin1").replace(ours, theirs)).toBe(gnu.map);
      expect(readFileSync(ours).equals(gnu.file)).toBe(true);
    });
  }
});

/** A bit of everything that a script can say. */
const EVERYTHING = `ENTRY(_start) OUTPUT_FORMAT("elf32-i386") OUTPUT_ARCH(i386) SEARCH_DIR("/a") EXTERN(far) INPUT(AS_NEEDED(a.o) b.o)
MEMORY { rom (rx!w) : ORIGIN = 0x1000, LENGTH = 64K ram : org = 1M, len = (2 << 10) }
REGION_ALIAS("all", ram) PHDRS { code PT_LOAD FILEHDR PHDRS AT(0x10) FLAGS(5); data PT_LOAD; } NOCROSSREFS(.a .b)
SECTIONS { . = SEGMENT_START("text", 0x1000); PROVIDE_HIDDEN(x = a ? b : -c);
.text ALIGN(4) (NOLOAD) : AT(ADDR(.b) + 1) SUBALIGN(8) { *a.o:b(EXCLUDE_FILE(*c.o) .text SORT_BY_NAME(.t.*)) KEEP(*(.init)) LONG(1) FILL(2) =0x90 ASSERT(. > 1, "no") } > rom AT> ram :code =0x22
OVERLAY 0x2000 : NOCROSSREFS AT(0x3000) { .o1 { *(.o1) } .o2 { *(.o2) } } > ram
/DISCARD/ : { *(.x) } } INSERT AFTER .text; VERSION { V1 { global: a; local: *; }; }`;

test("a script that ends anywhere is read or refused with a sentence, and so is one that lacks a character", () => {
  const problems: string[] = [];
  const read = (text: string): void => {
    try {
      parseScript(text, "s.ld");
    } catch (error) {
      if (!(error instanceof ScriptError)) problems.push(`${text.slice(-30)}: ${String(error)}`);
    }
  };
  for (let at = 0; at <= EVERYTHING.length; at++) {
    read(EVERYTHING.slice(0, at));
    read(EVERYTHING.slice(0, at) + EVERYTHING.slice(at + 1));
  }
  expect(problems).toEqual([]);
});

test.each([
  ["FORCE_COMMON_ALLOCATION", "forcesCommon"],
  ["FORCE_GROUP_ALLOCATION", "allocatesGroups"],
  ["x = SIZEOF_HEADERS;", "usesHeaders"],
] as const)("%s in one of two scripts counts for both", (said, flag) => {
  const scripts = [said, "y = 1;"].map((text, index) => parseScript(text, `${index}.ld`));
  expect([scripts, [...scripts].reverse(), [scripts[1]!, scripts[1]!]].map((all) => mergeScripts(all)[flag])).toEqual([
    true,
    true,
    false,
  ]);
});
