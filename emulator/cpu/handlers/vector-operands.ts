/**
 * Operands of MMX and SSE: copied into lanes, worked on, and written back as a whole, after everything that can fault.
 */
import type { Handler } from "../block.ts";
import type { Core } from "../core.ts";
import { GENERAL_PROTECTION, raise } from "../exceptions.ts";
import type { Builder, DecodedInstruction } from "../instruction.ts";
import { operandAddress, operandSize, read, registerOf } from "../operands.ts";
import type { Lanes } from "../vector/lanes.ts";

type Transfer = (lanes: Lanes) => void;

/** Moves that take 16 bytes at any address; all others want a multiple of 16 (SDM volume 1, 11.3). */
const UNALIGNED = new Set("movups movupd movdqu lddqu pcmpestrm pcmpestri pcmpistrm pcmpistri".split(" "));

export function isUnaligned(insn: DecodedInstruction): boolean {
  return UNALIGNED.has(insn.form.semantic);
}

function isVector(insn: DecodedInstruction, k: number): boolean {
  const { register } = insn.form.operands[k]!;
  return (register === "mm" || register === "xmm") && registerOf(insn, k) >= 0;
}

function names(insn: DecodedInstruction, register: "mm" | "xmm"): boolean {
  return insn.form.operands.some((_, k) => isVector(insn, k) && insn.form.operands[k]!.register === register);
}

/** Size of an operand that is no vector register. LDDQU's, of which no size is shown, has 16 bytes. */
function operandBytes(insn: DecodedInstruction, k: number): number {
  return operandSize(insn, k) >>> 3 || 16;
}

/** Linear address of the operand, aligned as the instruction wants it. */
function address(core: Core, insn: DecodedInstruction, bytes: number, write: boolean): () => number {
  const plain = operandAddress(core, insn, bytes, write);
  if (bytes < 16 || isUnaligned(insn)) return plain;
  return () => {
    const linear = plain();
    if ((linear & 15) !== 0) raise(GENERAL_PROTECTION, 0);
    return linear;
  };
}

/** Reads operand `k` into lanes. What lies beyond its size stays as it is. */
function loadVector(core: Core, insn: DecodedInstruction, k: number): Transfer {
  const { mmu, fpu, vectors } = core;
  const register = registerOf(insn, k);
  if (isVector(insn, k)) {
    if (insn.form.operands[k]!.register === "mm") return (lanes) => fpu.readMultimedia(register, lanes.i32);
    const from = vectors.xmm[register]!;
    return (lanes) => lanes.u32.set(from.u32);
  }
  const bytes = operandBytes(insn, k);
  if (register >= 0 || bytes < 4) {
    const value = read(core, insn, k);
    return (lanes) => {
      lanes.i32[0] = value();
    };
  }
  const at = address(core, insn, bytes, false);
  return (lanes) => {
    const linear = at();
    for (let i = 0; i < bytes >>> 2; i++) lanes.i32[i] = mmu.read32((linear + 4 * i) | 0);
  };
}

/** Writes lanes to operand `k`, as many bytes as it has. */
function storeVector(core: Core, insn: DecodedInstruction, k: number): Transfer {
  const { mmu, fpu, vectors, s } = core;
  const register = registerOf(insn, k);
  if (isVector(insn, k)) {
    if (insn.form.operands[k]!.register === "mm") return (lanes) => fpu.writeMultimedia(register, lanes.i32);
    const to = vectors.xmm[register]!;
    return (lanes) => to.u32.set(lanes.u32);
  }
  if (register >= 0) {
    return (lanes) => {
      s[register] = lanes.i32[0]!;
    };
  }
  const bytes = operandBytes(insn, k);
  const at = address(core, insn, bytes, true);
  if (bytes === 1) return (lanes) => mmu.write8(at(), lanes.u8[0]!);
  if (bytes === 2) return (lanes) => mmu.write16(at(), lanes.u16[0]!);
  return (lanes) => {
    const linear = at();
    mmu.probeWrite(linear, bytes);
    for (let i = 0; i < bytes >>> 2; i++) mmu.write32((linear + 4 * i) | 0, lanes.i32[i]!);
  };
}

/** What comes before the instruction, by the registers that it names. */
function prologue(core: Core, insn: DecodedInstruction): Handler {
  const { vectors } = core;
  const hasXmm = names(insn, "xmm");
  const hasMm = names(insn, "mm");
  if (hasMm && hasXmm) {
    return () => {
      vectors.checkAvailable();
      vectors.checkMultimedia();
    };
  }
  return hasMm ? () => vectors.checkMultimedia() : () => vectors.checkAvailable();
}

/** Changes the destination's lanes by the source's. */
export type Action = (d: Lanes, s: Lanes, insn: DecodedInstruction, core: Core) => void;

export interface VectorOptions {
  /** It computes with floating point: what that raises is settled before anything is written. */
  readonly floats?: boolean;
  /** What the destination held does not matter: it starts as zeros. */
  readonly fresh?: boolean;
  /** Nothing is written: it only compares. */
  readonly readsOnly?: boolean;
}

/** An instruction that changes its first operand by its second one. */
export function onVectors(action: Action, options: VectorOptions = {}): Builder {
  return (core, insn) => {
    const { vectors, fpu } = core;
    const { destination: d, source: s } = vectors;
    const prepare = prologue(core, insn);
    const loadSource = loadVector(core, insn, 1);
    // What is written to memory is never read there before.
    const loadDestination = options.fresh || !isVector(insn, 0) ? clear : loadVector(core, insn, 0);
    const store = options.readsOnly ? null : storeVector(core, insn, 0);
    const entersMultimedia = names(insn, "mm");
    const floats = options.floats ?? false;
    return () => {
      prepare();
      s.u32.fill(0);
      loadSource(s);
      loadDestination(d);
      if (entersMultimedia) fpu.enterMultimedia();
      if (floats) vectors.start();
      action(d, s, insn, core);
      if (floats) vectors.settle();
      store?.(d);
    };
  };
}

function clear(lanes: Lanes): void {
  lanes.u32.fill(0);
}
