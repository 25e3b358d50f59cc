/**
 * How programs behind a home gateway ask it for a port: NAT-PMP (RFC 6886) and PCP (RFC 6887), both at UDP port 5351 of
 * the gateway. UPnP, by which they ask too, is in upnp/; what gateways say that is not so is in lies.ts.
 */
import { holds } from "../../state/invariant.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import { get16, get32, put16 } from "../packet.ts";
import { Liar, type RouterLies } from "./lies.ts";
import type { Endpoint, Protocol, Translation } from "./translation.ts";

export const PORT_MAPPING_PORT = 5351;

export interface PortMappingConfig {
  readonly natPmp: boolean;
  readonly pcp: boolean;
  readonly lies?: RouterLies;
}

const PMP = { version: 0, isAnswer: 128, address: 0, udp: 1, tcp: 2 } as const;
const PMP_RESULT = { done: 0, version: 1, refused: 2, full: 4, opcode: 5 } as const;
const PCP = {
  version: 2,
  isAnswer: 0x80,
  announce: 0,
  map: 1,
  headerBytes: 24,
  mapBytes: 60,
  mostBytes: 1100,
} as const;
const PCP_RESULT = {
  done: 0,
  version: 1,
  notAuthorized: 2,
  malformed: 3,
  opcode: 4,
  full: 8,
  protocol: 9,
  mismatch: 12,
} as const;
const NONCE_BYTES = 12;
const SECOND_NS = 1e9;
const LONGEST_SECONDS = 86_400;
/** Mappings for programs that there is room for. */
const MOST_MAPPINGS = 128;
const PROTOCOLS: Readonly<Record<number, Protocol>> = { 6: "tcp", 17: "udp" };

interface Granted {
  readonly protocol: Protocol;
  readonly inside: Endpoint;
  readonly port: number;
  readonly nonce: string;
  endsNs: number;
}

export class PortMappingServer implements Stateful {
  readonly #config: PortMappingConfig;
  readonly #translation: Translation;
  readonly #publicAddress: () => number;
  readonly #liar: Liar;
  /** By protocol and the machine's own port. */
  readonly #granted = new Map<string, Granted>();
  /** Since when it has known its mappings: what clients see of a loss (RFC 6886, 3.6). */
  #bornNs = 0;

  constructor(config: PortMappingConfig, translation: Translation, publicAddress: () => number) {
    this.#config = config;
    this.#translation = translation;
    this.#liar = new Liar(config.lies ?? {}, translation);
    this.#publicAddress = () => this.#liar.lies.publicAddress ?? publicAddress();
  }

