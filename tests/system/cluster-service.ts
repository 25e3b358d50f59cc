/** A cluster with an address that it shares. */
import { SERVICE } from "../../bench/network/service-client.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { boot, CLOUD, images, inState, PROMPT } from "./images.ts";

/** Waits until all nodes see each other. */
export async function agreed(lab: LabCluster): Promise<void> {
  const peers = (node: LabNode): number => {
    const lines = node.console.text.split("\n").filter((line) => CLOUD.test(line));
    return Number(CLOUD.exec(lines.at(-1) ?? "")?.[5] ?? -1);
  };
  await lab.until(() => lab.nodes.every((node) => peers(node) === lab.nodes.length - 1), "the nodes did not agree");
}

/** So many nodes that agree, and hold an address; with what is said of it behind it. */
export async function withService(count: number, address = SERVICE, more = ""): Promise<LabCluster> {
  return inState(`${count} with ${address}${more}`, async () => {
    const lab = boot({
      nodes: Array.from({ length: count }, () => ({ cdrom: images().iso, key: keyOfSeed(1) })),
    });
    await agreed(lab);
    for (const node of lab.nodes) await node.waitFor(PROMPT);
    await lab.advance("1s");
    await lab.nodes[0]!.enter(`cloud address add ${address}${more}`, PROMPT);
    await lab.advance("1s");
    return lab;
  });
}
