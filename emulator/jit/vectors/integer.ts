/** Packed integers, shuffles and what else computes a vector from two. */
import type { DecodedInstruction } from "../../cpu/instruction.ts";
import type { Emitter } from "../emitter.ts";
import { WIDE } from "../locals.ts";
import { type Operation, pushOperand, writeOperand } from "../operands.ts";
import { requireReady, requireVectors } from "../ready.ts";
import { OP, SIMD } from "../wasm.ts";
import { accessOperand, enterMultimedia, isMm, isXmm, pushVector, RANGE, storeRegister } from "./common.ts";

/** What a computation works on: both operands on the stack, destination first. */
type Compute = (t: Emitter, insn: DecodedInstruction) => void;

interface Shape {
  /** MM registers too. */
  readonly mm?: boolean;
}

/** An instruction that computes a vector from destination and source. */
export function binary(compute: Compute, { mm = false }: Shape = {}): Operation {
  return (t, insn) => {
    if (!isXmm(insn, 0) && !(mm && isMm(insn, 0))) return null;
    const bytes = isXmm(insn, 0) ? 16 : 8;
    return () => {
      if (bytes === 16) requireVectors(t);
      else requireReady(t);
      accessOperand(t, insn, 1, "read");
      storeRegister(t, insn, () => {
        pushVector(t, insn, 0, bytes);
        pushVector(t, insn, 1, bytes);
        compute(t, insn);
      });
    };
  };
}

export const simple = (opcode: number): Operation => binary(({ c }) => void c.simd(opcode), { mm: true });

/** Destination and source change places on the stack first. */
function exchanged(t: Emitter): void {
  const [a, b] = [t.vector(1), t.vector(2)];
  t.c.set(b).set(a).get(b).get(a);
}

export const swapped = (opcode: number): Operation =>
  binary(
    (t) => {
      exchanged(t);
      t.c.simd(opcode);
    },
    { mm: true },
  );

/** An immediate that is known before the code runs: the choice of bytes is a part of it. */
const isKnown = ({ immediateAt }: DecodedInstruction): boolean => immediateAt === 0;

/** Bytes of destination (0 to 15) and source (16 to 31). */
const arranged =
  (choose: (insn: DecodedInstruction) => readonly number[]): Operation =>
  (t, insn) =>
    isKnown(insn) ? binary(({ c }) => void c.shuffle(choose(insn)))(t, insn) : null;

/** PUNPCK and UNPCK: lanes of both in turn. */
export const unpack = (laneBytes: number, upper: boolean): Operation =>
  arranged(() =>
    RANGE.map((i) => {
      const lane = Math.floor(i / (2 * laneBytes));
      const at = (upper ? 8 : 0) + lane * laneBytes + (i % laneBytes);
      return Math.floor(i / laneBytes) % 2 === 0 ? at : 16 + at;
    }),
  );

/** PSHUFD and its kin: the source's lanes by pairs of bits; `first` and `lanes` bound what is shuffled. */
export const shuffle = (laneBytes: number, first: number): Operation =>
  arranged((insn) =>
    RANGE.map((i) => {
      const lane = Math.floor(i / laneBytes) - first;
      if (lane < 0 || lane > 3) return 16 + i;
      return 16 + (first + ((insn.immediate >>> (2 * lane)) & 3)) * laneBytes + (i % laneBytes);
    }),
  );

export const shuffleSingles = arranged((insn) =>
  RANGE.map((i) => {
    const lane = i >> 2;
    return (lane < 2 ? 0 : 16) + ((insn.immediate >>> (2 * lane)) & 3) * 4 + (i & 3);
  }),
);
export const shuffleDoubles = arranged((insn) =>
  RANGE.map((i) => {
    const lane = i >> 3;
    return 16 * lane + ((insn.immediate >>> lane) & 1) * 8 + (i & 7);
  }),
);

