/** One decoded instruction, as the makers of handlers get it. */

import type { Form } from "../../src/isa/form.ts";
import type { Semantic } from "../../src/isa/semantics.ts";
import type { Handler, Link } from "./block.ts";
import { NO_BLOCK } from "./block.ts";
import type { Core } from "./core.ts";

export interface DecodedInstruction {
  readonly form: Form;
  /** Operand size: 8 where the form is on bytes, else what code segment and prefix 66 say. */
  readonly size: 8 | 16 | 32;
  readonly address32: boolean;
  /** ModRM fields; 0 without ModRM. With `opcodeRegister`, `reg` is the register in the opcode. */
  readonly mod: number;
  readonly reg: number;
  readonly rm: number;
  /** ModRM or moffs names memory: base, index (state slots, ZERO for none), scale (a shift) and displacement follow. */
  readonly isMemory: boolean;
  readonly base: number;
  readonly index: number;
  readonly scale: number;
  readonly displacement: number;
  /** Segment of the memory operand, with override or by default. */
  readonly segment: number;
  /** The override prefix's segment, or -1. */
  readonly override: number;
  /** The immediate, or branch displacement, sign-extended where the form says so; or the offset of a far pointer. */
  readonly immediate: number;
  /** The second immediate (ENTER), or the selector of a far pointer. */
  readonly immediate2: number;
  /**
   * In code that rewrites its immediates: where the immediate lies in the machine's memory, to be read when it is
   * needed. Else 0.
   */
  readonly immediateAt: number;
  readonly immediateBytes: number;
  /** The same for the displacement of an address: 1 byte, sign-extended, or 4. */
  readonly displacementAt: number;
  readonly displacementBytes: number;
  /** 0, 0xf2 or 0xf3: the last one written. */
  readonly repeat: number;
  readonly eip: number;
  readonly next: number;
  /** Linear address of the first byte within its page. */
  readonly pageLow: number;
  /** See MODE_* in state.ts. */
  readonly mode: number;
  /** Limit of the code segment, unsigned. */
  readonly codeLimit: number;
}

/** Makes the handler of one instruction: everything that the bytes decide is decided here, once. */
export type Builder = (core: Core, insn: DecodedInstruction) => Handler;

/** Builders by what they make (src/isa/semantics.ts): a part of the whole table. */
export type Builders = Readonly<Partial<Record<Semantic, Builder>>>;

/** A link from an instruction to a target in the same segment. */
export function linkTo(insn: DecodedInstruction, eip: number): Link {
  const low = insn.pageLow + ((eip - insn.eip) | 0);
  return { eip, samePage: low >= 0 && low < 4096, stable: false, target: NO_BLOCK, epoch: 0 };
}
