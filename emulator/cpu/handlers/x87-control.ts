/** Control of the x87: control and status word, environment, whole state (SDM volume 1, 8.1.8-8.1.11). */

import type { Core } from "../core.ts";
import { DEVICE_NOT_AVAILABLE, raise } from "../exceptions.ts";
import type { Float80 } from "../fpu/float80.ts";
import type { Fpu } from "../fpu/fpu.ts";
import type { Builder, Builders, DecodedInstruction } from "../instruction.ts";
import { CR0 } from "../layout.ts";
import { read, write } from "../operands.ts";
import { CR0_MP, CR0_TS } from "../state.ts";
import { prepareWrite, readBytes, readFloat80, writeFloat80 } from "./x87-memory.ts";

const REGISTER_BYTES = 10;
const ALL_MASKED = 0x3f;
const EXCEPTION_BITS = 0x80ff;

/** Size of the environment: seven words or dwords. */
const environmentBytes = (insn: DecodedInstruction): number => (insn.size === 32 ? 28 : 14);

/**
 * Whether the pointers are stored as selectors and offsets; in real and virtual-8086 mode they are linear addresses.
 */
const usesSelectors = (core: Core): boolean => core.state.protectedMode && !core.state.virtual8086;

/** Writes the environment in the format of the mode and operand size (SDM volume 1, figures 8-9 to 8-12). */
function packEnvironment(core: Core, insn: DecodedInstruction, view: DataView): void {
  const { fpu } = core;
  const { instructionOffset, instructionSelector, dataOffset, dataSelector, opcode } = fpu.pointers;
  const words = [fpu.control, fpu.status, fpu.tagWord];
  if (insn.size === 32) {
    words.forEach((word, i) => view.setInt32(4 * i, word | 0xffff0000, true));
    const linear = (selector: number, offset: number): number => (selector * 16 + offset) | 0;
    if (usesSelectors(core)) {
      view.setInt32(12, instructionOffset, true);
      view.setInt32(16, instructionSelector | (opcode << 16), true);
      view.setInt32(20, dataOffset, true);
      view.setInt32(24, dataSelector | 0xffff0000, true);
    } else {
      const instruction = linear(instructionSelector, instructionOffset);
      const data = linear(dataSelector, dataOffset);
      view.setInt32(12, (instruction & 0xffff) | 0xffff0000, true);
      view.setInt32(16, ((instruction >>> 16) << 12) | opcode, true);
      view.setInt32(20, (data & 0xffff) | 0xffff0000, true);
      view.setInt32(24, (data >>> 16) << 12, true);
    }
    return;
  }
  words.forEach((word, i) => view.setUint16(2 * i, word, true));
  if (usesSelectors(core)) {
    [instructionOffset, instructionSelector, dataOffset, dataSelector].forEach((word, i) =>
      view.setUint16(6 + 2 * i, word, true),
    );
  } else {
    const instruction = instructionSelector * 16 + instructionOffset;
    const data = dataSelector * 16 + dataOffset;
    view.setUint16(6, instruction, true);
    view.setUint16(8, ((instruction >>> 16) << 12) | opcode, true);
    view.setUint16(10, data, true);
    view.setUint16(12, (data >>> 16) << 12, true);
  }
}

function unpackEnvironment(core: Core, insn: DecodedInstruction, view: DataView): void {
  const { fpu } = core;
  const wide = insn.size === 32;
  const word = (i: number): number => view.getUint16(wide ? 4 * i : 2 * i, true);
  const whole = (i: number): number => (wide ? view.getInt32(4 * i, true) : word(i));
  if (usesSelectors(core)) {
    fpu.pointers = {
      instructionOffset: whole(3),
      instructionSelector: word(4),
      opcode: wide ? view.getUint16(18, true) : 0,
      dataOffset: whole(5),
      dataSelector: word(6),
    };
  } else {
    const upper = (i: number): number => (wide ? (whole(i) >>> 12) & 0xffff : word(i) >>> 12) << 16;
    fpu.pointers = {
      instructionOffset: word(3) | upper(4),
      instructionSelector: 0,
      opcode: word(4) & 0x7ff,
      dataOffset: word(5) | upper(6),
      dataSelector: 0,
    };
  }
  fpu.tagWord = word(2);
  fpu.status = word(1);
  fpu.control = word(0);
}

