/** The kinds of registers: a word that both the forms and the operands of instructions need. */
export type RegisterClass = "r8" | "r16" | "r32" | "sreg" | "creg" | "dreg" | "treg" | "st" | "mm" | "xmm" | "bnd";
