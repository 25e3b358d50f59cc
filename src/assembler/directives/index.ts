/**
 * Binds every directive to its name.
 */

import type { Directive } from "../model/atom.ts";
import type { Assembler } from "../read/assembler.ts";
import { CALL_FRAME_DIRECTIVES } from "./call-frame.ts";
import { CONDITION_DIRECTIVES } from "./condition.ts";
import { DATA_DIRECTIVES } from "./data.ts";
import { DEBUG_DIRECTIVES } from "./debug.ts";
import { LAYOUT_DIRECTIVES } from "./layout.ts";
import { LISTING_DIRECTIVES } from "./listing.ts";
import { MACRO_DIRECTIVES } from "./macro.ts";
import { MODE_DIRECTIVES } from "./mode.ts";
import { SECTION_DIRECTIVES } from "./section.ts";
import { SOURCE_DIRECTIVES } from "./source.ts";
import { SYMBOL_DIRECTIVES } from "./symbol.ts";

const CONDITIONAL = new Set(CONDITION_DIRECTIVES.flatMap(([names]) => names.split(" ")));

/** Directives that put data where they stand, which may be instructions by their bytes. */
const DATA = new Set(
  [...DATA_DIRECTIVES.map(([names]) => names), ".fill .skip .space .zero .nops .nop .incbin"]
    .concat(LAYOUT_DIRECTIVES.map(([names]) => names).filter((names) => names.startsWith(".ds")))
    .flatMap((names) => names.split(" ")),
);

/** The directive, with a word to what watches over neighbours of instructions; `.nop` is an instruction after all. */
function amongCode(assembler: Assembler, name: string, run: () => void): () => void {
  return () => {
    const { input, instructions } = assembler;
    if (name === ".nop" || !input.atStatementEnd()) instructions.changes?.beforeData(input.statementOffset);
    run();
    if (name === ".nop") instructions.changes?.forget();
  };
}

export function installDirectives(assembler: Assembler): void {
  const tables = [
    CALL_FRAME_DIRECTIVES,
    CONDITION_DIRECTIVES,
    DATA_DIRECTIVES,
    DEBUG_DIRECTIVES,
    LAYOUT_DIRECTIVES,
    LISTING_DIRECTIVES,
    MACRO_DIRECTIVES,
    MODE_DIRECTIVES,
    SECTION_DIRECTIVES,
    SOURCE_DIRECTIVES,
    SYMBOL_DIRECTIVES,
  ];
  const { changes } = assembler.instructions;
  for (const table of tables) {
    for (const [names, handler] of table) {
      for (const name of names.split(" ")) {
        const run = (): void => handler(assembler, directive);
        const directive: Directive = {
          name,
          isConditional: CONDITIONAL.has(name),
          run: changes !== null && DATA.has(name) ? amongCode(assembler, name, run) : run,
        };
        assembler.atoms.internText(name).directive = directive;
      }
    }
  }
}
