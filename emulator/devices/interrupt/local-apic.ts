/**
 * The local APIC of one processor: it takes interrupts from its own pins and timer, from the I/O APIC and from other
 * processors, orders them by their vectors and hands them to the processor. Source: SDM 3A, chapter 10 (the APIC of the
 * P6 family, version 14h). Where the manual leaves room it does what QEMU's does.
 *
 * After reset its boot processor's LINT0 lets the 8259As through and LINT1 is NMI ("virtual wire mode", MultiProcessor
 * Specification 1.4, 3.6.2.2), although it is disabled by software: a PC whose software knows of no APIC needs none.
 */
import type { AccessBytes, MmioHandler, ProcessorApic } from "../../bus/bus.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { Clock } from "../../time/clock.ts";
import { ApicTimer } from "./apic-timer.ts";
import { VectorSet } from "./vector-set.ts";

export const LOCAL_APIC_ADDRESS = 0xfee00000;
export const LOCAL_APIC_BYTES = 0x1000;

// Delivery modes, in bits 10-8 of a message, an LVT entry or the ICR.
const DELIVER_FIXED = 0;
export const DELIVER_LOWEST_PRIORITY = 1;
const DELIVER_NMI = 4;
const DELIVER_INIT = 5;
const DELIVER_START_UP = 6;
const DELIVER_EXTINT = 7;

export const deliveryMode = (entry: number): number => (entry >>> 8) & 7;

/** A message on the bus between APICs. */
export interface ApicMessage {
  readonly mode: number;
  readonly vector: number;
  readonly isLevel: boolean;
  readonly destination: number;
  readonly isLogical: boolean;
}

/** What of the world an APIC reaches. */
export interface LocalApicWires {
  /** The pins of its processor. */
  setInterruptRequest(level: boolean): void;
  raiseNmi(): void;
  /** INIT, and the start-up message with the page where the processor begins. */
  init(): void;
  startUp(vector: number): void;
  /** The INTA cycle of the 8259As. */
  acknowledgeExternal(): number;
  /** To the others, itself included where the destination says so. False when nobody is meant. */
  send(message: ApicMessage): boolean;
  /** To all but itself. */
  sendOthers(message: ApicMessage): void;
  /** The handler of a level triggered interrupt is done. */
  endOfInterrupt(vector: number): void;
}

// Offsets of registers, shifted right by 4.
const ID = 0x02;
const VERSION = 0x03;
const TASK_PRIORITY = 0x08;
const PROCESSOR_PRIORITY = 0x0a;
const END_OF_INTERRUPT = 0x0b;
const LOGICAL_DESTINATION = 0x0d;
const DESTINATION_FORMAT = 0x0e;
const SPURIOUS_VECTOR = 0x0f;
const IN_SERVICE = 0x10;
const TRIGGER_MODE = 0x18;
const REQUEST = 0x20;
const ERROR_STATUS = 0x28;
const COMMAND_LOW = 0x30;
const COMMAND_HIGH = 0x31;
const FIRST_LVT = 0x32;
const INITIAL_COUNT = 0x38;
const CURRENT_COUNT = 0x39;
const DIVIDE = 0x3e;
/** Arbitration priority (0, as in QEMU) and remote read: there, and without effect. */
const INERT: readonly number[] = [0x09, 0x0c];

/** Entries of the local vector table, in the order of their registers. */
const LVT_TIMER = 0;
const LVT_LINT0 = 3;
const LVT_LINT1 = 4;
const LVT_ERROR = 5;
/** Bits of each that can be written: vector, mask, and what the entry has of mode, polarity, trigger and period. */
const LVT_BITS = [0x300ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff] as const;
const LVT_MASKED = 1 << 16;
const LVT_PERIODIC = 1 << 17;
const LVT_LEVEL = 1 << 15;

