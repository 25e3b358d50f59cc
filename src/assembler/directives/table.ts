/**
 * What a directive is: a name and what it does. The tables of this folder hold all of them.
 */

import type { Assembler } from "../assembler.ts";

export interface Directive {
  readonly name: string;
  /** Counts even in a branch that is not assembled. */
  readonly isConditional: boolean;
  /** Called with the cursor at the first operand; leaves it at the statement's end. */
  readonly run: (assembler: Assembler, directive: Directive) => void;
}

export type Handler = (assembler: Assembler, directive: Directive) => void;

/** Rows of a table: one or several names with one handler. */
export type DirectiveTable = readonly (readonly [names: string, handler: Handler])[];
