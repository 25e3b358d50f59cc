/**
 * Where a node looks for what it remembers (docs/protocols/cluster.md, "What a node remembers"), and its name without
 * one.
 */
import { expect, test } from "vitest";
import { SparseDisk } from "../../src/index.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { atPrompt } from "../system/booted.ts";
import { boot, images, PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { HIGH, LOW, report, type Scene, SELF, says, sceneOf, view } from "./agreement-scene.ts";
import { EVENTS, HELLO, MEMBER, REPORT, regionDigest, VIEW } from "./cluster-wire.ts";
import { HistoryModel } from "./history-model.ts";
import { eventBytes, JOINED, NOON } from "./history-wire.ts";
import { livesIn, livesObject, nodeObject, objectOf, remembering, resting, saveOn } from "./remembering-scene.ts";
import {
  ballotBytes,
  joined,
  NOTHING,
  numberBytes,
  PROMISE,
  regionOf,
  TEXT_AT,
  VALUES,
  Values,
} from "./values-scene.ts";

const NOT_THERE = "in memory only: hda0: ";

/** The node on whose disk is another file system, and what is typed before its cluster begins. */
async function withFat(typed: string): Promise<Scene> {
  const s = await resting();
  await s.node.enter("mkfs -t fat hda0", /Type 'Yes' if so: $|now holds/);
  if (!s.node.console.text.includes("now holds")) await s.node.enter("Yes", /now holds/);
  await s.node.waitFor(PROMPT);
  if (typed) await outputAmong(s.node, typed);
  s.node.type("service start cluster\n");
  await s.node.waitFor(/^cluster: node .*$/m);
  await s.node.waitFor(PROMPT);
  return s;
}

thoroughly("a volume of another class is left alone, and not left mounted", async () => {
  const s = await withFat("");
  expect(s.node.console.text).toContain(`cluster: node ${SELF}, age 1, ${NOT_THERE}it is not of class class_fs_oofs\n`);
  expect(await outputAmong(s.node, "mount")).not.toContain("/net");
  expect((await says(s, HELLO)).flags & 1).toBe(1);
});

thoroughly("what is mounted at /net already counts, of whatever class it is", async () => {
  const s = await withFat("mkdir /net; mount hda0 /net");
  expect(s.node.console.text).toContain(
    `cluster: node ${SELF}, age 1, ${NOT_THERE}what is mounted at /net is not of class class_fs_oofs\n`,
  );
  expect(await outputAmong(s.node, "mount")).toContain("/net");
});

test("an OOFS that is mounted at /net already is used", async () => {
  const s = await resting();
  await outputAmong(s.node, "mount hda0 /net");
  await s.node.enter("service start cluster", new RegExp(`^cluster: node ${SELF}, era 0, age 1, on disk$`, "m"));
  expect(objectOf(s, "cluster_node")!.subarray(0, 24)).toEqual(nodeObject({ age: 1 }).subarray(0, 24));
});

thoroughly("`cloud init` says why a disk is not used, and changes nothing", async () => {
  const s = await remembering({ cluster_node: nodeObject({ version: 3 }) });
  await s.lab.advance("3s");
  expect(await outputAmong(s.node, "cloud init")).toContain("not of this version");
  expect(await outputAmong(s.node, "cloud")).toMatch(/^era 1, founded by 525400fffea4caff, here since age 1;/m);
});

thoroughly("a node that nobody has named has the last three bytes of its MAC address as its name", async () => {
  const { lab, node } = sceneOf(await atPrompt({ gateway: false }));
  await lab.until(() => /^cloud: .* joining/m.test(node.console.text), "it has no address", { within: "30s" });
  expect(node.console.text).toMatch(/^cloud: qure-a4caff 169\.254\.\d+\.\d+ joining age 1$/m);
});

thoroughly("where there is no IDE disk the first virtio disk is used", async () => {
  const disk = new SparseDisk(DISK_BYTES, { content: await preparedDisk() });
  const s = sceneOf(boot({ nodes: [{ cdrom: images().iso, virtioDisks: [disk] }] }));
  await s.node.waitFor(new RegExp(`^cluster: node ${SELF}, era 0, age 1, on disk$`, "m"), { within: "20s" });
  await s.node.waitFor(PROMPT);
  expect(await outputAmong(s.node, "mount")).toMatch(/^vda0 on \/net, class_fs_oofs/m);
});

describeThoroughly("a disk that takes the place of one that was taken away", () => {
  const ERA = 6;
  /** Of cluster_node: all but the seed. */
  const FIELDS = [
    [0, 76],
    [108, 176],
  ] as const;
  const DISKLESS = 1;
  const BLUE = regionOf({ colour: "blue" });
  const RED = regionOf({ colour: "red" });
  const heard = eventBytes({ era: ERA, number: 2, kind: JOINED, name: "heard" });
  const kept = eventBytes({ era: 3, number: 7, kind: JOINED, name: "kept" });

  /** A member whose disk was taken away, and what it has heard since. */
  async function away(): Promise<Scene> {
    const s = await remembering({
      cluster_node: nodeObject({ era: 4, age: 8, eraAge: 3, founder: LOW, name: "hare" }),
    });
    await says(s, HELLO);
    await outputAmong(s.node, "umount -f /net");
    s.wire.say({ ...view(LOW, ERA), members: [HIGH] });
    expect((await says(s, REPORT)).flags & DISKLESS).toBe(DISKLESS);
    expect(s.node.console.text).toMatch(/^cluster: .* in memory only/m);
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
      const before = { era, age: 20, eraAge: 2, founder: HIGH, name: "tortoise", reboot: "no", company: 1 };
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
      // The age at which it came to the era that counts: to a later one than its disk knows it came in this boot.
      const eraAge = era < ERA ? 21 : before.eraAge;
      const expected = nodeObject({ ...before, era: later, age: 21, eraAge, founder: LOW, name: "hare" });
      for (const [from, to] of FIELDS) expect(node.subarray(from, to)).toEqual(expected.subarray(from, to));
      expect(objectOf(s, "cluster_values")).toEqual(valuesObject(last, region));
      history.add(heard);
      expect(objectOf(s, "cluster_history")).toEqual(history.object());
      // Whether others may reboot the node is kept with it: what its disk says of that counts.
      expect(await outputAmong(s.node, "set")).toMatch(/^cloud\.reboot=no$/m);
      const [first, present] = livesIn(objectOf(s, "node_history")!);
      expect(first).toEqual(EARLIER);
      expect(present).toMatchObject({ era: later, last: 21, founder: LOW });
    });
  });

  test("its era does not fall where the node has founded one alone meanwhile", async () => {
    const s = await remembering({ cluster_node: nodeObject({ era: 4, age: 8, eraAge: 3, founder: LOW, company: 1 }) });
    expect(await says(s, VIEW)).toMatchObject({ era: 5, founder: SELF });
    await outputAmong(s.node, "umount -f /net; hostname hare");
    await s.node.waitFor(/ in memory only/, { within: "2s" });
    saveOn(s.node.disk!, { cluster_node: nodeObject({ era: 9, age: 20, eraAge: 2, founder: HIGH }) });
    expect(await outputAmong(s.node, "cloud init")).toContain(`cluster: node ${SELF}, era 9, age 21, on disk\n`);
    await s.lab.advance("500ms");
    const [kept, expected] = [objectOf(s, "cluster_node")!, nodeObject({ era: 9, age: 21, eraAge: 2 })];
    expect(kept.subarray(16, 28)).toEqual(expected.subarray(16, 28));
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

  thoroughly("the vote of a node without a disk is on the one that it gets", async () => {
    const s = await remembering({});
    await s.lab.until(() => s.wire.of(VIEW).find(({ state }) => state === MEMBER), "it founds nothing");
    await outputAmong(s.node, "umount -f /net; hostname hare");
    await s.node.waitFor(/ in memory only/, { within: "2s" });
    const v = new Values(s);
    v.live();
    await s.lab.advance("100ms");
    const promised = await v.answers(() => v.prepare(HIGH, 1, [3, HIGH]), [PROMISE]);
    expect(promised).toHaveLength(1);
    expect(await outputAmong(s.node, "cloud init")).toContain("on disk");
    await s.lab.advance("500ms");
    const vote = objectOf(s, "cluster_vote")!;
    expect(vote.subarray(12, 40)).toEqual(joined(numberBytes(1), ballotBytes([3, HIGH]), NOTHING));
    expect(Buffer.from(vote.subarray(0, 5)).toString("latin1")).toBe("QRVO\x01");
  });
});
