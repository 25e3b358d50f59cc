/** Random instructions with random states for states.s, derived from the instruction table: every form that can run alone in ring 0. */
import { MODRM_FORMS } from "./testable-forms.ts";
import type { Form } from "../../../src/isa/form.ts";
import { ESCAPES } from "../../../src/isa/notation.ts";

/** A small, seeded generator: the same seed gives the same cases (Marsaglia's xorshift). */
export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = (seed | 0) || 1;
  }
  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return x >>> 0;
  }
  below(limit: number): number {
    return this.next() % limit;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

export interface Case {
  readonly form: Form;
  /** EAX ECX EDX EBX ESP EBP ESI EDI. */
  readonly registers: readonly number[];
  readonly eflags: number;
  readonly code: readonly number[];
}

const SCRATCH = 0x8000;
const CASE_BYTES = 64;
const CODE_BYTES = 28;
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x55555555, 0xaaaaaaaa] as const;
/** CF PF AF ZF SF DF OF; bit 1 is always set. */
const FLAGS = 0xcd5;

function number(random: Random): number {
  return random.below(3) === 0 ? random.pick(EDGES) : random.next() >>> random.below(32);
}

/** Bases that point into the scratch memory: EBX, ESI, EDI, which 16-bit addresses have too. */
const BASES = [3, 6, 7] as const;

function modrmMemory(random: Random, reg: number, address16: boolean): number[] {
  const displacement = random.below(64);
  if (address16) {
    if (random.below(8) === 0) return [(reg << 3) | 6, displacement, SCRATCH >> 8];
    return [0x40 | (reg << 3) | random.pick([4, 5, 7]), displacement];
  }
  switch (random.below(4)) {
    case 0:
      return [(reg << 3) | 5, displacement, SCRATCH >> 8, 0, 0];
    case 1:
      return [0x44 | (reg << 3), (random.below(4) << 6) | (1 << 3) | random.pick(BASES), displacement];
    default:
      return [0x40 | (reg << 3) | random.pick(BASES), displacement];
  }
}

function immediates(random: Random, form: Form, size: number, address16: boolean): number[] {
  const bytes: number[] = [];
  const put = (value: number, count: number): void => {
    for (let i = 0; i < count; i++) bytes.push((value >>> (8 * i)) & 0xff);
  };
  for (const { field, sizeBits } of form.operands) {
    const bits = sizeBits === "v" ? size : sizeBits;
    // A frame has to stay within the scratch memory.
    if (field === "immediate") put(form.semantic === "enter" ? random.below(64) : number(random), bits / 8);
    else if (field === "relative") put(random.below(8), bits / 8);
    else if (field === "moffs") put(SCRATCH + random.below(1000), address16 ? 2 : 4);
  }
  return bytes;
}

/** One case of a form. */
export function randomCase(random: Random, form: Form): Case {
  // BSWAP of 16 bits is undefined.
  const size16 = form.operandSize === "v" && form.semantic !== "bswap" && random.below(2) === 0;
  const address16 = random.below(8) === 0;
  const registers = Array.from({ length: 8 }, () => number(random));
  for (const base of BASES) registers[base] = SCRATCH + 256 + random.below(256);
  registers[4] = SCRATCH + 0x300 + 4 * random.below(16);
  registers[5] = SCRATCH + 0x200 + 4 * random.below(32);
  registers[1] = random.below(2) === 0 ? random.below(16) : random.below(48) - 16;
  const isString = form.operands.some(({ field }) => field === "source" || field === "destination");
  if (isString || form.semantic.startsWith("loop") || form.semantic === "enter") registers[1] = random.below(20);
  if (form.semantic === "xlat") registers[0] = random.below(200);

  const code: number[] = [];
  if (size16 || form.prefix === 0x66) code.push(0x66);
  if (address16) code.push(0x67);
  if (form.prefix === 0xf2 || form.prefix === 0xf3) code.push(form.prefix);
  else if (form.repeat === "rep" || form.repeat === "repe") {
    const prefix = random.below(3);
    if (prefix > 0) code.push(prefix === 1 ? 0xf3 : 0xf2);
  }
  code.push(...ESCAPES[form.map]!);
  // ESP as a destination register would lose the stack.
  const register = (): number => random.pick([0, 1, 2, 3, 5, 6, 7]);
  code.push(form.opcode + (form.opcodeRegister ? register() : 0));
  if (form.modrm !== "none") {
    const reg = form.modrm === "digit" ? form.modrmValue : MODRM_FORMS.regOf(form, random) ?? (isByteReg(form) ? random.pick([0, 1, 2, 3, 4, 5, 6, 7]) : register());
    const inRegister = form.mod === "register" || form.mod === "ignored" || (form.mod === "any" && random.below(2) === 0);
    if (form.modrm === "exact") code.push(form.modrmValue);
    else if (form.modrm === "register") code.push(form.modrmValue | random.below(8));
    else if (inRegister) code.push(0xc0 | (reg << 3) | register());
    else {
      // A bit number in a register reaches beyond its operand: it has to stay within the scratch memory.
      if (form.semantic.startsWith("bt")) registers[reg] = ((registers[reg]! % 1024) - 512) >>> 0;
      // Whatever the register form put into a base above has to be a pointer again.
      for (const base of BASES) registers[base] = SCRATCH + 256 + random.below(256);
      code.push(...modrmMemory(random, reg, address16));
      registers[1] = random.below(16);
    }
  }
  code.push(...immediates(random, form, size16 ? 16 : 32, address16));
  while (code.length < CODE_BYTES) code.push(0xcc);
  return { form, registers, eflags: (random.next() & FLAGS & (isString || random.below(4) === 0 ? FLAGS : ~0x400)) | 2, code };
}

function isByteReg(form: Form): boolean {
  return form.operands.some(({ field, register }) => field === "reg" && register === "r8");
}

/** The input of states.s. */
export function packCases(cases: readonly Case[]): Uint8Array {
  const bytes = new Uint8Array(4 + cases.length * CASE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, cases.length, true);
  cases.forEach((one, i) => {
    const at = 4 + i * CASE_BYTES;
    one.registers.forEach((value, register) => view.setUint32(at + 4 * register, value, true));
    view.setUint32(at + 32, one.eflags, true);
    bytes.set(one.code, at + 36);
  });
  return bytes;
}

export interface Outcome {
  readonly vector: number;
  readonly errorCode: number;
  readonly eip: number;
  readonly eflags: number;
  readonly registers: readonly number[];
  readonly memory: number;
}

export const OUTCOME_BYTES = 52;

export function unpackOutcomes(bytes: Uint8Array): Outcome[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: Math.floor(bytes.length / OUTCOME_BYTES) }, (_, i) => {
    const word = (slot: number): number => view.getUint32(i * OUTCOME_BYTES + 4 * slot, true);
    return {
      vector: word(0),
      errorCode: word(1),
      eip: word(2),
      eflags: word(3),
      registers: Array.from({ length: 8 }, (_, register) => word(4 + register)),
      memory: word(12),
    };
  });
}
