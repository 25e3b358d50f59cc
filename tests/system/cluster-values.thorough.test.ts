/** Values that the cluster keeps together: they count when a majority has them on disk, and then stay. */
import { describe, expect, test } from "vitest";
import { type LabCluster, type LabNode, SparseDisk } from "../../src/index.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { boot, CLOUD, inState, PROMPT } from "./images.ts";
import { peersOf } from "./output.ts";

/** Nodes with prepared disks that agree, also on who agrees. */
async function cluster(count: number): Promise<LabCluster> {
  return inState(`${count} with values`, async () => {
    const content = await preparedDisk();
    const lab = boot({
      nodes: Array.from({ length: count }, () => ({
        disk: new SparseDisk(DISK_BYTES, { content: content.slice() }),
      })),
    });
    await lab.until(() => lab.nodes.every((node) => peersOf(node) === count - 1), "they did not agree");
    for (const node of lab.nodes) await node.waitFor(PROMPT);
    await lab.nodes[0]!.enter("cloud set site here", /^site is set\.$/m);
    await lab.advance("1s");
    return lab;
  });
}

function hear(nodes: readonly LabNode[], others: readonly LabNode[], hears: boolean): void {
  for (const node of nodes)
    for (const other of others) {
      node.hear(other.index, hears);
      other.hear(node.index, hears);
    }
}

/** The last word of a node about the cluster. */
function lastWord(node: LabNode): string {
  return node.console.text.split("\n").findLast((text) => CLOUD.test(text)) ?? "";
}

const NOT_CHANGED = /^cluster: colour is not changed, or not yet: of the (\d) members that agreed last (\d) answer/m;

