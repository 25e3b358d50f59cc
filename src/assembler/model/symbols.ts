/**
 * All symbols of an assembly, in the order of their first mention (which is the order of the symbol table), and the
 * local labels that are numbers.
 */

import type { Atom } from "./atom.ts";
import type { Cursor } from "./cursor.ts";
import { constant, Expression, Op, refold, symbolExpression } from "./expression.ts";
import { NO_FRAGMENT } from "./fragment.ts";
import * as integer from "./integer.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { Reporter } from "./reporter.ts";
import type { Subsection } from "./section.ts";
import type { Sections } from "./sections.ts";
import { AssemblySymbol, STT, symbolName, temporarySymbol } from "./symbol.ts";
import type { SymbolList } from "./symbol-list.ts";

interface LocalLabel {
  /** How often it was defined so far. */
  count: number;
  current: AssemblySymbol | null;
  /** What `1f` means until the next definition. */
  next: AssemblySymbol | null;
}

/** How an assignment treats a symbol that has a value already. */
export type AssignmentMode = "set" | "equiv" | "eqv";

/**
 * Limits for the value of a forward symbol: what it names is copied at each use, and doubled by each that names another
 * twice.
 */
const MOST_LEVELS = 200;
const MOST_PARTS = 10_000;

/** What a symbol takes up to the end, with its name and its entry in the file, about, in bytes. */
const SYMBOL_BYTES = 300;

export class SymbolTable {
  readonly #cursor: Cursor;
  readonly #reporter: Reporter;
  readonly #memory: MemoryBudget;
  readonly #list: SymbolList;
  readonly #sections: Sections;
  /** `.` in what is worked out at each use; at the end it is the place where the source ends. */
  #dot: AssemblySymbol | null = null;
  readonly #localLabels = new Map<number, LocalLabel>();
  #partsLeft = 0;

  constructor(cursor: Cursor, reporter: Reporter, memory: MemoryBudget, list: SymbolList, sections: Sections) {
    this.#cursor = cursor;
    this.#reporter = reporter;
    this.#memory = memory;
    this.#list = list;
    this.#sections = sections;
  }

  get dot(): AssemblySymbol {
    if (this.#dot === null) {
      this.#dot = temporarySymbol(this.#sections.undefined);
    }
    return this.#dot;
  }

  findOrMake(atom: Atom, offset: number): AssemblySymbol {
    const { symbol } = atom;
    if (symbol === null) return this.#make(atom, offset);
    if (symbol.isWeakTarget) {
      // Named by more than `.weakref`, it is as strong as any other.
      symbol.isWeakTarget = false;
      symbol.isWeak = false;
    }
    return symbol;
  }

  /** `.weakref alias, target` */
  alias(alias: Atom, target: Atom, offset: number): void {
    // What is new cannot be an alias of itself: a row of thousands is not followed at each link.
    const isNew = alias.symbol === null;
    const symbol = this.renewed(alias, offset);
    const isDefined = symbol.section.kind !== "undefined" || symbol.expression !== null;
    if (isDefined) this.#reporter.failRedefinition(symbol, offset, alias.length);
    let meant = target.symbol;
    if (meant === null) {
      meant = this.#make(target, offset);
      meant.isWeakTarget = true;
      meant.isWeak = true;
    }
    if ((!isNew || meant === symbol) && meant.meant === symbol)
      this.#reporter.failAt("symbol-loop", offset, `\`${alias.text}' would be an alias of itself`);
    symbol.weakReference = meant;
    symbol.section = this.#sections.expression;
    symbol.expression = symbolExpression(meant, 0, offset);
    if (symbol.isUsed) meant.use();
  }

  #make(atom: Atom, offset: number): AssemblySymbol {
    this.#memory.hold(SYMBOL_BYTES);
    const symbol = new AssemblySymbol(atom, this.#sections.undefined);
    symbol.frame = this.#cursor.frame;
    symbol.offset = offset;
    atom.symbol = symbol;
    this.#list.addNew(symbol);
    return symbol;
  }

