/** Sites behind home gateways on one wide net, with stations that say and hear datagrams: no machines. */
import type { Link } from "../../../emulator/ether/link.ts";
import { Network } from "../../../emulator/ether/network.ts";
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  formatIpv4,
  get16,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseArp,
  parseIpv4,
  parseIpv4Packet,
  parseUdp,
  udpBytes,
} from "../../../emulator/ether/packet.ts";
import { Switch } from "../../../emulator/ether/switch.ts";
import { Tap } from "../../../emulator/ether/tap.ts";
import { HomeRouter, type HomeRouterConfig } from "../../../emulator/ether/wide/home-router.ts";
import type { NatKind } from "../../../emulator/ether/wide/translation.ts";
import { addressNumber, type Distance, WideNet } from "../../../emulator/ether/wide/wide-net.ts";

const LINK_NS = 50_000;
export const SECOND_NS = 1e9;

export interface Heard {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly timeNs: number;
}

/** A host: it answers ARP for its address, and keeps what datagrams it hears. */
export class Station {
  readonly heard: Heard[] = [];
  /** Packets that are no datagrams, whole. */
  readonly packets: Uint8Array[] = [];
  readonly #world: World;
  readonly #tap: Tap;
  readonly #mac: Uint8Array;
  readonly address: string;
  readonly gatewayMac: Uint8Array;
  #identification = 0;

  constructor(world: World, plug: (tap: Tap) => void, address: string, gatewayMac: Uint8Array) {
    this.address = address;
    this.gatewayMac = gatewayMac;
    this.#world = world;
    this.#mac = Uint8Array.of(0x52, 0x54, ...parseIpv4(address));
    this.#tap = new Tap(address);
    this.#tap.handler = (frame, timeNs) => this.#take(frame, timeNs);
    plug(this.#tap);
  }

  #take(frame: Uint8Array, timeNs: number): Uint8Array[] {
    if (get16(frame, 12) === ETHERTYPE_ARP) {
      const request = parseArp(frame.subarray(14))!;
      if (request.operation !== 1 || formatIpv4(request.targetIp) !== this.address) return [];
      const answer = {
        operation: 2,
        senderMac: this.#mac,
        senderIp: request.targetIp,
        targetMac: request.senderMac,
        targetIp: request.senderIp,
      };
      return [ethernetFrame(request.senderMac, this.#mac, ETHERTYPE_ARP, arpBytes(answer))];
    }
    const packet = parseIpv4Packet(frame.subarray(14));
    if (!packet || formatIpv4(packet.destination) !== this.address) return [];
    const datagram = packet.protocol === PROTOCOL_UDP ? parseUdp(packet) : null;
    if (!datagram) this.packets.push(frame.slice(14, 14 + get16(frame, 16)));
    else
      this.heard.push({
        from: `${formatIpv4(packet.source)}:${datagram.sourcePort}`,
        to: `${this.address}:${datagram.destinationPort}`,
        text: new TextDecoder("latin1").decode(datagram.data),
        timeNs,
      });
    return [];
  }

  /** `to`: ADDRESS:PORT. */
  say(fromPort: number, to: string, data: string | Uint8Array): void {
    const [address = "", port] = to.split(":");
    const [source, destination] = [parseIpv4(this.address), parseIpv4(address)];
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const payload = udpBytes(source, destination, { sourcePort: fromPort, destinationPort: Number(port), data: bytes });
    this.sendPacket(ipv4Bytes({ source, destination, protocol: PROTOCOL_UDP, payload }, ++this.#identification));
  }

  sendPacket(packet: Uint8Array): void {
    // RFC 1112, 6.4.
    const isGroup = packet[16]! >> 4 === 14;
    const to = isGroup ? Uint8Array.of(1, 0, 0x5e, packet[17]! & 0x7f, packet[18]!, packet[19]!) : this.gatewayMac;
    this.#world.network.send(this.#tap, 0, ethernetFrame(to, this.#mac, ETHERTYPE_IPV4, packet));
    this.#world.pass(2e6);
  }
}

/** Two public hosts, at 203.0.113.1 and .2, and what is added to them. */
export class World {
  readonly network = new Network();
  readonly wide: WideNet;
  readonly hosts: readonly Station[];
  #places = 0;

  constructor(distance: Distance = { latencyNs: 10e6 }) {
    this.wide = new WideNet(() => distance);
    this.hosts = ["203.0.113.1", "203.0.113.2"].map(
      (address) => new Station(this, (tap) => this.plug(tap, address), address, BROADCAST_MAC),
    );
  }

  /** Onto the wide net, by an address. */
  plug(node: Tap | HomeRouter, address: string): number {
    this.network.connectNodes(node, this.wide, LINK_NS);
    this.wide.assign(this.#places, addressNumber(address));
    return this.#places++;
  }

  /** A gateway with a LAN and stations on it. */
  site(kind: NatKind, outsideAddress: string, more: Partial<HomeRouterConfig> = {}): Site {
    return new Site(this, {
      name: `site ${outsideAddress}`,
      kind,
      lanAddress: "192.168.1.1",
      outsideAddress,
      nextHop: "203.0.113.254",
      ...more,
    });
  }

  pass(spanNs: number): void {
    const endNs = this.network.nowNs + spanNs;
    this.network.advance(endNs);
  }
}

export class Site {
  readonly router: HomeRouter;
  readonly hub = new Switch();
  readonly place: number | null;
  /** Between the gateway, at its end 0, and the switch. */
  readonly cable: Link;
  readonly #world: World;

  /** `behind`: its outside is that site's LAN. */
  constructor(world: World, config: HomeRouterConfig, behind: Site | null = null) {
    this.#world = world;
    this.router = new HomeRouter(config);
    this.cable = world.network.connectNodes(this.router, this.hub, LINK_NS);
    if (behind) world.network.connectNodes(this.router, behind.hub, LINK_NS);
    this.place = behind ? null : world.plug(this.router, config.outsideAddress);
  }

  station(address: string): Station {
    const mac = Uint8Array.of(0x52, 0x55, ...parseIpv4(address).map((byte, at) => (at === 3 ? 1 : byte)));
    return new Station(
      this.#world,
      (tap) => void this.#world.network.connectNodes(tap, this.hub, LINK_NS),
      address,
      mac,
    );
  }

  behind(kind: NatKind, lanAddress: string, outsideAddress: string, nextHop: string): Site {
    return new Site(this.#world, { name: "inner", kind, lanAddress, outsideAddress, nextHop }, this);
  }
}
