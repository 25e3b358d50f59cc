/**
 * The I/O APIC: 24 inputs, each with an entry that says which message an interrupt becomes. Source: Intel 82093AA data
 * sheet (290566), with the end-of-interrupt register of version 20h, as QEMU's has it. Inputs are taken as asserted or
 * not: what an entry says of polarity is kept and has no effect.
 */
import type { AccessBytes, MmioHandler, Wire } from "../../bus/bus.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import { type ApicMessage, deliveryMode } from "./local-apic.ts";

export const IO_APIC_ADDRESS = 0xfec00000;
export const IO_APIC_BYTES = 0x1000;

const INPUTS = 24;
const VERSION_VALUE = ((INPUTS - 1) << 16) | 0x20;

// Offsets in the window.
const SELECT = 0x00;
const WINDOW = 0x10;
const END_OF_INTERRUPT = 0x40;

// Registers behind the window.
const ID = 0;
const VERSION = 1;
const ARBITRATION = 2;
const FIRST_ENTRY = 0x10;

// The lower half of an entry.
const ENTRY_BITS = 0x1ffff;
const LOGICAL = 1 << 11;
const DELIVERY_STATUS = 1 << 12;
const REMOTE_IRR = 1 << 14;
const LEVEL = 1 << 15;
const MASKED = 1 << 16;
const READ_ONLY = DELIVERY_STATUS | REMOTE_IRR;

export interface IoApicView {
  readonly version: number;
  readonly id: number;
  readonly select: number;
  /** Levels of the inputs. */
  readonly lines: number;
  readonly entries: readonly { readonly low: number; readonly high: number }[];
}

export class IoApic implements MmioHandler, Stateful {
  readonly #send: (message: ApicMessage) => void;
  #id = 0;
  #select = 0;
  /** Levels of the inputs. */
  #lines = 0;
  /** Entries: lower and upper half. */
  readonly #low = new Uint32Array(INPUTS);
  readonly #high = new Uint32Array(INPUTS);

  constructor(send: (message: ApicMessage) => void) {
    this.#send = send;
    this.reset();
  }

  /** Its registers, for debuggers. */
  get view(): IoApicView {
    const entries = Array.from(this.#low, (low, number) => ({ low, high: this.#high[number]! }));
    return { version: VERSION_VALUE & 0xff, id: this.#id, select: this.#select, lines: this.#lines, entries };
  }

  input(number: number): Wire {
    const bit = 1 << number;
    return {
      set: (level) => {
        const isRising = level && (this.#lines & bit) === 0;
        this.#lines = level ? this.#lines | bit : this.#lines & ~bit;
        // An edge at a masked input is lost (data sheet, 3.2.4).
        if (isRising) this.#serve(number, true);
      },
    };
  }

  /** The lines keep their levels: they are the devices'. */
  reset(): void {
    this.#id = 0;
    this.#select = 0;
    this.#low.fill(MASKED);
    this.#high.fill(0);
  }

  /** A processor is done with a level triggered interrupt: what is still asserted comes again. */
  endOfInterrupt(vector: number): void {
    for (let number = 0; number < INPUTS; number++) {
      const entry = this.#low[number]!;
      if ((entry & REMOTE_IRR) === 0 || (entry & 0xff) !== vector) continue;
      this.#low[number] = entry & ~REMOTE_IRR;
      this.#serve(number, false);
    }
  }

  /** Sends what is due at an input: a rising edge, or a level that no processor works on. */
  #serve(number: number, isEdge: boolean): void {
    const entry = this.#low[number]!;
    if ((entry & MASKED) !== 0) return;
    const isLevel = (entry & LEVEL) !== 0;
    if (isLevel) {
      if (((this.#lines >>> number) & 1) === 0 || (entry & REMOTE_IRR) !== 0) return;
      this.#low[number] = entry | REMOTE_IRR;
    } else if (!isEdge) return;
    this.#send({
      mode: deliveryMode(entry),
      vector: entry & 0xff,
      isLevel,
      destination: this.#high[number]! >>> 24,
      isLogical: (entry & LOGICAL) !== 0,
    });
  }

  readMmio(offset: number, sizeBytes: AccessBytes): number {
    if ((offset & 0xff) === SELECT) return this.#select;
    return (offset & 0xff) === WINDOW && sizeBytes === 4 ? this.#readRegister() : 0;
  }

  #readRegister(): number {
    const index = this.#select - FIRST_ENTRY;
    if (index >= 0 && index < 2 * INPUTS) return (index & 1 ? this.#high : this.#low)[index >>> 1]!;
    switch (this.#select) {
      case ID:
      case ARBITRATION:
        return this.#id << 24;
      case VERSION:
        return VERSION_VALUE;
      default:
        return 0;
    }
  }

  writeMmio(offset: number, sizeBytes: AccessBytes, value: number): void {
    if ((offset & 0xff) === SELECT) this.#select = value & 0xff;
    else if (sizeBytes !== 4) return;
    else if ((offset & 0xff) === WINDOW) this.#writeRegister(value);
    else if ((offset & 0xff) === END_OF_INTERRUPT) this.endOfInterrupt(value & 0xff);
  }

  #writeRegister(value: number): void {
    const index = this.#select - FIRST_ENTRY;
    if (this.#select === ID) this.#id = (value >>> 24) & 0xf;
    if (index < 0 || index >= 2 * INPUTS) return;
    const number = index >>> 1;
    if (index & 1) this.#high[number] = value & 0xff000000;
    else {
      const kept = (value & LEVEL) !== 0 ? this.#low[number]! & READ_ONLY : 0;
      this.#low[number] = (value & ENTRY_BITS & ~READ_ONLY) | kept;
    }
    this.#serve(number, false);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("I/O APIC", 1);
    this.#id = visitor.u8(this.#id);
    this.#select = visitor.u8(this.#select);
    this.#lines = visitor.u32(this.#lines);
    for (let number = 0; number < INPUTS; number++) {
      this.#low[number] = visitor.u32(this.#low[number]!);
      this.#high[number] = visitor.u32(this.#high[number]!);
    }
  }
}
