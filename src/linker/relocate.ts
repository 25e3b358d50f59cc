/**
 * Puts the contents of output sections together and applies the relocations (Intel386 ABI supplement, "Relocation
 * Types"). The addend of a relocation stands in its field.
 */
import { SHF_ALLOC, SHN_ABS, SHN_UNDEF, STB_LOCAL, STT_GNU_IFUNC, STT_SECTION } from "../object/elf.ts";
import type { ElfSymbol } from "../object/elf-reader.ts";
import { type ElfRelocation, RelocationTable } from "../object/relocation-table.ts";
import { R, RELOCATION_NAMES, RELOCATION_TYPES } from "../object/relocation-types.ts";
import { fixUnwind } from "./eh-frame.ts";
import type { GlobalOffsetTable } from "./got.ts";
import { GOT_SYMBOL } from "./got.ts";
import type { IndirectFunction } from "./indirect-functions.ts";
import type { InputObject, InputSection } from "./input-section.ts";
import { hex, isCode } from "./layout.ts";
import type { OutputSection } from "./output-section.ts";
import { SEC_ALLOC, SEC_CODE, SEC_DEBUGGING, SEC_THREAD_LOCAL } from "./section-flags.ts";
import type { LinkSymbol, SymbolTable } from "./symbols.ts";

/** A relocation that was applied, for those who relocate again. */
export interface Applied {
  /** Offset in the output section. */
  readonly offset: number;
  readonly type: number;
  readonly section: InputSection;
  readonly elf: ElfSymbol;
  /** The global symbol; null for a local one. */
  readonly symbol: LinkSymbol | null;
  /** The output section in which the target lies; null for an absolute value. */
  readonly target: OutputSection | null;
  /** The target was thrown away. */
  readonly isGone: boolean;
}

export interface RelocationIssue {
  readonly kind: "undefined" | "discarded" | "overflow" | "unsupported" | "outside" | "crossing";
  readonly section: InputSection;
  readonly offset: number;
  readonly name: string;
  readonly message: string;
}

export interface RelocationOptions {
  readonly symbols: SymbolTable;
  readonly got: GlobalOffsetTable;
  readonly outputs: readonly OutputSection[];
  /** -r: fields change only for relocations against sections. */
  readonly isRelocatable: boolean;
  /** Undefined symbols count as 0. */
  readonly allowsUndefined: boolean;
  /** What was applied is kept for others: it is as much as the relocations themselves. */
  readonly keepsApplied: boolean;
  /** Evaluates the data that a script puts into a section. */
  readonly dataOf: (section: OutputSection) => readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

/** Byte patterns with which gaps in code are filled: two-byte no-operations, and one of a single byte at an odd end. */
function fillCode(content: Uint8Array, start: number, sizeBytes: number): void {
  let at = start;
  const end = start + sizeBytes;
  for (; at + 1 < end; at += 2) {
    content[at] = 0x66;
    content[at + 1] = 0x90;
  }
  if (at < end) content[at] = 0x90;
}

export class Relocator {
  readonly issues: RelocationIssue[] = [];
  /** The global symbols of the object at hand, by their indices; `undefined` where nobody has asked yet. */
  #globals: (LinkSymbol | null | undefined)[] = [];
  readonly #options: RelocationOptions;
  /** Of the data of each thread, in memory. */
  readonly #threadStart: number;
  readonly #known = new Map<InputObject, (LinkSymbol | null | undefined)[]>();
  readonly #threadEnd: number;
  /** By section whose content was merged, and of the one asked for last: addresses by offset, -1 before the first question. */
  readonly #mergedAddresses = new Map<InputSection, Float64Array>();
  #mergedHome: InputSection | null = null;
  #merged: Float64Array = new Float64Array(0);

  constructor(options: RelocationOptions) {
    this.#options = options;
    const threads = options.outputs.filter(({ flags }) => (flags & SEC_THREAD_LOCAL) !== 0);
    const align = Math.max(1, ...threads.map((section) => section.align));
    this.#threadStart = threads.length === 0 ? 0 : Math.min(...threads.map(({ address }) => address));
    this.#threadEnd =
      Math.ceil(Math.max(0, ...threads.map(({ address, sizeBytes }) => address + sizeBytes)) / align) * align;
  }

