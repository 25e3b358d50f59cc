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

/** What is known of code of one shape, by EIP. */
export class Experience {
  /** Regions that can be entered there, the last one first. */
  readonly regions = new Map<number, KnownRegion[]>();

  /** From now on other machines find a region at each of its entries. */
  remember(known: KnownRegion): void {
    for (const entry of known.entries) {
      const { eip } = known.code[entry]!;
      const there = this.regions.get(eip);
      if (there === undefined) this.regions.set(eip, [known]);
      else if (there.unshift(known) > MOST_AT_ENTRY) there.pop();
    }
  }
}

const experiences = new Map<string, Experience>();
let sizeBytes = 0;

export function experienceOf(shape: Shape): Experience {
  const key = shapeKey(shape);
  let experience = experiences.get(key);
  if (experience === undefined) {
    experiences.set(key, (experience = new Experience()));
    for (const stored of regionStore?.regionsOf(key) ?? []) experience.remember(withShape(stored, shape));
  }
  return experience;
}

const withShape = ({ load, ...stored }: StoredRegion, shape: Shape): KnownRegion => ({
  ...stored,
  shape,
  get module() {
    return load();
  },
});

/** From now on other machines find a region. `bytes`: what its module was compiled from, if that was now. */
export function remember(known: KnownRegion, bytes: Uint8Array<ArrayBuffer> | null): void {
  const { shape, code } = known;
  if (code.length === 0) return;
  if (sizeBytes > MAX_BYTES) {
    for (const { regions } of experiences.values()) regions.clear();
    sizeBytes = 0;
  }
  sizeBytes += code.reduce((sum, { bytes: { length } }) => sum + length, 0);
  experienceOf(shape).remember(known);
  if (bytes !== null) regionStore?.add(shapeKey(shape), known, bytes);
}
