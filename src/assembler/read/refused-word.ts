/** Why a word is no instruction: it is one of another syntax, of another assembler, or one with a letter wrong. */

import { isMnemonic } from "../../isa/encode.ts";
import type { EncodeOptions } from "../../isa/instruction.ts";
import { textOfBytes } from "../model/source-text.ts";
import { FOREIGN_WORDS } from "./foreign-words.ts";
import type { Reading } from "./reading.ts";

/** Tells of a word that is no instruction here, but perhaps in another syntax or reading. */
export function refuseWord(reading: Reading, options: EncodeOptions, word: string, offset: number): never {
  const foreign = FOREIGN_WORDS.get(word);
  const { bytes } = reading.input;
  if (/^[ \t]+equ\s/i.test(textOfBytes(bytes, offset + word.length, offset + word.length + 12))) {
    reading.failAt(
      "unknown-instruction",
      offset,
      "a symbol is given a value with `=', or with `.equ' before its name",
      word.length,
      { suggestion: `${word} = ...` },
    );
  }
  const reserves = /^[ \t]+(res[bwdq]|d[bwdq])\s/i.exec(
    textOfBytes(bytes, offset + word.length, offset + word.length + 12),
  );
  if (reserves !== null)
    reading.failAt("unknown-instruction", offset, "a label before data ends with a colon", word.length, {
      suggestion: `${word}: ${FOREIGN_WORDS.get(reserves[1]!.toLowerCase())}`,
    });
  // A semicolon separates statements here, and words after it are no comment.
  const before = textOfBytes(bytes, Math.max(0, offset - 20), offset);
  const isProse = /;[ \t]?$/.test(before) && /^[A-Za-z]+[ \t]+[a-z]+/.test(textOfBytes(bytes, offset, offset + 40));
  if (foreign === undefined && (isProse || /(^|\n)[ \t]*;[ \t]*$/.test(before)))
    reading.failAt("unknown-instruction", offset, `no instruction or macro is called \`${word}'`, word.length, {
      suggestion: "a comment that begins with # (a semicolon ends a statement)",
    });
  if (foreign !== undefined)
    reading.failAt("unknown-instruction", offset, `no instruction or macro is called \`${word}'`, word.length, {
      suggestion: foreign,
    });
  const bare = word.slice(0, -1);
  if (
    reading.isIntel &&
    word.endsWith("l") &&
    isMnemonic(word, { ...options, att: true }) &&
    isMnemonic(bare, options)
  ) {
    reading.failAt(
      "unknown-instruction",
      offset,
      `\`${word}' is a name of AT&T syntax, and this is Intel's: \`.att_syntax' changes it`,
      word.length,
      { suggestion: bare },
    );
  }
  return reading.failAt("unknown-instruction", offset, `no instruction or macro is called \`${word}'`, undefined, {
    candidates: wordsNear(reading, options, word),
    written: word,
  });
}

function wordsNear(reading: Reading, options: EncodeOptions, mnemonic: string): string[] {
  const words: string[] = [];
  for (const atom of reading.atoms.all()) if (atom.macro !== null) words.push(atom.text);
  // Every spelling one edit away that the encoder knows.
  const letters = "abcdefghijklmnopqrstuvwxyz";
  for (let i = 0; i <= mnemonic.length; i++) {
    const head = mnemonic.slice(0, i);
    const spellings = [
      head + mnemonic.slice(i + 1),
      head + mnemonic.slice(i + 1, i + 2) + mnemonic.slice(i, i + 1) + mnemonic.slice(i + 2),
    ];
    for (const letter of letters)
      spellings.push(head + letter + mnemonic.slice(i), head + letter + mnemonic.slice(i + 1));
    for (const spelling of spellings)
      if (spelling.length > 1 && spelling !== mnemonic && isMnemonic(spelling, options)) words.push(spelling);
  }
  return words;
}
