/**
 * State of the x87 and the rules that all its instructions share: register stack, tags, exceptions, last instruction
 * (SDM volume 1, chapter 8).
 */
import type { StateVisitor } from "../../state/state.ts";
import type { Core } from "../core.ts";
import { DEVICE_NOT_AVAILABLE, FPU_ERROR, raise, WAIT_FOR_INTERRUPT } from "../exceptions.ts";
import { CR0, CS, FPU_BYTES, SELECTOR } from "../layout.ts";
import { CR0_EM, CR0_NE, CR0_TS } from "../state.ts";
import { Float80, INDEFINITE } from "./float80.ts";
import { DENORMAL, FloatContext, INVALID, ZERO_DIVIDE } from "./rounding.ts";

export const C0 = 0x100;
export const C1 = 0x200;
export const C2 = 0x400;
export const C3 = 0x4000;
const STACK_FAULT = 0x40;
export const ERROR_SUMMARY = 0x80;
const BUSY = 0x8000;
export const EXCEPTIONS = 0x3f;
/** Exceptions that are detected before there is a result. */
const BEFORE_RESULT = INVALID | DENORMAL | ZERO_DIVIDE;

/** Slots of 32 bits from FPU_BYTES: eight registers of three (low, high, sign and exponent), then these. */
const REGISTER_SLOTS = 3;
const CONTROL = 24;
const STATUS = 25;
/** One bit for each physical register: set when it is empty. */
const EMPTY = 26;
const INSTRUCTION_OFFSET = 27;
const INSTRUCTION_SELECTOR = 28;
const DATA_OFFSET = 29;
const DATA_SELECTOR = 30;
const OPCODE = 31;
const SLOTS = 32;

/** Byte offsets in the machine's memory of what compiled code looks at (jit/x87/). */
export const FPU_CONTROL = FPU_BYTES + 4 * CONTROL;
export const FPU_STATUS = FPU_BYTES + 4 * STATUS;
export const FPU_EMPTY = FPU_BYTES + 4 * EMPTY;
/** Offset and selector of the last instruction and of its operand, and the opcode: a dword each. */
export const FPU_POINTERS = FPU_BYTES + 4 * INSTRUCTION_OFFSET;
export const FPU_REGISTER_BYTES = 4 * REGISTER_SLOTS;

/** What can be written of the control word, and what is always set. */
export const CONTROL_BITS = 0x1f3f;
export const CONTROL_FIXED = 0x40;

const PRECISIONS = [24, 64, 53, 64] as const;

export class Fpu {
  /** Rounding, masks and exceptions of the running instruction, from its `start` on. */
  readonly context = new FloatContext();
  readonly #core: Core;
  readonly #f: Int32Array;

  constructor(core: Core) {
    this.#core = core;
    this.#f = new Int32Array(core.memory.memory.buffer, FPU_BYTES, SLOTS);
    this.reset();
  }

  /** Power-on state; FNINIT differs in leaving the registers' contents. */
  reset(): void {
    this.#f.fill(0);
    this.initialise();
    this.control = 0x40;
    this.#f[EMPTY] = 0;
  }

  /** FNINIT. */
  initialise(): void {
    const f = this.#f;
    this.control = 0x37f;
    f[STATUS] = 0;
    f[EMPTY] = 0xff;
    for (let slot = INSTRUCTION_OFFSET; slot <= OPCODE; slot++) f[slot] = 0;
  }

  get control(): number {
    return this.#f[CONTROL]!;
  }

  set control(value: number) {
    this.#f[CONTROL] = (value & CONTROL_BITS) | CONTROL_FIXED;
    this.#updateSummary();
  }

  get status(): number {
    return this.#f[STATUS]!;
  }

  set status(value: number) {
    this.#f[STATUS] = value & 0xffff;
    this.#updateSummary();
  }

