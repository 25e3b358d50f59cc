/** Types and template arguments (Itanium C++ ABI, 5.1.5). */

import { BUILTIN_TYPES, PLACEHOLDER_TYPES } from "./builtin-types.ts";
import { readExpression, readLiteral } from "./expressions.ts";
import { readName, readParameter, readSourceName, readSubstitution } from "./names.ts";
import { type Arguments, type FunctionType, list, type Node, nameNode, type Qualifier } from "./node.ts";
import type { Reader } from "./reader.ts";

export function readType(reader: Reader): Node {
  return reader.within(() => {
    const qualifiers = qualifierWords(reader);
    if (qualifiers.length > 0) {
      if (reader.peek() === "F") return reader.remember(readFunction(reader, qualifiers.reverse()));
      const type = readType(reader);
      return reader.remember(
        qualifiers.reduceRight((inner: Node, qualifier) => ({ kind: "qualified", qualifier, type: inner }), type),
      );
    }
    return readUnqualifiedType(reader);
  });
}

const POINTER_MARKS: Readonly<Record<string, "*" | "&" | "&&">> = { P: "*", R: "&", O: "&&" };
const WORDS_BEFORE: Readonly<Record<string, string>> = { C: "_Complex", G: "_Imaginary" };

function readUnqualifiedType(reader: Reader): Node {
  const letter = reader.peek();
  if (letter === "D") return readLongType(reader);
  const builtin = BUILTIN_TYPES.get(letter);
  if (builtin !== undefined) {
    reader.next();
    return builtin;
  }
  if (letter in POINTER_MARKS) {
    reader.next();
    return reader.remember({ kind: "pointer", mark: POINTER_MARKS[letter]!, type: readType(reader) });
  }
  if (letter in WORDS_BEFORE) {
    reader.next();
    const qualifier = { word: WORDS_BEFORE[letter]!, argument: null };
    return reader.remember({ kind: "qualified", qualifier, type: readType(reader) });
  }
  if (letter === "S") return readSubstitutedType(reader);
  if (letter === "T") return readParameterType(reader);
  if (letter === "N" || letter === "Z" || reader.isDigit()) return reader.remember(readName(reader));
  if (letter === "F") return reader.remember(readFunction(reader, []));
  if (letter === "A") return reader.remember(readArray(reader));
  if (letter === "M") {
    reader.next();
    const scope = readType(reader);
    return reader.remember({ kind: "member-pointer", scope, type: readType(reader) });
  }
  if (letter === "u") {
    reader.next();
    return reader.remember(readSourceName(reader));
  }
  if (letter === "U") {
    reader.next();
    let qualifier = readSourceName(reader);
    if (reader.peek() === "I") qualifier = { kind: "template", name: qualifier, args: readTemplateArguments(reader) };
    return reader.remember({ kind: "vendor-qualified", qualifier, type: readType(reader) });
  }
  return reader.fail();
}

/** The types whose codes begin with a D. */
function readLongType(reader: Reader): Node {
  const code = `D${reader.peek(1)}`;
  const builtin = BUILTIN_TYPES.get(code);
  if (builtin === undefined && code === "DC") return reader.remember(readName(reader));
  reader.at += 2;
  if (builtin !== undefined) return builtin;
  const placeholder = PLACEHOLDER_TYPES.get(code);
  if (placeholder !== undefined) return nameNode(placeholder);
  switch (code) {
    case "DT":
    case "Dt": {
      const expression = readExpression(reader);
      reader.expect("E");
      return reader.remember({ kind: "decltype", expression });
    }
    case "Dp":
      return reader.remember({ kind: "expansion", pattern: readType(reader) });
    case "Dv":
      return reader.remember(readVector(reader));
    case "DF":
      return readFloat(reader);
    default:
      return reader.fail();
  }
}

/** `_Float32`, `_Float32x` and `std::bfloat16_t`. */
function readFloat(reader: Reader): Node {
  const bits = reader.digits();
  if (bits === "") reader.fail();
  if (bits === "16" && reader.take("b")) return { kind: "builtin", text: "std::bfloat16_t", literals: "float" };
  const suffix = reader.take("x") ? "x" : "";
  if (suffix === "") reader.expect("_");
  return { kind: "builtin", text: `_Float${bits}${suffix}`, literals: "float" };
}

function readVector(reader: Reader): Node {
  const size: Node = reader.take("_") ? readExpression(reader) : nameNode(reader.digits() || reader.fail());
  reader.expect("_");
  return { kind: "vector", size, type: readType(reader) };
}

