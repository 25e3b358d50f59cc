/**
 * Pages of many machines, each different page once. Machines of a cluster run the same kernel from equal disks, so most
 * of what they hold is the same; a snapshot holds it once.
 */
import { holds } from "../state/invariant.ts";
import { isZero, PAGE_BYTES } from "../state/pages.ts";

/** Pages are kept in blocks of this many. */
const BLOCK_PAGES = 1024;

export class PageStore {
  readonly #blocks: Uint8Array[] = [];
  /** Numbers of pages by a hash of their content. */
  readonly #byHash = new Map<number, number[]>();
  readonly #words = new Int32Array(PAGE_BYTES / 4);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  #count = 0;

  /** How many different pages there are. */
  get count(): number {
    return this.#count;
  }

  /**
   * The number, from 1, of a page with this content, which may be shorter than a page: zeros follow. 0 for zeros alone.
   */
  add(content: Uint8Array): number {
    holds(content.length <= PAGE_BYTES, "pages", "a content is longer than a page");
    if (isZero(content)) return 0;
    this.#bytes.set(content);
    this.#bytes.fill(0, content.length);
    const hash = this.#hash();
    const candidates = this.#byHash.get(hash);
    const known = candidates?.find((number) => this.#holds(number));
    if (known !== undefined) return known;
    const number = this.append(this.#bytes);
    if (candidates) candidates.push(number);
    else this.#byHash.set(hash, [number]);
    return number;
  }

  /** Adds a page without looking for an equal one; returns its number. */
  append(page: Uint8Array): number {
    holds(page.length === PAGE_BYTES, "pages", "what is added is no page");
    if (this.#count % BLOCK_PAGES === 0) this.#blocks.push(new Uint8Array(BLOCK_PAGES * PAGE_BYTES));
    this.#count++;
    this.#page(this.#count).set(page);
    return this.#count;
  }

  #page(number: number): Uint8Array {
    const at = ((number - 1) % BLOCK_PAGES) * PAGE_BYTES;
    return this.#blocks[Math.floor((number - 1) / BLOCK_PAGES)]!.subarray(at, at + PAGE_BYTES);
  }

  /** The content of page 1 to `count`. Throws a RangeError for other numbers. */
  page(number: number): Uint8Array {
    if (!(number >= 1 && number <= this.#count)) throw new RangeError(`page ${number} of ${this.#count}`);
    return this.#page(number);
  }

  /** All pages in their order, in pieces of whole pages. */
  *pieces(): Generator<Uint8Array> {
    for (let index = 0; index < this.#blocks.length; index++) {
      yield this.#blocks[index]!.subarray(0, Math.min(BLOCK_PAGES, this.#count - index * BLOCK_PAGES) * PAGE_BYTES);
    }
  }

  #hash(): number {
    let low = 0;
    let high = 0;
    for (const word of this.#words) {
      low = Math.imul(low ^ word, 0x9e3779b1);
      low ^= low >>> 15;
      high = Math.imul(high + word, 0x85ebca6b) ^ (high >>> 13);
    }
    return (low >>> 0) * 2 ** 20 + (high >>> 12);
  }

  #holds(number: number): boolean {
    const page = this.#page(number);
    const words = new Int32Array(page.buffer, page.byteOffset, PAGE_BYTES / 4);
    return words.every((word, index) => word === this.#words[index]);
  }
}
