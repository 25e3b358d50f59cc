/** Memory regions of a script (GNU ld 2.40, "MEMORY"): how full each is while the sections are laid out. */
import type { OutputSection } from "./output-section.ts";
import type { Expression, LinkerScript, MemoryRegion } from "./script/tree.ts";
import { SEC_ALLOC, SEC_CODE, SEC_DATA, SEC_LOAD, SEC_READONLY } from "./section-flags.ts";

export interface Region {
  readonly name: string;
  readonly origin: number;
  readonly length: number;
  current: number;
  /** The last section that was placed in it, for the load addresses of those that follow. */
  last: OutputSection | null;
  isFull: boolean;
}

export const DEFAULT_REGION = "*default*";
/** Length of the region for everything else, as the map shows it. */
const DEFAULT_REGION_BYTES = 2 ** 32;
/** Length of a region that sections go into and MEMORY does not declare. */
const UNDECLARED_REGION_BYTES = 2 ** 32 - 1;

export class MemoryRegions {
  /** In the order of the script. */
  readonly declared: readonly MemoryRegion[];
  /** Those that a script names though MEMORY does not declare them, with the line where it first does so. */
  readonly undeclared: Map<string, { readonly path: string; readonly line: number }>;
  /**
   * How many of those the map has before the region for everything else, which comes last where all sections have one.
   */
  readonly #usedCount: number;
  /** Whether MEMORY or a section speaks of any besides the one for everything else. */
  readonly hasOthers: boolean;
  readonly #aliases: ReadonlyMap<string, string>;
  readonly #byName = new Map<string, Region>();

  constructor(scripts: readonly LinkerScript[]) {
    this.declared = scripts.flatMap(({ regions }) => regions);
    this.#aliases = new Map(scripts.flatMap(({ regionAliases }) => [...regionAliases]));
    const known = new Set([DEFAULT_REGION, ...this.#aliases.keys(), ...this.declared.map(({ name }) => name)]);
    const undeclared = new Map<string, { path: string; line: number }>();
    const isFallbackFirst = scripts.some(({ statements }) =>
      statements.some((statement) => statement.kind === "section" && statement.region === null),
    );
    for (const { path, statements } of scripts)
      for (const statement of statements)
        if (statement.kind === "section")
          for (const name of [statement.loadRegion, statement.region])
            if (name !== null && !known.has(name) && !undeclared.has(name))
              undeclared.set(name, { path, line: statement.line });
    this.undeclared = undeclared;
    this.hasOthers = this.declared.length + undeclared.size > 0;
    this.#usedCount = isFallbackFirst ? undeclared.size : Infinity;
  }

  /**
   * Empties all regions for another pass. Lengths have 64 bits, so a region may reach to the end of the address space.
   */
  restart(addressOf: (origin: Expression) => number, sizeOf: (length: Expression) => number): void {
    this.#byName.clear();
    // What one says of another that comes later is not known yet.
    for (const { name } of this.declared) this.#add(name, 0, UNDECLARED_REGION_BYTES);
    for (const { name, origin, length } of this.declared) this.#add(name, addressOf(origin), sizeOf(length));
    const undeclared = [...this.undeclared.keys()];
    for (const name of undeclared.slice(0, this.#usedCount)) this.#add(name, 0, UNDECLARED_REGION_BYTES);
    this.#add(DEFAULT_REGION, 0, DEFAULT_REGION_BYTES);
    for (const name of undeclared.slice(this.#usedCount)) this.#add(name, 0, UNDECLARED_REGION_BYTES);
  }

  #add(name: string, origin: number, length: number): void {
    this.#byName.set(name, { name, origin, length, current: origin, last: null, isFull: false });
  }

  get(name: string): Region | null {
    let real = name;
    for (let hops = 0; hops <= this.#aliases.size && this.#aliases.has(real); hops++) real = this.#aliases.get(real)!;
    return this.#byName.get(real) ?? null;
  }

  /** The same for an expression: what nobody declares is there from now on. */
  named(name: string, path: string, line: number): Region {
    const known = this.get(name);
    if (known) return known;
    this.undeclared.set(name, { path, line });
    this.#add(name, 0, UNDECLARED_REGION_BYTES);
    return this.#byName.get(name)!;
  }

  fallback(): Region {
    return this.#byName.get(DEFAULT_REGION)!;
  }

  /** Those of the script, the one for everything else, and those of expressions. */
  all(): Region[] {
    const all = [...this.#byName.values()];
    return this.#usedCount < Infinity ? all : [...all.filter(({ name }) => name !== DEFAULT_REGION), this.fallback()];
  }

  /** The first region whose attributes a section has, for those that the script puts nowhere. */
  forFlags(flags: number): Region | null {
    if ((flags & (SEC_ALLOC | SEC_LOAD)) === 0) return null;
    // W means written to, which for a section is alloc without read-only or code.
    const isWritable = (flags & (SEC_ALLOC | SEC_READONLY | SEC_CODE)) === SEC_ALLOC;
    const known: Readonly<Record<string, boolean>> = {
      a: true,
      r: (flags & SEC_READONLY) !== 0,
      w: isWritable || (flags & SEC_DATA) !== 0,
      x: (flags & SEC_CODE) !== 0,
      l: (flags & SEC_LOAD) !== 0,
      i: (flags & SEC_LOAD) !== 0,
    };
    for (const { name, attributes } of this.declared) {
      const [wanted, refused] = attributes.toLowerCase().split("!") as [string, string | undefined];
      if ([...wanted].some((letter) => known[letter]) && ![...(refused ?? "")].some((letter) => known[letter]))
        return this.#byName.get(name)!;
    }
    return null;
  }
}

const bytesOver = ({ current, origin, length }: Region): number => current - origin - length;

/** Whether what a section that begins at `start` filled a region up to is none of it. */
export function isOutside(region: Region, start: number): boolean {
  const over = bytesOver(region);
  return region.name !== DEFAULT_REGION && (region.current < region.origin || over > 0) && (over !== 0 || start === 0);
}

/** What is said of that: a section with an address of its own ends somewhere else, another one has no room. */
export function overflowMessage(region: Region, section: string, hasAddress: boolean): string {
  const over = bytesOver(region);
  if (hasAddress)
    return `section ${section} ends at 0x${region.current.toString(16)}, which is not within region ${region.name}`;
  if (over > 0) return `section ${section} does not fit into region ${region.name}: ${over} bytes too many`;
  return `section ${section} lies before region ${region.name}`;
}
