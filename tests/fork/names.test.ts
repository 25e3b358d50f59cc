/**
 * Members of one name, and the machine that a kernel moved away from, which is another member
 * (docs/protocols/cluster.md, "Names"; docs/protocols/fork.md, "What the left machine is").
 */
import { expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images } from "../system/images.ts";
import { output, outputAmong } from "../system/output.ts";
import { MoveScene } from "./migrate-scene.ts";
import { joined, MEMBER, NODES } from "./scene.ts";

const TOOK = /^cluster: the member at (\S+) is called (\S+) too; this node is (\S+) until its next boot$/gm;

const taken = ({ console }: LabNode): string[][] => [...console.text.matchAll(TOOK)].map((match) => match.slice(1));
const threeOf = async (hostName: string): Promise<LabCluster> =>
  joined(boot({ nodes: NODES(images().iso).map((node) => ({ ...node, hostName })) }));
/** What each member calls all, in order. */
async function namesSeen(lab: LabCluster): Promise<string[]> {
  const seen: string[] = [];
  for (const node of lab.nodes) {
    const rows = (await outputAmong(node, "cloud")).matchAll(/^(\S+) +[\d.]+ .* member /gm);
    seen.push(
      [...rows]
        .map(([, name]) => name)
        .sort()
        .join(" "),
    );
  }
  return seen;
}

test("the left machine has a name and an address of its own, and the kernel keeps both, with its lease", async () => {
  // The left machine is the elder: nothing but the move itself gives the kernel the better claim.
  const nodes = NODES(images().iso).map((node, at) => ({
    ...node,
    macAddress: Uint8Array.of(0x52, 0x54, 0, 0, 0, at),
  }));
  const s = new MoveScene(await joined(boot({ nodes })));
  const { source, target, other } = s;
  const address = s.addressOf(source);
  await s.accept();
  await s.move();
  s.endWatch();
  expect(s.hasArrived).toBe(true);
  await s.lab.until(() => taken(source).length > 0, "the left machine keeps the name", { within: "20s" });
  expect(taken(source)).toEqual([[address, "m1", "m1-2"]]);
  expect([...taken(target), ...taken(other)]).toEqual([]);
  expect(source.console.text).toContain(`eth0: another machine uses ${address}, which the DHCP server offers\n`);
  await s.lab.advance("1s");
  expect(await namesSeen(s.lab)).toEqual(["m1 m1-2 m3", "m1 m1-2 m3", "m1 m1-2 m3"]);
  expect(await outputAmong(other, "cloud events")).toMatch(/ {2}m1-2 joined, age /);
  expect(await outputAmong(other, "host m1")).toContain(address);
  expect(await outputAmong(other, "host m1-2")).toContain(s.addressOf(source));
  expect(s.addressOf(source)).not.toBe(address);
  // Its cable was out: it asks the server whether the lease still holds.
  target.cut();
  await s.lab.advance("300ms");
  target.connect();
  await s.lab.advance("5s");
  const said = await outputAmong(target, "ifconfig");
  expect(said).toMatch(new RegExp(`^ {4}address ${address.replaceAll(".", "\\.")} .* by DHCP$`, "m"));
  expect(Number(/lease \d+ s, (\d+) s old/.exec(said)![1])).toBeLessThan(7);
  expect(target.console.text.slice(target.console.text.indexOf("I am m1"))).not.toContain("gives up");
});

test("a name that a person has typed goes along, also where no host names the machines", async () => {
  const lab = await joined(boot({ nodes: NODES(images().iso).map(({ hostName: _, ...node }) => node) }));
  const [source, target] = lab.nodes as [LabNode, LabNode];
  const address = [...target.console.text.matchAll(MEMBER)][0]![1]!;
  await output(source, "hostname web");
  await target.enter("cloud fork accept", /^For a minute, .*$/m);
  source.type(`cloud migrate ${address}\n`);
  await target.waitFor(/^I am web, moved to the machine that was /m, { within: "20s" });
  await lab.advance("5s");
  expect(await output(target, "hostname")).toContain("web");
});

thoroughly("machines that their hosts call the same have different names, at once, and keep them", async () => {
  const lab = await threeOf("pc");
  await lab.advance("20s");
  expect(await namesSeen(lab)).toEqual(["pc pc-2 pc-3", "pc pc-2 pc-3", "pc pc-2 pc-3"]);
  expect(lab.nodes.flatMap(taken)).toHaveLength(2);
});

thoroughly(
  "a name that is typed on two members at once has one of them; their parted halves, together again, too",
  async () => {
    const lab = await joined(boot({ nodes: NODES(images().iso) }));
    const [a, b, c] = lab.nodes as [LabNode, LabNode, LabNode];
    a.type("hostname web\n");
    b.type("hostname web\n");
    await lab.advance("8s");
    expect(await namesSeen(lab)).toEqual(["m3 web web-2", "m3 web web-2", "m3 web web-2"]);
    c.cut();
    await lab.advance("3s");
    await output(a, "hostname db");
    await output(c, "hostname db");
    await lab.advance("10s");
    c.connect();
    await lab.advance("25s");
    const [names] = await namesSeen(lab);
    expect(names).toMatch(/^db db-2 web(?:-2)?$/);
    expect(await namesSeen(lab)).toEqual([names, names, names]);
    expect(lab.nodes.flatMap(taken)).toHaveLength(2);
  },
);
