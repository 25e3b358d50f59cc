/**
 * What all drives on an IDE cable have in common: the task file, the status register, the data register with its
 * buffer, and the phases of a command. Source: ATA/ATAPI-6 (T13 1410D), chapters 6 to 9.
 *
 * A command makes the drive busy for a fixed virtual time; then `execute` runs and moves the drive to a data phase, to
 * DMA, or to its end. A drive holds its phase as data, so that its state can be saved at any moment.
 */

import type { AccessBytes } from "../../bus/bus.ts";
import { holds } from "../../state/invariant.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { Clock, Timer } from "../../time/clock.ts";

export const STATUS_ERROR = 0x01;
export const STATUS_DATA_REQUEST = 0x08;
export const STATUS_SEEK_COMPLETE = 0x10;
const STATUS_FAULT = 0x20;
export const STATUS_READY = 0x40;
export const STATUS_BUSY = 0x80;

export const ERROR_ABORTED = 0x04;
export const ERROR_ID_NOT_FOUND = 0x10;
export const ERROR_UNCORRECTABLE = 0x40;

/** Bit 6 of the device register: LBA addressing. Bit 4 selects drive 1. */
export const DEVICE_LBA = 0x40;

/** Time until a command without access to the medium is done. */
const REGISTER_COMMAND_NS = 10_000;
/** Time until the medium answers. */
const MEDIUM_NS = 100_000;
/** Time until the next block of a PIO command is in the buffer. */
const NEXT_BLOCK_NS = 5_000;
/** Transfer time of one byte in bus-master DMA: 100 MB/s. */
const DMA_BYTE_NS = 10;

/** What a drive is doing. */
const IDLE = 0;
/** BSY: `execute` runs when the timer fires. */
const STARTING = 1;
/** DRQ: the CPU reads the buffer. */
const DATA_IN = 2;
/** DRQ: the CPU fills the buffer. */
const DATA_OUT = 3;
/** BSY: `dataInDone` or `dataOutDone` runs when the timer fires. */
const BETWEEN_IN = 4;
const BETWEEN_OUT = 5;
/** The drive waits for the bus master. */
const DMA_WAIT = 6;

/** What the drive sees of its cable and of whoever is at the other end. */
export interface IdeCable {
  /** A SATA cable, whose other end hears of each phase; at the end of a parallel one the CPU reads the status. */
  readonly isSerial: boolean;
  /** INTRQ, as far as this drive drives it. */
  setInterrupt(drive: IdeDrive, level: boolean): void;
  /**
   * DMARQ: the drive waits for the bus master, which calls `transferDma` when it is started (or at once when it is).
   */
  requestDma(drive: IdeDrive): void;
  /** DRQ: there is a block to be taken or to be filled (`block`, `blockDone`). */
  blockReady(drive: IdeDrive): void;
  /** The command has ended, with an interrupt or without. */
  commandEnded(drive: IdeDrive, withInterrupt: boolean): void;
}

/** What the bus master offers during a transfer. */
export interface DmaChannel {
  /** Moves bytes from the drive to memory; returns how many the descriptors took. */
  toMemory(source: Uint8Array): number;
  /** Fills `target` from memory; returns how many bytes the descriptors gave. */
  fromMemory(target: Uint8Array): number;
}

/** How a DMA transfer ended. */
export type DmaResult = "done" | "short descriptors";

export abstract class IdeDrive implements Stateful {
  protected readonly clock: Clock;
  readonly #timer: Timer;
  #cable: IdeCable | null = null;

  /** Task file. `previous` holds what a register had before its last write: the upper bytes of 48-bit addressing. */
  features = 0;
  sectorCount = 1;
  sectorNumber = 1;
  cylinderLow = 0;
  cylinderHigh = 0;
  device = 0;
  readonly previous = { features: 0, sectorCount: 0, sectorNumber: 0, cylinderLow: 0, cylinderHigh: 0 };
  command = 0;
  status = STATUS_READY | STATUS_SEEK_COMPLETE;
  error = 1;
  protected buffer: Uint8Array = new Uint8Array(0);
  #position = 0;
  #phase = IDLE;
  #interrupt = false;
  /** How many times as long as it should its medium takes: a drive that is about to fail. */
  slowness = 1;

  constructor(clock: Clock, name: string) {
    this.clock = clock;
    this.#timer = clock.timer(name, () => this.#timeout());
  }

  connect(cable: IdeCable): void {
    this.#cable = cable;
  }

  protected get isSerial(): boolean {
    return this.#cable?.isSerial === true;
  }

  get interrupt(): boolean {
    return this.#interrupt;
  }

  get waitsForDma(): boolean {
    return this.#phase === DMA_WAIT;
  }

  /** A command that its host may send while others of this kind are not done. */
  isQueued(_command: number): boolean {
    return false;
  }

