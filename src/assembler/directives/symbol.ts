/**
 * Directives that say something about symbols.
 */

import { RELOCATION_NUMBERS } from "../../object/relocation-types.ts";
import type { Atom } from "../model/atom.ts";
import { Op, symbolExpression } from "../model/expression.ts";
import { textOfBytes } from "../model/source-text.ts";
import type { AssemblySymbol } from "../model/symbol.ts";
import { STT, STV } from "../model/symbol.ts";
import type { Assembler } from "../read/assembler.ts";
import { characterClass, NAME_PART, NAME_START, QUOTE } from "../read/chars.ts";
import { readString } from "../read/text.ts";
import { alignTo } from "./layout.ts";
import type { DirectiveTable, Handler } from "./table.ts";

/** The name at the cursor, which moves past it. */
export function symbolName(assembler: Assembler): Atom {
  const { input } = assembler;
  if (input.skipSpace() === QUOTE) {
    const string = readString(input.bytes, input.offset);
    input.offset = string.end;
    return assembler.atoms.intern(string.bytes, 0, string.bytes.length);
  }
  const start = input.offset;
  if (!(characterClass[input.bytes[start]!]! & NAME_START))
    assembler.fail("symbol-expected", "expected the name of a symbol");
  let end = start;
  while (characterClass[input.bytes[end]!]! & NAME_PART) end++;
  input.offset = end;
  return assembler.atoms.intern(input.bytes, start, end);
}

/** Names separated by commas, each marked. */
function each(mark: (symbol: AssemblySymbol, assembler: Assembler) => void): Handler {
  return (assembler) => {
    do {
      const start = assembler.input.offset;
      const atom = symbolName(assembler);
      const symbol = assembler.symbols.findOrMake(atom, start);
      assembler.program.symbolList.need(symbol);
      mark(symbol, assembler);
    } while (assembler.comma() && !assembler.input.atStatementEnd());
    assembler.demandEnd();
  };
}

function visibility(value: number): Handler {
  return each((symbol) => {
    symbol.visibility = value;
  });
}

