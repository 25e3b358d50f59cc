/** Marks behind a number that say nothing to an assembler. */
import { characterClass, NAME_PART } from "./chars.ts";

const U = 0x75;
const L = 0x6c;
const LOWER_CASE = 0x20;

/** C's marks of a number's type, as constants have them that are shared with C: `U`, then `L` or `LL`. */
export function pastSuffix(bytes: Uint8Array, start: number): number {
  const isAt = (place: number, letter: number): boolean => (bytes[place]! | LOWER_CASE) === letter;
  let offset = start;
  if (isAt(offset, U)) offset++;
  if (isAt(offset, L)) offset += isAt(offset + 1, L) ? 2 : 1;
  return characterClass[bytes[offset]!]! & NAME_PART ? start : offset;
}
