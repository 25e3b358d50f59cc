/**
 * Context numbers: what entries of the jump cache, and of the pages that the interpreter knows, were made for. A
 * context is a mode in a translation epoch; one that comes back with its address space has the number that it had.
 */
import type { Core } from "../cpu/core.ts";
import {
  CR0,
  CS,
  JIT_CONTEXT,
  JIT_UPPER_CONTEXT,
  LIMIT,
  THREAD_CONTEXT,
  THREAD_PAGE_ENTRIES,
  THREAD_PAGES,
} from "../cpu/layout.ts";
import { CR0_PG, MODE_CODE32, MODE_FLAT, MODE_STACK32, MODE_USER } from "../cpu/state.ts";
import { clearJumps } from "./jump-cache.ts";
import type { Shape } from "./shape.ts";

const MIN_DIRECT_RAM = 2 << 20;
/** In instructions: an epoch that is not worth entering compiled code for, once there have been many of them. */
const BRIEF_EPOCH = 200;
const MANY_BRIEF_EPOCHS = 64;
/** Modes that have contexts of their own within an epoch. */
const MAX_MODES = 64;
const MAX_CONTEXTS = 256;
const MODE_BITS = MODE_CODE32 | MODE_STACK32 | MODE_FLAT | MODE_USER;
const LAST_CONTEXT = 2 ** 31 - 2 * MAX_MODES;

export class Contexts {
  readonly #core: Core;
  readonly #words: Int32Array;
  #modeKey = -1;
  #epoch = -1;
  #upperEpoch = -1;
  /** See Shape. */
  direct = false;
  isPlaced = false;
  isProtected = false;
  /** Number of the context of `modes[0]` in this epoch; those of the other modes follow. */
  #firstContext = 1;
  /** The same of EIPs in the upper part. */
  #upperContext = 1;
  /** The same of what 16-bit code knows of pages. */
  #placeContext = 1;
  #placeEpoch = -1;
  #nextContext = 1;
  /** `firstContext` of the epochs that may come back with their address space. */
  readonly #contexts = new Map<number, number>();
  #epochStart = 0;
  /** How many of the last epochs were brief, up to a limit. */
  #briefEpochs = 0;
  readonly #modes: number[] = [];
  #mapEpoch = -1;
  #isRegular = false;

  constructor(core: Core) {
    this.#core = core;
    this.#words = core.memory.words;
  }

  /** Whether the context is that of mode and translations as they are. */
  get isCurrent(): boolean {
    const { state, mmu } = this.#core;
    return state.modeKey === this.#modeKey && mmu.epoch === this.#epoch && mmu.upperEpoch === this.#upperEpoch;
  }

  /** Numbers for the contexts of an epoch. */
  #newContext(epoch: number): number {
    const first = this.#nextContext;
    this.#nextContext += MAX_MODES;
    if (this.#contexts.size === MAX_CONTEXTS) this.#contexts.clear();
    this.#contexts.set(epoch, first);
    return first;
  }

