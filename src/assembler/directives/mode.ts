/**
 * Directives that choose the kind of code and the syntax.
 */

import { textOfBytes } from "../model/source-text.ts";
import { Architecture } from "../read/architecture.ts";
import type { Assembler } from "../read/assembler.ts";
import { characterClass, STATEMENT_END } from "../read/chars.ts";
import type { DirectiveTable, Handler } from "./table.ts";

function code(bits: 16 | 32, stack32: boolean): Handler {
  return (assembler) => {
    assembler.bits = bits;
    assembler.stack32 = stack32;
    assembler.demandEnd();
  };
}

/** `.intel_syntax noprefix`: whether registers need a `%` goes with the syntax unless it is said. */
function syntax(isIntel: boolean): Handler {
  return (assembler) => {
    const word = restOf(assembler);
    if (word !== "" && word !== "prefix" && word !== "noprefix") {
      assembler.fail("bad-argument", `expected \`prefix' or \`noprefix', not \`${word}'`);
    }
    assembler.isIntel = isIntel;
    assembler.allowsNakedRegisters = word === "noprefix" || (word === "" && isIntel);
  };
}

/** Whose names FSUB and its kin have in AT&T syntax. */
function names(isIntel: boolean): Handler {
  return (assembler) => {
    assembler.hasIntelNames = isIntel;
    assembler.demandEnd();
  };
}

function restOf(assembler: Assembler): string {
  const { input } = assembler;
  input.skipSpace();
  const start = input.offset;
  while (!(characterClass[input.bytes[input.offset]!]! & STATEMENT_END)) input.offset++;
  return textOfBytes(input.bytes, start, input.offset).trim();
}

const arch: Handler = (assembler) => {
  const start = assembler.input.offset;
  const [name = "", ...modifiers] = restOf(assembler)
    .split(",")
    .map((part) => part.trim());
  if (name === "") assembler.failAt("bad-argument", start, "expected the name of a processor");
  for (const modifier of modifiers) {
    if (modifier !== "jumps" && modifier !== "nojumps")
      assembler.failAt("bad-argument", start, `expected \`jumps' or \`nojumps', not \`${modifier}'`);
    assembler.architecture.promotesJumps = modifier === "jumps";
  }
  if (!assembler.architecture.select(name)) {
    if (name.toLowerCase() === "pop")
      assembler.failAt("unknown-processor", start, "`.arch pop' without `.arch push' before it", name.length);
    assembler.failAt("unknown-processor", start, `no processor or extension is called \`${name}'`, name.length, {
      candidates: Architecture.names,
      written: name,
    });
  }
};

/** Whether `eiz`, an index that is none, may be written. */
function indexRegister(isAllowed: boolean): Handler {
  return (assembler) => {
    assembler.allowsIndexRegister = isAllowed;
    assembler.demandEnd();
  };
}

export const MODE_DIRECTIVES: DirectiveTable = [
  [".code16", code(16, false)],
  [".code16gcc", code(16, true)],
  [".code32", code(32, false)],
  [".code64", (assembler) => assembler.fail("not-on-this-cpu", "64-bit code is not for this processor")],
  [".intel_syntax", syntax(true)],
  [".att_syntax", syntax(false)],
  [".intel_mnemonic", names(true)],
  [".att_mnemonic", names(false)],
  [".arch", arch],
  // Checks of SSE beside AVX and of addresses with EIZ: nothing here depends on them.
  [".allow_index_reg", indexRegister(true)],
  [".disallow_index_reg", indexRegister(false)],
  [".sse_check .operand_check", (assembler) => assembler.input.skipStatement()],
];
