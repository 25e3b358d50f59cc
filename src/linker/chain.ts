/**
 * A list of objects, each in it once, that says what is next to one, and takes another there, in the same time however
 * long it is. Null stands for both of its ends.
 */
export class Chain<T extends object> {
  readonly #next = new Map<T | null, T | null>([[null, null]]);
  readonly #previous = new Map<T | null, T | null>([[null, null]]);

  has(item: T): boolean {
    return this.#next.has(item);
  }

  /** The first one for null; null after the last one. */
  next(item: T | null): T | null {
    return this.#next.get(item)!;
  }

  insertBefore(other: T | null, item: T): void {
    const before = this.#previous.get(other)!;
    this.#next.set(before, item).set(item, other);
    this.#previous.set(other, item).set(item, before);
  }

  insertAfter(other: T | null, item: T): void {
    this.insertBefore(this.next(other), item);
  }

  /** Those behind an item, the nearest first; all for null. */
  *after(item: T | null): Iterable<T> {
    for (let one = this.next(item); one !== null; one = this.next(one)) yield one;
  }

  /** Those before an item, the nearest first; all from the last on for null. */
  *before(item: T | null): Iterable<T> {
    for (let one = this.#previous.get(item)!; one !== null; one = this.#previous.get(one)!) yield one;
  }
}
