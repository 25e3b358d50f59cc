/**
 * Compiled regions from one process to the next. Programs that have a place for them give it by a name that the bundler
 * puts in (src/host/kept-regions.ts); elsewhere there is none. No guest can tell.
 */
import type { KnownRegion } from "./known-region.ts";

/** A region without its shape, by whose key it is asked for, and without its module until that is wanted. */
export interface StoredRegion extends Omit<KnownRegion, "shape" | "module"> {
  load(): WebAssembly.Module;
}

export interface RegionStore {
  /** What earlier processes have left of a shape (shape.ts), the least useful first. */
  regionsOf(shape: string): readonly StoredRegion[];
  /** This process has compiled a region from `bytes`. */
  add(shape: string, region: KnownRegion, bytes: Uint8Array<ArrayBuffer>): void;
}

declare const QURE_REGION_STORE: RegionStore | undefined;

export const regionStore: RegionStore | null = typeof QURE_REGION_STORE === "undefined" ? null : QURE_REGION_STORE;
