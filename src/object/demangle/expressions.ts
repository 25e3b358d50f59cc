/** Expressions, as they stand in types that depend on them (Itanium C++ ABI, 5.1.6). */

import { readEncoding } from "./encoding.ts";
import { readOperatorName, readParameter, readPrefix, readSourceName, readUnqualified } from "./names.ts";
import { type Arguments, list, type Node, nameNode } from "./node.ts";
import { OPERATORS, type OperatorRow } from "./operators.ts";
import type { Reader } from "./reader.ts";
import { readTemplateArgument, readTemplateArguments, readType } from "./types.ts";

export function readExpression(reader: Reader): Node {
  return reader.within(() => readAny(reader));
}

function readAny(reader: Reader): Node {
  const letter = reader.peek();
  if (letter === "L") return readLiteral(reader);
  if (letter === "T") return readParameter(reader);
  if (reader.isDigit()) return readSimpleName(reader);
  switch (letter + reader.peek(1)) {
    case "sr":
      return readScoped(reader);
    case "sp":
      reader.at += 2;
      return { kind: "expansion", pattern: readExpression(reader) };
    case "fp":
      return readFunctionParameter(reader);
    case "on": {
      reader.at += 2;
      return withArguments(reader, readOperatorName(reader));
    }
    case "il":
      reader.at += 2;
      return { kind: "initializers", type: null, items: readList(reader) };
    case "tl": {
      reader.at += 2;
      const type = readType(reader);
      return { kind: "initializers", type, items: readList(reader) };
    }
  }
  if (letter === "u") {
    reader.next();
    const name = readSourceName(reader);
    const args: Node[] = [];
    while (!reader.take("E")) args.push(readTemplateArgument(reader));
    return { kind: "vendor-call", name, args: list(args) };
  }
  return readOperation(reader);
}

/** Expressions up to an E. */
function readList(reader: Reader): Arguments {
  const items: Node[] = [];
  while (!reader.take("E")) items.push(readExpression(reader));
  return list(items);
}

function withArguments(reader: Reader, name: Node): Node {
  return reader.peek() === "I" ? { kind: "template", name, args: readTemplateArguments(reader) } : name;
}

function readSimpleName(reader: Reader): Node {
  return withArguments(reader, readUnqualified(reader, null));
}

/** `sr`: a name in a scope that depends on something. */
function readScoped(reader: Reader): Node {
  reader.at += 2;
  if (reader.isDigit()) {
    // Either scopes up to an E, or, as GCC has it, one type.
    const levels = reader.attempt(() => {
      const scope = readPrefix(reader, false);
      reader.expect("E");
      return readScopedName(reader, scope);
    });
    if (levels !== null) return levels;
  }
  return readScopedName(reader, readType(reader));
}

function readScopedName(reader: Reader, scope: Node): Node {
  const member = readUnqualified(reader, null);
  return withArguments(reader, { kind: "nested", scope, member });
}

function readFunctionParameter(reader: Reader): Node {
  reader.at += 2;
  if (reader.take("T")) return { kind: "function-parameter", number: 0 };
  return { kind: "function-parameter", number: reader.indexBeforeUnderscore() + 1 };
}

/** A literal, or an entity by its mangled name. */
export function readLiteral(reader: Reader): Node {
  return reader.within(() => {
    reader.expect("L");
    if (reader.take("_Z") || reader.take("Z")) {
      const entity = readEncoding(reader);
      reader.expect("E");
      return entity;
    }
    const type = readType(reader);
    if (type.kind === "builtin" && type.text === "decltype(nullptr)" && reader.take("E")) return type;
    const isNegative = reader.take("n");
    const end = reader.text.indexOf("E", reader.at);
    if (end <= reader.at) reader.fail();
    const digits = reader.text.slice(reader.at, end);
    reader.at = end + 1;
    return { kind: "literal", type, digits, isNegative };
  });
}

