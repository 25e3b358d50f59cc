/**
 * The global offset table of a static program (Intel386 ABI supplement, "Global Offset Table"). Position-independent
 * code addresses its data relative to the table; loads of addresses from it are turned into immediates where the
 * instruction allows it, so that mostly nothing but the table's base remains.
 *
 * Beside the table lie the stubs of indirect functions, the words that they jump to, and the relocations of these.
 * Other sections, for a dynamic linker, stay empty in a static program. They are not in the file, but orphans line up
 * after them, and the map names them: so they are made here, too.
 */
import { SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_PROGBITS, SHT_REL, STT_OBJECT } from "../object/elf.ts";
import { type ElfSection, SymbolArray } from "../object/elf-reader.ts";
import {
  type ElfRelocation,
  type ElfRelocations,
  RelocationTable,
  type ShowRelocation,
} from "../object/relocation-table.ts";
import { R } from "../object/relocation-types.ts";
import {
  type IndirectFunction,
  IndirectFunctions,
  IRELATIVE_BYTES,
  SLOT_BYTES,
  STUB_BYTES,
} from "./indirect-functions.ts";
import { InputObject, type InputSection } from "./input-section.ts";
import type { OutputSection } from "./output-section.ts";
import { SEC_ALLOC, SEC_LINKER_CREATED } from "./section-flags.ts";
import type { LinkSymbol, SymbolTable } from "./symbols.ts";

export const GOT_SYMBOL = "_GLOBAL_OFFSET_TABLE_";
/** Three words that a dynamic linker would fill. */
const PLT_HEADER_BYTES = 12;
const USES_GOT = new Uint8Array(256);
for (const type of [R.GOT32, R.GOT32X, R.GOTOFF, R.GOTPC]) USES_GOT[type] = 1;

/** Sections that the linker makes, in the order in which patterns find them. `index` is that in the linker's object. */
const GOT_INDEX = 2;
const GOT_PLT_INDEX = 3;
const STUBS_INDEX = 4;
const RELOCATIONS_INDEX = 5;
const SLOTS_INDEX = 6;
const MADE: readonly { readonly name: string; readonly type: number; readonly flags: number }[] = [
  { name: ".rel.got", type: SHT_REL, flags: SHF_ALLOC },
  { name: ".got", type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_WRITE },
  { name: ".got.plt", type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_WRITE },
  { name: ".iplt", type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_EXECINSTR },
  { name: ".rel.iplt", type: SHT_REL, flags: SHF_ALLOC },
  { name: ".igot.plt", type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_WRITE },
];

/** What fills the byte that a direct call needs less than one through the table (`-z call-nop`). */
export interface CallFill {
  readonly isBefore: boolean;
  readonly byte: number;
}

/** A prefix without effect: addr32. */
const USUAL_CALL_FILL: CallFill = { isBefore: true, byte: 0x67 };

interface Entry {
  /** Null for a local one. */
  readonly symbol: LinkSymbol | null;
  /** In .got. */
  offset: number;
  readonly address: () => number;
}

export class GlobalOffsetTable {
  /** The linker's own sections, as if they were part of the first object; null in a partial link. */
  readonly object: InputObject | null;
  /** Something refers to the table, so that it is in the file. */
  readonly isUsed: boolean;
  readonly indirect: IndirectFunctions;
  /** Symbol (or section and index of a local one) -> its entry. */
  readonly #entries = new Map<LinkSymbol | IndirectFunction | string, Entry>();

  readonly #callFill: CallFill;
  readonly #objects: readonly InputObject[];
  /** Names to which a script gives values. */
  readonly #scriptNames: ReadonlySet<string>;

