/** Packed integers: MMX, SSE2 and SSSE3 (SDM volume 1, 9.4, 11.4.2 and 12.6; each in SDM 2). */

import type { VectorSemantic } from "../../../src/isa/semantics.ts";
import type { Builder, DecodedInstruction } from "../instruction.ts";
import { registerOf } from "../operands.ts";
import { type Lanes, newLanes } from "../vector/lanes.ts";
import { onVectors } from "./vector-operands.ts";

type NumberLanes = "u8" | "i8" | "u16" | "i16" | "u32" | "i32";

/** How many lanes of the kind the destination has. */
function count(
  insn: DecodedInstruction,
  lanes: Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | BigUint64Array,
): number {
  return bytesOf(insn) / lanes.BYTES_PER_ELEMENT;
}

function bytesOf(insn: DecodedInstruction): number {
  return insn.form.operands[0]!.register === "mm" ? 8 : 16;
}

/** The same operation in each lane; the store into the lane cuts the result to its width. */
export function each(view: NumberLanes, operation: (a: number, b: number) => number): Builder {
  return onVectors((d, s, insn) => {
    const a = d[view];
    const b = s[view];
    for (let i = count(insn, a) - 1; i >= 0; i--) a[i] = operation(a[i]!, b[i]!);
  });
}

export function each64(operation: (a: bigint, b: bigint) => bigint): Builder {
  return onVectors((d, s, insn) => {
    for (let i = count(insn, d.u64) - 1; i >= 0; i--) d.u64[i] = operation(d.u64[i]!, s.u64[i]!);
  });
}

const clamp = (low: number, high: number, value: number): number => (value < low ? low : Math.min(value, high));
const toI8 = (value: number): number => clamp(-0x80, 0x7f, value);
const toU8 = (value: number): number => clamp(0, 0xff, value);
const toI16 = (value: number): number => clamp(-0x8000, 0x7fff, value);
export const toU16 = (value: number): number => clamp(0, 0xffff, value);

/** What the destination held, while an instruction permutes it. */
const before = newLanes();

/** An instruction that moves lanes about: `action` gets the destination's old contents too. */
function permute(action: (d: Lanes, s: Lanes, old: Lanes, insn: DecodedInstruction) => void): Builder {
  return onVectors((d, s, insn) => {
    before.u32.set(d.u32);
    action(d, s, before, insn);
  });
}

/** PUNPCK: lanes of so many bytes of both in turn, from the lower or the upper half. */
function unpack(laneBytes: 1 | 2 | 4 | 8, upper: boolean): Builder {
  return permute((d, s, old, insn) => {
    const half = bytesOf(insn) / 2;
    const first = upper ? half : 0;
    for (let i = 0; i < half; i++) {
      const at = 2 * i - (i % laneBytes);
      d.u8[at] = old.u8[first + i]!;
      d.u8[at + laneBytes] = s.u8[first + i]!;
    }
  });
}

/** PACK: the destination's lanes, then the source's, narrowed. */
export function pack(from: "i16" | "i32", to: "u8" | "i8" | "u16" | "i16", narrow: (value: number) => number): Builder {
  return permute((d, s, old, insn) => {
    const lanes = count(insn, d[from]);
    for (let i = 0; i < lanes; i++) {
      d[to][i] = narrow(old[from][i]!);
      d[to][lanes + i] = narrow(s[from][i]!);
    }
  });
}

/** PHADD and PHSUB: neighbours of the destination, then of the source. */
function horizontal(view: "i16" | "i32", operation: (a: number, b: number) => number): Builder {
  return permute((d, s, old, insn) => {
    const half = count(insn, d[view]) / 2;
    for (let i = 0; i < half; i++) {
      d[view][i] = operation(old[view][2 * i]!, old[view][2 * i + 1]!);
      d[view][half + i] = operation(s[view][2 * i]!, s[view][2 * i + 1]!);
    }
  });
}

