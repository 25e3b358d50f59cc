/**
 * Programs of a few lines, each about one thing that a linker does, against GNU ld: the same file and the same map byte
 * for byte, or both refuse. Sources are AT&T syntax, assembled by GNU as.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CommandError } from "../../src/cli/fail.ts";
import { run } from "../../src/cli/gnu/ld.ts";
import { captured } from "../binutils/captured.ts";
import { linkOfGnu, objectOfGnu, requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { CHOICE_CASES } from "./choice-cases.ts";
import {
  type Case,
  COMMON_IN_MAP,
  CORNER_CASES,
  EMPTY_IN_MAP,
  one,
  PROPERTIES_IN_MAP,
  property,
  QUIET,
  START,
  two,
} from "./corner-cases.ts";
import { EDGE_CASES } from "./edge-cases.ts";
import { ENDURED_CASES } from "./endured-cases.ts";
import { FILE_CASES } from "./file-cases.ts";
import { FOREIGN_CASES } from "./foreign-cases.ts";
import { FRAME_CASES } from "./frame-cases.ts";
import { OUTPUT_CASES } from "./output-cases.ts";
import { REGION_CASES } from "./region-cases.ts";
import { STAB_CASES } from "./stab-cases.ts";

/** A frame table's entry for `name`, and the code that it is about. */
const framed = (name: string, body = "push %ebp\n.cfi_adjust_cfa_offset 4\npop %ebp\n"): string =>
  `.section .text.${name},"ax"\n.globl ${name}\n${name}: .cfi_startproc\n${body}ret\n.cfi_endproc\n`;
const strings = (entry: number, ...texts: string[]): string => {
  const directive = { 1: ".asciz", 2: ".string16", 4: ".string32" }[entry]!;
  return `.section .rodata.str${entry},"aMS",@progbits,${entry}\n${texts.map((text, index) => `.Ls${index}: ${directive} "${text}"\n`).join("")}.data\n.long ${texts.map((_, index) => `.Ls${index}, .Ls${index} + ${entry}`).join(", ")}\n`;
};

