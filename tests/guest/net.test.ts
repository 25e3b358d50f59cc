/**
 * The network side's tests of itself, inside a machine: the network's and the cluster's routines are called one by one.
 */
import { expect, test } from "vitest";
import { boot, CLOUD, isoWithGuests, PROMPT } from "../system/images.ts";

test("the network's routines pass their own tests, and leave the node as they found it", async () => {
  const iso = await isoWithGuests();
  // Room for all connections that there can be.
  const lab = boot({ nodes: [{ cdrom: iso, ramBytes: 16 << 20 }] });
  const node = lab.nodes[0]!;
  await node.waitFor(CLOUD, { within: "20s" });
  await node.waitFor(PROMPT);
  await node.enter("nettest", /nettest: (\d+) passed, (\d+) failed/);
  expect(node.console.text).not.toMatch(/^FAIL /m);
  expect(node.console.text).toMatch(/nettest: [1-9]\d* passed, 0 failed/);
  const from = node.console.text.length;
  await node.enter("cloud", /member/);
  expect(node.console.text.slice(from)).toMatch(/era 1, founded by/);
});
