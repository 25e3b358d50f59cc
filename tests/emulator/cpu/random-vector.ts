/** Random cases for vector.s and vector-host.c: states of MMX and SSE, and one instruction of each form. */

import { MODELS } from "../../../emulator/cpu/model.ts";
import type { Random } from "../../../emulator/state/random.ts";
import type { Form } from "../../../src/isa/form.ts";
import { processorForms } from "../../../src/isa/table/processor.ts";

export const VECTOR_CASE_BYTES = 608;
const XMM_AT = 160;
const FLOATS_AT = 32;
const GENERAL_AT = 512;
const FLAGS_AT = 528;
const VECTOR_AT = 532;
const NUMBER_AT = 536;
const MEMORY_AT = 544;
const CODE_AT = 592;
const MXCSR_AT = 24;

const FEATURES = new Set("mmx mmx+sse sse mmx+sse2 sse2 sse3 mmx+ssse3 ssse3 sse4.1 sse4.2 popcnt".split(" "));

export const VECTOR_FORMS: readonly Form[] = processorForms().filter(
  (form) => FEATURES.has(form.feature) && MODELS.max.features.has(form.feature) && !form.encodeOnly,
);

/** Of these the manual only bounds the error. */
const APPROXIMATE = ["rcpps", "rcpss", "rsqrtps", "rsqrtss"] as const;

export interface VectorCase {
  readonly form: Form;
  readonly bytes: Uint8Array;
}

const SINGLES = [0, 0x3f800000, 0x7f800000, 0x7fc00000, 0x7fa00000, 1, 0x007fffff, 0x00800000, 0x7f7fffff, 0x4effffff];

/** Sixteen bytes that are often numbers of either precision. */
function putVector(random: Random, view: DataView, at: number): void {
  for (let i = 0; i < 16; i += 4) view.setUint32(at + i, random.u32(), true);
  const scale = (): number => 2 ** (random.below(8) === 0 ? random.below(240) - 120 : random.below(40) - 8);
  const value = (): number => (random.u32() / 2 ** 31 - 1) * scale();
  const sign = (): number => (random.below(2) << 31) >>> 0;
  switch (random.below(7)) {
    case 0:
    case 1:
      for (let i = 0; i < 4; i++) {
        if (random.below(4) === 0) view.setUint32(at + 4 * i, random.pick(SINGLES) | sign(), true);
        else view.setFloat32(at + 4 * i, value(), true);
      }
      break;
    case 2:
    case 3:
      for (let i = 0; i < 2; i++) {
        view.setFloat64(at + 8 * i, value(), true);
        if (random.below(4) === 0) {
          const high = random.pick([
            0, 0x3ff00000, 0x7ff00000, 0x7ff80000, 0x7ff40000, 0x000fffff, 0x00100000, 0x36a00000,
          ]);
          view.setUint32(at + 8 * i + 4, high | sign(), true);
          if (random.below(2) === 0) view.setUint32(at + 8 * i, 0, true);
        }
      }
      break;
    case 4:
      for (let i = 0; i < 16; i++) view.setUint8(at + i, random.pick([0, 1, 0x7f, 0x80, 0x81, 0xff]));
      break;
    case 5: {
      // Text of few letters, with an end now and then.
      const wide = random.below(2);
      for (let i = 0; i < 16; i += 1 + wide) {
        view.setUint8(at + i, random.below(5));
        if (wide === 1) view.setUint8(at + i + 1, 0);
      }
      break;
    }
    default:
  }
}

export function randomVectorCase(random: Random, form: Form): VectorCase {
  const bytes = new Uint8Array(VECTOR_CASE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x37f, true);
  view.setUint16(2, random.below(8) << 11, true);
  view.setUint8(4, random.u32() & 0xff);
  const masks = random.below(4) === 0 ? random.below(64) : 0x3f;
  const modes = random.below(4) === 0 ? 0x8040 & random.u32() : 0;
  view.setUint32(MXCSR_AT, (masks << 7) | (random.below(4) << 13) | modes | (random.below(2) * 0x20), true);
  for (let i = 0; i < 8; i++) {
    putVector(random, view, FLOATS_AT + 16 * i);
    // The six bytes after a register are reserved.
    for (let at = 10; at < 16; at++) view.setUint8(FLOATS_AT + 16 * i + at, 0);
    putVector(random, view, XMM_AT + 16 * i);
  }
  for (let i = 0; i < 4; i++) view.setUint32(GENERAL_AT + 4 * i, random.u32() >>> random.below(32), true);
  view.setUint32(FLAGS_AT, 2 | (random.u32() & 0x8d5), true);
  for (let at = MEMORY_AT; at < CODE_AT; at += 16) putVector(random, view, at);
  // Shift counts are small.
  if (random.below(2) === 0) {
    view.setUint32(MEMORY_AT, random.below(72), true);
    view.setUint32(MEMORY_AT + 4, 0, true);
    view.setUint32(FLOATS_AT + 16, random.below(72), true);
    view.setUint32(FLOATS_AT + 20, 0, true);
    view.setUint32(XMM_AT + 16, random.below(72), true);
    view.setUint32(XMM_AT + 20, 0, true);
  }
  encode(random, form, bytes.fill(0x90, CODE_AT).subarray(CODE_AT));
  return { form, bytes };
}

