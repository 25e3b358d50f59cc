/** What a peer says over UDP to bring the services of a node into conversation, for the fuzzer of the network. */
import { EVERYONE, type FuzzWire, MDNS_GROUP, PEER } from "./fuzz-wire.ts";

export type Talk = (wire: FuzzWire) => Promise<void>;

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Ports of the protocols, and those from which the peer speaks. */
const [DNS, DHCP_SERVER, DHCP_CLIENT, TFTP, NTP, MDNS] = [53, 67, 68, 69, 123, 5353];
const [ASKING, SERVING] = [2000, 6900];

const DHCP_BYTES = 300;
const [DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM] = [1, 2, 3, 4, 5, 6, 7, 8];
const LENT = [10, 0, 2, 60];
const PEER_BYTES = PEER.split(".").map(Number);
const LEASE_SECONDS = 60;

/** A message of DHCP as a client says it; `more` are options. */
export function dhcp(...more: number[]): Uint8Array {
  const bytes = new Uint8Array(DHCP_BYTES);
  bytes.set([1, 1, 6, 0, 0x39, 3, 0xf3, 0x26]);
  bytes.set([2, 0, 0, 0, 0, 0x77], 28);
  bytes.set([0x63, 0x82, 0x53, 0x63, ...more, 255], 236);
  return bytes;
}

/** A server's answer to a message. */
function dhcpAnswer(question: Uint8Array, type: number): Uint8Array {
  const bytes = new Uint8Array(DHCP_BYTES);
  bytes.set(question.subarray(0, 44));
  bytes[0] = 2;
  bytes.set(type === NAK ? [0, 0, 0, 0] : LENT, 16);
  const lease = [51, 4, 0, 0, 0, LEASE_SECONDS, 1, 4, 255, 255, 255, 0, 3, 4, ...PEER_BYTES, 6, 4, ...PEER_BYTES];
  const name = [12, 4, ...encode("lent"), 15, 12, ...encode("home.example")];
  bytes.set([0x63, 0x82, 0x53, 0x63, 53, 1, type, 54, 4, ...PEER_BYTES, ...lease, ...name, 255], 236);
  return bytes;
}

/** Hears a client's message, and could answer it in each way. */
async function heardByServer(wire: FuzzWire): Promise<Uint8Array> {
  const { data } = await wire.hear(DHCP_SERVER);
  for (const type of [OFFER, ACK, NAK])
    wire.possible.push(wire.udp(DHCP_SERVER, DHCP_CLIENT, dhcpAnswer(data, type), EVERYONE));
  return data;
}

const answer = (wire: FuzzWire, question: Uint8Array, type: number): void =>
  wire.plug.send(wire.udp(DHCP_SERVER, DHCP_CLIENT, dhcpAnswer(question, type), EVERYONE));

/** A server has offered an address, and the client has asked for it. */
export async function offered(wire: FuzzWire): Promise<void> {
  answer(wire, await heardByServer(wire), OFFER);
  await heardByServer(wire);
}

/** It was given, and the client asks by ARP whether somebody has it. */
export async function lent(wire: FuzzWire): Promise<void> {
  answer(wire, await heardByServer(wire), OFFER);
  answer(wire, await heardByServer(wire), ACK);
  wire.address = LENT.join(".");
  wire.possible.push(wire.arp(2, wire.address), wire.arp(1, wire.address), wire.arp(1, "0.0.0.0"));
  await wire.lab.advance("20ms");
}

/** Half of the lease's time is over, and the client asks for more. */
export async function renewing(wire: FuzzWire): Promise<void> {
  await lent(wire);
  await heardByServer(wire);
}

/** Nearly all of it is over, so it asks whoever hears it. */
export async function rebinding(wire: FuzzWire): Promise<void> {
  await renewing(wire);
  await wire.lab.advance(`${(LEASE_SECONDS * 7) / 8 - LEASE_SECONDS / 2}s`);
  await heardByServer(wire);
}

/** The node lends addresses, and has offered one. */
export async function offering(wire: FuzzWire): Promise<void> {
  await wire.lab.advance("15s");
  const say = (...options: number[]): Uint8Array => wire.udp(DHCP_CLIENT, DHCP_SERVER, dhcp(...options), EVERYONE);
  wire.plug.send(say(53, 1, DISCOVER));
  const { data } = await wire.hear(DHCP_CLIENT);
  const wanted = [50, 4, ...data.subarray(16, 20), 54, 4, ...wire.address.split(".").map(Number)];
  const asked = [55, 4, 1, 3, 51, 224, 60, 9, ...encode("PXEClient"), 93, 2, 0, 0];
  for (const type of [REQUEST, DECLINE, RELEASE, INFORM]) wire.possible.push(say(53, 1, type, ...wanted));
  wire.possible.push(say(53, 1, REQUEST, ...wanted, ...asked), say(53, 1, DISCOVER, ...asked));
}

const tftp = (kind: number, number: number, data: Uint8Array = new Uint8Array(0)): Uint8Array =>
  Uint8Array.of(0, kind, number >> 8, number & 255, ...data);
