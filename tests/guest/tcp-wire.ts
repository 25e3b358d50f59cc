/**
 * A TCP peer on the wire that says what a case tells it to, and holds the node's answers against the case. A case is
 * rows of text:
 *
 *   < S 0:0 win 65535 mss 1460 sackOK wscale 7 ts 100:0   the peer sends this (relative sequence numbers)
 *   < P. 1:101 ack 1 win 1000                             100 bytes of data; `data TEXT` instead of filler
 *   < . 1:1 ack 1 ts 100:last-20                          it echoes the node's last timestamp, or one of 20 ms before
 *   > S. 0:0 ack 1 win 65535 mss 1460                     the node sends this next; what is not named is not looked at
 *   icmp 3:4 501 mtu 600 an ICMP error, type and code, about what the node sent with 501
 *   silence 100                                           the node sends nothing for so many milliseconds
 *   wait 100                                              time passes, whatever comes stays to be looked at
 *
 * What holds of every segment is looked at always: a row of the node's ends in `!` and what is wrong (TcpWatch).
 */
import {
  arpBytes,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  get32,
  ipv4Bytes,
  type MacAddress,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  parseArp,
  parseIpv4,
  parseIpv4Packet,
  put16,
} from "../../emulator/ether/packet.ts";
import type { LabCluster, LabPlug } from "../../src/index.ts";

const PEER = "10.0.2.77";
const PEER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x77);
const FLAGS = [
  ["F", 1],
  ["S", 2],
  ["R", 4],
  ["P", 8],
  [".", 16],
  ["U", 32],
] as const;
const ANSWER_MS = 100;

export interface Segment {
  readonly flags: string;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly window: number;
  readonly data: Uint8Array;
  readonly options: string;
  readonly atMs: number;
  readonly port: number;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, (value >>> 16) & 0xffff);
  put16(bytes, at + 2, value & 0xffff);
}

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The words after a row's mark: names and what follows each. */
function words(row: string): Map<string, string> {
  const [flags, range, ...rest] = row.split(" ");
  const found = new Map([
    ["flags", flags!],
    ["range", range!],
  ]);
  for (let at = 0; at < rest.length; at++) {
    const name = rest[at]!;
    if (name === "sackOK" || name === "bad-checksum") found.set(name, "");
    else if (name === "data") {
      found.set(name, JSON.parse(`"${rest.slice(at + 1).join(" ")}"`) as string);
      break;
    } else if (name === "sack") {
      found.set(name, rest.slice(at + 1).join(" "));
      break;
    } else found.set(name, rest[++at]!);
  }
  return found;
}

/** What no segment of the node's may break, whatever a case is about. */
class TcpWatch {
  /** The peer's SYN with its options: the last one, and the one that the node has taken. */
  #last: ReadonlyMap<string, string> = new Map();
  #asked = this.#last;
  /** Options of a call of the node's that is not taken yet. */
  #called: ReadonlyMap<string, string> | null = null;
  #scale = 0;
  #hasStamps = false;
  #acknowledged: number | null = null;
  #edge = 0;
  readonly #bytes = new Map<number, number>();

  synchronized(words: ReadonlyMap<string, string>): void {
    this.#last = words;
  }

