/**
 * String instructions (SDM volume 1, 7.3.9). A repeated one retires one tick for each iteration and can stop between
 * any two: for the end of the run, an interrupt, a fault. MOVS and STOS handle runs of plain memory at once, INS what a
 * device has ready.
 */
import type { AccessBytes } from "../../bus/bus.ts";
import type { Handler } from "../block.ts";
import type { Core } from "../core.ts";
import { DF, getZero, sub8, sub16, sub32 } from "../flags.ts";
import type { Builder, Builders, DecodedInstruction } from "../instruction.ts";
import { ECX, EDI, EDX, EFLAGS, ES, ESI } from "../layout.ts";
import { accumulator } from "../operands.ts";

type Bits = 8 | 16 | 32;

/** What the instruction's address size makes of ESI, EDI and ECX. */
interface Counters {
  readonly get: (register: number) => number;
  readonly set: (register: number, value: number) => void;
  /** The highest address: the next one is 0 again, whatever a segment's limit is. */
  readonly last: number;
}

function counters(core: Core, insn: DecodedInstruction): Counters {
  const { s, r16 } = core;
  if (insn.address32) {
    return {
      get: (register) => s[register]!,
      set: (register, value) => {
        s[register] = value;
      },
      last: 0xffffffff,
    };
  }
  return {
    get: (register) => r16[2 * register]!,
    set: (register, value) => {
      r16[2 * register] = value;
    },
    last: 0xffff,
  };
}

/** Memory access at a size, through a segment with its checks. */
function elementAccess(core: Core, bits: Bits) {
  const { mmu, segments } = core;
  const bytes = bits >>> 3;
  return {
    read(segment: number, offset: number): number {
      const linear = segments.readAddress(segment, offset, bytes);
      return bits === 32 ? mmu.read32(linear) : bits === 16 ? mmu.read16(linear) : mmu.read8(linear);
    },
    write(segment: number, offset: number, value: number): void {
      const linear = segments.writeAddress(segment, offset, bytes);
      if (bits === 32) mmu.write32(linear, value);
      else if (bits === 16) mmu.write16(linear, value);
      else mmu.write8(linear, value);
    },
    /** Raises what writing would raise. */
    probe(segment: number, offset: number): void {
      mmu.probeWrite(segments.writeAddress(segment, offset, bytes), bytes);
    },
  };
}

/** Does up to `limit` iterations at once and returns how many it did; 0 leaves it to the single step. */
type Bulk = (limit: number) => number;

/**
 * Wraps one iteration into the repeat prefix. `untilZero`: null for plain REP; for CMPS and SCAS the value of ZF that
 * ends the repetition.
 */
function repeat(
  core: Core,
  insn: DecodedInstruction,
  step: Handler,
  untilZero: boolean | null,
  bulk: Bulk | null,
): Handler {
  if (insn.repeat === 0) return step;
  const { s } = core;
  const { get, set } = counters(core, insn);
  return () => {
    let count = get(ECX) >>> 0;
    if (count === 0) return;
    for (;;) {
      let done = 0;
      if (bulk !== null && count > 1 && !core.stepping) done = bulk(Math.min(count, core.remaining - core.index));
      if (done === 0) {
        step();
        done = 1;
      }
      count -= done;
      set(ECX, count);
      // The last iteration is counted by the run loop, when the instruction as a whole retires or is left.
      core.remaining -= done - 1;
      if (count === 0 || (untilZero !== null && getZero(s) === untilZero)) return;
      if (core.end === 0 || core.stepping || core.remaining - core.index <= 1) {
        core.repeating = true;
        core.goto(insn.eip);
        return;
      }
      core.remaining--;
    }
  };
}

/** REPE stops at ZF = 0, REPNE at ZF = 1. */
const endingZero = (insn: DecodedInstruction): boolean => insn.repeat === 0xf2;

