/** `qure emu --sites`: machines behind home gateways of their own, from a file. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { provideBuild } from "../system/images.ts";
import { type Ended, PROGRESS, qure } from "./in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "qure-sites-"));

beforeAll(() => provideBuild(folder));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const emu = (sites: unknown, ...args: string[]): Promise<Ended> => {
  writeFileSync(join(folder, "sites.json"), typeof sites === "string" ? sites : JSON.stringify(sites));
  const all = ["emu", "--image", "build/qure.iso", "--sites", "sites.json", ...args];
  return qure(all, { cwd: folder });
};

thoroughly("each site is a cluster by itself, as often as it is run", async () => {
  const sites = {
    sites: [{ nodes: 2 }, { name: "office", nodes: 1 }],
    ways: [{ between: ["site-1", "office"], latency: "90ms" }],
  };
  const run = async () => {
    const { stdout, status } = await emu(sites, "--nodes", "3", "--for", "8s", "--json");
    expect(status).toBe(0);
    return JSON.parse(stdout) as { digest: string; nodes: { address: string; peers: number }[] };
  };
  const first = await run();
  expect(first.nodes.map(({ address, peers }) => `${address.replace(/\d+$/, "")} ${peers}`)).toEqual([
    "192.168.1. 1",
    "192.168.1. 1",
    "192.168.1. 0",
  ]);
  expect((await run()).digest).toBe(first.digest);
});

test.each([
  ["{", "sites.json:1:2: error: expected "],
  ["\n\n{ 'sites': [] }", "sites.json:3:3: error: expected "],
  [{ sites: [] }, "sites.json:1:10: error: sites: expected a list of sites"],
  [
    { sites: [{ nodes: 1, natt: 1 }] },
    "sites.json:1:29: error: sites[0].natt: there is no such field; there are name, nodes, cluster, nat",
  ],
  [
    { sites: [{ nodes: 1, portMapping: { upnp: 1 } }] },
    "portMapping.upnp: there is no such field; there are natPmp, pcp",
  ],
  [{ sites: [{ nodes: 1, portMapping: { lies: { dead: 1 } } }] }, "portMapping.lies.dead: there is no such field"],
  [{ sites: [{ nodes: 1, portMapping: { lies: 1 } }] }, "error: sites[0].portMapping.lies: expected an object"],
  [{ sites: [{ nodes: 2 }] }, "the sites have 2 machines, and the cluster has 1: both need one number"],
  [{ sites: [{ nodes: 1e9 }] }, "the sites have 1000000000 machines, and the cluster has 1"],
  [{ sites: [{ nodes: 1, name: "\u001b[31m" }] }, '"\\u001b[31m": a site\'s name has 1 to 31 printable characters'],
  [{ sites: [{ nodes: 1, name: 5 }] }, "error: sites[0].name: expected a text"],
  [{ sites: [{ nodes: 1, forwards: "80" }] }, "error: sites[0].forwards: expected a list of texts"],
  [
    {
      sites: [
        { nodes: 1, name: "a", behind: "b", publicAddress: "192.168.1.5" },
        { nodes: 0, name: "b", behind: "a", publicAddress: "192.168.1.6" },
      ],
    },
    "error: a: it is behind itself",
  ],
  [{ sites: [{ nodes: 1 }, { nodes: 0 }], ways: [{ between: ["site-1", "site-2"], lostPercent: 101 }] }, "is 0 to 100"],
  [{ sites: Array.from({ length: 254 }, (_, at) => ({ nodes: at ? 0 : 1 })) }, "after 253 sites each needs a public"],
  [{ sites: [{ nodes: 1 }], ways: [{ between: "x" }] }, "error: ways[0].between: expected a list of texts"],
  [{ sites: [{ nodes: 1 }], ways: [{ between: ["site-1"] }] }, "error: ways[0].between: expected two names"],
  [{ sites: [{ nodes: 1, dropsUdp: "false" }] }, "error: sites[0].dropsUdp: expected true or false"],
  [{ sites: [{ nodes: 1, publicAddress: 1 }] }, "error: sites[0].publicAddress: expected a text"],
  [{ sites: [{ nodes: 1 }], latency: {} }, 'error: latency: expected a time, such as "40ms"'],
])("%j is refused in a line", async (sites, message) => {
  const { status, stderr } = await emu(sites, "--for", "1s");
  expect(stderr.replaceAll(PROGRESS, "").trimEnd().split("\n"), stderr).toHaveLength(1);
  expect(stderr).toContain(message);
  expect(status).toBe(1);
});

test("what goes with no sites is said", async () => {
  const rows = [
    [["--link", "--for", "1s"], /--sites.*--link|--link.*--sites/],
    [["--no-gateway", "--for", "1s"], /--sites.*--no-gateway|--no-gateway.*--sites/],
    [["--until", "cloud"], /--until cloud: sites never become one cluster/],
  ] as const;
  for (const [options, message] of rows) {
    const { status, stderr } = await emu({ sites: [{ nodes: 1 }] }, ...options);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  }
});
