/** Sets of bytes of an object, as ranges in order that do not touch. */
import { assert } from "../diagnostic/invariant.ts";

export interface Span {
  readonly from: number;
  readonly to: number;
}

export class Ranges {
  #spans: Span[] = [];

  get spans(): readonly Span[] {
    return this.#spans;
  }

  get isEmpty(): boolean {
    return this.#spans.length === 0;
  }

  /** Behind the last byte. */
  get end(): number {
    return this.#spans.at(-1)?.to ?? 0;
  }

  add(from: number, to: number): void {
    assert(from >= 0 && from < to, "a span has bytes");
    const before = this.#spans.filter((span) => span.to < from);
    const after = this.#spans.filter((span) => span.from > to);
    const joined = this.#spans.slice(before.length, this.#spans.length - after.length);
    const merged = {
      from: Math.min(from, joined[0]?.from ?? from),
      to: Math.max(to, joined.at(-1)?.to ?? to),
    };
    this.#spans = [...before, merged, ...after];
  }

  addAll(other: Ranges): void {
    for (const { from, to } of other.spans) this.add(from, to);
  }

  remove(from: number, to: number): void {
    assert(from <= to, "a span does not end before it begins");
    this.#spans = this.#spans.flatMap((span) =>
      [
        { from: span.from, to: Math.min(span.to, from) },
        { from: Math.max(span.from, to), to: span.to },
      ].filter((rest) => rest.from < rest.to),
    );
  }

  /** The parts of a span that are in the set. */
  within(from: number, to: number): Span[] {
    return this.#spans
      .map((span) => ({ from: Math.max(span.from, from), to: Math.min(span.to, to) }))
      .filter((span) => span.from < span.to);
  }

  /** The parts of a span that are not in it. */
  without(from: number, to: number): Span[] {
    const gaps: Span[] = [];
    let at = from;
    for (const span of this.within(from, to)) {
      if (span.from > at) gaps.push({ from: at, to: span.from });
      at = span.to;
    }
    return at < to ? [...gaps, { from: at, to }] : gaps;
  }
}
