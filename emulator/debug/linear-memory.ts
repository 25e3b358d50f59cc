/**
 * A debugger's view of memory: linear addresses through the guest's own page tables, but with none of the traces that
 * the guest's accesses leave - no accessed and dirty bits, no page faults, no reads of device registers. Video memory
 * is seen as the guest would read it.
 */
import type { Core } from "../cpu/core.ts";
import { CR0, CR3, CR4, PDPTE } from "../cpu/layout.ts";
import { CR0_PG, CR4_PAE, CR4_PSE } from "../cpu/state.ts";

const PAGE_BYTES = 4096;
const PRESENT = 1;
const LARGE = 0x80;
/** Of the upper dword of an entry: bits 32-35 of the address. */
const BEYOND = 15;
const A20_MASK = ~0x100000;

function readPhysicalDword(core: Core, physicalAddress: number): number | null {
  const address = core.mmu.a20 ? physicalAddress : physicalAddress & A20_MASK;
  const page = core.memory.readOffset(address >>> 12);
  return page === 0 ? null : core.memory.view.getInt32(page | (address & 0xffc), true);
}

/** The lower dword of an entry of PAE paging; null where it is not present or leads beyond 4 GiB, where nothing is. */
function readExtendedEntry(core: Core, physicalAddress: number): number | null {
  const low = readPhysicalDword(core, physicalAddress);
  const high = readPhysicalDword(core, physicalAddress + 4);
  return low === null || high === null || (low & PRESENT) === 0 || (high & BEYOND) !== 0 ? null : low;
}

function extendedToPhysical(core: Core, linearAddress: number): number | null {
  const pointer = PDPTE + 2 * (linearAddress >>> 30);
  if ((core.s[pointer]! & PRESENT) === 0 || core.s[pointer + 1] !== 0) return null;
  const directory = readExtendedEntry(core, (core.s[pointer]! & ~0xfff) | ((linearAddress >>> 18) & 0xff8));
  if (directory === null) return null;
  if ((directory & LARGE) !== 0) return (directory & 0xffe00000) | (linearAddress & 0x1fffff);
  const entry = readExtendedEntry(core, (directory & ~0xfff) | ((linearAddress >>> 9) & 0xff8));
  return entry === null ? null : (entry & ~0xfff) | (linearAddress & 0xfff);
}

/** The physical address that a linear one leads to at the moment; null where no page is present. */
export function toPhysical(core: Core, linearAddress: number): number | null {
  const mask = core.mmu.a20 ? -1 : A20_MASK;
  if ((core.s[CR0]! & CR0_PG) === 0) return (linearAddress & mask) >>> 0;
  if ((core.s[CR4]! & CR4_PAE) !== 0) {
    const physical = extendedToPhysical(core, linearAddress);
    return physical === null ? null : (physical & mask) >>> 0;
  }
  const directory = readPhysicalDword(core, (core.s[CR3]! & ~0xfff) | ((linearAddress >>> 20) & 0xffc));
  if (directory === null || (directory & PRESENT) === 0) return null;
  if ((directory & LARGE) !== 0 && (core.s[CR4]! & CR4_PSE) !== 0)
    return (((directory & 0xffc00000) | (linearAddress & 0x3fffff)) & mask) >>> 0;
  const entry = readPhysicalDword(core, (directory & ~0xfff) | ((linearAddress >>> 10) & 0xffc));
  if (entry === null || (entry & PRESENT) === 0) return null;
  return (((entry & ~0xfff) | (linearAddress & 0xfff)) & mask) >>> 0;
}

/** Where the machine's memory has the byte at a linear address: its offset; 0 where there is none. */
function toOffset(core: Core, linearAddress: number, write: boolean): number {
  const physical = toPhysical(core, linearAddress);
  if (physical === null) return 0;
  const page = write ? core.memory.writeOffset(physical >>> 12) : core.memory.readOffset(physical >>> 12);
  return page === 0 ? 0 : page | (physical & 0xfff);
}

/**
 * Offsets in the machine's memory of the pieces of a range that can be written, each within one page; shorter than the
 * range where memory ends.
 */
