/**
 * Programs for cases.test.ts in the manner of C libraries and of other people's scripts: indirect functions, loads from
 * the table of addresses without a base, warnings that objects bring along, notes and properties.
 */
import {
  type Case,
  EMPTY_IN_MAP,
  one,
  PROPERTIES_IN_MAP,
  property,
  QUIET,
  START,
  scripted,
  two,
} from "./corner-cases.ts";

const GROUPS_IN_MAP = "GNU ld names other parts of groups among what is not linked";
const UNWINDING_IN_MAP = "GNU ld begins its map with the records that it drops";

/** An indirect function, whose resolver returns an address, with what refers to it. */
const indirect = (uses: string, binding = ".globl f"): string =>
  `.type f, @gnu_indirect_function\n${binding}\nf: movl $one, %eax\nret\none: ret\n${uses}\n`;

/** Several of one program, whose stubs come in the order of the table of names. */
const SEVERAL = ["strcpy", "memcpy", "index", "wcslen", "stpcpy", "bcmp"]
  .map((name) => `.globl ${name}\n.type ${name}, @gnu_indirect_function\n${name}: ret\n`)
  .join("");
const CALLS = ["memcpy", "index", "bcmp", "stpcpy", "wcslen", "strcpy"].map((name) => `call ${name}\n`).join("");

const USES: Readonly<Record<string, string>> = {
  "a call": "call f",
  "a call by the table of stubs": "call f@PLT",
  "its address in code": "movl $f, %eax",
  "its address in data": ".data\n.long 0, f",
  "its address in data that is only read": '.section .rodata,"a"\n.long f',
  "its address in code and in data": "movl $f, %eax\n.data\n.long f",
  "a call through the table": "call *f@GOT(%ebx)",
  "a load from the table": "movl f@GOT(%ebx), %eax",
  "a load from the table without a base": "movl f@GOT, %eax",
  "a load from the table and a call": "movl f@GOT(%ebx), %eax\ncall f",
  "a load from the table, and its address": "movl f@GOT(%ebx), %eax\nmovl $f, %ecx",
  "a load from the table, and data": "movl f@GOT(%ebx), %eax\n.data\n.long f",
  nothing: "",
};

const LOADS = [
  "movl a@GOT, %eax",
  "movl $0, a@GOT",
  "cmpl $0, b@GOT(%ebx)",
  "movl $a@GOT, %ecx",
  "pushl b@GOT",
  "pushl a@GOT(%ebx)",
  "pushl c@GOT(%ebx)",
];

const WARNS = '.section .gnu.warning.old,""\n.asciz "old is dangerous"\n.text\n';

/** Functions with unwind information, of which an array of initialisers alone names one. */
const UNUSED = `call used
.section .text.used,"ax"
used: .cfi_startproc
ret
.cfi_endproc
.section .text.unused,"ax"
unused: .cfi_startproc
ret
.cfi_endproc
.section .init_array,"aw"
.long unused
`;

