/** The files on which the options of the linker and of the object tools are tried. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const SOURCES: Readonly<Record<string, string>> = {
  a: `.file "a.c"
.text
.globl _start, other
.type _start, @function
_start: call other
 movl $table, %eax
.Llocal: jmp .Llocal
quiet: ret
.data
table: .long 1, _start, .Llocal
.section .rodata.str1.1,"aMS",@progbits,1
.asciz "a text"
.section .comment,"MS",@progbits,1
.asciz "by hand"
.section .debug_info,"",@progbits
.long quiet, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
.section .unused,"ax"
nop
.section .note.GNU-stack,"",@progbits
`,
  b: `.text
.globl other
.type other, @function
other: incl shared
 ret
.comm shared, 4, 4
.comm larger, 64, 32
.bss
.skip 8
.section bounded,"a"
.long __start_bounded
.section .note.GNU-stack,"",@progbits
`,
};

/** a.o, b.o, x.a of both, prog, and lists of names. */
export function objects(folder: string): void {
  const at = (name: string): string => join(folder, name);
  for (const [name, source] of Object.entries(SOURCES)) {
    execFileSync("as", ["--32", "-o", at(`${name}.o`), "-"], { input: source, stdio: ["pipe", "ignore", "ignore"] });
  }
  execFileSync("ar", ["rcD", at("x.a"), at("a.o"), at("b.o")]);
  execFileSync("ld", ["-m", "elf_i386", "-o", at("prog"), at("a.o"), at("b.o")]);
  writeFileSync(at("keep"), "other\nshared\n");
  writeFileSync(at("pairs"), "other another\n");
  writeFileSync(
    at("s.ld"),
    "SECTIONS { . = 0x100000; .text : { *(.text) } .data : { *(.data) } .bss : { *(.bss) } }\n",
  );
}
