/**
 * The states that the fuzzer of the network begins from: each of TCP's, and each service in conversation. A state is
 * reached once and kept as a snapshot, with the frames that went over the wire on the way: they are what is changed.
 */

import { saveCluster } from "../../emulator/cluster/snapshot.ts";
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  ipv4Bytes,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  parseIpv4,
  udpBytes,
} from "../../emulator/ether/packet.ts";
import { LabCluster, type LabNode, type LabPlug, restoreCluster } from "../../src/index.ts";
import { saveConsoles } from "../../src/lab/console.ts";
import { restoreWith } from "../../src/lab/restore.ts";
import { mirrored } from "./fuzz-frames.ts";
import { listen, TcpPeer } from "./tcp-wire.ts";

const PEER = "10.0.2.77";
const PEER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x77);
const PEER_PORT = 4000;
const ADDRESS = /^cloud: \S+ (\d+\.\d+\.\d+\.\d+) era \d+/m;
export const PROMPT = /\S+:\/\S*> $/;
const RAM_BYTES = 16 << 20;
const SOON = { within: "60s" } as const;

/** What is typed on the node before: everything that serves. */
const SERVING = ["netboot on", "set http.root /boot", "telnet on open", "dns add a.home.example A 10.0.2.9", "dns on"];

const OPEN = ["< S 0:0 win 65535 mss 1460 sackOK wscale 7 ts 100:0", "> S. 0:0 ts *:100", "< . 1:1 ack 1 ts 101:last"];
const OPEN_SHORT = ["< S 0:0 win 65535 mss 1000 sackOK", "> S. 0:0", "< . 1:1 ack 1"];
const ASK = "< P. 1:23 ack 1 data GET /kernel HTTP/1.1\\n\\n";
const ASK_IP = "< P. 1:20 ack 1 data GET /?IP HTTP/1.0\\n\\n";
const ANSWERED = [...OPEN_SHORT, ASK_IP, "wait 100"];

const CLOSED_WINDOW = [...OPEN, ASK.replace("ack 1", "ack 1 win 0"), "wait 300"];
const [ECHO_PORT, NC_PORT] = [7777, 5000];
/** What comes back is never acknowledged, and what is sent has a hole. */
const BOTH_WAYS = [
  ...OPEN_SHORT,
  "< P. 1:1001 ack 1",
  "wait 20",
  "< P. 1001:2001 ack 1",
  "< P. 3001:4001 ack 1",
  "wait 20",
];
/** `nc` waits for the pipe, and reads no more. */
const NOT_READ = `nc -l ${NC_PORT} | sleep 3600000`;
/** Segments of the peer without a hole. */
const inOrder = (count: number): string[] =>
  Array.from({ length: count }, (_, place) => `< . ${place * 1000 + 1}:${place * 1000 + 1001} ack 1`);
const UNREAD = [...OPEN_SHORT, ...inOrder(80), "wait 300"];
const UNREAD_LITTLE = [...OPEN_SHORT, ...inOrder(20), "wait 300", "< F. 20001:20001 ack 1", "wait 10"];
/** The node has called: a SYN of the peer's own, or its consent. */
const CALLED = ["> S 0:0", "< S 0:0 win 65535 mss 1460 sackOK", "wait 10"];
const ACCEPTED = [
  "< S. 0:0 ack 1 win 65535 mss 1460 sackOK",
  "> . 1:1 ack 1",
  "< P. 1:7 ack 1 data hello\\n",
  "wait 20",
];

interface FuzzState {
  readonly name: string;
  /** What is typed at the node's prompt, not waited for. */
  readonly typed?: string;
  /** What a TCP peer does (tcp-wire.ts), and the node's port; 80 when it is not said, 0 when the node calls. */
  readonly rows?: readonly string[];
  readonly port?: number;
  /** Without a gateway nobody lends the node an address. */
  readonly isAlone?: boolean;
}