const CASES: Readonly<Record<string, Case>> = {
  "frames: equal heads become one": { sources: [QUIET + START + framed("a") + framed("b"), QUIET + framed("c")] },
  "frames: heads that differ stay": {
    sources: [
      QUIET + START + framed("a"),
      `${QUIET}${framed("b", ".cfi_signal_frame\nnop\n")}${framed("c", ".cfi_personality 0, hook\n.cfi_lsda 0, table\nnop\n")}hook: ret\n.data\ntable: .long 0\n`,
    ],
  },
  "frames: of code that nobody calls": {
    sources: [`${QUIET}${START}call a\n${framed("a")}${framed("b")}`, QUIET + framed("c")],
    options: ["--gc-sections"],
  },
  "frames: in an object of their own": two(framed("a"), framed("b"), "-r"),
  "GOT: symbols of others, of one's own, twice": two(
    "mov far@GOT(%ebx), %eax\nmov far@GOT(%ebx), %ecx\nmov near@GOT(%ebx), %edx\nlea near@GOTOFF(%ebx), %eax\nadd $_GLOBAL_OFFSET_TABLE_, %ebx\n.data\nnear: .long 1\n",
    ".globl far\nfar: ret\n.data\n.long far@GOT\n",
  ),
  "GOT: without a base": one("movl far@GOT, %eax\ncall *far@GOT\n.globl far\nfar: ret\n"),
  "GOT: its name alone": one(".data\n.long _GLOBAL_OFFSET_TABLE_\n.long _GLOBAL_OFFSET_TABLE_ - .\n"),
  "calls through a PLT that is not needed": two("call far@PLT\njmp far@PLT\n", ".globl far\nfar: ret\n"),
  "common symbols: the largest and the strictest": {
    ...two(
      ".comm a, 4, 4\n.comm b, 40, 16\n.comm c, 1, 1\n",
      ".comm a, 12, 32\n.comm b, 8, 4\n.data\n.globl c\nc: .byte 7\n.long a, b, c\n",
    ),
    mapDiffers: EMPTY_IN_MAP,
  },
  "common symbols: sorted": {
    ...one(".comm a, 4, 4\n.comm b, 40, 16\n.comm c, 1, 1\n.comm d, 2, 8\n", "--sort-common"),
    mapDiffers: COMMON_IN_MAP,
  },
  "common symbols: sorted upwards": {
    ...one(".comm a, 4, 4\n.comm b, 40, 16\n.comm c, 1, 1\n.comm d, 2, 8\n", "--sort-common=ascending"),
    mapDiffers: COMMON_IN_MAP,
  },
  "common symbols: allotted in an object": one(".comm a, 4, 4\n.comm b, 40, 16\n", "-r", "-d"),
  "common symbols: a warning is no mistake": two(".comm a, 4, 4\n", ".comm a, 8, 4\n", "--warn-common"),
  "old single copies": two(
    '.section .gnu.linkonce.t.both,"ax"\n.globl both\nboth: ret\n.text\ncall both\n',
    '.section .gnu.linkonce.t.both,"ax"\n.globl both\nboth: nop\nret\n.section .gnu.linkonce.d.other,"aw"\n.long 1\n.text\ncall both\n',
  ),
  "groups: one copy of each, with its data": two(
    '.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: mov g, %eax\nret\n.section .data.f,"awG",@progbits,f,comdat\ng: .long 1\n.text\ncall f\n',
    '.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: nop\nmov g, %eax\nret\n.section .data.f,"awG",@progbits,f,comdat\ng: .long 2, 3\n.text\ncall f\n',
  ),
  "groups: kept in an object": {
    ...two(
      '.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: ret\n',
      '.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: nop\nret\n',
    ),
    options: ["-r"],
  },
  "groups: a reference into the copy that is gone": two(
    '.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: ret\n',
    '.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: ret\nlocal: nop\n.text\ncall local\n',
  ),
  "an archive: members that are needed": {
    sources: [`${QUIET}${START}call a\n`],
    archive: [`${QUIET}.globl a\na: call b\n`, `${QUIET}.globl b\nb: ret\n`, `${QUIET}.globl c\nc: ret\n`],
  },
  "an archive: weak references bring nothing": {
    sources: [`${QUIET}${START}.weak a\ncall a\n`],
    archive: [`${QUIET}.globl a\na: ret\n`],
  },
  "an archive: a common symbol is brought its definition": {
    sources: [`${QUIET}${START}.comm a, 8, 4\n.comm b, 8, 4\n`],
    archive: [`${QUIET}.data\n.globl a\na: .long 1, 2\n`, `${QUIET}.comm b, 16, 4\n`],
  },
  "an archive: all of it": {
    sources: [QUIET + START],
    archive: [`${QUIET}.globl a\na: ret\n`, `${QUIET}.data\n.globl b\nb: .long 1\n`],
    options: ["--whole-archive"],
  },
  "an archive: asked for by -u": {
    sources: [QUIET + START],
    archive: [`${QUIET}.globl a\na: ret\n`, `${QUIET}.globl b\nb: ret\n`],
    options: ["-u", "b"],
  },
  "an archive: asked for, and not there": {
    sources: [QUIET + START],
    archive: [`${QUIET}.globl a\na: ret\n`],
    options: ["--require-defined", "b"],
  },
  "an archive: asked for by EXTERN": {
    sources: [QUIET + START],
    archive: [`${QUIET}.globl a\na: ret\n`],
    script: "EXTERN(a) SECTIONS { .text 0x1000 : { *(.text) } .rest : { *(*) } }",
  },
  "strings: ends of others, and equal ones": two(
    strings(1, "alphabet", "bet", "alpha", ""),
    strings(1, "bet", "t", "alpha", "new"),
  ),
  "strings: of two bytes": two(strings(2, "alphabet", "bet"), strings(2, "bet", "t", "alphabet")),
  "strings: of four bytes": two(strings(4, "alphabet", "bet"), strings(4, "bet", "t")),
  "strings: not merged in an object": two(strings(1, "alphabet", "bet"), strings(1, "bet"), "-r"),
  "constants: equal ones, of 4, 8 and 16 bytes": two(
    '.section .rodata.cst4,"aM",@progbits,4\na: .long 1, 2, 1\n.section .rodata.cst8,"aM",@progbits,8\nb: .quad 5, 6, 5\n.data\n.long a, a+4, a+8, b, b+8, b+16\n',
    '.section .rodata.cst4,"aM",@progbits,4\nc: .long 2, 3\n.section .rodata.cst16,"aM",@progbits,16\n.balign 16\nd: .quad 5, 6, 5, 6\n.data\n.long c, c+4, d, d+16\n',
  ),
  "constants: with an alignment of their own": two(
    '.section .rodata.k,"aM",@progbits,4\n.balign 16\na: .long 1, 2, 3\n.data\n.long a+8\n',
    '.section .rodata.k,"aM",@progbits,4\n.balign 4\nb: .long 3, 9\n.data\n.long b, b+4\n',
  ),
  "properties: what all have": {
    ...two(
      property(0xc0000002, 4, 3) + property(0xc0008002, 4, 1),
      property(0xc0000002, 4, 1) + property(0xc0008002, 4, 4),
    ),
    mapDiffers: PROPERTIES_IN_MAP,
  },
  "properties: what one lacks": {
    ...two(property(0xc0000002, 4, 3, 0xc0010001, 4, 2), "nop\n"),
    mapDiffers: PROPERTIES_IN_MAP,
  },
  "properties: stacks and copies": {
    ...two(property(1, 4, 0x4000), property(1, 4, 0x10000, 2, 0)),
    mapDiffers: PROPERTIES_IN_MAP,
  },
  "properties: used by any, if all say so": {
    ...two(property(0xc0010001, 4, 2, 0xc0010002, 4, 0), property(0xc0010001, 4, 8, 0xc0010002, 4, 0)),
    mapDiffers: PROPERTIES_IN_MAP,
  },
  "properties: nothing in common": {
    ...two(property(0xc0000002, 4, 1), property(0xc0000002, 4, 2)),
    mapDiffers: PROPERTIES_IN_MAP,
  },
  "constructors by priority": two(
    '.section .init_array.5,"aw"\n.long 5\n.section .init_array,"aw"\n.long 9\n.section .ctors.65500,"aw"\n.long 35\n',
    '.section .init_array.00003,"aw"\n.long 3\n.section .fini_array.2,"aw"\n.long 2\n.section .ctors,"aw"\n.long 8\n.section .dtors.100,"aw"\n.long 1\n',
  ),
  "names: local ones, files, absolute ones": {
    ...two(
      '.file "a.c"\nlocal: nop\n.Lhidden: nop\n.globl fixed\nfixed = 0x1234\n.hidden shy\n.globl shy\nshy: ret\n',
      '.file "b.c"\nlocal: nop\n.weak soft\nsoft: nop\n.protected safe\n.globl safe\nsafe: ret\ncall shy\n.size safe, 9\n',
    ),
    mapDiffers: EMPTY_IN_MAP,
  },
  "names: -X": one("local: nop\n.L1: nop\nL2: nop\n", "-X"),
  "names: -x": one("local: nop\n.L1: nop\n.globl g\ng: nop\n", "-x"),
  "names: --discard-none": one(".Lkept: nop\n.long .Lkept\n", "--discard-none"),
  "names: -s with relocations": one("local: nop\n.long local\n", "-s"),
  "names: defined twice": two(".globl a\na: nop\n", ".globl a\na: ret\n"),
  "names: defined twice, allowed": {
    ...two(".globl a\na: nop\n", ".globl a\na: ret\ncall a\n", "-z", "muldefs"),
    mapDiffers: EMPTY_IN_MAP,
  },
  "names: weak and strong": two(".weak a\na: nop\ncall a\n", ".globl a\na: ret\n"),
  "names: missing": one("call nowhere\n"),
  "names: hidden and missing": one(".hidden nowhere\ncall nowhere\n"),
  "the entry: a number": one("", "-e", "0x1234"),
  "the entry: missing": { sources: [`${QUIET}nop\n`] },
  "unused sections: what is reached stays": two(
    'call a\n.section .text.a,"ax"\n.globl a\na: mov d, %eax\nret\n.section .text.b,"ax"\nb: ret\n.section .data.d,"aw"\nd: .long c\n.section .data.e,"aw"\n.long 1\n',
    '.section .text.c,"ax"\n.globl c\nc: ret\n.section .text.f,"ax"\nf: ret\n.section .init_array,"aw"\n.long f\n.section .note.x,"a",@note\n.long 1\n',
    "--gc-sections",
  ),
  "unused sections: names that stand for a section": {
    ...one(
      '.long __start_table, __stop_table\n.section table,"a"\n.long 1\n.section other,"a"\n.long 2\n',
      "--gc-sections",
    ),
    mapDiffers: EMPTY_IN_MAP,
  },
  "attributes of segments: stack": one("", "-z", "execstack"),
  "attributes of segments: pages": one(
    ".data\n.long 1\n.bss\n.skip 5000\n",
    "-z",
    "max-page-size=0x4000",
    "-z",
    "common-page-size=0x2000",
  ),
  "attributes of segments: read-only after relocation": one(
    '.section .data.rel.ro,"aw"\n.long 1\n.data\n.long 2\n',
    "-z",
    "relro",
  ),
  "an object that needs an executable stack": { sources: [`${START}.section .note.GNU-stack,"x",@progbits\n`] },
  "sections of odd flags in their order": one(
    '.section .mine,"a"\n.long 1\n.section .code2,"ax"\nnop\n.section .rw,"aw"\n.long 2\n.section .zero,"aw",@nobits\n.skip 8\n.section .info\n.long 3\n.section .note.mine,"a",@note\n.long 4\n.section .sdata,"aw"\n.long 5\n.section .exclude_me,"e"\n.long 6\n',
  ),
  "alignments up to a page": two(
    ".data\n.balign 4096\n.long 1\n",
    ".data\n.balign 512\n.long 2\n.bss\n.balign 8192\n.skip 4\n",
  ),
  "relocations that are kept": two(
    ".long far, near + 4, far - .\ncall far\n.data\nnear: .long 3\n.byte far2, 7\n.word far2\n",
    ".globl far\nfar: ret\n.globl far2\nfar2 = 0x12\n",
    "-q",
  ),
  "an object of objects": two(
    ".long far, near + 4\ncall far\n.data\nnear: .long near\n",
    ".globl far\nfar: ret\n.long .data, local + 2\nlocal: nop\n.data\n.long 9\n.comm c, 4, 4\n",
    "-r",
  ),
  "a script: arithmetic of every kind": {
    sources: [QUIET + START],
    script: `a = 7; b = 3; .p1 = 0; SECTIONS { .text 0x1000 : { *(.text)
      LONG(a + b) LONG(a - b) LONG(a * b) LONG(a / b) LONG(a % b) LONG(a << b) LONG(a >> 1) LONG(a & b) LONG(a | b)
      LONG(a < b) LONG(a <= 7) LONG(a > b) LONG(a >= 8) LONG(a == 7) LONG(a != 7) LONG(a && 0) LONG(0 || b) LONG(!a) LONG(~a) LONG(-a)
      LONG(a > b ? 11 : 22) LONG(1K) LONG(1M) LONG(0x10) LONG(010) LONG($20) LONG(20h) LONG(1010b)
      LONG(MAX(a, b)) LONG(MIN(a, b)) LONG(ALIGN(0x123, 16)) LONG(LOG2CEIL(a)) LONG(LOG2CEIL(0)) LONG(LOG2CEIL(8)) LONG(BLOCK(64))
      LONG(DEFINED(a)) LONG(DEFINED(none)) LONG(CONSTANT(MAXPAGESIZE)) LONG(CONSTANT(COMMONPAGESIZE)) LONG(ABSOLUTE(.))
      SHORT(0x12345) BYTE(0x1ff) QUAD(-1) SQUAD(-2) } }`,
  },
  "a script: assignments of every kind": {
    sources: [`${QUIET}${START}.long s1, s2, p1, h1\n`],
    script:
      "s1 = 40; s1 += 2; s1 -= 1; s1 *= 3; s1 /= 2; s1 <<= 4; s1 >>= 1; s1 &= 0xff0; s1 |= 5; s2 = s1; HIDDEN(h1 = 9); PROVIDE_HIDDEN(p1 = 8); PROVIDE(none = 4); SECTIONS { .text 0x1000 : { *(.text) } end = .; _end_ = ABSOLUTE(.); }",
  },
  "a script: fills": {
    sources: [`${QUIET}${START}.balign 16\nret\n`],
    script:
      "SECTIONS { .text 0x1000 : SUBALIGN(32) { *(.text) . += 5; FILL(0xabcdef) . += 9; BYTE(1) . = ALIGN(16); } =0x11223344 .two ALIGN(64) : { BYTE(2) . = . + 3; BYTE(3) } =0x90 }",
  },
  "a script: the order of files and names": {
    sources: [
      `${QUIET}${START}.section .k.2,"a"\n.long 2\n.section .k.1,"a"\n.long 1\n`,
      `${QUIET}.section .k.1,"a"\n.balign 8\n.long 11\n.section .k.3,"a"\n.long 3\n.section .init_array.7,"aw"\n.long 7\n.section .init_array.10,"aw"\n.long 10\n`,
    ],
    script:
      "SECTIONS { .text 0x1000 : { *(.text) } .a : { *part1.o(.k.1) *(EXCLUDE_FILE(*part0.o) .k.3) } .b : { *(SORT_BY_ALIGNMENT(.k.*)) } .c : { *(SORT_BY_INIT_PRIORITY(.init_array.*)) } .d : { *(SORT_NONE(.k*)) } }",
  },
  "a script: where things are loaded": {
    sources: [`${QUIET}${START}.data\n.long 1, load_data, size\n.bss\n.skip 4\n`],
    script:
      "MEMORY { rom (rx!w) : ORIGIN = 0x8000, LENGTH = 1K ram (w) : o = 0x20000, l = 0x100 } SECTIONS { .text : { *(.text) } > rom .data : AT(ADDR(.text) + SIZEOF(.text) + 16) { *(.data) } > ram .bss : { *(.bss) } > ram load_data = LOADADDR(.data); size = LENGTH(rom) - ORIGIN(ram); }",
  },
  "a script: by attributes into regions": {
    sources: [`${QUIET}${START}.data\n.long 1\n.section .mine,"a"\n.long 2\n.section .zz,"aw"\n.long 3\n`],
    script:
      "MEMORY { rom (rx) : ORIGIN = 0x8000, LENGTH = 1K ram (w!x) : ORIGIN = 0x20000, LENGTH = 0x100 } SECTIONS { .text : { *(.text) } }",
  },
  "a script: read-only or not": {
    sources: [`${QUIET}${START}.section .k,"a"\n.long 1\n.section .m,"aw"\n.long 2\n`],
    script:
      "SECTIONS { .text 0x1000 : { *(.text) } .k : ONLY_IF_RW { *(.k) } .k2 : ONLY_IF_RO { *(.k) } .m : ONLY_IF_RO { *(.m) } .m2 : ONLY_IF_RW { *(.m) } }",
  },
  "a script: kinds of sections": {
    sources: [`${QUIET}${START}.section .k,"aw"\n.long 1\n.section .i,"aw"\n.long 2\n`],
    script: "SECTIONS { .text 0x1000 : { *(.text) } .n (NOLOAD) : { *(.k) } .i : { *(.i) } /DISCARD/ : { *(.none) } }",
    mapDiffers: "GNU ld shows what is thrown away after what is loaded",
  },
  "a script: an assertion in a section, that holds and that does not": {
    sources: [QUIET + START],
    script: 'SECTIONS { .text 0x1000 : { *(.text) ASSERT(. > 0, "first") ASSERT(. == 99, "second") } }',
  },
  "a script: references that it forbids": {
    sources: [`${QUIET}${START}mov d, %eax\n.data\nd: .long 1\n`],
    script: "NOCROSSREFS(.text .data) SECTIONS { .text 0x1000 : { *(.text) } .data : { *(.data) } }",
  },
  "a script: a division by zero": {
    sources: [QUIET + START],
    script: "a = 1 / 0; SECTIONS { .text 0x1000 : { *(.text) } }",
  },
  "a script: a name that it does not know": {
    sources: [QUIET + START],
    script: "SECTIONS { .text none : { *(.text) } }",
  },
  "a script: addresses of the command line": {
    sources: [`${QUIET}${START}.data\n.long 1\n.bss\n.skip 4\n`],
    script:
      'SECTIONS { . = SEGMENT_START("text-segment", 0x5000); .text : { *(.text) } . = SEGMENT_START("data-segment", 0x9000); .data : { *(.data) } .bss : { *(.bss) } }',
    options: ["-Tdata", "0xa000"],
  },
};

