/**
 * The parts of one processor in reach of each other: state, memory, segments, control transfer, FPU. Handlers get this
 * object when they are made. It also holds what handlers and run loop say to each other while a block of decoded code
 * runs.
 */
import type { AccessBytes, ProcessorBus } from "../bus/bus.ts";
import type { Counters } from "../debug/counters.ts";
import { ATTENTION_INTERRUPT, ATTENTION_SHADOW, ATTENTION_STEP } from "./attention.ts";
import type { Link } from "./block.ts";
import { Branches } from "./branches.ts";
import { DebugRegisters } from "./debug-registers.ts";
import { GENERAL_PROTECTION, raise } from "./exceptions.ts";
import { FarTransfer } from "./far.ts";
import { AC, IF, IOPL, RF, TF } from "./flags.ts";
import { Fpu } from "./fpu/fpu.ts";
import { InterruptDelivery } from "./interrupts.ts";
import { IoPermission } from "./io-permission.ts";
import { ACCESS, CPL, CR0, CS, EFLAGS, EIP, ESP, LIMIT, SS } from "./layout.ts";
import type { MachineMemory } from "./memory.ts";
import type { ProcessorModel } from "./model.ts";
import type { CodeProbe, DeliveryKind, DeliveryProbe } from "./probe.ts";
import { Segments } from "./segments.ts";
import { ACCESS_BIG, CpuState, CR0_AM } from "./state.ts";
import { TaskSwitch } from "./task.ts";
import { Translation } from "./translation.ts";
import { VectorUnit } from "./vector/unit.ts";
import { Waiting } from "./waiting.ts";

export class Core {
  readonly memory: MachineMemory;
  readonly bus: ProcessorBus;
  readonly state: CpuState;
  /** The state slots of layout.ts. */
  readonly s: Int32Array;
  /** 16-bit registers: index 2 * number. */
  readonly r16: Uint16Array;
  /** 8-bit registers: index as `byteRegister` gives it. */
  readonly r8: Uint8Array;
  readonly mmu: Translation;
  readonly segments: Segments;
  readonly far: FarTransfer;
  readonly interrupts: InterruptDelivery;
  readonly tasks: TaskSwitch;
  readonly io: IoPermission;
  readonly waiting: Waiting;
  readonly debug: DebugRegisters;
  readonly fpu: Fpu;
  readonly vectors: VectorUnit;
  readonly model: ProcessorModel;
  readonly counters: Counters;
  /** Set by `Cpu.setCodeProbe`, which has all code decoded anew. */
  codeProbe: CodeProbe | null = null;
  deliveryProbe: DeliveryProbe | null = null;
  /** The last interrupt of a device or exception that was delivered, for people; -1: none. It is no state. */
  lastVector = -1;
  lastKind: Exclude<DeliveryKind, "software"> = "interrupt";

  /** Whether a debugger or a trace looks into what only the interpreter shows. */
  get isProbed(): boolean {
    return this.codeProbe !== null || this.deliveryProbe !== null;
  }

  /** The ways that the processor took last. */
  branches = new Branches();
  /** Index of the running instruction in its block. */
  index = 0;
  /** The block is left in front of this index; 0 once something wants the loop's attention. */
  end = 0;
  /** Ticks left in this run, counted down when a block is left. */
  remaining = 0;
  /** `retired` is this minus `remaining` plus `index`. */
  runEnd = 0;
  /** Where a direct branch goes on; null when EIP in the state says it. */
  link: Link | null = null;
  attention = 0;
  /** Somebody looks whether what is executed might be executed again, with the same result: `isDisturbed` says no. */
  isObserved = false;
  /** The time was asked for, or a device was told or asked something that is not certain to be as before. */
  isDisturbed = false;
  /** Exactly one instruction, or one iteration, is wanted. */
  stepping = false;
  /**
   * A task switch is past its commit point: a fault belongs to the new task, in front of its first instruction (SDM 3A
   * 7.3).
   */
  switching = false;
  /** A repeated instruction was left before its last iteration. */
  repeating = false;
  /** A software interrupt was delivered by the running instruction: it is not followed by a single-step trap. */
  interrupted = false;
  nmiBlocked = false;
  /** The FERR# pin: an x87 exception waits that CR0.NE does not make #MF of. */
  numericError = false;
  /** The IGNNE# pin: the board has taken note of it. */
  ignoreNumericError = false;
  /** What WRMSR made of the time stamp counter: added to the board's. */
  timestampOffset = 0;
  /** PAUSE: another processor may have its turn. Null where there is none. */
  pauseTurn: (() => void) | null = null;
  /** What a shadow holds back besides interrupts: debug traps and NMI too (MOV SS, POP SS). */
  shadowHoldsTraps = false;

