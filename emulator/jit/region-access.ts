/**
 * Memory accesses in regions, each in the shape that the mode allows.
 *
 * Through the translation tables an access looks its page up anew, unless it is near one that has (spans.ts): most
 * regions are left before they come to a page again, and to remember it takes more code. Short loops do remember the
 * last page of each base register, in two locals: a tag that is the page's address, and what to add to an address to
 * get its offset. The tag is compared under a mask with the low bits of the access's size, so one comparison also sees
 * that the access is aligned and cannot cross the page's end. Tags are forgotten after whatever may change tables.
 */
import type { DecodedInstruction } from "../cpu/instruction.ts";
import { CODE_LINE_SHIFT, codeMapOffset, RAM, TLB_DELTA, ZERO } from "../cpu/layout.ts";
import { isFlat } from "../cpu/operands.ts";
import { MODE_FLAT, MODE_STACK32 } from "../cpu/state.ts";
import type { AccessKind } from "./access.ts";
import { AccessEmitter, nameOf, pushLive } from "./access.ts";
import { FILL, TOUCH } from "./imports.ts";
import { ADDRESS, FIRST_FREE, HOST, REGISTERS, T3 } from "./locals.ts";
import type { Region } from "./region.ts";
import type { Shape } from "./shape.ts";
import { isNarrow, readTable, writeTable } from "./shape.ts";
import { type Place, type Span, Spans } from "./spans.ts";
import type { Code } from "./wasm.ts";
import { OP } from "./wasm.ts";

const LOW_MEMORY_END = 0xa0000;
const HIGH_MEMORY_START = 0x100000;
/** In the name of what an address comes from: one more than the segment's number. */
const SEGMENT_SHIFT = 8;
/** A tag that no masked address equals. */
const NO_PAGE = 8;

interface PagePair {
  readonly tag: number;
  readonly delta: number;
}

export class RegionAccess extends AccessEmitter {
  /** The instruction is one that often misses: helpers are called before the slow path is taken. */
  hasHelpers = false;
  /** The code at hand is a short loop's. */
  isInLoop = false;
  /** Locals in use. */
  localCount = FIRST_FREE;
  readonly #shape: Shape;
  readonly #pairs = new Map<string, PagePair>();
  readonly #lowRegisters: number;
  readonly #pushBudget: () => void;
  readonly #later: (emit: (c: Code) => void) => void;
  readonly spans = new Spans(() => this.localCount++);