/** A field at 0x1001, and values of an absolute symbol at and beyond the edges of what GNU ld takes for it. */
const FIELDS: Readonly<Record<string, readonly number[]>> = {
  ".byte v": [0, 127, 128, 255, 256, -1, -128, -129, -256, -257, 0x7fff],
  ".word v": [0, 0x7fff, 0x8000, 0xffff, 0x10000, -1, -0x8000, -0x8001, -0x10000, -0x10001],
  ".long v": [0, 0x7fffffff, 0x80000000, 0xffffffff, -1],
  ".byte v + 5": [250, 251, 255, 256, -251, -256, -257, -261, -262],
  ".word v - 5": [0xffff, 0x10000, 0x10004, 0x10005, -0xfffb, -0xfffc, -0x10000],
  ".byte v - .": [0x107f, 0x1080, 0x1081, 0x1082, 0xf81, 0xf80, 0xf7f, 0x1100],
  ".word v - .": [0x8fff, 0x9002, 0x11000, 0x11001, -0x6fff, -0x7000, -0xefff, -0xf000],
  ".long v - .": [0, 0xffffffff],
  "jecxz v": [0x1081, 0x1082, 0x1083, 0xf83, 0xf82, 0xf81],
  ".code16\njmp v": [0x9003, 0x11000, 0x11001, 0x11004, -0x7000, -0xf000],
};

