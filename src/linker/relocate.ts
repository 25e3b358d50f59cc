/**
 * Puts the contents of output sections together and applies the relocations (Intel386 ABI supplement, "Relocation
 * Types"). The addend of a relocation stands in its field.
 */
import { REL_BYTES, SHN_ABS, SHN_UNDEF, STT_GNU_IFUNC, STT_SECTION } from "../object/elf.ts";
import { ElfError, type ElfSymbol } from "../object/elf-reader.ts";
import type { FileSink } from "../object/file-sink.ts";
import { type ElfRelocation, RelocationTable } from "../object/relocation-table.ts";
import { R, RELOCATION_NAMES, RELOCATION_TYPES } from "../object/relocation-types.ts";
import { fixUnwind } from "./eh-frame.ts";
import type { FrameHeader } from "./frame-header.ts";
import type { GlobalOffsetTable } from "./got.ts";
import { GOT_SYMBOL } from "./got.ts";
import type { IndirectFunction } from "./indirect-functions.ts";
import type { InputObject, InputSection } from "./input-section.ts";
import type { KeptRelocations } from "./kept-relocations.ts";
import { hex, isCode } from "./layout.ts";
import { MergedAddresses, type MergedEntries } from "./merged-section.ts";
import type { OutputSection, Piece } from "./output-section.ts";
import type { SymbolIndices } from "./output-symbols.ts";
import { SEC_ALLOC, SEC_CODE, SEC_DEBUGGING, SEC_THREAD_LOCAL } from "./section-flags.ts";
import { fixStabs } from "./stabs.ts";
import type { LinkSymbol, SymbolTable } from "./symbols.ts";

/** A relocation that was applied, for those who relocate again. */
export interface Applied {
  /** Offset in the output section. */
  readonly offset: number;
  readonly type: number;
  readonly section: InputSection;
  readonly elf: ElfSymbol;
  /** The output section in which the target lies; null for an absolute value. */
  readonly target: OutputSection | null;
  /** The target was thrown away. */
  readonly isGone: boolean;
}

export interface RelocationIssue {
  readonly kind: "undefined" | "discarded" | "overflow" | "unsupported" | "outside" | "crossing";
  readonly section: InputSection;
  readonly offset: number;
  /** Of whatever is referred to; empty where nothing has a name. */
  readonly name: string;
  readonly message: string;
}

export interface RelocationOptions {
  readonly symbols: SymbolTable;
  readonly got: GlobalOffsetTable;
  readonly outputs: readonly OutputSection[];
  readonly frameHeader: FrameHeader | null;
  /** -r: fields change only for relocations against sections. */
  readonly isRelocatable: boolean;
  /** Undefined symbols count as 0. */
  readonly allowsUndefined: boolean;
  /** Nobody is told of this undefined symbol. */
  readonly ignoresUndefined: (symbol: LinkSymbol) => boolean;
  /** What was applied is kept for others: it is much more than the relocations themselves. */
  readonly keepsApplied: boolean;
  /** The output has the relocations, against its own symbols; null for a program without. */
  readonly indices: SymbolIndices | null;
  /** Evaluates the data that a script puts into a section. */
  readonly dataOf: (section: OutputSection) => readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

/** What is known of a symbol of an object, in a table of numbers: its kind, a value and its index in the output. */
const ROW_NUMBERS = 3;
/** Nobody has asked yet. */
const UNKNOWN = 0;
/** The value is added to the field. */
const PLAIN = 1;
/** The field points into a section with merged strings, from the value on. */
const MERGED = 2;
/** Anything else. */
const SPECIAL = 3;

/** How 32 bits are made of a value, by the relocation's type: as it is, or counted from somewhere; 0 for all others. */
const IS_PLAIN = 1;
const FROM_PLACE = 2;
const FROM_TABLE = 3;
/** The value is that of the global offset table, whatever the symbol is. */
const TABLE_FROM_PLACE = 4;

export class Relocator {
  readonly issues: RelocationIssue[] = [];
  readonly #options: RelocationOptions;
  /** Of the data of each thread, in memory. */
  readonly #threadStart: number;
  readonly #threadEnd: number;
  readonly #forms = new Uint8Array(256);
  readonly #rows = new Map<InputObject, Int32Array>();
  readonly #mergedAddresses = new Map<InputSection, MergedAddresses>();
  /** Of all entries of a merger. */
  readonly #entryAddresses = new Map<MergedEntries, Float64Array>();
  #applied: Applied[] = [];
  #kept: KeptRelocations | null = null;

