/** A compiled region as all machines know it, also those of a later process. */

import { fnv1a } from "../../src/bytes/fnv.ts";
import { originOf, pagesOf, type Region, usesX87 } from "./region.ts";
import { entryMaps, type RegionLayout } from "./region-memory.ts";

/** Code at an EIP, from the region's origin on (region.ts), by its bytes. */
export interface KnownCode {
  readonly eip: number;
  readonly bytes: Uint8Array;
}

/** The same without its bytes: enough to tell what is not to be looked at. */
export type CodeSketch = readonly [eip: number, lengthBytes: number, hash: number];

export const sketchOf = ({ eip, bytes }: KnownCode): CodeSketch => [eip, bytes.length, fnv1a(bytes)];

/** Whether bytes in memory may be the code of a sketch. */
export const mayBe = ([, lengthBytes, hash]: CodeSketch, memory: Uint8Array, offset: number): boolean =>
  fnv1a(memory, offset, offset + lengthBytes) === hash;

/** Whether code is in memory. */
export function lies({ bytes }: KnownCode, memory: Uint8Array, offset: number): boolean {
  for (let at = 0; at < bytes.length; at++) if (memory[offset + at] !== bytes[at]) return false;
  return true;
}

/** A compiled region, as far as it is the same for all machines. */
export interface KnownRegion extends RegionLayout {
  readonly module: WebAssembly.Module;
  readonly usesX87: boolean;
  /** How many there are in all blocks. */
  readonly instructions: number;
  /** Of each block; empty for a region that only the machine can use that made it. */
  readonly code: readonly KnownCode[];
}

/** A region with its module, before anybody else knows of it. */
export function describe(region: Region, module: WebAssembly.Module, memory: Uint8Array): KnownRegion {
  const { shape, blocks, entries } = region;
  const origin = originOf(region);
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
          eip: (eip - origin) | 0,
          bytes: memory.slice(source.offset, source.offset + ((next - eip) & 0xffff)),
        }))
      : [],
  };
}