  #updateSummary(): void {
    const pending = (this.#f[STATUS]! & EXCEPTIONS & ~this.#f[CONTROL]!) !== 0;
    this.#f[STATUS] = pending ? this.#f[STATUS]! | ERROR_SUMMARY | BUSY : this.#f[STATUS]! & ~(ERROR_SUMMARY | BUSY);
    if (!pending && this.#core.numericError) this.#core.setNumericError(false);
  }

  get top(): number {
    return (this.#f[STATUS]! >>> 11) & 7;
  }

  set top(value: number) {
    this.#f[STATUS] = (this.#f[STATUS]! & ~0x3800) | ((value & 7) << 11);
  }

  setConditions(bits: number): void {
    this.#f[STATUS] = (this.#f[STATUS]! & ~(C0 | C1 | C2 | C3)) | bits;
  }

  get conditions(): number {
    return this.#f[STATUS]! & (C0 | C1 | C2 | C3);
  }

  // What comes before an instruction.

  /** #NM when the unit is emulated or belongs to another task. */
  checkAvailable(): void {
    if ((this.#core.s[CR0]! & (CR0_EM | CR0_TS)) !== 0) raise(DEVICE_NOT_AVAILABLE);
  }

  /**
   * An exception that is waiting: #MF; without CR0.NE the processor tells the board by FERR# and stands still in front
   * of the instruction until an interrupt comes, unless the board has it go on by IGNNE# (SDM volume 1, 8.7.2).
   */
  checkPending(): void {
    const core = this.#core;
    if ((this.#f[STATUS]! & ERROR_SUMMARY) === 0) return;
    if ((core.s[CR0]! & CR0_NE) !== 0) raise(FPU_ERROR);
    if (core.ignoreNumericError) return;
    core.setNumericError(true);
    throw WAIT_FOR_INTERRUPT;
  }

  /** What every waiting instruction checks first. */
  check(): void {
    this.checkAvailable();
    this.checkPending();
  }

  /**
   * Starts a computing instruction whose operands have been fetched: notes where it is, and clears what it will report
   * (C1, as `clearing` says).
   */
  start(eip: number, opcode: number, clearing = C1): void {
    const { context } = this;
    const f = this.#f;
    // The control word may have been loaded by compiled code.
    const control = f[CONTROL]!;
    context.rounding = (control >>> 10) & 3;
    context.precision = PRECISIONS[((control >>> 8) & 3) as 0 | 1 | 2 | 3];
    context.masks = control & EXCEPTIONS;
    context.raised = 0;
    context.roundedUp = false;
    context.denormalOperand = false;
    f[INSTRUCTION_OFFSET] = eip;
    f[INSTRUCTION_SELECTOR] = this.#core.s[SELECTOR + CS]!;
    f[OPCODE] = opcode;
    f[STATUS] = f[STATUS]! & ~clearing;
  }

  noteData(offset: number, segment: number): void {
    this.#f[DATA_OFFSET] = offset;
    this.#f[DATA_SELECTOR] = this.#core.s[SELECTOR + segment]!;
  }

  /**
   * Notes what the instruction has raised. False when an exception of the kind that is detected before the result is
   * stored (invalid, denormal, zero divide) is not masked: the destination must stay as it is.
   */
  settle(): boolean {
    const { context } = this;
    const f = this.#f;
    const before = context.raised & BEFORE_RESULT;
    if ((before & ~context.masks) !== 0) {
      // There is no result, so nothing about its rounding either.
      f[STATUS] = f[STATUS]! | before;
      this.#updateSummary();
      return false;
    }
    f[STATUS] = f[STATUS]! | context.raised;
    if (context.roundedUp) f[STATUS] = f[STATUS]! | C1;
    this.#updateSummary();
    return true;
  }

  /**
   * A stack underflow (C1 = 0) or overflow (C1 = 1). True when it is masked and the indefinite takes the result's
   * place.
   */
  stackFault(overflow: boolean): boolean {
    const f = this.#f;
    f[STATUS] = (f[STATUS]! & ~C1) | STACK_FAULT | INVALID | (overflow ? C1 : 0);
    this.#updateSummary();
    return (this.context.masks & INVALID) !== 0;
  }

  // Registers, by their distance from the top.

  isEmpty(index: number): boolean {
    return ((this.#f[EMPTY]! >>> ((this.top + index) & 7)) & 1) !== 0;
  }

  get(index: number): Float80 {
    return this.getPhysical((this.top + index) & 7);
  }

  set(index: number, value: Float80): void {
    const register = (this.top + index) & 7;
    this.setPhysical(register, value);
    this.#f[EMPTY] = this.#f[EMPTY]! & ~(1 << register);
  }

  getPhysical(register: number): Float80 {
    const at = register * REGISTER_SLOTS;
    return new Float80(this.#f[at + 2]!, this.#f[at + 1]!, this.#f[at]!);
  }

  setPhysical(register: number, value: Float80): void {
    const at = register * REGISTER_SLOTS;
    this.#f[at] = value.low;
    this.#f[at + 1] = value.high;
    this.#f[at + 2] = value.signExponent;
  }

  // MMX, whose registers are the significands of the physical ones (SDM volume 1, 9.6.2).

  /** What every MMX instruction does: TOP becomes 0, and all registers valid; after EMMS, empty. */
  enterMultimedia(empty = 0): void {
    this.top = 0;
    this.#f[EMPTY] = empty;
  }

  readMultimedia(register: number, into: Int32Array): void {
    const at = register * REGISTER_SLOTS;
    into[0] = this.#f[at]!;
    into[1] = this.#f[at + 1]!;
  }

  /** Sign and exponent become all ones, so that the x87 sees a NaN. */
  writeMultimedia(register: number, from: Int32Array): void {
    const at = register * REGISTER_SLOTS;
    this.#f[at] = from[0]!;
    this.#f[at + 1] = from[1]!;
    this.#f[at + 2] = 0xffff;
  }

  free(index: number): void {
    this.#f[EMPTY] = this.#f[EMPTY]! | (1 << ((this.top + index) & 7));
  }

  /** Pushes; a full stack gets the indefinite, or nothing when that is not masked. */
  push(value: Float80): void {
    if (!this.isEmpty(7)) {
      if (this.stackFault(true)) this.pushIndefinite();
      return;
    }
    this.top--;
    this.set(0, value);
  }

  /** The masked answer to a stack fault of a push. */
  pushIndefinite(): void {
    this.top--;
    this.set(0, INDEFINITE);
  }

  pop(): void {
    this.free(0);
    this.top++;
  }

  // Environment.

  /** Bit set for each physical register that is empty. */
  get emptyMask(): number {
    return this.#f[EMPTY]!;
  }

  set emptyMask(value: number) {
    this.#f[EMPTY] = value & 0xff;
  }

  /** The tag word of FSTENV: 0 valid, 1 zero, 2 special, 3 empty. */
  get tagWord(): number {
    let word = 0;
    for (let register = 0; register < 8; register++) word |= this.#tag(register) << (2 * register);
    return word;
  }

  set tagWord(word: number) {
    let empty = 0;
    for (let register = 0; register < 8; register++) if (((word >>> (2 * register)) & 3) === 3) empty |= 1 << register;
    this.#f[EMPTY] = empty;
  }

  #tag(register: number): number {
    if (((this.#f[EMPTY]! >>> register) & 1) !== 0) return 3;
    const value = this.getPhysical(register);
    if (value.isZero) return 1;
    return value.exponent === 0 || !value.isFinite || value.isUnsupported ? 2 : 0;
  }

  /** Pointers to the last computing instruction and its operand. */
  get pointers(): FpuPointers {
    const f = this.#f;
    return {
      instructionOffset: f[INSTRUCTION_OFFSET]!,
      instructionSelector: f[INSTRUCTION_SELECTOR]!,
      dataOffset: f[DATA_OFFSET]!,
      dataSelector: f[DATA_SELECTOR]!,
      opcode: f[OPCODE]!,
    };
  }

  set pointers(pointers: FpuPointers) {
    const f = this.#f;
    f[INSTRUCTION_OFFSET] = pointers.instructionOffset;
    f[INSTRUCTION_SELECTOR] = pointers.instructionSelector & 0xffff;
    f[DATA_OFFSET] = pointers.dataOffset;
    f[DATA_SELECTOR] = pointers.dataSelector & 0xffff;
    f[OPCODE] = pointers.opcode & 0x7ff;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("fpu", 1);
    for (let slot = 0; slot < SLOTS; slot++) this.#f[slot] = visitor.i32(this.#f[slot]!);
    this.control = this.#f[CONTROL]!;
  }
}

export interface FpuPointers {
  readonly instructionOffset: number;
  readonly instructionSelector: number;
  readonly dataOffset: number;
  readonly dataSelector: number;
  /** The low three bits of the opcode's first byte, and its second byte. */
  readonly opcode: number;
}
