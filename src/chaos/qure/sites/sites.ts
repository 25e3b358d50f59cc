/** The sites of a run, and what is missing until the clusters at them see each other. */
import { formatIpv4 } from "../../../../emulator/ether/packet.ts";
import { addressBytes } from "../../../../emulator/ether/wide/wide-net.ts";
import type { World } from "../../world.ts";
import { addressText, factsOf } from "../facts.ts";
import type { KernelLayout } from "../kernel-layout.ts";
import { isRelay, Links } from "./links.ts";
import { ROGUE } from "./prepare-sites.ts";

/** The sites of a run: who stands at which, and what is known of them from its beginning. */
class Sites {
  readonly names: readonly string[];
  readonly links: Links;
  readonly #world: World;
  readonly #layout: KernelLayout;
  readonly #machines: readonly (readonly number[])[];
  /** By site: the ids of its machines. */
  readonly #ids: readonly ReadonlySet<string>[];
  /** By name of a cluster: its public number, as the first links say. */
  readonly publics = new Map<string, string>();
  /** By site: the public addresses that it has had. */
  readonly #addresses: readonly Set<string>[];
  /** By delegate and link: the kernel's clock at the last packet, and when it was seen to change. */
  readonly #heard = new Map<string, { seenMs: number; atNs: number }>();

  constructor(world: World, layout: KernelLayout) {
    this.#world = world;
    this.#layout = layout;
    this.links = new Links(world, layout);
    const { routers } = world.lab.cluster.world!;
    this.names = routers.map(({ name }) => name);
    const all = world.nodes.map(({ index }) => index);
    this.#machines = this.names.map((_, site) => all.filter((index) => this.siteOf(index) === site));
    const facts = factsOf(world, layout);
    this.#ids = this.names.map((_, site) => new Set(this.machinesOf(site).map((index) => facts.ids[index]!)));
    for (const { index } of world.nodes)
      for (const { name, publicDigits } of this.links.of(index)) this.publics.set(name, publicDigits);
    this.#addresses = routers.map(() => new Set());
    this.noteAddresses();
  }

  siteOf(index: number): number {
    return this.#world.lab.cluster.config.world!.siteOf[index]!;
  }

  machinesOf(site: number): readonly number[] {
    return this.#machines[site]!;
  }

  isOf(site: number, id: string): boolean {
    return this.#ids[site]!.has(id);
  }

  noteAddresses(): void {
    this.#world.lab.cluster.world!.routers.forEach(({ outsideAddress }, site) => {
      this.#addresses[site]!.add(formatIpv4(addressBytes(outsideAddress)));
    });
  }

  /** Whether a cluster may be at an address: its site has it, or has had it; a hostile one has a place of its own. */
  mayBeAt(name: string, address: number): boolean {
    if (address === 0 || isRelay(address)) return true;
    if (name === ROGUE.name) return addressText(address) === ROGUE.address;
    return this.#addresses[this.names.indexOf(name)]?.has(addressText(address)) ?? false;
  }

  /** Machines of a site that speak for it. */
  delegates(site: number): number[] {
    return this.machinesOf(site).filter((index) => this.links.isDelegate(index));
  }

  /** Called at each look. */
  listen(): void {
    for (const { index } of this.#world.nodes)
      for (const { name, seenMs } of this.links.of(index)) {
        const key = `${index} ${name}`;
        const before = this.#heard.get(key);
        if (before?.seenMs !== seenMs) this.#heard.set(key, { seenMs, atNs: before ? this.#world.nowNs : -Infinity });
      }
  }

  /** Machines of a site that are on. */
  living(site: number): number[] {
    return this.machinesOf(site).filter((index) => this.#world.isOn(index));
  }

  /** What is missing until each of these sees each other, or null. `sinceNs`: heard since then; `seen`: that site. */
  missing(sinceNs: number, core = this.#world.core, seen: number | null = null): string | null {
    const { nodes } = this.#world;
    const facts = factsOf(this.#world, this.#layout);
    const living = this.names.map((_, site) => this.machinesOf(site).filter((index) => core.includes(index)));
    for (const [site, machines] of living.entries()) {
      if (machines.length === 0) continue;
      const apart = machines.find((index) => {
        const { isMember, others, founder } = facts.of(index);
        return !isMember || others !== machines.length - 1 || founder !== facts.of(machines[0]!).founder;
      });
      if (apart !== undefined) return `${nodes[apart]!.name} is in no cluster with the others of ${this.names[site]}`;
      if (this.delegates(site).length !== 1) return `${this.delegates(site).length} speak for ${this.names[site]}`;
    }
    for (const [site, machines] of living.entries())
      for (const [other, others] of living.entries()) {
        if (site === other || other !== (seen ?? other) || machines.length === 0 || others.length === 0) continue;
        // Two without a door meet at the first site's.
        if (site > 0 && other > 0 && living[0]!.length === 0) continue;
        const problem = this.#unseen(this.delegates(site)[0]!, other, others.length, sinceNs);
        if (problem !== null) return `${this.names[site]} ${problem}`;
      }
    return null;
  }

  #unseen(delegate: number, other: number, members: number, sinceNs: number): string | null {
    const name = this.names[other]!;
    const link = this.links.of(delegate).find((found) => found.name === name);
    if (!link) return `is not linked with ${name} any more`;
    if (!link.isHeard || (this.#heard.get(`${delegate} ${name}`)?.atNs ?? 0) < sinceNs)
      return `hears nothing of ${name}`;
    if (link.told !== members) return `sees ${link.told} members of ${name}, which has ${members}`;
    return link.isListed && link.members.length === members ? null : `has not the whole list of ${name}`;
  }
}

const made = new WeakMap<World, Sites>();

export type { Sites };

/** The sites of a run, known from its beginning. */
export function sitesOf(world: World, layout: KernelLayout): Sites {
  let sites = made.get(world);
  if (!sites) made.set(world, (sites = new Sites(world, layout)));
  return sites;
}
