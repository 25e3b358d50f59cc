/**
 * What is beyond home gateways: every public address is reached from every other, with the latency, the loss and the
 * bandwidth of that pair. It is one router for all: it answers ARP for any address, and drops what is for nobody.
 */
import { holds } from "../../state/invariant.ts";
import { Random } from "../../state/random.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { NetworkNode, Transmit } from "../network.ts";
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  get32,
  type Ipv4Address,
  type MacAddress,
  parseArp,
  parseIpv4,
} from "../packet.ts";
import type { EthernetFrame } from "../port.ts";
import { takeHop } from "./rewrite.ts";

/** Of the way from one place to another. */
export interface Distance {
  readonly latencyNs: number;
  readonly lostPercent?: number;
  /** Thousand bits a second; 0: no bound. */
  readonly kilobits?: number;
}

interface Place {
  /** Public addresses that lead here. */
  readonly addresses: Set<number>;
  mac: MacAddress;
  isUp: boolean;
  /** Its own line: what comes from it or goes to it is so much later, and this share of it is lost. */
  lateNs: number;
  lostPercent: number;
}

/** Of a pair of places: packets so far, which decide what is lost, and until when its way is busy. */
interface Way {
  packets: number;
  idleAtNs: number;
}

const WIDE_MAC: MacAddress = Uint8Array.of(0x52, 0x55, 0xff, 0xff, 0xff, 0x01);
const ARP_REQUEST = 1;
const ARP_REPLY = 2;
const NS_BY_KILOBITS = 8e6;
/** What waits for a busy way at most; more is lost. */
const LONGEST_QUEUE_NS = 200e6;
const ETHERNET_BYTES = 14;

export class WideNet implements NetworkNode, Stateful {
  readonly name = "wide net";
  readonly #places: Place[] = [];
  readonly #distanceOf: (from: number, to: number) => Distance;
  readonly #ways = new Map<string, Way>();
  #lost = 0;

  /** `distanceOf`: by the numbers of places, which are those of ports. */
  constructor(distanceOf: (from: number, to: number) => Distance) {
    this.#distanceOf = distanceOf;
  }

  /** Packets for which there was nobody, no hop left, or bad luck. */
  get lost(): number {
    return this.#lost;
  }

  addPort(): number {
    return (
      this.#places.push({ addresses: new Set(), mac: BROADCAST_MAC.slice(), isUp: true, lateNs: 0, lostPercent: 0 }) - 1
    );
  }

