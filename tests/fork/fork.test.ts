/** A running kernel becomes two (docs/protocols/fork.md): `cloud fork`. */
import { expect, test } from "vitest";
import type { LabCluster } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { boot, images, PROMPT } from "../system/images.ts";
import { output } from "../system/output.ts";

async function members(count: number): Promise<LabCluster> {
  const lab = boot({
    nodes: Array.from({ length: count }, (_, index) => ({
      cdrom: images().iso,
      key: keyOfSeed(1),
      ramBytes: 16 << 20,
      hostName: `m${index + 1}`,
    })),
  });
  for (const node of lab.nodes) await node.waitFor(new RegExp(`^cloud: .* peers ${count - 1}\\s*$`, "m"), { within: "60s" });
  await lab.advance("2s");
  return lab;
}

test("a kernel becomes two", async () => {
  const lab = await members(3);
  const [source, target, other] = lab.nodes;
  try {
    await output(source!, "set greeting hello");
    target!.type("cloud fork accept\n");
    await target!.waitFor(/For a minute/);
    source!.type("cloud fork m2\n");
    await lab.advance("10s");
  } finally {
    console.log("SOURCE", source!.console.text.slice(-1500));
    console.log("TARGET", target!.console.text.slice(-3000));
    console.log("OTHER", other!.console.text.slice(-1500));
  }
});
