/**
 * The display adapter's memory where no page leads to it, as in planar modes and of texts: 16-bit code reads and writes
 * it by calls that come back (access.ts), with a window of eight bytes between. Nothing translates its addresses.
 */
import type { AccessBytes } from "../bus/bus.ts";
import type { Core } from "../cpu/core.ts";
import { THREAD_WINDOW_READ, THREAD_WINDOW_WRITE, WINDOW_SIZE_SHIFT } from "../cpu/layout.ts";

const WINDOW_ADDRESS = (1 << WINDOW_SIZE_SHIFT) - 1;

export class VideoWindow {
  /** What `remaining` is when the code that runs has used up its budget. */
  base = 0;
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The bytes that a word says (WINDOW_SIZE_SHIFT) are read into both windows. */
  read(bytes: number, budget: number): number {
    const { mmu, memory } = this.#core;
    this.#core.remaining = this.base + budget;
    const value = mmu.readSystem(bytes & WINDOW_ADDRESS, (bytes >>> WINDOW_SIZE_SHIFT) as AccessBytes);
    memory.words[THREAD_WINDOW_READ >>> 2] = value;
    memory.words[THREAD_WINDOW_WRITE >>> 2] = value;
    return 0;
  }

  /** The budget after an instruction that writes what is in a window, or -1 where something wants attention. */
  write(bytes: number, budget: number): number {
    const core = this.#core;
    core.remaining = this.base + budget;
    const value = core.memory.words[THREAD_WINDOW_WRITE >>> 2]!;
    core.mmu.writeSystem(bytes & WINDOW_ADDRESS, (bytes >>> WINDOW_SIZE_SHIFT) as AccessBytes, value);
    const left = --core.remaining - this.base;
    return left > 0 && core.attention === 0 ? left : -1;
  }
}