/** What both linkers refuse. */
const REFUSED = new Set([
  "old single copies in an object: a name whose own name others ask for",
  "groups in an object: a name whose own name others ask for",
  "endured: a division by zero is not",
  "an assertion about a name that is not there",
  "headers: none that a section names",
  "GOT: a field that the section ends in",
  "groups: a reference into the copy that is gone",
  "an archive: asked for, and not there",
  "names: defined twice",
  "names: missing",
  "names: hidden and missing",
  "a script: an assertion in a section, that holds and that does not",
  "a script: references that it forbids",
  "a script: a division by zero",
  "a script: a name that it does not know",
  "a script: an alias of an alias, and of nothing",
  "a script: an alias twice",
  "a script: an alias of a region's name",
  "a script: an insertion after what is not there",
  "a script: an insertion in no direction",
  "a script: references that it forbids from the first",
  "a script: a header that nobody declares",
  "a script: a comment without end",
  "a script: too few brackets",
  "a script: the number 1G",
  "a script: where a = 1 b = 2; ends",
  "a script: where INCLUDE nowhere.ld ends",
  "a script: an orphan after a header that nobody declares",
  "a script: a section that is not there",
  "a script names a file that is not there",
  "attributes of regions that there are not",
  "a name that one object may lack and another may not",
  "stabs: a string outside",
]);

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-cases-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What differs from GNU ld, or null. `file` is null when both refuse. */
function compared(
  tools: { as: string; ld: string; ar: string },
  { sources, archive, files: others, options, script, mapDiffers }: Case,
  isRefused: boolean,
): void {
  for (const [name, text] of Object.entries(others ?? {})) writeFileSync(join(folder, name), text);
  const place = (name: string, source: string): string => {
    const path = join(folder, name);
    writeFileSync(path, objectOfGnu(tools.as, source));
    return path;
  };
  const files = sources.map((source, index) => place(`part${index}.o`, source));
  const args = ["--no-warn-rwx-segments", "--no-warn-execstack"];
  args.push(...(options ?? []).map((option) => option.replace("@", folder)));
  if (script !== undefined) {
    writeFileSync(join(folder, "script.ld"), script);
    args.push("-T", join(folder, "script.ld"));
  }
  args.push(...files);
  if (archive !== undefined) {
    const path = join(folder, "rest.a");
    rmSync(path, { force: true });
    const members = archive.map((source, index) => place(`member${index}.o`, source));
    execFileSync(tools.ar, ["rcsD", path, ...members]);
    args.push(path);
  }
  const gnu = linkOfGnu(tools.ld, folder, args, Object.values(others ?? {}));
  const ours = join(folder, "ours");
  const link = (): string => captured(run, ["-m", "elf_i386", "-w", `-Map=${ours}.map`, ...args, "-o", ours]);
  // A case that GNU ld refuses by mistake would compare nothing.
  expect(gnu.file === null, gnu.messages).toBe(isRefused);
  if (gnu.file === null) {
    // With a sentence, not with a crash.
    expect(link, `GNU ld refuses: ${gnu.messages}`).toThrow(CommandError);
    return;
  }
  link();
  if (mapDiffers === undefined)
    expect(readFileSync(`${ours}.map`, "latin1").replace(`OUTPUT(${ours} `, `OUTPUT(${join(folder, "theirs")} `)).toBe(
      gnu.map,
    );
  expect(Buffer.compare(readFileSync(ours), gnu.file), "the files are equal").toBe(0);
}

