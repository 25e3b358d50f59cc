/**
 * The high precision event timer: a counter of 100 MHz with three comparators, at FED00000h. Source: IA-PC HPET
 * specification 1.0a; what that leaves open is as in QEMU: comparators can be periodic and have 64 bits, their
 * interrupts go to input 2 of the I/O APIC, or with legacy replacement in place of the 8254's and the clock's.
 *
 * Nothing counts while nobody looks: the counter is a function of the time, and each comparator has a timer.
 */
import type { AccessBytes, MmioHandler, Wire } from "../bus/bus.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { Clock, Timer } from "../time/clock.ts";

export const HPET_ADDRESS = 0xfed00000;
export const HPET_BYTES = 0x400;

const TICK_NS = 10;
/** Femtoseconds of a tick. */
const PERIOD = TICK_NS * 1_000_000;
const COMPARATORS = 3;
/** Revision 1, 64 bits, legacy replacement, vendor 8086h. */
const CAPABILITIES = (0x8086a001 | ((COMPARATORS - 1) << 8)) >>> 0;

// Offsets.
const ID = 0x000;
const ID_PERIOD = 0x004;
const CONFIGURATION = 0x010;
const STATUS = 0x020;
const COUNTER = 0x0f0;
const COMPARATOR = 0x100;
const COMPARATOR_BYTES = 0x20;
const TIMER_CONFIGURATION = 0x00;
const TIMER_INPUTS = 0x04;
const TIMER_VALUE = 0x08;

const ENABLED = 1;
const LEGACY = 2;

// Of a comparator's configuration.
const LEVEL = 1 << 1;
const INTERRUPT = 1 << 2;
const PERIODIC = 1 << 3;
const CAN_BE_PERIODIC = 1 << 4;
const HAS_64_BITS = 1 << 5;
const SET_VALUE = 1 << 6;
const USES_32_BITS = 1 << 8;
const INPUT_SHIFT = 9;
const INPUT_MASK = 31;
const WRITABLE = 0x3f4e;
/** The one input of the I/O APIC that comparators can be led to. */
const INPUT = 2;

const ONES = 0xffffffffffffffffn;
const HIGH = 0xffffffff00000000n;
/** No timer is armed for what is further away: an hour and more. */
const FARTHEST = 1n << 40n;
/** No period is shorter, so that a guest cannot have a host do nothing but count. */
const LEAST_PERIOD = 100n;

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

/** An output of another chip, which legacy replacement disconnects. */
class Gate implements Wire {
  readonly #target: Wire;
  #level = false;
  #isOpen = true;

  constructor(target: Wire) {
    this.#target = target;
  }

  set(level: boolean): void {
    this.#level = level;
    if (this.#isOpen) this.#target.set(level);
  }

  setOpen(isOpen: boolean): void {
    this.#isOpen = isOpen;
    this.#target.set(isOpen && this.#level);
  }

  visitState(visitor: StateVisitor): void {
    this.#level = visitor.bool(this.#level);
    this.#isOpen = visitor.bool(this.#isOpen);
  }
}

function visit64(visitor: StateVisitor, value: bigint): bigint {
  const low = visitor.u32(Number(value & 0xffffffffn));
  const high = visitor.u32(Number(value >> 32n));
  return (BigInt(high) << 32n) | BigInt(low);
}

class Comparator implements Stateful {
  configuration = 0;
  value = ONES;
  period = 0n;
  /** It fires once more when a counter of 32 bits comes around. */
  wraps = false;
  readonly timer: Timer;

  constructor(timer: Timer) {
    this.timer = timer;
  }

  get isPeriodic(): boolean {
    return (this.configuration & PERIODIC) !== 0;
  }

  get isShort(): boolean {
    return (this.configuration & USES_32_BITS) !== 0;
  }

  reset(): void {
    this.configuration = CAN_BE_PERIODIC | HAS_64_BITS;
    this.value = ONES;
    this.period = 0n;
    this.wraps = false;
    this.timer.disarm();
  }

  /** Ticks from a count until the comparator's value; 0 where it is in the past. */
  distance(count: bigint): bigint {
    const distance = this.isShort ? BigInt.asIntN(32, this.value - count) : signed(this.value - count);
    return distance > 0n ? distance : 0n;
  }

  /** Moves the value of a periodic one beyond a count. */
  advance(count: bigint): void {
    const period = this.period < LEAST_PERIOD ? LEAST_PERIOD : this.period;
    const behind = this.isShort ? BigInt.asIntN(32, count - this.value) : signed(count - this.value);
    if (behind < 0n) return;
    const value = this.value + (behind / period + 1n) * period;
    this.value = this.isShort ? BigInt.asUintN(32, value) : BigInt.asUintN(64, value);
  }

