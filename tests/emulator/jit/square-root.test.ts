/**
 * The square root of compiled code, which is found by a double's and one step of Newton's, beside the interpreter's,
 * which computes with numbers of any length: numbers whose roots lie next to the edges of rounding, and random ones.
 */
import { expect, test } from "vitest";
import { squareRoot } from "../../../emulator/cpu/fpu/arithmetic.ts";
import { Float80 } from "../../../emulator/cpu/fpu/float80.ts";
import { C1, FPU_CONTROL, FPU_EMPTY, FPU_STATUS } from "../../../emulator/cpu/fpu/fpu.ts";
import { FloatContext, PRECISION } from "../../../emulator/cpu/fpu/rounding.ts";
import { FPU_BYTES } from "../../../emulator/cpu/layout.ts";
import { x87Unit } from "../../../emulator/jit/x87/unit.ts";
import { Random } from "../../../emulator/state/random.ts";
import { casesOf } from "../../setup/tier.ts";

const BIAS = 16383;
const TOP = 1n << 63n;
const MOST = (1n << 64n) - 1n;
const PRECISIONS: readonly (readonly [bits: number, field: number])[] = [
  [24, 0],
  [53, 2],
  [64, 3],
];

const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
const view = new DataView(memory.buffer);
const x87 = x87Unit({ m: { m: memory } });
const squareRootOfTop = (): number => (x87["squareRoot"] as (place: number, other: number) => number)(0, 0);

/** Significands next to squares, to what a root of 63 and 64 bits begins and ends with, and others. */
function significands(random: Random, count: number): bigint[] {
  const word = (): bigint => (BigInt(random.u32()) << 32n) | BigInt(random.u32());
  // The roots of TOP + 2 s are next to 2^63 + s, from below.
  const nearTop = Array.from({ length: 64 }, (_, s) => TOP + BigInt(s));
  const edges = [
    ...nearTop,
    ...nearTop,
    ...nearTop,
    MOST,
    MOST - 1n,
    MOST - 4096n,
    MOST - 8192n,
    MOST - 8193n,
    TOP + (TOP >> 1n),
  ];
  for (let k = 0; k < count; k++) {
    const root = (word() | TOP) >> BigInt(random.below(33));
    let square = root * root;
    while (square > MOST) square >>= 1n;
    while (square < TOP) square <<= 1n;
    edges.push(word() | TOP, square, square | 1n, square === TOP ? square : square - 1n);
  }
  return edges.filter((one) => one >= TOP && one <= MOST);
}

const cases = casesOf("emulator/jit/square-root");

test(`the compiled square root is the interpreter's, in all precisions and roundings: ${cases.title}`, () => {
  const random = new Random(cases.firstSeed);
  let refused = 0;
  const values = significands(random, cases.count);
  for (const significand of values) {
    const exponent = BIAS + random.below(400) - 200;
    const rounding = random.below(4);
    const [bits, field] = PRECISIONS[random.below(3)]!;
    view.setBigUint64(FPU_BYTES, significand, true);
    view.setUint32(FPU_BYTES + 8, exponent, true);
    view.setUint32(FPU_CONTROL, 0x7f | (field << 8) | (rounding << 10), true);
    view.setUint32(FPU_STATUS, C1, true);
    view.setUint32(FPU_EMPTY, 0xfe, true);
    if (squareRootOfTop() !== 0) {
      refused++;
      continue;
    }
    const context = new FloatContext();
    context.rounding = rounding;
    context.precision = bits;
    const high = Number(significand >> 32n) | 0;
    const root = squareRoot(context, new Float80(exponent, high, Number(significand & 0xffffffffn) | 0));
    const status = view.getUint32(FPU_STATUS, true);
    expect({
      significand,
      head: view.getUint32(FPU_BYTES + 8, true),
      root: view.getBigUint64(FPU_BYTES, true),
      inexact: (status & PRECISION) !== 0,
      up: (status & C1) !== 0,
    }).toEqual({
      significand,
      head: root.signExponent,
      root: (BigInt(root.high >>> 0) << 32n) | BigInt(root.low >>> 0),
      inexact: (context.raised & PRECISION) !== 0,
      up: context.roundedUp,
    });
  }
  // Those that lie within 2^13 of the end.
  expect(refused).toBeLessThan(8);
});