  /** A connection begins: the node has this of the peer's options. */
  #begin(said: ReadonlyMap<string, string>): void {
    this.#asked = this.#last;
    this.#scale = said.has("wscale") && this.#asked.has("wscale") ? Number(said.get("wscale")!.split(" ")[1]) : 0;
    this.#hasStamps = said.has("ts") && this.#asked.has("ts");
    this.#acknowledged = null;
    this.#bytes.clear();
    this.#called = null;
  }

  /** What is wrong with a segment, or nothing. */
  look({ flags, sequence, acknowledgement, window, data, options }: Segment): string {
    const said = new Map(options.split(";").map((option) => [option.split(" ")[0]!, option] as const));
    if (flags === "S.") {
      this.#begin(said);
      const unasked = ["wscale", "sackOK", "ts"].filter((name) => said.has(name) && !this.#asked.has(name));
      return unasked.length > 0 ? ` ! ${unasked} was not asked for` : "";
    }
    if (flags === "S") this.#called = said;
    if (flags.includes("R") || flags.includes("S")) return "";
    if (this.#called) this.#begin(this.#called);
    if (said.has("ts") !== this.#hasStamps) return ` ! ${this.#hasStamps ? "no " : ""}timestamps`;
    if (data.length > Math.max(Number(this.#asked.get("mss") ?? 536) || 536, 64) - (this.#hasStamps ? 12 : 0))
      return ` ! ${data.length} bytes are too many`;
    for (const [at, byte] of data.entries()) {
      const place = (sequence + at) >>> 0;
      if ((this.#bytes.get(place) ?? byte) !== byte) return ` ! byte ${at} was another one before`;
      this.#bytes.set(place, byte);
    }
    const edge = (acknowledgement + window * 2 ** this.#scale) >>> 0;
    if (this.#acknowledged !== null) {
      if ((acknowledgement - this.#acknowledged) << 0 < 0) return " ! acknowledges less than before";
      if ((edge - this.#edge) << 0 < 1 - 2 ** this.#scale) return " ! takes back what the window had";
    }
    this.#acknowledged = acknowledgement;
    this.#edge = edge;
    return "";
  }
}

/** One connection's worth of a peer. */
export class TcpPeer {
  readonly #lab: LabCluster;
  readonly #plug: LabPlug;
  readonly #node: { readonly mac: MacAddress; readonly address: string };
  readonly #port: number;
  /** 0: that from which the node calls. */
  #nodePort: number;
  readonly #first: number;
  readonly #arrived: Segment[] = [];
  readonly #watch = new TcpWatch();
  #nodeFirst = 0;
  #stamp = 0;

  constructor(
    lab: LabCluster,
    plug: LabPlug,
    node: { mac: MacAddress; address: string },
    port: number,
    nodePort: number,
  ) {
    this.#lab = lab;
    this.#plug = plug;
    this.#node = node;
    this.#port = port;
    this.#nodePort = nodePort;
    // In the middle of a case the numbers wrap, or pass the middle of their circle.
    this.#first = ((port % 2 === 0 ? 0xfffff000 : 0x7ffff000) + port) >>> 0;
  }

  /** A frame came from the node. */
  hear(segment: Segment): void {
    this.#nodePort ||= segment.port;
    this.#arrived.push(segment);
  }

  send(row: string): void {
    const word = words(row);
    if (word.get("flags")!.includes("S")) this.#watch.synchronized(word);
    const [from, to] = word.get("range")!.split(":").map(Number);
    const text = word.get("data");
    const data = text === undefined ? new Uint8Array(to! - from!).fill(0x78) : encode(text);
    const options: number[] = [];
    const number = (name: string): number => Number(word.get(name));
    if (word.has("mss")) options.push(2, 4, number("mss") >> 8, number("mss") & 255);
    if (word.has("sackOK")) options.push(4, 2);
    if (word.has("wscale")) options.push(3, 3, number("wscale"));
    if (word.has("raw")) options.push(...word.get("raw")!.split(",").map(Number));
    if (word.has("ts")) {
      const [value, echo] = word.get("ts")!.split(":");
      const stamps = new Uint8Array(8);
      put32(stamps, 0, Number(value));
      put32(stamps, 4, echo!.startsWith("last") ? (this.#stamp + Number(echo!.slice(4))) >>> 0 : Number(echo));
      options.push(8, 10, ...stamps);
    }
    if (word.has("sack")) {
      const ranges = word
        .get("sack")!
        .split(" ")
        .flatMap((range) => range.split(":").map(Number));
      const bytes = new Uint8Array(ranges.length * 4);
      for (const [index, value] of ranges.entries()) put32(bytes, index * 4, (value + this.#nodeFirst) >>> 0);
      options.push(5, 2 + bytes.length, ...bytes);
    }
    while (options.length % 4 !== 0) options.push(0);
    const offset = word.has("offset") ? number("offset") : 5 + options.length / 4;
    const segment = new Uint8Array(20 + options.length + data.length);
    put16(segment, 0, this.#port);
    put16(segment, 2, this.#nodePort);
    put32(segment, 4, (this.#first + from!) >>> 0);
    if (word.has("ack")) put32(segment, 8, (this.#nodeFirst + number("ack")) >>> 0);
    segment[12] = offset << 4;
    segment[13] = FLAGS.reduce((bits, [letter, bit]) => bits | (word.get("flags")!.includes(letter) ? bit : 0), 0);
    put16(segment, 14, word.has("win") ? number("win") : 65535);
    put16(segment, 18, word.has("urg") ? number("urg") : 0);
    segment.set(options, 20);
    segment.set(data, 20 + options.length);
    const source = parseIpv4(PEER);
    const destination = parseIpv4(this.#node.address);
    const pseudo = new Uint8Array(12 + segment.length);
    pseudo.set(source, 0);
    pseudo.set(destination, 4);
    pseudo[9] = PROTOCOL_TCP;
    put16(pseudo, 10, segment.length);
    pseudo.set(segment, 12);
    put16(segment, 16, checksum(pseudo) ^ (word.has("bad-checksum") ? 1 : 0));
    const packet = ipv4Bytes({ source, destination, protocol: PROTOCOL_TCP, payload: segment }, 1);
    this.#plug.send(ethernetFrame(this.#node.mac, PEER_MAC, ETHERTYPE_IPV4, packet));
  }

  /** An error about a segment of the node's, of which it quotes the header and eight bytes. */
  sendError(row: string): void {
    const [type, code, sequence, mtu] = /^(\d+):(\d+) (-?\d+)(?: mtu (\d+))?$/.exec(row)!.slice(1).map(Number);
    const [source, destination] = [parseIpv4(this.#node.address), parseIpv4(PEER)];
    const segment = new Uint8Array(8);
    put16(segment, 0, this.#nodePort);
    put16(segment, 2, this.#port);
    put32(segment, 4, (this.#nodeFirst + sequence!) >>> 0);
    const error = new Uint8Array(8 + 28);
    error[0] = type!;
    error[1] = code!;
    put16(error, 6, mtu || 0);
    error.set(ipv4Bytes({ source, destination, protocol: PROTOCOL_TCP, payload: segment }, 1), 8);
    put16(error, 2, checksum(error));
    const packet = ipv4Bytes({ source: destination, destination: source, protocol: PROTOCOL_ICMP, payload: error }, 2);
    this.#plug.send(ethernetFrame(this.#node.mac, PEER_MAC, ETHERTYPE_IPV4, packet));
  }

  /** The node's next segment as a row of text with what `row` names. */
  async expect(row: string): Promise<string> {
    const started = this.#lab.nowNs;
    while (this.#arrived.length === 0 && this.#lab.nowNs - started < ANSWER_MS * 1e6) await this.#lab.advance("1ms");
    const segment = this.#arrived.shift();
    if (!segment) return "nothing";
    if (segment.flags.includes("S")) this.#nodeFirst = segment.sequence;
    const from = segment.flags.includes("R") && segment.sequence === 0 ? 0 : (segment.sequence - this.#nodeFirst) | 0;
    const asked = words(row);
    let seen = `${segment.flags} ${from}:${from + segment.data.length}`;
    if (segment.flags.includes(".")) seen += ` ack ${(segment.acknowledgement - this.#first) | 0}`;
    if (asked.has("win")) seen += ` win ${segment.window}`;
    return seen + this.#optionsOf(segment.options, asked) + this.#watch.look(segment);
  }

  #optionsOf(options: string, asked: ReadonlyMap<string, string>): string {
    const found: string[] = [];
    for (const option of options.split(";").filter(Boolean)) {
      const [name, ...values] = option.split(" ");
      if (name === "ts") this.#stamp = Number(values[0]);
      if (!asked.has(name!)) continue;
      if (name === "ts") found.push(`ts ${asked.get("ts")!.split(":")[0]}:${values[1]}`);
      else if (name === "sack")
        found.push(
          `sack ${values
            .map((range) => range.split(":").map((value) => (Number(value) - this.#first) | 0))
            .map(([a, b]) => `${a}:${b}`)
            .join(" ")}`,
        );
      else found.push([name, ...values].join(" "));
    }
    return found.map((text) => ` ${text}`).join("");
  }

  /** What the node sent in so many milliseconds, up to one segment. */
  async silence(ms: number): Promise<string> {
    const started = this.#lab.nowNs;
    while (this.#arrived.length === 0 && this.#lab.nowNs - started < ms * 1e6) await this.#lab.advance("5ms");
    const segment = this.#arrived[0];
    return segment ? `${segment.flags} after ${Math.round((this.#lab.nowNs - started) / 1e6)} ms` : "silence";
  }
}

function describeOptions(bytes: Uint8Array): string {
  const found: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at]!;
    if (kind === 0) break;
    if (kind === 1) {
      at++;
      continue;
    }
    const length = bytes[at + 1]!;
    if (kind === 2) found.push(`mss ${get16(bytes, at + 2)}`);
    if (kind === 3) found.push(`wscale ${bytes[at + 2]!}`);
    if (kind === 4) found.push("sackOK");
    if (kind === 8) found.push(`ts ${get32(bytes, at + 2)} ${get32(bytes, at + 6)}`);
    if (kind === 5) {
      const ranges: string[] = [];
      for (let range = at + 2; range < at + length; range += 8)
        ranges.push(`${get32(bytes, range)}:${get32(bytes, range + 4)}`);
      found.push(`sack ${ranges.join(" ")}`);
    }
    at += length;
  }
  return found.join(";");
}

/** Answers ARP for the peer, and gives each TCP segment to whoever has its port. */
export function listen(lab: LabCluster, plug: LabPlug, peers: ReadonlyMap<number, TcpPeer>): void {
  plug.answer((frame) => {
    if (get16(frame, 12) === ETHERTYPE_ARP) {
      const asked = parseArp(frame.subarray(14));
      if (asked?.operation !== 1 || asked.targetIp.join(".") !== PEER) return [];
      const reply = arpBytes({
        operation: 2,
        senderMac: PEER_MAC,
        senderIp: parseIpv4(PEER),
        targetMac: asked.senderMac,
        targetIp: asked.senderIp,
      });
      return [ethernetFrame(asked.senderMac, PEER_MAC, ETHERTYPE_ARP, reply)];
    }
    const packet = get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(frame.subarray(14)) : null;
    if (!packet || packet.protocol !== PROTOCOL_TCP || packet.destination.join(".") !== PEER) return [];
    const bytes = packet.payload;
    const header = (bytes[12]! >> 4) * 4;
    const bits = bytes[13]!;
    peers.get(get16(bytes, 2))?.hear({
      flags: FLAGS.filter(([, bit]) => bits & bit)
        .map(([letter]) => letter)
        .join(""),
      sequence: get32(bytes, 4),
      acknowledgement: get32(bytes, 8),
      window: get16(bytes, 14),
      data: bytes.slice(header),
      options: describeOptions(bytes.subarray(20, header)),
      atMs: lab.nowNs / 1e6,
      port: get16(bytes, 0),
    });
    return [];
  });
}