  /** `isFlat`: GNU ld makes nothing for a file without a format; neither does this, unless the table is used. */
  constructor(
    objects: readonly InputObject[],
    symbols: SymbolTable,
    { isFlat = false, callFill = USUAL_CALL_FILL }: { readonly isFlat?: boolean; readonly callFill?: CallFill },
    scriptNames: ReadonlySet<string>,
  ) {
    this.#scriptNames = scriptNames;
    this.#callFill = callFill;
    this.#objects = objects;
    let isUsed = false;
    const indirect = new IndirectFunctions(objects);
    this.indirect = indirect;
    const dynamic = new Set<string>();
    const table = symbols.get(GOT_SYMBOL);
    for (const object of objects) {
      const gotIndex = table === undefined ? -1 : object.globals.indexOf(table);
      const marks = marksOf(object, gotIndex, indirect.mayBe);
      for (const section of object.sections) {
        if (!section || section.isDiscarded) continue;
        if ((section.flags & SEC_ALLOC) === 0 && isPlainTable(section, gotIndex)) continue;
        if (this.#scan(section, gotIndex, marks, dynamic)) isUsed = true;
      }
    }
    indirect.plan(symbols);
    for (const found of indirect.withEntries)
      this.#entries.set(found, { symbol: found.symbol, offset: 0, address: () => this.indirectAddress(found) });
    this.#order(symbols);
    this.isUsed = isUsed || this.#entries.size > 0 || indirect.stubs.length > 0;
    this.object = objects[0] && !(isFlat && !isUsed) ? this.#makeObject(objects[0], [...dynamic], symbols) : null;
  }

  /**
   * Loads of addresses become immediates, and those that stay get entries. Returns whether something refers to the
   * table. `dynamic`: tables that GNU ld makes for a dynamic linker.
   */
  #scan(section: InputSection, gotIndex: number, marks: Uint8Array, dynamic: Set<string>): boolean {
    const { indirect } = this;
    const isLoaded = (section.flags & SEC_ALLOC) !== 0;
    const changed = new Map<number, ElfRelocation>();
    let isUsed = false;
    forRelocations(section, marks, (place, offset, type, symbol) => {
      if (isLoaded && indirect.note(section, type, offset, symbol)) return;
      const isOpen = isLoaded && marks[symbol] === OPEN && (type === R.R32 || type === R.PC32);
      if (isOpen && !this.#isOwnBound(section.object.elf.table.at(symbol)!.name)) dynamic.add(`.rel${section.name}`);
      if (type === R.GOT32 || type === R.GOT32X) {
        const relocation = { offset, type, symbol };
        const relaxed = type === R.GOT32X ? this.#relax(section, relocation) : null;
        if (relaxed) {
          changed.set(place, relaxed);
          return;
        }
        this.#allocate(section, relocation);
      }
      if (USES_GOT[type] !== 0 || symbol === gotIndex) isUsed = true;
    });
    if (changed.size > 0) section.relocations = withChanges(section.relocations, changed);
    return isUsed;
  }

  /** Address of the entry for a relocation's symbol, once sections have addresses. */
  entryAddress(section: InputSection, relocation: ElfRelocation, symbol: LinkSymbol | null): number {
    const entry = this.#entries.get(symbol ?? localKey(section, relocation));
    return this.#addressIn(GOT_INDEX, entry?.offset ?? 0);
  }

  /** Address of the word from which an indirect function's address is loaded. */
  indirectEntryAddress(found: IndirectFunction): number {
    return found.hasEntry
      ? this.#addressIn(GOT_INDEX, this.#entries.get(found)!.offset)
      : this.#addressIn(SLOTS_INDEX, (found.stub ?? 0) * SLOT_BYTES);
  }

  /** What stands for the address of an indirect function: its stub, or what start-up code replaces. */
  indirectAddress({ stub, resolver }: IndirectFunction): number {
    return stub === null ? resolver() : this.#addressIn(STUBS_INDEX, stub * STUB_BYTES);
  }

  /** Writes the addresses into .got, and stubs, words and relocations of indirect functions, once all are known. */
  fill(): void {
    const viewOf = (index: number): DataView | null => {
      const section = this.object?.sections[index];
      return section ? new DataView(section.content.buffer) : null;
    };
    const got = viewOf(GOT_INDEX);
    for (const { offset, address } of this.#entries.values()) got?.setUint32(offset, address(), true);
    const [stubs, slots, relocations] = [viewOf(STUBS_INDEX), viewOf(SLOTS_INDEX), viewOf(RELOCATIONS_INDEX)];
    if (!stubs || !slots || !relocations) return;
    const resolveAt = (index: number, address: number): void => {
      relocations.setUint32(index * IRELATIVE_BYTES, address, true);
      relocations.setUint32(index * IRELATIVE_BYTES + 4, R.IRELATIVE, true);
    };
    let last = this.#resolvedCount;
    for (const { stub: index, resolver } of localFirst(this.indirect.stubs)) {
      if (index === null) continue;
      const slot = this.#addressIn(SLOTS_INDEX, index * SLOT_BYTES);
      stubs.setUint16(index * STUB_BYTES, 0x25ff, true); // jmp *slot
      stubs.setUint32(index * STUB_BYTES + 2, slot, true);
      stubs.setUint16(index * STUB_BYTES + 6, 0x9066, true); // xchg %ax, %ax
      slots.setUint32(index * SLOT_BYTES, resolver(), true);
      resolveAt(--last, slot);
    }
    let next = 0;
    for (const { section, offset } of this.indirect.places) resolveAt(next++, section.addressOf(offset));
    for (const found of localFirst(this.indirect.withEntries))
      if (found.stub === null) resolveAt(next++, this.indirectEntryAddress(found));
  }

  /** The words before the table of stubs are in this section, whatever else is there: it has entries. */
  hasHeaderIn(output: OutputSection): boolean {
    const section = this.object?.sections[GOT_PLT_INDEX];
    return section?.output === output && section.sizeBytes > 0;
  }

  /** How many words start-up code has to resolve. */
  get #resolvedCount(): number {
    const { stubs, places, withEntries } = this.indirect;
    return stubs.length + places.length + withEntries.filter(({ stub }) => stub === null).length;
  }

  #addressIn(index: number, offset: number): number {
    return this.object?.sections[index]?.addressOf(offset) ?? 0;
  }

