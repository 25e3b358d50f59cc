/** What only 32-bit code does often: vectors in the string functions of programs, and MOV from CR2 in kernels. */
import type { Semantic } from "../../../src/isa/semantics.ts";
import { CONTROL_SLOTS } from "../../cpu/handlers/system.ts";
import { CPL, CR2 } from "../../cpu/layout.ts";
import { T0 } from "../locals.ts";
import type { Operation } from "../operands.ts";
import { INTEGER_VECTORS } from "../vectors/operations.ts";
import { OP } from "../wasm.ts";

/** CR2, which each page fault is asked for. */
const moveFromControl: Operation = (t, insn) => () => {
  const { c, access } = t;
  c.const(0)
    .load(4, 4 * CPL)
    .brIf(access.slow);
  t.pushNumber(insn.reg);
  c.const(4 * CONTROL_SLOTS.indexOf(CR2))
    .op(OP.ne)
    .brIf(access.slow);
  c.const(0)
    .load(4, 4 * CR2)
    .set(T0);
  t.writeRegister(insn.rm, 32, () => c.get(T0));
};

export const PROTECTED_MODE: Readonly<Partial<Record<Semantic, Operation>>> = {
  ...INTEGER_VECTORS,
  mov_from_creg: moveFromControl,
};
