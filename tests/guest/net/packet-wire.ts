/**
 * A neighbour on the wire for cases that are data: frames are built from what a row says, what the node sends is put
 * into one line of text each, and the node's counts are read from its memory.
 */
import { internetChecksum } from "../../../emulator/ether/internet-checksum.ts";
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  formatMac,
  get16,
  get32,
  parseIpv4,
  put16,
  sameBytes,
} from "../../../emulator/ether/packet.ts";
import type { LabCluster, LabNode, LabPlug } from "../../../src/index.ts";
import { readElf } from "../../../src/object/elf-reader.ts";
import { CLOUD, images } from "../../system/images.ts";

export const PEER = "10.0.2.77";
export const PEER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x77);
/** Neighbours that the peer answers for as well. */
const ALSO: ReadonlySet<string> = new Set([PEER, "10.0.2.78", "10.0.2.79"]);
const ICMP = 1;
const TCP = 6;
const UDP = 17;
const ARP_REQUEST = 1;
const CLUSTER_PORT = 20818;
/** Where the kernel's addresses begin: linear less this is physical (asm/include/memory.inc). */
const KERNEL_BASE = 0xc0000000;
const ANSWER_MS = 200;
const QUIET_MS = 12;
/** The node sends one ICMP error in so much time (asm/net/icmp-error.s). */
const BETWEEN_CASES_MS = 20;

export interface NodeFacts {
  readonly mac: Uint8Array;
  readonly address: string;
}

/** A frame as it depends on the node's addresses. */
export type Frame = (node: NodeFacts) => Uint8Array;

export interface PacketCase {
  readonly name: string;
  /** What the peer sends, in this order; a number is a wait in milliseconds. */
  readonly send: readonly (Frame | number)[];
  /** What the node answers, as `describeFrame` says it; a `*` stands for what does not matter. */
  readonly replies?: readonly string[];
  /** So many like the first of `replies`, or two less, instead of those. */
  readonly atMost?: number;
  /** Counts of `netstat -a` that rise. */
  readonly counts?: readonly string[];
}

export const filler = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index & 255);

export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export interface Ip {
  readonly from?: string;
  /** The node's address when absent. */
  readonly to?: string;
  readonly mac?: Uint8Array;
  readonly protocol: number;
  readonly payload: Uint8Array;
  readonly options?: readonly number[];
  readonly id?: number;
  /** Flags and offset as they lie in the header. */
  readonly fragment?: number;
  readonly ttl?: number;
  /** What is laid over the header after its checksum was made of the right one. */
  readonly version?: number;
  readonly length?: number;
  readonly badChecksum?: boolean;
}

export const ip =
  (packet: Ip): Frame =>
  (node) => {
    const options = [...(packet.options ?? [])];
    while (options.length % 4 !== 0) options.push(0);
    const header = new Uint8Array(20 + options.length);
    header[0] = packet.version ?? 0x40 | (header.length / 4);
    put16(header, 2, packet.length ?? header.length + packet.payload.length);
    put16(header, 4, packet.id ?? 1);
    put16(header, 6, packet.fragment ?? 0);
    header[8] = packet.ttl ?? 64;
    header[9] = packet.protocol;
    header.set(parseIpv4(packet.from ?? PEER), 12);
    header.set(parseIpv4(packet.to ?? node.address), 16);
    header.set(options, 20);
    const summed = Math.max(20, Math.min(header.length, (header[0]! & 15) * 4));
    put16(header, 10, internetChecksum(header, 0, summed) ^ (packet.badChecksum ? 1 : 0));
    return ethernetFrame(packet.mac ?? node.mac, PEER_MAC, ETHERTYPE_IPV4, join(header, packet.payload));
  };

/** An ICMP message with its checksum. */
export function icmpBytes(type: number, code: number, rest: readonly number[], data: Uint8Array): Uint8Array {
  const message = join([type, code, 0, 0], rest, data);
  put16(message, 2, internetChecksum(message, 0, message.length));
  return message;
}

export const echo = (id: number, sequence: number, data: Uint8Array): Uint8Array =>
  icmpBytes(8, 0, [id >> 8, id & 255, sequence >> 8, sequence & 255], data);

