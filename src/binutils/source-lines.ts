/**
 * `objdump -S` and `-l`: which source lines to show before an instruction. A line is shown with up to five lines of
 * what leads to it, each line once, as GNU objdump 2.40 does.
 */

import { type LineTable, lineTableOf } from "../object/dwarf/line-lookup.ts";
import { STT_FILE, STT_FUNC, STT_GNU_IFUNC, STT_NOTYPE } from "../object/elf.ts";
import { stabLinesOf } from "../object/stab-lines.ts";
import type { ObjectFile, ObjectSection, ObjectSymbol } from "./object-file.ts";

const CONTEXT_LINES = 5;

export interface SourceLineOptions {
  /** -S */
  readonly source: boolean;
  /** -l */
  readonly numbers: boolean;
  /** The lines of a source file, or null when it cannot be read. */
  readonly read: (path: string) => readonly string[] | null;
  /** How a function is shown. */
  readonly nameOf: (symbol: string) => string;
}

interface ShownFile {
  readonly lines: readonly string[];
  lastLine: number;
  maxShown: number;
}

export class SourceLines {
  readonly #options: SourceLineOptions;
  readonly #files = new Map<string, ShownFile | null>();
  #table: LineTable | null = null;
  /** By section: one symbol for each address, by address. */
  #functions = new Map<ObjectSection, readonly ObjectSymbol[]>();
  #previousFunction: string | null = null;
  #previousLine = -1;
  #previousDiscriminator = 0;

  constructor(options: SourceLineOptions) {
    this.#options = options;
  }

  enter(file: ObjectFile): void {
    this.#table = lineTableOf(file.elf) ?? stabLinesOf(file.elf);
    const kinds = new Set([STT_FUNC, STT_NOTYPE, STT_GNU_IFUNC]);
    const sorted = file.symbols
      .filter(({ elf }) => elf.type !== STT_FILE && kinds.has(elf.type))
      .sort((a, b) => a.value - b.value);
    const functions = new Map<ObjectSection, ObjectSymbol[]>();
    for (const symbol of sorted) {
      if (typeof symbol.home !== "object") continue;
      const list = functions.get(symbol.home) ?? [];
      functions.set(symbol.home, list);
      const last = list.at(-1);
      if (last?.value !== symbol.value) list.push(symbol);
      else if (rank(symbol) > rank(last)) list[list.length - 1] = symbol;
    }
    this.#functions = functions;
  }

  before(section: ObjectSection, offset: number): string[] {
    const lines: string[] = [];
    const { file, line, discriminator } = this.#table?.find(section.elf, offset) ?? {
      file: "",
      line: 0,
      discriminator: 0,
    };
    // Debugging information knows inlined functions, the symbol table does not.
    const told = line > 0 ? (this.#table?.functionAt(section.elf, offset) ?? null) : null;
    const isAll = line > 0 && this.#table?.knowsFunctions === true;
    const name = isAll ? told : (told ?? this.#functionAt(section, section.address + offset));
    if (this.#options.numbers) {
      if (name !== null && name !== this.#previousFunction) {
        const shown = this.#options.nameOf(name);
        // A name that says its parameters has parentheses.
        lines.push(shown === name ? `${name}():` : `${shown}:`);
        this.#previousLine = -1;
      }
      if (line > 0 && (line !== this.#previousLine || discriminator !== this.#previousDiscriminator))
        lines.push(`${file}:${line}${discriminator > 0 ? ` (discriminator ${discriminator})` : ""}`);
    }
    if (this.#options.source && line > 0) lines.push(...this.#sourceOf(file, line));
    if (name !== null) this.#previousFunction = name;
    if (line > 0) this.#previousLine = line;
    this.#previousDiscriminator = discriminator;
    return lines;
  }

  #sourceOf(path: string, line: number): readonly string[] {
    let file = this.#files.get(path);
    if (file === undefined) {
      const lines = this.#options.read(path);
      file = lines === null ? null : { lines, lastLine: 0, maxShown: 0 };
      this.#files.set(path, file);
    }
    if (file === null || line === file.lastLine) return [];
    let first = Math.max(line - CONTEXT_LINES, 1);
    if (file.maxShown >= first) first = file.maxShown < line ? file.maxShown + 1 : line;
    file.lastLine = line;
    file.maxShown = Math.max(file.maxShown, line);
    return file.lines.slice(first - 1, line);
  }

  /** The nearest symbol at or before the address that may be a function. */
  #functionAt(section: ObjectSection, address: number): string | null {
    const list = this.#functions.get(section) ?? [];
    let least = 0;
    for (let most = list.length; least < most; ) {
      const middle = (least + most) >> 1;
      if (list[middle]!.value > address) most = middle;
      else least = middle + 1;
    }
    return list[least - 1]?.name ?? null;
  }
}

/** Of two symbols at one address a function is preferred, then the larger one, then the first. */
const rank = ({ elf }: ObjectSymbol): number => (elf.type === STT_FUNC ? 2 ** 33 : 0) + elf.sizeBytes;
