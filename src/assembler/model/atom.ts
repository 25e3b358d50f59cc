/**
 * Names, each held once. Everything that a name can stand for hangs on its atom, so the scanner hashes a word once and
 * then knows whether it is a symbol, a register, a macro, a directive or a mnemonic without another look-up. A
 * compiler's output has a label for every few lines: names lie side by side as bytes, and what only a few words are is
 * in an object of its own.
 */

import type { Register } from "../../isa/instruction.ts";
import { grownBytes, grownInts } from "./columns.ts";
import type { Macro } from "./macro.ts";
import { textOfBytes } from "./source-text.ts";
import type { AssemblySymbol, SymbolName } from "./symbol.ts";

/** What a name that begins with a dot does. */
export interface Directive {
  readonly name: string;
  /** Counts even in a branch that is not assembled. */
  readonly isConditional: boolean;
  /** Called with the cursor at the first operand; leaves it at the statement's end. */
  readonly run: () => void;
}

/** What a word means that is more than a name. */
class Meaning {
  register: Register | null = null;
  macro: Macro | null = null;
  directive: Directive | null = null;
  /** Index into the operator table of the Intel operand grammar, or -1. */
  intelOperator = -1;
  /** The name, for words that are asked for it again and again. */
  text: string | null = null;
}

/** Read of names that mean nothing; never written to. */
const NO_MEANING = new Meaning();

export class Atom implements SymbolName {
  readonly #table: AtomTable;
  readonly #number: number;
  #meaning = NO_MEANING;
  /** As a symbol, in this exact spelling. */
  symbol: AssemblySymbol | null = null;

  constructor(table: AtomTable, number: number) {
    this.#table = table;
    this.#number = number;
  }

  /** One character for each byte of the source. Made anew each time. */
  get text(): string {
    return this.#table.text(this.#number);
  }

  /** The same, kept from the first time on: for the few words that statements begin with. */
  get word(): string {
    const known = this.#meaning.text;
    if (known !== null) return known;
    Atom.#ownMeaning(this).text = this.text;
    return this.#meaning.text!;
  }

  get length(): number {
    return this.#table.length(this.#number);
  }

  get isLocalName(): boolean {
    return this.#table.isLocalName(this.#number);
  }

  /** The same name in lower case: itself where there is nothing to lower. */
  get lower(): Atom {
    return this.#table.lower(this, this.#number, true)!;
  }

  /**
   * `lower`, or null where nothing has been called so yet: a name that is no register, operator or other known word.
   */
  get knownLower(): Atom | null {
    return this.#table.lower(this, this.#number, false);
  }

  /** Static: a private method would take eight bytes in each atom. */
  static #ownMeaning(atom: Atom): Meaning {
    if (atom.#meaning === NO_MEANING) atom.#meaning = new Meaning();
    return atom.#meaning;
  }

  // These are set on the lower-case atom only.

  get register(): Register | null {
    return this.#meaning.register;
  }

  set register(value: Register | null) {
    Atom.#ownMeaning(this).register = value;
  }

  get macro(): Macro | null {
    return this.#meaning.macro;
  }

  set macro(value: Macro | null) {
    Atom.#ownMeaning(this).macro = value;
  }

  get directive(): Directive | null {
    return this.#meaning.directive;
  }

  set directive(value: Directive | null) {
    Atom.#ownMeaning(this).directive = value;
  }

  get intelOperator(): number {
    return this.#meaning.intelOperator;
  }

  set intelOperator(value: number) {
    Atom.#ownMeaning(this).intelOperator = value;
  }
}

/** Slots of the first hash table, a power of two. */
const FIRST_SLOTS = 8192;

export class AtomTable {
  /** Numbers of atoms plus 1, by their hashes; 0 where there is none. */
  #slots = new Int32Array(FIRST_SLOTS);
  readonly #atoms: Atom[] = [];
  #hashes = new Int32Array(1024);
  /** Where each name ends in `#texts`: the next one begins there. */
  #ends = new Int32Array(1024);
  #texts = new Uint8Array(16384);
  #textLength = 0;
  #scratch = new Uint8Array(64);