export const icmp = (payload: Uint8Array, packet: Partial<Ip> = {}): Frame =>
  ip({ protocol: ICMP, payload, ...packet });

export interface Udp {
  readonly source?: number;
  readonly port: number;
  readonly data: Uint8Array;
  readonly length?: number;
  /** "none" is 0, "bad" is wrong. */
  readonly checksum?: "none" | "bad";
}

/** A UDP datagram with its checksum, which covers the addresses too. */
export function udpDatagram(datagram: Udp, from: string, to: string): Uint8Array {
  const bytes = join(new Uint8Array(8), datagram.data);
  put16(bytes, 0, datagram.source ?? 5000);
  put16(bytes, 2, datagram.port);
  put16(bytes, 4, datagram.length ?? bytes.length);
  if (datagram.checksum === "none") return bytes;
  const pseudo = join(parseIpv4(from), parseIpv4(to), [0, UDP], [bytes.length >> 8, bytes.length & 255], bytes);
  put16(bytes, 6, (internetChecksum(pseudo, 0, pseudo.length) || 0xffff) ^ (datagram.checksum ? 1 : 0));
  return bytes;
}

export const udp =
  (datagram: Udp, packet: Partial<Ip> = {}): Frame =>
  (node) =>
    ip({
      protocol: UDP,
      payload: udpDatagram(datagram, packet.from ?? PEER, packet.to ?? node.address),
      ...packet,
    })(node);

export interface TcpFields {
  readonly source?: number;
  readonly port: number;
  readonly flags: number;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly offset?: number;
  readonly urgent?: number;
  readonly options?: readonly number[];
  readonly data?: Uint8Array;
}

export const tcp =
  (segment: TcpFields, packet: Partial<Ip> = {}): Frame =>
  (node) => {
    const options = segment.options ?? [];
    const bytes = join(new Uint8Array(20), options, segment.data ?? []);
    put16(bytes, 0, segment.source ?? 6000);
    put16(bytes, 2, segment.port);
    put16(bytes, 4, (segment.sequence ?? 0) >>> 16);
    put16(bytes, 6, (segment.sequence ?? 0) & 0xffff);
    put16(bytes, 8, (segment.acknowledgement ?? 0) >>> 16);
    put16(bytes, 10, (segment.acknowledgement ?? 0) & 0xffff);
    bytes[12] = (segment.offset ?? 5 + options.length / 4) << 4;
    bytes[13] = segment.flags;
    put16(bytes, 14, 65535);
    put16(bytes, 18, segment.urgent ?? 0);
    const pseudo = join(
      parseIpv4(packet.from ?? PEER),
      parseIpv4(packet.to ?? node.address),
      [0, TCP, bytes.length >> 8, bytes.length & 255],
      bytes,
    );
    put16(bytes, 16, internetChecksum(pseudo, 0, pseudo.length));
    return ip({ protocol: TCP, payload: bytes, ...packet })(node);
  };

/** The packet that `frame` holds, cut into fragments of `size` bytes of data, each with what `change` makes of it. */
export function pieces(protocol: number, payload: Uint8Array, size: number, packet: Partial<Ip> = {}): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const isLast = at + size >= payload.length;
    frames.push(
      ip({
        ...packet,
        protocol,
        payload: payload.subarray(at, at + size),
        fragment: (isLast ? 0 : 0x2000) | (at >> 3),
      }),
    );
  }
  return frames;
}

export interface Arp {
  readonly operation: number;
  readonly sender?: string;
  readonly senderMac?: Uint8Array;
  /** The node's address when absent. */
  readonly target?: string;
  readonly mac?: Uint8Array;
  readonly change?: (bytes: Uint8Array) => Uint8Array;
}

export const arp =
  (packet: Arp): Frame =>
  (node) => {
    const bytes = arpBytes({
      operation: packet.operation,
      senderMac: packet.senderMac ?? PEER_MAC,
      senderIp: parseIpv4(packet.sender ?? PEER),
      targetMac: new Uint8Array(6),
      targetIp: parseIpv4(packet.target ?? node.address),
    });
    return ethernetFrame(
      packet.mac ?? BROADCAST_MAC,
      PEER_MAC,
      ETHERTYPE_ARP,
      packet.change ? packet.change(bytes) : bytes,
    );
  };

