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

/** Makes the engine of a processor, or null where there is to be none. */
export type MakeEngine = (core: Core, interpreter: Interpreter) => Engine | null;

export interface CpuOptions {
  readonly model?: ModelName;
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

  constructor(memory: MachineMemory, bus: ProcessorBus, options: CpuOptions = {}) {
    this.core = new Core(memory, bus, MODELS[options.model ?? DEFAULT_MODEL]);
    this.#interpreter = new Interpreter(this.core);
    if (options.coldRuns !== undefined) this.#interpreter.code.coldRuns = options.coldRuns;
    this.engine = options.makeEngine?.(this.core, this.#interpreter) ?? null;
    this.#interpreter.engine = this.engine;
    memory.observe({
      codeOverwritten: (offset, lengthBytes) => {
        this.#interpreter.code.overwritten(offset, lengthBytes);
        this.core.mmu.tablesWritten(offset, lengthBytes);
      },
      mapChanged: () => {
        this.core.mmu.flush();
        this.#interpreter.clear();
      },
    });
  }

  get retired(): number {
    return this.core.retired;
  }

  get halted(): boolean {
    const { attention, s } = this.core;
    // An interrupt that comes from outside, between two runs, has woken it already.
    const isWoken = (attention & ATTENTION_INTERRUPT) !== 0 && (s[EFLAGS]! & IF) !== 0;
    return (attention & ATTENTION_HALTED) !== 0 && !isWoken;
  }

  /** Linear address of the running instruction; between runs, of the next one. */
  get linearPc(): number {
    return (this.core.s[BASE + CS]! + this.#interpreter.eip) >>> 0;
  }

  run(limit: number): StopReason {
    return this.#interpreter.run(limit);
  }

  setLimit(limit: number): void {
    this.#interpreter.setLimit(limit);
  }

  requestStop(): void {
    this.core.setAttention(ATTENTION_STOP, true);
  }

  setInterruptRequest(level: boolean): void {
    this.core.setAttention(ATTENTION_INTERRUPT, level);
  }

  raiseNmi(): void {
    this.core.setAttention(ATTENTION_NMI, true);
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
    const { core } = this;
    core.state.reset();
    core.fpu.reset();
    core.vectors.reset();
    core.attention &= ATTENTION_INTERRUPT | ATTENTION_STOP;
    core.nmiBlocked = false;
    core.ignoreNumericError = false;
    core.timestampOffset = 0;
    core.link = null;
    core.segments.setCpl(0);
    core.mmu.flush();
    core.debug.update();
    this.#interpreter.abandon();
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
    const { core } = this;
    core.state.visitState(visitor);
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
