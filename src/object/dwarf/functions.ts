/**
 * Which function an address belongs to, inlined ones included (DWARF 5, 3.3: DW_TAG_subprogram and
 * DW_TAG_inlined_subroutine with their ranges; also versions 2 to 4). Nothing in the sections is believed: what does
 * not parse ends the unit.
 */
import { type FormValue, readForm } from "./forms.ts";
import { Cursor, stringAt } from "./line-table.ts";

/** A section's bytes with its relocations applied, and the section (index) that an address in it belongs to. */
export interface DwarfSection {
  readonly bytes: Uint8Array;
  /** The address that stands at an offset; in objects made unique by the section that its relocation names. */
  addressAt(offset: number, value: number): number;
}

export interface DwarfSections {
  readonly info: DwarfSection;
  readonly ranges: DwarfSection;
  readonly rnglists: DwarfSection;
  readonly addr: DwarfSection;
  readonly abbrev: Uint8Array;
  readonly str: Uint8Array;
  readonly lineStr: Uint8Array;
  readonly strOffsets: Uint8Array;
}

const DW_TAG = { inlinedSubroutine: 0x1d, subprogram: 0x2e } as const;
const DW_AT = {
  name: 0x03,
  lowPc: 0x11,
  highPc: 0x12,
  abstractOrigin: 0x31,
  specification: 0x47,
  ranges: 0x55,
  linkageName: 0x6e,
  strOffsetsBase: 0x72,
  addrBase: 0x73,
  rnglistsBase: 0x74,
  mipsLinkageName: 0x2007,
} as const;
const WANTED: ReadonlySet<number> = new Set(Object.values(DW_AT));
const FORM_ADDRESS = 0x01;
/** Constants, of which DW_AT_high_pc is a length. */
const MAX_ENTRIES = 4_000_000;
const MAX_REFERENCES = 16;

interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly { readonly attribute: number; readonly form: number; readonly constant: number }[];
}

interface Unit {
  readonly start: number;
  readonly version: number;
  low: number;
  addrBase: number;
  strOffsetsBase: number;
  rnglistsBase: number;
}

interface FunctionEntry {
  readonly unit: Unit;
  readonly name: string | null;
  /** Of the entry in .debug_info that has the name; -1 for none. */
  readonly origin: number;
}

interface Range {
  readonly low: number;
  readonly high: number;
  /** Place in the order of the entries: those inside others come later. */
  readonly order: number;
  readonly entry: FunctionEntry;
}

export class DwarfFunctions {
  readonly #sections: DwarfSections;
  readonly #entries = new Map<number, FunctionEntry>();
  readonly #ranges: Range[] = [];
  /** For each range in the order of `low`: the highest end of it and all before it. */
  readonly #ends: number[] = [];
  #count = 0;

