/**
 * A client on the wire that asks a service address for its page four times a second, by ARP and TCP anew each time, and
 * tries once more when that fails: whether an upgrade is noticed.
 */
import { internetChecksum } from "../../emulator/ether/internet-checksum.ts";
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  get32,
  ipv4Bytes,
  parseArp,
  parseIpv4,
  put16,
  sameBytes,
} from "../../emulator/ether/packet.ts";
import type { LabCluster } from "../../src/lab/cluster.ts";

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 0xc9);
const CLIENT = "10.0.2.8";
const ADDRESS = parseIpv4(CLIENT);
const [FIN, SYN, RST, PUSH, ACK] = [1, 2, 4, 8, 16];
const REQUEST = Buffer.from("GET /status HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n");
const [EVERY_NS, PATIENCE_NS] = [250e6, 2000e6];
const TCP = 6;

interface Attempt {
  readonly port: number;
  readonly isSecond: boolean;
  readonly untilNs: number;
  mac: Uint8Array | null;
  next: number;
  heard: string;
}

/** What a client has met so far; the next one goes on from it. */
export interface Met {
  readonly asked: number;
  readonly retried: number;
  readonly failed: number;
}

export class RetryingClient implements Met {
  static readonly address = CLIENT;
  readonly #service: Uint8Array;
  readonly #plug: ReturnType<LabCluster["plug"]>;
  readonly #lab: LabCluster;
  #port: number;
  #packets = 0;
  #attempt: Attempt | null = null;
  #nextNs: number;
  asked: number;
  retried: number;
  failed: number;

  constructor(lab: LabCluster, service: string, { asked, retried, failed }: Met = { asked: 0, retried: 0, failed: 0 }) {
    this.#lab = lab;
    this.asked = asked;
    this.retried = retried;
    this.failed = failed;
    this.#port = 20_000 + asked + retried;
    this.#service = parseIpv4(service);
    this.#plug = lab.plug("client");
    this.#plug.answer((frame) => this.#hear(frame));
    this.#nextNs = lab.nowNs;
    const dueNs = (): number => this.#nextNs;
    const tick = (): void => {
      const attempt = this.#attempt;
      if (attempt && lab.nowNs >= attempt.untilNs) this.#over(false);
      if (lab.nowNs < this.#nextNs) return;
      this.#nextNs = lab.nowNs + EVERY_NS;
      if (this.#attempt) return;
      this.asked++;
      this.#begin(false);
    };
    lab.accompany({
      get nextNs() {
        return dueNs();
      },
      isWanted: () => false,
      tick,
      close: () => {},
    });
  }

  /** Whether it waits for no answer. */
  get isIdle(): boolean {
    return this.#attempt === null;
  }

  /** Ends it, between two requests: it is no part of the cluster any more. */
  unplug(): void {
    this.#nextNs = Infinity;
    this.#plug.unplug();
  }

  #begin(isSecond: boolean): void {
    const untilNs = this.#lab.nowNs + PATIENCE_NS;
    this.#attempt = { port: ++this.#port, isSecond, untilNs, mac: null, next: 0, heard: "" };
    const fields = { senderMac: MAC, senderIp: ADDRESS, targetMac: new Uint8Array(6), targetIp: this.#service };
    this.#plug.send(ethernetFrame(BROADCAST_MAC, MAC, ETHERTYPE_ARP, arpBytes({ operation: 1, ...fields })));
  }

  #over(isGood: boolean): void {
    const { isSecond } = this.#attempt!;
    this.#attempt = null;
    if (isGood) return;
    if (isSecond) this.failed++;
    else {
      this.retried++;
      this.#begin(true);
    }
  }

  #hear(frame: Uint8Array): Uint8Array[] {
    const attempt = this.#attempt;
    if (!attempt) return [];
    const type = get16(frame, 12);
    if (type === ETHERTYPE_ARP) {
      const arp = parseArp(frame.subarray(14));
      if (arp?.operation !== 2 || attempt.mac || !sameBytes(arp.senderIp, this.#service)) return [];
      attempt.mac = arp.senderMac.slice();
      return [this.#segment(attempt, SYN, 0)];
    }
    if (type !== ETHERTYPE_IPV4 || frame[23] !== TCP || !sameBytes(frame.subarray(26, 30), this.#service)) return [];
    const segment = frame.subarray(34, 14 + get16(frame, 16));
    if (get16(segment, 2) !== attempt.port) return [];
    const flags = segment[13]!;
    if (flags & RST) {
      this.#over(false);
      return [];
    }
    const sequence = get32(segment, 4);
    if (flags & SYN) {
      attempt.next = (sequence + 1) >>> 0;
      return [this.#segment(attempt, PUSH | ACK, 1, REQUEST)];
    }
    if (sequence !== attempt.next) return [];
    const data = segment.subarray((segment[12]! >> 4) * 4);
    attempt.heard += String.fromCharCode(...data);
    attempt.next = (sequence + data.length + (flags & FIN ? 1 : 0)) >>> 0;
    if (flags & FIN) {
      const answer = this.#segment(attempt, FIN | ACK, 1 + REQUEST.length);
      this.#over(/^HTTP\/1\.1 200 .*\r\n\r\n.*address/s.test(attempt.heard));
      return [answer];
    }
    return data.length > 0 ? [this.#segment(attempt, ACK, 1 + REQUEST.length)] : [];
  }

  #segment({ port, next, mac }: Attempt, flags: number, sequence: number, data = new Uint8Array()): Uint8Array {
    const bytes = new Uint8Array(20 + data.length);
    put16(bytes, 0, port);
    put16(bytes, 2, 80);
    put16(bytes, 4, sequence >>> 16);
    put16(bytes, 6, sequence & 0xffff);
    if (flags !== SYN) {
      put16(bytes, 8, next >>> 16);
      put16(bytes, 10, next & 0xffff);
    }
    bytes[12] = 5 << 4;
    bytes[13] = flags;
    put16(bytes, 14, 65_535);
    bytes.set(data, 20);
    const pseudo = Uint8Array.of(...ADDRESS, ...this.#service, 0, TCP, bytes.length >> 8, bytes.length & 255, ...bytes);
    put16(bytes, 16, internetChecksum(pseudo, 0, pseudo.length));
    const packet = { source: ADDRESS, destination: this.#service, protocol: TCP, payload: bytes };
    return ethernetFrame(mac!, MAC, ETHERTYPE_IPV4, ipv4Bytes(packet, ++this.#packets));
  }
}
