/** Names in an OOFS as the kernel and src/disk/oofs see them: beyond ASCII, of any length, and what can be none. */
import { expect, test } from "vitest";
import type { DevicePart } from "../../src/disk/device.ts";
import { check, mount } from "../../src/disk/oofs/index.ts";
import { diskWith } from "./disk-with.ts";
import { boot, images, PROMPT } from "./images.ts";
import { NO_UTF8, utf8, WORDS } from "./names.ts";
import { output } from "./output.ts";
import { volumeOn } from "./recording-disk.ts";

const NAME_BYTES_MAX = 255;
const LONGEST = `${"Ω".repeat((NAME_BYTES_MAX - 1) / 2)}!`;
const NAMES = [...WORDS, LONGEST, ...Array.from({ length: 120 }, (_, number) => `añadido número ${number}`)];
/** Persistent objects, which the root shows after its files. */
const OBJECTS = 24;
/** What a line of a script makes of bytes. */
const MAKE = Buffer.from('touch "/a/ours/n');
const END = Buffer.from('"\n');

test("names beyond ASCII and of any length are the same to both, whoever gave them, and others are refused", async () => {
  const lines = NAMES.map((name) => `echo x > "/a/ours/${name}"\n`).join("");
  const wrong = [...NO_UTF8, [...Buffer.from(LONGEST)], [0x7f], [0x1f]];
  const disk = diskWith(
    new Map([
      ["script", Buffer.from(lines)],
      ["wrong", Buffer.concat(wrong.flatMap((bytes) => [MAKE, Buffer.from(bytes), END]))],
    ]),
  );
  const volume = (): DevicePart => volumeOn(disk);
  const made = mount(volume());
  for (const folder of ["/ours", "/theirs"]) made.mkdir(folder);
  for (const name of NAMES) made.create(`/theirs/${name}`);
  for (let number = 0; number < OBJECTS; number++) made.saveObject(`class_${number}`, 1, Buffer.from(`${number}`));
  made.sync();
  const lab = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await lab.advance("100ms");
  await output(node, "service stop network; umount /net");
  expect(await output(node, "mount hda0 /a; fsck /a")).toBe("/a: no problem was found\n");
  const found = utf8(await output(node, "find /a/theirs"))
    .trim()
    .split("\n");
  expect(found.sort()).toEqual(NAMES.map((name) => `/a/theirs/${name}`).sort());
  const objects = [...(await output(node, "ls /a")).matchAll(/ (class_\d+)$/gm)].map(([, name]) => name);
  expect(objects.sort()).toEqual(Array.from({ length: OBJECTS }, (_, number) => `class_${number}`).sort());
  expect(await output(node, "shell /a/script")).toBe("");
  expect((await output(node, "shell /a/wrong")).match(/invalid|too long/g)).toHaveLength(wrong.length);
  expect(await output(node, "umount /a")).toBe("");
  const after = mount(volume(), { readOnly: true });
  expect(check(after).problems).toEqual([]);
  expect(
    after
      .list("/ours")
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...NAMES].sort());
});
