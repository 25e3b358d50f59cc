/**
 * A node whose disk was taken away, and another one put in its place, that `cloud init` takes into use (docs/protocols/cluster.md,
 * "What a node remembers"): what it knows and what the disk knows become one.
 */
import { expect, test } from "vitest";
import { describeThoroughly } from "../setup/thoroughly.ts";
import { outputAmong } from "../system/output.ts";
import { HIGH, LOW, report, type Scene, SELF, says, view } from "./agreement-scene.ts";
import { EVENTS, HELLO, REPORT, regionDigest } from "./cluster-wire.ts";
import { HistoryModel } from "./history-model.ts";
import { eventBytes, JOINED, NOON } from "./history-wire.ts";
import { livesIn, livesObject, nodeObject, objectOf, remembering, saveOn } from "./remembering-scene.ts";
import { regionOf, TEXT_AT, VALUES } from "./values-scene.ts";

const ERA = 6;
/** Of cluster_node: id, era and age; founder, name and cloud.reboot; key and company. */
const FIELDS = [
  [0, 24],
  [28, 76],
  [108, 176],
] as const;
const DISKLESS = 1;
const BLUE = regionOf({ colour: "blue" });
const RED = regionOf({ colour: "red" });
const heard = eventBytes({ era: ERA, number: 2, kind: JOINED, name: "heard" });
const kept = eventBytes({ era: 3, number: 7, kind: JOINED, name: "kept" });

/** A member whose disk was taken away, and what it has heard since. */
async function away(): Promise<Scene> {
  const s = await remembering({ cluster_node: nodeObject({ era: 4, age: 8, eraAge: 3, founder: LOW, name: "hare" }) });
  await says(s, HELLO);
  await outputAmong(s.node, "umount -f /net");
  s.wire.say({ ...view(LOW, ERA), members: [HIGH] });
  expect((await says(s, REPORT)).flags & DISKLESS).toBe(DISKLESS);
  expect(s.node.console.text).toMatch(/^cluster: cluster_node cannot be saved: .+; it is in memory only$/m);
  const values = { number: 5, digest: regionDigest(BLUE) };
  s.wire.say({ ...report(HIGH, ERA, LOW), kind: VALUES, rest: BLUE, values });
  s.wire.say({ ...report(HIGH, ERA, LOW), kind: EVENTS, rest: heard });
  await s.lab.advance("200ms");
  return s;
}

/** The object cluster_values. */
function valuesObject(number: number, region: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16 + 4 + TEXT_AT + 1024);
  bytes.set(new TextEncoder().encode("QRVL"));
  const fields = new DataView(bytes.buffer);
  for (const [at, value] of [2, number, regionDigest(region), region.length - TEXT_AT].entries())
    fields.setInt32(4 + at * 4, value, true);
  bytes.set(region, 20);
  return bytes;
}

const EARLIER = { era: 3, first: 1, last: 20, began: NOON, until: NOON + 9, revision: 900, founder: HIGH };

describeThoroughly("of a disk that", () => {
  test.each<[string, number, number, Uint8Array, number]>([
    ["knows less", 3, 4, BLUE, 5],
    ["knows more", 9, 7, RED, 7],
  ])("%s the ages go on; era, values and history are the later ones", async (_what, era, number, region, last) => {
    const s = await away();
    const history = new HistoryModel();
    history.add(kept);
    const before = { era, age: 20, eraAge: 2, founder: HIGH, name: "tortoise", company: 1 };
    saveOn(s.node.disk!, {
      cluster_node: nodeObject(before),
      cluster_values: valuesObject(number, RED),
      cluster_history: history.object(),
      node_history: livesObject([EARLIER]),
    });
    const later = Math.max(era, ERA);
    expect(await outputAmong(s.node, "cloud init; echo status $?")).toBe(
      `cluster: node ${SELF}, era ${later}, age 21, on disk\nstatus 0\n`,
    );
    await s.lab.advance("500ms");
    const node = objectOf(s, "cluster_node")!;
    const expected = nodeObject({ ...before, era: later, age: 21, founder: LOW, name: "hare" });
    for (const [from, to] of FIELDS) expect(node.subarray(from, to)).toEqual(expected.subarray(from, to));
    expect(objectOf(s, "cluster_values")).toEqual(valuesObject(last, region));
    history.add(heard);
    expect(objectOf(s, "cluster_history")).toEqual(history.object());
    const [first, present] = livesIn(objectOf(s, "node_history")!);
    expect(first).toEqual(EARLIER);
    expect(present).toMatchObject({ era: later, last: 21, founder: LOW });
  });
});

test("where it is empty, all that the node knows is written on it", async () => {
  const s = await away();
  saveOn(s.node.disk!, {});
  expect(await outputAmong(s.node, "rm /net/cluster_node 2>/dev/null; cloud init")).toContain("on disk");
  await s.lab.advance("500ms");
  expect(objectOf(s, "cluster_values")).toEqual(valuesObject(5, BLUE));
  const history = new HistoryModel();
  history.add(heard);
  expect(objectOf(s, "cluster_history")).toEqual(history.object());
  expect(livesIn(objectOf(s, "node_history")!)).toMatchObject([{ era: ERA, founder: LOW }]);
});
