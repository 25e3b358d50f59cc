/**
 * The machine's end of its network cable. What the card sends is kept with its time until the network is stepped; what
 * the network delivers waits here until its arrival time and then comes as an event of the machine. So a machine never
 * touches the network while it runs, and may run in another thread.
 */

import { holds } from "../state/invariant.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { Clock, Timer } from "../time/clock.ts";
import type { EthernetFrame, EthernetPort, EthernetReceiver } from "./port.ts";

/** A frame and the virtual time at which it was sent, or arrives. */
export interface TimedFrame {
  timeNs: number;
  frame: EthernetFrame;
}

/** A machine's cable as the network sees it, wherever the machine runs. */
export interface MachineCable {
  readonly name: string;
  readonly linkUp: boolean;
  /** Set by the network: to be called when a first frame waits for `takeOutgoing`. */
  onOutgoing: (() => void) | null;
  /** The frames sent since the last call, in the order of their times. */
  takeOutgoing(): TimedFrame[];
  /** Hands over frames that arrive later, those of one time in their order. No arrival may be in the machine's past. */
  deliver(frames: readonly TimedFrame[]): void;
  /** The cable is plugged or pulled, now. Frames on the way to the machine are lost with the cable. */
  setLink(up: boolean): void;
}

/** Sees frames when the card sends them and when they arrive at it. */
export type FrameProbe = (direction: "send" | "receive", frame: EthernetFrame) => void;

export class CableEnd implements EthernetPort, MachineCable, Stateful {
  readonly name: string;
  probe: FrameProbe | null = null;
  #linkUp: boolean;
  #powered = true;
  #outgoing: TimedFrame[] = [];
  #incoming: TimedFrame[] = [];
  #clock: Clock | null = null;
  #receiver: EthernetReceiver | null = null;
  #timer: Timer | null = null;
  onOutgoing: (() => void) | null = null;
  /** Set by the machine's owner: to be called when a frame has been delivered, with the time at which it arrives. */
  onIncoming: ((timeNs: number) => void) | null = null;

  constructor(name: string, linkUp = true) {
    this.name = name;
    this.#linkUp = linkUp;
  }

  /** The card is built in: called once by its board. */
  plugIn(clock: Clock, receiver: EthernetReceiver): void {
    if (this.#timer !== null) throw new Error(`${this.name} is in a card already`);
    this.#clock = clock;
    this.#receiver = receiver;
    this.#timer = clock.timer(`${this.name} arrival`, () => this.#arrive());
  }

  /** What it is in is another card from now on. */
  replaceCard(): void {
    this.#receiver?.becomeAnother?.();
  }

  get linkUp(): boolean {
    return this.#linkUp;
  }

  transmit(frame: EthernetFrame): void {
    if (!this.#linkUp || this.#clock === null) return;
    if (this.#outgoing.push({ timeNs: this.#clock.nowNs, frame }) === 1) this.onOutgoing?.();
    this.probe?.("send", frame);
  }

  takeOutgoing(): TimedFrame[] {
    const frames = this.#outgoing;
    this.#outgoing = [];
    return frames;
  }

  deliver(frames: readonly TimedFrame[]): void {
    if (frames.length === 0 || this.#clock === null || !this.#powered) return;
    const { nowNs } = this.#clock;
    for (const arrival of frames) {
      if (arrival.timeNs < nowNs)
        throw new RangeError(`${this.name}: a frame arrives at ${arrival.timeNs} ns, before ${nowNs} ns`);
      // On a cable that reorders, a frame may have overtaken others.
      let place = this.#incoming.length;
      while (place > 0 && this.#incoming[place - 1]!.timeNs > arrival.timeNs) place--;
      this.#incoming.splice(place, 0, arrival);
    }
    holds(this.#incoming.length >= frames.length, this.name, "a delivered frame is not among those that wait");
    this.#timer!.arm(this.#incoming[0]!.timeNs);
    this.onIncoming?.(this.#incoming[0]!.timeNs);
  }

  setLink(up: boolean): void {
    if (up === this.#linkUp) return;
    this.#linkUp = up;
    if (!up) {
      this.#incoming = [];
      this.#timer?.disarm();
    }
    this.#receiver?.linkChanged(up);
  }

  /** The machine has lost power, or has it again: a card without power hears nothing. */
  setPowered(powered: boolean): void {
    this.#powered = powered;
    if (powered) return;
    this.#incoming = [];
    this.#timer?.disarm();
  }

  #arrive(): void {
    const now = this.#clock!.nowNs;
    let count = 0;
    while (count < this.#incoming.length && this.#incoming[count]!.timeNs <= now) count++;
    const arrived = this.#incoming.splice(0, count);
    if (this.#incoming.length > 0) this.#timer!.arm(this.#incoming[0]!.timeNs);
    for (const { frame } of arrived) {
      this.probe?.("receive", frame);
      this.#receiver!.receive(frame);
    }
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("cable end", 1);
    this.#linkUp = visitor.bool(this.#linkUp);
    this.#powered = visitor.bool(this.#powered);
    this.#outgoing = visitFrames(visitor, this.#outgoing);
    this.#incoming = visitFrames(visitor, this.#incoming);
    if (visitor.restoring && this.#outgoing.length > 0) this.onOutgoing?.();
  }
}

/** Visits a queue of frames and returns what it then holds. */
export function visitFrames(visitor: StateVisitor, frames: readonly TimedFrame[]): TimedFrame[] {
  const count = visitor.u32(frames.length);
  return Array.from({ length: count }, (_, index) => ({
    timeNs: visitor.integer(frames[index]?.timeNs ?? 0),
    frame: visitor.blob(frames[index]?.frame ?? new Uint8Array(0)),
  }));
}
