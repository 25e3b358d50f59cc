/**
 * What a home gateway remembers of who talks with whom: address translation with the behaviours of RFC 4787 (UDP), RFC
 * 5382 (TCP) and RFC 5508 (ICMP). It knows no packets; ports stand for the identifiers of pings too.
 */
import { holds } from "../../state/invariant.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";

/** RFC 4787, 4.1 and 5: by what a mapping is chosen, and who may send to it. */
export interface NatBehaviour {
  readonly mapping: "endpoint" | "address and port";
  readonly filtering: "endpoint" | "address" | "address and port";
}

/** By the names of RFC 3489, which people still use. */
export const NAT_KINDS = {
  "full-cone": { mapping: "endpoint", filtering: "endpoint" },
  "address-restricted": { mapping: "endpoint", filtering: "address" },
  "port-restricted": { mapping: "endpoint", filtering: "address and port" },
  symmetric: { mapping: "address and port", filtering: "address and port" },
} as const satisfies Readonly<Record<string, NatBehaviour>>;

export type NatKind = keyof typeof NAT_KINDS;
export type Protocol = "tcp" | "udp" | "icmp";

/** An address as a number of 32 bits, and a port. */
export interface Endpoint {
  readonly address: number;
  readonly port: number;
}

export interface TranslationConfig {
  readonly kind: NatKind;
  /** After this time without a packet from inside, a mapping of UDP is gone: 30, 120 or 300 s in most gateways. */
  readonly udpIdleNs?: number;
  readonly tcpIdleNs?: number;
  /** Mappings that there is room for; what is new is refused when there is none. */
  readonly room?: number;
}

/** What a person, or a program by PCP, has set: what comes to a port goes to a machine. */
export interface Forward {
  readonly protocol: Protocol;
  readonly port: number;
  readonly to: Endpoint;
  /** Infinity: until it is deleted. */
  readonly endsNs: number;
}

interface Mapping {
  readonly protocol: Protocol;
  readonly inside: Endpoint;
  /** Only of a symmetric one. */
  readonly remote: Endpoint | null;
  readonly port: number;
  /** To whom it has sent, by address and port and, with port 0, by address. */
  readonly known: Map<string, number>;
  lastNs: number;
  /** Of TCP: somebody has ended or reset the connection. */
  isEnding: boolean;
}

const UDP_IDLE_NS = 120e9;
/** RFC 5382, REQ-5: two hours and four minutes. */
const TCP_IDLE_NS = 7440e9;
/** RFC 5382, REQ-5: a connection that is not there yet, or no more. */
const TCP_TRANSITORY_NS = 240e9;
/** RFC 5508, REQ-2. */
const ICMP_IDLE_NS = 60e9;
const ROOM = 1024;
/** A mapping remembers so many to whom it has sent; the one written to longest ago makes room. */
const MOST_KNOWN = 256;
const FIRST_PORT = 1024;
const PORTS = 0x10000 - FIRST_PORT;

const nameOf = ({ address, port }: Endpoint): string => `${address}:${port}`;

export class Translation implements Stateful {
  readonly #behaviour: NatBehaviour;
  readonly #idleNs: Readonly<Record<Protocol, number>>;
  readonly #room: number;
  /** By protocol, inside, and, where it matters, remote. */
  readonly #outward = new Map<string, Mapping>();
  /** By protocol and port. */
  readonly #inward = new Map<string, Mapping>();
  readonly #forwards = new Map<string, Forward>();
  #refused = 0;
  /** Nothing comes through ports that programs asked for, though they were granted; those of a person lead inside. */
  grantsAreDead = false;

