/**
 * More programs for cases.test.ts: those that a fault planted into the linker came through without. Each is about a
 * limit, a name or an order that the others do not show.
 */

export interface Case {
  readonly sources: readonly string[];
  /** Sources of an archive, which stands after the objects. */
  readonly archive?: readonly string[];
  /** Other files by name; `@` in an option is their folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly options?: readonly string[];
  readonly script?: string;
  /** Why the maps are not equal. */
  readonly mapDiffers?: string;
}

export const START = ".globl _start\n_start: nop\n";
export const QUIET = '.section .note.GNU-stack,"",@progbits\n.text\n';
export const one = (source: string, ...options: string[]): Case => ({ sources: [QUIET + START + source], options });
/** The same with a script. */
export const scripted = (source: string, script: string, ...options: string[]): Case => ({
  ...one(source, ...options),
  script,
});
export const two = (first: string, second: string, ...options: string[]): Case => ({
  sources: [QUIET + START + first, QUIET + second],
  options,
});

/** A note of properties: types, sizes, values. */
export const property = (...words: number[]): string =>
  `.section .note.gnu.property,"a"\n.balign 4\n.long 4, ${4 * words.length}, 5\n.asciz "GNU"\n.long ${words.join(", ")}\n.text\n`;

/** Why maps are not equal. */
export const EMPTY_IN_MAP = "GNU ld hangs its empty sections on another object";
export const COMMON_IN_MAP = "GNU ld lists common symbols in the order of its table of names";
export const PROPERTIES_IN_MAP = "GNU ld begins its map with the properties that it merged";

/** Sections k1 to k5 of two objects, with alignments that are not in the order of their names. */
const SORTED: readonly string[] = [
  `${QUIET}${START}.section .k.5,"a"\n.balign 2\n.long 15\n.section .k.1,"a"\n.balign 16\n.long 11\n.section .k.3,"a"\n.balign 4\n.long 13\n`,
  `${QUIET}.section .k.3,"a"\n.balign 8\n.long 23\n.section .k.2,"a"\n.long 22\n.section .k.4,"a"\n.balign 32\n.long 24\n.section .k.1,"a"\n.long 21\n`,
];
const sorting = (patterns: string, ...options: string[]): Case => ({
  sources: SORTED,
  script: `SECTIONS { .text 0x1000 : { *(.text) } .k : { ${patterns} } .rest : { *(.k*) } }`,
  options,
});
/** Data of so many bytes after code of so many: where pages end. */
const pages = (codeBytes: number, dataBytes: number, ...options: string[]): Case =>
  one(
    `.skip ${codeBytes}\n.section .data.rel.ro,"aw"\n.long 1\n.skip ${dataBytes}\n.section .got.extra,"aw"\n.long 2\n.data\n.long 3\n.bss\n.skip 9\n`,
    ...options,
  );
const COMPARED_PROPERTIES = [
  0xc0000000, 0xc0000001, 0xc0000002, 0xc0007fff, 0xc0008000, 0xc000ffff, 0xc0010000, 0xc0017fff,
];

