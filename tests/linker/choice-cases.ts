/**
 * Programs for cases.test.ts that are about what a linker chooses: what stays of garbage, which of several orders
 * holds, where a section is loaded, and what a name of a script means before and after its definition.
 */
import { type Case, one, QUIET, START, scripted, two } from "./corner-cases.ts";

const TEXT = ".text 0x1000 : { *(.text) }";
const REST = ".rest : { *(*) }";
const REGIONS = "MEMORY { rom (rxi) : ORIGIN = 0x8000, LENGTH = 4K ram (wl!x) : ORIGIN = 0x20004, LENGTH = 4K }";

/** Two objects with sections of the same names. */
const PAIRED = (...options: string[]): Case =>
  two(
    '.section .text.a,"ax"\nnop\n.section .foo,"a"\n.long 1\n.text\nret\n',
    '.section .text.a,"ax"\nhlt\n.section .foo,"a"\n.long 2\n.text\nret\n',
    ...options,
  );
/** What garbage refers to, and what refers to the bounds of a section. */
const GARBAGE =
  'call f\n.section .text.dead,"ax"\ncall g\ndead: jmp h\n.section foo,"aw"\n.long 1\n.section bar,"aw"\n.weak w\n.long 2, w\n.section .text.f,"ax"\nf: mov $__start_foo, %eax\nlocal: ret\n';

