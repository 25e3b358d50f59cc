/**
 * The states that the fuzzer of the network begins from: each of TCP's, and each service in conversation. A state is
 * reached once and kept as a snapshot, with the frames that went over the wire on the way: they are what is changed.
 */

import { saveCluster } from "../../../emulator/cluster/snapshot.ts";
import { PROTOCOL_ICMP, sameBytes } from "../../../emulator/ether/packet.ts";
import { LabCluster, type LabNode, type LabPlug, restoreCluster } from "../../../src/index.ts";
import { saveConsoles } from "../../../src/lab/console.ts";
import { restoreWith } from "../../../src/lab/restore.ts";
import { mirrored } from "./fuzz-frames.ts";
import * as talks from "./fuzz-talks.ts";
import { dhcp, dns, encode, type Talk } from "./fuzz-talks.ts";
import { EVERYONE, FuzzWire, MDNS_GROUP, PEER } from "./fuzz-wire.ts";
import { listen, TcpPeer } from "./tcp-wire.ts";

const PEER_PORT = 4000;
const ADDRESS = /^cloud: (\S+) (\d+\.\d+\.\d+\.\d+) era \d+/m;
export const PROMPT = /\S+:\/\S*> $/;
const ALL_HOSTS = "224.0.0.1";
const IGMP = 2;
/** What a node without a gateway calls itself when it is told to. */
const FIXED = "10.0.2.15";
const LENDING = `ifconfig eth0 ${FIXED} 255.255.255.0; sleep 6000; dhcp-server 10.0.2.150 20 60 &`;
/** Of what came to the peer, so many frames are enough. */
const RECENT = 40;
const RAM_BYTES = 16 << 20;
const SOON = { within: "60s" } as const;

/** Who else is there: a gateway, which lends addresses; nobody; or the gateway and another node. */
type Among = "gateway" | "nobody" | "two";

/** What is typed on the node before: everything that serves. */
const SERVING = [
  "netboot on",
  `set syslog.server ${PEER}`,
  "set http.root /boot",
  "telnet on open",
  "dns add a.home.example A 10.0.2.9",
  "dns on",
];

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

/** More SYNs than the server of the web keeps half open: what it answers then is a cookie. */
const CROWDED = ["crowd 40", "wait 20", ...OPEN_SHORT.slice(0, 2), "could . 1:1 ack 1", `could ${ASK.slice(2)}`];
/** Nothing is said for longer than a keep-alive waits, so that the first probes are out. */
const IDLE = [...OPEN_SHORT, "wait 300", "< . 1:1 ack 17", "wait 7400000", "could . 1:1 ack 17", "could . 0:0 ack 17"];
const PAGE = "HTTP/1.1 200 OK\\r\\nContent-Length: 4000\\r\\n\\r\\n";
const CHUNKS = "HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n5\\r\\nhello\\r\\n400\\r\\nthere";
/** The node's program has asked for a page, and half of it is there. */
const fetched = (head: string): string[] => [
  "> S 0:0",
  "< S. 0:0 ack 1 win 65535 mss 1460 sackOK",
  "wait 20",
  `< P. 1:${1 + (JSON.parse(`"${head}"`) as string).length} ack 1 data ${head}`,
  "wait 20",
];
const WGET = `wget http://${PEER}:${NC_PORT}/x`;

