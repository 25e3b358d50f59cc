/** From one operand of an instruction to the next, in both syntaxes. */
import { COMMA, characterClass, STATEMENT_END } from "./chars.ts";
import type { Reading } from "./reading.ts";

/** After an operand: whether another one follows, at which the cursor is then. */
export function goesOn(reading: Reading, mnemonic: string, demandKnown: (mnemonic: string) => void): boolean {
  const { input } = reading;
  const code = input.skipSpace();
  if (code === COMMA) {
    input.offset++;
    if (characterClass[input.skipSpace()]! & STATEMENT_END)
      reading.fail("operand-expected", "expected an operand after the comma");
    return true;
  }
  if (characterClass[code]! & STATEMENT_END) return false;
  demandKnown(mnemonic);
  return reading.fail("trailing-text", "expected `,' or the end of the statement after this operand");
}