function sourceSegment(insn: DecodedInstruction): number {
  return insn.override >= 0 ? insn.override : 3;
}

/** What runs through devices carry: a page at the most. */
const carried = new Uint8Array(4096);

const toPageEnd = (linear: number): number => 4096 - (linear & 0xfff);

/**
 * MOVS where at one end or both a device answers that is like memory, as the text of a display: a run of at most
 * `lengthBytes` within a page of each. Returns the bytes moved, 0 when each access has to be made by itself.
 */
function moveByDevice(core: Core, source: number, target: number, lengthBytes: number, sizeBytes: AccessBytes): number {
  const { mmu, memory, bus } = core;
  let bytes = Math.min(lengthBytes, toPageEnd(source), toPageEnd(target));
  const plainSource = mmu.readRun(source, bytes);
  const plainTarget = mmu.writeRun(target, bytes);
  if (plainSource > 0) bytes = Math.min(bytes, plainSource);
  if (plainTarget > 0) bytes = Math.min(bytes, plainTarget);
  bytes -= bytes % sizeBytes;
  if (bytes < 2 * sizeBytes || (plainSource > 0 && plainTarget > 0)) return 0;
  let run: Uint8Array;
  let from = -1;
  if (plainSource > 0) {
    const offset = mmu.offsetOf(source, false);
    run = memory.bytes.subarray(offset, offset + bytes);
  } else {
    from = mmu.deviceAddress(source, false);
    run = carried.subarray(0, bytes);
    if (from < 0 || !bus.readMmioRun?.(from, sizeBytes, run)) return 0;
  }
  if (plainTarget > 0) {
    const offset = mmu.offsetOf(target, true);
    memory.bytes.set(run, offset);
    if (mmu.mayHoldCode(target)) memory.noteWrite(offset, bytes);
  } else {
    const to = mmu.deviceAddress(target, true);
    // What is written first is read again further up.
    const isPattern = from >= 0 && to > from && to < from + bytes;
    if (to < 0 || isPattern || !bus.writeMmioRun?.(to, sizeBytes, run)) return 0;
  }
  core.leaveBlock();
  return bytes;
}

/** STOS where a device answers that is like memory, within a page. Returns the bytes stored. */
function storeByDevice(core: Core, target: number, count: number, sizeBytes: AccessBytes, value: number): number {
  const { mmu, bus } = core;
  const n = Math.min(count, Math.floor(toPageEnd(target) / sizeBytes));
  if (n < 2 || mmu.writeRun(target, 1) > 0) return 0;
  const to = mmu.deviceAddress(target, true);
  if (to < 0) return 0;
  const run = carried.subarray(0, n * sizeBytes);
  for (let i = 0; i < run.length; i++) run[i] = value >>> (8 * (i % sizeBytes));
  if (!bus.writeMmioRun?.(to, sizeBytes, run)) return 0;
  core.leaveBlock();
  return n * sizeBytes;
}

/** Below this a loop is faster than a call of the host's copy. */
const SHORT_COPY_BYTES = 48;

/**
 * Copies upwards to a target just above the source, element by element as the processor does: what lies between the two
 * repeats.
 */
function repeatPattern(memory: Uint8Array, source: number, distance: number, length: number): void {
  for (let done = 0; done < length; ) {
    // What was copied so far, with the pattern before it, is a longer pattern.
    const piece = Math.min(distance + done, length - done);
    memory.copyWithin(source + distance + done, source, source + piece);
    done += piece;
  }
}

