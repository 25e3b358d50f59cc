/**
 * A bus master of an AC'97 controller: it goes through a list of 32 buffer descriptors and moves their samples between
 * memory and the codec, at the codec's rate. Source: Intel, 82801AA (ICH) data sheet (290655), 13.2.
 *
 * A descriptor of no samples is passed over. While the list has come to its end, or the guest has paused it, nothing
 * moves; so there is no underrun to fill, and a FIFO is never empty.
 */
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { Clock } from "../time/clock.ts";
import { SoundClock } from "./sound-clock.ts";

export const STREAM_BYTES = 16;
const DESCRIPTORS = 32;
const DESCRIPTOR_BYTES = 8;

/** Registers that are written: the list's address, last valid descriptor, status, control. */
const BDBAR = 0x00;
const BDBAR_END = 0x04;
const LVI = 0x05;
const SR = 0x06;
const CR = 0x0b;

/**
 * Status: halted, the current one is the last valid one, the last valid one is done, one is done that says so, FIFO.
 */
const SR_DCH = 0x01;
const SR_CELV = 0x02;
const SR_LVBCI = 0x04;
const SR_BCIS = 0x08;
const SR_FIFOE = 0x10;
const SR_CAUSES = SR_LVBCI | SR_BCIS | SR_FIFOE;

/** Control: run, reset, and which causes interrupt. */
const CR_RPBM = 0x01;
const CR_RR = 0x02;
const CR_ENABLES: readonly (readonly [enable: number, cause: number])[] = [
  [0x04, SR_LVBCI],
  [0x08, SR_FIFOE],
  [0x10, SR_BCIS],
];
const CR_BITS = 0x1d;
const CR_KEPT = 0x1c;

const IOC = 0x80000000;

export interface StreamWires {
  /** Whether the controller may use the bus. */
  mayMove(): boolean;
  /** Reads a descriptor. */
  readDescriptor(physicalAddress: number): readonly [address: number, control: number];
  /** Moves samples from or to memory. Their time has come. */
  move(physicalAddress: number, samples: number): void;
  rateHertz(): number;
  changed(): void;
}

export class Ac97Stream implements Stateful {
  readonly #wires: StreamWires;
  readonly #time: SoundClock;
  /** Samples in a frame: 2, of a microphone 1. */
  readonly #frameSamples: number;
  #list = 0;
  #current = 0;
  #lastValid = 0;
  #status = SR_DCH;
  #left = 0;
  #prefetched = 0;
  #control = 0;
  /** Where the samples that are left lie, and whether the end of them is a cause. */
  #address = 0;
  #interrupts = false;

  constructor(clock: Clock, name: string, frameSamples: number, wires: StreamWires) {
    this.#wires = wires;
    this.#frameSamples = frameSamples;
    this.#time = new SoundClock(clock, name, () => this.sync());
  }

  reset(): void {
    this.#time.stop();
    this.#list = this.#current = this.#lastValid = this.#left = this.#prefetched = this.#address = 0;
    this.#interrupts = false;
    this.#status = SR_DCH;
    this.#control &= CR_KEPT;
  }

  /** Also what a reset by the guest leaves. */
  resetHard(): void {
    this.reset();
    this.#control = 0;
  }