/** A substitution; with template arguments, or a name, it is a new type. */
function readSubstitutedType(reader: Reader): Node {
  const start = reader.at;
  const next = reader.peek(1);
  if (next === "_" || reader.isDigit(1) || (next >= "A" && next <= "Z")) {
    const node = readSubstitution(reader, false);
    if (node.kind === "module") {
      reader.at = start;
      return reader.remember(readName(reader));
    }
    if (reader.peek() !== "I") return node;
    return reader.remember({ kind: "template", name: node, args: readTemplateArguments(reader) });
  }
  const name = readName(reader);
  // `Ss` by itself is no candidate.
  return reader.at === start + 2 ? name : reader.remember(name);
}

function readParameterType(reader: Reader): Node {
  const parameter = readParameter(reader);
  if (reader.peek() !== "I") return reader.remember(parameter);
  if (!reader.isConversion) {
    reader.remember(parameter);
    return reader.remember({ kind: "template", name: parameter, args: readTemplateArguments(reader) });
  }
  // After the type of a conversion the arguments are the operator's, unless more of them follow.
  const { at } = reader;
  const count = reader.substitutions.length;
  const args = readTemplateArguments(reader);
  if (reader.peek() === "I") {
    reader.substitutions.splice(count, 0, parameter);
    return reader.remember({ kind: "template", name: parameter, args });
  }
  reader.at = at;
  reader.substitutions.length = count;
  return reader.remember(parameter);
}

/** `const` and the like before a type, in the order of the text, and what is said of a function's exceptions. */
export function qualifierWords(reader: Reader): Qualifier[] {
  const found: Qualifier[] = [];
  const plain = (word: string): unknown => found.push({ word, argument: null });
  for (;;) {
    if (reader.take("r")) plain("restrict");
    else if (reader.take("V")) plain("volatile");
    else if (reader.take("K")) plain("const");
    else if (reader.take("Dx")) plain("transaction_safe");
    else if (reader.take("Do")) plain("noexcept");
    else if (reader.take("DO")) {
      found.push({ word: "noexcept", argument: readExpression(reader) });
      reader.expect("E");
    } else if (reader.take("Dw")) {
      found.push({ word: "throw", argument: list(readParameters(reader)) });
      reader.expect("E");
    } else return found;
  }
}

function readFunction(reader: Reader, qualifiers: readonly Qualifier[]): FunctionType {
  reader.expect("F");
  // extern "C"
  reader.take("Y");
  const signature = readSignature(reader, true, qualifiers);
  reader.expect("E");
  return signature;
}

/** The types of a function: what it returns, where that is told, and its parameters. */
export function readSignature(reader: Reader, hasReturn: boolean, before: readonly Qualifier[]): FunctionType {
  const returns = reader.take("J") || hasReturn ? readType(reader) : null;
  const parameters = list(readParameters(reader));
  const after = ["R", "O"].includes(reader.peek()) && reader.peek(1) === "E" ? reader.next() : "";
  const qualifiers = after === "" ? before : [...before, { word: after === "R" ? "&" : "&&", argument: null }];
  return { kind: "function", returns, parameters, qualifiers };
}

/** Types up to the end or an E; `void` alone means none. */
export function readParameters(reader: Reader): Node[] {
  const types: Node[] = [];
  for (;;) {
    const letter = reader.peek();
    if (letter === "" || letter === "E" || letter === ".") break;
    if ((letter === "R" || letter === "O") && reader.peek(1) === "E") break;
    types.push(readType(reader));
  }
  const [first] = types;
  if (first === undefined) return reader.fail();
  return types.length === 1 && first === BUILTIN_TYPES.get("v") ? [] : types;
}

function readArray(reader: Reader): Node {
  reader.expect("A");
  let bound: Node | null = null;
  if (reader.isDigit()) bound = nameNode(reader.digits());
  else if (reader.peek() !== "_") bound = readExpression(reader);
  reader.expect("_");
  return { kind: "array", bound, type: readType(reader) };
}

/** What stands between `I` (or `J`, of a pack) and `E`. */
export function readTemplateArguments(reader: Reader): Arguments {
  return reader.within(() => {
    if (!reader.take("I")) reader.expect("J");
    // An argument does not name the class whose constructor comes.
    const { lastName, isConversion } = reader;
    reader.isConversion = false;
    const items: Node[] = [];
    while (!reader.take("E")) items.push(readTemplateArgument(reader));
    reader.lastName = lastName;
    reader.isConversion = isConversion;
    return list(items);
  });
}

export function readTemplateArgument(reader: Reader): Node {
  switch (reader.peek()) {
    case "X": {
      reader.next();
      const expression = readExpression(reader);
      reader.expect("E");
      return expression;
    }
    case "L":
      return readLiteral(reader);
    case "I":
    case "J":
      return readTemplateArguments(reader);
    default:
      return readType(reader);
  }
}
