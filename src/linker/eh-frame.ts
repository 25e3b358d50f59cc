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

/** What a record is in a table of them: numbers, for there is one for each function of a program. */
const RECORD_NUMBERS = 4;
/** Where it begins in the object's section; it ends where the next one begins. */
const START = 0;
/** Its first relocation, among those of the section by their offsets; the last is before the next one's first. */
const FIRST = 1;
/** Of a description of a function: the common entry it goes on from, by its number; -1 for a common entry. */
const COMMON = 2;
/** Where it begins in what is linked; -1 when it is dropped. */
const NEW_START = 3;

/** A record of unwind information. */
interface Place {
  readonly records: Records;
  readonly number: number;
}

/** The records of a section. */
class Records {
  readonly section: InputSection;
  /** Of the object's section. */
  readonly content: Uint8Array;
  readonly relocations: SortedRelocations;
  readonly length: number;
  /** Common entries for which an equal record is linked, by their numbers. */
  readonly sameAs = new Map<number, Place>();
  /** Behind the last record stands where it ends. */
  readonly #rows: Int32Array;

  constructor(section: InputSection, content: Uint8Array, relocations: SortedRelocations, rows: Int32Array) {
    this.section = section;
    this.content = content;
    this.relocations = relocations;
    this.length = rows.length / RECORD_NUMBERS - 1;
    this.#rows = rows;
  }

  start(record: number): number {
    return this.#rows[record * RECORD_NUMBERS + START]!;
  }

  end(record: number): number {
    return this.start(record + 1);
  }

  /** The record's relocations are from here up to `last`. */
  first(record: number): number {
    return this.#rows[record * RECORD_NUMBERS + FIRST]!;
  }

  last(record: number): number {
    return this.first(record + 1);
  }

  common(record: number): number {
    return this.#rows[record * RECORD_NUMBERS + COMMON]!;
  }

  newStart(record: number): number {
    return this.#rows[record * RECORD_NUMBERS + NEW_START]!;
  }

  isUsed(record: number): boolean {
    return this.newStart(record) >= 0;
  }

  /** It is linked, at this place when that is known. */
  place(record: number, newStart = 0): void {
    this.#rows[record * RECORD_NUMBERS + NEW_START] = newStart;
  }

  /** What is linked for a record: itself, or an equal one. */
  linkedFor(record: number): Place {
    return this.sameAs.get(record) ?? { records: this, number: record };
  }

