/** Names: of entities, their scopes, operators, lambdas and local things (Itanium C++ ABI, 5.1.2 to 5.1.7). */

import { STANDARD_NAMES } from "./builtin-types.ts";
import { readEncoding } from "./encoding.ts";
import { list, type Node, nameNode, type Qualifier } from "./node.ts";
import { OPERATORS } from "./operators.ts";
import type { Reader } from "./reader.ts";
import { qualifierWords, readParameters, readTemplateArguments, readType } from "./types.ts";

/** The name of an entity. */
export function readName(reader: Reader): Node {
  return reader.within(() => {
    switch (reader.peek()) {
      case "N":
        return readNested(reader);
      case "Z":
        return readLocal(reader);
      case "U":
        return readUnqualified(reader, null);
      case "S":
        return readUnscopedSubstitution(reader);
      default:
        return withArguments(reader, readUnqualified(reader, null), true);
    }
  });
}

function withArguments(reader: Reader, name: Node, isNew: boolean): Node {
  if (reader.peek() !== "I") return name;
  if (isNew) reader.remember(name);
  return { kind: "template", name, args: readTemplateArguments(reader) };
}

/** A name that begins with a substitution: `St4cout`, `S0_IiE`, or a module's entity. */
function readUnscopedSubstitution(reader: Reader): Node {
  if (reader.take("St")) {
    const member = readUnqualified(reader, null);
    return withArguments(reader, { kind: "nested", scope: nameNode("std"), member }, true);
  }
  const node = readSubstitution(reader, false);
  if (node.kind === "module") return withArguments(reader, readUnqualified(reader, node), true);
  return withArguments(reader, node, false);
}

/** A substitution, or one of the standard library's abbreviations; `isPrefix` where a member can follow. */
export function readSubstitution(reader: Reader, isPrefix: boolean): Node {
  reader.expect("S");
  const letter = reader.peek();
  if (letter === "_" || reader.isDigit() || (letter >= "A" && letter <= "Z")) return reader.substitution();
  const row = STANDARD_NAMES[letter] ?? reader.fail();
  reader.next();
  if (row.last !== "") reader.lastName = nameNode(row.last);
  // The class of a constructor is written in full: its name would not show otherwise.
  const isStructor = isPrefix && (reader.peek() === "C" || reader.peek() === "D");
  const node = nameNode(reader.isVerbose || isStructor ? row.full : row.brief);
  if (reader.peek() !== "B") return node;
  return reader.remember(readTags(reader, node));
}

function readNested(reader: Reader): Node {
  reader.expect("N");
  const qualifiers: Qualifier[] = qualifierWords(reader).reverse();
  if (reader.take("R")) qualifiers.push({ word: "&", argument: null });
  else if (reader.take("O")) qualifiers.push({ word: "&&", argument: null });
  const name = readPrefix(reader);
  reader.expect("E");
  return qualifiers.length === 0 ? name : { kind: "method", name, qualifiers };
}

/** Scopes and a name, up to an E; substitutions can stand for each of them where they are `candidates`. */
export function readPrefix(reader: Reader, candidates = true): Node {
  let name: Node | null = null;
  while (reader.peek() !== "E") {
    const letter = reader.peek();
    let isNew = true;
    if (letter === "D" && (reader.peek(1) === "T" || reader.peek(1) === "t")) {
      if (name !== null) reader.fail();
      name = readType(reader);
      isNew = false;
    } else if (letter === "S") {
      if (name !== null) reader.fail();
      name = readSubstitution(reader, true);
      if (name.kind === "module") name = readUnqualified(reader, name);
      else isNew = false;
    } else if (letter === "I") {
      if (name === null) return reader.fail();
      name = { kind: "template", name, args: readTemplateArguments(reader) };
    } else if (letter === "T") {
      if (name !== null) reader.fail();
      name = readParameter(reader);
    } else if (letter === "M") {
      // What follows stands in the initializer of a member.
      reader.next();
      isNew = false;
    } else {
      const member = readUnqualified(reader, null);
      name = name === null ? member : { kind: "nested", scope: name, member };
    }
    if (isNew && candidates && reader.peek() !== "E" && name !== null) reader.remember(name);
  }
  return name ?? reader.fail();
}

export function readParameter(reader: Reader): Node {
  reader.expect("T");
  return { kind: "parameter", index: reader.indexBeforeUnderscore() };
}

/** A name without its scope. */
export function readUnqualified(reader: Reader, module: Node | null): Node {
  const owner = readModule(reader, module);
  const letter = reader.peek();
  let name: Node;
  if (reader.isDigit()) name = readSourceName(reader);
  else if (reader.isLower()) name = readOperatorName(reader);
  else if (letter === "D" && reader.peek(1) === "C") name = readBindings(reader);
  else if (letter === "C" || letter === "D") name = readStructor(reader);
  else if (letter === "L") {
    reader.next();
    name = readSourceName(reader);
    skipDiscriminator(reader);
  } else if (reader.take("Ul")) name = readLambda(reader);
  else if (reader.take("Ut")) name = reader.remember({ kind: "unnamed", number: reader.indexBeforeUnderscore() + 1 });
  else return reader.fail();
  if (owner !== null) name = { kind: "in-module", name, module: owner };
  return reader.peek() === "B" ? readTags(reader, name) : name;
}