const storeEnvironment: Builder = (core, insn) => {
  const bytes = environmentBytes(insn);
  const prepare = prepareWrite(core, insn, bytes);
  return () => {
    core.fpu.checkAvailable();
    const commit = prepare();
    const image = new Uint8Array(bytes);
    packEnvironment(core, insn, new DataView(image.buffer));
    commit(image);
    core.fpu.control |= ALL_MASKED;
  };
};

const loadEnvironment: Builder = (core, insn) => {
  const load = readBytes(core, insn, environmentBytes(insn));
  return () => {
    core.fpu.check();
    unpackEnvironment(core, insn, load());
  };
};

const save: Builder = (core, insn) => {
  const environment = environmentBytes(insn);
  const bytes = environment + 8 * REGISTER_BYTES;
  const prepare = prepareWrite(core, insn, bytes);
  return () => {
    const { fpu } = core;
    fpu.checkAvailable();
    const commit = prepare();
    const image = new Uint8Array(bytes);
    const view = new DataView(image.buffer);
    packEnvironment(core, insn, view);
    for (let i = 0; i < 8; i++) writeFloat80(view, environment + i * REGISTER_BYTES, fpu.get(i));
    commit(image);
    fpu.initialise();
  };
};

const restore: Builder = (core, insn) => {
  const environment = environmentBytes(insn);
  const load = readBytes(core, insn, environment + 8 * REGISTER_BYTES);
  return () => {
    const { fpu } = core;
    fpu.check();
    const view = load();
    unpackEnvironment(core, insn, view);
    for (let i = 0; i < 8; i++) setContents(fpu, i, readFloat80(view, environment + i * REGISTER_BYTES));
  };
};

/** Sets a register without touching its tag. */
function setContents(fpu: Fpu, index: number, value: Float80): void {
  fpu.setPhysical((fpu.top + index) & 7, value);
}

/** FWAIT is the one instruction that CR0.MP subjects to CR0.TS. */
const wait: Builder = (core) => () => {
  if ((core.s[CR0]! & (CR0_MP | CR0_TS)) === (CR0_MP | CR0_TS)) raise(DEVICE_NOT_AVAILABLE);
  core.fpu.checkPending();
};

/** Without waiting for pending exceptions. */
function atOnce(action: (fpu: Fpu) => void): Builder {
  return ({ fpu }) =>
    () => {
      fpu.checkAvailable();
      action(fpu);
    };
}

function storeControlWord(value: (fpu: Fpu) => number): Builder {
  return (core, insn) => {
    const destination = write(core, insn, 0);
    return () => {
      core.fpu.checkAvailable();
      destination(value(core.fpu));
    };
  };
}

export const X87_CONTROL = {
  fninit: atOnce((fpu) => fpu.initialise()),
  fnclex: atOnce((fpu) => {
    fpu.status &= ~EXCEPTION_BITS;
  }),
  fldcw: (core, insn) => {
    const source = read(core, insn, 0);
    return () => {
      core.fpu.check();
      core.fpu.control = source();
    };
  },
  fnstcw: storeControlWord((fpu) => fpu.control),
  fnstsw: storeControlWord((fpu) => fpu.status),
  fnstenv: storeEnvironment,
  fldenv: loadEnvironment,
  fnsave: save,
  frstor: restore,
  fwait: wait,
  // Of the 8087 and 80287 only: later units ignore them.
  fneni: atOnce(() => undefined),
  fndisi: atOnce(() => undefined),
  fnsetpm: atOnce(() => undefined),
} satisfies Builders;
