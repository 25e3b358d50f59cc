/**
 * What assignments of scripts and --defsym mean to the archives behind them: a name that such a value reads is looked
 * for in archives, and a name that has got a value is not. Nothing is laid out then, so that sizes and addresses of
 * sections are unknown, and a condition that depends on them names nothing (observed of GNU ld 2.40).
 */
import { calculate, calculateUnary, log2Ceil } from "./script/evaluate.ts";
import type { Assignment, Expression, LinkerScript } from "./script/tree.ts";
import type { LinkSymbol, SymbolTable } from "./symbols.ts";

type Statements = Pick<LinkerScript, "statements">;

/** Those of a script to symbols, in its order. */
export function assignments({ statements }: Statements): Assignment[] {
  return statements
    .flatMap((statement) => (statement.kind === "section" ? statement.statements : [statement]))
    .flatMap((statement) => (statement.kind === "assign" && statement.name !== "." ? [statement] : []));
}

/**
 * The same as an input of the link, with what it inserts into another script. `path`: where it stands among the inputs.
 */
export function assignmentInput(script: LinkerScript, path?: string): AssignmentInput {
  const statements = [script, ...script.inserted].flatMap(assignments);
  return { kind: "assignments", statements, ...(path === undefined ? {} : { path }) };
}

/** Of a script or of --defsym: names in them are looked for in the archives that follow. */
export interface AssignmentInput {
  readonly kind: "assignments";
  readonly statements: readonly Assignment[];
  /** Of a script that stands among the inputs. */
  readonly path?: string;
}

/** Values that stand for themselves before there is a layout. */
const TRANSPARENT = new Set(["ABSOLUTE", "ASSERT"]);
const OF_SECTIONS = new Set(["SIZEOF", "ALIGNOF", "ADDR", "LOADADDR"]);

export class AssignedNames {
  readonly #symbols: SymbolTable;
  readonly #pageBytes: { readonly max: number; readonly common: number };
  /** What is known of names that have a value by now; 0 for what only the layout tells. */
  readonly #values = new Map<LinkSymbol, bigint>();
  /** PROVIDE statements that came before any object defined their name, which was asked for: they take effect. */
  readonly provided = new Set<Assignment>();

  constructor(symbols: SymbolTable, pageBytes: { readonly max: number; readonly common: number }) {
    this.#symbols = symbols;
    this.#pageBytes = pageBytes;
  }

  /**
   * Whether a script has given the name a value, so that no archive needs to. A common symbol that came later has its
   * own.
   */
  has(symbol: LinkSymbol): boolean {
    return this.#values.has(symbol) && symbol.state !== "common";
  }

  /** Whether an object or a script has defined it, so that it is not provided. */
  #isKnown(symbol: LinkSymbol): boolean {
    return symbol.isDefined || symbol.state === "common" || this.has(symbol);
  }

  take(statements: readonly Assignment[]): void {
    for (const assignment of statements) {
      const { name, value, mode } = assignment;
      const isProvided = mode === "provide" || mode === "provide-hidden";
      const known = this.#symbols.get(name);
      if (isProvided && (!known || this.#isKnown(known))) continue;
      const result = this.#value(value);
      if (isProvided) this.provided.add(assignment);
      // The value may have named it, and then it is still to be found.
      const symbol = this.#symbols.get(name);
      if (symbol === undefined) this.#values.set(this.#symbols.enter(name), result ?? 0n);
      else if (result !== null) this.#define(symbol, result);
    }
  }

  #define(symbol: LinkSymbol, value: bigint): void {
    this.#values.set(symbol, value);
    // It needs no memory of its own then.
    if (symbol.state === "common") symbol.state = "undefined";
  }

  /** Demands all names that the value reads; null when it cannot be known yet. */
  #value(expression: Expression): bigint | null {
    switch (expression.kind) {
      case "number":
        return expression.value;
      case "name":
        return this.#named(expression.name);
      case "unary": {
        const operand = this.#value(expression.operand);
        return operand === null ? null : calculateUnary(expression.operator, operand);
      }
      case "binary": {
        const [left, right] = [this.#value(expression.left), this.#value(expression.right)];
        return left === null || right === null ? null : calculate(expression.operator, left, right);
      }
      case "conditional": {
        const condition = this.#value(expression.condition);
        if (condition === null) return null;
        return this.#value(condition !== 0n ? expression.yes : expression.no);
      }
      case "call":
        return this.#call(expression.name, expression.args);
    }
  }

  #named(name: string): bigint | null {
    if (name === ".") return 0n;
    if (name === "SIZEOF_HEADERS") return null;
    const symbol = this.#symbols.get(name);
    if (symbol === undefined) {
      this.#symbols.demand(name);
      return null;
    }
    return this.#values.get(symbol) ?? (symbol.isDefined ? BigInt(symbol.value) : null);
  }

  #call(name: string, args: readonly Expression[]): bigint | null {
    if (OF_SECTIONS.has(name)) return null;
    const [first] = args;
    const word = first?.kind === "name" ? first.name : "";
    switch (name) {
      case "DEFINED": {
        const symbol = this.#symbols.get(word);
        return symbol && this.#isKnown(symbol) ? 1n : 0n;
      }
      case "CONSTANT":
        return BigInt(word === "MAXPAGESIZE" ? this.#pageBytes.max : this.#pageBytes.common);
      case "ORIGIN":
        return 0n;
      case "LENGTH":
        return 0xffffffffn;
    }
    // Segments and messages are words.
    const read = name === "SEGMENT_START" ? args.slice(1) : name === "ASSERT" ? args.slice(0, 1) : args;
    const [a = null, b = null] = read.map((argument) => this.#value(argument));
    if (name === "LOG2CEIL") return a === null ? null : log2Ceil(a);
    if (TRANSPARENT.has(name) || name === "SEGMENT_START") return a;
    const isPair = name === "MAX" || name === "MIN" || (name === "ALIGN" && args.length > 1);
    return isPair && a !== null && b !== null ? calculate(name, a, b) : null;
  }
}

/** Names that scripts give their values whatever objects define. */
export function overriddenNames(scripts: readonly Statements[], provided: ReadonlySet<Assignment>): Set<string> {
  const counting = scripts.flatMap(assignments).filter((one) => !one.mode.startsWith("provide") || provided.has(one));
  return new Set(counting.map(({ name }) => name));
}
