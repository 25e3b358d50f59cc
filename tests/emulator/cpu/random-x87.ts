/** Random cases for x87.s and x87-host.c: states of the unit, and one instruction of each form. */

import type { Random } from "../../../emulator/state/random.ts";
import type { Form } from "../../../src/isa/form.ts";
import { processorForms } from "../../../src/isa/table/processor.ts";

export const X87_CASE_BYTES = 144;
const FEATURES = new Set(["8087", "287", "387", "687"]);
const EXCLUDED = new Set(["fldenv", "frstor", "fnstenv", "fnsave", "fwait", "fnstsw", "ffreep"]);

export const X87_FORMS: readonly Form[] = processorForms().filter(
  (form) => FEATURES.has(form.feature) && !form.encodeOnly && !form.wait && !EXCLUDED.has(form.semantic),
);

/** Functions whose last digit may differ: the host's processor does not round them exactly. */
const APPROXIMATE = new Set(["f2xm1", "fyl2x", "fyl2xp1", "fptan", "fpatan", "fsin", "fcos", "fsincos"]);

export interface X87Case {
  readonly form: Form;
  readonly bytes: Uint8Array;
}

const EXPONENT_ONE = 16383;

/** Writes a number of some kind at an offset: mostly ordinary ones near 1, often edges. */
function putFloat80(random: Random, view: DataView, at: number): void {
  let exponent = EXPONENT_ONE - 8 + random.below(16);
  let high = (random.u32() | 0x80000000) >>> 0;
  let low = random.u32();
  switch (random.below(12)) {
    case 0:
      exponent = 0;
      high = low = 0;
      break;
    case 1:
      exponent = 0x7fff;
      high = 0x80000000;
      low = 0;
      break;
    case 2:
      exponent = 0x7fff;
      high = (0x80000000 | (random.u32() >>> 1)) >>> 0;
      break;
    case 3:
      exponent = 0;
      high = random.u32() >>> random.below(32);
      break;
    case 4:
      exponent = random.u32() & 0x7fff;
      break;
    case 5:
      exponent = EXPONENT_ONE + random.below(70) - 35;
      high = ((random.u32() << random.below(32)) | 0x80000000) >>> 0;
      low = 0;
      break;
    case 6:
      exponent = random.pick([
        1,
        2,
        0x7ffe,
        0x7ffd,
        EXPONENT_ONE + 62,
        EXPONENT_ONE + 63,
        EXPONENT_ONE - 126,
        EXPONENT_ONE - 1022,
        EXPONENT_ONE + 127,
        EXPONENT_ONE + 1023,
      ]);
      break;
    case 7:
      high = random.below(2) === 0 ? 0x80000000 : 0xffffffff;
      low = random.pick([0, 1, 0xffffffff, 0xfffff800, 0x400]);
      break;
    case 8:
      if (random.below(4) === 0) high = random.u32() >>> 1;
      break;
    default:
  }
  view.setUint32(at, low, true);
  view.setUint32(at + 4, high, true);
  view.setUint16(at + 8, exponent | (random.below(2) << 15), true);
}

function putOperand(random: Random, view: DataView, at: number, text: string): void {
  for (let i = 0; i < 16; i += 4) view.setUint32(at + i, random.u32(), true);
  if (text === "m32fp") {
    if (random.below(3) > 0) view.setFloat32(at, (random.u32() / 2 ** 28 - 8) * 2 ** (random.below(3) * 8), true);
    else if (random.below(2) === 0) view.setUint32(at, random.u32() & 0x807fffff, true);
    else if (random.below(2) === 0) view.setUint32(at, random.u32() | 0x7f800000, true);
  } else if (text === "m64fp") {
    if (random.below(3) > 0) view.setFloat64(at, random.u32() / 2 ** 28 - 8, true);
    else if (random.below(2) === 0) view.setUint32(at + 4, random.u32() & 0x800fffff, true);
    else if (random.below(2) === 0) view.setUint32(at + 4, random.u32() | 0x7ff00000, true);
  } else if (text === "m80fp") putFloat80(random, view, at);
  else if (text === "m80bcd") {
    for (let i = 0; i < 9; i++) view.setUint8(at + i, random.below(10) * 16 + random.below(10));
    view.setUint8(at + 9, random.below(2) * 0x80);
  } else if (text === "m16" && random.below(2) === 0) view.setUint16(at, 0x37f, true);
}

