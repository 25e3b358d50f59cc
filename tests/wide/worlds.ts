/** Sites behind gateways, each with a cluster of its own that has a service address. */
import { ethernetFrame, ipv4Bytes, parseIpv4, udpBytes } from "../../emulator/ether/packet.ts";
import { LAN } from "../../emulator/ether/wide/home-router.ts";
import type { LabCluster, LabNode, NodeOptions } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import type { SiteOptions } from "../../src/lab/sites.ts";
import { boot, CLOUD, images } from "../system/images.ts";

export const SERVICE = "192.168.1.200";
const DOOR = 20_819;
/** An address that no site has. */
export const STRANGER = "203.0.113.9";
/** A gateway's port that a person has led to the door. */
export const FORWARDED = `udp:${DOOR}:${SERVICE}:${DOOR}`;
export const DOOR_BY_TCP = `tcp:${DOOR}:${SERVICE}:${DOOR}`;
/** A gateway that gives no ports. */
export const MUTE = { natPmp: false, pcp: false, igd: 0 } as const;

export interface World {
  readonly lab: LabCluster;
  /** By the names of sites. */
  readonly nodesOf: ReadonlyMap<string, readonly LabNode[]>;
}

/** What a command prints. */
export async function said(node: LabNode, line: string): Promise<string> {
  const before = node.console.text.length;
  await node.enter(`${line}; echo the end`, /^the end\r?$/m, { within: "90s" });
  return node.console.text.slice(before).replaceAll("\r", "");
}

/** The clusters have the names of their sites, and keys of their own. `media`: what a site's machines start from. */
export async function worldOf(
  sites: readonly SiteOptions[],
  media: (site: string) => Pick<NodeOptions, "cdrom" | "disk"> = () => ({ cdrom: images().iso }),
): Promise<World> {
  const nodes = sites.flatMap(({ name, nodes: count }, site) =>
    Array.from({ length: count }, () => ({
      ...media(name!),
      key: keyOfSeed(site + 1).replace(/^\S+/, name!),
    })),
  );
  const lab = boot({ nodes, world: { latency: "40ms", sites } });
  for (const node of lab.nodes) await node.waitFor(CLOUD, { within: "60s" });
  await lab.advance("4s");
  let at = 0;
  const nodesOf = new Map(sites.map(({ name, nodes: count }) => [name!, lab.nodes.slice(at, (at += count))]));
  for (const [first] of nodesOf.values()) if (first) await said(first, `cloud address add ${SERVICE}`);
  await lab.advance("1s");
  return { lab, nodesOf };
}

/** Who speaks for a site. */
export const delegateOf = ({ nodesOf }: World, site: string): LabNode =>
  nodesOf.get(site)!.find(({ console }) => {
    const held = console.text.lastIndexOf(`${SERVICE} is here now`);
    return held > console.text.lastIndexOf(`${SERVICE} is given up`);
  })!;

/** Links a site with another one, at this address or where its gateway says: what is printed. */
export async function link(world: World, inviter: string, joiner: string, address?: string): Promise<string> {
  const invitation = await said(delegateOf(world, inviter), "cloud link invite");
  const [, place, code] = /cloud link join (\S+) (\S+)/.exec(invitation)!;
  return said(delegateOf(world, joiner), `cloud link join ${address ?? place} ${code}`);
}

/** All frames from now on that a site's machines send to its gateway, and that come to it from outside. */
export function listen({ lab }: World, site: number): { readonly out: Uint8Array[]; readonly into: Uint8Array[] } {
  const router = lab.cluster.world!.routers[site]!;
  const receive = router.receive.bind(router);
  const heard = { out: [] as Uint8Array[], into: [] as Uint8Array[] };
  router.receive = (port, timeNs, frame, transmit) => {
    (port === LAN ? heard.out : heard.into).push(frame.slice());
    receive(port, timeNs, frame, transmit);
  };
  return heard;
}

/** A datagram from anywhere to the first site's service address, its door if no other port is given. */
export function toDoor(payload: Uint8Array, from = STRANGER, sourcePort = 4000, destinationPort = DOOR): Uint8Array {
  const [source, destination] = [parseIpv4(from), parseIpv4(SERVICE)];
  const udp = udpBytes(source, destination, { sourcePort, destinationPort, data: payload });
  const mac = Uint8Array.of(2, 0x51, ...destination);
  return ethernetFrame(
    mac,
    Uint8Array.of(2, 0, 0, 0, 0, 9),
    0x0800,
    ipv4Bytes({ source, destination, protocol: 17, payload: udp }, 1),
  );
}
