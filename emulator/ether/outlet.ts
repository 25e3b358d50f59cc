/**
 * A socket of the switch that leads out of the emulator: frames go to whoever opened it, and any frame can be sent into
 * the network. It keeps nothing.
 */
import type { StateVisitor } from "../state/state.ts";
import type { NetworkNode } from "./network.ts";
import type { EthernetFrame } from "./port.ts";

const HEADER_BYTES = 14;
/** IEEE 802.3 without FCS: what is shorter is padded, as a transmitter does. */
const SHORTEST_BYTES = 60;
/** With a VLAN tag. */
const LONGEST_BYTES = 1518;

/** What comes from outside as a frame that a cable can carry; null when it is none. */
export function frameFromOutside(bytes: Uint8Array): EthernetFrame | null {
  if (bytes.length < HEADER_BYTES || bytes.length > LONGEST_BYTES) return null;
  const frame = new Uint8Array(Math.max(SHORTEST_BYTES, bytes.length));
  frame.set(bytes);
  return frame;
}

export class Outlet implements NetworkNode {
  readonly name: string;
  /** Takes what the switch sends here. */
  readonly #take: (frame: EthernetFrame) => void;
  #ports = 0;

  constructor(name: string, take: (frame: EthernetFrame) => void) {
    this.name = name;
    this.#take = take;
  }

  addPort(): number {
    return this.#ports++;
  }

  receive(_port: number, _timeNs: number, frame: EthernetFrame): void {
    this.#take(frame);
  }

  /** What is outside is no part of the state of a cluster. */
  visitState(visitor: StateVisitor): void {
    visitor.part("outlet", 1);
  }
}
