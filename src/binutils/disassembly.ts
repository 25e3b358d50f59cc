/** `objdump -d` and `-D`: code with its symbols, relocations and source lines, in the text of GNU objdump 2.40. */
import { disassemble } from "../isa/disassemble.ts";
import { STT_COMMON, STT_FUNC, STT_OBJECT } from "../object/elf.ts";
import type { ElfRelocation } from "../object/relocation-table.ts";
import { CodeSymbols } from "./code-symbols.ts";
import { relocationName, relocationTarget } from "./headers.ts";
import { hex8, type ObjectFile, type ObjectSection } from "./object-file.ts";

export interface DisassemblyOptions {
  readonly bits: 16 | 32;
  readonly syntax: "intel" | "att";
  /** `-D`: also what is not code. */
  readonly all: boolean;
  readonly chosen: (section: ObjectSection) => boolean;
  /** Sections were named with -j: then they need not be code. */
  readonly named: boolean;
  /** --disassemble=SYMBOL: nothing but these. */
  readonly symbols: readonly string[];
  /** --insn-width */
  readonly bytesPerLine: number | null;
  readonly relocations: boolean;
  readonly rawBytes: boolean;
  readonly addresses: boolean;
  /** `-z`: do not leave zeros out. */
  readonly zeros: boolean;
  readonly wide: boolean;
  /** Addresses. */
  readonly from: number;
  readonly to: number;
  /** Lines to put before the instruction at an offset (`-S`, `-l`). */
  readonly linesBefore: ((section: ObjectSection, offset: number) => readonly string[]) | null;
  /** How a symbol is shown. */
  readonly nameOf: (symbol: string) => string;
}

const INSTRUCTION_BYTES_PER_LINE = 7;
const DATA_BYTES_PER_LINE = 16;
/** So many zeros, or so few of them at the end, are left out. */
const SKIPPED_ZEROS = 8;
const SKIPPED_ZEROS_AT_END = 3;
/**
 * No section without content is shown farther than this, in bytes: the first when zeros are left out, the second when
 * each is a line.
 */
const MAX_ZEROS = 1 << 28;
const MAX_SHOWN_ZEROS = 1 << 20;

/** Hands the text over in pieces that each end with a newline. */
export function disassembleFile(file: ObjectFile, options: DisassemblyOptions, write: (text: string) => void): void {
  const symbols = new CodeSymbols(file, options.nameOf);
  for (const section of file.sections) {
    if (section.sizeBytes === 0 || !options.chosen(section) || (!section.traits.contents && !options.all)) continue;
    if (!options.all && !options.named && !section.traits.code) continue;
    new SectionDisassembly(file, section, symbols, options, write).run();
  }
}

class SectionDisassembly {
  readonly #file: ObjectFile;
  readonly #section: ObjectSection;
  readonly #symbols: CodeSymbols;
  readonly #options: DisassemblyOptions;
  readonly #write: (text: string) => void;
  readonly #relocations: readonly ElfRelocation[];
  #nextRelocation = 0;
  #skippedDigits = 0;
  #lines: string[] = [];
  /** The section's bytes; zeros where the file has none. */
  readonly #content: Uint8Array;

  constructor(
    file: ObjectFile,
    section: ObjectSection,
    symbols: CodeSymbols,
    options: DisassemblyOptions,
    write: (text: string) => void,
  ) {
    this.#file = file;
    this.#section = section;
    this.#symbols = symbols;
    this.#options = options;
    this.#write = write;
    this.#content = section.traits.contents
      ? section.elf.content
      : new Uint8Array(Math.min(section.sizeBytes, options.zeros ? MAX_SHOWN_ZEROS : MAX_ZEROS));
    const base = file.isRelocatable ? 0 : section.elf.address;
    this.#relocations = options.relocations
      ? [...section.elf.relocations]
          .map((relocation) => ({ ...relocation, offset: relocation.offset - base }))
          .sort((a, b) => a.offset - b.offset)
      : [];
  }