export const FUZZ_STATES: readonly FuzzState[] = [
  { name: "LISTEN" },
  { name: "SYN-SENT", typed: `nc ${PEER} 5000` },
  { name: "SYN-RECEIVED", rows: OPEN.slice(0, 2) },
  { name: "ESTABLISHED", rows: OPEN },
  { name: "ESTABLISHED, with islands", rows: [...OPEN_SHORT, "< . 101:201 ack 1", "< . 301:401 ack 1", "wait 10"] },
  { name: "ESTABLISHED, sending", rows: [...OPEN_SHORT, ASK, "wait 20"] },
  {
    name: "fast recovery",
    rows: [...OPEN_SHORT, "wait 20", ASK, "wait 20", "< . 23:23 ack 1 sack 1001:4001", "wait 1"],
  },
  { name: "recovery after a timeout", rows: [...OPEN_SHORT, ASK, "wait 500"] },
  { name: "closed window", rows: CLOSED_WINDOW },
  { name: "closed window, probed", rows: [...CLOSED_WINDOW, "wait 3000"] },
  { name: "data both ways", typed: `/bin/echo-server ${ECHO_PORT} &`, rows: BOTH_WAYS, port: ECHO_PORT },
  {
    name: "data both ways, again after a timeout",
    typed: `/bin/echo-server ${ECHO_PORT} &`,
    rows: [...BOTH_WAYS, "wait 700"],
    port: ECHO_PORT,
  },
  { name: "own window closed", typed: NOT_READ, rows: UNREAD, port: NC_PORT },
  { name: "FIN-WAIT-1", rows: ANSWERED },
  { name: "FIN-WAIT-2", rows: [...ANSWERED, "< . 20:20 ack 150", "wait 10"] },
  { name: "CLOSING", rows: [...ANSWERED, "< F. 20:20 ack 1", "wait 10"] },
  { name: "TIME-WAIT", rows: [...ANSWERED, "< F. 20:20 ack 150", "wait 10"] },
  { name: "CLOSE-WAIT, unread", typed: NOT_READ, rows: UNREAD_LITTLE, port: NC_PORT },
  { name: "CLOSE-WAIT, sending", rows: [...OPEN_SHORT, ASK, "wait 5", "< F. 23:23 ack 1", "wait 5"] },
  {
    name: "CLOSE-WAIT, closed window",
    rows: [...CLOSED_WINDOW, "< F. 23:23 ack 1 win 0 ts 102:last", "wait 300"],
  },
  { name: "LAST-ACK", rows: [...OPEN, "< F. 1:1 ack 1 ts 102:last", "wait 10"] },
  { name: "LAST-ACK, answer under way", rows: [...OPEN_SHORT, ASK_IP.replace("P.", "FP."), "wait 100"] },
  { name: "SYN-SENT, called at once", typed: `nc ${PEER} ${NC_PORT}`, rows: CALLED, port: 0 },
  { name: "ESTABLISHED, having called", typed: `nc ${PEER} ${NC_PORT}`, rows: ["> S 0:0", ...ACCEPTED], port: 0 },
  { name: "HTTP, half a request", rows: [...OPEN_SHORT, "< P. 1:11 ack 1 data GET /kerne", "wait 50"] },
  { name: "telnet", rows: [...OPEN_SHORT, "wait 300", "< P. 1:5 ack 1 data ls\\r\\n", "wait 300"], port: 23 },
  {
    name: "DNS over TCP, half a message",
    rows: [...OPEN_SHORT, "< P. 1:4 ack 1 data \\u0000\\u0020a", "wait 50"],
    port: 53,
  },
  { name: "DNS, waiting for an answer", typed: `set dns.server ${PEER}; host far.example` },
  { name: "ping, waiting", typed: `ping -c 3 ${PEER}` },
  { name: "DHCP client, nobody lends", isAlone: true },
];

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const DHCP_BYTES = 300;

