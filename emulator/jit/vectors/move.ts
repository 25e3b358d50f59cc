/** Moves between vector registers, general registers and memory. */
import { registerOf } from "../../cpu/operands.ts";
import { type Operation, pushOperand, writeOperand } from "../operands.ts";
import { requireVectors } from "../ready.ts";
import { SIMD } from "../wasm.ts";
import { accessOperand, isXmm, pushVector, pushXmm, storeRegister } from "./common.ts";

/** Whole moves between registers and memory: of 16 bytes, or of 4 or 8 with zeros above. */
export const move =
  (bytes: 4 | 8 | 16): Operation =>
  (t, insn) => {
    if (insn.form.operands.some(({ register }, k) => register === "mm" && registerOf(insn, k) >= 0)) return null;
    if (isXmm(insn, 0)) {
      const isGeneral = !isXmm(insn, 1) && registerOf(insn, 1) >= 0;
      return () => {
        requireVectors(t);
        accessOperand(t, insn, 1, "read");
        storeRegister(t, insn, () => {
          if (!isGeneral) return pushVector(t, insn, 1, bytes);
          t.c.constVector(new Uint8Array(16));
          pushOperand(t, insn, 1);
          t.c.simd(SIMD.replace_lane_i32).op(0);
        });
      };
    }
    const from = registerOf(insn, 1);
    if (registerOf(insn, 0) >= 0) {
      return () => {
        requireVectors(t);
        writeOperand(t, insn, 0, () => t.c.load(4, pushXmm(t, from)));
      };
    }
    return () => {
      const { c } = t;
      requireVectors(t);
      accessOperand(t, insn, 0, "write");
      t.access.pushHost();
      const at = pushXmm(t, from);
      if (bytes === 16) c.loadVector(16, at).storeVector(0);
      else if (bytes === 8) c.load64(at).store64(0);
      else c.load(4, at).store(4, 0);
    };
  };

/** MOVSS and MOVSD: between registers the upper part stays. */
export const scalar =
  (bytes: 4 | 8): Operation =>
  (t, insn) => {
    if (insn.isMemory) return move(bytes)(t, insn);
    return () => {
      const { c } = t;
      requireVectors(t);
      const to = pushXmm(t, registerOf(insn, 0));
      const from = pushXmm(t, registerOf(insn, 1));
      if (bytes === 4) c.load(4, from).store(4, to);
      else c.load64(from).store64(to);
    };
  };

/** Moves of a half: MOVLPS, MOVHPS, MOVHLPS, MOVLHPS; where it lies in a register, by bytes. */
export const half =
  (to: 0 | 8, from: 0 | 8): Operation =>
  (t, insn) =>
  () => {
    const { c } = t;
    requireVectors(t);
    if (!insn.isMemory) {
      const at = pushXmm(t, registerOf(insn, 0)) + to;
      c.load64(pushXmm(t, registerOf(insn, 1)) + from).store64(at);
    } else if (isXmm(insn, 0)) {
      accessOperand(t, insn, 1, "read");
      const at = pushXmm(t, insn.reg) + to;
      t.access.pushHost();
      c.load64(0).store64(at);
    } else {
      accessOperand(t, insn, 0, "write");
      t.access.pushHost();
      c.load64(pushXmm(t, insn.reg) + to).store64(0);
    }
  };