  /** The record that an offset of the object's section lies in; -1 outside of all. */
  at(offset: number): number {
    if (offset < 0 || offset >= this.start(this.length)) return -1;
    let low = 0;
    let high = this.length;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.start(middle) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  /** The relocation of a record at an offset from its start; -1 without one. */
  relocationAt(record: number, offset: number): number {
    const { offsets } = this.relocations;
    const last = this.last(record);
    for (let i = this.first(record); i < last; i++) if (offsets[i] === this.start(record) + offset) return i;
    return -1;
  }
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

/**
 * Rearranges the sections, which come into one output section in this order. `sharesCommon`: equal common entries
 * become one (not with -r). Records of empty functions go.
 */
export function shrinkUnwind(sections: readonly InputSection[], sharesCommon: boolean): void {
  const known = new Map<string, Place>();
  for (const section of sections) {
    const records = parse(section);
    if (records === null) continue;
    chooseRecords(records, known, sharesCommon);
    rewrite(records);
  }
}

/** `known`: common entries of this section and those before it, by what they say. */
function chooseRecords(records: Records, known: Map<string, Place>, sharesCommon: boolean): void {
  for (let number = 0; number < records.length; number++) {
    const common = records.common(number);
    if (common < 0 || isFunctionGone(records, number) || coversNothing(records, number)) continue;
    records.place(number);
    // What becomes of it is settled by the first that goes on from it.
    if (records.isUsed(common) || records.sameAs.has(common)) continue;
    const key = contentKey(records, common);
    const same = sharesCommon ? known.get(key) : undefined;
    if (same) records.sameAs.set(common, same);
    else {
      known.set(key, { records, number: common });
      records.place(common);
    }
  }
}

/** How many records there are; null when this is not unwind information as the tools write it. */
function countRecords(view: DataView): number | null {
  let count = 0;
  for (let at = 0; at < view.byteLength; count++) {
    if (at + 4 > view.byteLength) return null;
    const length = view.getUint32(at, true);
    // The end mark, or records of 64 bits.
    if (length === 0 || length > 0xfffffff0 || length < 4) return null;
    at += 4 + length;
    if (at > view.byteLength) return null;
  }
  return count;
}

/** Null when this is not unwind information as the tools write it. */
function parse(section: InputSection): Records | null {
  const { content } = section.elf;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const count = countRecords(view);
  if (count === null) return null;
  const rows = new Int32Array((count + 1) * RECORD_NUMBERS);
  const commons = new Map<number, number>();
  const relocations = new SortedRelocations(section.elf.relocations);
  let next = 0;
  let at = 0;
  for (let number = 0; number <= count; number++) {
    const row = number * RECORD_NUMBERS;
    rows[row + START] = at;
    rows[row + FIRST] = next;
    rows[row + COMMON] = -1;
    rows[row + NEW_START] = -1;
    if (number === count) break;
    const end = at + 4 + view.getUint32(at, true);
    const id = view.getUint32(at + 4, true);
    if (id === 0) commons.set(at, number);
    else {
      const common = commons.get(at + 4 - id);
      if (common === undefined) return null;
      rows[row + COMMON] = common;
    }
    while (next < relocations.length && relocations.offsets[next]! < end) next++;
    at = end;
  }
  return new Records(section, content, relocations, rows);
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
  const { relocations } = records;
  const all = (number: number): ElfRelocation[] =>
    Array.from({ length: records.last(number) - records.first(number) }, (_, i) =>
      relocations.at(records.first(number) + i),
    );
  return Array.from({ length: records.length }, (_, number) => number).flatMap((number) => {
    const begin = records.relocationAt(number, BEGIN_AT);
    if (records.common(number) < 0 || begin < 0) return [];
    const own = all(number);
    const [found] = own.splice(begin - records.first(number), 1);
    return [{ begin: found!, others: [...own, ...all(records.common(number))] }];
  });
}

/** Where the address of a function stands in its record. */
const BEGIN_AT = 8;

function isFunctionGone(records: Records, number: number): boolean {
  const begin = records.relocationAt(number, BEGIN_AT);
  if (begin < 0) return false;
  const { object } = records.section;
  const index = records.relocations.symbol(begin);
  const isHomeGone = object.sections[object.elf.table.sectionOf(index)]?.isDiscarded ?? false;
  return isHomeGone || (object.globals[index]?.section?.isDiscarded ?? false);
}

/** Where the range of addresses stands in a record. */
const RANGE_AT = 12;

/** The range of addresses, which comes after their begin, has no length. */
function coversNothing(records: Records, number: number): boolean {
  const { content } = records;
  const at = records.start(number) + RANGE_AT;
  if (at + 4 > records.end(number) || records.relocationAt(number, RANGE_AT) >= 0) return false;
  return content[at] === 0 && content[at + 1] === 0 && content[at + 2] === 0 && content[at + 3] === 0;
}

/** Equal texts mean equal records: bytes and what the relocations refer to. */
function contentKey(records: Records, number: number): string {
  const { section, content, relocations } = records;
  const start = records.start(number);
  let key = content.subarray(start, records.end(number)).join();
  for (let i = records.first(number); i < records.last(number); i++) {
    const { binding, name, section: index, value } = section.object.elf.table.at(relocations.symbol(i))!;
    const target = binding === STB_LOCAL ? `${section.object.path}#${index}+${value}` : name;
    key += `;${relocations.offsets[i]! - start}:${relocations.type(i)}:${target}`;
  }
  return key;
}

function rewrite(records: Records): void {
  const { section, content: before, relocations } = records;
  let sizeBytes = 0;
  for (let number = 0; number < records.length; number++) {
    if (!records.isUsed(number)) continue;
    records.place(number, sizeBytes);
    sizeBytes += records.end(number) - records.start(number);
  }
  const content = new Uint8Array(sizeBytes);
  // Relocations of what was dropped stay as empty ones at the place of the one before, as GNU ld has it.
  const table = new RelocationBytes(records.first(records.length));
  for (let number = 0; number < records.length; ) {
    // Records that stay beside each other are copied at once.
    const first = number;
    while (number < records.length && records.isUsed(number)) number++;
    if (number > first)
      content.set(before.subarray(records.start(first), records.start(number)), records.newStart(first));
    else number++;
  }
  let at = 0;
  for (let number = 0; number < records.length; number++) {
    const start = records.start(number);
    const newStart = records.newStart(number);
    const last = records.last(number);
    for (let i = records.first(number); i < last; i++) {
      if (newStart >= 0) at = relocations.offsets[i]! - start + newStart;
      if (newStart >= 0) table.add(at, relocations.type(i), relocations.symbol(i));
      else table.add(at, R.NONE, 0);
    }
  }
  section.content = content;
  section.sizeBytes = sizeBytes;
  const { length: symbolCount } = section.object.elf.table;
  section.relocations = new RelocationTable(new BytesInMemory(table.bytes), 0, table.bytes.length, symbolCount);
  section.moved = (offset) => {
    const number = records.at(offset);
    if (number < 0) return { section, offset: sizeBytes };
    const home = records.linkedFor(number);
    return {
      section: home.records.section,
      offset: Math.max(0, home.records.newStart(home.number)) + offset - records.start(number),
    };
  };
  rearranged.set(section, records);
}

const rearranged = new WeakMap<InputSection, Records>();

/**
 * A description of a function as it is linked: where it stands in its section, and where and how it says whose it is.
 */
export interface DescribedFunction {
  readonly start: number;
  readonly beginAt: number;
  readonly encoding: number;
}

/** The descriptions that are linked of a section; null when nobody can read it. */
export function describedFunctions(section: InputSection): DescribedFunction[] | null {
  const records = rearranged.get(section);
  if (records === undefined) return null;
  const encodings = new Map<number, number>();
  const functions: DescribedFunction[] = [];
  for (let number = 0; number < records.length; number++) {
    const common = records.common(number);
    if (common < 0 || !records.isUsed(number)) continue;
    if (records.end(number) - records.start(number) < RANGE_AT + 4) return null;
    const start = records.newStart(number);
    let encoding = encodings.get(common);
    if (encoding === undefined) {
      encoding = addressEncoding(records.content.subarray(records.start(common), records.end(common)));
      encodings.set(common, encoding);
    }
    functions.push({ start, beginAt: start + BEGIN_AT, encoding });
  }
  return functions;
}

/** How a common entry says that addresses of functions are encoded; 0 for plain ones. */
function addressEncoding(entry: Uint8Array): number {
  const version = entry[AUGMENTATION_AT - 1]!;
  const end = entry.indexOf(0, AUGMENTATION_AT);
  const letters = String.fromCharCode(...entry.subarray(AUGMENTATION_AT, end));
  if (!letters.startsWith("z")) return 0;
  let at = end + 1;
  const skipLeb = (): void => {
    while ((entry[at++]! & 0x80) !== 0);
  };
  skipLeb();
  skipLeb();
  if (version === 1) at++;
  else skipLeb();
  skipLeb();
  for (const letter of letters.slice(1)) {
    if (letter === "R") return entry[at]!;
    if (letter === "L") at++;
    // A pointer of 32 bits after its encoding.
    else if (letter === "P") at += 5;
  }
  return 0;
}

/** The text that says what else a common entry holds, after its version. */
const AUGMENTATION_AT = 9;

/** Writes the distances of functions' records to their common entries into what is linked of a section. */
export function fixUnwind(section: InputSection, content: Uint8Array): void {
  const records = rearranged.get(section);
  if (records === undefined) return;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  for (let number = 0; number < records.length; number++) {
    const common = records.common(number);
    if (common < 0 || !records.isUsed(number)) continue;
    // Only known when all sections have their places.
    const home = records.linkedFor(common);
    const at = records.newStart(number) + 4;
    view.setUint32(at, section.offset + at - home.records.section.offset - home.records.newStart(home.number), true);
  }
}