  /** Takes note of an epoch that is new. */
  #beginEpoch(): void {
    const now = this.#core.retired;
    this.#briefEpochs =
      now - this.#epochStart < BRIEF_EPOCH
        ? Math.min(this.#briefEpochs + 1, 2 * MANY_BRIEF_EPOCHS)
        : Math.max(this.#briefEpochs - 1, 0);
    this.#epochStart = now;
  }

  /** Takes over mode and translations as they are. */
  update(): void {
    const core = this.#core;
    const { modeKey } = core.state;
    if (core.mmu.epoch !== this.#epoch) {
      this.#epoch = core.mmu.epoch;
      const known = this.#contexts.get(this.#epoch);
      if (known === undefined) this.#beginEpoch();
      this.#firstContext = known ?? this.#newContext(this.#epoch);
    }
    if (core.mmu.upperEpoch !== this.#upperEpoch) {
      this.#upperEpoch = core.mmu.upperEpoch;
      this.#upperContext = this.#contexts.get(this.#upperEpoch) ?? this.#newContext(this.#upperEpoch);
    }
    if (core.mmu.placeEpoch !== this.#placeEpoch) {
      this.#placeEpoch = core.mmu.placeEpoch;
      this.#placeContext = this.#contexts.get(this.#placeEpoch) ?? this.#newContext(this.#placeEpoch);
    }
    this.#modeKey = modeKey;
    const modes = this.#modes;
    const isNarrow = (modeKey & MODE_CODE32) === 0;
    // 16-bit code loads segments without saying so: whether they are flat is nothing to go by.
    const mode = isNarrow ? modeKey & ~MODE_FLAT : modeKey;
    let number = modes.indexOf(mode);
    if (number < 0) {
      number = modes.push(mode) - 1;
      if (modes.length > MAX_MODES) this.#firstContext = -1;
    }
    if (this.#firstContext < 0 || Math.max(this.#firstContext, this.#upperContext) > LAST_CONTEXT) {
      // Numbers must not come again while entries with them are there.
      clearJumps(this.#words);
      this.#words.fill(0, THREAD_PAGES >>> 2, (THREAD_PAGES >>> 2) + 4 * THREAD_PAGE_ENTRIES);
      this.#firstContext = 1;
      this.#upperContext = 1 + MAX_MODES;
      this.#placeContext = this.#upperContext;
      this.#nextContext = 1 + 2 * MAX_MODES;
      this.#contexts.clear();
      modes.length = 0;
      number = modes.push(mode) - 1;
    }
    this.#words[(JIT_CONTEXT >>> 2) + 1] = this.#firstContext + number;
    this.#words[(JIT_UPPER_CONTEXT >>> 2) + 1] = this.#upperContext + number;
    this.#words[(THREAD_CONTEXT >>> 2) + 1] = this.#placeContext + number;
    if (this.#mapEpoch !== core.memory.mapChanges) {
      this.#mapEpoch = core.memory.mapChanges;
      this.#isRegular = core.memory.isRegular;
    }
    this.isProtected = core.state.protectedMode && !isNarrow;
    const isUnpaged =
      (core.s[CR0]! & CR0_PG) === 0 && core.mmu.a20 && this.#isRegular && core.memory.ramBytes >= MIN_DIRECT_RAM;
    this.direct = isUnpaged && (modeKey & (MODE_CODE32 | MODE_FLAT)) === (MODE_CODE32 | MODE_FLAT);
    this.isPlaced = isUnpaged && (isNarrow || this.direct);
  }

  /** Whether what a region takes for granted is so now. */
  fits({ direct, isPlaced, isProtected }: Pick<Shape, "direct" | "isPlaced" | "isProtected">): boolean {
    return direct === this.direct && isPlaced === this.isPlaced && isProtected === this.isProtected;
  }

  /** What compiled code of this machine may take for granted now. */
  get shape(): Shape {
    const { state, s, memory, model, pauseTurn } = this.#core;
    const isNarrow = (state.modeKey & MODE_CODE32) === 0;
    return {
      direct: this.direct,
      isPlaced: this.isPlaced,
      isProtected: this.isProtected,
      ramBytes: memory.ramBytes,
      mode: state.modeKey & (isNarrow ? MODE_USER : MODE_BITS),
      codeLimit: s[LIMIT + CS]! >>> 0,
      model,
      takesTurns: pauseTurn !== null,
    };
  }

  /** While page tables change all the time, each change would have to be paid for: in lookups and in slow paths. */
  get isBrief(): boolean {
    return this.#briefEpochs >= MANY_BRIEF_EPOCHS && this.#core.retired - this.#epochStart < BRIEF_EPOCH;
  }

  /** Epochs are measured in instructions that have been retired, of which there may be fewer now. */
  beginAnew(): void {
    this.#epochStart = -Infinity;
    this.#briefEpochs = 0;
  }
}
