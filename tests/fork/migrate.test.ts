/** A running kernel moves to another machine (docs/protocols/fork.md): `cloud migrate`. */
import { expect, test } from "vitest";
import { boot, images, inState } from "../system/images.ts";
import { joined, NODES } from "./scene.ts";

test("a kernel moves", async () => {
  const nodes = NODES(images().iso);
  const lab = await inState("three members with a key", () => joined(boot({ nodes })));
  const [source, target, other] = lab.nodes as [any, any, any];
  const address = [...other.console.text.matchAll(/^cloud: \S+ (\d+\.\d+\.\d+\.\d+) era/gm)].at(-1)![1]!;
  other.type("nc -l 5000 | wc &\n");
  await lab.advance("200ms");
  source.type(`seq 60000 | nc ${address} 5000 &\n`);
  await target.enter("cloud fork accept", /^For a minute, .*$/m);
  source.type("cloud migrate m2\n");
  const from = other.console.text.length;
  await lab.advance("12s");
  for (const node of lab.nodes) console.log(`=== ${node.name}\n${node.console.text.slice(-2500)}`);
  expect(other.console.text.slice(from)).toMatch(/^ +60000 +60000 +348894$/m);
});
