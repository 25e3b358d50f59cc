/**
 * The run loop: chains blocks while nothing else happens, and at instruction boundaries serves what does - limits,
 * pins, debug traps, faults, HLT - in the order of SDM 3A table 6-2.
 */

import {
  ATTENTION_DEBUG_TRAP,
  ATTENTION_HALTED,
  ATTENTION_INTERRUPT,
  ATTENTION_NMI,
  ATTENTION_SHADOW,
  ATTENTION_STEP,
  ATTENTION_STOP,
} from "./attention.ts";
import type { Block, Link } from "./block.ts";
import { BRANCH, COMPILED } from "./branches.ts";
import { CodeCache } from "./code-cache.ts";
import type { Core } from "./core.ts";
import { DR6_SINGLE_STEP } from "./debug-registers.ts";
import {
  CpuException,
  DEBUG,
  DOUBLE_FAULT,
  isDoubleFault,
  NMI,
  NO_ERROR_CODE,
  WAIT_FOR_INTERRUPT,
} from "./exceptions.ts";
import { IF, RF, TF } from "./flags.ts";
import { Idling } from "./idling.ts";
import { BASE, CR2, CS, DR, EFLAGS, EIP } from "./layout.ts";
import { LEAVE_RUN } from "./probe.ts";
import type { StopReason } from "./processor.ts";
import { type Delivery, describeTripleFault } from "./triple-fault.ts";

/**
 * A block that runs for the first time, and after so many times more, is offered to `compile` before its time: other
 * machines may know it.
 */
const MAX_RUNS_APART = 32;
/** A run is cut into slices whose tick counts are small integers. */
const MAX_SLICE = 1 << 30;

/** What an engine has done so far, for `--stats` and tests. */
export interface EngineStatistics {
  /** Regions made, guest instructions in them, and regions dropped. */
  regions: number;
  instructions: number;
  discarded: number;
  /** Entries from the run loop. */
  entered: number;
  /** Instructions that were left to the interpreter outside and within a region. */
  slowExits: number;
  steps: number;
  /** Instructions that were executed with compiled code on the way. */
  retired: number;
}

/** What compiles hot blocks and runs what it has compiled. */
export interface Engine {
  readonly statistics: Readonly<EngineStatistics>;
  /** Blocks that have run this often are offered to `compile`; before that at first, and each MAX_RUNS_APART times. */
  readonly threshold: number;
  /** Compiles code that begins with a block, or not: then `block.compiled` stays null. */
  compile(block: Block): void;
  /**
   * Runs compiled code from a block on. EIP and `remaining` are up to date afterwards. False when the next block has to
   * be interpreted.
   */
  run(block: Block): boolean;
  /** Whether `interpret` may be called: it is for the mode at hand. */
  readonly interprets: boolean;
  /**
   * Runs from EIP on, also over code that nobody has decoded. EIP and `remaining` are up to date afterwards, also where
   * fetching raises a fault. A block that is to go on with, or null where something wants the run loop's attention, or
   * the limit is reached.
   */
  interpret(): Block | null;
  /** The processor was reset within an instruction: what runs is not to be gone on with. */
  abandon(): void;
  /** The machine is in another state, in which fewer instructions may have been retired. */
  beginAnew(): void;
}

export class Interpreter {
  readonly code: CodeCache;
  engine: Engine | null = null;
  readonly #core: Core;
  readonly #idling: Idling;
  /** The block that runs, or null between blocks. */
  #block: Block | null = null;
  /** Where compiled code was entered that runs; null outside. */
  #entered: Block | null = null;
  /** Where a block was left in its middle, to go on without decoding from there. */
  #pausedBlock: Block | null = null;
  #pausedIndex = 0;
  #pausedEip = 0;
  #limit = 0;

  constructor(core: Core) {
    this.#core = core;
    this.code = new CodeCache(core);
    this.#idling = new Idling(core, () => this.#runFor(1));
  }