export function randomX87Case(random: Random, form: Form): X87Case {
  const bytes = new Uint8Array(X87_CASE_BYTES);
  const view = new DataView(bytes.buffer);
  const masks = random.below(4) === 0 ? random.below(64) : 0x3f;
  view.setUint32(0, 0xffff0040 | masks | (random.below(4) << 10) | (random.pick([0, 2, 3, 3, 3]) << 8), true);
  view.setUint32(4, 0xffff0000 | (random.below(8) << 11) | (random.u32() & 0x4700), true);
  let tags = 0;
  for (let i = 0; i < 8; i++) tags |= (random.below(8) === 0 ? 3 : 0) << (2 * i);
  // Pushes want room, most of the time.
  if (random.below(4) > 0) tags |= 3 << (2 * (((view.getUint32(4, true) >>> 11) + 7) & 7));
  view.setUint32(8, 0xffff0000 | tags, true);
  for (let i = 0; i < 8; i++) putFloat80(random, view, 28 + 10 * i);
  view.setUint32(108, 2 | (random.u32() & 0x8d5), true);
  const memory = form.operands.find((operand) => operand.memory !== null);
  putOperand(random, view, 112, memory?.text ?? "");
  const reg = form.modrm === "digit" ? form.modrmValue : 0;
  const modrm =
    memory !== undefined
      ? (reg << 3) | 6
      : form.modrm === "register"
        ? form.modrmValue | random.below(8)
        : form.modrmValue;
  bytes.fill(0x90, 128);
  bytes[128] = form.opcode;
  bytes[129] = modrm;
  return { form, bytes };
}

const CODE_NUMBER_AT = 126;

/** The input of x87.s. */
export function packX87(cases: readonly X87Case[]): Uint8Array {
  const bytes = new Uint8Array(4 + cases.length * X87_CASE_BYTES);
  new DataView(bytes.buffer).setUint32(0, cases.length, true);
  const view = new DataView(bytes.buffer);
  const numbers = new Map<string, number>();
  cases.forEach((one, i) => {
    const at = 4 + i * X87_CASE_BYTES;
    bytes.set(one.bytes, at);
    const code = one.bytes.subarray(128).join();
    const number = numbers.get(code) ?? numbers.size;
    numbers.set(code, number);
    view.setUint16(at + CODE_NUMBER_AT, number, true);
  });
  return bytes;
}

/** Bytes of a case that hold pointers to code and data, which differ from machine to machine. */
const POINTERS = { from: 12, to: 28 } as const;
const FLAGS_AT = 108;
/** CF PF AF ZF SF OF, as bytes. */
const FLAG_MASK = [0xd5, 0x08, 0, 0] as const;
const STATUS_AT = 4;
const C1_HIGH = 0x02;
/** Hardware reports an inexact result also where it happens to be exact. */
const PRECISION = 0x20;

/**
 * Whether two outcomes agree. A function that the hardware only approximates may differ by one in the last place of a
 * result, and in C1, which tells how it was rounded.
 */
export function isSameX87(form: Form, ours: Uint8Array, theirs: Uint8Array): boolean {
  const approximate = APPROXIMATE.has(form.semantic);
  for (let at = 0; at < CODE_NUMBER_AT; at++) {
    if (at >= POINTERS.from && at < POINTERS.to) continue;
    const difference = ours[at]! ^ theirs[at]!;
    if (difference === 0) continue;
    if (at >= FLAGS_AT && at < FLAGS_AT + 4 && (difference & FLAG_MASK[at - FLAGS_AT]!) === 0) continue;
    if (approximate && at === STATUS_AT + 1 && difference === C1_HIGH) continue;
    if (approximate && at === STATUS_AT && difference === PRECISION) continue;
    if (approximate && at >= 28 && at < FLAGS_AT && isNeighbour(ours, theirs, 28 + 10 * Math.floor((at - 28) / 10)))
      continue;
    return false;
  }
  return true;
}

/** Whether two numbers are equal or adjacent: sign, exponent and significand read as one integer. */
function isNeighbour(ours: Uint8Array, theirs: Uint8Array, at: number): boolean {
  const whole = (bytes: Uint8Array): bigint => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const significand = view.getBigUint64(at, true);
    return (BigInt(view.getUint16(at + 8, true)) << 63n) + (significand & 0x7fffffffffffffffn);
  };
  const difference = whole(ours) - whole(theirs);
  return difference >= -1n && difference <= 1n;
}
