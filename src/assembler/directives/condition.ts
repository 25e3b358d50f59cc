/**
 * `.if` and its many forms.
 */

import type { Atom } from "../model/atom.ts";
import type { Integer } from "../model/integer.ts";
import { textOfBytes } from "../model/source-text.ts";
import type { Assembler } from "../read/assembler.ts";
import { characterClass, NAME_PART, NAME_START, QUOTE } from "../read/chars.ts";
import { readString } from "../read/text.ts";
import type { DirectiveTable, Handler } from "./table.ts";

/** A form that compares an expression with zero. */
function compares(test: (value: Integer) => boolean): Handler {
  return (assembler, directive) =>
    assembler.conditionals.open(() => {
      const value = condition(assembler, directive.name);
      assembler.demandEnd();
      return test(value);
    });
}

/** The value of a condition. Names in it that have no value yet are remembered: a later line may give them one. */
function condition(assembler: Assembler, directive: string): Integer {
  const { conditionals, expressions, input } = assembler;
  input.skipSpace();
  const start = input.offset;
  const unknown: Atom[] = [];
  expressions.unknownNames = unknown;
  try {
    return expressions.absolute(`the condition of \`${directive}'`);
  } finally {
    expressions.unknownNames = null;
    for (const atom of unknown) conditionals.askedUndefined(atom, start);
  }
}

/** `.ifdef name`: whether it has a value by now. */
function isDefined(assembler: Assembler): boolean {
  const { input } = assembler;
  input.skipSpace();
  const start = input.offset;
  let end = start;
  let atom: Atom;
  if (input.bytes[start] === QUOTE) {
    const string = readString(input.bytes, start);
    end = string.end;
    atom = assembler.atoms.intern(string.bytes, 0, string.bytes.length);
  } else {
    if (!(characterClass[input.bytes[start]!]! & NAME_START))
      assembler.fail("symbol-expected", "expected the name of a symbol");
    while (characterClass[input.bytes[end]!]! & NAME_PART) end++;
    atom = assembler.atoms.intern(input.bytes, start, end);
  }
  input.offset = end;
  assembler.demandEnd();
  const { symbol } = atom;
  if (symbol === null) {
    assembler.conditionals.askedUndefined(atom, start);
    return false;
  }
  const defined =
    (symbol.section.kind !== "undefined" || symbol.expression !== null) && symbol.section.kind !== "register";
  if (!defined) assembler.conditionals.askedUndefined(atom, start);
  return defined;
}

/** Two texts with a comma between them, as they stand. */
function equalTexts(assembler: Assembler, directive: string): boolean {
  const { bytes, length } = assembler.macros.rest();
  const text = textOfBytes(bytes, 0, length);
  const comma = text.indexOf(",");
  if (comma < 0) assembler.fail("comma-expected", `\`${directive}' compares two texts with a comma between them`);
  return trim(text.slice(0, comma)) === trim(text.slice(comma + 1));
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}

/** Two strings in quotes. */
function equalStrings(assembler: Assembler, directive: string): boolean {
  const { input } = assembler;
  const read = (): string => {
    if (input.skipSpace() !== QUOTE)
      assembler.fail("string-expected", `\`${directive}' compares two strings in quotes`);
    const string = readString(input.bytes, input.offset);
    input.offset = string.end;
    return textOfBytes(string.bytes);
  };
  const first = read();
  assembler.demandComma();
  const second = read();
  assembler.demandEnd();
  return first === second;
}

function isBlank(assembler: Assembler): boolean {
  const blank = assembler.input.atStatementEnd();
  assembler.input.skipStatement();
  return blank;
}

function asks(condition: (assembler: Assembler, directive: string) => boolean, wanted: boolean): Handler {
  return (assembler, directive) => assembler.conditionals.open(() => condition(assembler, directive.name) === wanted);
}

export const CONDITION_DIRECTIVES: DirectiveTable = [
  [".if .ifne", compares((value) => value != 0)],
  [".ifeq", compares((value) => value == 0)],
  [".ifge", compares((value) => value >= 0)],
  [".ifgt", compares((value) => value > 0)],
  [".ifle", compares((value) => value <= 0)],
  [".iflt", compares((value) => value < 0)],
  [".ifdef", asks(isDefined, true)],
  [".ifndef .ifnotdef", asks(isDefined, false)],
  [".ifc", asks(equalTexts, true)],
  [".ifnc", asks(equalTexts, false)],
  [".ifeqs", asks(equalStrings, true)],
  [".ifnes", asks(equalStrings, false)],
  [".ifb", asks(isBlank, true)],
  [".ifnb", asks(isBlank, false)],
  [
    ".elseif",
    (assembler) => {
      assembler.conditionals.elseIf(() => {
        const value = condition(assembler, ".elseif");
        assembler.demandEnd();
        return value != 0;
      });
    },
  ],
  [
    ".else .elsec",
    (assembler) => {
      assembler.conditionals.else();
      assembler.input.skipStatement();
    },
  ],
  [
    ".endif .endc",
    (assembler) => {
      assembler.conditionals.end();
      assembler.input.skipStatement();
    },
  ],
];