  run(): void {
    const section = this.#section;
    const options = this.#options;
    const symbols = this.#symbols;
    let offset = Math.max(0, options.from - section.address);
    const stop = Math.min(this.#content.length, options.to - section.address);
    if (offset >= stop) return;
    while (this.#nextRelocation < this.#relocations.length && this.#relocations[this.#nextRelocation]!.offset < offset)
      this.#nextRelocation++;
    const end = hex8(section.address + stop);
    while (end.startsWith("00000", this.#skippedDigits)) this.#skippedDigits += 4;
    this.#lines.push("", `Disassembly of section ${section.name}:`);
    const { sorted } = symbols;
    let place = symbols.find(section.address + offset, section, true);
    /** Up to where a function goes that was asked for by name. */
    let chosenEnd = 0;
    while (offset < stop) {
      const address = section.address + offset;
      const symbol = sorted[place];
      const isNamed =
        symbol !== undefined && symbol.home === section && options.symbols.includes(options.nameOf(symbol.name));
      if (isNamed && symbol.value === address && symbol.elf.type === STT_FUNC)
        chosenEnd = Math.max(chosenEnd, offset + symbol.elf.sizeBytes);
      const isShown = options.symbols.length === 0 || isNamed || offset < chosenEnd;
      if (isShown)
        this.#lines.push(
          "",
          `${options.addresses ? `${hex8(address)} ` : ""}${symbols.label(address, section, place)}:`,
        );
      let next = -1;
      if (symbol && symbol.value > address) next = place;
      else if (symbol) {
        for (let i = place + 1; i < sorted.length; i++) {
          const candidate = sorted[i]!;
          if (
            typeof candidate.home === "object" &&
            candidate.home.name === section.name &&
            candidate.value > symbol.value
          ) {
            next = i;
            break;
          }
        }
      }
      let blockEnd = next < 0 ? stop : sorted[next]!.value - section.address;
      if (blockEnd > stop || blockEnd <= offset) blockEnd = stop;
      const isObject =
        symbol !== undefined &&
        (symbol.elf.type === STT_OBJECT || symbol.elf.type === STT_COMMON) &&
        symbol.home === section &&
        symbol.value <= address;
      // A function that was asked for ends where its size says, whatever follows before the next symbol.
      const shownEnd = !isShown ? offset : chosenEnd > offset ? Math.min(blockEnd, chosenEnd) : blockEnd;
      if (isShown) this.#block(offset, shownEnd, options.all || !isObject);
      if (shownEnd < blockEnd) this.#passRelocations(blockEnd);
      offset = blockEnd;
      place = next;
    }
    this.#flush();
  }

  #passRelocations(before: number): void {
    while ((this.#relocations[this.#nextRelocation]?.offset ?? before) < before) this.#nextRelocation++;
  }

  #flush(): void {
    this.#write(`${this.#lines.join("\n")}\n`);
    this.#lines = [];
  }

  #block(start: number, stop: number, isCode: boolean): void {
    const options = this.#options;
    const section = this.#section;
    const content = this.#content;
    // A symbol in code stands between instructions, so none goes across it. Data, and with -D all, may be anything.
    const code = options.all || !section.traits.code ? content : content.subarray(0, stop);
    const perLine = options.bytesPerLine ?? (isCode ? INSTRUCTION_BYTES_PER_LINE : DATA_BYTES_PER_LINE);
    const disassembly = {
      bits: options.bits,
      syntax: options.syntax,
      nameTarget: (address: number): string =>
        this.#symbols.sorted.length === 0
          ? `0x${(address >>> 0).toString(16)}`
          : `${options.addresses ? `${(address >>> 0).toString(16)} ` : ""}${this.#symbols.label(address, section)}`,
    };
    for (let offset = start; offset < stop; ) {
      const zeros = options.zeros ? 0 : this.#zerosAt(offset, stop);
      if (zeros > 0) {
        this.#lines.push("\t...");
        offset += zeros;
        this.#showRelocations(offset);
        continue;
      }
      if (options.linesBefore) this.#lines.push(...options.linesBefore(section, offset));
      let length: number;
      let text: string;
      if (isCode) ({ length, text } = disassemble(code, offset, section.address + offset, disassembly));
      else {
        length = Math.min(perLine, stop - offset);
        text = printable(content, offset, length);
      }
      this.#show(offset, length, stop, text, perLine, isCode);
      offset += length;
      this.#showRelocations(offset);
      if (this.#lines.length > 2000) this.#flush();
    }
  }

  /** How many zeros from here on are not shown. */
  #zerosAt(offset: number, stop: number): number {
    const content = this.#content;
    if (content[offset] !== 0) return 0;
    let end = offset;
    while (end < stop && content[end] === 0) end++;
    const count = end - offset;
    if (count < SKIPPED_ZEROS && !(end === stop && count < SKIPPED_ZEROS_AT_END)) return 0;
    return end < stop ? count & ~3 : count;
  }

  #show(offset: number, length: number, stop: number, text: string, perLine: number, isCode: boolean): void {
    const options = this.#options;
    const section = this.#section;
    const content = this.#content;
    const head = (at: number): string => (options.addresses ? `${this.#shortAddress(section.address + at)}:\t` : "\t");
    if (!options.rawBytes) {
      this.#lines.push(head(offset) + text);
      return;
    }
    // An instruction may go on beyond the block; the bytes there are not shown.
    const bytes = (from: number, to: number): string => {
      let line = "";
      for (let i = from; i < to; i++) line += i < stop ? `${content[i]!.toString(16).padStart(2, "0")} ` : " ";
      return line;
    };
    const first = options.wide ? length : Math.min(length, perLine);
    this.#lines.push(
      `${head(offset)}${bytes(offset, offset + first)}${"   ".repeat(Math.max(0, perLine - first))}${isCode ? "\t" : "    "}${text}`,
    );
    for (let at = first; at < length; at += perLine)
      this.#lines.push(head(offset + at) + bytes(offset + at, offset + Math.min(length, at + perLine)));
  }

  /** Leading zeros are blank, but one digit always shows. */
  #shortAddress(address: number): string {
    const digits = hex8(address).slice(this.#skippedDigits);
    const shown = digits.replace(/^0+/, "");
    return (shown === "" ? "0" : shown).padStart(digits.length);
  }

  #showRelocations(before: number): void {
    for (; this.#nextRelocation < this.#relocations.length; this.#nextRelocation++) {
      const { offset, type, symbol } = this.#relocations[this.#nextRelocation]!;
      if (offset >= before) return;
      const place = `${((this.#section.address + offset) >>> 0).toString(16)}: ${relocationName(type)}\t${relocationTarget(this.#file, symbol, this.#options.nameOf)}`;
      if (this.#options.wide && this.#lines.length > 0) this.#lines.push(`${this.#lines.pop()!}\t${place}`);
      else this.#lines.push(`\t\t\t${place}`);
    }
  }
}

function printable(content: Uint8Array, offset: number, length: number): string {
  let text = "";
  for (let i = 0; i < length; i++) {
    const byte = content[offset + i]!;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  }
  return text;
}
