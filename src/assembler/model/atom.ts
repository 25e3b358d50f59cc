/**
 * Names, each held once. Everything that a name can stand for hangs on its atom, so the scanner hashes a word once and
 * then knows whether it is a symbol, a register, a macro, a directive or a mnemonic without another look-up.
 */

import type { Register } from "../../isa/instruction.ts";
import type { Macro } from "./macro.ts";
import { textOfBytes } from "./source-text.ts";
import type { AssemblySymbol } from "./symbol.ts";

/** What a name that begins with a dot does. */
export interface Directive {
  readonly name: string;
  /** Counts even in a branch that is not assembled. */
  readonly isConditional: boolean;
  /** Called with the cursor at the first operand; leaves it at the statement's end. */
  readonly run: () => void;
}

export class Atom {
  /** One character for each byte of the source. */
  readonly text: string;
  readonly hash: number;
  /** The same name in lower case: itself where there is nothing to lower. */
  lower: Atom = this;
  /** Next in the hash bucket. */
  next: Atom | null;

  /** As a symbol, in this exact spelling. */
  symbol: AssemblySymbol | null = null;
  /** The others are set on the lower-case atom only. */
  register: Register | null = null;
  macro: Macro | null = null;
  directive: Directive | null = null;
  /** Index into the operator table of the Intel operand grammar, or -1. */
  intelOperator = -1;

  constructor(text: string, hash: number, next: Atom | null) {
    this.text = text;
    this.hash = hash;
    this.next = next;
  }
}

export class AtomTable {
  #buckets: (Atom | null)[] = new Array<Atom | null>(4096).fill(null);
  #count = 0;

  /** The atom of `bytes[start..end)`. */
  intern(bytes: Uint8Array, start: number, end: number): Atom {
    let hash = end - start;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    let candidate: Atom | null = this.#buckets[hash & (this.#buckets.length - 1)]!;
    search: while (candidate !== null) {
      if (candidate.hash === hash && candidate.text.length === end - start) {
        const known = candidate.text;
        for (let i = 0; i < known.length; i++) {
          if (known.charCodeAt(i) !== bytes[start + i]) {
            candidate = candidate.next;
            continue search;
          }
        }
        return candidate;
      }
      candidate = candidate.next;
    }
    return this.#insert(textOfBytes(bytes, start, end), hash);
  }

  /** The atom of a text of characters below 256. */
  internText(text: string): Atom {
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return this.intern(bytes, 0, bytes.length);
  }

  /** Every atom there is, for suggestions of near names. */
  *all(): Generator<Atom> {
    for (let atom of this.#buckets) for (; atom !== null; atom = atom.next) yield atom;
  }

  #insert(text: string, hash: number): Atom {
    if (this.#count++ > this.#buckets.length) this.#grow();
    const bucket = hash & (this.#buckets.length - 1);
    const atom = new Atom(text, hash, this.#buckets[bucket]!);
    this.#buckets[bucket] = atom;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x41 || code > 0x5a) continue;
      atom.lower = this.internText(text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
      break;
    }
    return atom;
  }

  #grow(): void {
    const old = this.#buckets;
    this.#buckets = new Array<Atom | null>(old.length * 4).fill(null);
    for (let atom of old) {
      while (atom !== null) {
        const next: Atom | null = atom.next;
        const bucket = atom.hash & (this.#buckets.length - 1);
        atom.next = this.#buckets[bucket]!;
        this.#buckets[bucket] = atom;
        atom = next;
      }
    }
  }
}
