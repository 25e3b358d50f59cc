/**
 * Programs for cases.test.ts about what a single attribute decides: the region that a section gets by its flags, what
 * counts as debugging information by its name, and what is kept, joined or left out.
 */
import { type Case, EMPTY_IN_MAP, one, QUIET, START, scripted } from "./corner-cases.ts";

/** A section of each kind that attributes tell apart. */
const KINDS = [
  '.section .k.read,"a"\n.long 1\n',
  '.section .k.write,"aw"\n.long 2\n',
  '.section .k.code,"ax"\nnop\n',
  '.section .k.both,"awx"\nnop\n',
  '.section .k.zero,"aw",@nobits\n.skip 4\n',
  '.section .k.zerocode,"ax",@nobits\n.skip 4\n',
  '.section .k.info,""\n.long 3\n',
].join("");

const ATTRIBUTES = ["r", "w", "x", "a", "i", "al", "!r", "!w", "!x", "rx", "w!x", "r!w", "ai!x", "X", "rwx", "a!rwx"];

const byAttribute = Object.fromEntries(
  ATTRIBUTES.map((attributes): [string, Case] => [
    `regions: what ${attributes} takes`,
    {
      ...scripted(
        KINDS,
        `MEMORY { fit (${attributes}) : ORIGIN = 0x10000, LENGTH = 64K all (rwxail) : ORIGIN = 0x80000, LENGTH = 64K } SECTIONS { .text : { *(.text) } > all }`,
      ),
      mapDiffers: "GNU ld has empty sections in another region",
    },
  ]),
);

/** Names of debugging information, and names that only look like it. */
const NAMES = [
  ...[".debug_info", ".debug", ".zdebug_line", ".gnu.debuglto_.debug_info", ".gnu.linkonce.wi.a", ".line"],
  ...[".gdb_index", ".gdb_index2", "a.debug", ".gnu.debuglto_x", ".gnu.linkonce.w.a", "x.line", ".lines"],
];
const NAMED = NAMES.map((name, index) => `.section "${name}",""\n.long ${index + 1}\n`).join("");

const overlay = (first: string, second: string, third: string): Case => ({
  ...scripted(
    `.section .a,"a"\n.skip ${first}, 1\n.section .b,"a"\n.skip ${second}, 2\n.section .c,"a"\n.skip ${third}, 3\n.data\n.long .\n`,
    "SECTIONS { .text 0x1000 : { *(.text) } OVERLAY 0x2000 : { .a { *(.a) } .b { *(.b) } .c { *(.c) } } .data : { *(.data) } .rest : { *(*) } }",
  ),
  mapDiffers: "GNU ld shows another address where the dot moves in an overlay",
});

/** What a script says of a section's kind, and what is in it. */
const TYPES = [
  "NOLOAD",
  "INFO",
  "COPY",
  "READONLY",
  "TYPE=SHT_NOTE",
  "READONLY (TYPE=SHT_NOTE)",
  "TYPE=SHT_INIT_ARRAY",
];
const CONTENTS = ["LONG(1)", "*(.d)", "*(.b)", ". = . + 4;", ". = 4; *(.d)", "*(.n)", "x = .;"];
const BOTH =
  '.section .d,"aw"\n.long 4\n.section .b,"aw",@nobits\n.skip 4\n.section .n,"a",@note\n.long 4, 4, 1, 2, 3\n';
const typed = TYPES.flatMap((type) =>
  CONTENTS.map((content): [string, Case] => [
    `a section (${type}) of ${content}`,
    scripted(
      BOTH,
      `SECTIONS { .text 0x1000 : { *(.text) } .typed (${type}) : { ${content} } .after : { LONG(7) } .rest : { *(*) } }`,
    ),
  ]),
);

/** Sections into which the script puts nothing: what they are is in their names alone. */
const BARE = [".tbss", ".bss", ".rodata", ".data", ".preinit_array", ".init_array", ".noinit", ".text.x", ".strtab"];
const bare = [". = ALIGN(8); x = .;", ". += 4;"].flatMap((content) =>
  [...BARE, ".note.x"].map((name): [string, Case] => [
    `a section ${name} of ${content}`,
    scripted(
      "",
      `SECTIONS { .text 0x1000 : { *(.text) } ${name} : { ${content} } .after : { LONG(7) } .rest : { *(*) } }`,
    ),
  ]),
);

