/**
 * Directives of macros and repeated blocks.
 */

import type { Assembler } from "../read/assembler.ts";
import type { DirectiveTable } from "./table.ts";

function ignored(assembler: Assembler, message: string): void {
  assembler.warnAt("misplaced-endm", assembler.input.statementOffset, message);
  assembler.input.skipStatement();
}

export const MACRO_DIRECTIVES: DirectiveTable = [
  [".macro", (assembler) => assembler.macros.define()],
  [".endm", (assembler) => ignored(assembler, "`.endm' without `.macro' is ignored")],
  [".exitm .mexit", (assembler) => assembler.macros.exit()],
  [".purgem", (assembler) => assembler.macros.purge()],
  [".rept .rep", (assembler) => assembler.macros.repeat()],
  [".irp .irep", (assembler) => assembler.macros.iterate(false)],
  [".irpc .irepc", (assembler) => assembler.macros.iterate(true)],
  [".endr", (assembler) => ignored(assembler, "`.endr' without `.rept', `.irp' or `.irpc' is ignored")],
  [
    ".altmacro",
    (assembler) => {
      assembler.macros.isAlternate = true;
      assembler.demandEnd();
    },
  ],
  [
    ".noaltmacro",
    (assembler) => {
      assembler.macros.isAlternate = false;
      assembler.demandEnd();
    },
  ],
];
