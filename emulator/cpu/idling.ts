/**
 * Loops that change nothing: a boot menu that asks for a key over and over, by way of the firmware and two changes of
 * mode, or a program that looks at the BIOS's clock until it has moved. A turn that ends with the registers and the
 * memory that it began with, and has touched no device, is followed by turns like it until a timer fires. Those up to
 * the end of the run are taken all at once: the state is what it would be, to the instruction.
 *
 * It is for code without paging, as that of firmwares, boot loaders and DOS: a kernel that waits for its timer halts.
 */
import { ATTENTION_SHADOW } from "./attention.ts";
import type { Core } from "./core.ts";
import { BASE, CR0, CS, EIP, VECTOR_HOST } from "./layout.ts";
import type { StopReason } from "./processor.ts";
import { CR0_PG } from "./state.ts";
import type { AccessWatch } from "./translation.ts";

/** Instructions of the longest turn. */
const MOST_INSTRUCTIONS = 600;
/** Bytes that a turn may write. */
const MOST_BYTES = 1024;
/** A run that is shorter is not worth a look. */
const LEAST_RUN = 20_000;
/** After a look that has found no loop: instructions to the next one, twice as many each time. */
const FIRST_PAUSE = 100_000;
const LONGEST_PAUSE = 32_000_000;
/** Registers of all kinds, as words. */
const REGISTER_WORDS = VECTOR_HOST >>> 2;

/** Instructions after which whatever wants attention has got it, such as the timer that has ended the run before. */
const FIRST_SERVED = 2_000;

/** Executes one instruction. */
type Step = () => StopReason;

export class Idling implements AccessWatch {
  readonly #core: Core;
  readonly #step: Step;
  readonly #registers: Int32Array;
  readonly #before = new Int32Array(REGISTER_WORDS);
  /** Linear addresses of the bytes that the turn has written, and what they were when the one before had ended. */
  readonly #written = new Map<number, number>();
  #pause = FIRST_PAUSE;
  #nextLook = 0;

  constructor(core: Core, step: Step) {
    this.#core = core;
    this.#step = step;
    this.#registers = core.memory.words.subarray(0, REGISTER_WORDS);
  }

  /** How many of so many instructions are to be executed before it is asked again. */
  pause(instructions: number): number {
    const { retired, attention, s } = this.#core;
    if (instructions < LEAST_RUN || (s[CR0]! & CR0_PG) !== 0) return instructions;
    // A machine that was put back to an earlier time looks again as well.
    if (this.#nextLook - retired > LONGEST_PAUSE) this.#nextLook = retired;
    const due = attention === 0 ? 0 : FIRST_SERVED;
    return Math.min(instructions, Math.max(due, this.#nextLook - retired));
  }

  /**
   * Instructions up to a limit that may be passed over, since after them everything is as it is now. Some are executed
   * to find out, which end the run where the result is a reason.
   */
  look(limit: number): number | Exclude<StopReason, "budget"> {
    const core = this.#core;
    if (!this.#mayLook) {
      this.#nextLook = core.retired + FIRST_PAUSE;
      return 0;
    }
    core.mmu.setWatch(this);
    core.isObserved = true;
    const turn = this.#observe();
    core.isObserved = false;
    if (core.mmu.isWatchedBy(this)) core.mmu.setWatch(null);
    this.#written.clear();
    if (typeof turn === "number" && turn > 0) {
      this.#pause = FIRST_PAUSE;
      this.#nextLook = core.retired;
      return Math.floor((limit - core.retired) / turn) * turn;
    }
    this.#nextLook = core.retired + this.#pause;
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
    return turn;
  }

  get #mayLook(): boolean {
    const { attention, isProbed, mmu, pauseTurn, s } = this.#core;
    return attention === 0 && !isProbed && !mmu.isWatched && pauseTurn === null && (s[CR0]! & CR0_PG) === 0;
  }

  /** The length of the turn that goes on for ever, 0 where none was found. */
  #observe(): number | Exclude<StopReason, "budget"> {
    // What compiled code has left of the flags may be written in another way: the first turn is for that.
    const first = this.#turn(false);
    if (typeof first !== "number" || first === 0) return first;
    this.#before.set(this.#registers);
    const second = this.#turn(true);
    if (typeof second !== "number" || second === 0) return second;
    for (const address of this.#written.keys()) this.#written.set(address, this.#byteAt(address));
    const third = this.#turn(true);
    if (typeof third !== "number" || third === 0) return third;
    // A byte that the second turn has not written has no value here, and is none of memory.
    for (const [address, value] of this.#written) if (value !== this.#byteAt(address)) return 0;
    return third;
  }

  /**
   * Executes instructions until EIP, and the other registers too if they are wanted, are as before. How many these
   * were; 0 where they were too many, or did what another turn might not do.
   */
  #turn(isExact: boolean): number | Exclude<StopReason, "budget"> {
    const core = this.#core;
    const { s } = core;
    const base = s[BASE + CS]!;
    const eip = s[EIP]!;
    core.isDisturbed = false;
    for (let count = 1; count <= MOST_INSTRUCTIONS; count++) {
      const reason = this.#step();
      if (reason !== "budget") return reason;
      if (core.isDisturbed || (core.attention & ~ATTENTION_SHADOW) !== 0 || this.#written.size > MOST_BYTES) return 0;
      if ((s[CR0]! & CR0_PG) !== 0 || !core.mmu.isWatchedBy(this)) return 0;
      if (s[EIP] !== eip || s[BASE + CS] !== base || core.attention !== 0) continue;
      if (!isExact || this.#isAsBefore()) return count;
    }
    return 0;
  }

  #isAsBefore(): boolean {
    const before = this.#before;
    const registers = this.#registers;
    for (let i = 0; i < REGISTER_WORDS; i++) if (before[i] !== registers[i]) return false;
    return true;
  }

  #byteAt(linear: number): number {
    return this.#core.mmu.readSystem(linear, 1);
  }

  access(linearAddress: number, sizeBytes: number, write: boolean): void {
    if (!write) return;
    for (let i = 0; i < sizeBytes; i++) {
      const address = (linearAddress + i) | 0;
      if (!this.#written.has(address)) this.#written.set(address, -1);
    }
  }
}
