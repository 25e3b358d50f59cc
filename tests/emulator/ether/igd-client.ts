/** A program that asks a gateway for ports by UPnP, with a TCP of its own: a piece at a time, and again until heard. */
import {
  ACK,
  FIN,
  PSH,
  parseSegment,
  RST,
  type Segment,
  SYN,
  segmentBytes,
} from "../../../emulator/ether/nat/segment.ts";
import { ipv4Bytes, PROTOCOL_TCP, parseIpv4, parseIpv4Packet } from "../../../emulator/ether/packet.ts";
import { HTTP_PORT } from "../../../emulator/ether/wide/upnp/gateway-device.ts";
import { parseXml, type XmlElement } from "../../../emulator/ether/wide/upnp/xml.ts";
import type { Station, World } from "./wide-world.ts";

export const GATEWAY = "192.168.1.1";
const PIECE_BYTES = 1000;
const AGAIN_NS = 700e6;
const STEP_NS = 20e6;
const NOTHING = new Uint8Array(0);

export interface Reply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** A connection to the gateway, as far as the station makes it. */
export class Conversation {
  readonly #world: World;
  readonly #station: Station;
  readonly #to: string;
  readonly port: number;
  #sent = 1000;
  #acknowledged = 1000;
  #expected: number | null = null;
  received = "";
  isReset = false;
  isEnded = false;

  constructor(world: World, station: Station, port: number, to = GATEWAY) {
    this.#to = to;
    this.#world = world;
    this.#station = station;
    this.port = port;
  }

  send(flags: number, data: Uint8Array = NOTHING, sequence = this.#sent, destinationPort = HTTP_PORT): void {
    const [source, destination] = [parseIpv4(this.#station.address), parseIpv4(this.#to)];
    const segment: Segment = {
      ...{ sourcePort: this.port, destinationPort, sequence, acknowledgment: this.#expected ?? 0, flags },
      ...{ window: 20_000, mss: flags & SYN ? 1460 : null, shift: null, data },
    };
    const payload = segmentBytes(source, destination, segment);
    this.#station.sendPacket(ipv4Bytes({ source, destination, protocol: PROTOCOL_TCP, payload }, 1));
    this.listen();
  }

  /** Takes what has come, in order, and says so. */
  listen(): void {
    const before = this.#expected;
    let hasMore = false;
    for (const bytes of this.#station.packets.splice(0)) {
      const segment = parseSegment(parseIpv4Packet(bytes)!);
      if (segment?.destinationPort !== this.port) continue;
      if (segment.flags & RST) this.isReset = true;
      if (segment.flags & SYN) this.#expected ??= (segment.sequence + 1) >>> 0;
      if (segment.flags & ACK) this.#acknowledged = Math.max(this.#acknowledged, segment.acknowledgment);
      hasMore ||= segment.data.length > 0 || (segment.flags & (SYN | FIN)) !== 0;
      if (segment.sequence !== this.#expected) continue;
      this.received += new TextDecoder("latin1").decode(segment.data);
      const isLast = (segment.flags & FIN) !== 0;
      this.isEnded ||= isLast;
      this.#expected = (this.#expected + segment.data.length + Number(isLast)) >>> 0;
    }
    if (hasMore && before !== null) this.send(ACK, NOTHING, Math.max(this.#sent, this.#acknowledged));
  }

  /** Sends until it is heard, or the time is up. */
  #deliver(flags: number, data: Uint8Array, withinNs: number): boolean {
    const target = this.#sent + data.length + (flags & (SYN | FIN) ? 1 : 0);
    for (let passedNs = 0; this.#acknowledged < target && !this.isReset && passedNs < withinNs; passedNs += STEP_NS) {
      if (passedNs % AGAIN_NS === 0) this.send(flags, data);
      this.pass(STEP_NS);
    }
    const isHeard = this.#acknowledged >= target;
    if (isHeard) this.#sent = target;
    return isHeard && !this.isReset;
  }

  pass(spanNs: number): void {
    this.#world.pass(spanNs);
    this.listen();
  }

  open(): boolean {
    return this.#deliver(SYN, NOTHING, 10e9);
  }

  write(data: Uint8Array): void {
    for (let at = 0; at < data.length; at += PIECE_BYTES)
      if (!this.#deliver(ACK | PSH, data.subarray(at, at + PIECE_BYTES), 10e9)) return;
  }

  end(): void {
    this.#deliver(FIN | ACK, NOTHING, 10e9);
  }

  /** All of the answer. */
  wait(withinNs = 10e9): void {
    for (let passedNs = 0; passedNs < withinNs && !this.isEnded && !this.isReset; passedNs += STEP_NS)
      this.pass(STEP_NS);
  }
}

let nextPort = 20_000;

/** Opens, asks, reads and ends; null: there is no answer. */
export function exchange(world: World, station: Station, request: string | Uint8Array): Reply | null {
  const conversation = new Conversation(world, station, nextPort++);
  if (!conversation.open()) return null;
  conversation.write(typeof request === "string" ? new TextEncoder().encode(request) : request);
  conversation.wait();
  if (!conversation.isReset) conversation.end();
  const [head = "", ...body] = conversation.received.split("\r\n\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  const length = Number(/^Content-Length: (\d+)$/m.exec(head)?.[1]);
  const whole = body.join("\r\n\r\n");
  return conversation.isEnded && whole.length === length ? { status, head, body: whole } : null;
}

export const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: ${GATEWAY}:${HTTP_PORT}\r\n\r\n`;

const CONNECTION = "urn:schemas-upnp-org:service:WANIPConnection:1";

/** A message of SOAP, as MiniUPnPc writes it. */
export function soapRequest(
  action: string,
  values: Readonly<Record<string, string | number>>,
  type = CONNECTION,
  path = "/ctl/WANIPCn",
): string {
  const content = Object.entries(values).map(([name, value]) => `<${name}>${value}</${name}>`);
  const body =
    `<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ` +
    `s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><u:${action} xmlns:u="${type}">` +
    `${content.join("")}</u:${action}></s:Body></s:Envelope>\r\n`;
  return post(body, `${type}#${action}`, path);
}

export const post = (body: string, action = `${CONNECTION}#GetExternalIPAddress`, path = "/ctl/WANIPCn"): string =>
  `POST ${path} HTTP/1.1\r\nHost: ${GATEWAY}:${HTTP_PORT}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
  `Content-Type: text/xml; charset="utf-8"\r\nSOAPACTION: "${action}"\r\n\r\n${body}`;

export const childrenOf = (element: XmlElement | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries((element?.children ?? []).map(({ name, text }) => [name, text]));

/** What a message of SOAP gives, or the number of its error; null: there is no such answer. */
export function resultsOf(reply: Reply | null): Readonly<Record<string, string>> | number | null {
  const content = parseXml(reply?.body ?? "")?.children[0]?.children[0];
  if (content?.name !== "Fault") return content ? childrenOf(content) : null;
  const error = content.children.find(({ name }) => name === "detail")?.children[0];
  return Number(childrenOf(error)["errorCode"]);
}
