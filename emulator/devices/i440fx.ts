/**
 * The 82441FX host bridge (8086:1237). Of its registers only the programmable attribute map (PAM0-PAM6) has an effect:
 * whether reads and writes between C0000h and FFFFFh go to RAM or to the ROM (and the bus) above it.
 * Source: Intel 82441FX data sheet (290549), 3.2.18.
 */

import type { WindowFactory } from "../bus/bus.ts";
import type { StateVisitor } from "../state/state.ts";
import { PciFunction } from "./pci.ts";

const PAM0 = 0x59;
const READ_ENABLE = 1;
const WRITE_ENABLE = 2;

interface Segment {
  physicalAddress: number;
  sizeBytes: number;
  register: number;
  shift: number;
}

/** PAM0's upper half governs the BIOS area; each half of PAM1-PAM6 governs 16 KiB from C0000h up. */
const SEGMENTS: readonly Segment[] = [
  { physicalAddress: 0xf0000, sizeBytes: 0x10000, register: PAM0, shift: 4 },
  ...Array.from({ length: 12 }, (_, index) => ({
    physicalAddress: 0xc0000 + index * 0x4000,
    sizeBytes: 0x4000,
    register: PAM0 + 1 + (index >> 1),
    shift: (index & 1) * 4,
  })),
];

/** Sends reads, writes, or both, of a range of physical memory to the RAM beneath ROM. */
export type SetShadow = (physicalAddress: number, sizeBytes: number, readRam: boolean, writeRam: boolean) => void;

export class HostBridge extends PciFunction {
  readonly #setShadow: SetShadow;
  /** Attributes in force, one for each segment; -1 before the first reset. */
  readonly #applied = SEGMENTS.map(() => -1);

  constructor(windows: WindowFactory, setShadow: SetShadow) {
    super("82441FX host bridge", { vendor: 0x8086, device: 0x1237, revision: 2, classCode: 0x060000 }, windows);
    this.#setShadow = setShadow;
    this.writable.fill(0xff, 0x50, 0x80); // DRAM timing, attributes, SMRAM.
    this.config[0x72] = 0x02; // SMRAM: not open.
    this.sealConfig();
  }

  override configWritten(first: number, last: number): void {
    super.configWritten(first, last);
    if (last >= PAM0 && first <= PAM0 + 6) this.#applyAttributes();
  }

  override reset(): void {
    super.reset();
    this.#applyAttributes();
  }

  #applyAttributes(): void {
    SEGMENTS.forEach((segment, index) => {
      const attributes = (this.config[segment.register]! >> segment.shift) & (READ_ENABLE | WRITE_ENABLE);
      if (attributes === this.#applied[index]) return;
      this.#applied[index] = attributes;
      this.#setShadow(
        segment.physicalAddress,
        segment.sizeBytes,
        (attributes & READ_ENABLE) !== 0,
        (attributes & WRITE_ENABLE) !== 0,
      );
    });
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    this.#applyAttributes();
  }
}