const move: Builder = (core, insn) => {
  const { s, mmu, memory, segments, state } = core;
  const bits = insn.size;
  const bytes = (bits >>> 3) as AccessBytes;
  const { get, set, last } = counters(core, insn);
  const element = elementAccess(core, bits);
  const segment = sourceSegment(insn);
  const step = (): void => {
    const from = get(ESI);
    const to = get(EDI);
    element.write(ES, to, element.read(segment, from));
    const delta = (s[EFLAGS]! & DF) !== 0 ? -bytes : bytes;
    set(ESI, from + delta);
    set(EDI, to + delta);
  };
  const bulk = (limit: number): number => {
    if ((s[EFLAGS]! & DF) !== 0) return 0;
    const from = get(ESI) >>> 0;
    const to = get(EDI) >>> 0;
    const source = segments.readAddress(segment, from, bytes);
    const target = segments.writeAddress(ES, to, bytes);
    const allowed = Math.min(
      limit * bytes,
      Math.min(state.readLimit[segment]!, last) - from + 1,
      Math.min(state.writeLimit[ES]!, last) - to + 1,
    );
    const room = Math.min(allowed, mmu.readRun(source, limit * bytes), mmu.writeRun(target, limit * bytes));
    const n = Math.floor(room / bytes);
    if (n < 2) {
      const moved = moveByDevice(core, source, target, allowed, bytes);
      set(ESI, from + moved);
      set(EDI, to + moved);
      return moved / bytes;
    }
    const length = n * bytes;
    const sourceOffset = mmu.offsetOf(source, false);
    const targetOffset = mmu.offsetOf(target, true);
    const distance = targetOffset - sourceOffset;
    const isPattern = distance > 0 && distance < length;
    if (isPattern && distance % bytes !== 0) return 0;
    if (length <= SHORT_COPY_BYTES) {
      const all = memory.bytes;
      for (let i = 0; i < length; i++) all[targetOffset + i] = all[sourceOffset + i]!;
    } else if (isPattern) {
      repeatPattern(memory.bytes, sourceOffset, distance, length);
    } else memory.bytes.copyWithin(targetOffset, sourceOffset, sourceOffset + length);
    if (mmu.mayHoldCode(target)) memory.noteWrite(targetOffset, length);
    set(ESI, from + length);
    set(EDI, to + length);
    return n;
  };
  return repeat(core, insn, step, null, bulk);
};

const store: Builder = (core, insn) => {
  const { s, mmu, memory, segments, state } = core;
  const bits = insn.size;
  const bytes = (bits >>> 3) as AccessBytes;
  const { get, set, last } = counters(core, insn);
  const element = elementAccess(core, bits);
  const value = accumulator(core, bits).get;
  const step = (): void => {
    const to = get(EDI);
    element.write(ES, to, value());
    set(EDI, to + ((s[EFLAGS]! & DF) !== 0 ? -bytes : bytes));
  };
  const bulk = (limit: number): number => {
    if ((s[EFLAGS]! & DF) !== 0) return 0;
    const to = get(EDI) >>> 0;
    const target = segments.writeAddress(ES, to, bytes);
    const allowed = Math.min(limit, Math.floor((Math.min(state.writeLimit[ES]!, last) - to + 1) / bytes));
    const n = Math.min(allowed, Math.floor(mmu.writeRun(target, limit * bytes) / bytes));
    if (n < 2) {
      const stored = storeByDevice(core, target, allowed, bytes, value());
      set(EDI, to + stored);
      return stored / bytes;
    }
    const offset = mmu.offsetOf(target, true);
    memory.fill(offset, n, bytes, value());
    if (mmu.mayHoldCode(target)) memory.noteWrite(offset, n * bytes);
    set(EDI, to + n * bytes);
    return n;
  };
  return repeat(core, insn, step, null, bulk);
};

const load: Builder = (core, insn) => {
  const { s } = core;
  const bits = insn.size;
  const bytes = bits >>> 3;
  const { get, set } = counters(core, insn);
  const element = elementAccess(core, bits);
  const toAccumulator = accumulator(core, bits).set;
  const segment = sourceSegment(insn);
  const step = (): void => {
    const from = get(ESI);
    toAccumulator(element.read(segment, from));
    set(ESI, from + ((s[EFLAGS]! & DF) !== 0 ? -bytes : bytes));
  };
  return repeat(core, insn, step, null, null);
};

