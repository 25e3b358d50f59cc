/** What makes the run loop look up from running blocks: bits of `Core.attention`. */

/** INTR is high. */
export const ATTENTION_INTERRUPT = 1;
export const ATTENTION_NMI = 2;
export const ATTENTION_STOP = 4;
/** TF is set, a breakpoint on code is armed, or RF is set: one instruction at a time. */
export const ATTENTION_STEP = 8;
/** A debug exception is due after the instruction that has just retired. */
export const ATTENTION_DEBUG_TRAP = 16;
/** The instruction before was STI, MOV SS or POP SS. */
export const ATTENTION_SHADOW = 32;
export const ATTENTION_HALTED = 64;
