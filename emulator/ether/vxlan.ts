/**
 * VXLAN (RFC 7348): Ethernet frames in UDP datagrams between tunnel endpoints. This one learns, as a switch does,
 * behind which of its peers a station is; what it does not know, and what is for many, goes to all of them (head-end
 * replication, so no multicast is needed). What comes from one peer is never sent to another.
 */
import type { EthernetFrame } from "./port.ts";

/** IANA's; Linux takes 8472 when it is not told otherwise. */
export const VXLAN_PORT = 4789;
export const LARGEST_VNI = 0xffffff;

const HEADER_BYTES = 8;
/** The network identifier is valid (RFC 7348, 5). */
const FLAG_VNI = 0x08;
const MOST_STATIONS = 4096;

/** A frame as the payload of a datagram. */
export function vxlanDatagram(vni: number, frame: EthernetFrame): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + frame.length);
  bytes[0] = FLAG_VNI;
  bytes[4] = vni >> 16;
  bytes[5] = (vni >> 8) & 0xff;
  bytes[6] = vni & 0xff;
  bytes.set(frame, HEADER_BYTES);
  return bytes;
}

/** The frame within a datagram; null when it is none of this network. Reserved fields are ignored, as the RFC says. */
export function vxlanFrame(vni: number, datagram: Uint8Array): Uint8Array | null {
  if (datagram.length < HEADER_BYTES || (datagram[0]! & FLAG_VNI) === 0) return null;
  const found = datagram[4]! * 0x10000 + datagram[5]! * 0x100 + datagram[6]!;
  return found === vni ? datagram.subarray(HEADER_BYTES) : null;
}

function station(frame: Uint8Array, offset: number): number {
  let value = 0;
  for (let at = offset; at < offset + 6; at++) value = value * 256 + frame[at]!;
  return value;
}

/** Which peers a frame goes to, by what came from them. Peers are counted from 0. */
export class VxlanTable {
  readonly #peers: readonly number[];
  /** In the order in which the stations were last heard. */
  readonly #stations = new Map<number, number>();

  constructor(peers: number) {
    this.#peers = Array.from({ length: peers }, (_, peer) => peer);
  }

  /** A frame has come from a peer. */
  heard(peer: number, frame: Uint8Array): void {
    if (frame[6]! & 1) return;
    const source = station(frame, 6);
    this.#stations.delete(source);
    this.#stations.set(source, peer);
    if (this.#stations.size > MOST_STATIONS) this.#stations.delete(this.#stations.keys().next().value!);
  }

  peersFor(frame: Uint8Array): readonly number[] {
    const known = frame[0]! & 1 ? undefined : this.#stations.get(station(frame, 0));
    return known === undefined ? this.#peers : [known];
  }
}
