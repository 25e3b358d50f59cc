/** Floating point of SSE, SSE2 and SSE3 (SDM volume 1, 10.4, 11.4.1 and 12.3; each in SDM 2). */

import type { VectorSemantic } from "../../../src/isa/semantics.ts";
import { CF, PF, setArithmeticFlags, ZF } from "../flags.ts";
import type { Order } from "../fpu/arithmetic.ts";
import type { Builder } from "../instruction.ts";
import type { Operation, Precision } from "../vector/floats.ts";
import { newLanes } from "../vector/lanes.ts";
import { type Action, onVectors } from "./vector-operands.ts";

/** The four shapes of an instruction: packed or scalar, single or double. */
const SHAPES = {
  ps: { precision: "single", lanes: 4 },
  pd: { precision: "double", lanes: 2 },
  ss: { precision: "single", lanes: 1 },
  sd: { precision: "double", lanes: 1 },
} as const;
type ShapeName = keyof typeof SHAPES;
type Shape = (typeof SHAPES)[ShapeName];

const computing = (action: Action, fresh = false): Builder => onVectors(action, { floats: true, fresh });

/** One builder for each shape, under the instruction's names. */
function shapes<Name extends string>(
  name: Name,
  make: (shape: Shape) => Builder,
): Record<`${Name}${ShapeName}`, Builder> {
  return Object.fromEntries(
    (Object.keys(SHAPES) as ShapeName[]).map((shape) => [`${name}${shape}`, make(SHAPES[shape])]),
  ) as Record<`${Name}${ShapeName}`, Builder>;
}

const arithmetic =
  (operation: Operation) =>
  ({ precision, lanes }: Shape): Builder =>
    computing((d, s, _insn, { vectors }) => {
      for (let lane = 0; lane < lanes; lane++) vectors.floats.binary(operation, precision, d, s, lane);
    });

const squareRoot = ({ precision, lanes }: Shape): Builder =>
  computing((d, s, _insn, { vectors }) => {
    for (let lane = 0; lane < lanes; lane++) vectors.floats.squareRoot(precision, d, s, lane);
  });

/** The predicates of CMPPS and its kin, by immediate: which orders they hold for; of the rest, all NaNs are invalid. */
const PREDICATES: readonly { readonly orders: readonly Order[]; readonly quiet: boolean }[] = [
  { orders: ["equal"], quiet: true },
  { orders: ["less"], quiet: false },
  { orders: ["less", "equal"], quiet: false },
  { orders: ["unordered"], quiet: true },
  { orders: ["less", "greater", "unordered"], quiet: true },
  { orders: ["equal", "greater", "unordered"], quiet: false },
  { orders: ["greater", "unordered"], quiet: false },
  { orders: ["less", "equal", "greater"], quiet: true },
];

const comparison = ({ precision, lanes }: Shape): Builder =>
  computing((d, s, insn, { vectors }) => {
    const { orders, quiet } = PREDICATES[insn.immediate & 7]!;
    for (let lane = 0; lane < lanes; lane++) {
      const mask = orders.includes(vectors.floats.order(precision, d, s, lane, quiet)) ? 0xffffffff : 0;
      if (precision === "single") d.u32[lane] = mask;
      else d.u32.fill(mask, 2 * lane, 2 * lane + 2);
    }
  });

const ORDER_FLAGS: Readonly<Record<Order, number>> = { greater: 0, less: CF, equal: ZF, unordered: ZF | PF | CF };

/** COMISS and UCOMISS: a comparison to EFLAGS. */
const compareToFlags = (precision: Precision, quiet: boolean): Builder =>
  onVectors(
    (d, s, _insn, core) => {
      const order = core.vectors.floats.order(precision, d, s, 0, quiet);
      core.vectors.settle();
      setArithmeticFlags(core.s, ORDER_FLAGS[order]);
    },
    { floats: true, readsOnly: true },
  );

/**
 * RCPPS and RSQRTPS: the manual allows a relative error of 1.5 * 2^-12 and says nothing more; here, as in QEMU, it is
 * the number that is nearest. They raise nothing, know no MXCSR, and take denormals for zeros.
 */
function approximation(lanes: 1 | 4, value: (a: number) => number): Builder {
  return onVectors((d, s) => {
    for (let lane = 0; lane < lanes; lane++) {
      const bits = s.i32[lane]!;
      const isNumber = (bits & 0x7fffffff) <= 0x7f800000;
      const isDenormal = (bits & 0x7f800000) === 0;
      if (!isNumber) d.i32[lane] = bits | 0x400000;
      else {
        const a = isDenormal ? (bits < 0 ? -0 : 0) : s.f32[lane]!;
        const result = Math.fround(value(a));
        if (Number.isNaN(result)) d.i32[lane] = 0xffc00000;
        else if (Math.abs(result) < 2 ** -126) d.i32[lane] = bits & 0x80000000;
        else d.f32[lane] = result;
      }
    }
  });
}

const reciprocal = (a: number): number => 1 / a;
const reciprocalRoot = (a: number): number => (a === 0 ? 1 / a : 1 / Math.sqrt(a));

const old = newLanes();

