/**
 * Breakpoints, watchpoints and single steps of one machine. Guest memory is never changed for them, and the guest
 * cannot tell that it was stopped: the machine is left at an instruction boundary and goes on as if nothing had been.
 *
 * A step over an instruction that a device interrupts would end in the interrupt handler. Suppressing interrupts, as
 * other emulators do, would change what the guest sees; here the handler runs to its end and the step goes on where it
 * was.
 */
import type { Core } from "../cpu/core.ts";
import { BASE, CS } from "../cpu/layout.ts";
import type { CodeProbe, DataProbe, DeliveryKind, DeliveryProbe } from "../cpu/probe.ts";
import type { Machine } from "../machine.ts";
import type { Probes } from "./probes.ts";
import { linearPc, linearSp } from "./registers.ts";
import type { BreakKind, Resume, Stop, WatchKind } from "./stop.ts";

interface Watch {
  readonly kind: WatchKind;
  readonly first: number;
  readonly sizeBytes: number;
}

/**
 * An instruction that an interrupt came before, by where its handler returns to and the stack pointer that it then has.
 */
export interface Interrupted {
  readonly retired: number;
  readonly linear: number;
  readonly sp: number;
}

interface Step {
  readonly processor: number;
  from: number;
  readonly range: { readonly first: number; readonly end: number } | null;
  /** The interrupt that came in the way. */
  interrupted: Interrupted | null;
  /** Its handler runs, and its end is awaited. */
  returning: boolean;
}

/** What a repetition of the past has found: the last stop before a moment, and the last interrupt. */
export interface Scan {
  hit: { readonly retired: number; readonly stop: Stop } | null;
  interrupted: Interrupted | null;
}

const PAGE_SHIFT = 12;
const NO_PAGES: ReadonlySet<number> = new Set();
/** Beyond this a client is not debugging. */
const MAX_POINTS = 4096;
const MAX_WATCHED_BYTES = 1 << 20;

export class NodeDebugger implements CodeProbe, DataProbe, DeliveryProbe {
  readonly machine: Machine;
  readonly index: number;
  /** Steps run the handlers of interrupts that come in between, and end after them. */
  skipsInterrupts = true;
  /** A repetition of the past is under way: nothing stops, hits are noted in `scan` if there is one. */
  repeating = false;
  scan: Scan | null = null;
  readonly #probes: Probes;
  readonly #core: Core;
  readonly #breakpoints = new Map<number, Set<BreakKind>>();
  #watches: Watch[] = [];
  #step: Step | null = null;
  #hit: Stop | null = null;
  /** Where the machine was resumed: a breakpoint there is not hit again by the very same execution. */
  #resumedRetired = -1;
  #resumedLinear = 0;
  /**
   * Addresses that decoded code asks about, and pages that are watched; more than is wanted does no harm but to speed.
   */
  #woven = new Set<number>();
  #pages: ReadonlySet<number> = NO_PAGES;

  constructor(machine: Machine, index: number, probes: Probes) {
    this.machine = machine;
    this.index = index;
    this.#probes = probes;
    this.#core = machine.processor.core;
  }

  /** Registers and parts of the processor whose turn it is. */
  get core(): Core {
    return this.#core;
  }

