/**
 * Who holds which of the addresses that the machines share: as the network hears it, from ARP frames alone, and as
 * their memory says.
 */
import { formatIpv4, formatMac } from "../../../emulator/ether/packet.ts";
import { formatNs } from "../../lab/time.ts";
import { clusterPacketOf } from "../../wire/cluster.ts";
import { KIND, RELEASE, SERVICE } from "../../wire/cluster-layout.ts";
import type { Invariant } from "../invariant.ts";
import type { WireFrame, World } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";

/**
 * What the machines of a campaign share, as `cloud address add` takes it: one that its holder serves, one that all do.
 */
export const SERVICES_OF_CAMPAIGNS = ["10.0.2.9", "10.0.2.10 shared"] as const;

const MS = 1e6;
const ETHERTYPE = 12;
const SENDER_MAC = 22;
const SENDER_ADDRESS = 28;
const ARP_BYTES = 42;
/** Where a frame says who sends it. */
const SOURCE_MAC = 6;
/** A service's own MAC address: this, and its address (docs/protocols/cluster.md). */
const SERVICE_MAC = [2, 0x51];
/** Machines with which nothing is wrong for so long have found out who holds an address, */
const AGREED_NS = 1000 * MS;
/** and then no second one answers within this time of the first. */
const BOTH_NS = 100 * MS;
/** When nothing was wrong for so long, and all are members, each address has its holder, */
const HELD_NS = 5000 * MS;
/** but for the moment in which it is handed over. */
const HANDED_NS = 500 * MS;

interface Claim {
  readonly node: number;
  readonly atNs: number;
  /** It has said since then that it gives the address up. */
  readonly isOver: boolean;
}

class ServiceAddresses {
  readonly #world: World;
  readonly #layout: KernelLayout;
  /** By address: who claimed it last, and who before that. */
  readonly #claims = new Map<string, { last: Claim; other: Claim | null }>();
  /** How often an address went to another machine. */
  moves = 0;

  constructor(world: World, layout: KernelLayout) {
    this.#world = world;
    this.#layout = layout;
  }

  /** Says what is wrong with the form of a claim, or null. */
  frame(frame: WireFrame): string | null {
    const { cable, toSwitch, sentNs, bytes } = frame;
    this.#released(frame);
    if (!toSwitch || bytes.length < ARP_BYTES || bytes[ETHERTYPE] !== 8 || bytes[ETHERTYPE + 1] !== 6) return null;
    if (cable < 0 || cable >= this.#world.nodes.length) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    // While a frame is sent the machines are between two instructions: what they hold is as it was at the last look.
    const own = factsOf(this.#world, this.#layout).of(cable).address;
    const number = view.getUint32(SENDER_ADDRESS, true);
    if (number === 0 || own === 0 || number === own) return null;
    const sender = bytes.subarray(SENDER_ADDRESS, SENDER_ADDRESS + 4);
    const address = formatIpv4(sender);
    const known = this.#claims.get(address);
    const isAnother = known && known.last.node !== cable;
    if (isAnother) this.moves++;
    const last = { node: cable, atNs: sentNs, isOver: false };
    this.#claims.set(address, { last, other: isAnother ? known.last : (known?.other ?? null) });
    const mac = [...SERVICE_MAC, ...sender];
    const isItsOwn = mac.every((byte, at) => byte === bytes[SENDER_MAC + at] && byte === bytes[SOURCE_MAC + at]);
    return isItsOwn || !isOfCampaign(address)
      ? null
      : `${this.#world.nodes[cable]!.name} answers for ${address} with the MAC address ${formatMac(
          bytes.subarray(SENDER_MAC, SENDER_MAC + SOURCE_MAC),
        )}`;
  }

  /** Who hands an address over says so: then another may answer at once. */
  #released({ cable, toSwitch, bytes }: WireFrame): void {
    const packet = toSwitch ? clusterPacketOf(bytes) : null;
    if (packet?.[KIND] !== RELEASE) return;
    const address = formatIpv4(packet.subarray(SERVICE, SERVICE + 4));
    const known = this.#claims.get(address);
    if (known?.last.node === cable) this.#claims.set(address, { ...known, last: { ...known.last, isOver: true } });
  }

  holder(): number | null {
    const [first] = this.#claims.values();
    return first?.last.node ?? null;
  }

  /** Who claimed an address last, and when. */
  lastOf(address: string): Claim | null {
    return this.#claims.get(address)?.last ?? null;
  }

  /** Two machines that were both well answered for one address. */
  conflict(): string | null {
    const world = this.#world;
    for (const [address, { last, other }] of this.#claims) {
      if (!other || other.isOver || last.atNs - other.atNs > BOTH_NS) continue;
      // One that stood still is judged too: it has to ask before it answers.
      if ([last, other].some(({ node, atNs }) => atNs - world.nodes[node]!.hearsSinceNs < AGREED_NS)) continue;
      const [a, b] = [other, last].map(({ node }) => world.nodes[node]!.name);
      return `${a} and ${b} both answer for ${address} within ${(last.atNs - other.atNs) / MS} ms`;
    }
    return null;
  }
}

function isOfCampaign(address: string): boolean {
  return SERVICES_OF_CAMPAIGNS.some((service) => service.split(" ")[0] === address);
}

/** A machine's table of service addresses. */
interface ServiceTable {
  /** Whether it holds each. */
  readonly held: ReadonlyMap<string, boolean>;
  /** All of them, in order. */
  readonly names: string;
}

const NO_SERVICES: ServiceTable = { held: new Map(), names: "" };

/** As its memory says. */
function tableOf(world: World, layout: KernelLayout, index: number): ServiceTable {
  const node = world.nodes[index]!;
  return node.once("services", () => {
    const [count, size] = [layout.constant("SERVICES"), layout.constant("SERVICE_SIZE")];
    const read = (bytes: Uint8Array): ServiceTable => readTable(bytes, layout);
    const table = world.isOn(index) ? node.made("services", layout.address("services"), count * size, read) : null;
    return table ?? NO_SERVICES;
  });
}

function readTable(bytes: Uint8Array, layout: KernelLayout): ServiceTable {
  const [size, address, record] = ["SERVICE_SIZE", "SERVICE_ADDRESS", "SERVICE_RECORD"].map((name) =>
    layout.constant(name),
  ) as [number, number, number];
  const held = new Map<string, boolean>();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0; at < bytes.length; at += size) {
    if (view.getUint32(at + address, true) === 0) continue;
    held.set(formatIpv4(bytes.subarray(at + address, at + address + 4)), view.getUint32(at + record, true) !== 0);
  }
  return { held, names: [...held.keys()].sort().join() };
}

