/**
 * A host on the switch that makes it a network: it answers ARP and ping for its addresses and serves DHCP, with
 * the addresses of QEMU's user network: 10.0.2.0/24, router 10.0.2.2, name server 10.0.2.3, leases from 10.0.2.15 up. A
 * network that is too large for that is 10.0.0.0/16, with the same addresses in it. It forwards nothing to anywhere,
 * unless a way out is opened for it (nat/nat.ts).
 */
import { holds } from "../state/invariant.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import { DhcpServer } from "./dhcp-server.ts";
import { internetChecksum } from "./internet-checksum.ts";
import type { HostNetwork } from "./nat/host-network.ts";
import { Nat } from "./nat/nat.ts";
import type { NetworkNode, Transmit } from "./network.ts";
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  formatMac,
  get16,
  type Ipv4Address,
  type Ipv4Packet,
  ipv4Bytes,
  type MacAddress,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  parseArp,
  parseIpv4,
  parseIpv4Packet,
  parseUdp,
  put16,
  sameBytes,
  udpBytes,
} from "./packet.ts";
import type { EthernetFrame } from "./port.ts";

const ROUTER = parseIpv4("10.0.2.2");
const NAME_SERVER = parseIpv4("10.0.2.3");
const FIRST_LEASE = parseIpv4("10.0.2.15");
const EVERYONE = parseIpv4("255.255.255.255");

/** What there is room for. */
interface Subnet {
  readonly mask: Ipv4Address;
  readonly broadcast: Ipv4Address;
  readonly leases: number;
}

const SMALL: Subnet = { mask: parseIpv4("255.255.255.0"), broadcast: parseIpv4("10.0.2.255"), leases: 240 };
const LARGE: Subnet = { mask: parseIpv4("255.255.0.0"), broadcast: parseIpv4("10.0.255.255"), leases: 4096 };
const DHCP_SERVER_PORT = 67;
const DHCP_CLIENT_PORT = 68;
const ARP_REQUEST = 1;
const ARP_REPLY = 2;
const ICMP_ECHO_REQUEST = 8;
const DEFAULT_LEASE_SECONDS = 86_400;

/** Addresses from here on are those of the second of two hosts that share an Ethernet. */
const SECOND_LEASES = parseIpv4("10.0.2.128");

/** As QEMU's: locally administered, with the router's address in it. */
const GATEWAY_MAC: MacAddress = Uint8Array.of(0x52, 0x55, ...ROUTER);

/**
 * Whether a frame is between a machine and the gateway of its own host: another host has one of the same addresses,
 * and shall not hear it.
 */
export function isForGateway(frame: EthernetFrame): boolean {
  if (frame.length < 14) return false;
  if (sameBytes(frame.subarray(0, 6), GATEWAY_MAC) || sameBytes(frame.subarray(6, 12), GATEWAY_MAC)) return true;
  const payload = frame.subarray(14);
  if (get16(frame, 12) === ETHERTYPE_ARP) {
    const asked = parseArp(payload);
    return asked !== null && [ROUTER, NAME_SERVER].some((own) => sameBytes(asked.targetIp, own));
  }
  const packet = get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(payload) : null;
  const datagram = packet?.protocol === PROTOCOL_UDP ? parseUdp(packet) : null;
  return datagram?.destinationPort === DHCP_SERVER_PORT || datagram?.destinationPort === DHCP_CLIENT_PORT;
}

/** A way to send frames when nothing was heard: the network's, with its time. */
export interface GatewaySender {
  readonly nowNs: number;
  send(frame: EthernetFrame): void;
}

export interface GatewayConfig {
  /** Host names by MAC address, written as 52:54:00:12:34:56. */
  hostNames?: ReadonlyMap<string, string>;
  leaseSeconds?: number;
  /** How many machines may want an address; decides the size of the network. */
  machines?: number;
}

export class Gateway implements NetworkNode, Stateful {
  readonly name = "gateway";
  readonly #dhcp: DhcpServer;
  readonly #subnet: Subnet;
  /** A gateway that is switched off hears nothing. */
  enabled = true;
  #ports = 0;
  #identification = 0;
  #nat: Nat | null = null;
  /** While a frame is handled: its time, and how answers are sent at that time. */
  #handling: GatewaySender | null = null;

