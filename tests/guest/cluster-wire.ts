/**
 * The cluster's packets as a stranger on the wire says and hears them (docs/protocols/cluster.md). It has the key that
 * everybody has, that of open clusters, unless it is given another one.
 */
import { createHmac } from "node:crypto";
import {
  arpBytes,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseArp,
  parseIpv4,
  parseIpv4Packet,
  parseUdp,
  sameBytes,
  udpBytes,
} from "../../emulator/ether/packet.ts";
import type { LabCluster, LabPlug } from "../../src/index.ts";

export const HELLO = 1;
export const VIEW = 2;
export const REPORT = 3;
export const BYE = 4;
export const PROBE = 7;
const JOIN = 13;
export const EVENTS = 15;
export const HISTORY = 16;
export const JOINING = 1;
export const MEMBER = 2;
/** In a report: the sender wants to have the whole view. */
export const ASK = 2;

const MAGIC = 0x4c435251;
export const VERSION = 6;
const PORT = 20818;
const GROUP = parseIpv4("239.255.81.82");
const GROUP_MAC = Uint8Array.of(0x01, 0x00, 0x5e, 0x7f, 0x51, 0x52);
export const HEADER_BYTES = 128;
export const REQUEST_BYTES = 144;
export const VIEW_BYTES = 152;
export const ENTRY_BYTES = 68;
const MEMBERS_AT = HEADER_BYTES;
const CODE_BYTES = 16;
/** The session that a packet answers. */
export const ECHO_AT = 88;
const CODE_AT = 96;
const VALUES_AT = 112;
const HISTORY_AT = 120;
/** A flag of packets in clusters without a key. */
export const OPEN = 4;
/** The sender founded its era alone. */
export const ALONE = 8;

/** What a stranger says. Ids are 16 hexadecimal digits. */
export interface Said {
  readonly kind: number;
  readonly state: number;
  readonly era: number;
  readonly id: string;
  /** Of its cluster; a joining node has none. */
  readonly founder?: string;
  readonly flags?: number;
  readonly age?: number;
  /** Of its kernel; 1 when absent. */
  readonly revision?: number;
  /** Of the sender's boot; made of its id when absent. */
  readonly session?: string;
  /** What the packet answers; the session of the node that was heard last when absent. */
  readonly echo?: string;
  /** The packet of that session which it has heard; the last one when absent. */
  readonly number?: number;
  /** Of a request and its answer; 0 when absent. */
  readonly request?: number;
  /** Of the packet; the next one of its session when absent. */
  readonly sequence?: number;
  /** What follows the header, where it is not made of `members`. */
  readonly rest?: Uint8Array;
  /** The values that the sender has; none when absent. */
  readonly values?: { readonly number: number; readonly digest: number };
  readonly name?: string;
  /** The last byte of its addresses; that of its id when absent. */
  readonly last?: number;
  /** The events that the sender has; none when absent. */
  readonly history?: { readonly number: number; readonly digest: number };
  /**
   * Members that a view names beside its sender: an id, and a session behind a blank where that is not made of the id.
   */
  readonly members?: readonly string[];
}

/** What a node said. */
export interface Heard {
  readonly atMs: number;
  readonly kind: number;
  readonly state: number;
  readonly flags: number;
  readonly era: number;
  readonly age: number;
  readonly id: string;
  readonly founder: string;
  /** Of a view, else 0. */
  readonly members: number;
  readonly session: string;
  readonly sequence: number;
  readonly to: string;
  /** All of it. */
  readonly data: Uint8Array;
}

/** Milliseconds between what was heard, one after the other. */
export const spans = (heard: readonly Pick<Heard, "atMs">[]): number[] =>
  heard.slice(1).map(({ atMs }, index) => atMs - heard[index]!.atMs);

const NOBODY = "0".repeat(16);
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const bytesOf = (id: string): number[] =>
  Array.from({ length: 8 }, (_, at) => Number.parseInt(id.substr(at * 2, 2), 16));

/** Whether a packet's code was made with this key line, or with the key of open clusters. */
export function isSignedWith(bytes: Uint8Array, line: string | null): boolean {
  return Buffer.from(signed(bytes.slice(), line)).equals(bytes);
}

/** The key of packets that follows from a cluster's key line (src/lab/cluster-key.ts); null: of an open cluster. */
function packetKey(line: string | null): Uint8Array {
  const [name, digits] = line === null ? ["open", "0".repeat(64)] : (line.trim().split(" ") as [string, string]);
  return createHmac("sha256", Buffer.from(digits, "hex")).update(`QuRe cluster 6 packets ${name}`).digest();
}

/** The data of the cluster's last packet that a plug has heard. */
export function lastHeard(plug: LabPlug): Uint8Array {
  return plug.received
    .map((frame) => (get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(frame.subarray(14)) : null))
    .map((packet) => packet && parseUdp(packet))
    .findLast((datagram) => datagram?.destinationPort === PORT)!.data;
}

