/**
 * Address translation in user mode: what guests send beyond their network leaves by sockets of the host, and what comes
 * to ports of the host that are forwarded reaches guests. The addresses are those of QEMU's user network: for guests
 * the host is 10.0.2.2, and its name server 10.0.2.3.
 *
 * Every table is bounded: when one is full, what is new is refused, and what there is goes on.
 */

import { holds } from "../../state/invariant.ts";
import { internetChecksum } from "../internet-checksum.ts";
import {
  get32,
  type Ipv4Address,
  type Ipv4Packet,
  type MacAddress,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  parseUdp,
  put16,
  sameBytes,
  udpBytes,
} from "../packet.ts";
import type { HostDatagrams, HostNetwork, HostStream, StreamEvents } from "./host-network.ts";
import { ACK, PROTOCOL_TCP, parseSegment, RST, refusalOf, type Segment, SYN, segmentBytes } from "./segment.ts";
import { NatStream } from "./stream.ts";

/** The network's side: the gateway, which has the addresses. */
export interface NatWire {
  readonly nowNs: number;
  /** The host, and its name server, as guests see them. */
  readonly router: Ipv4Address;
  readonly nameServer: Ipv4Address;
  isLocal(address: Ipv4Address): boolean;
  send(packet: Ipv4Packet, to: MacAddress): void;
  /** Asks the network who has an address; the answer comes by `heard`. */
  ask(address: Ipv4Address): void;
}

/** Where forwarded connections go: asked each time, for a guest may get another address. Null: it has none now. */
export type Target = () => Ipv4Address | null;

const LOOPBACK: Ipv4Address = Uint8Array.of(127, 0, 0, 1);
const ICMP_ECHO_REPLY = 0;
const ICMP_ECHO_REQUEST = 8;
const DNS_PORT = 53;
const FIRST_PORT = 49152;
const PORTS = 0x10000 - FIRST_PORT;
const MOST_STREAMS = 1024;
const MOST_FLOWS = 256;
const MOST_PEERS = 64;
const MOST_PINGS = 16;
const MOST_NEIGHBOURS = 4096;
/** Packets that wait for the answer to an ARP request. */
const MOST_WAITING = 64;
/** RFC 4787, REQ-5: at least two minutes. */
const FLOW_IDLE_NS = 120e9;
/** What fits a frame with the headers of IPv4 and UDP. */
const MOST_DATAGRAM_BYTES = 1472;

/** What a guest's UDP port has by way of the host. */
interface Flow {
  readonly socket: Pick<HostDatagrams, "send" | "close">;
  /** Whom the guest has written to: host address and port, and the address that the guest used. */
  readonly peers: Map<string, Ipv4Address>;
  lastNs: number;
}

/** What is counted, for people and tests. */
export interface NatCounters {
  streams: number;
  flows: number;
  pings: number;
  /** Connections, flows and pings for which there was no room, and datagrams that fit no frame. */
  refused: number;
  /** Packets that nothing was made of. */
  dropped: number;
}

function endpoint(address: Ipv4Address, port: number): string {
  return `${get32(address, 0)}:${port}`;
}

/** Whether an address can be one machine's on the Internet or the host's own networks (RFC 1122, 3.2.1.3). */
function isUnicast(address: Ipv4Address): boolean {
  return address[0] !== 0 && address[0] !== 127 && address[0]! < 224;
}

export class Nat {
  readonly counters: NatCounters = { streams: 0, flows: 0, pings: 0, refused: 0, dropped: 0 };
  readonly #host: HostNetwork;
  readonly #wire: NatWire;
  /** By the guest's address and port, and the other side's. */
  readonly #streams = new Map<string, NatStream>();
  /** By the guest's address and port. */
  readonly #flows = new Map<string, Flow>();
  /** Forwarded UDP, by our port: what the guest answers goes there. */
  readonly #returns = new Map<number, Flow>();
  /** Their port of ours, by what has come from outside. */
  readonly #returnPorts = new Map<string, number>();
  readonly #neighbours = new Map<number, MacAddress>();
  #waiting: Ipv4Packet[] = [];
  #nextPort = 0;
  #initial = 0;

