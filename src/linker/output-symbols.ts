/**
 * The symbol table of the output, in the order of GNU ld 2.40: sections, local symbols of each object, then the global
 * ones.
 */
import {
  SHN_ABS,
  SHN_COMMON,
  SHN_UNDEF,
  SHT_GROUP,
  STB_GLOBAL,
  STB_GNU_UNIQUE,
  STB_LOCAL,
  STB_WEAK,
  STT_FILE,
  STT_NOTYPE,
  STT_SECTION,
  STT_TLS,
  STV_DEFAULT,
} from "../object/elf.ts";
import type { ElfSymbolTable } from "../object/elf-reader.ts";
import { symbolsOf } from "../object/relocation-table.ts";
import { Texts } from "../object/texts.ts";
import type { InputObject, InputSection } from "./input-section.ts";
import { DISCARD, type OutputSection } from "./output-section.ts";
import {
  SEC_ALLOC,
  SEC_CODE,
  SEC_DEBUGGING,
  SEC_HAS_CONTENTS,
  SEC_LOAD,
  SEC_MERGE,
  SEC_NEVER_LOAD,
  SEC_READONLY,
  SEC_THREAD_LOCAL,
} from "./section-flags.ts";
import type { LinkSymbol, SymbolTable } from "./symbols.ts";

/** A symbol of the output but for its name. */
interface PlacedSymbol {
  readonly value: number;
  readonly sizeBytes: number;
  readonly binding: number;
  readonly type: number;
  readonly visibility: number;
  /** The section it lies in, or an SHN_ number. */
  readonly section: OutputSection | number;
  /** The object that defines it; empty when a script does. */
  readonly path: string;
}

export interface OutputSymbol extends PlacedSymbol {
  readonly name: string;
}

export interface OutputSymbolOptions {
  readonly isRelocatable: boolean;
  /** Relocations are kept (-r, -q): sections need symbols, and so do all globals. */
  readonly keepsRelocations: boolean;
  /** -S drops symbols of debugging sections, -x all local ones, -X those with names of temporary labels. */
  readonly strip: "none" | "debugging";
  /** --gc-sections: objects of which only memory without content is linked show no local symbols. */
  readonly collectsGarbage: boolean;
  readonly discard: "merged-labels" | "labels" | "all" | "none";
  /**
   * Of local constants with one name and one value, which a header defines in each object, the first stands for all.
   */
  readonly mergesConstants?: boolean;
  /** No other names are in the table, but those that relocations need. */
  readonly retained?: ReadonlySet<string>;
}

export interface OutputSymbols {
  readonly symbols: SymbolList;
  /** How many of them are local. */
  readonly localCount: number;
  readonly indices: SymbolIndices;
}

/**
 * What stands in place of the index of a symbol in its object: a global one, one made local, one that was made here.
 */
const GLOBAL = -1;
const FORCED_LOCAL = -2;
const MADE = -3;

/** Where symbols are when all sections have their places. */
interface Places {
  local(object: InputObject, index: number): PlacedSymbol;
  global(symbol: LinkSymbol, isForcedLocal: boolean): PlacedSymbol;
}

/**
 * The symbols of the output. Those of objects, which are most of them, are known by their objects and indices there or
 * as global ones, and are made when they are asked for.
 */
class SymbolList implements Iterable<OutputSymbol> {
  readonly #objects: InputObject[] = [];
  readonly #globals: LinkSymbol[] = [];
  readonly #made: OutputSymbol[] = [];
  /** Of each symbol a place in a list, of objects or of others, and the index in the object or what else it is. */
  #rows = new Int32Array(0x400);
  #length = 0;
  readonly #places: Places;

  constructor(places: Places) {
    this.#places = places;
  }

  get length(): number {
    return this.#length;
  }

