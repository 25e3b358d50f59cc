/**
 * The two 8237A DMA controllers of a PC/AT with their page registers: channels 0-3 move bytes, channels 5-7 words,
 * channel 4 links the two. Ports 00h-0Fh, C0h-DFh, 81h-8Fh. Source: Intel 8237A data sheet (231466), IBM PC/AT
 * Technical Reference, "System Board", for the page registers.
 *
 * A device moves its bytes when it has them, at once: nobody can see the bus cycles between. Of the modes only the
 * direction, the address' direction and auto-initialization matter then; memory-to-memory transfers do not exist on a
 * PC, whose channel 0 once refreshed memory.
 */

import type { AccessBytes, DmaMemory, PortHandler } from "../bus/bus.ts";
import { holds } from "../state/invariant.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";

const MODE_TRANSFER = 0x0c;
const TRANSFER_VERIFY = 0x00;
const TRANSFER_WRITE = 0x04;
const TRANSFER_READ = 0x08;
const MODE_AUTOINIT = 0x10;
const MODE_DECREMENT = 0x20;
const COMMAND_DISABLE = 0x04;

/** Ports 81h-8Fh that are page registers, by channel: 0 to 7. */
const PAGE_PORTS = [0x87, 0x83, 0x81, 0x82, 0x8f, 0x8b, 0x89, 0x8a] as const;
const CHANNELS = 4;

interface Channel {
  baseAddress: number;
  baseCount: number;
  address: number;
  /** Transfers left, less one; FFFFh after the last. */
  count: number;
  mode: number;
}

/** One 8237A. `shift` is 1 for the one that moves words: its ports and addresses are twice as far apart. */
class Dma8237 implements PortHandler, Stateful {
  readonly channels: Channel[] = Array.from({ length: CHANNELS }, () => ({
    baseAddress: 0,
    baseCount: 0,
    address: 0,
    count: 0,
    mode: 0,
  }));
  command = 0;
  /** Bit n masks channel n. */
  mask = 0x0f;
  /** Bits 3-0: terminal count reached since the last read; bits 7-4: requests. */
  status = 0;
  #temporary = 0;
  #highByte = false;
  readonly #shift: number;

  constructor(shift: 0 | 1) {
    this.#shift = shift;
  }

  /** RESET, and the command "master clear". */
  reset(): void {
    this.command = 0;
    this.mask = 0x0f;
    this.status = 0;
    this.#temporary = 0;
    this.#highByte = false;
  }

  readPort(offset: number, _sizeBytes: AccessBytes): number {
    const register = offset >> this.#shift;
    if (register < 8) {
      const channel = this.channels[register >> 1]!;
      const value = register & 1 ? channel.count : channel.address;
      const high = this.#highByte;
      this.#highByte = !high;
      return high ? value >> 8 : value & 0xff;
    }
    if (register === 8) {
      const { status } = this;
      this.status &= 0xf0;
      return status;
    }
    if (register === 13) return this.#temporary;
    return register === 15 ? this.mask | 0xf0 : 0xff;
  }

  writePort(offset: number, _sizeBytes: AccessBytes, value: number): void {
    const register = offset >> this.#shift;
    const bit = 1 << (value & 3);
    if (register < 8) this.#writeChannel(this.channels[register >> 1]!, (register & 1) !== 0, value);
    else if (register === 8) this.command = value;
    else if (register === 9) this.status = value & 4 ? this.status | (bit << 4) : this.status & ~(bit << 4);
    else if (register === 10) this.mask = value & 4 ? this.mask | bit : this.mask & ~bit;
    else if (register === 11) this.channels[value & 3]!.mode = value;
    else if (register === 12) this.#highByte = false;
    else if (register === 13) this.reset();
    else if (register === 14) this.mask = 0;
    else this.mask = value & 0x0f;
  }

  #writeChannel(channel: Channel, isCount: boolean, value: number): void {
    const before = isCount ? channel.baseCount : channel.baseAddress;
    const after = this.#highByte ? (before & 0x00ff) | (value << 8) : (before & 0xff00) | value;
    this.#highByte = !this.#highByte;
    if (isCount) channel.baseCount = channel.count = after;
    else channel.baseAddress = channel.address = after;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("8237A", 1);
    for (const channel of this.channels) {
      channel.baseAddress = visitor.u16(channel.baseAddress);
      channel.baseCount = visitor.u16(channel.baseCount);
      channel.address = visitor.u16(channel.address);
      channel.count = visitor.u16(channel.count);
      channel.mode = visitor.u8(channel.mode);
    }
    this.command = visitor.u8(this.command);
    this.mask = visitor.u8(this.mask);
    this.status = visitor.u8(this.status);
    this.#temporary = visitor.u8(this.#temporary);
    this.#highByte = visitor.bool(this.#highByte);
  }
}