/** Which machines hold which address, as the memory of those that are on says. */
export function holdersOf(world: World, layout: KernelLayout): Holders {
  const tables = world.nodes.map(({ index }) => tableOf(world, layout, index));
  const before = held.get(world);
  if (before?.tables.every((table, index) => table === tables[index])) return before.holders;
  const holders = holdersIn(tables);
  held.set(world, { tables, holders });
  return holders;
}

type Holders = ReadonlyMap<string, readonly number[]>;

/** What the tables of a run's machines were last, and what came of them. */
const held = new WeakMap<World, { readonly tables: readonly ServiceTable[]; readonly holders: Holders }>();

function holdersIn(tables: readonly ServiceTable[]): Holders {
  const holders = new Map<string, number[]>();
  for (const [index, table] of tables.entries())
    for (const [address, isHeld] of table.held) {
      const those = holders.get(address) ?? [];
      holders.set(address, isHeld ? [...those, index] : those);
    }
  return holders;
}

/**
 * What is missing: an address that a machine does not know, or that is not held by exactly one; null when nothing is.
 */
export function notHeld(world: World, layout: KernelLayout, by: readonly number[]): string | null {
  const [first] = by;
  const known = first === undefined ? "" : tableOf(world, layout, first).names;
  for (const index of by) {
    const addresses = tableOf(world, layout, index).names;
    if (addresses !== known)
      return `${world.nodes[index]!.name} shares ${addresses || "nothing"}, ${world.nodes[first!]!.name} ${known || "nothing"}`;
  }
  for (const [address, holders] of holdersOf(world, layout)) {
    const count = holders.filter((index) => by.includes(index)).length;
    if (count !== 1) return `${count} nodes hold ${address}`;
  }
  return null;
}

const found = new WeakMap<World, ServiceAddresses>();

export function addressesOf(world: World, layout: KernelLayout): ServiceAddresses {
  let addresses = found.get(world);
  if (!addresses) found.set(world, (addresses = new ServiceAddresses(world, layout)));
  return addresses;
}

export function oneHolder(layout: KernelLayout): Invariant {
  return {
    name: "one holder",
    kind: "wrong",
    rule: "of machines with which nothing is wrong one answers for a service address, but for a moment after they meet, and with the address's own MAC address",
    watch: (world) => {
      const addresses = addressesOf(world, layout);
      return { frame: (frame) => addresses.frame(frame) ?? addresses.conflict() };
    },
  };
}

export function heldByOne(layout: KernelLayout): Invariant {
  return {
    name: "held",
    kind: "stuck",
    rule: `when nothing was wrong with any machine for ${formatNs(HELD_NS)}, and all are members, each holds what exactly one has to hold`,
    watch: (world) => {
      const facts = factsOf(world, layout);
      let on = "";
      let sinceNs = world.nowNs;
      let heldNs = world.nowNs;
      return {
        look: () => {
          const { living } = world;
          const isCalm = living.every((index) => {
            const { isSealed, cleanSinceNs } = world.nodes[index]!;
            const { isMember, isSilent } = facts.of(index);
            return !isSealed && cleanSinceNs < Infinity && isMember && !isSilent;
          });
          const addresses = [...holdersOf(world, layout).keys()];
          const now = [...living.map((index) => `${index}:${world.nodes[index]!.boots}`), ...addresses].join();
          if (!isCalm || now !== on) sinceNs = world.nowNs;
          on = now;
          const problem = world.nowNs - sinceNs < HELD_NS ? null : notHeld(world, layout, living);
          if (problem === null) heldNs = world.nowNs;
          return world.nowNs - heldNs > HANDED_NS ? problem : null;
        },
      };
    },
  };
}
