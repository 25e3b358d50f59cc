/** The walk through the page tables (SDM 3A 4.3): what a linear address means, with its marks and its faults. */
import { PAGE_FAULT, raise } from "./exceptions.ts";
import { CR0, CR2, CR3, CR4, EFER, PDPTE } from "./layout.ts";
import type { MachineMemory } from "./memory.ts";
import { CR0_PG, CR0_WP, CR4_PAE, CR4_PSE, EFER_NXE } from "./state.ts";

const PTE_PRESENT = 1;
const PTE_WRITE = 2;
const PTE_USER = 4;
const PTE_ACCESSED = 0x20;
const PTE_DIRTY = 0x40;
const PDE_LARGE = 0x80;
export const PTE_GLOBAL = 0x100;
/** Bits 13-21 of a 4 MiB entry: reserved, because this processor has no PSE-36. */
const PDE_LARGE_RESERVED = 0x003fe000;

const FAULT_PROTECTION = 1;
const FAULT_WRITE = 2;
const FAULT_USER = 4;
const FAULT_RESERVED = 8;
const FAULT_FETCH = 16;

// PAE paging (SDM 3A 4.4), with physical addresses of 36 bits. Bits of the upper dwords of entries:
const NO_EXECUTE = 0x80000000 | 0;
const HIGH_RESERVED = 0x7ffffff0;
/** Bits 13-20 of a 2 MiB entry. */
const LARGE_RESERVED = 0x001fe000;
/** Bits 1, 2 and 5-8 of an entry of the table that CR3 leads to, and 36-63. */
const POINTER_RESERVED = 0x1e6;
const POINTER_HIGH_RESERVED = ~15;
const POINTERS = 4;
/** In place of an error code. */
export const NO_FAULT = -1;
/** What is read where no memory can be. */
const NOTHING = -1;

/** Dwords at physical addresses, wherever they lie. */
interface PhysicalAccess {
  read(physical: number): number;
  write(physical: number, value: number): void;
}

export class PageWalker {
  a20Mask = 0xffffffff | 0;
  // Of the last walk.
  /** Physical addresses of the entries that the page was translated by, below 2^32; -1 for none. */
  directory = -1;
  entry = -1;
  /** It may be written, and is marked as dirty already. */
  isWritable = false;
  /** Bits 32-35 of the physical address: above 0 there is nothing. */
  high = 0;
  isNoExecute = false;
  /** Error code of the page fault, or NO_FAULT. */
  fault = NO_FAULT;
  readonly #pointers = new Int32Array(2 * POINTERS);
  readonly #s: Int32Array;
  readonly #memory: MachineMemory;
  readonly #access: PhysicalAccess;

  constructor(memory: MachineMemory, slots: Int32Array, access: PhysicalAccess) {
    this.#memory = memory;
    this.#s = slots;
    this.#access = access;
  }

  #directoryAddress(linear: number): number {
    return (this.#s[CR3]! & ~0xfff) | ((linear >>> 20) & 0xffc);
  }

  /** How many pages of 4 KiB the page of an address is, by the tables: 1 unless it is a large one. */
  pageCount(linear: number): number {
    const s = this.#s;
    if ((s[CR4]! & CR4_PAE) === 0) {
      const entry = this.#physical32(this.#directoryAddress(linear));
      return (entry & PDE_LARGE) !== 0 && (s[CR4]! & CR4_PSE) !== 0 ? 1024 : 1;
    }
    const pointer = PDPTE + 2 * (linear >>> 30);
    if ((s[pointer]! & PTE_PRESENT) === 0 || s[pointer + 1] !== 0) return 1;
    const entry = this.#physical32((s[pointer]! & ~0xfff) | ((linear >>> 18) & 0xff8));
    return (entry & PDE_LARGE) !== 0 ? 512 : 1;
  }

