/** Spans of virtual time as people write them. */

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9 };

/** A number of nanoseconds, or text such as `250ms`, `10s`, `1.5min`. */
export type TimeSpan = number | string;

/** Nanoseconds, an integer. Throws `RangeError` for anything else. */
export function toNs(span: TimeSpan): number {
  const match = typeof span === "string" ? /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(span.trim()) : null;
  const ns = typeof span === "number" ? span : match ? Number(match[1]) * (UNITS[match[2] || "s"] ?? NaN) : NaN;
  if (!(ns >= 0 && ns <= Number.MAX_SAFE_INTEGER))
    throw new RangeError(`${span} is not a span of time: write a number and ns, us, ms, s, min or h, such as 250ms`);
  return Math.round(ns);
}

export function formatNs(ns: number): string {
  if (ns >= 1e9) return `${(ns / 1e9).toFixed(3)} s`;
  return ns >= 1e6 ? `${(ns / 1e6).toFixed(3)} ms` : `${ns} ns`;
}
