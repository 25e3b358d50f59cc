/**
 * From linear addresses to bytes: paging (SDM 3A chapter 4) with a translation look-aside buffer that turns a linear
 * page into an offset of the machine's memory. Tables are separate for reads and writes and for supervisor and user, so
 * a hit is one lookup and one comparison. What needs a closer look (devices, code pages, breakpoints, page crossings)
 * misses on purpose.
 */
import type { AccessBytes, ProcessorBus } from "../bus/bus.ts";
import type { StateVisitor } from "../state/state.ts";
import { AddressSpaces, LIST_GLOBAL, LIST_NO_EXECUTE, SPACE_EXTENDED } from "./address-space.ts";
import { visitTranslations } from "./cached-translations.ts";
import { ALIGNMENT_CHECK, raise } from "./exceptions.ts";
import { BASE, CR0, CR3, CR4, CS, EFER, isUpper, ROM, TLB_DELTA, TLB_EMPTY, TLB_ENTRIES } from "./layout.ts";
import type { MachineMemory } from "./memory.ts";
import { runLength } from "./memory-runs.ts";
import { NO_FAULT, PageWalker, PTE_GLOBAL } from "./page-walk.ts";
import type { DataProbe } from "./probe.ts";
import type { CpuState } from "./state.ts";
import { CR0_PG, CR0_WP, CR4_PAE, CR4_PGE, CR4_PSE, EFER_NXE } from "./state.ts";

/** The first page of the upper part, and its last one. */
const UPPER_PAGE = 0xc0000;
const LAST_PAGE = 0xfffff;

const FOUR_GIB = 2 ** 32;
/** Whether a physical address is one of PAE paging's beyond 32 bits, where nothing is: all ones are read. */
const isBeyond = (physical: number): boolean => physical >= FOUR_GIB;

/** Looks at every data access while it is set (debug registers). */
export interface AccessWatch {
  access(linearAddress: number, sizeBytes: number, write: boolean): void;
}

export class Translation {
  /** Tables of the current privilege; swapped by `setPrivilege`. */
  readTlb: Int32Array;
  writeTlb: Int32Array;
  /**
   * Changes whenever code in the lower three gigabytes of the linear addresses may have changed its place, and comes
   * back with its address space.
   */
  epoch = 0;
  /** The same for the upper gigabyte, where the code of kernels is: their global pages stay when CR3 is loaded. */
  upperEpoch = 0;
  /** The same for what is known of pages by their linear addresses, whatever the base of CS is. */
  placeEpoch = 0;
  readonly view: DataView;
  readonly #bytes: Uint8Array;
  readonly #spaces: AddressSpaces;
  // The tables of the active address space.
  #readSupervisor: Int32Array;
  #writeSupervisor: Int32Array;
  #readUser: Int32Array;
  #writeUser: Int32Array;
  readonly #empty: Int32Array;
  /** By linear page: whether code was fetched from it, in any space. */
  readonly #fetched = new Uint8Array(TLB_ENTRIES);
  #user = false;
  #watch: AccessWatch | null = null;
  #probe: DataProbe | null = null;
  /** Pages that are kept out of the tables so that `probe` sees each access to them. */
  #probedPages: ReadonlySet<number> | null = null;
  #checkAlignment = false;
  #a20Mask = 0xffffffff | 0;
  readonly walker: PageWalker;
  readonly #s: Int32Array;
  readonly #memory: MachineMemory;
  readonly #bus: ProcessorBus;
  /** Called after a device register was accessed: its effects are due at the next instruction boundary. */
  readonly #deviceAccessed: () => void;

  constructor(memory: MachineMemory, state: CpuState, bus: ProcessorBus, deviceAccessed: () => void) {
    this.#memory = memory;
    this.#bus = bus;
    this.#deviceAccessed = deviceAccessed;
    this.#s = state.i32;
    this.view = memory.view;
    this.#bytes = memory.bytes;
    this.#spaces = new AddressSpaces(memory, state.i32);
    this.walker = new PageWalker(memory, state.i32, {
      read: (physical) => this.#readPhysical(physical, 4),
      write: (physical, value) => this.#writePhysical(physical, 4, value),
    });
    this.#spaces.resume();
    this.#takeEpochs();
    const { active } = this.#spaces;
    this.#readSupervisor = active.readSupervisor;
    this.#writeSupervisor = active.writeSupervisor;
    this.#readUser = active.readUser;
    this.#writeUser = active.writeUser;
    this.#empty = new Int32Array(memory.memory.buffer, TLB_EMPTY, TLB_ENTRIES);
    this.readTlb = this.#readSupervisor;
    this.writeTlb = this.#writeSupervisor;
  }

