/**
 * The transmit side of an 82540EM: descriptors become frames. Legacy descriptors, and extended data descriptors with
 * their context for checksums and TCP segmentation. Source: Software Developer's Manual (317453), 3.3 to 3.5.
 */

import type { DmaMemory } from "../../bus/bus.ts";
import { onesSum } from "../../ether/internet-checksum.ts";
import { holds } from "../../state/invariant.ts";
import type { StateVisitor } from "../../state/state.ts";
import {
  CTRL,
  CTRL_VME,
  ICR_TXDW,
  ICR_TXQE,
  type RegisterFile,
  TCTL,
  TCTL_EN,
  TCTL_PSP,
  TDBAH,
  TDBAL,
  TDH,
  TDLEN,
  TDT,
  VET,
} from "./e1000-registers.ts";
import { type OffloadContext, segmentFrame } from "./segmentation.ts";

const DESCRIPTOR_BYTES = 16;
/** Data that one packet may gather: a header and the largest TCP payload. More is thrown away. */
const PACKET_LIMIT = 0x10000 + 256;
const SHORTEST_FRAME = 60;
const ETHERNET_HEADER_BYTES = 14;
const VLAN_TAG_BYTES = 4;

const COMMAND_EOP = 0x01;
const COMMAND_INSERT_CHECKSUM = 0x04; // Legacy.
const COMMAND_TSE = 0x04; // Extended.
const COMMAND_RS = 0x08;
const COMMAND_DEXT = 0x20;
const COMMAND_VLE = 0x40;
const STATUS_DD = 0x01;

const TYPE_CONTEXT = 0;
const TYPE_DATA = 1;
const OPTION_IXSM = 0x01;
const OPTION_TXSM = 0x02;

const NO_DATA = new Uint8Array(0);
/** Frames are cut from blocks of this size: a block of its own for each would be most of the work. */
const ROOM_BYTES = 1 << 16;

const NO_CONTEXT: OffloadContext = {
  ipStart: 0,
  ipOffset: 0,
  ipEnd: 0,
  payloadStart: 0,
  payloadOffset: 0,
  payloadEnd: 0,
  isTcp: false,
  isIpv4: false,
  headerBytes: 0,
  segmentBytes: 0,
};

/** Stores the checksum of `frame[start..end]` at `offset`; `end` is inclusive and 0 means the frame's last byte. */
function insertChecksum(frame: Uint8Array, start: number, offset: number, end: number): void {
  const limit = end === 0 || end >= frame.length ? frame.length : end + 1;
  if (offset + 2 > frame.length || start >= limit) return;
  const sum = ~onesSum(frame, start, limit) & 0xffff;
  frame[offset] = sum >> 8;
  frame[offset + 1] = sum & 0xff;
}

export interface TransmitEvents {
  send(frame: Uint8Array): void;
  segmented(): void;
}

export class E1000Transmitter {
  readonly #registers: RegisterFile;
  readonly #dma: DmaMemory;
  readonly #events: TransmitEvents;
  /** Data of the packet in progress: descriptors up to the one with EOP. */
  #packet: Uint8Array<ArrayBuffer> = NO_DATA;
  #overlong = false;
  /** Room for further packets. */
  #room: Uint8Array<ArrayBuffer> = NO_DATA;
  /** The descriptor at hand, and its status as it is written back: nothing of them outlives a call. */
  readonly #descriptor = new Uint8Array(DESCRIPTOR_BYTES);
  readonly #descriptorView = new DataView(this.#descriptor.buffer);
  readonly #status = new Uint8Array(1);
  #context = NO_CONTEXT;
  /** From the first data descriptor of the packet: packet options, and whether to segment it. */
  #options = 0;
  #segments = false;

  constructor(registers: RegisterFile, dma: DmaMemory, events: TransmitEvents) {
    this.#registers = registers;
    this.#dma = dma;
    this.#events = events;
  }

  reset(): void {
    this.#dropPacket();
    this.#context = NO_CONTEXT;
  }

  /**
   * Works through the ring from TDH to TDT; returns the interrupt causes. A tail that lies outside the ring makes one
   * round of it, no more.
   */
  run(): number {
    const registers = this.#registers;
    if (!(registers.get(TCTL) & TCTL_EN)) return 0;
    const count = registers.get(TDLEN) / DESCRIPTOR_BYTES;
    if (count === 0 || registers.get(TDH) === registers.get(TDT)) return 0;
    let causes = ICR_TXQE;
    const base = registers.get(TDBAH) * 0x100000000 + registers.get(TDBAL);
    const descriptor = this.#descriptor;
    for (let round = 0; round < count && registers.get(TDH) !== registers.get(TDT); round++) {
      const head = registers.get(TDH) % count;
      holds(head >= 0 && head < count, "82540EM", "a descriptor lies beyond its ring");
      const address = base + head * DESCRIPTOR_BYTES;
      // Memory beyond 4 GiB does not exist on this board.
      if (address <= 0xffffffff) {
        this.#dma.read(address, descriptor);
        this.#process(descriptor);
        if (descriptor[11]! & COMMAND_RS) {
          this.#status[0] = descriptor[12]! | STATUS_DD;
          this.#dma.write(address + 12, this.#status);
          causes |= ICR_TXDW;
        }
      }
      registers.set(TDH, (head + 1) % count);
    }
    return causes;
  }

