/**
 * The upgrade of a cluster on whole machines: three nodes go from one revision to the next, one after the other, and
 * what people and accidents do meanwhile. The model is tests/upgrade/rolling-model.ts; classes are those of
 * docs/protocols/upgrade.md.
 */
import { expect, test } from "vitest";
import { ServiceClient } from "../../bench/network/service-client.ts";
import { PROMPT } from "../system/images.ts";
import { output } from "../system/output.ts";
import { NEW, OLD, planOf, revisionOf, rolling, startsOf } from "./rolling-scene.ts";

const SERVICE = "10.0.2.250";

test("three nodes go from one revision to the next, one after the other, while their services stay up", async () => {
  const { lab, nodes } = await rolling(3, "with an address", { service: SERVICE });
  const [first] = nodes as [(typeof nodes)[0]];
  expect(await output(first, `cloud upgrade ${NEW}`)).toBe("");
  const from = lab.nowNs / 1e9;
  await lab.until(() => nodes.every((node) => revisionOf(node) === NEW), "not all run it", { within: "600s" });
  console.log("all run", lab.nowNs / 1e9 - from);
  await lab.advance("60s");
  for (const node of nodes) console.log(node.console.text.slice(-1500));
  console.log(await planOf(first));
});
