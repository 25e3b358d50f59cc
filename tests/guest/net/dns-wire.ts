/** Messages of the DNS (RFC 1035) as a test writes and reads them. */
import { get16, put16 } from "../../../emulator/ether/packet.ts";
import { withAddress } from "../../system/booted.ts";
import { PROMPT } from "../../system/images.ts";
import { join, PacketScene, PEER } from "./packet-wire.ts";

export const TYPES = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, ANY: 255 } as const;

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  /** 1, IN, when absent. */
  readonly class?: number;
  readonly ttl?: number;
  readonly data: Uint8Array | readonly number[];
}

/** A name on the wire; the empty text is the root. */
export function nameBytes(name: string): number[] {
  const labels = name.split(".").filter((label) => label !== "");
  return [...labels.flatMap((label) => [label.length, ...[...label].map((sign) => sign.charCodeAt(0))]), 0];
}

export function recordBytes(record: DnsRecord): number[] {
  const data = [...record.data];
  const ttl = record.ttl ?? 300;
  const dnsClass = record.class ?? 1;
  return [
    ...nameBytes(record.name),
    ...[record.type >> 8, record.type & 255, dnsClass >> 8, dnsClass & 255],
    ...[ttl >>> 24, (ttl >> 16) & 255, (ttl >> 8) & 255, ttl & 255],
    ...[data.length >> 8, data.length & 255],
    ...data,
  ];
}

/** The answer to a question: its head, the question again, the records. */
export function answerBytes(asked: Uint8Array, records: readonly DnsRecord[], rcode = 0): Uint8Array {
  const head = asked.slice(0, 12);
  put16(head, 2, 0x8180 | rcode);
  put16(head, 6, records.length);
  put16(head, 8, 0);
  put16(head, 10, 0);
  return join(head, asked.subarray(12), ...records.map(recordBytes));
}

/** The name and type that a message asks for. */
export function asked(message: Uint8Array): { id: number; name: string; type: number } {
  const { name, next } = readName(message, 12);
  return { id: get16(message, 0), name, type: get16(message, next) };
}

function readName(message: Uint8Array, from: number): { name: string; next: number } {
  const labels: string[] = [];
  let at = from;
  let next = 0;
  for (let steps = 0; steps < 64; steps++) {
    const length = message[at]!;
    if (length >= 0xc0) {
      next ||= at + 2;
      at = get16(message, at) & 0x3fff;
      continue;
    }
    if (length === 0) return { name: labels.join("."), next: next || at + 1 };
    labels.push(String.fromCharCode(...message.subarray(at + 1, at + 1 + length)));
    at += length + 1;
  }
  throw new Error("a name without end");
}

/** Sections of a message: each question or record in one line of text. */
export interface DnsMessage {
  readonly id: number;
  readonly flags: number;
  /** Questions, answers, authority, additional. */
  readonly sections: readonly (readonly string[])[];
}

/** What a message says; throws when it is cut off or has more. */
export function readMessage(message: Uint8Array): DnsMessage {
  let at = 12;
  const line = (isQuestion: boolean): string => {
    const { name, next } = readName(message, at);
    const type = get16(message, next);
    const said = `${name} ${type} ${get16(message, next + 2).toString(16)}`;
    at = next + 4;
    if (isQuestion) return said;
    const ttl = get16(message, at) * 65536 + get16(message, at + 2);
    const data = message.subarray(at + 6, at + 6 + get16(message, at + 4));
    const start = at + 6;
    at = start + data.length;
    const nameAt = type === TYPES.PTR ? 0 : type === TYPES.SRV ? 6 : data.length;
    const numbers = type === TYPES.TXT ? [Buffer.from(data.subarray(1)).toString("latin1")] : data.subarray(0, nameAt);
    const names = nameAt < data.length ? [readName(message, start + nameAt).name] : [];
    return [said, ttl, ...numbers, ...names].join(" ");
  };
  const sections = [0, 1, 2, 3].map((section) =>
    Array.from({ length: get16(message, 4 + 2 * section) }, () => line(section === 0)),
  );
  if (at !== message.length) throw new Error(`a message of ${message.length} bytes ends at ${at}`);
  return { id: get16(message, 0), flags: get16(message, 2), sections };
}

/** One node with an address, whose name server is the peer. */
export async function nodeThatAsks(): Promise<PacketScene> {
  const lab = await withAddress();
  await lab.nodes[0]!.enter(`set dns.server ${PEER}`, PROMPT);
  return new PacketScene(lab);
}