  run(limit: number): StopReason {
    const core = this.#core;
    this.#limit = limit;
    core.attention &= ~ATTENTION_STOP;
    for (;;) {
      const left = Math.max(0, Math.min(this.#limit - core.retired, MAX_SLICE));
      const slice = this.#idling.pause(left);
      const reason = slice > 0 || left === 0 ? this.#runFor(slice) : this.#passIdle();
      if (reason !== "budget" || core.retired >= this.#limit) return reason;
    }
  }

  #passIdle(): StopReason {
    const idle = this.#idling.look(this.#limit);
    if (typeof idle !== "number") return idle;
    this.#core.runEnd += idle;
    this.#core.counters.passedOver += idle;
    return "budget";
  }

  #runFor(instructions: number): StopReason {
    const core = this.#core;
    core.runEnd = core.retired + instructions;
    core.remaining = instructions;
    return this.#runSlice();
  }

  setLimit(limit: number): void {
    const core = this.#core;
    if (limit >= this.#limit) return;
    this.#limit = limit;
    const less = core.runEnd - limit;
    if (less > 0) {
      core.runEnd -= less;
      core.remaining -= less;
    }
    core.leaveBlock();
  }

  /** EIP of the running instruction; between runs, of the next one. */
  get eip(): number {
    return this.#block !== null ? this.#block.eips[this.#core.index]! : this.#core.s[EIP]!;
  }

  #runSlice(): StopReason {
    const core = this.#core;
    for (;;) {
      try {
        const reason = this.#execute();
        if (reason !== null) return reason;
      } catch (error) {
        if (error === LEAVE_RUN) {
          this.#retreat();
          return "stopped";
        }
        if (error === WAIT_FOR_INTERRUPT) {
          this.#retreat();
          core.setAttention(ATTENTION_HALTED, true);
          continue;
        }
        if (!(error instanceof CpuException)) throw error;
        if (!this.#fault(error)) return "shutdown";
      }
    }
  }

  /**
   * Runs until something is due at an instruction boundary; serves it; null when it was served and the slice goes on.
   */
  #execute(): StopReason | null {
    const core = this.#core;
    if (core.attention !== 0) {
      const reason = this.#attend();
      if (reason !== null) return reason;
    }
    if (core.remaining <= 0) return "budget";
    if ((core.attention & (ATTENTION_STEP | ATTENTION_SHADOW)) !== 0) this.#step();
    else this.#runBlocks();
    return null;
  }

  /** Runs blocks until the limit comes near or something wants attention. EIP is up to date when it returns. */
  #runBlocks(): void {
    const core = this.#core;
    const { s, state, mmu, branches } = core;
    const engine = core.isProbed ? null : this.engine;
    let found = this.#resume();
    for (;;) {
      if (found === null) {
        core.end = 1;
        found = engine!.interpret();
        this.#noteCompiled();
        if (found === null) return;
      }
      let block: Block = found;
      if (engine !== null && core.index === 0) {
        if (block.compiled === null && (++block.count === engine.threshold || block.count % MAX_RUNS_APART === 1))
          engine.compile(block);
        if (block.compiled !== null) {
          s[EIP] = block.eip;
          this.#entered = block;
          const goesOn = engine.run(block);
          this.#noteCompiled();
          // Attention that does not end compiled code (INTR while IF is 0) must not keep the next block from running
          // either.
          if (core.remaining <= 0 || (goesOn && core.attention !== 0)) return;
          if (goesOn) {
            found = this.code.seek(s[EIP]!);
            continue;
          }
          block = this.code.lookup(s[EIP]!);
        }
      }
      const { handlers } = block;
      const count = handlers.length;
      let index = core.index;
      this.#block = block;
      core.link = block.fallthrough;
      core.end = Math.min(count, core.remaining);
      do {
        core.index = index;
        handlers[index]!();
        index++;
      } while (index < core.end);
      core.remaining -= index;
      core.index = 0;
      if (this.#block !== block) return;
      this.#block = null;
      if (index < count) {
        this.#pause(block, index);
        return;
      }
      const link = core.link;
      if (link !== block.fallthrough) {
        const to = link === null ? s[EIP]! : link.eip;
        if (to !== block.fallthrough.eip) branches.note(BRANCH, block.eips[count - 1]!, to, s[BASE + CS]!);
      }
      if (core.attention !== 0 || core.remaining <= 0) {
        if (link !== null) s[EIP] = link.eip;
        return;
      }
      if (link === null) found = this.code.seek(s[EIP]!);
      else {
        const target = link.target;
        if (target.valid && target.modeKey === state.modeKey && (link.stable || link.epoch === mmu.epochAt(link.eip)))
          found = target;
        else found = this.#resolve(link);
      }
    }
  }

  /** Finds where a link leads and remembers it; null for cold code. */
  #resolve(link: Link): Block | null {
    const core = this.#core;
    core.s[EIP] = link.eip;
    const target = this.code.seek(link.eip);
    if (target === null) return null;
    link.target = target;
    link.epoch = core.mmu.epochAt(link.eip);
    link.stable = link.samePage && target.secondPage === 0;
    return target;
  }

