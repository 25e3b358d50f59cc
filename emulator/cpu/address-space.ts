/**
 * What the processor has cached of one page directory: translation tables that are kept while other directories are in
 * use, so that a directory which comes back finds its translations again. Loading CR3 has to look as if everything had
 * been forgotten (SDM 3A 4.10.4.1); so the entries of page tables that translations were made from are watched, and
 * what has been made from one that was written since is forgotten when its directory is loaded, or when INVLPG asks for
 * it.
 */
import {
  PDPTE,
  RAM,
  spaceDelta,
  TLB_ENTRIES,
  TLB_READ_SUPERVISOR,
  TLB_READ_USER,
  TLB_WRITE_SUPERVISOR,
  TLB_WRITE_USER,
} from "./layout.ts";
import type { MachineMemory } from "./memory.ts";

/** Filled entries are listed so that a flush costs what was used; a full list flushes everything. */
const MAX_FILLED = 16384;
/** Beyond so many single pages that wait to be forgotten, all of them are. */
const MAX_PENDING = 512;
const PAGE_MASK = 0xfff;
/** Dwords of a table. */
const ENTRIES = 1024;
/**
 * Pages of a table, as a shift, and tables that there can be: 1024 each, or by PAE paging 512 and four times as many.
 */
const TABLE_SHIFT = 10;
const EXTENDED_TABLE_SHIFT = 9;
const MOST_TABLES = 2048;
/**
 * In place of a directory's slot: the table is a directory itself, of which PAE paging has one for each gigabyte, with
 * the numbers from this one upwards to -1.
 */
const DIRECTORY = -4;
const DIRECTORIES = 4;

/** Mark a listed page as global, and as one whose code must not be executed; page numbers have 20 bits. */
export const LIST_GLOBAL = 1 << 20;
export const LIST_NO_EXECUTE = 1 << 21;
export const LIST_PAGE = LIST_GLOBAL - 1;
/** Of what a space is known by: its tables are those of PAE paging. */
export const SPACE_EXTENDED = 4;

/** How a page is listed. */
const AS_LOCAL = 1;
const AS_GLOBAL = 2;
const NO_EXECUTE = 4;

/** A page of RAM that holds a page directory or a page table of some spaces. */
class TablePage {
  readonly offset: number;
  /** By number of the entry: whether it is watched. */
  readonly watched = new Uint8Array(ENTRIES);
  /** Spaces and the slots of their directories that lead here, or DIRECTORY. */
  readonly users: { readonly space: AddressSpace; readonly slot: number }[] = [];

  constructor(offset: number) {
    this.offset = offset;
  }
}

const NO_TABLE = new TablePage(0);

export class AddressSpace {
  /** What to add to the offset of a translation table of the first space to get that of this one. */
  readonly delta: number;
  readonly readSupervisor: Int32Array;
  readonly writeSupervisor: Int32Array;
  readonly readUser: Int32Array;
  readonly writeUser: Int32Array;
  readonly filled = new Int32Array(MAX_FILLED);
  filledCount = 0;
  /**
   * Physical address of the page directory, or of the table of PAE paging, with CR0.WP, CR4.PSE, CR4.PAE and EFER.NXE
   * in bits 0 to 3; -1 while there is none that all translations are known to come from.
   */
  directory = -1;
  /** PDPTE registers that they came from. */
  readonly pointers = new Int32Array(2 * DIRECTORIES);
  /** Change whenever code of the lower or upper part may have changed its place; 0 is none for both. */
  epoch = 0;
  upperEpoch = 0;
  /** Changes with both, but not when only the base of CS does. */
  placeEpoch = 0;
  /** By linear page: whether it is listed, and how. */
  readonly #isListed = new Uint8Array(TLB_ENTRIES);
  /** Linear pages whose table entry was written since they were translated. */
  readonly pending = new Int32Array(MAX_PENDING);
  pendingCount = 0;
  /** Everything is to be forgotten when the directory is loaded again. */
  isStale = false;
  /** When it was last entered: the one that is longest ago makes room. */
  lastUse = 0;
  /** Tables in the watch that name this space. */
  readonly tables = new Set<TablePage>();
  /** The one that was used last by each slot of the directories, with those themselves in front. */
  readonly latest = new Array<TablePage>(DIRECTORIES + MOST_TABLES).fill(NO_TABLE);

