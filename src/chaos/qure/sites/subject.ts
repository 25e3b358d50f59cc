/**
 * Clusters at sites as something to be put through faults (docs/protocols/wide-area.md): each stays its own, believes
 * nobody else, and sees the others again when what was wrong is over.
 */
import type { FaultAction } from "../../../lab/fault-kinds.ts";
import type { Invariant, Subject, Watch, WorldEvent } from "../../invariant.ts";
import type { World, WorldNode } from "../../world.ts";
import { addressText, factsOf } from "../facts.ts";
import type { KernelLayout } from "../kernel-layout.ts";
import type { LinkFacts, Links } from "./links.ts";
import { ROGUE } from "./prepare-sites.ts";
import { siteDrills } from "./site-drills.ts";
import { type Sites, sitesOf } from "./sites.ts";

/** What happens to machines, and to sites. The power goes, and a disk that was written to keeps what it has. */
const OF_MACHINES = ["unplug", "lose", "delay", "duplicate", "corrupt", "cut", "reset", "freeze"] as const;
const FAULTS: readonly string[] = [
  ...OF_MACHINES,
  ...["restart-gateway", "move-gateway", "cut-site", "line-of-site", "gateway-lies", "drop-udp"],
];
const DISTURBING: ReadonlySet<string> = new Set(OF_MACHINES);
/** Nobody notices a processor that stands still for so long. */
const SHORT_NS = 5e6;

/** Once all are in one cluster at a site, two of them speak for it no longer than this. */
const TWO_SPEAK_NS = 8e9;

/** What is judged in order once is not judged again: it is the same object for as long as memory is as it was. */
function once<Judged extends object>(judge: (judged: Judged) => string | null): (judged: Judged) => string | null {
  const fine = new WeakSet<Judged>();
  return (judged) => {
    if (fine.has(judged)) return null;
    const wrong = judge(judged);
    if (wrong === null) fine.add(judged);
    return wrong;
  };
}

function eachLink(nodes: readonly WorldNode[], links: Links, judge: (link: LinkFacts) => string | null): string | null {
  for (const { index, name } of nodes)
    for (const link of links.of(index)) {
      const wrong = judge(link);
      if (wrong !== null) return `${name} ${wrong}`;
    }
  return null;
}

type Make = (world: World, layout: KernelLayout, sites: Sites) => Watch;

const INVARIANTS: readonly (readonly [name: string, rule: string, make: Make])[] = [
  [
    "links",
    "a node is linked with the clusters that people linked it with, each under its name and number, and no other",
    ({ nodes }, _, { links, publics }) => {
      const judge = once(({ name, publicDigits }: LinkFacts) =>
        publics.get(name) === publicDigits ? null : `is linked with ${name} of number ${publicDigits}`,
      );
      return { look: () => eachLink(nodes, links, judge) };
    },
  ],
  [
    "places",
    "a link is nowhere but at an address that its site has or had, or with a relay",
    ({ nodes }, _, sites) => {
      // A site keeps the addresses that it has had.
      const judge = once(({ name, address }: LinkFacts) =>
        sites.mayBeAt(name, address) ? null : `has ${name} at ${addressText(address)}`,
      );
      return {
        look: () => {
          sites.noteAddresses();
          sites.listen();
          return eachLink(nodes, sites.links, judge);
        },
      };
    },
  ],
  [
    "identities",
    "members of another cluster are those of its site, and members of the own one are machines of the own site",
    (world, layout, sites) => {
      const facts = factsOf(world, layout);
      const judge = once(({ name, members }: LinkFacts) => {
        const wrong =
          name === ROGUE.name ? undefined : members.find((id) => !sites.isOf(sites.names.indexOf(name), id));
        return wrong === undefined ? null : `takes ${wrong} for a member of ${name}`;
      });
      const judgePeers = world.nodes.map(({ index }) =>
        once((peers: NonNullable<ReturnType<typeof facts.peers>>) => {
          const wrong = [...peers.keys()].find((id) => !sites.isOf(sites.siteOf(index), id));
          return wrong === undefined ? null : `has ${wrong} of another site for a peer`;
        }),
      );
      return {
        look: () => {
          const wrong = eachLink(world.nodes, sites.links, judge);
          if (wrong !== null) return wrong;
          for (const { index, name } of world.nodes) {
            const peers = facts.of(index).isUp ? facts.peers(index) : null;
            const other = peers && judgePeers[index]!(peers);
            if (other !== null) return `${name} ${other}`;
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
    ["drop-udp", "no"],
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