  constructor(options: RelocationOptions) {
    this.#options = options;
    const threads = options.outputs.filter(({ flags }) => (flags & SEC_THREAD_LOCAL) !== 0);
    const align = Math.max(1, ...threads.map((section) => section.align));
    this.#threadStart = threads.length === 0 ? 0 : Math.min(...threads.map(({ address }) => address));
    this.#threadEnd =
      Math.ceil(Math.max(0, ...threads.map(({ address, sizeBytes }) => address + sizeBytes)) / align) * align;
    if (options.keepsApplied) return;
    for (let type = 0; type < this.#forms.length; type++) {
      const known = RELOCATION_TYPES.get(type);
      if (options.isRelocatable ? widthOf(type, true) === 4 : known?.sizeBytes === 4)
        this.#forms[type] = !options.isRelocatable && known!.pcRelative ? FROM_PLACE : IS_PLAIN;
    }
    if (options.isRelocatable) return;
    this.#forms[R.GOTOFF] = FROM_TABLE;
    this.#forms[R.GOTPC] = TABLE_FROM_PLACE;
  }

  /**
   * Writes the bytes of an output section, which begins at a place of a file, and returns what was applied where that
   * is asked for. `kept` takes the relocations that the output has.
   */
  fill(output: OutputSection, sink: FileSink, start: number, kept: KeptRelocations | null): readonly Applied[] {
    this.#applied = [];
    this.#kept = kept;
    const data = new Map(this.#options.dataOf(output).map(({ offset, bytes }) => [offset, bytes]));
    for (const piece of output.pieces) {
      if (piece.kind === "gap") fillGap(output, piece, sink, start);
      else if (piece.kind === "data") {
        const bytes = data.get(piece.offset)!;
        sink.window(start + piece.offset, bytes.length).set(bytes);
      } else {
        const { section } = piece;
        const content = sink.window(start + section.offset, section.sizeBytes);
        section.copyTo(content);
        if (section === this.#options.frameHeader?.section) this.#writeFrameHeader(this.#options.frameHeader, content);
        if (section.name === ".eh_frame") fixUnwind(section, content);
        if (section.name.startsWith(".stab")) fixStabs(output, section, content);
        this.#relocateSection(output, section, content);
      }
    }
    return this.#applied;
  }

  #writeFrameHeader(header: FrameHeader, content: Uint8Array): void {
    const frames = this.#options.outputs.find(({ name }) => name === ".eh_frame");
    if (frames === undefined) return;
    const [kept, applied, issueCount] = [this.#kept, this.#applied, this.issues.length];
    // What goes wrong is said when the section itself is written.
    [this.#kept, this.#applied] = [null, []];
    header.write(content, frames.address, (section) => {
      const copy = new Uint8Array(section.sizeBytes);
      section.copyTo(copy);
      fixUnwind(section, copy);
      this.#relocateSection(frames, section, copy);
      return copy;
    });
    [this.#kept, this.#applied, this.issues.length] = [kept, applied, issueCount];
  }

  #relocateSection(output: OutputSection, section: InputSection, content: Uint8Array): void {
    const { relocations } = section;
    this.#kept?.begin(relocations.length);
    if (relocations instanceof RelocationTable) this.#relocateTable(output, section, content, relocations);
    else for (const relocation of relocations) this.#relocate(output, content, section, relocation);
    this.#kept?.end();
  }

  /** Most relocations are plain ones of 32 bits: they are applied, and kept, without an object for each of them. */
  #relocateTable(
    output: OutputSection,
    section: InputSection,
    content: Uint8Array,
    relocations: RelocationTable,
  ): void {
    const { object } = section;
    const { table: symbols } = object.elf;
    const rows = this.#rowsOf(object);
    const forms = this.#forms;
    const entries = relocations.view();
    const fields = new DataView(content.buffer, content.byteOffset, content.length);
    const last = content.length - 4;
    const address = output.address + section.offset;
    const kept = this.#kept;
    const table = this.#tableAddress();
    const keptBase = this.#options.isRelocatable ? section.offset : address;
    let merged: MergedAddresses | null = null;
    let mergedIndex = -1;
    for (let entry = 0; entry < relocations.length * REL_BYTES; entry += REL_BYTES) {
      const at = entries.getUint32(entry, true);
      const info = entries.getUint32(entry + 4, true);
      const type = info & 0xff;
      const index = info >>> 8;
      const row = index * ROW_NUMBERS;
      const form = forms[type]!;
      const kind = rows[row] === UNKNOWN && index < symbols.length ? this.#resolve(object, index, rows) : rows[row];
      if (form === 0 || at > last || (kind !== PLAIN && (kind !== MERGED || form !== IS_PLAIN))) {
        this.#relocate(output, content, section, { offset: at, type, symbol: index });
        continue;
      }
      const value = rows[row + 1]!;
      if (kind === MERGED) {
        // Most entries are against the same section of strings as the one before.
        if (merged === null || index !== mergedIndex) {
          merged = this.#mergedIn(object.sections[symbols.sectionOf(index)]!);
          mergedIndex = index;
        }
        fields.setInt32(at, merged.at(value + fields.getInt32(at, true)), true);
      } else {
        const change =
          form === IS_PLAIN
            ? value
            : form === FROM_PLACE
              ? value - address - at
              : form === FROM_TABLE
                ? value - table
                : table - address - at;
        if (change !== 0) fields.setInt32(at, fields.getInt32(at, true) + change, true);
      }
      kept?.add(keptBase + at, type, rows[row + 2]!);
    }
  }

  #rowsOf(object: InputObject): Int32Array {
    let rows = this.#rows.get(object);
    if (rows === undefined) this.#rows.set(object, (rows = new Int32Array(object.elf.table.length * ROW_NUMBERS)));
    return rows;
  }

  /** Fills the row of a symbol and returns its kind. */
  #resolve(object: InputObject, index: number, rows: Int32Array): number {
    const { isRelocatable, indices } = this.#options;
    const { table } = object.elf;
    const symbol = object.globals[index]!;
    const place = table.sectionOf(index);
    const type = symbol?.type ?? table.typeOf(index);
    const home = symbol ? (symbol.isDefined ? symbol.section : null) : (object.sections[place] ?? null);
    const isSection = symbol === null && type === STT_SECTION;
    let kind = PLAIN;
    let value = 0;
    if (isGone(symbol, home)) kind = SPECIAL;
    else if (isRelocatable) value = isSection && home ? home.offset : 0;
    else if (type === STT_GNU_IFUNC) kind = SPECIAL;
    else if (symbol) {
      if (symbol.isDefined) value = symbol.address();
      else if (!this.#mayBeUndefined(symbol)) kind = SPECIAL;
    } else if (place === SHN_ABS) value = table.valueOf(index);
    else if (!home) kind = SPECIAL;
    else if (isSection && home.merged) {
      kind = MERGED;
      value = table.valueOf(index);
    } else if (isSection && home.moved) kind = SPECIAL;
    else value = home.addressOf(table.valueOf(index));
    const row = index * ROW_NUMBERS;
    rows[row] = kind;
    rows[row + 1] = value;
    if (kind !== SPECIAL && indices) rows[row + 2] = indices.of(object, index, symbol, home?.output ?? null);
    return kind;
  }

  /** Nobody defines it, and that is well: it counts as 0. */
  #mayBeUndefined(symbol: LinkSymbol): boolean {
    const { state } = symbol;
    return state === "undefined-weak" || (state === "undefined" && this.#options.ignoresUndefined(symbol));
  }

  #mergedIn(home: InputSection): MergedAddresses {
    let addresses = this.#mergedAddresses.get(home);
    if (addresses !== undefined) return addresses;
    const { merger } = home.merged!;
    let entries = this.#entryAddresses.get(merger);
    if (entries === undefined) this.#entryAddresses.set(merger, (entries = merger.addresses()));
    this.#mergedAddresses.set(home, (addresses = new MergedAddresses(home, home.merged!, entries)));
    return addresses;
  }

