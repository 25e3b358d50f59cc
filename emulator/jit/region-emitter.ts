/**
 * What the operations of an instruction in a region know: the code that grows, guest registers in locals and flags in
 * it, memory, ports, and the ways out of compiled code from the instruction at hand. Where a region's blocks lie and
 * how they follow one another is the translator's business.
 */

import type { DecodedInstruction } from "../cpu/instruction.ts";
import { EIP, ESP, FLAG_CARRIES, FLAG_RESULT, JIT_BUDGET } from "../cpu/layout.ts";
import type { ProcessorModel } from "../cpu/model.ts";
import { MODE_STACK32, MODE_USER } from "../cpu/state.ts";
import { pushLive } from "./access.ts";
import { Emitter } from "./emitter.ts";
import { EXIT_ATTENTION, EXIT_BUDGET, EXIT_INTERPRET, EXIT_LOOKUP, EXIT_STOPPED } from "./exits.ts";
import type { Bits } from "./flags.ts";
import { CANONICAL, DYNAMIC, FlagEmitter } from "./flags.ts";
import { AWAY, ENTER, importsOf, STEP, TIMESTAMP, WINDOW_WRITE } from "./imports.ts";
import { pushIsInJumpCache, pushRegionEntry } from "./jump-cache.ts";
import { BUDGET, FLAG_KIND, FLAG_R, FLAG_X, REASON, REGISTERS, SELF, T0, T1, TARGET, WINDOW } from "./locals.ts";
import type { Region, RegionBlock } from "./region.ts";
import { originOf, usesX87 } from "./region.ts";
import { RegionAccess } from "./region-access.ts";
import { ORIGIN_AT } from "./region-memory.ts";
import { isMovable, isNarrow } from "./shape.ts";
import type { FunctionImport } from "./wasm.ts";
import { Code, OP } from "./wasm.ts";

/** Something that is known only at the end: which registers to move, which pages to forget, how far a span reaches. */
type Insertion = "flush" | "reload" | "forget" | Code;

/** Of 16 bits: no other is compiled. */
const isFarPointer = ({ form }: DecodedInstruction): boolean => form.operands[0]?.field === "far";

export class RegionEmitter extends Emitter {
  readonly c = new Code();
  readonly flags: FlagEmitter;
  readonly access: RegionAccess;
  readonly region: Region;
  /** What the region's module imports; its own functions are numbered after these. */
  readonly imports: readonly FunctionImport[];
  /** Locals of temporary vectors. */
  readonly vectors: number[] = [];
  readonly #insertions: { readonly at: number; readonly kind: Insertion }[] = [];
  readonly #atEnd: (() => void)[] = [];
  readonly #used = new Set<number>();
  readonly #written = new Set<number>();
  /** Depth of the block around everything: to leave it is to leave the region. */
  #leave = 0;
  /** The same with a TARGET that is counted from the region's origin. */
  #leaveFrom = 0;
  readonly #origin: number;
  readonly #isMovable: boolean;
  #block!: RegionBlock;
  #index = 0;

  constructor(region: Region) {
    super();
    this.region = region;
    this.#origin = originOf(region);
    this.#isMovable = isMovable(region.shape);
    this.imports = importsOf(usesX87(region));
    // The first of its own is the region itself, the second makes carries of what is left of them.
    this.flags = new FlagEmitter(this.c, this.imports.length + 1);
    this.access = new RegionAccess(
      this.c,
      region,
      () => this.#pushBudgetBefore(),
      (emit) => this.#later(emit),
    );
  }

  get takesTurns(): boolean {
    return this.region.shape.takesTurns;
  }

  get isUser(): boolean {
    return (this.region.shape.mode & MODE_USER) !== 0;
  }

  get isProtected(): boolean {
    return this.region.shape.isProtected;
  }

  get model(): ProcessorModel {
    return this.region.shape.model;
  }

  get hasWideStack(): boolean {
    return (this.region.shape.mode & MODE_STACK32) !== 0;
  }

  get codeLimit(): number {
    return this.region.shape.codeLimit;
  }

  vector(number: number): number {
    return (this.vectors[number] ??= this.access.localCount++);
  }

