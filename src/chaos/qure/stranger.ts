/**
 * Somebody on the LAN who is no member: it speaks from the gateway's port of the switch, in the name of whom it likes.
 * It may even have the cluster's key: a packet is believed for more than its code (docs/protocols/cluster.md).
 */
import { createHmac } from "node:crypto";
import {
  arpBytes,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  ipv4Bytes,
  PROTOCOL_UDP,
  udpBytes,
} from "../../../emulator/ether/packet.ts";
import { keyOf } from "../../lab/cluster-key.ts";
import { CLUSTER_PORT } from "../../wire/cluster.ts";
import { CODE, CODE_BYTES } from "../../wire/cluster-layout.ts";
import type { World } from "../world.ts";
import type { ClusterKey } from "./keys.ts";

const GROUP = Uint8Array.of(239, 255, 81, 82);
const GROUP_MAC = Uint8Array.of(0x01, 0x00, 0x5e, 0x7f, 0x51, 0x52);
const EVERYBODY = new Uint8Array(6).fill(0xff);
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x77);
export const STRANGER_ADDRESS = Uint8Array.of(10, 0, 2, 7);

/** To one machine instead of the group. */
export interface Addressee {
  readonly mac: Uint8Array;
  readonly address: Uint8Array;
}

export class Stranger {
  readonly #world: World;
  readonly #keyNow: () => ClusterKey;
  #packets = 0;

  /** `keyNow`: the key that the cluster has; the one that its machines were given when absent. */
  constructor(world: World, keyNow?: () => ClusterKey | null) {
    this.#world = world;
    const { config } = world.lab.cluster;
    const [name = "open", digits = ""] = (keyOf(config.nodes[0]?.parts?.settings).key ?? "").trim().split(" ");
    const given = { name, secret: Buffer.from(digits, "hex") };
    this.#keyNow = () => keyNow?.() ?? given;
  }

  /** Gives a packet the code that members' packets have, or would have with another key. */
  sign(packet: Uint8Array, { name, secret } = this.#keyNow()): Uint8Array {
    const key = createHmac("sha256", secret).update(`QuRe cluster 6 packets ${name}`).digest();
    packet.fill(0, CODE, CODE + CODE_BYTES);
    packet.set(createHmac("sha256", key).update(packet).digest().subarray(0, CODE_BYTES), CODE);
    return packet;
  }

  /** Says a packet as if it came from an address. */
  say(packet: Uint8Array, source: Uint8Array, to: Addressee = { mac: GROUP_MAC, address: GROUP }): void {
    const payload = udpBytes(source, to.address, {
      sourcePort: CLUSTER_PORT,
      destinationPort: CLUSTER_PORT,
      data: packet,
    });
    const ip = ipv4Bytes({ source, destination: to.address, protocol: PROTOCOL_UDP, payload }, ++this.#packets);
    this.#send(ethernetFrame(to.mac, MAC, ETHERTYPE_IPV4, ip));
  }

  /** Says a frame of somebody else again, from here. */
  repeat(frame: Uint8Array): void {
    const copy = frame.slice();
    copy.set(MAC, MAC.length);
    this.#send(copy);
  }

  /** Asks who has an address. */
  ask(targetIp: Uint8Array): void {
    const asked = { operation: 1, senderMac: MAC, senderIp: STRANGER_ADDRESS, targetMac: new Uint8Array(6), targetIp };
    this.#send(ethernetFrame(EVERYBODY, MAC, ETHERTYPE_ARP, arpBytes(asked)));
  }

  #send(frame: Uint8Array): void {
    const { network, gateway } = this.#world.lab.cluster;
    this.#world.heardStranger = true;
    network.send(gateway, 0, frame);
  }
}
