/** What a node makes of the object cluster_node on its disk, and what it writes there (docs/protocols/cluster.md). */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import { cloud, HIGH, idBytes, isIn, LOW, SELF, says, view } from "./agreement-scene.ts";
import { ALONE, HELLO, MEMBER, REPORT, VIEW } from "./cluster-wire.ts";
import { type NodeObject, nodeObject, objectOf, remembering } from "./remembering-scene.ts";

test("a node is who its disk says, one boot older", async () => {
  const before = { era: 41, age: 8, eraAge: 5, founder: LOW, name: "tortoise", reboot: "yes", company: 1 };
  const s = await remembering({ cluster_node: nodeObject(before) });
  expect(s.node.console.text).toMatch(new RegExp(`^cluster: node ${SELF}, era 41, age 9, on disk$`, "m"));
  expect(await says(s, HELLO)).toMatchObject({ id: SELF, era: 41, age: 9 });
  expect(await outputAmong(s.node, "hostname; set")).toMatch(/^tortoise\n[\s\S]*^cloud.reboot=yes$/m);
  const kept = objectOf(s, "cluster_node")!;
  const expected = nodeObject({ ...before, age: 9 });
  expect(kept.subarray(0, 76)).toEqual(expected.subarray(0, 76));
  expect(kept.subarray(108)).toEqual(expected.subarray(108));
  // The seed is drawn anew.
  expect(kept.subarray(76, 108)).not.toEqual(expected.subarray(76, 108));
  expect(new Set(kept.subarray(76, 108)).size).toBeGreaterThan(16);
  // It had company in its last era, so it founds the next one alone; the disk keeps the one before.
  expect(await says(s, VIEW)).toMatchObject({ era: 42, founder: SELF, flags: ALONE | 4 });
  expect(objectOf(s, "cluster_node")!.subarray(16, 36)).toEqual(expected.subarray(16, 36));
});

thoroughly("a node that was alone in its last era founds the next one, and has it on its disk", async () => {
  const s = await remembering({ cluster_node: nodeObject({ era: 41, age: 8, eraAge: 5, founder: LOW }) });
  const first = await s.lab.until(() => s.wire.of(VIEW).find(({ state }) => state === MEMBER), "it founds nothing");
  expect(first).toMatchObject({ era: 42, founder: SELF });
  expect(first.flags & ALONE).toBe(0);
  const expected = nodeObject({ era: 42, age: 9, eraAge: 9, founder: SELF });
  expect(objectOf(s, "cluster_node")!.subarray(0, 76)).toEqual(expected.subarray(0, 76));
  expect(objectOf(s, "cluster_node")!.subarray(172)).toEqual(expected.subarray(172));
  expect(await cloud(s)).toBe(isIn(42, SELF, 9));
});

test.each(
  rowsOf(
    [
      ["another founded", LOW, 1],
      ["it has founded itself, once the coordinator is another", SELF, 1],
    ] as const,
    0,
  ),
)("a node that joins in an era that %s has had company there, its disk says", async (_what, founder, company) => {
  const s = await remembering({ cluster_node: nodeObject({ era: 3, age: 8, eraAge: 5, founder: LOW }) });
  await says(s, HELLO);
  s.wire.say(view(HIGH, 5, founder));
  await says(s, REPORT);
  await s.lab.advance("300ms");
  const expected = nodeObject({ era: 5, age: 9, eraAge: 9, founder, company });
  expect(objectOf(s, "cluster_node")!.subarray(0, 76)).toEqual(expected.subarray(0, 76));
  expect(objectOf(s, "cluster_node")!.subarray(172)).toEqual(expected.subarray(172));
});

thoroughly("a node that comes back to its era came there when it did", async () => {
  const s = await remembering({ cluster_node: nodeObject({ era: 5, age: 8, eraAge: 5, founder: LOW }) });
  await says(s, HELLO);
  s.wire.say(view(HIGH, 5, HIGH));
  await says(s, REPORT);
  expect(await cloud(s)).toBe(isIn(5, HIGH, 5));
  const expected = nodeObject({ era: 5, age: 9, eraAge: 5, founder: HIGH });
  expect(objectOf(s, "cluster_node")!.subarray(0, 36)).toEqual(expected.subarray(0, 36));
});

thoroughly("version 1 is read: what it lacks is zero", async () => {
  const old = nodeObject({ version: 1, era: 41, age: 8, eraAge: 5, founder: LOW, name: "hare" }).subarray(0, 68);
  const s = await remembering({ cluster_node: old });
  expect(s.node.console.text).toMatch(new RegExp(`^cluster: node ${SELF}, era 41, age 9, on disk$`, "m"));
  expect(await outputAmong(s.node, "hostname")).toBe("hare\n");
  const kept = objectOf(s, "cluster_node")!;
  expect(kept.subarray(0, 68)).toEqual(
    nodeObject({ era: 41, age: 9, eraAge: 5, founder: LOW, name: "hare" }).subarray(0, 68),
  );
  expect(kept).toHaveLength(176);
  expect(kept.subarray(68, 76)).toEqual(new Uint8Array(8));
  expect(kept.subarray(108)).toEqual(new Uint8Array(68));
});

