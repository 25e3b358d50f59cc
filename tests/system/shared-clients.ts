/** Many clients of a service address that is shared: one neighbour on the wire with as many addresses. */
import { SERVICE } from "../../bench/network/service-client.ts";
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  formatIpv4,
  formatMac,
  get16,
  get32,
  parseArp,
} from "../../emulator/ether/packet.ts";
import type { LabCluster, LabPlug } from "../../src/index.ts";
import { arp, type Frame, tcp } from "../guest/net/packet-wire.ts";

const HTTP_PORT = 80;
const [FIN, SYN, ACK] = [1, 2, 16];
const SYN_ACK = SYN | ACK;
const REQUEST = "GET /status HTTP/1.0\r\n\r\n";
/** Who hears nothing for so long begins anew, with another connection. */
const PATIENCE_MS = 400;

/** What a client heard. */
export interface Served {
  /** The node's name. */
  readonly by: string;
  /** Connections that it took. */
  readonly tries: number;
  /** MAC address that the answer came from. */
  readonly from: string;
}

interface Asking {
  readonly client: string;
  readonly port: number;
  readonly tries: number;
  readonly atNs: number;
  text: string;
}

export class SharedClients {
  readonly #lab: LabCluster;
  readonly #plug: LabPlug;
  /** Where to send what is for the address: what the last answer of ARP said, or a test says. */
  readonly #station: { mac: Uint8Array; address: string } = { mac: new Uint8Array(6), address: SERVICE };
  readonly #stationsHeard = new Map<string, string[]>();
  readonly #asking = new Map<number, Asking>();
  readonly #served = new Map<string, Served>();
  #nextPort = 20_000;
  #arpAnswers: string[] = [];

  constructor(lab: LabCluster) {
    this.#lab = lab;
    this.#plug = lab.plug("clients");
    this.#plug.answer((frame) => this.#hear(frame));
  }

  /** Asks whose the address is. The MAC addresses that answers name, one for each answer. */
  async resolve(): Promise<readonly string[]> {
    this.#arpAnswers = [];
    this.#plug.send(arp({ operation: 1, sender: "10.0.2.99", target: SERVICE })(this.#station));
    await this.#lab.advance("20ms");
    return this.#arpAnswers;
  }

  /** Has each of these clients ask for a page, again and again until it has it. */
  async ask(clients: readonly string[], withinMs = 3000): Promise<ReadonlyMap<string, Served>> {
    this.#served.clear();
    for (const client of clients) this.#begin(client, 1);
    const endNs = this.#lab.nowNs + withinMs * 1e6;
    while (this.#asking.size > 0 && this.#lab.nowNs < endNs) {
      await this.#lab.advance("20ms");
      for (const [port, { client, tries, atNs }] of this.#asking) {
        if (this.#lab.nowNs - atNs < PATIENCE_MS * 1e6) continue;
        this.#asking.delete(port);
        this.#begin(client, tries + 1);
      }
    }
    return new Map(this.#served);
  }

  /** Has what follows sent to another station. */
  sendTo(mac: string): void {
    this.#station.mac = Uint8Array.from(mac.split(":"), (byte) => Number.parseInt(byte, 16));
  }

  /** The MAC addresses that a client hears the address from after these frames, one for each answer. */
  async stations(client: string, frames: readonly Frame[]): Promise<readonly string[]> {
    this.#stationsHeard.set(client, []);
    for (const frame of frames) this.#plug.send(frame(this.#station));
    await this.#lab.advance("20ms");
    return this.#stationsHeard.get(client)!;
  }

  #begin(client: string, tries: number): void {
    const port = this.#nextPort++;
    this.#asking.set(port, { client, port, tries, atNs: this.#lab.nowNs, text: "" });
    this.#plug.send(this.#segment(client, { source: port, flags: SYN }));
  }

  #segment(client: string, fields: { source: number; flags: number } & Partial<Parameters<typeof tcp>[0]>): Uint8Array {
    return tcp({ port: HTTP_PORT, ...fields }, { from: client })(this.#station);
  }

  #hear(frame: Uint8Array): Uint8Array[] {
    if (get16(frame, 12) === ETHERTYPE_ARP) return this.#hearArp(frame);
    if (get16(frame, 12) !== ETHERTYPE_IPV4 || formatIpv4(frame.slice(26, 30)) !== SERVICE) return [];
    this.#stationsHeard.get(formatIpv4(frame.slice(30, 34)))?.push(formatMac(frame.slice(6, 12)));
    const asking = frame[23] === 6 && this.#asking.get(get16(frame, 36));
    if (!asking) return [];
    const { client, port, tries } = asking;
    const bytes = frame.subarray(34, 14 + get16(frame, 16));
    const sequence = get32(bytes, 4);
    if (bytes[13] === SYN_ACK) {
      const data = new TextEncoder().encode(REQUEST);
      const said = { source: port, flags: ACK | 8, sequence: 1, acknowledgement: (sequence + 1) >>> 0, data };
      return [this.#segment(client, said)];
    }
    const data = bytes.subarray((bytes[12]! >> 4) * 4);
    asking.text += String.fromCharCode(...data);
    const ends = (bytes[13]! & FIN) !== 0;
    if (ends) {
      this.#asking.delete(port);
      const [, by = "nobody"] = /^name +(\S+)/m.exec(asking.text) ?? [];
      this.#served.set(client, { by, tries, from: formatMac(frame.slice(6, 12)) });
    }
    const acknowledgement = (sequence + data.length + (ends ? 1 : 0)) >>> 0;
    if (data.length === 0 && !ends) return [];
    const flags = ends ? FIN | ACK : ACK;
    return [this.#segment(client, { source: port, flags, sequence: 1 + REQUEST.length, acknowledgement })];
  }

  #hearArp(frame: Uint8Array): Uint8Array[] {
    const heard = parseArp(frame.subarray(14));
    if (!heard) return [];
    const [sender, target] = [formatIpv4(heard.senderIp), formatIpv4(heard.targetIp)];
    if (heard.operation === 2 && sender === SERVICE) {
      this.#arpAnswers.push(formatMac(heard.senderMac));
      this.#station.mac = heard.senderMac.slice();
    }
    // The clients' addresses are 10.0.2.100 to 10.0.2.199.
    if (heard.operation !== 1 || !/^10\.0\.2\.1\d\d$/.test(target)) return [];
    return [arp({ operation: 2, sender: target, target: sender, mac: frame.slice(6, 12) })(this.#station)];
  }
}

/** So many clients' addresses. */
export const clientsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `10.0.2.${100 + index}`);
