/**
 * Compiled regions from one process to the next. Programs that have a place for them give it by a name that the bundler
 * puts in (src/host/compiled/kept-regions.ts); elsewhere there is none. No guest can tell.
 */
import type { CodeSketch, KnownRegion } from "./known-region.ts";
import type { Shape } from "./shape.ts";

/** What is known of a region before anything comes to it. */
export interface StoredRegion {
  readonly entries: readonly CodeSketch[];
  /** The region, whose module is made when it is asked for; null where it was damaged. */
  load(shape: Shape): KnownRegion | null;
}

export interface RegionStore {
  /** What earlier processes have left of a shape, by its key (shape.ts), the least useful first. */
  regionsOf(shape: string): readonly StoredRegion[];
  /** This process has compiled a region from `bytes`. */
  add(shape: string, region: KnownRegion, bytes: Uint8Array<ArrayBuffer>): void;
}

declare const QURE_REGION_STORE: RegionStore | undefined;

export const regionStore: RegionStore | null = typeof QURE_REGION_STORE === "undefined" ? null : QURE_REGION_STORE;
