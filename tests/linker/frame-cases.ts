/**
 * Programs for cases.test.ts that other people's systems are like. gcc asks the linker for a table of unwind
 * information (`--eh-frame-hdr`) and a build ID with every program that is not -static, kernels with scripts of their
 * own among them; and C++ brings single copies into many objects.
 */
import { type Case, EMPTY_IN_MAP, one, QUIET, START, scripted } from "./corner-cases.ts";

/** A routine of which there is one copy. */
const grouped = (name: string): string =>
  `.section .text.${name},"axG",@progbits,${name},comdat\n.weak ${name}\n${name}: nop\nret\n.text\n`;
const DISCARD_IN_MAP = "GNU ld lists what is thrown away before sections that are not loaded";

const framed = (name: string, body = "nop\n"): string =>
  `.section .text.${name},"ax"\n.globl ${name}\n${name}: .cfi_startproc\n${body}ret\n.cfi_endproc\n`;
const TWO_OBJECTS: readonly string[] = [
  `${QUIET}${START}call b\n.section .rodata\n.long 5\n.data\n.long 7\n`,
  `${QUIET}${framed("c")}${framed("b", ".cfi_personality 0, hook\n.cfi_lsda 0, table\n.cfi_signal_frame\n")}hook: ret\n.data\ntable: .long 0\n`,
];
const headed = (more: Partial<Case>, sources = TWO_OBJECTS): Case => ({
  sources,
  ...more,
  options: ["--eh-frame-hdr", ...(more.options ?? [])],
});
const KERNEL = ". = 0xc0100000; .text ALIGN(4K) : AT(ADDR(.text) - 0xc0000000) { *(.text*) } .rodata : { *(.rodata) }";
const DATA = ".data ALIGN(4K) : { *(.data) } end = .;";
/** A common entry with augmentation: version, letters, factors, register, data and how addresses are encoded. */
const common = (version: number, letters: string, data: string): string =>
  `.section .eh_frame,"a",@progbits\nc: .long d - . - 4, 0\n.byte ${version}\n.asciz "${letters}"\n.uleb128 1\n.sleb128 -4\n.byte 8\n${data}\n.byte 0x0c, 4, 4, 0x88, 1\n.balign 4\n`;
const description = (address: string, more = ""): string =>
  `d: .long e - . - 4, . - c\n.long ${address}, 1\n${more}.balign 4\ne:\n.text\nnop\n`;

