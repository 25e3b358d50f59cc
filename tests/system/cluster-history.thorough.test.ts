/** What a cluster remembers of its lives: events that merge, survive, and are shown. */
import { describe, expect, test } from "vitest";
import { type LabCluster, type LabNode, SparseDisk } from "../../src/index.ts";
import { nodeId } from "../../src/wire/cluster.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { atLength } from "../setup/thoroughly.ts";
import { boot, inState, PROMPT } from "./images.ts";
import { outputAmong, peersOf } from "./output.ts";

/** Waits until so many nodes see each other, and have written down that they do. */
async function agreed(lab: LabCluster, nodes: readonly LabNode[]): Promise<void> {
  await lab.until(() => nodes.every((node) => peersOf(node) === nodes.length - 1), "they did not agree");
  await lab.advance("3s");
}

/** Nodes with prepared disks that have found each other. */
async function cluster(count: number): Promise<LabCluster> {
  return inState(`${count} with a history`, async () => {
    const content = await preparedDisk();
    const lab = boot({
      nodes: Array.from({ length: count }, () => ({
        disk: new SparseDisk(DISK_BYTES, { content: content.slice() }),
      })),
    });
    await agreed(lab, lab.nodes);
    for (const node of lab.nodes) await node.waitFor(PROMPT);
    return lab;
  });
}

/** The events that a node shows: era, number and text. */
async function events(node: LabNode): Promise<string[]> {
  const from = node.console.text.length;
  await node.enter("cloud events", /another member's disk.*\.\n/);
  return node.console.text
    .slice(from)
    .split("\n")
    .flatMap((line) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}(\d+\.\d+ .*)$/.exec(line)?.[1] ?? []);
}

function hear(nodes: readonly LabNode[], others: readonly LabNode[], hears: boolean): void {
  for (const node of nodes)
    for (const other of others) {
      node.hear(other.index, hears);
      other.hear(node.index, hears);
    }
}