  /** Writes the bytes of an output section to `content`, which is as large as the section and zero; returns the relocations. */
  fill(output: OutputSection, content: Uint8Array): Applied[] {
    const applied: Applied[] = [];
    for (const piece of output.pieces) {
      if (piece.kind === "gap") {
        if (piece.fill)
          for (let i = 0; i < piece.sizeBytes; i++) content[piece.offset + i] = piece.fill[i % piece.fill.length]!;
        else if (isCode(output)) fillCode(content, piece.offset, piece.sizeBytes);
      } else if (piece.kind === "input") content.set(piece.section.content, piece.section.offset);
    }
    for (const { offset, bytes } of this.#options.dataOf(output)) content.set(bytes, offset);
    for (const piece of output.pieces) {
      if (piece.kind !== "input") continue;
      const { section } = piece;
      if (section.name === ".eh_frame") fixUnwind(section, content);
      this.#globals = this.#globalsOf(section.object);
      const { relocations } = section;
      if (relocations instanceof RelocationTable) {
        const { keepsApplied } = this.#options;
        for (let i = 0; i < relocations.length; i++)
          if (keepsApplied || !this.#relocatePlain(output, content, section, relocations, i))
            this.#relocate(output, content, section, relocations.at(i), applied);
      } else for (const relocation of relocations) this.#relocate(output, content, section, relocation, applied);
    }
    return applied;
  }

  #globalsOf(object: InputObject): (LinkSymbol | null | undefined)[] {
    let globals = this.#known.get(object);
    if (globals === undefined) {
      globals = new Array<LinkSymbol | null | undefined>(object.elf.symbols.length);
      this.#known.set(object, globals);
    }
    return globals;
  }

  #globalOf(index: number, elf: ElfSymbol): LinkSymbol | null {
    if (elf.binding === STB_LOCAL) return null;
    const known = this.#globals[index];
    if (known !== undefined) return known;
    const symbol = this.#options.symbols.get(elf.name) ?? null;
    this.#globals[index] = symbol;
    return symbol;
  }

  /**
   * Where an offset of a section with merged strings lies now. Debugging information asks for the same few thousand
   * millions of times, so each is found once.
   */
  #mergedAddress(home: InputSection, offset: number): number {
    if (home !== this.#mergedHome) {
      let addresses = this.#mergedAddresses.get(home);
      if (addresses === undefined)
        this.#mergedAddresses.set(home, (addresses = new Float64Array(home.elf.sizeBytes).fill(-1)));
      this.#mergedHome = home;
      this.#merged = addresses;
    }
    const known = this.#merged[offset];
    if (known !== undefined && known >= 0) return known;
    const address = home.addressOf(offset);
    if (known !== undefined) this.#merged[offset] = address;
    return address;
  }

