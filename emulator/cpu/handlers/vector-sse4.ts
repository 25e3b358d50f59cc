/** SSE4.1 and the comparison of SSE4.2 (SDM volume 1, 12.10 and 12.11; each in SDM 2). */

import type { VectorSemantic } from "../../../src/isa/semantics.ts";
import { CF, setArithmeticFlags, ZF } from "../flags.ts";
import type { Builder } from "../instruction.ts";
import type { Precision } from "../vector/floats.ts";
import { type Lanes, newLanes } from "../vector/lanes.ts";
import { each, each64, pack, toU16 } from "./vector-integer.ts";
import { whole } from "./vector-move.ts";
import { onVectors } from "./vector-operands.ts";

type Narrow = "u8" | "i8" | "u16" | "i16" | "u32" | "i32";

/** PMOVSX and PMOVZX: the lowest lanes, each to the width of a wider one. */
function widen(from: Narrow, to: "i16" | "i32"): Builder {
  return onVectors(
    (d, s) => {
      const lanes = d[to];
      for (let i = 0; i < lanes.length; i++) lanes[i] = s[from][i]!;
    },
    { fresh: true },
  );
}

function widenToQuadwords(from: Narrow): Builder {
  return onVectors(
    (d, s) => {
      for (let i = 0; i < 2; i++) d.u64[i] = BigInt.asUintN(64, BigInt(s[from][i]!));
    },
    { fresh: true },
  );
}

/** Takes lanes of the source that `isChosen` says. */
function blend(
  view: "u8" | "u16" | "u32" | "u64",
  isChosen: (lane: number, mask: Lanes, immediate: number) => boolean,
) {
  return onVectors((d, s, { immediate }, { vectors }) => {
    const mask = vectors.xmm[0]!;
    for (let i = 0; i < 16 / d[view].BYTES_PER_ELEMENT; i++) if (isChosen(i, mask, immediate)) d[view][i] = s[view][i]!;
  });
}

const isBitSet = (lane: number, _mask: Lanes, immediate: number): boolean => ((immediate >>> lane) & 1) !== 0;

/** PTEST: ZF where no bit is in both, CF where the source has none beyond the destination's. */
const test = onVectors(
  (d, s, _insn, core) => {
    let both = 0;
    let beyond = 0;
    for (let i = 0; i < 4; i++) {
      both |= d.i32[i]! & s.i32[i]!;
      beyond |= ~d.i32[i]! & s.i32[i]!;
    }
    setArithmeticFlags(core.s, (both === 0 ? ZF : 0) | (beyond === 0 ? CF : 0));
  },
  { readsOnly: true },
);

/** PHMINPOSUW: the smallest word, and where it is first. */
const smallestWord = onVectors(
  (d, s) => {
    let at = 0;
    for (let i = 1; i < 8; i++) if (s.u16[i]! < s.u16[at]!) at = i;
    d.u16[0] = s.u16[at]!;
    d.u16[1] = at;
  },
  { fresh: true },
);

const old = newLanes();

/** MPSADBW: eight sums of four differences, each a byte further in the destination. */
const sumsOfDifferences = onVectors((d, s, { immediate }) => {
  old.u32.set(d.u32);
  const from = immediate & 4;
  const block = 4 * (immediate & 3);
  for (let i = 0; i < 8; i++) {
    let sum = 0;
    for (let j = 0; j < 4; j++) sum += Math.abs(old.u8[from + i + j]! - s.u8[block + j]!);
    d.u16[i] = sum;
  }
});

const multiplySigned = onVectors((d, s) => {
  for (let i = 0; i < 2; i++) d.u64[i] = BigInt.asUintN(64, BigInt(d.i32[2 * i]!) * BigInt(s.i32[2 * i]!));
});

/**
 * ROUNDPS and its kin: bits 0-1 of the immediate are the rounding unless bit 2 leaves it to MXCSR; bit 3 hides that.
 */
function round(precision: Precision, lanes: number): Builder {
  return onVectors(
    (d, s, { immediate }, { vectors }) => {
      const mode = (immediate & 4) !== 0 ? -1 : immediate & 3;
      for (let lane = 0; lane < lanes; lane++)
        vectors.floats.roundToInteger(precision, d, s, lane, mode, (immediate & 8) !== 0);
    },
    { floats: true },
  );
}

const product = newLanes();
const sum = newLanes();