  /** Entries of local symbols come first, then the others as GNU ld's table of names is walked. */
  #order(symbols: SymbolTable): void {
    const entries = [...this.#entries.values()];
    const isLocalFunction = new Set(
      this.indirect.withEntries.flatMap((found) => (found.symbol ? [] : this.#entries.get(found)!)),
    );
    const global = new Map(entries.flatMap((entry) => (entry.symbol ? [[entry.symbol, entry]] : [])));
    const ordered = [
      ...entries.filter((entry) => entry.symbol === null && !isLocalFunction.has(entry)),
      ...(global.size > 1 ? symbols.walk().flatMap((symbol) => global.get(symbol) ?? []) : global.values()),
      ...isLocalFunction,
    ];
    ordered.forEach((entry, index) => {
      entry.offset = index * SLOT_BYTES;
    });
  }

  #allocate(section: InputSection, relocation: ElfRelocation): void {
    const elf = section.object.elf.table.at(relocation.symbol)!;
    const symbol = section.object.globals[relocation.symbol]!;
    const key = symbol ?? localKey(section, relocation);
    if (this.#entries.has(key)) return;
    this.#entries.set(key, {
      symbol,
      offset: 0,
      address: () =>
        symbol ? symbol.address() : (section.object.sections[elf.section]?.addressOf(elf.value) ?? elf.value),
    });
  }

  /**
   * `mov foo@GOT(%ebx), %eax` becomes `mov $foo, %eax`; `call *foo@GOT(%ebx)` a direct call. Null when the load must
   * stay.
   */
  #relax(section: InputSection, relocation: ElfRelocation): ElfRelocation | null {
    const { offset } = relocation;
    const symbol = section.object.globals[relocation.symbol]!;
    // A weak one that nobody defines is 0, and the bounds of a section will be defined.
    const isKnown =
      symbol === null ||
      symbol.isDefined ||
      symbol.state === "common" ||
      symbol.state === "undefined-weak" ||
      this.#scriptNames.has(symbol.name) ||
      this.#isBound(symbol.name);
    if (!isKnown) return null;
    const content = section.ownContent();
    if (offset < 2 || offset + 4 > content.length) return null;
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    if (view.getUint32(offset, true) !== 0) return null;
    const opcode = content[offset - 2]!;
    const modrm = content[offset - 1]!;
    const isBinary = (opcode & 0xc7) === 0x03;
    if (opcode !== 0xff && opcode !== 0x8b && opcode !== 0x85 && !isBinary) return null;
    if (opcode === 0xff && (modrm & 0x38) !== 0x10 && (modrm & 0x38) !== 0x20) return null;
    if (opcode !== 0xff) {
      const register = (modrm >> 3) & 7;
      // mov, test, or add and its like with the address as immediate
      content[offset - 2] = opcode === 0x8b ? 0xc7 : opcode === 0x85 ? 0xf7 : 0x81;
      content[offset - 1] = 0xc0 | register | (isBinary ? opcode & 0x38 : 0);
      return { ...relocation, type: R.R32 };
    }
    view.setInt32(offset, -4, true);
    if ((modrm & 0x38) === 0x10) {
      // call foo, with one byte more before or after it
      const { isBefore, byte } = this.#callFill;
      if (isBefore) {
        content.set([byte, 0xe8], offset - 2);
        return { ...relocation, type: R.PC32 };
      }
      content[offset - 2] = 0xe8;
      view.setInt32(offset - 1, -4, true);
      content[offset + 3] = byte;
      return { ...relocation, offset: offset - 1, type: R.PC32 };
    }
    content[offset - 2] = 0xe9; // jmp foo; nop
    view.setInt32(offset - 1, -4, true);
    content[offset + 3] = 0x90;
    return { ...relocation, offset: offset - 1, type: R.PC32 };
  }

  /** A bound that the linker defines before it looks at relocations. */
  #isOwnBound(name: string): boolean {
    return /^\w+$/.test(name) && !this.#scriptNames.has(name) && this.#isBound(name);
  }

  /** A name for the begin or the end of a section that some object has. */
  #isBound(name: string): boolean {
    const bounded = /^__(?:start|stop)_(.+)$/.exec(name)?.[1];
    return (
      bounded !== undefined &&
      this.#objects.some(({ sections }) => sections.some((section) => section?.name === bounded))
    );
  }

  #makeObject(host: InputObject, dynamic: readonly string[], symbols: SymbolTable): InputObject {
    const none: ElfSection = {
      index: 0,
      name: "",
      type: 0,
      flags: 0,
      address: 0,
      align: 4,
      entrySizeBytes: 4,
      sizeBytes: 0,
      link: 0,
      info: 0,
      fileOffset: 0,
      content: new Uint8Array(0),
      relocations: [],
    };
    const { length: stubCount } = this.indirect.stubs;
    const sizes = new Map([
      [GOT_INDEX, this.#entries.size * SLOT_BYTES],
      [GOT_PLT_INDEX, this.isUsed ? PLT_HEADER_BYTES : 0],
      [STUBS_INDEX, stubCount * STUB_BYTES],
      [RELOCATIONS_INDEX, this.#resolvedCount * IRELATIVE_BYTES],
      [SLOTS_INDEX, stubCount * SLOT_BYTES],
    ]);
    const sections = [...MADE, ...dynamic.map((name) => ({ name, type: SHT_REL, flags: SHF_ALLOC }))].map(
      ({ name, type, flags }, at): ElfSection => {
        const sizeBytes = sizes.get(at + 1) ?? 0;
        return {
          ...none,
          index: at + 1,
          name,
          type,
          flags,
          sizeBytes,
          align: at + 1 !== STUBS_INDEX ? 4 : stubCount > 0 ? STUB_BYTES : 1,
          content: new Uint8Array(sizeBytes),
          entrySizeBytes: type === SHT_REL ? 8 : 4,
        };
      },
    );
    const elf = {
      path: host.path,
      type: 1,
      entry: 0,
      abi: 0,
      sections: [none, ...sections],
      symbols: [],
      table: new SymbolArray([]),
      segments: [],
    };
    const object = new InputObject(elf, host.path, host.archive, host.fileName, true);
    object.givenName = host.givenName;
    for (const made of object.sections) if (made && made.sizeBytes === 0) made.isStripped = true;
    for (const made of object.sections) if (made) (made as { flags: number }).flags |= SEC_LINKER_CREATED;
    if (!this.isUsed) {
      // An assembler names the table wherever an entry is asked for; when none is left, neither is the name.
      const named = symbols.get(GOT_SYMBOL);
      if (named && !named.isDefined) named.isUnused = true;
      return object;
    }
    const base = symbols.enter(GOT_SYMBOL);
    base.state = "defined";
    base.section = object.sections[GOT_PLT_INDEX]!;
    base.value = 0;
    base.type = STT_OBJECT;
    base.isForcedLocal = true;
    return object;
  }
}