/** Version 14h, six entries in the local vector table. */
const VERSION_VALUE = 0x50014;
const ENABLED = 0x100;
const SPURIOUS_BITS = 0x1ff;
const FLAT = 0xf;
const BROADCAST = 0xff;
/** Bits of the ICR's lower half that are kept: all but the delivery status, for a message is delivered at once. */
const COMMAND_BITS = 0xccfff & ~0x1000;
const COMMAND_LOGICAL = 1 << 11;
const COMMAND_ASSERT = 1 << 14;
const COMMAND_LEVEL = 1 << 15;
const SHORTHAND_SHIFT = 18;
const TO_SELF = 1;
const TO_ALL = 2;
const TO_OTHERS = 3;

const ERROR_SEND_ACCEPT = 1 << 2;
const ERROR_SEND_VECTOR = 1 << 5;
const ERROR_RECEIVE_VECTOR = 1 << 6;
const ERROR_REGISTER = 1 << 7;
/** Vectors below are the processor's own exceptions: none may be delivered. */
const FIRST_VECTOR = 16;

// IA32_APIC_BASE.
const BASE_BOOT_PROCESSOR = 1 << 8;
const BASE_ENABLED = 1 << 11;
const BASE_ADDRESS = 0xfffff000;

export class LocalApic implements MmioHandler, ProcessorApic, Stateful {
  readonly number: number;
  readonly #wires: LocalApicWires;
  readonly #timer: ApicTimer;
  #base = 0;
  #id = 0;
  #taskPriority = 0;
  #spuriousVector = 0;
  #logicalDestination = 0;
  /** 15: each bit of a logical destination is a processor; 0: the upper four bits name a cluster of processors. */
  #destinationFormat = FLAT;
  readonly #requested = new VectorSet();
  readonly #inService = new VectorSet();
  readonly #levelTriggered = new VectorSet();
  readonly #lvt = new Uint32Array(LVT_BITS.length);
  #errorStatus = 0;
  /** Errors since the status was written. */
  #errors = 0;
  readonly #command = new Uint32Array(2);
  /** The levels of LINT0: INTR of the 8259As. */
  #lint0 = false;

  /** To be reset before it is used. */
  constructor(number: number, clock: Clock, wires: LocalApicWires) {
    this.number = number;
    this.#wires = wires;
    this.#timer = new ApicTimer(clock, `local APIC ${number}`, () => this.#deliverLocal(LVT_TIMER));
  }

  // What the processor sees beside the registers.

  /** IA32_APIC_BASE. */
  get base(): number {
    return this.#base;
  }

  /**
   * The registers stay where they are (as in QEMU). An APIC that is switched off may be switched on again, as from the
   * Pentium 4 on (SDM 3A 11.4.3), and has its registers still, as in QEMU; software has to enable it anew.
   */
  set base(value: number) {
    const kept = this.#base & BASE_BOOT_PROCESSOR;
    this.#base = ((value & (BASE_ADDRESS | BASE_ENABLED)) | kept) >>> 0;
    if ((value & BASE_ENABLED) === 0) this.#spuriousVector &= ~ENABLED;
    this.#update();
  }

