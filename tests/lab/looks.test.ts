/**
 * A wait ends in the virtual millisecond in which a machine said or did what was waited for, however seldom it looks.
 */
import { expect, onTestFinished, test } from "vitest";
import { type LabCluster, startCluster, type WaitOptions } from "../../src/index.ts";
import { images, PROMPT } from "../system/images.ts";

const LOOKS = ["time", "output", "seldom"] as const;

async function ends(
  nodes: number,
  look: NonNullable<WaitOptions["look"]>,
  wanted: (lab: LabCluster) => boolean,
): Promise<number[]> {
  const { iso } = images();
  const lab = startCluster({ nodes: Array.from({ length: nodes }, () => ({ cdrom: iso, ramBytes: 8 << 20 })) });
  onTestFinished(() => lab.close());
  for (const node of lab.nodes) await node.waitFor(PROMPT);
  const startNs = lab.nowNs;
  for (const node of lab.nodes) node.type("echo said; shutdown\r");
  await lab.until(() => wanted(lab), "it did not happen", { look });
  return [startNs, lab.nowNs];
}

for (const nodes of [1, 2]) {
  test(`what is said by ${nodes}`, async () => {
    const isSaid = (lab: LabCluster): boolean => lab.nodes.every(({ console: { text } }) => /\nsaid/.test(text));
    const [first, ...others] = await Promise.all(LOOKS.map((look) => ends(nodes, look, isSaid)));
    for (const other of others) expect(other).toEqual(first);
  });

  test(`the end of ${nodes}`, async () => {
    const areOff = (lab: LabCluster): boolean => lab.nodes.every(({ isOff }) => isOff);
    const first = await ends(nodes, "time", areOff);
    expect(await ends(nodes, "seldom", areOff)).toEqual(first);
  });
}

test("a wait in vain says who did not print what, and what was printed instead", async () => {
  const lab = startCluster({ nodes: [{ ramBytes: 1 << 20 }] });
  onTestFinished(() => lab.close());
  const [node] = lab.nodes;
  await expect(node!.waitFor(/a prompt/, { within: "3s" })).rejects.toThrow(
    /qure-1 did not print \/a prompt\/[\s\S]*No bootable device/,
  );
});
