/**
 * Indirect functions of a static program (STT_GNU_IFUNC, i386 psABI): the symbol names a resolver, and start-up code
 * stores what the resolver returns where R_386_IRELATIVE says. Code goes through a stub that jumps to such a word, and
 * where the address of the function is asked for, it is the stub's; a pointer in data, and an entry of the global
 * offset table, of a function without a stub is such a word itself.
 *
 * What gets a stub, and in which order, is GNU ld's (BFD 2.40, elf-ifunc.c and elf32-i386.c): the order of its table of
 * names, the local ones last; the relocations of stubs are written backwards, from the end of their section.
 */
import { STT_GNU_IFUNC } from "../object/elf.ts";
import { R } from "../object/relocation-types.ts";
import type { InputObject, InputSection } from "./input-section.ts";
import { SEC_CODE, SEC_READONLY } from "./section-flags.ts";
import type { LinkSymbol, SymbolTable } from "./symbols.ts";

/** `jmp *slot`, and a nop of two bytes. */
export const STUB_BYTES = 8;
export const SLOT_BYTES = 4;
/** An Elf32_Rel. */
export const IRELATIVE_BYTES = 8;

export interface IndirectFunction {
  /** Null for a local one. */
  readonly symbol: LinkSymbol | null;
  /** What is called to learn the address. */
  readonly resolver: () => number;
  /** Number of its stub, and of the word that the stub jumps to; null without one. */
  stub: number | null;
  /** It has an entry of its own in the global offset table. */
  hasEntry: boolean;
}

interface Uses {
  readonly found: IndirectFunction;
  isNamedInCode: boolean;
  isAddressTaken: boolean;
  isLoadedFromTable: boolean;
  /** Words of data with its address. */
  readonly places: { readonly section: InputSection; readonly offset: number }[];
}

export class IndirectFunctions {
  /** In the order of their stubs. */
  stubs: readonly IndirectFunction[] = [];
  /** Those with an entry in the global offset table. */
  withEntries: readonly IndirectFunction[] = [];
  /** Words of data that are resolved in place. */
  places: readonly { readonly section: InputSection; readonly offset: number }[] = [];
  readonly #uses = new Map<LinkSymbol | string, Uses>();
  /** Some object has one. */
  readonly mayBe: boolean;

  constructor(objects: readonly InputObject[]) {
    this.mayBe = objects.some(({ elf: { table } }) => table.hasType(STT_GNU_IFUNC));
  }

  /** The indirect function that a symbol of an object is; null for all others. */
  of(object: InputObject, index: number): IndirectFunction | null {
    return this.mayBe ? (this.#usesOf(object, index)?.found ?? null) : null;
  }

  /** Takes notice of a relocation of a section in memory; false when it is against no indirect function. */
  note(section: InputSection, type: number, offset: number, index: number): boolean {
    const uses = this.mayBe ? this.#usesOf(section.object, index) : null;
    if (uses === null) return false;
    if (type === R.GOT32 || type === R.GOT32X) uses.isLoadedFromTable = true;
    else if (type === R.PLT32 || type === R.GOTOFF) uses.isNamedInCode = true;
    else {
      if (type === R.R32 || (section.flags & SEC_CODE) === 0) uses.isAddressTaken = true;
      if (type !== R.R32 || (section.flags & SEC_READONLY) !== 0) uses.isNamedInCode = true;
      else if ((section.flags & SEC_CODE) === 0) uses.places.push({ section, offset });
    }
    return true;
  }

  /** Decides, once all relocations were noted, which have stubs and entries. */
  plan(symbols: SymbolTable): void {
    if (this.#uses.size === 0) return;
    const global = new Map(
      [...this.#uses].flatMap(([, uses]) => (uses.found.symbol ? [[uses.found.symbol, uses]] : [])),
    );
    const ordered = [
      ...symbols.walk().flatMap((symbol) => global.get(symbol) ?? []),
      ...[...this.#uses.values()].filter(({ found }) => found.symbol === null),
    ];
    const stubs: IndirectFunction[] = [];
    for (const { found, isNamedInCode, isAddressTaken, isLoadedFromTable } of ordered) {
      if (isNamedInCode) found.stub = stubs.push(found) - 1;
      // The word of the stub serves loads from the table too, unless all have to see the same address.
      found.hasEntry = isLoadedFromTable && (!isNamedInCode || isAddressTaken);
    }
    this.stubs = stubs;
    this.withEntries = ordered.flatMap(({ found }) => (found.hasEntry ? [found] : []));
    this.places = ordered.flatMap(({ found, places }) => (found.stub === null ? places : []));
  }

  #usesOf(object: InputObject, index: number): Uses | null {
    const elf = object.elf.table.at(index)!;
    const symbol = object.globals[index]!;
    const type = symbol ? symbol.type : elf.type;
    if (type !== STT_GNU_IFUNC || (symbol && !symbol.isDefined)) return null;
    const key = symbol ?? `${object.path}#${index}`;
    let uses = this.#uses.get(key);
    if (uses === undefined) {
      const home = object.sections[elf.section];
      const resolver = symbol ? () => symbol.address() : () => home?.addressOf(elf.value) ?? elf.value;
      const found = { symbol, resolver, stub: null, hasEntry: false };
      uses = { found, isNamedInCode: false, isAddressTaken: false, isLoadedFromTable: false, places: [] };
      this.#uses.set(key, uses);
    }
    return uses;
  }
}
