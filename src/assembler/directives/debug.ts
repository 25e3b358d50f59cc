/**
 * Directives for debuggers: source files and lines, and notes about the program.
 */

import type { Atom } from "../model/atom.ts";
import type { LocationOptions } from "../model/debug-lines.ts";
import { symbolExpression } from "../model/expression.ts";
import * as integer from "../model/integer.ts";
import { hasNumber, hasText } from "../model/object-attributes.ts";
import { SHF, SHT } from "../model/section.ts";
import { NEWLINE, textOfBytes } from "../model/source-text.ts";
import type { Assembler } from "../read/assembler.ts";
import { characterClass, DIGIT, NAME_PART, QUOTE } from "../read/chars.ts";
import { readString } from "../read/text.ts";
import { requiredString } from "./source.ts";
import { symbolName } from "./symbol.ts";
import type { DirectiveTable, Handler } from "./table.ts";

/** `.file "name"`, or `.file 2 "directory" "name" md5 0x...` for a line program. */
const file: Handler = (assembler) => {
  const { input } = assembler;
  if (!(characterClass[input.skipSpace()]! & DIGIT)) {
    const name = textOfBytes(requiredString(assembler, "the name of a file"));
    assembler.demandEnd();
    // The first heads the symbol table, the others stand in it where they were met.
    if (assembler.program.fileNames.length > 0) assembler.symbols.addFile(name);
    assembler.program.fileNames.push(name);
    const frame = input.frame!;
    // Where lines are counted as a preprocessor says, they are of this file from now on.
    if (frame.markers.length > 0) {
      let next = input.offset;
      while (next < frame.end && input.bytes[next] !== NEWLINE) next++;
      frame.mark({ offset: next + 1, line: frame.lineAt(next) + 1, path: name });
    }
    return;
  }
  const start = input.offset;
  const number = assembler.expressions.absoluteNumber("the number of the file");
  let name = textOfBytes(requiredString(assembler, "the name of the file"));
  let directory = "";
  let md5: Uint8Array | null = null;
  if (input.skipSpace() === QUOTE) {
    directory = name;
    name = textOfBytes(requiredString(assembler, "the name of the file"));
  }
  if (!input.atStatementEnd() && word(assembler).word === "md5") {
    input.skipSpace();
    let text = "";
    let end = input.offset + 2;
    while (characterClass[input.bytes[end]!]! & NAME_PART) end++;
    text = textOfBytes(input.bytes, input.offset + 2, end).padStart(32, "0");
    input.offset = end;
    // GNU as takes it for a number, and writes its lowest byte first.
    md5 = Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(text.slice(30 - i * 2, 32 - i * 2), 16));
  }
  assembler.demandEnd();
  if (number < 0 || number > 100000) assembler.failAt("value-range", start, "a file has a number from 0 to 100000");
  assembler.program.debug.file(number, directory, name, md5);
};

function word(assembler: Assembler): Atom {
  const { input, atoms } = assembler;
  input.skipSpace();
  const start = input.offset;
  while (characterClass[input.bytes[input.offset]!]! & NAME_PART) input.offset++;
  return atoms.intern(input.bytes, start, input.offset);
}

/** `.loc file line column options` */
const loc: Handler = (assembler) => {
  const { input, expressions } = assembler;
  const start = input.offset;
  const fileNumber = expressions.absoluteNumber("the number of the file");
  const line = expressions.absoluteNumber("the line");
  let { column } = assembler.program.debug;
  if (characterClass[input.skipSpace()]! & DIGIT) column = expressions.absoluteNumber("the column");
  const options: LocationOptions = {
    isStatement: assembler.program.debug.isStatement,
    basicBlock: false,
    prologueEnd: false,
    epilogueBegin: false,
    isa: assembler.program.debug.isa,
    discriminator: 0,
    hasView: false,
    view: null,
    resetsView: false,
  };
  while (!input.atStatementEnd()) {
    const at = input.offset;
    const name = word(assembler).word;
    switch (name) {
      case "basic_block":
        options.basicBlock = true;
        break;
      case "prologue_end":
        options.prologueEnd = true;
        break;
      case "epilogue_begin":
        options.epilogueBegin = true;
        break;
      case "is_stmt":
        options.isStatement = expressions.absoluteNumber("is_stmt") !== 0;
        break;
      case "isa":
        options.isa = expressions.absoluteNumber("isa");
        break;
      case "discriminator":
        options.discriminator = expressions.absoluteNumber("the discriminator");
        break;
      case "view":
        options.hasView = true;
        if (input.skipSpace() === 0x2d) {
          options.resetsView = true;
          expressions.absoluteNumber("the view");
        } else if (characterClass[input.bytes[input.offset]!]! & DIGIT) expressions.absoluteNumber("the view");
        else options.view = word(assembler);
        break;
      default:
        assembler.failAt("bad-argument", at, `\`${name}' is no option of \`.loc'`, Math.max(1, name.length), {
          candidates: ["basic_block", "prologue_end", "epilogue_begin", "is_stmt", "isa", "discriminator", "view"],
          written: name,
        });
    }
  }
  assembler.demandEnd();
  if (!assembler.program.debug.hasFile(fileNumber))
    assembler.failAt("unknown-file", start, `no \`.file ${fileNumber}' came before this \`.loc'`);
  assembler.program.debug.location(fileNumber, line, column, options);
};

