/**
 * Memory accesses of the interpreter: always through the translation tables, of which those of the current privilege
 * are named in the machine's memory.
 */

import type { DecodedInstruction } from "../../cpu/instruction.ts";
import { CODE_LINE_SHIFT, RAM, THREAD_CODE_MAP, THREAD_READ_TABLE, THREAD_WRITE_TABLE } from "../../cpu/layout.ts";
import type { AccessKind } from "../access.ts";
import { AccessEmitter } from "../access.ts";
import { FILL, TOUCH } from "../imports.ts";
import { ADDRESS, HOST, T3 } from "../locals.ts";
import type { Code } from "../wasm.ts";
import { OP } from "../wasm.ts";
import { EFFECTIVE, PLACE, SEGMENT } from "./parts.ts";

const PAGE_BYTES = 4096;
/** In place of a segment's number: the one in SEGMENT. It is none of those that need no check. */
export const NAMED_SEGMENT = 8;

export class HandlerAccess extends AccessEmitter {
  readonly flatData: boolean;

  constructor(c: Code, flatData: boolean) {
    super(c);
    this.flatData = flatData;
    this.hostLocal = HOST;
  }

  pushEffective(_insn: DecodedInstruction, delta = 0): void {
    this.c.get(EFFECTIVE);
    if (delta !== 0) this.c.const(delta).op(OP.add);
  }

  protected override pushSegment(segment: number, factor: 4 | 8): void {
    if (segment === NAMED_SEGMENT) this.c.get(SEGMENT).const(factor).op(OP.mul);
    else super.pushSegment(segment, factor);
  }

  /** Sets SEGMENT from the prefix at PLACE: 26, 2E, 36 and 3E name ES, CS, SS and DS, 64 and 65 FS and GS. */
  decodeSegment(): void {
    const { c } = this;
    const pushPrefix = (): void => void c.get(PLACE).load(1, 0);
    pushPrefix();
    c.const(7).op(OP.and);
    pushPrefix();
    c.const(3).op(OP.shr_u).const(3).op(OP.and);
    pushPrefix();
    c.const(0x40).op(OP.and).op(OP.select).set(SEGMENT);
  }

  protected check(sizeBytes: number, kind: AccessKind): void {
    const { c } = this;
    const mayBeVideo = this.mayBeVideo(sizeBytes);
    if (sizeBytes > 1)
      c.get(ADDRESS)
        .const(PAGE_BYTES - 1)
        .op(OP.and)
        .const(PAGE_BYTES - sizeBytes)
        .op(OP.gt_u)
        .brIf(this.slow);
    const isWrite = kind !== "read";
    if (mayBeVideo) c.block();
    const done = c.depth;
    this.#translate(isWrite, mayBeVideo ? () => this.throughWindow(sizeBytes, kind, done) : null);
    if (isWrite) {
      // A page that holds code, or entries of page tables.
      c.get(T3).const(0).op(OP.lt_s).if();
      c.get(ADDRESS)
        .const(PAGE_BYTES - 1)
        .op(OP.and)
        .get(T3)
        .op(OP.sub)
        .const(RAM)
        .op(OP.sub)
        .set(HOST);
      this.#leaveIfCode(sizeBytes);
      c.const(0).get(T3).op(OP.sub).set(T3).end();
    }
    // What is read has to be what is written.
    if (kind === "modify") {
      this.#pushEntry(THREAD_READ_TABLE);
      c.get(T3).op(OP.ne).brIf(this.slow);
    }
    c.get(ADDRESS)
      .const(PAGE_BYTES - 1)
      .op(OP.and)
      .get(T3)
      .op(OP.or)
      .set(HOST);
    if (mayBeVideo) c.end();
  }

  /** Takes the slow path if code was decoded from one of the bytes at the offset in RAM that HOST holds. */
  #leaveIfCode(sizeBytes: number): void {
    this.c
      .get(HOST)
      .const(CODE_LINE_SHIFT)
      .op(OP.shr_u)
      .const(0)
      .load(4, THREAD_CODE_MAP)
      .op(OP.add)
      .load(sizeBytes === 1 ? 1 : sizeBytes <= 9 ? 2 : 4, 0)
      .get(HOST)
      .const((1 << CODE_LINE_SHIFT) - 1)
      .op(OP.and)
      .op(OP.shr_u)
      .const((1 << sizeBytes) - 1)
      .op(OP.and)
      .if()
      .get(HOST)
      .const(sizeBytes)
      .call(TOUCH)
      .brIf(this.slow)
      .end();
  }

  run(kind: "read" | "write", pushLength: () => void): void {
    const { c } = this;
    const isWrite = kind === "write";
    const pushLow = (): void =>
      void c
        .get(ADDRESS)
        .const(PAGE_BYTES - 1)
        .op(OP.and);
    c.set(ADDRESS);
    this.#translate(isWrite);
    if (isWrite) {
      c.get(T3).const(0).op(OP.lt_s).if();
      this.leaveIfCodeWithin(
        () => {
          pushLow();
          c.get(T3).op(OP.sub).const(RAM).op(OP.sub);
        },
        pushLength,
        () => c.const(0).load(4, THREAD_CODE_MAP),
      );
      c.const(0);
      this.#pushEntry(THREAD_WRITE_TABLE);
      c.op(OP.sub).set(T3).end();
    }
    pushLow();
    c.get(T3).op(OP.or);
  }

  /** T3 becomes what a translation table says about the page of ADDRESS, which is asked for if it is not there. */
  #translate(isWrite: boolean, elsewhere: (() => void) | null = null): void {
    const { c } = this;
    this.#pushEntry(isWrite ? THREAD_WRITE_TABLE : THREAD_READ_TABLE);
    c.tee(T3).op(OP.eqz).if();
    elsewhere?.();
    c.get(ADDRESS)
      .const(isWrite ? 1 : 0)
      .call(FILL)
      .tee(T3)
      .op(OP.eqz)
      .brIf(this.slow)
      .end();
  }

  /** Pushes what a translation table says about the page of ADDRESS. */
  #pushEntry(table: number): void {
    this.c.get(ADDRESS).const(10).op(OP.shr_u).const(0x3ffffc).op(OP.and).const(0).load(4, table).op(OP.add).load(4, 0);
  }
}
