/**
 * Physical memory of one machine: RAM, ROM and the map that says which page of the physical address space is what. It
 * owns the `WebAssembly.Memory` whose layout layout.ts describes, and it knows which lines of RAM hold decoded code, so
 * that every write, the processor's or a bus master's, discards the code it overwrites.
 */
import type { AccessBytes, DmaMemory, VideoMemory } from "../bus/bus.ts";
import { PortLatches } from "../bus/port-latches.ts";
import { Counters } from "../debug/counters.ts";
import { broken } from "../state/invariant.ts";
import { clearTouched } from "../state/pages.ts";
import type { StateVisitor } from "../state/state.ts";
import {
  CODE_LINE_SHIFT,
  codeMapOffset,
  fromSavedPlace,
  INT_COUNTS_BYTES,
  MAX_RAM_BYTES,
  MOST_SPACES,
  memoryBytes,
  PORT_LATCHES,
  RAM,
  ROM,
  ROM_BYTES,
  toSavedPlace,
  VIDEO,
  VIDEO_BYTES,
} from "./layout.ts";

const PAGE_BYTES = 4096;
const PAGE_SHIFT = 12;
/** Descriptors and the like are copied byte by byte: a view of them costs more. */
const SHORT_BYTES = 32;
const HAS_CODE = 255;
/** Writes to a page that has lost its code before it counts as data again. */
const WATCHED_WRITES = 32;
const WASM_PAGE_BYTES = 65536;
const ALL_PAGES = 1 << 20;
const VIDEO_WINDOW_PAGE = 0xa0;
const VIDEO_WINDOW_PAGES = 32;
const VECTORS = 256;
const LINE_BYTES = 1 << CODE_LINE_SHIFT;
const LINE_MASK = LINE_BYTES - 1;

/** What `MachineMemory` tells the processor. Offsets are into the machine's memory, not physical addresses. */
export interface MemoryObserver {
  /** Bytes that decoded code, or a translation, was made from have changed. */
  codeOverwritten(offset: number, lengthBytes: number): void;
  /** Pages changed their meaning, or all that they held is gone: translations and all decoded code are stale. */
  mapChanged(): void;
  /** Pages lead to the bus again that led to the display adapter's memory, from which no code is decoded. */
  videoHidden(): void;
  /**
   * All of RAM was given other contents, or the same: translations are stale, and code of which a byte differs. What
   * each page with code held before, by its offset.
   */
  contentsReplaced(before: ReadonlyMap<number, Uint8Array>): void;
}

/** A ROM above RAM: a range of physical pages and where its first byte lies in the machine's memory. */
interface HighRom {
  readonly firstPage: number;
  readonly pages: number;
  readonly offset: number;
}

/** Whether a page of the map leads to the display adapter's memory. */
const isVideo = (offset: number): boolean => offset !== 0 && offset < ROM;

/** A bus master's address has 32 bits; what it transfers at once, a chip's buffer at most. */
function checkDma(physicalAddress: number, lengthBytes: number): void {
  if (physicalAddress !== physicalAddress >>> 0 || lengthBytes > MAX_RAM_BYTES)
    broken("DMA", `${lengthBytes} bytes at physical address ${physicalAddress}`);
}

/** Hosts reserve gigabytes of addresses for each memory, however small: browsers give about 120 of them. */
function allocate(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    throw new RangeError(
      `there is no room for one more machine's memory (${(error as Error).message}): this program can hold no more machines`,
    );
  }
}

