/**
 * Programs for cases.test.ts that are about more than one script or file, and about what a linker decides from a single
 * bit: where a section lies that is almost of a kind, and which of two that look alike it takes.
 */
import { type Case, one, PROPERTIES_IN_MAP, property, QUIET, START, scripted, two } from "./corner-cases.ts";

const withFiles = (
  source: string,
  files: Readonly<Record<string, string>>,
  script?: string,
  ...options: string[]
): Case => ({
  sources: [QUIET + START + source],
  files,
  ...(script === undefined ? {} : { script }),
  options,
});
const PLAIN = "SECTIONS { .text 0x1000 : { *(.text) } .data 0x2000 : { *(.data) } .rest : { *(*) } }";
/** A frame table's entry with a head that names a personality. */
const personal = (name: string, hook: string): string =>
  `.section .text.${name},"ax"\n${name}: .cfi_startproc\n.cfi_personality 0, ${hook}\nret\n.cfi_endproc\n.globl ${hook}\n${hook}: ret\n.text\n`;

const BUILD_ID = '.section .note.gnu.build-id,"a",@note\n.long 4, 4, 3\n.asciz "GNU"\n.long 7\n';

export const FILE_CASES: Readonly<Record<string, Case>> = {
  "two scripts: one names the format, one the output": {
    ...withFiles(
      ".data\n.long 1\n",
      { "more.ld": "OUTPUT_FORMAT(elf32-i386)\nOUTPUT(elsewhere)\n" },
      PLAIN,
      "@/more.ld",
    ),
    mapDiffers: "GNU ld lists a script among the files",
  },
  "two scripts: headers in the second": withFiles(
    ".data\n.long 1\n",
    { "more.ld": "PHDRS { code PT_LOAD; data PT_LOAD; }\n" },
    "SECTIONS { .text 0x1000 : { *(.text) } :code .data 0x2000 : { *(.data) } :data /DISCARD/ : { *(*) } }",
    "-T",
    "@/more.ld",
  ),
  "two scripts: sections in both": withFiles(
    ".data\n.long 1\n",
    { "more.ld": "SECTIONS { .data 0x2000 : { *(.data) } /DISCARD/ : { *(*) } }\n" },
    "SECTIONS { .text 0x1000 : { *(.text) } }",
    "-T",
    "@/more.ld",
  ),
  "an included file: the name of a command within a section's": withFiles(
    '.section .MEMORY,"aw"\n.long 1\n',
    { "more.ld": ".MEMORY 0x2000 : { *(.MEMORY) }\n" },
    "SECTIONS { .text 0x1000 : { *(.text) } INCLUDE more.ld .rest : { *(*) } }",
    "-L@",
  ),
  "an included file: whole commands after a comment": withFiles(
    ".data\n.long 1\n",
    { "more.ld": "/* of\nmemory */ MEMORY { all : ORIGIN = 0x3000, LENGTH = 64K }\n" },
    "INCLUDE more.ld SECTIONS { .text : { *(.text) } > all .rest : { *(*) } > all }",
    "-L@",
  ),
  "symbols that a file keeps": withFiles(
    '.file "a.c"\nlocal: nop\n.globl kept\nkept: nop\n.globl gone\ngone: nop\nother: nop\n',
    { "names.txt": "kept\nother\na.c\n" },
    PLAIN,
    "--retain-symbols-file=@/names.txt",
  ),
  "symbols that a file keeps: not the file's name": withFiles(
    '.file "a.c"\nlocal: nop\n.globl kept\nkept: nop\n',
    { "names.txt": "kept\nlocal\n" },
    PLAIN,
    "--retain-symbols-file=@/names.txt",
  ),
  // Of these options the last one counts.
  ...Object.fromEntries(
    [
      ["-S", "--retain-symbols-file=@/names.txt"],
      ["--retain-symbols-file=@/names.txt", "-S"],
      ["--retain-symbols-file=@/names.txt", "-s"],
      ["-s", "--retain-symbols-file=@/names.txt"],
      ["-s", "-S"],
      ["-S", "-s"],
      ["-r", "-s", "-S"],
      ["-r", "-S", "-s"],
      ["-r", "-s", "--retain-symbols-file=@/names.txt"],
    ].map((options) => [
      `what is stripped: ${options.join(" ")}`,
      withFiles(
        '.file "a.c"\nlocal: nop\n.globl kept\nkept: call kept\n.section .debug_info,""\n.long kept, local\n',
        { "names.txt": "kept\n" },
        PLAIN,
        ...options,
      ),
    ]),
  ),
  // A section is a note by its header, not by what its objects say; what is not in memory is in none that is loaded.
  ...Object.fromEntries(
    ["a", ""].flatMap((flags) =>
      [":text", ":text :note", ":note"].flatMap((headers) =>
        [[], ["-q"]].map((options): [string, Case] => [
          `headers: data "${flags}" in ${headers} ${options.join(" ")}`,
          scripted(
            `.section .x,"${flags}"\n.long 1\n`,
            `PHDRS { text PT_LOAD; note PT_NOTE; } SECTIONS { . = 0x100000; .text : { *(.text) } :text .note : { *(.x) } ${headers} /DISCARD/ : { *(*) } }`,
            ...options,
          ),
        ]),
      ),
    ),
  ),
  ...Object.fromEntries(
    [
      "a PT_LOAD; text PT_LOAD; b PT_LOAD FLAGS(6);",
      "text PT_LOAD FILEHDR PHDRS; b PT_LOAD;",
      "table PT_PHDR PHDRS; head PT_LOAD FILEHDR PHDRS; text PT_LOAD;",
      "table PT_PHDR PHDRS; head PT_LOAD FILEHDR PHDRS AT(0x800) FLAGS(7); text PT_LOAD;",
      "head PT_LOAD FILEHDR; text PT_LOAD;",
      "head PT_LOAD PHDRS; text PT_LOAD; note PT_NOTE FILEHDR PHDRS; dynamic PT_DYNAMIC FILEHDR; frames 0x6474e550 PHDRS;",
      "text PT_LOAD; b PT_LOAD AT(0x200000);",
      "text PT_LOAD; b PT_LOAD AT(0x2000) FLAGS(4);",
    ].flatMap((headers) =>
      [[], ["-n"], ["-N"]].map((options): [string, Case] => [
        `headers without a section: ${headers} ${options.join(" ")}`,
        scripted(
          "",
          `PHDRS { ${headers} } SECTIONS { . = 0x100000 + SIZEOF_HEADERS; .text : { *(.text) } :text /DISCARD/ : { *(*) } }`,
          ...options,
        ),
      ]),
    ),
  ),
  "headers: sections before the first that names one": scripted(
    '.section .n,"a",@note\n.long 4, 4, 1, 0x41414141, 7\n.data\n.long 1\n.section .z,"a"\n.long 2\n',
    "PHDRS { code PT_LOAD; note PT_NOTE; data PT_LOAD; } SECTIONS { .text 0x1000 : { *(.text) } .n : { *(.n) } :code :note .data 0x2000 : { *(.data) } :data .z 0x3000 : { *(.z) } :code /DISCARD/ : { *(*) } }",
  ),
  "headers: after a note, sections that name none": scripted(
    '.section .n,"a",@note\n.long 4, 4, 1, 0x41414141, 7\n.section .m,"a",@note\n.long 4, 4, 2, 0x41414141, 8\n.data\n.long 1\n',
    "PHDRS { code PT_LOAD; data PT_LOAD; note PT_NOTE; } SECTIONS { .text 0x1000 : { *(.text) } :code .n : { *(.n) } :code :note .m : { *(.m) } .data 0x2000 : { *(.data) } :data /DISCARD/ : { *(*) } }",
  ),
  "headers: none that a section names": scripted(
    "",
    "PHDRS { code PT_LOAD; } SECTIONS { .text 0x1000 : { *(.text) } /DISCARD/ : { *(*) } }",
  ),
  "headers: in no segment, at odd addresses": scripted(
    '.data\n.long 1\n.section .odd,"aw"\n.long 2\n.section .even,"aw"\n.balign 8\n.long 3\n',
    "PHDRS { code PT_LOAD; } SECTIONS { .text 0x1000 : { *(.text) } :code .odd 0x3005 : { *(.odd) } :NONE .even 0x4010 : { *(.even) } .data 0x5123 : { *(.data) } /DISCARD/ : { *(*) } }",
  ),
  "an alignment that the address has not": scripted(
    ".balign 32\n.bss\n.balign 16\n.skip 20\n",
    "SECTIONS { .text 0x1004 : { *(.text) } .bss 0x5018 : { *(.bss) } /DISCARD/ : { *(*) } }",
  ),
  "load addresses: those of an empty section count when it is the first": scripted(
    ".data\n.long 1\n",
    "SECTIONS { .first 0x1000 : AT(0x8000) { here = .; } .text 0x2000 : { *(.text) } .data 0x3000 : { *(.data) } .rest : { *(*) } }",
  ),
  "load addresses: those of an empty section further on": scripted(
    ".data\n.long 1\n",
    "SECTIONS { .text 0x2000 : { *(.text) } .mid 0x1000 : AT(0x8000) { here = .; } .data 0x3000 : { *(.data) } .end 0x4000 : AT(0x9000) { there = .; } .rest : { *(*) } }",
  ),
  "addresses that are written as negative numbers": scripted(
    ".data\n.long .\n",
    "SECTIONS { . = -0x7fff0000; .text : { *(.text) } . = -0x3000; .data : { *(.data) } .rest : { *(*) } }",
  ),
  "strings: all of a section lie in another one's, after something else": {
    sources: [
      `${QUIET}${START}.section .rodata.a,"a"\n.long 7\n.section .rodata.s,"aMS",@progbits,1\n.asciz "alphabet"\n`,
      `${QUIET}.section .rodata.b,"a"\n.long 8\n.section .rodata.s,"aMS",@progbits,1\n.asciz "bet"\n`,
    ],
  },
  "an assertion in a section, in the map": scripted(
    "",
    'SECTIONS { .text 0x1000 : { *(.text) ASSERT(. > 0, "more than nothing"); } .rest : { *(*) } ASSERT(1, "true") }',
  ),
  "names: of a section that vanished before all others": scripted(
    ".long here\n",
    "SECTIONS { .gone 0x800 : { here = .; *(.none) } .text 0x1000 : { *(.text) } .rest : { *(*) } }",
  ),
  "names: of a section that vanished after all others": scripted(
    ".long here\n",
    "SECTIONS { .text 0x1000 : { *(.text) } .rest : { *(*) } .gone 0x8000 : { here = .; *(.none) } }",
  ),
  "names: of a section that vanished between code and zeros": scripted(
    ".long here\n.bss\n.skip 8\n",
    "SECTIONS { .text 0x1000 : { *(.text) } .gone 0x1800 : { here = .; *(.none) } .bss 0x2000 : { *(.bss) } .rest : { *(*) } }",
  ),
  "GOT: nobody's name in debugging information": one('.weak never\n.section .debug_x,"",@progbits\n.long never\n'),
  "GOT: a field that the section ends in": one(
    "mov far@GOT(%ebx), %eax\n.reloc .-2, R_386_GOT32X, far\n.globl far\nfar = 5\n",
  ),
  "an overlay: what fills each part, and all": {
    ...scripted(
      '.section .o1,"a"\n.byte 1\n.balign 4, 2\n.byte 3\n.section .o2,"a"\n.byte 4\n.section .o3,"a"\n.byte 5\n',
      "SECTIONS { .text 0x1000 : { *(.text) } OVERLAY 0x2000 : { .o1 { *(.o1) . = ALIGN(16); } =0x90 .o2 { *(.o2) . = ALIGN(16); BYTE(1) } .o3 { *(.o3) . += 3; BYTE(2) } =0x22 } =0x11 .rest : { *(*) } }",
    ),
    mapDiffers: "GNU ld shows another address where the dot moves in an overlay",
  },
  "files in no order": scripted("", "SECTIONS { .text 0x1000 : { SORT_NONE(*)(.text) } .rest : { *(*) } }"),
  "regions: for code alone, for what is written, for the rest": {
    ...scripted(
      '.data\n.long 1\n.section .more,"ax"\nnop\n.section .k,"a"\n.long 2\n',
      "MEMORY { code (x) : ORIGIN = 0x1000, LENGTH = 4K data (w) : ORIGIN = 0x4000, LENGTH = 4K rest (r!x) : ORIGIN = 0x8000, LENGTH = 4K } SECTIONS { .text : { *(.text) } }",
    ),
    mapDiffers: "GNU ld has empty sections in another region",
  },
  "an alias of a region, and one of the alias": scripted(
    ".data\n.long 1\n",
    'MEMORY { r : ORIGIN = 0x1000, LENGTH = 4K } REGION_ALIAS("a", r) REGION_ALIAS("b", a) SECTIONS { .text : { *(.text) } > a .rest : { *(*) } > b }',
  ),
  "properties: not in the order of their numbers": {
    ...two(property(0xc0008002, 4, 1, 0xc0000002, 4, 3), property(0xc0008002, 4, 4, 0xc0000002, 4, 3)),
    mapDiffers: PROPERTIES_IN_MAP,
  },
  "properties: one that is cut off": { ...two(property(0xc0000002), "nop\n"), mapDiffers: PROPERTIES_IN_MAP },
  "debugging information about copies that are gone": {
    ...two(
      '.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: ret\n',
      '.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: ret\nin: nop\nout:\n.section .debug_ranges,"",@progbits\n.long in, out, 0, 0\n.section .debug_loc,"",@progbits\n.long in, out\n.section .debug_info,"",@progbits\n.long in, out\n',
    ),
    mapDiffers: "GNU ld hangs its empty sections on another object",
  },
  "frames: heads that differ only in what they name": {
    sources: [
      `${QUIET}${START}${personal("a", "first")}`,
      `${QUIET}${personal("b", "second")}.section .text.c,"ax"\nc: .cfi_startproc\n.cfi_personality 0, first\nret\n.cfi_endproc\n`,
    ],
  },
  // Kernels name their boot header's section in the script, and look for it by another name there.
  "orphans: in sections that the script has for others": scripted(
    '.section .boot,"a"\n.long 1\n.section .last,"aw"\n.long 2\n.section .k,"a"\n.long 3\n.data\n.long 4\n',
    "SECTIONS { .last 0x800 : { *(last) } .boot : { *(boot) } .text 0x1000 : { *(.text) } .data : { *(.data) } .none : { *(none) } }",
  ),
  "orphans: none beside what the script itself writes": scripted(
    '.section .boot,"a"\n.long 1\n.section .counted,"a"\n.long 2\n',
    "SECTIONS { .text 0x1000 : { *(.text) } .boot : { LONG(5) *(boot) } .counted : { a = .; *(counted) } .rest : { *(.data .bss) } }",
  ),
  ...Object.fromEntries(
    [
      ["", ""],
      ["", ".foo : { *(foo) } .n : { *(n) } .qux : { *(qux) }"],
      [".rodata : { *(.rodata) } .foo : { *(.note.x) }", ".bar : { *(.bar) }"],
    ].map(([before, after]): [string, Case] => [
      `orphans: of one name and several kinds, in two files, ${before || "nothing"} before and ${after || "nothing"} behind`,
      {
        ...two(
          '.section .note.x,"a",@note\n.long 1\n.section .foo,"a"\n.long 2\n.section .bar,"aw",@nobits\n.skip 4\n.section .qux,"a"\n.long 9\n',
          '.section .foo,"a",@note\n.balign 8\n.long 3\n.section .bar,"aw"\n.long 4\n.section .qux,"aw"\n.long 7\n.section .k,"a"\n.long 5\n.section .l,"aw"\n.long 6\n',
        ),
        script: `SECTIONS { ${before} .text 0x1000 : { *(.text) } .data : { *(.data) } ${after} }`,
      },
    ]),
  ),
  "the order of sections: as expressions ask for them": scripted(
    '.section .a,"a"\n.long 1\n.section .b,"a"\n.long 2\n.section .c,"a"\n.long 3\n.section .d,"a"\n.long 4\n',
    "SECTIONS { x = ADDR(.d); .text 0x1000 : { *(.text) LONG(LOADADDR(.c)) } .a : { *(.a) y = SIZEOF(.b); } ASSERT(ADDR(.data) > 0, more) .b : { *(.b) } .c : { *(.c) } .d : { *(.d) } .data : { *(.data) } .rest : { *(*) } }",
  ),
  ...Object.fromEntries(
    [[], ["-r"], ["--build-id"]].map((options): [string, Case] => [
      `build IDs that objects bring along ${options.join(" ")}`,
      two(BUILD_ID, BUILD_ID, ...options),
    ]),
  ),
  ...Object.fromEntries(
    [
      ["member0.o(.text)"],
      ["KEEP(member0.o(.text))", "--gc-sections"],
      ["*member0.o(.text) member0.o"],
      ["rest.a(.text)"],
      ["SORT(member0.o)(.text)"],
    ].map(([pattern, ...options]): [string, Case] => [
      `a script names a file that is not given: ${pattern}`,
      {
        sources: [`${QUIET}${START}call f\n.data\n.long 1\n`],
        archive: [`${QUIET}.globl f\nf: ret\n.data\n.long 2\n`],
        script: `SECTIONS { .text 0x1000 : { ${pattern} *(.text) } .data : { *(.data) } }`,
        options: ["-L@", ...options],
      },
    ]),
  ),
  "a script names a file that is not there": scripted("", "SECTIONS { .text : { none.o(.text) *(.text) } }"),
};
