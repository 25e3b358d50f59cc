/**
 * Which numbers and registers are encoded alike, so that one instruction can stand for others: kinds of them, for each
 * place where they can stand. What instructions are particular about has no kind: the accumulators, CL as a count, DX
 * as a port, ESP and EBP in addresses, 0 and 1, the 3 of INT3, and numbers between the signed and the unsigned limit of
 * a field. What is said here is a guess that saves work: whoever uses it compares two encodings first.
 */

import type { Register } from "../../isa/instruction.ts";
import { REGISTERS_BY_CLASS } from "../../isa/registers.ts";

export const NO_KIND = 255;

/** Where a register or a number stands in an operand. */
export const Role = { IMMEDIATE: 0, DISPLACEMENT: 1, REGISTER: 2, BASE: 3, INDEX: 4 } as const;

interface NumberKind {
  readonly least: number;
  readonly most: number;
  /** Bytes in which the numbers of this kind differ; those above are all alike. */
  readonly sizeBytes: number;
  /** Numbers that differ from each other in each of those bytes: one more than there are bytes. */
  readonly samples: readonly number[];
}

/** Numbers of more digits are left alone: some of them have two readings in 32 bits. */
const LARGEST = 999_999_999;

/** The kinds of immediate values; as many of displacements follow. */
const NUMBER_KINDS: readonly NumberKind[] = [
  { least: 1, most: 127, sizeBytes: 1, samples: [0x2a, 0x55] },
  { least: -128, most: -1, sizeBytes: 1, samples: [-0x2a, -0x55] },
  { least: 128, most: 255, sizeBytes: 1, samples: [0x93, 0xa4] },
  { least: 256, most: 32767, sizeBytes: 2, samples: [0x1234, 0x2345, 0x3456] },
  { least: -32768, most: -257, sizeBytes: 2, samples: [-0x1234, -0x2345, -0x3456] },
  {
    least: 65536,
    most: LARGEST,
    sizeBytes: 4,
    samples: [0x11223344, 0x22334455, 0x33445566, 0x05667788, 0x16778899],
  },
  {
    least: -LARGEST,
    most: -65537,
    sizeBytes: 4,
    samples: [-0x11223344, -0x22334455, -0x33445566, -0x05667788, -0x16778899],
  },
  { least: -255, most: -129, sizeBytes: 1, samples: [-0x93, -0xa4] },
];

/** The registers of each kind, by their numbers. */
const REGISTER_KINDS = [
  { of: REGISTERS_BY_CLASS.r32, role: Role.REGISTER, numbers: [1, 2, 3, 4, 5, 6, 7] },
  { of: REGISTERS_BY_CLASS.r16, role: Role.REGISTER, numbers: [1, 3, 4, 5, 6, 7] },
  { of: REGISTERS_BY_CLASS.r8, role: Role.REGISTER, numbers: [2, 3, 4, 5, 6, 7] },
  { of: REGISTERS_BY_CLASS.xmm, role: Role.REGISTER, numbers: [1, 2, 3, 4, 5, 6, 7] },
  { of: REGISTERS_BY_CLASS.r32, role: Role.BASE, numbers: [0, 1, 2, 3, 6, 7] },
  { of: REGISTERS_BY_CLASS.r32, role: Role.INDEX, numbers: [0, 1, 2, 3, 5, 6, 7] },
] as const;

const FIRST_REGISTER_KIND = NUMBER_KINDS.length * 2;
/** All kinds are below this. */
export const KIND_COUNT = FIRST_REGISTER_KIND + REGISTER_KINDS.length;

export function isNumberKind(kind: number): boolean {
  return kind < FIRST_REGISTER_KIND;
}

function numberKind(kind: number): NumberKind {
  return NUMBER_KINDS[kind % NUMBER_KINDS.length]!;
}

export function kindOfNumber(value: number, isImmediate: boolean): number {
  let kind: number;
  if (value >= 0) {
    if (value <= 127) {
      if (value === 0 || (isImmediate && (value === 1 || value === 3))) return NO_KIND;
      kind = 0;
    } else if (value <= 255) kind = 2;
    else if (value <= 32767) kind = 3;
    else if (value >= 65536 && value <= LARGEST) kind = 5;
    else return NO_KIND;
  } else if (value >= -128) kind = 1;
  else if (value >= -32768) {
    if (value >= -255) kind = 7;
    else if (value === -256) return NO_KIND;
    else kind = 4;
  } else if (value <= -65537 && value >= -LARGEST) kind = 6;
  else return NO_KIND;
  return isImmediate ? kind : kind + NUMBER_KINDS.length;
}

/** A number of the kind that takes all four bytes of a field, as a symbol does. */
export const SYMBOL_VALUE = 0x11223344;

/** Bytes in which numbers of a kind differ. */
export function widthOf(kind: number): number {
  return numberKind(kind).sizeBytes;
}

/**
 * A number of the same kind that differs from this one in each byte in which they can, or another register's number.
 */
export function unlike(value: number, kind: number): number {
  if (!isNumberKind(kind))
    return REGISTER_KINDS[kind - FIRST_REGISTER_KIND]!.numbers.find((number) => number !== value)!;
  const { sizeBytes, samples } = numberKind(kind);
  return samples.find((sample) => {
    for (let i = 0; i < sizeBytes; i++) if (((sample >> (8 * i)) & 0xff) === ((value >> (8 * i)) & 0xff)) return false;
    return true;
  })!;
}

/** Slots of the table of register names; a power of two. */
const NAME_SLOTS = 256;
const names = new Int32Array(NAME_SLOTS);
/** For each role the kind, and the number in the bits above. */
const kinds = new Int16Array(NAME_SLOTS * 3);

function slotOf(key: number): number {
  let slot = (Math.imul(key, 0x9e3779b1) >>> 24) & (NAME_SLOTS - 1);
  while (names[slot] !== 0 && names[slot] !== key) slot = (slot + 1) & (NAME_SLOTS - 1);
  return slot;
}

function keyOf(name: string): number {
  let key = 0;
  for (const letter of name) key = (key << 8) | letter.charCodeAt(0);
  return key;
}

REGISTER_KINDS.forEach(({ of, role, numbers }, i) => {
  for (const number of numbers) {
    const key = keyOf(of[number]!.name);
    const slot = slotOf(key);
    if (names[slot] === 0) kinds.fill(-1, slot * 3, slot * 3 + 3);
    names[slot] = key;
    kinds[slot * 3 + role - Role.REGISTER] = (FIRST_REGISTER_KIND + i) | (number << 8);
  }
});

/**
 * The kind of a register, with its number in the bits from 8 on; -1 for one without a kind. `key` is its name, a byte
 * for each letter, the last one lowest.
 */
export function kindOfRegister(key: number, role: number): number {
  const slot = slotOf(key);
  return names[slot] === 0 ? -1 : kinds[slot * 3 + role - Role.REGISTER]!;
}

export function registerKind({ name }: Register, role: number): number {
  const known = kindOfRegister(keyOf(name), role);
  return known < 0 ? NO_KIND : known & 0xff;
}
