/**
 * Unwind information (.eh_frame; LSB Core 5.0, "DWARF Extensions"): drops the entries of functions that are not linked,
 * and all but one of equal common entries, as GNU ld does. A section that does not parse is linked as it is.
 */

import { STB_LOCAL } from "../object/elf.ts";
import type { ElfRelocation } from "../object/relocation-table.ts";
import { R } from "../object/relocation-types.ts";
import type { InputSection } from "./input-section.ts";
import type { SymbolTable } from "./symbols.ts";

interface Record {
  readonly section: InputSection;
  /** In the object's section. */
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  readonly relocations: readonly ElfRelocation[];
  /** Of a description of a function: the common entry it goes on from. */
  readonly common: Record | null;
  isUsed: boolean;
  /** The equal record that is linked instead. */
  sameAs: Record | null;
  newStart: number;
}

/**
 * Rearranges the sections, which come into one output section in this order. `sharesCommon`: equal common entries
 * become one (not with -r). Records of empty functions go.
 */
export function shrinkUnwind(sections: readonly InputSection[], symbols: SymbolTable, sharesCommon: boolean): void {
  const known = new Map<string, Record>();
  for (const section of sections) {
    const records = parse(section);
    if (records === null) continue;
    for (const record of records) {
      if (record.common === null || isFunctionGone(record, symbols)) continue;
      if (coversNothing(record)) continue;
      record.isUsed = true;
      const { common } = record;
      // What becomes of it is settled by the first that goes on from it.
      if (common.isUsed || common.sameAs !== null) continue;
      const key = contentKey(common);
      const same = sharesCommon ? known.get(key) : undefined;
      if (same && same !== common) common.sameAs = same;
      else {
        known.set(key, common);
        common.isUsed = true;
      }
    }
    rewrite(section, records);
  }
}

/** Null when this is not unwind information as the tools write it. */
function parse(section: InputSection): Record[] | null {
  const { content } = section.elf;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const records: Record[] = [];
  const byStart = new Map<number, Record>();
  const relocations = [...section.elf.relocations].sort((a, b) => a.offset - b.offset);
  let next = 0;
  for (let at = 0; at < content.length; ) {
    if (at + 4 > content.length) return null;
    const length = view.getUint32(at, true);
    // The end mark, or records of 64 bits.
    if (length === 0 || length > 0xfffffff0 || length < 4) return null;
    const end = at + 4 + length;
    if (end > content.length) return null;
    const id = view.getUint32(at + 4, true);
    const common = id === 0 ? null : (byStart.get(at + 4 - id) ?? null);
    if (id !== 0 && common === null) return null;
    const first = next;
    while (next < relocations.length && relocations[next]!.offset < end) next++;
    const record: Record = {
      section,
      start: at,
      end,
      bytes: content.subarray(at, end),
      relocations: relocations.slice(first, next),
      common,
      isUsed: false,
      sameAs: null,
      newStart: 0,
    };
    records.push(record);
    byStart.set(at, record);
    at = end;
  }
  return records;
}

/** What unwinding through a function needs besides its record. */
export interface UnwindNeeds {
  /** The relocation of the address where the function begins. */
  readonly begin: ElfRelocation;
  /** Those of its table of exceptions, and of the personality routine of its common entry. */
  readonly others: readonly ElfRelocation[];
}

/** Of a section .eh_frame, for each function; null when nobody can read it. */
export function unwindNeeds(section: InputSection): UnwindNeeds[] | null {
  const records = parse(section);
  if (records === null) return null;
  return records.flatMap(({ start, relocations, common }) => {
    const begin = relocations.find(({ offset }) => offset === start + 8);
    if (common === null || begin === undefined) return [];
    return [{ begin, others: [...relocations.filter((one) => one !== begin), ...common.relocations] }];
  });
}

function isFunctionGone({ section, start, relocations }: Record, symbols: SymbolTable): boolean {
  const relocation = relocations.find(({ offset }) => offset === start + 8);
  if (!relocation) return false;
  const symbol = section.object.elf.symbols[relocation.symbol]!;
  if (symbol.binding === STB_LOCAL) return section.object.sections[symbol.section]?.isDiscarded ?? false;
  const resolved = symbols.get(symbol.name);
  const home = section.object.sections[symbol.section];
  return (home?.isDiscarded ?? false) || (resolved?.section?.isDiscarded ?? false);
}

/** Where the range of addresses stands in a record. */
const RANGE_AT = 12;

/** The range of addresses, which comes after their begin, has no length. */
function coversNothing({ start, bytes, relocations }: Record): boolean {
  if (bytes.length < RANGE_AT + 4 || relocations.some(({ offset }) => offset === start + RANGE_AT)) return false;
  return bytes[RANGE_AT] === 0 && bytes[RANGE_AT + 1] === 0 && bytes[RANGE_AT + 2] === 0 && bytes[RANGE_AT + 3] === 0;
}

/** Equal texts mean equal records: bytes and what the relocations refer to. */
function contentKey({ section, start, bytes, relocations }: Record): string {
  const targets = relocations.map(({ offset, type, symbol }) => {
    const { binding, name, section: index, value } = section.object.elf.symbols[symbol]!;
    return `${offset - start}:${type}:${binding === STB_LOCAL ? `${section.object.path}#${index}+${value}` : name}`;
  });
  return `${bytes.join()};${targets.join()}`;
}

function rewrite(section: InputSection, records: readonly Record[]): void {
  const kept = records.filter(({ isUsed }) => isUsed);
  let sizeBytes = 0;
  for (const record of kept) {
    record.newStart = sizeBytes;
    sizeBytes += record.end - record.start;
  }
  const content = new Uint8Array(sizeBytes);
  const relocations: ElfRelocation[] = [];
  for (const record of kept) content.set(record.bytes, record.newStart);
  // Relocations of what was dropped stay as empty ones at the place of the one before, as GNU ld has it.
  let last = 0;
  for (const record of records) {
    for (const relocation of record.relocations) {
      if (record.isUsed) last = relocation.offset - record.start + record.newStart;
      relocations.push(record.isUsed ? { ...relocation, offset: last } : { offset: last, type: R.NONE, symbol: 0 });
    }
  }
  section.content = content;
  section.sizeBytes = sizeBytes;
  section.relocations = relocations;
  section.moved = (offset) => {
    const record = records.find(({ start, end }) => offset >= start && offset < end);
    if (!record) return { section, offset: sizeBytes };
    const home = record.sameAs ?? record;
    return { section: home.section, offset: home.newStart + offset - record.start };
  };
  // The distance to the common entry is only known when all sections have their places.
  unwindFixups.set(
    section,
    kept.flatMap((record) =>
      record.common ? [{ offset: record.newStart + 4, common: record.common.sameAs ?? record.common }] : [],
    ),
  );
}

const unwindFixups = new WeakMap<InputSection, readonly { readonly offset: number; readonly common: Record }[]>();

/** Writes the distances of functions' records to their common entries into what is linked of a section. */
export function fixUnwind(section: InputSection, content: Uint8Array): void {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  for (const { offset, common } of unwindFixups.get(section) ?? []) {
    view.setUint32(offset, section.offset + offset - common.section.offset - common.newStart, true);
  }
}