  get isInterrupting(): boolean {
    return CR_ENABLES.some(([enable, cause]) => this.#control & enable && this.#status & cause);
  }

  /** The codec has another rate, from now on. */
  rateChanged(): void {
    if (this.#time.rateHertz !== this.#wires.rateHertz()) this.#resume();
  }

  get #isMoving(): boolean {
    return (this.#control & CR_RPBM) !== 0 && (this.#status & SR_DCH) === 0;
  }

  #resume(): void {
    if (!this.#isMoving) return;
    this.#time.start(this.#wires.rateHertz());
    this.#wake();
  }

  #wake(): void {
    this.#time.wakeAfter(Math.ceil(this.#left / this.#frameSamples));
  }

  /** Moves the samples whose time has come. */
  sync(): void {
    if (!this.#isMoving) return;
    // Who may not use the bus waits, and has the list's time begin again.
    if (!this.#wires.mayMove()) return this.#resume();
    for (let frames = this.#time.due(); frames > 0 && this.#isMoving; ) {
      const samples = Math.min(this.#left, frames * this.#frameSamples);
      if (samples > 0) this.#wires.move(this.#address, samples);
      this.#address = (this.#address + 2 * samples) >>> 0;
      this.#left -= samples;
      const moved = Math.ceil(samples / this.#frameSamples);
      frames -= moved;
      this.#time.take(moved);
      // As many empty descriptors as there are end at the last valid one.
      if (this.#left === 0) this.#complete();
    }
    if (this.#isMoving) this.#wake();
  }

  #complete(): void {
    if (this.#interrupts) this.#status |= SR_BCIS;
    if (this.#current === this.#lastValid) {
      this.#status |= SR_LVBCI | SR_CELV | SR_DCH;
      this.#time.stop();
    } else this.#fetchNext();
    this.#wires.changed();
  }

  #fetchNext(): void {
    this.#current = this.#prefetched;
    this.#prefetched = (this.#prefetched + 1) % DESCRIPTORS;
    const [address, control] = this.#wires.readDescriptor((this.#list + this.#current * DESCRIPTOR_BYTES) >>> 0);
    this.#address = (address & ~1) >>> 0;
    this.#left = control & 0xffff;
    this.#interrupts = (control & IOC) !== 0;
  }

  /** The registers in their order. */
  #bytes(): readonly number[] {
    const word = (value: number): readonly number[] => [value & 0xff, value >> 8];
    return [
      ...word(this.#list & 0xffff),
      ...word(this.#list >>> 16),
      ...[this.#current, this.#lastValid, this.#status, 0],
      ...word(this.#left),
      ...[this.#prefetched, this.#control],
    ];
  }

  /** A byte of a register; null beyond them. */
  read(offset: number): number | null {
    return this.#bytes()[offset] ?? null;
  }

  write(offset: number, value: number): void {
    if (offset < BDBAR_END) {
      const shift = 8 * (offset - BDBAR);
      const kept = offset === BDBAR ? value & 0xf8 : value;
      this.#list = ((this.#list & ~(0xff << shift)) | (kept << shift)) >>> 0;
    } else if (offset === LVI) this.#writeLastValid(value % DESCRIPTORS);
    else if (offset === SR) {
      this.#status &= ~(value & SR_CAUSES);
      this.#wires.changed();
    } else if (offset === CR) this.#writeControl(value);
  }

  /** A list that had come to its end goes on. */
  #writeLastValid(value: number): void {
    this.#lastValid = value;
    if (!(this.#control & CR_RPBM) || !(this.#status & SR_DCH)) return;
    this.#status &= ~(SR_DCH | SR_CELV);
    this.#fetchNext();
    this.#resume();
  }

  #writeControl(value: number): void {
    if (value & CR_RR) this.reset();
    else {
      const wasRunning = (this.#control & CR_RPBM) !== 0;
      this.#control = value & CR_BITS;
      if (!(value & CR_RPBM)) {
        this.#status |= SR_DCH;
        this.#time.stop();
      } else if (!wasRunning) {
        // What was paused goes on where it was.
        if (this.#left === 0) this.#fetchNext();
        this.#status &= ~SR_DCH;
        this.#resume();
      }
    }
    this.#wires.changed();
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("AC'97 stream", 1);
    this.#list = visitor.u32(this.#list);
    this.#current = visitor.u8(this.#current) % DESCRIPTORS;
    this.#lastValid = visitor.u8(this.#lastValid) % DESCRIPTORS;
    this.#status = visitor.u8(this.#status);
    this.#left = visitor.u16(this.#left);
    this.#prefetched = visitor.u8(this.#prefetched) % DESCRIPTORS;
    this.#control = visitor.u8(this.#control);
    this.#address = visitor.u32(this.#address);
    this.#interrupts = visitor.bool(this.#interrupts);
    this.#time.visitState(visitor);
  }
}
