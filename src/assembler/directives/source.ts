/**
 * Directives about the source itself: other files, messages, where it ends.
 */

import { readableText, textOfBytes } from "../model/source-text.ts";
import type { Assembler } from "../read/assembler.ts";
import { characterClass, QUOTE, STATEMENT_END } from "../read/chars.ts";
import { readString } from "../read/text.ts";
import type { DirectiveTable, Handler } from "./table.ts";

/** Files inside files. */
const MAXIMUM_DEPTH = 100;

/** A string in quotes at the cursor. */
export function requiredString(assembler: Assembler, what: string): Uint8Array {
  const { input } = assembler;
  if (input.skipSpace() !== QUOTE) assembler.fail("string-expected", `expected ${what} in quotes`);
  const string = readString(input.bytes, input.offset);
  if (!string.closed) assembler.failAt("missing-quote", input.offset, "expected a closing `\"' on this line", 1);
  input.offset = string.end;
  return string.bytes;
}

function open(assembler: Assembler, what: string): { path: string; bytes: Uint8Array; start: number } {
  const { input } = assembler;
  input.skipSpace();
  const start = input.offset;
  const name = readableText(requiredString(assembler, what));
  const found = assembler.files.read(name, input.frame!.origin.path);
  if (found === null)
    return assembler.reporter.fatalAt("file-not-found", start, `file \`${name}' is not there`, input.offset - start);
  if (!assembler.dependencies.includes(found.path)) assembler.dependencies.push(found.path);
  return { ...found, start };
}

/** Inclusions in one assembly: a file that includes itself twice would else take for ever before it is too deep. */
const MAXIMUM_INCLUDES = 5000;
/**
 * And their text, every inclusion counted: it is read within some seconds, and what it leaves in memory is limited by
 * itself.
 */
const MAXIMUM_INCLUDED_BYTES = 32 * 1024 * 1024;

const include: Handler = (assembler) => {
  const { input } = assembler;
  const file = open(assembler, "the name of a file");
  assembler.demandEnd();
  if (input.frame!.depth >= MAXIMUM_DEPTH)
    assembler.reporter.fatal(
      "too-deep",
      `files are included more than ${MAXIMUM_DEPTH} deep: \`${file.path}' may include itself without end`,
    );
  if (++assembler.includeCount > MAXIMUM_INCLUDES)
    assembler.reporter.fatal(
      "too-large",
      `more than ${MAXIMUM_INCLUDES} inclusions: \`${file.path}' may include itself several times over`,
    );
  assembler.includedBytes += file.bytes.length;
  if (assembler.includedBytes > MAXIMUM_INCLUDED_BYTES) {
    assembler.reporter.fatal(
      "too-large",
      `more than ${MAXIMUM_INCLUDED_BYTES} bytes of included files: \`${file.path}' may include itself several times over`,
    );
  }
  assembler.leaveStatement();
  input.pushFile(file.path, file.bytes, assembler.conditionals.depth);
};

/** `.incbin "file", skip, count` */
const incbin: Handler = (assembler) => {
  const file = open(assembler, "the name of a file");
  let skip = 0;
  let count = Infinity;
  if (assembler.comma()) {
    if (assembler.input.skipSpace() !== 0x2c) skip = assembler.expressions.absoluteNumber("the bytes to skip");
    if (assembler.comma()) count = assembler.expressions.absoluteNumber("the number of bytes");
  }
  assembler.demandEnd();
  const { bytes } = file;
  if (skip < 0 || count < 0 || skip > bytes.length || (count !== Infinity && skip + count > bytes.length)) {
    assembler.failAt(
      "value-range",
      file.start,
      `file \`${file.path}' has ${bytes.length} bytes: it cannot give ${count === Infinity ? "those" : count} after byte ${skip}`,
    );
  }
  assembler.sections.bytes(bytes.subarray(skip, skip + (count === Infinity ? bytes.length - skip : count)));
};

/** The rest of the line as a message. */
function message(assembler: Assembler): string {
  const { input } = assembler;
  if (input.skipSpace() === QUOTE) {
    const text = readableText(requiredString(assembler, "a message"));
    assembler.demandEnd();
    return text;
  }
  const start = input.offset;
  while (!(characterClass[input.bytes[input.offset]!]! & STATEMENT_END)) input.offset++;
  return textOfBytes(input.bytes, start, input.offset).trim();
}

export const SOURCE_DIRECTIVES: DirectiveTable = [
  [".include", include],
  [".incbin", incbin],
  [
    ".print",
    (assembler) => {
      const text = readableText(requiredString(assembler, "a message"));
      assembler.demandEnd();
      assembler.options.print?.(text);
    },
  ],
  [
    ".warning",
    (assembler) => {
      const start = assembler.input.statementOffset;
      const text = message(assembler);
      assembler.warnAt("user-warning", start, text === "" ? ".warning directive" : text);
    },
  ],
  [
    ".error",
    (assembler) => {
      const start = assembler.input.statementOffset;
      const text = message(assembler);
      assembler.failAt("user-error", start, text === "" ? ".error directive" : text);
    },
  ],
  [".err", (assembler) => assembler.failAt("user-error", assembler.input.statementOffset, ".err directive")],
  [
    ".fail",
    (assembler) => {
      const start = assembler.input.statementOffset;
      const value = assembler.expressions.absoluteNumber("the number");
      assembler.demandEnd();
      if (value >= 500) assembler.warnAt("user-warning", start, `.fail ${value} directive`);
      else assembler.failAt("user-error", start, `.fail ${value} directive`);
    },
  ],
  [".abort", (assembler) => assembler.reporter.fatal("user-error", ".abort directive")],
  [
    ".end",
    (assembler) => {
      assembler.hasEnded = true;
    },
  ],
];