/** ABI tags, which are nobody's last name. */
function readTags(reader: Reader, name: Node): Node {
  const { lastName } = reader;
  let tagged = name;
  while (reader.take("B")) tagged = { kind: "tagged", name: tagged, tag: readSourceName(reader) };
  reader.lastName = lastName;
  return tagged;
}

function readModule(reader: Reader, known: Node | null): Node | null {
  let module = known;
  while (reader.take("W")) {
    const isPartition = reader.take("P");
    module = reader.remember({ kind: "module", parent: module, name: readSourceName(reader), isPartition });
  }
  return module;
}

/** The module of `_ZGI`. */
export function readModuleName(reader: Reader): Node {
  const first = reader.peek() === "S" ? readSubstitution(reader, false) : null;
  return readModule(reader, first) ?? reader.fail();
}

/** GCC's name of a namespace without one, and what else may stand for its dots. */
const ANONYMOUS = /^_GLOBAL_[._$]N/;

export function readSourceName(reader: Reader): Node {
  const length = Number(reader.digits());
  if (!(length > 0) || reader.at + length > reader.text.length) reader.fail();
  const text = reader.text.slice(reader.at, reader.at + length);
  reader.at += length;
  const name = nameNode(ANONYMOUS.test(text) ? "(anonymous namespace)" : text);
  reader.lastName = name;
  return name;
}

export function readOperatorName(reader: Reader): Node {
  if (reader.peek() === "o" && reader.peek(1) === "n") reader.at += 2;
  if (reader.peek() === "v" && reader.isDigit(1)) {
    reader.next();
    const operands = Number(reader.next());
    return { kind: "vendor-operator", operands, name: readSourceName(reader) };
  }
  if (reader.take("cv")) {
    const outer = reader.isConversion;
    reader.isConversion = true;
    const type = readType(reader);
    reader.isConversion = outer;
    return { kind: "conversion", type };
  }
  const code = reader.next() + reader.next();
  const row = OPERATORS.get(code) ?? reader.fail();
  if (code === "li") return { kind: "literal-operator", name: readSourceName(reader) };
  return { kind: "operator", symbol: row.symbol, operands: row.operands };
}

/** A constructor or destructor of the class that was named last. */
function readStructor(reader: Reader): Node {
  const of = reader.lastName ?? reader.fail();
  const letter = reader.next();
  const isInheriting = letter === "C" && reader.take("I");
  const variant = reader.next();
  if (letter === "C" ? !"12345".includes(variant) : !"01245".includes(variant)) reader.fail();
  // Which constructor it inherits: its class is of no interest, as the parameters follow.
  if (isInheriting) {
    readType(reader);
    return { kind: "constructor", of: reader.lastName ?? of };
  }
  return { kind: letter === "C" ? "constructor" : "destructor", of };
}

function readBindings(reader: Reader): Node {
  reader.at += 2;
  const names: Node[] = [];
  do names.push(readSourceName(reader));
  while (!reader.take("E"));
  return { kind: "bindings", names };
}

function readLambda(reader: Reader): Node {
  const templateHead = readTemplateHead(reader);
  const parameters = list(readParameters(reader));
  reader.expect("E");
  return { kind: "lambda", templateHead, parameters, number: reader.indexBeforeUnderscore() + 1 };
}

/** The parameters of a lambda's own template, which have numbers for names. */
function readTemplateHead(reader: Reader): Node[] {
  const head: Node[] = [];
  while (reader.peek() === "T" && "yptn".includes(reader.peek(1) || "-")) head.push(readHead(reader, head.length));
  return head;
}

function readHead(reader: Reader, number: number): Node {
  return reader.within(() => {
    reader.expect("T");
    switch (reader.next()) {
      case "y":
        return { kind: "head-type", number };
      case "n":
        return { kind: "head-value", number, type: readType(reader) };
      case "t": {
        const parameters = readTemplateHead(reader);
        if (parameters.length === 0) reader.fail();
        reader.expect("E");
        return { kind: "head-template", number, parameters };
      }
      case "p":
        return { kind: "head-pack", parameter: readHead(reader, number) };
      default:
        return reader.fail();
    }
  });
}

/** A name within a function, after the Z. */
function readLocal(reader: Reader): Node {
  reader.expect("Z");
  const encoding = readEncoding(reader);
  reader.expect("E");
  // The function's return type would look like that of what is in it.
  const scope: Node =
    encoding.kind === "encoding" ? { ...encoding, signature: { ...encoding.signature, returns: null } } : encoding;
  if (reader.take("s")) {
    skipDiscriminator(reader);
    return { kind: "local", scope, member: nameNode("string literal") };
  }
  const number = reader.take("d") ? reader.indexBeforeUnderscore() + 1 : 0;
  let member = readName(reader);
  if (member.kind !== "lambda" && member.kind !== "unnamed") skipDiscriminator(reader);
  if (number > 0) member = { kind: "default-argument", number, member };
  return { kind: "local", scope, member };
}

/** Which of several local entities of one name it is; nobody is told. */
function skipDiscriminator(reader: Reader): void {
  if (!reader.take("_")) return;
  const isLong = reader.take("_");
  const number = reader.number();
  if (number < 0) reader.fail();
  if (isLong && number >= 10) reader.expect("_");
}
