/**
 * A region becomes one WebAssembly function: guest registers in locals, control flow structured by flow.ts,
 * instructions by the table in operations.ts. What is not in the table, and what takes its slow path, is left to the
 * interpreter.
 *
 * A block's instructions are counted when it is entered; the entry is refused where the budget does not reach, and a
 * path that leaves in the middle gives back what did not run. So the machine stops at exact instructions wherever it
 * has to.
 */

import { branchTarget } from "../cpu/handlers/control.ts";
import type { DecodedInstruction } from "../cpu/instruction.ts";
import {
  CPL,
  EIP,
  ESP,
  FLAG_CARRIES,
  FLAG_RESULT,
  JIT_BUDGET,
  JIT_CONTEXT,
  JUMP_CACHE,
  JUMP_CACHE_ENTRIES,
  PORT_LATCHES,
} from "../cpu/layout.ts";
import { MODE_STACK32, MODE_USER } from "../cpu/state.ts";
import { AccessEmitter } from "./access.ts";
import { arithmeticFunction, CANONICAL, carriesFunction, DYNAMIC, FlagEmitter, imageFunction } from "./flags.ts";
import type { Structure } from "./flow.ts";
import { structure } from "./flow.ts";
import { IMPORTS, IN, OUT, STEP, typesOf } from "./imports.ts";
import {
  BUDGET,
  ENTRY,
  FLAG_KIND,
  FLAG_R,
  FLAG_X,
  localTypes,
  PARAMETERS,
  REASON,
  REGISTERS,
  SELF,
  T0,
  T1,
  T2,
  TARGET,
} from "./locals.ts";
import { pushLive } from "./operands.ts";
import { mayLeave, OPERATIONS } from "./operations.ts";
import type { Region, RegionBlock } from "./region.ts";
import { endingOf, entryMap, successorsOf } from "./region.ts";
import { Code, encodeModule, I32, OP } from "./wasm.ts";

// Why a region was left: its result. State, EIP and JIT_BUDGET are up to date.
/** Execution goes on at EIP, for which the jump cache has nothing. */
const EXIT_LOOKUP = 0;
/** The instruction at EIP is one for the interpreter. */
export const EXIT_INTERPRET = 1;
/** The budget does not reach for the block at EIP. */
export const EXIT_BUDGET = 2;
/** A helper has ended the run: budget and state are where it left them. */
export const EXIT_STOPPED = 3;
/** A helper has ended the run: only the budget is where it left it. */
const EXIT_ATTENTION = 4;

const CARRIES = IMPORTS.length + 1;
const TYPES = typesOf(PARAMETERS);

/** Something that is known only at the end: which registers to move, which pages to forget. */
type Insertion = "flush" | "reload" | "forget";

/**
 * The module of a region. Its function takes (number of the entry plus one, budget, address of its entry map) and
 * returns an EXIT_*.
 */
export function translate(region: Region): Uint8Array<ArrayBuffer> {
  const translator = new Translator(region);
  const main = translator.run();
  const carries = new Code();
  carriesFunction(carries);
  const arithmetic = new Code();
  arithmeticFunction(arithmetic);
  const image = new Code();
  imageFunction(image);
  return encodeModule({
    types: TYPES,
    imports: IMPORTS,
    functions: [
      { type: 0, locals: localTypes(translator.access.localCount), code: main },
      { type: 2, locals: [], code: carries },
      { type: 1, locals: [I32], code: arithmetic },
      { type: 4, locals: [], code: image },
    ],
    memoryPages: { initial: 1, maximum: 65536 },
  });
}

export class Translator {
  readonly c = new Code();
  readonly flags: FlagEmitter;
  readonly access: AccessEmitter;
  readonly region: Region;
  readonly #insertions: { readonly at: number; readonly kind: Insertion }[] = [];
  readonly #used = new Set<number>();
  readonly #written = new Set<number>();
  /** Flow graph: the dispatcher, then a node for each entry, then a node for each block. */
  readonly #successors: number[][] = [[]];
  readonly #entryBlocks: number[] = [];
  readonly #nodeByEip = new Map<number, number>();
  #flow!: Structure;
  readonly #labels: number[] = [];
  readonly #loops: number[] = [];
  #leave = 0;
  #block!: RegionBlock;
  #node = 0;
  /** Index of the instruction at hand in its block. */
  #index = 0;