  constructor(config: GatewayConfig = {}) {
    this.#subnet = (config.machines ?? 0) > SMALL.leases ? LARGE : SMALL;
    this.#dhcp = new DhcpServer({
      server: ROUTER,
      subnetMask: this.#subnet.mask,
      router: ROUTER,
      dns: NAME_SERVER,
      firstAddress: FIRST_LEASE,
      addresses: this.#subnet.leases,
      leaseSeconds: config.leaseSeconds ?? DEFAULT_LEASE_SECONDS,
      hostNames: config.hostNames ?? new Map(),
    });
  }

  /**
   * Each of two hosts that share an Ethernet has a gateway of its own; they give different addresses. It is no part of
   * the state.
   */
  setSecond(isSecond: boolean): void {
    this.#dhcp.firstNew = isSecond ? SECOND_LEASES[3]! - FIRST_LEASE[3]! : 0;
  }

  addPort(): number {
    return this.#ports++;
  }

  /** Opens the way to the host's networks. It is no part of the state: connections end with the run. */
  openNat(host: HostNetwork, sender: GatewaySender): Nat {
    const now = (): GatewaySender => this.#handling ?? sender;
    const { mask } = this.#subnet;
    const isLocal = (address: Ipv4Address): boolean =>
      address.every((byte, at) => ((byte ^ ROUTER[at]!) & mask[at]!) === 0);
    return (this.#nat = new Nat(host, {
      router: ROUTER,
      nameServer: NAME_SERVER,
      isLocal,
      get nowNs() {
        return now().nowNs;
      },
      send: (packet, to) => now().send(ethernetFrame(to, GATEWAY_MAC, ETHERTYPE_IPV4, this.#packet(packet))),
      ask: (targetIp) =>
        now().send(
          ethernetFrame(
            BROADCAST_MAC,
            GATEWAY_MAC,
            ETHERTYPE_ARP,
            arpBytes({
              operation: ARP_REQUEST,
              senderMac: GATEWAY_MAC,
              senderIp: ROUTER,
              targetMac: new Uint8Array(6),
              targetIp,
            }),
          ),
        ),
    }));
  }

  /** The way to the host's networks, if it was opened. */
  get nat(): Nat | null {
    return this.#nat;
  }

  /** The address that a machine has, as far as is known here. */
  addressOf(mac: MacAddress, nowNs: number): Ipv4Address | null {
    return this.#dhcp.addressOf(formatMac(mac), nowNs) ?? this.#nat?.addressOf(mac) ?? null;
  }

  /** Whether somebody has a lease of this address. */
  hasLent(address: Ipv4Address, nowNs: number): boolean {
    return this.#dhcp.hasLent(address, nowNs);
  }

  receive(port: number, timeNs: number, frame: EthernetFrame, transmit: Transmit): void {
    if (!this.enabled || frame.length < 14) return;
    holds(this.#handling === null, "gateway", "a frame comes while another one is handled");
    this.#handling = { nowNs: timeNs, send: (answer) => transmit(port, answer) };
    try {
      this.#receive(port, timeNs, frame, transmit);
    } finally {
      this.#handling = null;
    }
  }

  #receive(port: number, timeNs: number, frame: EthernetFrame, transmit: Transmit): void {
    const destination = frame.subarray(0, 6);
    if (!sameBytes(destination, GATEWAY_MAC) && !sameBytes(destination, BROADCAST_MAC)) return;
    const type = get16(frame, 12);
    const sender = frame.slice(6, 12);
    const send = (answerType: number, payload: Uint8Array, to: MacAddress = sender): void =>
      transmit(port, ethernetFrame(to, GATEWAY_MAC, answerType, payload));
    if (type === ETHERTYPE_ARP) this.#arp(frame.subarray(14), send);
    else if (type === ETHERTYPE_IPV4) this.#ipv4(frame.subarray(14), timeNs, send, sender);
  }

  #isOwn(address: Ipv4Address): boolean {
    return sameBytes(address, ROUTER) || sameBytes(address, NAME_SERVER);
  }

  #arp(bytes: Uint8Array, send: (type: number, payload: Uint8Array) => void): void {
    const request = parseArp(bytes);
    if (request !== null) this.#nat?.heard(request.senderIp, request.senderMac);
    if (request === null || request.operation !== ARP_REQUEST || !this.#isOwn(request.targetIp)) return;
    send(
      ETHERTYPE_ARP,
      arpBytes({
        operation: ARP_REPLY,
        senderMac: GATEWAY_MAC,
        senderIp: request.targetIp,
        targetMac: request.senderMac,
        targetIp: request.senderIp,
      }),
    );
  }

  #ipv4(
    bytes: Uint8Array,
    timeNs: number,
    send: (type: number, payload: Uint8Array, to?: MacAddress) => void,
    sender: MacAddress,
  ): void {
    const packet = parseIpv4Packet(bytes);
    if (packet === null) return;
    this.#nat?.heard(packet.source, sender);
    if (packet.protocol === PROTOCOL_ICMP && this.#isOwn(packet.destination)) this.#icmp(packet, send);
    else if (packet.protocol === PROTOCOL_UDP && this.#udp(packet, timeNs, send)) return;
    else if (!sameBytes(packet.destination, EVERYONE)) this.#nat?.packet(packet);
  }

  #icmp(packet: Ipv4Packet, send: (type: number, payload: Uint8Array) => void): void {
    const { payload } = packet;
    if (payload.length < 8 || payload[0] !== ICMP_ECHO_REQUEST || internetChecksum(payload, 0, payload.length) !== 0)
      return;
    const reply = payload.slice();
    reply[0] = 0;
    put16(reply, 2, 0);
    put16(reply, 2, internetChecksum(reply, 0, reply.length));
    send(
      ETHERTYPE_IPV4,
      this.#packet({ source: packet.destination, destination: packet.source, protocol: PROTOCOL_ICMP, payload: reply }),
    );
  }

  /** DHCP. False when the packet is not for its server. */
  #udp(
    packet: Ipv4Packet,
    timeNs: number,
    send: (type: number, payload: Uint8Array, to?: MacAddress) => void,
  ): boolean {
    const { destination } = packet;
    if (
      !sameBytes(destination, EVERYONE) &&
      !sameBytes(destination, this.#subnet.broadcast) &&
      !this.#isOwn(destination)
    )
      return false;
    const datagram = parseUdp(packet);
    if (datagram === null || datagram.destinationPort !== DHCP_SERVER_PORT) return false;
    const answer = this.#dhcp.handle(datagram.data, timeNs);
    if (answer === null) return true;
    const to = answer.destination ?? EVERYONE;
    const payload = udpBytes(ROUTER, to, {
      sourcePort: DHCP_SERVER_PORT,
      destinationPort: answer.isForRelay ? DHCP_SERVER_PORT : DHCP_CLIENT_PORT,
      data: answer.message,
    });
    const reply = this.#packet({ source: ROUTER, destination: to, protocol: PROTOCOL_UDP, payload });
    // RFC 2131, 4.1: to the address of a client that has one. It is where the question came from, whatever card has
    // leased it: a kernel may have moved on with it.
    const client = datagram.data.subarray(12, 16);
    const isAtSender =
      sameBytes(client, packet.source) && answer.destination !== null && sameBytes(client, answer.destination);
    if (answer.isForRelay || isAtSender) send(ETHERTYPE_IPV4, reply);
    else send(ETHERTYPE_IPV4, reply, answer.destination === null ? BROADCAST_MAC : datagram.data.slice(28, 34));
    return true;
  }

  #packet(packet: Ipv4Packet): Uint8Array {
    this.#identification = (this.#identification + 1) & 0xffff;
    return ipv4Bytes(packet, this.#identification);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("gateway", 1);
    this.enabled = visitor.bool(this.enabled);
    this.#identification = visitor.u16(this.#identification);
    this.#dhcp.visitState(visitor);
  }
}