export const FOREIGN_CASES: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    Object.entries(USES).flatMap(([name, uses]): [string, Case][] => [
      [`an indirect function: ${name}`, { ...one(indirect(uses)), mapDiffers: EMPTY_IN_MAP }],
      [`a local indirect function: ${name}`, { ...one(indirect(uses, ".local f")), mapDiffers: EMPTY_IN_MAP }],
    ]),
  ),
  "indirect functions: stubs in the order of names": { ...two(CALLS, SEVERAL), mapDiffers: EMPTY_IN_MAP },
  "indirect functions: relocations of local ones are the last": {
    ...one(
      `${indirect("call f", ".local f")}${SEVERAL}${CALLS}.data\n.long f, strcpy, g\n.globl g\n.type g, @gnu_indirect_function\n.text\ng: ret\n`,
    ),
    mapDiffers: EMPTY_IN_MAP,
  },
  "indirect functions: debugging information does not resolve them": {
    ...one(indirect('call f\n.section .debug_info,""\n.long f, one')),
    mapDiffers: EMPTY_IN_MAP,
  },
  "indirect functions: what start-up code is told": {
    ...one(indirect("call f\n.data\n.long __rel_iplt_start, __rel_iplt_end")),
    mapDiffers: EMPTY_IN_MAP,
  },
  "the table: entries of local symbols first, the others in the order of names": {
    ...one(`.globl c, d, e\na: b: ${LOADS.join("\n")}\npushl e@GOT\npushl d@GOT\npushl c@GOT\nc: d: e: ret\n`),
    mapDiffers: EMPTY_IN_MAP,
  },
  "warnings that an object brings: not in the program": two("call old\n", `${WARNS}.globl old\nold: ret\n`),
  "warnings that an object brings: in an object": two("call old\n", `${WARNS}.globl old\nold: ret\n`, "-r"),
  "properties: from two notes of one object": {
    ...one(property(0xc0008002, 4, 1, 0xc0000002, 4, 1) + property(0xc0008002, 4, 2, 0xc0000002, 4, 2, 1, 4, 8)),
    mapDiffers: PROPERTIES_IN_MAP,
  },
  ...Object.fromEntries(
    [
      ["-z", "ibt"],
      ["-z", "shstk"],
      ["-z", "ibt", "-z", "shstk", "-r"],
      ["-z", "x86-64-v2"],
      ["-z", "x86-64-v3", "-z", "ibt"],
      ["-z", "x86-64-v4"],
    ].flatMap((options): [string, Case][] => [
      [
        `properties: ${options.join(" ")} without a note`,
        { ...two("", "nop\n", ...options), mapDiffers: PROPERTIES_IN_MAP },
      ],
      [
        `properties: ${options.join(" ")} beside what objects say`,
        {
          ...two(property(0xc0000002, 4, 2, 0xc0008002, 4, 1), property(0xc0000002, 4, 3), ...options),
          mapDiffers: PROPERTIES_IN_MAP,
        },
      ],
    ]),
  ),
  "a note in a segment, but not in memory": scripted(
    '.section .note,"",@note\n.byte 1, 2, 3\n',
    "PHDRS { data PT_LOAD; note PT_NOTE; } SECTIONS { .text 0x1000 : { *(.text) } :data .note 0x2000 : { *(.note) } :note /DISCARD/ : { *(*) } }",
  ),
  "records of unwinding for functions without code": {
    ...one("f: .cfi_startproc\n.cfi_endproc\ng: .cfi_startproc\nnop\n.cfi_endproc\nh: .cfi_startproc\n.cfi_endproc\n"),
    mapDiffers: UNWINDING_IN_MAP,
  },
  "records of unwinding for functions without code, in an object": {
    ...one("f: .cfi_startproc\n.cfi_endproc\ng: .cfi_startproc\nnop\n.cfi_endproc\n", "-r"),
    mapDiffers: UNWINDING_IN_MAP,
  },
  ...Object.fromEntries(
    ["prefix-addr", "suffix-nop", "prefix-0x3e", "suffix-144"].map((fill): [string, Case] => [
      `calls through the table that become direct: ${fill}`,
      {
        ...one("call *g@GOT(%ebx)\njmp *g@GOT(%ebx)\n.globl g\ng: ret\n", "-z", `call-nop=${fill}`),
        mapDiffers: EMPTY_IN_MAP,
      },
    ]),
  ),
  "the bounds of a section, loaded from the table": one(
    'movl __start_own@GOT(%ecx), %eax\nmovl __stop_own@GOT(%ecx), %edx\n.section own,"aw"\n.long 1\n',
  ),
  "fills: within a section, one after another": scripted(
    ".data\n.long 1\n",
    "SECTIONS { .text 0x1000 : { *(.text) } .data 0x2000 : { FILL(0x1234) . = . + 6; *(.data) FILL(0x99) . = ALIGN(16); FILL(0x12345678) . = . + 3; } .rest : { *(*) } }",
  ),
  "regions: their bounds in the map": scripted(
    ".data\n.long 1\n",
    "MEMORY { ram : ORIGIN = 0x1000, LENGTH = 64K } begin = ORIGIN(ram); end = ORIGIN(ram) + LENGTH(ram); SECTIONS { .text : { *(.text) } > ram .data : { *(.data) LONG(begin) LONG(end) } > ram .rest : { *(*) } > ram }",
  ),
  "a feature that is asked for": scripted(
    "",
    'LD_FEATURE("SANE_EXPR") SECTIONS { .text 0x1000 : { *(.text) } .rest : { *(*) } }',
  ),
  "bounds of a section whose name is none in C": one(
    '.weak "__start_my.own"\n.long "__start_my.own"\n.section my.own,"a"\n.long 1\n',
  ),
  "a symbol whose type only those know who refer to it": two(
    ".type other, @function\ncall other\n",
    ".globl other\nother: ret\n",
  ),
  "a name that an excluded section defines again": two(
    ".globl start\nstart: ret\n",
    '.section .x,"axe"\n.globl start\nstart: .long 0\n',
  ),
  "a name that an excluded section defines, in an object": two(
    "call start\n",
    '.section .x,"axe"\n.globl start\nstart: .long 0\n',
    "-r",
  ),
  "groups: none is left of which no member is needed": {
    sources: [
      '.section .text.foo,"axG",@progbits,foo,comdat\n.globl foo\nfoo: .byte 0\n.section .text.bar,"axG",@progbits,bar,comdat\n.globl bar\nbar: .long foo\n',
    ],
    options: ["-r", "--gc-sections", "--entry", "foo"],
  },
  "groups: a member that the script throws away": {
    sources: [
      '.section .text.foo,"axG",@progbits,grp\n.long 1\n.section .drop,"G",@progbits,grp\n.long .text.foo\n.section .keep,"G",@progbits,grp\n.long .text.foo\n',
    ],
    script: "SECTIONS { .text 0x1000 : { *(.text) } /DISCARD/ : { *(.drop) } }",
    options: ["-r"],
    mapDiffers: GROUPS_IN_MAP,
  },
  ...Object.fromEntries(
    ["-S", "-s"].map((option): [string, Case] => [
      `groups: members that ${option} leaves out`,
      {
        sources: [
          `${QUIET}${START}.section .debug_macro,"G",@progbits,one,comdat\n.long .Lt\n.Lt: .asciz "a"\n.section .comment,"G",@progbits,one,comdat\n.asciz "hi"\n.section .debug_other,"G",@progbits,two,comdat\n.long .Lu\n.Lu: .asciz "b"\n`,
        ],
        options: ["-r", option],
        mapDiffers: GROUPS_IN_MAP,
      },
    ]),
  ),
  "memory of threads that is all zeros": one(
    'nop\nmovl %gs:x@NTPOFF, %eax\n.section .tbss,"awT",@nobits\nx: .skip 4\n',
  ),
  "memory of threads that is all zeros, and data": one(
    'movl %gs:x@NTPOFF, %eax\n.data\n.long 1\n.section .tbss,"awT",@nobits\n.balign 16\nx: .skip 4\n',
  ),
  "tables of exceptions stay with functions that are needed": one(
    'call a\n.section .text.a,"ax"\n.globl a\na: .cfi_startproc\n.cfi_personality 0, hook\n.cfi_lsda 0, table_a\nnop\nret\n.cfi_endproc\n.section .text.b,"ax"\n.globl b\nb: .cfi_startproc\n.cfi_personality 0, hook\n.cfi_lsda 0, table_b\nret\n.cfi_endproc\n.section .text.hook,"ax"\nhook: ret\n.section .gcc_except_table.a,"a"\ntable_a: .long 1\n.section .gcc_except_table.b,"a"\ntable_b: .long 2\n',
    "--gc-sections",
  ),
  "conditions in a script": scripted(
    "",
    "a = 1 && 0; b = 2 && 3; c = 0 && 1; d = 0 || 0; e = 0 || 4; SECTIONS { .text 0x1000 : { *(.text) BYTE(a) BYTE(b) BYTE(c) BYTE(d) BYTE(e) } .rest : { *(*) } }",
  ),
  "an assertion as a value": scripted(
    "",
    'a = ASSERT(2, "is not 0"); SECTIONS { .text 0x1000 : { *(.text) BYTE(a) } .rest : { *(*) } }',
  ),
  "names that only a script provides and uses": scripted(
    "",
    "SECTIONS { .text 0x1000 : { *(.text) } .rest : { *(*) } } PROVIDE(p = 5); PROVIDE(unused = 6); q = -p; r = p + 1; t = p ? 1 : 2;",
  ),
  "a byte whose addend is negative": one(".byte ext - 128\n.word ext - 32768\n", "--defsym", "ext=200"),
  ...Object.fromEntries(
    [
      ["of another owner", '.long 4, 12, 5\n.asciz "ABC"\n.long 0xc0008002, 4, 1'],
      ["of another type", '.long 4, 12, 6\n.asciz "GNU"\n.long 0xc0008002, 4, 1'],
      ["that is cut off", ".long 4, 12, 5"],
    ].map(([name, note]): [string, Case] => [
      `properties: a note ${name}`,
      {
        ...two(`.section .note.gnu.property,"a"\n.balign 4\n${note}\n.text\n`, property(0xc0008002, 4, 2), "-w"),
        mapDiffers: PROPERTIES_IN_MAP,
      },
    ]),
  ),
  ...Object.fromEntries(
    [
      ". = .; *(.bss)",
      "*(.bss) . = ALIGN(4);",
      ". = . + 0; *(.bss)",
      "a = .;",
      ". = 0; *(.bss)",
      "z = 0; . = z; *(.bss)",
      ". = ALIGN(. != 0 ? 4 : 1);",
    ].map((body): [string, Case] => [
      `an empty section in which the script has ${body}`,
      scripted(
        ".long 1, 2\n.data\n.long 3, 4\n",
        `SECTIONS { .text : { *(.text) } .bss : { ${body} } .data : { *(.data) } .e : { . = ALIGN(8); } .f : { *(.f) . = .; } .rest : { *(*) } }`,
      ),
    ]),
  ),
  "loads of what a script defines": scripted(
    `${[..."abcdefgh"].map((name) => `mov ${name}@GOT(%ebx), %eax\n`).join("")}.bss\n.long 0\n`,
    "a = 5; SECTIONS { b = .; .text 0x1000 : { c = .; *(.text) d = .; } .got : { *(.got.plt) *(.got) } .bss : { e = .; *(.bss) PROVIDE(f = .); } g = .; HIDDEN(h = 1); .rest : { *(*) } }",
  ),
  "the address of a section that nothing is in": {
    ...scripted("", "SECTIONS { .text 0x1000 : { *(.text) LONG(ADDR(.other)) } .other 0x2000 : { } .rest : { *(*) } }"),
    mapDiffers: EMPTY_IN_MAP,
  },
  ...Object.fromEntries(
    [[], ["--gc-sections", "-u", "g"], ["--gc-sections", "-u", "f"], ["-q"], ["-r"]].map((options): [string, Case] => [
      `sections that belong to others ${options.join(" ")}`,
      two(
        '.section .text.f,"ax"\n.globl f\nf: ret\n.section .text.g,"ax"\n.globl g\ng: nop\nret\n.section .places,"ao",@progbits,.text.g\n.balign 4\n.long 2\n.section .places,"ao",@progbits,.text.f\n.byte 1\n.section .sizes,"o",@progbits,.text.f\n.byte 7\n',
        '.section .text.h,"ax"\n.globl h\nh: ret\n.section .places,"ao",@progbits,.text.h\n.long 3\n.section .note.h,"o",@note,.text.h\n.long 9\n',
        ...options,
      ),
    ]),
  ),
  "members of a group beside a section of their name, in an object": two(
    '.section .data.f,"awG",@progbits,g,comdat\n.long 1\n.section .data.f,"aw"\n.long 2\n',
    '.section .text.s,"ax"\nret\n.section .text.s,"axe"\nnop\n.section .data.f,"aw"\n.long 3\n',
    "-r",
  ),
  "single copies: the third of a name, of which the second was dropped": {
    sources: ["a", "b", "c"].map(
      (letter, at) =>
        `.globl f\n.section ${at === 0 ? ".gnu.linkonce.t.f" : ".text.f"},"ax${at === 0 ? '"' : 'G",@progbits,f,comdat'}\nf: nop\nret\n.section .debug_${letter},""\n.long f, .debug_${letter}\n.section .note.GNU-stack,""\n`,
    ),
    options: ["-e", "0"],
  },
  "debugging information of which nothing is left, in an object": two(
    '.section .gnu.linkonce.d.x,"aw"\n.long 1, 2\n',
    '.section .gnu.linkonce.d.x,"aw"\n.long 1\nx: .long 3\n.section .debug_x,""\n.long x, x\n',
    "-r",
  ),
  ...Object.fromEntries(
    ["foo = g;", "foo = g + 4;", "PROVIDE(foo = f);", "bar = g; foo = 3;"].map((assignment): [string, Case] => [
      `garbage, where the script has ${assignment}`,
      {
        ...scripted(
          '.globl start\nstart: .long foo\n.section .text.f,"ax"\n.globl f\nf: ret\n.section .text.g,"ax"\n.globl g\ng: ret\n',
          `SECTIONS { .text 0x1000 : { *(.text*) } /DISCARD/ : { *(*) } } ${assignment}`,
        ),
        options: ["--gc-sections", "-e", "start"],
      },
    ]),
  ),
  "garbage, where debugging information goes on in objects of which nothing else is linked": {
    sources: [
      `${QUIET}${START}ret\n.section .debug_info,"",@progbits\n.long unit + 2\n`,
      `${QUIET}.section .debug_info,"",@progbits\n.globl unit\n.hidden unit\nunit: .long abbreviations\n.section .debug_abbrev,"",@progbits\nabbreviations: .byte 1, 2, 3\n`,
      `${QUIET}.section .debug_info,"",@progbits\n.globl other\n.hidden other\nother: .byte 4\n`,
    ],
    options: ["--gc-sections"],
  },
  "garbage, where no KEEP names arrays of initialisers": {
    ...scripted(
      UNUSED,
      "ENTRY(_start) SECTIONS { .text 0x1000 : { *(.text*) } .rodata : { *(.rodata*) } .init_array : { *(.init_array) } }",
    ),
    options: ["--gc-sections"],
  },
  "garbage of a partial link: arrays and what unwinds stay, bounds keep nothing": {
    ...one(`${UNUSED}.text\n.long __start_own\n.section own,"a"\n.long 5\n`),
    options: ["-r", "--gc-sections", "-e", "_start"],
  },
  "bounds of a section that the script sets": scripted(
    '.long __start_own, __stop_own\n.section own,"a"\n.long 5\n',
    "SECTIONS { .text 0x1000 : { *(.text) } own : { __start_own = .; *(own) __stop_own = .; } }",
  ),
  "bounds of a section, hidden": one(
    '.long __start_own, __stop_own\n.section own,"a"\n.long 5\n',
    ...["-z", "start-stop-visibility=hidden"],
  ),
  "properties and thread-local data": {
    ...two(property(0xc0000002, 4, 3), `${property(0xc0000002, 4, 3)}.section .tdata,"awT"\n.long 1\n`),
    mapDiffers: PROPERTIES_IN_MAP,
  },
  "local symbols of objects whose first sections are not loaded": {
    sources: [
      `${QUIET}.file "a.c"\n${START}.section .room,"aw",@nobits\na: .skip 4\n`,
      `${QUIET}.file "b.c"\nb: nop\n`,
      `${QUIET}.file "c.c"\n.section .room,"aw",@nobits\nc: .skip 4\n`,
    ],
    script: "SECTIONS { .room (NOLOAD) : { *(.room) } .first : { *part1.o(.text) } .text : { *(.text) } }",
  },
  "a hidden name that only the script defines": one(".hidden __init_array_start\n.long __init_array_start\n"),
  ...Object.fromEntries(
    Object.entries({
      "old single copies": '.gnu.linkonce.t.f,"ax"',
      groups: '.text.f,"axG",@progbits,f,comdat',
    }).flatMap(([kind, section]) =>
      Object.entries({
        "that nothing asks for": ".globl b\nb: nop\n",
        "that only it asks for": ".globl b\nb: .long b, c\n",
        "that others ask for": ".globl b\nb: nop\n.data\n.long b\n",
        "that is weak": ".weak b\nb: nop\n",
        "of which debugging information speaks": '.globl b\nb: nop\n.section .debug_x,"",@progbits\n.long b\n',
        "whose own name others ask for": "b: nop\n.data\n.long b\n",
      }).map(([what, second]): [string, Case] => [
        `${kind} in an object: a name ${what}`,
        two(`.section ${section}\n.globl a\na: ret\n`, `.section ${section}\n${second}`, "-r"),
      ]),
    ),
  ),
  ...Object.fromEntries(
    ["_start = .;", "_start = 0x1000;", "_start = other;", "_start = other + 1;", "PROVIDE(_start = 0x1000);"].map(
      (definition): [string, Case] => [
        `garbage of a program whose entry object and script define: ${definition}`,
        {
          sources: [
            `${QUIET}.section .text.start,"ax"\n${START}.section .text.other,"ax"\n.globl other\nother: ret\n.section .text.k,"ax"\ncall other\n`,
          ],
          script: `ENTRY(_start) SECTIONS { . = 0x1000; .text : { ${definition} KEEP(*(.text.k)) *(.text*) } .bss : { *(.bss) } }`,
          options: ["--gc-sections"],
        },
      ],
    ),
  ),
  "garbage that leaves nothing of a section which the script counts in": {
    ...scripted(
      ".bss\n.skip 8\n",
      "ENTRY(_start) SECTIONS { .text 0x1000 : { *(.text) } . = ALIGN(64); .bss : { a = .; *(.bss) . = ALIGN(32); b = .; } }",
    ),
    options: ["--gc-sections"],
  },
  ...Object.fromEntries(
    [[], ["-r"]].map((options): [string, Case] => [
      `sections that are not for memory, and have no contents ${options.join(" ")}`,
      scripted(
        ".bss\n.skip 8\n",
        "SECTIONS { .text 0x1000 : { *(.text) } .x (INFO) : { . += 16; } .zeros (COPY) : { *(.bss) } .rest : { *(*) } }",
        ...options,
      ),
    ]),
  ),
  "sections without contents in no segment": scripted(
    ".data\n.long 1\n.bss\n.skip 8\n",
    "PHDRS { t PT_LOAD; } SECTIONS { .text 0x1000 : { *(.text) } :t .data : { *(.data) } .bss : { *(.bss) } :NONE }",
  ),
};
