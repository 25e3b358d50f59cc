/** What a node that is stopped says and does (docs/protocols/cluster.md, "States and timers"). */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import { founded, nowMs } from "./agreement-scene.ts";
import { BYE } from "./cluster-wire.ts";

/** So long a node that leaves waits for its last frame to leave the card. */
const LEAVE_MS = 20;

test("who is stopped is told that it says no hello, and says none", async () => {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  const said = await outputAmong(s.node, "cloud register; echo status $?; cloud stop; cloud register; echo status $?");
  expect(said).toBe("status 0\ncluster: hello could not be sent: no route to this address\nstatus 1\n");
});

thoroughly("who leaves waits until its last frame has left the card", async () => {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  s.node.type("cloud stop; echo stopped\n");
  await s.node.waitFor(/^stopped$/m, { within: "1s" });
  const afterMs = nowMs(s) - s.wire.of(BYE)[0]!.atMs;
  expect(afterMs).toBeGreaterThanOrEqual(LEAVE_MS);
  expect(afterMs).toBeLessThan(LEAVE_MS + 60);
});
