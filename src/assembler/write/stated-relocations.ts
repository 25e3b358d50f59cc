/**
 * Relocations that the source asks for itself (`.reloc place, type, target`), among those of its fields: in the order
 * of their places, before others at the same place.
 */

import { R, RELOCATION_TYPES, relocationBytes } from "../../object/relocation-types.ts";
import * as integer from "../model/integer.ts";
import type { Program } from "../model/program.ts";
import { RelocationList, type StatedRelocation } from "../model/relocations.ts";
import { type Section, SHF } from "../model/section.ts";
import type { AssemblySymbol } from "../model/symbol.ts";
import { type Resolver, Unresolvable } from "./resolver.ts";

interface PlacedRelocation {
  readonly at: number;
  readonly type: number;
  readonly symbol: AssemblySymbol | null;
}

/** The relocations of all sections, those of `.reloc` included. */
export function addStatedRelocations(
  program: Program,
  resolver: Resolver,
  relocations: Map<Section, RelocationList>,
): void {
  const bySection = new Map<Section, PlacedRelocation[]>();
  for (const stated of program.statedRelocations) {
    try {
      place(program, resolver, stated, bySection);
    } catch (error) {
      if (!(error instanceof Unresolvable)) throw error;
      report(program, stated, error.id, error.message);
    }
  }
  for (const [section, placed] of bySection)
    relocations.set(section, merged(relocations.get(section) ?? new RelocationList(), placed));
}

function place(
  program: Program,
  resolver: Resolver,
  stated: StatedRelocation,
  bySection: Map<Section, PlacedRelocation[]>,
): void {
  const { plus, minus, number } = resolver.resolve(stated.place);
  if (plus === null || minus !== null || !plus.section.isReal)
    return report(program, stated, "bad-argument", "the place of a relocation is one in a section of this file");
  const { section } = plus;
  const at = Number(integer.add(resolver.address(plus), number));
  const bytes = relocationBytes(stated.type, 4);
  if (at < 0 || at + bytes > section.sizeBytes)
    return report(program, stated, "bad-argument", `section \`${section.name}' has no place ${at}`);
  let symbol: AssemblySymbol | null = null;
  let addend: integer.Integer = 0;
  if (stated.target !== null) {
    const target = resolver.resolve(stated.target);
    if (target.minus !== null)
      return report(program, stated, "not-relocatable", "a relocation names one symbol and a number");
    symbol = target.plus;
    addend = target.number;
  }
  const keepsLocals = program.options.keepLocals === true;
  if (symbol?.hasLocalName && !keepsLocals && symbol.section.isReal && section.symbol !== null) {
    const { flags } = symbol.section;
    if (!(flags & SHF.MERGE && addend != 0) && (flags & SHF.TLS) === 0 && stated.type !== R.NONE) {
      addend = integer.add(addend, resolver.address(symbol));
      symbol = symbol.section.symbol;
    }
  }
  if (symbol !== null) {
    symbol.usedInRelocation = true;
    program.symbolList.needForRelocation(symbol);
  }
  if (RELOCATION_TYPES.get(stated.type)?.pcRelative) addend = integer.subtract(addend, at);
  if (addend != 0 && section.hasContents && bytes > 0) {
    const { contents } = section;
    let before = 0;
    for (let i = 0; i < bytes; i++) before += contents[at + i]! * 2 ** (8 * i);
    integer.writeInteger(contents, at, integer.add(before, addend), bytes);
  }
  const placed = bySection.get(section) ?? [];
  bySection.set(section, placed);
  placed.push({ at, type: stated.type, symbol });
}

function merged(list: RelocationList, placed: readonly PlacedRelocation[]): RelocationList {
  const result = new RelocationList();
  let next = 0;
  const addUpTo = (at: number): void => {
    for (; next < placed.length && placed[next]!.at < at; next++)
      result.add(placed[next]!.at, placed[next]!.type, placed[next]!.symbol);
  };
  for (let i = 0; i < list.length; i++) {
    addUpTo(list.offsets[i]!);
    result.add(list.offsets[i]!, list.types[i]!, list.symbols[i]!);
  }
  addUpTo(Infinity);
  return result;
}

function report(program: Program, { frame, offset }: StatedRelocation, id: string, message: string): void {
  program.reporter.report("error", id, frame, offset, 1, message, {});
}