/** Shifts by one count for all lanes: an immediate, or the low quadword of the source. */
function shift(view: NumberLanes, operation: (value: number, by: number) => number, limit: "zero" | "sign"): Builder {
  return byCount((d, by, insn) => {
    const lanes = d[view];
    const bits = 8 * lanes.BYTES_PER_ELEMENT;
    const amount = limit === "sign" ? Math.min(by, bits - 1) : by;
    for (let i = count(insn, lanes) - 1; i >= 0; i--) lanes[i] = amount >= bits ? 0 : operation(lanes[i]!, amount);
  });
}

function shift64(operation: (value: bigint, by: bigint) => bigint): Builder {
  return byCount((d, by, insn) => {
    for (let i = count(insn, d.u64) - 1; i >= 0; i--) d.u64[i] = by >= 64 ? 0n : operation(d.u64[i]!, BigInt(by));
  });
}

function byCount(action: (d: Lanes, by: number, insn: DecodedInstruction) => void): Builder {
  return onVectors((d, s, insn) => {
    const isImmediate = insn.form.operands[1]!.field === "immediate";
    // Whatever is more than 255 shifts everything out too.
    const by = isImmediate ? insn.immediate & 0xff : s.u32[1] !== 0 || s.u32[0]! > 255 ? 255 : s.u32[0]!;
    action(d, by, insn);
  });
}

/** PSLLDQ and PSRLDQ: the whole register by bytes. */
function shiftBytes(direction: 1 | -1): Builder {
  return permute((d, _s, old, insn) => {
    const by = insn.immediate & 0xff;
    for (let i = 0; i < 16; i++) d.u8[i] = old.u8[i - direction * by] ?? 0;
  });
}

/** PSHUFW, PSHUFD, PSHUFLW, PSHUFHW: four lanes from `first` on, chosen by pairs of bits. */
function shuffle(view: "u16" | "u32", first: number): Builder {
  return onVectors((d, s, insn) => {
    d.u32.set(s.u32);
    for (let i = 0; i < 4; i++) d[view][first + i] = s[view][first + ((insn.immediate >>> (2 * i)) & 3)]!;
  });
}

const shuffleBytes = permute((d, s, old, insn) => {
  const bytes = bytesOf(insn);
  for (let i = 0; i < bytes; i++) d.u8[i] = (s.u8[i]! & 0x80) !== 0 ? 0 : old.u8[s.u8[i]! & (bytes - 1)]!;
});

/** PALIGNR: the source below the destination, shifted right by bytes. */
const alignRight = permute((d, s, old, insn) => {
  const bytes = bytesOf(insn);
  const by = insn.immediate & 0xff;
  for (let i = 0; i < bytes; i++) {
    const at = i + by;
    d.u8[i] = at < bytes ? s.u8[at]! : at < 2 * bytes ? old.u8[at - bytes]! : 0;
  }
});

const multiplyAdd = permute((d, s, old, insn) => {
  for (let i = count(insn, d.i32) - 1; i >= 0; i--)
    d.i32[i] = old.i16[2 * i]! * s.i16[2 * i]! + old.i16[2 * i + 1]! * s.i16[2 * i + 1]!;
});

/** PMADDUBSW: unsigned bytes of the destination by signed ones of the source. */
const multiplyAddBytes = permute((d, s, old, insn) => {
  for (let i = count(insn, d.i16) - 1; i >= 0; i--)
    d.i16[i] = toI16(old.u8[2 * i]! * s.i8[2 * i]! + old.u8[2 * i + 1]! * s.i8[2 * i + 1]!);
});

const multiplyUnsigned = onVectors((d, s, insn) => {
  for (let i = count(insn, d.u64) - 1; i >= 0; i--) d.u64[i] = BigInt(d.u32[2 * i]!) * BigInt(s.u32[2 * i]!);
});

/** PSADBW: for each quadword the sum of its bytes' differences. */
const sumOfDifferences = onVectors((d, s, insn) => {
  for (let quad = count(insn, d.u64) - 1; quad >= 0; quad--) {
    let sum = 0;
    for (let i = 8 * quad; i < 8 * quad + 8; i++) sum += Math.abs(d.u8[i]! - s.u8[i]!);
    d.u64[quad] = BigInt(sum);
  }
});

