/** Programs and what `qure ld` says of them, for words.test.ts. */
import { type Case, one, QUIET, START, scripted, two } from "./corner-cases.ts";

export interface Said extends Case {
  /** All that it prints, line by line, without the source lines that it shows; "!" begins the last word. */
  readonly says: readonly string[];
}

const TEXT = ".text 0x1000 : { *(.text) }";

export const SAID: Readonly<Record<string, Said>> = {
  "sections that overlap": {
    ...scripted(".data\n.long 1\n.skip 0x20\n", `SECTIONS { ${TEXT} .data 0x0ff0 : { *(.data) } }`),
    says: [
      "s.ld: error: section .text, load address 0x00001000 to 0x00001000, overlaps section .data, 0x00000ff0 to 0x00001013 [section-overlap]",
      "s.ld: error: section .text, address 0x00001000 to 0x00001000, overlaps section .data, 0x00000ff0 to 0x00001013 [section-overlap]",
      "! nothing was linked: 2 errors",
    ],
  },
  "load addresses that overlap": {
    ...scripted(".data\n.long 1\n", `SECTIONS { ${TEXT} .data 0x2000 : AT(0x1000) { *(.data) } }`),
    says: [
      "s.ld: error: section .data, load address 0x00001000 to 0x00001003, overlaps section .text, 0x00001000 to 0x00001000 [section-overlap]",
      "! nothing was linked: 1 error",
    ],
  },
  "how full memory is": {
    ...scripted(
      ".skip 511\n.data\n.skip 64\n",
      "MEMORY { rom (rx) : ORIGIN = 0x8000, LENGTH = 1K ram (rw) : ORIGIN = 0x20000, LENGTH = 3M odd : ORIGIN = 0x90000000, LENGTH = 1000 all : ORIGIN = 0xa0000000, LENGTH = 0x40000000 none : ORIGIN = 0, LENGTH = 0 } SECTIONS { .text : { *(.text) } > rom .data : { *(.data) } > ram }",
      "--print-memory-usage",
    ),
    says: [
      "Memory region         Used Size  Region Size  %age Used",
      "             rom:         512 B         1 KB     50.00%",
      "             ram:          64 B         3 MB      0.00%",
      "             odd:          0 GB       1000 B      0.00%",
      "             all:          0 GB         1 GB      0.00%",
      "            none:          0 GB         0 GB",
    ],
  },
  "undefined in five places": {
    ...two("call nowhere\ncall nowhere\n", "call nowhere\n.long nowhere\n"),
    says: [
      "part0.o: error: in function `_start': (.text+0x2): undefined symbol nowhere [undefined-symbol]",
      "part0.o: error: in function `_start': (.text+0x7): undefined symbol nowhere [undefined-symbol]",
      "part1.o: error: (.text+0x1): undefined symbol nowhere, and in 1 more place [undefined-symbol]",
      "! nothing was linked: 3 errors",
    ],
  },
  "places in functions, in data and in a section without names": {
    ...one(
      ".type f, @function\nf: nop\ncall nowhere\nother: call nowhere\n.data\n.type table, @object\ntable: .long 1, elsewhere\n.section .rodata\n.long apart\n",
    ),
    says: [
      "part0.o: error: in function `f': (.text+0x3): undefined symbol nowhere [undefined-symbol]",
      "part0.o: error: in function `other': (.text+0x8): undefined symbol nowhere [undefined-symbol]",
      "part0.o: error: (.rodata+0x0): undefined symbol apart [undefined-symbol]",
      "part0.o: error: in `table': (.data+0x4): undefined symbol elsewhere [undefined-symbol]",
      "! nothing was linked: 4 errors",
    ],
  },
  "an object of gcc -flto": {
    ...one(".comm __gnu_lto_slim, 1, 1\n"),
    says: [
      "part0.o: error: a slim LTO object (gcc -flto), in which there is no machine code yet: compile with -fno-lto or -ffat-lto-objects [bad-object]",
      "! nothing was linked: 1 error",
    ],
  },
  "nearly a name": {
    ...one("call start\n"),
    says: [
      "part0.o: error: in function `_start': (.text+0x2): undefined symbol start [undefined-symbol]",
      "    did you mean _start?",
      "! nothing was linked: 1 error",
    ],
  },
  "hidden and missing": {
    ...one(".hidden nowhere\ncall nowhere\n"),
    says: [
      "part0.o: error: in function `_start': (.text+0x2): undefined symbol nowhere [undefined-symbol]",
      "! nothing was linked: 1 error",
    ],
  },
  "defined twice": {
    ...two(".globl a\na: nop\n", ".globl a\na: ret\n"),
    says: [
      "part1.o: error: a is defined twice; the other definition is in part0.o [duplicate-symbol]",
      "part0.o: note: the first definition",
      "! nothing was linked: 1 error",
    ],
  },
  "a stack that is executed": {
    sources: [`${START}.section .note.GNU-stack,"x",@progbits\n`],
    says: [
      "part0.o: warning: it asks for an executable stack: its section .note.GNU-stack is executable [executable-stack]",
    ],
  },
  "an object that says nothing of its stack": {
    sources: [QUIET + START, ".text\nnop\n"],
    says: ["part1.o: warning: it has no section .note.GNU-stack, which makes the stack executable [executable-stack]"],
  },
  "a warning that an object brings, in words like ours": {
    sources: [
      `${QUIET}${START}call old\n`,
      `${QUIET}.section .gnu.warning.old,""\n.asciz "old wants an executable stack"\n.text\n.globl old\nold: ret\n`,
    ],
    says: ["part0.o: warning: old wants an executable stack [link]"],
  },
  "a stack that the command line speaks of": {
    sources: [QUIET + START, ".text\nnop\n"],
    options: ["-z", "noexecstack"],
    says: [],
  },
  "code that can be written": {
    ...one("", "-N"),
    says: ["ours: warning: a loaded segment can be read, written and executed (RWX) [rwx-segment]"],
  },
  "thread-local data that is executed": {
    ...one('.section .tdata,"awxT"\n.long 1\n'),
    says: ["ours: warning: a loaded segment can be read, written and executed (RWX) [rwx-segment]"],
  },
  "common symbols that grow": { ...two(".comm a, 4, 4\n", ".comm a, 8, 4\n", "--warn-common"), says: [] },
  "a common symbol and a definition": {
    ...two(".comm a, 4, 4\n", ".data\n.globl a\na: .long 1\n", "--warn-common"),
    says: [],
  },
  "what is thrown away": {
    ...scripted("mov d, %eax\n.data\n.globl d\nd: .long 1\n", `SECTIONS { ${TEXT} /DISCARD/ : { *(.data) } }`),
    says: [
      "part0.o: error: in function `_start': (.text+0x2): d lies in section .data, which is not linked [link-discarded]",
      "! nothing was linked: 1 error",
    ],
  },
  "references that are forbidden": {
    ...scripted(
      "mov d, %eax\n.data\nd: .long 1\n",
      `NOCROSSREFS(.text .data) SECTIONS { ${TEXT} .data : { *(.data) } }`,
    ),
    says: [
      "ours: warning: a loaded segment can be read, written and executed (RWX) [rwx-segment]",
      "part0.o: error: in function `_start': (.text+0x2): .data is in section .data, to which the script forbids references from .text [cross-reference]",
      "! nothing was linked: 1 error",
    ],
  },
  "orphans that are named": {
    ...scripted('.section .lost,"a"\n.long 1\n', `SECTIONS { ${TEXT} }`, "--orphan-handling=warn"),
    says: [
      "part0.o: warning: orphan section `.data' is placed in section `.data' [orphan-section]",
      "part0.o: warning: orphan section `.bss' is placed in section `.bss' [orphan-section]",
      "part0.o: warning: orphan section `.note.GNU-stack' is placed in section `.note.GNU-stack' [orphan-section]",
      "part0.o: warning: orphan section `.lost' is placed in section `.lost' [orphan-section]",
    ],
  },
  "a comment without end": {
    ...scripted("", `SECTIONS { ${TEXT} } /* oh`),
    says: ["s.ld:1:1: error: a comment without its end [script-syntax]", "!"],
  },
  "a region that is not there": {
    ...scripted("", `SECTIONS { .text : { *(.text) LONG(LENGTH(none)) } }`),
    says: ["s.ld:1:43: warning: memory region `none' is not declared [undeclared-region]"],
  },
  "a region that is not declared": {
    ...scripted(".data\n.long 1\n", `SECTIONS { ${TEXT} > rom .data 0x2000 : { *(.data) } > ram AT> rom }`),
    says: [
      "s.ld:1:42: warning: memory region `rom' is not declared [undeclared-region]",
      "s.ld:1:76: warning: memory region `ram' is not declared [undeclared-region]",
    ],
  },
  "data of an undefined symbol": {
    ...scripted("", `SECTIONS { .text : { *(.text) LONG(nosuch) } }`),
    says: [
      "s.ld:1:36: error: undefined symbol nosuch in an expression [undefined-symbol]",
      "! nothing was linked: 1 error",
    ],
  },
  "a function that is none": {
    ...scripted("", `SECTIONS { ${TEXT} } a = FOO(3);`),
    says: ["s.ld:1:1: error: FOO is not a function of linker scripts [script-value]", "! nothing was linked: 1 error"],
  },
  "an assertion": {
    ...scripted("", `SECTIONS { ${TEXT} } ASSERT(0, "never")`),
    says: ["s.ld:1:1: error: never [script-assertion]", "! nothing was linked: 1 error"],
  },
  "an assertion over several lines": {
    ...scripted("", `SECTIONS {\n${TEXT}\nASSERT(0,\n"never"\n)\n;}`),
    says: ["s.ld:3:1: error: never [script-assertion]", "! nothing was linked: 1 error"],
  },
  "an entry that is not there": {
    ...one("", "-e", "none"),
    says: ["ours: warning: cannot find entry symbol none; defaulting to 08049000 [entry-symbol]"],
  },
  "an attribute of a region that there is not": {
    ...scripted("", "MEMORY { m (rq) : ORIGIN = 0, LENGTH = 4K } SECTIONS { .text : { *(.text) } > m }"),
    says: [
      "s.ld:1:1: error: `q' is no attribute of a memory region: there are r, w, x, a, i, l and ! [script-syntax]",
      "!",
    ],
  },
  "sections that overlap, and information that lies nowhere": {
    ...scripted(
      '.data\n.skip 32\n.section .debug_a,""\n.long 1\n.section .debug_b,""\n.long 2\n',
      `SECTIONS { ${TEXT} .data 0x0ff0 : AT(0x8000) { *(.data) } .debug_a 0 : { *(.debug_a) } .debug_b 0 : { *(.debug_b) } }`,
    ),
    says: [
      "s.ld: error: section .text, address 0x00001000 to 0x00001000, overlaps section .data, 0x00000ff0 to 0x0000100f [section-overlap]",
      "! nothing was linked: 1 error",
    ],
  },
  "a location counter below zero": {
    ...scripted("", `SECTIONS { ${TEXT} . = 0x10; . = . - 0x20; .data : { *(.data) } }`),
    says: [],
  },
  "addresses that do not fit, with a name and without": {
    ...scripted(
      ".word far\n.word .data\n.data\n.globl far\nfar: .long 1\n",
      `SECTIONS { ${TEXT} .data 0x12000 : { *(.data) } }`,
    ),
    says: [
      "part0.o: error: in function `_start': (.text+0x1): far = 0x12000 does not fit into the 16 bits of this field [link-overflow]",
      "part0.o: error: in function `_start': (.text+0x3): the address in .data = 0x12000 does not fit into the 16 bits of this field [link-overflow]",
      "! nothing was linked: 2 errors",
    ],
  },
  "a forbidden reference in a second object, with its line": {
    ...scripted("nop\nnop\n", `NOCROSSREFS(.text .data) SECTIONS { ${TEXT} .data : { *(.data) } }`),
    sources: [
      `${QUIET}${START}nop\nnop\n`,
      `${QUIET}.file 1 "a.c"\n.loc 1 7\nnop\n.loc 1 8\nmov d, %eax\n.loc 1 9\nnop\n.data\nd: .long 1\n`,
    ],
    says: [
      "ours: warning: a loaded segment can be read, written and executed (RWX) [rwx-segment]",
      "a.c:8: error: .data is in section .data, to which the script forbids references from .text [cross-reference]",
      "! nothing was linked: 1 error",
    ],
  },
  "code that can be written, in an object": { ...one("", "-N", "-r"), says: [] },
  "code that can be written, without a file format": { ...one("", "-N", "--oformat", "binary"), says: [] },
  "data of an undefined symbol, after an assertion": {
    ...scripted("", `SECTIONS { ${TEXT} ASSERT(1, "fine") .data 0x2000 : { LONG(nosuch) } }`),
    says: [
      "s.ld:1:80: error: undefined symbol nosuch in an expression [undefined-symbol]",
      "! nothing was linked: 1 error",
    ],
  },
  "a name that must be there": {
    ...one("", "--require-defined", "nowhere"),
    says: [
      "--require-defined: error: required symbol nowhere is not defined [undefined-symbol]",
      "! nothing was linked: 1 error",
    ],
  },
  "a name that must be there, and is": { ...one("", "--require-defined", "_start"), says: [] },
  "thread-local data in a segment that is run": {
    ...scripted(
      '.section .tdata,"awT"\n.long 1\n',
      "PHDRS { all PT_LOAD FLAGS(5); t PT_TLS FLAGS(5); } SECTIONS { .text 0x1000 : { *(.text) } :all .tdata : { *(.tdata) } :all :t }",
    ),
    says: ["ours: warning: the segment of thread-local data can be executed [rwx-segment]"],
  },
  "undefined in many places": {
    ...one(Array.from({ length: 12 }, (_, index) => `.section .t${index},"ax"\ncall nowhere\n`).join("")),
    says: [
      "part0.o: error: (.t0+0x1): undefined symbol nowhere [undefined-symbol]",
      "part0.o: error: (.t1+0x1): undefined symbol nowhere [undefined-symbol]",
      "part0.o: error: (.t2+0x1): undefined symbol nowhere, and in 9 more places [undefined-symbol]",
      "! nothing was linked: 3 errors",
    ],
  },
  "places that are counted from what comes later": {
    ...scripted(
      ".data\n.long 1\n",
      "SECTIONS {\n.text 0x1000 : AT(LOADADDR(.text)) { *(.text) }\n.k ADDR(.data) : { *(.k) . += 1; }\n.data : AT(ADDR(.data)) { *(.data) }\n}",
    ),
    says: [
      "s.ld:2:1: error: LOADADDR(.text) is not known yet where another section's place is counted from it [script-value]",
      "s.ld:3:1: error: ADDR(.data) is not known yet where another section's place is counted from it [script-value]",
      "! nothing was linked: 2 errors",
    ],
  },
  "two alignments at once": {
    ...scripted("", "SECTIONS { .text 0x1000 : ALIGN(4) ALIGN_WITH_INPUT { *(.text) } }"),
    says: ["s.ld:1:1: error: section .text has both ALIGN and ALIGN_WITH_INPUT [script-syntax]", "!"],
  },
  "a mistake after a comment of several lines": {
    ...scripted("", `/* one\n two\n three */ SECTIONS { ${TEXT}\n .data : { ?`),
    says: ["s.ld:4:2: error: unexpected end of the script [script-syntax]", "!"],
  },
  "a type that sections do not have": {
    ...scripted("", "SECTIONS { .text (TYPE = SHT_NOSUCH) : { *(.text) } }"),
    says: ["s.ld:1:1: error: SHT_NOSUCH is not the type of a section [script-syntax]", "!"],
  },
  "a type without its end": {
    ...scripted("", "SECTIONS { .text ("),
    says: ["s.ld:1:1: error: unexpected end of the script in an expression [script-syntax]", "!"],
  },
  "a flag that sections do not have": {
    ...scripted("", "SECTIONS { .text : { INPUT_SECTION_FLAGS(SHF_NOSUCH) *(.text) } }"),
    says: ["s.ld:1:1: error: SHF_NOSUCH is not a flag of sections [script-syntax]", "!"],
  },
  "an empty name of a file": {
    ...scripted("", 'SECTIONS { .text : { "" } }'),
    says: ["s.ld:1:1: error: unexpected an empty name in a section [script-syntax]", "!"],
  },
  "a segment that nothing is in, with all rights": {
    ...scripted(
      "",
      "PHDRS { all PT_LOAD FLAGS(5); none PT_LOAD FLAGS(7); } SECTIONS { .text 0x1000 : { *(.text) } :all }",
    ),
    says: [],
  },
};
