/**
 * The opcode maps of the whole table, for whoever names code and does not run it: beside what a processor here has,
 * what others have in the same places (3DNow!, MPX where this one has hints, XOP where it has nothing).
 */

import type { OpcodeMaps } from "./opcode-map.ts";
import { opcodeMapsOf } from "./opcode-map.ts";
import { allForms } from "./table/index.ts";

let maps: OpcodeMaps | null = null;

export const knownOpcodes = (): OpcodeMaps => (maps ??= opcodeMapsOf(allForms()));