  constructor(sections: DwarfSections) {
    this.#sections = sections;
    const { bytes } = sections.info;
    for (let at = 0; at + 11 < bytes.length; ) {
      const length = new Cursor(bytes, at, bytes.length).u32();
      try {
        this.#unit(at, Math.min(at + 4 + length, bytes.length));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
      at += 4 + length;
    }
    this.#ranges.sort((a, b) => a.low - b.low || a.order - b.order);
    let end = -Infinity;
    for (const { high } of this.#ranges) this.#ends.push((end = Math.max(end, high)));
  }

  /** The innermost function around an address: that of the smallest range, of equal ones the last. */
  nameAt(address: number): string | null {
    let least = 0;
    for (let most = this.#ranges.length; least < most; ) {
      const middle = (least + most) >> 1;
      if (this.#ranges[middle]!.low > address) most = middle;
      else least = middle + 1;
    }
    let best: Range | null = null;
    for (let i = least - 1; i >= 0 && this.#ends[i]! > address; i--) {
      const range = this.#ranges[i]!;
      if (range.high <= address) continue;
      const difference = best === null ? -1 : range.high - range.low - (best.high - best.low);
      if (difference < 0 || (difference === 0 && range.order > best!.order)) best = range;
    }
    return best ? this.#nameOf(best.entry) : null;
  }

  #nameOf(entry: FunctionEntry): string | null {
    let current: FunctionEntry | undefined = entry;
    for (let steps = 0; current && steps < MAX_REFERENCES; steps++) {
      if (current.name !== null) return current.name;
      current = this.#entries.get(current.origin);
    }
    return null;
  }

  #unit(start: number, end: number): void {
    const cursor = new Cursor(this.#sections.info.bytes, start + 4, end);
    const version = cursor.u16();
    if (version < 2 || version > 5) return;
    // Skeletons and type units of version 5 have longer headers and no code.
    if (version === 5 && cursor.u8() !== 1) return;
    let abbrevAt: number;
    if (version === 5) {
      if (cursor.u8() !== 4) return;
      abbrevAt = cursor.u32();
    } else {
      abbrevAt = cursor.u32();
      if (cursor.u8() !== 4) return;
    }
    const abbreviations = this.#abbreviations(abbrevAt);
    const unit: Unit = { start, version, low: 0, addrBase: 8, strOffsetsBase: 8, rnglistsBase: 12 };
    let isFirst = true;
    while (cursor.at < end) {
      if (++this.#count > MAX_ENTRIES) return;
      const at = cursor.at;
      const abbreviation = abbreviations.get(cursor.uleb());
      if (!abbreviation) continue;
      const values = new Map<number, FormValue>();
      const places = new Map<number, number>();
      for (const { attribute, form, constant } of abbreviation.attributes) {
        const place = cursor.at;
        const value = readForm(cursor, form, constant);
        if (!WANTED.has(attribute)) continue;
        values.set(attribute, value);
        places.set(attribute, place);
      }
      if (isFirst) {
        unit.addrBase = values.get(DW_AT.addrBase)?.number ?? unit.addrBase;
        unit.strOffsetsBase = values.get(DW_AT.strOffsetsBase)?.number ?? unit.strOffsetsBase;
        unit.rnglistsBase = values.get(DW_AT.rnglistsBase)?.number ?? unit.rnglistsBase;
        unit.low = this.#address(unit, values.get(DW_AT.lowPc), places.get(DW_AT.lowPc)) ?? 0;
        isFirst = false;
      }
      if (abbreviation.tag === DW_TAG.subprogram || abbreviation.tag === DW_TAG.inlinedSubroutine)
        this.#functionEntry(unit, at, values, places);
    }
  }

  #functionEntry(
    unit: Unit,
    at: number,
    values: ReadonlyMap<number, FormValue>,
    places: ReadonlyMap<number, number>,
  ): void {
    const origin = values.get(DW_AT.abstractOrigin) ?? values.get(DW_AT.specification);
    // References within the unit count from its start, others from that of the section.
    const target = origin === undefined ? -1 : origin.form === 0x10 ? origin.number : unit.start + origin.number;
    const name =
      this.#text(unit, values.get(DW_AT.linkageName) ?? values.get(DW_AT.mipsLinkageName)) ??
      this.#text(unit, values.get(DW_AT.name));
    const entry: FunctionEntry = { unit, name, origin: target };
    this.#entries.set(at, entry);
    const add = (low: number, high: number): void =>
      void (high > low && this.#ranges.push({ low, high, order: at, entry }));
    const list = values.get(DW_AT.ranges);
    if (list) {
      if (unit.version === 5) this.#rangeList(unit, list, add);
      else this.#oldRanges(unit, list.number, add);
      return;
    }
    const low = this.#address(unit, values.get(DW_AT.lowPc), places.get(DW_AT.lowPc));
    const high = values.get(DW_AT.highPc);
    if (low === null || !high) return;
    add(
      low,
      high.form === FORM_ADDRESS ? (this.#address(unit, high, places.get(DW_AT.highPc)) ?? low) : low + high.number,
    );
  }

  #address(unit: Unit, value: FormValue | undefined, place: number | undefined): number | null {
    if (!value) return null;
    if (value.form === FORM_ADDRESS) return this.#sections.info.addressAt(place ?? 0, value.number);
    return this.#indexed(unit, value.number);
  }

  /** DW_FORM_addrx */
  #indexed(unit: Unit, index: number): number {
    const { bytes } = this.#sections.addr;
    const at = unit.addrBase + 4 * index;
    return this.#sections.addr.addressAt(at, new Cursor(bytes, at, bytes.length).u32());
  }

  #text(unit: Unit, value: FormValue | undefined): string | null {
    if (!value) return null;
    if (value.text !== null) return value.text;
    if (value.form === 0x0e) return stringAt(this.#sections.str, value.number);
    if (value.form === 0x1f) return stringAt(this.#sections.lineStr, value.number);
    const { strOffsets } = this.#sections;
    return stringAt(
      this.#sections.str,
      new Cursor(strOffsets, unit.strOffsetsBase + 4 * value.number, strOffsets.length).u32(),
    );
  }

  /** .debug_ranges: pairs of addresses, relative to the unit's; the pair of zeros ends them. */
  #oldRanges(unit: Unit, start: number, add: (low: number, high: number) => void): void {
    const { bytes, addressAt } = this.#sections.ranges;
    const cursor = new Cursor(bytes, start, bytes.length);
    for (let base = unit.low; cursor.at < bytes.length; ) {
      const at = cursor.at;
      const [low, high] = [cursor.u32(), cursor.u32()];
      if (low === 0 && high === 0) return;
      if (low === 0xffffffff) base = addressAt(at + 4, high);
      else add(base + addressAt(at, low), base + addressAt(at + 4, high));
    }
  }

  /** .debug_rnglists (DWARF 5, 7.25). */
  #rangeList(unit: Unit, list: FormValue, add: (low: number, high: number) => void): void {
    const { bytes, addressAt } = this.#sections.rnglists;
    const start =
      list.form === 0x23
        ? unit.rnglistsBase + new Cursor(bytes, unit.rnglistsBase + 4 * list.number, bytes.length).u32()
        : list.number;
    const cursor = new Cursor(bytes, start, bytes.length);
    const address = (): number => {
      const at = cursor.at;
      return addressAt(at, cursor.u32());
    };
    for (let base = unit.low; cursor.at < bytes.length; ) {
      const kind = cursor.u8();
      if (kind === 0) return;
      if (kind === 1) base = this.#indexed(unit, cursor.uleb());
      else if (kind === 2) add(this.#indexed(unit, cursor.uleb()), this.#indexed(unit, cursor.uleb()));
      else if (kind === 3 || kind === 7) {
        const low = kind === 3 ? this.#indexed(unit, cursor.uleb()) : address();
        add(low, low + cursor.uleb());
      } else if (kind === 4) {
        const low = base + cursor.uleb();
        add(low, base + cursor.uleb());
      } else if (kind === 5) base = address();
      else if (kind === 6) add(address(), address());
      else return;
    }
  }

  #abbreviations(start: number): Map<number, Abbreviation> {
    const { abbrev } = this.#sections;
    const cursor = new Cursor(abbrev, start, abbrev.length);
    const table = new Map<number, Abbreviation>();
    for (let code = cursor.uleb(); code !== 0; code = cursor.uleb()) {
      const tag = cursor.uleb();
      const hasChildren = cursor.u8() !== 0;
      const attributes: { attribute: number; form: number; constant: number }[] = [];
      for (;;) {
        const attribute = cursor.uleb();
        const form = cursor.uleb();
        const constant = form === 0x21 ? cursor.sleb() : 0;
        if (attribute === 0 && form === 0) break;
        attributes.push({ attribute, form, constant });
      }
      table.set(code, { tag, hasChildren, attributes });
    }
    return table;
  }
}