  get #running(): number {
    return this.machine.processor.running;
  }

  // Points.

  /** Returns false when there are too many. Setting one twice is setting it once. */
  addBreakpoint(kind: BreakKind, linearAddress: number): boolean {
    const address = linearAddress | 0;
    const kinds = this.#breakpoints.get(address) ?? new Set();
    if (kinds.size === 0 && this.#breakpoints.size >= MAX_POINTS) return false;
    this.#breakpoints.set(address, kinds.add(kind));
    return true;
  }

  removeBreakpoint(kind: BreakKind, linearAddress: number): void {
    const kinds = this.#breakpoints.get(linearAddress | 0);
    if (kinds === undefined || !kinds.delete(kind)) return;
    if (kinds.size === 0) this.#breakpoints.delete(linearAddress | 0);
  }

  addWatch(kind: WatchKind, linearAddress: number, sizeBytes: number): boolean {
    const watched = this.#watches.reduce((sum, watch) => sum + watch.sizeBytes, sizeBytes);
    if (sizeBytes < 1 || watched > MAX_WATCHED_BYTES || this.#watches.length >= MAX_POINTS) return false;
    this.removeWatch(kind, linearAddress, sizeBytes);
    this.#watches.push({ kind, first: linearAddress >>> 0, sizeBytes });
    return true;
  }

  removeWatch(kind: WatchKind, linearAddress: number, sizeBytes: number): void {
    this.#watches = this.#watches.filter(
      (watch) => watch.kind !== kind || watch.first !== linearAddress >>> 0 || watch.sizeBytes !== sizeBytes,
    );
  }

  /** Forgets all points and steps: the machine runs as if it had never been debugged. */
  release(): void {
    this.#breakpoints.clear();
    this.#watches = [];
    this.#step = null;
    this.#hit = null;
    this.#resumedRetired = -1;
    this.machine.resume();
    this.install();
  }

  /**
   * Puts the probes in place for the next run. gdb takes all points away at each stop and puts them back, so what is in
   * place already stays.
   */
  install(): void {
    const step = this.#step;
    const wanted = [...this.#breakpoints.keys()];
    if (step?.returning === true) wanted.push(step.interrupted!.linear | 0);
    if (wanted.some((address) => !this.#woven.has(address))) {
      for (const address of wanted) this.#woven.add(address);
      this.#probes.setCode(this);
    } else if (wanted.length === 0 && step === null && this.#woven.size > 0) {
      this.#woven.clear();
      this.#probes.setCode(null);
    }
    const pages = new Set<number>();
    for (const { first, sizeBytes } of this.#watches) {
      for (let page = first >>> PAGE_SHIFT; page <= (first + sizeBytes - 1) >>> PAGE_SHIFT; page++) pages.add(page);
    }
    if (pages.size !== this.#pages.size || [...pages].some((page) => !this.#pages.has(page))) {
      this.#pages = pages;
      this.#probes.setData(pages.size > 0 ? this : null, pages);
    }
    this.#probes.setDelivery(step !== null || this.repeating ? this : null);
  }

  // Runs.

  /** Prepares the machine for its next run. Not for going backwards. */
  resume(resume: Resume): void {
    this.#resumedRetired = this.machine.instructions;
    this.#resumedLinear = linearPc(this.#core) | 0;
    this.#hit = null;
    this.#step =
      resume.kind === "step"
        ? {
            processor: resume.processor ?? this.#running,
            from: this.machine.instructions,
            range: resume.range,
            interrupted: null,
            returning: false,
          }
        : null;
    this.#goOn();
  }

  #goOn(): void {
    this.install();
    this.machine.resume();
    const step = this.#step;
    if (step !== null && !step.returning) this.machine.pauseAt(step.from + 1);
  }

  /** The machine has paused: why, or null when it only has to go on. */
  paused(): Stop | null {
    const hit = this.#hit;
    const step = this.#step;
    this.#hit = null;
    if (hit !== null) return this.#stopped(hit);
    if (step === null) {
      this.machine.resume();
      return null;
    }
    return this.#stepped(step);
  }

  #stopped(stop: Stop): Stop {
    this.#step = null;
    return stop;
  }

  #stepped(step: Step): Stop | null {
    if (step.processor !== this.#running) return this.#again(step);
    const { interrupted } = step;
    if (interrupted !== null) {
      const isBack = linearPc(this.#core) === interrupted.linear && linearSp(this.#core) === interrupted.sp;
      if (!isBack) {
        step.returning = true;
        this.#goOn();
        return null;
      }
      step.interrupted = null;
      step.returning = false;
      // The interrupt came before the instruction that was to be stepped.
      if (interrupted.retired === step.from) return this.#again(step);
    }
    const pc = linearPc(this.#core);
    if (step.range !== null && pc >= step.range.first && pc < step.range.end) return this.#again(step);
    return this.#stopped({ kind: "step" });
  }

  #again(step: Step): null {
    step.from = this.machine.instructions;
    this.#goOn();
    return null;
  }

  // What the processor tells.

  wants(linearAddress: number): boolean {
    return this.#woven.has(linearAddress);
  }

  reached(linearAddress: number): boolean {
    const retired = this.machine.instructions;
    const kinds = this.#breakpoints.get(linearAddress);
    if (this.repeating) {
      if (kinds !== undefined && this.scan !== null) this.scan.hit = { retired, stop: breakpointStop(kinds) };
      return false;
    }
    const step = this.#step;
    if (
      step?.returning === true &&
      step.processor === this.#running &&
      step.interrupted!.linear === linearAddress >>> 0 &&
      step.interrupted!.sp === linearSp(this.#core)
    ) {
      this.machine.pause("here");
      return true;
    }
    if (kinds === undefined || (retired === this.#resumedRetired && linearAddress === this.#resumedLinear))
      return false;
    this.#hit = breakpointStop(kinds);
    this.machine.pause("here");
    return true;
  }

  access(linearAddress: number, sizeBytes: number, write: boolean): void {
    const first = linearAddress >>> 0;
    for (const watch of this.#watches) {
      if (
        first >= watch.first + watch.sizeBytes ||
        watch.first >= first + sizeBytes ||
        (watch.kind !== "access" && (watch.kind === "write") !== write)
      )
        continue;
      const stop: Stop = { kind: "watch", watchKind: watch.kind, linearAddress: watch.first };
      if (!this.repeating) {
        this.#hit ??= stop;
        this.machine.pause("after");
      } else if (this.scan !== null) this.scan.hit = { retired: this.machine.instructions, stop };
      return;
    }
  }

  delivery(kind: DeliveryKind, _vector: number, _errorCode: number, eip: number): void {
    if (kind !== "interrupt") return;
    const interrupted: Interrupted = {
      retired: this.machine.instructions,
      linear: (this.#core.s[BASE + CS]! + eip) >>> 0,
      sp: linearSp(this.#core),
    };
    if (this.repeating) {
      if (this.scan !== null) this.scan.interrupted = interrupted;
    } else if (this.#step?.processor === this.#running && this.skipsInterrupts) this.#step.interrupted ??= interrupted;
  }
}

function breakpointStop(kinds: ReadonlySet<BreakKind>): Stop {
  return { kind: "breakpoint", breakKind: kinds.has("software") ? "software" : "hardware" };
}