const [TFTP_READ, TFTP_WRITE, TFTP_DATA, TFTP_ACK, TFTP_ERROR, TFTP_OPTIONS] = [1, 2, 3, 4, 5, 6];
const BLOCK_BYTES = 512;
const OPTIONS = "blksize\x00512\0tsize\x002000\0";
const tftpOptions = (): Uint8Array => Uint8Array.of(0, TFTP_OPTIONS, ...encode(OPTIONS));

/** A file is on its way from the node, with options agreed. */
export async function reading(wire: FuzzWire): Promise<void> {
  wire.plug.send(wire.udp(ASKING, TFTP, Uint8Array.of(0, TFTP_READ, ...encode(`kernel\0octet\0${OPTIONS}`))));
  const { sourcePort } = await wire.hear(ASKING);
  const say = (kind: number, number: number): Uint8Array => wire.udp(ASKING, sourcePort, tftp(kind, number));
  wire.plug.send(say(TFTP_ACK, 0));
  await wire.hear(ASKING);
  for (let block = 0; block < 4; block++) wire.possible.push(say(TFTP_ACK, block));
  wire.possible.push(say(TFTP_ERROR, 0), say(TFTP_WRITE, 0), say(TFTP_DATA, 1));
}

/** The node asks for a file of the peer's, or offers one. */
export async function asked(wire: FuzzWire): Promise<void> {
  const { sourcePort } = await wire.hear(TFTP);
  const say = (data: Uint8Array): Uint8Array => wire.udp(SERVING, sourcePort, data);
  const block = encode("x".repeat(BLOCK_BYTES));
  wire.possible.push(
    say(tftpOptions()),
    say(tftp(TFTP_DATA, 1, block)),
    say(tftp(TFTP_DATA, 2, block)),
    say(tftp(TFTP_DATA, 2, block.subarray(1))),
    say(tftp(TFTP_ERROR, 1, encode("no\0"))),
    ...[0, 1, 2, 3].map((number) => say(tftp(TFTP_ACK, number))),
  );
}

/** And its options are agreed. */
export async function transferring(wire: FuzzWire): Promise<void> {
  await asked(wire);
  wire.plug.send(wire.possible[0]!);
  await wire.hear(SERVING);
}

/** The node wants to know the time; 64 bits of its question are in the answer. */
export async function askedForTime(wire: FuzzWire): Promise<void> {
  const { sourcePort, data } = await wire.hear(NTP);
  const time = [0xee, 0x00, 0x00, 0x00, 0, 0, 0, 0];
  const origin = data.subarray(40, 48);
  for (const [mode, stratum, code] of [
    [0x24, 2, [10, 0, 0, 1]],
    [0x24, 0, [...encode("RATE")]],
    [0x24, 0, [...encode("DENY")]],
    [0xe4, 16, [0, 0, 0, 0]],
  ] as const) {
    const head = [mode, stratum, 6, 0xe9, 0, 0, 0, 1, 0, 0, 0, 1, ...code];
    wire.possible.push(wire.udp(NTP, sourcePort, Uint8Array.of(...head, ...time, ...origin, ...time, ...time)));
  }
}

/** A name as DNS has it. */
const labels = (name: string): number[] => [...name.split(".").flatMap((label) => [label.length, ...encode(label)]), 0];

/** A message of DNS: flags, a question, and records of the answer, in the words of RFC 1035. */
export function dns(
  flags: number,
  name: string,
  type = 1,
  ...records: readonly (readonly [type: number, data: readonly number[]])[]
): Uint8Array {
  const answers = records.flatMap(([kind, data]) => [0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 9, 0, data.length, ...data]);
  const head = [0, 1, flags, 0, 0, 1, 0, records.length, 0, 0, 0, 0];
  return Uint8Array.of(...head, ...labels(name), 0, type, 0, 1, ...answers);
}

const RESPONSE = 0x84;
const [A, CNAME, PTR, TXT, SRV] = [1, 5, 12, 16, 33];

/** Answers to a question, as it stands, in several kinds. */
function answersTo(question: Uint8Array): Uint8Array[] {
  const records = [
    [A, [10, 0, 2, 9]],
    [CNAME, labels("other.example")],
    [PTR, [3, 97, 98, 99, 0xc0, 12]],
    [SRV, [0, 0, 0, 0, 0, 80, ...labels("far.local")]],
    [TXT, [3, 97, 61, 98]],
  ] as const;
  return records.map(([type, data]) => {
    const bytes = Uint8Array.of(...question, 0xc0, 12, 0, type, 0, 1, 0, 0, 0, 120, 0, data.length, ...data);
    bytes[2] = RESPONSE;
    bytes[3] = 0x80;
    bytes[7] = 1;
    return bytes;
  });
}

/** The node asks the peer for a name. */
export async function askedForName(wire: FuzzWire): Promise<void> {
  const { sourcePort, data } = await wire.hear(DNS);
  for (const bytes of answersTo(data)) wire.possible.push(wire.udp(DNS, sourcePort, bytes));
}

/** The node asks everybody for a name, or whether somebody has its own. */
export async function askedForLocalName(wire: FuzzWire): Promise<void> {
  const { data } = await wire.hear(MDNS);
  wire.possible.push(wire.udp(MDNS, MDNS, data, MDNS_GROUP));
  for (const bytes of answersTo(data)) wire.possible.push(wire.udp(MDNS, MDNS, bytes, MDNS_GROUP));
}