  #relocate(output: OutputSection, content: Uint8Array, section: InputSection, relocation: ElfRelocation): void {
    const { isRelocatable } = this.#options;
    const { offset, type } = relocation;
    const elf = section.object.elf.table.at(relocation.symbol);
    if (elf === undefined) throw new ElfError(section.object.path, "the file changed while it was linked");
    const issue = (kind: RelocationIssue["kind"], message: string, name = elf.name): void =>
      void this.issues.push({ kind, section, offset, name, message });
    const width = widthOf(type, isRelocatable);
    if (width === null)
      return issue(
        "unsupported",
        `relocation ${RELOCATION_NAMES.get(type) ?? `of type ${type}`} has no meaning in a static link`,
      );
    if (type === R.NONE && (relocation.symbol === 0 || !isRelocatable))
      return this.#record(output, section, relocation, null, null, true);
    if (offset + width > section.sizeBytes)
      return issue("outside", `a relocation lies beyond the end of section ${section.name}`);
    const symbol = section.object.globals[relocation.symbol]!;
    let addend = readField(content, offset, width);
    let home = symbol ? (symbol.isDefined ? symbol.section : null) : (section.object.sections[elf.section] ?? null);
    if (!isUnwinding(section)) {
      if (isGone(symbol, home) && (section.flags & SEC_DEBUGGING) === 0) {
        const name = elf.name || (home?.name ?? "");
        issue("discarded", `${name} lies in section ${home?.name ?? "COMMON"}, which is not linked`, name);
      }
      if (home?.isDiscarded && home.keptInstead) home = home.keptInstead;
    }
    const gone = isGone(symbol, home);
    // Debugging information about code that is not there: 1 in tables of ranges, whose lists would end at a 0.
    const nothing = section.name === ".debug_ranges" ? 1 : 0;
    if (isRelocatable) {
      if (gone) writeField(content, offset, width, nothing);
      if (!symbol && elf.type === STT_SECTION && home && !gone)
        writeField(content, offset, width, addend + home.offset);
      // Debugging information about code that is not there keeps no empty relocations, but for the last one.
      if (!gone || (section.flags & SEC_DEBUGGING) === 0 || this.#kept?.leaveOut() === false)
        this.#record(output, section, relocation, symbol, home?.output ?? null, gone);
      return;
    }
    if (gone) {
      writeField(content, offset, width, nothing);
      return this.#record(output, section, { ...relocation, type: R.NONE }, null, null, true);
    }
    let value: number;
    if (symbol) {
      if (!symbol.isDefined) {
        if (!this.#mayBeUndefined(symbol)) {
          issue("undefined", `undefined symbol ${elf.name}`);
          if (!this.#options.allowsUndefined) return;
        }
        value = 0;
      } else value = symbol.address();
    } else if (elf.section === SHN_ABS) value = elf.value;
    else if (elf.section === SHN_UNDEF) value = 0;
    else if (!home) return issue("discarded", `${elf.name || "the symbol"} lies in a section that is not linked`);
    else if (elf.type === STT_SECTION && home.moved) {
      // With merged strings the section's symbol stands for whichever string the addend points to.
      value = home.addressOf(elf.value + addend);
      addend = 0;
    } else value = home.addressOf(elf.value);
    const indirect = this.#options.got.indirect.of(section.object, relocation.symbol);
    if (indirect) {
      // Start-up code resolves nothing in what is not in memory: debugging information keeps what it has.
      if ((section.flags & SEC_ALLOC) === 0) return;
      value = this.#options.got.indirectAddress(indirect);
    }
    const place = output.address + section.offset + offset;
    const result = this.#valueOf(relocation, section, content, symbol, indirect, value, addend, place);
    if (width < 4 && !fitsField(width, type === R.PC8, result, addend))
      issue(
        "overflow",
        `${elf.name || `the address in ${home?.name ?? "memory"}`} = ${hex(value)} does not fit into the ${8 * width} bits of this field`,
      );
    writeField(content, offset, width, result);
    this.#record(output, section, relocation, symbol, symbol ? symbol.home() : (home?.output ?? null), false);
  }

  /** Notes a relocation that was applied, for whoever asks: against a symbol or, where it is null, a local one. */
  #record(
    output: OutputSection,
    section: InputSection,
    { offset: at, type, symbol: index }: ElfRelocation,
    symbol: LinkSymbol | null,
    target: OutputSection | null,
    isGone: boolean,
  ): void {
    const { isRelocatable, keepsApplied, indices } = this.#options;
    const { object } = section;
    const offset = section.offset + at;
    if (keepsApplied) this.#applied.push({ offset, type, section, elf: object.elf.table.at(index)!, target, isGone });
    const place = isRelocatable ? offset : output.address + offset;
    if (isGone) this.#kept?.add(place, R.NONE, 0);
    else this.#kept?.add(place, type, indices?.of(object, index, symbol, target) ?? 0);
  }