/** SHUFPS: two lanes of the destination, then two of the source. */
const shuffleSingles = onVectors((d, s, insn) => {
  old.u32.set(d.u32);
  for (let i = 0; i < 4; i++) d.u32[i] = (i < 2 ? old : s).u32[(insn.immediate >>> (2 * i)) & 3]!;
});

const shuffleDoubles = onVectors((d, s, insn) => {
  d.u64[0] = d.u64[insn.immediate & 1]!;
  d.u64[1] = s.u64[(insn.immediate >>> 1) & 1]!;
});

/** ADDSUBPS and ADDSUBPD: even lanes are subtracted, odd ones added. */
const addSubtract = ({ precision, lanes }: Shape): Builder =>
  computing((d, s, _insn, { vectors }) => {
    for (let lane = 0; lane < lanes; lane++)
      vectors.floats.binary((lane & 1) === 0 ? "sub" : "add", precision, d, s, lane);
  });

const left = newLanes();
const right = newLanes();

/** HADDPS and its kin: neighbours of the destination, then of the source. */
const horizontal = (operation: Operation, { precision, lanes }: Shape): Builder =>
  computing((d, s, _insn, { vectors }) => {
    for (let lane = 0; lane < lanes; lane++) {
      const from = lane < lanes / 2 ? d : s;
      const first = (2 * lane) % lanes;
      if (precision === "single") {
        left.u32[lane] = from.u32[first]!;
        right.u32[lane] = from.u32[first + 1]!;
      } else {
        left.u64[lane] = from.u64[first]!;
        right.u64[lane] = from.u64[first + 1]!;
      }
    }
    for (let lane = 0; lane < lanes; lane++) vectors.floats.binary(operation, precision, left, right, lane);
    d.u32.set(left.u32);
  });

/** So many lanes to signed dwords; what the destination has beyond them becomes zero. */
const toIntegers = (precision: Precision, lanes: number, truncate: boolean): Builder =>
  computing((d, s, _insn, { vectors }) => {
    for (let lane = 0; lane < lanes; lane++) d.i32[lane] = vectors.floats.toInteger(precision, s, lane, truncate);
  }, true);

/** Signed dwords to so many lanes, from the lowest up; the others stay. */
const fromIntegers = (precision: Precision, lanes: number): Builder =>
  computing((d, s, _insn, { vectors }) => {
    for (let lane = 0; lane < lanes; lane++) vectors.floats.fromInteger(precision, d, lane, s.i32[lane]!);
  });

const convert = (from: Precision, lanes: number, to: Precision, fresh: boolean): Builder =>
  computing((d, s, _insn, { vectors }) => {
    for (let lane = 0; lane < lanes; lane++) vectors.floats.convert(from, s, lane, to, d, lane);
  }, fresh);

export const VECTOR_FLOAT = {
  ...shapes("add", arithmetic("add")),
  ...shapes("sub", arithmetic("sub")),
  ...shapes("mul", arithmetic("mul")),
  ...shapes("div", arithmetic("div")),
  ...shapes("min", arithmetic("min")),
  ...shapes("max", arithmetic("max")),
  ...shapes("sqrt", squareRoot),
  ...shapes("cmp", comparison),
  comiss: compareToFlags("single", false),
  comisd: compareToFlags("double", false),
  ucomiss: compareToFlags("single", true),
  ucomisd: compareToFlags("double", true),
  rcpps: approximation(4, reciprocal),
  rcpss: approximation(1, reciprocal),
  rsqrtps: approximation(4, reciprocalRoot),
  rsqrtss: approximation(1, reciprocalRoot),
  shufps: shuffleSingles,
  shufpd: shuffleDoubles,
  addsubps: addSubtract(SHAPES.ps),
  addsubpd: addSubtract(SHAPES.pd),
  haddps: horizontal("add", SHAPES.ps),
  haddpd: horizontal("add", SHAPES.pd),
  hsubps: horizontal("sub", SHAPES.ps),
  hsubpd: horizontal("sub", SHAPES.pd),
  cvtpi2ps: fromIntegers("single", 2),
  cvtpi2pd: fromIntegers("double", 2),
  cvtsi2ss: fromIntegers("single", 1),
  cvtsi2sd: fromIntegers("double", 1),
  cvtdq2ps: fromIntegers("single", 4),
  cvtdq2pd: fromIntegers("double", 2),
  cvtps2pi: toIntegers("single", 2, false),
  cvttps2pi: toIntegers("single", 2, true),
  cvtpd2pi: toIntegers("double", 2, false),
  cvttpd2pi: toIntegers("double", 2, true),
  cvtss2si: toIntegers("single", 1, false),
  cvttss2si: toIntegers("single", 1, true),
  cvtsd2si: toIntegers("double", 1, false),
  cvttsd2si: toIntegers("double", 1, true),
  cvtps2dq: toIntegers("single", 4, false),
  cvttps2dq: toIntegers("single", 4, true),
  cvtpd2dq: toIntegers("double", 2, false),
  cvttpd2dq: toIntegers("double", 2, true),
  cvtps2pd: convert("single", 2, "double", true),
  cvtpd2ps: convert("double", 2, "single", true),
  cvtss2sd: convert("single", 1, "double", false),
  cvtsd2ss: convert("double", 1, "single", false),
} satisfies Readonly<Partial<Record<VectorSemantic, Builder>>>;