describe("a value", () => {
  test("is the same on all members, whoever sets it, and is on disk", async () => {
    const lab = await cluster(3);
    const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
    await second.enter('cloud set greeting "hello there"', /^greeting is set\.$/m);
    await third.enter("cloud set colour blue", /^colour is set\.$/m);
    await first.enter("cloud get", /^change 3; .* by a majority of 3 members:( qure-[123]){3}$/m);
    await first.enter("cloud get greeting", /^hello there$/m);
    await first.enter("cloud set greeting", /^greeting is gone\.$/m);
    await lab.advance("200ms");
    await third.enter("cloud get greeting", /there is no value greeting/);
    await third.enter("cloud events", /colour was changed by 10\.0\.2\.\d+ .*\n(.*\n)*.*greeting was changed by/);
    for (const node of lab.nodes) node.powerOff();
    for (const node of lab.nodes) node.powerOn();
    await lab.until(() => lab.nodes.every((node) => /age 2 peers 2/.test(lastWord(node))), "they did not agree again");
    for (const node of lab.nodes) {
      await node.waitFor(PROMPT);
      await node.enter("cloud get", /^site here\ncolour blue\nchange \d+;/m);
    }
  });

  test("and the votes for it are whole on the disk, whatever the node has said meanwhile", async () => {
    const lab = await cluster(1);
    const node = lab.nodes[0]!;
    await lab.advance("2s");
    await node.enter("cloud set colour blue", /^colour is set\.$/m);
    await lab.advance("1s");
    node.powerOff();
    node.powerOn();
    await node.waitFor(/^cloud: .* age 2 peers 0$/m, { within: "20s" });
    expect(node.console.text).not.toMatch(/is damaged/);
    await node.enter("cloud get", /^site here\ncolour blue\nchange \d+;/m);
  });

  test("is set, and its machine goes off, when the machine's disk takes nothing any more", async () => {
    const lab = await cluster(3);
    const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
    hear([first], [second, third], false);
    await lab.until(() => peersOf(first) === 0 && peersOf(second) === 1, "it was not cut off");
    await second.enter("cloud set colour blue", /^colour is set\.$/m, { within: "10s" });
    first.failDisk(0, 100);
    hear([first], [second, third], true);
    // What it missed is the first that it cannot write; its next vote waits for that.
    await first.waitFor(/cluster_values cannot be saved/);
    await lab.until(() => peersOf(first) === 2, "they did not meet");
    await first.waitFor(PROMPT);
    await first.enter("cloud set colour red", /^colour is set\.$/m);
    first.type("shutdown\n");
    await lab.until(() => first.isOff, "it does not go off");
  });

  test("is not set by members without a disk when the last one that has one has gone", async () => {
    const lab = await cluster(3);
    const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
    for (const node of [first, second]) {
      node.powerOff();
      node.failDisk(0, 100);
      node.powerOn();
      await node.waitFor(/in memory only/);
    }
    await lab.until(() => lab.nodes.every((node) => peersOf(node) === 2), "they did not agree again");
    await lab.advance("2s");
    await first.enter("cloud get site", /^here$/m);
    third.type("shutdown\n");
    await lab.until(() => third.isOff && peersOf(first) === 1, "it does not go off");
    await first.enter("cloud set colour red", NOT_CHANGED, { within: "10s" });
  });

  test("that a minority sets does not count, and gives way to what the majority agrees on", async () => {
    const lab = await cluster(3);
    const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
    hear([first, second], [third], false);
    await lab.until(() => peersOf(third) === 0 && peersOf(first) === 1, "it was not cut off");
    await third.enter("cloud set colour red", NOT_CHANGED, { within: "10s" });
    expect(NOT_CHANGED.exec(third.console.text)!.slice(1)).toEqual(["3", "1"]);
    await third.enter("cloud get colour", /there is no value colour/);
    await first.enter("cloud set colour blue", /^colour is set\.$/m);
    await second.enter("cloud get colour", /^blue$/m);
    hear([first, second], [third], true);
    await lab.until(() => lab.nodes.every((node) => peersOf(node) === 2), "they did not meet");
    await lab.advance("1s");
    await third.enter("cloud get colour", /^blue$/m);
    await third.enter("cloud set colour green", /^colour is set\.$/m);
    await first.enter("cloud get colour", /^green$/m);
  });

  test("counts soon although all set one in the same moment, and hear of the others' once they have voted", async () => {
    const lab = await cluster(3);
    for (const node of lab.nodes) {
      const trouble = { ...lab.cluster.trouble(node.index, "out"), delayNs: 10e6, delayedPercent: 100 };
      lab.cluster.setTrouble(node.index, "out", trouble);
    }
    for (const node of lab.nodes) node.type(`cloud set by${node.index} ${node.name}\r`);
    await lab.advance("1300ms");
    for (const node of lab.nodes) expect(node.console.text).toContain(`\nby${node.index} is set.`);
    await lab.advance("200ms");
    for (const node of lab.nodes)
      await node.enter(
        "cloud get",
        /^site here\n(?=(?:.*\n)*by0 qure-1\n)(?=(?:.*\n)*by1 qure-2\n)(?:.*\n)*by2 qure-3\n/m,
      );
  });

  test("counts although its author dies at once, and those who are left agree among themselves", async () => {
    const lab = await cluster(3);
    const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
    await third.enter("cloud set colour blue", /^colour is set\.$/m);
    third.powerOff();
    await first.enter("cloud get colour", /^blue$/m);
    await lab.advance("8s");
    await second.enter("cloud get", /by a majority of 2 members:( qure-[12]){2}$/m);
    // Of two halves the one with the lower id goes on.
    const [higher, lower] = [first, second].sort((a, b) => (a.index === lowest(lab) ? 1 : b.index - a.index)) as [
      LabNode,
      LabNode,
    ];
    hear([higher], [lower], false);
    await lab.until(() => peersOf(higher) === 0 && peersOf(lower) === 0, "they were not cut off");
    await higher.enter("cloud set colour red", NOT_CHANGED, { within: "10s" });
    await lower.enter("cloud set colour green", /^colour is set\.$/m);
    hear([higher], [lower], true);
    await lab.until(() => peersOf(higher) === 1 && peersOf(lower) === 1, "they did not meet");
    await lab.advance("1s");
    await higher.enter("cloud get colour", /^green$/m);
  });

  test("does not count by the vote of a member that came up without its disk", async () => {
    const lab = await cluster(3);
    const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
    third.powerOff();
    second.powerOff();
    second.powerOn();
    // The kernel has been read, and reads nothing else.
    await second.waitFor(/starts\nQuRe revision/);
    second.failDisk(100, 100);
    await lab.until(() => /peers 1/.test(lastWord(second)) && peersOf(first) === 1, "it did not come back");
    await first.enter("cloud set colour red", NOT_CHANGED, { within: "10s" });
    expect(NOT_CHANGED.exec(first.console.text)!.slice(1)).toEqual(["3", "1"]);
    third.powerOn();
    await lab.until(() => peersOf(first) === 2, "the third did not come back");
    await first.enter("cloud set colour blue", /^colour is set\.$/m, { within: "10s" });
    await second.enter("cloud get colour", /^blue$/m);
  });

  test("counts while one disk is slow, and nobody looks dead meanwhile", async () => {
    const lab = await cluster(3);
    const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
    third.slowDisk(10_000);
    const from = lab.nodes.map(({ console }) => console.text.length);
    await first.enter("cloud set colour blue", /^colour is set\.$/m, { within: "5s" });
    await second.enter("cloud set colour green", /^colour is set\.$/m, { within: "5s" });
    await third.enter("cloud get colour", /^green$/m);
    await lab.advance("60s");
    for (const [index, node] of lab.nodes.entries())
      expect(node.console.text.slice(from[index]!)).not.toMatch(/peers [01]$/m);
  });
});

/** Whose id is the lowest: ids follow from MAC addresses. */
function lowest(lab: LabCluster): number {
  const macs = lab.cluster.macAddresses.map((mac) => Buffer.from(mac).toString("hex"));
  return macs.indexOf([...macs].sort()[0]!);
}
