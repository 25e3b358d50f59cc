/**
 * A DHCP server (RFC 2131, options of RFC 2132): leases by client identifier or hardware address, in virtual time. It
 * knows nothing of frames; it turns a client's message into an answer and says where that is to be sent.
 */
import { holds } from "../state/invariant.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import { formatMac, get32, type Ipv4Address, sameBytes } from "./packet.ts";

const BOOT_REQUEST = 1;
const BOOT_REPLY = 2;
const MAGIC_COOKIE = [0x63, 0x82, 0x53, 0x63] as const;
const OPTIONS_OFFSET = 240;
const SHORTEST_MESSAGE = 300;
const FLAG_BROADCAST = 0x8000;

const DISCOVER = 1;
const OFFER = 2;
const REQUEST = 3;
const DECLINE = 4;
const ACK = 5;
const NAK = 6;
const RELEASE = 7;
const INFORM = 8;

const OPTION_PAD = 0;
const OPTION_SUBNET_MASK = 1;
const OPTION_ROUTER = 3;
const OPTION_DNS = 6;
const OPTION_HOST_NAME = 12;
const OPTION_REQUESTED_ADDRESS = 50;
const OPTION_LEASE_TIME = 51;
const OPTION_MESSAGE_TYPE = 53;
const OPTION_SERVER = 54;
const OPTION_RENEWAL = 58;
const OPTION_REBINDING = 59;
const OPTION_CLIENT = 61;
const OPTION_END = 255;

export interface DhcpConfig {
  server: Ipv4Address;
  subnetMask: Ipv4Address;
  router: Ipv4Address;
  dns: Ipv4Address;
  /** First address to give, and how many follow it, all in the subnet and none its broadcast address. */
  firstAddress: Ipv4Address;
  addresses: number;
  leaseSeconds: number;
  /** Host names by MAC address, written as 52:54:00:12:34:56. */
  hostNames: ReadonlyMap<string, string>;
}

interface Lease {
  /** Who has it (clientOf); who had it last once the lease has expired. */
  holder: string;
  expiresNs: number;
}

export interface DhcpAnswer {
  message: Uint8Array;
  /** Where to send it: the client's address, the relay's, or null for a broadcast. */
  destination: Ipv4Address | null;
  /** It goes to a server's port there, by the machine that the question came from. */
  isForRelay: boolean;
}

/** Time for which an offered address is kept for its client. */
const OFFER_NS = 60e9;
/** An address that a client found in use is not offered for this long. */
const DECLINED_NS = 3600e9;
const NOBODY = "";

function readOptions(message: Uint8Array): Map<number, Uint8Array> | null {
  const options = new Map<number, Uint8Array>();
  let offset = OPTIONS_OFFSET;
  while (offset < message.length) {
    const code = message[offset++]!;
    if (code === OPTION_PAD) continue;
    if (code === OPTION_END) break;
    const length = message[offset++];
    if (length === undefined || offset + length > message.length) return null;
    options.set(code, message.subarray(offset, offset + length));
    offset += length;
  }
  return options;
}

/**
 * Whose a message is: the client identifier, in hexadecimal digits; the MAC address for one that says no more
 * (RFC 2132, 9.14), or where there is none.
 */
