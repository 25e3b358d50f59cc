/**
 * What a Sound Blaster 16 plays or records: blocks of samples that go through a DMA channel at a rate, in each of the
 * forms that the card knows. Source: Creative, Sound Blaster Series Hardware Programming Guide, chapter 3.
 */
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { Clock } from "../../time/clock.ts";
import type { IsaDmaChannel } from "../dma8237.ts";
import { SoundClock } from "./sound-clock.ts";

/** A form of samples, and what becomes of them. */
export interface VoiceForm {
  readonly rateHertz: number;
  readonly isWide: boolean;
  readonly isSigned: boolean;
  readonly isStereo: boolean;
  /** From the inputs to memory: silence. */
  readonly records: boolean;
  /** At the end of a block the next one begins. */
  readonly repeats: boolean;
}

export interface VoiceWires {
  /** Channels of 8 and of 16 bits. */
  readonly narrow: IsaDmaChannel;
  readonly wide: IsaDmaChannel;
  readonly output: (rateHertz: number, samples: Int16Array) => void;
  /** A block has come to its end. */
  blockEnded(isWide: boolean): void;
}

export class Sb16Voice implements Stateful {
  readonly #wires: VoiceWires;
  readonly #time: SoundClock;
  #rateHertz = 0;
  #isWide = false;
  #isSigned = false;
  #isStereo = false;
  #records = false;
  #repeats = false;
  #blockBytes = 0;
  /** Of the block; 0: there is none. */
  #leftBytes = 0;

  constructor(clock: Clock, name: string, wires: VoiceWires) {
    this.#wires = wires;
    this.#time = new SoundClock(clock, name, () => this.sync());
  }

  /** Nothing is under way. */
  reset(): void {
    this.#time.stop();
    this.#rateHertz = this.#blockBytes = this.#leftBytes = 0;
    this.#isWide = this.#isSigned = this.#isStereo = this.#records = this.#repeats = false;
  }

  start(form: VoiceForm, blockBytes: number): void {
    this.#rateHertz = form.rateHertz;
    this.#isWide = form.isWide;
    this.#isSigned = form.isSigned;
    this.#isStereo = form.isStereo;
    this.#records = form.records;
    this.#repeats = form.repeats;
    this.#blockBytes = this.#leftBytes = blockBytes;
    this.go();
  }

  /** Goes on, if there is a block of this width. */
  go(isWide = this.#isWide): void {
    if (this.#leftBytes === 0 || isWide !== this.#isWide) return;
    this.#time.start(this.#rateHertz);
    this.#wake();
  }

  pause(isWide: boolean): void {
    if (isWide === this.#isWide) this.#time.stop();
  }

  /** The block that is under way is the last one. */
  endAfterBlock(isWide: boolean): void {
    if (isWide === this.#isWide) this.#repeats = false;
  }

  /** The block that is under way goes on by itself again. */
  repeat(isWide: boolean): void {
    if (isWide === this.#isWide && this.#leftBytes > 0) this.#repeats = true;
  }

  get #frameBytes(): number {
    return (this.#isWide ? 2 : 1) * (this.#isStereo ? 2 : 1);
  }

  #wake(): void {
    this.#time.wakeAfter(Math.ceil(this.#leftBytes / this.#frameBytes));
  }

  /** Moves what has come. What the channel does not give has passed unheard. */
  sync(): void {
    const frameBytes = this.#frameBytes;
    for (let frames = this.#time.due(); frames > 0; ) {
      const wanted = new Uint8Array(Math.min(this.#leftBytes, frames * frameBytes));
      const moved = this.#move(wanted);
      const count = moved < wanted.length ? frames : Math.ceil(moved / frameBytes);
      if (moved > 0 && !this.#records) this.#wires.output(this.#rateHertz, this.#samples(wanted.subarray(0, moved)));
      this.#leftBytes -= moved;
      frames -= count;
      this.#time.take(count);
      if (this.#leftBytes === 0) this.#endBlock();
      if (this.#leftBytes === 0) return;
    }
    this.#wake();
  }

  /** Through the channel, which ends a transfer at its terminal count; returns the bytes. */
  #move(bytes: Uint8Array): number {
    const channel = this.#isWide ? this.#wires.wide : this.#wires.narrow;
    if (this.#records) this.#fillSilence(bytes);
    let done = 0;
    while (done < bytes.length) {
      const rest = bytes.subarray(done);
      const { bytes: moved } = this.#records ? channel.toMemory(rest) : channel.fromMemory(rest);
      if (moved === 0) break;
      done += moved;
    }
    return done;
  }

  #fillSilence(bytes: Uint8Array): void {
    if (this.#isSigned) return;
    if (this.#isWide) for (let index = 1; index < bytes.length; index += 2) bytes[index] = 0x80;
    else bytes.fill(0x80);
  }

  /** Pairs of signed 16 bits. Half a frame at the end has the same on both sides. */
  #samples(bytes: Uint8Array): Int16Array {
    const step = this.#isWide ? 2 : 1;
    const units = Math.floor(bytes.length / step);
    const middle = this.#isSigned ? 0 : 0x8000;
    const unit = (index: number): number =>
      (this.#isWide ? bytes[2 * index]! | (bytes[2 * index + 1]! << 8) : bytes[index]! << 8) ^ middle;
    const channels = this.#isStereo ? 2 : 1;
    const samples = new Int16Array(2 * Math.ceil(units / channels));
    for (let index = 0; index < samples.length; index++) {
      const at = this.#isStereo ? Math.min(index, units - 1) : index >> 1;
      samples[index] = unit(at);
    }
    return samples;
  }

  #endBlock(): void {
    if (this.#repeats) this.#leftBytes = this.#blockBytes;
    else this.#time.stop();
    this.#wires.blockEnded(this.#isWide);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("SB16 voice", 1);
    this.#rateHertz = visitor.u16(this.#rateHertz);
    this.#isWide = visitor.bool(this.#isWide);
    this.#isSigned = visitor.bool(this.#isSigned);
    this.#isStereo = visitor.bool(this.#isStereo);
    this.#records = visitor.bool(this.#records);
    this.#repeats = visitor.bool(this.#repeats);
    this.#blockBytes = visitor.u32(this.#blockBytes);
    this.#leftBytes = visitor.u32(this.#leftBytes);
    this.#time.visitState(visitor);
  }
}