  #process(descriptor: Uint8Array): void {
    const view = this.#descriptorView;
    const command = descriptor[11]!;
    const type = command & COMMAND_DEXT ? descriptor[10]! >> 4 : -1;
    if (type === TYPE_CONTEXT) {
      this.#context = readContext(view);
      return;
    }
    if (type > TYPE_DATA) return;
    const isFirst = this.#packet.length === 0 && !this.#overlong;
    if (isFirst) {
      this.#options = type === TYPE_DATA ? descriptor[13]! : 0;
      this.#segments = type === TYPE_DATA && (command & COMMAND_TSE) !== 0;
    }
    const length = type === TYPE_DATA ? view.getUint32(8, true) & 0xfffff : view.getUint16(8, true);
    this.#gather(view.getUint32(0, true), view.getUint32(4, true), length);
    if (!(command & COMMAND_EOP)) return;
    if (type < 0 && command & COMMAND_INSERT_CHECKSUM)
      insertChecksum(this.#packet, descriptor[13]!, descriptor[10]!, 0);
    this.#finish(command & COMMAND_VLE ? view.getUint16(14, true) : -1);
  }

  #gather(addressLow: number, addressHigh: number, length: number): void {
    if (length === 0) return;
    if (this.#packet.length + length > PACKET_LIMIT || addressHigh !== 0) {
      this.#overlong = true;
      return;
    }
    const grown = this.#take(this.#packet.length + length);
    holds(grown.length <= PACKET_LIMIT, "82540EM", "a packet is longer than any may be");
    grown.set(this.#packet);
    this.#dma.read(addressLow, this.#packet.length === 0 ? grown : grown.subarray(this.#packet.length));
    this.#packet = grown;
  }

  /** Bytes for a packet, all zero. */
  #take(length: number): Uint8Array<ArrayBuffer> {
    if (length > ROOM_BYTES / 8) return new Uint8Array(length);
    if (this.#room.length < length) this.#room = new Uint8Array(ROOM_BYTES);
    const taken = this.#room.subarray(0, length);
    this.#room = this.#room.subarray(length);
    return taken;
  }

  #dropPacket(): void {
    this.#packet = NO_DATA;
    this.#overlong = false;
    this.#options = 0;
    this.#segments = false;
  }

  /** The packet is complete. `tag` is its VLAN tag, or -1. */
  #finish(tag: number): void {
    const packet = this.#packet;
    const options = this.#options;
    const context = this.#context;
    const segments = this.#segments;
    const usable = !this.#overlong && packet.length >= ETHERNET_HEADER_BYTES;
    this.#dropPacket();
    if (!usable) return;
    let frames = [packet];
    if (segments && context.segmentBytes > 0 && context.headerBytes >= ETHERNET_HEADER_BYTES) {
      frames = segmentFrame(packet, context);
      this.#events.segmented();
    }
    for (const frame of frames) {
      if (options & OPTION_TXSM) insertChecksum(frame, context.payloadStart, context.payloadOffset, context.payloadEnd);
      if (options & OPTION_IXSM) insertChecksum(frame, context.ipStart, context.ipOffset, context.ipEnd);
      this.#emit(tag >= 0 && this.#registers.get(CTRL) & CTRL_VME ? this.#tagged(frame, tag) : frame);
    }
  }

  #tagged(frame: Uint8Array, tag: number): Uint8Array<ArrayBuffer> {
    const type = this.#registers.get(VET);
    const tagged = new Uint8Array(frame.length + VLAN_TAG_BYTES);
    holds(tag >= 0 && tag <= 0xffff, "82540EM", "a tag has sixteen bits");
    tagged.set(frame.subarray(0, 12));
    tagged.set([type >> 8, type & 0xff, tag >> 8, tag & 0xff], 12);
    tagged.set(frame.subarray(12), 12 + VLAN_TAG_BYTES);
    return tagged;
  }

  #emit(frame: Uint8Array): void {
    if (frame.length >= SHORTEST_FRAME || !(this.#registers.get(TCTL) & TCTL_PSP)) {
      this.#events.send(frame);
      return;
    }
    const padded = new Uint8Array(SHORTEST_FRAME);
    padded.set(frame);
    this.#events.send(padded);
  }

  visitState(visitor: StateVisitor): void {
    this.#packet = visitor.blob(this.#packet).slice();
    this.#overlong = visitor.bool(this.#overlong);
    this.#options = visitor.u8(this.#options);
    this.#segments = visitor.bool(this.#segments);
    const context = this.#context;
    this.#context = {
      ipStart: visitor.u8(context.ipStart),
      ipOffset: visitor.u8(context.ipOffset),
      ipEnd: visitor.u16(context.ipEnd),
      payloadStart: visitor.u8(context.payloadStart),
      payloadOffset: visitor.u8(context.payloadOffset),
      payloadEnd: visitor.u16(context.payloadEnd),
      isTcp: visitor.bool(context.isTcp),
      isIpv4: visitor.bool(context.isIpv4),
      headerBytes: visitor.u8(context.headerBytes),
      segmentBytes: visitor.u16(context.segmentBytes),
    };
  }
}

/** A context descriptor: where checksums begin, go and end, and how to segment. */
function readContext(view: DataView): OffloadContext {
  const command = view.getUint8(11);
  return {
    ipStart: view.getUint8(0),
    ipOffset: view.getUint8(1),
    ipEnd: view.getUint16(2, true),
    payloadStart: view.getUint8(4),
    payloadOffset: view.getUint8(5),
    payloadEnd: view.getUint16(6, true),
    isTcp: (command & 0x01) !== 0,
    isIpv4: (command & 0x02) !== 0,
    headerBytes: view.getUint8(13),
    segmentBytes: view.getUint16(14, true),
  };
}
