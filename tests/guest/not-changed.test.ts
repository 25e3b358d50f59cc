/**
 * Changes of values that come to nothing, and what is said of them (docs/protocols/cluster-values.md, "How they
 * agree").
 */
import { expect, test } from "vitest";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { founded, HIGH, LOW, nowMs, SELF } from "./agreement-scene.ts";
import { OFFER, PREPARE, regionOf, withTwo } from "./values-scene.ts";

/** Eight values that leave room for no other. */
const FULL = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`n${index}`, "v".repeat(124)]));

test("a value for which others leave no room while it is proposed is not set", async () => {
  const v = await withTwo();
  v.s.node.type("cloud set colour blue\r");
  await v.s.lab.until(() => v.s.wire.of(PREPARE)[0], "it asks nobody");
  const region = regionOf(FULL);
  v.tell(HIGH, 1, region);
  v.live(1, region);
  const fromMs = nowMs(v.s);
  const again = await v.s.lab.until(
    () => v.s.wire.of(PREPARE, fromMs).find(({ data }) => data[128] === 2),
    "it does not go on",
  );
  v.promise(LOW, 2, [again.data[132]!, SELF]);
  await v.s.node.waitFor(/^cluster: colour is not changed, or not yet: of the 3 members that agreed last 2 answer$/m, {
    within: "200ms",
  });
  expect(v.s.wire.of(OFFER)).toEqual([]);
  expect(await v.get("n7")).toBe(FULL["n7"]);
});

test("a value that is proposed before the hello, for which there is no cable, is not set", async () => {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  await s.node.enter("cloud stop", PROMPT);
  s.node.cut();
  await s.lab.advance("100ms");
  await s.node.enter("cloud start", PROMPT);
  const set = "cloud set colour blue; echo status $?";
  expect(await outputAmong(s.node, set)).toBe(
    "cluster: colour is not changed, or not yet: of the 1 members that agreed last 0 answer\nstatus 1\n",
  );
  s.node.connect();
  await s.lab.advance("200ms");
  expect(await outputAmong(s.node, set)).toBe("colour is set.\nstatus 0\n");
});
