/**
 * The 8254 programmable interval timer. Nothing counts while nobody looks: a channel remembers when its count was
 * loaded, and its counter and OUT are functions of the time since. Only channel 0, whose OUT is IRQ 0, needs a timer.
 * Source: Intel 82C54 data sheet (231244). Ports 40h-43h.
 *
 * A count is taken at the oscillator tick of the write that completes it (the chip takes one tick more), and a read of
 * an odd count in mode 3 is even, as on the chip.
 */
import type { AccessBytes, PortHandler, Wire } from "../../bus/bus.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { Clock, Timer } from "../../time/clock.ts";
import { ticksAt, timeOfTick } from "./frequency.ts";

export const PIT_HERTZ = 1_193_182;

/** Bits 4-5 of the control word: how the CPU reads and writes the count. */
const ACCESS_LOW = 1;
const ACCESS_HIGH = 2;

/** Mode as programmed (0-7) to the mode that counts: 6 and 7 are other names of 2 and 3. */
const MODES = [0, 1, 2, 3, 4, 5, 2, 3] as const;

function fromBcd(value: number): number {
  return ((value >> 12) & 15) * 1000 + ((value >> 8) & 15) * 100 + ((value >> 4) & 15) * 10 + (value & 15);
}

function toBcd(value: number): number {
  return (
    ((Math.floor(value / 1000) % 10) << 12) |
    ((Math.floor(value / 100) % 10) << 8) |
    ((Math.floor(value / 10) % 10) << 4) |
    (value % 10)
  );
}

class Channel implements Stateful {
  mode = 3;
  #access = 3;
  #bcd = false;
  #gate: boolean;
  /** The count that is being counted: 1 to 65536 (10000 in BCD), 0 before the first count after a control word. */
  #count = 0;
  /** Oscillator tick at which the present counting sequence began. Meaningless while `#count` is 0. */
  #startTick = 0;
  /** Modes 0 and 4 with GATE low, modes 2 and 3 likewise: the tick at which counting stopped, or -1. */
  #pausedTick = -1;
  /** Modes 1 and 5: a rising edge on GATE has started the present sequence. */
  #triggered = false;
  /** A count written in mode 2 or 3 while counting: it takes over at the tick `#nextTick`, the end of the period. */
  #nextCount = 0;
  #nextTick = 0;
  /** Lower byte of a count whose upper byte is still to come, or -1. */
  #partialCount = -1;
  /** The next read of a 16-bit count gives its upper byte. */
  #readHighNext = false;
  /** Latched count (and how many of its bytes are unread) and status. */
  #latchedCount = 0;
  #latchedBytes = 0;
  #latchedStatus = -1;

  constructor(gate: boolean) {
    this.#gate = gate;
  }

  reset(gate: boolean): void {
    this.mode = 3;
    this.#access = 3;
    this.#bcd = false;
    this.#gate = gate;
    this.#clear();
  }