  /**
   * The plain relocation of a 32-bit field, which nearly all are: true when it was applied, false and nothing done when it
   * is anything else.
   */
  #relocatePlain(
    output: OutputSection,
    content: Uint8Array,
    section: InputSection,
    relocations: RelocationTable,
    i: number,
  ): boolean {
    const at = relocations.offsetAt(i);
    const type = relocations.typeAt(i);
    const index = relocations.symbolAt(i);
    if ((type !== R.R32 && type !== R.PC32) || at + 4 > section.sizeBytes) return false;
    const { object } = section;
    const elf = object.elf.symbols[index]!;
    const symbol = this.#globalOf(index, elf);
    if ((symbol ?? elf).type === STT_GNU_IFUNC) return false;
    let home: InputSection | null;
    let value: number;
    if (symbol !== null) {
      if (!symbol.isDefined || symbol.section === null) return false;
      home = symbol.section;
      value = symbol.value;
    } else {
      home = object.sections[elf.section] ?? null;
      value = elf.value;
    }
    if (home === null || home.isDiscarded || home.output === null) return false;
    const offset = section.offset + at;
    const addend =
      content[offset]! | (content[offset + 1]! << 8) | (content[offset + 2]! << 16) | (content[offset + 3]! << 24);
    let result: number;
    if (home.moved === null) {
      result = home.output.address + home.offset + value + addend;
      if (type === R.PC32) result -= output.address + offset;
    } else {
      // A section's symbol stands for whichever merged string the addend points to.
      if (symbol !== null || type !== R.R32 || elf.type !== STT_SECTION) return false;
      result = this.#mergedAddress(home, value + addend);
    }
    content[offset] = result;
    content[offset + 1] = result >>> 8;
    content[offset + 2] = result >>> 16;
    content[offset + 3] = result >>> 24;
    return true;
  }

  #relocate(
    output: OutputSection,
    content: Uint8Array,
    section: InputSection,
    relocation: ElfRelocation,
    applied: Applied[],
  ): void {
    const { isRelocatable } = this.#options;
    const elf = section.object.elf.symbols[relocation.symbol]!;
    const issue = (kind: RelocationIssue["kind"], message: string): void =>
      void this.issues.push({ kind, section, offset: relocation.offset, name: elf.name, message });
    const width = widthOf(relocation.type, isRelocatable);
    if (width === null)
      return issue(
        "unsupported",
        `relocation ${RELOCATION_NAMES.get(relocation.type) ?? `of type ${relocation.type}`} has no meaning in a static link`,
      );
    const offset = section.offset + relocation.offset;
    if (relocation.type === R.NONE && (relocation.symbol === 0 || !isRelocatable)) {
      applied.push({ offset, type: R.NONE, section, elf, symbol: null, target: null, isGone: true });
      return;
    }
    if (relocation.offset + width > section.sizeBytes)
      return issue("outside", `a relocation lies beyond the end of section ${section.name}`);
    const symbol = this.#globalOf(relocation.symbol, elf);
    let addend = readField(content, offset, width);
    let home = symbol ? (symbol.isDefined ? symbol.section : null) : (section.object.sections[elf.section] ?? null);
    if (home?.isDiscarded && home.keptInstead && (section.flags & 1) === 0) home = home.keptInstead;
    const isGone =
      (home !== null && (home.isDiscarded || home.output === null)) ||
      (symbol?.isUnused === true && symbol.state === "common");
    if (isRelocatable) {
      if (!symbol && elf.type === STT_SECTION && home && !isGone)
        writeField(content, offset, width, addend + home.offset);
      // Debugging information about code that is not there keeps no empty relocations.
      if (!isGone || (section.flags & SEC_DEBUGGING) === 0)
        applied.push({ offset, type: relocation.type, section, elf, symbol, target: home?.output ?? null, isGone });
      return;
    }
    if (isGone) {
      if ((section.elf.flags & SHF_ALLOC) !== 0 && section.name !== ".eh_frame")
        return issue(
          "discarded",
          `${elf.name || home?.name} lies in section ${home?.name ?? "COMMON"}, which is not linked`,
        );
      // Debugging information about code that is not there: 1 in tables of ranges, whose lists would end at a 0.
      writeField(content, offset, width, section.name === ".debug_ranges" ? 1 : 0);
      applied.push({ offset, type: R.NONE, section, elf, symbol: null, target: null, isGone });
      return;
    }
    let value: number;
    if (symbol) {
      if (!symbol.isDefined) {
        if (symbol.state !== "undefined-weak") {
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
    const indirect = this.#options.got.indirect.of(section.object, relocation.symbol, this.#options.symbols);
    if (indirect) {
      // Start-up code resolves nothing in what is not in memory: debugging information keeps what it has.
      if ((section.flags & SEC_ALLOC) === 0) return;
      value = this.#options.got.indirectAddress(indirect);
    }
    const place = output.address + offset;
    const result = this.#valueOf(relocation, section, symbol, indirect, value, addend, place);
    if (width < 4) {
      const limit = 2 ** (8 * width);
      const wrapped = result | 0;
      // A short jump goes both ways; any other field may hold a value with or without a sign.
      if (wrapped < -limit / 2 || wrapped >= (relocation.type === R.PC8 ? limit / 2 : limit))
        return issue(
          "overflow",
          `${elf.name || "the address"} = ${hex(value)} does not fit into the ${8 * width} bits of this field`,
        );
    }
    writeField(content, offset, width, result);
    if (!this.#options.keepsApplied) return;
    const target = symbol ? symbol.home() : (home?.output ?? null);
    applied.push({ offset, type: relocation.type, section, elf, symbol, target, isGone: false });
  }

  #valueOf(
    relocation: ElfRelocation,
    section: InputSection,
    symbol: LinkSymbol | null,
    indirect: IndirectFunction | null,
    value: number,
    addend: number,
    place: number,
  ): number {
    const base = (): number => this.#options.symbols.get(GOT_SYMBOL)?.address() ?? 0;
    switch (relocation.type) {
      case R.GOTPC:
        return base() + addend - place;
      case R.GOTOFF:
        return value + addend - base();
      case R.GOT32:
      case R.GOT32X: {
        const { got } = this.#options;
        const entry = indirect ? got.indirectEntryAddress(indirect) : got.entryAddress(section, relocation, symbol);
        const hasBase = (section.content[relocation.offset - 1]! & 0xc7) !== 0x05;
        return entry + addend - (hasBase ? base() : 0);
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

const FOUR_BYTES = new Set<number>([R.GOT32, R.GOT32X, R.GOTOFF, R.GOTPC, R.TLS_LE, R.TLS_LE_32, R.TLS_LDO_32]);

/** Null for what has no meaning here; a partial link hands on all that the ABI knows. */
function widthOf(type: number, isRelocatable: boolean): 0 | 1 | 2 | 4 | null {
  const known = RELOCATION_TYPES.get(type)?.sizeBytes ?? (FOUR_BYTES.has(type) ? 4 : null);
  if (known !== null || !isRelocatable || !RELOCATION_NAMES.has(type)) return known;
  return type === R.TLS_DESC_CALL ? 0 : 4;
}

/** Signed. */
function readField(content: Uint8Array, offset: number, width: number): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + content[offset + i]!;
  return width > 0 && value >= 2 ** (8 * width - 1) ? value - 2 ** (8 * width) : value;
}

function writeField(content: Uint8Array, offset: number, width: number, value: number): void {
  for (let i = 0; i < width; i++) content[offset + i] = (value >>> (8 * i)) & 0xff;
}