export const CORNER_CASES: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    COMPARED_PROPERTIES.flatMap((type): [string, Case][] => [
      [
        `properties: type ${type.toString(16)} of both`,
        { ...two(property(type, 4, 6), property(type, 4, 3)), mapDiffers: PROPERTIES_IN_MAP },
      ],
      [
        `properties: type ${type.toString(16)} of one`,
        { ...two(property(type, 4, 6), property(0xc0000002, 4, 3)), mapDiffers: PROPERTIES_IN_MAP },
      ],
    ]),
  ),
  "properties: a stack size of one": { ...two(property(1, 4, 0x4000), "nop\n"), mapDiffers: PROPERTIES_IN_MAP },
  "properties: no object after the first has a note": {
    ...two("nop\n", property(0xc0008000, 4, 5)),
    mapDiffers: PROPERTIES_IN_MAP,
  },
  "GOT: a jump without a base": one("jmp *far@GOT\n.globl far\nfar: ret\n"),
  "GOT: a jump with a base": one("jmp *far@GOT(%ebx)\ncall *far@GOT(%esi)\n.globl far\nfar: ret\n"),
  "GOT: arithmetic with addresses": one(
    "add far@GOT(%ebx), %ecx\ncmp far@GOT(%ebx), %eax\ntest %edx, far@GOT(%ebx)\nsub far@GOT, %esi\nxor far@GOT(%ecx), %edi\nand far@GOT, %eax\nor far@GOT(%eax), %ebp\nadc far@GOT, %edx\nsbb far@GOT(%edi), %eax\n.globl far\nfar: ret\n",
  ),
  "GOT: what cannot be made a number": one(
    "push far@GOT(%ebx)\nmov far@GOT+4(%ebx), %eax\nmovl %eax, far@GOT(%ebx)\nlea far@GOT(%ebx), %eax\nincl far@GOT(%ebx)\nmovb far@GOT(%ebx), %al\n.globl far\nfar: ret\n",
  ),
  "GOT: a common symbol": one("mov shared@GOT(%ebx), %ecx\nmov shared@GOT, %edx\n.comm shared, 4, 4\n"),
  "GOT: a field at the beginning of its section": one(
    '.section .early,"ax"\n.long far@GOT\n.byte 0x8b\n.long far@GOT\n.text\n.globl far\nfar: ret\n',
  ),
  "GOT: local names": one("mov near@GOT(%ebx), %eax\ncall *near@GOT(%ebx)\nmov near@GOT, %edx\nnear: ret\n"),
  "a script: logic": scripted(
    "",
    "a = 7; b = 0; c = 0; d = 9; SECTIONS { .text 0x1000 : { *(.text) LONG(a && d) LONG(a && b) LONG(b && a) LONG(b && c) LONG(a || d) LONG(a || b) LONG(b || a) LONG(b || c) LONG(+ a) LONG(b ? 5 : 6) LONG(! b) LONG(a > 7) LONG(a < 7) LONG(a >= 7) LONG(a <= 6) QUAD(a << 60) QUAD(-1 >> 1) QUAD(~0) } }",
  ),
  "a script: functions as the map shows them": scripted(
    ".data\n.long 1\n",
    `MEMORY { all : ORIGIN = 0x1000, LENGTH = 0x8000 } SECTIONS { .text : { *(.text) } > all .data : ALIGN(16) { *(.data) } > all
      v_4 = 4; v_a = ADDR(.data); v_b = LOADADDR(.data); v_c = SIZEOF(.data); v_d = ALIGNOF(.data); v_e = DEFINED(v_a); v_f = ORIGIN(all); v_g = LENGTH(all); v_h = CONSTANT(MAXPAGESIZE);
      v_i = SEGMENT_START("text-segment", 0x77); v_j = NEXT(64); v_k = ABSOLUTE(.); v_l = ALIGN(8); v_m = ALIGN(., 8); v_n = BLOCK(8); v_o = LOG2CEIL(9); v_p = MAX(v_a, 3); v_q = MIN(v_a, 3); v_r = + v_4; v_s = - v_4; v_t = ~ v_4; v_u = ! v_4; PROVIDE(v_v = 3); v_y = v_a ? v_b : v_c; z = SIZEOF_HEADERS; }`,
  ),
  "a script: the greater of addresses and numbers": scripted(
    ".data\n.long 1\n",
    "SECTIONS { .text 0x1000 : { *(.text) here = .; } .data 0x2000 : { *(.data) there = .; LONG(MAX(here, .)) LONG(MIN(here, .)) LONG(MAX(here, there)) } up = MAX(here, there); down = MIN(here, there); same = MAX(here, 0x1000); }",
  ),
  "a script: commands that change nothing": {
    ...scripted(
      "",
      'OUTPUT("other.elf") OUTPUT_FORMAT(elf32-i386) OUTPUT_ARCH(i386) TARGET(elf32-i386) SEARCH_DIR(/nowhere) ENTRY(_start) SECTIONS { .text 0x1000 : { *(.text) } }',
    ),
    mapDiffers: "GNU ld names the target",
  },
  "a script: an alias of an alias, and of nothing": scripted(
    "",
    'MEMORY { all : ORIGIN = 0, LENGTH = 64K } REGION_ALIAS("a", all) REGION_ALIAS("b", a) REGION_ALIAS("c", none) SECTIONS { .text : { *(.text) } > b }',
  ),
  "a script: an alias twice": scripted(
    "",
    'MEMORY { all : ORIGIN = 0, LENGTH = 64K } REGION_ALIAS("a", all) REGION_ALIAS("a", all) SECTIONS { .text : { *(.text) } > a }',
  ),
  "a script: an alias of a region's name": scripted(
    "",
    'MEMORY { all : ORIGIN = 0, LENGTH = 64K } REGION_ALIAS("all", all) SECTIONS { .text : { *(.text) } > all }',
  ),
  "a script: an insertion before": scripted(
    '.section .mine,"aw"\n.long 1\n.data\n.long 2\n',
    "SECTIONS { .mine : { *(.mine) } } INSERT BEFORE .data;",
  ),
  "a script: an insertion after what is not there": scripted(
    "",
    "SECTIONS { .mine : { *(.mine) } } INSERT AFTER .none;",
  ),
  "a script: an insertion in no direction": scripted("", "SECTIONS { .mine : { *(.mine) } } INSERT BESIDE .data;"),
  "a script: references that it forbids to the first": scripted(
    "mov d, %eax\n.data\nd: .long 1\n",
    "NOCROSSREFS_TO(.text .data) SECTIONS { .text 0x1000 : { *(.text) } .data : { *(.data) } }",
  ),
  "a script: references that it forbids from the first": scripted(
    "mov d, %eax\n.data\nd: .long 1\n",
    "NOCROSSREFS_TO(.data .text) SECTIONS { .text 0x1000 : { *(.text) } .data : { *(.data) } }",
  ),
  "a script: kinds of sections that are not loaded": scripted(
    '.section .a,"aw"\n.long 1\n.section .b,"aw"\n.long 2\n.section .c,"aw"\n.long 3\n.section .d,"aw"\n.long 4\n',
    "SECTIONS { .text 0x1000 : { *(.text) } .a (INFO) : { *(.a) } .b (COPY) : { *(.b) } .c (DSECT) : { *(.c) } .d (OVERLAY) : { *(.d) } }",
  ),
  "a script: read-only sections": {
    ...scripted(
      '.section .a,"aw"\n.long 1\n.section .b,"aw"\n.long 2\n',
      "SECTIONS { .text 0x1000 : { *(.text) } .a (READONLY) : { *(.a) } .b : { *(.b) } }",
    ),
    mapDiffers: "GNU ld aligns the empty sections that follow",
  },
  "a script: all but some files": {
    sources: SORTED,
    script:
      "SECTIONS { .text 0x1000 : { *(.text) } .a : { EXCLUDE_FILE(*part0.o) *(.k.3) } .b : { *(EXCLUDE_FILE(*part1.o) .k.1 .k.3) } .c : { *part1.o(.k.*) } .d : { *(.k.*) } }",
  },
  "a script: files in the order of their names": sorting("SORT(*)(.k.3)"),
  "a script: sorted by name, then alignment": sorting("*(SORT_BY_NAME(SORT_BY_ALIGNMENT(.k.*)))"),
  "a script: sorted by alignment, then name": sorting("*(SORT_BY_ALIGNMENT(SORT_BY_NAME(.k.*)))"),
  "a script: sorted by name twice": sorting("*(SORT_BY_NAME(SORT_BY_NAME(.k.*)))"),
  "a script: sorted by alignment twice": sorting("*(SORT_BY_ALIGNMENT(SORT_BY_ALIGNMENT(.k.*)))"),
  "a script: some patterns sorted": sorting("*(SORT(.k.1) .k.3 SORT(.k.2) .k.5)"),
  "a script: patterns sorted in different ways": sorting("*(SORT_BY_ALIGNMENT(.k.[135]) SORT_BY_NAME(.k.[24]))"),
  "a script: sorted by option and by hand": sorting(
    "*(SORT_NONE(.k.1)) *(SORT_BY_ALIGNMENT(.k.3)) *(.k.*)",
    "--sort-section=name",
  ),
  "a script: by alignment as an option, by name in the script": sorting(
    "*(SORT_BY_NAME(.k.[1-3])) *(.k.*)",
    "--sort-section=alignment",
  ),
  "a script: everything of a file": {
    sources: SORTED,
    script: "SECTIONS { .text 0x1000 : { *part0.o } .rest : { *part1.o(*) } }",
  },
  "a script: what is kept though nobody calls": {
    sources: [
      `${QUIET}${START}.section .k.1,"a"\n.long 1\n.section .k.2,"a"\n.long 2\n`,
      `${QUIET}.section .k.1,"a"\n.long 3\n`,
    ],
    script: "SECTIONS { .text 0x1000 : { *(.text) } .k : { KEEP(*part0.o(.k.1)) *(.k.2) } .rest : { *(.k*) } }",
    options: ["--gc-sections"],
  },
  "a script: regions for loading are handed on": scripted(
    '.data\n.long 1\n.section .more,"aw"\n.long 2\n.section .last,"aw"\n.long 3\n.bss\n.skip 4\n',
    "MEMORY { rom (rx) : ORIGIN = 0x8000, LENGTH = 1K ram (w) : ORIGIN = 0x20000, LENGTH = 1K } SECTIONS { .text : { *(.text) } > rom .data : { *(.data) } > ram AT> rom .more : { *(.more) } > ram .last 0x20100 : { *(.last) } > ram .bss : { *(.bss) } > ram }",
  ),
  "a script: sizes of regions with units": scripted(
    "",
    "MEMORY { a : org = 1M, len = 2K b : ORIGIN = 0x10, l = 0x10 + 4 } SECTIONS { .text : { *(.text) LONG(ORIGIN(a)) LONG(LENGTH(a)) LONG(ORIGIN(b)) LONG(LENGTH(b)) } > a }",
  ),
  "a script: regions that MEMORY does not declare": scripted(
    ".data\n.long 1\n.bss\n.skip 4\n",
    "SECTIONS { .text 0x1000 : { *(.text) } > rom .data : { *(.data) } > ram AT> rom .bss : { *(.bss) } > ram } a = ORIGIN(rom); b = LENGTH(ram);",
  ),
  "a script: numbers with a letter for their radix": scripted(
    "",
    "SECTIONS { .text 0x1000 : { *(.text) LONG(12h) LONG(0ffH) LONG(ffh) LONG(12x) LONG(0x) LONG(101b) LONG(19b) LONG(17o) LONG(8o) LONG(12d) LONG(add) LONG($12) LONG($1k) LONG(08) LONG(077) LONG(1M) } }",
  ),
  "a script: numbers of more than 64 bits": scripted(
    "",
    "SECTIONS { .text 0x1000 : { *(.text) QUAD(0x12345678901234567890) QUAD(99999999999999999999999) LONG(0xffffffffffffffffffk) } }",
  ),
  "a script: a section that is not there": scripted("", "SECTIONS { .text 0x1000 : { *(.text) LONG(SIZEOF(.none)) } }"),
  "a script: the size of a section that nothing goes into": scripted(
    "",
    "SECTIONS { .none : { *(.none) } .text 0x1000 : { *(.text) LONG(SIZEOF(.none)) LONG(ALIGNOF(.none)) } }",
  ),
  "a script: the address of a section that nothing goes into": {
    ...scripted(
      "",
      "SECTIONS { .none : { *(.none) } .text 0x1000 : { *(.text) LONG(ADDR(.none)) LONG(LOADADDR(.none)) } }",
    ),
    mapDiffers: "GNU ld lists the address of a section that is asked for",
  },
  "flat: by the script that is used without one": one("", "--oformat", "binary", "-Ttext", "0x7c00"),
  "a script: headers for some segments": scripted(
    '.data\n.long 1\n.section .more,"aw"\n.long 2\n',
    "PHDRS { a PT_LOAD; b PT_LOAD FLAGS(0x5); n PT_NULL; } SECTIONS { .text 0x1000 : { *(.text) } :a .data : { *(.data) } :b .more : { *(.more) } :NONE }",
  ),
  "a script: a header that nobody declares": scripted(
    "",
    "PHDRS { a PT_LOAD; } SECTIONS { .text 0x1000 : { *(.text) } :b }",
  ),
  "a script: comments, commas and quoted names": scripted(
    '.section "odd name","a"\n.long 1\n',
    '/* one */ SECTIONS { .text 0x1000 : { *(.text) /* two\n lines */ } , "quoted" : { *("odd name") } "symbol" = 3; }',
  ),
  "a script: a comment without end": scripted("", "SECTIONS { .text 0x1000 : { *(.text) } /* oh"),
  "a script: too few brackets": scripted("", "SECTIONS { .text 0x1000 : { *(.text) }"),
  "a script: the same region twice": scripted(
    "",
    "MEMORY { all : ORIGIN = 0, LENGTH = 1K all : ORIGIN = 0x1000, LENGTH = 1K } SECTIONS { .text : { *(.text) } > all }",
  ),
  "a script: tables of stabs that nothing is in": scripted(
    "",
    "SECTIONS { .text 0x1000 : { *(.text) } .stab : { *(.stab) BYTE(0) } .stabstr : { *(.stabstr) BYTE(0) } .data : { *(.data) } }",
  ),
  "a script: fills of every length": scripted(
    "",
    "SECTIONS { .a 0x1000 : { *(.text) . = ALIGN(16); FILL(0x1) . += 5; FILL(0x102) . += 5; FILL(0x10203) . += 5; FILL(0x0102030405) . += 8; FILL(1 + 2) . += 6; } =0x90 .b : { BYTE(1) . += 7; } =0x0000ff .c : { BYTE(1) . += 7; } =4 + 5 .d : { BYTE(1) . += 6; } }",
  ),
  "a script: alignments of sections": scripted(
    ".data\n.balign 4\n.long 1\n",
    "SECTIONS { .text 0x1001 : ALIGN(32) SUBALIGN(8) { *(.text) } .data : AT(0x9003) ALIGN(64) { *(.data) } .e ALIGN(0x100) : { BYTE(1) } .f . + 3 : { BYTE(2) } .g : ALIGN_WITH_INPUT { BYTE(3) } }",
  ),
  "a script: nothing in it": scripted("", ""),
  "a script: an overlay with names and gaps": scripted(
    '.section .a,"aw"\n.long 1\n.section .b,"aw"\n.long 2, 3\n.section .c,"aw"\n.long 4\n',
    "SECTIONS { .text 0x1000 : { *(.text) LONG(__load_start_a) LONG(__load_stop_b) } OVERLAY : NOCROSSREFS AT(0x4000) { .a { *(.a) } .b { *(.b) } } .c : { *(.c) } last = .; }",
  ),

  "segments: thread-local data": scripted(
    '.section .tdata,"awT"\n.long 1\n.section .tbss,"awT",@nobits\n.skip 12\n.data\n.long 3\n',
    "SECTIONS { .text 0x1000 : { *(.text) } .tdata : { *(.tdata) } .tbss : { *(.tbss) } .data : { *(.data) } end = .; }",
  ),
  "segments: notes with a gap": scripted(
    '.section .note.a,"a",@note\n.balign 4\n.long 1\n.section .note.b,"a",@note\n.balign 4\n.long 2\n',
    "SECTIONS { .text 0x1000 : { *(.text) } .note.a : { *(.note.a) } .note.b 0x1100 : { *(.note.b) } }",
  ),
  "segments: load addresses out of order": scripted(
    ".data\n.long 1\n.bss\n.skip 4\n",
    "SECTIONS { .text 0x1000 : AT(0x9000) { *(.text) } .data 0x2000 : AT(0x3000) { *(.data) } .bss : { *(.bss) } }",
  ),
  "segments: code after zeros": scripted(
    '.bss\n.skip 40\n.section .late,"ax"\nnop\n',
    "SECTIONS { .text 0x1000 : { *(.text) } .bss : { *(.bss) } .late : { *(.late) } }",
  ),
  "segments: far apart": scripted(
    '.data\n.long 1\n.section .far,"aw"\n.long 2\n',
    "SECTIONS { .text 0x1000 : { *(.text) } .data 0x1ffc : { *(.data) } .far 0x4000 : { *(.far) } .near 0x4ffc : { LONG(1) LONG(2) } }",
  ),
  ...Object.fromEntries(
    (
      [
        [0, 0],
        [0xff0, 0xff4],
        [0xfff, 0xff8],
        [0x1000, 0xffc],
        [0x10, 0x2000],
      ] as const
    ).flatMap(([code, data]) =>
      (
        [
          [],
          ["-z", "relro"],
          ["-z", "norelro"],
          ["-z", "noseparate-code"],
          ["-z", "separate-code", "-z", "relro"],
          ["-N"],
          ["-n"],
        ] as const
      ).map((options): [string, Case] => [
        `pages: ${code} of code, ${data} of data ${options.join(" ")}`,
        pages(code, data, ...options),
      ]),
    ),
  ),
  "the address of zeros by option": one(".data\n.long 1\n.bss\n.skip 4\n", "-Tbss", "0x900000"),
  "the address of a section that is not there": one("", "--section-start", ".none=0x9000"),
  "debugging left out": one(
    'call f\nf: ret\n.section .debug_info\n.long 1\n.section .comment\n.asciz "x"\n.section .line\n.long 3\n',
    "-S",
  ),
  "sections that ask to be left out": one('.section .a,"ae"\n.long 1\n.section .b,"e"\n.long 2\n'),
  "sections that ask to be left out, of an object": one('.section .a,"ae"\n.long 1\n.section .b,"e"\n.long 2\n', "-r"),
  "an entry in the middle": one(".globl mid\nmid: ret\n", "-e", "mid"),
  "an entry that is not there": one("", "-e", "none"),
};