function readOperation(reader: Reader): Node {
  if (reader.take("cv")) return readCast(reader);
  if (reader.peek() === "v" && reader.isDigit(1)) {
    const operator = readOperatorName(reader);
    return readOperands(reader, operator, operator.kind === "vendor-operator" ? operator.operands : 0);
  }
  const code = reader.peek() + reader.peek(1);
  const row = OPERATORS.get(code) ?? reader.fail();
  if (code === "li") reader.fail();
  reader.at += 2;
  const operator: Node = { kind: "operator", symbol: row.symbol, operands: row.operands };
  // Before a name, or `new` and `delete`.
  if (code === "gs") return { kind: "global", name: readExpression(reader) };
  if (code === "di" || code === "dx" || code === "dX") return readDesignator(reader, code);
  switch (row.shape) {
    case "call": {
      const callee = readExpression(reader);
      return { kind: "call", callee, args: readList(reader) };
    }
    case "new":
      return readNew(reader, row);
    case "named-cast": {
      const type = readType(reader);
      return { kind: "named-cast", word: row.symbol, type, operand: readExpression(reader) };
    }
    case "type":
      return { kind: "unary", operator, operand: list([readType(reader)]), isPostfix: false };
    case "member": {
      const left = readExpression(reader);
      return { kind: "binary", operator, left, right: readMember(reader) };
    }
    case "increment": {
      const isPostfix = !reader.take("_");
      return { kind: "unary", operator, operand: readExpression(reader), isPostfix };
    }
    case "fold":
      return readFold(reader, code);
    case "pack-size":
      return { kind: "pack-size", of: code === "sZ" ? readPackName(reader) : readPack(reader) };
    default:
      return readOperands(reader, operator, row.operands);
  }
}

function readOperands(reader: Reader, operator: Node, count: number): Node {
  if (count === 0) return nameNode(operator.kind === "operator" ? operator.symbol : reader.fail());
  const first = readExpression(reader);
  if (count === 1) return { kind: "unary", operator, operand: first, isPostfix: false };
  const second = readExpression(reader);
  if (count === 2) return { kind: "binary", operator, left: first, right: second };
  return { kind: "conditional", parts: [first, second, readExpression(reader)] };
}

/** What a `.` or `->` leads to. */
function readMember(reader: Reader): Node {
  if (reader.peek() === "g" || reader.peek() === "s") return readExpression(reader);
  return reader.isDigit() || reader.isLower() ? readSimpleName(reader) : reader.fail();
}

/** To a type of one expression, or of a list. */
function readCast(reader: Reader): Node {
  const type = readType(reader);
  const operand = reader.take("_") ? readList(reader) : readExpression(reader);
  return { kind: "cast", type, operand };
}

function readNew(reader: Reader, { symbol }: OperatorRow): Node {
  const placement: Node[] = [];
  while (!reader.take("_")) placement.push(readExpression(reader));
  const type = readType(reader);
  let initializer: Node | null = null;
  if (reader.take("pi")) initializer = readList(reader);
  else if (reader.peek() === "i" && reader.peek(1) === "l") initializer = readExpression(reader);
  else reader.expect("E");
  return { kind: "new", word: symbol, placement: list(placement), type, initializer };
}

function readFold(reader: Reader, code: string): Node {
  const row = OPERATORS.get(reader.next() + reader.next()) ?? reader.fail();
  const first = readExpression(reader);
  if (code === "fl" || code === "fr")
    return { kind: "fold", isRight: code === "fr", operator: row.symbol, pattern: first, initial: null };
  return { kind: "fold", isRight: true, operator: row.symbol, pattern: first, initial: readExpression(reader) };
}

/** `.x = 1`, `[1] = 2`, `[1 ... 3] = 2`. */
function readDesignator(reader: Reader, code: string): Node {
  const parts: Node[] = [code === "di" ? readUnqualified(reader, null) : readExpression(reader)];
  if (code === "dX") parts.push(readExpression(reader));
  return { kind: "designator", marks: code === "di" ? [".", ""] : ["[", "]"], parts, value: readExpression(reader) };
}

function readPackName(reader: Reader): Node {
  return reader.peek() === "T" ? readParameter(reader) : readFunctionParameter(reader);
}

/** The arguments of `sP`, already known. */
function readPack(reader: Reader): Arguments {
  const items: Node[] = [];
  while (!reader.take("E")) items.push(readTemplateArgument(reader));
  return list(items);
}