/** `.ident "text"`: a string in `.comment`. */
const ident: Handler = (assembler) => {
  const text = requiredString(assembler, "a text");
  assembler.demandEnd();
  const { sections } = assembler;
  sections.push();
  let comment = sections.find(".comment");
  if (comment === null) {
    comment = sections.make(".comment", SHT.PROGBITS, SHF.MERGE | SHF.STRINGS);
    comment.entrySize = 1;
    sections.change(comment);
    sections.bytes(new Uint8Array(1));
  } else sections.change(comment);
  sections.bytes(text);
  sections.bytes(new Uint8Array(1));
  sections.pop();
};

/** `.version "text"`: a note (System V ABI, note section). */
const version: Handler = (assembler) => {
  const text = requiredString(assembler, "a text");
  assembler.demandEnd();
  const { sections } = assembler;
  sections.push();
  sections.change(sections.find(".note") ?? sections.make(".note", SHT.NOTE, 0));
  sections.integer(text.length + 1, 4);
  sections.integer(0, 4);
  sections.integer(1, 4);
  sections.bytes(text);
  sections.bytes(new Uint8Array(1 + ((3 - text.length) & 3)));
  sections.current!.section.align(2);
  sections.pop();
};

/** `.line`, `.linefile`: what the next line is counted as. */
const line: Handler = (assembler) => {
  const { input } = assembler;
  const number = assembler.expressions.absoluteNumber("the line");
  let path = input.frame!.pathAt(input.offset);
  if (input.skipSpace() === QUOTE) {
    const string = readString(input.bytes, input.offset);
    input.offset = string.end;
    path = textOfBytes(string.bytes);
  }
  input.skipStatement();
  let next = input.offset;
  while (input.bytes[next] !== NEWLINE) next++;
  input.frame!.mark({ offset: next + 1, line: number, path });
  input.line = number - 1;
};

/**
 * `.stabs "text", type, other, description, value`; `n`: without the text; `d`: and with the current place as the
 * value.
 */
function stab(kind: "s" | "n" | "d", section = ".stab"): Handler {
  return (assembler) => {
    const { expressions } = assembler;
    let text = new Uint8Array(0);
    if (kind === "s") {
      text = new Uint8Array(requiredString(assembler, "the text of the entry"));
      assembler.demandComma();
    }
    const number = (what: string): number => expressions.absoluteNumber(what);
    const type = number("the type of the entry");
    assembler.demandComma();
    const other = number("the second number of the entry");
    assembler.demandComma();
    const description = number("the description of the entry");
    let value = assembler.symbols.here(assembler.input.offset);
    if (kind !== "d") {
      assembler.demandComma();
      value = expressions.required("the value of the entry");
    }
    assembler.demandEnd();
    assembler.program.stabs.add(section, text, type, other, description, value);
  };
}

/** `.func name, label`: a routine begins; who generates stabs notes it. */
function func(assembler: Assembler): void {
  const { debug } = assembler.program;
  const { offset } = assembler.input;
  const name = symbolName(assembler);
  const label = assembler.comma() ? symbolName(assembler) : name;
  assembler.demandEnd();
  if (debug.isInRoutine) assembler.failAt("debug-function", offset, "the routine before has no `.endfunc'");
  debug.isInRoutine = true;
  // Without stabs nothing refers to the label: FreeRTOS names one that is nowhere.
  if (debug.stabs === null) return;
  const start = symbolExpression(assembler.symbols.findOrMake(label, offset), 0, offset);
  debug.stabs.beginRoutine(name.text, start, debug.place().line);
}

function endfunc(assembler: Assembler): void {
  const { debug } = assembler.program;
  assembler.demandEnd();
  if (!debug.isInRoutine) assembler.failAt("debug-function", assembler.input.offset, "`.endfunc' without `.func'");
  debug.isInRoutine = false;
  debug.stabs?.endRoutine();
}

/** `.gnu_attribute tag, number` or `tag, "text"`: which of the two goes by the tag. */
const attribute: Handler = (assembler) => {
  const { expressions, input } = assembler;
  const start = input.offset;
  if (!(characterClass[input.skipSpace()]! & DIGIT))
    assembler.fail("expression-expected", "expected the number of an attribute");
  const tag = integer.low32(expressions.absolute("the number of the attribute")) >>> 0;
  assembler.demandComma();
  const number = hasNumber(tag) ? integer.low32(expressions.absolute("the value of the attribute")) >>> 0 : 0;
  if (hasNumber(tag) && hasText(tag)) assembler.demandComma();
  const text = hasText(tag) ? requiredString(assembler, "the text of the attribute") : new Uint8Array(0);
  if (text.includes(0)) assembler.failAt("bad-argument", start, "the text of an attribute ends at a byte of 0");
  assembler.demandEnd();
  assembler.program.attributes.set(tag, number, text);
};

export const DEBUG_DIRECTIVES: DirectiveTable = [
  [".gnu_attribute", attribute],
  [".file .appfile", file],
  [".loc", loc],
  [
    ".loc_mark_labels",
    (assembler) => {
      assembler.program.debug.marksLabels = assembler.expressions.absoluteNumber("the switch") !== 0;
      assembler.demandEnd();
    },
  ],
  [".ident", ident],
  [".version", version],
  [".line .linefile .appline", line],
  [".stabs", stab("s")],
  [".stabn", stab("n")],
  [".stabd", stab("d")],
  [
    ".xstabs",
    (assembler, directive) => {
      const section = textOfBytes(requiredString(assembler, "the name of a section"));
      assembler.demandComma();
      stab("s", section)(assembler, directive);
    },
  ],
  [".func", func],
  [".endfunc", endfunc],
];