/** What a DHCP client or server might say; `more` are options. */
function dhcp(operation: number, ...more: number[]): Uint8Array {
  const bytes = new Uint8Array(DHCP_BYTES);
  bytes.set([operation, 1, 6, 0, 0x39, 3, 0xf3, 0x26]);
  bytes.set([10, 0, 2, 60], 16);
  bytes.set(PEER_MAC, 28);
  bytes.set([0x63, 0x82, 0x53, 0x63, ...more, 255], 236);
  return bytes;
}

const QUESTION = [1, 97, 4, 104, 111, 109, 101, 7, 101, 120, 97, 109, 112, 108, 101, 0, 0, 1, 0, 1];
const dns = (flags: number, ...more: number[]): Uint8Array =>
  Uint8Array.of(0, 1, flags, 0, 0, 1, 0, more.length > 0 ? 1 : 0, 0, 0, 0, 0, ...QUESTION, ...more);

/** Frames that do not depend on a conversation. */
function general(mac: Uint8Array, address: string): Uint8Array[] {
  const [source, destination] = [parseIpv4(PEER), parseIpv4(address)];
  const packet = (protocol: number, payload: Uint8Array, to = destination, toMac = mac): Uint8Array =>
    ethernetFrame(toMac, PEER_MAC, ETHERTYPE_IPV4, ipv4Bytes({ source, destination: to, protocol, payload }, 1));
  const udp = (port: number, data: Uint8Array, to = destination, toMac = mac): Uint8Array =>
    packet(PROTOCOL_UDP, udpBytes(source, to, { sourcePort: port, destinationPort: port, data }), to, toMac);
  const group = (last: number): [Uint8Array, Uint8Array] => [
    Uint8Array.of(224, 0, 0, last),
    Uint8Array.of(1, 0, 0x5e, 0, 0, last),
  ];
  const arp = (operation: number, senderIp: Uint8Array): Uint8Array =>
    ethernetFrame(
      operation === 1 ? BROADCAST_MAC : mac,
      PEER_MAC,
      ETHERTYPE_ARP,
      arpBytes({ operation, senderMac: PEER_MAC, senderIp, targetMac: mac, targetIp: destination }),
    );
  const echo = Uint8Array.of(8, 0, 0, 0, 0, 1, 0, 1, ...new Uint8Array(56));
  const piece = packet(PROTOCOL_ICMP, echo);
  piece[20] = 0x20;
  const rest = packet(PROTOCOL_ICMP, echo);
  rest[21] = 8;
  const everyone = parseIpv4("255.255.255.255");
  return [
    arp(1, source),
    arp(2, source),
    packet(PROTOCOL_ICMP, echo),
    piece,
    rest,
    packet(2, Uint8Array.of(0x11, 10, 0, 0, 0, 0, 0, 0), ...group(1)),
    packet(2, Uint8Array.of(0x11, 10, 0, 0, 0, 0, 0, 0, 2, 20, 0, 0), ...group(1)),
    udp(7, encode("echo")),
    udp(9, encode("nobody")),
    udp(53, dns(1)),
    udp(53, dns(0x80, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 0, 0, 9)),
    udp(5353, dns(0), ...group(251)),
    udp(5353, dns(0x84, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 0, 0, 9), ...group(251)),
    udp(67, dhcp(1, 53, 1, 1, 60, 9, ...encode("PXEClient"), 93, 2, 0, 0), everyone, BROADCAST_MAC),
    udp(67, dhcp(1, 53, 1, 3, 50, 4, 10, 0, 2, 60), everyone, BROADCAST_MAC),
    udp(68, dhcp(2, 53, 1, 2, 54, 4, 10, 0, 2, 77, 51, 4, 0, 0, 0, 60), everyone, BROADCAST_MAC),
    udp(69, encode("\0\x01loader\0octet\0blksize\x001400\0tsize\x000\0")),
    udp(69, encode("\0\x02loader\0octet\0")),
    udp(123, Uint8Array.of(0x24, 1, 0, 0, ...new Uint8Array(44).fill(0x81))),
    udp(20818, encode("QuRe").slice(), parseIpv4("239.255.81.82"), Uint8Array.of(1, 0, 0x5e, 0x7f, 0x51, 0x52)),
  ];
}