/** Has a packet answer one that was heard: name its session and its number. */
export function answer(bytes: Uint8Array, heard: Uint8Array): void {
  bytes.set(heard.subarray(72, 76), 88);
  bytes.set(heard.subarray(80, 84), 92);
}

/** Puts the right code into a packet. */
export function signed(bytes: Uint8Array, line: string | null = null): Uint8Array {
  return signedWith(bytes, packetKey(line));
}

/** The same with a key for packets. */
export function signedWith(bytes: Uint8Array, key: Uint8Array): Uint8Array {
  if (bytes.length < HEADER_BYTES) return bytes;
  bytes.fill(0, CODE_AT, CODE_AT + CODE_BYTES);
  bytes.set(createHmac("sha256", key).update(bytes).digest().subarray(0, CODE_BYTES), CODE_AT);
  return bytes;
}

/** A member of a view, somewhere in the subnet; `numbers`: of the last packet of each session that was heard. */
function entryBytes(member: string, index: number, numbers: ReadonlyMap<string, number>): Uint8Array {
  const [id, session = id] = member.split(" ") as [string, string?];
  const bytes = new Uint8Array(ENTRY_BYTES);
  bytes.set(bytesOf(id));
  bytes[8] = 1;
  bytes[17] = MEMBER;
  bytes.set([10, 0, 2, 200 + index], 20);
  bytes.set(new TextEncoder().encode("another"), 24);
  bytes.set(bytesOf(session), 56);
  new DataView(bytes.buffer).setUint32(64, numbers.get(session) ?? 0, true);
  return bytes;
}

function packetBytes(
  { kind, state, era, id, founder, flags, age, session, echo, number, request, sequence, rest, ...more }: Said,
  address: Uint8Array,
  line: string | null,
  numbers: ReadonlyMap<string, number> = new Map(),
): Uint8Array {
  const { values, history, name = "stranger", members = [], revision = 1 } = more;
  const bytes = new Uint8Array(
    kind === VIEW && !rest ? VIEW_BYTES + members.length * ENTRY_BYTES : HEADER_BYTES + (rest?.length ?? 0),
  );
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  bytes.set([VERSION, kind, state, (flags ?? 0) | (line === null ? OPEN : 0)], 4);
  view.setUint32(8, era, true);
  view.setUint32(12, age ?? 1, true);
  view.setUint32(16, revision, true);
  view.setUint32(20, request ?? 0, true);
  bytes.set(bytesOf(id), 24);
  if (founder !== undefined) bytes.set(bytesOf(founder), 32);
  bytes.set(new TextEncoder().encode(name), 40);
  bytes.set(bytesOf(session ?? id), 72);
  view.setUint32(80, sequence ?? 0, true);
  bytes.set(address, 84);
  if (echo !== undefined) {
    bytes.set(bytesOf(echo).slice(0, 4), 88);
    view.setUint32(92, number ?? numbers.get(echo) ?? 1, true);
  }
  if (values) {
    view.setUint32(VALUES_AT, values.number, true);
    view.setInt32(VALUES_AT + 4, values.digest | 0, true);
  }
  if (history) {
    view.setUint32(HISTORY_AT, history.number, true);
    view.setUint32(HISTORY_AT + 4, history.digest, true);
  }
  if (rest) bytes.set(rest, HEADER_BYTES);
  if (kind === VIEW && !rest) view.setUint32(MEMBERS_AT, 1 + members.length, true);
  members.forEach((member, index) => bytes.set(entryBytes(member, index, numbers), VIEW_BYTES + index * ENTRY_BYTES));
  return signed(bytes, line);
}

/** A packet whose code is made with a key of its own. */
export function bytesWith(said: Said, key: Uint8Array): Uint8Array {
  const last = said.last ?? Number.parseInt(said.id.slice(-2), 16);
  return signedWith(packetBytes(said, parseIpv4(`10.0.2.${last}`), null), key);
}

/** The digest of a region of values (docs/protocols/cluster-values.md). */
export function regionDigest(region: Uint8Array): number {
  const words = new Uint32Array(region.slice().buffer);
  return words.reduce((mixed, word) => {
    const product = Math.imul(mixed ^ word, 0x01000193);
    return (((product << 7) | (product >>> 25)) + 0x811c9dc5) | 0;
  }, 0);
}

/** A plug in the cluster's switch that hears the nodes' packets and says those of strangers. */
export class ClusterWire {
  readonly heard: Heard[] = [];
  /** The session that packets answer before one was heard. */
  present: string | null = null;
  readonly #lab: LabCluster;
  readonly #plug: LabPlug;
  #key: string | null;
  readonly #sequences = new Map<string, number>();
  /** By session that was heard: the number of its last packet. */
  readonly #numbers = new Map<string, number>();
  /** Last bytes of the addresses that it answers for. */
  readonly #found = new Set<number>();

