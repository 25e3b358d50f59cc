/** Single bits and bit scans (SDM volume 1, 7.3.7). */
import { logic16, logic32, setArithmeticFlags, setCarry, ZF } from "../flags.ts";
import type { Builder, Builders } from "../instruction.ts";
import type { Reader } from "../operands.ts";
import { effectiveAddress, isFlat, modify, operandSize, read, registerOf, write } from "../operands.ts";

/** What happens to the tested bit; `mask` has only that bit. Null: nothing is written. */
type Change = ((value: number, mask: number) => number) | null;

/**
 * BT and its kin. With the number in a register and the operand in memory, the number reaches beyond the operand: the
 * bit is in the word at offset + size * floor(number / bits). Only CF changes, as on the P6.
 */
function bitTest(change: Change): Builder {
  return (core, insn) => {
    const { s, mmu, segments } = core;
    const bits = insn.size as 16 | 32;
    const number = read(core, insn, 1);
    const inMemory = registerOf(insn, 0) < 0;
    if (!inMemory || insn.form.operands[1]!.field === "immediate") {
      if (change === null) {
        const value = read(core, insn, 0);
        return () => setCarry(s, ((value() >>> (number() & (bits - 1))) & 1) !== 0);
      }
      return modify(core, insn, 0, (value) => {
        const at = number() & (bits - 1);
        setCarry(s, ((value >>> at) & 1) !== 0);
        return change(value, 1 << at);
      });
    }
    const effective = effectiveAddress(core, insn);
    const flat = isFlat(insn);
    const mask = insn.address32 ? -1 : 0xffff;
    const bytes = bits >>> 3;
    const address: Reader = () => {
      const signed = bits === 16 ? (number() << 16) >> 16 : number();
      const offset = (effective() + (bits === 16 ? (signed >> 4) * 2 : (signed >> 5) * 4)) & mask;
      if (flat) return offset;
      return change === null
        ? segments.readAddress(insn.segment, offset, bytes)
        : segments.writeAddress(insn.segment, offset, bytes);
    };
    return () => {
      const linear = address();
      const at = number() & (bits - 1);
      if (change !== null) mmu.probeWrite(linear, bytes);
      const value = bits === 16 ? mmu.read16(linear) : mmu.read32(linear);
      if (change !== null) {
        if (bits === 16) mmu.write16(linear, change(value, 1 << at));
        else mmu.write32(linear, change(value, 1 << at));
      }
      setCarry(s, ((value >>> at) & 1) !== 0);
    };
  };
}

/** BSF and BSR. A source of 0 sets ZF and leaves the destination; the other flags follow the source. */
function bitScan(find: (value: number) => number): Builder {
  return (core, insn) => {
    const { s } = core;
    const source = read(core, insn, 1);
    const destination = write(core, insn, 0);
    const flags = insn.size === 16 ? logic16 : logic32;
    return () => {
      const value = source();
      flags(s, value);
      if (value !== 0) destination(find(value));
    };
  };
}

/** POPCNT: ZF says that there are none, the other flags become 0. */
const countOnes: Builder = (core, insn) => {
  const { s } = core;
  const source = read(core, insn, 1);
  const destination = write(core, insn, 0);
  return () => {
    let ones = 0;
    for (let rest = source(); rest !== 0; rest &= rest - 1) ones++;
    setArithmeticFlags(s, ones === 0 ? ZF : 0);
    destination(ones);
  };
};

/** CRC-32C, with the lowest bit first. */
const CASTAGNOLI = 0x82f63b78;

/** CRC32: takes the source into a sum, without the inversions that protocols make around it. */
const sumUp: Builder = (core, insn) => {
  const source = read(core, insn, 1);
  const sum = read(core, insn, 0);
  const destination = write(core, insn, 0);
  const bits = operandSize(insn, 1);
  return () => {
    let rest = sum() ^ (bits === 32 ? source() : source() & ((1 << bits) - 1));
    for (let bit = 0; bit < bits; bit++) rest = (rest >>> 1) ^ ((rest & 1) !== 0 ? CASTAGNOLI : 0);
    destination(rest | 0);
  };
};

export const BITS = {
  bt: bitTest(null),
  bts: bitTest((value, mask) => value | mask),
  btr: bitTest((value, mask) => value & ~mask),
  btc: bitTest((value, mask) => value ^ mask),
  bsf: bitScan((value) => 31 - Math.clz32(value & -value)),
  bsr: bitScan((value) => 31 - Math.clz32(value)),
  popcnt: countOnes,
  crc32: sumUp,
} satisfies Builders;