  constructor({ kind, udpIdleNs, tcpIdleNs, room }: TranslationConfig) {
    this.#behaviour = NAT_KINDS[kind];
    this.#idleNs = { udp: udpIdleNs ?? UDP_IDLE_NS, tcp: tcpIdleNs ?? TCP_IDLE_NS, icmp: ICMP_IDLE_NS };
    this.#room = room ?? ROOM;
    holds(this.#room > 0 && this.#room <= PORTS, "translation", "it has room for more mappings than there are ports");
  }

  /** Packets for which there was no room. */
  get refused(): number {
    return this.#refused;
  }

  get forwards(): readonly Forward[] {
    return [...this.#forwards.values()];
  }

  /** The port that a packet from inside leaves by; null when there is no room. */
  outward(protocol: Protocol, inside: Endpoint, remote: Endpoint, nowNs: number): number | null {
    const forwarded = this.#forwardTo(protocol, inside, nowNs);
    if (forwarded) return forwarded.port;
    const isSymmetric = this.#behaviour.mapping === "address and port";
    const key = `${protocol} ${nameOf(inside)}${isSymmetric ? ` ${nameOf(remote)}` : ""}`;
    let mapping = this.#outward.get(key);
    if (mapping && this.#isOver(mapping, nowNs)) {
      this.#forget(key, mapping);
      mapping = undefined;
    }
    mapping ??= this.#map(key, protocol, inside, isSymmetric ? remote : null, nowNs);
    if (!mapping) {
      this.#refused++;
      return null;
    }
    mapping.lastNs = nowNs;
    for (const name of [nameOf(remote), `${remote.address}:0`]) {
      mapping.known.delete(name);
      mapping.known.set(name, nowNs);
    }
    while (mapping.known.size > MOST_KNOWN) mapping.known.delete(mapping.known.keys().next().value!);
    return mapping.port;
  }

  /** To whom a packet from outside goes; null when nobody inside has asked for it. */
  inward(protocol: Protocol, port: number, remote: Endpoint, nowNs: number): Endpoint | null {
    const forward = this.#forwards.get(`${protocol} ${port}`);
    const isDead = this.grantsAreDead && forward?.endsNs !== Infinity;
    if (forward && forward.endsNs > nowNs && !isDead) return forward.to;
    const mapping = this.#inward.get(`${protocol} ${port}`);
    if (!mapping || this.#isOver(mapping, nowNs)) return null;
    const { filtering } = this.#behaviour;
    const isLet =
      filtering === "endpoint" || mapping.known.has(filtering === "address" ? `${remote.address}:0` : nameOf(remote));
    return isLet ? mapping.inside : null;
  }

  /** A connection of TCP by this port is ending: it is kept for a short while only (RFC 5382, REQ-5). */
  ending(port: number): void {
    const mapping = this.#inward.get(`tcp ${port}`);
    if (mapping) mapping.isEnding = true;
  }

  /** Has what comes to a port go to a machine. False when the port is another machine's. */
  forward(forward: Forward, nowNs: number): boolean {
    holds(forward.port > 0 && forward.port <= 0xffff, "translation", "a port that is none is forwarded");
    const key = `${forward.protocol} ${forward.port}`;
    const there = this.#forwards.get(key);
    if (there && there.endsNs > nowNs && nameOf(there.to) !== nameOf(forward.to)) return false;
    const mapping = this.#inward.get(key);
    if (mapping && !this.#isOver(mapping, nowNs) && nameOf(mapping.inside) !== nameOf(forward.to)) return false;
    this.#forwards.set(key, forward);
    return true;
  }

  /** Takes a forwarded port back, or all of a protocol (port 0) to a machine's address. */
  unforward(protocol: Protocol, port: number, address: number | null): void {
    for (const [key, forward] of this.#forwards)
      if (
        forward.protocol === protocol &&
        (port === 0 || forward.port === port) &&
        (address === null || forward.to.address === address)
      )
        this.#forwards.delete(key);
  }

  /** Whether a port is nobody's: neither forwarded nor in use by whom it was given to on the way out. */
  isFree(protocol: Protocol, port: number, nowNs: number): boolean {
    const key = `${protocol} ${port}`;
    const mapping = this.#inward.get(key);
    const forward = this.#forwards.get(key);
    return (!mapping || this.#isOver(mapping, nowNs)) && (!forward || forward.endsNs <= nowNs);
  }

  /** A free port for a machine that asks for one, the wanted one if it can be. */
  freePort(protocol: Protocol, wanted: number, nowNs: number): number | null {
    for (let step = 0; step < PORTS; step++) {
      const port = FIRST_PORT + ((Math.max(wanted, FIRST_PORT) - FIRST_PORT + step) % PORTS);
      if (this.isFree(protocol, port, nowNs)) return port;
    }
    return null;
  }

  /** What a gateway loses with its power; forwards that a person has set stay where `keepForever` says so. */
  clear(keepForever: boolean): void {
    this.#outward.clear();
    this.#inward.clear();
    for (const [key, { endsNs }] of this.#forwards) if (!keepForever || endsNs !== Infinity) this.#forwards.delete(key);
  }

  #forwardTo(protocol: Protocol, inside: Endpoint, nowNs: number): Forward | null {
    for (const forward of this.#forwards.values())
      if (forward.protocol === protocol && forward.endsNs > nowNs && nameOf(forward.to) === nameOf(inside))
        return forward;
    return null;
  }

  /** The inside's own port where it is free (RFC 4787, 4.2.1), else the next one. */
  #map(key: string, protocol: Protocol, inside: Endpoint, remote: Endpoint | null, nowNs: number): Mapping | undefined {
    if (this.#outward.size >= this.#room)
      for (const [other, mapping] of this.#outward) if (this.#isOver(mapping, nowNs)) this.#forget(other, mapping);
    if (this.#outward.size >= this.#room) return undefined;
    const port = this.freePort(protocol, inside.port, nowNs);
    if (port === null) return undefined;
    const old = this.#inward.get(`${protocol} ${port}`);
    if (old) for (const [other, mapping] of this.#outward) if (mapping === old) this.#forget(other, mapping);
    const mapping = { protocol, inside, remote, port, known: new Map(), lastNs: nowNs, isEnding: false };
    this.#outward.set(key, mapping);
    this.#inward.set(`${protocol} ${port}`, mapping);
    holds(this.#outward.size === this.#inward.size, "translation", "a mapping has two ports, or none");
    return mapping;
  }

  #forget(key: string, mapping: Mapping): void {
    this.#outward.delete(key);
    this.#inward.delete(`${mapping.protocol} ${mapping.port}`);
  }

  #isOver({ protocol, lastNs, isEnding }: Mapping, nowNs: number): boolean {
    const idleNs = isEnding ? Math.min(TCP_TRANSITORY_NS, this.#idleNs[protocol]) : this.#idleNs[protocol];
    return nowNs - lastNs >= idleNs;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("translation", 2);
    this.#refused = visitor.integer(this.#refused);
    this.grantsAreDead = visitor.bool(this.grantsAreDead);
    this.#visitMappings(visitor);
    const forwards = [...this.#forwards.values()];
    const count = visitor.u32(forwards.length);
    if (visitor.restoring) this.#forwards.clear();
    for (let index = 0; index < count; index++) {
      const forward = forwards[index];
      const protocol = visitor.text(forward?.protocol ?? "") as Protocol;
      const port = visitor.u16(forward?.port ?? 0);
      const to = visitEndpoint(visitor, forward?.to);
      const endsNs = visitor.integer(forward?.endsNs ?? 0);
      if (visitor.restoring) this.#forwards.set(`${protocol} ${port}`, { protocol, port, to, endsNs });
    }
  }

  #visitMappings(visitor: StateVisitor): void {
    const mappings = [...this.#outward];
    const count = visitor.u32(mappings.length);
    if (visitor.restoring) {
      this.#outward.clear();
      this.#inward.clear();
    }
    for (let index = 0; index < count; index++) {
      const [key, mapping] = mappings[index] ?? ["", null];
      const visited: Mapping = {
        protocol: visitor.text(mapping?.protocol ?? "") as Protocol,
        inside: visitEndpoint(visitor, mapping?.inside),
        remote: visitor.bool(Boolean(mapping?.remote)) ? visitEndpoint(visitor, mapping?.remote ?? undefined) : null,
        port: visitor.u16(mapping?.port ?? 0),
        known: visitKnown(visitor, mapping?.known ?? new Map()),
        lastNs: visitor.integer(mapping?.lastNs ?? 0),
        isEnding: visitor.bool(mapping?.isEnding ?? false),
      };
      const visitedKey = visitor.text(key);
      if (!visitor.restoring) continue;
      this.#outward.set(visitedKey, visited);
      this.#inward.set(`${visited.protocol} ${visited.port}`, visited);
    }
  }
}

const visitEndpoint = (visitor: StateVisitor, endpoint: Endpoint = { address: 0, port: 0 }): Endpoint => ({
  address: visitor.u32(endpoint.address),
  port: visitor.u16(endpoint.port),
});

function visitKnown(visitor: StateVisitor, known: ReadonlyMap<string, number>): Map<string, number> {
  const entries = [...known];
  const count = visitor.u32(entries.length);
  return new Map(
    Array.from({ length: count }, (_, index) => [
      visitor.text(entries[index]?.[0] ?? ""),
      visitor.integer(entries[index]?.[1] ?? 0),
    ]),
  );
}