/** Registers 0 to 3, so that no pointer is lost, and memory at [esi], now and then not aligned. */
function encode(random: Random, form: Form, code: Uint8Array): void {
  let at = 0;
  if (typeof form.prefix === "number") code[at++] = form.prefix;
  if (form.map > 0) code[at++] = 0x0f;
  if (form.map === 2) code[at++] = 0x38;
  if (form.map === 3) code[at++] = 0x3a;
  code[at++] = form.opcode;
  if (form.modrm === "none") return;
  if (form.modrm === "exact") {
    code[at++] = form.modrmValue;
    return;
  }
  const reg = form.modrm === "digit" ? form.modrmValue : random.below(4);
  const inMemory = form.mod === "memory" || (form.mod === "any" && random.below(2) === 0);
  if (!inMemory) code[at++] = 0xc0 | (reg << 3) | random.below(4);
  else if (random.below(8) > 0) code[at++] = (reg << 3) | 6;
  else {
    code[at++] = 0x40 | (reg << 3) | 6;
    code[at++] = random.below(16);
  }
  if (form.operands.some(({ field }) => field === "immediate")) code[at++] = random.u32() & 0xff;
}

/** The input of vector.s. */
export function packVectors(cases: readonly VectorCase[]): Uint8Array {
  const bytes = new Uint8Array(4 + cases.length * VECTOR_CASE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, cases.length, true);
  const numbers = new Map<string, number>();
  cases.forEach((one, i) => {
    const at = 4 + i * VECTOR_CASE_BYTES;
    bytes.set(one.bytes, at);
    const code = one.bytes.subarray(CODE_AT).join();
    const number = numbers.get(code) ?? numbers.size;
    numbers.set(code, number);
    view.setUint32(at + NUMBER_AT, number, true);
  });
  return bytes;
}

/** How elements are compared, where it is not bit by bit. */
interface Equality {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
  readonly holds: (ours: number, theirs: number) => boolean;
}
const SINGLE = { bytes: 4, read: (view: DataView, at: number): number => view.getFloat32(at, true) };
const DOUBLE = { bytes: 8, read: (view: DataView, at: number): number => view.getFloat64(at, true) };
const EQUAL: ReadonlyMap<string, Equality> = new Map([
  ...APPROXIMATE.map((semantic) => [semantic, { ...SINGLE, holds: isClose }] as const),
  // Which NaN comes out of a sum across elements is each processor's own matter (SDM 2A, DPPS and DPPD).
  ["dpps", { ...SINGLE, holds: Object.is }],
  ["dppd", { ...DOUBLE, holds: Object.is }],
]);

/** Bit 17 of MXCSR, MM: AMD's processors have it (APM volume 1, 4.2.2), while LDMXCSR of it is a #GP on ours. */
const MISALIGNED_MASK = 1 << 17;

/** What differs between two outcomes, in words; empty when they agree, or when only the host's MXCSR has the bit. */
export function differencesOf(form: Form, ours: Uint8Array, theirs: Uint8Array): readonly string[] {
  const [a, b] = [ours, theirs].map((bytes) => new DataView(bytes.buffer, bytes.byteOffset));
  if ((b!.getUint32(MXCSR_AT, true) & MISALIGNED_MASK) !== 0) return [];
  const found: string[] = [];
  const look = (name: string, at: number, count: number): void => {
    for (let i = 0; i < count; i += 4) {
      const [mine, host] = [a!.getUint32(at + i, true), b!.getUint32(at + i, true)];
      if (mine !== host) found.push(`${name}+${i}: ours ${mine.toString(16)}, host ${host.toString(16)}`);
    }
  };
  look("vector", VECTOR_AT, 4);
  look("mxcsr", MXCSR_AT, 4);
  look("control, status", 0, 4);
  if (a!.getUint8(4) !== b!.getUint8(4)) found.push("tags");
  for (let i = 0; i < 8; i++) {
    look(`st${i}`, FLOATS_AT + 16 * i, 8);
    if (a!.getUint16(FLOATS_AT + 16 * i + 8, true) !== b!.getUint16(FLOATS_AT + 16 * i + 8, true))
      found.push(`exponent of st${i}`);
    const isEqual = EQUAL.get(form.semantic);
    if (!isEqual) look(`xmm${i}`, XMM_AT + 16 * i, 16);
    else {
      const { bytes, read, holds } = isEqual;
      for (let at = XMM_AT + 16 * i; at < XMM_AT + 16 * i + 16; at += bytes)
        if (!holds(read(a!, at), read(b!, at))) look(`xmm${i}`, at, bytes);
    }
  }
  look("general", GENERAL_AT, 16);
  if (((a!.getUint32(FLAGS_AT, true) ^ b!.getUint32(FLAGS_AT, true)) & 0x8d5) !== 0) found.push("flags");
  look("memory", MEMORY_AT, CODE_AT - MEMORY_AT);
  return found;
}

/** Within twice the error that RCPPS and RSQRTPS may have: both sides have one, also about what is too small. */
function isClose(ours: number, theirs: number): boolean {
  return Object.is(ours, theirs) || Math.abs(ours - theirs) <= Math.max(Math.abs(theirs) * 3 * 2 ** -12, 2 ** -126);
}