  constructor(lab: LabCluster, key: string | null = null) {
    this.#lab = lab;
    this.#key = key;
    this.#plug = lab.plug("strangers");
    this.#plug.answer((frame) => {
      this.#hear(frame);
      return this.#whereIs(frame);
    });
  }

  /** Answers who asks for a stranger that has an address. */
  #whereIs(frame: Uint8Array): Uint8Array[] {
    const arp = get16(frame, 12) === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null;
    if (arp?.operation !== 1) return [];
    const last = arp.targetIp[3]!;
    if (!this.#found.has(last) || !sameBytes(arp.targetIp, parseIpv4(`10.0.2.${last}`))) return [];
    const senderMac = Uint8Array.of(2, 0, 0, 0, 0, last);
    const reply = { operation: 2, senderMac, senderIp: arp.targetIp, targetMac: arp.senderMac, targetIp: arp.senderIp };
    return [ethernetFrame(arp.senderMac, senderMac, ETHERTYPE_ARP, arpBytes(reply))];
  }

  #hear(frame: Uint8Array): void {
    const packet = get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(frame.subarray(14)) : null;
    const datagram = packet?.protocol === PROTOCOL_UDP ? parseUdp(packet) : null;
    if (!packet || datagram?.destinationPort !== PORT) return;
    const { data } = datagram;
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const session = hex(data.subarray(72, 80));
    const sequence = view.getUint32(80, true);
    this.#numbers.set(session, Math.max(this.#numbers.get(session) ?? 0, sequence));
    this.heard.push({
      atMs: this.#lab.nowNs / 1e6,
      kind: data[5]!,
      state: data[6]!,
      flags: data[7]!,
      era: view.getUint32(8, true),
      age: view.getUint32(12, true),
      id: hex(data.subarray(24, 32)),
      founder: hex(data.subarray(32, 40)),
      members: data[5] === VIEW ? view.getUint32(MEMBERS_AT, true) : 0,
      session,
      sequence,
      data: data.slice(),
      to: packet.destination.join("."),
    });
  }

  /** Says something to the group. Its sender's addresses follow from one byte. */
  say(said: Said): void {
    const last = said.last ?? Number.parseInt(said.id.slice(-2), 16);
    const source = parseIpv4(`10.0.2.${last}`);
    const session = said.session ?? said.id;
    const sequence = said.sequence ?? (this.#sequences.get(session) ?? 0) + 1;
    this.#sequences.set(session, sequence);
    const echo = said.echo ?? this.heard.at(-1)?.session ?? this.present ?? NOBODY;
    this.sayBytes(packetBytes({ ...said, session, sequence, echo }, source, this.#key, this.#numbers), last);
  }

  /** The same in the name of somebody who goes on with its own numbers. */
  forge(said: Said & { readonly session: string }): void {
    const own = this.#sequences.get(said.session) ?? 0;
    this.say(said);
    this.#sequences.set(said.session, own);
  }

  /** Says these bytes to the group, from the address 10.0.2.`last`. */
  sayBytes(data: Uint8Array, last: number): void {
    this.sayBytesFrom(data, `10.0.2.${last}`);
  }

  /** Says these bytes to the group, from an address and a port. */
  sayBytesFrom(data: Uint8Array, address: string, sourcePort = PORT): void {
    const source = parseIpv4(address);
    const payload = udpBytes(source, GROUP, { sourcePort, destinationPort: PORT, data });
    const ip = ipv4Bytes({ source, destination: GROUP, protocol: PROTOCOL_UDP, payload }, 1);
    this.#plug.send(ethernetFrame(GROUP_MAC, Uint8Array.of(2, 0, 0, 0, 0, source[3]!), ETHERTYPE_IPV4, ip));
  }

  /** From now on strangers have this key line. */
  changeKey(line: string): void {
    this.#key = line;
  }

  /** From now on a stranger can be spoken to alone. */
  appear(id: string): void {
    this.#found.add(Number.parseInt(id.slice(-2), 16));
  }

  /** Says something with a code that is made with another key. */
  sayWith(said: Said, key: Uint8Array): void {
    this.sayBytes(bytesWith(said, key), said.last ?? Number.parseInt(said.id.slice(-2), 16));
  }

  /** Asks for the key that goes with the code of which `key` was made. */
  askToJoin(key: Uint8Array, nonce: Uint8Array): void {
    const id = "0200000000000077";
    const header = packetBytes({ kind: JOIN, state: JOINING, era: 0, id, sequence: 1 }, parseIpv4("10.0.2.119"), null);
    const bytes = new Uint8Array(REQUEST_BYTES);
    bytes.set(header);
    bytes.set(nonce, HEADER_BYTES);
    this.appear(id);
    this.sayBytes(signedWith(bytes, key), 0x77);
  }

  /** What was heard of a kind since a moment, and before another. */
  of(kind: number, fromMs = 0, toMs = Infinity): Heard[] {
    return this.heard.filter((heard) => heard.kind === kind && heard.atMs >= fromMs && heard.atMs < toMs);
  }
}
