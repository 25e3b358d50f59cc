/**
 * Several processors on one engine, in turns: one runs for so many instructions while the others stand still, then the
 * next one that has something to do. An instruction is whole before another processor's begins, so memory is
 * sequentially consistent and LOCK has nothing to add. Time is that of the machine: an instruction takes one tick,
 * whoever executes it, so two busy processors are each half as fast.
 *
 * Registers lie where compiled code expects them (layout.ts); those of the others are copies. Decoded and compiled code
 * belongs to all of them.
 */
import type { StateVisitor } from "../state/state.ts";
import {
  ATTENTION_DEBUG_TRAP,
  ATTENTION_HALTED,
  ATTENTION_INTERRUPT,
  ATTENTION_NMI,
  ATTENTION_SHADOW,
} from "./attention.ts";
import { Branches } from "./branches.ts";
import type { Core } from "./core.ts";
import { IF } from "./flags.ts";
import type { Interpreter } from "./interpreter.ts";
import { BASE, CPL, CS, EFLAGS, EIP, SELECTOR, VECTOR_HOST } from "./layout.ts";
import type { StopReason } from "./processor.ts";

export const MOST_PROCESSORS = 8;

/** A turn, in instructions: what going from one processor to the next costs is little beside it. */
const LONG_TURN = 4096;
/**
 * One while another processor waits in a loop, which it says by PAUSE or by an XCHG that changes nothing: a lock that
 * is free for moments only has to be seen free.
 */
const SHORT_TURN = 256;
/** Turns are of uneven lengths, up to twice these: a loop of another length must not keep step with them. */
const FACTOR = 1664525;
const INCREMENT = 1013904223;

/** State slots, x87 and XMM registers. */
const REGISTER_BYTES = VECTOR_HOST;

/** A processor, as it is while it is not its turn. */
class Parked {
  readonly registers = new Uint8Array(REGISTER_BYTES);
  readonly slots = new Int32Array(this.registers.buffer);
  readonly branches: Branches;
  attention = 0;
  shadowHoldsTraps = false;
  nmiBlocked = false;
  numericError = false;
  timestampOffset = 0;
  mxcsr = 0;
  // These count in its turn as well.
  /** RESET or INIT has come: it has its effect when the processor goes on. */
  isReset = false;
  /** For a start-up message. */
  waits = false;
  /** Where the message lets it begin, -1 for nowhere else than after a reset. */
  startPage = -1;

  constructor(branches: Branches) {
    this.branches = branches;
  }

  leave(core: Core): void {
    this.registers.set(core.memory.bytes.subarray(0, REGISTER_BYTES));
    this.attention = core.attention;
    this.shadowHoldsTraps = core.shadowHoldsTraps;
    this.nmiBlocked = core.nmiBlocked;
    this.numericError = core.numericError;
    this.timestampOffset = core.timestampOffset;
    this.mxcsr = core.vectors.mxcsr;
  }

  enter(core: Core): void {
    core.memory.bytes.set(this.registers);
    core.branches = this.branches;
    core.shadowHoldsTraps = this.shadowHoldsTraps;
    core.nmiBlocked = this.nmiBlocked;
    core.numericError = this.numericError;
    core.timestampOffset = this.timestampOffset;
    core.vectors.mxcsr = this.mxcsr;
    core.link = null;
    core.state.updateMode();
    core.mmu.setPrivilege(core.s[CPL] === 3);
    core.debug.update();
    core.attention = this.attention;
  }
}

/** Instructions of the turn that a processor begins, 0 to pass it over. */
export type TurnLength = (processor: number) => number;

export class Turns {
  readonly count: number;
  /** The number of the processor whose turn it is. */
  running = 0;
  readonly #core: Core;
  readonly #interpreter: Interpreter;
  readonly #reset: () => void;
  readonly #lengthOf: TurnLength | null;
  readonly #parked: readonly Parked[];
  /** What `retired` is when the turn ends. */
  #turnEnd = 0;
  /** The turn was ended by who waits in a loop. */
  #isWaiting = false;
  /** Where the lengths of turns come from. */
  #sequence = 1;
  #limit = 0;

  /**
   * `reset` puts the processor whose turn it is into its power-on state. `lengthOf` says how many instructions its turn
   * has, instead of the sequence here.
   */
  constructor(
    core: Core,
    interpreter: Interpreter,
    count: number,
    reset: () => void,
    lengthOf: TurnLength | null = null,
  ) {
    if (!(Number.isInteger(count) && count >= 1 && count <= MOST_PROCESSORS))
      throw new RangeError(`${count} processors: expected 1 to ${MOST_PROCESSORS}`);
    this.#core = core;
    this.#interpreter = interpreter;
    this.#reset = reset;
    this.#lengthOf = lengthOf;
    this.count = count;
    this.#parked = Array.from(
      { length: count },
      (_, number) => new Parked(number === 0 ? core.branches : new Branches()),
    );
    for (const one of this.#parked) one.leave(core);
    this.resetOthers();
    if (count > 1 && lengthOf === null)
      core.pauseTurn = () => {
        this.#isWaiting = true;
        this.#turnEnd = core.retired + 1;
        this.setLimit(this.#turnEnd);
      };
  }

  /** The engine may run as if there were no turns. */
  get isAlone(): boolean {
    return this.count === 1 && !this.#parked[0]!.isReset;
  }

  /** All processors wait for an interrupt, or for a start-up message. */
  get areHalted(): boolean {
    return this.#next() < 0;
  }

  /** Some processor can be woken by an interrupt. */
  get mayWake(): boolean {
    return this.#parked.some(
      (one, number) => !one.waits && ((number === this.running ? this.#core.s : one.slots)[EFLAGS]! & IF) !== 0,
    );
  }

  setAttention(number: number, bit: number, on: boolean): void {
    if (number === this.running) this.#core.setAttention(bit, on);
    else if (on) this.#parked[number]!.attention |= bit;
    else this.#parked[number]!.attention &= ~bit;
  }

  /** INIT: the boot processor begins again, another one waits for a start-up message. */
  initialise(number: number): void {
    const one = this.#parked[number]!;
    one.isReset = true;
    one.waits = number !== 0;
    one.startPage = -1;
    if (number !== this.running) return;
    // The turn ends with the running instruction.
    this.#turnEnd = this.#core.retired + 1;
    this.#interpreter.setLimit(this.#turnEnd);
  }

  /** A start-up message: heard by one that waits for it. */
  startUp(number: number, page: number): void {
    const one = this.#parked[number]!;
    if (!one.waits) return;
    one.waits = false;
    one.startPage = page;
  }

  /** RESET, which the first processor has seen: it is its turn, and the others wait. */
  resetOthers(): void {
    if (this.running !== 0) this.#exchange(0);
    this.#parked.forEach((one, number) => {
      one.isReset = number !== 0;
      one.waits = number !== 0;
      one.startPage = -1;
    });
    this.#turnEnd = 0;
    this.#isWaiting = false;
    this.#sequence = 1;
  }

