/** Sites behind gateways, each with a cluster of its own that has a service address. */
import type { LabCluster, LabNode } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import type { SiteOptions, WayOptions } from "../../src/lab/sites.ts";
import { boot, CLOUD, images } from "../system/images.ts";

export const SERVICE = "192.168.1.200";
export const DOOR = 20_819;
/** A gateway's port that a person has led to the door. */
export const forwarded = `udp:${DOOR}:${SERVICE}:${DOOR}`;

export interface World {
  readonly lab: LabCluster;
  /** The first machine of each site. */
  readonly first: readonly LabNode[];
}

/** What a command prints. */
export async function said(node: LabNode, line: string): Promise<string> {
  const before = node.console.text.length;
  await node.enter(`${line}; echo the end`, /^the end\r?$/m, { within: "90s" });
  return node.console.text.slice(before).replaceAll("\r", "");
}

/** The clusters have the names of their sites, and keys of their own. */
export async function worldOf(sites: readonly SiteOptions[], ways: readonly WayOptions[] = []): Promise<World> {
  const nodes = sites.flatMap(({ name, nodes: count }, site) =>
    Array.from({ length: count }, () => ({
      cdrom: images().iso,
      key: keyOfSeed(site + 1).replace(/^\S+/, name!),
    })),
  );
  const lab = boot({ nodes, world: { latency: "40ms", sites, ways } });
  for (const node of lab.nodes) await node.waitFor(CLOUD, { within: "60s" });
  await lab.advance("4s");
  let at = 0;
  const first = sites.map(({ nodes: count }) => lab.nodes[(at += count) - count]!);
  for (const node of first) await said(node, `cloud address add ${SERVICE}`);
  await lab.advance("1s");
  return { lab, first };
}

/** The machine that speaks for a site, of those that run. */
export const delegateOf = (nodes: readonly LabNode[]): LabNode =>
  nodes.find(({ console }) => {
    const text = console.text;
    return text.lastIndexOf(`${SERVICE} is here now`) > text.lastIndexOf(`${SERVICE} is given up`);
  })!;

/** Links the second with the first, which has a door at that address. */
export async function link(inviter: LabNode, joiner: LabNode, address: string): Promise<string> {
  const [, code] = /cloud link join \S+ (\S+)/.exec(await said(inviter, "cloud link invite"))!;
  return said(joiner, `cloud link join ${address} ${code}`);
}
