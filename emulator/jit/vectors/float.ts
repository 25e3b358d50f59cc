/**
 * Floating point of SSE, as far as the host's arithmetic gives the processor's result and nothing has to be noted of it
 * (cpu/vector/floats.ts). All else takes the slow path.
 */
import { CF, ZF } from "../../cpu/flags.ts";
import type { DecodedInstruction } from "../../cpu/instruction.ts";
import { VECTOR_HOST } from "../../cpu/layout.ts";
import { registerOf } from "../../cpu/operands.ts";
import { setArithmeticOfImage } from "../flags.ts";
import { T2, WIDE } from "../locals.ts";
import { pushOperand, type RegionOperation, writeOperand } from "../operands.ts";
import { requireVectors } from "../ready.ts";
import type { RegionEmitter } from "../region-emitter.ts";
import { type Code, OP, SIMD } from "../wasm.ts";
import { accessOperand, pushVector, pushXmm, RANGE } from "./common.ts";

/** Where sign, exponent and significand of a precision lie, and its instructions. */
const PRECISIONS = {
  single: {
    bytes: 4,
    fractionBits: 23,
    exponents: 0xff,
    lanes: { abs: SIMD.abs_f32, gt: SIMD.gt_f32, le: SIMD.le_f32, eq: SIMD.eq_f32, allTrue: SIMD.all_true_i32 },
  },
  double: {
    bytes: 8,
    fractionBits: 52,
    exponents: 0x7ff,
    lanes: { abs: SIMD.abs_f64, gt: SIMD.gt_f64, le: SIMD.le_f64, eq: SIMD.eq_f64, allTrue: SIMD.all_true_i64 },
  },
} as const;
type Precision = keyof typeof PRECISIONS;

function splat(precision: Precision, value: number): Uint8Array {
  return new Uint8Array(
    precision === "single" ? new Float32Array(4).fill(value).buffer : new Float64Array(2).fill(value).buffer,
  );
}
const ZEROS = new Uint8Array(16);
/** Ordinary numbers are larger than this and at most that. */
const SMALLEST = { single: splat("single", 2 ** -126), double: splat("double", 2 ** -1022) } as const;
const LARGEST = {
  single: splat("single", 3.4028234663852886e38),
  double: splat("double", Number.MAX_VALUE),
} as const;

/** Pushes which lanes of a local are ordinary numbers. */
function pushOrdinary(c: Code, precision: Precision, local: number): void {
  const { abs, gt, le } = PRECISIONS[precision].lanes;
  c.get(local).simd(abs).constVector(SMALLEST[precision]).simd(gt);
  c.get(local).simd(abs).constVector(LARGEST[precision]).simd(le).simd(SIMD.and);
}

function pushZero(c: Code, precision: Precision, local: number): void {
  c.get(local).constVector(ZEROS).simd(PRECISIONS[precision].lanes.eq);
}

/** Takes the slow path unless all lanes of both locals are ordinary numbers, or zero where that may be. */
function requirePlain(t: RegionEmitter, precision: Precision, a: number, b: number, divisor: boolean): void {
  const { c } = t;
  pushOrdinary(c, precision, a);
  pushZero(c, precision, a);
  c.simd(SIMD.or);
  pushOrdinary(c, precision, b);
  if (!divisor) {
    pushZero(c, precision, b);
    c.simd(SIMD.or);
  }
  c.simd(SIMD.and).simd(PRECISIONS[precision].lanes.allTrue).op(OP.eqz).brIf(t.access.slow);
}

function requireHost({ c, access }: RegionEmitter): void {
  c.const(0).load(4, VECTOR_HOST).op(OP.eqz).brIf(access.slow);
}

type Kind = "sum" | "product" | "quotient";

/**
 * Loads both operands into locals. Of a scalar the lanes above are ones, with which every operation is harmless.
 */
function loadFloats(
  t: RegionEmitter,
  insn: DecodedInstruction,
  precision: Precision,
  isScalar: boolean,
): [number, number] {
  const { c } = t;
  const [a, b] = [t.vector(1), t.vector(2)];
  const { bytes } = PRECISIONS[precision];
  const keep = RANGE.map((i) => (i < bytes ? i : 16 + i));
  accessOperand(t, insn, 1, "read");
  for (const [k, local] of [
    [0, a],
    [1, b],
  ] as const) {
    pushVector(t, insn, k, isScalar ? bytes : 16);
    if (isScalar) c.constVector(splat(precision, 1)).shuffle(keep);
    c.set(local);
  }
  return [a, b];
}