interface FuzzState {
  readonly name: string;
  /** What is typed at the node's prompt, not waited for. */
  readonly typed?: string;
  /**
   * What a TCP peer does (tcp-wire.ts), and the node's port; 80 when it is not said, 0 when the node calls. `crowd 40`
   * are SYNs of as many others, `could . 1:1 ack 1` is a segment that is changed later and not sent now.
   */
  readonly rows?: readonly string[];
  readonly port?: number;
  /** What the peer says over UDP. */
  readonly talk?: Talk;
  readonly among?: Among;
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
  { name: "LISTEN, cookies in use", rows: CROWDED },
  { name: "keep-alive probing", rows: IDLE, port: 23 },
  { name: "HTTP client, half a page", typed: WGET, rows: fetched(PAGE), port: 0 },
  { name: "HTTP client, half a chunk", typed: WGET, rows: fetched(CHUNKS), port: 0 },
  {
    name: "DNS, waiting for an answer",
    typed: `set dns.server ${PEER}; host far.example`,
    talk: talks.askedForName,
  },
  { name: "mDNS, waiting for an answer", typed: "host far.local", talk: talks.askedForLocalName },
  { name: "mDNS, probing a name", typed: "hostname other", talk: talks.askedForLocalName },
  { name: "ping, waiting", typed: `ping -c 3 ${PEER}` },
  { name: "traceroute, waiting", typed: `traceroute ${PEER}` },
  { name: "NTP client, waiting", typed: `ntp ${PEER} 0`, talk: talks.askedForTime },
  { name: "TFTP server, sending", talk: talks.reading },
  { name: "TFTP client, getting", typed: `tftp get ${PEER} x`, talk: talks.asked },
  { name: "TFTP client, putting", typed: `tftp put ${PEER} /boot/kernel x`, talk: talks.transferring },
  { name: "packets for others", typed: "route forward on" },
  { name: "DHCP client, nobody lends", among: "nobody" },
  { name: "DHCP client, offered", among: "nobody", talk: talks.offered },
  { name: "DHCP client, probing the address", among: "nobody", talk: talks.lent },
  { name: "DHCP client, renewing", among: "nobody", talk: talks.renewing },
  { name: "DHCP client, rebinding", among: "nobody", talk: talks.rebinding },
  { name: "DHCP server, offering", among: "nobody", typed: LENDING, talk: talks.offering },
  { name: "member of a cluster", among: "two", rows: ["wait 3000"] },
];