export const REGION_CASES: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(typed),
  ...Object.fromEntries(bare),
  "regions: signs in a name, and a colon in that of a section": scripted(
    '.section ".const:a","a"\n.long 1\n',
    "MEMORY { frame-buffer+1 (rx) : ORIGIN = 0x1000, LENGTH = 64K } SECTIONS { .text : { *(.text .const:*) LONG(ORIGIN(frame-buffer+1)) } > frame-buffer+1 }",
  ),
  "GOT: none, in front of data": scripted(".data\n.long 1\n", "SECTIONS { .data : { *(.got.plt) *(.got) *(.data) } }"),
  "GOT: behind data": scripted(
    ".data\n.long _GLOBAL_OFFSET_TABLE_\n",
    "SECTIONS { .data : { *(.data) *(.got.plt) *(.got) } }",
  ),
  "regions: two on one page are two segments": scripted(
    '.data\n.long 1\n.section .x,"a"\n.long 2\n.section .y,"a"\n.long 3\n',
    'MEMORY { a : ORIGIN = 0x1000, LENGTH = 256 b : ORIGIN = 0x1100, LENGTH = 64K } REGION_ALIAS("c", b) SECTIONS { .x : { *(.x) } > a .text : { *(.text) } > b .data : { *(.data) } > c .rest : { *(*) } > a }',
  ),
  "a file with a name like an option's": one("", "-omagic"),
  "lines that begin with a hash sign, and what stands after one": scripted(
    ".data\n.long 1\n",
    '# 1 "script.ld"\n#define X 3\nSECTIONS { # here\n .text 0x1000 : { *(.text) # and here\n }\n a = 1 # + 2\n; .rest : { *(*) } }\n#',
  ),
  "orphans: common symbols that the script has no place for": scripted(
    ".comm a, 4, 4\n.comm b, 40, 32\n.data\n.long a\n.bss\n.skip 4\n",
    "SECTIONS { . = 0x1000; .text : { *(.text) } .data : { *(.data) *(.bss) } . = ALIGN(0x1000); }",
  ),
  "orphans: thread-local data after whatever has content": scripted(
    '.section .init_array,"aw",@init_array\n.long 1\n.section .tdata,"awT"\n.long 2\n.section .tbss,"awT",@nobits\n.skip 4\n.section .more,"aw"\n.long 3\n.data\n.long 4\n',
    "SECTIONS { .text 0x1000 : { *(.text) } .data : { *(.data) } .bss : { *(.bss) } }",
  ),
  "INSERT BEFORE what the location counter positions": {
    ...scripted(
      '.data\n.long 1\n.section .ro,"a"\n.long 2\n',
      "SECTIONS { .first 0x1000 : { *(.first) } .text : { *(.text) } a = .; . = ALIGN(0x40); b = .; .data : { *(.data) } .rest : { *(*) } }",
      "-T",
      "@/inserted.ld",
    ),
    files: { "inserted.ld": "SECTIONS { .ins : { LONG(5) *(.ro) } c = .; } INSERT BEFORE .data;" },
  },
  ...byAttribute,
  "names of debugging information: without it": one(NAMED, "-S"),
  "names of debugging information: in their places": one(NAMED),
  "an overlay: the first part is the largest": overlay("40", "4", "8"),
  "an overlay: the part in the middle is the largest": overlay("4", "40", "8"),
  "an overlay: the last part is the largest": overlay("4", "8", "40"),
  "comments: one after another, and one that begins like its end": scripted(
    "",
    "/* a *//* b */SECTIONS {/*/ not the end */ .text 0x1000 : { *(.text) } /**//***/ .rest : { *(*) } }",
  ),
  "an entry that is named among sections": scripted(
    "nop\n.globl other\nother: nop\n",
    "SECTIONS { ENTRY(other) .text 0x1000 : { *(.text) } .rest : { *(*) } }",
  ),
  "the alignment and size of a section that is empty": scripted(
    ".data\n.long 1\n",
    "SECTIONS { .text 0x1000 : { *(.text) } .none : { *(.none) } a = ALIGNOF(.none); s = SIZEOF(.none); .data 0x2000 : { *(.data) LONG(a) LONG(s) } .rest : { *(*) } }",
  ),
  "alignments of one, and of none": scripted(
    "",
    "SECTIONS { .text 0x1001 : { *(.text) } a = ALIGN(1); b = ALIGN(0x1003, 1); .data 0x2000 : { LONG(a) LONG(b) } .rest : { *(*) } }",
  ),
  "kept though nothing refers to it": one(
    '.section .kept,"axR"\nnop\n.section .lost,"ax"\nnop\n.section .init_array,"aw",@init_array\n.long 1\n',
    "--gc-sections",
  ),
  "common symbols: a name as long as its column, and longer": one(
    ".comm a234567890123456789, 4\n.comm a2345678901234567890, 4\n.comm a23456789012345678, 8\n",
  ),
  "copies that are made once, of two types": {
    sources: [
      `${QUIET}${START}.section .gnu.linkonce.d.x,"aw"\n.weak x\nx: .long 1\n`,
      `${QUIET}.section .gnu.linkonce.d.x,"aw",@nobits\n.weak x\nx: .skip 4\n.data\n.long x\n`,
    ],
    mapDiffers: EMPTY_IN_MAP,
  },
  "relocations that are kept: their places in the program": one(
    'call far\n.data\n.long far, far + 4\n.section .more,"a"\n.skip 3\n.long far\n.text\n.globl far\nfar: ret\n',
    "-q",
  ),
  "relocations that are kept: their places in an object": one(
    'call far\n.data\n.long far, far + 4\n.section .more,"a"\n.skip 3\n.long far\n.text\n.globl far\nfar: ret\n',
    "-r",
  ),
  "thread-local names: an offset and its negative": one(
    'mov %gs:x@NTPOFF, %eax\nsub $x@TPOFF, %ecx\nmov x@INDNTPOFF, %edx\n.section .tdata,"awT"\n.globl x\n.long 0\nx: .long 1\n.section .tbss,"awT",@nobits\n.skip 12\n.section .debug_y,""\n.long x@DTPOFF\n.data\n.long x@NTPOFF, x@DTPOFF, x, x - .\n',
  ),
  "thread-local names: what the finder would find, beside other calls": {
    sources: [
      `${QUIET}${START}leal x@TLSGD(,%ebx,1), %eax\ncall ___tls_get_addr@PLT\ncall near\nnear: ret\n.section .tdata,"awT"\n.globl x\nx: .long 1\n`,
    ],
  },
  "zeros whose load address is that of data": scripted(
    ".data\n.long 1\n.bss\n.skip 8\n",
    "SECTIONS { .text 0x1000 : { *(.text) } .data 0x2000 : AT(0x1800) { *(.data) } .bss 0x3000 : AT(0x1800) { *(.bss) } .rest : { *(*) } }",
  ),
  ...Object.fromEntries(
    [0, 1, 4095, 4096].flatMap((code) =>
      [0, 1, 4095, 4096].flatMap((data) =>
        ["relro", "norelro"].map((relro): [string, Case] => [
          `pages that are saved: ${code} bytes of code, ${data} of data, ${relro}`,
          scripted(
            `.skip ${code}\n.data\n.skip ${data}\n`,
            "SECTIONS { . = 0x10000; .text : { *(.text) } . = DATA_SEGMENT_ALIGN(0x1000, 0x1000); .data : { *(.data) LONG(.) } . = DATA_SEGMENT_END(.); .rest : { *(*) } }",
            "-z",
            relro,
          ),
        ]),
      ),
    ),
  ),
  "a region in a file that is included": {
    ...scripted(
      ".data\n.long 1\n",
      "MEMORY { INCLUDE regions.ld ram : ORIGIN = 0x8000, LENGTH = 4K } SECTIONS { .text : { *(.text) } > rom .rest : { *(*) } > ram }",
      "-L@",
    ),
    files: { "regions.ld": "rom (rx) : ORIGIN = 0x1000, LENGTH = 4K\n" },
  },
  "constructors in the order of their priorities": scripted(
    [".ctors.00100", ".ctors.65000", ".init_array.00300", ".init_array.65400", ".ctors.65335", ".init_array.00200"]
      .map((name, index) => `.section ${name},"aw"\n.long ${index + 1}\n`)
      .join(""),
    "SECTIONS { .text 0x1000 : { *(.text) } .init_array 0x2000 : { *(SORT_BY_INIT_PRIORITY(.init_array.*) SORT_BY_INIT_PRIORITY(.ctors.*)) } .rest : { *(*) } }",
  ),
  "thread-local names: descriptors, handed on": one(
    'leal x@TLSDESC(%ebx), %eax\ncall *x@TLSCALL(%eax)\n.section .tdata,"awT"\nx: .long 1\n',
    "-r",
  ),
  "thread-local names: the module's own, at the end of a section": {
    sources: [
      `${QUIET}${START}.section .tdata,"awT"\nx: .long 1\n.section .text.last,"ax"\nleal x@TLSLDM(%ebx), %eax\ncall ___tls_get_addr@PLT\n`,
    ],
  },
  "a section of the program's own that is called .got.plt": one('.section .got.plt,"aw"\n.long 1\n'),
  "a name that one object may lack and another may not": {
    sources: [`${QUIET}${START}.weak f\ncall f\n`, `${QUIET}call f\n`],
  },
  "orphans of one name, of which one is written to": one(
    '.section .k,"a"\n.long 1\n.section .k,"aw",@progbits,unique,1\n.long 2\n.section .m,"aw"\n.long 3\n.section .m,"a",@progbits,unique,2\n.long 4\n',
  ),
  "what other formats put there": {
    ...scripted("", "SECTIONS { .text 0x1000 : { CREATE_OBJECT_SYMBOLS *(.text) CONSTRUCTORS } .rest : { *(*) } }"),
    mapDiffers: "GNU ld repeats what it passes over",
  },
  "constructors of the old kind alone": one('.section .ctors,"aw"\n.long 1\n.section .dtors,"aw"\n.long 2\n'),
  "names that relocations need, and one that is only called alike": {
    sources: [
      `${QUIET}${START}call far\n.data\nalike: .long 1\n.long alike\n`,
      `${QUIET}.globl far, alike\nfar: ret\nalike: ret\n`,
    ],
    options: ["-r", "-s"],
  },
  ...Object.fromEntries(
    [
      [".data", "LONG(1)"],
      [".data.x", ". += 4; BYTE(5)"],
      [".init", "BYTE(0x90)"],
      [".bss", "BYTE(2)"],
      [".datax", "BYTE(2)"],
      [".tdata", "BYTE(3)"],
      [".note.x", "BYTE(3)"],
      [".fini_array", "LONG(0x1000)"],
      [".plt", "BYTE(1)"],
      [".got", "LONG(1)"],
      [".noinit", "BYTE(1)"],
      [".stabstr", "BYTE(0)"],
      [".rodata", "BYTE(1)"],
      [".debug_info", "BYTE(1)"],
    ].map(([name, content]): [string, Case] => [
      `what the script alone writes into ${name}`,
      scripted("", `SECTIONS { .text 0x1000 : { *(.text) } ${name} 0x3000 : { ${content} } .rest : { *(*) } }`),
    ]),
  ),
  "names after the last section, which is thread-local": one('.section .tdata,"awT"\n.globl x\n.long 1\nx: .long 1\n'),
  "lines that end as those of DOS": scripted(
    ".data\n.long 1\n",
    "SECTIONS\r\n{\r\n  .text 0x1000 :\r\n  { *(.text) }\r\n  a = .;\r\n  .rest : { *(*) }\r\n}\r\n",
  ),
  "orphans: notes by their type and by their name": one(
    '.section .mine,"a",@note\n.long 1\n.section .note.x,"a",@progbits\n.long 2\n.section .note.y,"a",@note\n.long 3\n.section .k,"a"\n.long 4\n',
  ),
  "orphans: notes where the script has a place for one": scripted(
    '.section .mine,"a",@note\n.long 1\n.section .note.x,"a",@progbits\n.long 2\n.section .note.y,"a",@note\n.long 3\n',
    "SECTIONS { .note.z 0x800 : { *(.note.y) } .text 0x1000 : { *(.text) } .data : { *(.data) } }",
  ),
  ...Object.fromEntries(
    ["4096M", "0x100000001", "-1"].map((length): [string, Case] => [
      `regions: a length of ${length}`,
      scripted(
        ".data\n.long 1\n",
        `MEMORY { all : ORIGIN = 0, LENGTH = ${length} } SECTIONS { .text : { *(.text) } > all .rest : { *(*) } > all }`,
      ),
    ]),
  ),
  ...Object.fromEntries(
    [
      "MEMORY { all : ORIGIN = 0 - 4K, LENGTH = 4K } SECTIONS { .text : { *(.text) } > all .rest : { *(*) } > all }",
      "SECTIONS { .text -4096 : { *(.text) } .rest 0x1000 : { *(*) } }",
      "SECTIONS { .text 0x100001000 : { *(.text) } .rest : { *(*) } }",
      "SECTIONS { .text 0x100001000 : { *(.text) } .rest 0x2000 : { *(*) } }",
      "SECTIONS { .text 0x100000000 : { *(.text) } .rest : { *(*) } }",
      "SECTIONS { .text 0x1000 : AT(-4096) { *(.text) } .rest : { *(*) } }",
    ].map((script): [string, Case] => [`more than 32 bits: ${script}`, scripted(".data\n.long 1\n", script)]),
  ),
  "an address as high as there is": scripted(
    ".data\n.skip 16\n",
    "SECTIONS { .text 0x1000 : { *(.text) } .data 0xfffffff0 : { *(.data) } }",
  ),
  "an alignment that the inputs add to": scripted(
    ".data\n.balign 32\n.long 1\n",
    "SECTIONS { .text 0x1001 : ALIGN_WITH_INPUT { *(.text) } .data : ALIGN_WITH_INPUT { *(.data) } .rest : { *(*) } }",
  ),
  "groups that an object keeps, unless one of two scripts says otherwise": {
    ...scripted(
      '.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: ret\n',
      "SECTIONS { .text : { *(.text) } }",
      "-r",
      "-T",
      "@/more.ld",
    ),
    files: { "more.ld": "FORCE_GROUP_ALLOCATION\n" },
  },
  "headers of nothing, and of thread-local data": scripted(
    '.section .tdata,"awT"\n.long 1\n.section .tbss,"awT",@nobits\n.skip 4\n',
    "PHDRS { all PT_LOAD FLAGS(7); t PT_TLS FLAGS(5); n PT_NOTE; } SECTIONS { .text 0x1000 : { *(.text) } :all .tdata : { *(.tdata) } :all :t .tbss : { *(.tbss) } :all :t .rest : { *(*) } :all }",
  ),
  "orphans after a section of which one of two is there": scripted(
    '.section .ctors,"aw"\n.long 3\n.data\n.long 1\n',
    "SECTIONS { .text 0x1000 : { *(.text) } .data : ONLY_IF_RO { *(.data) } .data : ONLY_IF_RW { *(.data) } }",
  ),
  "the first page with the headers in it": scripted(
    ".data\n.long 1\n",
    "PHDRS { all PT_LOAD FILEHDR PHDRS; } SECTIONS { . = 0x10000 + SIZEOF_HEADERS; .text : { *(.text) } :all .rest : { *(*) } }",
  ),
  "groups that an object is told to take apart": one(
    '.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: ret\n.section .text.g,"ax",@progbits\nret\n',
    "-r",
    "--force-group-allocation",
  ),
  "groups that an object keeps": one('.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: ret\n', "-r"),
  "a section of a stated type, with nothing in it but a gap": scripted(
    ".data\n.long 1\n",
    "SECTIONS { .text 0x1000 : { *(.text) } .gap 0x3000 (TYPE=SHT_NOTE) : { . += 0x4000; } .rest 0x9000 : { *(*) } }",
  ),
  // iPXE computes its load addresses in this way, after a section that is left out in the end.
  "places behind a section that is left out, after the location counter was set back": scripted(
    '.section .a,"aw"\n.long 1\n.section .z,"a"\n.long 2\n.section .weak,"a"\n',
    "SECTIONS { .a 0x0 : AT ( a ) { *(.a) } .z 0x0 : AT ( b ) { *(.z) } .weak 0x0 : AT ( c ) { w = .; *(.weak) ww = .; } tail = .; . = 0; a = .; . += 64; b = .; c = .; }",
    "--no-check-sections",
  ),
  ...Object.fromEntries(
    [
      ".got : { *(.got) } .got.plt : { *(.got.plt) }",
      ".got.plt : { *(.got.plt) } .got : { *(.got) }",
      ".got : { *(.got*) }",
    ].map((got): [string, Case] => [
      `orphans beside the table of addresses: ${got}`,
      scripted(
        '.text\naddl $_GLOBAL_OFFSET_TABLE_, %ebx\n.data\n.long 1\n.section .mine,"aw"\n.long 2\n',
        `SECTIONS { .text : { *(.text) } ${got} }`,
      ),
    ]),
  ),
  "a section that is not in memory, beside the end of a kernel and what is discarded": scripted(
    ".section .comment2\n.byte 1\n.data\n.long 1\n",
    "SECTIONS { . = 0x102000; .text : { *(.text) } .data : { *(.data) } . = ALIGN(0x1000); _end = .; /DISCARD/ : { *(.eh_frame) } }",
  ),
  "garbage, and where a program begins that says nothing of it": scripted(
    '.section .text.a,"ax"\nnop\n.globl start\nstart: nop\n.section .text.b,"ax"\n.globl other\nother: nop\n',
    "SECTIONS { .text 0x1000 : { *(.text .text.*) } }",
    "--gc-sections",
  ),
  "orphans beside data in a section with the name of relocations": scripted(
    '.data\n.long 1\n.section .mine,"aw"\n.long 2\n.section .rodata\n.long 3\n',
    "SECTIONS { .text : { *(.text) } .x : { *(.x) } .relocate : { *(.data) } }",
    "--oformat",
    "binary",
  ),
  "addresses of sections in which nothing is": scripted(
    ".data\n.long 1, 2, 3\n",
    `MEMORY { rom : ORIGIN = 0x1000, LENGTH = 0x1000 ram : ORIGIN = 0x8000, LENGTH = 0x1000 }
    SECTIONS { .text : { *(.text) } >rom .data : { *(.data) } >ram AT>rom .aux : { *(.aux) } >ram AT>rom .abss : { *(.abss) } >ram
      from = LOADADDR(.aux); to = ADDR(.aux); size = SIZEOF(.aux); .late : { *(.late) } >ram }
    after = ADDR(.abss) + 4; late = LOADADDR(.late);`,
  ),
  ...Object.fromEntries(
    ["PROVIDE(f = .)", "PROVIDE_HIDDEN(f = .)", "PROVIDE(f = ADDR(.text))", "PROVIDE(f = 3)"].flatMap((provide) =>
      [["-u", "f"], []].map((options): [string, Case] => [
        `${provide}, which an object defines later ${options.join(" ")}`,
        scripted(".text\nnop\n.globl f\nf: call f\n", `SECTIONS { .text : { ${provide}; *(.text) } }`, ...options),
      ]),
    ),
  ),
  "sections that a script makes in an object, and nothing is in": scripted(
    ".data\n.long 1\n",
    "SECTIONS { .text : { *(.text) } .ctors : { a = .; KEEP(*(.ctors)) b = .; } .heap : { . += 0; } .none : { *(.none) } .data : { *(.data) } }",
    "-r",
  ),
  ...Object.fromEntries(
    [
      ["KEEP(*(.weak))", "KEEP(*(.weak)) w = .;", "KEEP(*(.none))"].map(
        (inner) => [inner, [], ["--gc-sections", "-e", "_start"]] as const,
      ),
      [". += m;", ". = . + m + 0;"].map((inner) => [inner, ["--defsym", "m=0"], ["--defsym", "m=4"]] as const),
    ]
      .flat()
      .flatMap(([inner, ...all]) =>
        all.map((options): [string, Case] => [
          `an empty section: ${inner} ${options.join(" ")}`,
          scripted(
            '.section .weak,"a"\n.data\n.long 2\n',
            `SECTIONS { .text 0x1000 : { *(.text) } .weak 0x2000 : { ${inner} } .data 0x3000 : { *(.data) } }`,
            ...options,
          ),
        ]),
      ),
  ),
  ...Object.fromEntries(
    ["_end = .;", "__end = .;", "PROVIDE(end = .); PROVIDE(_end = .);", "ends = .;", "_end = .; last = .;"].map(
      (symbols): [string, Case] => [
        `a moved location counter and ${symbols} before an orphan of zeros`,
        scripted(
          '.long end, _end\n.weak end, _end\n.data\n.long 1\n.bss\n.skip 8\n.section .zeros,"aw",@nobits\n.skip 3\n',
          `SECTIONS { . = 0x1000; .text : { *(.text) } .data : { *(.data) } .bss : { *(.bss) } . = ALIGN(4); ${symbols} }`,
        ),
      ],
    ),
  ),
  "a symbol of the name end in a section, and a moved location counter": scripted(
    ".data\n.long 1\n.bss\n.skip 8\n",
    "SECTIONS { .text : { *(.text) end = .; } .data : { *(.data) } . = ALIGN(64); data = .; .bss : { *(.bss) } }",
  ),
  "an address and an alignment that is less than that of the inputs": scripted(
    ".data\n.balign 32\n.long 1\n.section .rodata\n.balign 16\n.long 2\n",
    "SECTIONS { .text 0x1001 : { *(.text) } .rodata BLOCK(1) : ALIGN(2) { *(.rodata) } .data 0x2002 : ALIGN(4) { *(.data) } }",
  ),
  ...Object.fromEntries(
    ["(NOLOAD)", "( COPY )", "(TYPE = SHT_NOBITS)", "(READONLY)"].map((type): [string, Case] => [
      `a symbol for an address, and ${type}`,
      scripted(
        '.section .buffer,"aw",@nobits\n.skip 8\n',
        `AREA = 0x3000; SECTIONS { .text 0x1000 : { *(.text) } .buffer AREA ${type} : { *(.buffer) } }`,
      ),
    ]),
  ),
  ...Object.fromEntries(
    [
      ["one after the other", ".tdata 0x2004 : { *(.tdata) } .tbss : { *(.tbss) }"],
      ["a partial link", ".tdata : { *(.tdata) } .tbss : { *(.tbss) }", "-r"],
      ["zeros alone", ".tbss 0x2004 : { *(.tdata .tbss) }"],
      ["loaded elsewhere", ".tdata 0x2004 : AT(0x9000) { *(.tdata) } .tbss 0x2020 : AT(0x9004) { *(.tbss) }"],
    ].map(([name, sections, ...options]): [string, Case] => [
      `thread-local data whose zeros have the larger alignment: ${name}`,
      scripted(
        '.section .tdata,"awT"\n.long 1\n.section .tbss,"awT",@nobits\n.balign 16\n.skip 20\n.data\n.long 3\n',
        `SECTIONS { .text 0x1000 : { *(.text) } ${sections} .data 0x3000 : { *(.data) } }`,
        ...options,
      ),
    ]),
  ),
  ...Object.fromEntries(
    ["name", "alignment"].map((kind): [string, Case] => [
      `--sort-section=${kind} and pieces of functions`,
      scripted(
        '.section .init,"ax"\n.long 1\n.section .fini.b,"ax"\n.long 3\n.section .fini.a,"ax"\n.balign 8\n.long 4\n.section .fini,"ax"\n.long 5\n',
        "SECTIONS { .init : { KEEP(*(.init)) } .text 0x1000 : { *(.fini .fini.*) *(.text) } }",
        `--sort-section=${kind}`,
      ),
    ]),
  ),
  ...Object.fromEntries(
    [["-r"], ["-r", "-e", "none"], ["-r", "-u", "asked"], []].map((options): [string, Case] => [
      `an entry point that is not there, and ${options.join(" ")}`,
      scripted("", "ENTRY(nowhere) SECTIONS { .text 0x1000 : { *(.text) } }", ...options),
    ]),
  ),
  "patterns in brackets": scripted(
    '.section .old,""\n.long 1\n.section .a,"a"\n.long 2\n.section .b,"a"\n.long 3\n',
    "SECTIONS { .text 0x1000 : { *(.text) } .old 0 : { [ .old ] } .ab 0x2000 : { KEEP([ .b .a ]) } }",
  ),
  "regions that nobody declares, in expressions": scripted(
    ".data\n.long 1\n",
    `MEMORY { r : ORIGIN = 0x1000, LENGTH = LENGTH(q) q : ORIGIN = 0x8000, LENGTH = 16K }
    SECTIONS { .text : { *(.text) } > r a = ORIGIN(third); b = LENGTH(fourth);
    .data : { *(.data) LONG(ORIGIN(third)) } > q .bss : { *(.bss) } > last AT> load }`,
  ),
};
