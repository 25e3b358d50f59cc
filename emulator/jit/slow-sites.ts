/** Instructions of compiled code that take their slow path so often that their region is better made anew. */

/**
 * An instruction that left its region this often for a slow path, and after so few instructions on average, gets one
 * that comes back. The first touch of each page is no reason: a path that comes back makes the fast one slower.
 */
const SLOW_SITE_COUNT = 64;
const SLOW_SITE_INTERVAL = 400;
/** Notes about this many addresses are kept; then they begin anew. */
const MAX_NOTES = 1 << 16;

export class SlowSites {
  /** By EIP: those that have become too many. */
  readonly eips = new Set<number>();
  /** Slow exits by EIP. */
  readonly #exits = new Map<number, { count: number; since: number }>();

  /** Notes a slow exit after so many instructions of the machine; whether the EIP has just become one of `eips`. */
  note(eip: number, retired: number): boolean {
    if (this.#exits.size === MAX_NOTES) this.#exits.clear();
    let seen = this.#exits.get(eip);
    if (seen === undefined) this.#exits.set(eip, (seen = { count: 0, since: retired }));
    if (++seen.count < SLOW_SITE_COUNT) return false;
    const isDense = retired - seen.since < SLOW_SITE_COUNT * SLOW_SITE_INTERVAL;
    seen.count = 0;
    seen.since = retired;
    if (!isDense || this.eips.has(eip)) return false;
    this.eips.add(eip);
    return true;
  }

  /** The machine is in another state, in which fewer instructions may have been retired. */
  beginAnew(): void {
    this.#exits.clear();
  }
}
