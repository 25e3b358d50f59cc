/**
 * Conversion between virtual nanoseconds and the ticks of a chip's own oscillator, in integers: products are split at
 * whole seconds so that nothing exceeds 2^53. All oscillators start at virtual time 0 and never drift.
 */

const SECOND_NS = 1_000_000_000;

/** Ticks of an oscillator of `hertz` (below 9 MHz, so that the products stay exact) that have passed at `timeNs`. */
export function ticksAt(timeNs: number, hertz: number): number {
  const seconds = Math.floor(timeNs / SECOND_NS);
  return seconds * hertz + Math.floor(((timeNs - seconds * SECOND_NS) * hertz) / SECOND_NS);
}

/** The first nanosecond at which `ticksAt` reaches `tick`. */
export function timeOfTick(tick: number, hertz: number): number {
  const seconds = Math.floor(tick / hertz);
  return seconds * SECOND_NS + Math.ceil(((tick - seconds * hertz) * SECOND_NS) / hertz);
}
