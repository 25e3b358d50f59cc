/**
 * The receive side of an 82540EM: address filter, packet buffer, descriptor ring.
 * Source: Software Developer's Manual (317453), 3.2 and 13.4.22.
 */

import type { DmaMemory } from "../../bus/bus.ts";
import { onesSum } from "../../ether/internet-checksum.ts";
import type { EthernetFrame } from "../../ether/port.ts";
import { holds } from "../../state/invariant.ts";
import type { StateVisitor } from "../../state/state.ts";
import { type ChecksumReport, reportChecksums } from "./e1000-checksum.ts";
import {
  CTRL,
  CTRL_VME,
  ICR_RXDMT0,
  ICR_RXO,
  ICR_RXT0,
  isBroadcast,
  MTA,
  RAH,
  RAH_AV,
  RAL,
  RCTL,
  RCTL_BAM,
  RCTL_BSEX,
  RCTL_EN,
  RCTL_LPE,
  RCTL_MPE,
  RCTL_SECRC,
  RCTL_UPE,
  RCTL_VFE,
  RDBAH,
  RDBAL,
  RDH,
  RDLEN,
  RDT,
  RECEIVE_ADDRESSES,
  type RegisterFile,
  RXCSUM,
  VET,
  VFTA,
} from "./e1000-registers.ts";
import type { E1000Statistics } from "./e1000-statistics.ts";

const DESCRIPTOR_BYTES = 16;
/** Receive part of the 64 KiB packet buffer: frames wait here for descriptors. */
const PACKET_BUFFER_BYTES = 48 * 1024;
const SHORTEST_FRAME = 60;
/** Without FCS; with a VLAN tag. */
const LONGEST_FRAME = 1518;
const VLAN_TAG_BYTES = 4;

const STATUS_DD = 0x01;
const STATUS_EOP = 0x02;
const STATUS_VP = 0x08;

/**
 * RCTL.MO to the number of bits that the last 16 bits of the address are shifted right, for the index into the table.
 */
const MULTICAST_SHIFTS = [4, 3, 2, 0] as const;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** The frame check sequence as it follows the frame on the wire (IEEE 802.3, 3.2.9). */
function frameCheckSequence(frame: Uint8Array): Uint8Array {
  let crc = 0xffffffff;
  for (const byte of frame) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff]!;
  crc = ~crc;
  return Uint8Array.of(crc & 0xff, (crc >>> 8) & 0xff, (crc >>> 16) & 0xff, crc >>> 24);
}

export class E1000Receiver {
  readonly #registers: RegisterFile;
  readonly #dma: DmaMemory;
  readonly #statistics: E1000Statistics;
  #waiting: EthernetFrame[] = [];
  #waitingBytes = 0;
  /** The descriptor at hand: nothing of it outlives a call. */
  readonly #descriptor = new Uint8Array(DESCRIPTOR_BYTES);
  readonly #descriptorView = new DataView(this.#descriptor.buffer);
  readonly #writtenBack = this.#descriptor.subarray(8);

  constructor(registers: RegisterFile, dma: DmaMemory, statistics: E1000Statistics) {
    this.#registers = registers;
    this.#dma = dma;
    this.#statistics = statistics;
  }

