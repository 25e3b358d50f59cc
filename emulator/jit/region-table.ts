/**
 * The table through which compiled regions of one machine jump to each other, by the entrance (entrance.ts), and the
 * instances that are made for it. Slots are not used again, so that a table goes with the code that it was made for.
 */

import { entranceOf } from "./entrance.ts";
import type { RegionImports } from "./instance.ts";
import type { KnownRegion } from "./known-region.ts";
import type { RegionFunction } from "./machine-region.ts";
import { x87Unit } from "./x87/unit.ts";

const FIRST_SIZE = 64;
const MAX_REGIONS = 2048;

export class RegionTable {
  readonly #helpers: RegionImports[string];
  #table!: WebAssembly.Table;
  #imports!: RegionImports;
  #x87Imports: RegionImports | null = null;
  #used = 0;
  #installed = 0;

  /** `helpers`: the machine's memory, and the functions that regions import. */
  constructor(helpers: RegionImports[string]) {
    this.#helpers = helpers;
    this.clear();
  }

  /** What regions import. */
  get imports(): RegionImports {
    return this.#imports;
  }

  /** Regions that have not been dropped. */
  get installed(): number {
    return this.#installed;
  }

  get isUsed(): boolean {
    return this.#used > 0;
  }

  get isFull(): boolean {
    return this.#used === MAX_REGIONS;
  }

  /** Makes a region's code callable, also by other regions. */
  install({ module, usesX87 }: KnownRegion): { readonly slot: number; readonly run: RegionFunction } {
    const instance = new WebAssembly.Instance(module, usesX87 ? this.#withX87() : this.#imports);
    const run = instance.exports["f"] as RegionFunction;
    const slot = this.#used++;
    if (slot === this.#table.length) this.#table.grow(this.#table.length);
    this.#table.set(slot, run);
    this.#installed++;
    return { slot, run };
  }

  drop(slot: number): void {
    this.#installed--;
    this.#table.set(slot, null);
  }

  /** Begins anew. What runs at the moment must come to no further region. */
  clear(): void {
    this.#table = new WebAssembly.Table({ element: "anyfunc", initial: FIRST_SIZE });
    const passedOn = entranceOf({ m: { ...this.#helpers, t: this.#table } });
    this.#imports = { m: { ...this.#helpers, ...passedOn } };
    this.#x87Imports = null;
    this.#used = 0;
    this.#installed = 0;
  }

  /** What regions import that have to do with the x87: its unit is made when it is first wanted. */
  #withX87(): RegionImports {
    return (this.#x87Imports ??= { m: { ...this.#imports["m"], ...x87Unit(this.#imports) } });
  }
}