  get isEnabled(): boolean {
    return (this.#base & BASE_ENABLED) !== 0;
  }

  /** The INTA cycle. */
  acknowledge(): number {
    const vector = this.#deliverable();
    if (vector < 0) return this.#wires.acknowledgeExternal();
    this.#requested.remove(vector);
    this.#inService.add(vector);
    this.#update();
    return vector;
  }

  // What comes from outside.

  reset(): void {
    const isBoot = this.number === 0;
    this.#base = (LOCAL_APIC_ADDRESS | BASE_ENABLED | (isBoot ? BASE_BOOT_PROCESSOR : 0)) >>> 0;
    this.#id = this.number;
    this.init();
    if (isBoot) {
      this.#lvt[LVT_LINT0] = DELIVER_EXTINT << 8;
      this.#lvt[LVT_LINT1] = DELIVER_NMI << 8;
    }
    this.#update();
  }

  /** What INIT leaves (SDM 3A 10.4.7.3): all as after a reset but base and identifier. */
  init(): void {
    this.#taskPriority = 0;
    this.#spuriousVector = 0xff;
    this.#logicalDestination = 0;
    this.#destinationFormat = FLAT;
    this.#requested.clear();
    this.#inService.clear();
    this.#levelTriggered.clear();
    this.#lvt.fill(LVT_MASKED);
    this.#errorStatus = 0;
    this.#errors = 0;
    this.#command.fill(0);
    this.#timer.reset();
    this.#update();
  }

  /** INTR of the 8259As, which LINT0 carries. */
  setLint0(level: boolean): void {
    // The 8259As say their level again when their state is restored: that is no edge.
    if (level === this.#lint0) return;
    this.#lint0 = level;
    const entry = this.#lvt[LVT_LINT0]!;
    if (deliveryMode(entry) === DELIVER_EXTINT || !this.isEnabled) this.#update();
    else if (level) this.#deliverLocal(LVT_LINT0);
    else if ((entry & LVT_LEVEL) !== 0 && deliveryMode(entry) === DELIVER_FIXED) {
      this.#requested.remove(entry & 0xff);
      this.#update();
    }
  }

  /** An edge on LINT1. */
  pulseLint1(): void {
    if (this.isEnabled) this.#deliverLocal(LVT_LINT1);
    else this.#wires.raiseNmi();
  }

  /** Whether a message is for this one. */
  isMeant(destination: number, isLogical: boolean): boolean {
    if (!this.isEnabled) return false;
    if (!isLogical) return destination === BROADCAST || destination === this.#id;
    const own = this.#logicalDestination;
    if (this.#destinationFormat === FLAT) return (own & destination) !== 0;
    const cluster = destination >>> 4;
    return (cluster === own >>> 4 || cluster === 0xf) && (own & destination & 0xf) !== 0;
  }

  /** Whether it takes part in finding who gets a message of lowest priority, and how busy its processor is. */
  get acceptsFixed(): boolean {
    return this.#isAwake;
  }

  get priority(): number {
    return this.#processorPriority;
  }

  accept({ mode, vector, isLevel }: Pick<ApicMessage, "mode" | "vector" | "isLevel">): void {
    switch (mode) {
      case DELIVER_FIXED:
      case DELIVER_LOWEST_PRIORITY:
        this.#request(vector, isLevel);
        break;
      case DELIVER_NMI:
        this.#wires.raiseNmi();
        break;
      case DELIVER_INIT:
        this.init();
        this.#wires.init();
        break;
      case DELIVER_START_UP:
        this.#wires.startUp(vector);
        break;
      default: // SMI; the vector of an ExtINT comes by LINT0 alone.
    }
  }

  // How it works.

  /** Enabled by software too. */
  get #isAwake(): boolean {
    return this.isEnabled && (this.#spuriousVector & ENABLED) !== 0;
  }

  get #processorPriority(): number {
    const inService = Math.max(this.#inService.highest, 0);
    return this.#taskPriority >>> 4 >= inService >>> 4 ? this.#taskPriority : inService & 0xf0;
  }

  /** The vector that may interrupt the processor, -1 for none. */
  #deliverable(): number {
    const vector = this.#requested.highest;
    return vector >= 0 && this.#isAwake && vector >>> 4 > this.#processorPriority >>> 4 ? vector : -1;
  }

  /** The 8259As want the processor, and LINT0 lets them through. */
  get #isExternal(): boolean {
    const entry = this.#lvt[LVT_LINT0]!;
    const isOpen = (entry & LVT_MASKED) === 0 && deliveryMode(entry) === DELIVER_EXTINT;
    return this.#lint0 && (isOpen || !this.isEnabled);
  }

  #update(): void {
    this.#wires.setInterruptRequest(this.#isExternal || this.#deliverable() >= 0);
  }

