/** Nodes in the states that many tests begin from: each is booted once for all of them. */
import type { LabCluster } from "../../src/index.ts";
import { boot, CLOUD, images, inSharedState, PROMPT } from "./images.ts";

/** A node at its prompt, which has no address yet. Without a gateway nobody will give it one. */
export function atPrompt({ gateway = true } = {}): Promise<LabCluster> {
  return inSharedState(`at the prompt, ${gateway ? "with" : "without"} a gateway`, async () => {
    const lab = boot({ nodes: [{ cdrom: images().iso }], gateway });
    await lab.nodes[0]!.waitFor(PROMPT);
    return lab;
  });
}

/** So many nodes that have found each other, with nothing but their CDs. */
export function members(count: number): Promise<LabCluster> {
  return inSharedState(`${count} members`, async () => {
    const lab = boot({ nodes: Array.from({ length: count }, () => ({ cdrom: images().iso })) });
    for (const node of lab.nodes)
      await node.waitFor(new RegExp(`^cloud: .* era 1 .*peers ${count - 1}\\s*$`, "m"), { within: "60s" });
    for (const node of lab.nodes) await node.waitFor(PROMPT);
    return lab;
  });
}

/** A node that has just become the only member of a cluster. */
export function asMember(): Promise<LabCluster> {
  return inSharedState("member", async () => {
    const lab = await atPrompt();
    await lab.nodes[0]!.waitFor(CLOUD, { within: "20s" });
    return lab;
  });
}

/** A member some seconds later, when it has done all that it does about its address. */
export function withAddress(): Promise<LabCluster> {
  return inSharedState("with an address", async () => {
    const lab = await asMember();
    await lab.advance("5s");
    return lab;
  });
}
