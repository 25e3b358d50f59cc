/** A region as one machine has it: an instance of its code, in a slot of the machine's table. */

import type { Block, CompiledRegion } from "../cpu/block.ts";
import type { KnownRegion } from "./known-region.ts";

export type RegionFunction = (entry: number, budget: number, self: number) => number;

export class MachineRegion implements CompiledRegion {
  readonly blocks: readonly Block[];
  readonly slot: number;
  readonly mapAddress: number;
  readonly run: RegionFunction;
  readonly direct: boolean;
  readonly isPlaced: boolean;
  readonly isProtected: boolean;
  /** See pagesOf. */
  readonly pages: readonly number[];

  constructor(
    blocks: readonly Block[],
    slot: number,
    mapAddress: number,
    run: RegionFunction,
    { shape: { direct, isPlaced, isProtected }, pages }: KnownRegion,
  ) {
    this.blocks = blocks;
    this.slot = slot;
    this.mapAddress = mapAddress;
    this.run = run;
    this.direct = direct;
    this.isPlaced = isPlaced;
    this.isProtected = isProtected;
    this.pages = pages;
  }
}
