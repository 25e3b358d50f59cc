/** How long a node listens before it founds a cluster, when somebody has told it to be silent meanwhile. */
import { expect, test } from "vitest";
import { says, scene } from "./agreement-scene.ts";
import { BYE, HELLO, VIEW } from "./cluster-wire.ts";

test("a node that has not joined yet listens for a second and a half again after `cloud start`", async () => {
  const s = await scene();
  await says(s, HELLO);
  s.node.type("cloud stop\n");
  await s.lab.until(() => s.wire.of(BYE).length > 0, "no bye was said");
  await s.lab.advance("3s");
  const fromMs = s.lab.nowNs / 1e6;
  s.node.type("cloud start\n");
  expect((await says(s, VIEW)).atMs - fromMs).toBeGreaterThanOrEqual(1500);
});
