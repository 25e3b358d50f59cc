/** What `objcopy` does to symbols: new names, new bindings, or removal (GNU objcopy 2.40). */
import { SHN_UNDEF, STB_GLOBAL, STB_LOCAL, STB_WEAK, STT_FILE, STT_SECTION } from "../object/elf.ts";
import { globMatch } from "../object/glob.ts";

export interface SymbolChanges {
  /** --redefine-sym: old name -> new name. */
  readonly redefined: ReadonlyMap<string, string>;
  readonly prefix: string;
  readonly localized: readonly string[];
  readonly globalized: readonly string[];
  readonly weakened: readonly string[];
  readonly weakensAll: boolean;
  /** -G: all other globals become local; empty for no such rule. */
  readonly keptGlobal: readonly string[];
  /** -N: left out, unless relocations need them. */
  readonly stripped: readonly string[];
  /** Names are patterns (-w). */
  readonly usesPatterns: boolean;
  readonly added: readonly { readonly name: string; readonly section: string | null; readonly value: number }[];
}

export const NO_CHANGES: SymbolChanges = {
  redefined: new Map(),
  prefix: "",
  localized: [],
  globalized: [],
  weakened: [],
  weakensAll: false,
  keptGlobal: [],
  stripped: [],
  usesPatterns: false,
  added: [],
};

/** `!` in front of a pattern takes names out again. */
export function isNamed(name: string, list: readonly string[], usesPatterns: boolean): boolean {
  if (!usesPatterns) return list.includes(name);
  return (
    list.some((glob) => !glob.startsWith("!") && globMatch(glob, name)) &&
    !list.some((glob) => glob.startsWith("!") && globMatch(glob.slice(1), name))
  );
}

/** Name and binding of a symbol afterwards. */
export function changeSymbol<
  Symbol extends { readonly name: string; readonly binding: number; readonly type: number; readonly section: number },
>(symbol: Symbol, changes: SymbolChanges): Symbol {
  if (symbol.type === STT_SECTION) return symbol;
  if (symbol.type === STT_FILE) return { ...symbol, name: changes.prefix + symbol.name };
  const name = changes.redefined.get(symbol.name) ?? symbol.name;
  const named = (list: readonly string[]): boolean => isNamed(name, list, changes.usesPatterns);
  const isDefined = symbol.section !== SHN_UNDEF;
  let { binding } = symbol;
  if (binding === STB_GLOBAL && (changes.weakensAll || named(changes.weakened))) binding = STB_WEAK;
  if (
    isDefined &&
    binding !== STB_LOCAL &&
    (named(changes.localized) || (changes.keptGlobal.length > 0 && !named(changes.keptGlobal)))
  )
    binding = STB_LOCAL;
  if (isDefined && binding === STB_LOCAL && named(changes.globalized)) binding = STB_GLOBAL;
  return { ...symbol, name: changes.prefix + name, binding };
}
