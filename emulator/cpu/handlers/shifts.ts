/** Shifts and rotations (SDM volume 1, 7.3.4 and 7.3.6; SDM 2 SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD). */
import { getCarry, setCarryOverflow, setResult } from "../flags.ts";
import type { Builder, Builders } from "../instruction.ts";
import { modify, operandSize, read } from "../operands.ts";

/**
 * `count` is masked to 5 bits and not 0; `value` is zero-extended below 32 bits; the result may have bits above the
 * size.
 */
type Shift = (s: Int32Array, value: number, count: number, bits: number) => number;

const signExtend = (value: number, bits: number): number => (value << (32 - bits)) >> (32 - bits);
const bit = (value: number, number: number): boolean => ((value >>> number) & 1) !== 0;

const shl: Shift = (s, value, count, bits) => {
  const result = signExtend(value << count, bits);
  const carry = count <= bits && bit(value, bits - count);
  setResult(s, result, carry, carry !== result < 0);
  return result;
};

/** Undefined OF of counts above 1: the sign that the last step shifted out of its place, as the P6 leaves it. */
const shr: Shift = (s, value, count, bits) => {
  const before = value >>> (count - 1);
  const result = before >>> 1;
  setResult(s, signExtend(result, bits), bit(before, 0), bit(before, bits - 1));
  return result;
};

const sar: Shift = (s, value, count, bits) => {
  const before = signExtend(value, bits) >> (count - 1);
  const result = before >> 1;
  setResult(s, result, bit(before, 0), false);
  return result;
};

const rol: Shift = (s, value, count, bits) => {
  const steps = count % bits;
  const result = steps === 0 ? value : (value << steps) | (value >>> (bits - steps));
  const carry = bit(result, 0);
  setCarryOverflow(s, carry, carry !== bit(result, bits - 1));
  return result;
};

const ror: Shift = (s, value, count, bits) => {
  const steps = count % bits;
  const result = steps === 0 ? value : (value >>> steps) | (value << (bits - steps));
  setCarryOverflow(s, bit(result, bits - 1), bit(result, bits - 1) !== bit(result, bits - 2));
  return result;
};

/** Through the carry: a rotation of `bits` + 1 bits, done bit by bit because 33 bits fit no integer of the host. */
const rcl: Shift = (s, value, count, bits) => {
  const steps = bits === 32 ? count : count % (bits + 1);
  if (steps === 0) return value;
  let carry = getCarry(s);
  let result = value;
  for (let i = 0; i < steps; i++) {
    const out = bit(result, bits - 1);
    result = (result << 1) | (carry ? 1 : 0);
    carry = out;
  }
  setCarryOverflow(s, carry, carry !== bit(result, bits - 1));
  return result;
};

const rcr: Shift = (s, value, count, bits) => {
  const steps = bits === 32 ? count : count % (bits + 1);
  if (steps === 0) return value;
  let carry = getCarry(s);
  let result = value;
  for (let i = 0; i < steps; i++) {
    const out = bit(result, 0);
    result = ((result >>> 1) | (carry ? 2 ** (bits - 1) : 0)) >>> 0;
    carry = out;
  }
  setCarryOverflow(s, carry, bit(result, bits - 1) !== bit(result, bits - 2));
  return result;
};

function shift(operation: Shift): Builder {
  return (core, insn) => {
    const { s } = core;
    const bits = operandSize(insn, 0);
    const count = read(core, insn, 1);
    return modify(core, insn, 0, (value) => {
      const steps = count() & 31;
      return steps === 0 ? value : operation(s, value, steps, bits);
    });
  };
}

/** SHLD and SHRD. A 16-bit shift by more than 16 takes its bits from the destination again, as the P6 does. */
function doubleShift(left: boolean): Builder {
  return (core, insn) => {
    const { s } = core;
    const bits = insn.size;
    const source = read(core, insn, 1);
    const count = read(core, insn, 2);
    return modify(core, insn, 0, (value) => {
      const steps = count() & 31;
      if (steps === 0) return value;
      let before: number;
      let result: number;
      if (bits === 32) {
        const other = source();
        before = left
          ? steps === 1
            ? value
            : (value << (steps - 1)) | (other >>> (33 - steps))
          : steps === 1
            ? value
            : (value >>> (steps - 1)) | (other << (33 - steps));
        result = left ? (value << steps) | (other >>> (32 - steps)) : (value >>> steps) | (other << (32 - steps));
      } else {
        // 48 bits as a double: destination, source, destination again.
        const other = source();
        const step = (n: number): number => {
          const wide = left ? (value * 65536 + other) * 65536 + value : (value * 65536 + other) * 65536 + value;
          return left ? Math.floor(wide / 2 ** (32 - n)) % 65536 : Math.floor(wide / 2 ** n) % 65536;
        };
        before = step(steps - 1);
        result = step(steps);
      }
      const signed = signExtend(result, bits);
      const carry = left ? bit(before, bits - 1) : bit(before, 0);
      setResult(s, signed, carry, bit(before, bits - 1) !== signed < 0);
      return signed;
    });
  };
}

export const SHIFTS = {
  shl: shift(shl),
  shr: shift(shr),
  sar: shift(sar),
  rol: shift(rol),
  ror: shift(ror),
  rcl: shift(rcl),
  rcr: shift(rcr),
  shld: doubleShift(true),
  shrd: doubleShift(false),
} satisfies Builders;