/** PSHUFB: a byte of the source chooses one of the destination, or zero. */
export const shuffleBytes = binary(({ c }) => {
  c.constVector(new Uint8Array(16).fill(0x8f)).simd(SIMD.and).simd(SIMD.swizzle);
});

/** PALIGNR: the source below the destination. Beyond the sixteen bytes of each are zeros. */
export const alignRight = binary((t, insn) => {
  const { c } = t;
  const [a, b, at] = [t.vector(1), t.vector(2), t.vector(0)];
  c.set(b).set(a).constVector(Uint8Array.from(RANGE));
  pushOperand(t, insn, 2);
  c.simd(SIMD.splat_i8).simd(SIMD.add_sat_u_i8).set(at);
  c.get(b).get(at).simd(SIMD.swizzle);
  c.get(a).get(at).constVector(new Uint8Array(16).fill(16)).simd(SIMD.sub_i8).simd(SIMD.swizzle).simd(SIMD.or);
});

/** PMULHW and PMULHUW: the upper halves of the products. */
export const multiplyHigh = (low: number, high: number): Operation =>
  binary((t) => {
    const [a, b] = [t.vector(1), t.vector(2)];
    t.c.set(b).set(a).get(a).get(b).simd(low).get(a).get(b).simd(high);
    t.c.shuffle(RANGE.map((i) => 2 * (i & ~1) + 2 + (i & 1)));
  });

/** PMULUDQ and PMULDQ: the even dwords, made neighbours first. */
export const multiplyDwords = (opcode: number): Operation =>
  binary((t) => {
    const even = RANGE.map((i) => (i < 4 ? i : i < 8 ? i + 4 : 0));
    const [a, b] = [t.vector(1), t.vector(2)];
    t.c.set(b).tee(a).get(a).shuffle(even).get(b).get(b).shuffle(even).simd(opcode);
  });

/** PSLLDQ and PSRLDQ. */
export const shiftBytes =
  (direction: 1 | -1): Operation =>
  (t, insn) => {
    if (!isXmm(insn, 0) || !isKnown(insn)) return null;
    const by = direction * (insn.immediate & 0xff);
    return () => {
      requireVectors(t);
      storeRegister(t, insn, () => {
        pushVector(t, insn, 0, 16);
        t.c.constVector(new Uint8Array(16)).shuffle(RANGE.map((i) => (i - by >= 0 && i - by < 16 ? i - by : 16)));
      });
    };
  };

/** Shifts by an immediate, or by the low quadword of the source; large counts of the latter take the slow path. */
export const shift =
  (opcode: number, bits: number, keepsSign = false): Operation =>
  (t, insn) => {
    if (!isXmm(insn, 0)) return null;
    const isImmediate = insn.form.operands[1]!.field === "immediate";
    const by = insn.immediate & 0xff;
    if (isImmediate && (!isKnown(insn) || (by >= bits && !keepsSign))) return null;
    return () => {
      const { c } = t;
      requireVectors(t);
      accessOperand(t, insn, 1, "read");
      if (!isImmediate) {
        pushVector(t, insn, 1, 16);
        c.simd(SIMD.extract_lane_i64).op(0).set(WIDE);
        c.get(WIDE)
          .const64(bits - 1)
          .op(OP.gt_u64)
          .brIf(t.access.slow);
      }
      storeRegister(t, insn, () => {
        pushVector(t, insn, 0, 16);
        if (isImmediate) c.const(Math.min(by, bits - 1));
        else c.get(WIDE).op(OP.wrap);
        c.simd(opcode);
      });
    };
  };

/** A mask of the lanes' signs in a general register. */
export const mask =
  (opcode: number): Operation =>
  (t, insn) => {
    const isMultimedia = isMm(insn, 1);
    return () => {
      if (isMultimedia) {
        requireReady(t);
        enterMultimedia(t);
      } else requireVectors(t);
      writeOperand(t, insn, 0, () => {
        pushVector(t, insn, 1, 16);
        t.c.simd(opcode);
      });
    };
  };
