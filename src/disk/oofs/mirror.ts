/** The object table exists twice. This is what makes one serve for the other. */
import { assert } from "../../diagnostic/invariant.ts";
import { damaged } from "../error.ts";
import { BLOCK_BYTES, POINTERS_PER_NODE } from "./layout.ts";
import type { Recovery, Tree } from "./tree.ts";

/** For one of the two object tables: what is damaged is taken from the other one. */
export class MirrorRecovery implements Recovery {
  readonly #other: () => Tree;
  readonly #warn: (sentence: string) => void;
  readonly #lost: { first: number; end: number }[] = [];
  readonly #taken = new Set<number>();
  #asking = false;
  #said = false;

  constructor(other: () => Tree, warn: (sentence: string) => void) {
    this.#other = other;
    this.#warn = warn;
  }

  lose(error: Error, level: number, index: number): void {
    assert(level >= 1, "content without a node is lost");
    this.#say(error);
    const first = index * POINTERS_PER_NODE ** level;
    if (!this.isLost(first)) this.#lost.push({ first, end: first + POINTERS_PER_NODE ** level });
  }

  isLost(index: number): boolean {
    return this.#lost.some(({ first, end }) => first <= index && index < end);
  }

  content(index: number, error: Error | null, taken: boolean): Uint8Array | null {
    // The other one asks here when it is damaged too.
    if (this.#asking)
      throw error ?? damaged(`both object tables are damaged (content at offset ${index * BLOCK_BYTES})`);
    this.#asking = true;
    try {
      const bytes = this.#other().read(index);
      if (error) this.#say(error);
      if (taken) this.#taken.add(index);
      return bytes;
    } finally {
      this.#asking = false;
    }
  }

  /** Before a commit: when this table is changed, all that is damaged of it is written anew. */
  settle(own: Tree): void {
    if (!own.isChanged) return;
    if (this.#lost.length === 0) return;
    const missing: number[] = [];
    this.#other().walk((_pointer, level, index) => {
      if (level === 0 && this.isLost(index) && !this.#taken.has(index)) missing.push(index);
      return true;
    });
    for (const index of missing) own.touch(index);
    this.#lost.length = 0;
  }

  #say(error: Error): void {
    if (this.#said) return;
    this.#said = true;
    this.#warn(`${error.message}; the second object table serves`);
  }
}
