/**
 * The table of physical region descriptors of an AHCI command: where in memory its data are. Source: Serial ATA AHCI
 * 1.3.1, 4.2.3.3.
 *
 * A command's data may come in several blocks, so where one ended is part of the state. Each descriptor has at least a
 * byte, so a walk reads no more descriptors than it moves bytes, and never more than the command's header names.
 */

import type { DmaMemory } from "../../bus/bus.ts";
import { holds } from "../../state/invariant.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { DmaChannel } from "./ide-drive.ts";

const DESCRIPTOR_BYTES = 16;
/** Bytes less one; the highest bit asks for an interrupt once they are moved. */
const COUNT = 0x003fffff;
const WITH_INTERRUPT = 0x80000000;

export class PrdTable implements DmaChannel, Stateful {
  readonly #memory: DmaMemory;
  #next = 0;
  #left = 0;
  #address = 0;
  #room = 0;
  #asksForInterrupt = false;
  /** Bytes moved so far. */
  movedBytes = 0;
  /** A descriptor that was used up asked for an interrupt. */
  hasInterrupt = false;
  /** More was to be moved than the descriptors have room for. */
  isShort = false;
  /** A descriptor lies above 4 GiB, where there is no memory. */
  isBeyondMemory = false;
  /** The last bytes went to memory. */
  isForHost = false;

  constructor(memory: DmaMemory) {
    this.#memory = memory;
  }

  /** A new command, with so many descriptors at `tableAddress`. */
  begin(tableAddress: number, descriptors: number): void {
    holds(descriptors >= 0 && descriptors <= 0xffff, "PRD table", "more descriptors than a command can say");
    this.#next = tableAddress;
    this.#left = descriptors;
    this.#address = 0;
    this.#room = 0;
    this.#asksForInterrupt = false;
    this.movedBytes = 0;
    this.hasInterrupt = false;
    this.isShort = false;
    this.isBeyondMemory = false;
    this.isForHost = false;
  }

  toMemory(source: Uint8Array): number {
    this.isForHost = true;
    return this.#move(source, (address, part) => this.#memory.write(address, part));
  }

  fromMemory(target: Uint8Array): number {
    this.isForHost = false;
    return this.#move(target, (address, part) => this.#memory.read(address, part));
  }

  #move(bytes: Uint8Array, transfer: (address: number, part: Uint8Array) => void): number {
    let done = 0;
    while (done < bytes.length) {
      if (this.#room === 0 && !this.#fetch()) {
        this.isShort = true;
        break;
      }
      const count = Math.min(this.#room, bytes.length - done);
      holds(count > 0, "PRD table", "a transfer does not get on");
      transfer(this.#address, bytes.subarray(done, done + count));
      this.#address = (this.#address + count) >>> 0;
      this.#room -= count;
      done += count;
      if (this.#room === 0 && this.#asksForInterrupt) this.hasInterrupt = true;
    }
    this.movedBytes += done;
    holds(this.isShort || done === bytes.length, "PRD table", "bytes are left, and so is room");
    return done;
  }

  #fetch(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    const descriptor = new Uint8Array(DESCRIPTOR_BYTES);
    this.#memory.read(this.#next, descriptor);
    this.#next = (this.#next + DESCRIPTOR_BYTES) >>> 0;
    const view = new DataView(descriptor.buffer);
    if (view.getUint32(4, true) !== 0) {
      this.isBeyondMemory = true;
      this.#left = 0;
      return false;
    }
    const word = view.getUint32(12, true);
    this.#address = (view.getUint32(0, true) & ~1) >>> 0;
    this.#room = (word & COUNT) + 1;
    this.#asksForInterrupt = (word & WITH_INTERRUPT) !== 0;
    return true;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("PRD table", 1);
    this.#next = visitor.u32(this.#next);
    this.#left = visitor.u16(this.#left);
    this.#address = visitor.u32(this.#address);
    this.#room = visitor.u32(this.#room);
    this.#asksForInterrupt = visitor.bool(this.#asksForInterrupt);
    this.movedBytes = visitor.integer(this.movedBytes);
    this.hasInterrupt = visitor.bool(this.hasInterrupt);
    this.isShort = visitor.bool(this.isShort);
    this.isBeyondMemory = visitor.bool(this.isBeyondMemory);
    this.isForHost = visitor.bool(this.isForHost);
  }
}
