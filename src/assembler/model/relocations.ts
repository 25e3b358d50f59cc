/** The relocations of a section, in columns: there may be one for every statement. */

import type { AssemblySymbol } from "./symbol.ts";

export class RelocationList {
  /** In the section. */
  readonly offsets: number[] = [];
  readonly types: number[] = [];
  /** Null for none: the value is absolute. */
  readonly symbols: (AssemblySymbol | null)[] = [];

  get length(): number {
    return this.offsets.length;
  }

  add(offset: number, type: number, symbol: AssemblySymbol | null): void {
    this.offsets.push(offset);
    this.types.push(type);
    this.symbols.push(symbol);
  }
}