  /** The atom of `bytes[start..end)`. */
  intern(bytes: Uint8Array, start: number, end: number): Atom {
    let hash = end - start;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const found = this.#find(bytes, start, end, hash);
    return found < 0 ? this.#insert(bytes, start, end, hash) : this.#atoms[found]!;
  }

  #find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const ends = this.#ends;
    const texts = this.#texts;
    const length = end - start;
    search: for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const number = slots[slot]! - 1;
      if (number < 0) return -1;
      if (this.#hashes[number] !== hash) continue;
      const from = number === 0 ? 0 : ends[number - 1]!;
      if (ends[number]! - from !== length) continue;
      for (let i = 0; i < length; i++) if (texts[from + i] !== bytes[start + i]) continue search;
      return number;
    }
  }

  /** The atom of a text of characters below 256. */
  internText(text: string): Atom {
    return this.intern(this.#bytesOf(text), 0, text.length);
  }

  /** The same, or null where nothing has been called so yet. */
  find(text: string): Atom | null {
    const bytes = this.#bytesOf(text);
    let hash = text.length;
    for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const found = this.#find(bytes, 0, text.length, hash);
    return found < 0 ? null : this.#atoms[found]!;
  }

  #bytesOf(text: string): Uint8Array {
    const { length } = text;
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length * 2);
    for (let i = 0; i < length; i++) this.#scratch[i] = text.charCodeAt(i);
    return this.#scratch;
  }

  /** Every atom there is, for suggestions of near names. */
  all(): readonly Atom[] {
    return this.#atoms;
  }

  text(number: number): string {
    return textOfBytes(this.#texts, this.#startOf(number), this.#ends[number]!);
  }

  length(number: number): number {
    return this.#ends[number]! - this.#startOf(number);
  }

  /**
   * `.L` before it, or one of the marks that GNU as has in the names of numeric labels: so begin names of Objective-C.
   */
  isLocalName(number: number): boolean {
    const start = this.#startOf(number);
    const isLong = this.#ends[number]! - start >= 2;
    const first = this.#texts[start]!;
    return first === 0x2e ? isLong && this.#texts[start + 1] === 0x4c : first === 1 || first === 2;
  }

  #startOf(number: number): number {
    return number === 0 ? 0 : this.#ends[number - 1]!;
  }

  /** The atom with the letters of this one in lower case: made if it has to be, or else null when there is none. */
  lower(atom: Atom, number: number, isMade: boolean): Atom | null {
    const start = this.#startOf(number);
    const end = this.#ends[number]!;
    const texts = this.#texts;
    let upper = start;
    while (upper < end && (texts[upper]! < 0x41 || texts[upper]! > 0x5a)) upper++;
    if (upper === end) return atom;
    const length = end - start;
    const bytes = new Uint8Array(length);
    let hash = length;
    for (let i = 0; i < length; i++) {
      const code = texts[start + i]!;
      bytes[i] = code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
      hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    }
    const found = this.#find(bytes, 0, length, hash);
    if (found >= 0) return this.#atoms[found]!;
    return isMade ? this.#insert(bytes, 0, length, hash) : null;
  }

  #insert(bytes: Uint8Array, start: number, end: number, hash: number): Atom {
    const atoms = this.#atoms;
    const number = atoms.length;
    const length = end - start;
    if ((number + 1) * 2 > this.#slots.length) this.#grow();
    if (number === this.#ends.length) {
      this.#ends = grownInts(this.#ends);
      this.#hashes = grownInts(this.#hashes);
    }
    while (this.#textLength + length > this.#texts.length) this.#texts = grownBytes(this.#texts);
    for (let i = 0; i < length; i++) this.#texts[this.#textLength + i] = bytes[start + i]!;
    this.#textLength += length;
    this.#ends[number] = this.#textLength;
    this.#hashes[number] = hash;
    const atom = new Atom(this, number);
    atoms.push(atom);
    this.#place(number, hash);
    return atom;
  }

  #place(number: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 4);
    for (let i = 0; i < this.#atoms.length; i++) this.#place(i, this.#hashes[i]!);
  }
}