  /** Those that it says are there. */
  get granted(): readonly Pick<Granted, "protocol" | "inside" | "port">[] {
    return [...this.#granted.values()];
  }

  /** All is lost, as with the gateway's power. */
  reset(nowNs: number): void {
    this.#granted.clear();
    this.#bornNs = nowNs;
  }

  /** What time does by itself. */
  tick(nowNs: number): void {
    if (this.#liar.forgets(nowNs))
      for (const { protocol, port } of this.#granted.values()) this.#translation.unforward(protocol, port, null);
    for (const [key, { endsNs }] of this.#granted) if (endsNs <= nowNs) this.#granted.delete(key);
  }

  /** The answer to a datagram; null: there is none. */
  answer(message: Uint8Array, from: Endpoint, nowNs: number): Uint8Array | null {
    const { natPmp, pcp } = this.#config;
    if (message.length < 2 || message[1]! & PMP.isAnswer) return null;
    if (message[0] === PCP.version && pcp) return this.#pcp(message, from, nowNs);
    if (natPmp) return this.#natPmp(message, from, nowNs);
    return pcp ? this.#pcpError(message, PCP_RESULT.version, nowNs) : null;
  }

  #natPmp(message: Uint8Array, from: Endpoint, nowNs: number): Uint8Array | null {
    const opcode = message[1]!;
    const answer = (bytes: number, result: number): Uint8Array => {
      const reply = new Uint8Array(bytes);
      reply[1] = opcode + PMP.isAnswer;
      put16(reply, 2, result);
      put32(reply, 4, this.#epoch(nowNs));
      return reply;
    };
    if (message[0] !== PMP.version) return answer(8, PMP_RESULT.version);
    if (opcode === PMP.address) {
      const reply = answer(12, PMP_RESULT.done);
      put32(reply, 8, this.#publicAddress());
      return reply;
    }
    if (opcode !== PMP.udp && opcode !== PMP.tcp) return answer(8, PMP_RESULT.opcode);
    if (message.length < 12) return null;
    const protocol = opcode === PMP.udp ? "udp" : "tcp";
    const inside = { address: from.address, port: get16(message, 4) };
    const seconds = get32(message, 8);
    const reply = answer(16, PMP_RESULT.done);
    put16(reply, 8, inside.port);
    if (seconds === 0) {
      this.#release(protocol, inside, null);
      return reply;
    }
    const port = inside.port === 0 ? null : this.#grant(protocol, inside, get16(message, 6), seconds, "", nowNs);
    if (port === null) put16(reply, 2, inside.port === 0 ? PMP_RESULT.refused : PMP_RESULT.full);
    put16(reply, 10, port ?? 0);
    put32(reply, 12, port === null ? 0 : Math.min(seconds, LONGEST_SECONDS));
    return reply;
  }

  #pcp(message: Uint8Array, from: Endpoint, nowNs: number): Uint8Array | null {
    const opcode = message[1]!;
    if (message.length < PCP.headerBytes || message.length > PCP.mostBytes || message.length % 4 !== 0)
      return this.#pcpError(message, PCP_RESULT.malformed, nowNs);
    if (get32(message, 20) !== from.address || !isMapped(message, 8))
      return this.#pcpError(message, PCP_RESULT.mismatch, nowNs);
    if (opcode === PCP.announce) return this.#pcpAnswer(message, PCP_RESULT.done, 0, nowNs);
    if (opcode !== PCP.map) return this.#pcpError(message, PCP_RESULT.opcode, nowNs);
    if (message.length < PCP.mapBytes) return this.#pcpError(message, PCP_RESULT.malformed, nowNs);
    return this.#pcpMap(message, from, nowNs);
  }

  #pcpMap(message: Uint8Array, from: Endpoint, nowNs: number): Uint8Array {
    const protocol = PROTOCOLS[message[36]!];
    if (!protocol) return this.#pcpError(message, PCP_RESULT.protocol, nowNs);
    const seconds = get32(message, 4);
    const inside = { address: from.address, port: get16(message, 40) };
    const nonce = message.subarray(PCP.headerBytes, PCP.headerBytes + NONCE_BYTES).join(",");
    const there = this.#granted.get(keyOf(protocol, inside));
    if (there && there.nonce !== "" && there.nonce !== nonce)
      return this.#pcpError(message, PCP_RESULT.notAuthorized, nowNs);
    if (seconds === 0) {
      this.#release(protocol, inside, nonce);
      return this.#pcpAnswer(message, PCP_RESULT.done, 0, nowNs);
    }
    if (inside.port === 0) return this.#pcpError(message, PCP_RESULT.malformed, nowNs);
    const port = this.#grant(protocol, inside, get16(message, 42), seconds, nonce, nowNs);
    if (port === null) return this.#pcpError(message, PCP_RESULT.full, nowNs);
    const reply = this.#pcpAnswer(message, PCP_RESULT.done, Math.min(seconds, LONGEST_SECONDS), nowNs);
    put16(reply, 42, port);
    reply.fill(0, 44, 60);
    reply.fill(0xff, 54, 56);
    put32(reply, 56, this.#publicAddress());
    return reply;
  }

  #pcpError(message: Uint8Array, result: number, nowNs: number): Uint8Array {
    return this.#pcpAnswer(message, result, result === PCP_RESULT.full ? 30 : 1800, nowNs);
  }

  /** RFC 6887, 7.2: what was asked comes back behind another header. */
  #pcpAnswer(message: Uint8Array, result: number, seconds: number, nowNs: number): Uint8Array {
    const bytes = Math.min(PCP.mostBytes, Math.max(PCP.headerBytes, message.length & ~3));
    const reply = new Uint8Array(bytes);
    reply.set(message.subarray(0, bytes));
    reply[0] = PCP.version;
    reply[1] = (message[1]! & 0x7f) | PCP.isAnswer;
    reply[2] = 0;
    reply[3] = result;
    put32(reply, 4, seconds);
    put32(reply, 8, this.#epoch(nowNs));
    reply.fill(0, 12, 24);
    return reply;
  }

  #epoch(nowNs: number): number {
    return Math.floor((nowNs - this.#bornNs) / SECOND_NS);
  }

  #grant(
    protocol: Protocol,
    inside: Endpoint,
    wanted: number,
    seconds: number,
    nonce: string,
    nowNs: number,
  ): number | null {
    const key = keyOf(protocol, inside);
    const there = this.#granted.get(key);
    if (!there && this.#granted.size >= MOST_MAPPINGS) return null;
    const port = there?.port ?? this.#translation.freePort(protocol, wanted || inside.port, nowNs);
    if (port === null) return null;
    const endsNs = nowNs + Math.min(seconds, LONGEST_SECONDS) * SECOND_NS;
    if (!this.#liar.open({ protocol, port, to: inside, endsNs }, there !== undefined, nowNs)) return null;
    this.#granted.set(key, { protocol, inside, port, nonce, endsNs });
    holds(this.#granted.size <= MOST_MAPPINGS, "port mapping", "more mappings than there is room for");
    return port;
  }

  /** Port 0: all of the machine. */
  #release(protocol: Protocol, inside: Endpoint, nonce: string | null): void {
    for (const [key, granted] of this.#granted) {
      const isMeant =
        granted.protocol === protocol &&
        granted.inside.address === inside.address &&
        (inside.port === 0 || granted.inside.port === inside.port);
      if (!isMeant || (nonce !== null && granted.nonce !== "" && granted.nonce !== nonce)) continue;
      this.#granted.delete(key);
      this.#translation.unforward(protocol, granted.port, inside.address);
    }
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("port mapping", 2);
    this.#bornNs = visitor.integer(this.#bornNs);
    this.#liar.visitState(visitor);
    const entries = [...this.#granted];
    const count = visitor.u32(entries.length);
    if (visitor.restoring) this.#granted.clear();
    for (let index = 0; index < count; index++) {
      const [key, granted] = entries[index] ?? ["", null];
      const visitedKey = visitor.text(key);
      const visited: Granted = {
        protocol: visitor.text(granted?.protocol ?? "") as Protocol,
        inside: { address: visitor.u32(granted?.inside.address ?? 0), port: visitor.u16(granted?.inside.port ?? 0) },
        port: visitor.u16(granted?.port ?? 0),
        nonce: visitor.text(granted?.nonce ?? ""),
        endsNs: visitor.integer(granted?.endsNs ?? 0),
      };
      if (visitor.restoring) this.#granted.set(visitedKey, visited);
    }
  }
}

const keyOf = (protocol: Protocol, { address, port }: Endpoint): string => `${protocol} ${address}:${port}`;

/** ::ffff:0:0/96, in which addresses of IPv4 are written (RFC 6887, 5). */
const isMapped = (message: Uint8Array, at: number): boolean =>
  message.subarray(at, at + 10).every((byte) => byte === 0) && get16(message, at + 10) === 0xffff;

function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, Math.floor(value / 0x10000));
  put16(bytes, at + 2, value & 0xffff);
}