  #pause(block: Block, index: number): void {
    this.#core.s[EIP] = block.eips[index]!;
    this.#pausedBlock = block;
    this.#pausedIndex = index;
    this.#pausedEip = block.eips[index]!;
  }

  /** The block to go on with at EIP, null for cold code; `core.index` is set to the instruction in it. */
  #resume(): Block | null {
    const core = this.#core;
    const eip = core.s[EIP]!;
    const paused = this.#pausedBlock;
    if (
      paused !== null &&
      this.#pausedEip === eip &&
      paused.valid &&
      paused.modeKey === core.state.modeKey &&
      paused.epoch === core.mmu.epochAt(eip)
    ) {
      // Counted as if the block had begun in this slice: the instructions before are added here and subtracted at its
      // end.
      core.remaining += this.#pausedIndex;
      core.index = this.#pausedIndex;
      this.#pausedBlock = null;
      return paused;
    }
    return this.code.seek(eip);
  }

  /** Runs exactly one instruction, with the breakpoint in front of it and the trap after it. */
  #step(): void {
    const core = this.#core;
    const { s } = core;
    const probe = core.codeProbe;
    if (probe !== null) {
      const linear = (s[BASE + CS]! + s[EIP]!) | 0;
      if (probe.wants(linear, true) && probe.reached(linear)) {
        core.attention |= ATTENTION_STOP;
        return;
      }
    }
    const hadShadow = (core.attention & ATTENTION_SHADOW) !== 0;
    core.attention &= ~ATTENTION_SHADOW;
    const flags = s[EFLAGS]!;
    if (core.debug.codeArmed && (flags & RF) === 0 && !(hadShadow && core.shadowHoldsTraps)) {
      const hits = core.debug.codeHits((s[BASE + CS]! + s[EIP]!) | 0);
      if (hits !== 0) {
        s[DR + 6]! |= hits;
        throw new CpuException(DEBUG, NO_ERROR_CODE);
      }
    }
    const eip = s[EIP]!;
    const block = this.code.lookup(eip);
    // RF covers one instruction; IRET may set it anew, and a fault pushes it set anyway.
    s[EFLAGS]! &= ~RF;
    core.stepping = true;
    core.repeating = false;
    core.interrupted = false;
    this.#block = block;
    core.link = block.fallthrough;
    core.end = 1;
    core.index = 0;
    try {
      block.handlers[0]!();
    } finally {
      core.stepping = false;
    }
    core.remaining--;
    if (this.#block !== block) return;
    this.#block = null;
    if (block.handlers.length > 1) s[EIP] = block.eips[1]!;
    else if (core.link !== null) s[EIP] = core.link.eip;
    if (s[EIP] !== block.eips[1] && s[EIP] !== eip) core.branches.note(BRANCH, eip, s[EIP]!, s[BASE + CS]!);
    if (core.repeating) s[EFLAGS]! |= RF;
    const held = (core.attention & ATTENTION_SHADOW) !== 0 && core.shadowHoldsTraps;
    if ((flags & TF) !== 0 && !core.interrupted && !held) core.debug.trap(DR6_SINGLE_STEP);
    core.updateControls();
  }

  /** Serves what is due at an instruction boundary, highest priority first. A reason ends the run. */
  #attend(): StopReason | null {
    const core = this.#core;
    const { s } = core;
    if ((core.attention & ATTENTION_STOP) !== 0) {
      core.attention &= ~ATTENTION_STOP;
      return "stopped";
    }
    const shadow = (core.attention & ATTENTION_SHADOW) !== 0;
    const trapsHeld = shadow && core.shadowHoldsTraps;
    if ((core.attention & ATTENTION_DEBUG_TRAP) !== 0 && !trapsHeld) {
      core.attention &= ~ATTENTION_DEBUG_TRAP;
      return this.#deliver(DEBUG, NO_ERROR_CODE);
    }
    if ((core.attention & ATTENTION_NMI) !== 0 && !core.nmiBlocked && !trapsHeld) {
      core.attention &= ~(ATTENTION_NMI | ATTENTION_HALTED);
      core.nmiBlocked = true;
      return this.#deliver(NMI, NO_ERROR_CODE);
    }
    if ((core.attention & ATTENTION_INTERRUPT) !== 0 && (s[EFLAGS]! & IF) !== 0 && !shadow) {
      core.attention &= ~ATTENTION_HALTED;
      return this.#deliver(core.bus.acknowledgeInterrupt(), NO_ERROR_CODE);
    }
    if ((core.attention & ATTENTION_HALTED) !== 0) {
      // STI; HLT: the shadow ends here, and a pending interrupt wakes at once.
      if (shadow) {
        core.attention &= ~ATTENTION_SHADOW;
        return this.#attend();
      }
      return "halted";
    }
    return null;
  }

  /** Delivers an interrupt or a trap between instructions. */
  #deliver(vector: number, errorCode: number): StopReason | null {
    const core = this.#core;
    const eip = core.s[EIP]!;
    core.noteDelivery(vector === DEBUG ? "exception" : "interrupt", vector, errorCode, eip);
    return this.#deliverChain(vector, errorCode, eip) ? null : "shutdown";
  }

  /**
   * Goes back in front of the running instruction, of which nothing has been done; or stays in front of the first one
   * of a new task.
   */
  #retreat(): void {
    const core = this.#core;
    if (this.#block !== null) {
      if (!core.switching) core.s[EIP] = this.#block.eips[core.index]!;
      core.switching = false;
      core.remaining -= core.index;
      core.index = 0;
      this.#block = null;
    }
    this.#noteCompiled();
  }

  /** Compiled code has been left, in one way or another. */
  #noteCompiled(): void {
    const { s, branches } = this.#core;
    if (this.#entered === null) return;
    branches.note(COMPILED, this.#entered.eip, s[EIP]!, s[BASE + CS]!);
    this.#entered = null;
  }

  /**
   * A fault of the running instruction, or of fetching it: it counts as one tick, so that no chain of faults stops
   * time.
   */
  #fault(exception: CpuException): boolean {
    const core = this.#core;
    const { s } = core;
    this.#retreat();
    core.remaining--;
    core.attention &= ~ATTENTION_SHADOW;
    const isCodeBreakpoint = exception.vector === DEBUG;
    if (!isCodeBreakpoint) s[EFLAGS]! |= RF;
    core.noteDelivery("exception", exception.vector, exception.errorCode, s[EIP]!);
    return this.#deliverChain(exception.vector, exception.errorCode, s[EIP]!);
  }

  /** Delivers an event and whatever its delivery raises. False at a triple fault. */
  #deliverChain(firstVector: number, firstErrorCode: number, firstEip: number): boolean {
    const core = this.#core;
    let eip = firstEip;
    let vector = firstVector;
    let errorCode = firstErrorCode;
    let cr2 = core.s[CR2]!;
    let chain: Delivery[] | null = null;
    for (;;) {
      try {
        core.interrupts.deliver(vector, "external", errorCode, eip);
        core.branches.note(vector, eip, core.s[EIP]!, core.s[BASE + CS]!);
        return true;
      } catch (error) {
        if (!(error instanceof CpuException)) throw error;
        chain ??= [{ vector, errorCode, eip, cr2 }];
        cr2 = core.s[CR2]!;
        chain.push({ vector: error.vector, errorCode: error.errorCode, eip, cr2 });
        if (core.switching) {
          core.switching = false;
          eip = core.s[EIP]!;
        }
        if (vector === DOUBLE_FAULT) {
          core.bus.shutdown(describeTripleFault(core, chain));
          return false;
        }
        if (isDoubleFault(vector, error.vector)) {
          vector = DOUBLE_FAULT;
          errorCode = 0;
          chain.push({ vector, errorCode, eip, cr2 });
        } else ({ vector, errorCode } = error);
        core.s[EFLAGS]! |= RF;
      }
    }
  }

  /**
   * Runs one instruction for compiled code. True when the next one follows it and nothing wants attention; EIP is up to
   * date. A fault is thrown with all that the run loop needs to deliver it.
   */
  stepOne(eip: number): boolean {
    const core = this.#core;
    const { s, state } = core;
    const { modeKey } = state;
    const { epoch, upperEpoch } = core.mmu;
    s[EIP] = eip;
    const block = this.code.lookup(eip);
    return (
      this.#runFirst(block) &&
      s[EIP] === block.eips[1] &&
      core.attention === 0 &&
      state.modeKey === modeKey &&
      core.mmu.epoch === epoch &&
      core.mmu.upperEpoch === upperEpoch
    );
  }

  /**
   * Runs an instruction for compiled code that may lead anywhere. True when nothing wants attention. The rest is as
   * with `stepOne`.
   */
  stepAway(eip: number): boolean {
    const core = this.#core;
    const { s } = core;
    s[EIP] = eip;
    if (!this.#runFirst(this.code.once(eip))) return false;
    // RF, which a fault has left, ends with the next instruction, and there is no breakpoint that it would hold off:
    // where that instruction is certain to run, nobody can tell.
    if (core.attention === ATTENTION_STEP && (s[EFLAGS]! & TF) === 0 && !core.debug.codeArmed && core.remaining > 0) {
      s[EFLAGS]! &= ~RF;
      core.updateControls();
    }
    return core.attention === 0;
  }

  /** Runs the first instruction of a block. False where the processor was reset beneath it. */
  #runFirst(block: Block): boolean {
    const core = this.#core;
    const { s } = core;
    this.#block = block;
    core.link = block.fallthrough;
    core.end = 1;
    core.index = 0;
    block.handlers[0]!();
    core.remaining--;
    if (this.#block !== block) return false;
    this.#block = null;
    if (block.handlers.length > 1) s[EIP] = block.eips[1]!;
    else if (core.link !== null) s[EIP] = core.link.eip;
    return true;
  }

  /** Memory has other contents, with which time may have gone back: see `MemoryObserver.contentsReplaced`. */
  replaced(before: ReadonlyMap<number, Uint8Array>): void {
    for (const [page, bytes] of before) this.code.replaced(page, bytes);
    this.#pausedBlock = null;
    this.engine?.beginAnew();
  }

  /** Forgets decoded code and where a run was paused. */
  clear(): void {
    this.code.clear();
    this.#pausedBlock = null;
  }

  /** Within an instruction: its block is not returned to, EIP says where to go on (RESET). */
  abandon(): void {
    this.clear();
    this.#block = null;
    this.engine?.abandon();
  }
}
