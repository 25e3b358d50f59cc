/** Data transfer: MOV, exchanges, conversions, address computation, segment registers (SDM volume 1, 7.3.1). */
import type { Handler } from "../block.ts";
import type { Core } from "../core.ts";
import { INVALID_OPCODE, raise } from "../exceptions.ts";
import { arithmeticFlags, CONDITIONS, getZero, setArithmeticFlags, ZF } from "../flags.ts";
import type { Builder, Builders, DecodedInstruction } from "../instruction.ts";
import { CS, DS, EAX, EBX, ECX, EDX, ES, FS, GS, SELECTOR, SS } from "../layout.ts";
import {
  effectiveAddress,
  modify,
  operandAddress,
  operandSize,
  read,
  registerOf,
  write,
  writeRegister,
} from "../operands.ts";

const move: Builder = (core, insn) => {
  const source = read(core, insn, 1);
  const destination = write(core, insn, 0);
  return () => destination(source());
};

function extend(signed: boolean): Builder {
  return (core, insn) => {
    const source = read(core, insn, 1);
    const destination = write(core, insn, 0);
    if (!signed) return () => destination(source());
    const shift = 32 - operandSize(insn, 1);
    return () => destination((source() << shift) >> shift);
  };
}

const exchange: Builder = (core, insn) => {
  // The register is the second operand in the memory form; both orders mean the same.
  const registerOperand = registerOf(insn, 1) >= 0 ? 1 : 0;
  const other = 1 - registerOperand;
  const fromRegister = read(core, insn, registerOperand);
  const toRegister = write(core, insn, registerOperand);
  if (registerOf(insn, other) >= 0) {
    const fromOther = read(core, insn, other);
    const toOther = write(core, insn, other);
    return () => {
      const value = fromRegister();
      toRegister(fromOther());
      toOther(value);
    };
  }
  const { pauseTurn } = core;
  const unusedBits = 32 - insn.size;
  return modify(core, insn, other, (value) => {
    const old = fromRegister();
    toRegister(value);
    // A lock that is taken: others have their turn.
    if (pauseTurn !== null && (value ^ old) << unusedBits === 0) pauseTurn();
    return old;
  });
};

const conditionalMove: Builder = (core, insn) => {
  const { s } = core;
  const holds = CONDITIONS[insn.form.condition]!;
  const source = read(core, insn, 1);
  const destination = write(core, insn, 0);
  return () => {
    // The source is read in either case: its faults do not depend on the condition.
    const value = source();
    if (holds(s)) destination(value);
  };
};

const setOnCondition: Builder = (core, insn) => {
  const { s } = core;
  const holds = CONDITIONS[insn.form.condition]!;
  const destination = write(core, insn, 0);
  return () => destination(holds(s) ? 1 : 0);
};

/** Loads a segment register; what follows was decoded for the old mode, so the block ends when the mode changes. */
export function loadSegment(core: Core, segment: number, selector: number): void {
  const mode = core.state.modeKey;
  core.segments.load(segment, selector);
  if (core.state.modeKey !== mode) core.leaveBlock();
}

const moveToSegment: Builder = (core, insn) => {
  const segment = insn.reg;
  if (segment === CS || segment > GS) return raise(INVALID_OPCODE);
  const source = read(core, insn, 1);
  return () => {
    loadSegment(core, segment, source() & 0xffff);
    if (segment === SS) core.shadow(true);
  };
};

/** MOV from a segment register: 16 bits to memory, zero-extended to a register of 32 bits. */
const moveFromSegment: Builder = (core, insn) => {
  const { s } = core;
  if (insn.reg > GS) return raise(INVALID_OPCODE);
  const destination = write(core, insn, 0);
  return () => destination(s[SELECTOR + insn.reg]!);
};

/** LDS, LES, LFS, LGS, LSS. */
function loadFar(segment: number): Builder {
  return (core, insn) => {
    const bytes = insn.size >>> 3;
    const offset = readAt(core, insn, insn.size, 0);
    const selector = readAt(core, insn, 16, bytes);
    const destination = writeRegister(core, insn.reg, insn.size);
    return () => {
      const value = offset();
      loadSegment(core, segment, selector());
      destination(value);
    };
  };
}

/** Reads `sizeBits` at `delta` bytes after the memory operand's address. */
export function readAt(core: Core, insn: DecodedInstruction, sizeBits: number, delta: number): () => number {
  const { mmu } = core;
  const address = operandAddress(core, insn, sizeBits >>> 3, false, delta);
  return sizeBits === 32 ? () => mmu.read32(address()) : () => mmu.read16(address());
}

/** XLAT: AL = [(E)BX + AL]. */
const translate: Builder = (core, insn) => {
  const { s, r8, mmu, segments } = core;
  const mask = insn.address32 ? -1 : 0xffff;
  return () => {
    r8[0] = mmu.read8(segments.readAddress(insn.segment, (s[EBX]! + r8[0]!) & mask, 1));
  };
};

/** BSWAP; of a 16-bit register the P6 makes 0. */
const byteSwap: Builder = (core, insn) => {
  const { s, r16 } = core;
  const n = insn.reg;
  if (insn.size === 16) return () => void (r16[2 * n] = 0);
  return () => {
    const v = s[n]!;
    s[n] = (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
  };
};

const compareExchange8: Builder = (core, insn) => {
  const { s, mmu } = core;
  if (!insn.isMemory) return raise(INVALID_OPCODE);
  const address = operandAddress(core, insn, 8, true);
  return () => {
    const linear = address();
    mmu.probeWrite(linear, 8);
    const low = mmu.read32(linear);
    const high = mmu.read32((linear + 4) | 0);
    const equal = low === s[EAX] && high === s[EDX];
    mmu.write32(linear, equal ? s[EBX]! : low);
    mmu.write32((linear + 4) | 0, equal ? s[ECX]! : high);
    if (!equal) {
      s[EAX] = low;
      s[EDX] = high;
    }
    if (equal !== getZero(s)) setArithmeticFlags(s, arithmeticFlags(s) ^ ZF);
  };
};

const loadAddress: Builder = (core, insn) => {
  const address = effectiveAddress(core, insn);
  const destination = write(core, insn, 0);
  return () => destination(address());
};

/** CBW and CWDE. */
const extendAccumulator: Builder = ({ s, r8, r16 }, { size }): Handler =>
  size === 32 ? () => void (s[EAX] = (r16[0]! << 16) >> 16) : () => void (r16[0] = (r8[0]! << 24) >> 24);

/** CWD and CDQ. */
const extendToPair: Builder = ({ s, r16 }, { size }): Handler =>
  size === 32 ? () => void (s[EDX] = s[EAX]! >> 31) : () => void (r16[2 * EDX] = (r16[0]! << 16) >> 31);

export const MOVE = {
  mov: move,
  movzx: extend(false),
  movsx: extend(true),
  xchg: exchange,
  cmovcc: conditionalMove,
  setcc: setOnCondition,
  mov_to_sreg: moveToSegment,
  mov_from_sreg: moveFromSegment,
  lds: loadFar(DS),
  les: loadFar(ES),
  lfs: loadFar(FS),
  lgs: loadFar(GS),
  lss: loadFar(SS),
  lea: loadAddress,
  xlat: translate,
  bswap: byteSwap,
  cmpxchg8b: compareExchange8,
  cbw: extendAccumulator,
  cwd: extendToPair,
  nop: (core, insn) => (insn.form.mnemonic32 === "pause" && core.pauseTurn) || (() => undefined),
} satisfies Builders;