  constructor(memory: MachineMemory, number: number) {
    this.delta = spaceDelta(memory.ramBytes, number);
    const table = (offset: number): Int32Array =>
      new Int32Array(memory.memory.buffer, offset + this.delta, TLB_ENTRIES);
    this.readSupervisor = table(TLB_READ_SUPERVISOR);
    this.writeSupervisor = table(TLB_WRITE_SUPERVISOR);
    this.readUser = table(TLB_READ_USER);
    this.writeUser = table(TLB_WRITE_USER);
  }

  get isFull(): boolean {
    return this.filledCount === MAX_FILLED;
  }

  /** Lists a page that is about to be filled; there has to be room. */
  list(entry: number): void {
    const page = entry & LIST_PAGE;
    const isGlobal = (entry & LIST_GLOBAL) !== 0;
    const execute = (entry & LIST_NO_EXECUTE) !== 0 ? NO_EXECUTE : 0;
    const listed = this.#isListed[page]! & ~NO_EXECUTE;
    if (listed === AS_GLOBAL && !isGlobal) {
      // It was translated by a global entry, and is by another one now.
      this.filled[this.filled.indexOf(page | LIST_GLOBAL)] = page;
      this.#isListed[page] = AS_LOCAL | execute;
    }
    if (listed !== 0) {
      if (this.#isEmpty(page)) this.#isListed[page] = listed | execute;
      return;
    }
    this.#isListed[page] = (isGlobal ? AS_GLOBAL : AS_LOCAL) | execute;
    this.filled[this.filledCount++] = entry & ~LIST_NO_EXECUTE;
  }

  /** Whether the page was translated by entries that forbid to execute it. */
  isNoExecute(page: number): boolean {
    return (this.#isListed[page]! & NO_EXECUTE) !== 0;
  }

  /** Nothing is known of a page, which may be listed. */
  #isEmpty(page: number): boolean {
    return (
      (this.readSupervisor[page]! | this.writeSupervisor[page]! | this.readUser[page]! | this.writeUser[page]!) === 0
    );
  }

  drop(page: number): void {
    this.readSupervisor[page] = 0;
    this.writeSupervisor[page] = 0;
    this.readUser[page] = 0;
    this.writeUser[page] = 0;
  }

  /** Drops all pages, or all but the global ones. */
  dropAll(keepGlobal: boolean): void {
    let kept = 0;
    for (let i = 0; i < this.filledCount; i++) {
      const entry = this.filled[i]!;
      if (keepGlobal && (entry & LIST_GLOBAL) !== 0) this.filled[kept++] = entry;
      else {
        const page = entry & LIST_PAGE;
        this.drop(page);
        this.#isListed[page] = 0;
      }
    }
    this.filledCount = kept;
    this.pendingCount = 0;
  }

  /** Makes writes to a page of RAM, under all its linear addresses, look for what is watched there. */
  protect(offset: number): void {
    for (let i = 0; i < this.filledCount; i++) {
      const page = this.filled[i]! & LIST_PAGE;
      if (this.writeSupervisor[page] === offset) this.writeSupervisor[page] = -offset;
      if (this.writeUser[page] === offset) this.writeUser[page] = -offset;
    }
  }
}

/** In so many ways at most. */
const MOST_KNOWN = 64;

export class AddressSpaces {
  /** The one that CR3 names. */
  active: AddressSpace;
  readonly #memory: MachineMemory;
  readonly #all: AddressSpace[];
  readonly #tables = new Map<number, TablePage>();
  #uses = 0;
  /** Those of processors whose turn it is not, by their numbers: none of them makes room for another. */
  readonly #parked = new Map<number, AddressSpace>();
  /** Counts calls of `protect`. */
  protections = 0;
  #lastEpoch = 0;
  /** Epochs of the active space by how its code was known, for as long as nothing else has changed. */
  readonly #known = new Map<number, { readonly lower: number; readonly upper: number }>();
  /** PDPTE registers. */
  readonly #pointers: Int32Array;

  constructor(memory: MachineMemory, slots: Int32Array) {
    this.#memory = memory;
    this.#pointers = slots.subarray(PDPTE, PDPTE + 2 * DIRECTORIES);
    this.active = new AddressSpace(memory, 0);
    this.#all = [this.active];
  }

