/**
 * Sites as people write them: how many machines each has, what kind of gateway, and which addresses. What is not said
 * is chosen so that sites differ in what must differ: public addresses of 198.51.100.0/24 (RFC 5737).
 */
import type { RouterLies } from "../../emulator/ether/wide/lies.ts";
import type { SiteConfig, WorldConfig } from "../../emulator/ether/wide/sites.ts";
import { type Forward, NAT_KINDS, type NatKind, type Protocol } from "../../emulator/ether/wide/translation.ts";
import type { DeviceVersion } from "../../emulator/ether/wide/upnp/services.ts";
import { addressNumber, type Distance } from "../../emulator/ether/wide/wide-net.ts";
import { isClusterKey, keyOfCluster } from "./cluster-key.ts";
import { type TimeSpan, toNs } from "./time.ts";

export interface SiteOptions {
  /** `site-1`, `site-2`, ... when absent. */
  readonly name?: string;
  /** Machines at it: the next ones of the cluster's. */
  readonly nodes: number;
  /** Its machines are a cluster of this name, with a key drawn from the seed; each says its own when absent. */
  readonly cluster?: string;
  /** What its gateway lets in; "port-restricted" when absent. */
  readonly nat?: NatKind;
  /** 198.51.100.1, .2, ... when absent; of a site behind another one, its address on that one's LAN, needed. */
  readonly publicAddress?: string;
  /** The gateway's address on the LAN; 192.168.1.1 when absent, at each site. */
  readonly lanAddress?: string;
  /** The name of the site whose LAN its gateway is on: two gateways in a row. */
  readonly behind?: string;
  /** Ports that lead inside: `80:192.168.1.100:80`, `udp:20818:192.168.1.100:20818`. */
  readonly forwards?: readonly string[];
  /** Whoever gets what is for nobody. */
  readonly dmz?: string;
  /** After this time without a word from inside a mapping of UDP is gone; two minutes when absent. */
  readonly udpIdle?: TimeSpan;
  /** Its machines may speak to each other by the public address. */
  readonly hairpin?: boolean;
  /** Its gateway lets no UDP through. */
  readonly dropsUdp?: boolean;
  readonly portMapping?: PortMappingOptions;
}

/** How programs ask the gateway for ports. */
export interface PortMappingOptions {
  /** True when absent. */
  readonly natPmp?: boolean;
  /** True when absent. */
  readonly pcp?: boolean;
  /** The version of UPnP's Internet gateway device; 0: there is none. 1 when absent. */
  readonly igd?: 0 | DeviceVersion;
  /** IGD:1 refuses mappings that shall end by themselves (error 725). */
  readonly permanentLeasesOnly?: boolean;
  readonly lies?: LieOptions;
}

/** What a gateway says and does not do, by each of these protocols. */
export interface LieOptions extends Pick<RouterLies, "deadMappings" | "answersFromPort" | "forgetsAtReboot"> {
  /** So often all mappings are dead, and nobody is told. */
  readonly forgetsEvery?: TimeSpan;
  /** It names this as its public address. */
  readonly publicAddress?: string;
}

/** Between two sites, named in either order; all others are as near as `latency` of the world says. */
export interface WayOptions {
  readonly between: readonly [string, string];
  readonly latency?: TimeSpan;
  readonly lostPercent?: number;
  readonly kilobits?: number;
}

export interface WorldOptions {
  readonly sites: readonly SiteOptions[];
  readonly ways?: readonly WayOptions[];
  /** From any site to any other: 20 ms when absent. */
  readonly latency?: TimeSpan;
}

const PUBLIC_NET = "198.51.100.";
const WIDE_ROUTER = "198.51.100.254";
/** One public address each, before that of the router. */
const MOST_SITES = 253;
const SITE_NAME = /^[ -~]{1,31}$/;
const FORWARD = /^(?:(tcp|udp):)?(\d+):(\d+\.\d+\.\d+\.\d+):(\d+)$/;

function forwardOf(text: string): Forward {
  const [, protocol = "tcp", port, address, toPort] = FORWARD.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535 || Number(toPort) > 65_535)
    throw new RangeError(`forward ${text}: write PORT:ADDRESS:PORT, such as 80:192.168.1.100:80`);
  const to = { address: addressNumber(address!), port: Number(toPort) };
  return { protocol: protocol as Protocol, port: Number(port), to, endsNs: Infinity };
}

