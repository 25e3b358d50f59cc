/**
 * A learning Ethernet switch (IEEE 802.1D, 7.7 to 7.9, without spanning tree): it forwards at once; cables take the
 * time.
 */
import { holds } from "../state/invariant.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { NetworkNode, Transmit } from "./network.ts";
import type { EthernetFrame } from "./port.ts";

/** Addresses that were not heard for this long are forgotten (802.1D, table 7-5). */
const AGEING_NS = 300e9;
/** As many addresses as a small switch remembers; the one heard longest ago makes room. */
const MAX_ADDRESSES = 4096;

const MOST_PORTS = 65_536;

/** Frames to 01-80-C2-00-00-0x stay on their link (802.1D, table 7-10). */
function isLinkLocal(frame: EthernetFrame): boolean {
  return (
    frame[0] === 0x01 && frame[1] === 0x80 && frame[2] === 0xc2 && frame[3] === 0 && frame[4] === 0 && frame[5]! < 0x10
  );
}

/** Six bytes as an integer. */
function address(frame: EthernetFrame, offset: number): number {
  let value = 0;
  for (let index = 0; index < 6; index++) value = value * 256 + frame[offset + index]!;
  return value;
}

interface Entry {
  port: number;
  heardNs: number;
}

export class Switch implements NetworkNode, Stateful {
  readonly name: string;
  #ports = 0;
  /** Pairs of ports between which nothing passes, as `from * MOST_PORTS + to`. */
  readonly #closed = new Set<number>();
  /** In the order in which the addresses were last heard. */
  readonly #table = new Map<number, Entry>();

  constructor(name = "switch") {
    this.name = name;
  }

  addPort(): number {
    holds(this.#ports < MOST_PORTS, this.name, "more ports than pairs of them have numbers");
    return this.#ports++;
  }

  removePort(): void {
    this.#ports--;
  }

  /** Whether frames that come in at one port may go out at another. */
  setPassage(from: number, to: number, open: boolean): void {
    const pair = from * MOST_PORTS + to;
    if (open) this.#closed.delete(pair);
    else this.#closed.add(pair);
  }

  isOpen(from: number, to: number): boolean {
    return !this.#closed.has(from * MOST_PORTS + to);
  }

  receive(port: number, timeNs: number, frame: EthernetFrame, transmit: Transmit): void {
    if (frame.length < 14 || isLinkLocal(frame)) return;
    holds(port >= 0 && port < this.#ports, this.name, "a frame comes in where there is no port");
    if (!(frame[6]! & 1)) this.#learn(address(frame, 6), port, timeNs);
    const known = frame[0]! & 1 ? null : this.#lookUp(address(frame, 0), timeNs);
    if (known !== null) {
      if (known !== port && this.isOpen(port, known)) transmit(known, frame);
      return;
    }
    for (let other = 0; other < this.#ports; other++)
      if (other !== port && this.isOpen(port, other)) transmit(other, frame);
  }

  #learn(source: number, port: number, timeNs: number): void {
    this.#table.delete(source);
    this.#table.set(source, { port, heardNs: timeNs });
    if (this.#table.size > MAX_ADDRESSES) this.#table.delete(this.#table.keys().next().value!);
    holds(this.#table.size <= MAX_ADDRESSES, this.name, "more addresses than there is room for");
  }

  #lookUp(destination: number, timeNs: number): number | null {
    const entry = this.#table.get(destination);
    if (entry === undefined) return null;
    if (timeNs - entry.heardNs <= AGEING_NS) return entry.port;
    this.#table.delete(destination);
    return null;
  }

  /** A port whose cable is pulled is forgotten. */
  linkChanged(port: number, up: boolean): void {
    if (up) return;
    for (const [source, entry] of this.#table) if (entry.port === port) this.#table.delete(source);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("switch", 2);
    const closed = [...this.#closed].sort((a, b) => a - b);
    const pairs = visitor.u32(closed.length);
    if (visitor.restoring) this.#closed.clear();
    for (let index = 0; index < pairs; index++) {
      const pair = visitor.integer(closed[index] ?? 0);
      if (visitor.restoring) this.#closed.add(pair);
    }
    const entries = [...this.#table];
    const count = visitor.u32(entries.length);
    this.#table.clear();
    for (let index = 0; index < count; index++) {
      const [source, entry] = entries[index] ?? [0, { port: 0, heardNs: 0 }];
      this.#table.set(visitor.integer(source), {
        port: visitor.u32(entry.port),
        heardNs: visitor.integer(entry.heardNs),
      });
    }
  }
}
