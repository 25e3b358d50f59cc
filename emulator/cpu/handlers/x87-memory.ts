/** Memory operands of the x87: each format read and written as a whole, after all checks. */
import type { Core } from "../core.ts";
import { fromInteger } from "../fpu/arithmetic.ts";
import { fromDecimal, fromDouble, fromSingle, toDecimal, toDouble, toSigned, toSingle } from "../fpu/convert.ts";
import { Float80, INDEFINITE } from "../fpu/float80.ts";
import type { FloatContext } from "../fpu/rounding.ts";
import type { DecodedInstruction } from "../instruction.ts";
import { effectiveAddress, operandAddress } from "../operands.ts";

/** How a memory operand is written in the table, and its size. */
export interface MemoryFormat {
  readonly bytes: number;
  /** Reads raw dwords at a linear address; nothing is converted yet, so that only page faults can happen. */
  readonly load: (words: Words) => (context: FloatContext) => Float80;
  /** Converts and returns what to write, or null when an unmasked exception keeps the store back. */
  readonly store: (context: FloatContext, value: Float80) => Uint8Array | null;
}

/** Little-endian access to the bytes of an operand. */
type Words = DataView;

function bytesOf(count: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(count);
  fill(new DataView(bytes.buffer));
  return bytes;
}

function integer(bytes: 2 | 4 | 8): MemoryFormat {
  return {
    bytes,
    load: (words) => {
      const value =
        bytes === 8
          ? words.getBigInt64(0, true)
          : BigInt(bytes === 4 ? words.getInt32(0, true) : words.getInt16(0, true));
      return () => fromInteger(value);
    },
    store: (context, value) => {
      const signed = toSigned(context, value, bytes * 8);
      return bytesOf(bytes, (view) => {
        if (bytes === 8) view.setBigInt64(0, signed, true);
        else if (bytes === 4) view.setInt32(0, Number(signed), true);
        else view.setInt16(0, Number(signed), true);
      });
    },
  };
}

/** By the table's names of operands. */
export const FORMATS: Readonly<Record<string, MemoryFormat>> = {
  m32fp: {
    bytes: 4,
    load: (words) => {
      const bits = words.getInt32(0, true);
      return (context) => fromSingle(context, bits);
    },
    store: (context, value) => {
      const bits = toSingle(context, value);
      return bits === null ? null : bytesOf(4, (view) => view.setInt32(0, bits, true));
    },
  },
  m64fp: {
    bytes: 8,
    load: (words) => {
      const low = words.getInt32(0, true);
      const high = words.getInt32(4, true);
      return (context) => fromDouble(context, high, low);
    },
    store: (context, value) => {
      const parts = toDouble(context, value);
      if (parts === null) return null;
      return bytesOf(8, (view) => {
        view.setInt32(0, parts.low, true);
        view.setInt32(4, parts.high, true);
      });
    },
  },
  m80fp: {
    bytes: 10,
    load: (words) => {
      const value = readFloat80(words, 0);
      return () => value;
    },
    store: (_context, value) => bytesOf(10, (view) => writeFloat80(view, 0, value)),
  },
  m16int: integer(2),
  m32int: integer(4),
  m64int: integer(8),
  m80bcd: {
    bytes: 10,
    load: (words) => {
      const digits = new Uint8Array(words.buffer.slice(words.byteOffset, words.byteOffset + 10));
      return () => fromDecimal(digits);
    },
    store: toDecimal,
  },
};

export function readFloat80(view: DataView, offset: number): Float80 {
  return new Float80(view.getUint16(offset + 8, true), view.getInt32(offset + 4, true), view.getInt32(offset, true));
}

export function writeFloat80(view: DataView, offset: number, value: Float80): void {
  view.setInt32(offset, value.low, true);
  view.setInt32(offset + 4, value.high, true);
  view.setUint16(offset + 8, value.signExponent, true);
}

/** What is stored in place of an empty register. */
export function indefiniteOf(format: MemoryFormat): Uint8Array {
  // Integers and decimals turn any NaN into their indefinite.
  return format.store({ raise: () => undefined } as unknown as FloatContext, INDEFINITE)!;
}

/** Reads all bytes of the memory operand; faults before anything is used. */
export function readBytes(core: Core, insn: DecodedInstruction, count: number): () => DataView {
  const address = operandAddress(core, insn, count, false);
  const { mmu } = core;
  return () => {
    const linear = address();
    const view = new DataView(new ArrayBuffer(count));
    let at = 0;
    for (; at + 4 <= count; at += 4) view.setInt32(at, mmu.read32((linear + at) | 0), true);
    if (at < count) view.setUint16(at, mmu.read16((linear + at) | 0), true);
    return view;
  };
}

/** Checks that the memory operand can be written, and returns what writes it. */
export function prepareWrite(core: Core, insn: DecodedInstruction, count: number): () => (bytes: Uint8Array) => void {
  const address = operandAddress(core, insn, count, true);
  const { mmu } = core;
  return () => {
    const linear = address();
    mmu.probeWrite(linear, count);
    return (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      let at = 0;
      for (; at + 4 <= count; at += 4) mmu.write32((linear + at) | 0, view.getInt32(at, true));
      if (at < count) mmu.write16((linear + at) | 0, view.getUint16(at, true));
    };
  };
}

/** Notes the operand's address for FSTENV. */
export function noteOperand(core: Core, insn: DecodedInstruction): () => void {
  const offset = effectiveAddress(core, insn);
  return () => core.fpu.noteData(offset(), insn.segment);
}
