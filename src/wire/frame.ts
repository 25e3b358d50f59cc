/** Ethernet frames layer by layer. What is cut off or odd is named, never trusted. */
import { get16, get32 } from "../../emulator/ether/packet.ts";
import { CLUSTER_PORT, decodeCluster } from "./cluster.ts";
import type { Field, Layer } from "./layer.ts";
import { decodeDhcp, decodeDns } from "./services.ts";
import { decodeWide, WIDE_PORT } from "./wide.ts";

const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const UDP_BYTES = 8;
const TCP_BYTES = 20;
const DHCP_PORTS = new Set([67, 68]);
const DNS_PORTS = new Set([53, 5353]);
const PROTOCOLS: Readonly<Record<number, string>> = { 1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP" };
const IGMP_TYPES: Readonly<Record<number, string>> = {
  17: "asks who listens to",
  18: "listens to",
  22: "listens to",
  23: "leaves",
};
const IGMP_REPORT_V3 = 0x22;
/** What the records of a report of version 3 say of a group without sources: EXCLUDE is from all, INCLUDE from none. */
const IGMP_RECORDS: Readonly<Record<number, string>> = {
  1: "does not listen to",
  2: "listens to",
  3: "leaves",
  4: "joins",
  5: "allows sources of",
  6: "blocks sources of",
};
const TCP_FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];
const ICMP_TYPES: Readonly<Record<number, string>> = {
  0: "echo reply",
  3: "destination unreachable",
  8: "echo request",
  11: "time exceeded",
};

