/** The cluster's packets as a stranger on the wire says and hears them (docs/protocols/cluster.md). */
import {
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseIpv4,
  parseIpv4Packet,
  parseUdp,
  udpBytes,
} from "../../emulator/ether/packet.ts";
import type { LabCluster, LabPlug } from "../../src/index.ts";

export const HELLO = 1;
export const VIEW = 2;
export const REPORT = 3;
export const BYE = 4;
export const JOINING = 1;
export const MEMBER = 2;
/** In a report: the sender wants to have the whole view. */
export const ASK = 2;

const MAGIC = 0x4c435251;
const VERSION = 2;
const PORT = 20818;
const GROUP = parseIpv4("239.255.81.82");
const GROUP_MAC = Uint8Array.of(0x01, 0x00, 0x5e, 0x7f, 0x51, 0x52);
const HEADER_BYTES = 72;
const VIEW_BYTES = 96;

/** What a stranger says. Ids are 16 hexadecimal digits. */
export interface Said {
  readonly kind: number;
  readonly state: number;
  readonly era: number;
  readonly id: string;
  /** Of its cluster; a joining node has none. */
  readonly founder?: string;
  readonly flags?: number;
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
  readonly to: string;
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const bytesOf = (id: string): number[] =>
  Array.from({ length: 8 }, (_, at) => Number.parseInt(id.substr(at * 2, 2), 16));

function packetBytes({ kind, state, era, id, founder, flags }: Said): Uint8Array {
  const bytes = new Uint8Array(kind === VIEW ? VIEW_BYTES : HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  bytes.set([VERSION, kind, state, flags ?? 0], 4);
  view.setUint32(8, era, true);
  view.setUint32(12, 1, true);
  view.setUint32(16, 1, true);
  bytes.set(bytesOf(id), 24);
  if (founder !== undefined) bytes.set(bytesOf(founder), 32);
  bytes.set(new TextEncoder().encode("stranger"), 40);
  if (kind === VIEW) view.setUint32(72, 1, true);
  return bytes;
}

/** A plug in the cluster's switch that hears the nodes' packets and says those of strangers. */
export class ClusterWire {
  readonly heard: Heard[] = [];
  readonly #lab: LabCluster;
  readonly #plug: LabPlug;

  constructor(lab: LabCluster) {
    this.#lab = lab;
    this.#plug = lab.plug("strangers");
    this.#plug.answer((frame) => {
      this.#hear(frame);
      return [];
    });
  }

  #hear(frame: Uint8Array): void {
    const packet = get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(frame.subarray(14)) : null;
    const datagram = packet?.protocol === PROTOCOL_UDP ? parseUdp(packet) : null;
    if (!packet || datagram?.destinationPort !== PORT) return;
    const { data } = datagram;
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    this.heard.push({
      atMs: this.#lab.nowNs / 1e6,
      kind: data[5]!,
      state: data[6]!,
      flags: data[7]!,
      era: view.getUint32(8, true),
      age: view.getUint32(12, true),
      id: hex(data.subarray(24, 32)),
      founder: hex(data.subarray(32, 40)),
      members: data[5] === VIEW ? view.getUint32(72, true) : 0,
      to: packet.destination.join("."),
    });
  }

  /** Says something to the group. Its sender's addresses follow from the id's last byte. */
  say(said: Said): void {
    const last = Number.parseInt(said.id.slice(-2), 16);
    const source = parseIpv4(`10.0.2.${last}`);
    const payload = udpBytes(source, GROUP, { sourcePort: PORT, destinationPort: PORT, data: packetBytes(said) });
    const ip = ipv4Bytes({ source, destination: GROUP, protocol: PROTOCOL_UDP, payload }, 1);
    this.#plug.send(ethernetFrame(GROUP_MAC, Uint8Array.of(2, 0, 0, 0, 0, last), ETHERTYPE_IPV4, ip));
  }

  /** What was heard of a kind since a moment, and before another. */
  of(kind: number, fromMs = 0, toMs = Infinity): Heard[] {
    return this.heard.filter((heard) => heard.kind === kind && heard.atMs >= fromMs && heard.atMs < toMs);
  }
}
