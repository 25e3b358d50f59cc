/**
 * Who answers at which port and at which physical address: fixed ranges of the board, and windows that the guest moves
 * by PCI base address registers. Fixed ranges win over windows.
 */

import { clearTouched } from "../state/pages.ts";
import type { AccessBytes, MmioHandler, PortHandler, Window, WindowFactory } from "./bus.ts";

const PORTS = 0x10000;
/** `#owners` holds a byte for each port, so this many ranges and windows are possible. */
const MAX_RANGES = 255;
const MOST_REPORTED = 1000;

interface PortRange {
  first: number;
  count: number;
  handler: PortHandler;
  /** Widest access that the device decodes; wider ones become several accesses, as on the ISA bus. */
  widest: AccessBytes;
  isFixed: boolean;
  placed: boolean;
}

interface MemoryRange {
  first: number;
  end: number;
  handler: MmioHandler;
}

function allOnes(sizeBytes: AccessBytes): number {
  return 0xffffffff >>> (32 - 8 * sizeBytes);
}

export class AddressSpace implements WindowFactory {
  readonly #ranges: PortRange[] = [];
  /** Index into `#ranges` plus 1, for each port; 0 where nobody answers. */
  readonly #owners = new Uint8Array(PORTS);
  #memory: MemoryRange[] = [];
  /** The range that answered last: accesses come in bursts. */
  #lastFound: MemoryRange | null = null;
  /** Ports and pages that were told of, by what was done to them. */
  readonly #reported = new Map<string, Set<number>>();
  #reports = 0;
  readonly #report: (line: string) => void;

  /** `report` hears once about each port and each page where the guest found nobody. */
  constructor(report: (line: string) => void) {
    this.#report = report;
  }

  /** A range of ports that never moves. */
  claimPorts(first: number, count: number, handler: PortHandler, widest: AccessBytes = 1): void {
    this.#addRange({ first, count, handler, widest, isFixed: true, placed: true });
    // The latest of the fixed ranges lies over all others.
    this.#owners.fill(this.#ranges.length, first, first + count);
  }

  /** A range of physical addresses that never moves. */
  claimMemory(first: number, sizeBytes: number, handler: MmioHandler): void {
    this.#memory.unshift({ first, end: first + sizeBytes, handler });
    this.#lastFound = null;
  }

  portWindow(sizeBytes: number, handler: PortHandler): Window {
    const range: PortRange = { first: 0, count: sizeBytes, handler, widest: 4, isFixed: false, placed: false };
    this.#addRange(range);
    return {
      place: (base) => {
        if (range.placed === (base !== null) && (base === null || base === range.first)) return;
        range.placed = base !== null;
        range.first = base ?? 0;
        this.#repaint();
      },
    };
  }

  memoryWindow(sizeBytes: number, handler: MmioHandler): Window {
    let current: MemoryRange | null = null;
    return {
      place: (base) => {
        if (base === (current?.first ?? null)) return;
        this.#memory = this.#memory.filter((range) => range !== current);
        current = base === null ? null : { first: base, end: base + sizeBytes, handler };
        if (current !== null) this.#memory.push(current);
        this.#lastFound = null;
        handler.placed?.(base);
      },
    };
  }

  #addRange(range: PortRange): void {
    if (this.#ranges.length === MAX_RANGES) throw new RangeError(`more than ${MAX_RANGES} ranges of ports`);
    this.#ranges.push(range);
  }

  #repaint(): void {
    clearTouched(this.#owners);
    for (const isFixed of [false, true]) {
      this.#ranges.forEach((range, index) => {
        if (range.placed && range.isFixed === isFixed)
          this.#owners.fill(index + 1, range.first, range.first + range.count);
      });
    }
  }

  readPort(port: number, sizeBytes: AccessBytes): number {
    const range = this.#ranges[this.#owners[port]! - 1];
    if (range !== undefined && sizeBytes <= range.widest)
      return range.handler.readPort(port - range.first, sizeBytes) >>> 0;
    if (sizeBytes === 1) {
      this.#reportOnce("read of port", port);
      return 0xff;
    }
    const half = (sizeBytes / 2) as 1 | 2;
    const low = this.readPort(port, half);
    const high = this.readPort((port + half) & 0xffff, half);
    return (low | (high << (8 * half))) >>> 0;
  }

  readPortRun(port: number, sizeBytes: AccessBytes, target: Uint8Array): number {
    const range = this.#ranges[this.#owners[port]! - 1];
    if (range === undefined || sizeBytes > range.widest) return 0;
    return range.handler.readPortRun?.(port - range.first, sizeBytes, target) ?? 0;
  }

  isSteadyPort(port: number): boolean {
    const range = this.#ranges[this.#owners[port]! - 1];
    return range?.handler.isSteady?.(port - range.first) ?? false;
  }

  writePort(port: number, sizeBytes: AccessBytes, value: number): void {
    const range = this.#ranges[this.#owners[port]! - 1];
    if (range !== undefined && sizeBytes <= range.widest) {
      range.handler.writePort(port - range.first, sizeBytes, (value & allOnes(sizeBytes)) >>> 0);
    } else if (sizeBytes === 1) {
      this.#reportOnce("write to port", port);
    } else {
      const half = (sizeBytes / 2) as 1 | 2;
      this.writePort(port, half, value & allOnes(half));
      this.writePort((port + half) & 0xffff, half, value >>> (8 * half));
    }
  }

  #find(physicalAddress: number): MemoryRange | null {
    const last = this.#lastFound;
    if (last !== null && physicalAddress >= last.first && physicalAddress < last.end) return last;
    for (const range of this.#memory) {
      if (physicalAddress >= range.first && physicalAddress < range.end) return (this.#lastFound = range);
    }
    return null;
  }

  readMmio(physicalAddress: number, sizeBytes: AccessBytes): number {
    const range = this.#find(physicalAddress);
    if (range === null) {
      this.#reportOnce("read of physical address", physicalAddress);
      return allOnes(sizeBytes);
    }
    return range.handler.readMmio(physicalAddress - range.first, sizeBytes) >>> 0;
  }

  writeMmio(physicalAddress: number, sizeBytes: AccessBytes, value: number): void {
    const range = this.#find(physicalAddress);
    if (range === null) this.#reportOnce("write to physical address", physicalAddress);
    else range.handler.writeMmio(physicalAddress - range.first, sizeBytes, (value & allOnes(sizeBytes)) >>> 0);
  }

  readMmioRun(physicalAddress: number, sizeBytes: AccessBytes, target: Uint8Array): boolean {
    const range = this.#find(physicalAddress);
    if (range === null || physicalAddress + target.length > range.end) return false;
    return range.handler.readMmioRun?.(physicalAddress - range.first, sizeBytes, target) ?? false;
  }

  writeMmioRun(physicalAddress: number, sizeBytes: AccessBytes, source: Uint8Array): boolean {
    const range = this.#find(physicalAddress);
    if (range === null || physicalAddress + source.length > range.end) return false;
    return range.handler.writeMmioRun?.(physicalAddress - range.first, sizeBytes, source) ?? false;
  }

  /** One line for each port, and for each page of physical addresses. */
  #reportOnce(what: string, address: number): void {
    if (this.#reports >= MOST_REPORTED) return;
    const page = address > 0xffff ? address >>> 12 : address;
    let pages = this.#reported.get(what);
    if (pages === undefined) this.#reported.set(what, (pages = new Set()));
    if (pages.has(page)) return;
    pages.add(page);
    this.#reports++;
    this.#report(`${what} ${address.toString(16)}h: no device answers`);
  }
}
