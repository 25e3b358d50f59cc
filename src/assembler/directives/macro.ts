/**
 * Directives of macros and repeated blocks.
 */

import type { DirectiveTable } from "./table.ts";

export const MACRO_DIRECTIVES: DirectiveTable = [
  [".macro", (assembler) => assembler.macros.define()],
  [".endm", (assembler) => assembler.fail("misplaced-endm", "`.endm' without `.macro'")],
  [".exitm .mexit", (assembler) => assembler.macros.exit()],
  [".purgem", (assembler) => assembler.macros.purge()],
  [".rept .rep", (assembler) => assembler.macros.repeat()],
  [".irp .irep", (assembler) => assembler.macros.iterate(false)],
  [".irpc .irepc", (assembler) => assembler.macros.iterate(true)],
  [".endr", (assembler) => assembler.fail("misplaced-endm", "`.endr' without `.rept', `.irp' or `.irpc'")],
  [".altmacro", (assembler) => {
    assembler.macros.isAlternate = true;
    assembler.demandEnd();
  }],
  [".noaltmacro", (assembler) => {
    assembler.macros.isAlternate = false;
    assembler.demandEnd();
  }],
];
