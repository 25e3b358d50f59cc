/** Wires that join chips: plain ones, and the wired-OR of several outputs on one input (shared level-triggered interrupts). */
import type { Wire } from "../bus.ts";

/** A wire that calls `changed` whenever its level changes. */
export class Line implements Wire {
  #level = false;
  readonly #changed: (level: boolean) => void;

  constructor(changed: (level: boolean) => void) {
    this.#changed = changed;
  }

  get level(): boolean {
    return this.#level;
  }

  set(level: boolean): void {
    if (level === this.#level) return;
    this.#level = level;
    this.#changed(level);
  }

  /** Takes a level without telling anybody: for restored state. */
  assume(level: boolean): void {
    this.#level = level;
  }
}

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

  /** One more output. */
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

  assume(levels: number): void {
    this.#levels = levels;
  }
}

/** A wire that ends nowhere. */
export const UNCONNECTED: Wire = { set() {} };