  constructor(memory: MachineMemory, bus: ProcessorBus, model: ProcessorModel) {
    this.model = model;
    this.memory = memory;
    this.bus = bus;
    this.counters = memory.counters;
    this.state = new CpuState(memory, model);
    this.s = this.state.i32;
    this.r16 = this.state.u16;
    this.r8 = this.state.u8;
    this.mmu = new Translation(memory, this.state, bus, () => {
      this.isDisturbed = true;
      this.leaveBlock();
    });
    this.segments = new Segments(this.state, this.mmu);
    this.far = new FarTransfer(this);
    this.interrupts = new InterruptDelivery(this);
    this.tasks = new TaskSwitch(this);
    this.io = new IoPermission(this);
    this.waiting = new Waiting(this);
    this.debug = new DebugRegisters(this);
    this.fpu = new Fpu(this);
    this.vectors = new VectorUnit(this);
  }

  get retired(): number {
    return this.runEnd - this.remaining + this.index;
  }

  /** To be called before a vector is delivered. */
  noteDelivery(kind: DeliveryKind, vector: number, errorCode: number, eip: number): void {
    const { counters } = this;
    const counts =
      kind === "interrupt"
        ? counters.interrupts
        : kind === "exception"
          ? counters.exceptions
          : counters.softwareInterrupts;
    counts[vector]!++;
    if (kind !== "software") {
      this.lastKind = kind;
      this.lastVector = vector;
    }
    this.deliveryProbe?.delivery(kind, vector, errorCode, eip);
  }

  /** Makes the run loop look at pins, limits and code again after the running instruction. */
  leaveBlock(): void {
    this.end = 0;
  }

  /** Whether something is to be done between two instructions, other than an interrupt that IF keeps waiting. */
  get isAttended(): boolean {
    const { attention } = this;
    return attention !== 0 && (attention !== ATTENTION_INTERRUPT || (this.s[EFLAGS]! & IF) !== 0);
  }

  setAttention(bit: number, on: boolean): void {
    if (on) this.attention |= bit;
    else this.attention &= ~bit;
    this.end = 0;
  }

  /** Inhibits interrupts until the next instruction has retired; `traps`: debug traps and NMI as well. */
  shadow(traps: boolean): void {
    this.attention |= ATTENTION_SHADOW;
    this.shadowHoldsTraps = traps;
    this.end = 0;
  }

  /** Drives FERR#. */
  setNumericError(level: boolean): void {
    if (level === this.numericError) return;
    this.numericError = level;
    this.bus.setNumericError(level);
  }

  /** Continues at `eip`, which the caller has checked. */
  goto(eip: number): void {
    this.s[EIP] = eip;
    this.link = null;
  }

  /** Continues at `eip` if it lies within the code segment, else #GP(0). */
  gotoChecked(eip: number): void {
    if (eip >>> 0 > this.s[LIMIT + CS]! >>> 0) raise(GENERAL_PROTECTION, 0);
    this.s[EIP] = eip;
    this.link = null;
  }