/** `.symver name, name@version, what becomes of the name` */
const version: Handler = (assembler) => {
  const { input } = assembler;
  input.skipSpace();
  const symbol = assembler.symbols.findOrMake(symbolName(assembler), input.offset);
  assembler.program.symbolList.need(symbol);
  assembler.demandComma();
  input.skipSpace();
  const start = input.offset;
  input.skipStatement();
  const [name = "", original = ""] = textOfBytes(input.bytes, start, input.offset)
    .split(/#|\/\*/)[0]!
    .split(",")
    .map((part) => part.trim());
  assembler.program.versions.add(symbol, name, original, start);
};

/** `.set name, expression` and its kin. */
function assign(mode: "set" | "equiv" | "eqv"): Handler {
  return (assembler) => {
    assembler.input.skipSpace();
    const start = assembler.input.offset;
    const atom = symbolName(assembler);
    assembler.demandComma();
    if (atom.text !== ".") assembler.symbols.findOrMake(atom, start);
    assembler.expressions.defersHere = mode === "eqv";
    const value = assembler.expressions.required();
    assembler.expressions.defersHere = false;
    assembler.demandEnd();
    if (atom.text === ".") assembler.origin(value, 0);
    else assembler.symbols.assign(atom, value, mode, start, assembler.isIntel && assembler.expressions.namesOffset);
  };
}

const TYPES: ReadonlyMap<string, number> = new Map([
  ["function", STT.FUNC],
  ["STT_FUNC", STT.FUNC],
  ["object", STT.OBJECT],
  ["STT_OBJECT", STT.OBJECT],
  ["notype", STT.NOTYPE],
  ["STT_NOTYPE", STT.NOTYPE],
  ["tls_object", STT.TLS],
  ["STT_TLS", STT.TLS],
  ["common", STT.COMMON],
  ["STT_COMMON", STT.COMMON],
  ["0", STT.NOTYPE],
  ["1", STT.OBJECT],
  ["2", STT.FUNC],
  ["5", STT.COMMON],
  ["6", STT.TLS],
  ["10", STT.GNU_IFUNC],
  ["gnu_indirect_function", STT.GNU_IFUNC],
  ["STT_GNU_IFUNC", STT.GNU_IFUNC],
  ["gnu_unique_object", STT.OBJECT],
]);

/** `.type name, @function`, also with `%`, `#`, quotes or nothing before the type. */
const type: Handler = (assembler) => {
  const { input } = assembler;
  const start = input.offset;
  const atom = symbolName(assembler);
  assembler.comma();
  const sign = input.skipSpace();
  if (sign === 0x40 || sign === 0x25) input.offset++;
  if (sign === 0x40) input.skipSpace();
  const typeOffset = input.offset;
  let name: string;
  if (sign === QUOTE) {
    const string = readString(input.bytes, input.offset);
    input.offset = string.end;
    name = textOfBytes(string.bytes);
  } else {
    while (characterClass[input.bytes[input.offset]!]! & NAME_PART) input.offset++;
    name = textOfBytes(input.bytes, typeOffset, input.offset);
  }
  assembler.demandEnd();
  const value = TYPES.get(name);
  if (value === undefined) {
    assembler.failAt("symbol-type", typeOffset, `\`${name}' is no type of a symbol`, undefined, {
      candidates: TYPES.keys(),
      written: name,
    });
  } else {
    const symbol = assembler.symbols.findOrMake(atom, start);
    assembler.program.symbolList.need(symbol);
    if (value === STT.COMMON) becomeCommon(assembler, symbol, start);
    changeType(symbol, value === STT.COMMON ? STT.OBJECT : value);
    if (name === "gnu_unique_object") symbol.isUnique = true;
  }
};

/** What is particular about a function or an object stays so when it is called just that. */
function changeType(symbol: AssemblySymbol, type: number): void {
  if (type === STT.FUNC && symbol.type === STT.GNU_IFUNC) return;
  if (type === STT.OBJECT && symbol.type === STT.TLS) return;
  if (type !== STT.OBJECT) symbol.isUnique = false;
  symbol.type = type;
}

/** `.type name, @common`: a block of no size yet. */
function becomeCommon(assembler: Assembler, symbol: AssemblySymbol, start: number): void {
  if (symbol.section.kind === "common") return;
  if (symbol.section.kind !== "undefined" || symbol.expression !== null)
    assembler.reporter.failRedefinition(symbol, start, symbol.name.length);
  symbol.section = assembler.sections.common;
  symbol.value = 0;
  symbol.alignment = 1;
  symbol.isGlobal = true;
}

const size: Handler = (assembler) => {
  const start = assembler.input.offset;
  const atom = symbolName(assembler);
  assembler.comma();
  const value = assembler.expressions.required("the size");
  assembler.demandEnd();
  const symbol = assembler.symbols.findOrMake(atom, start);
  assembler.program.symbolList.need(symbol);
  symbol.size = value;
  symbol.hasInheritedSize = false;
};

/**
 * `.comm name, size, alignment` (the first comma may be missing): a block that the linker places; with `.local name`
 * before it, one in `.bss`. `.xcom` takes no alignment, keeps one that was said, and is never local.
 */
const common =
  (type: number, isPlain = false): Handler =>
  (assembler) => {
    const { expressions, input } = assembler;
    const start = input.offset;
    const atom = symbolName(assembler);
    assembler.comma();
    const bytes = expressions.absoluteNumber("the size");
    if (bytes < 0) assembler.failAt("negative-count", start, `a size of ${bytes} bytes is not possible`);
    let alignment = 0;
    if (!isPlain && assembler.comma()) {
      alignment = expressions.absoluteNumber("the alignment");
      if (alignment < 0 || !Number.isInteger(Math.log2(alignment || 1)))
        assembler.failAt("bad-alignment", start, `an alignment is a power of two, and ${alignment} is none`);
    }
    assembler.demandEnd();
    const symbol = assembler.symbols.renewed(atom, start);
    assembler.program.symbolList.need(symbol);
    if (symbol.isLocal && !isPlain) {
      placeInBss(assembler, atom, start, bytes, alignment);
      return;
    }
    if (symbol.section.kind !== "undefined" && symbol.section.kind !== "common")
      assembler.reporter.failRedefinition(symbol, start, atom.length);
    const said = symbol.section.kind === "common" ? Number(symbol.value) : 0;
    if (said !== 0 && said !== bytes)
      assembler.warnAt(
        "common-size",
        start,
        `\`${symbol.name}' has a size of ${said} already, which stays: ${bytes} is ignored`,
      );
    const size = said || bytes;
    const kept = isPlain && symbol.section.kind === "common" ? symbol.alignment : 0;
    symbol.section = assembler.sections.common;
    symbol.value = size;
    symbol.alignment = alignment || kept || defaultCommonAlignment(size);
    symbol.isGlobal = true;
    symbol.isLocal = false;
    symbol.type = type;
    symbol.size = null;
  };

/** Without an alignment, or one of 0, a block is aligned to its size, rounded up, at most to 16 bytes. */
function defaultCommonAlignment(bytes: number): number {
  let power = 0;
  while (2 ** power < bytes && power < 4) power++;
  return 2 ** power;
}

function defaultBssAlignment(bytes: number): number {
  return bytes >= 8 ? 8 : bytes >= 4 ? 4 : bytes >= 2 ? 2 : 1;
}

function placeInBss(assembler: Assembler, atom: Atom, offset: number, bytes: number, alignment: number): void {
  const { sections } = assembler;
  sections.push();
  sections.change(sections.bss, 1);
  alignTo(assembler, Math.log2(Math.max(1, alignment)), null, 0);
  assembler.symbols.define(atom, offset);
  const symbol = atom.symbol!;
  sections.zeros(bytes);
  sections.pop();
  symbol.commonSize = bytes;
  symbol.type = STT.OBJECT;
}

/** `.lcomm name, size` */
const localCommon: Handler = (assembler) => {
  const start = assembler.input.offset;
  const atom = symbolName(assembler);
  assembler.comma();
  const bytes = assembler.expressions.absoluteNumber("the size");
  assembler.demandEnd();
  if (bytes < 0) assembler.failAt("negative-count", start, `a size of ${bytes} bytes is not possible`);
  placeInBss(assembler, atom, start, bytes, defaultBssAlignment(bytes));
};

/** `.weakref alias, target` */
const weakReference: Handler = (assembler) => {
  const start = assembler.input.offset;
  const alias = symbolName(assembler);
  assembler.demandComma();
  const target = symbolName(assembler);
  assembler.demandEnd();
  assembler.symbols.alias(alias, target, start);
};

/** `.reloc place, type, target` */
const relocation: Handler = (assembler) => {
  const { expressions, input } = assembler;
  const start = input.offset;
  let place = expressions.required("the place of the relocation");
  if (place.op === Op.CONSTANT && assembler.sections.current !== null) {
    const symbol = assembler.sections.current.section.symbol!;
    symbol.usedInRelocation = true;
    place = symbolExpression(symbol, place.number, start);
  }
  assembler.demandComma();
  input.skipSpace();
  const nameStart = input.offset;
  while (characterClass[input.bytes[input.offset]!]! & NAME_PART) input.offset++;
  const name = textOfBytes(input.bytes, nameStart, input.offset);
  const type = RELOCATION_NUMBERS.get(name.toUpperCase());
  if (type === undefined)
    return assembler.failAt("bad-argument", nameStart, `\`${name}' is no relocation of this processor`, name.length, {
      candidates: RELOCATION_NUMBERS.keys(),
      written: name,
    });
  const target = assembler.comma() ? expressions.required("the target of the relocation") : null;
  assembler.demandEnd();
  assembler.program.statedRelocations.push({ place, type, target, frame: input.frame, offset: start });
};

export const SYMBOL_DIRECTIVES: DirectiveTable = [
  [
    ".globl .global .xdef",
    each((symbol) => {
      symbol.isGlobal = true;
    }),
  ],
  [
    ".weak",
    each((symbol) => {
      symbol.isWeak = true;
    }),
  ],
  [
    ".local",
    each((symbol) => {
      symbol.isLocal = true;
      symbol.isGlobal = false;
    }),
  ],
  [".extern .extrn", (assembler) => assembler.input.skipStatement()],
  [".hidden", visibility(STV.HIDDEN)],
  [".internal", visibility(STV.INTERNAL)],
  [".protected", visibility(STV.PROTECTED)],
  [".set .equ .lsym", assign("set")],
  [".equiv", assign("equiv")],
  [".eqv", assign("eqv")],
  [".type", type],
  [".size", size],
  [".comm .common .largecomm", common(STT.OBJECT)],
  [".xcom", common(STT.OBJECT, true)],
  [".tls_common", common(STT.TLS)],
  [".lcomm", localCommon],
  [".weakref", weakReference],
  [".symver", version],
  [".reloc", relocation],
  [
    ".vtable_entry .vtable_inherit",
    (assembler, directive) => assembler.fail("unsupported-directive", `\`${directive.name}' is not supported`),
  ],
];
