/**
 * What the machines of a process know together about guest code: which regions have been compiled. What one of them has
 * compiled the others take over when they come to it, by its bytes. No guest can tell. Each counts for itself how often
 * it runs what: to compile what all together have run often filled campaigns, whose machines live thousands of short
 * lives, with regions that none of them ran often.
 */

import type { EntryMap, Region } from "./region.ts";
import { entryMaps, pagesOf, usesX87 } from "./region.ts";
import type { Shape } from "./shape.ts";
import { shapeKey } from "./shape.ts";

/** Code at an EIP, by its bytes. */
export interface KnownCode {
  readonly eip: number;
  readonly bytes: Uint8Array;
}

/** A compiled region, as far as it is the same for all machines. */
export interface KnownRegion {
  readonly shape: Shape;
  readonly module: WebAssembly.Module;
  readonly usesX87: boolean;
  readonly pages: readonly number[];
  readonly maps: readonly EntryMap[];
  /** Indices of the blocks that may be entered. */
  readonly entries: readonly number[];
  /** How many there are in all blocks. */
  readonly instructions: number;
  /** Of each block; empty for a region that only the machine can use that made it. */
  readonly code: readonly KnownCode[];
}

/** Regions that begin at an address are kept up to so many: of other systems, or of other parts of a page. */
const MOST_AT_ENTRY = 4;
/** Beyond so many bytes of guest code everything is forgotten; machines keep what they use. */
const MAX_BYTES = 8 << 20;

/** What is known of code of one shape, by EIP. */
export class Experience {
  /** Regions that can be entered there, the last one first. */
  readonly regions = new Map<number, KnownRegion[]>();

  /** From now on other machines find a region at an EIP. */
  remember(eip: number, known: KnownRegion): void {
    const there = this.regions.get(eip);
    if (there === undefined) this.regions.set(eip, [known]);
    else if (there.unshift(known) > MOST_AT_ENTRY) there.pop();
  }
}

const experiences = new Map<string, Experience>();
let sizeBytes = 0;

export function experienceOf(shape: Shape): Experience {
  const key = shapeKey(shape);
  let experience = experiences.get(key);
  if (experience === undefined) experiences.set(key, (experience = new Experience()));
  return experience;
}

/** A region with its module, before anybody else knows of it. */
export function describe(region: Region, module: WebAssembly.Module, memory: Uint8Array): KnownRegion {
  const { shape, blocks, entries } = region;
  // Code that rewrites its immediates is known by more than its bytes.
  const isShared = blocks.every(({ source }) => source.gaps.length === 0);
  return {
    shape,
    module,
    usesX87: usesX87(region),
    pages: pagesOf(region),
    maps: entryMaps(region),
    entries,
    instructions: blocks.reduce((sum, { instructions }) => sum + instructions.length, 0),
    code: isShared
      ? blocks.map(({ eip, next, source }) => ({
          eip,
          bytes: memory.slice(source.offset, source.offset + ((next - eip) & 0xffff)),
        }))
      : [],
  };
}

/** From now on other machines find a region at each of its entries. */
export function remember(known: KnownRegion): void {
  const { shape, code, entries } = known;
  if (code.length === 0) return;
  if (sizeBytes > MAX_BYTES) {
    for (const { regions } of experiences.values()) regions.clear();
    sizeBytes = 0;
  }
  sizeBytes += code.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const experience = experienceOf(shape);
  for (const entry of entries) experience.remember(code[entry]!.eip, known);
}