  /** To be called after EFLAGS, CR0 or DR7 changed: single steps and alignment checks depend on them. */
  updateControls(): void {
    const flags = this.s[EFLAGS]!;
    this.setAttention(ATTENTION_STEP, (flags & (TF | RF)) !== 0 || this.debug.codeArmed);
    this.mmu.setAlignmentCheck((flags & AC) !== 0 && (this.s[CR0]! & CR0_AM) !== 0 && this.s[CPL] === 3);
  }

  /** IRET, which also admits the next NMI (SDM 3A 6.7.1). */
  iret(sizeBits: number, nextEip: number): void {
    this.interrupts.iret(sizeBits, nextEip);
    this.nmiBlocked = false;
  }

  readPort(port: number, sizeBytes: AccessBytes): number {
    this.leaveBlock();
    this.debug.port(port, sizeBytes);
    if (this.isObserved && this.bus.isSteadyPort?.(port) !== true) this.isDisturbed = true;
    return this.bus.readPort(port, sizeBytes);
  }

  writePort(port: number, sizeBytes: AccessBytes, value: number): void {
    this.leaveBlock();
    this.debug.port(port, sizeBytes);
    this.isDisturbed = true;
    this.bus.writePort(port, sizeBytes, sizeBytes === 4 ? value >>> 0 : value);
  }

  /** The time stamp counter, an integer below 2^53. */
  get timestamp(): number {
    this.isDisturbed = true;
    return this.bus.readTimestamp() + this.timestampOffset;
  }

  set timestamp(value: number) {
    this.timestampOffset = value - this.bus.readTimestamp();
  }

  get cpl(): number {
    return this.s[CPL]!;
  }

  get iopl(): number {
    return (this.s[EFLAGS]! & IOPL) >>> 12;
  }

  // The stack, through SS as it is. ESP changes only when the access has succeeded.

  get stackPointer(): number {
    return (this.s[ACCESS + SS]! & ACCESS_BIG) !== 0 ? this.s[ESP]! : this.r16[2 * ESP]!;
  }

  set stackPointer(value: number) {
    if ((this.s[ACCESS + SS]! & ACCESS_BIG) !== 0) this.s[ESP] = value;
    else this.r16[2 * ESP] = value;
  }

  /** `offset` wrapped to the width of the stack. */
  stackOffset(offset: number): number {
    return (this.s[ACCESS + SS]! & ACCESS_BIG) !== 0 ? offset | 0 : offset & 0xffff;
  }

  push16(value: number): void {
    const offset = this.stackOffset(this.stackPointer - 2);
    this.mmu.write16(this.segments.writeAddress(SS, offset, 2), value);
    this.stackPointer = offset;
  }

  push32(value: number): void {
    const offset = this.stackOffset(this.stackPointer - 4);
    this.mmu.write32(this.segments.writeAddress(SS, offset, 4), value);
    this.stackPointer = offset;
  }

  push(value: number, sizeBits: number): void {
    if (sizeBits === 32) this.push32(value);
    else this.push16(value);
  }

  /** Reads the stack `displacement` bytes above its top without popping; 16 bits zero-extended. */
  peek(displacement: number, sizeBits: number): number {
    const offset = this.stackOffset(this.stackPointer + displacement);
    return sizeBits === 32
      ? this.mmu.read32(this.segments.readAddress(SS, offset, 4))
      : this.mmu.read16(this.segments.readAddress(SS, offset, 2));
  }

  /** Adds to the stack pointer. */
  release(bytes: number): void {
    this.stackPointer = this.stackOffset(this.stackPointer + bytes);
  }

  pop(sizeBits: number): number {
    const value = this.peek(0, sizeBits);
    this.release(sizeBits >>> 3);
    return value;
  }
}

/** Index into the byte view of the registers: AL CL DL BL AH CH DH BH by their number. */
export function byteRegister(number: number): number {
  return (number & 3) * 4 + (number >>> 2);
}