const compareOf = { 8: sub8, 16: sub16, 32: sub32 } as const;

const compare: Builder = (core, insn) => {
  const { s } = core;
  const bits = insn.size;
  const bytes = bits >>> 3;
  const { get, set } = counters(core, insn);
  const element = elementAccess(core, bits);
  const segment = sourceSegment(insn);
  const sub = compareOf[bits];
  const step = (): void => {
    const from = get(ESI);
    const to = get(EDI);
    const left = element.read(segment, from);
    sub(s, left, element.read(ES, to));
    const delta = (s[EFLAGS]! & DF) !== 0 ? -bytes : bytes;
    set(ESI, from + delta);
    set(EDI, to + delta);
  };
  return repeat(core, insn, step, endingZero(insn), null);
};

const scan: Builder = (core, insn) => {
  const { s } = core;
  const bits = insn.size;
  const bytes = bits >>> 3;
  const { get, set } = counters(core, insn);
  const element = elementAccess(core, bits);
  const sub = compareOf[bits];
  const value = accumulator(core, bits).get;
  const step = (): void => {
    const to = get(EDI);
    sub(s, value(), element.read(ES, to));
    set(EDI, to + ((s[EFLAGS]! & DF) !== 0 ? -bytes : bytes));
  };
  return repeat(core, insn, step, endingZero(insn), null);
};

/** INS. The target is probed before the port is read: a fault must not lose what the device gave. */
const input: Builder = (core, insn) => {
  const { s, r16, mmu, memory, segments, state } = core;
  const bits = insn.size;
  const bytes = (bits >>> 3) as AccessBytes;
  const { get, set, last } = counters(core, insn);
  const element = elementAccess(core, bits);
  const step = (): void => {
    const port = r16[2 * EDX]!;
    core.io.check(port, bytes);
    const to = get(EDI);
    element.probe(ES, to);
    element.write(ES, to, core.readPort(port, bytes));
    set(EDI, to + ((s[EFLAGS]! & DF) !== 0 ? -bytes : bytes));
  };
  const bulk = (limit: number): number => {
    if ((s[EFLAGS]! & DF) !== 0 || core.debug.portArmed) return 0;
    const port = r16[2 * EDX]!;
    core.io.check(port, bytes);
    const to = get(EDI) >>> 0;
    const target = segments.writeAddress(ES, to, bytes);
    const n = Math.min(
      limit,
      Math.floor(Math.min(mmu.writeRun(target, limit * bytes), Math.min(state.writeLimit[ES]!, last) - to + 1) / bytes),
    );
    if (n < 2) return 0;
    const offset = mmu.offsetOf(target, true);
    const length = core.bus.readPortRun?.(port, bytes, memory.bytes.subarray(offset, offset + n * bytes)) ?? 0;
    if (length === 0) return 0;
    if (mmu.mayHoldCode(target)) memory.noteWrite(offset, length);
    set(EDI, to + length);
    return length / bytes;
  };
  return repeat(core, insn, step, null, bulk);
};

const output: Builder = (core, insn) => {
  const { s, r16 } = core;
  const bits = insn.size;
  const bytes = (bits >>> 3) as AccessBytes;
  const { get, set } = counters(core, insn);
  const element = elementAccess(core, bits);
  const segment = sourceSegment(insn);
  const step = (): void => {
    const port = r16[2 * EDX]!;
    core.io.check(port, bytes);
    const from = get(ESI);
    core.writePort(port, bytes, element.read(segment, from));
    set(ESI, from + ((s[EFLAGS]! & DF) !== 0 ? -bytes : bytes));
  };
  return repeat(core, insn, step, null, null);
};

export const STRINGS = {
  movs: move,
  stos: store,
  lods: load,
  cmps: compare,
  scas: scan,
  ins: input,
  outs: output,
} satisfies Builders;
