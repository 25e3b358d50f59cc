/**
 * A home gateway: a LAN on one side with DHCP, the provider's net on the other, and address translation between them
 * (translation.ts), with ports that a person forwards and that programs ask for (port-mapping.ts, upnp/). It is plugged
 * into a switch by port 0 and into the wide net, or another gateway's LAN, by port 1.
 */
import { holds } from "../../state/invariant.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import { DhcpServer } from "../dhcp-server.ts";
import { internetChecksum } from "../internet-checksum.ts";
import type { NetworkNode, Transmit } from "../network.ts";
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  get32,
  type Ipv4Address,
  type Ipv4Packet,
  ipv4Bytes,
  type MacAddress,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  parseArp,
  parseIpv4,
  parseIpv4Packet,
  parseUdp,
  put16,
  sameBytes,
  udpBytes,
} from "../packet.ts";
import type { EthernetFrame } from "../port.ts";
import { PORT_MAPPING_PORT, type PortMappingConfig, PortMappingServer } from "./port-mapping.ts";
import { type Flow, flowOf, rewrite, takeHop } from "./rewrite.ts";
import { type Endpoint, type Forward, type NatKind, Translation } from "./translation.ts";
import { GatewayDevice, type GatewayDeviceConfig } from "./upnp/gateway-device.ts";
import { SSDP_GROUP, SSDP_PORT } from "./upnp/ssdp.ts";
import { addressBytes, addressNumber } from "./wide-net.ts";

export interface HomeRouterConfig {
  readonly name: string;
  readonly kind: NatKind;
  /** Its own address on the LAN; the net has a mask of 24 bits, and leases begin at .100. */
  readonly lanAddress: string;
  /** Its address at the provider, and whom it sends to there. */
  readonly outsideAddress: string;
  readonly nextHop: string;
  /** What it tells its machines. Itself when absent, though it has no name server. */
  readonly nameServer?: string;
  readonly udpIdleNs?: number;
  readonly tcpIdleNs?: number;
  /** A machine behind it may speak to another one by the public address (RFC 4787, REQ-9). */
  readonly hairpin?: boolean;
  /** No UDP goes through it. Its own services are there. */
  readonly dropsUdp?: boolean;
  /** Whoever gets what is for nobody. */
  readonly dmz?: string;
  readonly forwards?: readonly Forward[];
  readonly portMapping?: PortMappingConfig;
  readonly upnp?: GatewayDeviceConfig;
  /** It answers pings from outside. */
  readonly answersPing?: boolean;
  readonly hostNames?: ReadonlyMap<string, string>;
}

export const [LAN, OUTSIDE] = [0, 1] as const;
type Side = typeof LAN | typeof OUTSIDE;

const MASK: Ipv4Address = Uint8Array.of(255, 255, 255, 0);
const EVERYONE = parseIpv4("255.255.255.255");
const [FIRST_LEASE, LEASES] = [100, 150];
const LEASE_SECONDS = 86_400;
const [DHCP_SERVER_PORT, DHCP_CLIENT_PORT] = [67, 68];
const [ARP_REQUEST, ARP_REPLY] = [1, 2];
const [ICMP_ECHO_REPLY, ICMP_ECHO] = [0, 8];
const ETHERNET_BYTES = 14;
/** RFC 1112, 6.4: of the group of SSDP. */
const SSDP_MAC: MacAddress = Uint8Array.of(0x01, 0x00, 0x5e, 0x7f, 0xff, 0xfa);
const MOST_NEIGHBOURS = 1024;
/** Packets that wait for the answer to an ARP request. */
const MOST_WAITING = 64;

/** While a frame is handled. */
interface Moment {
  readonly nowNs: number;
  readonly transmit: Transmit;
}