const address = (bytes: Uint8Array, at: number): string => bytes.slice(at, at + 4).join(".");

/** What a frame of the node says, in a line; null for what no case is about. */
function describeFrame(frame: Uint8Array): string | null {
  if (get16(frame, 12) === ETHERTYPE_ARP) return describeArp(frame);
  if (get16(frame, 12) !== ETHERTYPE_IPV4) return `type ${get16(frame, 12).toString(16)}`;
  const at = 14;
  const headerBytes = (frame[at]! & 15) * 4;
  const totalBytes = get16(frame, at + 2);
  const payload = frame.subarray(at + headerBytes, at + totalBytes);
  const fragment = get16(frame, at + 6);
  const way = `${address(frame, at + 12)} > ${address(frame, at + 16)}`;
  const protocol = frame[at + 9]!;
  if (fragment & 0x3fff)
    return `piece ${way} ${(fragment & 0x1fff) << 3}+${payload.length}${fragment & 0x2000 ? " more" : ""}`;
  if (protocol === ICMP) return `icmp ${way} ${describeIcmp(payload)}`;
  if (protocol === UDP) {
    const [from, to] = [get16(payload, 0), get16(payload, 2)];
    if (from === CLUSTER_PORT || to === 5353 || to === 67) return null;
    return `udp ${way} ${from} > ${to} ${get16(payload, 4) - 8} bytes`;
  }
  if (protocol === TCP) {
    const flags = ["F", "S", "R", "P", "."].filter((_, bit) => payload[13]! & (1 << bit)).join("");
    return `tcp ${way} ${get16(payload, 0)} > ${get16(payload, 2)} ${flags} ack ${get32(payload, 8)}`;
  }
  return protocol === 2 ? null : `protocol ${protocol} ${way}`;
}

function describeArp(frame: Uint8Array): string | null {
  const [sender, target] = [address(frame, 28), address(frame, 38)];
  if (get16(frame, 20) === ARP_REQUEST) return ALSO.has(target) ? null : `arp ${sender} asks for ${target}`;
  return `arp ${sender} is at ${formatMac(frame.slice(22, 28))}`;
}

const ERRORS: ReadonlyMap<string, string> = new Map([
  ["3.0", "no network"],
  ["3.1", "no host"],
  ["3.2", "no protocol"],
  ["3.3", "no port"],
  ["3.4", "too large"],
  ["11.0", "TTL exceeded"],
  ["11.1", "pieces exceeded"],
]);

function describeIcmp(message: Uint8Array): string {
  const sum = internetChecksum(message, 0, message.length) === 0 ? "" : " with a wrong checksum";
  const error = ERRORS.get(`${message[0]}.${message[1]}`);
  if (error) return `${error}, quoting ${message.length - 8} bytes${sum}`;
  const numbers = `id ${get16(message, 4)} seq ${get16(message, 6)}`;
  const name = message[0] === 0 ? "echo reply" : message[0] === 8 ? "echo" : `type ${message[0]}`;
  return `${name} ${numbers} ${message.length - 8} bytes${sum}`;
}

/** The node's counts by name, out of its memory (asm/net/counters.s). */
export class Counts {
  readonly #entries: { readonly name: string; readonly at: number }[] = [];
  readonly #node: LabNode;

  constructor(node: LabNode) {
    this.#node = node;
    const elf = readElf(images().kernelElf, "kernel.elf");
    const symbol = (name: string): number => elf.symbols.find((found) => found.name === name)!.value - KERNEL_BASE;
    const [from, to] = [symbol("net_counters"), symbol("net_counters_end")];
    const table = node.readMemory(from, to - from);
    const view = new DataView(table.buffer, table.byteOffset, table.length);
    for (let at = 0; at < table.length; at += 8) {
      const text = node.readMemory(view.getUint32(at + 4, true) - KERNEL_BASE, 80);
      const name = String.fromCharCode(...text.subarray(0, text.indexOf(0))).replace(/ +/g, " ");
      this.#entries.push({ name, at: from + at });
    }
  }

