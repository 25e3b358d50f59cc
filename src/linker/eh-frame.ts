/**
 * Unwind information (.eh_frame; LSB Core 5.0, "DWARF Extensions"): drops the entries of functions that are not linked,
 * and all but one of equal common entries, as GNU ld does. A section that does not parse is linked as it is.
 */

import { BytesInMemory } from "../object/byte-source.ts";
import { REL_BYTES, STB_LOCAL } from "../object/elf.ts";
import { RelocationBytes } from "../object/elf-writer.ts";
import { type ElfRelocation, type ElfRelocations, RelocationTable } from "../object/relocation-table.ts";
import { R } from "../object/relocation-types.ts";
import type { InputSection } from "./input-section.ts";
import type { SymbolTable } from "./symbols.ts";

interface Record {
  readonly section: InputSection;
  /** In the object's section. */
  readonly start: number;
  readonly end: number;
  /** Of the object's section. */
  readonly content: Uint8Array;
  /** Those of the section by their offsets, and which of them are the record's. */
  readonly relocations: SortedRelocations;
  readonly first: number;
  readonly last: number;
  /** Of a description of a function: the common entry it goes on from. */
  readonly common: Record | null;
  isUsed: boolean;
  /** The equal record that is linked instead. */
  sameAs: Record | null;
  newStart: number;
}

/** The relocations of a section in the order of their offsets, as numbers. */
class SortedRelocations {
  readonly length: number;
  readonly offsets: Uint32Array;
  /** Type, and symbol above it. */
  readonly #infos: Uint32Array;

  constructor(relocations: ElfRelocations) {
    this.length = relocations.length;
    const offsets = new Uint32Array(this.length);
    const infos = new Uint32Array(this.length);
    if (relocations instanceof RelocationTable) {
      const view = relocations.view();
      for (let i = 0; i < this.length; i++) {
        offsets[i] = view.getUint32(i * REL_BYTES, true);
        infos[i] = view.getUint32(i * REL_BYTES + 4, true);
      }
    } else
      [...relocations].forEach(({ offset, type, symbol }, i) => {
        offsets[i] = offset;
        infos[i] = (symbol << 8) | type;
      });
    if (offsets.some((offset, i) => i > 0 && offset < offsets[i - 1]!)) {
      const order = Array.from(offsets.keys()).sort((a, b) => offsets[a]! - offsets[b]!);
      const sorted = order.map((i) => infos[i]!);
      offsets.sort();
      infos.set(sorted);
    }
    this.offsets = offsets;
    this.#infos = infos;
  }

  type(index: number): number {
    return this.#infos[index]! & 0xff;
  }

  symbol(index: number): number {
    return this.#infos[index]! >>> 8;
  }

  at(index: number): ElfRelocation {
    return { offset: this.offsets[index]!, type: this.type(index), symbol: this.symbol(index) };
  }
}