function clientOf(message: Uint8Array, options: ReadonlyMap<number, Uint8Array>): string {
  const mac = message.subarray(28, 34);
  const given = options.get(OPTION_CLIENT);
  const isCard = !given || given.length < 2 || (given[0] === 1 && sameBytes(given.subarray(1), mac));
  return isCard ? formatMac(mac) : Array.from(given, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Four bytes, as options hold times and addresses. */
function bigEndian(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

export class DhcpServer implements Stateful {
  readonly #config: DhcpConfig;
  /** By address, relative to the first one. */
  /** Whoever is new gets an address from this place of the pool on, as long as there is one. */
  firstNew = 0;
  #leases: (Lease | null)[];

  constructor(config: DhcpConfig) {
    holds(config.addresses >= 0 && config.leaseSeconds > 0, "DHCP server", "addresses are lent for no time");
    this.#config = config;
    this.#leases = new Array<Lease | null>(config.addresses).fill(null);
  }

  /** The address that a client holds now. */
  addressOf(client: string, nowNs: number): Ipv4Address | null {
    const index = this.#leases.findIndex((lease) => lease?.holder === client && lease.expiresNs > nowNs);
    return index < 0 ? null : this.#address(index);
  }

  /** Whether a client holds this address now. */
  hasLent(address: Ipv4Address, nowNs: number): boolean {
    const lease = this.#leases[this.#index(address)];
    return lease != null && lease.holder !== NOBODY && lease.expiresNs > nowNs;
  }

  /** The answer to a message of a client or a relay, null when there is none. */
  handle(message: Uint8Array, nowNs: number): DhcpAnswer | null {
    if (message.length < OPTIONS_OFFSET || message[0] !== BOOT_REQUEST || message[1] !== 1 || message[2] !== 6)
      return null;
    if (!MAGIC_COOKIE.every((byte, index) => message[236 + index] === byte)) return null;
    const options = readOptions(message);
    const server = options?.get(OPTION_SERVER);
    if (!options || (server && !sameBytes(server, this.#config.server))) return null;
    const client = clientOf(message, options);
    switch (options.get(OPTION_MESSAGE_TYPE)?.[0]) {
      case DISCOVER:
        return this.#offer(message, client, options, nowNs);
      case REQUEST:
        return this.#request(message, client, options, nowNs);
      case DECLINE:
        this.#give(this.#requested(options), client, { holder: NOBODY, expiresNs: nowNs + DECLINED_NS });
        return null;
      case RELEASE:
        this.#give(this.#index(message.subarray(12, 16)), client, { holder: client, expiresNs: nowNs });
        return null;
      case INFORM:
        return this.#reply(message, ACK, null);
      default:
        return null;
    }
  }

  #offer(message: Uint8Array, client: string, options: Map<number, Uint8Array>, nowNs: number): DhcpAnswer | null {
    const index = this.#choose(client, this.#requested(options), nowNs);
    if (index < 0) return null;
    const lease = this.#leases[index];
    const stillHeld = lease?.holder === client && lease.expiresNs > nowNs;
    holds(index < this.#leases.length, "DHCP server", "an address beyond the pool is offered");
    if (!stillHeld) this.#leases[index] = { holder: client, expiresNs: nowNs + OFFER_NS };
    return this.#reply(message, OFFER, index);
  }

  /** RFC 2131, 4.3.2: after an offer the address is in the option; a client that renews has it in `ciaddr`. */
  #request(message: Uint8Array, client: string, options: Map<number, Uint8Array>, nowNs: number): DhcpAnswer | null {
    const current = message.subarray(12, 16);
    const asked = options.get(OPTION_REQUESTED_ADDRESS) ?? current;
    const index = this.#index(asked);
    const lease = this.#leases[index];
    const free = !lease || lease.holder === client || lease.expiresNs <= nowNs;
    if (index < 0 || !free) return this.#reply(message, NAK, null);
    this.#leases[index] = { holder: client, expiresNs: nowNs + this.#config.leaseSeconds * 1e9 };
    return this.#reply(message, ACK, index);
  }

  /**
   * RFC 2131, 4.3.1: the client's own address, what it asks for, one that was never given, the one expired longest ago.
   */
  #choose(client: string, requested: number, nowNs: number): number {
    const own = this.#leases.findIndex((lease) => lease?.holder === client);
    if (own >= 0) return own;
    const isFree = (index: number): boolean => (this.#leases[index]?.expiresNs ?? 0) <= nowNs;
    if (requested >= 0 && isFree(requested)) return requested;
    const beyond = this.#leases.indexOf(null, this.firstNew);
    const fresh = beyond < 0 ? this.#leases.indexOf(null) : beyond;
    if (fresh >= 0) return fresh;
    let oldest = -1;
    this.#leases.forEach((lease, index) => {
      if (isFree(index) && (oldest < 0 || lease!.expiresNs < this.#leases[oldest]!.expiresNs)) oldest = index;
    });
    return oldest;
  }

  /** Changes a lease, if this client holds it. */
  #give(index: number, client: string, lease: Lease): void {
    if (this.#leases[index]?.holder === client) this.#leases[index] = lease;
  }

  #requested(options: Map<number, Uint8Array>): number {
    const address = options.get(OPTION_REQUESTED_ADDRESS);
    return address ? this.#index(address) : -1;
  }

  /** Place of an address in the pool, or -1. */
  #index(address: Uint8Array): number {
    if (address.length !== 4) return -1;
    const index = get32(address, 0) - get32(this.#config.firstAddress, 0);
    return index >= 0 && index < this.#leases.length ? index : -1;
  }

  #address(index: number): Ipv4Address {
    holds(index >= 0 && index < this.#leases.length, "DHCP server", "an address beyond the pool is given");
    return Uint8Array.from(bigEndian(get32(this.#config.firstAddress, 0) + index));
  }

  #reply(request: Uint8Array, type: number, index: number | null): DhcpAnswer {
    const config = this.#config;
    const options: number[] = [OPTION_MESSAGE_TYPE, 1, type, OPTION_SERVER, 4, ...config.server];
    if (type !== NAK) {
      options.push(
        OPTION_SUBNET_MASK,
        4,
        ...config.subnetMask,
        OPTION_ROUTER,
        4,
        ...config.router,
        OPTION_DNS,
        4,
        ...config.dns,
      );
      const name = config.hostNames.get(formatMac(request.subarray(28, 34)));
      if (name !== undefined) {
        const bytes = new TextEncoder().encode(name).subarray(0, 255);
        options.push(OPTION_HOST_NAME, bytes.length, ...bytes);
      }
    }
    if (index !== null) {
      const lease = config.leaseSeconds;
      options.push(OPTION_LEASE_TIME, 4, ...bigEndian(lease), OPTION_RENEWAL, 4, ...bigEndian(Math.floor(lease / 2)));
      options.push(OPTION_REBINDING, 4, ...bigEndian(Math.floor((lease * 7) / 8)));
    }
    options.push(OPTION_END);
    holds(
      options.every((byte) => byte >= 0 && byte <= 0xff),
      "DHCP server",
      "an option is no bytes",
    );
    const message = new Uint8Array(Math.max(SHORTEST_MESSAGE, OPTIONS_OFFSET + options.length));
    message.set([BOOT_REPLY, 1, 6, 0]);
    message.set(request.subarray(4, 8), 4); // Transaction.
    message.set(request.subarray(10, 12), 10); // Flags.
    const current = request.subarray(12, 16);
    if (type !== NAK) message.set(current, 12);
    if (index !== null) message.set(this.#address(index), 16);
    if (type !== NAK) message.set(config.server, 20); // RFC 2131, table 3: none in a refusal.
    const relay = request.slice(24, 28);
    message.set(relay, 24);
    message.set(request.subarray(28, 44), 28);
    message.set(MAGIC_COOKIE, 236);
    message.set(options, OPTIONS_OFFSET);
    const isForRelay = relay.some((byte) => byte !== 0);
    const broadcast = type === NAK || (((request[10]! << 8) | request[11]!) & FLAG_BROADCAST) !== 0;
    const hasAddress = current.some((byte) => byte !== 0);
    // RFC 2131, 4.1: through a relay, whatever else the client says.
    let destination: Ipv4Address | null = null;
    if (isForRelay) destination = relay;
    else if (hasAddress && type !== NAK) destination = current;
    else if (!broadcast && index !== null) destination = this.#address(index);
    return { message, destination, isForRelay };
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("DHCP server", 1);
    this.#leases = this.#leases.map((lease) => {
      if (!visitor.bool(lease !== null)) return null;
      return { holder: visitor.text(lease?.holder ?? NOBODY), expiresNs: visitor.integer(lease?.expiresNs ?? 0) };
    });
  }
}