/** DPPS and DPPD: products where the upper bits of the immediate say so, and their sum where the lower ones do. */
function dotProduct(precision: Precision, lanes: 2 | 4): Builder {
  return onVectors(
    (d, s, { immediate }, { vectors }) => {
      const { floats } = vectors;
      product.u32.set(d.u32);
      for (let lane = 0; lane < lanes; lane++) {
        if (((immediate >>> (4 + lane)) & 1) !== 0) floats.binary("mul", precision, product, s, lane);
        else clearLane(precision, product, lane);
      }
      // What a step raises is settled before the next one.
      for (let step = lanes / 2; step >= 1; step /= 2) {
        vectors.settle();
        vectors.start();
        for (let lane = 0; lane < step; lane++) {
          moveLane(precision, sum, lane, product, 2 * lane + 1);
          moveLane(precision, product, lane, product, 2 * lane);
          floats.binary("add", precision, product, sum, lane);
        }
      }
      for (let lane = 0; lane < lanes; lane++) {
        if (((immediate >>> lane) & 1) !== 0) moveLane(precision, d, lane, product, 0);
        else clearLane(precision, d, lane);
      }
    },
    { floats: true },
  );
}

function clearLane(precision: Precision, lanes: Lanes, lane: number): void {
  if (precision === "single") lanes.u32[lane] = 0;
  else lanes.u64[lane] = 0n;
}

function moveLane(precision: Precision, to: Lanes, toLane: number, from: Lanes, fromLane: number): void {
  if (precision === "single") to.u32[toLane] = from.u32[fromLane]!;
  else to.u64[toLane] = from.u64[fromLane]!;
}

/** PEXTRB, PEXTRD, EXTRACTPS: one lane to a register or to memory. */
function extract(view: "u8" | "u32"): Builder {
  return onVectors(
    (d, s, { immediate }) => {
      d.u32[0] = s[view][immediate & (s[view].length - 1)]!;
    },
    { fresh: true },
  );
}

function insert(view: "u8" | "u32"): Builder {
  return onVectors((d, s, { immediate }) => {
    d[view][immediate & (d[view].length - 1)] = s[view][0]!;
  });
}

/** INSERTPS: bits 6-7 of the immediate say which lane of a register, 4-5 where to, 0-3 what becomes zero. */
const insertSingle = onVectors((d, s, { immediate, isMemory }) => {
  d.u32[(immediate >>> 4) & 3] = s.u32[isMemory ? 0 : (immediate >>> 6) & 3]!;
  for (let i = 0; i < 4; i++) if (((immediate >>> i) & 1) !== 0) d.u32[i] = 0;
});

const all = (condition: boolean): bigint => (condition ? 0xffffffffffffffffn : 0n);

export const VECTOR_SSE4 = {
  pmovsxbw: widen("i8", "i16"),
  pmovsxbd: widen("i8", "i32"),
  pmovsxbq: widenToQuadwords("i8"),
  pmovsxwd: widen("i16", "i32"),
  pmovsxwq: widenToQuadwords("i16"),
  pmovsxdq: widenToQuadwords("i32"),
  pmovzxbw: widen("u8", "i16"),
  pmovzxbd: widen("u8", "i32"),
  pmovzxbq: widenToQuadwords("u8"),
  pmovzxwd: widen("u16", "i32"),
  pmovzxwq: widenToQuadwords("u16"),
  pmovzxdq: widenToQuadwords("u32"),
  pblendvb: blend("u8", (lane, mask) => mask.i8[lane]! < 0),
  blendvps: blend("u32", (lane, mask) => mask.i32[lane]! < 0),
  blendvpd: blend("u64", (lane, mask) => mask.i32[2 * lane + 1]! < 0),
  pblendw: blend("u16", isBitSet),
  blendps: blend("u32", isBitSet),
  blendpd: blend("u64", isBitSet),
  movntdqa: whole,
  ptest: test,
  pmuldq: multiplySigned,
  pmulld: each("i32", Math.imul),
  pcmpeqq: each64((a, b) => all(a === b)),
  pcmpgtq: each64((a, b) => all(BigInt.asIntN(64, a) > BigInt.asIntN(64, b))),
  packusdw: pack("i32", "u16", toU16),
  pminsb: each("i8", Math.min),
  pminsd: each("i32", Math.min),
  pminuw: each("u16", Math.min),
  pminud: each("u32", Math.min),
  pmaxsb: each("i8", Math.max),
  pmaxsd: each("i32", Math.max),
  pmaxuw: each("u16", Math.max),
  pmaxud: each("u32", Math.max),
  phminposuw: smallestWord,
  mpsadbw: sumsOfDifferences,
  roundps: round("single", 4),
  roundpd: round("double", 2),
  roundss: round("single", 1),
  roundsd: round("double", 1),
  dpps: dotProduct("single", 4),
  dppd: dotProduct("double", 2),
  pextrb: extract("u8"),
  pextrd: extract("u32"),
  extractps: extract("u32"),
  pinsrb: insert("u8"),
  pinsrd: insert("u32"),
  insertps: insertSingle,
} satisfies Readonly<Partial<Record<VectorSemantic, Builder>>>;
