/**
 * A state in memory, to come back to. Taking one costs a look at all of it; it holds only the pages that differ from
 * the state that was kept before, because equal pages are shared. In a file, too, it is what differs from the one
 * before.
 */
import { PAGE_BYTES, wordsOf, zeroPages } from "./pages.ts";
import { decodePlain, encodePlain, type Plain } from "./plain.ts";
import type { StateVisitor } from "./state.ts";

/** Pages of an array; null for a page of zeros. */
type Pages = readonly (Uint8Array | null)[];
type Field = number | string | boolean | Uint8Array;

/** Passes all parts of a state through a visitor. */
type Visit = (visitor: StateVisitor) => void;

/** Each field with its value, in the order of the visit. */
abstract class FieldVisitor implements StateVisitor {
  abstract readonly restoring: boolean;
  protected abstract field<Value extends Field>(value: Value): Value;
  abstract bytes(value: Uint8Array): void;

  part(name: string, version: number): void {
    const wanted = `${name} ${version}`;
    const found = this.field(wanted);
    if (found !== wanted) throw new RangeError(`state of ${wanted} expected, ${found} found`);
  }
  bool(value: boolean): boolean {
    return this.field(value);
  }
  u8(value: number): number {
    return this.field(value);
  }
  u16(value: number): number {
    return this.field(value);
  }
  u32(value: number): number {
    return this.field(value);
  }
  i32(value: number): number {
    return this.field(value);
  }
  integer(value: number): number {
    return this.field(value);
  }
  f64(value: number): number {
    return this.field(value);
  }
  text(value: string): string {
    return this.field(value);
  }
  abstract blob(value: Uint8Array): Uint8Array;
}

class Saver extends FieldVisitor {
  readonly restoring = false;
  readonly fields: Field[] = [];
  readonly arrays: Pages[] = [];
  readonly #previous: readonly Pages[];
  /** Bytes that no earlier state holds. */
  ownBytes = 0;

  constructor(previous: readonly Pages[]) {
    super();
    this.#previous = previous;
  }

  protected field<Value extends Field>(value: Value): Value {
    this.fields.push(value);
    return value;
  }

  /** What is kept is a copy: its owner may go on writing into its own. */
  blob(value: Uint8Array): Uint8Array {
    this.fields.push(value.slice());
    return value;
  }

  bytes(value: Uint8Array): void {
    const before = this.#previous[this.arrays.length];
    const words = wordsOf(value);
    const isZeroPage = zeroPages(value);
    const pages: (Uint8Array | null)[] = [];
    for (let start = 0, index = 0; start < value.length; start += PAGE_BYTES, index++) {
      const end = Math.min(value.length, start + PAGE_BYTES);
      const known = before?.[index];
      if (isZeroPage(index)) pages.push(null);
      else if (known && isEqual(known, value, words, start, end)) pages.push(known);
      else {
        pages.push(value.slice(start, end));
        this.ownBytes += end - start;
      }
    }
    this.arrays.push(pages);
  }
}

/** Whether a page is what an array, with these words, has from `start` to `end`. */
function isEqual(page: Uint8Array, array: Uint8Array, words: Int32Array | null, start: number, end: number): boolean {
  if (page.length !== end - start) return false;
  const pageWords = words && wordsOf(page);
  if (words && pageWords) {
    const first = start / 4;
    for (let at = 0; at < pageWords.length; at++) if (pageWords[at] !== words[first + at]) return false;
    return true;
  }
  for (let at = 0; at < page.length; at++) if (page[at] !== array[start + at]) return false;
  return true;
}

class Restorer extends FieldVisitor {
  readonly restoring = true;
  readonly #fields: readonly Field[];
  readonly #arrays: readonly Pages[];
  #nextField = 0;
  #nextArray = 0;

  constructor(fields: readonly Field[], arrays: readonly Pages[]) {
    super();
    this.#fields = fields;
    this.#arrays = arrays;
  }

  protected field<Value extends Field>(_value: Value): Value {
    return this.#fields[this.#nextField++] as Value;
  }