/** Writes the lowest lane, or all, of a local to the destination. */
function storeFloats(
  t: RegionEmitter,
  insn: DecodedInstruction,
  precision: Precision,
  isScalar: boolean,
  local: number,
): void {
  const { c } = t;
  const to = pushXmm(t, registerOf(insn, 0));
  c.get(local);
  if (!isScalar) c.storeVector(to);
  else if (precision === "single") c.simd(SIMD.extract_lane_i32).op(0).store(4, to);
  else c.simd(SIMD.extract_lane_i64).op(0).store64(to);
}

export const arithmetic =
  (opcode: number, precision: Precision, isScalar: boolean, kind: Kind): RegionOperation =>
  (t, insn) =>
  () => {
    const { c } = t;
    const result = t.vector(0);
    requireVectors(t);
    requireHost(t);
    const [a, b] = loadFloats(t, insn, precision, isScalar);
    requirePlain(t, precision, a, b, kind === "quotient");
    c.get(a).get(b).simd(opcode).set(result);
    pushOrdinary(c, precision, result);
    // A result of zero is exact where an operand is zero, and in sums.
    if (kind === "sum") pushZero(c, precision, result);
    else {
      pushZero(c, precision, a);
      pushZero(c, precision, b);
      c.simd(SIMD.or);
    }
    c.simd(SIMD.or).simd(PRECISIONS[precision].lanes.allTrue).op(OP.eqz).brIf(t.access.slow);
    storeFloats(t, insn, precision, isScalar, result);
  };

/** MIN and MAX: the second operand unless the first is really smaller or larger. */
export const extremum =
  (opcode: number, precision: Precision, isScalar: boolean): RegionOperation =>
  (t, insn) =>
  () => {
    requireVectors(t);
    const [a, b] = loadFloats(t, insn, precision, isScalar);
    requirePlain(t, precision, a, b, false);
    t.c.get(b).get(a).simd(opcode).set(t.vector(0));
    storeFloats(t, insn, precision, isScalar, t.vector(0));
  };

/** COMISS and UCOMISS between numbers. */
export const compareToFlags =
  (precision: Precision): RegionOperation =>
  (t, insn) =>
  () => {
    const { c } = t;
    const { lanes } = PRECISIONS[precision];
    const less = precision === "single" ? SIMD.lt_f32 : SIMD.lt_f64;
    requireVectors(t);
    const [a, b] = loadFloats(t, insn, precision, true);
    requirePlain(t, precision, a, b, false);
    const push = (opcode: number, flag: number): void =>
      void c.get(a).get(b).simd(opcode).simd(SIMD.extract_lane_i32).op(0).const(flag).op(OP.and);
    push(less, CF);
    push(lanes.eq, ZF);
    c.op(OP.or).set(T2);
    setArithmeticOfImage(t);
  };

/** CVTSI2SD: always exact. */
export const integerToDouble: RegionOperation = (t, insn) => () => {
  const { c } = t;
  requireVectors(t);
  if (insn.isMemory) accessOperand(t, insn, 1, "read");
  const to = pushXmm(t, insn.reg);
  if (insn.isMemory) t.access.load(4);
  else pushOperand(t, insn, 1);
  c.op(OP.convert_s_f64).op(OP.reinterpret_i64_f64).store64(to);
};

/** CVTTSD2SI of a number that fits. */
export const truncateDouble: RegionOperation = (t, insn) => () => {
  const { c } = t;
  requireVectors(t);
  requireHost(t);
  accessOperand(t, insn, 1, "read");
  if (insn.isMemory) {
    t.access.pushHost();
    c.load64(0);
  } else c.load64(pushXmm(t, registerOf(insn, 1)));
  c.set(WIDE);
  // Of zero or between 2^-1022 and 2^31: the exponent less one is below that of 2^31.
  c.get(WIDE).const64(52).op(OP.shr_u64).op(OP.wrap).const(0x7ff).op(OP.and).const(1).op(OP.sub);
  c.const(0x3fe + 31).op(OP.ge_u);
  c.get(WIDE).const64(1).op(OP.shl64).op(OP.eqz64).op(OP.eqz).op(OP.and).brIf(t.access.slow);
  writeOperand(t, insn, 0, () => c.get(WIDE).op(OP.reinterpret_f64_i64).truncateToI32());
};
