/**
 * Clusters at sites as something to be put through faults (docs/protocols/wide-area.md): each stays its own, believes
 * nobody else, and sees the others again when what was wrong is over.
 */
import type { FaultAction } from "../../../lab/fault-kinds.ts";
import type { Invariant, Subject, Watch, WorldEvent } from "../../invariant.ts";
import type { World } from "../../world.ts";
import { factsOf } from "../facts.ts";
import type { KernelLayout } from "../kernel-layout.ts";
import { addressText, isRelay, Links } from "./links.ts";
import { ROGUE } from "./prepare-sites.ts";
import { siteDrills } from "./site-drills.ts";

/** What happens to machines, and to sites. The power goes, and a disk that was written to keeps what it has. */
const OF_MACHINES = ["unplug", "lose", "delay", "duplicate", "corrupt", "cut", "reset", "freeze"] as const;
const FAULTS: readonly string[] = [
  ...OF_MACHINES,
  ...["restart-gateway", "move-gateway", "cut-site", "line-of-site", "gateway-lies"],
];
const DISTURBING: ReadonlySet<string> = new Set(OF_MACHINES);
/** Nobody notices a processor that stands still for so long. */
const SHORT_NS = 5e6;

/** Once all are in one cluster at a site, two of them speak for it no longer than this. */
const TWO_SPEAK_NS = 8e9;

/** The sites of a run: who stands at which, and what is known of them from its beginning. */
export class Sites {
  readonly names: readonly string[];
  readonly links: Links;
  readonly #world: World;
  readonly #layout: KernelLayout;
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

  machinesOf(site: number): number[] {
    return this.#world.nodes.flatMap(({ index }) => (this.siteOf(index) === site ? [index] : []));
  }

  isOf(site: number, id: string): boolean {
    return this.#ids[site]!.has(id);
  }