  /** Selects the tables for a privilege level and for what has to be watched. */
  setPrivilege(user: boolean): void {
    this.#user = user;
    const slow = this.#watch !== null || this.#checkAlignment;
    this.readTlb = slow ? this.#empty : user ? this.#readUser : this.#readSupervisor;
    this.writeTlb = slow ? this.#empty : user ? this.#writeUser : this.#writeSupervisor;
  }

  /** Sends every access through `watch`, or none with null. */
  setWatch(watch: AccessWatch | null): void {
    this.#watch = watch;
    this.setPrivilege(this.#user);
  }

  isWatchedBy(watch: AccessWatch): boolean {
    return this.#watch === watch;
  }

  /** Sends every access to some pages through `probe` too, or none with null. */
  setProbe(probe: DataProbe | null, linearPages: ReadonlySet<number>): void {
    this.#probe = probe;
    this.#probedPages = probe === null ? null : linearPages;
    this.flush();
  }

  /** An access that was made beside the tables is shown to whoever watches. */
  #show(linear: number, sizeBytes: number, write: boolean): void {
    this.#watch?.access(linear, sizeBytes, write);
    this.#probe?.access(linear, sizeBytes, write);
  }

  /** Whether user accesses must be aligned (CR0.AM, EFLAGS.AC and CPL 3). */
  setAlignmentCheck(check: boolean): void {
    if (check === this.#checkAlignment) return;
    this.#checkAlignment = check;
    this.setPrivilege(this.#user);
  }

  setA20(open: boolean): void {
    this.#a20Mask = open ? 0xffffffff | 0 : ~0x100000;
    this.walker.a20Mask = this.#a20Mask;
    this.flush();
  }

  /** Whether accesses have to be looked at, so that memory may not be reached beside this. */
  get isWatched(): boolean {
    return this.#watch !== null || this.#probe !== null || this.#checkAlignment;
  }

  get a20(): boolean {
    return this.#a20Mask === -1;
  }

  /** Forgets all translations, those of other page directories too. */
  flush(): void {
    this.#memory.counters.translationFlushes++;
    const isKept = (this.#s[CR0]! & CR0_PG) !== 0 && (this.#s[CR4]! & CR4_PGE) === 0;
    this.#spaces.forgetAll(isKept ? this.#directory : -1);
    this.renew();
    this.#select();
  }

  /** What an address space is known by: the page directory, and what else its translations depend on. */
  get #directory(): number {
    const writeProtect = (this.#s[CR0]! & CR0_WP) !== 0 ? 1 : 0;
    const largePages = (this.#s[CR4]! & CR4_PSE) !== 0 ? 2 : 0;
    if ((this.#s[CR4]! & CR4_PAE) !== 0) {
      const noExecute = (this.#s[EFER]! & EFER_NXE) !== 0 ? 8 : 0;
      return ((this.#s[CR3]! & ~0x1f) | writeProtect | largePages | SPACE_EXTENDED | noExecute) >>> 0;
    }
    return ((this.#s[CR3]! & ~0xfff) | writeProtect | largePages) >>> 0;
  }

  /** Another processor's turn begins. */
  exchange(from: number, to: number): void {
    this.#spaces.exchange(from, to);
    this.#resume();
  }

  /** Goes on in the active space. */
  #resume(): void {
    this.#spaces.resume();
    this.#takeEpochs();
    this.#select();
  }

  /** Takes the tables of the active space. */
  #select(): void {
    const { active } = this.#spaces;
    if (this.#readSupervisor === active.readSupervisor) return;
    this.#readSupervisor = active.readSupervisor;
    this.#writeSupervisor = active.writeSupervisor;
    this.#readUser = active.readUser;
    this.#writeUser = active.writeUser;
    this.#memory.words[TLB_DELTA >>> 2] = active.delta;
    this.setPrivilege(this.#user);
  }

  /** Code may have changed its place: segments have moved, or more than is known. */
  renew(): void {
    this.#spaces.renew();
    this.#renewLower();
    this.#renewUpper();
    // What was fetched before is looked for anew.
    this.#fetched[LAST_PAGE] = 0;
  }

  /** `CpuState.codeKey` changes, and nothing else: what was known of code with the new one comes back with it. */
  rebase(from: number, to: number): void {
    if (from === to) return;
    this.#spaces.rebase(from, to);
    this.#takeEpochs();
  }

  #renewLower(): void {
    this.#spaces.renewLower();
    this.#takeEpochs();
  }

  #renewUpper(): void {
    this.#spaces.renewUpper();
    this.#takeEpochs();
  }

  #takeEpochs(): void {
    ({ epoch: this.epoch, upperEpoch: this.upperEpoch, placeEpoch: this.placeEpoch } = this.#spaces.active);
  }

  /** The epoch of code at an EIP, in a segment whose base is the current one. */
  epochAt(eip: number): number {
    return isUpper(eip) ? this.upperEpoch : this.epoch;
  }

  /**
   * Whether code of the upper part may be elsewhere once all but global pages are forgotten: code was fetched from a
   * page that is not global, or from one whose neighbour is in the lower part, or is at another EIP than its address.
   */
  #isUpperMoved(): boolean {
    const fetched = this.#fetched;
    if (this.#s[BASE + CS] !== 0 || this.#probedPages !== null || this.#watch !== null) return true;
    if (fetched[LAST_PAGE] !== 0) return true;
    const { filled, filledCount } = this.#spaces.active;
    for (let i = 0; i < filledCount; i++) {
      const page = filled[i]!;
      if (page < LIST_GLOBAL && page >= UPPER_PAGE && fetched[page] !== 0) return true;
    }
    return false;
  }

  /**
   * CR3 was loaded: what was translated by the directory before, or what has changed of this one's tables since, is not
   * known any more. While CR4.PGE is set all but global pages are forgotten.
   */
  loadDirectory(): void {
    const spaces = this.#spaces;
    this.#memory.counters.translationFlushes++;
    if ((this.#s[CR4]! & CR4_PGE) !== 0) {
      const isUpperMoved = this.#isUpperMoved();
      spaces.active.dropAll(true);
      this.#renewLower();
      if (isUpperMoved) this.#renewUpper();
      return;
    }
    spaces.enter(this.#directory);
    const { active } = spaces;
    if (active.isStale) spaces.forget(active);
    this.#resume();
    for (let i = 0; i < active.pendingCount; i++) this.#forgetPage(active.pending[i]!);
    active.pendingCount = 0;
  }

  /** INVLPG: forgets one page, global or not. A large page is cached as its 4 KiB parts, so all of those go. */
  flushPage(linearAddress: number): void {
    const page = linearAddress >>> 12;
    const count = (this.#s[CR0]! & CR0_PG) !== 0 ? this.walker.pageCount(linearAddress) : 1;
    const first = page & -count;
    for (let part = 0; part < count; part++) this.#forgetPage(first + part);
  }

  #forgetPage(page: number): void {
    const { active } = this.#spaces;
    active.drop(page);
    if (this.#fetched[page] === 0) return;
    // An instruction may begin on one side of the border and end on the other.
    if (page <= UPPER_PAGE) this.#renewLower();
    if (page >= UPPER_PAGE || page === 0) this.#renewUpper();
  }

  /** Bytes of RAM that entries of page tables lie in were written, or are about to be. */
  tablesWritten(offset: number, lengthBytes: number): void {
    this.#spaces.written(offset, lengthBytes);
  }

  /**
   * The cached translations themselves. Only a guest that changes page tables without saying so (INVLPG, CR3) can tell
   * whether they are there, so they are saved, for a run that goes on exactly, but are no part of a digest. To be
   * visited when all else has its place.
   */
  visitCached(visitor: StateVisitor): void {
    visitor.part("cached translations", 1);
    if (visitor.restoring) this.flush();
    visitTranslations(visitor, this.#memory, this.#spaces.active);
  }

  /**
   * The same of one of several processors, in the order of their numbers, after `flush` when they are restored. Two may
   * have one address space, in which the one forgets for the other, too.
   */
  visitCachedOf(visitor: StateVisitor, number: number): void {
    const spaces = this.#spaces;
    visitor.part("cached translations of a processor", 1);
    const { sharedWith } = spaces;
    const other = visitor.integer((sharedWith < number ? sharedWith : -1) + 1) - 1;
    if (visitor.restoring) {
      if (other >= number) throw new RangeError(`state in which processor ${number} has what processor ${other} has`);
      spaces.share(other);
      this.#resume();
    }
    if (other >= 0) return;
    spaces.active.directory = visitor.integer(spaces.active.directory + 1) - 1;
    // Of which PDPTE registers is not saved: of none that there are.
    if (visitor.restoring) spaces.active.pointers.fill(-1);
    visitTranslations(visitor, this.#memory, spaces.active);
  }

  /** Makes writes to a page of RAM, under all its linear addresses, look for decoded code. */
  protectCodePage(offset: number): void {
    this.#spaces.protect(offset);
  }

  // Accesses at the current privilege. 8 and 16 bits are zero-extended, 32 bits signed.

  read8(linear: number): number {
    const page = this.readTlb[linear >>> 12]!;
    if (page !== 0) return this.#bytes[page | (linear & 0xfff)]!;
    return this.#readSlow(linear, 1, this.#user);
  }

  read16(linear: number): number {
    const page = this.readTlb[linear >>> 12]!;
    const low = linear & 0xfff;
    if (page !== 0 && low < 0xfff) return this.view.getUint16(page | low, true);
    return this.#readSlow(linear, 2, this.#user);
  }

  read32(linear: number): number {
    const page = this.readTlb[linear >>> 12]!;
    const low = linear & 0xfff;
    if (page !== 0 && low < 0xffd) return this.view.getInt32(page | low, true);
    return this.#readSlow(linear, 4, this.#user);
  }

  write8(linear: number, value: number): void {
    const page = this.writeTlb[linear >>> 12]!;
    if (page > 0) this.#bytes[page | (linear & 0xfff)] = value;
    else this.#writeSlow(linear, 1, value, this.#user);
  }

  write16(linear: number, value: number): void {
    const page = this.writeTlb[linear >>> 12]!;
    const low = linear & 0xfff;
    if (page > 0 && low < 0xfff) this.view.setInt16(page | low, value, true);
    else this.#writeSlow(linear, 2, value, this.#user);
  }

  write32(linear: number, value: number): void {
    const page = this.writeTlb[linear >>> 12]!;
    const low = linear & 0xfff;
    if (page > 0 && low < 0xffd) this.view.setInt32(page | low, value, true);
    else this.#writeSlow(linear, 4, value, this.#user);
  }

  /** Raises the fault that a write would raise, before anything is changed. */
  probeWrite(linear: number, sizeBytes: number): void {
    if (this.writeTlb[linear >>> 12] !== 0 && (linear & 0xfff) + sizeBytes <= 4096) return;
    this.probeWriteAs(linear, sizeBytes, this.#user);
  }

  probeWriteAs(linear: number, sizeBytes: number, user: boolean): void {
    if (this.#checkAlignment && user) this.#requireAligned(linear, sizeBytes);
    this.#translate(linear, true, user);
    if ((linear & 0xfff) + sizeBytes > 4096) this.#translate(nextPage(linear), true, user);
  }

  // Accesses of the processor for itself (descriptor tables, task states, stacks of inner rings): supervisor at any
  // CPL.

  readSystem(linear: number, sizeBytes: AccessBytes): number {
    const page = this.#readSupervisor[linear >>> 12]!;
    const low = linear & 0xfff;
    if (page !== 0 && low + sizeBytes <= 4096) return this.#memory.load(page | low, sizeBytes);
    return this.#readSlow(linear, sizeBytes, false);
  }

  writeSystem(linear: number, sizeBytes: AccessBytes, value: number): void {
    this.#writeSlow(linear, sizeBytes, value, false);
  }

  /** A write at the privilege of a stack that is not the current one yet. */
  writeAs(linear: number, sizeBytes: AccessBytes, value: number, user: boolean): void {
    this.#writeSlow(linear, sizeBytes, value, user);
  }

  /**
   * Offset in the machine's memory of an instruction byte, or 0 when a device answers there, or its memory. Raises page
   * faults.
   */
  fetchOffset(linear: number): number {
    const table = this.#user ? this.#readUser : this.#readSupervisor;
    const page = table[linear >>> 12]!;
    const { active } = this.#spaces;
    // What forbids to execute is looked at again: a fault ends what is cached of it (SDM 3A 4.10.4.1).
    if (page !== 0 && active.isNoExecute(linear >>> 12)) this.#forgetPage(linear >>> 12);
    else if (page >= ROM) {
      this.#fetched[linear >>> 12] = 1;
      return page | (linear & 0xfff);
    }
    this.#fetched[linear >>> 12] = 1;
    const physical = this.#translate(linear, false, this.#user, true);
    if (isBeyond(physical)) return 0;
    const offset = this.#memory.readOffset(physical >>> 12);
    return offset < ROM ? 0 : offset | (linear & 0xfff);
  }

  /**
   * Translates a page for compiled code, which looks into the tables itself: what is there then, or 0 where the
   * interpreter has to make the access. Also 0 when code may have moved or when more pages are watched than before,
   * because compiled code remembers pages.
   */
  fill(linear: number, write: boolean): number {
    const { epoch, upperEpoch } = this;
    const spaces = this.#spaces;
    const { protections } = spaces;
    this.#memory.counters.translationMisses++;
    const walked = this.walker.walk(linear, write, this.#user, false);
    // The interpreter raises it.
    if (this.walker.fault !== NO_FAULT) return 0;
    this.#take(linear, write, this.#user, walked);
    if (epoch !== this.epoch || upperEpoch !== this.upperEpoch || protections !== spaces.protections) return 0;
    return (write ? this.writeTlb : this.readTlb)[linear >>> 12]!;
  }

  /** Offset of a page of code if a translation is at hand, else 0. Nothing changes. */
  pageOf(linear: number): number {
    if (this.#spaces.active.isNoExecute(linear >>> 12)) return 0;
    const page = (this.#user ? this.#readUser : this.#readSupervisor)[linear >>> 12]!;
    return page < ROM ? 0 : page;
  }

  /** The same of a page whose code is about to be run beside `fetchOffset`. */
  fetchedPage(linear: number): number {
    const page = this.pageOf(linear);
    if (page !== 0) this.#fetched[linear >>> 12] = 1;
    return page;
  }

  /** An instruction byte that lies in a device: real hardware executes what the device answers, and so do we. */
  fetchDevice(linear: number): number {
    return this.#readSlow(linear, 1, this.#user);
  }

  /**
   * Length up to which a run of memory that begins here can be read at once: over pages of plain memory that are in the
   * buffer and follow each other there. 0 when every access has to be made by itself. Pages beyond `wantedBytes` are
   * not looked at.
   */
  readRun(linear: number, wantedBytes: number): number {
    return runLength(this.readTlb, linear, wantedBytes);
  }

  /** The same for writing; the caller has to `noteWrite` what it writes if that `mayHoldCode`. */
  writeRun(linear: number, wantedBytes: number): number {
    return runLength(this.writeTlb, linear, wantedBytes);
  }

  /** Whether code may have been decoded from the page, which then is a write run of its own. */
  mayHoldCode(linear: number): boolean {
    return this.writeTlb[linear >>> 12]! < 0;
  }

  /** Offset in the machine's memory of an address for which `readRun` or `writeRun` is not 0. */
  offsetOf(linear: number, write: boolean): number {
    return Math.abs((write ? this.writeTlb : this.readTlb)[linear >>> 12]!) | (linear & 0xfff);
  }

  /** Where a device answers: a physical address, or -1 (memory, or accesses are watched). Raises as an access would. */
  deviceAddress(linear: number, write: boolean): number {
    if (this.isWatched) return -1;
    const physical = this.#translate(linear, write, this.#user);
    if (isBeyond(physical)) return -1;
    const page = physical >>> 12;
    return this.#memory.readOffset(page) + (write ? this.#memory.writeOffset(page) : 0) === 0 ? physical >>> 0 : -1;
  }

  #readSlow(linear: number, sizeBytes: AccessBytes, user: boolean): number {
    if (this.#checkAlignment && user) this.#requireAligned(linear, sizeBytes);
    const low = linear & 0xfff;
    if (low + sizeBytes > 4096) {
      this.#translate(linear, false, user);
      this.#translate(nextPage(linear), false, user);
      let value = 0;
      for (let i = 0; i < sizeBytes; i++)
        value |= this.#readPhysical(this.#translate((linear + i) | 0, false, user), 1) << (8 * i);
      this.#show(linear, sizeBytes, false);
      return value;
    }
    const value = this.#readPhysical(this.#translate(linear, false, user), sizeBytes);
    this.#show(linear, sizeBytes, false);
    return value;
  }

  #writeSlow(linear: number, sizeBytes: AccessBytes, value: number, user: boolean): void {
    const low = linear & 0xfff;
    const table = user ? this.#writeUser : this.#writeSupervisor;
    const page = table[linear >>> 12]!;
    if (page !== 0 && low + sizeBytes <= 4096 && this.#watch === null && !this.#checkAlignment) {
      const offset = Math.abs(page);
      this.#memory.store(offset | low, sizeBytes, value);
      // Code that went long ago: this alias of the page is plain data from now on.
      if (page < 0 && !this.#memory.countWatchedWrite(offset)) table[linear >>> 12] = offset;
      return;
    }
    if (this.#checkAlignment && user) this.#requireAligned(linear, sizeBytes);
    if (low + sizeBytes > 4096) {
      this.#translate(linear, true, user);
      this.#translate(nextPage(linear), true, user);
      for (let i = 0; i < sizeBytes; i++)
        this.#writePhysical(this.#translate((linear + i) | 0, true, user), 1, (value >>> (8 * i)) & 0xff);
    } else this.#writePhysical(this.#translate(linear, true, user), sizeBytes, value);
    this.#show(linear, sizeBytes, true);
  }

  #requireAligned(linear: number, sizeBytes: number): void {
    if (this.#user && (linear & (sizeBytes - 1)) !== 0) raise(ALIGNMENT_CHECK, 0);
  }

  #readPhysical(physical: number, sizeBytes: AccessBytes): number {
    if (isBeyond(physical)) return sizeBytes === 4 ? -1 : sizeBytes === 2 ? 0xffff : 0xff;
    const offset = this.#memory.readOffset(physical >>> 12);
    if (offset !== 0) return this.#memory.load(offset | (physical & 0xfff), sizeBytes);
    const value = this.#bus.readMmio(physical >>> 0, sizeBytes);
    this.#deviceAccessed();
    return sizeBytes === 4 ? value | 0 : value;
  }

  #writePhysical(physical: number, sizeBytes: AccessBytes, value: number): void {
    if (isBeyond(physical)) return;
    const offset = this.#memory.writeOffset(physical >>> 12);
    if (offset !== 0) this.#memory.store(offset | (physical & 0xfff), sizeBytes, value);
    else if (this.#memory.readOffset(physical >>> 12) === 0) {
      const masked = sizeBytes === 4 ? value >>> 0 : value & (sizeBytes === 2 ? 0xffff : 0xff);
      this.#bus.writeMmio(physical >>> 0, sizeBytes, masked);
      this.#deviceAccessed();
    }
  }

  /**
   * The physical address of a linear one, or a page fault. Sets accessed and dirty bits and fills the table of this
   * kind of access when plain memory answers.
   */
  #translate(linear: number, write: boolean, user: boolean, fetch = false): number {
    this.#memory.counters.translationMisses++;
    const walked = this.walker.walk(linear, write, user, fetch);
    if (this.walker.fault !== NO_FAULT) this.walker.raiseFault(linear);
    return this.#take(linear, write, user, walked);
  }

  /** The physical address by what a walk has said, with which the table of this kind of access is filled. */
  #take(linear: number, write: boolean, user: boolean, walked: number): number {
    const page = linear >>> 12;
    const table = write
      ? user
        ? this.#writeUser
        : this.#writeSupervisor
      : user
        ? this.#readUser
        : this.#readSupervisor;
    const { isNoExecute, isWritable, high } = this.walker;
    let physical = (walked & ~0xfff) | (linear & 0xfff);
    const global = (walked & PTE_GLOBAL) !== 0 && (this.#s[CR4]! & CR4_PGE) !== 0;
    if (high !== 0) return high * FOUR_GIB + (physical >>> 0);
    physical &= this.#a20Mask;
    const offset = write ? this.#memory.writeOffset(physical >>> 12) : this.#memory.readOffset(physical >>> 12);
    if (offset !== 0 && table[page] === 0 && (this.#probedPages === null || !this.#probedPages.has(page))) {
      const spaces = this.#spaces;
      if (spaces.active.isFull) {
        spaces.forget(spaces.active);
        this.renew();
      }
      if (spaces.active.directory >= 0) spaces.watch(page, this.walker.directory, this.walker.entry);
      spaces.active.list(page | (global ? LIST_GLOBAL : 0) | (isNoExecute ? LIST_NO_EXECUTE : 0));
      const isWatched = this.#memory.isWatched(offset);
      table[page] = write && isWatched ? -offset : offset;
      // What allows the one access often allows the other, without a further mark in the tables.
      if (write) {
        if (this.#memory.readOffset(physical >>> 12) === offset)
          (user ? this.#readUser : this.#readSupervisor)[page] = offset;
      } else if (isWritable && this.#memory.writeOffset(physical >>> 12) === offset) {
        (user ? this.#writeUser : this.#writeSupervisor)[page] = isWatched ? -offset : offset;
      }
    }
    return physical;
  }
}

/** The first address of the next page: where an access across the boundary faults, if it does not before. */
function nextPage(linear: number): number {
  return ((linear | 0xfff) + 1) | 0;
}