function siteOf(site: SiteOptions, index: number, all: readonly SiteOptions[]): SiteConfig {
  const name = nameOf(site, index);
  const { nat = "port-restricted", behind, publicAddress, lanAddress = "192.168.1.1" } = site;
  if (!Object.hasOwn(NAT_KINDS, nat))
    throw new RangeError(`${name}: nat is one of ${Object.keys(NAT_KINDS).join(", ")}, not ${nat}`);
  if (publicAddress === undefined && index >= MOST_SITES)
    throw new RangeError(`${name}: after ${MOST_SITES} sites each needs a publicAddress`);
  const outer = behind === undefined ? undefined : all.findIndex((other, at) => nameOf(other, at) === behind);
  if (outer === -1 || outer === index)
    throw new RangeError(`${name}: there is no other site ${behind} that it is behind`);
  if (outer !== undefined && isBehindItself(index, all)) throw new RangeError(`${name}: it is behind itself`);
  if (outer !== undefined && publicAddress === undefined)
    throw new RangeError(`${name}: behind ${behind} it needs a publicAddress, its address on that LAN`);
  const { natPmp = true, pcp = true, igd = 1, permanentLeasesOnly = false } = site.portMapping ?? {};
  const lies = liesOf(name, site.portMapping?.lies ?? {});
  if (![0, 1, 2].includes(igd)) throw new RangeError(`${name}: igd is 0, 1 or 2, not ${igd}`);
  if (permanentLeasesOnly && igd !== 1) throw new RangeError(`${name}: permanentLeasesOnly goes with igd 1 alone`);
  return {
    ...(outer === undefined ? {} : { behind: outer }),
    router: {
      name,
      kind: nat,
      lanAddress,
      outsideAddress: publicAddress ?? `${PUBLIC_NET}${index + 1}`,
      nextHop: outer === undefined ? WIDE_ROUTER : (all[outer]!.lanAddress ?? "192.168.1.1"),
      forwards: (site.forwards ?? []).map(forwardOf),
      portMapping: { natPmp, pcp, lies },
      ...(igd === 0 ? {} : { upnp: { version: igd, permanentLeasesOnly, lies } }),
      ...(site.dmz === undefined ? {} : { dmz: site.dmz }),
      ...(site.udpIdle === undefined ? {} : { udpIdleNs: toNs(site.udpIdle) }),
      ...(site.hairpin === undefined ? {} : { hairpin: site.hairpin }),
      ...(site.dropsUdp === undefined ? {} : { dropsUdp: site.dropsUdp }),
    },
  };
}

/** Throws a RangeError when two sites in the same place have one address: there it leads to one of them. */
function checkAddresses(sites: readonly SiteConfig[]): void {
  const taken = new Map<string, string>([[` ${WIDE_ROUTER}`, "the router between the sites"]]);
  for (const { behind, router } of sites) {
    const address = `${behind ?? ""} ${router.outsideAddress}`;
    if (taken.has(address))
      throw new RangeError(
        `${router.name}: its publicAddress ${router.outsideAddress} is that of ${taken.get(address)}`,
      );
    taken.set(address, router.name);
  }
}

/** Whether the gateways outside of a site lead back to it. */
function isBehindItself(index: number, all: readonly SiteOptions[]): boolean {
  let at = index;
  for (let steps = 0; steps < all.length; steps++) {
    const { behind } = all[at]!;
    at = behind === undefined ? -1 : all.findIndex((other, place) => nameOf(other, place) === behind);
    if (at === index || at < 0) return at === index;
  }
  return false;
}

function liesOf(name: string, { forgetsEvery, publicAddress, ...others }: LieOptions): RouterLies {
  const { answersFromPort = 1 } = others;
  if (forgetsEvery !== undefined && toNs(forgetsEvery) === 0)
    throw new RangeError(`${name}: forgetsEvery is a time, not ${forgetsEvery}`);
  if (!Number.isInteger(answersFromPort) || answersFromPort < 1 || answersFromPort > 65_535)
    throw new RangeError(`${name}: answersFromPort is a port from 1 to 65535, not ${answersFromPort}`);
  return {
    ...others,
    ...(forgetsEvery === undefined ? {} : { forgetsEveryNs: toNs(forgetsEvery) }),
    ...(publicAddress === undefined ? {} : { publicAddress: addressNumber(publicAddress) }),
  };
}

/** Of each machine the key of its site's cluster, if the site names one. Throws a RangeError for a bad name. */
export function keysOfSites({ sites }: WorldOptions, seed: number): (string | undefined)[] {
  return sites.flatMap((site, index) => {
    const { cluster, nodes } = site;
    const key = cluster === undefined ? undefined : keyOfCluster(cluster, seed);
    if (key !== undefined && !isClusterKey(key))
      throw new RangeError(`${nameOf(site, index)}: a cluster's name has 1 to 31 printable characters without blanks`);
    return new Array<string | undefined>(nodes).fill(key);
  });
}

const nameOf = ({ name }: SiteOptions, index: number): string => name ?? `site-${index + 1}`;

/** For the emulator. Throws a RangeError for what cannot be. */
export function worldOf({ sites, ways = [], latency = "20ms" }: WorldOptions, nodes: number): WorldConfig {
  const wanted = sites.reduce((sum, site) => sum + site.nodes, 0);
  if (wanted !== nodes)
    throw new RangeError(`the sites have ${wanted} machines, and the cluster has ${nodes}: both need one number`);
  const names = sites.map(nameOf);
  const bad = names.find((name) => !SITE_NAME.test(name));
  if (bad !== undefined) throw new RangeError(`${JSON.stringify(bad)}: a site's name has 1 to 31 printable characters`);
  if (new Set(names).size !== names.length) throw new RangeError("two sites have one name");
  const siteOfNode = sites.flatMap(({ nodes: count }, index) => new Array<number>(count).fill(index));
  const usual: Distance = { latencyNs: toNs(latency) };
  const distances = new Map<string, Distance>();
  for (const { between, latency: own = latency, lostPercent = 0, kilobits = 0 } of ways) {
    const [from, to] = between.map((name) => names.indexOf(name)) as [number, number];
    if (from < 0 || to < 0) throw new RangeError(`there is no way between ${between.join(" and ")}: name two sites`);
    if (!(lostPercent >= 0 && lostPercent <= 100 && kilobits >= 0))
      throw new RangeError(`between ${between.join(" and ")}: lostPercent is 0 to 100, kilobits 0 or more`);
    const distance = { latencyNs: toNs(own), lostPercent, kilobits };
    distances.set(`${from} ${to}`, distance);
    distances.set(`${to} ${from}`, distance);
  }
  const configs = sites.map(siteOf);
  checkAddresses(configs);
  return {
    sites: configs,
    siteOf: siteOfNode,
    distance: (from, to) => distances.get(`${from} ${to}`) ?? usual,
  };
}
