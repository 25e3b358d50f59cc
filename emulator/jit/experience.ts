/**
 * What the machines of a process know together about guest code: which regions have been compiled. What one of them has
 * compiled the others take over when they come to it, by its bytes. No guest can tell. Each counts for itself how often
 * it runs what: to compile what all together have run often filled campaigns, whose machines live thousands of short
 * lives, with regions that none of them ran often.
 */

import { type CodeSketch, type KnownCode, type KnownRegion, lies, mayBe } from "./known-region.ts";
import { regionStore, type StoredRegion } from "./region-store.ts";
import type { Shape } from "./shape.ts";
import { isMovable, shapeKey } from "./shape.ts";

/** Regions that begin at an address are kept up to so many: of other systems, or of other parts of a page. */
const MOST_AT_ENTRY = 4;
/** The same where all that begins at one place of any page is looked for together. */
const MOST_MOVABLE = 64;
const PLACE_IN_PAGE = 0xfff;
/** Beyond so many bytes of guest code everything is forgotten; machines keep what they use. */
const MAX_BYTES = 8 << 20;

/** A region, and what the addresses of its code are counted from where it was found. */
export interface FoundRegion {
  readonly region: KnownRegion;
  readonly origin: number;
}

interface Entry {
  readonly code: KnownCode;
  readonly region: KnownRegion;
}

interface StoredEntry {
  readonly sketch: CodeSketch;
  readonly region: StoredRegion;
}

/** What is known of code of one shape, as far as it is in a machine's memory. */
export class Experience {
  readonly #shape: Shape;
  readonly #isMovable: boolean;
  /** By `keyOf`, the last one first. */
  readonly #entries = new Map<number, Entry[]>();
  /** Those of earlier processes that nothing has come to yet, the last one last. */
  readonly #stored = new Map<number, StoredEntry[]>();

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#isMovable = isMovable(shape);
    for (const region of regionStore?.regionsOf(shapeKey(shape)) ?? [])
      for (const sketch of region.entries) {
        const key = this.#keyOf(sketch[0]);
        const there = this.#stored.get(key);
        if (there === undefined) this.#stored.set(key, [{ sketch, region }]);
        else there.push({ sketch, region });
      }
  }

  /** Whether there may be a region that can be entered at an EIP, whose code is at `offset` in memory. */
  has(eip: number, memory: Uint8Array, offset: number): boolean {
    const key = this.#keyOf(eip);
    return (
      this.#entries.get(key)?.some(({ code }) => lies(code, memory, offset)) === true ||
      this.#stored.get(key)?.some(({ sketch }) => mayBe(sketch, memory, offset)) === true
    );
  }

  /** The regions that may be entered there, the last one first. */
  at(eip: number, memory: Uint8Array, offset: number): FoundRegion[] {
    const key = this.#keyOf(eip);
    const stored = this.#stored.get(key);
    if (stored !== undefined) {
      const others: StoredEntry[] = [];
      for (const one of stored) {
        if (mayBe(one.sketch, memory, offset)) this.#load(one);
        else others.push(one);
      }
      if (others.length === 0) this.#stored.delete(key);
      else this.#stored.set(key, others);
    }
    return (this.#entries.get(key) ?? [])
      .filter(({ code }) => lies(code, memory, offset))
      .map(({ code, region }) => ({ region, origin: (eip - code.eip) | 0 }));
  }

  /** From now on other machines find a region at each of its entries. */
  remember(region: KnownRegion): void {
    for (const entry of region.entries) this.#remember(region.code[entry]!, region);
  }

  #load({ sketch: [eip], region: stored }: StoredEntry): void {
    const region = stored.load(this.#shape);
    const code = region?.code.find((its) => its.eip === eip);
    if (region !== null && code !== undefined) this.#remember(code, region);
  }

  #remember(code: KnownCode, region: KnownRegion): void {
    const key = this.#keyOf(code.eip);
    const there = this.#entries.get(key);
    if (there === undefined) this.#entries.set(key, [{ code, region }]);
    else if (there.unshift({ code, region }) > (this.#isMovable ? MOST_MOVABLE : MOST_AT_ENTRY)) there.pop();
  }

  #keyOf(eip: number): number {
    return this.#isMovable ? eip & PLACE_IN_PAGE : eip;
  }

  clear(): void {
    this.#entries.clear();
    this.#stored.clear();
  }
}

const experiences = new Map<string, Experience>();
let sizeBytes = 0;

export function experienceOf(shape: Shape): Experience {
  const key = shapeKey(shape);
  let experience = experiences.get(key);
  if (experience === undefined) experiences.set(key, (experience = new Experience(shape)));
  return experience;
}

/** From now on other machines find a region. `bytes`: what its module was compiled from, if that was now. */
export function remember(known: KnownRegion, bytes: Uint8Array<ArrayBuffer> | null): void {
  const { shape, code } = known;
  if (code.length === 0) return;
  if (sizeBytes > MAX_BYTES) {
    for (const experience of experiences.values()) experience.clear();
    sizeBytes = 0;
  }
  sizeBytes += code.reduce((sum, { bytes: { length } }) => sum + length, 0);
  experienceOf(shape).remember(known);
  if (bytes !== null) regionStore?.add(shapeKey(shape), known, bytes);
}
