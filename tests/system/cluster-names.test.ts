/** The names of a cluster: every member answers for its domain, as dig (BIND's) sees it. */
import { describe, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { digAt, rows } from "../guest/net/dig.ts";
import { type NodeFacts, PacketScene } from "../guest/net/packet-wire.ts";
import { requireOracle } from "../oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, CLOUD, images, inState, PROMPT } from "./images.ts";
import { peersOf } from "./output.ts";

const COUNT = 3;

/** Three members that serve cloud.example, with two services. */
function serving(): Promise<LabCluster> {
  return inState("serves the cluster's names", async () => {
    const lab = boot({ nodes: Array.from({ length: COUNT }, () => ({ cdrom: images().iso })) });
    await lab.until(() => lab.nodes.every((node) => peersOf(node) === COUNT - 1), "they did not agree");
    for (const node of lab.nodes) await node.waitFor(PROMPT);
    const [first] = lab.nodes;
    await first!.enter("cloud set dns.domain cloud.example", /^dns\.domain is set\.$/m);
    await first!.enter('cloud set service.www "tcp 80"', /^service\.www is set\.$/m);
    await first!.enter('cloud set service.db.shop "udp 5432 qure-3 qure-2"', /^service\.db\.shop is set\.$/m);
    await first!.enter('cloud set service.odd "what 80"', /^cluster: service\.odd: expected /m);
    await lab.advance("3s");
    return lab;
  });
}

async function scene(): Promise<{ s: PacketScene; facts: NodeFacts[]; lab: LabCluster }> {
  const lab = await serving();
  const facts = lab.nodes.map((node, index) => ({
    mac: lab.cluster.macAddresses[index]!,
    address: CLOUD.exec(node.console.text)![2]!,
  }));
  return { s: new PacketScene(lab), facts, lab };
}

const addresses = (text: string): string[] => rows(text).flatMap((row) => / 5 IN A (\S+)$/.exec(row)?.slice(1) ?? []);

describe("a member", () => {
  thoroughly("answers for nodes, services and what is below them, whoever is asked", async (context) => {
    requireOracle("dig", context);
    const { s, facts } = await scene();
    const [a, b, c] = facts.map(({ address }) => address) as [string, string, string];
    for (const [index, node] of facts.entries()) {
      const ask = (name: string, type: string): Promise<string> => digAt(s, node, name, type);
      expect(addresses(await ask("qure-2.cloud.example", "A"))).toEqual([b]);
      expect(addresses(await ask("any.thing.qure-3.cloud.example", "A"))).toEqual([c]);
      expect(addresses(await ask("WWW.cloud.example", "A")).sort()).toEqual([a, b, c].sort());
      expect(addresses(await ask("shop.www.cloud.example", "A"))).toHaveLength(COUNT);
      expect(addresses(await ask("cloud.example", "A"))).toHaveLength(COUNT);
      expect(addresses(await ask("db.shop.cloud.example", "A")).sort()).toEqual([b, c].sort());
      expect(rows(await ask("_db._udp.shop.cloud.example", "SRV"))).toEqual(
        expect.arrayContaining([
          "_db._udp.shop.cloud.example. 5 IN SRV 0 1 5432 qure-2.cloud.example.",
          "_db._udp.shop.cloud.example. 5 IN SRV 0 1 5432 qure-3.cloud.example.",
          `qure-2.cloud.example. 5 IN A ${b}`,
        ]),
      );
      expect(await ask("odd.cloud.example", "A")).toMatch(/status: NXDOMAIN.*qr aa/s);
      expect(rows(await ask("cloud.example", "NS"))).toContain(
        `cloud.example. 5 IN NS qure-${index + 1}.cloud.example.`,
      );
      expect(await ask("cloud.example", "SOA")).toMatch(
        /SOA qure-\d\.cloud\.example\. hostmaster\.cloud\.example\. \d+ 60/,
      );
    }
  });

  thoroughly("leaves out who has died", async (context) => {
    requireOracle("dig", context);
    const { s, facts, lab } = await scene();
    const www = async (): Promise<string[]> => addresses(await digAt(s, facts[0]!, "www.cloud.example", "A"));
    expect((await www())[0]).toBe(facts[0]!.address);
    lab.nodes[2]!.powerOff();
    await lab.until(() => peersOf(lab.nodes[0]!) === 1, "nobody missed it");
    await lab.advance("2s");
    expect(await www()).toEqual([facts[0]!.address, facts[1]!.address]);
    expect(await digAt(s, facts[0]!, "qure-3.cloud.example", "A")).toMatch(/NXDOMAIN/);
  });

  thoroughly("puts behind who is busy", async (context) => {
    requireOracle("dig", context);
    const { s, facts, lab } = await scene();
    await lab.nodes[0]!.enter("seq 100000000 | wc &", PROMPT);
    await lab.advance("2100ms");
    const www = await digAt(s, facts[1]!, "www.cloud.example", "A");
    expect(addresses(www)).toEqual([1, 2, 0].map((index) => facts[index]!.address));
    expect(await digAt(s, facts[2]!, "_www._tcp.cloud.example", "SRV")).toMatch(/SRV 1 1 80 qure-1/);
  });

  test("finds the others by their names, with the domain and without it", async () => {
    const { lab, facts } = await scene();
    const [first] = lab.nodes as [LabNode];
    await first.enter("host qure-3", new RegExp(facts[2]!.address.replaceAll(".", "\\.")));
    await first.enter("ping -c 1 qure-2", /1 received/);
    await first.enter("host db.shop.cloud.example", /10\.0\.2\./);
    await first.enter("host db.shop", /10\.0\.2\./);
    await first.enter("cloud set dns.domain", /^dns\.domain is gone\.$/m);
    await lab.advance("1s");
    await first.enter("dns", /^0 records$/m);
    await first.enter("host qure-3", new RegExp(facts[2]!.address.replaceAll(".", "\\.")));
  });
});
