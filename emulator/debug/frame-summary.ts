/**
 * Ethernet frames in one line: addresses and the protocols that tests and people look for. Anything odd is named, never
 * trusted.
 */
import type { EthernetFrame } from "../ether/port.ts";

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_IPV6 = 0x86dd;
const HEADER_BYTES = 14;
const PROTOCOLS: Readonly<Record<number, string>> = { 1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP" };
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17]);

function mac(frame: Uint8Array, at: number): string {
  return Array.from(frame.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function ip(frame: Uint8Array, at: number): string {
  return Array.from(frame.subarray(at, at + 4)).join(".");
}

export function describeFrame(frame: EthernetFrame): string {
  if (frame.length < HEADER_BYTES) return `${frame.length} bytes: too short for a frame`;
  const type = (frame[12]! << 8) | frame[13]!;
  return `${frame.length} bytes ${mac(frame, 6)} > ${mac(frame, 0)} ${describePayload(frame, type)}`;
}

function describePayload(frame: Uint8Array, type: number): string {
  if (type === ETHERTYPE_IPV4) return describeIpv4(frame);
  if (type === ETHERTYPE_IPV6) return "IPv6";
  if (type !== ETHERTYPE_ARP) return `type ${type.toString(16).padStart(4, "0")}h`;
  if (frame.length < HEADER_BYTES + 28) return "ARP, cut off";
  return frame[21] === 1
    ? `ARP who has ${ip(frame, 38)}, tell ${ip(frame, 28)}`
    : `ARP ${ip(frame, 28)} is at ${mac(frame, 22)}`;
}

function describeIpv4(frame: Uint8Array): string {
  if (frame.length < HEADER_BYTES + 20) return "IPv4, cut off";
  const protocol = frame[23]!;
  const name = PROTOCOLS[protocol] ?? `protocol ${protocol}`;
  const payload = HEADER_BYTES + (frame[14]! & 15) * 4;
  const port = (at: number): string =>
    WITH_PORTS.has(protocol) && frame.length >= payload + 4 ? `:${(frame[at]! << 8) | frame[at + 1]!}` : "";
  return `IPv4 ${name} ${ip(frame, 26)}${port(payload)} > ${ip(frame, 30)}${port(payload + 2)}`;
}