  #request(vector: number, isLevel: boolean): void {
    if (vector < FIRST_VECTOR) return this.#report(ERROR_RECEIVE_VECTOR);
    if (!this.#isAwake) return;
    this.#requested.add(vector);
    if (isLevel) this.#levelTriggered.add(vector);
    else this.#levelTriggered.remove(vector);
    this.#update();
  }

  #deliverLocal(number: number): void {
    const entry = this.#lvt[number]!;
    if ((entry & LVT_MASKED) !== 0) return;
    const isPin = number === LVT_LINT0 || number === LVT_LINT1;
    this.accept({ mode: deliveryMode(entry), vector: entry & 0xff, isLevel: isPin && (entry & LVT_LEVEL) !== 0 });
  }

  #report(error: number): void {
    const isNew = (this.#errors & error) === 0;
    this.#errors |= error;
    const vector = this.#lvt[LVT_ERROR]! & 0xff;
    // An error in the vector for errors is kept, and not reported without end.
    if (isNew && vector >= FIRST_VECTOR) this.#deliverLocal(LVT_ERROR);
  }

  #endOfInterrupt(): void {
    const vector = this.#inService.highest;
    if (vector < 0) return;
    this.#inService.remove(vector);
    if (this.#levelTriggered.has(vector)) this.#wires.endOfInterrupt(vector);
    this.#update();
  }

  /** The lower half of the ICR was written: a message goes out. */
  #send(): void {
    const [low = 0, high = 0] = this.#command;
    const mode = deliveryMode(low);
    const isLevel = (low & COMMAND_LEVEL) !== 0;
    // INIT level de-assert only sets arbitration identifiers, which nobody needs.
    if (mode === DELIVER_INIT && isLevel && (low & COMMAND_ASSERT) === 0) return;
    const vector = low & 0xff;
    if ((mode === DELIVER_FIXED || mode === DELIVER_LOWEST_PRIORITY) && vector < FIRST_VECTOR)
      return this.#report(ERROR_SEND_VECTOR);
    const message = { mode, vector, isLevel: false };
    switch (low >>> SHORTHAND_SHIFT) {
      case TO_SELF:
        // SDM 3A table 10-6: nothing else may be sent to itself.
        if (mode === DELIVER_FIXED) this.accept(message);
        break;
      case TO_ALL:
        this.#wires.send({ ...message, destination: BROADCAST, isLogical: false });
        break;
      case TO_OTHERS:
        this.#wires.sendOthers({ ...message, destination: BROADCAST, isLogical: false });
        break;
      default:
        if (!this.#wires.send({ ...message, destination: high >>> 24, isLogical: (low & COMMAND_LOGICAL) !== 0 }))
          this.#report(ERROR_SEND_ACCEPT);
    }
  }

  // Registers: dwords at multiples of 16. What is not read or written as one is lost.

  readMmio(offset: number, sizeBytes: AccessBytes): number {
    if (!this.isEnabled) return 0xffffffff >>> (32 - 8 * sizeBytes);
    if (sizeBytes !== 4 || (offset & 15) !== 0) return 0;
    const register = offset >>> 4;
    if (register >= IN_SERVICE && register < TRIGGER_MODE) return this.#inService.words[register & 7]!;
    if (register >= TRIGGER_MODE && register < REQUEST) return this.#levelTriggered.words[register & 7]!;
    if (register >= REQUEST && register < ERROR_STATUS) return this.#requested.words[register & 7]!;
    if (register >= FIRST_LVT && register < FIRST_LVT + LVT_BITS.length) return this.#lvt[register - FIRST_LVT]!;
    switch (register) {
      case ID:
        return (this.#id << 24) >>> 0;
      case VERSION:
        return VERSION_VALUE;
      case TASK_PRIORITY:
        return this.#taskPriority;
      case PROCESSOR_PRIORITY:
        return this.#processorPriority;
      case END_OF_INTERRUPT:
        return 0;
      case LOGICAL_DESTINATION:
        return (this.#logicalDestination << 24) >>> 0;
      case DESTINATION_FORMAT:
        return ((this.#destinationFormat << 28) | 0x0fffffff) >>> 0;
      case SPURIOUS_VECTOR:
        return this.#spuriousVector;
      case ERROR_STATUS:
        return this.#errorStatus;
      case COMMAND_LOW:
      case COMMAND_HIGH:
        return this.#command[register - COMMAND_LOW]!;
      case INITIAL_COUNT:
        return this.#timer.initialCount;
      case CURRENT_COUNT:
        return this.#timer.currentCount;
      case DIVIDE:
        return this.#timer.divide;
      default:
        if (!INERT.includes(register)) this.#report(ERROR_REGISTER);
        return 0;
    }
  }

  writeMmio(offset: number, sizeBytes: AccessBytes, value: number): void {
    if (!this.isEnabled || sizeBytes !== 4 || (offset & 15) !== 0) return;
    const register = offset >>> 4;
    if (register >= IN_SERVICE && register < ERROR_STATUS) return;
    if (register >= FIRST_LVT && register < FIRST_LVT + LVT_BITS.length)
      return this.#writeLvt(register - FIRST_LVT, value);
    switch (register) {
      case ID:
        this.#id = value >>> 24;
        break;
      case TASK_PRIORITY:
        this.#taskPriority = value & 0xff;
        this.#update();
        break;
      case END_OF_INTERRUPT:
        this.#endOfInterrupt();
        break;
      case LOGICAL_DESTINATION:
        this.#logicalDestination = value >>> 24;
        break;
      case DESTINATION_FORMAT:
        this.#destinationFormat = value >>> 28;
        break;
      case SPURIOUS_VECTOR:
        this.#spuriousVector = value & SPURIOUS_BITS;
        this.#update();
        break;
      case ERROR_STATUS:
        this.#errorStatus = this.#errors;
        this.#errors = 0;
        break;
      case COMMAND_LOW:
        this.#command[0] = value & COMMAND_BITS;
        this.#send();
        break;
      case COMMAND_HIGH:
        this.#command[1] = value & 0xff000000;
        break;
      case INITIAL_COUNT:
        this.#timer.start(value);
        break;
      case DIVIDE:
        this.#timer.divide = value;
        break;
      default:
        if (![VERSION, PROCESSOR_PRIORITY, CURRENT_COUNT, ...INERT].includes(register)) this.#report(ERROR_REGISTER);
    }
  }

  #writeLvt(number: number, value: number): void {
    this.#lvt[number] = value & LVT_BITS[number]!;
    if (number === LVT_TIMER) this.#timer.isPeriodic = (value & LVT_PERIODIC) !== 0;
    this.#update();
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("local APIC", 1);
    this.#base = visitor.u32(this.#base);
    this.#id = visitor.u8(this.#id);
    this.#taskPriority = visitor.u8(this.#taskPriority);
    this.#spuriousVector = visitor.u16(this.#spuriousVector);
    this.#logicalDestination = visitor.u8(this.#logicalDestination);
    this.#destinationFormat = visitor.u8(this.#destinationFormat);
    this.#requested.visitState(visitor);
    this.#inService.visitState(visitor);
    this.#levelTriggered.visitState(visitor);
    for (let number = 0; number < this.#lvt.length; number++) this.#lvt[number] = visitor.u32(this.#lvt[number]!);
    this.#errorStatus = visitor.u8(this.#errorStatus);
    this.#errors = visitor.u8(this.#errors);
    this.#command[0] = visitor.u32(this.#command[0]!);
    this.#command[1] = visitor.u32(this.#command[1]!);
    this.#timer.visitState(visitor);
    this.#lint0 = visitor.bool(this.#lint0);
    this.#update();
  }
}
