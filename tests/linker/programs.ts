/**
 * Random programs for the tests of linker and object tools: assembly sources of a few objects, the same for the same
 * seed.
 */

import { Random } from "../../emulator/state/random.ts";

const CODE_SECTIONS = [
  ".text",
  ".text",
  '.section .text.hot,"ax"',
  '.section .text.startup,"ax"',
  '.section .text.one,"ax"',
  '.section .boot,"ax"',
  '.section .init,"ax"',
];
const DATA_SECTIONS = [
  ".data",
  ".data",
  '.section .data.rel.ro,"aw"',
  '.section .config,"aw"',
  ".section .rodata",
  '.section .rodata.cst,"a"',
  '.section table,"a"',
  ".bss",
];
const WORDS = ["alpha", "beta", "gamma", "lphabet", "bet", "delta", "elta", "a", ""];

/** Sources of one program. Symbols s0 to s9 are defined once each, or common. */
export function randomProgram(seed: number): string[] {
  const random = new Random(seed);
  const count = 1 + random.below(3);
  const commons = new Set([8, 9].filter(() => random.chance(50)));
  const definedIn = Array.from({ length: 10 }, () => random.below(count));
  return Array.from({ length: count }, (_, object) => {
    const lines = [".intel_syntax noprefix"];
    if (random.chance(60)) lines.push('.section .note.GNU-stack,"",@progbits');
    if (random.chance(20)) lines.push(`.file "part${object}.c"`);
    if (object === 0) lines.push(".text", ".globl _start", "_start: nop", ".data", ".long 0x5eed");
    for (let symbol = 0; symbol < 10; symbol++) {
      const name = `s${symbol}`;
      if (commons.has(symbol)) {
        if (definedIn[symbol] === object || random.chance(40))
          lines.push(`.comm ${name}, ${4 << random.below(4)}, ${1 << random.below(5)}`);
        continue;
      }
      if (definedIn[symbol] !== object) continue;
      const isCode = symbol < 4;
      lines.push(isCode ? random.pick(CODE_SECTIONS) : random.pick(DATA_SECTIONS));
      if (random.chance(40)) lines.push(`.balign ${1 << random.below(6)}`);
      const isBss = lines.at(-1) === ".bss" || lines.at(-2) === ".bss";
      lines.push(`.globl ${name}`);
      if (random.chance(15)) lines.push(`.weak ${name}`);
      if (random.chance(10)) lines.push(`.hidden ${name}`);
      if (random.chance(50)) lines.push(`.type ${name}, @${isCode ? "function" : "object"}`);
      lines.push(`${name}:`);
      lines.push(...(isBss ? [`.skip ${1 + random.below(60)}`] : isCode ? code(random) : data(random)));
      if (random.chance(40)) lines.push(`.size ${name}, . - ${name}`);
      if (random.chance(30)) lines.push(`local${symbol}_${object}: ${isBss ? ".skip 4" : ".long 7"}`);
    }
    if (random.chance(60)) {
      lines.push('.section .rodata.str1.1,"aMS",@progbits,1');
      for (let i = random.below(5); i >= 0; i--)
        lines.push(`.Lstring${i}: .asciz "${random.pick(WORDS)}${random.pick(WORDS)}"`);
      lines.push(".data", ".long .Lstring0, .Lstring0 + 1");
    }
    if (random.chance(20))
      lines.push(
        '.section .rodata.str4.4,"aMS",@progbits,1',
        ".balign 4",
        `.asciz "${random.pick(WORDS)}"`,
        ".balign 4",
        `.asciz "x${random.pick(WORDS)}"`,
      );
    if (random.chance(30))
      lines.push(
        '.section .rodata.cst4,"aM",@progbits,4',
        `.Lfour: .long ${random.below(4)}, ${random.below(4)}, 7`,
        ".text",
        "mov eax, [.Lfour]",
      );
    if (random.chance(30)) lines.push(".text", `.weak nowhere${object}`, `call nowhere${object}`);
    if (random.chance(20))
      lines.push(
        '.section .text.shared,"axG",@progbits,shared,comdat',
        ".weak shared",
        "shared: ret",
        ".text",
        "call shared",
      );
    if (random.chance(20)) lines.push(".lcomm own, 12");
    if (random.chance(20)) lines.push(".section .comment", '.asciz "made by hand"');
    return `${lines.join("\n")}\n`;
  });
}

function target(random: Random): string {
  return `s${random.below(10)}`;
}

