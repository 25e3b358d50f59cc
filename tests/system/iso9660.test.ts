/** ISO 9660 as the kernel mounts it, from a CD and from a partition. */
import { describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { casesOf, rowsOf } from "../setup/tier.ts";
import { PROMPT } from "./images.ts";
import { makeIso } from "./iso-volume.ts";
import { output } from "./output.ts";
import { machine, withVolume } from "./volume-machine.ts";

const content = Buffer.from(Array.from({ length: 900 }, (_, index) => `line ${index}\n`).join(""));

describe("ISO 9660", () => {
  test("the CD from which the system was booted is mounted, only to be read", async () => {
    const { node } = await machine();
    await node.enter("mount -t iso9660 hdc /cd", PROMPT);
    expect(await output(node, "mount")).toMatch(
      /^hdc on \/cd, class_fs_iso9660: plain names, \d+ blocks of 2 KiB, read only\n/,
    );
    expect(await output(node, "find /cd")).toMatch(/^\/cd\/boot\n/);
    expect(await output(node, "touch /cd/new")).toBe("/cd/new: read only\n");
    expect(await output(node, "cat /cd/boot")).toBe("/cd/boot: is a directory\n");
    expect(await output(node, "mount -t oofs hdc /other")).toMatch(/^Cannot mount hdc at \/other: /);
  });

  test.each(
    rowsOf(
      [
        ["plain", "dir", "name.txt", "plain names"],
        ["rock", "A Directory", "A Name of Rock Ridge.text", "Rock Ridge"],
        ["joliet", "Some Words", "A Name of Joliet", "Joliet"],
      ] as const,
      1,
    ),
  )("names: %s", async (names, directory, file, said) => {
    const { node, disk } = await machine();
    disk.content = withVolume(makeIso(names, directory, file, content));
    await node.enter("mount hda0 /cd", PROMPT);
    expect(await output(node, "mount")).toContain(`class_fs_iso9660: ${said}, `);
    expect(await output(node, "find /cd")).toBe(`/cd/${directory}\n/cd/${directory}/${file}\n`);
    expect(await output(node, `wc "/cd/${directory}/${file}"`)).toMatch(new RegExp(`^ +900 +1800 +${content.length} `));
    expect(await output(node, `tail -1 "/cd/${directory}/${file}"`)).toBe("line 899\n");
    expect(await output(node, "umount /cd")).toBe("");
  });
});

const ROOT_RECORD = 16 * 2048 + 156;
const EXTENT = 2;

thoroughly("a volume whose root cannot be read is not mounted, whatever else it has", async () => {
  const { node, disk } = await machine();
  for (const names of ["plain", "rock", "joliet"] as const) {
    const iso = makeIso(names, "dir", "name", content);
    new DataView(iso.buffer).setUint32(ROOT_RECORD + EXTENT, 0x00ffffff, true);
    disk.content = withVolume(iso);
    expect(await output(node, "mount hda0 /cd"), names).toMatch(/^Cannot mount hda0 at \/cd: /);
    expect(await output(node, "mount"), names).not.toContain("/cd");
  }
});

thoroughly("Joliet names beyond ASCII are shown in UTF-8", async () => {
  const { node, disk } = await machine();
  for (const [directory, file] of [
    ["\u0080\u07ff", "Ünïcödé.txt"],
    ["日本語", "\u0800\uffee"],
    ["\ud800 alone", "a \u007f\u0001b"],
  ] as const) {
    disk.content = withVolume(makeIso("joliet", directory, file, content));
    await node.enter("mount hda0 /cd", PROMPT);
    const found = Buffer.from(await output(node, "find /cd"), "latin1").toString("utf8");
    expect(found.split("\n")).toEqual([`/cd/${shown(directory)}`, `/cd/${shown(directory)}/${shown(file)}`, ""]);
    expect(await output(node, "umount /cd")).toBe("");
  }
});

thoroughly("names with what no path can have, and long ones, are shown as they can be", async () => {
  const { node, disk } = await machine();
  const odd = ["a b", "tilde~", "a\x1fb\x7fc/d", "..x", ".hidden", "x".repeat(200)];
  for (const names of ["plain", "rock"] as const)
    for (const name of odd) {
      disk.content = withVolume(makeIso(names, "d", name, content));
      expect(await output(node, "mount hda0 /cd; find /cd; umount /cd"), `${names}: ${name}`).toBe(
        `/cd/d\n/cd/d/${name.replace(/[\0-\x1f\x7f/]/g, "_")}\n`,
      );
    }
});

/** Halves of pairs and control characters become low lines. */
const shown = (name: string): string => name.replace(/[\ud800-\udfff\0-\x1f\x7f]/g, "_");

const hostile = casesOf("system/iso9660");
test(`hostile ISO images are errors: ${hostile.title}`, async () => {
  const { node, disk } = await machine();
  for (let seed = hostile.firstSeed; seed < hostile.firstSeed + hostile.count; seed++) {
    const random = new Random(seed);
    const iso = makeIso((["plain", "rock", "joliet"] as const)[seed % 3]!, "dir", "name", content);
    for (let changes = 1 + random.below(6); changes > 0; changes--) {
      // In a descriptor or in one of the directories.
      const block = [16, 17, 20, 20, 21, 21][random.below(6)]!;
      const at = block * 2048 + (block < 20 ? 80 + random.below(120) : random.below(180));
      iso[at] = random.below(3) === 0 ? 0xff : random.below(256);
    }
    disk.content = withVolume(iso);
    const began = node.console.text.length;
    for (const command of ["mount hda0 /cd", "find /cd", "wc /cd/dir/name", "umount /cd"])
      await node.enter(command, PROMPT);
    expect(node.console.text.slice(began), hostile.repeat(seed)).not.toMatch(/PANIC/);
  }
});