describe("the history", () => {
  test("tells who founded the era, joined, died and came back, the same on all members", async () => {
    const lab = await cluster(3);
    const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
    await first.enter("cloud events -f", /1\.3 +\S+ joined/);
    third.powerOff();
    await first.waitFor(/1\.4 +qure-3 died +\(2 online\)/);
    third.powerOn();
    await first.waitFor(/1\.5 +qure-3 joined, age 2, revision \d+ +\(3 online\)/);
    first.type("\x03");
    await first.waitFor(PROMPT);
    await agreed(lab, lab.nodes);
    await third.waitFor(PROMPT);
    const told = await events(first);
    expect(told.map((line) => line.replace(/,.*/, ""))).toEqual([
      expect.stringMatching(/^1\.1 +\S+ founded the era$/),
      expect.stringMatching(/^1\.2 +\S+ joined$/),
      expect.stringMatching(/^1\.3 +\S+ joined$/),
      expect.stringMatching(/^1\.4 +qure-3 died +\(2 online\)$/),
      expect.stringMatching(/^1\.5 +qure-3 joined$/),
    ]);
    expect(await events(second)).toEqual(told);
    expect(await events(third)).toEqual(told);
    expect(third.console.text).toMatch(/^All of them are on another member's disk too\./m);
    await third.enter("cloud history", /^ +1 {2}1-2 {2}\d+ {2}\d{4}-/m);
    await second.enter("cloud nodes", /^qure-3 +[0-9a-f]{16} +2 .* joined +.*, era 1$/m);
    await second.enter("cloud graph", /1 +2 ##\n.* 1 +3 ###$/m);
  });

  test("of an era goes into the next: who was away gets what it missed, and an event survives in one member", async () => {
    const lab = await cluster(3);
    const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
    third.powerOff();
    await agreed(lab, [first, second]);
    // That the third died only these two know; then only the second, whose disk says so, goes on.
    first.powerOff();
    second.powerOff();
    third.powerOn();
    second.powerOn();
    await third.waitFor(PROMPT);
    await agreed(lab, [second, third]);
    const told = await events(third);
    expect(told.map((line) => line.replace(/,.*/, "").replace(/qure-[12]/, "a node"))).toEqual([
      expect.stringMatching(/^1\.1 +.* founded the era$/),
      expect.stringMatching(/^1\.2 +.* joined$/),
      expect.stringMatching(/^1\.3 +.* joined$/),
      expect.stringMatching(/^1\.4 +qure-3 died/),
      expect.stringMatching(/^1\.5 +the era ended/),
      expect.stringMatching(/^2\.1 +.* founded the era$/),
      expect.stringMatching(/^2\.2 +.* joined$/),
    ]);
    first.powerOn();
    await agreed(lab, lab.nodes);
    await first.waitFor(PROMPT);
    const all = await events(first);
    expect(all.slice(0, told.length)).toEqual(told);
    expect(all.at(-1)).toMatch(/^2\.3 +qure-1 joined, age 2/);
    await first.enter("cloud history", /^ +1 [0-9a-f]{16} .*\n +2 [0-9a-f]{16} .*\n.*era 2 for/m);
  });

  test("of two halves becomes one when they meet", async () => {
    const lab = await cluster(4);
    const [first, second, third, fourth] = lab.nodes as [LabNode, LabNode, LabNode, LabNode];
    hear([first, second], [third, fourth], false);
    await lab.until(() => lab.nodes.every((node) => peersOf(node) === 1), "they were not cut off");
    await lab.advance("3s");
    const halves = [await events(first), await events(third)];
    for (const [index, names] of [/qure-[34] died/, /qure-[12] died/].entries())
      expect(halves[index]!.filter((line) => names.test(line))).toHaveLength(2);
    hear([first, second], [third, fourth], true);
    await agreed(lab, lab.nodes);
    const told = await events(first);
    for (const half of halves) expect(told).toEqual(expect.arrayContaining(half));
    for (const node of lab.nodes) expect(await events(node)).toEqual(told);
  });

  test("says who left, who changed a value, and where an address is", async () => {
    const lab = await cluster(2);
    const [first, second] = lab.nodes as [LabNode, LabNode];
    await second.enter("cloud address add 10.0.2.100", PROMPT);
    await lab.advance("2s");
    const told = (await events(first)).slice(2);
    expect(told[0]).toMatch(/^1\.3 +address\.10\.0\.2\.100 was changed by 10\.0\.2\.\d+ /);
    expect(told[1]).toMatch(/^1\.4 +10\.0\.2\.100 is at qure-[12] /);
    second.type("shutdown\n");
    await lab.until(() => second.isOff, "it did not switch off");
    await lab.advance("3s");
    expect((await events(first)).findLast((line) => / left/.test(line))).toMatch(/qure-2 left +\(1 online\)/);
    // The last member writes down itself that it leaves.
    first.type("reboot\n");
    await first.waitFor(/QuRe loader/);
    await first.waitFor(/cloud: .* era \d+ age 2 peers 0/);
    await first.waitFor(PROMPT);
    expect((await events(first)).some((line) => /qure-1 left/.test(line))).toBe(true);
  });

  test("of a node tells until when it lived in an era, from one boot to the next", async () => {
    const lab = await cluster(1);
    const node = lab.nodes[0]!;
    await lab.advance("20s");
    node.type("reboot\n");
    await node.waitFor(/^cloud: .* age 2 peers 0$/m, { within: "20s" });
    await lab.advance("1s");
    const [, began, until] = await node.enter(
      "cloud history",
      /^ +1 {2}1-1 {2}\d+ {2}([-\d]+ [:\d]+) {2}([-\d]+ [:\d]+)$/m,
    );
    expect(Date.parse(until!) - Date.parse(began!)).toBeGreaterThanOrEqual(20_000);
    expect(Date.parse(until!) - Date.parse(began!)).toBeLessThan(60_000);
  });

  test("says when everything was, and how long the cluster and this node have been there", async () => {
    const lab = await cluster(2);
    const [first, second] = lab.nodes as [LabNode, LabNode];
    const seconds = Math.round(lab.nowNs / 1e9);
    await lab.advance(`${30 - seconds}s`);
    second.powerOff();
    await lab.advance("10s");
    const shown = async (command: string): Promise<string[]> =>
      (await outputAmong(first, command))
        .replace(/2026-01-01 00:00:0[1-5]/g, "BEGAN")
        .replace(/2026-01-01 00:00:3[0-2]/g, "DIED")
        .replace(/0 days 00:00:3[5-9]/g, "CLUSTER'S")
        .replace(/0 days 00:00:4[0-2]/g, "NODE'S")
        .trim()
        .split("\n");
    const [, founder, name] = /^ +1 ([0-9a-f]{16}) (qure-\d)/m.exec((await shown("cloud history")).join("\n"))!;
    const idOf = (index: number): string => nodeId(lab.cluster.macAddresses[index]!);
    expect(founder).toBe(idOf(Number(name!.slice(-1)) - 1));
    expect(await shown("cloud history")).toEqual([
      " ERA FOUNDER          NAME            BEGAN                UNTIL                EVENTS".trim(),
      `   1 ${founder} ${name}          BEGAN  DIED  3`,
      "The cluster has lived in era 1 for CLUSTER'S",
      "This node runs for NODE'S, and has lived in these eras:",
      " ERA  AGES        REV BEGAN                UNTIL",
      "   1  1-1  1000  BEGAN  BEGAN",
    ]);
    const rows = [
      `qure-1          ${idOf(0)}     1 BEGAN  joined  BEGAN, era 1`,
      `qure-2          ${idOf(1)}     1 BEGAN  died    DIED, era 1`,
    ];
    const [head, ...nodes] = await shown("cloud nodes");
    expect(head).toBe("NODE            ID               BOOTS FIRST SEEN           LAST WORD");
    expect(nodes.sort()).toEqual(rows);
    expect(await shown("cloud graph")).toEqual([
      "TIME                 ERA ONLINE",
      expect.stringMatching(/^BEGAN {4}1 {6}2 ##$/),
      expect.stringMatching(/^DIED {4}1 {6}1 #$/),
    ]);
  });

  atLength("holds so many events and no more, the latest ones", async () => {
    const lab = await cluster(2);
    const [first, second] = lab.nodes as [LabNode, LabNode];
    for (let change = 0; change < 450; change += 2) {
      await first.enter("cloud address add 10.0.2.100", PROMPT);
      await first.enter("cloud address remove 10.0.2.100", PROMPT);
    }
    await lab.advance("3s");
    const told = await events(first);
    expect(told).toHaveLength(449);
    expect(await events(second)).toEqual(told);
    expect(told[0]).toMatch(/founded/);
  });
});
