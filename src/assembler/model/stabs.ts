/**
 * Stabs: the debugging notes of old compilers (The "stabs" debug format, sections 1.3 and 1.4). Each is an entry of
 * twelve bytes in `.stab`; their texts stand one after the other in `.stabstr`. The first entry counts the others.
 */

import { constant, type Expression, node, Op } from "./expression.ts";
import type { Section } from "./section.ts";
import { SHT } from "./section.ts";
import type { Sections } from "./sections.ts";
import type { SymbolTable } from "./symbols.ts";

/** Types of entries (The "stabs" debug format, appendix A). */
const N_FUN = 0x24;
const N_SLINE = 0x44;
const N_SO = 0x64;
const N_LSYM = 0x80;
const N_SOL = 0x84;

const ENTRY_SIZE = 12;
const ALIGNMENT_POWER = 2;
/** Offsets in the first entry: the number of the others, and the size of the texts. */
const COUNT_OFFSET = 6;
const SIZE_OFFSET = 8;

interface StabSection {
  readonly entries: Section;
  readonly texts: Section;
}

export class Stabs {
  readonly #sections: Sections;
  readonly #known = new Map<string, StabSection>();
  /** Names the source that the notes are of. */
  readonly #fileName: () => string;

  constructor(sections: Sections, fileName: () => string) {
    this.#sections = sections;
    this.#fileName = fileName;
  }

  /** Adds an entry to the section of this name, `.stab` for most. */
  add(name: string, text: Uint8Array, type: number, other: number, description: number, value: Expression): void {
    const sections = this.#sections;
    sections.push();
    const { entries, texts } = this.#known.get(name) ?? this.#make(name);
    const at = this.#text(texts, text);
    sections.change(entries);
    sections.integer(at, 4);
    sections.integer(type, 1);
    sections.integer(other, 1);
    sections.integer(description, 2);
    sections.field(value, 4, 0);
    sections.pop();
  }

  #make(name: string): StabSection {
    const sections = this.#sections;
    const entries = sections.make(name, SHT.PROGBITS, 0);
    const texts = sections.make(`${name}str`, SHT.STRTAB, 0);
    entries.entrySize = ENTRY_SIZE;
    entries.align(ALIGNMENT_POWER);
    entries.linkedTo = texts;
    const made = { entries, texts };
    this.#known.set(name, made);
    sections.change(texts);
    sections.integer(0, 1);
    const at = this.#text(texts, new TextEncoder().encode(this.#fileName()));
    sections.change(entries);
    sections.integer(at, 4);
    sections.integer(0, 4);
    sections.integer(0, 4);
    return made;
  }

  /** Appends a text; returns its offset. An empty one is the NUL at the beginning. */
  #text(texts: Section, text: Uint8Array): number {
    if (text.length === 0) return 0;
    const sections = this.#sections;
    sections.change(texts);
    const at = sections.current!.length;
    sections.bytes(text);
    sections.integer(0, 1);
    return at;
  }

  /** Fills in the first entries. */
  finish(): void {
    for (const { entries, texts } of this.#known.values()) {
      const { bytes, length } = entries.subsection(0);
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      view.setUint16(COUNT_OFFSET, length / ENTRY_SIZE - 1, true);
      view.setUint32(SIZE_OFFSET, texts.subsection(0).length, true);
    }
  }
}

/** The lines of the assembly source as stabs: `--gstabs`, and `--gstabs+` with the folder of the compilation. */
export class StabLines {
  readonly #stabs: Stabs;
  readonly #symbols: SymbolTable;
  #lastPath = "";
  #lastLine = -1;
  #hasVoid = false;
  /** Label of the routine between `.func` and `.endfunc`: lines count from there. */
  #routineStart: Expression | null = null;

  constructor(stabs: Stabs, symbols: SymbolTable) {
    this.#stabs = stabs;
    this.#symbols = symbols;
  }

  /** The source begins. `folder`: where the compilation runs, or null to say nothing of it. */
  begin(path: string, folder: string | null): void {
    if (folder !== null) this.#file(N_SO, folder.endsWith("/") ? folder : `${folder}/`);
    this.#file(N_SO, path);
    this.#lastPath = path;
  }

  /** An instruction of this line begins at the current place. */
  instruction(path: string, line: number): void {
    if (path === this.#lastPath && line === this.#lastLine) return;
    if (path !== this.#lastPath) this.#file(N_SOL, path);
    this.#lastPath = path;
    this.#lastLine = line;
    const here = this.#symbols.here(0);
    this.#add("", N_SLINE, line, this.#routineStart ? node(Op.SUBTRACT, here, this.#routineStart, 0) : here);
  }

  beginRoutine(name: string, label: Expression, line: number): void {
    if (!this.#hasVoid) this.#add("void:t1=1", N_LSYM, 0, constant(0));
    this.#hasVoid = true;
    this.#add(`${name}:F1`, N_FUN, line + 1, label);
    this.#routineStart = label;
  }

  endRoutine(): void {
    if (this.#routineStart === null) return;
    this.#add("", N_FUN, 0, node(Op.SUBTRACT, this.#symbols.here(0), this.#routineStart, 0));
    this.#routineStart = null;
  }

  #file(type: number, path: string): void {
    this.#add(path, type, 0, this.#symbols.here(0));
  }

  #add(text: string, type: number, description: number, value: Expression): void {
    this.#stabs.add(".stab", new TextEncoder().encode(text), type, 0, description, value);
  }
}