export class MachineMemory {
  readonly ramBytes: number;
  /** There is room for translation tables of so many address spaces. */
  readonly spaces: number;
  /** Of the whole machine: they begin here because all parts of its engine reach its memory. */
  readonly counters: Counters;
  /** @internal The declarations of the package name nothing that a program may not have. */
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly view: DataView;
  readonly dma: DmaMemory;
  readonly video: VideoMemory;
  readonly latches: PortLatches;
  /** A byte for each line of RAM, with a bit for each of its bytes that code was decoded from. */
  readonly #codeMap: Uint8Array;
  /** For each page of RAM: HAS_CODE, or how many more writes are watched after its last code went, 0 when none are. */
  readonly #codePages: Uint8Array;
  /** For each page of RAM: whether entries of page tables are watched in it. */
  readonly #tablePages: Uint8Array;
  /** For each page below `ramBytes`: offset that reads and writes go to, 0 for none. */
  readonly #readMap: Int32Array;
  readonly #writeMap: Int32Array;
  readonly #highRoms: HighRom[] = [];
  /** The first page of the frame buffer's window, where it lies above RAM. */
  #frameBufferPage = Infinity;
  #romEnd = ROM;
  #observer: MemoryObserver | null = null;
  /** Counts changes of the map, so that what was concluded from it can be told from what still holds. */
  mapChanges = 0;

  /** `ramBytes`: 1 MiB to 1 GiB, a multiple of 64 KiB. `spaces`: one for each processor at least. */
  constructor(ramBytes: number, spaces: number = MOST_SPACES) {
    if (ramBytes % WASM_PAGE_BYTES !== 0 || ramBytes < 1 << 20 || ramBytes > MAX_RAM_BYTES) {
      throw new RangeError(`RAM of ${ramBytes} bytes: expected a multiple of 64 KiB from 1 MiB to 1 GiB`);
    }
    this.ramBytes = ramBytes;
    this.spaces = spaces;
    this.memory = allocate(Math.ceil(memoryBytes(ramBytes, spaces) / WASM_PAGE_BYTES));
    this.bytes = new Uint8Array(this.memory.buffer);
    this.words = new Int32Array(this.memory.buffer);
    this.counters = new Counters(new Uint32Array(this.memory.buffer, INT_COUNTS_BYTES, VECTORS));
    this.view = new DataView(this.memory.buffer);
    this.latches = new PortLatches(this.memory.buffer, PORT_LATCHES);
    this.#codeMap = new Uint8Array(this.memory.buffer, codeMapOffset(ramBytes), ramBytes >>> CODE_LINE_SHIFT);
    this.#codePages = new Uint8Array(ramBytes / PAGE_BYTES);
    this.#tablePages = new Uint8Array(ramBytes / PAGE_BYTES);
    this.#readMap = new Int32Array(ramBytes / PAGE_BYTES);
    for (let page = 0; page < this.#readMap.length; page++) this.#readMap[page] = RAM + page * PAGE_BYTES;
    this.#writeMap = this.#readMap.slice();
    this.markMmio(0xa0000, 0x20000);
    this.video = {
      bytes: new Uint8Array(this.memory.buffer, VIDEO, VIDEO_BYTES),
      showWindow: (lengthBytes) => this.#showVideoWindow(lengthBytes),
      showFrameBuffer: (physicalAddress) => this.#showFrameBuffer(physicalAddress),
    };
    this.dma = {
      read: (physicalAddress, target) => this.#dmaRead(physicalAddress, target),
      write: (physicalAddress, source) => this.#dmaWrite(physicalAddress, source),
    };
  }

  #changeMap(): void {
    this.mapChanges++;
    this.#observer?.mapChanged();
  }

