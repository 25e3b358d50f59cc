/**
 * What the machines of a process know together about guest code: which regions have been compiled. What one of them has
 * compiled the others take over when they come to it, by its bytes. No guest can tell. Each counts for itself how often
 * it runs what: to compile what all together have run often filled campaigns, whose machines live thousands of short
 * lives, with regions that none of them ran often.
 */

import type { KnownRegion } from "./known-region.ts";
import { regionStore, type StoredRegion } from "./region-store.ts";
import type { Shape } from "./shape.ts";
import { shapeKey } from "./shape.ts";

/** Regions that begin at an address are kept up to so many: of other systems, or of other parts of a page. */
const MOST_AT_ENTRY = 4;
/** Beyond so many bytes of guest code everything is forgotten; machines keep what they use. */
const MAX_BYTES = 8 << 20;

/** What is known of code of one shape. */
export class Experience {
  readonly #shape: Shape;
  /** Regions that can be entered at an EIP, the last one first. */
  readonly #regions = new Map<number, KnownRegion[]>();
  /** Those of earlier processes that nothing has come to yet, the last one last. */
  readonly #stored = new Map<number, StoredRegion[]>();

  constructor(shape: Shape) {
    this.#shape = shape;
    for (const stored of regionStore?.regionsOf(shapeKey(shape)) ?? [])
      for (const eip of stored.entries) {
        const there = this.#stored.get(eip);
        if (there === undefined) this.#stored.set(eip, [stored]);
        else there.push(stored);
      }
  }

  /** Whether there may be a region that can be entered at an EIP. */
  has(eip: number): boolean {
    return this.#regions.has(eip) || this.#stored.has(eip);
  }

  /** The regions that can be entered at an EIP, the last one first. */
  at(eip: number): readonly KnownRegion[] {
    const stored = this.#stored.get(eip);
    if (stored !== undefined) {
      this.#stored.delete(eip);
      for (const region of stored) {
        const known = region.load(this.#shape);
        if (known !== null) this.#remember(eip, known);
      }
    }
    return this.#regions.get(eip) ?? [];
  }

  /** From now on other machines find a region at each of its entries. */
  remember(known: KnownRegion): void {
    for (const entry of known.entries) this.#remember(known.code[entry]!.eip, known);
  }

  #remember(eip: number, known: KnownRegion): void {
    const there = this.#regions.get(eip);
    if (there === undefined) this.#regions.set(eip, [known]);
    else if (there.unshift(known) > MOST_AT_ENTRY) there.pop();
  }

  clear(): void {
    this.#regions.clear();
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
