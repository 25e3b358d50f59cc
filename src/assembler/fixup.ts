/**
 * A field of a section whose value is known only after layout, or only to the linker.
 */

import type { Expression } from "./expression.ts";
import type { Fragment } from "./fragment.ts";
import type { InputFrame } from "./input.ts";

export interface Fixup {
  readonly fragment: Fragment;
  /** From the fragment's beginning. */
  readonly position: number;
  readonly sizeBytes: number;
  readonly expression: Expression;
  readonly pcRelative: boolean;
  /** Bytes from the field's beginning to the instruction's end, where a relative field counts from. */
  readonly pcBias: number;
  /** The field is read as signed. */
  readonly signed: boolean;
  /** Relocation that the source asked for (`@GOTOFF`), or 0 for the plain one. */
  readonly relocation: number;
  /** A relocation that was asked for names the symbol itself, not its section: in data and immediate values. */
  readonly keepsSymbol: boolean;
  /** The statement and the operand in it. */
  readonly frame: InputFrame | null;
  readonly offset: number;
}
