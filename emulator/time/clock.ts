/**
 * Virtual time of one machine.
 *
 * A machine's clock counts instructions: each retired instruction (each iteration of a repeated string instruction) is
 * one tick, and while the processor is halted the clock jumps to the next event. A tick lasts TICK_NS nanoseconds where
 * nobody says otherwise, so the guest sees a processor of exactly 100 MHz that retires one instruction per cycle. All
 * times are integers.
 */

/** Virtual nanoseconds per retired instruction. */
export const TICK_NS = 10;

/**
 * What may be chosen in its place. Each divides 100, so that what happens at whole microseconds, such as the end of a
 * run, falls between two instructions.
 */
export const TICKS_NS: readonly number[] = [1, 2, 5, 10, 20, 50, 100];

/**
 * A device's timer. The callback is fixed when the timer is made and only the deadline changes, so the deadline is the
 * timer's whole state. The callback runs at the first instruction boundary at or after the deadline, with the timer
 * disarmed; it may arm the timer again.
 */
export interface Timer {
  /** Virtual time in ns, or Infinity when the timer is not armed. */
  readonly deadlineNs: number;
  /** Arms the timer for an absolute virtual time (ns, integer); a time that has passed fires at the next boundary. */
  arm(deadlineNs: number): void;
  disarm(): void;
}

export interface Clock {
  /** Virtual time in ns at the current instruction, exact also in the middle of a run. */
  readonly nowNs: number;
  /** Timers that fire at the same time run in the order in which they were made. */
  timer(name: string, callback: (deadlineNs: number) => void): Timer;
}
