/**
 * What the operations of an instruction emit a handler of the interpreter through: guest registers in the machine's
 * memory, of which the instruction's bytes say the numbers when it runs, and immediates where they lie.
 */
import { byteRegister } from "../../cpu/core.ts";
import type { DecodedInstruction } from "../../cpu/instruction.ts";
import { CR0, EIP, THREAD_DELTA } from "../../cpu/layout.ts";
import type { ProcessorModel } from "../../cpu/model.ts";
import { CR0_PE } from "../../cpu/state.ts";
import { Emitter } from "../emitter.ts";
import { EXIT_ATTENTION } from "../exits.ts";
import type { Bits } from "../flags.ts";
import { FlagEmitter } from "../flags.ts";
import { TIMESTAMP, WINDOW_WRITE } from "../imports.ts";
import { BUDGET, T0, WINDOW } from "../locals.ts";
import { OP } from "../wasm.ts";
import { emitAddress, emitAddress16, emitSegment32 } from "./address.ts";
import { codeLimitOf, emitDispatch } from "./functions.ts";
import { HandlerAccess } from "./handler-access.ts";
import type { HandlerCode } from "./handler-code.ts";
import { AFTER, BYTES, CARRIES, EFFECTIVE, FIRST_VECTOR, type HandlerShape, LEAVE, PLACE, VALUE } from "./parts.ts";

/** Numbers for registers that the bytes name, by how far up in them their three bits are. */
const NAMED = 0x100;
export const OPCODE_REGISTER = NAMED;
export const RM_REGISTER = NAMED + 8;
export const REG_REGISTER = NAMED + 11;

export class HandlerEmitter extends Emitter {
  readonly c: HandlerCode;
  readonly flags: FlagEmitter;
  readonly access: HandlerAccess;
  readonly hasWideStack: boolean;
  readonly codeLimit: number;
  readonly #codeBits: 16 | 32;
  /** Offset of the last byte of the opcode from PLACE. */
  readonly #opcodeAt: number;
  /** Where the immediate lies: what to add to a local. */
  #afterLocal = PLACE;
  #afterOffset: number;
  readonly takesTurns: boolean;
  readonly model: ProcessorModel;
  readonly isUser = false;
  readonly isProtected = true;

  constructor(c: HandlerCode, opcodeAt: number, hasModrm: boolean, { codeBits, model, takesTurns }: HandlerShape) {
    super();
    this.#codeBits = codeBits;
    this.hasWideStack = codeBits === 32;
    this.codeLimit = codeLimitOf(codeBits);
    this.model = model;
    this.c = c;
    this.flags = new FlagEmitter(c, CARRIES);
    this.access = new HandlerAccess(c, codeBits === 32);
    this.#opcodeAt = opcodeAt;
    this.#afterOffset = opcodeAt + (hasModrm ? 2 : 1);
    this.takesTurns = takesTurns;
  }

