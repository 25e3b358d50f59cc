/** A set of interrupt vectors: one of the 256-bit registers of a local APIC, eight dwords as software reads them. */
import { holds } from "../../state/invariant.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";

const WORDS = 8;

export class VectorSet implements Stateful {
  readonly words = new Uint32Array(WORDS);

  add(vector: number): void {
    holds(vector >= 0 && vector <= 0xff, "local APIC", "a vector that none is");
    this.words[vector >>> 5]! |= 1 << (vector & 31);
  }

  remove(vector: number): void {
    this.words[vector >>> 5]! &= ~(1 << (vector & 31));
  }

  has(vector: number): boolean {
    return ((this.words[vector >>> 5]! >>> (vector & 31)) & 1) !== 0;
  }

  clear(): void {
    this.words.fill(0);
  }

  /** The most urgent one, -1 when the set is empty. */
  get highest(): number {
    for (let word = WORDS - 1; word >= 0; word--) {
      const bits = this.words[word]!;
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits);
    }
    return -1;
  }

  visitState(visitor: StateVisitor): void {
    for (let word = 0; word < WORDS; word++) this.words[word] = visitor.u32(this.words[word]!);
  }
}