function macText(bytes: Uint8Array, at: number): string {
  return Array.from(bytes.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function ipText(bytes: Uint8Array, at: number): string {
  return Array.from(bytes.subarray(at, at + 4)).join(".");
}

/** All layers of a frame, the outermost first. */
export function decodeFrame(bytes: Uint8Array): Layer[] {
  if (bytes.length < ETHERNET_BYTES)
    return [{ title: "Ethernet", summary: `${bytes.length} bytes: too short for a frame`, fields: [] }];
  const type = get16(bytes, 12);
  const ethernet: Layer = {
    title: "Ethernet",
    summary: `${macText(bytes, 6)} to ${bytes[0]! & 1 ? (bytes[0] === 0xff ? "everyone" : "a group") : macText(bytes, 0)}`,
    fields: [
      ["to", macText(bytes, 0), 0, 6],
      ["from", macText(bytes, 6), 6, 6],
      ["type", `${type.toString(16).padStart(4, "0")}h`, 12, 2],
    ],
  };
  if (type === 0x0806) return [ethernet, decodeArp(bytes)];
  if (type === 0x0800) return [ethernet, ...decodeIpv4(bytes)];
  return [ethernet];
}

/** One line: the innermost layer's. */
export function summarize(layers: readonly Layer[]): { protocol: string; text: string } {
  const inner = layers.at(-1)!;
  return { protocol: inner.title, text: inner.summary };
}

function decodeArp(bytes: Uint8Array): Layer {
  const title = "ARP";
  if (bytes.length < ETHERNET_BYTES + 28) return { title, summary: "cut off", fields: [] };
  const operation = get16(bytes, 20);
  const [asker, wanted] = [ipText(bytes, 28), ipText(bytes, 38)];
  return {
    title,
    summary: operation === 1 ? `who has ${wanted}? tell ${asker}` : `${asker} is at ${macText(bytes, 22)}`,
    fields: [
      ["operation", operation === 1 ? "request" : operation === 2 ? "reply" : String(operation), 20, 2],
      ["sender's hardware address", macText(bytes, 22), 22, 6],
      ["sender's protocol address", asker, 28, 4],
      ["target's hardware address", macText(bytes, 32), 32, 6],
      ["target's protocol address", wanted, 38, 4],
    ],
  };
}

function decodeIpv4(bytes: Uint8Array): Layer[] {
  const at = ETHERNET_BYTES;
  const headerBytes = (bytes[at]! & 15) * 4;
  if (bytes.length < at + IPV4_BYTES || headerBytes < IPV4_BYTES)
    return [{ title: "IPv4", summary: "cut off", fields: [] }];
  const protocol = bytes[at + 9]!;
  const [from, to] = [ipText(bytes, at + 12), ipText(bytes, at + 16)];
  const ip: Layer = {
    title: "IPv4",
    summary: `${from} to ${to}, ${PROTOCOLS[protocol] ?? `protocol ${protocol}`}`,
    fields: [
      ["length", String(get16(bytes, at + 2)), at + 2, 2],
      ["identification", String(get16(bytes, at + 4)), at + 4, 2],
      ["time to live", String(bytes[at + 8]), at + 8, 1],
      ["protocol", PROTOCOLS[protocol] ?? String(protocol), at + 9, 1],
      ["from", from, at + 12, 4],
      ["to", to, at + 16, 4],
    ],
  };
  const end = Math.min(bytes.length, at + get16(bytes, at + 2));
  const inner = at + headerBytes;
  const body = bytes.subarray(0, Math.max(inner, end));
  if (get16(bytes, at + 6) & 0x1fff)
    return [ip, { title: "Fragment", summary: `of a datagram of ${from}`, fields: [] }];
  if (protocol === 17) return [ip, ...decodeUdp(body, inner)];
  if (protocol === 6) return [ip, decodeTcp(body, inner)];
  if (protocol === 1) return [ip, decodeIcmp(body, inner)];
  if (protocol === 2) return [ip, decodeIgmp(body, inner, from)];
  return [ip];
}

/** A query or a report, of version 3 with its records (RFC 3376 section 4, RFC 2236). */
function decodeIgmp(bytes: Uint8Array, at: number, from: string): Layer {
  if (bytes.length < at + 8) return { title: "IGMP", summary: "cut off", fields: [] };
  const type = bytes[at]!;
  const fields: Field[] = [["type", `0x${type.toString(16)}`, at, 1]];
  if (type === IGMP_REPORT_V3) {
    let record = at + 8;
    for (let left = get16(bytes, at + 6); left > 0 && record + 8 <= bytes.length; left--) {
      fields.push([IGMP_RECORDS[bytes[record]!] ?? "says of", ipText(bytes, record + 4), record, 8]);
      record += 8 + 4 * (bytes[record + 1]! + get16(bytes, record + 2));
    }
    const texts = fields.slice(1).map(([name, group]) => `${name} ${group}`);
    return { title: "IGMP", summary: `${from} ${texts.join(", ")}`, fields };
  }
  const group = ipText(bytes, at + 4);
  fields.push(["group", group, at + 4, 4]);
  const ofAll = group === "0.0.0.0" ? "any group" : group;
  return { title: "IGMP", summary: `${from} ${IGMP_TYPES[type] ?? "says of"} ${ofAll}`, fields };
}

function decodeIcmp(bytes: Uint8Array, at: number): Layer {
  if (bytes.length < at + 8) return { title: "ICMP", summary: "cut off", fields: [] };
  const name = ICMP_TYPES[bytes[at]!] ?? `type ${bytes[at]}`;
  return {
    title: "ICMP",
    summary: `${name} ${get16(bytes, at + 6)}`,
    fields: [
      ["type", name, at, 1],
      ["code", String(bytes[at + 1]), at + 1, 1],
      ["identifier", String(get16(bytes, at + 4)), at + 4, 2],
      ["sequence", String(get16(bytes, at + 6)), at + 6, 2],
    ],
  };
}

function decodeUdp(bytes: Uint8Array, at: number): Layer[] {
  if (bytes.length < at + UDP_BYTES) return [{ title: "UDP", summary: "cut off", fields: [] }];
  const [from, to] = [get16(bytes, at), get16(bytes, at + 2)];
  const udp: Layer = {
    title: "UDP",
    summary: `port ${from} to ${to}, ${bytes.length - at - UDP_BYTES} bytes`,
    fields: [
      ["from port", String(from), at, 2],
      ["to port", String(to), at + 2, 2],
      ["length", String(get16(bytes, at + 4)), at + 4, 2],
    ],
  };
  const inner = at + UDP_BYTES;
  if (to === CLUSTER_PORT) return [udp, decodeCluster(bytes, inner)];
  if (to === WIDE_PORT || from === WIDE_PORT) return [udp, decodeWide(bytes, inner)];
  if (DHCP_PORTS.has(to)) return [udp, decodeDhcp(bytes, inner)];
  if (DNS_PORTS.has(to) || DNS_PORTS.has(from)) return [udp, decodeDns(bytes, inner)];
  return [udp];
}

function decodeTcp(bytes: Uint8Array, at: number): Layer {
  if (bytes.length < at + TCP_BYTES) return { title: "TCP", summary: "cut off", fields: [] };
  const flags = TCP_FLAGS.filter((_, bit) => (bytes[at + 13]! >> bit) & 1).join(" ");
  const dataAt = at + (bytes[at + 12]! >> 4) * 4;
  const fields: Field[] = [
    ["from port", String(get16(bytes, at)), at, 2],
    ["to port", String(get16(bytes, at + 2)), at + 2, 2],
    ["sequence", String(get32(bytes, at + 4) >>> 0), at + 4, 4],
    ["acknowledges", String(get32(bytes, at + 8) >>> 0), at + 8, 4],
    ["flags", flags, at + 13, 1],
    ["window", String(get16(bytes, at + 14)), at + 14, 2],
  ];
  return {
    title: "TCP",
    summary: `port ${get16(bytes, at)} to ${get16(bytes, at + 2)}, ${flags}, ${Math.max(0, bytes.length - dataAt)} bytes`,
    fields,
  };
}