  #clear(): void {
    this.#count = 0;
    this.#startTick = 0;
    this.#pausedTick = -1;
    this.#triggered = false;
    this.#nextCount = 0;
    this.#nextTick = 0;
    this.#partialCount = -1;
    this.#readHighNext = false;
    this.#latchedBytes = 0;
    this.#latchedStatus = -1;
  }

  control(access: number, mode: number, bcd: boolean): void {
    this.#access = access;
    this.mode = MODES[mode]!;
    this.#bcd = bcd;
    this.#clear();
  }

  /** Lets a count that waited for the end of the period take over. */
  #advance(tick: number): void {
    if (this.#nextCount === 0 || tick < this.#nextTick) return;
    this.#count = this.#nextCount;
    this.#startTick = this.#nextTick;
    this.#nextCount = 0;
  }

  #elapsed(tick: number): number {
    return (this.#pausedTick >= 0 ? this.#pausedTick : tick) - this.#startTick;
  }

  writeCount(byte: number, tick: number): void {
    if (this.#access === ACCESS_LOW) this.#load(byte, tick);
    else if (this.#access === ACCESS_HIGH) this.#load(byte << 8, tick);
    else if (this.#partialCount < 0) {
      this.#partialCount = byte;
      if (this.mode === 0 && this.#count !== 0 && this.#pausedTick < 0) {
        this.#advance(tick); // "Writing the first byte disables counting" (mode 0).
        this.#pausedTick = tick;
      }
    } else {
      const low = this.#partialCount;
      this.#partialCount = -1;
      this.#load((byte << 8) | low, tick);
    }
  }

  #load(value: number, tick: number): void {
    const written = this.#bcd ? fromBcd(value) : value;
    const count = written === 0 ? (this.#bcd ? 10000 : 65536) : written;
    this.#advance(tick);
    switch (this.mode) {
      case 1:
      case 5: // Taken over by the next trigger.
        if (this.#triggered) {
          this.#nextCount = count;
          this.#nextTick = Infinity;
        } else {
          this.#count = count;
        }
        break;
      case 2:
      case 3:
        if (this.#count !== 0 && this.#gate) {
          this.#nextCount = count;
          this.#nextTick = this.#startTick + (Math.floor(this.#elapsed(tick) / this.#count) + 1) * this.#count;
          break;
        }
        this.#begin(count, tick);
        break;
      default:
        this.#begin(count, tick);
    }
  }

  #begin(count: number, tick: number): void {
    this.#count = count;
    this.#startTick = tick;
    this.#nextCount = 0;
    this.#pausedTick = this.#gate ? -1 : tick;
  }

  setGate(level: boolean, tick: number): void {
    if (level === this.#gate) return;
    this.#advance(tick);
    this.#gate = level;
    if (this.#count === 0) return;
    if (this.mode === 1 || this.mode === 5) {
      if (!level) return;
      if (this.#nextCount !== 0) this.#count = this.#nextCount;
      this.#nextCount = 0;
      this.#startTick = tick;
      this.#triggered = true;
    } else if (!level) {
      this.#pausedTick = tick;
    } else if (this.mode === 2 || this.mode === 3) {
      this.#begin(this.#nextCount === 0 ? this.#count : this.#nextCount, tick);
    } else {
      this.#startTick += tick - this.#pausedTick;
      this.#pausedTick = -1;
    }
  }

  /** The OUT pin. */
  output(tick: number): boolean {
    this.#advance(tick);
    if (this.#count === 0) return this.mode !== 0;
    const elapsed = this.#elapsed(tick);
    switch (this.mode) {
      case 0:
        return elapsed >= this.#count;
      case 1:
        return !this.#triggered || elapsed >= this.#count;
      case 2:
        return this.#pausedTick >= 0 || elapsed % this.#count !== this.#count - 1 || this.#count === 1;
      case 3:
        return this.#pausedTick >= 0 || elapsed % this.#count < (this.#count + 1) >> 1;
      case 4:
        return elapsed !== this.#count;
      default:
        return !this.#triggered || elapsed !== this.#count;
    }
  }

  /** What the counting element holds, as the CPU reads it. */
  #counter(tick: number): number {
    this.#advance(tick);
    if (this.#count === 0) return 0;
    const elapsed = this.#elapsed(tick);
    const modulus = this.#bcd ? 10000 : 65536;
    let value: number;
    if (this.mode === 2) value = this.#count - (elapsed % this.#count);
    else if (this.mode === 3) value = this.#squareWaveCounter(elapsed % this.#count);
    else if ((this.mode === 1 || this.mode === 5) && !this.#triggered) value = this.#count;
    else value = (((this.#count - elapsed) % modulus) + modulus) % modulus;
    value %= modulus;
    return this.#bcd ? toBcd(value) : value;
  }

  /** Mode 3 counts by twos, twice through a period; the first half of an odd count is one tick longer. */
  #squareWaveCounter(elapsed: number): number {
    const half = (this.#count + 1) >> 1;
    const even = this.#count & ~1;
    return elapsed < half ? Math.max(even - 2 * elapsed, 0) : even - 2 * (elapsed - half);
  }

  latchCount(tick: number): void {
    if (this.#latchedBytes !== 0) return;
    this.#latchedCount = this.#counter(tick);
    this.#latchedBytes = this.#access === 3 ? 2 : 1;
  }

  latchStatus(tick: number): void {
    if (this.#latchedStatus >= 0) return;
    const output = this.output(tick) ? 0x80 : 0;
    const nullCount = this.#count === 0 || this.#nextCount !== 0 ? 0x40 : 0;
    this.#latchedStatus = output | nullCount | (this.#access << 4) | (this.mode << 1) | (this.#bcd ? 1 : 0);
  }

  read(tick: number): number {
    if (this.#latchedStatus >= 0) {
      const status = this.#latchedStatus;
      this.#latchedStatus = -1;
      return status;
    }
    if (this.#latchedBytes > 0) {
      const high = this.#access === ACCESS_HIGH || (this.#access === 3 && this.#latchedBytes === 1);
      this.#latchedBytes--;
      return (high ? this.#latchedCount >> 8 : this.#latchedCount) & 0xff;
    }
    const value = this.#counter(tick);
    if (this.#access === ACCESS_LOW) return value & 0xff;
    if (this.#access === ACCESS_HIGH) return value >> 8;
    this.#readHighNext = !this.#readHighNext;
    return (this.#readHighNext ? value : value >> 8) & 0xff;
  }

  /** The first tick after `tick` at which OUT rises if nothing is written before, or Infinity. */
  nextRise(tick: number): number {
    this.#advance(tick);
    if (this.#count === 0 || this.#pausedTick >= 0) return Infinity;
    const elapsed = tick - this.#startTick;
    switch (this.mode) {
      case 0:
        return elapsed < this.#count ? this.#startTick + this.#count : Infinity;
      case 1:
        return this.#triggered && elapsed < this.#count ? this.#startTick + this.#count : Infinity;
      case 2:
      case 3:
        return this.#startTick + (Math.floor(elapsed / this.#count) + 1) * this.#count;
      case 4:
        return elapsed < this.#count + 1 ? this.#startTick + this.#count + 1 : Infinity;
      default:
        return this.#triggered && elapsed < this.#count + 1 ? this.#startTick + this.#count + 1 : Infinity;
    }
  }

  visitState(visitor: StateVisitor): void {
    this.mode = visitor.u8(this.mode);
    this.#access = visitor.u8(this.#access);
    this.#bcd = visitor.bool(this.#bcd);
    this.#gate = visitor.bool(this.#gate);
    this.#count = visitor.u32(this.#count);
    this.#startTick = visitor.integer(this.#startTick);
    this.#pausedTick = visitor.integer(this.#pausedTick + 1) - 1;
    this.#triggered = visitor.bool(this.#triggered);
    this.#nextCount = visitor.u32(this.#nextCount);
    this.#nextTick = visitor.integer(this.#nextTick);
    this.#partialCount = visitor.i32(this.#partialCount);
    this.#readHighNext = visitor.bool(this.#readHighNext);
    this.#latchedCount = visitor.u16(this.#latchedCount);
    this.#latchedBytes = visitor.u8(this.#latchedBytes);
    this.#latchedStatus = visitor.i32(this.#latchedStatus);
  }
}

export class Pit8254 implements PortHandler, Stateful {
  readonly #clock: Clock;
  readonly #irq0: Wire;
  readonly #timer: Timer;
  readonly #channels = [new Channel(true), new Channel(true), new Channel(false)] as const;

  constructor(clock: Clock, irq0: Wire) {
    this.#clock = clock;
    this.#irq0 = irq0;
    this.#timer = clock.timer("PIT channel 0", () => this.#channel0Rises());
  }

  /** The GATE input of channel 2 (bit 0 of port 61h). */
  setGate2(level: boolean): void {
    this.#channels[2].setGate(level, this.#tick());
  }

  /** OUT of channel 2: the speaker and bit 5 of port 61h. */
  get output2(): boolean {
    return this.#channels[2].output(this.#tick());
  }

  reset(): void {
    this.#channels.forEach((channel, index) => channel.reset(index !== 2));
    this.#timer.disarm();
    this.#irq0.set(true); // OUT is high until a mode is set.
  }

  readPort(offset: number, _sizeBytes: AccessBytes): number {
    return offset === 3 ? 0xff : this.#channels[offset as 0 | 1 | 2].read(this.#tick());
  }

  writePort(offset: number, _sizeBytes: AccessBytes, value: number): void {
    const tick = this.#tick();
    if (offset !== 3) this.#channels[offset as 0 | 1 | 2].writeCount(value, tick);
    else if (value >> 6 === 3) this.#readBack(value, tick);
    else {
      const channel = this.#channels[(value >> 6) as 0 | 1 | 2];
      const access = (value >> 4) & 3;
      if (access === 0) channel.latchCount(tick);
      else channel.control(access, (value >> 1) & 7, (value & 1) !== 0);
      if (access === 0 || value >> 6 !== 0) return;
    }
    if (offset === 0 || offset === 3) this.#follow(tick);
  }

  /** The read-back command: bit 5 low latches counts, bit 4 low latches status, bits 1-3 choose channels. */
  #readBack(command: number, tick: number): void {
    this.#channels.forEach((channel, index) => {
      if (!(command & (2 << index))) return;
      if (!(command & 0x20)) channel.latchCount(tick);
      if (!(command & 0x10)) channel.latchStatus(tick);
    });
  }

  #tick(): number {
    return ticksAt(this.#clock.nowNs, PIT_HERTZ);
  }

  /** Brings IRQ 0 to the level of OUT and arms the timer for its next rise. */
  #follow(tick: number): void {
    this.#irq0.set(this.#channels[0].output(tick));
    const rise = this.#channels[0].nextRise(tick);
    if (rise === Infinity) this.#timer.disarm();
    else this.#timer.arm(timeOfTick(rise, PIT_HERTZ));
  }

  #channel0Rises(): void {
    this.#irq0.set(false);
    this.#irq0.set(true);
    this.#follow(this.#tick());
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("8254", 1);
    for (const channel of this.#channels) channel.visitState(visitor);
  }
}
