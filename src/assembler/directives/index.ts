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
  for (const table of tables) {
    for (const [names, handler] of table) {
      for (const name of names.split(" ")) {
        const directive: Directive = {
          name,
          isConditional: CONDITIONAL.has(name),
          run: () => handler(assembler, directive),
        };
        assembler.atoms.internText(name).directive = directive;
      }
    }
  }
}
