/** The walk through the page tables (SDM 3A 4.3): what a linear address means, with its marks and its faults. */
import { PAGE_FAULT, raise } from "./exceptions.ts";
import { CR0, CR2, CR3, CR4 } from "./layout.ts";
import type { MachineMemory } from "./memory.ts";
import { CR0_WP, CR4_PSE } from "./state.ts";

const PTE_PRESENT = 1;
const PTE_WRITE = 2;
const PTE_USER = 4;
const PTE_ACCESSED = 0x20;
const PTE_DIRTY = 0x40;
export const PDE_LARGE = 0x80;
export const PTE_GLOBAL = 0x100;
/** Bits 13-21 of a 4 MiB entry: reserved, because this processor has no PSE-36. */
const PDE_LARGE_RESERVED = 0x003fe000;

const FAULT_PROTECTION = 1;
const FAULT_WRITE = 2;
const FAULT_USER = 4;
const FAULT_RESERVED = 8;

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

  directoryEntry(linear: number): number {
    return this.#physical32(this.#directoryAddress(linear));
  }

  #physical32(physical: number): number {
    return this.#access.read(physical & this.a20Mask);
  }

  /** Walks the page tables. Returns the physical page in the upper 20 bits and the flags of the last entry below. */
  walk(linear: number, write: boolean, user: boolean): number {
    const s = this.#s;
    const writeProtect = user || (s[CR0]! & CR0_WP) !== 0;
    const directoryAddress = this.#directoryAddress(linear);
    const directory = this.#physical32(directoryAddress);
    if ((directory & PTE_PRESENT) === 0) this.#pageFault(linear, 0, write, user);
    if ((directory & PDE_LARGE) !== 0 && (s[CR4]! & CR4_PSE) !== 0) {
      if ((directory & PDE_LARGE_RESERVED) !== 0)
        this.#pageFault(linear, FAULT_PROTECTION | FAULT_RESERVED, write, user);
      this.#checkRights(directory, linear, write, user, writeProtect);
      this.#mark(directoryAddress, directory, write);
      this.isWritable = (directory & PTE_DIRTY) !== 0 && ((directory & PTE_WRITE) !== 0 || !writeProtect);
      this.directory = (directoryAddress & this.a20Mask) >>> 0;
      this.entry = -1;
      return (directory & 0xffc00000) | (linear & 0x003ff000) | (directory & 0xfff);
    }
    const entryAddress = (directory & ~0xfff) | ((linear >>> 10) & 0xffc);
    const entry = this.#physical32(entryAddress);
    if ((entry & PTE_PRESENT) === 0) this.#pageFault(linear, 0, write, user);
    this.#checkRights(directory & entry, linear, write, user, writeProtect);
    this.#mark(directoryAddress, directory, false);
    this.#mark(entryAddress, entry, write);
    this.isWritable = (entry & PTE_DIRTY) !== 0 && ((directory & entry & PTE_WRITE) !== 0 || !writeProtect);
    this.directory = (directoryAddress & this.a20Mask) >>> 0;
    this.entry = (entryAddress & this.a20Mask) >>> 0;
    return entry;
  }

  #checkRights(rights: number, linear: number, write: boolean, user: boolean, writeProtect: boolean): void {
    if ((user && (rights & PTE_USER) === 0) || (write && writeProtect && (rights & PTE_WRITE) === 0)) {
      this.#pageFault(linear, FAULT_PROTECTION, write, user);
    }
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

  #pageFault(linear: number, code: number, write: boolean, user: boolean): never {
    this.#s[CR2] = linear;
    raise(PAGE_FAULT, code | (write ? FAULT_WRITE : 0) | (user ? FAULT_USER : 0));
  }
}
