/** A DHCP server on the wire that says what a test wants, and keeps what the client says (RFC 2131, RFC 2132). */
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  get32,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseArp,
  parseIpv4,
  parseIpv4Packet,
  parseUdp,
  udpBytes,
} from "../../../emulator/ether/packet.ts";
import type { LabCluster, LabPlug } from "../../../src/index.ts";

export const SERVER = "10.9.8.1";
const SERVER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x67);
export const OFFERED = "10.9.8.7";
export const [DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK] = [1, 2, 3, 4, 5, 6] as const;
const FILE_AT = 108;
const NAME_AT = 44;
const OPTIONS_AT = 240;
const MESSAGE_BYTES = 300;
const COOKIE = [99, 130, 83, 99];

export type Options = readonly (readonly [code: number, ...bytes: number[]])[];

/** What a server says when all is well, after the type. */
export const GOOD: Options = [
  [54, 10, 9, 8, 1],
  [51, 0, 0, 14, 16],
  [1, 255, 255, 255, 0],
  [3, 10, 9, 8, 1],
];
export const without = (code: number): Options => GOOD.filter(([other]) => other !== code);
export const instead = (code: number, ...bytes: number[]): Options => [...without(code), [code, ...bytes]];

/** An answer, where it differs from one that is right. */
export interface Answer {
  readonly type?: number;
  readonly address?: string;
  readonly options?: Options;
  /** Bytes as they are, after the options instead of their end. */
  readonly raw?: readonly number[];
  readonly inFile?: Options;
  readonly inName?: Options;
  /** Offsets in the message and what stands there instead. */
  readonly bytes?: readonly (readonly [offset: number, value: number])[];
  readonly port?: number;
}

/** What a client said. */
export interface Message {
  readonly atMs: number;
  readonly type: number;
  readonly bytes: Uint8Array;
  /** Of each option, in order. */
  readonly options: Options;
  readonly xid: number;
  readonly seconds: number;
  readonly from: string;
  readonly to: string;
  readonly toAll: boolean;
}

function put(message: Uint8Array, at: number, options: Options, raw: readonly number[] = [255]): void {
  let end = at;
  for (const [code, ...bytes] of options) {
    message.set([code, bytes.length, ...bytes], end);
    end += 2 + bytes.length;
  }
  message.set(raw, end);
}

function optionsOf(bytes: Uint8Array): Options {
  const options: [number, ...number[]][] = [];
  for (let at = OPTIONS_AT; at < bytes.length && bytes[at] !== 255; ) {
    const length = bytes[at + 1]!;
    options.push([bytes[at]!, ...bytes.subarray(at + 2, at + 2 + length)]);
    at += 2 + length;
  }
  return options;
}

function answerBytes(question: Message, answer: Answer): Uint8Array {
  const optionBytes = (answer.options ?? GOOD).reduce((sum, option) => sum + option.length + 1, 0);
  const message = new Uint8Array(Math.max(MESSAGE_BYTES, OPTIONS_AT + optionBytes + 10));
  message.set(question.bytes.subarray(0, NAME_AT));
  message[0] = 2;
  message.fill(0, 8, 28);
  message.set(COOKIE, OPTIONS_AT - COOKIE.length);
  message.set(parseIpv4(answer.address ?? OFFERED), 16);
  const overload = (answer.inFile ? 1 : 0) + (answer.inName ? 2 : 0);
  const type = answer.type ?? (question.type === DISCOVER ? OFFER : ACK);
  const options: Options = [[53, type], ...(overload ? [[52, overload] as const] : []), ...(answer.options ?? GOOD)];
  put(message, OPTIONS_AT, options, answer.raw);
  if (answer.inFile) put(message, FILE_AT, answer.inFile);
  if (answer.inName) put(message, NAME_AT, answer.inName);
  for (const [offset, value] of answer.bytes ?? []) message[offset] = value;
  return message;
}

export class DhcpServer {
  readonly heard: Message[] = [];
  /** What ARP asked for without saying who asks. */
  readonly probes: string[] = [];
  /** Answers ARP as who has this address too. */
  taken: string | null = null;
  readonly #lab: LabCluster;
  readonly #plug: LabPlug;

  /** `reply` gives the answers to a message. */
  constructor(lab: LabCluster, reply: (message: Message) => readonly Answer[]) {
    this.#lab = lab;
    this.#plug = lab.plug("server");
    this.#plug.answer((frame) => {
      if (get16(frame, 12) === ETHERTYPE_ARP) return this.#arp(frame);
      const message = this.#messageOf(frame);
      if (!message) return [];
      this.heard.push(message);
      return reply(message).map((answer) => this.#frame(message, answer));
    });
  }

  #arp(frame: Uint8Array): Uint8Array[] {
    const asked = parseArp(frame.subarray(14));
    if (asked?.operation !== 1) return [];
    const target = asked.targetIp.join(".");
    if (asked.senderIp.every((byte) => byte === 0)) this.probes.push(target);
    if (target !== SERVER && target !== this.taken) return [];
    const reply = { operation: 2, senderMac: SERVER_MAC, senderIp: asked.targetIp, targetMac: asked.senderMac };
    return [
      ethernetFrame(asked.senderMac, SERVER_MAC, ETHERTYPE_ARP, arpBytes({ ...reply, targetIp: asked.senderIp })),
    ];
  }

  #messageOf(frame: Uint8Array): Message | null {
    const packet = get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(frame.subarray(14)) : null;
    const datagram = packet?.protocol === PROTOCOL_UDP ? parseUdp(packet) : null;
    if (!packet || datagram?.destinationPort !== 67 || datagram.sourcePort !== 68) return null;
    const bytes = datagram.data.slice();
    const options = optionsOf(bytes);
    return {
      atMs: this.#lab.nowNs / 1e6,
      type: options.find(([code]) => code === 53)?.[1] ?? 0,
      bytes,
      options,
      xid: get32(bytes, 4),
      seconds: get16(bytes, 8),
      from: packet.source.join("."),
      to: packet.destination.join("."),
      toAll: (frame[0]! & 1) !== 0,
    };
  }

  #frame(question: Message, answer: Answer): Uint8Array {
    const [source, destination] = [parseIpv4(SERVER), parseIpv4("255.255.255.255")];
    const data = answerBytes(question, answer);
    const payload = udpBytes(source, destination, { sourcePort: answer.port ?? 67, destinationPort: 68, data });
    const bytes = ipv4Bytes({ source, destination, protocol: PROTOCOL_UDP, payload }, 1);
    return ethernetFrame(BROADCAST_MAC, SERVER_MAC, ETHERTYPE_IPV4, bytes);
  }

  of(type: number): Message[] {
    return this.heard.filter((message) => message.type === type);
  }
}
