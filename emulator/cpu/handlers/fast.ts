/** Makers for the forms that kernels spend their time in. */
import type { Builder, DecodedInstruction } from "../instruction.ts";

/** A maker for exactly this form and mode, or null where the general one has to do. */
export type Specialise = (insn: DecodedInstruction) => Builder | null;

export const FAST: Readonly<Record<string, Specialise>> = {};
