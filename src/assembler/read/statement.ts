/**
 * Runs through the input statement by statement: labels, assignments, directives, macro calls, instructions.
 */

import type { Atom } from "../model/atom.ts";
import { FatalError, StatementError, TooManyErrors } from "../model/reporter.ts";
import { NEWLINE, textOfBytes } from "../model/source-text.ts";
import type { Assembler } from "./assembler.ts";
import {
  COLON,
  characterClass,
  DIGIT,
  DOT,
  digitValue,
  EQUALS,
  HASH,
  NAME_PART,
  NAME_START,
  QUOTE,
  SEMICOLON,
  SLASH,
  SPACE,
  STAR,
  STATEMENT_END,
} from "./chars.ts";
import { takeLineMarker } from "./line-marker.ts";
import { readString } from "./text.ts";

/** Assembles all that is on the input. Stops quietly when there are too many errors or a fatal one. */
export function assembleInput(assembler: Assembler): void {
  try {
    while (assembler.input.frame !== null && !assembler.hasEnded) assembleFrame(assembler);
  } catch (error) {
    if (!(error instanceof TooManyErrors) && !(error instanceof FatalError)) throw error;
  }
}

/** Goes on until the stack of frames changes or the top one is done. */
function assembleFrame(assembler: Assembler): void {
  const input = assembler.input;
  while (!assembler.hasEnded) {
    if (input.exhausted) {
      if (input.nextRound()) continue;
      if (input.openComment >= 0) {
        assembler.warnAt(
          "open-comment",
          input.openComment,
          "this comment has no end: all that follows it in the file is skipped",
          2,
        );
        input.openComment = -1;
      }
      assembler.conditionals.leaveFrame(input.frame!);
      if (!input.pop()) return;
      continue;
    }
    // A `;` does not end a line: what stands after it is the same line, but a statement of its own.
    const atLineStart = input.offset === 0 || input.bytes[input.offset - 1] === NEWLINE;
    try {
      if (atLineStart && input.bytes[input.offset] === HASH && takeLineMarker(input)) continue;
      statement(assembler);
    } catch (error) {
      if (!(error instanceof StatementError)) {
        if (error instanceof RangeError)
          assembler.reporter.reportHere("error", "too-complex", "this statement is too complex to assemble");
        else throw error;
      }
      input.skipStatement();
    }
    if (input.exhausted) continue;
    const end = input.bytes[input.offset]!;
    if (characterClass[end] === STATEMENT_END && (end !== 0 || input.offset < input.frame!.end)) {
      if (assembler.listing !== null && end !== SEMICOLON) assembler.list();
      input.nextStatement();
    }
  }
}

/** One statement, its labels included. Leaves the cursor at its end, or in a new frame. */
function statement(assembler: Assembler): void {
  const input = assembler.input;
  const bytes = input.bytes;
  let offset = input.offset;
  // What follows is the hot path of the assembler: no calls before it is known what the statement is.
  for (;;) {
    let code = bytes[offset]!;
    while (characterClass[code] === SPACE) code = bytes[++offset]!;
    input.offset = offset;
    input.statementOffset = offset;
    input.statementLine = input.line;
    if (code === NEWLINE || code === SEMICOLON || code === HASH) return;
    if (code === SLASH) {
      if (bytes[offset + 1] === STAR) {
        input.skipSpace();
        offset = input.offset;
        continue;
      }
      while (bytes[input.offset] !== NEWLINE) input.offset++;
      return;
    }
    const kind = characterClass[code]!;
    if (assembler.conditionals.isSkipping) {
      skipped(assembler, offset);
      return;
    }
    if (kind & NAME_START) {
      let end = offset + 1;
      while (characterClass[bytes[end]!]! & NAME_PART) end++;
      const atom = assembler.atoms.intern(bytes, offset, end);
      input.offset = end;
      code = bytes[end]!;
      if (code === COLON || ((characterClass[code] === SPACE || code === SLASH) && input.skipSpace() === COLON)) {
        assembler.label(atom, offset);
        offset = ++input.offset;
        continue;
      }
      code = bytes[input.offset]!;
      if (code === EQUALS) {
        assignment(assembler, atom, offset);
        return;
      }
      word(assembler, atom, offset);
      return;
    }
    if (kind & DIGIT) {
      let end = offset;
      let number = 0;
      while (characterClass[bytes[end]!]! & DIGIT) number = number * 10 + digitValue[bytes[end++]!]!;
      input.offset = end;
      if (input.skipSpace() === COLON) {
        assembler.symbols.defineLocal(number);
        offset = ++input.offset;
        continue;
      }
      input.offset = offset;
      assembler.fail(
        "bad-statement",
        "a statement begins with a label, a directive or an instruction, not with a number",
      );
    }
    if (code === QUOTE) {
      if (!takeQuotedLabel(assembler, offset)) return;
      offset = input.offset;
      continue;
    }
    if (code === 0x7b) {
      instruction(assembler, null, offset);
      return;
    }
    assembler.failAt(
      "bad-character",
      offset,
      `unexpected character \`${textOfBytes(bytes, offset, offset + 1)}' at the beginning of a statement`,
      1,
      nasmHint(textOfBytes(bytes, offset, offset + LONGEST_HINT)),
    );
  }
}

