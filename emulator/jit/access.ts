/**
 * Memory accesses in emitted code. All checks come before the access changes anything; one that fails goes to the
 * `slow` label of the instruction, which leaves it to others. How an address becomes a place in the machine's memory
 * differs between regions (region-access.ts) and the interpreter (threaded/handler-access.ts).
 */
import type { DecodedInstruction } from "../cpu/instruction.ts";
import {
  BASE,
  CODE_LINE_SHIFT,
  CR0,
  READ_LIMIT_BYTES,
  SS,
  THREAD_WINDOW_READ,
  THREAD_WINDOW_WRITE,
  VIDEO_WINDOW,
  VIDEO_WINDOW_SHIFT,
  WINDOW_SIZE_SHIFT,
  WRITE_LIMIT_BYTES,
  ZERO,
} from "../cpu/layout.ts";
import { isFlat } from "../cpu/operands.ts";
import { WINDOW_READ } from "./imports.ts";
import { ADDRESS, BUDGET, HOST, T3, WINDOW } from "./locals.ts";
import type { Code } from "./wasm.ts";
import { OP } from "./wasm.ts";

/** "modify": read and then written; the interpreter asks both tables, so that both remember the page. */
export type AccessKind = "read" | "write" | "modify";

/** Pushes an immediate, or a displacement, that the guest rewrites: from where it lies. */
export function pushLive(c: Code, offset: number, sizeBytes: number, signExtended: boolean): void {
  c.const(0).load(sizeBytes, offset);
  if (signExtended && sizeBytes === 1) c.op(OP.extend8_s);
  else if (signExtended && sizeBytes === 2) c.op(OP.extend16_s);
}

/** Names the register that the address of a memory operand comes from. */
export const nameOf = ({ base, index }: DecodedInstruction): number =>
  base !== ZERO ? base : index !== ZERO ? 9 + index : ZERO;

export abstract class AccessEmitter {
  /** The label that a failed check branches to. */
  slow = 0;
  /** Whether the instruction at hand may reach into the display adapter's memory. */
  seesVideo = false;
  /** Where the checked address is: a local, and what to add to it. */
  protected hostLocal = ADDRESS;
  protected hostOffset = 0;
  /** Of the operand at hand: its displacement. */
  protected displacement = 0;
  protected c: Code;

  constructor(c: Code) {
    this.c = c;
  }

  /** Whether DS, ES and SS need no check. */
  abstract readonly flatData: boolean;

  /** Pushes the offset of the memory operand in its segment. */
  abstract pushEffective(insn: DecodedInstruction, delta?: number): void;

  /** Checks an access at the linear address in ADDRESS. `register` names what the address comes from. */
  protected abstract check(sizeBytes: number, kind: AccessKind, register: number): void;

  /**
   * Of the linear address on the stack, from which on `pushLength` pushes how many bytes of its page are meant: pushes
   * where they are in the machine's memory. Takes the slow path where one of them may be code.
   */
  abstract run(kind: "read" | "write", pushLength: () => void): void;

  /**
   * Takes the slow path if a line of 64 bytes in which some of a run lie has code, by the run's offset in RAM.
   * `pushMap` pushes where the code map is. Uses T3 and HOST.
   */
  protected leaveIfCodeWithin(pushOffset: () => void, pushLength: () => void, pushMap: () => void): void {
    const { c } = this;
    const shift = CODE_LINE_SHIFT + 3;
    const pushLine = (): void => {
      c.const(shift).op(OP.shr_u).const(3).op(OP.shl);
      pushMap();
      c.op(OP.add);
    };
    pushOffset();
    pushLength();
    c.op(OP.add).const(1).op(OP.sub);
    pushLine();
    pushOffset();
    pushLine();
    c.set(T3).set(HOST).loop();
    const again = c.depth;
    c.get(T3).load64(0).op(OP.eqz64).op(OP.eqz).brIf(this.slow);
    c.get(T3).const(8).op(OP.add).tee(T3).get(HOST).op(OP.le_u).brIf(again).end();
  }

  protected mayBeVideo(sizeBytes: number): boolean {
    return this.seesVideo && sizeBytes <= 4;
  }

  /** Pushes how many instructions may be run from the one at hand on. */
  protected pushBudget(): void {
    this.c.get(BUDGET);
  }