  constructor(host: HostNetwork, wire: NatWire) {
    this.#host = host;
    this.#wire = wire;
  }

  /** A machine of the network has this address. */
  heard(address: Ipv4Address, mac: MacAddress): void {
    if (!this.#wire.isLocal(address) || mac[0]! & 1) return;
    const number = get32(address, 0);
    this.#neighbours.delete(number);
    this.#neighbours.set(number, mac.slice());
    if (this.#neighbours.size > MOST_NEIGHBOURS) this.#neighbours.delete(this.#neighbours.keys().next().value!);
    holds(this.#neighbours.size <= MOST_NEIGHBOURS, "NAT", "more neighbours than there is room for");
    if (this.#waiting.length === 0) return;
    const ready = this.#waiting.filter(({ destination }) => sameBytes(destination, address));
    this.#waiting = this.#waiting.filter(({ destination }) => !sameBytes(destination, address));
    for (const packet of ready) this.#wire.send(packet, mac);
  }

  /** The address that a machine was last heard with. */
  addressOf(mac: MacAddress): Ipv4Address | null {
    for (const [number, known] of this.#neighbours)
      if (sameBytes(known, mac))
        return Uint8Array.of(number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff);
    return null;
  }

  /** A guest's packet to the host, its name server, or beyond. */
  packet(packet: Ipv4Packet): void {
    const host = this.#hostAddress(packet.destination);
    if (host === null || !this.#wire.isLocal(packet.source)) this.counters.dropped++;
    else if (packet.protocol === PROTOCOL_TCP) this.#tcp(packet, host);
    else if (packet.protocol === PROTOCOL_UDP) this.#udp(packet, host);
    else if (packet.protocol === PROTOCOL_ICMP) this.#icmp(packet, host);
    else this.counters.dropped++;
  }

  /** The host's address for one that a guest uses. */
  #hostAddress(address: Ipv4Address): Ipv4Address | null {
    if (sameBytes(address, this.#wire.router)) return LOOPBACK;
    if (sameBytes(address, this.#wire.nameServer)) return this.#host.nameServer;
    return isUnicast(address) && !this.#wire.isLocal(address) ? address : null;
  }

  #send(packet: Ipv4Packet): void {
    const mac = this.#neighbours.get(get32(packet.destination, 0));
    if (mac !== undefined) {
      this.#wire.send(packet, mac);
      return;
    }
    if (this.#waiting.length >= MOST_WAITING) this.#waiting.shift();
    this.#waiting.push(packet);
    holds(this.#waiting.length <= MOST_WAITING, "NAT", "more packets wait than there is room for");
    this.#wire.ask(packet.destination);
  }

  // ---- TCP

  #tcp(packet: Ipv4Packet, host: Ipv4Address): void {
    const segment = parseSegment(packet);
    if (segment === null) {
      this.counters.dropped++;
      return;
    }
    const { source: guest, destination } = packet;
    const { sourcePort: guestPort, destinationPort } = segment;
    const key = `${endpoint(guest, guestPort)} ${endpoint(destination, destinationPort)}`;
    const stream = this.#streams.get(key);
    const isSyn = (segment.flags & (SYN | ACK | RST)) === SYN;
    if (stream !== undefined && !(isSyn && stream.isOver)) stream.segment(segment);
    else if (isSyn && (stream !== undefined || this.#hasRoom())) {
      const made = this.#newStream(key, destination, destinationPort, guest, guestPort);
      made.accept(segment, (events: StreamEvents) => this.#host.connect(host, destinationPort, events));
    } else if (!(segment.flags & RST)) this.#sendSegment(destination, guest, refusalOf(segment));
  }

  #hasRoom(): boolean {
    if (this.#streams.size < MOST_STREAMS) return true;
    for (const [key, { isOver }] of this.#streams) {
      if (!isOver) continue;
      this.#streams.delete(key);
      this.counters.streams--;
      return true;
    }
    this.counters.refused++;
    return false;
  }

  #sendSegment(source: Ipv4Address, destination: Ipv4Address, segment: Segment): void {
    const payload = segmentBytes(source, destination, segment);
    this.#send({ source, destination, protocol: PROTOCOL_TCP, payload });
  }

  #newStream(
    key: string,
    source: Ipv4Address,
    sourcePort: number,
    destination: Ipv4Address,
    destinationPort: number,
  ): NatStream {
    const wire = this.#wire;
    const stream = new NatStream(
      {
        get nowNs(): number {
          return wire.nowNs;
        },
        send: (segment) => this.#sendSegment(source, destination, { sourcePort, destinationPort, ...segment }),
      },
      // Guests are the only ones to see it, and the path to them is a cable: it need not be hard to guess.
      (this.#initial = (this.#initial + 64_000) >>> 0),
    );
    this.counters.streams++;
    this.#streams.set(key, stream);
    holds(this.#streams.size <= MOST_STREAMS, "NAT", "more connections than there is room for");
    return stream;
  }

  /**
   * A connection has come to a forwarded port of the host. Null: the guest cannot be reached, and it is to be ended.
   */
  forwardStream(target: Target, port: number, host: HostStream): StreamEvents | null {
    const guest = target();
    const { router } = this.#wire;
    if (guest === null || !this.#hasRoom()) return null;
    const to = endpoint(guest, port);
    const ours = this.#freePort((candidate) => this.#streams.has(`${to} ${endpoint(router, candidate)}`));
    const stream = this.#newStream(`${to} ${endpoint(router, ours)}`, router, ours, guest, port);
    stream.open(host);
    return stream;
  }

  /** There are more ports than streams or flows, so one is free. */
  #freePort(isTaken: (port: number) => boolean): number {
    do this.#nextPort = (this.#nextPort + 1) % PORTS;
    while (isTaken(FIRST_PORT + this.#nextPort));
    holds(this.#nextPort >= 0 && this.#nextPort < PORTS, "NAT", "a port that is none");
    return FIRST_PORT + this.#nextPort;
  }

  // ---- UDP

  #udp(packet: Ipv4Packet, host: Ipv4Address): void {
    const { source: guest, destination } = packet;
    const datagram = parseUdp(packet);
    // The name server's address has names and nothing else; port 0 is nobody's.
    const isForNobody =
      datagram === null ||
      datagram.destinationPort === 0 ||
      (sameBytes(destination, this.#wire.nameServer) && datagram.destinationPort !== DNS_PORT);
    if (isForNobody) {
      this.counters.dropped++;
      return;
    }
    const { sourcePort, destinationPort, data } = datagram;
    const isReturn = sameBytes(destination, this.#wire.router) && this.#returns.has(destinationPort);
    const flow = isReturn ? this.#returns.get(destinationPort)! : this.#flowOf(guest, sourcePort);
    if (flow === null) return;
    flow.lastNs = this.#wire.nowNs;
    if (!isReturn) {
      flow.peers.set(endpoint(host, destinationPort), destination);
      if (flow.peers.size > MOST_PEERS) flow.peers.delete(flow.peers.keys().next().value!);
      holds(flow.peers.size <= MOST_PEERS, "NAT", "a port has more peers than there is room for");
    }
    flow.socket.send(data.slice(), host, destinationPort);
  }

  #hasRoomForFlow(): boolean {
    if (this.#flows.size + this.#returns.size < MOST_FLOWS) return true;
    this.counters.refused++;
    return false;
  }

  #flowOf(guest: Ipv4Address, guestPort: number): Flow | null {
    const key = endpoint(guest, guestPort);
    const known = this.#flows.get(key);
    if (known !== undefined || !this.#hasRoomForFlow()) return known ?? null;
    const peers = new Map<string, Ipv4Address>();
    const socket = this.#host.datagrams((bytes, address, port) => {
      // Only those to whom the guest has written are heard.
      const seen = peers.get(endpoint(address, port));
      const flow = this.#flows.get(key);
      if (seen === undefined || flow === undefined) return;
      flow.lastNs = this.#wire.nowNs;
      this.#sendDatagram(seen, port, guest, guestPort, bytes);
    });
    const flow: Flow = { socket, peers, lastNs: this.#wire.nowNs };
    this.counters.flows++;
    this.#flows.set(key, flow);
    holds(this.#flows.size + this.#returns.size <= MOST_FLOWS, "NAT", "more flows than there is room for");
    return flow;
  }

  #sendDatagram(
    source: Ipv4Address,
    sourcePort: number,
    destination: Ipv4Address,
    destinationPort: number,
    data: Uint8Array,
  ): void {
    if (data.length > MOST_DATAGRAM_BYTES) {
      this.counters.refused++;
      return;
    }
    const payload = udpBytes(source, destination, { sourcePort, destinationPort, data });
    this.#send({ source, destination, protocol: PROTOCOL_UDP, payload });
  }

  /** A datagram has come to a forwarded port of the host, from there; `answer` sends one back. */
  forwardDatagram(
    target: Target,
    port: number,
    from: { readonly address: Ipv4Address; readonly port: number },
    data: Uint8Array,
    answer: (bytes: Uint8Array) => void,
  ): void {
    const guest = target();
    if (guest === null) return;
    const key = `${endpoint(from.address, from.port)} ${port}`;
    let ours = this.#returnPorts.get(key);
    if (ours === undefined) {
      if (!this.#hasRoomForFlow()) return;
      ours = this.#freePort((candidate) => this.#returns.has(candidate));
      const socket = { send: answer, close: () => void this.#returnPorts.delete(key) };
      this.#returns.set(ours, { socket, peers: new Map(), lastNs: 0 });
      this.#returnPorts.set(key, ours);
      this.counters.flows++;
    }
    this.#returns.get(ours)!.lastNs = this.#wire.nowNs;
    this.#sendDatagram(this.#wire.router, ours, guest, port, data);
  }

  // ---- ICMP

  #icmp(packet: Ipv4Packet, host: Ipv4Address): void {
    const { source, destination, payload } = packet;
    const isRequest =
      payload.length >= 8 &&
      payload[0] === ICMP_ECHO_REQUEST &&
      payload[1] === 0 &&
      internetChecksum(payload, 0, payload.length) === 0;
    if (!isRequest || this.counters.pings >= MOST_PINGS) {
      if (isRequest) this.counters.refused++;
      else this.counters.dropped++;
      return;
    }
    const reply = payload.slice();
    reply[0] = ICMP_ECHO_REPLY;
    put16(reply, 2, 0);
    put16(reply, 2, internetChecksum(reply, 0, reply.length));
    this.counters.pings++;
    holds(this.counters.pings <= MOST_PINGS, "NAT", "more pings are under way than there is room for");
    void this.#host.ping(host, payload.length - 8).then((isAnswered) => {
      this.counters.pings--;
      holds(this.counters.pings >= 0, "NAT", "a ping ends that never began");
      if (isAnswered) this.#send({ source: destination, destination: source, protocol: PROTOCOL_ICMP, payload: reply });
    });
  }

  // ---- Time and the end

  /** Looks at the time. To be called now and then, such as each virtual millisecond. */
  tick(): void {
    for (const [key, stream] of this.#streams) {
      stream.tick();
      if (!stream.isGone) continue;
      this.#streams.delete(key);
      this.counters.streams--;
    }
    this.#closeIdle(this.#flows);
    this.#closeIdle(this.#returns);
  }

  #closeIdle<Key>(table: Map<Key, Flow>): void {
    for (const [key, flow] of table) {
      if (this.#wire.nowNs - flow.lastNs < FLOW_IDLE_NS) continue;
      flow.socket.close();
      table.delete(key);
      holds(this.counters.flows > 0, "NAT", "a flow ends that was not counted");
      this.counters.flows--;
    }
  }

  /** Ends every connection and closes every socket. */
  close(): void {
    for (const stream of this.#streams.values()) stream.abort();
    for (const { socket } of [...this.#flows.values(), ...this.#returns.values()]) socket.close();
    this.#streams.clear();
    this.#flows.clear();
    this.#returns.clear();
  }
}