/** Frames that do not depend on a conversation. */
function general(wire: FuzzWire, hostName: string): Uint8Array[] {
  const { address } = wire;
  const echo = Uint8Array.of(8, 0, 0, 0, 0, 1, 0, 1, ...new Uint8Array(56));
  const [piece, rest] = [wire.packet(PROTOCOL_ICMP, echo), wire.packet(PROTOCOL_ICMP, echo)];
  piece[20] = 0x20;
  rest[21] = 8;
  const [PTR, AXFR] = [12, 252];
  const [UPDATE, ANSWER] = [0x28, 0x84];
  const ninth = [1, [10, 0, 2, 9]] as const;
  return [
    wire.arp(1, PEER),
    wire.arp(2, PEER),
    wire.arp(2, address),
    wire.arp(1, address),
    wire.packet(PROTOCOL_ICMP, echo),
    wire.packet(PROTOCOL_ICMP, echo, "10.0.2.99"),
    piece,
    rest,
    wire.packet(IGMP, Uint8Array.of(0x11, 10, 0, 0, 0, 0, 0, 0), ALL_HOSTS),
    wire.packet(IGMP, Uint8Array.of(0x11, 10, 0, 0, 0, 0, 0, 0, 2, 20, 0, 0), ALL_HOSTS),
    wire.packet(IGMP, Uint8Array.of(0x11, 0x91, 0, 0, 0, 0, 0, 0, 7, 20, 0, 1, 10, 0, 2, 9), ALL_HOSTS),
    wire.udp(7, 7, encode("echo")),
    wire.udp(9, 9, encode("nobody")),
    wire.udp(2053, 53, dns(1, "a.home.example")),
    wire.udp(2053, 53, dns(1, "home.example", AXFR)),
    wire.udp(2053, 53, dns(UPDATE, "home.example", 6, ninth)),
    wire.udp(53, 53, dns(ANSWER, "a.home.example", 1, ninth)),
    wire.udp(5353, 5353, dns(0, `${hostName}.local`), MDNS_GROUP),
    wire.udp(2053, 5353, dns(0, "_services._dns-sd._udp.local", PTR), MDNS_GROUP),
    wire.udp(5353, 5353, dns(0, "_http._tcp.local", PTR), MDNS_GROUP),
    wire.udp(5353, 5353, dns(ANSWER, `${hostName}.local`, 1, ninth), MDNS_GROUP),
    wire.udp(68, 67, dhcp(53, 1, 1, 60, 9, ...encode("PXEClient"), 93, 2, 0, 0), EVERYONE),
    wire.udp(68, 67, dhcp(53, 1, 3, 50, 4, 10, 0, 2, 60), EVERYONE),
    wire.udp(2069, 69, encode("\0\x01loader\0octet\0blksize\x001400\0tsize\x000\0")),
    wire.udp(2069, 69, encode("\0\x02loader\0octet\0")),
    wire.udp(123, 123, Uint8Array.of(0x24, 1, 0, 0, ...new Uint8Array(44).fill(0x81))),
    wire.udp(20818, 20818, encode("QRCL").slice(), "239.255.81.82"),
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

/** Booted nodes, as a snapshot; on the first of them everything serves, if somebody lends it an address. */
async function booted(cdrom: Uint8Array, firmware: Uint8Array, among: Among): Promise<Uint8Array> {
  const isAlone = among === "nobody";
  const nodes = Array.from({ length: among === "two" ? 2 : 1 }, () => ({ cdrom, ramBytes: RAM_BYTES }));
  const lab = new LabCluster({ nodes, firmware, gateway: !isAlone });
  for (const node of lab.nodes) await node.waitFor(isAlone ? PROMPT : ADDRESS, SOON);
  for (const line of isAlone ? [] : SERVING) await lab.nodes[0]!.enter(line, PROMPT, SOON);
  await lab.advance(isAlone ? "1s" : "3s");
  const snapshot = lab.save();
  lab.close();
  return snapshot;
}

/** Brings a node into the states, in their order. */
export class FuzzStates {
  readonly #cdrom: Uint8Array;
  readonly #firmware: Uint8Array;
  readonly #bases = new Map<Among, Promise<Uint8Array>>();

  constructor(cdrom: Uint8Array, firmware: Uint8Array) {
    this.#cdrom = cdrom;
    this.#firmware = firmware;
  }

  #base(among: Among): Promise<Uint8Array> {
    const known = this.#bases.get(among) ?? booted(this.#cdrom, this.#firmware, among);
    this.#bases.set(among, known);
    return known;
  }

  async reach({ name, typed, rows = [], port = 80, talk, among = "gateway" }: FuzzState): Promise<ReachedState> {
    const lab = restoreCluster(await this.#base(among));
    const node: LabNode = lab.nodes[0]!;
    const plug = lab.plug("peer");
    const peers = new Map<number, TcpPeer>();
    listen(lab, plug, peers);
    const mac = lab.cluster.macAddresses[0]!;
    const [, hostName, address] = ADDRESS.exec(node.console.text) ?? ["", "qure", FIXED];
    const wire = new FuzzWire(lab, plug, mac, address!);
    const peerOf = (own: number, nodes: number): TcpPeer => {
      const peer = new TcpPeer(lab, plug, { mac, address: address! }, own, nodes);
      peers.set(own, peer);
      return peer;
    };
    const peer = peerOf(port === 0 ? NC_PORT : PEER_PORT, port);
    if (among !== "nobody") {
      // The node has asked for the peer, who was not there, and would ask again only after a second.
      plug.send(wire.arp(1, PEER));
      await lab.advance("5ms");
    }
    const heard = plug.received.length;
    const said: Uint8Array[] = [];
    const send = plug.send.bind(plug);
    let isSaid = true;
    plug.send = (frame) => {
      (isSaid ? said : wire.possible).push(frame);
      if (isSaid) send(frame);
    };
    if (typed) node.type(`${typed}\n`);
    await lab.advance("50ms");
    for (const row of rows) {
      const [kind, rest] = [row.slice(0, row.indexOf(" ")), row.slice(row.indexOf(" ") + 1)];
      isSaid = kind !== "could";
      if (kind === "<" || kind === "could") peer.send(rest);
      else if (kind === "crowd")
        for (let other = 1; other <= Number(rest); other++) peerOf(PEER_PORT + other, port).send("S 0:0 mss 1460");
      else if (kind === "wait") await lab.advance(`${rest}ms`);
      else if ((await peer.expect(rest)) === "nothing") throw new Error(`${name}: no answer for ${row}`);
    }
    isSaid = true;
    await talk?.(wire);
    await lab.advance("1ms");
    const back = plug.received.slice(heard);
    const others = back.filter((frame) => !sameBytes(frame.subarray(6, 12), mac));
    const recent = [...others.slice(-RECENT), ...back.slice(-RECENT).flatMap((frame) => mirrored(frame) ?? [])];
    const own = [...said, ...wire.possible, ...recent];
    const errors = back.slice(-1).flatMap((frame) => wire.errorsAbout(frame));
    // The peer's cable is in it: `restorePlugged` makes it before it goes on from there.
    const snapshot = saveCluster(lab.cluster, lab.host.compressor, saveConsoles(lab.nodes));
    const { host } = lab;
    lab.close();
    return { name, snapshot, host, frames: [...own, ...general(wire, hostName!), ...errors], own: own.length };
  }
}
