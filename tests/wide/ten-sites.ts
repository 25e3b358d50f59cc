/**
 * Ten clusters at sites of their own, two behind each kind of gateway, all in the same private net: what their
 * delegates hold of each other, read from their memory (asm/include/wide.inc) so that looking takes no virtual time.
 */
import { isRelay, isTcp, type LinkFacts, LinkReader } from "../../src/chaos/qure/sites/links.ts";
import { Rogue } from "../../src/chaos/qure/sites/rogue.ts";
import { kernelLayout } from "../../src/chaos/setup.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import type { ClusterOptions } from "../../src/lab/cluster-options.ts";
import { GuestMemory } from "../../src/lab/guest-memory.ts";
import type { SiteOptions } from "../../src/lab/sites.ts";

export const SERVICE = "192.168.1.200";
export const DOOR = 20_819;
/** A gateway's port that a person has led to the door. */
export const FORWARDED = `udp:${DOOR}:${SERVICE}:${DOOR}`;
/** A gateway that gives no ports. */
export const MUTE = { natPmp: false, pcp: false, igd: 0 } as const;
const CLOUD = /^cloud: \S+ \d+\.\d+\.\d+\.\d+ era \d+ age \d+ peers \d+\s*$/m;
const RAM_BYTES = 8 << 20;
const LOOK_MS = 100;

type Gateway = Omit<SiteOptions, "nodes"> & { readonly name: string };

/** Those of the first one and of the second of three kinds lead a port to the door; the others give none. */
export const TEN: readonly Gateway[] = [
  { name: "hub", nat: "full-cone", forwards: [FORWARDED], portMapping: MUTE },
  { name: "cone", nat: "full-cone", portMapping: MUTE },
  { name: "farm", nat: "address-restricted", portMapping: { natPmp: false, igd: 0 } },
  { name: "mill", nat: "address-restricted", portMapping: MUTE },
  { name: "shop", nat: "port-restricted", portMapping: { natPmp: false, pcp: false } },
  { name: "port", nat: "port-restricted", portMapping: MUTE },
  { name: "east", nat: "symmetric", portMapping: { pcp: false, igd: 0 } },
  { name: "west", nat: "symmetric", portMapping: MUTE },
  { name: "attic", behind: "cellar", publicAddress: "10.0.0.2", portMapping: MUTE },
  { name: "loft", behind: "tower", publicAddress: "10.0.0.2", portMapping: MUTE },
];
/** Gateways behind which others are; they have no machines. */
export const OUTER: readonly SiteOptions[] = [
  { name: "cellar", nodes: 0, lanAddress: "10.0.0.1", nat: "address-restricted", portMapping: MUTE },
  { name: "tower", nodes: 0, lanAddress: "10.0.0.1", nat: "symmetric", portMapping: MUTE },
];
const HUB = "198.51.100.1";

export interface Start {
  readonly make: (options: Omit<ClusterOptions, "firmware" | "host">) => LabCluster;
  readonly cdrom: Uint8Array;
  readonly kernel: Uint8Array;
  /** Each with so many machines, which is 1 when absent. */
  readonly sites: readonly (Gateway & { readonly nodes?: number })[];
  readonly outer?: readonly SiteOptions[];
  readonly latency?: string;
}

/** How one cluster speaks to another. */
export type Way = "nowhere" | "direct" | "by TCP" | `by ${string}`;

export class TenSites {
  readonly lab: LabCluster;
  readonly names: readonly string[];
  /** How often a site was given another public address. */
  moves = 0;
  readonly #reader: LinkReader;
  readonly #nodes: ReadonlyMap<string, readonly LabNode[]>;

  private constructor(lab: LabCluster, kernel: Uint8Array, nodes: ReadonlyMap<string, readonly LabNode[]>) {
    this.lab = lab;
    this.names = [...nodes.keys()];
    this.#reader = new LinkReader(kernelLayout(kernel));
    this.#nodes = nodes;
  }

  /** Booted, each a cluster with a service address; nobody is linked. */
  static async start({ make, cdrom, kernel, sites, outer = [], latency = "20ms" }: Start): Promise<TenSites> {
    const all = sites.map((site) => ({ nodes: 1, ...site }));
    const lab = make({
      world: { latency, sites: [...all, ...outer] },
      nodes: all.flatMap(({ name, nodes }, site) =>
        Array.from({ length: nodes }, () => ({ cdrom, ramBytes: RAM_BYTES, key: keyOfSite(name, site) })),
      ),
    });
    let at = 0;
    const nodesOf = new Map(all.map(({ name, nodes }) => [name, lab.nodes.slice(at, (at += nodes))]));
    const there = new TenSites(lab, kernel, nodesOf);
    await lab.until(() => lab.nodes.every(({ console }) => CLOUD.test(console.text)), "a machine is in no cluster", {
      look: "output",
      within: "90s",
    });
    await lab.advance("5s");
    await there.sayAll(() => `cloud address add ${SERVICE}`);
    await lab.advance("2s");
    return there;
  }

  nodesOf(site: string): readonly LabNode[] {
    return this.#nodes.get(site)!;
  }

  /** Machines of a site that are on. */
  living(site: string): LabNode[] {
    return this.nodesOf(site).filter((node) => !node.isOff);
  }

