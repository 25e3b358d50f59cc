/**
 * What a node that takes another cluster's key leaves behind (docs/protocols/cluster-values.md, cluster-history.md):
 * its disk too.
 */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { founded, HIGH, LOW, nowMs, type Scene } from "./agreement-scene.ts";
import { BYE, HELLO, MEMBER, OPEN, VIEW } from "./cluster-wire.ts";
import { objectOf, remembering } from "./remembering-scene.ts";
import { regionOf, TEXT_AT, Values } from "./values-scene.ts";

const word = (s: Scene, name: string, at: number): number => {
  const bytes = objectOf(s, name)!;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
};
const textOf = (s: Scene, name: string): string => Buffer.from(objectOf(s, name)!.subarray(0, 4)).toString("latin1");

thoroughly("values, vote and history of the cluster that it leaves are on its disk no more", async () => {
  const s = await remembering({});
  await s.lab.until(() => s.wire.of(VIEW).find(({ state }) => state === MEMBER), "it founds nothing");
  await s.lab.advance("600ms");
  const v = new Values(s);
  v.live();
  await s.lab.advance("50ms");
  const region = regionOf({ colour: "blue" });
  v.tell(HIGH, 3, region);
  await s.lab.advance("20ms");
  v.prepare(HIGH, 4, [3, HIGH]);
  await s.lab.advance("400ms");
  v.offer(HIGH, 4, [3, HIGH], regionOf({ colour: "red" }));
  await s.lab.advance("400ms");
  v.live(3, region);
  await s.lab.advance("700ms");
  const serial = word(s, "cluster_vote", 8);
  expect([word(s, "cluster_values", 8), word(s, "cluster_vote", 12), word(s, "cluster_vote", 16)]).toEqual([3, 4, 3]);
  expect(serial).toBeGreaterThan(1);
  expect(word(s, "cluster_history", 8)).toBeGreaterThan(0);
  await outputAmong(s.node, "cloud key new home");
  await s.lab.advance("500ms");
  expect(objectOf(s, "cluster_values")!.subarray(20)).toEqual(new Uint8Array(TEXT_AT + 1024));
  expect([4, 8, 16].map((at) => word(s, "cluster_values", at))).toEqual([2, 0, 0]);
  expect([4, 8].map((at) => word(s, "cluster_vote", at))).toEqual([1, serial + 1]);
  expect(objectOf(s, "cluster_vote")!.subarray(12)).toEqual(new Uint8Array(1200 - 12));
  expect([4, 8, 12].map((at) => word(s, "cluster_history", at))).toEqual([1, 0, 0]);
  expect(["values", "vote", "history"].map((name) => textOf(s, `cluster_${name}`))).toEqual(["QRVL", "QRVO", "QRHI"]);
  expect(await outputAmong(s.node, "cloud get")).toBe("Nothing has been set (cloud set NAME VALUE).\n");
  expect(await outputAmong(s.node, "cloud events")).toBe("");
  // Nobody whom it knew is in the cluster that it looks for.
  const seen = await outputAmong(s.node, "cloud");
  for (const id of [LOW, HIGH]) expect(seen).toMatch(new RegExp(` ${id} .* offline `));
});

test("one that is stopped says nothing when it takes a key, and begins with that key", async () => {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  const { session } = s.wire.heard[0]!;
  await outputAmong(s.node, "cloud stop");
  await s.lab.advance("100ms");
  const byes = s.wire.of(BYE).length;
  const fromMs = nowMs(s);
  await outputAmong(s.node, "cloud key new home");
  await s.lab.advance("2s");
  expect(s.wire.heard.filter(({ atMs }) => atMs > fromMs)).toEqual([]);
  expect(byes).toBe(1);
  await outputAmong(s.node, "cloud start");
  const hello = await s.lab.until(() => s.wire.of(HELLO, fromMs)[0], "it says no hello");
  expect([hello.flags & OPEN, hello.session === session, hello.sequence]).toEqual([0, false, 1]);
});
