/**
 * The machines of a campaign over sites: three clusters, each behind a gateway of its own kind, with keys of their own,
 * linked with each other and with a fourth one, which is hostile (rogue.ts).
 */
import { SparseDisk } from "../../../../emulator/disk/disk.ts";
import type { LabNode } from "../../../lab/cluster.ts";
import { keyOfSeed } from "../../../lab/cluster-key.ts";
import { LabCluster } from "../../../lab/lab.ts";
import { prepareDisk, SHELL_PROMPT } from "../../../lab/prepare.ts";
import type { SiteOptions, WorldOptions } from "../../../lab/sites.ts";
import { Rogue } from "./rogue.ts";

/** Of each machine. */
const SITE_DISK_BYTES = 64 << 20;
/** From which each delegate speaks, on its own LAN. */
const SERVICE = "192.168.1.200";
/** A gateway's ports that a person has led to the door. */
const FORWARDS = [`udp:20819:${SERVICE}:20819`, `tcp:20819:${SERVICE}:20819`];
const NO_PORTS = { natPmp: false, pcp: false, igd: 0 } as const;
/** The hostile cluster: its address and port, and how it is called. */
export const ROGUE = { address: "192.0.2.9", port: 4000, name: "rogue" } as const;

/** One is reached by a person's forward, one by nobody, one through a port that its gateway grants. */
const SITES: readonly Omit<SiteOptions, "nodes">[] = [
  { name: "office", forwards: FORWARDS, portMapping: NO_PORTS },
  { name: "home", nat: "symmetric", portMapping: NO_PORTS },
  { name: "cabin", nat: "address-restricted", portMapping: { natPmp: false, igd: 0 } },
];

/** `nodes`: machines at each site. */
function worldOfSites(nodes: number): WorldOptions {
  return { latency: "40ms", sites: SITES.map((site) => ({ ...site, nodes })) };
}

/** Of a site's cluster, by the number of the site. */
const keyOfSite = (site: number): string => keyOfSeed(site + 1).replace(/^\S+/, SITES[site]!.name!);

export const rogueOf = (site: number, session?: number): Rogue =>
  new Rogue(`${ROGUE.name} ${"5a".repeat(32)}`, keyOfSite(site), session);

/** Plain data: a thread makes its machines of it. */
export interface SiteMachines {
  readonly cdrom: Uint8Array;
  readonly firmware: Uint8Array;
  readonly ramBytes: number;
  /** At each site. */
  readonly nodes: number;
}

/** What a command prints. */
async function said(node: LabNode, line: string): Promise<string> {
  const from = node.console.text.length;
  await node.enter(`${line}; echo the end`, /^the end\r?$/m, { within: "90s" });
  return node.console.text.slice(from);
}

async function link(inviter: LabNode, joiner: LabNode, place: string): Promise<void> {
  const [, code] = /cloud link join \S+ (\S+)/.exec(await said(inviter, "cloud link invite")) ?? [];
  const answer = await said(joiner, `cloud link join ${place} ${code}`);
  if (!/is linked with the cluster/.test(answer)) throw new RangeError(`${joiner.name} is not linked: ${answer}`);
}

const isDelegate = ({ console: { text } }: LabNode): boolean =>
  text.lastIndexOf(`${SERVICE} is here now`) > text.lastIndexOf(`${SERVICE} is given up`);

/** Throws a WaitError when they do not become three clusters. `disk`: a prepared one; made here when absent. */
export async function prepareSites(machines: SiteMachines, disk?: SparseDisk): Promise<LabCluster> {
  const { cdrom, firmware, ramBytes, nodes } = machines;
  const make = (options: ConstructorParameters<typeof LabCluster>[0]): LabCluster => new LabCluster(options);
  const base = disk ?? (await prepareDisk({ cdrom, firmware, sizeBytes: SITE_DISK_BYTES, make, step: () => {} }));
  const world = worldOfSites(nodes);
  const lab = make({
    firmware,
    jit: "late",
    world,
    nodes: world.sites.flatMap((_, site) =>
      Array.from({ length: nodes }, () => ({
        ...{ cdrom, ramBytes, key: keyOfSite(site) },
        disk: new SparseDisk(base.sizeBytes, { base }),
      })),
    ),
  });
  const at = (site: number): readonly LabNode[] => lab.nodes.slice(site * nodes, (site + 1) * nodes);
  for (const node of lab.nodes) await node.waitFor(SHELL_PROMPT);
  await lab.advance("5s");
  for (const site of world.sites.keys()) await said(at(site)[0]!, `cloud address add ${SERVICE}`);
  await lab.until(() => world.sites.every((_, site) => at(site).some(isDelegate)), "no delegate speaks for a site");
  const [office, home, cabin] = world.sites.map((_, site) => at(site).find(isDelegate)!);
  await link(office!, home!, "198.51.100.1");
  await link(office!, cabin!, "198.51.100.1");
  // The inviter names a relay that it has heard, the joiner one that it speaks with.
  await lab.advance("8s");
  await link(home!, cabin!, "home@office");
  const { publicDigits } = rogueOf(0);
  await said(office!, `cloud set link.${ROGUE.name} "${publicDigits} ${ROGUE.address} ${ROGUE.port}"`);
  await lab.advance("20s");
  return lab;
}