  /** A command is under way. */
  get isBusy(): boolean {
    return (this.status & (STATUS_BUSY | STATUS_DATA_REQUEST)) !== 0;
  }

  /** How a command begins: time until `execute` runs. */
  protected abstract usesMedium(command: number): boolean;
  /** Bytes that a command will move by DMA, for its duration; 0 for all others. */
  protected abstract dmaBytes(command: number): number;
  protected abstract execute(command: number): void;
  /** A command that takes no time before it asks for data or ends: some systems do not look at the status there. */
  protected asksAtOnce(_command: number): boolean {
    return false;
  }
  /** The CPU has read the whole buffer. Runs after the delay that `offerData` named. */
  protected abstract dataInDone(): void;
  /** The CPU has filled the buffer. Runs after a delay. */
  protected abstract dataOutDone(): void;
  /** Moves the data of a command that called `beginDma`, and ends the command. */
  abstract transferDma(channel: DmaChannel): DmaResult;
  /** Puts the signature of this kind of drive into the task file (ATA/ATAPI-6, 9.12). */
  protected abstract setSignature(): void;

  /** Power on, RESET#, or SRST. */
  reset(): void {
    this.#timer.disarm();
    this.#phase = IDLE;
    this.#position = 0;
    this.buffer = new Uint8Array(0);
    this.error = 1;
    this.device = 0;
    this.command = 0;
    Object.assign(this.previous, { features: 0, sectorCount: 0, sectorNumber: 0, cylinderLow: 0, cylinderHigh: 0 });
    this.setSignature();
    this.setInterrupt(false);
  }

  /** SRST is set: BSY until it is cleared. */
  holdInReset(): void {
    this.reset();
    this.status = STATUS_BUSY | STATUS_SEEK_COMPLETE;
  }

  writeCommand(command: number): void {
    const isDeviceReset = command === 0x08;
    if (this.#phase !== IDLE && !isDeviceReset && this.isBusy) return;
    this.setInterrupt(false);
    this.command = command;
    this.error = 0;
    this.status = (this.status & ~(STATUS_ERROR | STATUS_FAULT | STATUS_DATA_REQUEST)) | STATUS_BUSY;
    if (this.asksAtOnce(command)) {
      this.#phase = IDLE;
      return this.execute(command);
    }
    this.#phase = STARTING;
    holds(this.slowness >= 1, "IDE drive", "it is faster than it can be");
    const delay = this.usesMedium(command)
      ? (MEDIUM_NS + this.dmaBytes(command) * DMA_BYTE_NS) * this.slowness
      : REGISTER_COMMAND_NS;
    this.#timer.arm(this.clock.nowNs + delay);
  }

  #timeout(): void {
    const phase = this.#phase;
    this.#phase = IDLE;
    if (phase === STARTING) this.execute(this.command);
    else if (phase === BETWEEN_IN) this.dataInDone();
    else if (phase === BETWEEN_OUT) this.dataOutDone();
    else if (phase === DMA_WAIT) {
      this.#phase = DMA_WAIT;
      this.#cable?.requestDma(this);
    }
  }

  /** DRQ with INTRQ: the CPU is to read these bytes. */
  protected offerData(bytes: Uint8Array): void {
    this.#openBuffer(bytes, DATA_IN, true);
  }

  /** DRQ: the CPU is to write this many bytes. The first block of a command comes without an interrupt. */
  protected askForData(sizeBytes: number, withInterrupt: boolean): void {
    this.#openBuffer(new Uint8Array(sizeBytes), DATA_OUT, withInterrupt);
  }

