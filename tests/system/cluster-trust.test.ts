/** Whom a cluster believes: keys, forged packets, recordings, twins; what a stranger cannot change. */
import { describe, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { boot, CLOUD, images, inState, PROMPT } from "./images.ts";

const KEY = keyOfSeed(1);
const OTHER_KEY = keyOfSeed(2);

/** What the last line of a node's view says. */
function peersOf(node: LabNode): number {
  const lines = node.console.text.split("\n").filter((line) => CLOUD.test(line));
  return Number(CLOUD.exec(lines.at(-1) ?? "")?.[5] ?? -1);
}

async function settled(keys: readonly (string | undefined)[], peers: readonly number[]): Promise<LabCluster> {
  return inState(`${JSON.stringify(keys)} ${peers.join()}`, async () => {
    const lab = boot({
      nodes: keys.map((key) => ({ cdrom: images().iso, ...(key === undefined ? {} : { key }) })),
    });
    await lab.until(() => lab.nodes.every((node, index) => peersOf(node) === peers[index]), "they did not settle");
    for (const node of lab.nodes) await node.waitFor(PROMPT);
    return lab;
  });
}

describe("a cluster", () => {
  test("is joined by those who have its key, and by nobody else", async () => {
    const lab = await settled([KEY, KEY, OTHER_KEY, undefined], [1, 1, 0, 0]);
    const [first, , other, open] = lab.nodes as [LabNode, LabNode, LabNode, LabNode];
    await first.enter("cloud", /^cluster seed-1, with a key; [1-9]\d* packets were refused$/m);
    await other.enter("cloud", /^cluster seed-2, with a key; [1-9]\d* packets were refused$/m);
    await open.enter("cloud", /^open cluster: whoever is on this network can join and change it/m);
    await lab.advance("5s");
    expect(lab.nodes.map(peersOf)).toEqual([1, 1, 0, 0]);
  });

  test("takes in a node to which its key is typed", async () => {
    const lab = await settled([undefined, undefined], [1, 1]);
    const [first, second] = lab.nodes as [LabNode, LabNode];
    const [, key] = await first.enter("cloud key new home", /^([0-9a-f]{64})$/m);
    await second.waitFor(/^cloud: .* peers 0$/m, { within: "5s" });
    await second.enter("cloud key set home 12", /a key of 64 hexadecimal digits/);
    await second.enter(`cloud key set home ${key}`, /^cluster home, with a key;/m);
    await lab.until(() => lab.nodes.every((node) => peersOf(node) === 1), "they did not find each other");
  });
});
