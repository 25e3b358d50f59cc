/**
 * The symbols of an assembly in the order of the file's symbol table, which is that of their first mention; local names
 * come in only once something needs them there.
 */

import type { Expression } from "./expression.ts";
import { type AssemblySymbol, STT } from "./symbol.ts";

export class SymbolList {
  readonly all: AssemblySymbol[] = [];
  readonly #keepsLocals: boolean;
  readonly #late: AssemblySymbol[] = [];
  /** How many symbols the source itself asked for, before layout needed others. */
  countBeforeLayout = 0;

  constructor(keepsLocals: boolean) {
    this.#keepsLocals = keepsLocals;
  }

  add(symbol: AssemblySymbol): void {
    symbol.index = this.all.length;
    symbol.isListed = true;
    this.all.push(symbol);
  }

  /** A symbol that was just mentioned for the first time. */
  addNew(symbol: AssemblySymbol): void {
    if (!symbol.hasLocalName || this.#keepsLocals) this.add(symbol);
  }

  /**
   * Takes a local name into the list. GNU as treats local names lightly until one of a few places needs a whole symbol,
   * and the order of those needs is the order of the symbol table.
   */
  need(symbol: AssemblySymbol): void {
    if (!symbol.isListed && !symbol.isTemporary) this.add(symbol);
  }

  /** `need`, by something that GNU as does before layout and this after it. */
  needBeforeLayout(symbol: AssemblySymbol): void {
    if (symbol.isListed) return;
    symbol.isListed = true;
    this.all.splice(this.countBeforeLayout++, 0, symbol);
  }

  /** `need` for a relocation's symbol: those of sections come first, the local names after all of them. */
  needForRelocation(symbol: AssemblySymbol): void {
    if (symbol.isListed || symbol.isTemporary) return;
    if (symbol.type === STT.SECTION) return this.add(symbol);
    symbol.isListed = true;
    this.#late.push(symbol);
  }

  /** All relocations are known. */
  finishRelocations(): void {
    for (const symbol of this.#late) this.add(symbol);
    this.#late.length = 0;
  }

  /** `need` for every symbol that an expression names. */
  needAll(expression: Expression): void {
    if (expression.symbol !== null) this.need(expression.symbol);
    if (expression.left !== null) this.needAll(expression.left);
    if (expression.right !== null) this.needAll(expression.right);
  }

  /** Puts `copy` where `symbol` stands, if it stands anywhere. */
  replace(symbol: AssemblySymbol, copy: AssemblySymbol): void {
    if (symbol.isListed) this.all[symbol.index] = copy;
  }

  /** Names that layout already knows by their place in the list stay known: only the order changes. */
  moveToEnd(symbol: AssemblySymbol): void {
    this.all.splice(this.all.indexOf(symbol), 1);
    this.all.push(symbol);
  }

  /** Takes out the symbol that was added last. */
  remove(symbol: AssemblySymbol): void {
    if (this.all[this.all.length - 1] === symbol) this.all.pop();
  }

  /** Puts the symbols that were added last, in turned order, before all others. */
  turnToFront(count: number): void {
    const added = this.all.splice(this.all.length - Math.min(count, this.all.length), count);
    this.all.unshift(...added.reverse());
    this.all.forEach((symbol, index) => void (symbol.index = index));
  }
}
