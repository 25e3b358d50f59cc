/**
 * Statistics of an 82540EM: counters that stop at their maximum and that a read clears (Software Developer's Manual
 * 13.7).
 */
import { isBroadcast, type RegisterFile } from "./e1000-registers.ts";

const FIRST = 0x4000;
const LAST = 0x40fc;

const MISSED_PACKETS = 0x4010;
const RECEIVED_BY_SIZE = 0x405c;
const GOOD_RECEIVED = 0x4074;
const BROADCAST_RECEIVED = 0x4078;
const MULTICAST_RECEIVED = 0x407c;
const GOOD_SENT = 0x4080;
const GOOD_OCTETS_RECEIVED = 0x4088;
const GOOD_OCTETS_SENT = 0x4090;
const NO_BUFFERS = 0x40a0;
const OVERSIZE_RECEIVED = 0x40ac;
const OCTETS_RECEIVED = 0x40c0;
const OCTETS_SENT = 0x40c8;
const TOTAL_RECEIVED = 0x40d0;
const TOTAL_SENT = 0x40d4;
const SENT_BY_SIZE = 0x40d8;
const MULTICAST_SENT = 0x40f0;
const BROADCAST_SENT = 0x40f4;
const SEGMENTED = 0x40f8;

/** Counters of 64 bits: lower word; reading the upper word clears both. */
const WIDE: readonly number[] = [GOOD_OCTETS_RECEIVED, GOOD_OCTETS_SENT, OCTETS_RECEIVED, OCTETS_SENT];
/** Where the frames of one direction are counted. */
interface Direction {
  readonly sizes: number;
  readonly good: number;
  readonly total: number;
  readonly goodOctets: number;
  readonly octets: number;
  readonly broadcast: number;
  readonly multicast: number;
}

const RECEIVED: Direction = {
  sizes: RECEIVED_BY_SIZE,
  good: GOOD_RECEIVED,
  total: TOTAL_RECEIVED,
  goodOctets: GOOD_OCTETS_RECEIVED,
  octets: OCTETS_RECEIVED,
  broadcast: BROADCAST_RECEIVED,
  multicast: MULTICAST_RECEIVED,
};
const SENT: Direction = {
  sizes: SENT_BY_SIZE,
  good: GOOD_SENT,
  total: TOTAL_SENT,
  goodOctets: GOOD_OCTETS_SENT,
  octets: OCTETS_SENT,
  broadcast: BROADCAST_SENT,
  multicast: MULTICAST_SENT,
};

/** Largest frame, with FCS, in each of the counters by size. */
const SIZE_CLASSES = [64, 127, 255, 511, 1023] as const;
const FCS_BYTES = 4;

export function isStatistic(offset: number): boolean {
  return offset >= FIRST && offset <= LAST;
}

export class E1000Statistics {
  readonly #registers: RegisterFile;

  constructor(registers: RegisterFile) {
    this.#registers = registers;
  }

  read(offset: number): number {
    const value = this.#registers.get(offset);
    if (WIDE.includes(offset)) return value;
    this.#registers.set(offset, 0);
    if (WIDE.includes(offset - 4)) this.#registers.set(offset - 4, 0);
    return value;
  }

  received(frame: Uint8Array): void {
    this.#frame(frame, RECEIVED);
  }

  sent(frame: Uint8Array): void {
    this.#frame(frame, SENT);
  }

  missed(): void {
    this.#count(MISSED_PACKETS);
  }

  /** A frame had to wait for a descriptor. */
  noBuffers(): void {
    this.#count(NO_BUFFERS);
  }

  oversize(): void {
    this.#count(OVERSIZE_RECEIVED);
  }

  segmented(): void {
    this.#count(SEGMENTED);
  }

  #frame(frame: Uint8Array, counters: Direction): void {
    const bytes = frame.length + FCS_BYTES;
    let sizeClass = 0;
    while (sizeClass < SIZE_CLASSES.length && bytes > SIZE_CLASSES[sizeClass]!) sizeClass++;
    this.#count(counters.sizes + 4 * sizeClass);
    this.#count(counters.good);
    this.#count(counters.total);
    this.#add(counters.goodOctets, bytes);
    this.#add(counters.octets, bytes);
    if (isBroadcast(frame)) this.#count(counters.broadcast);
    else if (frame[0]! & 1) this.#count(counters.multicast);
  }

  #count(offset: number): void {
    const value = this.#registers.get(offset);
    if (value !== 0xffffffff) this.#registers.set(offset, value + 1);
  }

  #add(offset: number, amount: number): void {
    const sum = this.#registers.get(offset) + amount;
    this.#registers.set(offset, sum);
    if (sum > 0xffffffff) this.#registers.set(offset + 4, this.#registers.get(offset + 4) + 1);
  }
}