  /** Opens the block around all code. */
  begin(): void {
    this.c.block();
    this.#leave = this.#leaveFrom = this.c.depth;
    if (!this.#isMovable) return;
    this.c.block();
    this.#leaveFrom = this.c.depth;
  }

  /** Pushes the address of a place in the guest's code. */
  pushEip(eip: number): void {
    this.c.const(eip - this.#origin);
    if (this.#isMovable) this.c.get(SELF).load(4, ORIGIN_AT).op(OP.add);
  }

  /** Makes an address on the stack one that counts from where the region's addresses do. */
  makeRelative(eip: number): void {
    this.c.const(eip).op(OP.sub);
    if (this.#isMovable) this.c.get(SELF).load(4, ORIGIN_AT).op(OP.sub);
  }

  /** The block of the instruction at hand. */
  get block(): RegionBlock {
    return this.#block;
  }

  /** Index of the instruction at hand in its block. */
  get index(): number {
    return this.#index;
  }

  /** What is emitted from here on belongs to this instruction. */
  at(block: RegionBlock, index: number): void {
    this.#block = block;
    this.#index = index;
    this.access.spans.block = block;
  }

  /**
   * Emits an instruction that may take a slow path. `resumable`: the slow path may return to just after the
   * instruction; "away": it goes on where the instruction leads.
   */
  guarded(emit: () => void, resumable: boolean | "away"): void {
    const { c, flags } = this;
    const insn = this.#block.instructions[this.#index]!;
    const before = flags.kind;
    const resumes = resumable === true && this.region.slowSites.has(insn.eip);
    this.access.hasHelpers = this.region.slowSites.has(insn.eip);
    c.block();
    const done = c.depth;
    c.block();
    this.access.slow = c.depth;
    emit();
    const after = flags.kind;
    if (resumes) flags.spill();
    this.access.hasHelpers = false;
    c.br(done).end();
    flags.kind = before;
    // A helper may have changed translation tables.
    if (this.region.slowSites.has(insn.eip)) this.access.spans.forget();
    if (resumes) this.step();
    else if (resumable === "away") this.stepAway();
    else this.leaveToInterpreter();
    c.end();
    flags.kind = resumes ? DYNAMIC : after;
  }

  get #insnEip(): number {
    return this.#block.instructions[this.#index]!.eip;
  }

  get #nextEip(): number {
    return this.#block.instructions[this.#index + 1]?.eip ?? this.#block.next;
  }

  /** Instructions of the block that have not retired while this one runs. */
  get #notRun(): number {
    return this.#block.instructions.length - this.#index;
  }

  /** Leaves the region at an EIP and gives `unused` instructions back. */
  exit(eip: number, reason: number, unused: number): void {
    const { c } = this;
    this.flags.spill();
    if (unused !== 0) c.get(BUDGET).const(unused).op(OP.add).set(BUDGET);
    c.const(eip - this.#origin)
      .set(TARGET)
      .const(reason)
      .set(REASON)
      .br(this.#leaveFrom);
  }

  /** Leaves the instruction at hand to the interpreter, which goes on from there. */
  leaveToInterpreter(): void {
    this.exit(this.#insnEip, EXIT_INTERPRET, this.#notRun);
  }

  /** Leaves the region for the EIP in TARGET. */
  leaveToTarget(): void {
    this.c.const(EXIT_LOOKUP).set(REASON).br(this.#leave);
  }

  /** Has the interpreter run the instruction at hand. */
  step(): void {
    const { c } = this;
    const unused = this.#notRun - 1;
    this.#callStep();
    this.access.spans.beginAnew();
    c.tee(T0).const(0).op(OP.lt_s).if();
    c.const(EXIT_STOPPED).op(OP.return).end();
    this.#insert("reload");
    this.#insert("forget");
    c.const(0)
      .load(4, 4 * FLAG_RESULT)
      .set(FLAG_R)
      .const(0)
      .load(4, 4 * FLAG_CARRIES)
      .set(FLAG_X)
      .const(CANONICAL)
      .set(FLAG_KIND);
    this.flags.kind = DYNAMIC;
    c.get(T0).const(unused).op(OP.sub).tee(BUDGET).const(0).op(OP.lt_s).if();
    this.exit(this.#nextEip, EXIT_BUDGET, unused);
    c.end();
  }

  /** Has the interpreter run an instruction that goes somewhere, and goes there. */
  stepAway(): void {
    const { c } = this;
    this.#callStep(AWAY);
    c.tee(BUDGET).const(0).op(OP.lt_s).if();
    c.const(EXIT_STOPPED).op(OP.return).end();
    c.const(0)
      .load(4, 4 * EIP)
      .set(TARGET);
    this.#jump();
    c.const(0).get(BUDGET).store(4, JIT_BUDGET).const(EXIT_LOOKUP).op(OP.return);
  }

  /**
   * Pushes what a function like STEP returns for the instruction at hand, for which all registers and flags are in
   * their places.
   */
  #callStep(call = STEP): void {
    for (let register = 0; register < 8; register++) {
      this.#written.add(register);
      this.#used.add(register);
    }
    this.flags.spill();
    this.#insert("flush");
    this.#flushFlags();
    this.pushEip(this.#insnEip);
    this.c.get(BUDGET).const(this.#notRun).op(OP.add).call(call);
  }

  /**
   * Pushes how many instructions may be run from the one at hand on, for a device: traces want to know where it was
   * accessed from.
   */
  #pushBudgetBefore(): void {
    this.c.const(0);
    this.pushEip(this.#insnEip);
    this.c
      .store(4, 4 * EIP)
      .get(BUDGET)
      .const(this.#notRun)
      .op(OP.add);
  }

  device(_insn: DecodedInstruction, call: number, pushArguments: () => void, accept: () => void): void {
    const { c } = this;
    pushArguments();
    this.#pushBudgetBefore();
    c.call(call).tee(T0).const(-2).op(OP.ne).if();
    accept();
    c.end();
    this.#afterDevice();
  }

  /** What the instruction at hand has written into the display adapter's memory goes there. */
  writeWindow(): void {
    const { c, flags } = this;
    const { kind } = flags;
    c.get(WINDOW).if();
    c.get(WINDOW);
    this.#pushBudgetBefore();
    c.call(WINDOW_WRITE).set(T0).const(0).set(WINDOW);
    this.#afterDevice();
    c.end();
    flags.kind = kind;
  }

  timestamp(): void {
    this.c.get(BUDGET).const(this.#notRun).op(OP.add).call(TIMESTAMP);
  }

  isThroughStack({ base }: DecodedInstruction): boolean {
    return base === ESP;
  }

  requireNotThroughStack(): void {}

  requireProtected(): void {
    if (!this.isProtected) this.c.br(this.access.slow);
  }

  pushBudgetAfter(): void {
    this.c.get(BUDGET);
  }

  repeatOn(): void {
    this.leaveToInterpreter();
  }

  #afterDevice(): void {
    const { c, flags } = this;
    const unused = this.#notRun - 1;
    const { kind } = flags;
    this.#insert("forget");
    this.access.spans.forget();
    c.get(T0).const(0).op(OP.lt_s).if();
    c.get(T0).const(-2).op(OP.eq).if();
    this.leaveToInterpreter();
    c.end();
    this.exit(this.#nextEip, EXIT_ATTENTION, 0);
    c.end();
    flags.kind = kind;
    c.get(T0).const(unused).op(OP.sub).tee(BUDGET).const(0).op(OP.lt_s).if();
    this.exit(this.#nextEip, EXIT_BUDGET, unused);
    c.end();
    flags.kind = kind;
  }

  getRegister(register: number): void {
    this.#used.add(register);
    this.c.get(REGISTERS + register);
  }

  setRegister(register: number): void {
    this.#used.add(register);
    this.#written.add(register);
    this.access.spans.changed(register);
    this.c.set(REGISTERS + register);
  }

  pushRegister(register: number, bits: Bits): void {
    const { c } = this;
    if (bits !== 8) {
      this.getRegister(register);
      if (bits === 16) c.const(0xffff).op(OP.and);
      return;
    }
    this.getRegister(register & 3);
    if (register >= 4) c.const(8).op(OP.shr_u);
    c.const(0xff).op(OP.and);
  }

  writeRegister(number: number, bits: Bits, push: () => void): void {
    const { c } = this;
    if (bits === 32) {
      push();
      this.setRegister(number);
      return;
    }
    const high = bits === 8 && number >= 4;
    const register = bits === 8 ? number & 3 : number;
    const mask = high ? 0xff00 : bits === 8 ? 0xff : 0xffff;
    this.getRegister(register);
    c.const(~mask).op(OP.and);
    push();
    if (high) c.const(8).op(OP.shl);
    c.const(mask).op(OP.and).op(OP.or);
    this.setRegister(register);
  }

  pushNumber(register: number): void {
    this.c.const(4 * register);
  }

  pushPlace(register: number, first: number, bytes: number): number {
    this.c.const(0);
    return first + bytes * register;
  }

  pushImmediate(insn: DecodedInstruction, isSignExtended: boolean): void {
    if (insn.immediateAt !== 0) pushLive(this.c, insn.immediateAt, insn.immediateBytes, isSignExtended);
    else this.c.const(isFarPointer(insn) ? (insn.immediate & 0xffff) | (insn.immediate2 << 16) : insn.immediate);
  }

  pushNext(insn: DecodedInstruction): void {
    this.pushEip(insn.next);
  }

  #insert(kind: Insertion): void {
    this.#insertions.push({ at: this.c.bytes.length, kind });
  }

  #later(emit: (c: Code) => void): void {
    const code = new Code();
    code.depth = this.c.depth;
    this.#insert(code);
    this.#atEnd.push(() => emit(code));
  }

  #flushFlags(): void {
    const { c } = this;
    c.const(0)
      .get(FLAG_R)
      .store(4, 4 * FLAG_RESULT);
    c.const(0);
    this.flags.pushSpilledCarries();
    c.store(4, 4 * FLAG_CARRIES);
  }

  /** Ends all code: what a region does on its way out, and on to the next region if the jump cache knows it. */
  end(): Code {
    const { c } = this;
    c.op(OP.unreachable).end();
    if (this.#isMovable) c.get(TARGET).get(SELF).load(4, ORIGIN_AT).op(OP.add).set(TARGET).end();
    this.#insert("flush");
    this.#flushFlags();
    c.get(REASON).op(OP.eqz).if();
    this.#jump();
    c.end();
    c.const(0)
      .get(TARGET)
      .store(4, 4 * EIP)
      .const(0)
      .get(BUDGET)
      .store(4, JIT_BUDGET)
      .get(REASON)
      .end();
    return this.#assemble();
  }

  /** On to the region that has an entry at TARGET, if the jump cache knows one. All state is in memory. */
  #jump(): void {
    const { c } = this;
    pushIsInJumpCache(c, isNarrow(this.region.shape), TARGET, T0, T1);
    c.if();
    pushRegionEntry(c, T0, T1);
    c.returnCall(ENTER);
    c.end();
  }

  /** Puts the prologue in front and fills in what had to wait. */
  #assemble(): Code {
    for (const emit of this.#atEnd) emit();
    const move = (kind: "flush" | "reload" | "forget"): Code => {
      const code = new Code();
      if (kind === "forget") this.access.forget(code);
      else if (kind === "reload")
        for (const register of this.#used)
          code
            .const(0)
            .load(4, 4 * register)
            .set(REGISTERS + register);
      else
        for (const register of this.#written)
          code
            .const(0)
            .get(REGISTERS + register)
            .store(4, 4 * register);
      return code;
    };
    // Addresses name registers without going through getRegister.
    for (const { instructions } of this.region.blocks) {
      for (const { base, index } of instructions)
        for (const register of [base, index, ESP]) if (register < 8) this.#used.add(register);
    }
    const pieces = { flush: move("flush").bytes, reload: move("reload").bytes, forget: move("forget").bytes };
    const whole = new Code();
    const put = (bytes: readonly number[], from = 0, to = bytes.length): void => {
      for (let at = from; at < to; at++) whole.bytes.push(bytes[at]!);
    };
    put(pieces.reload);
    put(pieces.forget);
    whole
      .const(0)
      .load(4, 4 * FLAG_RESULT)
      .set(FLAG_R)
      .const(0)
      .load(4, 4 * FLAG_CARRIES)
      .set(FLAG_X);
    let at = 0;
    for (const { at: position, kind } of this.#insertions) {
      put(this.c.bytes, at, position);
      put(typeof kind === "string" ? pieces[kind] : kind.bytes);
      at = position;
    }
    put(this.c.bytes, at);
    return whole;
  }
}