/** What a device has of its channel. */
export interface IsaDmaChannel {
  /** Moves bytes of the device to memory, as many as the channel takes. */
  toMemory(source: Uint8Array): IsaTransfer;
  /** Fills the device's bytes from memory, as far as the channel goes. */
  fromMemory(target: Uint8Array): IsaTransfer;
}

export interface IsaTransfer {
  readonly bytes: number;
  /** The TC line: the channel has come to its end. */
  readonly terminalCount: boolean;
}

const NOTHING: IsaTransfer = { bytes: 0, terminalCount: false };

export class DmaControllers implements Stateful {
  readonly bytePorts = new Dma8237(0);
  readonly wordPorts = new Dma8237(1);
  /** Ports 81h-8Fh: all remember what was written, some have no channel. */
  readonly pagePorts: PortHandler;
  readonly #pages = new Uint8Array(16);
  readonly #memory: DmaMemory;

  constructor(memory: DmaMemory) {
    this.#memory = memory;
    this.pagePorts = {
      readPort: (offset) => this.#pages[offset + 1]!,
      writePort: (offset, _sizeBytes, value) => void (this.#pages[offset + 1] = value),
    };
  }

  reset(): void {
    this.bytePorts.reset();
    this.wordPorts.reset();
    this.#pages.fill(0);
  }

  /** A channel for a device: 0-3 or 5-7. */
  channel(number: number): IsaDmaChannel {
    holds(number >= 0 && number < 8 && number !== 4, "DMA", "a channel that no device has");
    return {
      toMemory: (source) => this.#transfer(number, source, TRANSFER_WRITE),
      fromMemory: (target) => this.#transfer(number, target, TRANSFER_READ),
    };
  }

  #transfer(number: number, bytes: Uint8Array, direction: number): IsaTransfer {
    const chip = number < CHANNELS ? this.bytePorts : this.wordPorts;
    const index = number & 3;
    const channel = chip.channels[index]!;
    const unit = number < CHANNELS ? 1 : 2;
    const open = !(chip.command & COMMAND_DISABLE) && !(chip.mask & (1 << index));
    const cascaded = number < CHANNELS && (this.wordPorts.mask & 1 || this.wordPorts.command & COMMAND_DISABLE);
    const kind = channel.mode & MODE_TRANSFER;
    if (!open || cascaded || (kind !== direction && kind !== TRANSFER_VERIFY)) return NOTHING;
    let done = 0;
    while (done + unit <= bytes.length) {
      const isDown = (channel.mode & MODE_DECREMENT) !== 0;
      const room = Math.min(channel.count + 1, isDown ? 1 : 0x10000 - channel.address);
      const units = Math.min(Math.floor((bytes.length - done) / unit), room);
      const end = done + units * unit;
      holds(units > 0 && end <= bytes.length, "DMA", "a transfer does not get on");
      if (kind !== TRANSFER_VERIFY) this.#move(number, channel, bytes.subarray(done, end), direction);
      done = end;
      channel.address = (channel.address + (isDown ? -units : units)) & 0xffff;
      channel.count = (channel.count - units) & 0xffff;
      if (channel.count !== 0xffff) continue;
      chip.status |= 1 << index;
      if (channel.mode & MODE_AUTOINIT) {
        channel.address = channel.baseAddress;
        channel.count = channel.baseCount;
      } else chip.mask |= 1 << index;
      return { bytes: done, terminalCount: true };
    }
    return { bytes: done, terminalCount: false };
  }

  /** The page register stays as it is when the 16 bits of the address wrap. */
  #move(number: number, channel: Channel, bytes: Uint8Array, direction: number): void {
    const page = this.#pages[PAGE_PORTS[number]! & 15]!;
    const physicalAddress =
      number < CHANNELS ? (page << 16) | channel.address : ((page & 0xfe) << 16) | (channel.address << 1);
    if (direction === TRANSFER_WRITE) this.#memory.write(physicalAddress, bytes);
    else this.#memory.read(physicalAddress, bytes);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("DMA", 1);
    this.bytePorts.visitState(visitor);
    this.wordPorts.visitState(visitor);
    visitor.bytes(this.#pages);
  }
}
