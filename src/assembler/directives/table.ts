/**
 * What a directive is: a name and what it does. The tables of this folder hold all of them.
 */

import type { Directive } from "../model/atom.ts";
import type { Assembler } from "../read/assembler.ts";

export type Handler = (assembler: Assembler, directive: Directive) => void;

/** Rows of a table: one or several names with one handler. */
export type DirectiveTable = readonly (readonly [names: string, handler: Handler])[];
