/**
 * The processor as the board sees it: pins, runs, state. The work is done by the interpreter over the parts in core.ts.
 */
import type { ProcessorBus } from "../bus/bus.ts";
import type { StateVisitor } from "../state/state.ts";
import { ATTENTION_HALTED, ATTENTION_INTERRUPT, ATTENTION_NMI, ATTENTION_SHADOW, ATTENTION_STOP } from "./attention.ts";
import { Core } from "./core.ts";
import { IF } from "./flags.ts";
import { type Engine, Interpreter } from "./interpreter.ts";
import { BASE, CPL, CS, EFLAGS } from "./layout.ts";
import type { MachineMemory } from "./memory.ts";
import { DEFAULT_MODEL, MODELS, type ModelName } from "./model.ts";
import type { CodeProbe, DataProbe } from "./probe.ts";
import type { Processor, StopReason } from "./processor.ts";
import { type TurnLength, Turns } from "./turns.ts";

/** Makes the engine of a processor, or null where there is to be none. */
export type MakeEngine = (core: Core, interpreter: Interpreter) => Engine | null;

export interface CpuOptions {
  readonly model?: ModelName;
  /** How many processors take turns; 1 when absent. */
  readonly processors?: number;
  /** How long their turns are; drawn when absent, unevenly. */
  readonly turnLength?: TurnLength;
  // What follows changes nothing but speed.
  readonly makeEngine?: MakeEngine;
  /** Runs before code is decoded, Infinity for never if it can be helped. */
  readonly coldRuns?: number;
}

export class Cpu implements Processor {
  /** Registers and parts, for debuggers and tests. */
  readonly core: Core;
  /** What compiles hot code, null when nobody does. */
  readonly engine: Engine | null;
  readonly #interpreter: Interpreter;
  readonly #turns: Turns;

  constructor(memory: MachineMemory, bus: ProcessorBus, options: CpuOptions = {}) {
    this.core = new Core(memory, bus, MODELS[options.model ?? DEFAULT_MODEL]);
    this.#interpreter = new Interpreter(this.core);
    if (options.coldRuns !== undefined) this.#interpreter.code.coldRuns = options.coldRuns;
    this.engine = options.makeEngine?.(this.core, this.#interpreter) ?? null;
    const { engine } = this;
    this.#interpreter.engine = engine;
    if (engine !== null) this.#interpreter.code.interprets = () => engine.interprets;
    this.#turns = new Turns(
      this.core,
      this.#interpreter,
      options.processors ?? 1,
      () => this.#powerOn(),
      options.turnLength,
    );
    memory.observe({
      codeOverwritten: (offset, lengthBytes) => {
        this.#interpreter.code.overwritten(offset, lengthBytes);
        this.core.mmu.tablesWritten(offset, lengthBytes);
      },
      mapChanged: () => {
        this.core.mmu.flush();
        this.#interpreter.clear();
      },
      videoHidden: () => this.core.mmu.flush(),
      contentsReplaced: (before) => {
        this.core.mmu.flush();
        this.#interpreter.replaced(before);
      },
    });
  }

  get retired(): number {
    return this.core.retired;
  }

