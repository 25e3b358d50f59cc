/** Machines whose instructions take another time than 10 ns: it is theirs to see, and the run's to keep. */
import { expect, test } from "vitest";
import { type LabCluster, restoreCluster } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images, PROMPT } from "../system/images.ts";
import { output } from "../system/output.ts";

async function atPrompt(options: Partial<Parameters<typeof boot>[0]>): Promise<LabCluster> {
  const lab = boot({ nodes: [{ cdrom: images().iso }, { cdrom: images().iso }], ...options });
  for (const node of lab.nodes) await node.waitFor(PROMPT);
  await lab.advance("100ms");
  return lab;
}

async function digestOf(options: Parameters<typeof atPrompt>[0]): Promise<string> {
  return (await atPrompt(options)).digest();
}

thoroughly("the same time gives the same run, compiled or not, on one thread or two", async () => {
  const digest = await digestOf({ nsPerInstruction: 5 });
  expect(await digestOf({ nsPerInstruction: 5, jit: "off" })).toBe(digest);
  expect(await digestOf({ nsPerInstruction: 5, threads: 2 })).toBe(digest);
  expect(await digestOf({ nsPerInstruction: 10 })).toBe(await digestOf({}));
  expect(await digestOf({})).not.toBe(digest);
});

test.each([1, 2, 5, 20, 50, 100])("with %i ns a second is a second, and a loop is as long as it is", async (ns) => {
  const { nodes, cluster } = await atPrompt({ nodes: [{ cdrom: images().iso }], nsPerInstruction: ns });
  const node = nodes[0]!;
  const spent = async (line: string): Promise<number> => {
    const from = cluster.nowNs;
    await output(node, line);
    return (cluster.nowNs - from) / 1e6;
  };
  const slept = await spent("sleep 1000");
  expect(slept).toBeGreaterThan(1000);
  expect(slept).toBeLessThan(1000 + 30 * Math.max(1, ns / 10));
  const before = cluster.instructions;
  const counted = await spent("primes 2000 > /null");
  expect(counted).toBeGreaterThan(((cluster.instructions - before) * ns) / 1e6 - 1);
});

test("a snapshot goes on with it", async () => {
  const lab = await atPrompt({ nsPerInstruction: 20 });
  const bytes = lab.save();
  await lab.advance("50ms");
  const again = restoreCluster(bytes);
  await again.advance("50ms");
  expect(again.digest()).toBe(lab.digest());
});

test("3 ns are refused", () => {
  expect(() => boot({ nodes: [{ cdrom: images().iso }], nsPerInstruction: 3 })).toThrow(
    "3 ns for each instruction: expected 1, 2, 5, 10, 20, 50, 100",
  );
});