export interface ReachedState {
  readonly name: string;
  readonly snapshot: Uint8Array;
  readonly host: LabCluster["host"];
  /** What is changed: the conversation first. */
  readonly frames: readonly Uint8Array[];
  /** How many of them are the conversation's. */
  readonly own: number;
}

/** A cluster in a state that was reached, and the peer's cable. */
export function restorePlugged({ snapshot, host }: ReachedState): { lab: LabCluster; plug: LabPlug } {
  let plug: LabPlug | null = null;
  const lab = restoreWith(snapshot, { host, tripleFault: "fail" }, (options) => {
    const made = new LabCluster(options);
    plug = made.plug("peer");
    return made;
  });
  return { lab, plug: plug! };
}

/** A node on which everything serves, as a snapshot. */
async function serving(cdrom: Uint8Array, firmware: Uint8Array, isAlone: boolean): Promise<Uint8Array> {
  const lab = new LabCluster({ nodes: [{ cdrom, ramBytes: RAM_BYTES }], firmware, gateway: !isAlone });
  const node = lab.nodes[0]!;
  await node.waitFor(isAlone ? PROMPT : ADDRESS, SOON);
  for (const line of isAlone ? [] : SERVING) await node.enter(line, PROMPT, SOON);
  await lab.advance(isAlone ? "1s" : "3s");
  const snapshot = lab.save();
  lab.close();
  return snapshot;
}

/** Brings a node into the states, in their order. */
export class FuzzStates {
  readonly #cdrom: Uint8Array;
  readonly #firmware: Uint8Array;
  readonly #bases = new Map<boolean, Promise<Uint8Array>>();

  constructor(cdrom: Uint8Array, firmware: Uint8Array) {
    this.#cdrom = cdrom;
    this.#firmware = firmware;
  }

  async reach({ name, typed, rows = [], port = 80, isAlone = false }: FuzzState): Promise<ReachedState> {
    const known = this.#bases.get(isAlone);
    const base = known ?? serving(this.#cdrom, this.#firmware, isAlone);
    if (!known) this.#bases.set(isAlone, base);
    const lab = restoreCluster(await base);
    const node: LabNode = lab.nodes[0]!;
    const plug = lab.plug("peer");
    const peers = new Map<number, TcpPeer>();
    listen(lab, plug, peers);
    const mac = lab.cluster.macAddresses[0]!;
    const address = ADDRESS.exec(node.console.text)?.[1] ?? "0.0.0.0";
    const peer = new TcpPeer(lab, plug, { mac, address }, port === 0 ? NC_PORT : PEER_PORT, port);
    peers.set(port === 0 ? NC_PORT : PEER_PORT, peer);
    const heard = plug.received.length;
    const said: Uint8Array[] = [];
    const send = plug.send.bind(plug);
    plug.send = (frame) => {
      said.push(frame);
      send(frame);
    };
    if (typed) node.type(`${typed}\n`);
    await lab.advance("50ms");
    for (const row of rows)
      if (row.startsWith("< ")) peer.send(row.slice(2));
      else if (row.startsWith("wait ")) await lab.advance(`${row.slice(5)}ms`);
      else if ((await peer.expect(row.slice(2))) === "nothing") throw new Error(`${name}: no answer for ${row}`);
    await lab.advance("1ms");
    const own = [...said, ...plug.received.slice(heard).flatMap((frame) => mirrored(frame) ?? [])];
    // The peer's cable is in it: `restorePlugged` makes it before it goes on from there.
    const snapshot = saveCluster(lab.cluster, lab.host.compressor, saveConsoles(lab.nodes));
    const { host } = lab;
    lab.close();
    return { name, snapshot, host, frames: [...own, ...general(mac, address)], own: own.length };
  }
}
