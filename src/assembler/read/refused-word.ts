/** Why a word is no instruction: it is one of another syntax, of another assembler, or one with a letter wrong. */

import { isMnemonic } from "../../isa/encode.ts";
import type { EncodeOptions } from "../../isa/instruction.ts";
import { NEWLINE, textOfBytes } from "../model/source-text.ts";
import { isLikeLabel } from "./advice.ts";
import { FOREIGN_WORDS } from "./foreign-words.ts";
import type { Reading } from "./reading.ts";

/** Bytes of a statement that are looked at. */
const LONGEST_LINE = 120;

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
  const candidates = wordsNear(reading, options, word);
  const rest = textOfBytes(bytes, offset, lineEnd(bytes, offset));
  if (candidates.length === 0 && isLikeLabel(rest, (other) => isMnemonic(other, options)))
    reading.failAt(
      "unknown-instruction",
      offset,
      `no instruction or macro is called \`${word}'; a label ends with a colon`,
      word.length,
      { suggestion: `${textOfBytes(bytes, offset, offset + word.length)}:` },
    );
  return reading.failAt("unknown-instruction", offset, `no instruction or macro is called \`${word}'`, undefined, {
    candidates,
    written: word,
  });
}

function lineEnd(bytes: Uint8Array, offset: number): number {
  let end = offset;
  while (end < bytes.length && bytes[end] !== NEWLINE && end - offset < LONGEST_LINE) end++;
  return end;
}

/** Meant more often than all others: of words that are as near, these come first. */
const COMMON = ["mov", "call", "jmp", "ret", "push", "pop", "add", "sub", "cmp", "test", "lea", "inc", "dec", "xor"];

function wordsNear(reading: Reading, options: EncodeOptions, mnemonic: string): string[] {
  const words: string[] = [];
  // Intel's letter for a double word is another in AT&T's names.
  if (!reading.isIntel && mnemonic.endsWith("d") && isMnemonic(`${mnemonic.slice(0, -1)}l`, options))
    return [`${mnemonic.slice(0, -1)}l`];
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
  const common = words.filter((word) => COMMON.includes(word));
  return common.length > 0 ? common : words;
}