/** Relocations of local functions are written before the others. */
const localFirst = (functions: readonly IndirectFunction[]): IndirectFunction[] => [
  ...functions.filter(({ symbol }) => symbol === null),
  ...functions.filter(({ symbol }) => symbol !== null),
];

/** Nothing but plain relocations, and none against the table's own symbol: as debugging information has them. */
function isPlainTable({ relocations }: InputSection, gotIndex: number): boolean {
  if (!(relocations instanceof RelocationTable) || !relocations.hasOnly(R.R32)) return false;
  return gotIndex < 0 || !relocations.hasSymbol(gotIndex);
}

/**
 * A symbol that some other file might define at run time: GNU ld prepares for fields with its address, also in a static
 * program.
 */
const OPEN = 1;
/** One whose relocations have to be looked at for another reason. */
const WATCHED = 2;

/** By the symbols' indices; 0 for those whose relocations matter by their types alone. */
function marksOf({ elf: { table }, globals }: InputObject, gotIndex: number, watchesAll: boolean): Uint8Array {
  const marks = new Uint8Array(table.length).fill(watchesAll ? WATCHED : 0);
  for (const index of table.globals) {
    const symbol = globals[index] ?? null;
    if (symbol !== null && symbol.state !== "defined") marks[index] = OPEN;
    else if (index === gotIndex) marks[index] = WATCHED;
  }
  return marks;
}

/** Relocations that use the table, and those against marked symbols, with their places among all of the section. */
function forRelocations({ relocations }: InputSection, marks: Uint8Array, show: ShowRelocation): void {
  if (relocations instanceof RelocationTable) relocations.find(USES_GOT, marks, show);
  else [...relocations].forEach(({ offset, type, symbol }, place) => show(place, offset, type, symbol));
}

function withChanges(relocations: ElfRelocations, changed: ReadonlyMap<number, ElfRelocation>): ElfRelocations {
  if (relocations instanceof RelocationTable) return relocations.withChanges(changed);
  return [...relocations].map((relocation, place) => changed.get(place) ?? relocation);
}

const localKey = (section: InputSection, { symbol }: ElfRelocation): string => `${section.object.path}#${symbol}`;
