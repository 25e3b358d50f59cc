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
import { ESP, SS, TLB_DELTA } from "../cpu/layout.ts";
import { pushLive } from "./access.ts";
import { EXIT_BUDGET, EXIT_LOOKUP } from "./exits.ts";
import { arithmeticFunction, carriesFunction, DYNAMIC, imageFunction } from "./flags.ts";
import type { Structure } from "./flow.ts";
import { cycleWeight, structure } from "./flow.ts";
import { typesOf } from "./imports.ts";
import { BUDGET, ENTRY, localTypes, PARAMETERS, SELF, T0, TARGET, WINDOW } from "./locals.ts";
import { isFarTransfer, isLeap, mayLeave, maySeeVideo, operationOf } from "./operations.ts";
import type { Region, RegionBlock } from "./region.ts";
import { calledBy, endingOf, originOf, pageOf, pagesOf, placeRegister, successorsOf } from "./region.ts";
import { RegionEmitter } from "./region-emitter.ts";
import { entryMaps, pagePlaceAt } from "./region-memory.ts";
import { isMovable, isNarrow, readTable } from "./shape.ts";
import { Code, encodeModule, I32, OP } from "./wasm.ts";

/**
 * Instructions of a loop that is worth remembering pages for, as those of copies and checksums; others end too soon.
 */
const SHORT_LOOP = 32;
const TYPES = typesOf(PARAMETERS);

/**
 * The module of a region. Its function takes (number of the entry plus one, budget, address of what it keeps in memory)
 * and returns an EXIT_*.
 */
export function translate(region: Region): Uint8Array<ArrayBuffer> {
  const emitter = new RegionEmitter(region);
  const main = new Translator(region, emitter).run();
  const carries = new Code();
  carriesFunction(carries);
  const arithmetic = new Code();
  arithmeticFunction(arithmetic);
  const image = new Code();
  imageFunction(image);
  return encodeModule({
    types: TYPES,
    imports: emitter.imports,
    functions: [
      { type: 0, locals: localTypes(emitter.access.localCount, emitter.vectors), code: main },
      { type: 2, locals: [], code: carries },
      { type: 1, locals: [I32], code: arithmetic },
      { type: 4, locals: [], code: image },
    ],
    memoryPages: { initial: 1, maximum: 65536 },
    exports: ["f", null, null, null],
  });
}

class Translator {
  readonly #region: Region;
  readonly #pages: readonly number[];
  readonly #emitter: RegionEmitter;
  /** Flow graph: the dispatcher, then a node for each entry, then a node for each block. */
  readonly #successors: number[][] = [[]];
  readonly #entryBlocks: number[] = [];
  readonly #nodeByEip = new Map<number, number>();
  #flow!: Structure;
  readonly #labels: number[] = [];
  readonly #loops: number[] = [];
  #node = 0;

  constructor(region: Region, emitter: RegionEmitter) {
    this.#region = region;
    this.#pages = pagesOf(region);
    this.#emitter = emitter;
  }