  reset(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** A frame has come off the wire; returns the interrupt causes. */
  accept(frame: EthernetFrame): number {
    if (!(this.#registers.get(RCTL) & RCTL_EN) || !this.#wants(frame)) return 0;
    if (frame.length > LONGEST_FRAME && !(this.#registers.get(RCTL) & RCTL_LPE)) {
      this.#statistics.oversize();
      return 0;
    }
    if (this.#waitingBytes + frame.length > PACKET_BUFFER_BYTES) {
      this.#statistics.missed();
      return ICR_RXO;
    }
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    holds(this.#waitingBytes <= PACKET_BUFFER_BYTES, "82540EM", "more waits than the packet buffer has room for");
    const causes = this.drain();
    if (this.#waiting.length > 0) this.#statistics.noBuffers();
    return causes;
  }

  /** Moves waiting frames into memory as far as there are descriptors; returns the interrupt causes. */
  drain(): number {
    let causes = 0;
    while (this.#waiting.length > 0 && this.#registers.get(RCTL) & RCTL_EN && this.#store(this.#waiting[0]!)) {
      this.#waitingBytes -= this.#waiting.shift()!.length;
      holds(this.#waitingBytes >= 0, "82540EM", "less waits than nothing");
      causes |= ICR_RXT0 | (this.#isLow() ? ICR_RXDMT0 : 0);
    }
    return causes;
  }

  #wants(frame: EthernetFrame): boolean {
    const rctl = this.#registers.get(RCTL);
    if (rctl & RCTL_VFE && this.#vlanType(frame) && !this.#vlanAllowed(((frame[14]! << 8) | frame[15]!) & 0xfff))
      return false;
    const isMulticast = (frame[0]! & 1) !== 0;
    if (!isMulticast && rctl & RCTL_UPE) return true;
    if (isMulticast && rctl & RCTL_MPE) return true;
    if (rctl & RCTL_BAM && isBroadcast(frame)) return true;
    return this.#matchesAddress(frame) || (isMulticast && this.#matchesTable(frame, (rctl >>> 12) & 3));
  }

  #matchesAddress(frame: EthernetFrame): boolean {
    const low = (frame[0]! | (frame[1]! << 8) | (frame[2]! << 16) | (frame[3]! << 24)) >>> 0;
    const high = frame[4]! | (frame[5]! << 8);
    for (let index = 0; index < RECEIVE_ADDRESSES; index++) {
      const upper = this.#registers.get(RAH + index * 8);
      if (upper & RAH_AV && (upper & 0xffff) === high && this.#registers.get(RAL + index * 8) === low) return true;
    }
    return false;
  }

  #matchesTable(frame: EthernetFrame, offset: number): boolean {
    const hash = (((frame[5]! << 8) | frame[4]!) >> MULTICAST_SHIFTS[offset as 0 | 1 | 2 | 3]) & 0xfff;
    return ((this.#registers.get(MTA + (hash >> 5) * 4) >>> (hash & 31)) & 1) !== 0;
  }

  #vlanType(frame: EthernetFrame): boolean {
    return frame.length >= 16 && ((frame[12]! << 8) | frame[13]!) === this.#registers.get(VET);
  }

  #vlanAllowed(identifier: number): boolean {
    return ((this.#registers.get(VFTA + (identifier >> 5) * 4) >>> (identifier & 31)) & 1) !== 0;
  }

  #bufferBytes(): number {
    const rctl = this.#registers.get(RCTL);
    const size = 2048 >> ((rctl >>> 16) & 3);
    return rctl & RCTL_BSEX && size !== 2048 ? size * 16 : size;
  }

  #ringLength(): number {
    return this.#registers.get(RDLEN) / DESCRIPTOR_BYTES;
  }

  /** Descriptors that the guest has given: from RDH up to, not including, RDT. */
  #available(): number {
    const count = this.#ringLength();
    const head = this.#registers.get(RDH);
    const tail = this.#registers.get(RDT);
    if (count === 0 || head >= count || tail > count) return 0;
    return tail >= head ? tail - head : count - head + tail;
  }

  /** RDMTS: half, a quarter or an eighth of the ring is left. */
  #isLow(): boolean {
    const share = ((this.#registers.get(RCTL) >>> 8) & 3) + 1;
    return this.#available() <= this.#ringLength() >> share;
  }

  /** Writes a frame into as many buffers as it needs. False, and nothing is written, when there are too few. */
  #store(wireFrame: EthernetFrame): boolean {
    const registers = this.#registers;
    const rctl = registers.get(RCTL);
    const stripTag = (registers.get(CTRL) & CTRL_VME) !== 0 && this.#vlanType(wireFrame);
    const content = padded(stripTag ? withoutTag(wireFrame) : wireFrame);
    const stored = rctl & RCTL_SECRC ? content : Uint8Array.of(...content, ...frameCheckSequence(content));
    const bufferBytes = this.#bufferBytes();
    const needed = Math.ceil(stored.length / bufferBytes);
    if (needed > this.#available()) return false;
    const base = registers.get(RDBAH) * 0x100000000 + registers.get(RDBAL);
    const count = this.#ringLength();
    const checksum = onesSum(content, registers.get(RXCSUM) & 0xff, content.length);
    const report = reportChecksums(content, registers.get(RXCSUM));
    for (let index = 0; index < needed; index++) {
      const head = registers.get(RDH);
      holds(head < count, "82540EM", "a descriptor lies beyond its ring");
      const part = needed === 1 ? stored : stored.subarray(index * bufferBytes, (index + 1) * bufferBytes);
      const isLast = index === needed - 1;
      const status = STATUS_DD | (isLast ? STATUS_EOP | (stripTag ? STATUS_VP : 0) : 0);
      this.#writeBuffer(
        base + head * DESCRIPTOR_BYTES,
        part,
        { status: status | (isLast ? report.status : 0), errors: isLast ? report.errors : 0 },
        checksum,
        stripTag ? (wireFrame[14]! << 8) | wireFrame[15]! : 0,
      );
      registers.set(RDH, (head + 1) % count);
    }
    this.#statistics.received(wireFrame);
    return true;
  }

  /**
   * Fills the buffer of one descriptor and hands the descriptor back. Memory beyond 4 GiB does not exist on this board.
   */
  #writeBuffer(address: number, part: Uint8Array, report: ChecksumReport, checksum: number, tag: number): void {
    if (address > 0xffffffff) return;
    const descriptor = this.#descriptor;
    const view = this.#descriptorView;
    this.#dma.read(address, descriptor);
    if (view.getUint32(4, true) === 0) this.#dma.write(view.getUint32(0, true), part);
    view.setUint16(8, part.length, true);
    view.setUint16(10, checksum, true);
    descriptor[12] = report.status;
    descriptor[13] = report.errors;
    view.setUint16(14, tag, true);
    this.#dma.write(address + 8, this.#writtenBack);
  }

  visitState(visitor: StateVisitor): void {
    const count = visitor.u32(this.#waiting.length);
    this.#waiting = Array.from({ length: count }, (_, index) =>
      visitor.blob(this.#waiting[index] ?? new Uint8Array(0)),
    );
    this.#waitingBytes = this.#waiting.reduce((sum, frame) => sum + frame.length, 0);
  }
}

function padded(frame: Uint8Array): Uint8Array {
  if (frame.length >= SHORTEST_FRAME) return frame;
  const longer = new Uint8Array(SHORTEST_FRAME);
  longer.set(frame);
  return longer;
}

function withoutTag(frame: Uint8Array): Uint8Array {
  holds(frame.length >= 16, "82540EM", "a frame without a tag loses one");
  const untagged = new Uint8Array(frame.length - VLAN_TAG_BYTES);
  untagged.set(frame.subarray(0, 12));
  untagged.set(frame.subarray(16), 12);
  return untagged;
}