  /** Whoever speaks for a site. */
  delegate(site: string): LabNode | undefined {
    return this.living(site).find((node) => this.#reader.isDelegate(new GuestMemory(node.machine)));
  }

  /** Whoever holds the address from which a site speaks: its delegate, once there is somebody to speak to. */
  holder(site: string): LabNode | undefined {
    return this.living(site).find(
      ({ console: { text } }) =>
        text.lastIndexOf(`${SERVICE} is here now`) > text.lastIndexOf(`${SERVICE} is given up`),
    );
  }

  /** What a command prints at whoever speaks for a site, or will. */
  async said(site: string, line: string): Promise<string> {
    const node = this.delegate(site) ?? this.holder(site) ?? this.living(site)[0]!;
    const before = node.console.text.length;
    await node.enter(`${line}; echo the end`, /^the end\r?$/m, { within: "90s" });
    return node.console.text.slice(before).replaceAll("\r", "");
  }

  /** The same at all sites at once. */
  async sayAll(line: (site: string) => string | null): Promise<void> {
    const asked: LabNode[] = [];
    for (const site of this.names) {
      const text = line(site);
      const [node] = this.living(site);
      if (text === null) continue;
      node!.type(`${text}; echo the end\n`);
      asked.push(node!);
    }
    for (const node of asked) await node.waitFor(/^the end\r?$/m, { within: "90s" });
  }

  /** Gives all the values that invitations would have given; only the first site's address is known. */
  async linkAll(): Promise<void> {
    const { names } = this;
    for (const [of, name] of names.entries())
      await this.sayAll((site) => {
        if (site === name) return null;
        const publicDigits = publicOfSite(name, of, site, names.indexOf(site));
        return `cloud set link.${name} "${publicDigits} ${of === 0 ? `${HUB} ${DOOR}` : "0.0.0.0 0"}"`;
      });
  }

  /** By an invitation, as people do it: what the joiner's command prints. */
  async link(inviter: string, joiner: string): Promise<string> {
    const invitation = await this.said(inviter, "cloud link invite");
    const [, place, code] = /cloud link join (\S+) (\S+)/.exec(invitation) ?? [];
    if (code === undefined) throw new RangeError(`${inviter} draws no code: ${invitation}`);
    // The relay that is named is one of the inviter's: all are linked with the first.
    const by = invitation.includes("@") ? `${inviter}@${this.names[0]}` : place;
    const at = inviter === this.names[0] ? HUB : by;
    return this.said(joiner, `cloud link join ${at} ${code}`);
  }

  /** What a site's delegate holds of another one. */
  facts(site: string, other: string): LinkFacts | undefined {
    const delegate = this.delegate(site);
    return delegate && this.#reader.read(new GuestMemory(delegate.machine)).find(({ name }) => name === other);
  }

  /** Whether a site has heard another one, and has the list of all its living members. */
  sees(site: string, other: string): boolean {
    const found = this.facts(site, other);
    const count = this.living(other).length;
    return !!found?.isHeard && found.told === count && found.isListed && found.members.length === count;
  }

  /** A picture of who was heard when: `isFresh` says whether one site has heard another since. */
  mark(): (site: string, other: string) => boolean {
    const heard = new Map(this.pairs().map(([site, other]) => [`${site} ${other}`, this.facts(site, other)?.seenMs]));
    return (site, other) => {
      const now = this.facts(site, other);
      return !!now?.isHeard && now.seenMs !== heard.get(`${site} ${other}`);
    };
  }

  way(site: string, other: string): Way {
    const { address = 0, port = 0 } = this.facts(site, other) ?? {};
    if (address === 0) return "nowhere";
    if (!isRelay(address)) return isTcp(port) ? "by TCP" : "direct";
    return `by ${this.relayName(site, address >>> 24)}`;
  }

  /** The name of the entry of a site's links that 0.0.0.N stands for. */
  relayName(site: string, entry: number): string {
    const delegate = this.delegate(site)!;
    return this.#reader.read(new GuestMemory(delegate.machine)).find((link) => link.entry === entry)?.name ?? "nobody";
  }

  /** Ordered pairs of different sites. */
  pairs(): [string, string][] {
    return this.names.flatMap((site) =>
      this.names.flatMap((other): [string, string][] => (site === other ? [] : [[site, other]])),
    );
  }

  /** Seconds of virtual time until it is so; null: it did not become so. */
  async secondsUntil(isSo: () => boolean, seconds: number): Promise<number | null> {
    const fromNs = this.lab.nowNs;
    for (;;) {
      const passed = (this.lab.nowNs - fromNs) / 1e9;
      if (isSo()) return passed;
      if (passed >= seconds) return null;
      await this.lab.advance(`${LOOK_MS}ms`);
    }
  }
}

/** The key of a site's cluster, which has the site's name. */
const keyOfSite = (name: string, site: number): string => keyOfSeed(site + 1).replace(/^\S+/, name);

/** The public number of a site's cluster, as another one's value has it. */
export const publicOfSite = (name: string, site: number, otherName: string, other: number): string =>
  new Rogue(keyOfSite(name, site), keyOfSite(otherName, other)).publicDigits;
