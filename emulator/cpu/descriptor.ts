/** Segment descriptors as they lie in the GDT and LDT (SDM 3A 3.4.5), and the lookup of a selector in these tables. */

import { GENERAL_PROTECTION, raise } from "./exceptions.ts";
import { ACCESS, BASE, GDT_BASE, GDT_LIMIT, LDTR, LIMIT } from "./layout.ts";
import type { CpuState } from "./state.ts";
import { ACCESS_ACCESSED, ACCESS_CODE, ACCESS_DC, ACCESS_PRESENT, ACCESS_RW, ACCESS_S } from "./state.ts";
import type { Translation } from "./translation.ts";

export const SYSTEM_TSS16 = 1;
export const SYSTEM_LDT = 2;
export const SYSTEM_TSS16_BUSY = 3;
export const SYSTEM_CALL_GATE16 = 4;
export const SYSTEM_TASK_GATE = 5;
export const SYSTEM_INTERRUPT_GATE16 = 6;
export const SYSTEM_TRAP_GATE16 = 7;
export const SYSTEM_TSS32 = 9;
export const SYSTEM_TSS32_BUSY = 11;
export const SYSTEM_CALL_GATE32 = 12;
export const SYSTEM_INTERRUPT_GATE32 = 14;
export const SYSTEM_TRAP_GATE32 = 15;

const GRANULARITY = 0x8000;

export class Descriptor {
  /** Linear address of the descriptor in its table. */
  readonly address: number;
  readonly low: number;
  readonly high: number;

  constructor(address: number, low: number, high: number) {
    this.address = address;
    this.low = low;
    this.high = high;
  }

  get base(): number {
    return (this.low >>> 16) | ((this.high & 0xff) << 16) | (this.high & 0xff000000);
  }

  /** The last valid offset, granularity applied, as a signed dword. */
  get limit(): number {
    const limit = (this.low & 0xffff) | (this.high & 0xf0000);
    return (this.access & GRANULARITY) !== 0 ? (limit << 12) | 0xfff : limit;
  }

  /** Bits 8-23 of the second dword without the part of the limit: what ACCESS holds. */
  get access(): number {
    return (this.high >>> 8) & 0xf0ff;
  }

  get present(): boolean {
    return (this.access & ACCESS_PRESENT) !== 0;
  }

  get dpl(): number {
    return (this.access >>> 5) & 3;
  }

  get isSystem(): boolean {
    return (this.access & ACCESS_S) === 0;
  }

  /** Type of a system descriptor, see SYSTEM_*. */
  get systemType(): number {
    return this.access & 15;
  }

  get isCode(): boolean {
    return (this.access & (ACCESS_S | ACCESS_CODE)) === (ACCESS_S | ACCESS_CODE);
  }

  get isConforming(): boolean {
    return (this.access & ACCESS_DC) !== 0;
  }

  get isReadable(): boolean {
    return !this.isSystem && (!this.isCode || (this.access & ACCESS_RW) !== 0);
  }

  get isWritableData(): boolean {
    return (this.access & (ACCESS_S | ACCESS_CODE | ACCESS_RW)) === (ACCESS_S | ACCESS_RW);
  }

  // A gate's fields.

  get gateSelector(): number {
    return this.low >>> 16;
  }

  get gateOffset(): number {
    const low = this.low & 0xffff;
    return (this.systemType & 8) !== 0 ? low | (this.high & 0xffff0000) : low;
  }

  get gateParameters(): number {
    return this.high & 31;
  }
}

export class DescriptorTables {
  readonly #s: Int32Array;
  readonly #mmu: Translation;

  constructor(state: CpuState, mmu: Translation) {
    this.#s = state.i32;
    this.#mmu = mmu;
  }

  /**
   * The descriptor that a selector names, or null when it lies outside its table. Null selectors are the caller's
   * matter.
   */
  find(selector: number): Descriptor | null {
    const s = this.#s;
    const index = selector & 0xfff8;
    const local = (selector & 4) !== 0;
    if (local && (s[ACCESS + LDTR]! & ACCESS_PRESENT) === 0) return null;
    const limit = (local ? s[LIMIT + LDTR]! : s[GDT_LIMIT]!) >>> 0;
    if (index + 7 > limit) return null;
    const address = ((local ? s[BASE + LDTR]! : s[GDT_BASE]!) + index) | 0;
    return new Descriptor(address, this.#mmu.readSystem(address, 4), this.#mmu.readSystem((address + 4) | 0, 4));
  }

  /**
   * As `find`, but a selector outside its table raises `vector` (#GP, or #TS within a task switch) with the selector.
   */
  get(selector: number, vector: number = GENERAL_PROTECTION): Descriptor {
    return this.find(selector) ?? raise(vector, selector & 0xfffc);
  }

  /**
   * Sets the accessed bit of a code or data descriptor that is being loaded; returns its access rights with the bit.
   */
  touch(descriptor: Descriptor): number {
    if ((descriptor.access & ACCESS_ACCESSED) === 0) {
      this.#mmu.writeSystem((descriptor.address + 5) | 0, 1, ((descriptor.high >>> 8) & 0xff) | ACCESS_ACCESSED);
    }
    return descriptor.access | ACCESS_ACCESSED;
  }

  /** Sets or clears the busy bit of a TSS descriptor. */
  setBusy(descriptor: Descriptor, busy: boolean): void {
    const type = (descriptor.high >>> 8) & 0xff;
    this.#mmu.writeSystem((descriptor.address + 5) | 0, 1, busy ? type | 2 : type & ~2);
  }
}