  constructor(region: Region) {
    this.region = region;
    this.flags = new FlagEmitter(this.c, CARRIES);
    this.access = new AccessEmitter(this.c, region.shape, region.lowRegisters);
  }

  get isUser(): boolean {
    return (this.region.shape.mode & MODE_USER) !== 0;
  }

  get hasWideStack(): boolean {
    return (this.region.shape.mode & MODE_STACK32) !== 0;
  }

  get #blockBase(): number {
    return 1 + this.#entryBlocks.length;
  }

  run(): Code {
    this.#buildFlow();
    const { c } = this;
    c.block();
    this.#leave = c.depth;
    this.#emitTree(0);
    c.op(OP.unreachable).end();
    this.#emitLeave();
    return this.#assemble();
  }

  /** Entries beyond the region's own come from the flow analysis, so it runs until the number of entries stands. */
  #buildFlow(): void {
    const { blocks, entries } = this.region;
    const wanted = [...entries];
    for (;;) {
      this.#entryBlocks.length = 0;
      this.#entryBlocks.push(...wanted);
      this.#nodeByEip.clear();
      blocks.forEach(({ eip }, i) => this.#nodeByEip.set(eip, this.#blockBase + i));
      this.#successors.length = 0;
      this.#successors.push(
        wanted.map((_, i) => 1 + i),
        ...wanted.map((block) => [this.#blockBase + block]),
      );
      for (const block of blocks) {
        const last = block.instructions[block.instructions.length - 1]!;
        const next = successorsOf(block)
          .map((eip) => this.#nodeByEip.get(eip) ?? -1)
          .filter((node) => node >= 0);
        if (endingOf(last) === "indirect" || endingOf(last) === "patched") next.push(0);
        this.#successors.push([...new Set(next)]);
      }
      let grown = false;
      this.#flow = structure({ successors: this.#successors }, (from, to) => {
        const block = to - this.#blockBase;
        if (!wanted.includes(block)) {
          wanted.push(block);
          grown = true;
        }
        const edges = this.#successors[from]!;
        edges.splice(edges.indexOf(to), 1);
        if (!edges.includes(0)) edges.push(0);
      });
      if (!grown) return;
    }
  }

  #emitTree(node: number): void {
    const { c } = this;
    const header = this.#flow.isLoopHeader[node]!;
    if (header) {
      c.loop();
      this.#loops[node] = c.depth;
    }
    this.#emitWithin(node, this.#flow.mergeChildren[node]!);
    if (header) c.end();
  }

  /** The children are in the order of their code; the last one's block is the outermost. */
  #emitWithin(node: number, children: readonly number[]): void {
    if (children.length === 0) {
      this.#emitNode(node);
      return;
    }
    const last = children[children.length - 1]!;
    this.c.block();
    this.#labels[last] = this.c.depth;
    this.#emitWithin(node, children.slice(0, -1));
    this.c.end();
    this.flags.kind = DYNAMIC;
    this.#emitTree(last);
  }

  #emitNode(node: number): void {
    const { c } = this;
    if (node === 0) {
      c.get(ENTRY).brTable([
        this.#labels[1]!,
        ...this.#entryBlocks.map((_, i) => this.#labels[1 + i]!),
        this.#labels[1]!,
      ]);
      return;
    }
    this.#node = node;
    if (node < this.#blockBase) {
      this.flags.kind = DYNAMIC;
      this.edge(this.region.blocks[this.#entryBlocks[node - 1]!]!.eip);
      return;
    }
    this.#block = this.region.blocks[node - this.#blockBase]!;
    if (this.#flow.onlyPredecessor[node] === -1) this.flags.kind = DYNAMIC;
    this.#emitBlock();
  }

  #emitBlock(): void {
    const block = this.#block;
    const count = block.instructions.length;
    for (this.#index = 0; this.#index < count; this.#index++) {
      const insn = block.instructions[this.#index]!;
      if (this.#index === count - 1 && endingOf(insn) !== "next") {
        this.#emitEnding(insn);
        return;
      }
      this.#emitInstruction(insn);
    }
    this.#index = count - 1;
    this.edge(block.next);
  }

  #emitInstruction(insn: DecodedInstruction): void {
    const operation = OPERATIONS[insn.form.semantic];
    if (operation === undefined || (insn.repeat !== 0 && insn.form.repeat !== "none" && insn.form.repeat !== "hint")) {
      this.step();
      return;
    }
    const emit = operation(this, insn);
    if (emit === null) this.step();
    else if (mayLeave(insn)) this.#guarded(emit, true);
    else {
      this.access.slow = 0;
      emit();
    }
  }

  /**
   * Emits an instruction that may take a slow path. `resumable`: the slow path may come back to behind the instruction.
   */
  #guarded(emit: () => void, resumable: boolean): void {
    const { c, flags } = this;
    const insn = this.#block.instructions[this.#index]!;
    const before = flags.kind;
    const resumes = resumable && this.region.slowSites.has(insn.eip);
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
    if (resumes) this.step();
    else this.#exit(this.#insnEip, EXIT_INTERPRET, this.#notRun);
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
  #exit(eip: number, reason: number, unused: number): void {
    const { c } = this;
    this.flags.spill();
    if (unused !== 0) c.get(BUDGET).const(unused).op(OP.add).set(BUDGET);
    c.const(eip).set(TARGET).const(reason).set(REASON).br(this.#leave);
  }

  /** Goes to the block at an EIP, in this region or elsewhere. */
  edge(eip: number): void {
    const { c, flags } = this;
    const flow = this.#flow;
    const node = this.#nodeByEip.get(eip);
    if (node === undefined) {
      this.#exit(eip, EXIT_LOOKUP, 0);
      return;
    }
    if (this.#node >= this.#blockBase && !this.#successors[this.#node]!.includes(node)) {
      flags.spill();
      c.const(this.#entryBlocks.indexOf(node - this.#blockBase) + 1)
        .set(ENTRY)
        .br(this.#loops[0]!);
      return;
    }
    const count = this.region.blocks[node - this.#blockBase]!.instructions.length;
    c.get(BUDGET).const(count).op(OP.sub).tee(BUDGET).const(0).op(OP.lt_s).if();
    this.#exit(eip, EXIT_BUDGET, count);
    c.end();
    if (flow.order[node]! <= flow.order[this.#node]!) {
      flags.spill();
      c.br(this.#loops[node]!);
    } else if (flow.isMerge[node]) {
      flags.spill();
      c.br(this.#labels[node]!);
    } else {
      if (flow.isLoopHeader[node]) flags.spill();
      const block = this.#block;
      const from = this.#node;
      const index = this.#index;
      this.#emitTree(node);
      this.#block = block;
      this.#node = from;
      this.#index = index;
    }
  }

  #emitEnding(insn: DecodedInstruction): void {
    const { c, flags } = this;
    const { semantic } = insn.form;
    const target = branchTarget(insn);
    if (insn.immediateAt !== 0) {
      this.#emitPatched(insn);
      return;
    }
    const direct = endingOf(insn) !== "indirect";
    if (direct && target >>> 0 > this.region.shape.codeLimit) {
      this.#exit(insn.eip, EXIT_INTERPRET, this.#notRun);
      return;
    }
    if (endingOf(insn) === "branch") {
      const pushTaken = OPERATIONS[semantic]!(this, insn);
      if (pushTaken === null) {
        // The interpreter decides; it comes back only by way of EIP.
        this.#exit(insn.eip, EXIT_INTERPRET, this.#notRun);
        return;
      }
      pushTaken();
      if (target === this.#block.next) {
        c.op(OP.drop);
        this.edge(target);
        return;
      }
      const { kind } = flags;
      c.if();
      this.edge(target);
      c.else();
      flags.kind = kind;
      this.edge(this.#block.next);
      c.end().op(OP.unreachable);
      return;
    }
    if (semantic === "jmp") {
      this.edge(target);
      return;
    }
    const emit = OPERATIONS[semantic]!(this, insn);
    if (emit === null) {
      if (direct) this.#exit(insn.eip, EXIT_INTERPRET, this.#notRun);
      else this.#stepAway();
      return;
    }
    this.#guarded(emit, false);
    if (semantic === "call") this.edge(target);
    else this.#dispatch();
  }

  /** A jump, on a condition or always, whose distance the guest rewrites. */
  #emitPatched(insn: DecodedInstruction): void {
    const { c, flags } = this;
    const go = (): void => {
      c.const(insn.next);
      pushLive(c, insn.immediateAt, insn.immediateBytes, true);
      c.op(OP.add).tee(TARGET).const(this.region.shape.codeLimit).op(OP.gt_u).if();
      this.#exit(insn.eip, EXIT_INTERPRET, this.#notRun);
      c.end();
      this.#dispatch();
    };
    if (endingOf(insn) !== "patched") {
      go();
      return;
    }
    OPERATIONS[insn.form.semantic]!(this, insn)!();
    const { kind } = flags;
    c.if();
    go();
    c.else();
    flags.kind = kind;
    this.edge(this.#block.next);
    c.end().op(OP.unreachable);
  }

  /** Goes to the EIP in TARGET: within the region if that has an entry there. */
  #dispatch(): void {
    const { c } = this;
    this.flags.spill();
    const map = entryMap(this.region);
    if (map !== null) {
      c.get(TARGET).const(map.firstEip).op(OP.sub).tee(T0).const(map.sizeBytes).op(OP.lt_u).if();
      c.get(T0).get(SELF).op(OP.add).load(1, 0).tee(ENTRY).brIf(this.#loops[0]!);
      c.end();
    }
    c.const(EXIT_LOOKUP).set(REASON).br(this.#leave);
  }

  /** Pushes whether the jump cache knows TARGET; T0 is where its entry would be. */
  #pushJumpCacheHit(): void {
    const { c } = this;
    c.get(TARGET)
      .get(TARGET)
      .const(12)
      .op(OP.shr_u)
      .op(OP.xor)
      .const(JUMP_CACHE_ENTRIES - 1)
      .op(OP.and)
      .const(4)
      .op(OP.shl)
      .tee(T0);
    c.load64(JUMP_CACHE).get(TARGET).op(OP.extend_u).const(0).load64(JIT_CONTEXT).op(OP.or64).op(OP.eq64);
  }

  /** Has the interpreter run the instruction at hand. */
  step(): void {
    const { c } = this;
    const unused = this.#notRun - 1;
    for (let register = 0; register < 8; register++) {
      this.#written.add(register);
      this.#used.add(register);
    }
    this.flags.spill();
    this.#insert("flush");
    this.#flushFlags();
    c.const(this.#insnEip).get(BUDGET).const(this.#notRun).op(OP.add).call(STEP).tee(T0).const(0).op(OP.lt_s).if();
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
    this.#exit(this.#nextEip, EXIT_BUDGET, unused);
    c.end();
  }

  /** Has the interpreter run an instruction that goes somewhere, and leaves. */
  #stepAway(): void {
    const { c } = this;
    for (let register = 0; register < 8; register++) {
      this.#written.add(register);
      this.#used.add(register);
    }
    this.flags.spill();
    this.#insert("flush");
    this.#flushFlags();
    c.const(this.#insnEip)
      .get(BUDGET)
      .const(this.#notRun)
      .op(OP.add)
      .call(STEP)
      .op(OP.drop)
      .const(EXIT_STOPPED)
      .op(OP.return);
  }

  /** Traces want to know where a device was accessed from. */
  #noteEip(): void {
    this.c
      .const(0)
      .const(this.#insnEip)
      .store(4, 4 * EIP);
  }

  /** OUT: `pushPort` and `pushValue` push its operands. A latch is written here and now. */
  out(pushPort: () => void, pushValue: () => void, sizeBytes: number): void {
    const { c, flags } = this;
    pushPort();
    c.set(T1);
    pushValue();
    c.set(T2);
    const { kind } = flags;
    if (sizeBytes === 1)
      c.const(0)
        .get(T1)
        .load(1, PORT_LATCHES)
        .const(0)
        .load(4, 4 * CPL)
        .op(OP.select)
        .if()
        .get(T1)
        .get(T2)
        .store(1, PORT_LATCHES + 0x10000)
        .else();
    this.#noteEip();
    c.get(T1).get(T2).const(sizeBytes).get(BUDGET).const(this.#notRun).op(OP.add).call(OUT).set(T0);
    this.#afterPort();
    if (sizeBytes === 1) c.end();
    flags.kind = kind;
  }

  /** IN; the value is pushed by `const(0).load(4, JIT_VALUE)` afterwards. */
  in(pushPort: () => void, sizeBytes: number, accept: () => void): void {
    const { c } = this;
    this.#noteEip();
    pushPort();
    c.const(sizeBytes).get(BUDGET).const(this.#notRun).op(OP.add).call(IN).set(T0);
    c.get(T0).const(-2).op(OP.ne).if();
    accept();
    c.end();
    this.#afterPort();
  }

  /** MOV to CR3 or INVLPG, by the number of its function. */
  changeTables(call: number, push: () => void): void {
    const { c } = this;
    this.#noteEip();
    push();
    c.get(BUDGET).const(this.#notRun).op(OP.add).call(call).set(T0);
    this.#afterPort();
  }

  #afterPort(): void {
    const { c, flags } = this;
    const unused = this.#notRun - 1;
    const { kind } = flags;
    this.#insert("forget");
    c.get(T0).const(0).op(OP.lt_s).if();
    c.get(T0).const(-2).op(OP.eq).if();
    this.#exit(this.#insnEip, EXIT_INTERPRET, this.#notRun);
    c.end();
    this.#exit(this.#nextEip, EXIT_ATTENTION, 0);
    c.end();
    flags.kind = kind;
    c.get(T0).const(unused).op(OP.sub).tee(BUDGET).const(0).op(OP.lt_s).if();
    this.#exit(this.#nextEip, EXIT_BUDGET, unused);
    c.end();
    flags.kind = kind;
  }

  /** Pushes a guest register's 32 bits. */
  getRegister(register: number): void {
    this.#used.add(register);
    this.c.get(REGISTERS + register);
  }

  setRegister(register: number): void {
    this.#used.add(register);
    this.#written.add(register);
    this.c.set(REGISTERS + register);
  }

  #insert(kind: Insertion): void {
    this.#insertions.push({ at: this.c.bytes.length, kind });
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

  #emitLeave(): void {
    const { c } = this;
    this.#insert("flush");
    this.#flushFlags();
    c.get(REASON).op(OP.eqz).if();
    this.#pushJumpCacheHit();
    c.if();
    c.get(T0)
      .load(4, JUMP_CACHE + 8)
      .tee(T1)
      .const(16)
      .op(OP.shr_u)
      .get(BUDGET)
      .get(T0)
      .load(4, JUMP_CACHE + 12);
    c.get(T1).const(0xffff).op(OP.and).returnCallIndirect(0);
    c.end().end();
    c.const(0)
      .get(TARGET)
      .store(4, 4 * EIP)
      .const(0)
      .get(BUDGET)
      .store(4, JIT_BUDGET)
      .get(REASON)
      .end();
  }

  /** Puts the prologue in front and fills in what had to wait. */
  #assemble(): Code {
    const move = (kind: Insertion): Code => {
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
      put(pieces[kind]);
      at = position;
    }
    put(this.c.bytes, at);
    return whole;
  }
}
