/**
 * Instructions that the linker may rewrite once it knows that an address need not be loaded from the global offset
 * table (i386 psABI 1.1, B.2: R_386_GOT32X).
 */

import { SEGMENT_PREFIXES } from "./registers.ts";

const PREFIXES: ReadonlySet<number> = new Set([...SEGMENT_PREFIXES, 0x67, 0xf0, 0xf2, 0xf3]);

/**
 * Whether the instruction loads, calls or jumps through its memory operand in a way that has a counterpart without it.
 */
export const isRelaxable = (bytes: Uint8Array): boolean => {
  let at = 0;
  while (PREFIXES.has(bytes[at]!)) at++;
  const opcode = bytes[at]!;
  // MOV and TEST of a register, the eight binary operations into a register, and CALL and JMP.
  if (opcode === 0x8b || opcode === 0x85 || (opcode & 0xc7) === 0x03) return true;
  const extension = (bytes[at + 1]! >> 3) & 7;
  return opcode === 0xff && (extension === 2 || extension === 4);
};