  /** What the names of the global offset table count from. */
  #tableAddress(): number {
    return this.#options.symbols.get(GOT_SYMBOL)?.address() ?? 0;
  }

  #valueOf(
    relocation: ElfRelocation,
    section: InputSection,
    content: Uint8Array,
    symbol: LinkSymbol | null,
    indirect: IndirectFunction | null,
    value: number,
    addend: number,
    place: number,
  ): number {
    switch (relocation.type) {
      case R.GOTPC:
        return this.#tableAddress() + addend - place;
      case R.GOTOFF:
        return value + addend - this.#tableAddress();
      case R.GOT32:
      case R.GOT32X: {
        const { got } = this.#options;
        const entry = indirect ? got.indirectEntryAddress(indirect) : got.entryAddress(section, relocation, symbol);
        const hasBase = (content[relocation.offset - 1]! & 0xc7) !== 0x05;
        return entry + addend - (hasBase ? this.#tableAddress() : 0);
      }
      case R.TLS_LE:
        return value + addend - this.#threadEnd;
      case R.TLS_LDO_32:
        // Code counts from the thread pointer, which is at the end; debugging information from the begin.
        return value + addend - ((section.flags & SEC_CODE) === 0 ? this.#threadStart : this.#threadEnd);
      case R.TLS_LE_32:
        return this.#threadEnd - value + addend;
    }
    return value + addend - (RELOCATION_TYPES.get(relocation.type)!.pcRelative ? place : 0);
  }
}

/** The section of the symbol is not in the output. */
function isGone(symbol: LinkSymbol | null, home: InputSection | null): boolean {
  return (
    (home !== null && (home.isDiscarded || home.output === null)) ||
    (symbol?.isUnused === true && symbol.state === "common")
  );
}

/** It describes code for unwinding, also code that is not there. */
function isUnwinding({ name }: InputSection): boolean {
  return name === ".eh_frame" || name === ".gcc_except_table";
}

type Gap = Extract<Piece, { readonly kind: "gap" }>;

/** `xchg %ax, %ax` */
const CODE_FILL = Uint8Array.of(0x66, 0x90);
const NOP = 0x90;
/** Gaps may be large: they are filled in pieces. */
const GAP_BYTES = 0x10000;

/** The pattern of a gap; in code what does nothing, in two bytes and in one at an odd end; else zeros. */
function fillGap(output: OutputSection, { offset, sizeBytes, fill }: Gap, sink: FileSink, start: number): void {
  const pattern = fill ?? (isCode(output) ? CODE_FILL : null);
  for (let done = 0; done < sizeBytes; ) {
    const bytes = sink.window(start + offset + done, Math.min(sizeBytes - done, GAP_BYTES));
    if (pattern === null) bytes.fill(0);
    else for (let i = 0; i < bytes.length; i++) bytes[i] = pattern[(done + i) % pattern.length]!;
    done += bytes.length;
    if (pattern === CODE_FILL && done === sizeBytes && sizeBytes % 2 === 1) bytes[bytes.length - 1] = NOP;
  }
}

const FOUR_BYTES = new Set<number>([R.GOT32, R.GOT32X, R.GOTOFF, R.GOTPC, R.TLS_LE, R.TLS_LE_32, R.TLS_LDO_32]);

/** Null for what has no meaning here; a partial link hands on all that the ABI knows. */
function widthOf(type: number, isRelocatable: boolean): 0 | 1 | 2 | 4 | null {
  const known = RELOCATION_TYPES.get(type)?.sizeBytes ?? (FOUR_BYTES.has(type) ? 4 : null);
  if (known !== null || !isRelocatable || !RELOCATION_NAMES.has(type)) return known;
  return type === R.TLS_DESC_CALL ? 0 : 4;
}

/** Signed. */
/**
 * Whether a field of one or two bytes holds what is added to its content, and the sum, as GNU's bfd decides it: with a
 * sign where it is that of a short jump, else with one bit more. So near jumps of 16-bit code reach all of their 64 KiB
 * both ways.
 */
function fitsField(width: number, isShortJump: boolean, sum: number, addend: number): boolean {
  const limit = isShortJump ? 2 ** (8 * width - 1) : 2 ** (8 * width);
  const isWithin = (value: number): boolean => value >= -limit && value < limit;
  return isWithin(sum | 0) && isWithin((sum - addend) | 0);
}

function readField(content: Uint8Array, offset: number, width: number): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + content[offset + i]!;
  return width > 0 && value >= 2 ** (8 * width - 1) ? value - 2 ** (8 * width) : value;
}

function writeField(content: Uint8Array, offset: number, width: number, value: number): void {
  for (let i = 0; i < width; i++) content[offset + i] = (value >>> (8 * i)) & 0xff;
}
