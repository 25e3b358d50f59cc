/** `.startof.(.text)`, `.sizeof.(.text)`: symbols that the linker gives the section's address and size. */
import type { Atom } from "../model/atom.ts";
import { textOfBytes } from "../model/source-text.ts";
import { CLOSE_PARENTHESIS, characterClass, DOT, NAME_PART, OPEN_PARENTHESIS } from "./chars.ts";
import type { Reading } from "./reading.ts";

const START_OF = ".startof.";
const SIZE_OF = ".sizeof.";

/** The symbol that `atom` begins, the cursor moved over the section's name; any other word stays what it is. */
export function sectionSymbol(reading: Reading, atom: Atom): Atom {
  if (atom.length !== SIZE_OF.length && atom.length !== START_OF.length) return atom;
  const { input } = reading;
  if (input.bytes[input.offset - 1] !== DOT) return atom;
  const word = atom.text.toLowerCase();
  if (word !== SIZE_OF && word !== START_OF) return atom;
  if (input.skipSpace() !== OPEN_PARENTHESIS) return atom;
  input.offset++;
  input.skipSpace();
  const start = input.offset;
  while (characterClass[input.bytes[input.offset]!]! & NAME_PART) input.offset++;
  const name = textOfBytes(input.bytes, start, input.offset);
  if (name === "") reading.fail("expression-expected", "expected the name of a section");
  if (input.skipSpace() !== CLOSE_PARENTHESIS) reading.fail("unbalanced", "expected `)'");
  input.offset++;
  return reading.atoms.internText(word + name);
}