  at(place: number): PlacedSymbol | undefined {
    if (place >= this.#length) return undefined;
    const from = this.#rows[2 * place]!;
    const index = this.#rows[2 * place + 1]!;
    if (index === MADE) return this.#made[from]!;
    if (index < 0) return this.#places.global(this.#globals[from]!, index === FORCED_LOCAL);
    return this.#places.local(this.#objects[from]!, index);
  }

  /** Adds the name of one that is there to others, and returns its number among them. */
  addName(place: number, names: Texts): number {
    const from = this.#rows[2 * place]!;
    const index = this.#rows[2 * place + 1]!;
    if (index === MADE) return names.add(this.#made[from]!.name);
    return index < 0 ? this.#globals[from]!.addName(names) : this.#objects[from]!.elf.table.addName(index, names);
  }

  #nameAt(place: number): string {
    const from = this.#rows[2 * place]!;
    const index = this.#rows[2 * place + 1]!;
    if (index === MADE) return this.#made[from]!.name;
    return index < 0 ? this.#globals[from]!.name : this.#objects[from]!.elf.table.at(index)!.name;
  }

  /** Returns the index in the table, where the null symbol comes first. */
  add(symbol: OutputSymbol): number {
    return this.#add(this.#made.push(symbol) - 1, MADE);
  }

  addGlobal(symbol: LinkSymbol, isForcedLocal: boolean): void {
    symbol.outputIndex = this.#add(this.#globals.push(symbol) - 1, isForcedLocal ? FORCED_LOCAL : GLOBAL);
  }

  addLocal(object: InputObject, index: number): number {
    if (this.#objects.at(-1) !== object) this.#objects.push(object);
    return this.#add(this.#objects.length - 1, index);
  }

  #add(from: number, index: number): number {
    if (2 * this.#length === this.#rows.length) {
      const rows = new Int32Array(2 * this.#rows.length);
      rows.set(this.#rows);
      this.#rows = rows;
    }
    this.#rows[2 * this.#length] = from;
    this.#rows[2 * this.#length + 1] = index;
    return ++this.#length;
  }

  *[Symbol.iterator](): Generator<OutputSymbol> {
    for (let place = 0; place < this.#length; place++) yield { ...this.at(place)!, name: this.#nameAt(place) };
  }
}

/** Where sections and local symbols stand in the output's table; 0 for those that do not. */
export class SymbolIndices {
  readonly ofSection = new Map<OutputSection, number>();
  readonly #ofLocal = new Map<InputObject, Int32Array>();

  /** Of local symbols of an object, by their indices there. */
  ofLocal(object: InputObject): Int32Array {
    let indices = this.#ofLocal.get(object);
    if (indices === undefined) this.#ofLocal.set(object, (indices = new Int32Array(object.elf.table.length)));
    return indices;
  }

  /**
   * Of what a relocation refers to: a global symbol or, where that is null, a local one of the object. A section stands
   * for those that are not in the table.
   */
  of(object: InputObject, index: number, symbol: LinkSymbol | null, home: OutputSection | null): number {
    if (symbol) return symbol.outputIndex;
    return this.ofLocal(object)[index] || (home ? (this.ofSection.get(home) ?? 0) : 0);
  }
}

/** Absolute symbols that are in the table already, by their names, each with the first of its values. */
class Constants {
  readonly #names = new Texts();
  readonly #values: (number | undefined)[] = [];

  /** Whether the table has one of this name and value; it has it from now on. */
  isKnown(table: ElfSymbolTable, index: number): boolean {
    const name = table.addName(index, this.#names);
    const value = table.valueOf(index);
    const first = this.#values[name];
    this.#values[name] = first ?? value;
    return first === value;
  }
}

/** `placed`: the same sections in the order of the script, which is that of the objects' symbols. */
export function collectSymbols(
  outputs: readonly OutputSection[],
  placed: readonly OutputSection[],
  table: SymbolTable,
  options: OutputSymbolOptions,
): OutputSymbols {
  const indices = new SymbolIndices();
  const { ofSection } = indices;
  const threads = outputs.filter(({ flags }) => (flags & SEC_THREAD_LOCAL) !== 0);
  const threadStart = threads.length === 0 ? 0 : Math.min(...threads.map(({ address }) => address));
  /** Data that each thread has counts from the begin of its kind. */
  const base = (section: OutputSection | null, type = STT_NOTYPE): number =>
    section && !options.isRelocatable ? section.address - (type === STT_TLS ? threadStart : 0) : 0;
  const local = (object: InputObject, index: number): PlacedSymbol => {
    const { table: locals } = object.elf;
    const type = locals.typeOf(index);
    const offset = locals.valueOf(index);
    const own = object.sections[locals.sectionOf(index)];
    const home = own?.isDiscarded ? own.keptInstead : own;
    const place = home?.place(offset);
    const section = place?.section.output ?? null;
    const value = place ? base(section, type) + place.section.offset + place.offset : offset;
    return {
      value: value >>> 0,
      sizeBytes: locals.sizeOf(index),
      binding: STB_LOCAL,
      type,
      visibility: locals.visibilityOf(index),
      section: section ?? SHN_ABS,
      path: object.path,
    };
  };
  const symbols = new SymbolList({
    local,
    global: (symbol, isForcedLocal) => globalSymbol(symbol, isForcedLocal, base, placed),
  });
  if (options.keepsRelocations) {
    for (const section of outputs) {
      ofSection.set(
        section,
        symbols.add({
          name: "",
          value: base(section),
          sizeBytes: 0,
          binding: STB_LOCAL,
          type: STT_SECTION,
          visibility: 0,
          section,
          path: "",
        }),
      );
    }
  }
  const file = (name: string, path: string): void =>
    void symbols.add({
      name,
      value: 0,
      sizeBytes: 0,
      binding: STB_LOCAL,
      type: STT_FILE,
      visibility: 0,
      section: SHN_ABS,
      path,
    });
  /** Symbols that would be left out, but that a kept relocation refers to, or that name a group. */
  const addReferenced = (object: InputObject): void => {
    const ofLocal = indices.ofLocal(object);
    const addNeeded = (index: number, isLoaded: boolean): void => {
      const elf = object.elf.table.at(index);
      if (elf === undefined || index === 0 || ofLocal[index] !== 0) return;
      if (elf.binding !== STB_LOCAL || elf.type === STT_SECTION) return;
      const own = object.sections[elf.section] ?? null;
      // Debugging information about a copy that is not linked means the one that is.
      const home = own?.isDiscarded && !isLoaded ? own.keptInstead : own;
      if (home?.output && !home.output.excluded) ofLocal[index] = symbols.addLocal(object, index);
    };
    for (const section of object.sections) {
      if (!section?.output || section.output.excluded) continue;
      if (section.elf.type === SHT_GROUP) addNeeded(section.elf.info, true);
      const isLoaded = (section.flags & SEC_ALLOC) !== 0;
      for (const index of symbolsOf(section.relocations)) addNeeded(index, isLoaded);
    }
  };
  let fileCount = 0;
  const constants = options.mergesConstants ? new Constants() : null;
  for (const object of objectsInOrder(placed, options.collectsGarbage)) {
    let hasFile = false;
    const ofLocal = indices.ofLocal(object);
    const { table: locals } = object.elf;
    for (let index = 1; index < locals.length; index++) {
      const section = locals.sectionOf(index);
      const type = locals.typeOf(index);
      if (locals.bindingOf(index) !== STB_LOCAL || type === STT_SECTION || section === SHN_UNDEF) continue;
      if (type === STT_FILE) {
        const { name } = locals.at(index)!;
        if (options.discard === "all" || options.retained?.has(name) === false) continue;
        hasFile = true;
        fileCount++;
        file(name, object.path);
        continue;
      }
      const home = section === SHN_ABS || section === SHN_COMMON ? null : (object.sections[section] ?? null);
      if (home === null && section !== SHN_ABS) continue;
      if (home && (home.isDiscarded || home.output === null || home.output.excluded)) continue;
      if (!isKept(locals, index, home, options)) continue;
      if (section === SHN_ABS && constants?.isKnown(locals, index)) continue;
      if (!hasFile) {
        hasFile = true;
        fileCount++;
        file(object.fileName.slice(object.fileName.lastIndexOf("/") + 1), object.path);
      }
      ofLocal[index] = symbols.addLocal(object, index);
    }
    if (options.keepsRelocations) addReferenced(object);
  }
  const all = table.walk();
  const isLost = ({ isInLostCopy, state }: LinkSymbol): boolean => isInLostCopy && state === "undefined";
  const isPartlyKept = options.retained !== undefined || !options.isRelocatable || all.some(isLost);
  const needed = options.keepsRelocations && isPartlyKept ? globalsInRelocations(placed) : new Set<LinkSymbol>();
  // What only a copy defines that is not linked, and nothing asks for, an object goes without.
  const order = options.isRelocatable ? all.filter((symbol) => !isLost(symbol) || needed.has(symbol)) : all;
  // What only garbage refers to is nobody else's business; an object has it still.
  const isForcedLocal = (symbol: LinkSymbol): boolean =>
    options.isRelocatable
      ? symbol.isUnused &&
        (symbol.state === "undefined" || symbol.state === "undefined-weak") &&
        options.retained?.has(symbol.name) !== false
      : symbol.isForcedLocal && symbol.isDefined;
  const forcedLocal = order.filter(isForcedLocal);
  if (forcedLocal.length > 0 && fileCount > 0) file("", "");
  for (const symbol of forcedLocal) symbols.addGlobal(symbol, true);
  const localCount = symbols.length;
  for (const symbol of order) {
    if (options.retained?.has(symbol.name) === false && !needed.has(symbol)) continue;
    if (symbol.outputIndex !== 0 || (symbol.isUnused && !symbol.isDefined)) continue;
    // What nobody defines, and no relocation that is kept refers to, is not in a program; GNU ld's garbage collection
    // leaves it in.
    const mayDrop = !options.isRelocatable && !needed.has(symbol);
    if (symbol.state === "undefined" && symbol.firstReference !== null && !symbol.isMissed && mayDrop) continue;
    if (symbol.state === "undefined-weak" && (!symbol.isReferenced || mayDrop)) continue;
    if (symbol.section && (symbol.section.isDiscarded || symbol.section.output === null)) continue;
    symbols.addGlobal(symbol, false);
  }
  return { symbols, localCount, indices };
}

/** Global symbols that relocations refer to. */
function globalsInRelocations(outputs: readonly OutputSection[]): Set<LinkSymbol> {
  const found = new Set<LinkSymbol>();
  for (const output of outputs)
    for (const { object, relocations } of output.inputs())
      for (const index of symbolsOf(relocations)) {
        const symbol = object.globals[index];
        if (symbol) found.add(symbol);
      }
  return found;
}

function bindingOf({ state, isUnique, isDefined }: LinkSymbol): number {
  if (state === "weak" || state === "undefined-weak") return STB_WEAK;
  return isUnique && isDefined ? STB_GNU_UNIQUE : STB_GLOBAL;
}

function globalSymbol(
  symbol: LinkSymbol,
  isForcedLocal: boolean,
  base: (section: OutputSection | null, type?: number) => number,
  placed: readonly OutputSection[],
): PlacedSymbol {
  const { sizeBytes, type, object, state } = symbol;
  const binding = isForcedLocal ? STB_LOCAL : bindingOf(symbol);
  // Nobody outside sees a local one, so that nothing needs to hide it.
  const visibility = isForcedLocal ? STV_DEFAULT : symbol.visibility;
  const path = object?.path ?? "";
  if (state === "common")
    return { value: symbol.align, sizeBytes, binding, type, visibility, section: SHN_COMMON, path };
  if (!symbol.isDefined)
    return {
      value: 0,
      sizeBytes: 0,
      binding,
      type: type === STT_FILE ? STT_NOTYPE : type,
      visibility,
      section: SHN_UNDEF,
      path,
    };
  const home = symbol.home();
  const value = home ? symbol.address() - home.address + base(home, type) : symbol.value;
  const section = home?.excluded ? nearby(home, symbol.address(), placed) : home;
  return { value: value >>> 0, sizeBytes, binding, type, visibility, section: section ?? SHN_ABS, path };
}

/** A section beside one that turned out to be empty: that which would have been in the same segment. */
function nearby(home: OutputSection, address: number, placed: readonly OutputSection[]): OutputSection | null {
  const at = placed.indexOf(home);
  const isThere = ({ excluded, name }: OutputSection): boolean => !excluded && name !== DISCARD;
  const before = placed.slice(0, Math.max(at, 0)).findLast(isThere);
  const after = placed.slice(at + 1).find(isThere);
  if (!before || !after) return before ?? after ?? null;
  const difference = before.flags ^ after.flags;
  if ((difference & (SEC_ALLOC | SEC_THREAD_LOCAL | SEC_LOAD)) !== 0) {
    const isOther = ((after.flags ^ home.flags) & (SEC_ALLOC | SEC_THREAD_LOCAL)) !== 0;
    return isOther || ((before.flags & SEC_LOAD) !== 0 && (after.flags & SEC_LOAD) === 0) ? before : after;
  }
  for (const kind of [SEC_READONLY, SEC_CODE])
    if ((difference & kind) !== 0) return ((after.flags ^ home.flags) & kind) !== 0 ? before : after;
  return address < after.address ? before : after;
}

/**
 * In the order in which their first sections lie in the output, of which those without content (NOLOAD) do not count,
 * nor does the build ID, which is written when all else is done.
 */
function objectsInOrder(outputs: readonly OutputSection[], collectsGarbage: boolean): Set<InputObject> {
  const inputs = outputs
    .filter(({ excluded, flags }) => !excluded && (flags & SEC_NEVER_LOAD) === 0)
    .map((output) => output.inputs())
    .filter((inputs) => !inputs.every(({ isBuildId }) => isBuildId))
    .flat();
  if (!collectsGarbage) return new Set(inputs.map(({ object }) => object));
  const left = new Set(inputs.filter(isLeft).map(({ object }) => object));
  return new Set(
    inputs
      .filter(({ flags, object }) => (flags & SEC_HAS_CONTENTS) !== 0 && left.has(object))
      .map(({ object }) => object),
  );
}

/** Whether anything stays of it: of unwind information nothing may, and of strings that others have, too. */
const isLeft = ({ elf, sizeBytes }: InputSection): boolean => sizeBytes > 0 || elf.sizeBytes === 0;

function isKept(
  table: ElfSymbolTable,
  index: number,
  home: InputSection | null,
  { strip, discard, isRelocatable, retained }: OutputSymbolOptions,
): boolean {
  if (retained?.has(table.at(index)!.name) === false) return false;
  if (strip === "debugging" && home && (home.flags & SEC_DEBUGGING) !== 0) return false;
  if (discard === "all") return false;
  const isLabel = (): boolean => table.beginsWith(index, ".L");
  if (discard === "labels") return !isLabel();
  return discard === "none" || isRelocatable || home === null || (home.flags & SEC_MERGE) === 0 || !isLabel();
}
