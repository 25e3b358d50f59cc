/**
 * `mv` to another mount: the copy is whole and on stable storage before what was there goes, and nothing else is left.
 */
import { expect, test } from "vitest";
import { checkFat, formatFat } from "../../src/fat/index.ts";
import { type LabNode, SparseDisk } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { partitioned, RecordingDisk } from "./recording-disk.ts";

const MIB = 1 << 20;

/** A machine with an OOFS at /a, a FAT at /b of so many bytes, and its CD at /c. */
async function machine(fatBytes = 3 * MIB): Promise<{ node: LabNode; fat: SparseDisk }> {
  const fat = new SparseDisk(fatBytes);
  formatFat(fat, "fat12", { id: 7 });
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const drives = [{ kind: "disk" as const, medium: fat }];
  const lab = boot({ nodes: [{ cdrom: images().iso, disk, drives, bootOrder: "d" }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await output(node, "service stop network");
  await output(node, "mkfs -t oofs hda0; mount hda0 /a; mount hdb /b; mount hdc /c");
  return { node, fat };
}

/** Line, what it prints. */
const LINES: readonly (readonly [line: string, printed: string])[] = [
  ["echo one > /a/one; echo two > /a/two; mv /a/one /b; cat /b/one; ls /a/one", "one\n/a/one: not found\n"],
  ["mv /a/two /b/one; cat /b/one; find /a; find /b", "two\n/b/one\n"],
  ["mv /b/one /a/two; cat /a/two; find /b", "two\n"],
  // A directory with all that is in it; an empty one that has the name is replaced.
  [
    "mkdir -p /a/d/e/f /b/d; seq 3000 > /a/d/e/long; touch /a/d/.x; mv /a/d /b; find /a; find /b",
    "/a/two\n/b/d\n/b/d/e\n/b/d/e/f\n/b/d/e/long\n/b/d/.x\n",
  ],
  ["cd /b; mv d/ ../a/new; cd; find /b; find /a/new | wc -l; tail -1 /a/new/e/long", "      4\n3000\n"],
  // What cannot go stays, and nothing is left where it was to go.
  [
    "mkdir /b/new; touch /b/new/x; mv /a/new /b; echo $?; find /b; find /a/new | wc -l",
    "/b/new: directory is not empty\n1\n/b/new\n/b/new/x\n      4\n",
  ],
  [
    "mv /a/new /b/new/x; mv /a/two /b/new/y/z; mkdir /b/two; mv /a/two /b; rm -r /b/new /b/two",
    "/b/new/x: not a directory\n/b/new/y/z: not found\n/b/two: is a directory\n",
  ],
  [
    "mv /c/boot /b; mv /c/boot/qure.img /a; mv /a/two /c; mv /b /a/all; find /b",
    "/c/boot: read only\n/c/boot/qure.img: read only\n/c/two: read only\n/b: in use\n",
  ],
];

test("files and directories go to another mount", async () => {
  const { node, fat } = await machine();
  const before = await output(node, "handles");
  for (const [line, printed] of LINES) expect(await output(node, line), line).toBe(printed);
  expect(await output(node, "handles")).toBe(before);
  await output(node, "umount /b");
  expect(checkFat(fat).problems).toEqual([]);
});

thoroughly("what does not fit there stays as it is", async () => {
  const { node, fat } = await machine(64 << 10);
  await output(node, "mkdir /a/d; echo small > /a/d/0; seq 20000 > /a/d/large; echo other > /a/d/z");
  for (const from of ["/a/d/large", "/a/d"]) {
    expect(await output(node, `mv ${from} /b; echo $?`)).toMatch(/^\/b\/\S+: no space left\n([^\n]+\n)?1\n$/);
    expect(await output(node, "find /b; wc -c /a/d/large; cat /a/d/0 /a/d/z")).toBe(
      " 108894 /a/d/large\nsmall\nother\n",
    );
  }
  await output(node, "umount /b");
  expect(checkFat(fat).problems).toEqual([]);
});