describe("the same as GNU ld", () => {
  const all = Object.entries({
    ...CASES,
    ...CORNER_CASES,
    ...EDGE_CASES,
    ...ENDURED_CASES,
    ...FILE_CASES,
    ...CHOICE_CASES,
    ...OUTPUT_CASES,
    ...REGION_CASES,
    ...FOREIGN_CASES,
    ...FRAME_CASES,
    ...STAB_CASES,
  });
  // What pops the states of options is in these rows alone.
  for (const [name, one] of rowsOf(all, [200, 300], ([row]) => row.startsWith("states:"))) {
    test(name, (context) => {
      const [as, ld, ar] = ["as", "ld", "ar"].map((tool) => requireOracle(tool, context)) as [string, string, string];
      compared({ as, ld, ar }, one, REFUSED.has(name));
    });
  }
});

describe("what fits into a field", () => {
  for (const [field, values] of Object.entries(FIELDS)) {
    test(field, (context) => {
      const [as, ld] = ["as", "ld"].map((tool) => requireOracle(tool, context)) as [string, string];
      const path = join(folder, "field.o");
      writeFileSync(path, objectOfGnu(as, `${QUIET}${START}${field}\n`));
      const args = (value: number): string[] => ["-Ttext", "0x1000", "--defsym", `v=${value >>> 0}`, path];
      const link = (value: number): string => captured(run, ["-w", ...args(value), "-o", join(folder, "ours")]);
      for (const value of rowsOf(values, 6)) {
        const { file } = linkOfGnu(ld, folder, args(value));
        if (file === null) {
          expect(() => link(value), `v = ${value}`).toThrow(/nothing was linked: 1 error/);
          continue;
        }
        link(value);
        expect(Buffer.compare(readFileSync(join(folder, "ours")), file), `v = ${value}`).toBe(0);
      }
    });
  }
});