export const CHOICE_CASES: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    [
      ["-r"],
      ["-r", "--unique"],
      ["-r", "--unique=.text"],
      ["-r", "--unique=.f*", "--unique=.t*.a"],
      ["--unique"],
      ["--unique=.foo"],
      ["--unique=*"],
    ].map((options) => [`sections apart: ${options.join(" ")}`, PAIRED(...options)]),
  ),
  "sections apart: within a script": {
    ...PAIRED("--unique=.text", "--unique"),
    script: "SECTIONS { .text : { *(.text .text.*) } .data : { *(.data) } }",
  },
  ...Object.fromEntries(
    [[], ["-x"], ["-s"], ["-X"], ["-u", "g"], ["-q"]].map((options) => [
      `garbage: what only it refers to, in an object ${options.join(" ")}`,
      one(GARBAGE, "-r", "--gc-sections", "-e", "_start", ...options),
    ]),
  ),
  "garbage: bounds keep sections": one(GARBAGE, "--gc-sections", "-z", "start-stop-gc", "-z", "nostart-stop-gc"),
  "garbage: bounds keep no section": one(
    '.long __start_foo\n.weak __start_foo\n.section foo,"aw"\n.long 1\n',
    "--gc-sections",
    "-z",
    "start-stop-gc",
  ),
  ...Object.fromEntries(
    [
      ['{"type":"deb"}'],
      ['{"name":"abcde"}', "--build-id"],
      ["[]", "--build-id=0x1234", "-r"],
      ["no JSON"],
      ["1"],
      [""],
    ].map(([metadata, ...options]) => [
      `a note of a package: ${metadata} ${options.join(" ")}`,
      one("", `--package-metadata=${metadata}`, ...options),
    ]),
  ),
  "a segment of large data": {
    ...scripted(
      ".data\n.long 1\n",
      'SECTIONS { . = SEGMENT_START("ldata-segment", 0x400000); .text : { *(.text) } .rest : { *(*) } }',
      "-Tldata-segment=0x500000",
    ),
    mapDiffers: "GNU ld says at its head where the segment begins",
  },
  "words that mean nothing in a program without shared libraries": one(
    "",
    "-Bsymbolic",
    "-Bsymbolic-functions",
    "--enable-non-contiguous-regions",
    "--enable-non-contiguous-regions-warnings",
    "-Bdynamic",
    "-Bgroup",
    "--audit=a",
    "-P",
    "b",
    "--spare-dynamic-tags=3",
    "--dynamic-linker=x",
    "-rpath=y",
    "--soname",
    "z",
    "-flto-partition=none",
    "--max-cache-size=9",
    "--gpsize",
    "8",
    "-EB",
    "-Qy",
    "-qmagic",
    "--warn-textrel",
    "--ctf-variables",
  ),
  ...Object.fromEntries(
    [[], ["-r"], ["-q"]].map((options) => [
      `a symbol that may be missing ${options.join(" ")}`,
      one("call missing\n", "--ignore-unresolved-symbol=missing", ...options),
    ]),
  ),
  ...Object.fromEntries(
    [
      ["--push-state", "--whole-archive", "--pop-state"],
      ["--push-state", "--pop-state", "--whole-archive"],
      ["--whole-archive", "--push-state", "--no-whole-archive", "--pop-state"],
      ["--whole-archive", "--push-state", "--no-whole-archive", "--push-state", "--pop-state"],
    ].map((options) => [
      `states: ${options.join(" ")}`,
      { ...one("", ...options), archive: [`${QUIET}.globl extra\nextra: ret\n`] },
    ]),
  ),
  "garbage: between bounds that the program defines itself": one(
    '.data\n.globl __start_keep\n__start_keep: .long 5\n.section keep,"a"\n.long 7\n.text\nmov __start_keep, %eax\n',
    "--gc-sections",
  ),
  "garbage: an entry that is called like a bound and is not there": one(
    '.section keep,"a"\n.long 7\n',
    "-e",
    "__start_nowhere",
    "-u",
    "_start",
    "--gc-sections",
  ),
  "garbage: debugging information about what stays and what goes": two(
    '.section .debug_info,"",@progbits\n.long _start, 1\n.section .text.gone,"ax"\nnop\n',
    '.section .debug_info,"",@progbits\n.long x, 2\n.section .text.x,"ax"\nx: nop\n.section .meta,"",@progbits\n.long 3\n',
    "--gc-sections",
  ),
  "garbage: an object of which only a remark is kept": two(
    "nop\n",
    '.section .meta,"R",@progbits\n.long 1\n.section .debug_info,"",@progbits\n.long 2\n.section .text.x,"ax"\nnop\n',
    "--gc-sections",
  ),
  "alignments to nothing and to one": scripted(
    ".data\n.long 1\n",
    `SECTIONS { .text 0x1003 : { *(.text) . = ALIGN(0); . = ALIGN(1); LONG(ALIGN(0)) LONG(ALIGN(5, 0)) LONG(ALIGN(5, 1)) } ${REST} }`,
  ),
  "priorities: constructors count down, arrays up": scripted(
    [".ctors.00100", ".init_array.00300", ".ctors.00200", ".init_array.00200", ".ctors.65400", ".dtors.00150"]
      .map((name, index) => `.section ${name},"aw",@progbits\n.long ${index + 1}\n`)
      .join(""),
    `SECTIONS { ${TEXT} .a : { *(SORT_BY_INIT_PRIORITY(.[ci][tn]*.*)) *(SORT_BY_INIT_PRIORITY(.dtors.*)) } ${REST} }`,
  ),
  "an assertion about a name that is not there": scripted(
    "nop\n",
    `SECTIONS { ${TEXT} ${REST} } ASSERT(nowhere < 5, "never")`,
  ),
  "members of an archive in the order of their names": {
    sources: [`${QUIET}${START}call b\n`],
    archive: [
      `${QUIET}.globl a\na: ret\n.section .k,"a"\n.long 1\n`,
      `${QUIET}.globl b\nb: call a\n.section .k,"a"\n.long 2\n`,
    ],
    script: `SECTIONS { ${TEXT} .k : { SORT_BY_NAME(*)(.k) } ${REST} }`,
  },
  "members of an archive in the order in which they were needed": {
    sources: [`${QUIET}${START}call b\n`],
    archive: [
      `${QUIET}.globl a\na: ret\n.section .k,"a"\n.long 1\n`,
      `${QUIET}.globl b\nb: call a\n.section .k,"a"\n.long 2\n`,
    ],
    script: `SECTIONS { ${TEXT} .k : { *(.k) } ${REST} }`,
  },
  "a section that is called like a command": scripted(
    '.section CONSTRUCTORS,"aw"\n.long 1\n.data\n.long 2\n',
    `SECTIONS { ${TEXT} .data : { SORT(CONSTRUCTORS) CONSTRUCTORS *(.data) } ${REST} }`,
  ),
  "an overlay that is loaded from elsewhere, whose parts know each other": scripted(
    '.section .a,"aw"\nina: .long 1, inb\n.section .b,"aw"\ninb: .long 2, ina, 3\n',
    `${REGIONS} SECTIONS { .text : { *(.text) } > rom OVERLAY : { .a { *(.a) } .b { *(.b) } } > ram AT> rom .rest : { *(*) } > ram }`,
  ),
  "wrapped names": two(
    "call foo\n.long foo, __real_foo\n",
    ".globl __wrap_foo\n__wrap_foo: call __real_foo\nret\n.globl foo\nfoo: ret\ncall bar\n.globl bar\nbar: ret\n",
    "--wrap=foo",
  ),
  "a name that two output sections have, of which the second exists": scripted(
    '.section .k,"aw"\n.long 1\n.section .other,"aw"\n.long 2\n.section .more,"aw"\n.long 3\n',
    `SECTIONS { ${TEXT} .k 0x3000 : { *(.nothing) } .k 0x5000 : { *(.other) } .last : { *(.more) } }`,
  ),
  "strings with zeros between them, by their alignment": two(
    '.section .rodata.s,"aMS",@progbits,1\n.balign 4\na: .asciz "a"\n.byte 0, 0, 0, 0, 0\n.asciz "b"\n.byte 0, 0\n.data\n.long a, a + 1, a + 2, a + 3, a + 5, a + 7\n',
    '.section .rodata.s,"aMS",@progbits,1\n.balign 2\n.byte 0, 0\n.asciz "b"\n.byte 0\n.asciz "a"\n',
  ),
  "GOT: names of each object's own": two(
    ".data\nnear: .long 1, near@GOT, other@GOT\nother: .long 2\n.long near@GOTOFF\n",
    ".data\n.long 9\nnear: .long 3, near@GOT\n",
  ),
  "relocations that are not in order": one(
    ".data\n.long 0, 0, 0, 0\n.reloc 12, R_386_32, _start\n.reloc 4, R_386_PC32, _start\n.reloc 8, R_386_32, _start\n",
    "-r",
  ),
  "zeros before data of each thread": scripted(
    '.bss\n.skip 8\n.section .tdata,"awT"\n.long 1\n.data\n.long 2\n',
    `SECTIONS { ${TEXT} .bss 0x2000 : { *(.bss) } .tdata : { *(.tdata) } .data : { *(.data) } }`,
  ),
  "zeros before data": scripted(
    ".bss\n.skip 8\n.data\n.long 2\n",
    `SECTIONS { ${TEXT} .bss 0x2000 : { *(.bss) } .data : { *(.data) } }`,
  ),
  "regions by what sections are": scripted(
    '.data\n.long 1\n.bss\n.skip 8\n.section .rodata,"a"\n.long 2\n',
    `${REGIONS} SECTIONS { .text : { *(.text) } .rodata : { *(.rodata) } .data : { *(.data) } .bss : { *(.bss) } }`,
  ),
  "a type for a section that is only read": scripted(
    '.section .a,"aw"\n.long 1\n.section .b,"aw"\n.long 2\n',
    `SECTIONS { ${TEXT} .a (READONLY (TYPE = SHT_PROGBITS)) : { *(.a) } .b (READONLY) : { *(.b) } ${REST} }`,
  ),
  "weak: a reference, then definitions": {
    sources: [
      `${QUIET}${START}.weak f\ncall f\n`,
      `${QUIET}.weak f\nf: ret\n`,
      `${QUIET}.weak f\nf: nop\nret\n`,
      `${QUIET}call f\n`,
    ],
  },
  "comparisons and differences of places": scripted(
    ".data\n.long 1, 2\n",
    `SECTIONS { ${TEXT} .data 0x2000 : { s1 = .; *(.data) s2 = .; d = s2 - s1; LONG(d) c1 = s1 <= s2; c2 = s1 >= s2; c3 = (s1 < s2) + 1; c4 = s1 && s2; c5 = s1 | s2; c6 = s1 + 4 <= s2; c7 = (s1 <= s2) + s1; } e1 = s1 <= s2; e2 = s2 - s1; e3 = s1 + 1; ${REST} }`,
  ),
  "names that sections assign, in the order of the symbol table": {
    sources: [`${QUIET}.globl z, inside\n.long z, inside, outside, hid\n${START}`],
    archive: [`${QUIET}.globl z\nz: nop\n`],
    script: `SECTIONS { .text 0x1000 : { inside = .; HIDDEN(hid = .); PROVIDE(given = .); *(.text) } outside = 5; ${REST} }`,
  },
  "the very end of the address space": scripted(
    ".data\n.long 1\n",
    `SECTIONS { ${TEXT} .data 0xfffffff0 : { *(.data) . = 0x10; } ${REST} }`,
  ),
  "names that are defined, before and after their definition": scripted(
    ".globl own\nown: nop\n.comm c, 4, 4\n",
    `a = DEFINED(b) ? 1 : 2; b = 3; c1 = DEFINED(b) ? 1 : 2; d = DEFINED(_start) ? 1 : 2; e = DEFINED(own) ? 1 : 2; own = 7; f = DEFINED(own) ? 1 : 2; g = DEFINED(c) ? 1 : 2; SECTIONS { ${TEXT} ${REST} }`,
  ),
  "loaded with the alignment of what goes in": scripted(
    ".byte 1, 2, 3\n.data\n.balign 16\n.long 1\n",
    `${REGIONS} SECTIONS { .text : { *(.text) } > rom .data : ALIGN_WITH_INPUT { *(.data) } > ram AT> rom .rest : ALIGN_WITH_INPUT { *(*) } > ram AT> rom }`,
  ),
  "provided names that conditions and signs ask for": scripted(
    "nop\n",
    `x = 1 ? p1 : 2; y = -p2; z = 1 + p3; w = p4 ? 1 : 2; v = 0 ? 1 : p5; PROVIDE(p1 = 5); PROVIDE(p2 = 6); PROVIDE(p3 = 7); PROVIDE(p4 = 8); PROVIDE(p5 = 9); PROVIDE(p6 = 1); SECTIONS { ${TEXT} ${REST} }`,
  ),
  "symbols of debugging information, stripped": one(
    '.section .debug_info,"",@progbits\ndbg: .long 1\n.data\nplain: .long 2\n',
    "-S",
  ),
  "symbols of debugging information, kept": one(
    '.section .debug_info,"",@progbits\ndbg: .long 1\n.data\nplain: .long 2\n',
  ),
};
