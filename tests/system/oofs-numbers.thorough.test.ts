/** Blocks and objects with numbers beyond 65,535, whose lower halves say nothing. */
import { expect, test } from "vitest";
import { DevicePart } from "../../src/disk/device.ts";
import { check, type FileSystem, mount } from "../../src/disk/oofs/index.ts";
import type { BlockBackend } from "../../src/index.ts";
import { HugeDisk } from "../disk/oofs/disks.ts";
import { SPREAD_BYTES, spreadVolume } from "../disk/oofs/spread.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { PARTITION_LBA, partitioned, SECTOR_BYTES } from "./recording-disk.ts";

const START = PARTITION_LBA * SECTOR_BYTES;
const FAR = 700 * 4096;

/** A sparse disk, of which more than a block may be asked for at a time. */
class Disk extends HugeDisk implements BlockBackend {
  override read(offset: number, target: Uint8Array): void {
    for (let at = 0; at < target.length; at += SECTOR_BYTES)
      super.read(offset + at, target.subarray(at, at + SECTOR_BYTES));
  }

  override write(offset: number, source: Uint8Array): void {
    for (let at = 0; at < source.length; at += SECTOR_BYTES)
      super.write(offset + at, source.subarray(at, at + SECTOR_BYTES));
  }
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function content(fs: FileSystem): void {
  // Its id looks like 0, that of the directory like the root's, that of the third like the class directory's.
  fs.create("/first");
  fs.write("/first", 0, utf8("the first\n"));
  fs.mkdir("/dir");
  fs.mkdir("/dir/inner");
  fs.create("/dir/inner/large");
  fs.write("/dir/inner/large", 0, utf8("begins here\n"));
  fs.write("/dir/inner/large", FAR, utf8("\nends here\n"));
  fs.saveObject("class_test", 1, utf8("an object\n"));
  for (let index = 0; index < 60; index++) fs.create(`/dir/${"n".repeat(80)}-${index}`);
}

test("are read, checked, changed and given back like others", async () => {
  const disk = new Disk(START + SPREAD_BYTES);
  const table = partitioned();
  new DataView(table.buffer).setUint32(446 + 12, SPREAD_BYTES / SECTOR_BYTES, true);
  disk.write(0, table.subarray(0, SECTOR_BYTES));
  const volume = new DevicePart(disk, START, SPREAD_BYTES);
  spreadVolume(volume, content);
  const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  await node.waitFor(/in memory only|on disk/);
  await output(node, "service stop network; umount /net");
  const says = async (line: string): Promise<string> => (await output(node, line)).replaceAll("\r", "");
  expect(await says("mount hda0 /v && fsck /v")).toBe("/v: no problem was found\n");
  expect(await says("cat /v/first /v/class_test")).toBe("the first\nan object\n");
  expect(await says("ls /v")).toMatch(
    /^class_test +10 {2}class_test\n[\s\S]*^directory +12288 {2}dir\/\nfile +10 {2}first$/m,
  );
  expect(await says("find /v/dir | wc")).toMatch(/^ +62 /);
  expect(await says("head -1 /v/dir/inner/large; tail -1 /v/dir/inner/large")).toBe("begins here\nends here\n");
  expect(await says("echo more >> /v/dir/inner/large && mv /v/dir/inner/large /v/dir && rmdir /v/dir/inner")).toBe("");
  expect(
    await says("truncate /v/first 3 > /v/dir/copy && cp /v/first /v/dir/copy && rm /v/first && sync && fsck /v"),
  ).toBe("/v: no problem was found\n");
  expect(await says("snapshot remove /v s && fsck /v && umount /v")).toBe("/v: no problem was found\n");
  const fs = mount(volume, { readOnly: true });
  expect(check(fs).problems).toEqual([]);
  expect(Buffer.from(fs.read("/dir/copy")).toString()).toBe("the");
  expect(Buffer.from(fs.read("/dir/large", FAR)).toString()).toBe("\nends here\nmore\n");
  expect(Buffer.from(fs.read("/dir/large", 0, 12)).toString()).toBe("begins here\n");
  expect(fs.list("/dir").length).toBe(62);
  const { created, modified } = fs.stat("/dir/copy");
  expect(modified.seconds - created.seconds).toBeLessThan(60);
  expect(created.seconds).toBeLessThanOrEqual(modified.seconds);
});
