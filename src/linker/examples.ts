/**
 * For each of the linker's diagnostics, files that earn it and files that do not, for `qure explain ID`. A test
 * assembles and links them all: the wrong ones get that very diagnostic, the right ones none.
 */

/** Files by name; the line of `qure ld` that links them. Sources `NAME.s` are linked as `NAME.o`. */
interface LinkFiles {
  readonly files: Readonly<Record<string, string>>;
  readonly options: string;
}

export interface LinkExample {
  readonly wrong: LinkFiles;
  readonly right: LinkFiles;
}

const NOTE = '.section .note.GNU-stack, "", @progbits';
const START = ".globl _start\n_start: ret";
const STACKED = `${START}\n${NOTE}`;

/** One source and nothing else. */
const source = (text: string, options = "a.o"): LinkFiles => ({ files: { "a.s": text }, options });
/** A script for the same small source. */
const script = (text: string, options = "-T a.ld a.o", code = START): LinkFiles => ({
  files: { "a.s": code, "a.ld": text },
  options,
});

const CODE_AND_USE = ".globl _start\n_start: mov eax, [table]\nret\n.data\ntable: .long 1";
const CODE_AND_DATA = `${START}\n.data\ntable: .long 1`;

export const LINK_EXAMPLES: Readonly<Record<string, LinkExample>> = {
  "undefined-symbol": {
    wrong: source(`${START}\ncall helper`),
    right: { files: { "a.s": `${START}\ncall helper`, "b.s": ".globl helper\nhelper: ret" }, options: "a.o b.o" },
  },
  "duplicate-symbol": {
    wrong: { files: { "a.s": START, "b.s": START }, options: "a.o b.o" },
    right: { files: { "a.s": START, "b.s": "_start: ret" }, options: "a.o b.o" },
  },
  "link-overflow": {
    wrong: source(`${START}\n.code16\nmov ax, [table]\n.data\ntable: .word 1`, "-Tdata=0x20000 a.o"),
    right: source(`${START}\n.code16\nmov ax, [table]\n.data\ntable: .word 1`, "-Tdata=0x8000 a.o"),
  },
  "link-discarded": {
    wrong: script("SECTIONS { .text : { *(.text) } /DISCARD/ : { *(.data) } }", "-T a.ld a.o", CODE_AND_USE),
    right: script(
      "SECTIONS { .text : { *(.text) } . = ALIGN(4096); .data : { *(.data) } }",
      "-T a.ld a.o",
      CODE_AND_USE,
    ),
  },
  "cross-reference": {
    wrong: script(
      "NOCROSSREFS(.text .data)\nSECTIONS { .text : { *(.text) } . = ALIGN(4096); .data : { *(.data) } }",
      "-T a.ld a.o",
      CODE_AND_USE,
    ),
    right: script(
      "NOCROSSREFS(.text .data)\nSECTIONS { .text : { *(.text) } . = ALIGN(4096); .data : { *(.data) } }",
      "-T a.ld a.o",
      CODE_AND_DATA,
    ),
  },
  "entry-symbol": { wrong: source("begin: ret"), right: source(".globl begin\nbegin: ret", "-e begin a.o") },
  "section-overlap": {
    wrong: script("SECTIONS { .text 0x1000 : { *(.text) } .data 0x1000 : { *(.data) } }", "-T a.ld a.o", CODE_AND_DATA),
    right: script("SECTIONS { .text 0x1000 : { *(.text) } .data 0x2000 : { *(.data) } }", "-T a.ld a.o", CODE_AND_DATA),
  },
  "region-overflow": {
    wrong: script(
      "MEMORY { rom : ORIGIN = 0, LENGTH = 16 }\nSECTIONS { .text : { *(.text) } > rom }",
      "-T a.ld a.o",
      `${START}\n.space 32`,
    ),
    right: script(
      "MEMORY { rom : ORIGIN = 0, LENGTH = 64 }\nSECTIONS { .text : { *(.text) } > rom }",
      "-T a.ld a.o",
      `${START}\n.space 32`,
    ),
  },
  "undeclared-region": {
    wrong: script("SECTIONS { .text : { *(.text) } > rom }"),
    right: script("MEMORY { rom : ORIGIN = 0, LENGTH = 64K }\nSECTIONS { .text : { *(.text) } > rom }"),
  },
  "orphan-section": {
    wrong: script(
      "SECTIONS { .text : { *(.text) } . = ALIGN(4096); }",
      "--orphan-handling=warn -T a.ld a.o",
      CODE_AND_DATA,
    ),
    right: script(
      "SECTIONS { .text : { *(.text) } . = ALIGN(4096); .data : { *(.data) } .bss : { *(.bss) } .symtab : { *(.symtab) } .strtab : { *(.strtab) } .shstrtab : { *(.shstrtab) } }",
      "--orphan-handling=warn -T a.ld a.o",
      CODE_AND_DATA,
    ),
  },
  "executable-stack": {
    wrong: { files: { "a.s": STACKED, "b.s": "nop" }, options: "a.o b.o" },
    right: { files: { "a.s": STACKED, "b.s": `nop\n${NOTE}` }, options: "a.o b.o" },
  },
  "rwx-segment": {
    wrong: script("SECTIONS { . = 0x1000; .text : { *(.text) } .data : { *(.data) } }", "-T a.ld a.o", CODE_AND_DATA),
    right: script(
      "SECTIONS { . = 0x1000; .text : { *(.text) } . = ALIGN(4096); .data : { *(.data) } }",
      "-T a.ld a.o",
      CODE_AND_DATA,
    ),
  },
  "bad-object": {
    wrong: { files: { "a.s": START, "help.a": "!<arch>\nThis is no member." }, options: "a.o help.a" },
    right: source(START),
  },
  "script-syntax": {
    wrong: script("SECTIONS { .text : { *(.text) }"),
    right: script("SECTIONS { .text : { *(.text) } }"),
  },
  "script-value": {
    wrong: script("SECTIONS { .text 0x1000 / 0 : { *(.text) } }"),
    right: script("SECTIONS { .text 0x1000 / 2 : { *(.text) } }"),
  },
  "script-assertion": {
    wrong: script('SECTIONS { .text : { *(.text) } }\nASSERT(SIZEOF(.text) > 16, "the code is too small")'),
    right: script('SECTIONS { .text : { *(.text) } }\nASSERT(SIZEOF(.text) > 0, "the code is too small")'),
  },
  link: {
    wrong: script("SECTIONS { .text : { . = 16; *(.text) . = 8; } }"),
    right: script("SECTIONS { .text : { . = 8; *(.text) . = 16; } }"),
  },
};