/** A label in quotes: cursor after its colon. Or a whole assignment to a name in quotes: then false. */
function takeQuotedLabel(assembler: Assembler, offset: number): boolean {
  const input = assembler.input;
  const name = readString(input.bytes, offset);
  input.offset = name.end;
  const atom = assembler.atoms.intern(name.bytes, 0, name.bytes.length);
  const next = input.skipSpace();
  if (next === COLON) {
    assembler.label(atom, offset);
    input.offset++;
    return true;
  }
  if (next === EQUALS) {
    assignment(assembler, atom, offset);
    return false;
  }
  input.offset = offset;
  return assembler.fail("bad-statement", "a statement does not begin with a string");
}

/** In a false branch only the conditional directives count. */
function skipped(assembler: Assembler, offset: number): void {
  const input = assembler.input;
  const bytes = input.bytes;
  if (bytes[offset] === DOT) {
    let end = offset + 1;
    while (characterClass[bytes[end]!]! & NAME_PART) end++;
    const directive = assembler.atoms.intern(bytes, offset, end).lower.directive;
    if (directive?.isConditional) {
      input.offset = end;
      input.skipSpace();
      directive.run();
      return;
    }
  }
  input.skipStatement();
}

/** `name = expression`, `name == expression`; cursor at the sign. */
function assignment(assembler: Assembler, atom: Atom, offset: number): void {
  const input = assembler.input;
  input.offset++;
  let mode: "set" | "eqv" = "set";
  if (input.bytes[input.offset] === EQUALS) {
    input.offset++;
    mode = "eqv";
  }
  if (atom.text === ".") {
    assembler.origin(assembler.expressions.required(), 0);
  } else {
    // The name comes before those of its value in the symbol table.
    assembler.symbols.findOrMake(atom, offset);
    assembler.expressions.defersHere = mode === "eqv";
    const value = assembler.expressions.required();
    assembler.expressions.defersHere = false;
    assembler.symbols.assign(atom, value, mode, offset, assembler.isIntel && assembler.expressions.namesOffset);
  }
  assembler.demandEnd();
}

/** A statement that begins with a word: cursor after it. */
function word(assembler: Assembler, atom: Atom, offset: number): void {
  const input = assembler.input;
  const lower = atom.lower;
  if (lower.directive !== null) {
    input.skipSpace();
    lower.directive.run();
    return;
  }
  if (lower.macro !== null) {
    assembler.macros.call(lower.macro);
    return;
  }
  if (input.bytes[offset] === DOT) {
    assembler.failAt("unknown-directive", offset, `no directive or macro is called \`${atom.text}'`, atom.length, {
      candidates: assembler.directiveNames(),
      written: atom.text,
    });
  }
  instruction(assembler, lower, offset);
}

function instruction(assembler: Assembler, word: Atom | null, offset: number): void {
  if (assembler.bundles.isOn) assembler.bundles.assemble(word, offset);
  else assembler.instructions.assemble(word, offset);
}

/** Bytes of a statement that tell what it may be. */
const LONGEST_HINT = 24;

/** What begins like this is NASM's. */
const NASM_STATEMENTS: readonly (readonly [RegExp, string])[] = [
  [/^%[ix]?define\b/i, "#define and a C preprocessor, or `name = value' (this looks like NASM)"],
  [/^%i?macro\b/i, ".macro (this looks like NASM)"],
  [/^%endmacro\b/i, ".endm (this looks like NASM)"],
  [/^%include\b/i, ".include (this looks like NASM)"],
  [/^%if/i, ".if (this looks like NASM)"],
  [/^%endif\b/i, ".endif (this looks like NASM)"],
  [/^%(assign|xdefine)\b/i, ".set (this looks like NASM)"],
  [/^%rep\b/i, ".rept (this looks like NASM)"],
  [/^\[\s*bits\b/i, ".code16 or .code32 (this looks like NASM)"],
  [/^\[\s*org\b/i, ".org, or the linker's -Ttext (this looks like NASM)"],
  [/^\[\s*(section|segment)\b/i, ".section (this looks like NASM)"],
  [/^\[\s*global\b/i, ".globl (this looks like NASM)"],
  [/^\[\s*extern\b/i, ".extern (this looks like NASM)"],
];

function nasmHint(text: string): { suggestion?: string } {
  const suggestion = NASM_STATEMENTS.find(([pattern]) => pattern.test(text))?.[1];
  return suggestion === undefined ? {} : { suggestion };
}