thoroughly("of another node's disk the era counts, the age does not", async () => {
  const other = { id: "525400fffea4cafe", era: 41, age: 8, eraAge: 5, founder: LOW, name: "other", company: 1 };
  const s = await remembering({ cluster_node: nodeObject(other) });
  expect(s.node.console.text).toMatch(
    /^cluster: hda0 was the disk of another node; its era counts, its age does not$/m,
  );
  expect(s.node.console.text).toMatch(new RegExp(`^cluster: node ${SELF}, era 41, age 1, on disk$`, "m"));
  const kept = objectOf(s, "cluster_node")!;
  const expected = nodeObject({ era: 41, age: 1, eraAge: 1 });
  expect(kept.subarray(0, 76)).toEqual(expected.subarray(0, 76));
  expect(kept.subarray(108)).toEqual(expected.subarray(108));
  expect(await outputAmong(s.node, "hostname")).not.toContain("other");
});

const OTHER_VERSIONS: readonly (readonly [string, NodeObject])[] = [
  ["version 0", { version: 0 }],
  ["version 3", { version: 3 }],
  ["another magic", { magic: "QCLM" }],
  ["an era that there cannot be", { era: 0x80000000 }],
];

test.each(rowsOf(OTHER_VERSIONS, 0))(
  "an object with %s is left as it is, and the node is diskless",
  async (_what, more) => {
    const bytes = nodeObject({ era: 7, age: 8, ...more });
    const s = await remembering({ cluster_node: bytes });
    expect(s.node.console.text).toMatch(
      new RegExp(
        `^cluster: node ${SELF}, age 1, in memory only: hda0: the object cluster_node on it is not of this version$`,
        "m",
      ),
    );
    expect(await says(s, HELLO)).toMatchObject({ era: 0, age: 1, flags: 1 | 4 });
    await s.lab.advance("2s");
    expect(objectOf(s, "cluster_node")).toEqual(bytes);
  },
);

thoroughly("the last era that there can be is kept", async () => {
  const s = await remembering({ cluster_node: nodeObject({ era: 0x7fffffff, age: 8, eraAge: 5 }) });
  expect(await says(s, HELLO)).toMatchObject({ era: 0x7fffffff, age: 9 });
});

thoroughly("names on the disk end, whatever it says", async () => {
  const long = "n".repeat(32);
  const key = new Uint8Array(32).fill(7);
  const more = { name: long, reboot: "yesyesye", cluster: long, key };
  const s = await remembering({ cluster_node: nodeObject({ era: 4, age: 8, ...more }) });
  const kept = objectOf(s, "cluster_node")!;
  expect([kept[67], kept[75], kept[139]]).toEqual([0, 0, 0]);
  expect(kept.subarray(36, 67)).toEqual(new Uint8Array(31).fill(0x6e));
  expect(kept.subarray(68, 75)).toEqual(new TextEncoder().encode("yesyesy"));
  expect(kept.subarray(140, 172)).toEqual(key);
  await s.node.enter("cloud", /^cluster n{31}, with a key;/m);
});

thoroughly("an empty disk gets the object, and so does each change of it", async () => {
  const s = await remembering({});
  const kept = objectOf(s, "cluster_node")!;
  expect(kept.subarray(0, 76)).toEqual(nodeObject({ age: 1, eraAge: 0 }).subarray(0, 76));
  await s.node.enter("hostname gate-1", PROMPT);
  await s.lab.advance("1s");
  expect(objectOf(s, "cluster_node")!.subarray(36, 68)).toEqual(nodeObject({ name: "gate-1" }).subarray(36, 68));
  await s.node.enter("hostname a", PROMPT);
  await s.lab.advance("1s");
  expect(objectOf(s, "cluster_node")!.subarray(36, 68)).toEqual(nodeObject({ name: "a" }).subarray(36, 68));
  await s.node.enter("set cloud.reboot no", PROMPT);
  await s.lab.advance("1s");
  expect(objectOf(s, "cluster_node")!.subarray(68, 76)).toEqual(nodeObject({ reboot: "no" }).subarray(68, 76));
});

thoroughly("a service that is started again is no boot, a disk that is away is no age", async () => {
  const s = await remembering({ cluster_node: nodeObject({ era: 4, age: 8, eraAge: 5, founder: LOW }) });
  await says(s, VIEW);
  await s.node.enter("service stop cluster", PROMPT);
  await s.node.enter("service start cluster", new RegExp(`^cluster: node ${SELF}, era 5, age 9, on disk$`, "m"));
  await s.node.waitFor(PROMPT);
  expect(new DataView(objectOf(s, "cluster_node")!.buffer).getUint32(20, true)).toBe(9);
  expect(idBytes(SELF)).toEqual(objectOf(s, "cluster_node")!.subarray(8, 16));
});
