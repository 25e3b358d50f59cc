/** The locals of a compiled region, by number. Parameters come first, then 64-bit temporaries, then 32-bit values. */
import { I32, I64, V128 } from "./wasm.ts";

/** Parameter: number of the entry to begin at, plus one. */
export const ENTRY = 0;
/** Parameter: instructions that may still be run. Less those of the block that runs. */
export const BUDGET = 1;
/** Parameter: where the entry map of this region lies. */
export const SELF = 2;
export const WIDE = 3;
export const WIDE2 = 4;
/** EAX to EDI. */
export const REGISTERS = 5;
/** What the last flag-setting instruction left: see flags.ts. */
export const FLAG_R = 13;
export const FLAG_X = 14;
export const FLAG_Y = 15;
export const FLAG_KIND = 16;
/** Where execution goes on outside the region. */
export const TARGET = 17;
/** Why the region is left: EXIT_* in exits.ts. */
export const REASON = 18;
/** Linear address of the access at hand, and the offset in the machine's memory that it is at. */
export const ADDRESS = 19;
export const HOST = 20;
/** Temporaries of one instruction. */
export const T0 = 21;
export const T1 = 22;
export const T2 = 23;
export const T3 = 24;
/** What the instruction at hand writes into the display adapter's memory, or 0: WINDOW_SIZE_SHIFT. */
export const WINDOW = 25;
/**
 * After these, as they are wanted: vectors of one instruction, and pairs that remember the last translation of each
 * kind of access (access.ts).
 */
export const FIRST_FREE = 26;

export const PARAMETERS: readonly number[] = [I32, I32, I32];

export function localTypes(count: number, vectors: readonly number[]): number[] {
  const types: number[] = [];
  for (let local = PARAMETERS.length; local < count; local++)
    types.push(local === WIDE || local === WIDE2 ? I64 : vectors.includes(local) ? V128 : I32);
  return types;
}
