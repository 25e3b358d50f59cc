/**
 * What a region keeps in the machine's memory, at an address that its function is given: its origin, if it may lie
 * elsewhere (shape.ts), where its pages were found, a dword for each of `pagesOf`, and maps of its entries, of each
 * such page or one of all.
 */
import type { MachineMemory } from "../cpu/memory.ts";
import { MOST_PAGES, originOf, pageOf, pagesOf, type Region } from "./region.ts";
import { isMovable, type Shape } from "./shape.ts";

/** Beyond this an entry map is not worth its memory. */
const MAX_MAP_BYTES = 16384;
/** More than what any region keeps. */
export const LARGEST_MEMORY_BYTES = MOST_PAGES * 4096 + 4 * MOST_PAGES + 4;

/** Where a movable region keeps its origin. */
export const ORIGIN_AT = 0;

/** Where a region keeps a page's place. */
export const pagePlaceAt = (shape: Shape, index: number): number => (isMovable(shape) ? 4 : 0) + 4 * index;

/** A byte for each address from the first on, at `at`. */
export interface EntryMap {
  readonly firstEip: number;
  readonly sizeBytes: number;
  readonly at: number;
}

/** What there is to be kept. */
export interface RegionLayout {
  readonly shape: Shape;
  readonly pages: readonly number[];
  readonly maps: readonly EntryMap[];
  /** Indices of the blocks that may be entered. */
  readonly entries: readonly number[];
}

/** Entries that lie too far apart have no map. */
export function entryMaps(region: Region): readonly EntryMap[] {
  const { blocks, entries } = region;
  const origin = originOf(region);
  const eips = entries.map((entry) => (blocks[entry]!.eip - origin) >>> 0);
  const pages = pagesOf(region);
  const groups = pages.length === 0 ? [eips] : pages.map((page) => eips.filter((eip) => pageOf(eip) === page));
  let at = pagePlaceAt(region.shape, pages.length);
  return groups
    .filter((group) => group.length > 0)
    .map((group) => {
      const firstEip = Math.min(...group);
      const map = { firstEip: firstEip | 0, sizeBytes: Math.max(...group) - firstEip + 1, at };
      at += map.sizeBytes;
      return map;
    })
    .filter(({ sizeBytes }) => sizeBytes <= MAX_MAP_BYTES);
}

/** Code as a machine has it: its address, and where it is in memory. */
interface Placed {
  readonly eip: number;
  readonly offset: number;
}

/** Writes what a region keeps. `code`: its blocks. Returns where the next region's may begin. */
export function writeRegionMemory(
  { bytes, words }: MachineMemory,
  address: number,
  { shape, pages, maps, entries }: RegionLayout,
  code: readonly Placed[],
): number {
  const origin = originOf({ shape, blocks: code });
  if (isMovable(shape)) words[(address + ORIGIN_AT) >>> 2] = origin;
  for (const { eip, offset } of code) {
    const page = pages.indexOf(pageOf(eip - origin));
    if (page >= 0) words[(address + pagePlaceAt(shape, page)) >>> 2] = pageOf(offset);
  }
  let sizeBytes = pagePlaceAt(shape, pages.length);
  for (const map of maps) {
    sizeBytes = Math.max(sizeBytes, map.at + map.sizeBytes);
    entries.forEach((block, index) => {
      const place = (code[block]!.eip - origin - map.firstEip) >>> 0;
      if (place < map.sizeBytes) bytes[address + map.at + place] = index + 1;
    });
  }
  return address + ((sizeBytes + 15) & ~15);
}