  /** `.file "name"` */
  addFile(name: string): void {
    this.#memory.hold(SYMBOL_BYTES);
    const symbol = new AssemblySymbol(symbolName(name), this.#sections.absolute);
    symbol.type = STT.FILE;
    this.#list.add(symbol);
  }

  /** A symbol that is in no table: for places that only expressions name. */
  temporary(): AssemblySymbol {
    this.#memory.hold(SYMBOL_BYTES / 2);
    const symbol = temporarySymbol(this.#sections.undefined);
    this.placeHere(symbol);
    return symbol;
  }

  /** As `temporary`, for another place than the current one. */
  place(subsection: Subsection, fragment: number, position: number): AssemblySymbol {
    const symbol = this.temporary();
    symbol.section = subsection.section;
    symbol.fragment = fragment;
    symbol.value = position;
    return symbol;
  }

  /** The place of the next byte as an expression: `.` or `$`. */
  here(offset: number): Expression {
    if (this.#sections.current === null) return constant(this.#sections.absoluteOffset, offset);
    return symbolExpression(this.temporary(), 0, offset);
  }

  /** Gives the symbol the current place as its value. */
  placeHere(symbol: AssemblySymbol): void {
    const sections = this.#sections;
    const subsection = sections.current;
    if (subsection === null) {
      symbol.section = sections.absolute;
      symbol.fragment = NO_FRAGMENT;
      symbol.value = sections.absoluteOffset;
    } else {
      symbol.section = subsection.section;
      symbol.fragment = subsection.last;
      symbol.value = subsection.length - subsection.lastStart;
    }
  }

  /** `name:` */
  define(atom: Atom, offset: number): void {
    const symbol = this.renewed(atom, offset);
    // Said once more at the same place.
    if (this.#isHere(symbol)) return;
    // A common symbol of no size (`.type name, @common`) may still become a label.
    const isOpen =
      symbol.section.kind === "undefined" || (symbol.section.kind === "common" && Number(symbol.value) === 0);
    if (!isOpen || symbol.expression !== null) this.#reporter.failRedefinition(symbol, offset, atom.length);
    symbol.frame = this.#cursor.frame;
    symbol.offset = offset;
    this.placeHere(symbol);
  }

  #isHere({ section, fragment, value, expression }: AssemblySymbol): boolean {
    const sections = this.#sections;
    const { current } = sections;
    if (expression !== null) return false;
    return current === null
      ? section === sections.absolute && value === sections.absoluteOffset
      : section === current.section && fragment === current.last && value === current.position;
  }

  /** `number:` */
  defineLocal(number: number): void {
    let label = this.#localLabels.get(number);
    if (label === undefined) {
      label = { count: 0, current: null, next: null };
      this.#localLabels.set(number, label);
    }
    label.count++;
    label.current = label.next ?? this.#localSymbol(number, label.count, this.#cursor.offset);
    label.next = null;
    label.current.frame = this.#cursor.frame;
    label.current.offset = this.#cursor.offset;
    this.placeHere(label.current);
  }

  /** `1f` or `1b`; null for a backward reference without a definition. */
  localLabel(number: number, forward: boolean, offset: number): AssemblySymbol | null {
    let label = this.#localLabels.get(number);
    if (!forward) return label?.current ?? null;
    if (label === undefined) {
      label = { count: 0, current: null, next: null };
      this.#localLabels.set(number, label);
    }
    label.next ??= this.#localSymbol(number, label.count + 1, offset);
    return label.next;
  }

  #localSymbol(number: number, instance: number, offset: number): AssemblySymbol {
    this.#memory.hold(SYMBOL_BYTES);
    const symbol = new AssemblySymbol(symbolName(`.L${number}\x02${instance}`), this.#sections.undefined);
    symbol.frame = this.#cursor.frame;
    symbol.offset = offset;
    return symbol;
  }

  /** Forward references to numbers that no label followed. */
  undefinedLocalLabels(): { number: number; symbol: AssemblySymbol }[] {
    const result: { number: number; symbol: AssemblySymbol }[] = [];
    for (const [number, label] of this.#localLabels) {
      if (label.next !== null) result.push({ number, symbol: label.next });
    }
    return result;
  }

  /** `name = expression` and its kin; `isAddress`: the expression is `offset` and a name, in Intel syntax. */
  assign(atom: Atom, expression: Expression, mode: AssignmentMode, offset: number, isAddress = false): void {
    const sections = this.#sections;
    const reporter = this.#reporter;
    let symbol = this.findOrMake(atom, offset);
    const hasValue = symbol.section.kind !== "undefined" || symbol.expression !== null || symbol.register !== null;
    if (hasValue) {
      if (mode !== "set" || !symbol.isVolatile) reporter.failRedefinition(symbol, offset, atom.length);
      if (symbol.isUsed) symbol = this.#replace(atom, symbol);
    }
    this.#list.need(symbol);
    symbol.frame = this.#cursor.frame;
    symbol.offset = offset;
    symbol.isVolatile = mode === "set";
    symbol.isForward = mode === "eqv";
    symbol.isAddress = isAddress && expression.op === Op.SYMBOL;
    symbol.register = null;
    symbol.expression = null;
    symbol.fragment = NO_FRAGMENT;
    symbol.value = 0;
    if (symbol.isAddress || (mode === "eqv" && expression.op !== Op.CONSTANT && expression.op !== Op.REGISTER)) {
      symbol.section = sections.expression;
      symbol.expression = expression;
      return;
    }
    switch (expression.op) {
      case Op.CONSTANT:
        symbol.section = sections.absolute;
        symbol.value = expression.number;
        return;
      case Op.REGISTER:
        symbol.section = sections.register;
        symbol.register = expression.register;
        return;
      case Op.SYMBOL: {
        const target = expression.symbol!;
        if (target === symbol) {
          if (hasValue) return;
          reporter.failAt("symbol-loop", expression.offset, `\`${atom.text}' is defined by itself`);
        }
        this.#list.need(target);
        copyAttributes(target, symbol);
        if (
          mode === "set" &&
          target.expression !== null &&
          target.expression.op !== Op.SYMBOL &&
          expression.number == 0 &&
          namesUndefined(target.expression)
        ) {
          // GNU as takes what it has of the value so far, which is nothing but an addend.
          reporter.warnAt(
            "lost-value",
            expression.offset,
            `GNU as has no value for \`${target.name}' yet and silently takes ${addend(target.expression)}, and so does this: use .equiv`,
            target.name.length,
          );
          symbol.section = sections.absolute;
          symbol.value = addend(target.expression);
          return;
        }
        if (target.section.isReal && target.expression === null) {
          symbol.section = target.section;
          symbol.fragment = target.fragment;
          symbol.value = integer.add(target.value, expression.number);
          return;
        }
        break;
      }
      case Op.BIG:
        reporter.failAt("number-too-large", expression.offset, "a symbol holds at most 64 bits");
        break;
      default:
        break;
    }
    symbol.section = sections.expression;
    symbol.expression = expression;
  }

  /**
   * The symbol to be defined as a label or a block: what `.set` or `=` said of it stays true for the uses so far only.
   */
  renewed(atom: Atom, offset: number): AssemblySymbol {
    let symbol = this.findOrMake(atom, offset);
    if (!symbol.isVolatile) return symbol;
    symbol = this.#replace(atom, symbol);
    symbol.section = this.#sections.undefined;
    symbol.expression = null;
    symbol.register = null;
    symbol.fragment = NO_FRAGMENT;
    symbol.value = 0;
    symbol.isVolatile = false;
    return symbol;
  }

  /** Puts a new symbol in place of one that is used already, so that those uses keep their value. */
  #replace(atom: Atom, symbol: AssemblySymbol): AssemblySymbol {
    const copy = symbol.clone();
    copy.isUsed = false;
    this.#list.replace(symbol, copy);
    atom.symbol = copy;
    symbol.successor = copy;
    symbol.isTemporary = true;
    return copy;
  }

  /** The expression with today's values of the symbols in it: what a forward symbol (`.eqv`) means at a use. */
  snapshot(expression: Expression, offset: number): Expression {
    this.#partsLeft = MOST_PARTS;
    return this.#snapshot(expression, offset, 0);
  }

  #current(symbol: AssemblySymbol): AssemblySymbol {
    let current = symbol;
    while (current.successor !== null) current = current.successor;
    return current;
  }

  #snapshot(expression: Expression, offset: number, depth: number): Expression {
    if (depth > MOST_LEVELS || --this.#partsLeft < 0)
      return this.#reporter.failAt("symbol-loop", offset, "symbols are defined by each other without end");
    if (expression.op === Op.SYMBOL) {
      // One that has been given another value since is meant with that.
      const symbol = this.#current(expression.symbol!);
      if (symbol === this.#dot) return refold(addTo(this.here(offset), expression.number, offset));
      symbol.use();
      if (symbol.isForward && symbol.expression !== null) {
        const inner = this.#snapshot(symbol.expression, offset, depth + 1);
        return refold(addTo(inner, expression.number, offset));
      }
      if (symbol.isTemporary && symbol.fragment !== NO_FRAGMENT) return expression;
      if (symbol.section.kind === "absolute" && symbol.expression === null)
        return constant(integer.add(symbol.value, expression.number), offset);
      return symbolExpression(symbol, expression.number, offset);
    }
    if (expression.left === null) return expression;
    const copy = new Expression(expression.op, expression.number, null, offset);
    copy.left = this.#snapshot(expression.left, offset, depth + 1);
    copy.right = expression.right === null ? null : this.#snapshot(expression.right, offset, depth + 1);
    return refold(copy);
  }
}

function namesUndefined(expression: Expression): boolean {
  if (expression.op === Op.SYMBOL) return expression.symbol!.section.kind === "undefined";
  return (
    (expression.left !== null && namesUndefined(expression.left)) ||
    (expression.right !== null && namesUndefined(expression.right))
  );
}

/** The constant at the end of a sum. */
function addend(expression: Expression): integer.Integer {
  const { left, right } = expression;
  if (expression.op !== Op.ADD && expression.op !== Op.SUBTRACT) return 0;
  if (left!.op === Op.SYMBOL && right!.op === Op.SYMBOL) return integer.subtract(left!.number, right!.number);
  if (right!.op !== Op.CONSTANT) return 0;
  return integer.add(addend(left!), expression.op === Op.ADD ? right!.number : integer.subtract(0, right!.number));
}

function addTo(expression: Expression, number: integer.Integer, offset: number): Expression {
  if (number == 0) return expression;
  const sum = new Expression(Op.ADD, 0, null, offset);
  sum.left = expression;
  sum.right = constant(number, offset);
  return sum;
}

/** Of two kinds, an alias's own and that of what it stands for, the one that says more. */
const KINDS: readonly number[] = [STT.NOTYPE, STT.OBJECT, STT.FUNC, STT.GNU_IFUNC, STT.TLS];

/** An alias is of the kind of what it stands for, but as visible as the source says of itself. */
export function copyAttributes(from: AssemblySymbol, to: AssemblySymbol): void {
  if ((to.size === null && to.commonSize === 0) || to.hasInheritedSize) {
    to.hasInheritedSize = true;
    to.size = from.size;
    to.commonSize = from.commonSize;
  }
  // That a variable is thread-local is said by its section alone.
  const type = from.type === STT.TLS ? STT.OBJECT : from.type;
  if (KINDS.indexOf(type) > KINDS.indexOf(to.type)) to.type = type;
}