function pieces(core: Core, linearAddress: number, lengthBytes: number): { offset: number; length: number }[] {
  const found: { offset: number; length: number }[] = [];
  for (let at = 0; at < lengthBytes; ) {
    const linear = (linearAddress + at) >>> 0;
    const length = Math.min(PAGE_BYTES - (linear & 0xfff), lengthBytes - at);
    const offset = toOffset(core, linear, true);
    if (offset === 0) break;
    found.push({ offset, length });
    at += length;
  }
  return found;
}

function isWithinPage(linearAddress: number, lengthBytes: number): boolean {
  return (linearAddress & 0xfff) + lengthBytes <= PAGE_BYTES;
}

/** A little-endian dword of RAM or ROM; null where not all of it is there. */
export function readLinearDword(core: Core, linearAddress: number): number | null {
  if (isWithinPage(linearAddress, 4)) {
    const offset = toOffset(core, linearAddress, false);
    return offset === 0 ? null : core.memory.view.getUint32(offset, true);
  }
  const bytes = readLinear(core, linearAddress, 4);
  return bytes.length === 4 ? new DataView(bytes.buffer).getUint32(0, true) : null;
}

/**
 * Bytes at a physical address, all in one page; null where nothing can be seen. They are to be copied before the guest
 * runs.
 */
function seenAt(core: Core, physicalAddress: number, lengthBytes: number): Uint8Array | null {
  const page = core.memory.readOffset(physicalAddress >>> 12);
  const offset = page | (physicalAddress & 0xfff);
  if (page !== 0) return core.memory.bytes.subarray(offset, offset + lengthBytes);
  const bytes = new Uint8Array(lengthBytes);
  for (let at = 0; at < lengthBytes; at++) {
    const byte = core.memory.peekDevice(physicalAddress + at);
    if (byte === null) return null;
    bytes[at] = byte;
  }
  return bytes;
}

/** Reads page by page. `physicalOf`: where an address leads to; null where that is nowhere. */
function readPages(
  core: Core,
  first: number,
  lengthBytes: number,
  physicalOf: (address: number) => number | null,
): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  for (let at = 0; at < lengthBytes; ) {
    const address = (first + at) >>> 0;
    const length = Math.min(PAGE_BYTES - (address & 0xfff), lengthBytes - at);
    const physical = physicalOf(address);
    const seen = physical === null ? null : seenAt(core, physical, length);
    if (seen === null) return bytes.slice(0, at);
    bytes.set(seen, at);
    at += length;
  }
  return bytes;
}

/**
 * Reads RAM, ROM and video memory. Shorter than asked for where there is none; empty when that is so at the first byte.
 */
export function readLinear(core: Core, linearAddress: number, lengthBytes: number): Uint8Array {
  return readPages(core, linearAddress, lengthBytes, (address) => toPhysical(core, address));
}

/** Whether these bytes are there: what `readLinear` would give. */
export function isLinear(core: Core, linearAddress: number, bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; ) {
    const address = (linearAddress + at) >>> 0;
    const end = Math.min(at + PAGE_BYTES - (address & 0xfff), bytes.length);
    const physical = toPhysical(core, address);
    const seen = physical === null ? null : seenAt(core, physical, end - at);
    if (seen === null) return false;
    for (let from = at; at < end; at++) if (seen[at - from] !== bytes[at]) return false;
  }
  return true;
}

/** The same at physical addresses. */
export function readPhysical(core: Core, physicalAddress: number, lengthBytes: number): Uint8Array {
  return readPages(core, physicalAddress, lengthBytes, (address) => address);
}

/**
 * Writes RAM, whatever the guest's page tables allow it to write. False, and nothing written, when a byte of the range
 * is not RAM.
 */
export function writeLinear(core: Core, linearAddress: number, bytes: Uint8Array): boolean {
  const parts = pieces(core, linearAddress, bytes.length);
  if (parts.reduce((sum, { length }) => sum + length, 0) !== bytes.length) return false;
  let at = 0;
  for (const { offset, length } of parts) {
    core.memory.bytes.set(bytes.subarray(at, at + length), offset);
    core.memory.noteWrite(offset, length);
    at += length;
  }
  return true;
}
