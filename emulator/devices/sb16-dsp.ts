/**
 * The digital sound processor of a Sound Blaster 16, version 4.05: its commands, with what they answer. Source:
 * Creative, Sound Blaster Series Hardware Programming Guide, chapter 6. Of ADPCM, MIDI, the signal processor (CSP),
 * identification by DMA and samples that the guest times itself (10h), it takes the bytes, and does nothing.
 */
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { Clock, Timer } from "../time/clock.ts";
import { CAUSE_8BIT, CAUSE_16BIT, type Sb16Mixer } from "./sb16-mixer.ts";
import { Sb16Voice, type VoiceWires } from "./sb16-voice.ts";

/** What the processor answers to a reset. */
const READY = 0xaa;
const VERSION = [4, 5] as const;
const COPYRIGHT = "COPYRIGHT (C) CREATIVE TECHNOLOGY LTD, 1992.\0";
const MOST_ANSWERS = 64;
/** A sample of the inputs. */
const SILENCE = 0x80;

const LOWEST_HERTZ = 5_000;
const HIGHEST_HERTZ = 45_000;
const HERTZ_AT_RESET = 11_025;
const SECOND_NS = 1_000_000_000;

interface Command {
  /** Bytes that follow. */
  readonly parameters: number;
  run(dsp: Sb16Dsp, parameters: readonly number[], code: number): void;
}

/** A length less one, its low byte first; a rate, its high byte first. */
const lengthOf = ([low = 0, high = 0]: readonly number[]): number => (low | (high << 8)) + 1;
const rateOf = ([high = 0, low = 0]: readonly number[]): number => (high << 8) | low;
const alone = (run: Command["run"]): Command => ({ parameters: 0, run });
const ignored = (parameters: number): Command => ({ parameters, run: () => {} });
const setRate: Command = { parameters: 2, run: (dsp, bytes) => dsp.setRate(rateOf(bytes)) };

/** Of others nothing is known, and nothing is done. */
const COMMANDS: ReadonlyMap<number, Command> = new Map<number, Command>([
  ...[0x04, 0x0f, 0x10, 0x38, 0xe2, 0xf9].map((code) => [code, ignored(1)] as const),
  ...[0x05, 0x0e, 0x16, 0x17, 0x74, 0x75, 0x76, 0x77].map((code) => [code, ignored(2)] as const),
  [0x14, { parameters: 2, run: (dsp, bytes) => dsp.startOld(false, false, lengthOf(bytes)) }],
  [0x1c, alone((dsp) => dsp.startOld(true, false))],
  [0x20, alone((dsp) => dsp.answer(SILENCE))],
  [0x24, { parameters: 2, run: (dsp, bytes) => dsp.startOld(false, true, lengthOf(bytes)) }],
  [0x2c, alone((dsp) => dsp.startOld(true, true))],
  [0x40, { parameters: 1, run: (dsp, [value = 0]) => dsp.setRate(Math.round(1_000_000 / (256 - value))) }],
  [0x41, setRate],
  [0x42, setRate],
  [0x45, alone(({ voice }) => voice.repeat(false))],
  [0x47, alone(({ voice }) => voice.repeat(true))],
  [0x48, { parameters: 2, run: (dsp, bytes) => dsp.setBlock(lengthOf(bytes)) }],
  [0x80, { parameters: 2, run: (dsp, bytes) => dsp.stayQuiet(lengthOf(bytes)) }],
  [0x90, alone((dsp) => dsp.startOld(true, false))],
  [0x91, alone((dsp) => dsp.startOld(false, false))],
  [0x98, alone((dsp) => dsp.startOld(true, true))],
  [0x99, alone((dsp) => dsp.startOld(false, true))],
  ...Array.from({ length: 0x20 }, (_, index): [number, Command] => [
    0xb0 + index,
    { parameters: 3, run: (dsp, [mode = 0, ...length], code) => dsp.startNew(code, mode, lengthOf(length)) },
  ]),
  [0xd0, alone(({ voice }) => voice.pause(false))],
  [0xd1, alone((dsp) => dsp.switchSpeaker(true))],
  [0xd3, alone((dsp) => dsp.switchSpeaker(false))],
  [0xd4, alone(({ voice }) => voice.go(false))],
  [0xd5, alone(({ voice }) => voice.pause(true))],
  [0xd6, alone(({ voice }) => voice.go(true))],
  [0xd8, alone((dsp) => dsp.answerSpeaker())],
  [0xd9, alone(({ voice }) => voice.endAfterBlock(true))],
  [0xda, alone(({ voice }) => voice.endAfterBlock(false))],
  [0xe0, { parameters: 1, run: (dsp, [value = 0]) => dsp.answer(~value & 0xff) }],
  [0xe1, alone((dsp) => dsp.answer(...VERSION))],
  [0xe3, alone((dsp) => dsp.answer(...Array.from(COPYRIGHT, (letter) => letter.charCodeAt(0))))],
  [0xe4, { parameters: 1, run: (dsp, [value = 0]) => dsp.setTest(value) }],
  [0xe8, alone((dsp) => dsp.answerTest())],
  [0xf2, alone((dsp) => dsp.testInterrupt(CAUSE_8BIT))],
  [0xf3, alone((dsp) => dsp.testInterrupt(CAUSE_16BIT))],
  [0xf8, alone((dsp) => dsp.answer(0))],
]);

