/**
 * Programs for cases.test.ts at the edges of what the linker looks at: records that are not quite right, names that are
 * almost of a kind, things that are thrown away while something else goes on.
 */
import { type Case, COMMON_IN_MAP, EMPTY_IN_MAP, one, QUIET, START, scripted, two } from "./corner-cases.ts";

/** A frame table of raw words. */
const frames = (words: string): string => `.section .eh_frame,"a",@progbits\n${words}\n.text\n`;
const HEAD = ".long 16, 0x7a010000\n";
/** The common head as GNU as writes it: version 1, no augmentation. */
const COMMON = '.long 12, 0\n.byte 1\n.asciz ""\n.byte 1, 0x7c, 8, 0x0c, 4, 4, 0x88\n';

/** Strings of one section, with an alignment before each. */
const aligned = (align: number, ...texts: string[]): string =>
  `.section .rodata.a,"aMS",@progbits,1\n${texts.map((text) => `.balign ${align}\n.asciz "${text}"\n`).join("")}.text\n`;

/** A routine of which there is one copy: as older compilers wrote it, as newer ones do, and with what goes with it. */
const OLDER = `.section .gnu.linkonce.t.f,"ax"\n.weak f\nf: nop\nret\n.section .debug_o,"",@progbits\n.long f\n.text\ncall f\n`;
const NEWER = `.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: mov $1, %eax\nret\n.section .debug_n,"",@progbits\n.long f, .text.f\n.text\ncall f\n`;
const GROUP_OF_TWO = `.section .text.f,"axG",@progbits,f,comdat\n.weak f, g\nf: nop\ng: ret\n.section .rodata.f,"aG",@progbits,f,comdat\n.long 9\n.section .debug_t,"",@progbits\n.long f, .text.f\n.text\ncall f\n`;

