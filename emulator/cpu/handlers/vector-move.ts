/** Moves and control of MMX and SSE (SDM volume 1, 9.4.2, 10.4.1, 10.4.6, 11.4.1 and 12.4; each in SDM 2). */

import type { LaterSemantic, VectorSemantic } from "../../../src/isa/semantics.ts";
import type { Builder } from "../instruction.ts";
import { operandAddress, read, write } from "../operands.ts";
import { onVectors } from "./vector-operands.ts";

/** The whole operand; what a register has beyond it becomes zero. */
export const whole = onVectors((d, s) => d.u32.set(s.u32), { fresh: true });
/** The low quadword; the rest of a register becomes zero. */
const quadword = onVectors(
  (d, s) => {
    d.u64[0] = s.u64[0]!;
  },
  { fresh: true },
);

/** MOVSS and MOVSD: from memory the rest of the register becomes zero, from a register it stays. */
function scalar(dwords: 1 | 2): Builder {
  return onVectors((d, s, insn) => {
    if (insn.isMemory) d.u32.fill(0);
    for (let i = 0; i < dwords; i++) d.u32[i] = s.u32[i]!;
  });
}

/** One half of the destination from one half of the source. */
function half(to: 0 | 1, from: 0 | 1): Builder {
  return onVectors((d, s) => {
    d.u64[to] = s.u64[from]!;
  });
}

/** MOVHPS and MOVHPD: memory is the upper half of the register. */
const upperHalf = onVectors((d, s, insn) => {
  if (insn.form.operands[0]!.register === "xmm") d.u64[1] = s.u64[0]!;
  else d.u64[0] = s.u64[1]!;
});

/** MOVMSKPS and MOVMSKPD: the signs. */
function signs(lanes: 2 | 4): Builder {
  return onVectors(
    (d, s) => {
      let mask = 0;
      for (let i = 0; i < lanes; i++) mask |= (s.u32[(4 / lanes) * (i + 1) - 1]! >>> 31) << i;
      d.u32[0] = mask;
    },
    { fresh: true },
  );
}

/** MOVSLDUP and MOVSHDUP: every lane, or its neighbour, twice. */
function duplicate(odd: 0 | 1): Builder {
  return onVectors((d, s) => {
    for (let i = 0; i < 4; i++) d.u32[i] = s.u32[(i & 2) + odd]!;
  });
}

const duplicateQuadword = onVectors((d, s) => d.u64.fill(s.u64[0]!));

/** MOVNTI: a store of a general register, in no way different here. */
const storeRegister: Builder = (core, insn) => {
  const value = read(core, insn, 1);
  const to = write(core, insn, 0);
  return () => to(value());
};

/** Hints about caches, and fences: nothing here is cached or out of order. */
const nothing: Builder = () => () => {};

/** CLFLUSH is checked as a load is. */
const flushLine: Builder = (core, insn) => {
  const address = operandAddress(core, insn, 1, false);
  return () => void core.mmu.read8(address());
};

const loadControl: Builder = (core, insn) => {
  const value = read(core, insn, 0);
  return () => {
    core.vectors.checkAvailable();
    core.vectors.loadMxcsr(value());
  };
};

const storeControl: Builder = (core, insn) => {
  const to = write(core, insn, 0);
  return () => {
    core.vectors.checkAvailable();
    to(core.vectors.mxcsr);
  };
};

export const VECTOR_MOVE = {
  movd: whole,
  movq: quadword,
  movaps: whole,
  movapd: whole,
  movups: whole,
  movupd: whole,
  movdqa: whole,
  movdqu: whole,
  lddqu: whole,
  movntps: whole,
  movntpd: whole,
  movntdq: whole,
  movntq: quadword,
  movdq2q: quadword,
  movq2dq: quadword,
  movss: scalar(1),
  movsd: scalar(2),
  movlps: half(0, 0),
  movlpd: half(0, 0),
  movhps: upperHalf,
  movhpd: upperHalf,
  movhlps: half(0, 1),
  movlhps: half(1, 0),
  movmskps: signs(4),
  movmskpd: signs(2),
  movsldup: duplicate(0),
  movshdup: duplicate(1),
  movddup: duplicateQuadword,
  movnti: storeRegister,
  ldmxcsr: loadControl,
  stmxcsr: storeControl,
  clflush: flushLine,
  prefetchnta: nothing,
  prefetcht0: nothing,
  prefetcht1: nothing,
  prefetcht2: nothing,
  lfence: nothing,
  mfence: nothing,
  sfence: nothing,
} satisfies Readonly<Partial<Record<VectorSemantic | LaterSemantic, Builder>>>;
