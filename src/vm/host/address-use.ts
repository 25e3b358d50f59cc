/**
 * Which machines use the address that the gateway has for them, and which another one. A lease comes first; then a
 * system probes the address, takes it with its routes, and announces it (RFC 5227 section 2.3). A kernel that moves to
 * another machine announces there what it has.
 */
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, formatMac, get16, PROTOCOL_UDP } from "../../../emulator/ether/packet.ts";

const DHCP_CLIENT_PORT = 68;
/** After the last word of its DHCP, one that says nothing by itself has the address. */
const QUIET_MS = 3_000;
/** Of frames of Ethernet: the sender, and in ARP and IPv4 its address; UDP without options before it. */
const SENDER = 6;
const TYPE = 12;
const ARP_SENDER = 28;
const IPV4_PROTOCOL = 23;
const IPV4_SOURCE = 26;
const UDP_SOURCE_PORT = 34;
const SHORTEST_BYTES = 42;

export class AddressUse {
  /** Those whose system began and was not heard with an address since, and when each spoke DHCP last. */
  readonly #silent = new Map<string, number | null>();
  /** The last address that each has announced or asked from by ARP; null: none yet. */
  readonly #announced = new Map<string, string | null>();

  /** A machine's system begins: what it had counts no more. */
  begin(mac: string): void {
    this.#silent.set(mac, null);
    this.#announced.set(mac, null);
  }

  /** Hears every frame of machines. */
  hear(frame: Uint8Array, nowMs: number): void {
    if (frame.length < SHORTEST_BYTES) return;
    const type = get16(frame, TYPE);
    if (type !== ETHERTYPE_ARP && (type !== ETHERTYPE_IPV4 || this.#silent.size === 0)) return;
    const mac = formatMac(frame.subarray(SENDER, TYPE));
    const address = frame.subarray(type === ETHERTYPE_ARP ? ARP_SENDER : IPV4_SOURCE).subarray(0, 4);
    // A probe is of nobody, and so is DHCP.
    const isSomebody = address.some((byte) => byte !== 0);
    if (type === ETHERTYPE_ARP && isSomebody && this.#announced.has(mac)) this.#announced.set(mac, address.join("."));
    if (!this.#silent.has(mac)) return;
    if (isSomebody) this.#silent.delete(mac);
    else if (type === ETHERTYPE_IPV4 && isDhcp(frame)) this.#silent.set(mac, nowMs);
  }

  /** The address that a machine has announced last since its system began. */
  announcedBy(mac: string): string | null {
    return this.#announced.get(mac) ?? null;
  }

  isUsed(mac: string, nowMs: number): boolean {
    const askedMs = this.#silent.get(mac);
    return askedMs === undefined || (askedMs !== null && nowMs - askedMs > QUIET_MS);
  }
}

const isDhcp = (frame: Uint8Array): boolean =>
  frame[IPV4_PROTOCOL] === PROTOCOL_UDP && get16(frame, UDP_SOURCE_PORT) === DHCP_CLIENT_PORT;
