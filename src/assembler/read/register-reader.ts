/** Registers in the source, in either syntax. */

import type { Register } from "../../isa/instruction.ts";
import {
  CLOSE_PARENTHESIS,
  characterClass,
  digitValue,
  NAME_PART,
  NAME_START,
  OPEN_PARENTHESIS,
  PERCENT,
  SPACE,
} from "./chars.ts";
import type { Reading } from "./reading.ts";

/**
 * The register at the cursor (with its `%`, if any), the cursor then past it; null and the cursor unmoved
 * otherwise.
 */
export function readRegister(reading: Reading): Register | null {
  const input = reading.input;
  const bytes = input.bytes;
  const start = input.offset;
  let offset = start;
  if (bytes[offset] === PERCENT) {
    offset++;
    while (characterClass[bytes[offset]!] === SPACE) offset++;
  }
  if (!(characterClass[bytes[offset]!]! & NAME_START)) return null;
  let end = offset + 1;
  while (characterClass[bytes[end]!]! & NAME_PART) end++;
  const atom = reading.atoms.intern(bytes, offset, end);
  const lower = atom.knownLower;
  if (lower === null || lower.register === null) return null;
  const { register } = lower;
  offset = end;
  if (register.class === "st" && lower.text === "st") {
    // `st(3)`, with blanks anywhere.
    let probe = offset;
    const skip = (): void => {
      while (characterClass[bytes[probe]!] === SPACE) probe++;
    };
    skip();
    if (bytes[probe] === OPEN_PARENTHESIS) {
      probe++;
      skip();
      const digit = digitValue[bytes[probe]!]!;
      if (digit < 8) {
        probe++;
        skip();
        if (bytes[probe] === CLOSE_PARENTHESIS) {
          input.offset = probe + 1;
          return reading.stackRegisters[digit]!;
        }
      }
      if (reading.allowsNakedRegisters || bytes[start] === PERCENT)
        reading.failAt("bad-register", start, "the registers of the x87 are st(0) to st(7)", probe + 1 - start);
      return null;
    }
  }
  input.offset = offset;
  return register;
}
