/** Symbol resolution: one definition for each global name, whatever order the objects came in. */
import { STB_GLOBAL, STB_LOCAL, STB_WEAK, SHN_ABS, SHN_COMMON, SHN_UNDEF, STT_SECTION, STT_FILE } from "./elf.ts";
import type { ElfObject, ElfSymbol } from "./elf-reader.ts";

/** Where a global name is defined. */
export interface Definition {
  readonly object: ElfObject;
  readonly symbol: ElfSymbol;
}

export interface SymbolProblem {
  readonly object: ElfObject;
  readonly symbol: ElfSymbol;
  readonly kind: "duplicate";
  readonly other: Definition;
}

export interface GlobalSymbols {
  readonly definitions: ReadonlyMap<string, Definition>;
  /** Largest size and alignment that was asked for each common symbol that nobody defines. */
  readonly commons: ReadonlyMap<string, { readonly sizeBytes: number; readonly align: number }>;
  readonly problems: readonly SymbolProblem[];
}

/** A strong definition wins over a common one, a common one over a weak one; of two strong ones the second is a problem. */
function rank(symbol: ElfSymbol): number {
  if (symbol.section === SHN_UNDEF) return 0;
  if (symbol.binding === STB_WEAK) return 1;
  return symbol.section === SHN_COMMON ? 2 : 3;
}

export function resolveSymbols(objects: readonly ElfObject[]): GlobalSymbols {
  const definitions = new Map<string, Definition>();
  const commons = new Map<string, { sizeBytes: number; align: number }>();
  const problems: SymbolProblem[] = [];
  for (const object of objects) {
    for (const symbol of object.symbols) {
      if (symbol.binding === STB_LOCAL || symbol.name === "" || rank(symbol) === 0) continue;
      if (symbol.section === SHN_COMMON) {
        const known = commons.get(symbol.name) ?? { sizeBytes: 0, align: 1 };
        commons.set(symbol.name, { sizeBytes: Math.max(known.sizeBytes, symbol.sizeBytes), align: Math.max(known.align, symbol.value) });
      }
      const known = definitions.get(symbol.name);
      if (!known || rank(symbol) > rank(known.symbol)) definitions.set(symbol.name, { object, symbol });
      else if (rank(symbol) === 3 && rank(known.symbol) === 3) problems.push({ object, symbol, kind: "duplicate", other: known });
    }
  }
  for (const [name, definition] of definitions) if (definition.symbol.section !== SHN_COMMON) commons.delete(name);
  return { definitions, commons, problems };
}

export { SHN_ABS, STB_GLOBAL, STT_SECTION, STT_FILE };
