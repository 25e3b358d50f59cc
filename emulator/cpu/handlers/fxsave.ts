/**
 * FXSAVE and FXRSTOR: the x87 and, where there are any, MXCSR and the XMM registers in 512 bytes (SDM volume 1, 10.5;
 * layout in SDM 2, FXSAVE).
 */
import type { Core } from "../core.ts";
import { GENERAL_PROTECTION, raise } from "../exceptions.ts";
import type { Builder, Builders } from "../instruction.ts";
import { CR4 } from "../layout.ts";
import { operandAddress } from "../operands.ts";
import { CR4_OSFXSR } from "../state.ts";
import { MXCSR_MASK } from "../vector/unit.ts";
import { readFloat80, writeFloat80 } from "./x87-memory.ts";

const AREA_BYTES = 512;
const MXCSR_AT = 24;
const FLOATS_AT = 32;
const VECTORS_AT = 160;
const VECTORS_END = 288;

/** How far the area is used, and whether MXCSR is in it: without CR4.OSFXSR the XMM registers are left alone. */
function extent({ model, s }: Core): { readonly bytes: number; readonly hasControl: boolean } {
  const hasVectors = model.hasVectors && (s[CR4]! & CR4_OSFXSR) !== 0;
  return { bytes: hasVectors ? VECTORS_END : VECTORS_AT, hasControl: model.hasVectors };
}

const save: Builder = (core, insn) => {
  const address = operandAddress(core, insn, AREA_BYTES, true);
  const { mmu, fpu, vectors } = core;
  return () => {
    fpu.checkAvailable();
    const linear = address();
    if ((linear & 15) !== 0) raise(GENERAL_PROTECTION, 0);
    const { bytes, hasControl } = extent(core);
    mmu.probeWrite(linear, bytes);
    const view = new DataView(new ArrayBuffer(AREA_BYTES));
    const { instructionOffset, instructionSelector, dataOffset, dataSelector, opcode } = fpu.pointers;
    view.setUint16(0, fpu.control, true);
    view.setUint16(2, fpu.status, true);
    view.setUint8(4, ~fpu.emptyMask & 0xff);
    view.setUint16(6, opcode, true);
    view.setInt32(8, instructionOffset, true);
    view.setUint16(12, instructionSelector, true);
    view.setInt32(16, dataOffset, true);
    view.setUint16(20, dataSelector, true);
    view.setInt32(MXCSR_AT, vectors.mxcsr, true);
    view.setInt32(MXCSR_AT + 4, MXCSR_MASK, true);
    for (let i = 0; i < 8; i++) writeFloat80(view, FLOATS_AT + 16 * i, fpu.get(i));
    const area = new Uint8Array(view.buffer);
    for (let i = 0; i < 8; i++) area.set(vectors.xmm[i]!.u8, VECTORS_AT + 16 * i);
    for (let at = 0; at < bytes; at += 4)
      if (hasControl || at < MXCSR_AT || at >= FLOATS_AT) mmu.write32((linear + at) | 0, view.getInt32(at, true));
  };
};

const restore: Builder = (core, insn) => {
  const address = operandAddress(core, insn, AREA_BYTES, false);
  const { mmu, fpu, vectors } = core;
  return () => {
    fpu.checkAvailable();
    const linear = address();
    if ((linear & 15) !== 0) raise(GENERAL_PROTECTION, 0);
    const { bytes, hasControl } = extent(core);
    const view = new DataView(new ArrayBuffer(bytes));
    for (let at = 0; at < bytes; at += 4) view.setInt32(at, mmu.read32((linear + at) | 0), true);
    // The one field that may be refused comes first.
    if (hasControl) vectors.loadMxcsr(view.getInt32(MXCSR_AT, true));
    fpu.emptyMask = ~view.getUint8(4);
    fpu.pointers = {
      opcode: view.getUint16(6, true),
      instructionOffset: view.getInt32(8, true),
      instructionSelector: view.getUint16(12, true),
      dataOffset: view.getInt32(16, true),
      dataSelector: view.getUint16(20, true),
    };
    fpu.status = view.getUint16(2, true);
    fpu.control = view.getUint16(0, true);
    for (let i = 0; i < 8; i++) fpu.setPhysical((fpu.top + i) & 7, readFloat80(view, FLOATS_AT + 16 * i));
    if (bytes < VECTORS_END) return;
    for (let i = 0; i < 8; i++) vectors.xmm[i]!.u8.set(new Uint8Array(view.buffer, VECTORS_AT + 16 * i, 16));
  };
};

export const FXSAVE = { fxsave: save, fxrstor: restore } satisfies Builders;