  /** Finds out the address of a memory operand. */
  decodeAddress({ address32 }: DecodedInstruction, isModrm: boolean): void {
    const { c } = this;
    if (isModrm) {
      if (address32) emitAddress(c, this.#opcodeAt + 1);
      else emitAddress16(c, this.#opcodeAt + 1);
      if (address32 && this.#codeBits === 16) emitSegment32(c);
      this.#afterLocal = AFTER;
      this.#afterOffset = 0;
    } else {
      const bytes = address32 ? 4 : 2;
      c.get(PLACE).load(bytes, this.#afterOffset).set(EFFECTIVE);
      this.#afterOffset += bytes;
    }
  }

  /** Which is the place of a register of 16 or 32 bits. */
  pushNumber(register: number): void {
    const { c } = this;
    const shift = register - NAMED - 2;
    if (shift < -2) c.const(4 * register);
    else {
      c.get(BYTES)
        .const(Math.abs(shift))
        .op(shift < 0 ? OP.shl : OP.shr_u);
      c.const(0x1c).op(OP.and);
    }
  }

  pushPlace(register: number, first: number, bytes: number): number {
    this.pushNumber(register);
    this.c.const(bytes >>> 2).op(OP.mul);
    return first;
  }

  vector(number: number): number {
    return FIRST_VECTOR + number;
  }

  /** The same of 8 bits: AL CL DL BL AH CH DH BH. */
  #pushBytePlace(register: number): void {
    const { c } = this;
    if (register < NAMED) {
      c.const(byteRegister(register));
      return;
    }
    const shift = register - NAMED - 2;
    c.get(BYTES)
      .const(Math.abs(shift))
      .op(shift < 0 ? OP.shl : OP.shr_u);
    c.const(0xc)
      .op(OP.and)
      .get(BYTES)
      .const(shift + 4)
      .op(OP.shr_u)
      .const(1)
      .op(OP.and)
      .op(OP.or);
  }

  getRegister(register: number): void {
    this.pushRegister(register, 32);
  }

  setRegister(register: number): void {
    const { c } = this;
    c.set(VALUE);
    this.writeRegister(register, 32, () => c.get(VALUE));
  }

  pushRegister(register: number, bits: Bits): void {
    if (bits === 8) this.#pushBytePlace(register);
    else this.pushNumber(register);
    this.c.load(bits >>> 3, 0);
  }

  writeRegister(register: number, bits: Bits, push: () => void): void {
    if (bits === 8) this.#pushBytePlace(register);
    else this.pushNumber(register);
    push();
    this.c.store(bits >>> 3, 0);
  }

  pushImmediate({ immediateBytes }: DecodedInstruction, isSignExtended: boolean): void {
    const { c } = this;
    c.get(this.#afterLocal).load(immediateBytes, this.#afterOffset);
    if (isSignExtended && immediateBytes === 1) c.op(OP.extend8_s);
    else if (isSignExtended && immediateBytes === 2) c.op(OP.extend16_s);
  }

  pushNextPlace({ immediateBytes }: DecodedInstruction): void {
    this.c
      .get(this.#afterLocal)
      .const(this.#afterOffset + immediateBytes)
      .op(OP.add);
  }

  pushNext(insn: DecodedInstruction): void {
    this.pushNextPlace(insn);
    this.c.const(0).load(4, THREAD_DELTA).op(OP.add);
  }

  /** Takes the slow path where a relative branch, taken or not, would lead beyond the code segment. */
  requireTarget(insn: DecodedInstruction): void {
    const { c } = this;
    this.pushNext(insn);
    this.pushImmediate(insn, true);
    c.op(OP.add).const(this.codeLimit).op(OP.gt_u).brIf(this.access.slow);
  }

  isThroughStack(): boolean {
    return false;
  }

  requireNotThroughStack({ address32 }: DecodedInstruction): void {
    // A SIB byte, which may name it.
    if (address32) this.c.get(BYTES).const(0x700).op(OP.and).const(0x400).op(OP.eq).brIf(this.access.slow);
  }

  requireProtected(): void {
    this.c
      .const(0)
      .load(4, 4 * CR0)
      .const(CR0_PE)
      .op(OP.and)
      .op(OP.eqz)
      .brIf(this.access.slow);
  }

  pushBudgetAfter(): void {
    this.c.get(BUDGET).const(1).op(OP.sub);
  }

  timestamp(): void {
    this.c.get(BUDGET).call(TIMESTAMP);
  }

  device(insn: DecodedInstruction, call: number, pushArguments: () => void, accept: () => void): void {
    const { c } = this;
    this.#callEngine(call, pushArguments);
    c.get(T0).const(-2).op(OP.eq).brIf(this.access.slow);
    accept();
    this.#goOnAfterEngine(insn);
  }

  /** What the instruction has written into the display adapter's memory goes there. Uses T0. */
  writeWindow(insn: DecodedInstruction): void {
    const { c } = this;
    c.get(WINDOW).if();
    this.#callEngine(WINDOW_WRITE, () => c.get(WINDOW));
    c.const(0).set(WINDOW);
    this.#goOnAfterEngine(insn);
    c.end();
  }

  /** Calls a function that is told the budget last of all; T0 is what it answers. */
  #callEngine(call: number, pushArguments: () => void): void {
    const { c } = this;
    c.const(0)
      .get(PLACE)
      .const(0)
      .load(4, THREAD_DELTA)
      .op(OP.add)
      .store(4, 4 * EIP);
    pushArguments();
    c.get(BUDGET).call(call).set(T0);
  }

  #goOnAfterEngine(insn: DecodedInstruction): void {
    const { c } = this;
    c.get(T0).const(0).op(OP.lt_s).if().const(EXIT_ATTENTION).get(BUDGET);
    this.pushNextPlace(insn);
    c.returnCall(LEAVE).end();
    // Its own tick is counted by what every instruction ends with.
    c.get(T0).const(1).op(OP.add).set(BUDGET);
  }

  repeatOn(): void {
    const { c } = this;
    c.storeFlags();
    c.get(BUDGET).const(1).op(OP.add).set(BUDGET);
    emitDispatch(c);
  }
}
