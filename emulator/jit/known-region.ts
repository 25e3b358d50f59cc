/** A compiled region as all machines know it, also those of a later process. */

import { type EntryMap, entryMaps, pagesOf, type Region, usesX87 } from "./region.ts";
import type { Shape } from "./shape.ts";

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