  run(limit: number): StopReason {
    const core = this.#core;
    this.#limit = limit;
    for (;;) {
      if (core.retired >= this.#limit) return "budget";
      if (core.retired >= this.#turnEnd || !this.#canRun(this.running)) {
        const next = this.#next();
        if (next < 0) return "halted";
        if (next !== this.running) this.#exchange(next);
        this.#begin(this.#parked[next]!);
        this.#turnEnd = this.count === 1 ? Infinity : core.retired + this.#turnLength();
      }
      const reason = this.#interpreter.run(Math.min(this.#limit, this.#turnEnd));
      if (reason === "stopped" || reason === "shutdown") return reason;
    }
  }

  setLimit(limit: number): void {
    this.#limit = Math.min(this.#limit, limit);
    this.#interpreter.setLimit(limit);
  }

  #turnLength(): number {
    if (this.#lengthOf !== null) return this.#lengthOf(this.running);
    const least = this.#isWaiting ? SHORT_TURN : LONG_TURN;
    this.#isWaiting = false;
    this.#sequence = (Math.imul(this.#sequence, FACTOR) + INCREMENT) >>> 0;
    return least + Math.floor((this.#sequence / 2 ** 32) * least);
  }

  /** Whose turn it is after this one's: a number, or -1 when none has anything to do. */
  #next(): number {
    for (let distance = 1; distance <= this.count; distance++) {
      const number = (this.running + distance) % this.count;
      if (this.#canRun(number)) return number;
    }
    return -1;
  }

  #canRun(number: number): boolean {
    const one = this.#parked[number]!;
    if (one.waits) return false;
    if (one.isReset) return true;
    const isRunning = number === this.running;
    const { attention, nmiBlocked } = isRunning ? this.#core : one;
    if ((attention & ATTENTION_HALTED) === 0 || (attention & (ATTENTION_DEBUG_TRAP | ATTENTION_SHADOW)) !== 0)
      return true;
    if ((attention & ATTENTION_NMI) !== 0 && !nmiBlocked) return true;
    const slots = isRunning ? this.#core.s : one.slots;
    return (attention & ATTENTION_INTERRUPT) !== 0 && (slots[EFLAGS]! & IF) !== 0;
  }

  #exchange(number: number): void {
    const core = this.#core;
    this.#parked[this.running]!.leave(core);
    core.mmu.exchange(this.running, number);
    this.#parked[number]!.enter(core);
    this.running = number;
  }

  /** What has come to a processor whose turn begins. */
  #begin(one: Parked): void {
    if (!one.isReset) return;
    one.isReset = false;
    this.#reset();
    if (one.startPage < 0) return;
    const { s, state } = this.#core;
    // SDM 3A 8.4.3: CS is the page, IP is 0.
    s[SELECTOR + CS] = one.startPage << 8;
    s[BASE + CS] = one.startPage << 12;
    s[EIP] = 0;
    one.startPage = -1;
    state.updateMode();
  }

  /** Does something in the place of one processor, and gives what that gives. */
  at<Result>(number: number, visit: () => Result): Result {
    const { running } = this;
    if (number === running) return visit();
    this.#exchange(number);
    try {
      return visit();
    } finally {
      this.#exchange(running);
    }
  }

  /** Does something in the place of each processor, in the order of their numbers. */
  forEach(visit: (number: number) => void): void {
    const { running } = this;
    for (let number = 0; number < this.count; number++) {
      if (number !== this.running) this.#exchange(number);
      visit(number);
    }
    if (this.running !== running) this.#exchange(running);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("turns", 1);
    const count = visitor.u8(this.count);
    if (count !== this.count)
      throw new RangeError(`state of a machine with ${count} processors, this one has ${this.count}`);
    const running = visitor.u8(this.running);
    if (running >= count) throw new RangeError(`state in which it is the turn of processor ${running}`);
    if (running !== this.running) this.#exchange(running);
    this.#turnEnd = visitor.integer(this.#turnEnd);
    this.#isWaiting = visitor.bool(this.#isWaiting);
    this.#sequence = visitor.u32(this.#sequence);
    for (const one of this.#parked) {
      one.isReset = visitor.bool(one.isReset);
      one.waits = visitor.bool(one.waits);
      one.startPage = visitor.integer(one.startPage + 1) - 1;
    }
  }
}
