/** Machine code from source text, by the project's own assembler: for tests whose program is a few lines. */
import { assemble } from "../../../src/assembler/assemble.ts";
import { readElf } from "../../../src/object/elf-reader.ts";

const known = new Map<string, Uint8Array>();

/** The bytes of `.text` of a source in Intel syntax. All addresses in it are relative to its beginning. */
export function codeOf(source: string, bits: 16 | 32): Uint8Array {
  const key = `${bits} ${source}`;
  let code = known.get(key);
  // The same program runs in every mode of the compiler.
  if (code === undefined) known.set(key, (code = assembled(source, bits)));
  return code;
}

function assembled(source: string, bits: 16 | 32): Uint8Array {
  const path = "test.s";
  const bytes = new TextEncoder().encode(source);
  const { object, diagnostics } = assemble({ path, syntax: "intel", bits, files: { read: () => ({ path, bytes }) } });
  if (object === null || diagnostics.length > 0)
    throw new Error(diagnostics.map(({ line, message }) => `line ${line}: ${message}`).join("\n"));
  return readElf(object, path).sections.find(({ name }) => name === ".text")!.content;
}

/** The source of a ROM of 64 KiB, to be assembled as 16-bit code, that runs 32-bit code in flat protected mode. */
export function inProtectedMode(code: string): string {
  return `
start: cli
  lgdt cs:[gdtr - start]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  .byte 0x66, 0xea
  .long 0xf0000 + (flat - start)
  .word 8
  .code32
flat: mov ax, 16
  mov ds, ax
  mov es, ax
${code}
gdt: .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdtr: .word 23
  .long 0xf0000 + (gdt - start)
  .org 0xfff0
  .byte 0xea, 0, 0, 0, 0xf0
  .org 0x10000
`;
}
