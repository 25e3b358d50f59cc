/**
 * The timer of a local APIC (SDM 3A 10.5.4): a count that goes down at the bus clock divided by 1 to 128, once or again
 * and again. The bus clock is 1 GHz, as in QEMU, so that an undivided count is nanoseconds.
 */
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { Clock, Timer } from "../../time/clock.ts";

/** Bits 3, 1 and 0 of the divide configuration register. */
const DIVIDE_BITS = 0x0b;
/** No period is shorter, so that a guest cannot have a host do nothing but count. */
const LEAST_PERIOD_NS = 1000;

export class ApicTimer implements Stateful {
  readonly #clock: Clock;
  readonly #timer: Timer;
  #initialCount = 0;
  #divide = 0;
  #isPeriodic = false;
  /** When the count was at its beginning. */
  #startNs = 0;

  constructor(clock: Clock, name: string, expired: () => void) {
    this.#clock = clock;
    this.#timer = clock.timer(name, (deadlineNs) => {
      if (this.#isPeriodic) {
        this.#startNs = Math.max(deadlineNs, clock.nowNs + LEAST_PERIOD_NS - this.#initialCount * this.#countNs);
        this.#arm();
      }
      expired();
    });
  }

  reset(): void {
    this.#initialCount = 0;
    this.#divide = 0;
    this.#isPeriodic = false;
    this.#startNs = 0;
    this.#timer.disarm();
  }

  get initialCount(): number {
    return this.#initialCount;
  }

  /** Begins to count; 0 stops. */
  start(count: number): void {
    this.#initialCount = count;
    this.#startNs = this.#clock.nowNs;
    this.#arm();
  }

  get currentCount(): number {
    if (this.#timer.deadlineNs === Infinity) return 0;
    return Math.max(0, Math.ceil((this.#timer.deadlineNs - this.#clock.nowNs) / this.#countNs));
  }

  get divide(): number {
    return this.#divide;
  }

  /** A count under way begins anew with the new divisor. */
  set divide(value: number) {
    if (this.#divide === (value & DIVIDE_BITS)) return;
    this.#divide = value & DIVIDE_BITS;
    if (this.#timer.deadlineNs === Infinity) return;
    this.#startNs = this.#clock.nowNs;
    this.#arm();
  }

  /** Whether it begins again when it has expired: a count under way goes on. */
  set isPeriodic(value: boolean) {
    this.#isPeriodic = value;
  }

  get #countNs(): number {
    return 1 << ((((this.#divide & 3) | ((this.#divide >>> 1) & 4)) + 1) & 7);
  }

  #arm(): void {
    if (this.#initialCount === 0) this.#timer.disarm();
    else this.#timer.arm(this.#startNs + this.#initialCount * this.#countNs);
  }

  visitState(visitor: StateVisitor): void {
    this.#initialCount = visitor.u32(this.#initialCount);
    this.#divide = visitor.u8(this.#divide);
    this.#isPeriodic = visitor.bool(this.#isPeriodic);
    this.#startNs = visitor.integer(this.#startNs);
  }
}
