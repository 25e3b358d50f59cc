/** Debug registers: breakpoints on instructions, data and ports (SDM 3B, chapter 17). */

import { ATTENTION_DEBUG_TRAP } from "./attention.ts";
import type { Core } from "./core.ts";
import { CR4, DR } from "./layout.ts";
import { CR4_DE } from "./state.ts";
import type { AccessWatch } from "./translation.ts";

export const DR6_SINGLE_STEP = 0x4000;
export const DR6_TASK_SWITCH = 0x8000;
export const DR6_GENERAL_DETECT = 0x2000;
export const DR7_GENERAL_DETECT = 0x2000;

/** The kinds of a breakpoint: R/W fields of DR7. */
const KIND_EXECUTE = 0;
const KIND_WRITE = 1;
const KIND_PORT = 2;
/** Length by the LEN field; 8 bytes do not exist on this processor and count as 4. */
const LENGTHS = [1, 2, 4, 4] as const;

export class DebugRegisters implements AccessWatch {
  /** An enabled breakpoint waits for an instruction. */
  codeArmed = false;
  portArmed = false;
  readonly #core: Core;
  #dataArmed = false;

  constructor(core: Core) {
    this.#core = core;
  }

  #enabled(number: number): boolean {
    return ((this.#core.s[DR + 7]! >>> (2 * number)) & 3) !== 0;
  }

  #kind(number: number): number {
    return (this.#core.s[DR + 7]! >>> (16 + 4 * number)) & 3;
  }

  #length(number: number): number {
    return LENGTHS[((this.#core.s[DR + 7]! >>> (18 + 4 * number)) & 3) as 0 | 1 | 2 | 3];
  }

  /** To be called after DR7 or CR4.DE changed. */
  update(): void {
    this.codeArmed = false;
    this.portArmed = false;
    this.#dataArmed = false;
    for (let number = 0; number < 4; number++) {
      if (!this.#enabled(number)) continue;
      const kind = this.#kind(number);
      if (kind === KIND_EXECUTE) this.codeArmed = true;
      else if (kind === KIND_PORT) this.portArmed = (this.#core.s[CR4]! & CR4_DE) !== 0;
      else this.#dataArmed = true;
    }
    this.#core.memory.latches.watch("breakpoint", this.portArmed);
    this.#core.mmu.setWatch(this.#dataArmed ? this : null);
    this.#core.updateControls();
  }

  /** The bits of DR6 for the instruction breakpoints at a linear address; 0 for none. */
  codeHits(linearAddress: number): number {
    let hits = 0;
    for (let number = 0; number < 4; number++) {
      if (this.#enabled(number) && this.#kind(number) === KIND_EXECUTE && this.#core.s[DR + number] === linearAddress)
        hits |= 1 << number;
    }
    return hits;
  }

  #range(first: number, sizeBytes: number, matches: (kind: number) => boolean): void {
    let hits = 0;
    for (let number = 0; number < 4; number++) {
      if (!this.#enabled(number) || !matches(this.#kind(number))) continue;
      const length = this.#length(number);
      const start = (this.#core.s[DR + number]! & ~(length - 1)) >>> 0;
      if (first < start + length && start < first + sizeBytes) hits |= 1 << number;
    }
    if (hits !== 0) this.trap(hits);
  }

  access(linearAddress: number, sizeBytes: number, write: boolean): void {
    this.#range(linearAddress >>> 0, sizeBytes, (kind) => kind === 3 || (kind === KIND_WRITE && write));
  }

  port(port: number, sizeBytes: number): void {
    if (this.portArmed) this.#range(port, sizeBytes, (kind) => kind === KIND_PORT);
  }

  /** Makes a debug trap due after the running instruction. */
  trap(dr6Bits: number): void {
    this.#core.s[DR + 6]! |= dr6Bits;
    this.#core.setAttention(ATTENTION_DEBUG_TRAP, true);
  }
}
