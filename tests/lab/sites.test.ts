/**
 * Machines at sites of their own: each LAN has its cluster, and the world between them is what its gateways let
 * through.
 */
import { afterAll, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { planFaults } from "../../src/lab/faults.ts";
import { worldOf } from "../../src/lab/sites.ts";
import { shared } from "../setup/shared.ts";
import { boot, CLOUD, images } from "../system/images.ts";

const world = {
  latency: "40ms",
  sites: [
    { name: "home", nodes: 2, nat: "symmetric" as const },
    { name: "office", nodes: 1, forwards: ["80:192.168.1.100:80"] },
  ],
};
let lab: LabCluster | null = null;

afterAll(() => lab?.close());

/** Two at home, one at the office, each with an address of its gateway's. */
const started = shared(async (): Promise<readonly LabNode[]> => {
  lab = boot({ nodes: Array.from({ length: 3 }, () => ({ cdrom: images().iso })), world });
  for (const node of lab.nodes) await node.waitFor(CLOUD, { within: "60s" });
  return lab.nodes;
});

/** What a command prints. */
async function said(node: LabNode, line: string): Promise<string> {
  const before = node.console.text.length;
  await node.enter(`${line}; echo the end`, /^the end\r?$/m, { within: "90s" });
  return node.console.text.slice(before);
}

test("equal private nets are ordinary: each site is a cluster by itself", async () => {
  const nodes = await started();
  await lab!.advance("3s");
  const addresses = nodes.map(({ console }) => /eth0: address ([\d.]+)/.exec(console.text)?.[1]);
  expect(addresses.map((address) => address?.replace(/\d+$/, ""))).toEqual(new Array(3).fill("192.168.1."));
  expect(addresses[2]).toBe("192.168.1.100");
  for (const node of nodes.slice(0, 2)) expect(node.console.text).toMatch(/ peers 1\s/);
  expect(nodes[2]!.console.text).not.toMatch(/ peers [1-9]/);
});

test("one site reads another's pages by its public address, as far as the gateway there is told to let it", async () => {
  const [home, , office] = await started();
  expect(await said(home!, "wget http://198.51.100.2/status")).toMatch(/name qure-3\r?\n/);
  expect(await said(office!, "wget http://198.51.100.1/status")).toContain("198.51.100.1: timed out");
});

test("a gateway lies as its site says", () => {
  const lies = { forgetsEvery: "10min", publicAddress: "10.1.2.3", deadMappings: true } as const;
  const [site] = worldOf({ sites: [{ nodes: 1, portMapping: { lies } }] }, 1).sites;
  const told = { forgetsEveryNs: 600e9, publicAddress: 0x0a010203, deadMappings: true };
  expect([site!.router.portMapping!.lies, site!.router.upnp!.lies]).toEqual([told, told]);
});

test("a machine reads what its gateway says of itself by UPnP", async () => {
  const [home] = await started();
  const description = await said(home!, "wget http://192.168.1.1:5000/rootDesc.xml");
  expect(description).toContain("<deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>");
  expect(description).toContain("</root>");
});

test("a site that is moved is reached by its new address alone, and one that is cut off by none", async () => {
  const [home] = await started();
  const { wide } = lab!.cluster.world!;
  planFaults(lab!, ["0s move-gateway 3 198.51.100.77"]);
  expect(await said(home!, "wget http://198.51.100.77/status")).toMatch(/name qure-3\r?\n/);
  planFaults(lab!, ["0s cut-site 3"]);
  const before = wide.lost;
  expect(await said(home!, "ping 198.51.100.77")).toContain("100% lost");
  expect(wide.lost).toBeGreaterThan(before);
  planFaults(lab!, [
    "0s join-site 3",
    "0s line-of-site 3 200ms 0%",
    "0s restart-gateway 3",
    "0s gateway-lies 1 no",
    "0s drop-udp 1 no",
  ]);
  expect(await said(home!, "ping -c 1 198.51.100.77")).toMatch(/ time 48\d\./);
  expect(() => planFaults(lab!, ["0s move-gateway 1 300.1.1.1"])).toThrow("300.1.1.1 is no public address");
});

test.each([
  [{ sites: [{ nodes: 2 }] }, "the sites have 2 machines, and the cluster has 1"],
  [{ sites: [{ nodes: 1, nat: "cone" as never }] }, /nat is one of full-cone/],
  [{ sites: [{ nodes: 1, portMapping: { igd: 3 as never } }] }, "site-1: igd is 0, 1 or 2, not 3"],
  [
    { sites: [{ nodes: 1, portMapping: { igd: 2 as const, permanentLeasesOnly: true } }] },
    "site-1: permanentLeasesOnly goes with igd 1 alone",
  ],
  [{ sites: [{ nodes: 1, portMapping: { lies: { publicAddress: "x" } } }] }, "x is not an IPv4 address"],
  [{ sites: [{ nodes: 1, portMapping: { lies: { forgetsEvery: 0 } } }] }, "site-1: forgetsEvery is a time, not 0"],
  [
    { sites: [{ nodes: 1, portMapping: { lies: { answersFromPort: 0 } } }] },
    "site-1: answersFromPort is a port from 1",
  ],
  [{ sites: [{ nodes: 1, portMapping: { lies: { forgetsEvery: "soon" as never } } }] }, /soon/],
  [{ sites: [{ nodes: 1, behind: "x" }] }, "site-1: there is no other site x that it is behind"],
  [
    { sites: [{ nodes: 1 }, { nodes: 0, publicAddress: "198.51.100.1" }] },
    "site-2: its publicAddress 198.51.100.1 is that of site-1",
  ],
  [
    { sites: [{ nodes: 1, publicAddress: "198.51.100.254" }] },
    "site-1: its publicAddress 198.51.100.254 is that of the router between the sites",
  ],
  [{ sites: [{ nodes: 1, forwards: ["80"] }] }, /forward 80: write PORT:ADDRESS:PORT/],
  [{ sites: [{ nodes: 1 }], ways: [{ between: ["site-1", "y"] as const }] }, /no way between site-1 and y/],
])("a world that cannot be is refused: %j", (wrong, message) => {
  expect(() => boot({ nodes: [{ cdrom: images().iso }], world: wrong })).toThrow(message);
});

test("what is at sites is in no snapshot, and says so", async () => {
  await started();
  expect(() => lab!.save()).toThrow(/a site is plugged into the switch/);
});