const insertWord = onVectors((d, s, insn) => {
  d.u16[insn.immediate & (count(insn, d.u16) - 1)] = s.u16[0]!;
});

/** PEXTRW to a register. */
const extractWord = onVectors(
  (d, s, insn) => {
    const lanes = insn.form.operands[1]!.register === "mm" ? 4 : 8;
    d.u32[0] = s.u16[insn.immediate & (lanes - 1)]!;
  },
  { fresh: true },
);

/** PMOVMSKB. */
const moveMask = onVectors(
  (d, s, insn) => {
    const bytes = insn.form.operands[1]!.register === "mm" ? 8 : 16;
    let mask = 0;
    for (let i = 0; i < bytes; i++) mask |= (s.u8[i]! >>> 7) << i;
    d.u32[0] = mask;
  },
  { fresh: true },
);

const byDword = (operation: (a: number, b: number) => number): Builder => each("i32", operation);

const and = byDword((a, b) => a & b);
const andNot = byDword((a, b) => ~a & b);
const or = byDword((a, b) => a | b);
const xor = byDword((a, b) => a ^ b);
const sign = (a: number, b: number): number => (b < 0 ? -a : b === 0 ? 0 : a);
const equal = (a: number, b: number): number => (a === b ? -1 : 0);
const greater = (a: number, b: number): number => (a > b ? -1 : 0);
const plus = (a: number, b: number): number => a + b;
const minus = (a: number, b: number): number => a - b;
const average = (a: number, b: number): number => (a + b + 1) >>> 1;
const left = (value: number, by: number): number => value << by;
const right = (value: number, by: number): number => value >>> by;
const rightSigned = (value: number, by: number): number => value >> by;

/** EMMS: all registers become empty. */
const leaveMultimedia: Builder =
  ({ vectors, fpu }) =>
  () => {
    vectors.checkMultimedia();
    fpu.enterMultimedia(0xff);
  };

/** MASKMOVQ and MASKMOVDQU: bytes whose mask has its top bit go to ds:[edi]. */
const maskedMove: Builder = (core, insn) => {
  const { mmu, segments, s: slots, vectors, fpu } = core;
  const bytes = bytesOf(insn);
  const isMm = bytes === 8;
  const value = newLanes();
  const mask = newLanes();
  const load = (register: number, lanes: Lanes): void => {
    if (isMm) fpu.readMultimedia(register, lanes.i32);
    else lanes.u32.set(vectors.xmm[register]!.u32);
  };
  const [from, by] = [registerOf(insn, 0), registerOf(insn, 1)];
  return () => {
    if (isMm) vectors.checkMultimedia();
    else vectors.checkAvailable();
    load(from, value);
    load(by, mask);
    const offset = insn.address32 ? slots[7]! : slots[7]! & 0xffff;
    const linear = segments.writeAddress(insn.segment, offset, bytes);
    for (let i = 0; i < bytes; i++) if ((mask.u8[i]! & 0x80) !== 0) mmu.probeWrite((linear + i) | 0, 1);
    if (isMm) fpu.enterMultimedia();
    for (let i = 0; i < bytes; i++) if ((mask.u8[i]! & 0x80) !== 0) mmu.write8((linear + i) | 0, value.u8[i]!);
  };
};

