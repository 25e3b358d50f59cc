/** The relocations of a section, in columns: there may be one for every statement. */

import type { Expression } from "./expression.ts";
import type { SourceFrame } from "./source-frame.ts";
import type { AssemblySymbol } from "./symbol.ts";

/** One that the source asks for itself (`.reloc`). */
export interface StatedRelocation {
  readonly place: Expression;
  readonly type: number;
  /** Null for none. */
  readonly target: Expression | null;
  readonly frame: SourceFrame | null;
  readonly offset: number;
}

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