  get halted(): boolean {
    if (!this.#turns.isAlone) return this.#turns.areHalted;
    const { attention, s } = this.core;
    // An interrupt that comes from outside, between two runs, has woken it already.
    const isWoken = (attention & ATTENTION_INTERRUPT) !== 0 && (s[EFLAGS]! & IF) !== 0;
    return (attention & ATTENTION_HALTED) !== 0 && !isWoken;
  }

  /** Once it is halted an interrupt could wake it, or one of several. */
  get mayWake(): boolean {
    return this.#turns.mayWake;
  }

  /** The number of the processor whose turn it is: registers and parts are its. */
  get running(): number {
    return this.#turns.running;
  }

  /** How many there are. */
  get count(): number {
    return this.#turns.count;
  }

  /** Between two runs: looks at one of several processors, whose registers and parts `core` has then. */
  at<Result>(number: number, look: (core: Core) => Result): Result {
    return this.#turns.at(number, () => look(this.core));
  }

  /** Linear address of the running instruction; between runs, of the next one. */
  get linearPc(): number {
    return (this.core.s[BASE + CS]! + this.#interpreter.eip) >>> 0;
  }

  run(limit: number): StopReason {
    return this.#turns.isAlone ? this.#interpreter.run(limit) : this.#turns.run(limit);
  }

  setLimit(limit: number): void {
    this.#turns.setLimit(limit);
  }

  requestStop(): void {
    this.core.setAttention(ATTENTION_STOP, true);
  }

  setInterruptRequest(level: boolean, processor = 0): void {
    this.#turns.setAttention(processor, ATTENTION_INTERRUPT, level);
  }

  raiseNmi(processor = 0): void {
    this.#turns.setAttention(processor, ATTENTION_NMI, true);
  }

  initialise(processor: number): void {
    this.#turns.initialise(processor);
  }

  startUp(processor: number, page: number): void {
    this.#turns.startUp(processor, page);
  }

  setA20(open: boolean): void {
    if (open === this.core.mmu.a20) return;
    this.core.mmu.setA20(open);
    this.core.leaveBlock();
  }

  /** The IGNNE# pin. */
  setIgnoreNumericError(level: boolean): void {
    this.core.ignoreNumericError = level;
  }

  reset(): void {
    this.#turns.resetOthers();
    this.core.ignoreNumericError = false;
    this.#powerOn();
    this.#interpreter.abandon();
  }

  /** What RESET and INIT leave of the processor whose turn it is. */
  #powerOn(): void {
    const { core } = this;
    core.state.reset();
    core.branches.clear(core.s[BASE + CS]!);
    core.fpu.reset();
    core.vectors.reset();
    core.attention &= ATTENTION_INTERRUPT | ATTENTION_STOP;
    core.nmiBlocked = false;
    core.timestampOffset = 0;
    core.link = null;
    core.segments.setCpl(0);
    core.mmu.flush();
    core.debug.update();
  }

  /**
   * Has a probe look at code from now on, or nobody with null. Also to be called when what the probe wants has changed.
   * Not within a run.
   */
  setCodeProbe(probe: CodeProbe | null): void {
    this.core.codeProbe = probe;
    this.#interpreter.clear();
  }

  /**
   * Has a probe look at data accesses to these pages (linear addresses shifted right by 12), or nobody with null. Not
   * within a run.
   */
  setDataProbe(probe: DataProbe | null, linearPages: ReadonlySet<number>): void {
    this.core.mmu.setProbe(probe, linearPages);
  }

  visitState(visitor: StateVisitor): void {
    this.#turns.visitState(visitor);
    this.#turns.forEach(() => this.#visitOne(visitor));
  }

  /** What the processors have cached of page tables: see `Translation.visitCached`. */
  visitCached(visitor: StateVisitor): void {
    const { mmu } = this.core;
    if (this.#turns.count === 1) return mmu.visitCached(visitor);
    if (visitor.restoring) mmu.flush();
    this.#turns.forEach((number) => mmu.visitCachedOf(visitor, number));
  }

  #visitOne(visitor: StateVisitor): void {
    const { core } = this;
    core.state.visitState(visitor);
    if (visitor.restoring) core.branches.clear(core.s[BASE + CS]!);
    visitor.part("processor-run", 2);
    const retired = visitor.integer(core.retired);
    core.runEnd = retired;
    core.remaining = 0;
    core.index = 0;
    core.attention = visitor.u32(core.attention);
    // Without a shadow it says nothing, and compiled code leaves it as it was.
    const isInShadow = (core.attention & ATTENTION_SHADOW) !== 0;
    core.shadowHoldsTraps = visitor.bool(isInShadow && core.shadowHoldsTraps);
    core.nmiBlocked = visitor.bool(core.nmiBlocked);
    core.timestampOffset = visitor.integer(core.timestampOffset);
    const a20 = visitor.bool(core.mmu.a20);
    if (a20 !== core.mmu.a20) core.mmu.setA20(a20);
    core.fpu.visitState(visitor);
    core.vectors.visitState(visitor);
    core.numericError = visitor.bool(core.numericError);
    core.ignoreNumericError = visitor.bool(core.ignoreNumericError);
    core.mmu.setPrivilege(core.s[CPL] === 3);
    if (visitor.restoring) core.mmu.flush();
    const { attention } = core;
    core.debug.update();
    core.attention = attention;
  }
}