  blob(_value: Uint8Array): Uint8Array {
    return (this.#fields[this.#nextField++] as Uint8Array).slice();
  }

  bytes(value: Uint8Array): void {
    const pages = this.#arrays[this.#nextArray++];
    if (pages?.length !== Math.ceil(value.length / PAGE_BYTES)) throw new RangeError("state of other arrays expected");
    const isZeroPage = zeroPages(value);
    for (let index = 0; index < pages.length; index++) {
      const page = pages[index]!;
      if (page !== null) value.set(page, index * PAGE_BYTES);
      // The host holds no memory for pages that were never written.
      else if (!isZeroPage(index)) value.fill(0, index * PAGE_BYTES, (index + 1) * PAGE_BYTES);
    }
  }
}

// How a run of pages is described: kind and count, and the bytes of those that are new.
const SAME = 0;
const ZERO = 1;
const NEW = 2;

export class KeptState {
  readonly #fields: readonly Field[];
  readonly #arrays: readonly Pages[];
  #ownBytes: number;

  private constructor(fields: readonly Field[], arrays: readonly Pages[], ownBytes: number) {
    this.#fields = fields;
    this.#arrays = arrays;
    this.#ownBytes = ownBytes;
  }

  static of(visit: Visit, previous: KeptState | null): KeptState {
    const saver = new Saver(previous === null ? [] : previous.#arrays);
    visit(saver);
    return new KeptState(saver.fields, saver.arrays, saver.ownBytes);
  }

  /** Bytes that no earlier state holds. */
  get ownBytes(): number {
    return this.#ownBytes;
  }

  restore(visit: Visit): void {
    visit(new Restorer(this.#fields, this.#arrays));
  }

  /** The state between this one and `before` is forgotten: what it shares with this one alone is now this one's. */
  inherit(forgotten: KeptState, before: KeptState | null): void {
    this.#arrays.forEach((pages, array) => {
      const between = forgotten.#arrays[array];
      const earlier = before === null ? undefined : before.#arrays[array];
      pages.forEach((page, index) => {
        if (page !== null && page === between?.[index] && page !== earlier?.[index]) this.#ownBytes += page.length;
      });
    });
  }

  /** How it differs from the state before, for a file. */
  describe(before: KeptState | null): Uint8Array {
    const earlier = before === null ? [] : before.#arrays;
    const arrays = this.#arrays.map((pages, array): Plain => {
      const runs: number[] = [];
      const fresh: Uint8Array[] = [];
      pages.forEach((page, index) => {
        const kind = page === null ? ZERO : page === earlier[array]?.[index] ? SAME : NEW;
        if (kind === NEW) fresh.push(page!);
        if (runs.at(-2) === kind) runs[runs.length - 1]!++;
        else runs.push(kind, 1);
      });
      return { runs, bytes: joined(fresh) };
    });
    return encodePlain({ fields: this.#fields, arrays });
  }

  /** Throws a RangeError for what `describe` has not made, with the same state before. */
  static described(bytes: Uint8Array, before: KeptState | null): KeptState {
    const { fields, arrays } = decodePlain(bytes) as {
      fields?: readonly Field[];
      arrays?: readonly { readonly runs: readonly number[]; readonly bytes: Uint8Array }[];
    };
    if (!Array.isArray(fields) || !Array.isArray(arrays)) throw new RangeError("this is no state");
    const earlier = before === null ? [] : before.#arrays;
    let ownBytes = 0;
    const found = arrays.map(({ runs, bytes: fresh }, array) => {
      const pages: (Uint8Array | null)[] = [];
      let at = 0;
      for (let run = 0; run < runs.length; run += 2)
        for (let left = runs[run + 1]!; left > 0; left--) {
          const known = earlier[array]?.[pages.length];
          if (runs[run] === SAME && !known) throw new RangeError("a state that lies over another one");
          if (runs[run] !== NEW) pages.push(runs[run] === SAME ? known! : null);
          else {
            pages.push(fresh.subarray(at, at + PAGE_BYTES));
            at += PAGE_BYTES;
          }
        }
      ownBytes += fresh.length;
      return pages;
    });
    return new KeptState(fields, found, ownBytes);
  }
}

function joined(pages: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pages.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const page of pages) {
    bytes.set(page, at);
    at += page.length;
  }
  return bytes;
}
