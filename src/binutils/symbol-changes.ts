/** What `objcopy` and `strip` do to symbols: which stay, under which names and bindings (GNU objcopy 2.40). */
import {
  SHN_COMMON,
  SHN_UNDEF,
  STB_GLOBAL,
  STB_GNU_UNIQUE,
  STB_LOCAL,
  STB_WEAK,
  STT_FILE,
  STT_SECTION,
  STV_DEFAULT,
  STV_PROTECTED,
} from "../object/elf.ts";
import type { ElfSymbol } from "../object/elf-reader.ts";
import { globMatch } from "../object/glob.ts";

/** Names of symbols, or patterns of which `!` in front takes names out again. */
export class NameList {
  readonly #names: ReadonlySet<string>;
  readonly #patterns: readonly string[];

  constructor(names: readonly string[], arePatterns: boolean) {
    this.#names = new Set(arePatterns ? [] : names);
    this.#patterns = arePatterns ? names : [];
  }

  get isEmpty(): boolean {
    return this.#names.size + this.#patterns.length === 0;
  }

  has(name: string): boolean {
    const isOut = (glob: string): boolean => glob.startsWith("!") && globMatch(glob.slice(1), name);
    return (
      this.#names.has(name) ||
      (this.#patterns.some((glob) => !glob.startsWith("!") && globMatch(glob, name)) && !this.#patterns.some(isOut))
    );
  }
}

export interface NewSymbol {
  readonly name: string;
  /** Null for an absolute symbol. */
  readonly section: string | null;
  readonly value: number;
  readonly binding: number;
  readonly type: number;
}

export interface SymbolChanges {
  /** What goes without being named: debugging information, what no linker needs, or all. */
  readonly strip: Strip;
  /** Local symbols: those that a compiler made (-X), or all (-x). */
  readonly discard: "none" | "labels" | "all";
  /** --redefine-sym: old name -> new name. */
  readonly redefined: ReadonlyMap<string, string>;
  readonly prefix: string;
  readonly localized: NameList;
  readonly localizesHidden: boolean;
  readonly globalized: NameList;
  readonly weakened: NameList;
  readonly weakensAll: boolean;
  /** -G: all other globals become local; empty for no such rule. */
  readonly keptGlobal: NameList;
  /** -K: stay although they would go. */
  readonly kept: NameList;
  readonly keepsFiles: boolean;
  readonly keepsSections: boolean;
  /** -N: left out; a relocation that needs one is a mistake. */
  readonly stripped: NameList;
  /** --strip-unneeded-symbol: left out, unless a relocation needs them. */
  readonly strippedUnneeded: NameList;
  readonly added: readonly NewSymbol[];
}

export type Strip = "none" | "debugging" | "unneeded" | "all";

const NOBODY = new NameList([], false);

export const NO_CHANGES: SymbolChanges = {
  strip: "none",
  discard: "none",
  redefined: new Map(),
  prefix: "",
  localized: NOBODY,
  localizesHidden: false,
  globalized: NOBODY,
  weakened: NOBODY,
  weakensAll: false,
  keptGlobal: NOBODY,
  kept: NOBODY,
  keepsFiles: false,
  keepsSections: false,
  stripped: NOBODY,
  strippedUnneeded: NOBODY,
  added: [],
};

/**
 * What a symbol is called in the end, by which the other changes know it; section symbols bear their section's name.
 */
export function newName(name: string, { redefined, prefix }: SymbolChanges): string {
  return prefix + (redefined.get(name) ?? name);
}

/**
 * Whether a symbol stays. `name` is its new one, `isNeeded` says that a relocation or a group names it. Returns
 * "needed" for one that is to go by name and cannot.
 */
export function staysIn(
  { binding, type, section }: ElfSymbol,
  name: string,
  isNeeded: boolean,
  isRelocatable: boolean,
  changes: SymbolChanges,
): boolean | "needed" {
  const { strip, discard } = changes;
  const stays = (): boolean => {
    if (strip === "all") return false;
    if (isNeeded) return true;
    if (type === STT_SECTION || type === STT_FILE)
      return strip === "none" || (type === STT_SECTION && changes.keepsSections);
    if (binding !== STB_LOCAL || section === SHN_UNDEF || section === SHN_COMMON)
      return (
        strip !== "unneeded" || (isRelocatable && section !== SHN_UNDEF) || (isRelocatable && binding === STB_WEAK)
      );
    return strip !== "unneeded" && discard !== "all" && !(discard === "labels" && name.startsWith(".L"));
  };
  // What other files may ask for is needed, whoever wants it gone.
  const isUnneeded = binding === STB_LOCAL || section === SHN_UNDEF;
  let isKept = stays();
  if (isKept && changes.stripped.has(name)) {
    if (isNeeded) return "needed";
    isKept = false;
  }
  if (isKept && !isNeeded && isUnneeded && changes.strippedUnneeded.has(name)) isKept = false;
  return isKept || (changes.keepsFiles && type === STT_FILE) || changes.kept.has(name);
}

/** The binding of a symbol afterwards. A common one keeps its own, and one that is undefined can only become weak. */
export function newBinding(symbol: ElfSymbol, name: string, changes: SymbolChanges): number {
  const { section, visibility } = symbol;
  let { binding } = symbol;
  if (symbol.type === STT_SECTION || symbol.type === STT_FILE) return binding;
  if (section === SHN_COMMON) return binding;
  const isGlobal = binding === STB_GLOBAL || binding === STB_GNU_UNIQUE;
  if (isGlobal && (changes.weakensAll || changes.weakened.has(name))) binding = STB_WEAK;
  if (section === SHN_UNDEF) return binding;
  const isHidden = visibility !== STV_DEFAULT && visibility !== STV_PROTECTED;
  const isLocalized =
    changes.localized.has(name) ||
    (!changes.keptGlobal.isEmpty && !changes.keptGlobal.has(name)) ||
    (changes.localizesHidden && isHidden);
  if (binding !== STB_LOCAL && binding !== STB_GNU_UNIQUE && isLocalized) return STB_LOCAL;
  return binding === STB_LOCAL && changes.globalized.has(name) ? STB_GLOBAL : binding;
}