  /** A place gets an address. It is taken from whoever had it: providers do that. */
  assign(port: number, address: number): void {
    holds(port >= 0 && port < this.#places.length, this.name, "an address is given to a place that is none");
    for (const { addresses } of this.#places) addresses.delete(address);
    this.#places[port]!.addresses.add(address);
  }

  /** A place has an address no more; whoever has it meanwhile keeps it. */
  release(port: number, address: number): void {
    this.#places[port]!.addresses.delete(address);
  }

  /** Whether a place is reached at all. */
  setUp(port: number, isUp: boolean): void {
    this.#places[port]!.isUp = isUp;
  }

  /** How bad a place's own line is: what it adds to each packet's time, and how many it loses. */
  setLine(port: number, lateNs: number, lostPercent: number): void {
    holds(Number.isInteger(lateNs) && lateNs >= 0, this.name, "a line is late by no time");
    Object.assign(this.#places[port]!, { lateNs, lostPercent });
  }

  receive(port: number, timeNs: number, frame: EthernetFrame, transmit: Transmit): void {
    const from = this.#places[port];
    if (!from || frame.length < ETHERNET_BYTES) return;
    from.mac = frame.slice(6, 12);
    const type = get16(frame, 12);
    if (type === ETHERTYPE_ARP) this.#arp(port, frame, transmit);
    else if (type === ETHERTYPE_IPV4) this.#carry(port, timeNs, frame, transmit);
  }

  #arp(port: number, frame: EthernetFrame, transmit: Transmit): void {
    const request = parseArp(frame.subarray(ETHERNET_BYTES));
    if (request?.operation !== ARP_REQUEST || this.#places[port]!.addresses.has(get32(request.targetIp, 0))) return;
    const answer = arpBytes({
      operation: ARP_REPLY,
      senderMac: WIDE_MAC,
      senderIp: request.targetIp,
      targetMac: request.senderMac,
      targetIp: request.senderIp,
    });
    transmit(port, ethernetFrame(request.senderMac, WIDE_MAC, ETHERTYPE_ARP, answer));
  }

  #carry(port: number, timeNs: number, frame: EthernetFrame, transmit: Transmit): void {
    const lengthBytes = frame.length >= ETHERNET_BYTES + 20 ? get16(frame, ETHERNET_BYTES + 2) : 0;
    if (lengthBytes < 20 || ETHERNET_BYTES + lengthBytes > frame.length) return;
    const packet = frame.slice(ETHERNET_BYTES, ETHERNET_BYTES + lengthBytes);
    const to = this.#places.findIndex(({ addresses }) => addresses.has(get32(packet, 16)));
    const isLet = this.#places[port]!.isUp && this.#places[port]!.addresses.has(get32(packet, 12));
    if (to < 0 || !isLet || !this.#places[to]!.isUp || !takeHop(packet)) {
      this.#lost++;
      return;
    }
    const delayNs = this.#delay(port, to, timeNs, packet.length);
    if (delayNs === null) this.#lost++;
    else transmit(to, ethernetFrame(this.#places[to]!.mac, WIDE_MAC, ETHERTYPE_IPV4, packet), delayNs);
  }

  /** How much later a packet is there; null: it is lost. */
  #delay(from: number, to: number, timeNs: number, sizeBytes: number): number | null {
    const distance = this.#distanceOf(from, to);
    const { lostPercent = 0, kilobits = 0 } = distance;
    const lines = [this.#places[from]!, this.#places[to]!];
    const latencyNs = lines.reduce((sum, { lateNs }) => sum + lateNs, distance.latencyNs);
    holds(Number.isInteger(latencyNs) && latencyNs >= 0, this.name, "a latency that is none");
    const key = `${from} ${to}`;
    const way = this.#ways.get(key) ?? { packets: 0, idleAtNs: 0 };
    this.#ways.set(key, way);
    const chance = new Random(way.packets++, `wide net ${key}`);
    if (chance.chance(lostPercent)) return null;
    if (lines.some((line) => line.lostPercent > 0 && chance.chance(line.lostPercent))) return null;
    if (kilobits === 0) return latencyNs;
    const startNs = Math.max(timeNs, way.idleAtNs);
    if (startNs - timeNs > LONGEST_QUEUE_NS) return null;
    way.idleAtNs = startNs + Math.ceil((sizeBytes * NS_BY_KILOBITS) / kilobits);
    return way.idleAtNs - timeNs + latencyNs;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("wide net", 2);
    this.#lost = visitor.integer(this.#lost);
    for (const place of this.#places) {
      visitor.bytes(place.mac);
      place.isUp = visitor.bool(place.isUp);
      place.lateNs = visitor.integer(place.lateNs);
      place.lostPercent = visitor.integer(place.lostPercent);
      const addresses = [...place.addresses];
      const count = visitor.u32(addresses.length);
      if (visitor.restoring) place.addresses.clear();
      for (let index = 0; index < count; index++) place.addresses.add(visitor.u32(addresses[index] ?? 0));
    }
    const ways = [...this.#ways];
    const count = visitor.u32(ways.length);
    if (visitor.restoring) this.#ways.clear();
    for (let index = 0; index < count; index++) {
      const [key, way] = ways[index] ?? ["", { packets: 0, idleAtNs: 0 }];
      const visitedKey = visitor.text(key);
      this.#ways.set(visitedKey, { packets: visitor.integer(way.packets), idleAtNs: visitor.integer(way.idleAtNs) });
    }
  }
}

/** As a number of 32 bits. */
export const addressNumber = (text: string): number => get32(parseIpv4(text), 0);

/** Its bytes as they lie in a packet. */
export const addressBytes = (address: number): Ipv4Address =>
  Uint8Array.of(address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff);