export const VECTOR_INTEGER = {
  paddb: each("u8", plus),
  paddw: each("u16", plus),
  paddd: each("i32", (a, b) => (a + b) | 0),
  paddq: each64((a, b) => a + b),
  psubb: each("u8", minus),
  psubw: each("u16", minus),
  psubd: each("i32", (a, b) => (a - b) | 0),
  psubq: each64((a, b) => a - b),
  paddsb: each("i8", (a, b) => toI8(a + b)),
  paddsw: each("i16", (a, b) => toI16(a + b)),
  paddusb: each("u8", (a, b) => toU8(a + b)),
  paddusw: each("u16", (a, b) => toU16(a + b)),
  psubsb: each("i8", (a, b) => toI8(a - b)),
  psubsw: each("i16", (a, b) => toI16(a - b)),
  psubusb: each("u8", (a, b) => toU8(a - b)),
  psubusw: each("u16", (a, b) => toU16(a - b)),
  pmullw: each("i16", Math.imul),
  pmulhw: each("i16", (a, b) => (a * b) >> 16),
  pmulhuw: each("u16", (a, b) => Math.imul(a, b) >>> 16),
  pmulhrsw: each("i16", (a, b) => (((a * b) >> 14) + 1) >> 1),
  pmaddwd: multiplyAdd,
  pmaddubsw: multiplyAddBytes,
  pmuludq: multiplyUnsigned,
  psadbw: sumOfDifferences,
  pavgb: each("u8", average),
  pavgw: each("u16", average),
  pminub: each("u8", Math.min),
  pmaxub: each("u8", Math.max),
  pminsw: each("i16", Math.min),
  pmaxsw: each("i16", Math.max),
  pcmpeqb: each("i8", equal),
  pcmpeqw: each("i16", equal),
  pcmpeqd: each("i32", equal),
  pcmpgtb: each("i8", greater),
  pcmpgtw: each("i16", greater),
  pcmpgtd: each("i32", greater),
  psignb: each("i8", sign),
  psignw: each("i16", sign),
  psignd: each("i32", sign),
  pabsb: each("i8", (_a, b) => Math.abs(b)),
  pabsw: each("i16", (_a, b) => Math.abs(b)),
  pabsd: each("i32", (_a, b) => Math.abs(b)),
  pand: and,
  andps: and,
  andpd: and,
  pandn: andNot,
  andnps: andNot,
  andnpd: andNot,
  por: or,
  orps: or,
  orpd: or,
  pxor: xor,
  xorps: xor,
  xorpd: xor,
  psllw: shift("u16", left, "zero"),
  pslld: shift("i32", left, "zero"),
  psllq: shift64((value, by) => value << by),
  psrlw: shift("u16", right, "zero"),
  psrld: shift("u32", right, "zero"),
  psrlq: shift64((value, by) => value >> by),
  psraw: shift("i16", rightSigned, "sign"),
  psrad: shift("i32", rightSigned, "sign"),
  pslldq: shiftBytes(1),
  psrldq: shiftBytes(-1),
  packsswb: pack("i16", "i8", toI8),
  packssdw: pack("i32", "i16", toI16),
  packuswb: pack("i16", "u8", toU8),
  punpcklbw: unpack(1, false),
  punpcklwd: unpack(2, false),
  punpckldq: unpack(4, false),
  punpcklqdq: unpack(8, false),
  punpckhbw: unpack(1, true),
  punpckhwd: unpack(2, true),
  punpckhdq: unpack(4, true),
  punpckhqdq: unpack(8, true),
  unpcklps: unpack(4, false),
  unpckhps: unpack(4, true),
  unpcklpd: unpack(8, false),
  unpckhpd: unpack(8, true),
  phaddw: horizontal("i16", plus),
  phaddd: horizontal("i32", (a, b) => (a + b) | 0),
  phaddsw: horizontal("i16", (a, b) => toI16(a + b)),
  phsubw: horizontal("i16", minus),
  phsubd: horizontal("i32", (a, b) => (a - b) | 0),
  phsubsw: horizontal("i16", (a, b) => toI16(a - b)),
  pshufb: shuffleBytes,
  pshufw: shuffle("u16", 0),
  pshuflw: shuffle("u16", 0),
  pshufhw: shuffle("u16", 4),
  pshufd: shuffle("u32", 0),
  palignr: alignRight,
  pinsrw: insertWord,
  pextrw: extractWord,
  pmovmskb: moveMask,
  maskmovq: maskedMove,
  maskmovdqu: maskedMove,
  emms: leaveMultimedia,
} satisfies Readonly<Partial<Record<VectorSemantic, Builder>>>;