function code(random: Random): string[] {
  return Array.from({ length: 1 + random.below(6) }, () =>
    random.pick([
      () => "nop",
      () => "ret",
      () => `call ${target(random)}`,
      () => `jmp ${target(random)}`,
      () => `mov eax, offset ${target(random)} + ${random.below(9)}`,
      () => `mov ecx, [${target(random)} + eax*4]`,
      () => `push dword ptr [${target(random)}]`,
      () => `add dword ptr [ebx + ${random.below(300)}], 5`,
      () => `.skip ${1 + random.below(20)}`,
      () => "1: jz 1b",
      () => `lea edi, ${target(random)}[esi]`,
    ])(),
  );
}

function data(random: Random): string[] {
  return Array.from({ length: 1 + random.below(5) }, () =>
    random.pick([
      () => `.long ${target(random)}`,
      () => `.long ${target(random)} - .`,
      () => `.byte ${random.below(256)}`,
      () => `.ascii "${random.pick(WORDS)}"`,
      () => `.skip ${1 + random.below(12)}`,
      () => `.balign ${1 << random.below(5)}`,
    ])(),
  );
}

/** Ways of linking: options, and scripts by name. */
export const LINK_OPTIONS: readonly (readonly string[])[] = [
  [],
  ["-N"],
  ["-n"],
  ["-r"],
  ["-q"],
  ["-s"],
  ["-S"],
  ["-x"],
  ["-Ttext", "0x7c00"],
  ["-Ttext", "0x100000", "-Tdata", "0x200000"],
  ["--gc-sections"],
  ["--gc-sections", "-e", "s1"],
  ["-z", "noseparate-code"],
  ["-z", "norelro"],
  ["-z", "noexecstack"],
  ["--oformat", "binary", "-Ttext", "0"],
  ["--defsym", "extra=s1+4"],
  ["--section-start", ".config=0x9000"],
  ["-T", "kernel"],
  ["-T", "regions"],
  ["-T", "boot"],
  ["-T", "high"],
  ["-T", "sorted"],
  ["-r", "-T", "kernel"],
  ["-q", "-T", "kernel"],
  ["--gc-sections", "-T", "high"],
];

export const SCRIPTS: Readonly<Record<string, string>> = {
  kernel:
    "ENTRY(_start) SECTIONS { . = 0x100000; .text : { *(.text .text.*) } .rodata : { *(.rodata .rodata.*) } .data : { *(.data .data.*) } .bss : { *(.bss) *(COMMON) } end = .; }",
  regions: `ENTRY(_start) MEMORY { rom (rx) : ORIGIN = 0x8000, LENGTH = 64K  ram (rwx) : ORIGIN = 0x20000, LENGTH = 64K }
    SECTIONS { .text : { KEEP(*(.boot)) *(.text .text.*) . = ALIGN(16); etext = .; *(.rodata*) } > rom =0x90
      .data : { start_data = .; *(.data*) . = ALIGN(4); end_data = .; LONG(end_data - start_data) } > ram AT> rom
      load_data = LOADADDR(.data); .bss (NOLOAD) : { *(.bss*) *(COMMON) end_bss = .; } > ram
      PROVIDE(s20 = ORIGIN(ram) + LENGTH(ram)); /DISCARD/ : { *(.note*) *(.comment) } ASSERT(SIZEOF(.text) < 64K, "too large") }`,
  boot: "SECTIONS { .text 0x7c00 : { *(.boot) *(.init) *(.config) *(table) *(.text .text.*) *(.rodata*) *(.data*) . = ALIGN(8); *(.bss) *(COMMON) FILL(0xcc) . = . + 5; BYTE(0x55) QUAD(etext) } etext = .; }",
  high: `ENTRY(_start) BASE = 0xC0000000; SECTIONS { . = BASE + 1M; .text ALIGN(4K) : AT(ADDR(.text) - BASE) { *(.text*) } .rodata ALIGN(4K) : AT(ADDR(.rodata) - BASE) { *(.rodata*) }
      .data ALIGN(4096) : AT(ADDR(.data) - BASE) { *(.data*) } .bss ALIGN(4096) : AT(ADDR(.bss) - BASE) { sbss = .; *(COMMON) *(.bss*) ebss = .; } end = .; size = end - BASE; }`,
  sorted:
    "SECTIONS { .all 0x1000 : SUBALIGN(8) { *(SORT_BY_NAME(.text*)) *(SORT_BY_ALIGNMENT(.data*) SORT_BY_ALIGNMENT(.rodata*)) KEEP(*(SORT(table))) . = ALIGN(32) + 4; here = ABSOLUTE(.); *(.bss COMMON) } last = MAX(here, ADDR(.all) + SIZEOF(.all)); }",
};
