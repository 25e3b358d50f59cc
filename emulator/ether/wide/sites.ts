/**
 * Sites of a cluster that is spread over the world: each has a switch and a home gateway, the gateways are on one wide
 * net, or one behind another. It takes the place of the one switch and gateway of machines that share a room.
 */
import { holds } from "../../state/invariant.ts";
import type { Network } from "../network.ts";
import { Switch } from "../switch.ts";
import { HomeRouter, type HomeRouterConfig } from "./home-router.ts";
import { type Distance, WideNet } from "./wide-net.ts";

export interface SiteConfig {
  readonly router: HomeRouterConfig;
  /** The site, by its number, on whose LAN the gateway's outside is; absent: it is on the wide net. */
  readonly behind?: number;
}

export interface WorldConfig {
  readonly sites: readonly SiteConfig[];
  /** Of each machine, in their order: the number of its site. */
  readonly siteOf: readonly number[];
  /** By numbers of sites. */
  distance(from: number, to: number): Distance;
}

export class World {
  readonly wide: WideNet;
  readonly routers: readonly HomeRouter[];
  readonly switches: readonly Switch[];
  /** Of each site its place on the wide net; null: it is behind another one. */
  readonly #places: readonly (number | null)[];

  /** `hostNames`: by hardware address, for the gateways' DHCP servers. */
  constructor({ sites, distance }: WorldConfig, hostNames: ReadonlyMap<string, string>) {
    const outer = sites.flatMap(({ behind }, index) => (behind === undefined ? [index] : []));
    this.#places = sites.map((_, index) => (outer.includes(index) ? outer.indexOf(index) : null));
    this.wide = new WideNet((from, to) => distance(outer[from]!, outer[to]!));
    this.routers = sites.map(({ router }) => new HomeRouter({ hostNames, ...router }));
    this.switches = sites.map(({ router }) => new Switch(`switch of ${router.name}`));
  }

  /** Plugs the gateways in, after the machines: a machine's port of its switch is its place among those of its site. */
  connect(network: Network, { sites }: WorldConfig, latencyNs: number): void {
    sites.forEach((_, index) => void network.connectNodes(this.routers[index]!, this.switches[index]!, latencyNs));
    sites.forEach(({ behind }, index) => {
      const router = this.routers[index]!;
      if (behind !== undefined) {
        holds(behind !== index && behind < sites.length, router.name, "it is behind no other site");
        network.connectNodes(router, this.switches[behind]!, latencyNs);
        return;
      }
      network.connectNodes(router, this.wide, latencyNs);
      this.wide.assign(this.#places[index]!, router.outsideAddress);
    });
  }

  /** The provider gives a site another address; whoever had it loses it. */
  move(site: number, address: number): void {
    const place = this.#places[site]!;
    holds(place !== null, "world", "a site behind another one has no public address");
    this.wide.release(place, this.routers[site]!.outsideAddress);
    this.routers[site]!.move(address);
    this.wide.assign(place, address);
  }

  /** Cuts a site off the wide net, or brings it back. */
  setUp(site: number, isUp: boolean): void {
    const place = this.#places[site]!;
    holds(place !== null, "world", "a site behind another one has no cable to the wide net");
    this.wide.setUp(place, isUp);
  }

  /** How bad a site's line to the wide net is: what it adds to each packet's time, and how many it loses. */
  setLine(site: number, lateNs: number, lostPercent: number): void {
    const place = this.#places[site]!;
    holds(place !== null, "world", "a site behind another one has no line to the wide net");
    this.wide.setLine(place, lateNs, lostPercent);
  }

  /** The place of a site on the wide net, which is a port of it; null: it is behind another one. */
  placeOf(site: number): number | null {
    return this.#places[site] ?? null;
  }
}