export const EDGE_CASES: Readonly<Record<string, Case>> = {
  "frames: a record that is cut off": two(frames(COMMON), frames(".long 100, 0, 0")),
  "frames: a record that is too short for its kind": two(frames(COMMON), frames(".long 3\n.byte 1, 2, 3")),
  "frames: less than a length": two(frames(COMMON), frames(".byte 1, 2, 3")),
  "frames: an end mark in the middle": two(frames(`${COMMON}.long 0\n${COMMON}`), frames(COMMON)),
  "frames: an end mark alone": two(frames(COMMON), frames(".long 0")),
  "frames: a record of 64 bits": two(frames(COMMON), frames(".long 0xffffffff\n.quad 16\n.quad 0, 0")),
  "frames: a head that is not there": two(frames(COMMON), frames(`${HEAD}.long 1, 2, 3`)),
  "frames: nothing": two(frames(""), frames(COMMON)),
  "strings: no bytes at all": two(
    '.section .rodata.s,"aMS",@progbits,1\n',
    '.section .rodata.s,"aMS",@progbits,1\n.asciz "abc"\n',
  ),
  "constants: not a whole number of them": two(
    '.section .rodata.c,"aM",@progbits,4\n.long 5\n.byte 6\n',
    '.section .rodata.c,"aM",@progbits,4\n.long 5\n',
  ),
  "constants: with addresses in them": two(
    '.section .rodata.c,"aM",@progbits,4\n.long _start, 5\n',
    '.section .rodata.c,"aM",@progbits,4\n.long 5, 5\n',
  ),
  "constants: units of three bytes": two(
    '.section .rodata.c,"aM",@progbits,3\n.byte 1, 2, 3, 1, 2, 3\n',
    '.section .rodata.c,"aM",@progbits,3\n.byte 1, 2, 3\n',
  ),
  "constants: units of twelve bytes, aligned to eight": two(
    '.section .rodata.c,"aM",@progbits,12\n.balign 8\n.long 1, 2, 3, 1, 2, 3\n',
    '.section .rodata.c,"aM",@progbits,12\n.balign 4\n.long 1, 2, 3\n',
  ),
  ...Object.fromEntries(
    ([1, 2, 4, 8] as const).flatMap((first) =>
      ([1, 2, 4] as const).map((second): [string, Case] => [
        `strings: ends of others, aligned to ${first} and ${second}`,
        two(aligned(first, "alphabet", "abet", "bet"), aligned(second, "bet", "et", "habet", "")),
      ]),
    ),
  ),
  "old single copies: beside a group of the same name": two(
    '.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: ret\n.text\ncall f\n',
    '.section .gnu.linkonce.t.f,"ax"\n.weak f\nf: nop\nret\n.section .gnu.linkonce.f,"ax"\nnop\n.text\ncall f\n',
  ),
  "old single copies: of a name without a kind": two(
    '.section .gnu.linkonce.x,"ax"\nnop\n',
    '.section .gnu.linkonce.x,"ax"\nnop\nnop\n',
  ),
  ...Object.fromEntries(
    [
      ["older first", OLDER, NEWER],
      ["newer first", NEWER, OLDER],
      ["older first, a group of two", OLDER, GROUP_OF_TWO],
      ["a group of two first", GROUP_OF_TWO, OLDER],
      ["groups that define different names", GROUP_OF_TWO, NEWER],
      ["constants of a routine of another object", OLDER, `${OLDER}.section .gnu.linkonce.r.f,"a"\n.long 7\n`],
    ].flatMap(([name, first, second]) =>
      [[], ["-r"]].map((options): [string, Case] => [
        `single copies: ${name} ${options.join(" ")}`,
        two(first!, second!, ...options),
      ]),
    ),
  ),
  ...Object.fromEntries(
    [[], ["-r"], ["-O2"]].map((options): [string, Case] => [
      `strings: the last one without its end ${options.join(" ")}`,
      two(
        '.section .rodata.s,"aMS",@progbits,1\n.asciz "alpha"\nb: .ascii "beta"\n.data\n.long b\n',
        '.section .rodata.s,"aMS",@progbits,1\n.asciz "xbeta"\nc: .ascii "alpha"\n.section .rodata.w,"aMS",@progbits,4\n.balign 4\n.long 65, 0, 66\n.data\n.long c, c + 2\n',
        ...options,
      ),
    ]),
  ),
  "strings: padded at their end, too": two(
    '.section .rodata.s,"aMS",@progbits,1\n.balign 8\n.asciz "abc"\n.balign 8\n.asciz "abcde"\n.balign 8\n',
    '.section .rodata.s,"aMS",@progbits,1\n.balign 8\n.asciz "hello"\n.balign 8\n.asciz "abc"\n.balign 8\n.data\n.long 1\n',
  ),
  "strings: padded, and all of the last object's end others": two(
    '.section .rodata.s,"aMS",@progbits,1\n.balign 4\n.asciz "1234567"\n.asciz "abc"\n',
    '.section .rodata.s,"aMS",@progbits,1\n.balign 4\n.asciz "567"\n.data\n.long 1\n',
  ),
  "script: functions of sections whose names have signs": scripted(
    '.section .a-b+c,"aw"\n.long 1, 2\n',
    "SECTIONS { .text 0x1000 : { *(.text) } .a-b+c 0x2000 : AT(0x3000) { *(.a-b+c) } x = ADDR(.a-b+c); y = SIZEOF(.a-b+c); z = LOADADDR( .a-b+c ); w = ALIGNOF(.a-b+c); }",
  ),
  "regions: a section with an address takes no room in the one for its flags": scripted(
    '.section .fixed,"a"\n.long 1, 2\n.section .free,"a"\n.long 3\n',
    "MEMORY { rom (r) : ORIGIN = 0x2000, LENGTH = 12 ram (w) : ORIGIN = 0x8000, LENGTH = 64 } SECTIONS { .text 0x1000 : { *(.text) } .fixed 0x5000 : { *(.fixed) } .free : { *(.free) } }",
  ),
  "regions: a section with an address is only loaded to one": scripted(
    '.section .a,"a"\n.long 1\n.section .b,"a"\n.long 2\n',
    "MEMORY { rom (r) : ORIGIN = 0x2000, LENGTH = 64 ram (w) : ORIGIN = 0x8000, LENGTH = 64 } SECTIONS { .a ORIGIN(ram) : { *(.a) } AT> rom .text 0x1000 : { *(.text) } .b : { *(.b) } AT> rom }",
  ),
  "garbage: none is collected in a flat image": {
    sources: [
      `${QUIET}${START}.section .text.unused,"ax"\n.fill 257, 1, 0x90\n.section .rodata.unused,"a"\n.long 1\n.comm unused, 16, 4\n`,
    ],
    options: ["--gc-sections"],
    script: "OUTPUT_FORMAT(binary) ENTRY(_start) SECTIONS { . = 0x7c00; .text : { *(.text*) } .data : { *(*) } }",
  },
  "symbols: of sections that are thrown away": scripted(
    '.section .gone,"aw"\nhere: .long 1\n.globl there\nthere: .long 2\n.weak perhaps\n',
    "SECTIONS { .text 0x1000 : { *(.text) } /DISCARD/ : { *(.gone) } .rest : { *(*) } }",
  ),
  ...Object.fromEntries(
    [[], ["-q"], ["-r"], ["-x"], ["-X"], ["-s"], ["-r", "-x"]].map((options): [string, Case] => [
      `symbols: weak ones that nobody defines ${options.join(" ")}`,
      one(
        ".weak maybe, never\n.long maybe\nmine: .long 1\n.Lown: nop\n.set number, 77\n.comm shared, 8, 4\n.local quiet\n.comm quiet, 4, 4\n",
        ...options,
      ),
    ]),
  ),
  "symbols: hidden ones become local": {
    ...two(
      ".hidden h\n.globl h\nh: ret\n.internal i\n.globl i\ni: ret\n.protected p\n.globl p\np: ret\n",
      "call h\ncall i\ncall p\n",
    ),
    mapDiffers: EMPTY_IN_MAP,
  },
  "symbols: a file's name after another's": two('.file "first.c"\na: nop\n', '.file "second.c"\n.Lx: nop\n'),
  "common symbols: sorted, and collected": {
    ...two(
      ".comm a, 4, 4\n.comm b, 40, 16\nmov b, %eax\n",
      ".comm c, 1, 1\n.comm d, 2, 8\n",
      "--sort-common",
      "--gc-sections",
    ),
    mapDiffers: COMMON_IN_MAP,
  },
  "a script: names in sections, hidden and provided": {
    ...scripted(
      ".long in, out, maybe\n",
      "SECTIONS { .text 0x1000 : { HIDDEN(in = .); *(.text) PROVIDE(maybe = . + 1); PROVIDE_HIDDEN(other = 3); out = .; out += 4; } }",
    ),
    mapDiffers: "GNU ld puts a value that is not its last into brackets",
  },
  "a script: commands with a list and without": {
    ...scripted(
      "",
      "OUTPUT_ARCH(i386) TARGET(elf32-i386) FORCE_COMMON_ALLOCATION SECTIONS { .text 0x1000 : { *(.text) } }",
    ),
    mapDiffers: "GNU ld names the target",
  },
  "a script: common symbols that stay common": {
    ...scripted(
      ".comm a, 4, 4\n",
      "FORCE_COMMON_ALLOCATION SECTIONS { .text 0x1000 : { *(.text) } .bss : { *(COMMON) } }",
    ),
    mapDiffers: EMPTY_IN_MAP,
  },
  ...Object.fromEntries(
    ["SHF_ALLOC & !SHF_WRITE", "!SHF_WRITE", "SHF_WRITE & SHF_ALLOC", "SHF_EXECINSTR"].map((flags): [string, Case] => [
      `a script: sections with the flags ${flags}`,
      scripted(
        '.section .k.1,"a"\n.long 1\n.section .k.2,"aw"\n.long 2\n.section .k.3,"ax"\n.long 3\n',
        `SECTIONS { .text 0x1000 : { *(.text) } .k : { INPUT_SECTION_FLAGS(${flags}) *(.k*) } .rest : { *(.k*) } }`,
      ),
    ]),
  ),
  ...Object.fromEntries(
    ["SHF_ALLOC", "!SHF_ALLOC", "SHF_WRITE & !SHF_EXECINSTR", "!SHF_WRITE"].map((flags): [string, Case] => [
      `a script: common symbols and the flags ${flags}`,
      scripted(
        ".comm a, 8, 4\n",
        `SECTIONS { .text 0x1000 : { *(.text) } .k : { LONG(1) INPUT_SECTION_FLAGS(${flags}) *(COMMON) } .rest : { LONG(2) *(COMMON) } }`,
      ),
    ]),
  ),
  "a script: names out of order and an output section for each of 300": scripted(
    Array.from(
      { length: 300 },
      (_, i) => `.section .t${299 - i},"ax"\n.long ${i}\n.section .u${i % 7}${i},"a"\n.long ${i}\n`,
    ).join(""),
    `SECTIONS { .text 0x1000 : { *(.text .t7 .t5 .t6) }\n${Array.from({ length: 300 }, (_, i) => `.o${i} : { *(.t${i} .u?${i}) }\n`).join("")} .r : { *(.u*) } }`,
  ),
  ...Object.fromEntries(
    ["*rest.a:*", "*rest.a:member1.o", "*rest.a:", ":part0.o", ":*", "*:member*", "other.a:*", "*member0.o"].map(
      (file): [string, Case] => [
        `a script: the files ${file}`,
        {
          sources: [`${QUIET}${START}call a\ncall b\n.data\n.long 1\n`],
          archive: [`${QUIET}.globl a\na: ret\n.data\n.long 2\n`, `${QUIET}.globl b\nb: ret\n.data\n.long 3\n`],
          script: `SECTIONS { .text 0x1000 : { *(.text) } .chosen : { ${file}(.data) } .data : { *(.data) } }`,
        },
      ],
    ),
  ),
  ...Object.fromEntries(
    [".gnu_extab", ".exception_ranges", ".gcc_except_table", ".tm_clone_table", ".data.rel.ro.local", ".preinit_array"]
      .flatMap((name) => ["a", "aw"].map((flags) => ({ name, flags })))
      .map(({ name, flags }): [string, Case] => [
        `the usual places: ${name}, flags ${flags}`,
        one(`.section ${name},"${flags}"\n.long 1\n.section ${name}.more,"${flags}"\n.long 2\n.data\n.long 3\n`),
      ]),
  ),
  ...Object.fromEntries(
    ["18446744073709551615", "1G", "0fh", "00", "1k", "0xfm"].map((number): [string, Case] => [
      `a script: the number ${number}`,
      scripted("", `SECTIONS { .text 0x1000 : { *(.text) QUAD(${number}) } }`),
    ]),
  ),
  ...Object.fromEntries(
    [
      "PROVIDE(a = 1); HIDDEN(b = 2);",
      "a = 1 b = 2;",
      ". = . + 4 ; ; ;",
      "FILL(0x11) . = . + 4;",
      "BYTE(1) ; SHORT(2) ; LONG(3);",
      "INCLUDE nowhere.ld",
    ].map((text): [string, Case] => [
      `a script: where ${text} ends`,
      {
        ...scripted(".long a, b\n.weak a, b\n", `SECTIONS { .text 0x1000 : { *(.text) ${text} } }`),
        mapDiffers: "only the file is meant",
      },
    ]),
  ),
  "a script: an orphan after a header that nobody declares": scripted(
    ".data\n.long 1\n",
    "PHDRS { a PT_LOAD; } SECTIONS { .text 0x1000 : { *(.text) } :b }",
  ),
  "thread-local data: all models become one": {
    sources: [
      `${QUIET}${START}mov a@indntpoff, %eax\nmov a@indntpoff, %ecx\nadd a@indntpoff, %edx\nmov a@gotntpoff(%ebx), %ecx\nsub b@gottpoff(%ebx), %esi\nlea a@tlsgd(,%ebx,1), %eax\ncall ___tls_get_addr@PLT\nlea b@tlsldm(%ebx), %eax\ncall ___tls_get_addr@PLT\nlea b@dtpoff(%eax), %edx\nlea a@tlsdesc(%ebx), %eax\ncall *a@tlscall(%eax)\n.section .debug_x\n.long a@dtpoff, b@dtpoff\n.section .tdata,"awT"\n.globl a\na: .long 5\n.section .tbss,"awT",@nobits\nb: .skip 4\n.data\n.long 1\n`,
    ],
    mapDiffers: EMPTY_IN_MAP,
  },
  "a build ID": { sources: [`${QUIET}${START}.data\n.long 1\n`], options: ["--build-id"] },
  "a build ID among other notes": scripted(
    '.section .note.a,"a",@note\n.long 4,0,1,0x41\n.data\n.long 1\n',
    "SECTIONS { .text 0x1000 : { *(.text) } .data : { *(.data) } .notes : { *(.note.*) } }",
    "--build-id=sha1",
  ),
  "a build ID by MD5, in an object": { sources: [`${QUIET}${START}call x\n`], options: ["--build-id=md5", "-r"] },
  "a build ID that is given": { sources: [`${QUIET}${START}`], options: ["--build-id=0x12-34:56"] },
  "notes by alignment": {
    sources: [1, 8, 2, 4].map(
      (align, index) =>
        `${QUIET}${index === 0 ? START : ""}.section .note.n${align},"a",@note\n.balign ${align}\n.long 4, 4, 1\n.asciz "ABC"\n.long 7\n`,
    ),
  },
  "a note outside loaded segments": {
    sources: [`${QUIET}${START}.section .note.x,"a",@note\n.long 4, 4, 1\n.asciz "ABC"\n.long 7\n`],
    script:
      "PHDRS { t PT_LOAD; n PT_NOTE; } SECTIONS { . = 0x100000; .text : { *(.text) } :t .note : { *(.note.x) } :n /DISCARD/ : { *(*) } }",
    options: ["-q"],
  },
  "undefined symbols that nobody minds": {
    sources: [`${QUIET}${START}call nobody\n.long nothing\n.weak w\nmov w@GOT(%ebx), %eax\n`],
    options: ["--unresolved-symbols=ignore-all"],
    mapDiffers: EMPTY_IN_MAP,
  },
  "a symbol that is defined twice, and one that is missing, under --noinhibit-exec": {
    sources: [`${QUIET}${START}call f\ncall missing\n.globl f\nf: ret\n`, `${QUIET}.globl f\nf: nop\nret\n.long f\n`],
    options: ["--noinhibit-exec"],
    mapDiffers: EMPTY_IN_MAP,
  },
  "protected data in large pages": {
    sources: [`${QUIET}${START}mov x@GOT(%ebx), %ecx\n.data\nx: .long 1\n.section .data.rel.ro,"aw"\n.long 2\n`],
    options: ["-z", "max-page-size=0x10000", "-z", "common-page-size=0x2000"],
    mapDiffers: EMPTY_IN_MAP,
  },
  "the start of the headers": { sources: [`${QUIET}${START}.long __ehdr_start\n`], mapDiffers: EMPTY_IN_MAP },
  "unique symbols": {
    sources: [
      `${QUIET}${START}.data\n.globl u\n.type u,@gnu_unique_object\nu: .long 1\n.section keep,"awR"\n.long 2\n`,
    ],
  },
  "sections to be kept, with and after others of their output": {
    sources: [
      `${QUIET}${START}.section .text.kept,"axR"\nret\n.section foo,"aw"\n.long 1\n.section .init_array.5,"awR",@init_array\n.long 2\n`,
      '.section foo,"awR"\n.long 3\n.section bar,"awR"\n.long 4\n',
      '.section bar,"aw"\n.long 5\n',
    ],
  },
  "unwind information of which nothing is left": {
    sources: [
      `${QUIET}${START}.file "a.c"\n.section .text.used,"axR"\n.cfi_startproc\nnop\n.cfi_endproc\n`,
      '.file "b.c"\nf: .cfi_startproc\nret\n.cfi_endproc\n.ident "x"\n',
      '.file "c.c"\ng: .cfi_startproc\nret\n.cfi_endproc\n.ident "x"\n',
    ],
    options: ["--gc-sections"],
  },
  "a second definition that is hidden": {
    sources: [
      `${QUIET}${START}.globl f, g\nf: ret\ng: ret\n`,
      ".globl f, h\n.hidden f\nf: nop\nret\n.weak g\n.hidden g\ng: nop\n.hidden h\nh: ret\n",
      ".globl h\nh: nop\n",
    ],
    options: ["--allow-multiple-definition"],
  },
  "commons that a script allocates in an object": {
    sources: [`${QUIET}${START}.comm c,10,4\n.long c\n`],
    script: "FORCE_COMMON_ALLOCATION SECTIONS { .text : { *(.text) } .bss : { *(.bss) *(COMMON) } }",
    options: ["-r"],
  },
  "attributes of regions that there are not": {
    sources: [`${QUIET}${START}`],
    script: "MEMORY { m (qz) : ORIGIN = 0, LENGTH = 0x1000 } SECTIONS { .text : { *(.text) } > m }",
  },
  "large numbers among data": {
    sources: [`${QUIET}${START}`],
    script: "a = 5; SECTIONS { .text : { *(.text) LONG(a << 33) BYTE(-1) QUAD(a << 33) } = 0 }",
  },
  "undefined symbols that no kept relocation names": {
    sources: [`${QUIET}${START}A = b\n.weak w\nC = w\n.weak kept\n.long kept\n`],
    options: ["-q"],
    mapDiffers: EMPTY_IN_MAP,
  },
  ...Object.fromEntries(
    ["-r", "-q"].map((option): [string, Case] => [
      `relocations kept, of what lies in a copy that is gone: ${option}`,
      {
        sources: [0, 1].map(
          (index) =>
            `${QUIET}${index === 0 ? START : "nop\n"}.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: ${"nop\n".repeat(index)}ret\n.Lend${index}: .section .debug_info,""\n.long .Lend${index}, 5, .Lend${index}\n.section .debug_ranges,""\n.long .Lend${index}\n`,
        ),
        options: [option],
      },
    ]),
  ),
  "a program header whose type is a number": {
    sources: [`${QUIET}${START}.data\n.long 1\n`],
    script:
      "PHDRS { text PT_LOAD; own 0x65041580 FLAGS(4); ten 10; } SECTIONS { .text 0x1000 : { *(.text) } :text :own .data : { *(.data) } :text :ten }",
  },
  ...Object.fromEntries(
    ["0x54", "0x73", "0x74", "0x75", "0x93", "0x94", "0x95"].map((offset): [string, Case] => [
      `headers: in the page of a section that begins at ${offset} of it`,
      {
        sources: [`${QUIET}${START}.data\n.long 1\n`],
        script: `SECTIONS { .text 0x10000 + ${offset} : { *(.text) } .data : { *(.data) } }`,
      },
    ]),
  ),
  ...Object.fromEntries(
    [
      ".a 0x2000 : { *(.a) } .b 0x3000 : { *(.b) } .data 0x4000 : { *(.data) }",
      ".a 0x2000 : { *(.a) } .b 0x3000 : { *(.b) }",
      ".t 0x2000 : { *(.t) } .a 0x3000 : { *(.a) } .data 0x4000 : { *(.data) }",
      ".a 0x2000 : { *(.a) } .t 0x3000 : { *(.t) } .data 0x4000 : { *(.data) }",
    ].map((rest): [string, Case] => [
      `segments of sections without contents, page after page: ${rest}`,
      {
        sources: [
          `${QUIET}${START}.data\n.long 1\n.section .a,"aw",@nobits\n.skip 0x1000\n.section .b,"aw",@nobits\n.skip 0x1000\n.section .t,"awT",@nobits\n.skip 0x1000\n`,
        ],
        script: `SECTIONS { .text 0x1000 : { *(.text) } ${rest} /DISCARD/ : { *(*) } }`,
      },
    ]),
  ),
  "more strings than a table begins with": {
    sources: [
      `${QUIET}${START}.section .rodata.str,"aMS",@progbits,1\n.altmacro\n.macro string n\n.asciz "s&n"\n.endm\n.set n,0\n.rept 3000\nstring %n\n.set n,n+1\n.endr\n.data\n.long .rodata.str, .rodata.str + 3000, .rodata.str + 9000\n`,
      `${QUIET}.section .rodata.str,"aMS",@progbits,1\n.asciz "s1"\nlast: .asciz "s2999"\n.data\n.long last\n`,
    ],
  },
};