  get #blockBase(): number {
    return 1 + this.#entryBlocks.length;
  }

  run(): Code {
    this.#buildFlow();
    this.#emitter.begin();
    this.#emitTree(0);
    return this.#emitter.end();
  }

  /** Entries beyond the region's own come from the flow analysis, so it runs until the number of entries stands. */
  #buildFlow(): void {
    const { blocks, entries } = this.#region;
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
        const next = (this.#placeRoutineOf(block) === null ? successorsOf(block) : [block.next])
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

  /** The routine that a block's last instruction calls to learn where it is. */
  #placeRoutineOf(block: RegionBlock): RegionBlock | null {
    const routine = this.#region.blocks[(this.#nodeByEip.get(calledBy(block) ?? -1) ?? -1) - this.#blockBase];
    const isWithin = block.next >>> 0 <= this.#region.shape.codeLimit;
    return isWithin && routine !== undefined && placeRegister(routine) >= 0 ? routine : null;
  }

  #emitTree(node: number): void {
    const { c } = this.#emitter;
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
    const { c, flags } = this.#emitter;
    c.block();
    this.#labels[last] = c.depth;
    this.#emitWithin(node, children.slice(0, -1));
    c.end();
    flags.kind = DYNAMIC;
    this.#emitTree(last);
  }

  #emitNode(node: number): void {
    const { access, c, flags } = this.#emitter;
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
      flags.kind = DYNAMIC;
      access.spans.beginAnew();
      this.#edge(this.#region.blocks[this.#entryBlocks[node - 1]!]!.eip);
      return;
    }
    if (this.#flow.onlyPredecessor[node] === -1) {
      flags.kind = DYNAMIC;
      access.spans.beginAnew();
    }
    access.isInLoop = this.#isInShortLoop(node);
    this.#emitBlock(this.#region.blocks[node - this.#blockBase]!);
  }

  /** Whether a block is part of a short loop that stays in the region. */
  #isInShortLoop(node: number): boolean {
    const instructions = (at: number): number =>
      this.#region.blocks[at - this.#blockBase]?.instructions.length ?? Infinity;
    return cycleWeight({ successors: this.#successors }, node, instructions) <= SHORT_LOOP;
  }

  #emitBlock(block: RegionBlock): void {
    const last = block.instructions.length - 1;
    for (let index = 0; index <= last; index++) {
      const insn = block.instructions[index]!;
      this.#emitter.at(block, index);
      if (index === last && endingOf(insn) !== "next") {
        this.#emitEnding(insn);
        return;
      }
      this.#emitInstruction(insn);
    }
    this.#edge(block.next);
  }

  #emitInstruction(insn: DecodedInstruction): void {
    this.#emitter.access.spans.across(insn, () => this.#emitOperation(insn));
  }

  #emitOperation(insn: DecodedInstruction): void {
    const emitter = this.#emitter;
    const { c } = emitter;
    const operation = operationOf(insn);
    if (operation === undefined) {
      emitter.step();
      return;
    }
    const emit = operation(emitter, insn);
    if (emit === null) emitter.step();
    else if (maySeeVideo(insn)) {
      emitter.access.seesVideo = true;
      emitter.guarded(() => {
        c.const(0).set(WINDOW);
        emit();
        emitter.writeWindow();
      }, true);
      emitter.access.seesVideo = false;
    } else if (mayLeave(insn)) emitter.guarded(emit, true);
    else {
      emitter.access.slow = 0;
      emit();
    }
  }

  /** Goes to the block at an EIP, in this region or elsewhere. */
  #edge(eip: number): void {
    const { c, flags } = this.#emitter;
    const flow = this.#flow;
    const node = this.#nodeByEip.get(eip);
    if (node === undefined) {
      this.#emitter.exit(eip, EXIT_LOOKUP, 0);
      return;
    }
    if (this.#node >= this.#blockBase && this.#pushInPlace(eip)) {
      c.op(OP.eqz).if();
      this.#emitter.exit(eip, EXIT_LOOKUP, 0);
      c.end();
    }
    if (this.#node >= this.#blockBase && !this.#successors[this.#node]!.includes(node)) {
      flags.spill();
      c.const(this.#entryBlocks.indexOf(node - this.#blockBase) + 1)
        .set(ENTRY)
        .br(this.#loops[0]!);
      return;
    }
    const count = this.#region.blocks[node - this.#blockBase]!.instructions.length;
    c.get(BUDGET).const(count).op(OP.sub).tee(BUDGET).const(0).op(OP.lt_s).if();
    this.#emitter.exit(eip, EXIT_BUDGET, count);
    c.end();
    if (flow.order[node]! <= flow.order[this.#node]!) {
      flags.spill();
      c.br(this.#loops[node]!);
    } else if (flow.isMerge[node]) {
      flags.spill();
      c.br(this.#labels[node]!);
    } else {
      if (flow.isLoopHeader[node]) flags.spill();
      const { access, block, index } = this.#emitter;
      const { knowledge } = access.spans;
      const from = this.#node;
      this.#emitTree(node);
      this.#emitter.at(block, index);
      access.spans.knowledge = knowledge;
      this.#node = from;
    }
  }

  #emitEnding(insn: DecodedInstruction): void {
    const { c, flags } = this.#emitter;
    const { semantic } = insn.form;
    const target = branchTarget(insn);
    if (insn.immediateAt !== 0) {
      this.#emitPatched(insn);
      return;
    }
    const direct = endingOf(insn) !== "indirect";
    if (direct && target >>> 0 > this.#region.shape.codeLimit) {
      this.#emitter.leaveToInterpreter();
      return;
    }
    if (endingOf(insn) === "branch") {
      const pushTaken = operationOf(insn)!(this.#emitter, insn);
      if (pushTaken === null) {
        // The interpreter decides; it comes back only by way of EIP.
        this.#emitter.leaveToInterpreter();
        return;
      }
      pushTaken();
      if (target === this.#emitter.block.next) {
        c.op(OP.drop);
        this.#edge(target);
        return;
      }
      const { kind } = flags;
      c.if();
      this.#edge(target);
      c.else();
      flags.kind = kind;
      this.#edge(this.#emitter.block.next);
      c.end().op(OP.unreachable);
      return;
    }
    if (semantic === "jmp") {
      this.#edge(target);
      return;
    }
    const emit = operationOf(insn)?.(this.#emitter, insn) ?? null;
    if (emit === null) {
      if (direct || isNarrow(this.#region.shape)) this.#emitter.leaveToInterpreter();
      else this.#emitter.stepAway();
      return;
    }
    this.#emitter.access.spans.across(insn, () => this.#emitter.guarded(emit, isLeap(insn) && "away"));
    if (semantic === "call") {
      const { block } = this.#emitter;
      const routine = this.#placeRoutineOf(block);
      if (routine !== null) this.#emitPlaceRoutine(routine);
      this.#edge(routine === null ? target : block.next);
    } else if (isFarTransfer(insn)) {
      flags.spill();
      this.#emitter.leaveToTarget();
    } else this.#dispatch();
  }

  /** Right after a call of it: the routine that returns its return address, with the way there and back. */
  #emitPlaceRoutine(routine: RegionBlock): void {
    const { c, block, index } = this.#emitter;
    const count = routine.instructions.length;
    if (this.#pushInPlace(routine.eip)) {
      c.op(OP.eqz).if();
      this.#emitter.exit(routine.eip, EXIT_LOOKUP, 0);
      c.end();
    }
    c.get(BUDGET).const(count).op(OP.sub).tee(BUDGET).const(0).op(OP.lt_s).if();
    this.#emitter.exit(routine.eip, EXIT_BUDGET, count);
    c.end();
    this.#emitter.at(routine, 0);
    // What was written may be read elsewhere, in the shadow of a ROM.
    this.#emitter.guarded(() => {
      const { access } = this.#emitter;
      this.#emitter.getRegister(ESP);
      access.segmented(SS, access.flatData, 4, "read", ESP);
      access.load(4);
      this.#emitter.pushEip(block.next);
      c.op(OP.ne).brIf(access.slow);
    }, false);
    this.#emitter.at(block, index);
    this.#emitter.pushEip(block.next);
    this.#emitter.setRegister(placeRegister(routine));
    this.#emitter.getRegister(ESP);
    c.const(4).op(OP.add);
    this.#emitter.setRegister(ESP);
  }

  /** A jump, on a condition or always, whose distance the guest rewrites. */
  #emitPatched(insn: DecodedInstruction): void {
    const { c, flags } = this.#emitter;
    const go = (): void => {
      this.#emitter.pushEip(insn.next);
      pushLive(c, insn.immediateAt, insn.immediateBytes, true);
      c.op(OP.add).tee(TARGET).const(this.#region.shape.codeLimit).op(OP.gt_u).if();
      this.#emitter.leaveToInterpreter();
      c.end();
      this.#dispatch();
    };
    if (endingOf(insn) !== "patched") {
      go();
      return;
    }
    operationOf(insn)!(this.#emitter, insn)!();
    const { kind } = flags;
    c.if();
    go();
    c.else();
    flags.kind = kind;
    this.#edge(this.#emitter.block.next);
    c.end().op(OP.unreachable);
  }

  /** Goes to the EIP in TARGET: within the region if that has an entry there. */
  #dispatch(): void {
    const { c, flags } = this.#emitter;
    flags.spill();
    for (const { firstEip, sizeBytes, at } of entryMaps(this.#region)) {
      c.get(TARGET);
      this.#emitter.makeRelative(firstEip);
      c.tee(T0).const(sizeBytes).op(OP.lt_u).if();
      const isElsewhere = this.#pushInPlace((firstEip + originOf(this.#region)) | 0);
      if (isElsewhere) c.if();
      c.get(T0).get(SELF).op(OP.add).load(1, at).tee(ENTRY).brIf(this.#loops[0]!);
      if (isElsewhere) c.end();
      c.end();
    }
    this.#emitter.leaveToTarget();
  }

  /**
   * Where an EIP lies in another page than the block at hand, and page tables decide where that is: pushes whether it
   * is where it was when the region was made.
   */
  #pushInPlace(eip: number): boolean {
    const page = this.#pages.indexOf(pageOf(eip - originOf(this.#region)));
    if (page < 0 || pageOf(eip) === pageOf(this.#emitter.block.eip)) return false;
    const { c } = this.#emitter;
    const { shape } = this.#region;
    c.const(0).load(4, TLB_DELTA);
    if (isMovable(shape)) {
      this.#emitter.pushEip(eip);
      c.const(12).op(OP.shr_u).const(2).op(OP.shl).op(OP.add).load(4, readTable(shape));
    } else c.load(4, readTable(shape) + 4 * (eip >>> 12));
    c.get(SELF).load(4, pagePlaceAt(shape, page)).op(OP.eq);
    return true;
  }
}