/** The relocation of a record at an offset from its start; -1 without one. */
function relocationAt({ relocations: { offsets }, start, first, last }: Record, offset: number): number {
  for (let i = first; i < last; i++) if (offsets[i] === start + offset) return i;
  return -1;
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
  const commons = new Map<number, Record>();
  const relocations = new SortedRelocations(section.elf.relocations);
  let next = 0;
  for (let at = 0; at < content.length; ) {
    if (at + 4 > content.length) return null;
    const length = view.getUint32(at, true);
    // The end mark, or records of 64 bits.
    if (length === 0 || length > 0xfffffff0 || length < 4) return null;
    const end = at + 4 + length;
    if (end > content.length) return null;
    const id = view.getUint32(at + 4, true);
    const common = id === 0 ? null : (commons.get(at + 4 - id) ?? null);
    if (id !== 0 && common === null) return null;
    const first = next;
    while (next < relocations.length && relocations.offsets[next]! < end) next++;
    const record: Record = {
      section,
      start: at,
      end,
      content,
      relocations,
      first,
      last: next,
      common,
      isUsed: false,
      sameAs: null,
      newStart: 0,
    };
    records.push(record);
    if (id === 0) commons.set(at, record);
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
  const all = ({ relocations, first, last }: Record): ElfRelocation[] =>
    Array.from({ length: last - first }, (_, i) => relocations.at(first + i));
  return records.flatMap((record) => {
    const begin = relocationAt(record, BEGIN_AT);
    if (record.common === null || begin < 0) return [];
    const own = all(record);
    return [
      { begin: own[begin - record.first]!, others: [...own.toSpliced(begin - record.first, 1), ...all(record.common)] },
    ];
  });
}

/** Where the address of a function stands in its record. */
const BEGIN_AT = 8;

function isFunctionGone(record: Record, symbols: SymbolTable): boolean {
  const { section, relocations } = record;
  const begin = relocationAt(record, BEGIN_AT);
  if (begin < 0) return false;
  const symbol = section.object.elf.table.at(relocations.symbol(begin))!;
  if (symbol.binding === STB_LOCAL) return section.object.sections[symbol.section]?.isDiscarded ?? false;
  const resolved = symbols.get(symbol.name);
  const home = section.object.sections[symbol.section];
  return (home?.isDiscarded ?? false) || (resolved?.section?.isDiscarded ?? false);
}

/** Where the range of addresses stands in a record. */
const RANGE_AT = 12;

/** The range of addresses, which comes after their begin, has no length. */
function coversNothing(record: Record): boolean {
  const { content, start, end } = record;
  const at = start + RANGE_AT;
  if (at + 4 > end || relocationAt(record, RANGE_AT) >= 0) return false;
  return content[at] === 0 && content[at + 1] === 0 && content[at + 2] === 0 && content[at + 3] === 0;
}

/** Equal texts mean equal records: bytes and what the relocations refer to. */
function contentKey({ section, start, end, content, relocations, first, last }: Record): string {
  let key = content.subarray(start, end).join();
  for (let i = first; i < last; i++) {
    const { binding, name, section: index, value } = section.object.elf.table.at(relocations.symbol(i))!;
    const target = binding === STB_LOCAL ? `${section.object.path}#${index}+${value}` : name;
    key += `;${relocations.offsets[i]! - start}:${relocations.type(i)}:${target}`;
  }
  return key;
}

function rewrite(section: InputSection, records: readonly Record[]): void {
  const kept = records.filter(({ isUsed }) => isUsed);
  let sizeBytes = 0;
  for (const record of kept) {
    record.newStart = sizeBytes;
    sizeBytes += record.end - record.start;
  }
  const content = new Uint8Array(sizeBytes);
  for (const { start, end, newStart, content: before } of kept) content.set(before.subarray(start, end), newStart);
  // Relocations of what was dropped stay as empty ones at the place of the one before, as GNU ld has it.
  const table = new RelocationBytes(records.at(-1)?.last ?? 0);
  let at = 0;
  for (const { isUsed, start, newStart, relocations, first, last } of records)
    for (let i = first; i < last; i++) {
      if (isUsed) at = relocations.offsets[i]! - start + newStart;
      if (isUsed) table.add(at, relocations.type(i), relocations.symbol(i));
      else table.add(at, R.NONE, 0);
    }
  section.content = content;
  section.sizeBytes = sizeBytes;
  section.relocations = new RelocationTable(new BytesInMemory(table.bytes), 0, table.bytes.length);
  section.moved = (offset) => {
    const record = records.find(({ start, end }) => offset >= start && offset < end);
    if (!record) return { section, offset: sizeBytes };
    const home = record.sameAs ?? record;
    return { section: home.section, offset: home.newStart + offset - record.start };
  };
  // The distance to the common entry is only known when all sections have their places.
  const fixups: { readonly offset: number; readonly common: Record }[] = [];
  for (const { newStart, common } of kept)
    if (common !== null) fixups.push({ offset: newStart + 4, common: common.sameAs ?? common });
  unwindFixups.set(section, fixups);
}

const unwindFixups = new WeakMap<InputSection, readonly { readonly offset: number; readonly common: Record }[]>();

/** Writes the distances of functions' records to their common entries into what is linked of a section. */
export function fixUnwind(section: InputSection, content: Uint8Array): void {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  for (const { offset, common } of unwindFixups.get(section) ?? []) {
    view.setUint32(offset, section.offset + offset - common.section.offset - common.newStart, true);
  }
}