  read(): Map<string, number> {
    const value = (at: number): number => {
      const bytes = this.#node.readMemory(at, 4);
      return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    };
    return new Map(this.#entries.map(({ name, at }) => [name, value(at)]));
  }
}

/** A node, a peer on its wire, and what the node sends. */
export class PacketScene {
  readonly lab: LabCluster;
  readonly node: LabNode;
  readonly plug: LabPlug;
  readonly facts: NodeFacts;
  #counts: Counts | null = null;
  readonly seen: string[] = [];
  /** The frames of `seen`. */
  readonly frames: Uint8Array[] = [];
  /** What the peer answers besides ARP: the frames that follow one of the node's. */
  answer: (frame: Uint8Array) => readonly Uint8Array[] = () => [];

  constructor(lab: LabCluster, index = 0) {
    this.lab = lab;
    this.node = lab.nodes[index]!;
    this.plug = lab.plug("peer");
    this.facts = { mac: lab.cluster.macAddresses[index]!, address: CLOUD.exec(this.node.console.text)![2]! };
    this.plug.answer((frame) => this.#hear(frame));
  }

  get counts(): Counts {
    this.#counts ??= new Counts(this.node);
    return this.#counts;
  }

  /** Has the node know the peer: while it asks for an address, few of the packets for it wait. */
  async greet(): Promise<void> {
    this.plug.send(arp({ operation: ARP_REQUEST })(this.facts));
    await this.lab.advance(`${QUIET_MS}ms`);
  }

  #hear(frame: Uint8Array): Uint8Array[] {
    const isRequest = get16(frame, 12) === ETHERTYPE_ARP && get16(frame, 20) === ARP_REQUEST;
    if (isRequest && ALSO.has(address(frame, 38))) {
      const sender = address(frame, 38);
      const reply = arp({ operation: 2, sender, target: address(frame, 28), mac: frame.slice(6, 12) });
      return [reply(this.facts)];
    }
    const isForPeer = sameBytes(frame.subarray(0, 6), PEER_MAC) || sameBytes(frame.subarray(0, 6), BROADCAST_MAC);
    const said = isForPeer ? describeFrame(frame) : null;
    if (said !== null) {
      this.seen.push(said);
      this.frames.push(frame);
    }
    return [...this.answer(frame)];
  }

  /** Runs a case and returns what was different from what it expects, one line each. */
  async run(one: PacketCase): Promise<string[]> {
    await this.lab.advance(`${BETWEEN_CASES_MS}ms`);
    const before = this.counts.read();
    this.seen.length = 0;
    this.frames.length = 0;
    for (const step of one.send)
      if (typeof step === "number") await this.lab.advance(`${step}ms`);
      else this.plug.send(step(this.facts));
    const wanted = one.replies ?? [];
    const started = this.lab.nowNs;
    while (this.seen.length < wanted.length && this.lab.nowNs - started < ANSWER_MS * 1e6)
      await this.lab.advance("1ms");
    await this.lab.advance(`${QUIET_MS}ms`);
    const after = this.counts.read();
    const faults: string[] = [];
    if (one.atMost !== undefined) {
      const count = this.seen.filter((said) => matches(wanted[0], said, this.facts)).length;
      if (count !== this.seen.length || count > one.atMost || count < one.atMost - 2) faults.push(`${count} replies`);
      this.seen.length = 0;
    }
    for (let index = 0; one.atMost === undefined && index < Math.max(wanted.length, this.seen.length); index++)
      if (!matches(wanted[index], this.seen[index], this.facts))
        faults.push(`reply ${index}: ${this.seen[index] ?? "nothing"}, not ${wanted[index] ?? "nothing"}`);
    for (const name of one.counts ?? []) {
      if (!after.has(name)) faults.push(`there is no count "${name}"`);
      else if (after.get(name)! <= before.get(name)!) faults.push(`the count "${name}" did not rise`);
    }
    return faults;
  }
}

/** Whether what the node said is what was wanted: `NODE` is its address, `*` anything. */
function matches(wanted: string | undefined, said: string | undefined, node: NodeFacts): boolean {
  if (wanted === undefined || said === undefined) return wanted === said;
  const pattern = wanted
    .replaceAll("NODE", node.address)
    .split("*")
    .map((part) => part.replace(/[.()+?^$[\]{}|\\]/g, "\\$&"))
    .join(".*");
  return new RegExp(`^${pattern}$`).test(said);
}
