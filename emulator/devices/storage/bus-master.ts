/**
 * One channel of a bus-master IDE controller: it moves data between a drive and the memory that a table of physical
 * region descriptors names. Source: Programming Interface for Bus Master IDE Controller, SFF-8038i revision 1.0.
 */

import type { DmaMemory } from "../../bus/bus.ts";
import { holds } from "../../state/invariant.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { DmaChannel, IdeDrive } from "./ide-drive.ts";

const COMMAND_START = 0x01;
/** Set: the transfer goes to memory. */
const COMMAND_TO_MEMORY = 0x08;
const STATUS_ACTIVE = 0x01;
const STATUS_ERROR = 0x02;
const STATUS_INTERRUPT = 0x04;
/** "Drive n can do DMA", which firmware sets for the driver. */
const STATUS_CAPABLE = 0x60;
const DESCRIPTOR_BYTES = 8;
const END_OF_TABLE = 0x80000000;

export class BusMaster implements Stateful {
  readonly #memory: DmaMemory;
  readonly #started: () => void;
  #command = 0;
  #status = 0;
  #tableAddress = 0;

  constructor(memory: DmaMemory, started: () => void) {
    this.#memory = memory;
    this.#started = started;
  }

  reset(): void {
    this.#command = 0;
    this.#status = 0;
    this.#tableAddress = 0;
  }

  get active(): boolean {
    return (this.#status & STATUS_ACTIVE) !== 0;
  }

  readRegister(register: number): number {
    if (register === 0) return this.#command;
    if (register === 2) return this.#status;
    return register >= 4 ? (this.#tableAddress >>> (8 * (register - 4))) & 0xff : 0xff;
  }

  writeRegister(register: number, value: number): void {
    if (register === 0) {
      const started = value & ~this.#command & COMMAND_START;
      this.#command = value & (COMMAND_START | COMMAND_TO_MEMORY);
      if (started) {
        this.#status |= STATUS_ACTIVE;
        this.#started();
      } else if (!(value & COMMAND_START)) {
        this.#status &= ~STATUS_ACTIVE;
      }
    } else if (register === 2) {
      const cleared = value & (STATUS_INTERRUPT | STATUS_ERROR);
      this.#status = (this.#status & ~cleared & ~STATUS_CAPABLE) | (value & STATUS_CAPABLE);
    } else if (register >= 4) {
      const shift = 8 * (register - 4);
      const byte = register === 4 ? value & 0xfc : value;
      this.#tableAddress = ((this.#tableAddress & ~(0xff << shift)) | (byte << shift)) >>> 0;
    }
  }

  /** The drive has raised INTRQ. */
  noteInterrupt(): void {
    this.#status |= STATUS_INTERRUPT;
  }

  /** Lets a drive that waits for DMA move its data. Only while `active`. */
  run(drive: IdeDrive): void {
    const walk = new DescriptorWalk(this.#memory, this.#tableAddress, (this.#command & COMMAND_TO_MEMORY) !== 0);
    const result = drive.transferDma(walk);
    // Descriptors left over keep the engine active; descriptors too few end it without an interrupt (SFF-8038i, 3.1).
    if (result === "short descriptors" || walk.atEnd) this.#status &= ~STATUS_ACTIVE;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("bus master", 1);
    this.#command = visitor.u8(this.#command);
    this.#status = visitor.u8(this.#status);
    this.#tableAddress = visitor.u32(this.#tableAddress);
  }
}

/**
 * A walk along a descriptor table: dword address, word count (0 is 64 KiB), end of table in bit 31 of the second dword.
 * A table lies within 64 KiB, so a walk ends after 8192 descriptors even if none says so.
 */
class DescriptorWalk implements DmaChannel {
  readonly #memory: DmaMemory;
  readonly #toMemory: boolean;
  readonly #descriptor = new Uint8Array(DESCRIPTOR_BYTES);
  #next: number;
  #left = 8192;
  #last = false;
  #address = 0;
  #room = 0;

  constructor(memory: DmaMemory, tableAddress: number, toMemory: boolean) {
    this.#memory = memory;
    this.#next = tableAddress;
    this.#toMemory = toMemory;
  }

  /** All descriptors are used up. */
  get atEnd(): boolean {
    return this.#room === 0 && this.#last;
  }

  toMemory(source: Uint8Array): number {
    if (!this.#toMemory) return 0;
    return this.#move(source, (address, part) => this.#memory.write(address, part));
  }

  fromMemory(target: Uint8Array): number {
    if (this.#toMemory) return 0;
    return this.#move(target, (address, part) => this.#memory.read(address, part));
  }

  #move(bytes: Uint8Array, transfer: (address: number, part: Uint8Array) => void): number {
    let done = 0;
    while (done < bytes.length) {
      if (this.#room === 0 && !this.#fetch()) break;
      const count = Math.min(this.#room, bytes.length - done);
      holds(count > 0, "bus master", "a transfer does not get on");
      transfer(this.#address, bytes.subarray(done, done + count));
      this.#address = (this.#address + count) >>> 0;
      this.#room -= count;
      done += count;
    }
    return done;
  }

  #fetch(): boolean {
    if (this.#last || this.#left-- <= 0) return false;
    const descriptor = this.#descriptor;
    this.#memory.read(this.#next, descriptor);
    this.#next = (this.#next + DESCRIPTOR_BYTES) >>> 0;
    const view = new DataView(descriptor.buffer);
    const word = view.getUint32(4, true);
    this.#address = (view.getUint32(0, true) & ~1) >>> 0;
    this.#room = word & 0xfffe || 0x10000;
    this.#last = (word & END_OF_TABLE) !== 0;
    return true;
  }
}
