import { expect, test } from "vitest";
import { delegateOf, forwarded, link, said, worldOf } from "./worlds.ts";

test("explore", async () => {
  const { lab } = await worldOf([
    { name: "home", nodes: 2, nat: "symmetric" },
    { name: "office", nodes: 1, forwards: [forwarded] },
  ]);
  const home = delegateOf(lab.nodes.slice(0, 2));
  const office = lab.nodes[2]!;
  console.log(await said(office, "cloud link"));
  console.log(await link(office, home, "198.51.100.2"));
  await lab.advance("12s");
  for (const node of [home, office]) {
    console.log(await said(node, "cloud link; cloud clusters; cloud nodes --all"));
    console.log(await said(node, "cloud public; netstat -a | grep wide"));
  }
  for (const node of lab.nodes) console.log(node.console.text.split("\n").filter((l) => /^cluster/.test(l)).join("\n"));
  expect(1).toBe(1);
}, 600_000);