  #openBuffer(bytes: Uint8Array, phase: number, withInterrupt: boolean): void {
    holds(bytes.length > 0, "IDE drive", "a block without bytes is offered");
    holds(phase === DATA_IN || phase === DATA_OUT, "IDE drive", "a block goes neither way");
    this.buffer = bytes;
    this.#position = 0;
    this.#phase = phase;
    this.status =
      (this.status & ~(STATUS_BUSY | STATUS_ERROR)) | STATUS_READY | STATUS_SEEK_COMPLETE | STATUS_DATA_REQUEST;
    if (withInterrupt) this.setInterrupt(true);
    this.#cable?.blockReady(this);
  }

  /** Ends the command well. */
  protected complete(withInterrupt = true): void {
    this.status = STATUS_READY | STATUS_SEEK_COMPLETE;
    this.endCommand(withInterrupt);
  }

  /** Ends the command with an error. */
  protected fail(error: number): void {
    this.error = error;
    this.status = STATUS_READY | STATUS_SEEK_COMPLETE | STATUS_ERROR;
    this.endCommand(true);
  }

  /** Ends the command with the status as it is. */
  protected endCommand(withInterrupt: boolean): void {
    this.#phase = IDLE;
    if (withInterrupt) this.setInterrupt(true);
    this.#cable?.commandEnded(this, withInterrupt);
  }

  /** Waits for the bus master, which may have been started before. */
  protected beginDma(): void {
    this.#phase = DMA_WAIT;
    this.status = STATUS_READY | STATUS_SEEK_COMPLETE | STATUS_DATA_REQUEST;
    this.#cable?.requestDma(this);
  }

  /** The bus master was started while the drive waited for it. */
  dmaStarted(): void {
    if (this.#phase === DMA_WAIT) this.#timer.arm(this.clock.nowNs + NEXT_BLOCK_NS);
  }

  readData(sizeBytes: AccessBytes): number {
    if (this.#phase !== DATA_IN) return this.#phase === DATA_OUT ? 0 : 0xffffffff >>> (32 - 8 * sizeBytes);
    let value = 0;
    for (let byte = 0; byte < sizeBytes; byte++) value |= (this.buffer[this.#position + byte] ?? 0) << (8 * byte);
    this.#advance(sizeBytes);
    return value >>> 0;
  }

  /** As many reads of the data register as leave the block's end to another one. */
  readDataRun(sizeBytes: AccessBytes, target: Uint8Array): number {
    if (this.#phase !== DATA_IN) return 0;
    const length = Math.min(target.length, this.buffer.length - this.#position - 1);
    const whole = length - (length % sizeBytes);
    if (whole <= 0) return 0;
    target.set(this.buffer.subarray(this.#position, this.#position + whole));
    holds(this.#position + whole < this.buffer.length, "IDE drive", "a run of reads takes the end of its block");
    this.#position += whole;
    return whole;
  }

  /** The block that is to be taken or given; `isLast`: the command is over with it. */
  get block(): { readonly bytes: Uint8Array; readonly isForHost: boolean; readonly isLast: boolean } {
    const isForHost = this.#phase === DATA_IN;
    return { bytes: this.buffer, isForHost, isLast: isForHost && this.isLastBlock() };
  }

  /** The host has taken the whole block, or filled it. */
  blockDone(): void {
    this.#advance(this.buffer.length);
  }

  writeData(sizeBytes: AccessBytes, value: number): void {
    if (this.#phase !== DATA_OUT) return;
    for (let byte = 0; byte < sizeBytes; byte++) {
      if (this.#position + byte < this.buffer.length)
        this.buffer[this.#position + byte] = (value >>> (8 * byte)) & 0xff;
    }
    this.#advance(sizeBytes);
  }

  #advance(sizeBytes: number): void {
    this.#position += sizeBytes;
    if (this.#position < this.buffer.length) return;
    this.#phase = this.#phase === DATA_IN ? BETWEEN_IN : BETWEEN_OUT;
    this.status = (this.status & ~STATUS_DATA_REQUEST) | STATUS_BUSY;
    if (this.#phase === BETWEEN_IN && this.isLastBlock()) {
      this.#phase = IDLE; // The last block needs no further time of the drive.
      this.dataInDone();
      return;
    }
    const delay = this.#phase === BETWEEN_OUT ? this.dataOutDelayNs() : NEXT_BLOCK_NS;
    this.#timer.arm(this.clock.nowNs + delay);
  }

  /** True when nothing follows the data that the CPU has just read. */
  protected abstract isLastBlock(): boolean;

  /** Time to take in a block that the CPU wrote. */
  protected dataOutDelayNs(): number {
    return NEXT_BLOCK_NS * this.slowness;
  }

  protected get mediumNs(): number {
    return MEDIUM_NS * this.slowness;
  }

  setInterrupt(level: boolean): void {
    this.#interrupt = level;
    this.#cable?.setInterrupt(this, level);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("IDE drive", 2);
    this.features = visitor.u8(this.features);
    this.sectorCount = visitor.u8(this.sectorCount);
    this.sectorNumber = visitor.u8(this.sectorNumber);
    this.cylinderLow = visitor.u8(this.cylinderLow);
    this.cylinderHigh = visitor.u8(this.cylinderHigh);
    this.device = visitor.u8(this.device);
    const previous = this.previous;
    previous.features = visitor.u8(previous.features);
    previous.sectorCount = visitor.u8(previous.sectorCount);
    previous.sectorNumber = visitor.u8(previous.sectorNumber);
    previous.cylinderLow = visitor.u8(previous.cylinderLow);
    previous.cylinderHigh = visitor.u8(previous.cylinderHigh);
    this.command = visitor.u8(this.command);
    this.status = visitor.u8(this.status);
    this.error = visitor.u8(this.error);
    this.buffer = visitor.blob(this.buffer);
    this.#position = visitor.u32(this.#position);
    this.#phase = visitor.u8(this.#phase);
    this.#interrupt = visitor.bool(this.#interrupt);
    this.slowness = visitor.u32(this.slowness);
  }
}
