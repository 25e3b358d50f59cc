/**
 * A socket of the switch for a program outside: what comes is kept or answered, and any bytes can be sent as a frame.
 * Tests speak the protocols of a network through it, or break them.
 */
import type { StateVisitor } from "../state/state.ts";
import type { NetworkNode, Transmit } from "./network.ts";
import type { EthernetFrame } from "./port.ts";

/** Called for each frame at the moment it arrives; the frames that it returns are sent at that moment. */
export type TapHandler = (frame: EthernetFrame, timeNs: number) => readonly EthernetFrame[] | void;

export class Tap implements NetworkNode {
  readonly name: string;
  /** Every frame that came so far, in order. */
  readonly received: EthernetFrame[] = [];
  /** Answers frames; null when nothing is to be answered. */
  handler: TapHandler | null = null;
  #ports = 0;

  constructor(name: string) {
    this.name = name;
  }

  addPort(): number {
    return this.#ports++;
  }

  receive(port: number, timeNs: number, frame: EthernetFrame, transmit: Transmit): void {
    this.received.push(frame);
    for (const answer of this.handler?.(frame, timeNs) ?? []) transmit(port, answer);
  }

  /** What a tap has heard is the owner's, and no part of the state of a cluster. */
  visitState(visitor: StateVisitor): void {
    visitor.part("tap", 1);
  }
}