  /** Makes the space of a directory the active one: as it was left, or a new and empty one. */
  enter(directory: number): void {
    let space = this.active;
    if (!this.#isOf(space, directory)) {
      const known = this.#find(directory);
      if (known !== null) space = known;
      else {
        space = this.#take();
        this.identify(space, directory);
      }
      this.active = space;
    }
    space.lastUse = ++this.#uses;
  }

  /** An empty space, of which there is one for each processor at least. */
  #take(): AddressSpace {
    let space: AddressSpace;
    if (this.#all.length < this.#memory.spaces)
      this.#all.push((space = new AddressSpace(this.#memory, this.#all.length)));
    else {
      const parked = new Set(this.#parked.values());
      space = this.#all
        .filter((candidate) => !parked.has(candidate))
        .reduce((oldest, other) => (other.lastUse < oldest.lastUse ? other : oldest));
      this.forget(space);
    }
    space.directory = -1;
    return space;
  }

  /** Another processor's turn: the active space is kept for the one, and becomes what was kept for the other. */
  exchange(from: number, to: number): void {
    this.#parked.set(from, this.active);
    this.active = this.#parked.get(to) ?? this.#take();
    this.#parked.delete(to);
  }

  /** Which other processor has the same space, by the lowest number; -1 for none. */
  get sharedWith(): number {
    const numbers = [...this.#parked].filter(([, space]) => space === this.active).map(([number]) => number);
    return numbers.length > 0 ? Math.min(...numbers) : -1;
  }

  /** Gives the processor whose turn it is the space of another one, or, -1, one of its own. */
  share(number: number): void {
    if (number >= 0) this.active = this.#parked.get(number) ?? this.active;
    else if (this.sharedWith >= 0) this.active = this.#take();
  }

  #find(directory: number): AddressSpace | null {
    for (const space of this.#all) if (this.#isOf(space, directory)) return space;
    return null;
  }

  /** Whether a space has the translations by a directory and, with PAE paging, by the PDPTE registers as they are. */
  #isOf(space: AddressSpace, directory: number): boolean {
    if (space.directory !== directory) return false;
    return (
      (directory & SPACE_EXTENDED) === 0 || this.#pointers.every((value, index) => space.pointers[index] === value)
    );
  }

  /** Has a space be that of a directory and of the PDPTE registers. */
  identify(space: AddressSpace, directory: number): void {
    space.directory = directory;
    space.pointers.set(this.#pointers);
  }

  /** Forgets all translations of a space, and what they were made from. */
  forget(space: AddressSpace): void {
    space.dropAll(false);
    space.epoch = 0;
    space.isStale = false;
    if (space.tables.size === 0) return;
    for (const table of space.tables) this.#release(table, space);
    space.tables.clear();
  }

  /**
   * Forgets everything. The active space, which is no other processor's then, becomes that of `directory`, -1 for none.
   */
  forgetAll(directory: number): void {
    for (const space of this.#all) {
      this.forget(space);
      space.directory = -1;
    }
    this.share(-1);
    this.identify(this.active, directory);
  }

  /** Has all spaces look at their code again. */
  renew(): void {
    for (const space of this.#all) space.epoch = 0;
  }

  /** Code of the active space that lies below the upper part may have changed its place. */
  renewLower(): void {
    this.#known.clear();
    this.active.placeEpoch = this.active.epoch = ++this.#lastEpoch;
  }

  renewUpper(): void {
    this.#known.clear();
    this.active.placeEpoch = this.active.upperEpoch = ++this.#lastEpoch;
  }

  /** The active space is gone on with, after another one. */
  resume(): void {
    this.#known.clear();
    if (this.active.epoch !== 0) return;
    this.renewLower();
    this.renewUpper();
  }

  /** Code of the active space is known in another way, by a number for each: by that of `to` from now on. */
  rebase(from: number, to: number): void {
    const known = this.#known;
    const { active } = this;
    if (!known.has(from)) {
      if (known.size === MOST_KNOWN) known.clear();
      known.set(from, { lower: active.epoch, upper: active.upperEpoch });
    }
    const epochs = known.get(to);
    this.renew();
    active.epoch = epochs?.lower ?? ++this.#lastEpoch;
    active.upperEpoch = epochs?.upper ?? ++this.#lastEpoch;
  }

  protect(offset: number): void {
    this.protections++;
    for (const space of this.#all) space.protect(offset);
  }

  /**
   * Watches the entries that a page of the active space was translated by: of the directory and, unless the page is
   * large, of a table. `entryAddress` is the physical address of the table's entry, -1 for none.
   */
  watch(linearPage: number, directoryAddress: number, entryAddress: number): void {
    if ((this.active.directory & SPACE_EXTENDED) === 0) {
      this.#watchEntry(directoryAddress, DIRECTORY);
      if (entryAddress >= 0) this.#watchEntry(entryAddress, linearPage >>> TABLE_SHIFT);
      return;
    }
    // Both dwords of each entry.
    const directory = DIRECTORY + (linearPage >>> 18);
    this.#watchEntry(directoryAddress, directory);
    this.#watchEntry(directoryAddress + 4, directory);
    if (entryAddress < 0) return;
    this.#watchEntry(entryAddress, linearPage >>> EXTENDED_TABLE_SHIFT);
    this.#watchEntry(entryAddress + 4, linearPage >>> EXTENDED_TABLE_SHIFT);
  }

  #watchEntry(address: number, slot: number): void {
    const { active } = this;
    const memory = this.#memory;
    const offset = memory.readOffset(address >>> 12);
    let table = active.latest[slot - DIRECTORY]!;
    if (table.offset !== offset) {
      // In a ROM or behind a bridge: nobody says when it changes.
      if (offset < RAM || memory.writeOffset(address >>> 12) !== offset) {
        active.isStale = true;
        return;
      }
      active.latest[slot - DIRECTORY] = table = this.#join(offset, slot);
    }
    const entry = (address & PAGE_MASK) >>> 2;
    if (table.watched[entry] !== 0) return;
    table.watched[entry] = 1;
    memory.markEntry(offset + 4 * entry);
  }

  /** Has a table of the active space watched. */
  #join(offset: number, slot: number): TablePage {
    const { active } = this;
    const memory = this.#memory;
    let table = this.#tables.get(offset);
    if (table === undefined) {
      this.#tables.set(offset, (table = new TablePage(offset)));
      if (!memory.isWatched(offset)) this.protect(offset);
      memory.markTablePage(offset, true);
    }
    if (!table.users.some((user) => user.space === active && user.slot === slot))
      table.users.push({ space: active, slot });
    active.tables.add(table);
    return table;
  }

  #release(table: TablePage, space: AddressSpace): void {
    for (const user of table.users) if (user.space === space) space.latest[user.slot - DIRECTORY] = NO_TABLE;
    const rest = table.users.filter((user) => user.space !== space);
    table.users.splice(0, table.users.length, ...rest);
    if (rest.length > 0) return;
    this.#tables.delete(table.offset);
    for (let entry = 0; entry < ENTRIES; entry++)
      if (table.watched[entry] !== 0) this.#memory.unmarkEntry(table.offset + 4 * entry);
    this.#memory.markTablePage(table.offset, false);
  }

  /** Something was written into RAM, or is about to be. */
  written(offset: number, lengthBytes: number): void {
    const end = offset + lengthBytes;
    for (let page = offset & ~PAGE_MASK; page < end; page += PAGE_MASK + 1) {
      const table = this.#tables.get(page);
      if (table === undefined) continue;
      const first = Math.max(offset - page, 0) >>> 2;
      const last = Math.min(end - 1 - page, PAGE_MASK) >>> 2;
      for (let entry = first; entry <= last; entry++) if (table.watched[entry] !== 0) this.#entryWritten(table, entry);
    }
  }

  #entryWritten(table: TablePage, entry: number): void {
    for (const { space, slot } of table.users) {
      if (slot < 0 || space.pendingCount === MAX_PENDING) space.isStale = true;
      else if ((space.directory & SPACE_EXTENDED) === 0)
        space.pending[space.pendingCount++] = (slot << TABLE_SHIFT) | entry;
      else space.pending[space.pendingCount++] = (slot << EXTENDED_TABLE_SHIFT) | (entry >>> 1);
    }
    table.watched[entry] = 0;
    this.#memory.unmarkEntry(table.offset + 4 * entry);
  }
}