  visitState(visitor: StateVisitor): void {
    this.configuration = visitor.u32(this.configuration);
    this.value = visit64(visitor, this.value);
    this.period = visit64(visitor, this.period);
    this.wraps = visitor.bool(this.wraps);
  }
}

export class Hpet implements MmioHandler, Stateful {
  readonly #clock: Clock;
  /** IRQ 0 and 8, and the input of the I/O APIC. */
  readonly #legacy: readonly [Wire, Wire];
  readonly #input: Wire;
  readonly #gates: readonly [Gate, Gate];
  readonly #comparators: readonly Comparator[];
  #configuration = 0;
  #status = 0;
  /** The counter while it stands, else what it is ahead of the time. */
  #base = 0n;

  /**
   * `timer` and `clockAlarm` are where the outputs of the 8254 and of the real-time clock lead, `legacy` the same IRQs.
   */
  constructor(clock: Clock, timer: Wire, clockAlarm: Wire, legacy: readonly [Wire, Wire], input: Wire) {
    this.#clock = clock;
    this.#gates = [new Gate(timer), new Gate(clockAlarm)];
    this.#legacy = legacy;
    this.#input = input;
    this.#comparators = Array.from(
      { length: COMPARATORS },
      (_, number) => new Comparator(clock.timer(`HPET comparator ${number}`, () => this.#expired(number))),
    );
    this.reset();
  }

  /** What the 8254 is connected to. */
  get timerOutput(): Wire {
    return this.#gates[0];
  }

  /** What the real-time clock is connected to. */
  get clockOutput(): Wire {
    return this.#gates[1];
  }

  reset(): void {
    for (const wire of [...this.#legacy, this.#input]) wire.set(false);
    for (const comparator of this.#comparators) comparator.reset();
    this.#configuration = 0;
    this.#status = 0;
    this.#base = 0n;
    for (const gate of this.#gates) gate.setOpen(true);
  }

  get #isEnabled(): boolean {
    return (this.#configuration & ENABLED) !== 0;
  }

  get #ticks(): bigint {
    return BigInt(Math.floor(this.#clock.nowNs / TICK_NS));
  }

  get #count(): bigint {
    return this.#isEnabled ? BigInt.asUintN(64, this.#base + this.#ticks) : this.#base;
  }

  readMmio(offset: number, sizeBytes: AccessBytes): number {
    if (sizeBytes !== 4) return 0;
    const comparator = this.#comparators[(offset - COMPARATOR) >> 5];
    if (offset >= COMPARATOR) return comparator ? this.#readComparator(comparator, offset % COMPARATOR_BYTES) : 0;
    switch (offset) {
      case ID:
        return CAPABILITIES;
      case ID_PERIOD:
        return PERIOD;
      case CONFIGURATION:
        return this.#configuration;
      case STATUS:
        return this.#status;
      case COUNTER:
        return Number(this.#count & 0xffffffffn);
      case COUNTER + 4:
        return Number(this.#count >> 32n);
      default:
        return 0;
    }
  }

  #readComparator({ configuration, value }: Comparator, offset: number): number {
    switch (offset) {
      case TIMER_CONFIGURATION:
        return configuration;
      case TIMER_INPUTS:
        return 1 << INPUT;
      case TIMER_VALUE:
        return Number(value & 0xffffffffn);
      case TIMER_VALUE + 4:
        return Number(value >> 32n);
      default:
        return 0;
    }
  }

  writeMmio(offset: number, sizeBytes: AccessBytes, value: number): void {
    if (sizeBytes !== 4) return;
    const number = (offset - COMPARATOR) >> 5;
    if (offset >= COMPARATOR) {
      if (number < COMPARATORS) this.#writeComparator(number, offset % COMPARATOR_BYTES, value);
      return;
    }
    switch (offset) {
      case CONFIGURATION:
        this.#configure(value & (ENABLED | LEGACY));
        break;
      case STATUS:
        for (let index = 0; index < COMPARATORS; index++)
          if ((value & this.#status & (1 << index)) !== 0) this.#signal(index, false);
        break;
      // To be written while it stands (2.3.7); while it runs, it goes on from there.
      case COUNTER:
        this.#setCount((this.#count & HIGH) | BigInt(value >>> 0));
        break;
      case COUNTER + 4:
        this.#setCount((this.#count & ~HIGH) | (BigInt(value >>> 0) << 32n));
        break;
      default:
    }
  }

  #setCount(count: bigint): void {
    this.#base = this.#isEnabled ? BigInt.asUintN(64, count - this.#ticks) : count;
  }

  #configure(configuration: number): void {
    const changed = configuration ^ this.#configuration;
    if ((changed & ENABLED) !== 0) {
      const count = this.#count;
      this.#configuration ^= ENABLED;
      this.#setCount(count);
      for (const comparator of this.#comparators) {
        if (!this.#isEnabled) comparator.timer.disarm();
        else if (comparator.value !== ONES) this.#start(comparator);
      }
    }
    if ((changed & LEGACY) !== 0) {
      for (const wire of this.#legacy) wire.set(false);
      this.#configuration ^= LEGACY;
      for (const gate of this.#gates) gate.setOpen((this.#configuration & LEGACY) === 0);
    }
  }

  #writeComparator(number: number, offset: number, value: number): void {
    const comparator = this.#comparators[number]!;
    const old = comparator.configuration;
    switch (offset) {
      case TIMER_CONFIGURATION: {
        comparator.configuration = (old & ~WRITABLE) | (value & WRITABLE);
        if (comparator.isShort) {
          comparator.value = BigInt.asUintN(32, comparator.value);
          comparator.period = BigInt.asUintN(32, comparator.period);
        }
        const changed = old ^ comparator.configuration;
        // What an edge has left on its line.
        if ((changed & (LEVEL | (INPUT_MASK << INPUT_SHIFT))) !== 0 && (this.#status & (1 << number)) === 0)
          this.#output(number, old)?.set(false);
        if ((changed & INTERRUPT) === 0) break;
        if ((old & INTERRUPT) !== 0) comparator.timer.disarm();
        else if (this.#isEnabled) this.#start(comparator);
        break;
      }
      case TIMER_VALUE:
        this.#load(comparator, BigInt(value >>> 0), HIGH);
        break;
      case TIMER_VALUE + 4:
        this.#load(comparator, BigInt(value >>> 0) << 32n, ~HIGH);
        break;
      default:
    }
  }

  /**
   * Of a periodic comparator what is written is the period; the value too where SET_VALUE says so, once (2.3.9.2.2).
   */
  #load(comparator: Comparator, half: bigint, kept: bigint): void {
    const { isPeriodic, isShort, configuration } = comparator;
    if (!isPeriodic || (configuration & SET_VALUE) !== 0) comparator.value = (comparator.value & kept) | half;
    if (isPeriodic)
      comparator.period = ((comparator.period & kept) | half) & (isShort ? 0x7fffffffn : 0x7fffffffffffffffn);
    comparator.configuration &= ~SET_VALUE;
    if (this.#isEnabled) this.#start(comparator);
  }

  #start(comparator: Comparator): void {
    const count = this.#count;
    let distance = comparator.distance(count);
    comparator.wraps = false;
    if (comparator.isShort && !comparator.isPeriodic) {
      const toWrap = 0xffffffffn - BigInt.asUintN(32, count);
      if (toWrap < distance) {
        distance = toWrap;
        comparator.wraps = true;
      }
    }
    this.#arm(comparator, distance);
  }

  #arm({ timer }: Comparator, distance: bigint): void {
    if (distance > FARTHEST) timer.disarm();
    else timer.arm(Number(this.#ticks + distance) * TICK_NS);
  }

  #expired(number: number): void {
    const comparator = this.#comparators[number]!;
    const count = this.#count;
    if (comparator.isPeriodic && comparator.period !== 0n) {
      comparator.advance(count);
      this.#arm(comparator, comparator.distance(count));
    } else if (comparator.wraps) {
      comparator.wraps = false;
      this.#arm(comparator, comparator.distance(count));
    }
    this.#signal(number, true);
  }

  /** Where a comparator's interrupt goes; null for nowhere. */
  #output(number: number, configuration = this.#comparators[number]!.configuration): Wire | null {
    if ((this.#configuration & LEGACY) !== 0 && number < 2) return this.#legacy[number as 0 | 1];
    const input = (configuration >>> INPUT_SHIFT) & INPUT_MASK;
    return input === INPUT ? this.#input : null;
  }

  #signal(number: number, level: boolean): void {
    const bit = 1 << number;
    const { configuration } = this.#comparators[number]!;
    const output = this.#output(number);
    if (!level || (configuration & INTERRUPT) === 0 || !this.#isEnabled) {
      this.#status &= ~bit;
      output?.set(false);
    } else if ((configuration & LEVEL) !== 0) {
      this.#status |= bit;
      output?.set(true);
    } else {
      // It stays, for an interrupt controller forgets an edge whose line falls before it is served.
      this.#status &= ~bit;
      output?.set(false);
      output?.set(true);
    }
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("HPET", 1);
    this.#configuration = visitor.u8(this.#configuration);
    this.#status = visitor.u8(this.#status);
    this.#base = visit64(visitor, this.#base);
    for (const comparator of this.#comparators) comparator.visitState(visitor);
    for (const gate of this.#gates) gate.visitState(visitor);
  }
}
