/** All makers of handlers, by the semantic name that the instruction table gives each form. */
import type { IntegerSemantic, Semantic, SystemSemantic, X87Semantic } from "../../../src/isa/semantics.ts";
import type { Builder, Builders, DecodedInstruction } from "../instruction.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { BITS } from "./bits.ts";
import { CONTROL } from "./control.ts";
import { DECIMAL } from "./decimal.ts";
import { FAST } from "./fast.ts";
import { FLAG_CONTROL } from "./flag-control.ts";
import { FXSAVE } from "./fxsave.ts";
import { IO } from "./io.ts";
import { MOVE } from "./move.ts";
import { SELECTORS } from "./selectors.ts";
import { SHIFTS } from "./shifts.ts";
import { STACK } from "./stack.ts";
import { STRINGS } from "./strings.ts";
import { SYSTEM } from "./system.ts";
import { VECTOR_FLOAT } from "./vector-float.ts";
import { VECTOR_INTEGER } from "./vector-integer.ts";
import { VECTOR_MOVE } from "./vector-move.ts";
import { VECTOR_SSE4 } from "./vector-sse4.ts";
import { VECTOR_TEXT } from "./vector-text.ts";
import { X87 } from "./x87.ts";
import { X87_CONTROL } from "./x87-control.ts";

/** Runs on within its block: nothing that it does changes where or how the next instruction is decoded. */
const STRAIGHT = {
  ...MOVE,
  ...ARITHMETIC,
  ...SHIFTS,
  ...BITS,
  ...DECIMAL,
  ...FLAG_CONTROL,
  ...STACK,
  ...STRINGS,
  ...SELECTORS,
  ...X87,
  ...X87_CONTROL,
  ...FXSAVE,
  ...VECTOR_MOVE,
  ...VECTOR_INTEGER,
  ...VECTOR_FLOAT,
  ...VECTOR_SSE4,
  ...VECTOR_TEXT,
} satisfies Builders;
/** The last of its block. */
const ENDING = { ...CONTROL, ...IO, ...SYSTEM } satisfies Builders;

/** Semantics whose repeated, port-accessing or mode-changing forms end a block although they are listed as straight. */
const SOMETIMES_ENDING: Readonly<Partial<Record<Semantic, (insn: DecodedInstruction) => boolean>>> = {
  movs: isRepeated,
  stos: isRepeated,
  lods: isRepeated,
  cmps: isRepeated,
  scas: isRepeated,
  ins: () => true,
  outs: () => true,
  popf: () => true,
};

function isRepeated(insn: DecodedInstruction): boolean {
  return insn.repeat !== 0;
}

/** What this processor is made of: the compiler sees that nothing is missing. */
const BUILDERS: Readonly<Record<IntegerSemantic | SystemSemantic | X87Semantic, Builder>> = { ...STRAIGHT, ...ENDING };

const table = new Map<string, Builder>(Object.entries(BUILDERS));

/**
 * Null when this processor does not have the instruction. A fast maker may decline forms that it was not written for.
 */
export function builderOf(insn: DecodedInstruction): Builder | null {
  // The fast makers take immediates and displacements for constants.
  return (
    (insn.immediateAt === 0 && insn.displacementAt === 0 ? FAST[insn.form.semantic]?.(insn) : null) ??
    table.get(insn.form.semantic) ??
    null
  );
}

/** Whether the instruction ends its block. */
export function endsBlock(insn: DecodedInstruction): boolean {
  const { semantic } = insn.form;
  return semantic in ENDING || (SOMETIMES_ENDING[semantic]?.(insn) ?? false);
}
