/** Where a node looks for what it remembers (docs/protocols/cluster.md, "What a node remembers"), and its name without one. */
import { expect, test } from "vitest";
import { SparseDisk } from "../../src/index.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { atPrompt } from "../system/booted.ts";
import { boot, images, PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { type Scene, SELF, says, sceneOf } from "./agreement-scene.ts";
import { HELLO } from "./cluster-wire.ts";
import { nodeObject, objectOf, remembering, resting } from "./remembering-scene.ts";

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