export class HomeRouter implements NetworkNode, Stateful {
  readonly name: string;
  readonly translation: Translation;
  readonly portMapping: PortMappingServer | null;
  readonly upnp: GatewayDevice | null;
  readonly #config: HomeRouterConfig;
  readonly #lan: Ipv4Address;
  readonly #macs: readonly [MacAddress, MacAddress];
  readonly #dhcp: DhcpServer;
  readonly #dmz: number | null;
  #outside: number;
  #nextHop: number;
  #ports = 0;
  #identification = 0;
  /** A gateway without power hears nothing. */
  isOn = true;
  /** No UDP goes through it, either way. */
  dropsUdp: boolean;
  readonly #neighbours: readonly [Map<number, MacAddress>, Map<number, MacAddress>] = [new Map(), new Map()];
  #waiting: { readonly side: Side; readonly to: number; readonly packet: Uint8Array }[] = [];

  constructor(config: HomeRouterConfig) {
    this.name = config.name;
    this.#config = config;
    this.dropsUdp = config.dropsUdp ?? false;
    this.#lan = parseIpv4(config.lanAddress);
    this.#outside = addressNumber(config.outsideAddress);
    this.#nextHop = addressNumber(config.nextHop);
    this.#dmz = config.dmz === undefined ? null : addressNumber(config.dmz);
    this.#macs = [Uint8Array.of(0x52, 0x55, ...this.#lan), Uint8Array.of(0x52, 0x56, ...addressBytes(this.#outside))];
    this.translation = new Translation(config);
    for (const forward of config.forwards ?? []) this.translation.forward(forward, 0);
    this.portMapping = config.portMapping
      ? new PortMappingServer(config.portMapping, this.translation, () => this.#outside)
      : null;
    this.upnp = config.upnp
      ? new GatewayDevice(config.upnp, {
          name: config.name,
          address: this.#lan,
          mac: this.#macs[OUTSIDE],
          translation: this.translation,
          publicAddress: () => this.#outside,
          isLocal: (address) => this.#isNeighbour(address),
        })
      : null;
    this.#dhcp = new DhcpServer({
      server: this.#lan,
      subnetMask: MASK,
      router: this.#lan,
      dns: config.nameServer === undefined ? this.#lan : parseIpv4(config.nameServer),
      firstAddress: Uint8Array.of(this.#lan[0]!, this.#lan[1]!, this.#lan[2]!, FIRST_LEASE),
      addresses: LEASES,
      leaseSeconds: LEASE_SECONDS,
      hostNames: config.hostNames ?? new Map(),
    });
  }

