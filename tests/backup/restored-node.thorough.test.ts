/**
 * A restored node is not its old self twice: what of age, era, key and history must go forward does, by the cluster's
 * rules for older and copied disks (docs/protocols/cluster.md). An archive puts nothing between them and the disk.
 */
import { expect, test } from "vitest";
import type { PartHeader } from "../../src/backup/format.ts";
import { type LabCluster, type LabNode, SparseDisk } from "../../src/index.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { boot, CLOUD, PROMPT } from "../system/images.ts";
import { CHUNK, opened, partOf, restored, written } from "./scene.ts";

const OTHER_CARD = Uint8Array.of(0x52, 0x54, 0, 0x77, 0x77, 0x77);

interface Status {
  readonly era: number;
  readonly age: number;
  readonly peers: number;
}

function status(node: LabNode): Status | null {
  const line = node.console.text.split("\n").findLast((text) => CLOUD.test(text));
  const match = line === undefined ? null : CLOUD.exec(line);
  return match && { era: Number(match[3]), age: Number(match[4]), peers: Number(match[5]) };
}

/** Two members with disks, and an empty place with another card. */
async function cluster(): Promise<LabCluster> {
  const content = await preparedDisk();
  const disk = (): SparseDisk => new SparseDisk(DISK_BYTES, { content: content.slice() });
  const lab = boot({
    nodes: [{ disk: disk() }, { disk: disk() }, { disk: disk(), macAddress: OTHER_CARD, off: true }],
  });
  const both = lab.nodes.slice(0, 2);
  await lab.until(() => both.every((node) => status(node)?.peers === 1), "they did not agree");
  for (const node of both) await node.waitFor(PROMPT);
  await both[1]!.enter("echo kept > /net/kept; sync", PROMPT);
  await lab.advance("3s");
  return lab;
}

/** Its disk while it runs, through an archive. */
async function saved(node: LabNode): Promise<Uint8Array> {
  const bytes = new Uint8Array(DISK_BYTES);
  for (let at = 0; at < DISK_BYTES; at += CHUNK) bytes.set(node.readDisk(at, CHUNK), at);
  const about: Partial<PartHeader> = { name: "second" };
  const files = new Map([["a", await written([partOf(bytes, about)])]]);
  const found = await restored(await opened("a", files), "second");
  expect(Buffer.compare(found, bytes)).toBe(0);
  return found;
}

async function again(lab: LabCluster, node: LabNode): Promise<Status> {
  if (!node.isOff) node.powerOff();
  const from = node.console.text.length;
  node.powerOn();
  await lab.until(
    () => CLOUD.test(node.console.text.slice(from)) && (status(node)?.peers ?? 0) > 0,
    "it is no member again",
  );
  await node.waitFor(PROMPT);
  return status(node)!;
}

test("in its own machine it goes on above the age that the others know, with its files and history", async () => {
  const lab = await cluster();
  const second = lab.nodes[1]!;
  const archive = await saved(second);
  for (let boots = 2; boots <= 3; boots++) expect((await again(lab, second)).age).toBe(boots);
  second.powerOff();
  (second.disk as SparseDisk).write(0, archive);
  expect(await again(lab, second)).toMatchObject({ era: 1, age: 4 });
  expect(second.console.text).toMatch(/this disk is an older copy: the cluster knows later boots/);
  await second.enter("cat /net/kept", /^kept$/m);
  // What happened after the archive was made it has from the others, soon.
  await lab.advance("10s");
  await second.enter("cloud events", /founded the era[\s\S]*qure-2 joined, age 2[\s\S]*qure-2 joined, age 4/);
  expect(lab.nodes[0]!.console.text).not.toMatch(/has this node's id/);
}, 600_000);

test("in another machine it is another node of age 1, and its old self goes on beside it", async () => {
  const lab = await cluster();
  const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
  const archive = await saved(second);
  (third.disk as SparseDisk).write(0, archive);
  third.powerOn();
  await lab.until(() => lab.nodes.every((node) => status(node)?.peers === 2), "there are not three members");
  expect(status(third)).toMatchObject({ era: 1, age: 1 });
  expect(status(second)).toMatchObject({ era: 1, age: 1 });
  await third.waitFor(PROMPT);
  await third.enter("cat /net/kept", /^kept$/m);
  for (const node of [first, second, third]) expect(node.console.text).not.toMatch(/has this node's id/);
}, 600_000);