  /** Guesses whether an address is below the video memory, which is then looked at first. */
  #isLow(register: number): boolean {
    const displacement = this.displacement;
    this.displacement = 0;
    if (displacement >>> 0 >= 0x1000 && displacement >>> 0 < 0xfffff000) return displacement >>> 0 < LOW_MEMORY_END;
    return register < 8 ? ((this.#lowRegisters >>> register) & 1) !== 0 : true;
  }

  /**
   * `pushBudget` also notes where the instruction at hand is, for traces of devices. `later` has something emitted at
   * the place at hand when all other code is known.
   */
  constructor(
    c: Code,
    { shape, lowRegisters }: Pick<Region, "shape" | "lowRegisters">,
    pushBudget: () => void,
    later: (emit: (c: Code) => void) => void,
  ) {
    super(c);
    this.#later = later;
    this.#lowRegisters = lowRegisters;
    this.#shape = shape;
    this.#pushBudget = pushBudget;
  }

  /** Pushes the offset of the memory operand in its segment. */
  pushEffective(insn: DecodedInstruction, delta = 0): void {
    const c = this.c;
    const { base, index, scale, address32 } = insn;
    const displacement = (insn.displacement + delta) | 0;
    let pushed = false;
    const add = (): void => {
      if (pushed) c.op(OP.add);
      pushed = true;
    };
    if (base !== ZERO) {
      c.get(REGISTERS + base);
      add();
    }
    if (index !== ZERO) {
      c.get(REGISTERS + index);
      if (scale > 0 && address32) c.const(scale).op(OP.shl);
      add();
    }
    if (insn.displacementAt !== 0) {
      pushLive(c, insn.displacementAt, insn.displacementBytes, true);
      add();
      if (delta !== 0) c.const(delta).op(OP.add);
    } else if (displacement !== 0 || !pushed) {
      c.const(displacement);
      add();
    }
    if (!address32) c.const(0xffff).op(OP.and);
  }

  protected check(sizeBytes: number, kind: AccessKind, register: number): void {
    if (this.#shape.direct) this.#direct(sizeBytes, kind, register);
    else this.#translated(sizeBytes, kind, register);
  }

  override segmented(segment: number, flat: boolean, sizeBytes: number, kind: AccessKind, register: number): void {
    // The same pointer may be one into several segments, each with a page of its own to remember.
    super.segmented(
      segment,
      flat,
      sizeBytes,
      kind,
      flat || !isNarrow(this.#shape) ? register : register | ((segment + 1) << SEGMENT_SHIFT),
    );
  }

  override operand(insn: DecodedInstruction, sizeBytes: number, kind: AccessKind): void {
    const { base, index, scale, displacement } = insn;
    const isKnown = insn.address32 && insn.displacementAt === 0 && this.flatData && isFlat(insn);
    const place = isKnown ? this.spans.place(base, index, scale, displacement, sizeBytes) : null;
    if (place === null || !this.#isNear(place, sizeBytes, kind, nameOf(insn), () => this.pushEffective(insn)))
      super.operand(insn, sizeBytes, kind);
  }

  override stack(pointer: number, bytes: number, pushOffset: () => void, sizeBytes: number, kind: AccessKind): void {
    const isKnown = (this.#shape.mode & MODE_STACK32) !== 0 && this.flatData;
    const place = isKnown ? this.spans.place(pointer, ZERO, 0, bytes, sizeBytes) : null;
    if (place === null || !this.#isNear(place, sizeBytes, kind, pointer, pushOffset))
      super.stack(pointer, bytes, pushOffset, sizeBytes, kind);
  }

  /** Checks an access as one of a span, its first or another. False where there is to be none. */
  #isNear(place: Place, sizeBytes: number, kind: AccessKind, register: number, pushOffset: () => void): boolean {
    const { spans } = this;
    if (this.#shape.direct || isNarrow(this.#shape) || spans.isLeft(place)) return false;
    if (this.hasHelpers) {
      spans.leave(place);
      return false;
    }
    let span = spans.find(place, sizeBytes, kind);
    if (span === null) {
      span = spans.begin(place, sizeBytes, kind);
      pushOffset();
      this.c.set(ADDRESS);
      this.#beginSpan(span, register);
    }
    this.hostLocal = span.local;
    this.hostOffset = place.most + place.offset - span.place.offset;
    return true;
  }

  /** Looks up the page of a span's first access, which is in ADDRESS. How far the span reaches is known later. */
  #beginSpan(span: Span, register: number): void {
    const { slow, isInLoop } = this;
    const { place } = span;
    this.#later((c) => {
      const kind = !span.isWritten ? "read" : span.isRead ? "modify" : "write";
      const before = (span.low - place.offset) | 0;
      // All else has been emitted: nobody asks for these again.
      [this.c, this.isInLoop, this.slow] = [c, isInLoop, slow];
      if (before !== 0) c.get(ADDRESS).const(before).op(OP.add).set(ADDRESS);
      this.#pushTranslated(span.high - span.low, kind, register, span.hasOthers);
      c.const(before + place.most)
        .op(OP.sub)
        .set(span.local);
    });
  }

  /** Whether DS, ES and SS need no check. */
  get flatData(): boolean {
    return (this.#shape.mode & MODE_FLAT) !== 0;
  }

  #direct(sizeBytes: number, kind: AccessKind, register: number): void {
    const c = this.c;
    this.hostLocal = ADDRESS;
    this.hostOffset = RAM;
    const pushBeyondLow = (): void =>
      void c
        .get(ADDRESS)
        .const(LOW_MEMORY_END - (sizeBytes - 1))
        .op(OP.ge_u);
    const pushOutsideHigh = (): void =>
      void c
        .get(ADDRESS)
        .const(HIGH_MEMORY_START)
        .op(OP.sub)
        .const(this.#shape.ramBytes - HIGH_MEMORY_START - (sizeBytes - 1))
        .op(OP.ge_u);
    const low = this.#isLow(register);
    (low ? pushBeyondLow : pushOutsideHigh)();
    c.if();
    (low ? pushOutsideHigh : pushBeyondLow)();
    c.brIf(this.slow).end();
    if (kind === "read") return;
    this.#pushCodeLines(ADDRESS, sizeBytes);
    c.if();
    this.#leaveIfCode(ADDRESS, sizeBytes);
    c.end();
  }

  #pair(kind: AccessKind, register: number): PagePair {
    const key = `${kind}${register}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { tag: this.localCount, delta: this.localCount + 1 };
      this.localCount += 2;
      this.#pairs.set(key, pair);
    }
    return pair;
  }

  #translated(sizeBytes: number, kind: AccessKind, register: number): void {
    const c = this.c;
    this.hostLocal = HOST;
    this.hostOffset = 0;
    const isVideo = this.mayBeVideo(sizeBytes);
    if (isVideo) c.block();
    this.#pushTranslated(sizeBytes, kind, register, false, c.depth);
    c.set(HOST);
    if (isVideo) c.end();
  }

  /**
   * Pushes where ADDRESS is in the machine's memory. `isSpan`: what is written to is a span, and no page with code.
   * `done` is where code goes on that sets HOST by itself, for what may be the display adapter's memory.
   */
  #pushTranslated(sizeBytes: number, kind: AccessKind, register: number, isSpan: boolean, done = 0): void {
    const c = this.c;
    if (this.isInLoop) {
      this.#pushRemembered(sizeBytes, kind, this.#pair(kind, register), isSpan, done);
      return;
    }
    if (sizeBytes > 1) this.#leaveOtherPage(sizeBytes);
    this.#lookUp(sizeBytes, kind, done);
    if (kind !== "read") this.#whereCodeIs(sizeBytes, isSpan);
    c.get(ADDRESS).const(0xfff).op(OP.and).get(T3).op(OP.add);
  }

  /** Pushes where ADDRESS is by the page that was remembered, or by its translation, which then is. */
  #pushRemembered(sizeBytes: number, kind: AccessKind, { tag, delta }: PagePair, isSpan: boolean, done: number): void {
    const c = this.c;
    // Doubles are rarely aligned to their size: they are looked at like several accesses.
    const isPower = sizeBytes <= 4 && (sizeBytes & (sizeBytes - 1)) === 0;
    const pushPage = (): void => void c.get(ADDRESS).const(~0xfff).op(OP.and);
    if (!isPower) this.#leaveOtherPage(sizeBytes);
    c.get(ADDRESS)
      .const(~0xfff | (isPower ? sizeBytes - 1 : isSpan ? 0 : 3))
      .op(OP.and)
      .get(tag)
      .op(OP.ne)
      .if();
    if (isPower && sizeBytes > 1) this.#leaveOtherPage(sizeBytes);
    this.#lookUp(sizeBytes, kind, done);
    pushPage();
    c.set(tag);
    if (kind !== "read") this.#whereCodeIs(sizeBytes, isSpan, tag);
    c.get(T3);
    pushPage();
    c.op(OP.sub).set(delta).end();
    c.get(ADDRESS).get(delta).op(OP.add);
  }

  #leaveOtherPage(sizeBytes: number): void {
    this.c
      .get(ADDRESS)
      .const(0xfff)
      .op(OP.and)
      .const(4096 - sizeBytes)
      .op(OP.gt_u)
      .brIf(this.slow);
  }

  /**
   * Sets T3 to the translation of the page of ADDRESS: of one that holds code, to be written to, the negative of it.
   */
  #lookUp(sizeBytes: number, kind: AccessKind, done: number): void {
    const c = this.c;
    const isVideo = this.mayBeVideo(sizeBytes);
    const requireEntry = (write: boolean): void => {
      this.#pushEntry(write ? writeTable(this.#shape) : readTable(this.#shape));
      c.op(OP.eqz);
      if (isVideo) {
        c.if();
        this.throughWindow(sizeBytes, kind, done);
        c.get(T3).op(OP.eqz);
      }
      if (this.hasHelpers)
        c.if()
          .get(ADDRESS)
          .const(write ? 1 : 0)
          .call(FILL)
          .tee(T3)
          .op(OP.eqz)
          .brIf(this.slow)
          .end();
      else c.brIf(this.slow);
      if (isVideo) c.end();
    };
    // To be written is the more that is asked: what fails there must not have marked the page as accessed.
    if (kind !== "read") requireEntry(true);
    if (kind !== "write") requireEntry(false);
    if (kind === "modify") {
      this.#pushEntry(writeTable(this.#shape));
      c.op(OP.drop);
    }
  }

  /**
   * Takes the slow path if T3 is the translation of a page that holds code, and what is written to is code or a span.
   * `tag`: of the page, which is not remembered then, since each write to it has to be looked at.
   */
  #whereCodeIs(sizeBytes: number, isSpan: boolean, tag?: number): void {
    const c = this.c;
    c.get(T3).const(0).op(OP.lt_s);
    if (isSpan) {
      c.brIf(this.slow);
      return;
    }
    c.if().get(ADDRESS).const(0xfff).op(OP.and).get(T3).op(OP.sub).const(RAM).op(OP.sub).set(HOST);
    this.#leaveIfCode(HOST, sizeBytes);
    if (tag !== undefined) c.const(NO_PAGE).set(tag);
    c.const(0).get(T3).op(OP.sub).set(T3).end();
  }

  protected override pushBudget(): void {
    this.#pushBudget();
  }

  /**
   * Pushes all lines of the code map at once that an access of up to 24 bytes may touch, at the offset in RAM that a
   * local holds.
   */
  #pushCodeLines(local: number, sizeBytes: number): void {
    this.c
      .get(local)
      .const(CODE_LINE_SHIFT)
      .op(OP.shr_u)
      .load(sizeBytes === 1 ? 1 : sizeBytes <= 9 ? 2 : 4, codeMapOffset(this.#shape.ramBytes));
  }

  /**
   * Takes the slow path if code was decoded from one of the bytes at the offset in RAM that a local holds. Written out,
   * because a call would cost the loop around it its registers.
   */
  #leaveIfCode(local: number, sizeBytes: number): void {
    const c = this.c;
    this.#pushCodeLines(local, sizeBytes);
    c.get(local)
      .const((1 << CODE_LINE_SHIFT) - 1)
      .op(OP.and)
      .op(OP.shr_u)
      .const((1 << sizeBytes) - 1)
      .op(OP.and);
    if (this.hasHelpers) c.if().get(local).const(sizeBytes).call(TOUCH).brIf(this.slow).end();
    else c.brIf(this.slow);
  }

  run(kind: "read" | "write", pushLength: () => void): void {
    const c = this.c;
    c.set(ADDRESS);
    if (this.#shape.direct) {
      c.get(ADDRESS).const(LOW_MEMORY_END).op(OP.ge_u).get(ADDRESS).const(HIGH_MEMORY_START).op(OP.sub);
      c.const(this.#shape.ramBytes - HIGH_MEMORY_START)
        .op(OP.ge_u)
        .op(OP.and)
        .brIf(this.slow);
      if (kind === "write")
        this.leaveIfCodeWithin(
          () => c.get(ADDRESS),
          pushLength,
          () => c.const(codeMapOffset(this.#shape.ramBytes)),
        );
      c.get(ADDRESS).const(RAM).op(OP.add);
      return;
    }
    this.#pushEntry(kind === "write" ? writeTable(this.#shape) : readTable(this.#shape));
    if (this.hasHelpers) {
      c.op(OP.eqz)
        .if()
        .get(ADDRESS)
        .const(kind === "write" ? 1 : 0)
        .call(FILL)
        .set(T3)
        .end()
        .get(T3);
    }
    c.const(0).op(OP.le_s).brIf(this.slow);
    c.get(ADDRESS).const(0xfff).op(OP.and).get(T3).op(OP.add);
  }

  /** Pushes what a translation table says about the page of ADDRESS; T3 holds it too. */
  #pushEntry(table: number): void {
    this.c
      .get(ADDRESS)
      .const(10)
      .op(OP.shr_u)
      .const(0x3ffffc)
      .op(OP.and)
      .const(0)
      .load(4, TLB_DELTA)
      .op(OP.add)
      .load(4, table)
      .tee(T3);
  }

  /** Emits code that forgets all remembered pages. To be called when all accesses have been emitted. */
  forget(into: Code): void {
    for (const { tag } of this.#pairs.values()) into.const(NO_PAGE).set(tag);
  }
}
