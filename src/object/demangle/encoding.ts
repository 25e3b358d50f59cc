/**
 * Whole names: of functions with their parameters, of data, and of what the compiler makes of both (Itanium C++ ABI,
 * 5.1.2 and 5.1.4).
 */

import { readModuleName, readName } from "./names.ts";
import { type Node, nameNode } from "./node.ts";
import type { Reader } from "./reader.ts";
import { readSignature, readTemplateArgument, readType } from "./types.ts";

/** What follows `_Z`. */
export function readEncoding(reader: Reader): Node {
  return reader.within(() => {
    const letter = reader.peek();
    if (letter === "G" || letter === "T") return readSpecial(reader);
    const name = readName(reader);
    if (reader.peek() === "" || reader.peek() === "E") return name;
    return { kind: "encoding", name, signature: readSignature(reader, hasReturn(name), []) };
  });
}

/** Functions that are templates tell what they return, but for constructors, destructors and conversions. */
function hasReturn(name: Node): boolean {
  if (name.kind === "method") return hasReturn(name.name);
  if (name.kind === "local" || name.kind === "default-argument") return hasReturn(name.member);
  return name.kind === "template" && !isStructorOrConversion(name.name);
}

function isStructorOrConversion(name: Node): boolean {
  if (name.kind === "nested" || name.kind === "local") return isStructorOrConversion(name.member);
  if (name.kind === "tagged") return isStructorOrConversion(name.name);
  return name.kind === "constructor" || name.kind === "destructor" || name.kind === "conversion";
}

/** Of a type, a name, or a function: by the letters that they begin with. */
const SPECIAL_NAMES: Readonly<Record<string, readonly [words: string, read: (reader: Reader) => Node]>> = {
  TV: ["vtable for ", readType],
  TT: ["VTT for ", readType],
  TI: ["typeinfo for ", readType],
  TS: ["typeinfo name for ", readType],
  TF: ["typeinfo fn for ", readType],
  TJ: ["java Class for ", readType],
  TH: ["TLS init function for ", readName],
  TW: ["TLS wrapper function for ", readName],
  TA: ["template parameter object for ", readTemplateArgument],
  GV: ["guard variable for ", readName],
  GA: ["hidden alias for ", readEncoding],
  GI: ["initializer for module ", readModuleName],
};

function readSpecial(reader: Reader): Node {
  const code = reader.next() + reader.next();
  const row = SPECIAL_NAMES[code];
  if (row !== undefined) return { kind: "special", words: row[0], entity: row[1](reader) };
  switch (code) {
    case "TC": {
      const derived = readType(reader);
      if (reader.number() < 0) reader.fail();
      reader.expect("_");
      return { kind: "construction-table", base: readType(reader), derived };
    }
    case "Th":
      return readThunk(reader, "non-virtual thunk to ", "h");
    case "Tv":
      return readThunk(reader, "virtual thunk to ", "v");
    case "Tc":
      skipOffset(reader, reader.next());
      return readThunk(reader, "covariant return thunk to ", reader.next());
    case "GR":
      return { kind: "reference-temporary", entity: readName(reader), number: String(reader.number()) };
    case "GT": {
      const words = reader.next() === "n" ? "non-transaction clone for " : "transaction clone for ";
      return { kind: "special", words, entity: readEncoding(reader) };
    }
    case "Gr":
      return readJavaResource(reader);
    default:
      return reader.fail();
  }
}

function readThunk(reader: Reader, words: string, offset: string): Node {
  skipOffset(reader, offset);
  return { kind: "special", words, entity: readEncoding(reader) };
}

function skipOffset(reader: Reader, letter: string): void {
  if (letter !== "h" && letter !== "v") reader.fail();
  reader.number();
  reader.expect("_");
  if (letter === "h") return;
  reader.number();
  reader.expect("_");
}

/** Names of files in Java's archives: `$S` is a slash, `$_` a dot, `$$` a dollar. */
function readJavaResource(reader: Reader): Node {
  const length = reader.number();
  if (length <= 1 || reader.at + length > reader.text.length) reader.fail();
  reader.expect("_");
  const text = reader.text.slice(reader.at, reader.at + length - 1);
  reader.at += length - 1;
  const plain = text.replace(/\$(.?)/g, (_, letter: string) => ({ S: "/", _: ".", $: "$" })[letter] ?? reader.fail());
  return { kind: "special", words: "java resource ", entity: nameNode(plain) };
}

/** Copies of a function that the compiler made: ` [clone .isra.0]`. */
export function readClones(reader: Reader, encoding: Node): Node {
  let entity = encoding;
  for (;;) {
    const suffix = /^\.[a-z_0-9]+(?:\.[0-9]+)*/.exec(reader.text.slice(reader.at))?.[0];
    if (suffix === undefined) return entity;
    reader.at += suffix.length;
    entity = { kind: "clone", entity, suffix };
  }
}