export interface DspWires extends Omit<VoiceWires, "blockEnded"> {
  raise(cause: number): void;
}

export class Sb16Dsp implements Stateful {
  readonly voice: Sb16Voice;
  readonly #clock: Clock;
  readonly #mixer: Sb16Mixer;
  readonly #raise: (cause: number) => void;
  /** Silence that the guest has asked for ends. */
  readonly #quiet: Timer;
  /** A command that waits for its parameters, with those that have come. */
  #pending: readonly number[] = [];
  #answers: readonly number[] = [];
  #lastAnswer = 0;
  #rateHertz = HERTZ_AT_RESET;
  #blockBytes = 1;
  /** What a test has written, to be read again. */
  #test = 0;
  /** It is heard anyhow: from version 4 on the switch only tells how it stands. */
  #isSpeakerOn = false;

  constructor(clock: Clock, name: string, mixer: Sb16Mixer, { raise, ...wires }: DspWires) {
    this.#clock = clock;
    this.#mixer = mixer;
    this.#raise = raise;
    const blockEnded = (isWide: boolean): void => raise(isWide ? CAUSE_16BIT : CAUSE_8BIT);
    this.voice = new Sb16Voice(clock, `${name} voice`, { ...wires, blockEnded });
    this.#quiet = clock.timer(`${name} silence`, () => raise(CAUSE_8BIT));
  }

  /** The board's reset line. */
  resetHard(): void {
    this.reset();
    this.#answers = [];
    this.#lastAnswer = 0;
    this.#test = 0;
  }

  reset(): void {
    this.voice.reset();
    this.#quiet.disarm();
    this.#pending = [];
    this.#answers = [READY];
    this.#rateHertz = HERTZ_AT_RESET;
    this.#blockBytes = 1;
    this.#isSpeakerOn = false;
  }

  /** A command, or a byte of its parameters. */
  write(value: number): void {
    const [code = 0, ...parameters] = [...this.#pending, value];
    const command = COMMANDS.get(code) ?? ignored(0);
    const isComplete = parameters.length >= command.parameters;
    this.#pending = isComplete ? [] : [code, ...parameters];
    if (!isComplete) return;
    this.voice.sync();
    command.run(this, parameters, code);
  }

  /** Without an answer, the last one again. */
  read(): number {
    [this.#lastAnswer = this.#lastAnswer, ...this.#answers] = this.#answers;
    return this.#lastAnswer;
  }

  get hasAnswer(): boolean {
    return this.#answers.length > 0;
  }

  // What commands do.

  answer(...bytes: readonly number[]): void {
    this.#answers = [...this.#answers, ...bytes].slice(0, MOST_ANSWERS);
  }

  answerSpeaker(): void {
    this.answer(this.#isSpeakerOn ? 0xff : 0);
  }

  answerTest(): void {
    this.answer(this.#test);
  }

  setTest(value: number): void {
    this.#test = value;
  }

  switchSpeaker(isOn: boolean): void {
    this.#isSpeakerOn = isOn;
  }

  setRate(hertz: number): void {
    this.#rateHertz = Math.max(LOWEST_HERTZ, Math.min(hertz, HIGHEST_HERTZ));
  }

  setBlock(bytes: number): void {
    this.#blockBytes = bytes;
  }

  /** Commands from before version 4: bytes without a sign. */
  startOld(repeats: boolean, records: boolean, blockBytes = this.#blockBytes): void {
    const { isStereo } = this.#mixer;
    // The rate is that of bytes, which two channels share.
    const rateHertz = isStereo ? this.#rateHertz >> 1 : this.#rateHertz;
    this.#blockBytes = blockBytes;
    this.voice.start({ rateHertz, isWide: false, isSigned: false, isStereo, records, repeats }, blockBytes);
  }

  /** Bxh and Cxh: `units` are bytes or words. */
  startNew(code: number, mode: number, units: number): void {
    const isWide = code < 0xc0;
    const form = {
      rateHertz: this.#rateHertz,
      isWide,
      isSigned: (mode & 0x10) !== 0,
      isStereo: (mode & 0x20) !== 0,
      records: (code & 0x08) !== 0,
      repeats: (code & 0x04) !== 0,
    };
    this.voice.start(form, isWide ? 2 * units : units);
  }

  stayQuiet(frames: number): void {
    this.#quiet.arm(this.#clock.nowNs + Math.ceil((frames * SECOND_NS) / this.#rateHertz));
  }

  testInterrupt(cause: number): void {
    this.answer(READY);
    this.#raise(cause);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("SB16 processor", 1);
    this.#pending = [...visitor.blob(Uint8Array.from(this.#pending))];
    this.#answers = [...visitor.blob(Uint8Array.from(this.#answers))];
    this.#lastAnswer = visitor.u8(this.#lastAnswer);
    this.setRate(visitor.u32(this.#rateHertz));
    this.#blockBytes = visitor.u32(this.#blockBytes);
    this.#test = visitor.u8(this.#test);
    this.#isSpeakerOn = visitor.bool(this.#isSpeakerOn);
    this.voice.visitState(visitor);
  }
}
