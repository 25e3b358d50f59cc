/** The wired-OR of several outputs on one input: interrupt lines that chips share. */
import type { Wire } from "../../bus/bus.ts";

/** Several outputs on one input: the input is high while any output is. At most 31 outputs. */
export class SharedLine {
  #levels = 0;
  #outputs = 0;
  readonly #target: Wire;

  constructor(target: Wire) {
    this.#target = target;
  }

  /** Bit n is the level of the n-th output. */
  get levels(): number {
    return this.#levels;
  }

  /** One more output; it begins low. */
  connect(): Wire {
    const bit = 1 << this.#outputs++;
    return {
      set: (level) => {
        const levels = level ? this.#levels | bit : this.#levels & ~bit;
        if (levels === this.#levels) return;
        this.#levels = levels;
        this.#target.set(levels !== 0);
      },
    };
  }

  /** Takes levels without telling anybody: for restored state. */
  assume(levels: number): void {
    this.#levels = levels;
  }
}
