/**
 * The registers by name and by number. Intel SDM 2A, tables 2-1 to 2-3: the number is what ModRM, SIB or the opcode
 * holds.
 */

import type { Register, RegisterClass } from "./instruction.ts";

const NAMES: Record<RegisterClass, readonly string[]> = {
  r8: ["al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"],
  r16: ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"],
  r32: ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"],
  // 6 and 7 name no segment; the encodings raise #UD. objdump shows them as "?".
  sreg: ["es", "cs", "ss", "ds", "fs", "gs"],
  creg: ["cr0", "cr1", "cr2", "cr3", "cr4", "cr5", "cr6", "cr7"],
  dreg: ["dr0", "dr1", "dr2", "dr3", "dr4", "dr5", "dr6", "dr7"],
  treg: ["tr0", "tr1", "tr2", "tr3", "tr4", "tr5", "tr6", "tr7"],
  st: ["st(0)", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)"],
  mm: ["mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7"],
  xmm: ["xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7"],
  bnd: ["bnd0", "bnd1", "bnd2", "bnd3"],
};

const makeClass = (registerClass: RegisterClass): readonly Register[] =>
  NAMES[registerClass].map((name, number) => ({ name, class: registerClass, number }));

/** Every register of a class, in the order of their numbers. */
export const REGISTERS_BY_CLASS: Readonly<Record<RegisterClass, readonly Register[]>> = {
  r8: makeClass("r8"),
  r16: makeClass("r16"),
  r32: makeClass("r32"),
  sreg: makeClass("sreg"),
  creg: makeClass("creg"),
  dreg: makeClass("dreg"),
  treg: makeClass("treg"),
  st: makeClass("st"),
  mm: makeClass("mm"),
  xmm: makeClass("xmm"),
  bnd: makeClass("bnd"),
};

/**
 * "No index": a pseudo register that forces a SIB byte, as objdump shows one that is there without need. GNU as knows
 * it with a `%` only.
 */
export const EIZ: Register = { name: "eiz", class: "r32", number: 4 };

const byName = new Map<string, Register>();
for (const registers of Object.values(REGISTERS_BY_CLASS)) {
  for (const register of registers) byName.set(register.name, register);
}
byName.set("st", REGISTERS_BY_CLASS.st[0]!);
// Old names of the debug registers, which GNU as still takes.
for (const register of REGISTERS_BY_CLASS.dreg) byName.set(`db${register.number}`, register);

/** Registers by lower-case name without `%`; `st` is `st(0)`. */
export const REGISTERS: ReadonlyMap<string, Register> = byName;

/** The override prefix of each segment register, by its number. */
export const SEGMENT_PREFIXES: readonly number[] = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

/** Base and index of 16-bit addressing, by r/m (Intel SDM 2A, table 2-1): numbers of 32-bit registers, -1 for none. */
export const ADDRESS16: readonly { readonly base: number; readonly index: number }[] = [
  { base: 3, index: 6 },
  { base: 3, index: 7 },
  { base: 5, index: 6 },
  { base: 5, index: 7 },
  { base: 6, index: -1 },
  { base: 7, index: -1 },
  { base: 5, index: -1 },
  { base: 3, index: -1 },
];
