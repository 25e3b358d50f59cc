/**
 * The sample clock of a sound card: counts the frames that a converter has taken since it was started. A card moves
 * frames when their time has come; it looks in time with a timer, and whenever the guest looks at it.
 */
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { Clock, Timer } from "../../time/clock.ts";
import { ticksAt, timeOfTick } from "../clock/frequency.ts";

/** What the sound cards of a machine have played: `samples` are pairs, left and right, of signed 16 bits. */
export type SoundOutput = (card: number, rateHertz: number, samples: Int16Array) => void;

/** A card that runs moves at the most so many frames at once, so that its guest may write close to what is played. */
const MOST_FRAMES = 32;

const MOST_BEHIND = 2 * MOST_FRAMES;
/** Rates are of 16 bits. */
const MOST_HERTZ = 0xffff;

export class SoundClock implements Stateful {
  readonly #clock: Clock;
  readonly #timer: Timer;
  /** 0: it stands still. */
  #rateHertz = 0;
  #originNs = 0;
  /** Frames since `#originNs`. */
  #taken = 0;

  /** `onDue` is called when the frames that `wakeAfter` named have come. */
  constructor(clock: Clock, name: string, onDue: () => void) {
    this.#clock = clock;
    this.#timer = clock.timer(name, onDue);
  }

  get rateHertz(): number {
    return this.#rateHertz;
  }

  /** Begins a frame now. A rate of 0 stops it. */
  start(rateHertz: number): void {
    this.#timer.disarm();
    this.#rateHertz = rateHertz;
    this.#originNs = this.#clock.nowNs;
    this.#taken = 0;
  }

  stop(): void {
    this.#timer.disarm();
    this.#rateHertz = 0;
  }

  get #behind(): number {
    if (this.#rateHertz === 0) return 0;
    return ticksAt(this.#clock.nowNs - this.#originNs, this.#rateHertz) - this.#taken;
  }

  /** Frames that have come and were not taken. Nobody who has a timer is far behind: what is older was never moved. */
  due(): number {
    this.#taken += Math.max(0, this.#behind - MOST_BEHIND);
    return this.#behind;
  }

  take(frames: number): void {
    this.#taken += frames;
  }

  /** Calls `onDue` when so many frames, 1 at least and `MOST_FRAMES` at the most, have come. */
  wakeAfter(frames: number): void {
    if (this.#rateHertz === 0) return;
    const next = this.#taken + Math.max(1, Math.min(frames, MOST_FRAMES));
    this.#timer.arm(this.#originNs + timeOfTick(next, this.#rateHertz));
  }

  #check(): void {
    if (this.#rateHertz <= MOST_HERTZ && this.#behind >= 0) return;
    throw new RangeError(`a sound clock of ${this.#rateHertz} Hz that begins at ${this.#originNs} ns`);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("sound clock", 1);
    this.#rateHertz = visitor.u32(this.#rateHertz);
    this.#originNs = visitor.integer(this.#originNs);
    this.#taken = visitor.integer(this.#taken);
    if (visitor.restoring) this.#check();
  }
}
