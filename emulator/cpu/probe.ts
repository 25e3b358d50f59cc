/**
 * Where debuggers and traces look into the processor. Nothing of it costs anything while nobody looks: a probe on code
 * is woven into the code when it is decoded, and a watch on data keeps just its pages out of the translation tables.
 *
 * While a probe or a watch is set, all code must run in the interpreter: compiled code has no such places to look from.
 */

export interface CodeProbe {
  /**
   * Asked when code is decoded: does `reached` want to hear of this instruction? `isFirst`: straight code begins here.
   */
  wants(linearAddress: number, isFirst: boolean): boolean;
  /**
   * In front of each execution of a wanted instruction. True: leave the run here, with nothing of the instruction done.
   */
  reached(linearAddress: number): boolean;
}

/** Looks at every data access to the pages that were named with it, after the access has been made. */
export interface DataProbe {
  access(linearAddress: number, sizeBytes: number, write: boolean): void;
}

/** Why the processor goes somewhere else. `eip` is where it comes from: what the handler returns to. */
export type DeliveryKind = "exception" | "interrupt" | "software";

export interface DeliveryProbe {
  /** Before the vector is delivered: registers and stack are still those of the interrupted code. */
  delivery(kind: DeliveryKind, vector: number, errorCode: number, eip: number): void;
}

/** Thrown through an instruction's handler by a code probe, to leave the run in front of the instruction. */
export const LEAVE_RUN: unique symbol = Symbol("leave run");
