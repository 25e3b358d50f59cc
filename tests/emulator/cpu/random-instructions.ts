/** Random instructions, derived from the rows of the instruction table. */

import type { Random } from "../../../emulator/state/random.ts";
import type { Form } from "../../../src/isa/form.ts";
import { ESCAPES } from "../../../src/isa/notation.ts";
import { MODRM_FORMS } from "./testable-forms.ts";

/** An instruction with the registers that it wants: pointers where it takes addresses. */
export interface RandomInstruction {
  readonly form: Form;
  /** EAX ECX EDX EBX ESP EBP ESI EDI. */
  readonly registers: number[];
  readonly code: readonly number[];
}

export interface EncodingOptions {
  /** Middle of the memory that it may touch. */
  readonly data: number;
  readonly stack: number;
  /** Where a far jump may lead: 2 KiB of INT3. */
  readonly landing: number;
  readonly code16: boolean;
  /** Others follow: it leaves pointers alone. */
  readonly leads: boolean;
  /** It follows others: it leaves pointers alone, too, and uses no register as an index. */
  readonly follows: boolean;
  /** Selectors that registers and immediates shall often hold. */
  readonly selectors: readonly number[];
}

const PLAIN: EncodingOptions = {
  data: 0x8140,
  stack: 0x8300,
  landing: 0,
  code16: false,
  leads: false,
  follows: false,
  selectors: [],
};

const EDGES = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x55555555, 0xaaaaaaaa,
] as const;

function number(random: Random): number {
  return random.below(3) === 0 ? random.pick(EDGES) : random.u32() >>> random.below(32);
}

/** Bases that point into the data: EBX, ESI, EDI, which 16-bit addresses have too. */
const BASES = [3, 6, 7] as const;
/** How far around `data` the bases point. */
const SPREAD = 256;

function modrmMemory(random: Random, reg: number, address16: boolean, { data, follows }: EncodingOptions): number[] {
  const displacement = random.below(64);
  const absolute = data - 32 + displacement;
  if (address16) {
    if (random.below(8) === 0) return [(reg << 3) | 6, absolute & 0xff, absolute >> 8];
    return [0x40 | (reg << 3) | random.pick([4, 5, 7]), displacement];
  }
  switch (random.below(4)) {
    case 0:
      return [(reg << 3) | 5, absolute & 0xff, absolute >> 8, 0, 0];
    case 1:
      if (!follows) return [0x44 | (reg << 3), (random.below(4) << 6) | (1 << 3) | random.pick(BASES), displacement];
      return [0x40 | (reg << 3) | random.pick(BASES), displacement];
    default:
      return [0x40 | (reg << 3) | random.pick(BASES), displacement];
  }
}

function immediates(
  random: Random,
  form: Form,
  size: number,
  address16: boolean,
  { data, landing, selectors }: EncodingOptions,
): number[] {
  const bytes: number[] = [];
  const put = (value: number, count: number): void => {
    for (let i = 0; i < count; i++) bytes.push((value >>> (8 * i)) & 0xff);
  };
  for (const { field, sizeBits } of form.operands) {
    const bits = sizeBits === "v" ? size : sizeBits;
    // A frame has to stay within the stack.
    if (field === "immediate") put(form.semantic === "enter" ? random.below(64) : number(random), bits / 8);
    else if (field === "relative") put(random.below(8), bits / 8);
    else if (field === "far") {
      put(landing + random.below(0x800), size / 8);
      put(selectors.length > 0 ? random.pick(selectors) : number(random), 2);
    } else if (field === "moffs") put(data - 256 + random.below(512), address16 ? 2 : 4);
  }
  return bytes;
}

/** Registers as an instruction may find them. */
function randomRegisters(random: Random, { data, stack, selectors }: EncodingOptions): number[] {
  const registers = Array.from({ length: 8 }, () =>
    selectors.length > 0 && random.below(6) === 0 ? random.pick(selectors) : number(random),
  );
  for (const base of BASES) registers[base] = data - SPREAD / 2 + random.below(SPREAD);
  registers[4] = stack + 4 * random.below(16);
  registers[5] = stack + 256 + 4 * random.below(32);
  registers[1] = random.below(2) === 0 ? random.below(16) : random.below(48) - 16;
  return registers;
}

/** One instruction of a form, as bytes for the decoder's mode. */
export function randomInstruction(random: Random, form: Form, options: EncodingOptions = PLAIN): RandomInstruction {
  const { code16, follows } = options;
  const keepsPointers = follows || options.leads;
  // BSWAP of 16 bits is undefined; a branch of 16 bits leads below 64 KiB, a far pointer of 32 bits does not matter
  // there.
  const branches = form.operands.some(({ field }) => field === "relative");
  const size16 = form.operandSize === "v" && form.semantic !== "bswap" && (branches ? code16 : random.below(2) === 0);
  const address16 = random.below(8) === 0 ? !code16 : code16;
  const registers = randomRegisters(random, options);
  if (isString(form) || form.semantic.startsWith("loop") || form.semantic === "enter") registers[1] = random.below(20);
  if (form.semantic === "xlat") registers[0] = random.below(200);

  const code: number[] = [];
  if ((form.operandSize === "v" && size16 !== code16) || form.prefix === 0x66) code.push(0x66);
  if (address16 !== code16) code.push(0x67);
  if (form.prefix === 0xf2 || form.prefix === 0xf3) code.push(form.prefix);
  else if (form.repeat === "rep" || form.repeat === "repe") {
    const prefix = random.below(3);
    if (prefix > 0) code.push(prefix === 1 ? 0xf3 : 0xf2);
  }
  code.push(...ESCAPES[form.map]!);
  // ESP as a destination register would lose the stack.
  const register = (): number => random.pick(keepsPointers ? [0, 1, 2] : [0, 1, 2, 3, 5, 6, 7]);
  code.push(form.opcode + (form.opcodeRegister ? register() : 0));
  if (form.modrm !== "none") {
    const byteRegisters = keepsPointers ? [0, 1, 2, 4, 5, 6] : [0, 1, 2, 3, 4, 5, 6, 7];
    const reg =
      form.modrm === "digit"
        ? form.modrmValue
        : (MODRM_FORMS.regOf(form, random) ?? (isByteReg(form) ? random.pick(byteRegisters) : register()));
    const inRegister =
      form.mod === "register" ||
      form.mod === "ignored" ||
      (form.mod === "any" && (random.below(2) === 0 || (follows && form.semantic.startsWith("bt"))));
    if (form.modrm === "exact") code.push(form.modrmValue);
    else if (form.modrm === "register") code.push(form.modrmValue | random.below(8));
    else if (inRegister) code.push(0xc0 | (reg << 3) | register());
    else {
      // A bit number in a register reaches beyond its operand: it has to stay near.
      if (form.semantic.startsWith("bt") && form.modrm === "reg")
        registers[reg] = ((registers[reg]! % 1024) - 512) >>> 0;
      // Whatever the register form put into a base above has to be a pointer again.
      for (const base of BASES) registers[base] = options.data - SPREAD / 2 + random.below(SPREAD);
      code.push(...modrmMemory(random, reg, address16, options));
      registers[1] = random.below(16);
    }
  }
  code.push(...immediates(random, form, size16 ? 16 : 32, address16, options));
  return { form, registers, code };
}

export function isString(form: Form): boolean {
  return form.operands.some(({ field }) => field === "source" || field === "destination");
}

function isByteReg(form: Form): boolean {
  return form.operands.some(({ field, register }) => field === "reg" && register === "r8");
}