export const FRAME_CASES: Readonly<Record<string, Case>> = {
  "a table of frames": headed({}),
  "a table of frames: asked for and taken back": headed({ options: ["--no-eh-frame-hdr"] }),
  "a table of frames: a kernel's script": headed({ script: `SECTIONS { ${KERNEL} ${DATA} }` }),
  "a table of frames: with a place in the script": headed({
    script: `SECTIONS { ${KERNEL} .eh_frame_hdr : { *(.eh_frame_hdr) } .eh_frame : { *(.eh_frame) } ${DATA} }`,
  }),
  "a table of frames: the frames are thrown away": headed({
    script: `SECTIONS { ${KERNEL} ${DATA} /DISCARD/ : { *(.eh_frame) } }`,
    mapDiffers: DISCARD_IN_MAP,
  }),
  "a table of frames: itself thrown away": headed({
    script: `SECTIONS { ${KERNEL} ${DATA} /DISCARD/ : { *(.eh_frame_hdr) } }`,
    mapDiffers: DISCARD_IN_MAP,
  }),
  "a table of frames: the frames lie in another section": headed({
    script: `SECTIONS { .text 0x1000 : { *(.text*) *(.eh_frame) } ${DATA} }`,
  }),
  "a table of frames: in segments of the script": headed({
    script: `PHDRS { t PT_LOAD; u PT_GNU_EH_FRAME; } SECTIONS { .text 0x1000 : { *(.text*) } :t .eh_frame : { *(.eh_frame) } :t .eh_frame_hdr : { *(.eh_frame_hdr) } :t :u .data : { *(.data*) } :t }`,
  }),
  "a table of frames: nobody calls some functions": headed({ options: ["--gc-sections"] }),
  "a table of frames: in an object": headed({ options: ["-r"] }),
  "a table of frames: in an image": headed({ options: ["--oformat", "binary"] }),
  "a table of frames: without symbols": headed({ options: ["-s"] }),
  "a table of frames: with relocations kept": headed({ options: ["-q"] }),
  "a table of frames: a program that looks for it": headed({}, [
    `${QUIET}${START}.long __GNU_EH_FRAME_HDR\n`,
    TWO_OBJECTS[1]!,
  ]),
  "a table of frames: there are none": headed({}, [`${QUIET}${START}`]),
  "a table of frames: an end mark": headed({}, [
    TWO_OBJECTS[0]!,
    TWO_OBJECTS[1]!,
    `${QUIET}.section .eh_frame,"a"\n.long 0\n`,
  ]),
  "a table of frames: no augmentation": headed({}, [
    `${QUIET}${START}${common(1, "", "")}${description("_start")}`,
    `${QUIET}${framed("b")}`,
  ]),
  "a table of frames: addresses from the field": headed({}, [
    `${QUIET}${START}${common(1, "zR", ".uleb128 1\n.byte 0x1b")}${description("_start - .", ".byte 0\n")}`,
    `${QUIET}${framed("b")}`,
  ]),
  "a table of frames: version 3, with a personality": headed({}, [
    `${QUIET}${START}${common(3, "zPLR", ".uleb128 7\n.byte 0\n.long _start\n.byte 0, 0x1b")}${description("_start - .", ".uleb128 4\n.long 0\n")}`,
  ]),
  "a table of frames: one section of them is not to be read": headed({}, [
    TWO_OBJECTS[0]!,
    TWO_OBJECTS[1]!,
    `${QUIET}.section .eh_frame,"a"\n.long 100, 0, 0\n`,
  ]),
  "a table of frames: a description that is cut off": headed({}, [
    TWO_OBJECTS[0]!,
    TWO_OBJECTS[1]!,
    `${QUIET}${common(1, "", "")}.section .eh_frame\nd: .long 4, . - c\n`,
  ]),
  "a build ID: no place in the script": scripted(
    ".section .rodata\n.long 5\n.data\n.long 7\n",
    `SECTIONS { ${KERNEL} ${DATA} }`,
    "--build-id",
  ),
  "a build ID: after assignments": scripted(
    ".data\n.long 7\n",
    "SECTIONS { x = 1; . = 0x1000; y = 3; . = . + 5; .text : { *(.text) } z = 4; .data : { *(.data) } }",
    "--build-id",
  ),
  "a build ID: beside a note": {
    sources: [
      `${QUIET}${START}.section .rodata\n.long 5\n`,
      `${QUIET}.section .note.x,"a",@note\n.long 4, 4, 1\n.asciz "ABC"\n.long 7\n`,
    ],
    script: "SECTIONS { .text 0x1000 : { *(.text) } .rodata : { *(.rodata) } }",
    options: ["--build-id"],
  },
  "a build ID: where the interpreter's name would be": scripted(
    "nop\n",
    "SECTIONS { .text 0x1000 : { *(.text) } .zz : { *(.zz) } .interp : { *(.interp) } .data : { *(.data) } }",
    "--build-id",
  ),
  "a build ID: the order of files follows from what has content": {
    sources: [`${QUIET}${START}local: nop\n`, `${QUIET}other: nop\n.section .first,"ax"\nthird: nop\n`],
    script: "SECTIONS { .text 0x1000 : { *(.first) *(.text) } }",
    options: ["--build-id"],
  },
  ...Object.fromEntries(
    [[], ["-r"]].map((options): [string, Case] => [
      `debugging information of a copy that is not linked, beside a group of three objects${options.length > 0 ? ", in an object" : ""}`,
      {
        sources: [
          `${QUIET}${START}${grouped("f")}`,
          `${QUIET}${grouped("f")}${grouped("g")}`,
          `${QUIET}${grouped("g")}.section .debug_info,"",@progbits\n.long .text.g, 5\n`,
        ],
        options,
        mapDiffers: EMPTY_IN_MAP,
      },
    ]),
  ),
  "a stack without flags among what is zero": scripted(
    ".data\n.long 1\n.bss\n.skip 16\n.section .bootstrap_stack\n.skip 64\n",
    "SECTIONS { . = 1M; .text : { *(.text) } .data : { *(.data) } .bss BLOCK(4K) : ALIGN(4K) { *(COMMON) *(.bss) *(.bootstrap_stack) } }",
  ),
  "letters in one word": one("nop\n", "-dN"),
};