  /** Reads the four entries that CR3 would lead to; false where one has reserved bits. */
  arePointersValid(directory: number): boolean {
    const pointers = this.#pointers;
    for (let i = 0; i < 2 * POINTERS; i++) pointers[i] = this.#physical32((directory & ~0x1f) + 4 * i);
    for (let i = 0; i < 2 * POINTERS; i += 2) {
      const isReserved = (pointers[i]! & POINTER_RESERVED) !== 0 || (pointers[i + 1]! & POINTER_HIGH_RESERVED) !== 0;
      if ((pointers[i]! & PTE_PRESENT) !== 0 && isReserved) return false;
    }
    return true;
  }

  /** Loads the PDPTE registers, or false where an entry has reserved bits. */
  loadPointers(directory: number): boolean {
    if (!this.arePointersValid(directory)) return false;
    this.#s.set(this.#pointers, PDPTE);
    return true;
  }

  #physical32(physical: number): number {
    return this.#access.read(physical & this.a20Mask);
  }

  /**
   * Walks the page tables, if paging is on. Returns the physical page in the upper 20 bits and the flags of the last
   * entry below. Where the access faults, `fault` says with which error code, and nothing has changed.
   */
  walk(linear: number, write: boolean, user: boolean, fetch: boolean): number {
    const s = this.#s;
    this.fault = NO_FAULT;
    this.high = 0;
    this.isNoExecute = false;
    if ((s[CR0]! & CR0_PG) === 0) {
      this.isWritable = true;
      return linear & ~0xfff;
    }
    if ((s[CR4]! & CR4_PAE) !== 0) return this.#walkExtended(linear, write, user, fetch);
    const writeProtect = user || (s[CR0]! & CR0_WP) !== 0;
    const directoryAddress = this.#directoryAddress(linear);
    const directory = this.#physical32(directoryAddress);
    if ((directory & PTE_PRESENT) === 0) return this.#refuse(0, write, user);
    if ((directory & PDE_LARGE) !== 0 && (s[CR4]! & CR4_PSE) !== 0) {
      if ((directory & PDE_LARGE_RESERVED) !== 0) return this.#refuse(FAULT_PROTECTION | FAULT_RESERVED, write, user);
      if (!this.#isAllowed(directory, write, user, writeProtect)) return this.#refuse(FAULT_PROTECTION, write, user);
      this.#mark(directoryAddress, directory, write);
      this.isWritable = (directory & PTE_DIRTY) !== 0 && ((directory & PTE_WRITE) !== 0 || !writeProtect);
      this.directory = (directoryAddress & this.a20Mask) >>> 0;
      this.entry = -1;
      return (directory & 0xffc00000) | (linear & 0x003ff000) | (directory & 0xfff);
    }
    const entryAddress = (directory & ~0xfff) | ((linear >>> 10) & 0xffc);
    const entry = this.#physical32(entryAddress);
    if ((entry & PTE_PRESENT) === 0) return this.#refuse(0, write, user);
    if (!this.#isAllowed(directory & entry, write, user, writeProtect))
      return this.#refuse(FAULT_PROTECTION, write, user);
    this.#mark(directoryAddress, directory, false);
    this.#mark(entryAddress, entry, write);
    this.isWritable = (entry & PTE_DIRTY) !== 0 && ((directory & entry & PTE_WRITE) !== 0 || !writeProtect);
    this.directory = (directoryAddress & this.a20Mask) >>> 0;
    this.entry = (entryAddress & this.a20Mask) >>> 0;
    return entry;
  }

  /** The same through the tables of PAE paging, which begin at the PDPTE registers. */
  #walkExtended(linear: number, write: boolean, user: boolean, fetch: boolean): number {
    const s = this.#s;
    const writeProtect = user || (s[CR0]! & CR0_WP) !== 0;
    const hasNoExecute = (s[EFER]! & EFER_NXE) !== 0;
    const highReserved = hasNoExecute ? HIGH_RESERVED : HIGH_RESERVED | NO_EXECUTE;
    const code = fetch && hasNoExecute ? FAULT_FETCH : 0;
    const pointer = PDPTE + 2 * (linear >>> 30);
    if ((s[pointer]! & PTE_PRESENT) === 0) return this.#refuse(code, write, user);
    const directoryAddress = (s[pointer]! & ~0xfff) | ((linear >>> 18) & 0xff8);
    const directory = this.#entryAt(directoryAddress, s[pointer + 1]!);
    const directoryHigh = this.#entryAt(directoryAddress | 4, s[pointer + 1]!);
    if ((directory & PTE_PRESENT) === 0) return this.#refuse(code, write, user);
    const isLarge = (directory & PDE_LARGE) !== 0;
    if ((directoryHigh & highReserved) !== 0 || (isLarge && (directory & LARGE_RESERVED) !== 0))
      return this.#refuse(code | FAULT_PROTECTION | FAULT_RESERVED, write, user);
    let entryAddress = directoryAddress;
    let entry = directory;
    let entryHigh = directoryHigh;
    if (!isLarge) {
      entryAddress = (directory & ~0xfff) | ((linear >>> 9) & 0xff8);
      entry = this.#entryAt(entryAddress, directoryHigh & 15);
      entryHigh = this.#entryAt(entryAddress | 4, directoryHigh & 15);
      if ((entry & PTE_PRESENT) === 0) return this.#refuse(code, write, user);
      if ((entryHigh & highReserved) !== 0) return this.#refuse(code | FAULT_PROTECTION | FAULT_RESERVED, write, user);
    }
    const rights = directory & entry;
    this.isNoExecute = ((directoryHigh | entryHigh) & NO_EXECUTE) !== 0;
    if (fetch && this.isNoExecute) return this.#refuse(code | FAULT_PROTECTION, write, user);
    if (!this.#isAllowed(rights, write, user, writeProtect)) return this.#refuse(code | FAULT_PROTECTION, write, user);
    if (!isLarge) this.#mark(directoryAddress, directory, false);
    this.#mark(entryAddress, entry, write);
    this.isWritable = (entry & PTE_DIRTY) !== 0 && ((rights & PTE_WRITE) !== 0 || !writeProtect);
    this.directory = (directoryAddress & this.a20Mask) >>> 0;
    this.entry = isLarge ? -1 : (entryAddress & this.a20Mask) >>> 0;
    this.high = entryHigh & 15;
    return isLarge ? (entry & 0xffe00000) | (linear & 0x001ff000) | (entry & 0xfff) : entry;
  }

  /** A dword of a table, whose address has these bits above 31. */
  #entryAt(physical: number, high: number): number {
    return high === 0 ? this.#physical32(physical) : NOTHING;
  }

  #isAllowed(rights: number, write: boolean, user: boolean, writeProtect: boolean): boolean {
    return !(user && (rights & PTE_USER) === 0) && !(write && writeProtect && (rights & PTE_WRITE) === 0);
  }

  /** Sets accessed and, for a write, dirty in a table entry. */
  #mark(entryAddress: number, entry: number, dirty: boolean): void {
    const marked = entry | PTE_ACCESSED | (dirty ? PTE_DIRTY : 0);
    if (marked === entry) return;
    const address = entryAddress & this.a20Mask;
    const offset = this.#memory.writeOffset(address >>> 12);
    // What was translated by this entry stays right, in whichever space: the watch need not hear of it.
    if (offset !== 0 && this.#memory.storeEntry(offset | (address & 0xfff), marked)) return;
    this.#access.write(address, marked);
  }

  #refuse(code: number, write: boolean, user: boolean): number {
    this.fault = code | (write ? FAULT_WRITE : 0) | (user ? FAULT_USER : 0);
    return 0;
  }

  /** Raises the fault of the last walk, which was for a linear address. */
  raiseFault(linear: number): never {
    this.#s[CR2] = linear;
    raise(PAGE_FAULT, this.fault);
  }
}