  noteAddresses(): void {
    this.#world.lab.cluster.world!.routers.forEach(({ outsideAddress }, site) => {
      const bytes = [24, 16, 8, 0].map((shift) => (outsideAddress >>> shift) & 0xff);
      this.#addresses[site]!.add(bytes.join("."));
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

  /** What is missing until each of these sees each other, or null. `sinceNs`: heard since then; `seen`: of that site alone. */
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

/** The sites of a run, known from its beginning. */
export function sitesOf(world: World, layout: KernelLayout): Sites {
  let sites = made.get(world);
  if (!sites) made.set(world, (sites = new Sites(world, layout)));
  return sites;
}

type Make = (world: World, layout: KernelLayout, sites: Sites) => Watch;

const INVARIANTS: readonly (readonly [name: string, rule: string, make: Make])[] = [
  [
    "links",
    "a node is linked with the clusters that people linked it with, each under its name and number, and no other",
    ({ nodes }, _, { links, publics }) => ({
      look: () => {
        for (const { index, name: node } of nodes)
          for (const { name, publicDigits } of links.of(index))
            if (publics.get(name) !== publicDigits) return `${node} is linked with ${name} of number ${publicDigits}`;
        return null;
      },
    }),
  ],
  [
    "places",
    "a link is nowhere but at an address that its site has or had, or with a relay",
    ({ nodes }, _, sites) => ({
      look: () => {
        sites.noteAddresses();
        sites.listen();
        for (const { index, name: node } of nodes)
          for (const { name, address } of sites.links.of(index))
            if (!sites.mayBeAt(name, address)) return `${node} has ${name} at ${addressText(address)}`;
        return null;
      },
    }),
  ],
  [
    "identities",
    "members of another cluster are those of its site, and members of the own one are machines of the own site",
    (world, layout, sites) => {
      const facts = factsOf(world, layout);
      return {
        look: () => {
          for (const { index, name: node } of world.nodes) {
            for (const { name, members } of sites.links.of(index)) {
              const wrong =
                name === ROGUE.name ? undefined : members.find((id) => !sites.isOf(sites.names.indexOf(name), id));
              if (wrong !== undefined) return `${node} takes ${wrong} for a member of ${name}`;
            }
            for (const id of facts.of(index).isUp ? (facts.peers(index)?.keys() ?? []) : [])
              if (!sites.isOf(sites.siteOf(index), id)) return `${node} has ${id} of another site for a peer`;
          }
          return null;
        },
      };
    },
  ],
  [
    "own votes",
    "where nothing happened to a site's machines, its cluster keeps era, founder and members, whatever the wide net does",
    (world, layout, sites) => {
      const facts = factsOf(world, layout);
      const first = world.nodes.map(({ index }) => facts.of(index));
      const touched = new Set<number>();
      return {
        before: (action) => {
          const isShort = action.word === "freeze" && Number(action.values[0]) < SHORT_NS;
          if (DISTURBING.has(action.word) && !isShort) touched.add(sites.siteOf(action.node));
          return null;
        },
        look: () => {
          for (const { index, name } of world.nodes) {
            if (touched.has(sites.siteOf(index))) continue;
            const [{ era, founder, others }, now] = [first[index]!, facts.of(index)];
            if (now.era !== era || now.founder !== founder || now.others !== others)
              return `${name} has era ${now.era} of ${now.founder} with ${now.others} others, after ${era} of ${founder} with ${others}`;
          }
          return null;
        },
      };
    },
  ],
  [
    "one speaks",
    "no two machines speak for a site for long, when nothing is wrong with them",
    (world, _layout, sites) => {
      const since = sites.names.map(() => Infinity);
      return {
        look: () => {
          for (const site of sites.names.keys()) {
            const both = sites.delegates(site);
            const isFine = sites.machinesOf(site).every((index) => world.cleanForNs(index) > TWO_SPEAK_NS);
            since[site] = both.length > 1 && isFine ? Math.min(since[site]!, world.nowNs) : Infinity;
            if (world.nowNs - since[site]! > TWO_SPEAK_NS) return `${both.length} speak for ${sites.names[site]}`;
          }
          return null;
        },
      };
    },
  ],
];

/** What ends all that is wrong with the site of a machine: it is where it was, too, as no other address is safe. */
function mendSite(world: World, index: number): readonly FaultAction[] {
  const { config } = world.lab.cluster;
  const { outsideAddress } = config.world!.sites[config.world!.siteOf[index]!]!.router;
  const words = [
    ["join-site"],
    ["line-of-site", 0, 0],
    ["gateway-lies", "no"],
    ["move-gateway", outsideAddress],
  ] as const;
  return words.map(([word, ...values]): FaultAction => ({ word, node: index, values }));
}

const MOVED: WorldEvent["name"] = "delegate moved";

export function sitesSubject(make: Subject["make"], layout: KernelLayout): Subject {
  const delegateOf =
    (site: number) =>
    (world: World): number | null =>
      sitesOf(world, layout).delegates(site)[0] ?? null;
  return {
    make,
    faults: FAULTS,
    invariants: INVARIANTS.map(
      ([name, rule, watch]): Invariant => ({
        ...{ name, kind: "wrong", rule },
        watch: (world) => watch(world, layout, sitesOf(world, layout)),
      }),
    ),
    missing: (world) => sitesOf(world, layout).missing(world.healedNs ?? world.startNs),
    mending: mendSite,
    isUp: (world, index) => factsOf(world, layout).of(index).isUp,
    drills: (world) => siteDrills(world, sitesOf(world, layout)),
    roles: Object.fromEntries(["office", "home", "cabin"].map((name, site) => [`delegate-${name}`, delegateOf(site)])),
    events: [
      {
        name: MOVED,
        watch: (world) => {
          const now = (): string => {
            const sites = sitesOf(world, layout);
            return sites.names.map((_, site) => sites.delegates(site).join()).join(" ");
          };
          let before = now();
          return () => before !== (before = now());
        },
      },
    ],
  };
}