  /**
   * Of a page without a translation: the display adapter's memory is read into a window at once, and what is written
   * into one is passed on at the end of the instruction. Reading it again, should the instruction be begun anew,
   * changes nothing.
   */
  protected throughWindow(sizeBytes: number, kind: AccessKind, done: number): void {
    const { c } = this;
    const pushBytes = (): void =>
      void c
        .get(ADDRESS)
        .const(sizeBytes << WINDOW_SIZE_SHIFT)
        .op(OP.or);
    c.get(ADDRESS).const(VIDEO_WINDOW_SHIFT).op(OP.shr_u).const(VIDEO_WINDOW).op(OP.eq);
    // CR0.PG is its highest bit.
    c.const(0)
      .load(4, 4 * CR0)
      .const(0)
      .op(OP.ge_s)
      .op(OP.and)
      .if();
    if (kind !== "write") {
      pushBytes();
      this.pushBudget();
      c.call(WINDOW_READ).op(OP.drop);
    }
    if (kind !== "read") {
      pushBytes();
      c.set(WINDOW);
    }
    c.const(kind === "read" ? THREAD_WINDOW_READ : THREAD_WINDOW_WRITE)
      .set(HOST)
      .br(done)
      .end();
  }

  /** Pushes the number of a segment times something. */
  protected pushSegment(segment: number, factor: 4 | 8): void {
    this.c.const(factor * segment);
  }

  /** Checks an access to the memory operand; `load` and `store` may follow. */
  operand(insn: DecodedInstruction, sizeBytes: number, kind: AccessKind): void {
    this.pushEffective(insn);
    this.displacement = insn.displacement;
    this.segmented(insn.segment, this.flatData && isFlat(insn), sizeBytes, kind, nameOf(insn));
  }

  /** Checks an access at the offset on the stack. `register` names what the address comes from. */
  segmented(segment: number, flat: boolean, sizeBytes: number, kind: AccessKind, register: number): void {
    const c = this.c;
    c.set(ADDRESS);
    if (!flat) {
      c.get(ADDRESS).op(OP.convert_u_f64);
      if (sizeBytes > 1) c.constF64(sizeBytes - 1).op(OP.add_f64);
      this.pushSegment(segment, 8);
      c.loadF64(kind === "read" ? READ_LIMIT_BYTES : WRITE_LIMIT_BYTES)
        .op(OP.gt_f64)
        .brIf(this.slow);
      c.get(ADDRESS);
      this.pushSegment(segment, 4);
      c.load(4, 4 * BASE)
        .op(OP.add)
        .set(ADDRESS);
    }
    this.check(sizeBytes, kind, register);
  }

  /** Checks an access in SS at the offset that `pushOffset` pushes: so many bytes from what a pointer holds. */
  stack(pointer: number, _bytes: number, pushOffset: () => void, sizeBytes: number, kind: AccessKind): void {
    pushOffset();
    this.segmented(SS, this.flatData, sizeBytes, kind, pointer);
  }

  /**
   * Checks an access at the linear address on the stack. Sizes other than 1, 2 and 4 are for several accesses from
   * there on.
   */
  linear(sizeBytes: number, kind: AccessKind, register: number): void {
    this.c.set(ADDRESS);
    this.check(sizeBytes, kind, register);
  }

  /** Takes the slow path unless the checked address is a multiple of 16. */
  requireAligned(): void {
    this.pushHost();
    this.c.const(15).op(OP.and).brIf(this.slow);
  }

  /** Pushes where the checked address is in the machine's memory. */
  pushHost(): void {
    this.c.get(this.hostLocal);
    if (this.hostOffset !== 0) this.c.const(this.hostOffset).op(OP.add);
  }

  /** Pushes what is at the checked address, zero-extended. */
  load(sizeBytes: number, displacement = 0): void {
    this.c.get(this.hostLocal).load(sizeBytes, this.hostOffset + displacement);
  }

  /** Stores what `push` pushes at the checked address. */
  store(sizeBytes: number, push: () => void, displacement = 0): void {
    this.c.get(this.hostLocal);
    push();
    this.c.store(sizeBytes, this.hostOffset + displacement);
  }
}