  addPort(): number {
    holds(this.#ports < 2, this.name, "a gateway has two sockets");
    return this.#ports++;
  }

  get outsideAddress(): number {
    return this.#outside;
  }

  /** The provider gives it another address: mappings stay, and are of no use to those who knew the old one. */
  move(outsideAddress: number, nextHop = this.#nextHop): void {
    this.#outside = outsideAddress;
    this.#nextHop = nextHop;
  }

  /** Its power fails and comes back: what it had learned is lost. */
  reboot(nowNs: number): void {
    this.translation.clear(true);
    this.portMapping?.reset(nowNs);
    this.upnp?.reset(nowNs);
    for (const side of this.#neighbours) side.clear();
    this.#waiting = [];
  }

  receive(port: number, timeNs: number, frame: EthernetFrame, transmit: Transmit): void {
    if (!this.isOn || frame.length < ETHERNET_BYTES) return;
    const side = port as Side;
    const destination = frame.subarray(0, 6);
    const isGroup = side === LAN && this.upnp !== null && sameBytes(destination, SSDP_MAC);
    if (!sameBytes(destination, this.#macs[side]) && !sameBytes(destination, BROADCAST_MAC) && !isGroup) return;
    const moment = { nowNs: timeNs, transmit };
    this.portMapping?.tick(timeNs);
    this.upnp?.tick(timeNs);
    const type = get16(frame, 12);
    if (type === ETHERTYPE_ARP) this.#arp(side, frame, moment);
    if (type !== ETHERTYPE_IPV4 || frame.length < ETHERNET_BYTES + 20) return;
    const bytes = get16(frame, ETHERNET_BYTES + 2);
    if (bytes < 20 || ETHERNET_BYTES + bytes > frame.length) return;
    const packet = frame.slice(ETHERNET_BYTES, ETHERNET_BYTES + bytes);
    this.#heard(side, get32(packet, 12), frame.slice(6, 12), moment);
    if (side === LAN) this.#fromInside(packet, moment);
    else this.#fromOutside(packet, moment);
  }

  get wakeNs(): number {
    return this.isOn ? (this.upnp?.http.wakeNs ?? Infinity) : Infinity;
  }

  wake(timeNs: number, transmit: Transmit): void {
    this.#sendAll(this.upnp?.http.wake(timeNs) ?? [], { nowNs: timeNs, transmit });
  }

  // ---- Neighbours

  #own(side: Side): number {
    return side === LAN ? get32(this.#lan, 0) : this.#outside;
  }

  #arp(side: Side, frame: EthernetFrame, moment: Moment): void {
    const request = parseArp(frame.subarray(ETHERNET_BYTES));
    if (request === null) return;
    this.#heard(side, get32(request.senderIp, 0), request.senderMac, moment);
    if (request.operation !== ARP_REQUEST || get32(request.targetIp, 0) !== this.#own(side)) return;
    const answer = arpBytes({
      operation: ARP_REPLY,
      senderMac: this.#macs[side],
      senderIp: request.targetIp,
      targetMac: request.senderMac,
      targetIp: request.senderIp,
    });
    moment.transmit(side, ethernetFrame(request.senderMac, this.#macs[side], ETHERTYPE_ARP, answer));
  }

  #isLocal(address: number): boolean {
    return address >>> 8 === get32(this.#lan, 0) >>> 8;
  }

  /** One of the machines of its LAN. */
  #isNeighbour(address: number): boolean {
    const host = address & 255;
    return this.#isLocal(address) && address !== this.#own(LAN) && host !== 0 && host !== 255;
  }

  #heard(side: Side, address: number, mac: MacAddress, moment: Moment): void {
    if (mac[0]! & 1 || address === 0 || (side === LAN && !this.#isLocal(address))) return;
    // Of the provider's side only the next hop, and who is on its net, is ever sent to.
    if (side === OUTSIDE && address !== this.#nextHop) return;
    const known = this.#neighbours[side];
    known.delete(address);
    known.set(address, mac.slice());
    if (known.size > MOST_NEIGHBOURS) known.delete(known.keys().next().value!);
    const ready = this.#waiting.filter((one) => one.side === side && one.to === address);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter((one) => one.side !== side || one.to !== address);
    for (const { packet } of ready) this.#send(side, address, packet, moment);
  }

  #send(side: Side, to: number, packet: Uint8Array, moment: Moment): void {
    const mac = this.#neighbours[side].get(to);
    if (mac) {
      moment.transmit(side, ethernetFrame(mac, this.#macs[side], ETHERTYPE_IPV4, packet));
      return;
    }
    if (this.#waiting.length >= MOST_WAITING) this.#waiting.shift();
    this.#waiting.push({ side, to, packet });
    const question = arpBytes({
      operation: ARP_REQUEST,
      senderMac: this.#macs[side],
      senderIp: addressBytes(this.#own(side)),
      targetMac: new Uint8Array(6),
      targetIp: addressBytes(to),
    });
    moment.transmit(side, ethernetFrame(BROADCAST_MAC, this.#macs[side], ETHERTYPE_ARP, question));
  }

  // ---- Packets

  #fromInside(packet: Uint8Array, moment: Moment): void {
    const destination = get32(packet, 16);
    if (destination === this.#own(LAN) || destination === 0xffffffff || destination === (this.#own(LAN) | 255) >>> 0) {
      this.#service(packet, moment);
      return;
    }
    if (destination === SSDP_GROUP) this.#search(parseIpv4Packet(packet), moment);
    // What is said on the LAN to all, or to one of it, is not for the gateway.
    if (this.#isLocal(destination) || destination >>> 28 >= 14 || destination >>> 24 === 127) return;
    const flow = flowOf(packet);
    if (flow === null || !this.#isLocal(get32(packet, 12)) || !takeHop(packet)) return;
    if (this.dropsUdp && flow.protocol === "udp") return;
    if (destination === this.#outside) {
      if (this.#config.hairpin) this.#hairpin(packet, flow, moment);
      return;
    }
    if (this.#translateOut(packet, flow, moment)) this.#send(OUTSIDE, this.#nextHop, packet, moment);
  }

  /** False: there is no room for it. */
  #translateOut(packet: Uint8Array, flow: Flow, { nowNs }: Moment): boolean {
    const port = this.translation.outward(flow.protocol, flow.source, flow.destination, nowNs);
    if (port === null) return false;
    if (flow.isEnding) this.translation.ending(port);
    rewrite(packet, flow, "source", { address: this.#outside, port });
    return true;
  }

  #hairpin(packet: Uint8Array, flow: Flow, moment: Moment): void {
    if (!this.#translateOut(packet, flow, moment)) return;
    const translated = flowOf(packet);
    if (translated) this.#deliver(packet, translated, moment);
  }

  #fromOutside(packet: Uint8Array, moment: Moment): void {
    if (get32(packet, 16) !== this.#outside) return;
    const flow = flowOf(packet);
    if (flow === null || (this.dropsUdp && flow.protocol === "udp")) return;
    if (this.#deliver(packet, flow, moment)) return;
    if (this.#config.answersPing !== false && flow.protocol === "icmp" && flow.quotedAt === null)
      this.#ping(OUTSIDE, packet, moment);
  }

  /** To whom inside it is for. False: to nobody. */
  #deliver(packet: Uint8Array, flow: Flow, moment: Moment): boolean {
    const remote: Endpoint = flow.source;
    const { protocol, destination, isEnding } = flow;
    let inside = this.translation.inward(protocol, destination.port, remote, moment.nowNs);
    if (inside === null && this.#dmz !== null && flow.quotedAt === null && !isEchoReply(packet, protocol))
      inside = { address: this.#dmz, port: destination.port };
    if (inside === null || !takeHop(packet)) return false;
    if (isEnding) this.translation.ending(destination.port);
    rewrite(packet, flow, "destination", inside);
    this.#send(LAN, inside.address, packet, moment);
    return true;
  }

  // ---- What it answers itself

  #service(bytes: Uint8Array, moment: Moment): void {
    const packet = parseIpv4Packet(bytes);
    if (packet === null) return;
    if (packet.protocol === PROTOCOL_ICMP && sameBytes(packet.destination, this.#lan)) this.#ping(LAN, bytes, moment);
    if (packet.protocol === PROTOCOL_TCP && sameBytes(packet.destination, this.#lan))
      this.#sendAll(this.upnp?.packet(packet, moment.nowNs) ?? [], moment);
    if (packet.protocol !== PROTOCOL_UDP) return;
    const datagram = parseUdp(packet);
    if (datagram === null) return;
    if (datagram.destinationPort === DHCP_SERVER_PORT) this.#lease(datagram.data, moment);
    if (datagram.destinationPort === SSDP_PORT && sameBytes(packet.destination, this.#lan))
      this.#search(packet, moment);
    if (datagram.destinationPort !== PORT_MAPPING_PORT || this.portMapping === null) return;
    const from = { address: get32(packet.source, 0), port: datagram.sourcePort };
    const answer = this.portMapping.answer(datagram.data, from, moment.nowNs);
    const sourcePort = this.#config.portMapping?.lies?.answersFromPort ?? PORT_MAPPING_PORT;
    if (answer) this.#datagram(LAN, from, sourcePort, answer, moment);
  }

  #search(packet: Ipv4Packet | null, moment: Moment): void {
    const datagram = packet?.protocol === PROTOCOL_UDP ? parseUdp(packet) : null;
    if (!packet || datagram?.destinationPort !== SSDP_PORT || this.upnp === null) return;
    const from = { address: get32(packet.source, 0), port: datagram.sourcePort };
    // An answer to another net would be a way to send strangers ten datagrams for one.
    if (!this.#isNeighbour(from.address) || from.port === 0) return;
    const sourcePort = this.#config.upnp?.lies?.answersFromPort ?? SSDP_PORT;
    for (const answer of this.upnp.search(datagram.data, get32(packet.destination, 0) === SSDP_GROUP))
      this.#datagram(LAN, from, sourcePort, answer, moment);
  }

  #sendAll(packets: readonly Ipv4Packet[], moment: Moment): void {
    for (const { source, destination, protocol, payload } of packets)
      this.#send(LAN, get32(destination, 0), this.#packet(source, destination, protocol, payload), moment);
  }

  #datagram(side: Side, to: Endpoint, sourcePort: number, data: Uint8Array, moment: Moment): void {
    const [source, destination] = [addressBytes(this.#own(side)), addressBytes(to.address)];
    const payload = udpBytes(source, destination, { sourcePort, destinationPort: to.port, data });
    this.#send(side, to.address, this.#packet(source, destination, PROTOCOL_UDP, payload), moment);
  }

  #packet(source: Ipv4Address, destination: Ipv4Address, protocol: number, payload: Uint8Array): Uint8Array {
    this.#identification = (this.#identification + 1) & 0xffff;
    return ipv4Bytes({ source, destination, protocol, payload }, this.#identification);
  }

  #lease(message: Uint8Array, moment: Moment): void {
    const answer = this.#dhcp.handle(message, moment.nowNs);
    if (answer === null || answer.isForRelay) return;
    const to = answer.destination ?? EVERYONE;
    const payload = udpBytes(this.#lan, to, {
      sourcePort: DHCP_SERVER_PORT,
      destinationPort: DHCP_CLIENT_PORT,
      data: answer.message,
    });
    const mac = answer.destination === null ? BROADCAST_MAC : message.slice(28, 34);
    const packet = this.#packet(this.#lan, to, PROTOCOL_UDP, payload);
    moment.transmit(LAN, ethernetFrame(mac, this.#macs[LAN], ETHERTYPE_IPV4, packet));
  }

  #ping(side: Side, bytes: Uint8Array, moment: Moment): void {
    const packet = parseIpv4Packet(bytes);
    const payload = packet?.payload.slice();
    if (!packet || !payload || payload.length < 8 || payload[0] !== ICMP_ECHO) return;
    if (internetChecksum(payload, 0, payload.length) !== 0) return;
    payload[0] = ICMP_ECHO_REPLY;
    put16(payload, 2, 0);
    put16(payload, 2, internetChecksum(payload, 0, payload.length));
    const to = side === LAN ? get32(packet.source, 0) : this.#nextHop;
    this.#send(side, to, this.#packet(packet.destination, packet.source, PROTOCOL_ICMP, payload), moment);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("home router", 3);
    this.isOn = visitor.bool(this.isOn);
    this.dropsUdp = visitor.bool(this.dropsUdp);
    this.#outside = visitor.u32(this.#outside);
    this.#nextHop = visitor.u32(this.#nextHop);
    this.#identification = visitor.u16(this.#identification);
    this.#dhcp.visitState(visitor);
    this.translation.visitState(visitor);
    this.portMapping?.visitState(visitor);
    this.upnp?.visitState(visitor);
    for (const known of this.#neighbours) {
      const entries = [...known];
      const count = visitor.u32(entries.length);
      if (visitor.restoring) known.clear();
      for (let index = 0; index < count; index++) {
        const [address, mac] = entries[index] ?? [0, new Uint8Array(6)];
        known.set(visitor.u32(address), visitor.blob(mac));
      }
    }
    const waiting = this.#waiting;
    this.#waiting = Array.from({ length: visitor.u32(waiting.length) }, (_, index) => ({
      side: visitor.u8(waiting[index]?.side ?? 0) as Side,
      to: visitor.u32(waiting[index]?.to ?? 0),
      packet: visitor.blob(waiting[index]?.packet ?? new Uint8Array()),
    }));
  }
}

const isEchoReply = (packet: Uint8Array, protocol: string): boolean =>
  protocol === "icmp" && packet[(packet[0]! & 15) * 4] === ICMP_ECHO_REPLY;