  #showVideoWindow(lengthBytes: number): void {
    const pages = lengthBytes >>> PAGE_SHIFT;
    let isHidden = false;
    for (let page = 0; page < VIDEO_WINDOW_PAGES; page++) {
      const offset = page < pages ? VIDEO + page * PAGE_BYTES : 0;
      isHidden ||= offset === 0 && this.#readMap[VIDEO_WINDOW_PAGE + page] !== 0;
      this.#readMap[VIDEO_WINDOW_PAGE + page] = offset;
      this.#writeMap[VIDEO_WINDOW_PAGE + page] = offset;
    }
    if (isHidden) this.#observer?.videoHidden();
  }

  #showFrameBuffer(physicalAddress: number | null): void {
    const page = physicalAddress === null ? Infinity : physicalAddress / PAGE_BYTES;
    if (page === this.#frameBufferPage) return;
    const isHidden = this.#frameBufferPage !== Infinity;
    this.#frameBufferPage = page;
    if (isHidden) this.#observer?.videoHidden();
  }

  /** Where a page above RAM lies in the display adapter's memory, or 0. */
  #frameBufferOffset(physicalPage: number): number {
    const page = physicalPage - this.#frameBufferPage;
    return page >= 0 && page < VIDEO_BYTES / PAGE_BYTES ? VIDEO + page * PAGE_BYTES : 0;
  }

  observe(observer: MemoryObserver): void {
    this.#observer = observer;
  }

  /**
   * Puts a ROM at a physical address, a multiple of 4 KiB; the rest of its last page reads as ones. The guest cannot
   * write it. The same bytes may be loaded at several addresses (the firmware's alias below 4 GiB).
   */
  loadRom(physicalAddress: number, bytes: Uint8Array): void {
    const pages = Math.ceil(bytes.length / PAGE_BYTES);
    const firstPage = physicalAddress / PAGE_BYTES;
    if (!Number.isInteger(firstPage) || firstPage + pages > ALL_PAGES) {
      throw new RangeError(
        `ROM of ${bytes.length} bytes at ${physicalAddress.toString(16)}: not page-aligned, or beyond 4 GiB`,
      );
    }
    if (this.#romEnd + pages * PAGE_BYTES > ROM + ROM_BYTES)
      throw new RangeError(`more than ${ROM_BYTES} bytes of ROM`);
    const offset = this.#romEnd;
    this.#romEnd += pages * PAGE_BYTES;
    this.bytes.fill(0xff, offset, this.#romEnd);
    this.bytes.set(bytes, offset);
    if (firstPage >= this.#readMap.length) this.#highRoms.unshift({ firstPage, pages, offset });
    for (let page = 0; page < pages && firstPage + page < this.#readMap.length; page++) {
      this.#readMap[firstPage + page] = offset + page * PAGE_BYTES;
      this.#writeMap[firstPage + page] = 0;
    }
    this.#changeMap();
  }

  /**
   * Makes whole pages below `ramBytes` device registers. A0000-BFFFF and everything above RAM that is not ROM are so
   * from the start.
   */
  markMmio(physicalAddress: number, lengthBytes: number): void {
    const end = Math.min(this.#readMap.length, Math.ceil((physicalAddress + lengthBytes) / PAGE_BYTES));
    for (let page = physicalAddress >>> 12; page < end; page++) {
      this.#readMap[page] = 0;
      this.#writeMap[page] = 0;
    }
    this.#changeMap();
  }

  /**
   * Shadow RAM, as a host bridge's PAM registers switch it: whether reads and writes of whole pages go to the RAM
   * beneath a ROM. While reading is off, a page without a ROM is left to the bus.
   */
  setShadow(physicalAddress: number, lengthBytes: number, readRam: boolean, writeRam: boolean): void {
    const end = Math.min(this.#readMap.length, Math.ceil((physicalAddress + lengthBytes) / PAGE_BYTES));
    for (let page = physicalAddress >>> 12; page < end; page++) {
      const ram = RAM + page * PAGE_BYTES;
      const current = this.#readMap[page]!;
      if (current !== ram && current !== 0) this.#romBeneath.set(page, current);
      this.#readMap[page] = readRam ? ram : (this.#romBeneath.get(page) ?? 0);
      this.#writeMap[page] = writeRam ? ram : 0;
    }
    this.#changeMap();
  }

  /** What a debugger sees of a device's memory: a byte; null where looking would change something, or nobody is. */
  peekDevice: (physicalAddress: number) => number | null = () => null;

  /** ROM pages that shadow RAM hides at the moment. */
  readonly #romBeneath = new Map<number, number>();

  /** Offset in the machine's memory that reads of a physical page go to, 0 when a device answers. */
  readOffset(physicalPage: number): number {
    if (physicalPage < this.#readMap.length) return this.#readMap[physicalPage]!;
    for (const rom of this.#highRoms) {
      const page = physicalPage - rom.firstPage;
      if (page >= 0 && page < rom.pages) return rom.offset + page * PAGE_BYTES;
    }
    return this.#frameBufferOffset(physicalPage);
  }

  /** Offset that writes of a physical page go to, 0 when they are dropped or a device takes them. */
  writeOffset(physicalPage: number): number {
    if (physicalPage < this.#writeMap.length) return this.#writeMap[physicalPage]!;
    const offset = this.#frameBufferOffset(physicalPage);
    // A ROM there comes first.
    return offset !== 0 && this.readOffset(physicalPage) === offset ? offset : 0;
  }

  /** Reads 1, 2 or 4 bytes at an offset of this memory, zero-extended (4 bytes: signed). */
  load(offset: number, sizeBytes: AccessBytes): number {
    if (sizeBytes === 4) return this.view.getInt32(offset, true);
    return sizeBytes === 2 ? this.view.getUint16(offset, true) : this.bytes[offset]!;
  }

  /**
   * Writes at an offset in RAM and discards decoded code that it overwrites: data beside code is told apart to the
   * byte. The display adapter's memory, below RAM, holds none.
   */
  store(offset: number, sizeBytes: AccessBytes, value: number): void {
    if (sizeBytes === 4) this.view.setInt32(offset, value, true);
    else if (sizeBytes === 2) this.view.setUint16(offset, value, true);
    else this.bytes[offset] = value;
    const at = offset - RAM;
    if (at < 0) return;
    const line = at >>> CODE_LINE_SHIFT;
    // The last line is this one or the next.
    const bits = this.#codeMap[line]! | (this.#codeMap[(at + sizeBytes - 1) >>> CODE_LINE_SHIFT]! << LINE_BYTES);
    if (bits !== 0 && this.#isCode(at, sizeBytes)) this.#observer?.codeOverwritten(offset, sizeBytes);
  }

  /** Whether code was decoded from one of up to 4 bytes of RAM. */
  #isCode(at: number, sizeBytes: number): boolean {
    for (let byte = at; byte < at + sizeBytes; byte++)
      if (((this.#codeMap[byte >>> CODE_LINE_SHIFT]! >>> (byte & LINE_MASK)) & 1) !== 0) return true;
    return false;
  }

  /**
   * Whether all RAM but what lies from the video memory to 1 MiB is where its physical addresses say, so that compiled
   * code may take one for the other.
   */
  get isRegular(): boolean {
    const readMap = this.#readMap;
    const writeMap = this.#writeMap;
    for (let page = 0; page < readMap.length; page++) {
      if (page === 0xa0) page = 0x100;
      if (readMap[page] !== RAM + page * PAGE_BYTES || writeMap[page] !== readMap[page]) return false;
    }
    return true;
  }

  /** Fills `count` elements; the caller notes the write. */
  fill(offset: number, count: number, elementBytes: 1 | 2 | 4, value: number): void {
    if (elementBytes === 1) this.bytes.fill(value, offset, offset + count);
    else if (elementBytes === 4 && (offset & 3) === 0) this.words.fill(value, offset >>> 2, (offset >>> 2) + count);
    else {
      for (let at = offset; at < offset + count * elementBytes; at += elementBytes) {
        if (elementBytes === 4) this.view.setInt32(at, value, true);
        else this.view.setInt16(at, value, true);
      }
    }
  }

  /** Notes that code was decoded from a byte of RAM. */
  markCode(offset: number): void {
    this.#codeMap[(offset - RAM) >>> CODE_LINE_SHIFT]! |= 1 << (offset & LINE_MASK);
  }

  /**
   * Takes back `markCode`, for one byte or whole lines. A page with tables keeps its marks, which only makes some
   * writes slower.
   */
  unmarkCode(offset: number, lengthBytes: number): void {
    if (this.#tablePages[(offset - RAM) >>> PAGE_SHIFT] !== 0) return;
    const line = (offset - RAM) >>> CODE_LINE_SHIFT;
    if (lengthBytes === 1) this.#codeMap[line]! &= ~(1 << (offset & LINE_MASK));
    else this.#codeMap.fill(0, line, line + (lengthBytes >>> CODE_LINE_SHIFT));
  }

  /** Whether code may have been decoded from the byte at an offset; what lies in a ROM is not noted. */
  isCodeByte(offset: number): boolean {
    return offset < RAM || ((this.#codeMap[(offset - RAM) >>> CODE_LINE_SHIFT]! >>> (offset & LINE_MASK)) & 1) !== 0;
  }

  /**
   * Writes an entry of a page table without a report. False, with nothing done, where code may have been decoded from
   * it.
   */
  storeEntry(offset: number, value: number): boolean {
    if (offset < RAM || this.#codePages[(offset - RAM) >>> PAGE_SHIFT] === HAS_CODE) return false;
    this.view.setInt32(offset, value, true);
    return true;
  }

  /** Has writes to an entry of a page table reported like those to code. `offset` is a multiple of 4. */
  markEntry(offset: number): void {
    this.#codeMap[(offset - RAM) >>> CODE_LINE_SHIFT]! |= 15 << (offset & LINE_MASK);
  }

  /** Takes back `markEntry`, but for a page that holds code too. */
  unmarkEntry(offset: number): void {
    if (this.#codePages[(offset - RAM) >>> PAGE_SHIFT] === HAS_CODE) return;
    this.#codeMap[(offset - RAM) >>> CODE_LINE_SHIFT]! &= ~(15 << (offset & LINE_MASK));
  }

  /** Notes that entries in a page are watched, or no more. */
  markTablePage(offset: number, watched: boolean): void {
    const page = (offset - RAM) >>> PAGE_SHIFT;
    this.#tablePages[page] = watched ? 1 : 0;
    if (!watched && this.#codePages[page] === 0) this.#codePages[page] = WATCHED_WRITES;
  }

  /** Notes that code was decoded from the page at an offset (RAM only; a ROM never changes). */
  markCodePage(offset: number): void {
    if (offset >= RAM) this.#codePages[(offset - RAM) >>> PAGE_SHIFT] = HAS_CODE;
  }

  /**
   * Notes that no decoded code is left in the page at an offset. Its writes are watched for a while longer: code that
   * rewrites itself comes back at once, and to stop and start watching is dear.
   */
  unmarkCodePage(offset: number): void {
    if (offset >= RAM) this.#codePages[(offset - RAM) >>> PAGE_SHIFT] = WATCHED_WRITES;
  }

  /** Whether writes to the page at this offset have to look for code, or for entries of page tables. */
  isWatched(offset: number): boolean {
    const page = (offset - RAM) >>> PAGE_SHIFT;
    return offset >= RAM && (this.#codePages[page] !== 0 || this.#tablePages[page] !== 0);
  }

  /** One write to a watched page has found no code; says whether the page is still watched. */
  countWatchedWrite(offset: number): boolean {
    const page = (offset - RAM) >>> PAGE_SHIFT;
    const left = this.#codePages[page]!;
    if (left === HAS_CODE || this.#tablePages[page] !== 0) return true;
    if (left !== 0) this.#codePages[page] = left - 1;
    return left > 1;
  }

  #dmaRead(physicalAddress: number, target: Uint8Array): void {
    checkDma(physicalAddress, target.length);
    this.counters.dmaBytesRead += target.length;
    for (let at = 0; at < target.length; ) {
      const address = (physicalAddress + at) % 2 ** 32;
      const low = address % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - low, target.length - at);
      const offset = this.readOffset(Math.floor(address / PAGE_BYTES));
      if (offset === 0) target.fill(0xff, at, at + length);
      else if (length <= SHORT_BYTES)
        for (let index = 0; index < length; index++) target[at + index] = this.bytes[offset + low + index]!;
      else target.set(this.bytes.subarray(offset + low, offset + low + length), at);
      at += length;
    }
  }

  #dmaWrite(physicalAddress: number, source: Uint8Array): void {
    checkDma(physicalAddress, source.length);
    this.counters.dmaBytesWritten += source.length;
    for (let at = 0; at < source.length; ) {
      const address = (physicalAddress + at) % 2 ** 32;
      const low = address % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - low, source.length - at);
      const offset = this.writeOffset(Math.floor(address / PAGE_BYTES));
      if (offset !== 0) {
        if (length <= SHORT_BYTES)
          for (let index = 0; index < length; index++) this.bytes[offset + low + index] = source[at + index]!;
        else this.bytes.set(length === source.length ? source : source.subarray(at, at + length), offset + low);
        this.noteWrite(offset + low, length);
      }
      at += length;
    }
  }

  /** Discards decoded code in a range of RAM that has just been written as a whole. */
  noteWrite(offset: number, lengthBytes: number): void {
    if (offset < RAM) return;
    const last = (offset + lengthBytes - 1 - RAM) >>> CODE_LINE_SHIFT;
    for (let line = (offset - RAM) >>> CODE_LINE_SHIFT; line <= last; line++) {
      if (this.#codeMap[line] !== 0) {
        this.#observer?.codeOverwritten(offset, lengthBytes);
        return;
      }
    }
  }

  /** Has RAM given other contents as a whole. */
  #replaceContents(replace: () => void): void {
    const before = new Map<number, Uint8Array>();
    this.#codePages.forEach((mark, page) => {
      const offset = RAM + page * PAGE_BYTES;
      if (mark === HAS_CODE) before.set(offset, this.bytes.slice(offset, offset + PAGE_BYTES));
    });
    replace();
    this.#observer?.contentsReplaced(before);
  }

  /** RAM that was without power is all zeros: there is no code in it. */
  clear(): void {
    clearTouched(this.bytes.subarray(RAM, RAM + this.ramBytes));
    this.#changeMap();
  }

  /** Whether a page may lead there: nowhere, or to a page from `least`, where VIDEO, ROM or RAM begin, up. */
  isPlace(offset: number, least: number): boolean {
    return offset === 0 || (offset % PAGE_BYTES === 0 && offset >= least && offset < RAM + this.ramBytes);
  }

  /** RAM, and the map as shadowing left it. ROM contents belong to the board's configuration, not to the state. */
  visitState(visitor: StateVisitor): void {
    visitor.part("memory", 1);
    const ramBytes = visitor.u32(this.ramBytes);
    if (ramBytes !== this.ramBytes)
      throw new RangeError(`state of a machine with ${ramBytes} bytes of RAM, this one has ${this.ramBytes}`);
    const visitContents = (): void => visitor.bytes(this.bytes.subarray(RAM, RAM + this.ramBytes));
    if (visitor.restoring) this.#replaceContents(visitContents);
    else visitContents();
    let isMoved = false;
    for (let page = 0; page < 256; page++) {
      // The display adapter says by itself what lies there.
      if (isVideo(this.#readMap[page]!)) {
        visitor.u32(0);
        visitor.u32(0);
        continue;
      }
      const read = fromSavedPlace(visitor.u32(toSavedPlace(this.#readMap[page]!)));
      const write = fromSavedPlace(visitor.u32(toSavedPlace(this.#writeMap[page]!)));
      if (!this.isPlace(read, ROM) || !this.isPlace(write, RAM))
        throw new RangeError(`state in which page ${page} of memory lies where no memory is`);
      isMoved ||= read !== this.#readMap[page] || write !== this.#writeMap[page];
      this.#readMap[page] = read;
      this.#writeMap[page] = write;
    }
    if (isMoved) this.#changeMap();
  }
}
