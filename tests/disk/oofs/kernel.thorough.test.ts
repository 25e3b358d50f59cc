/** What the kernel writes, read by the second implementation of the same page. */
import { expect, test } from "vitest";
import { DevicePart } from "../../../src/disk/device.ts";
import { check, mount } from "../../../src/disk/oofs/index.ts";
import { boot, isoWith, PROMPT } from "../../system/images.ts";
import { MemoryDisk } from "./disks.ts";

const PARTITION_LBA = 16384;
const PARTITION_SECTORS = 16384;

test("a volume of the kernel holds here what was saved there", async () => {
  const disk = new MemoryDisk((PARTITION_LBA + PARTITION_SECTORS) * 512);
  const view = new DataView(disk.bytes.buffer);
  view.setUint8(446 + 4, 0x99);
  view.setUint32(446 + 8, PARTITION_LBA, true);
  view.setUint32(446 + 12, PARTITION_SECTORS, true);
  view.setUint16(510, 0xaa55, true);
  const iso = await isoWith("tests/guest/programs/storage.s", "asm/fs/storage-test.s");
  const node = boot({ nodes: [{ cdrom: iso, disk }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
  await node.enter("mount hda0 /net", PROMPT);
  const sizes = { class_a: 4, class_b: 4096, class_c: 4100, class_d: 511 * 4096 };
  for (const round of [1, 2])
    for (const [name, bytes] of Object.entries(sizes))
      await node.enter(`save ${name} ${bytes} ${round}`, new RegExp(`saved ${name}\n`));
  await node.enter("umount /net", PROMPT);

  const part = new DevicePart(disk, PARTITION_LBA * 512, PARTITION_SECTORS * 512);
  for (const readOnly of [true, false]) {
    const fs = mount(part, { readOnly });
    expect(check(fs).problems).toEqual([]);
    for (const [name, bytes] of Object.entries(sizes)) {
      const object = fs.loadObject(name);
      expect(object.bytes.length).toBe(bytes);
      // Nothing of it is a hole.
      expect(object.bytes.subarray(-4).some((byte) => byte !== 0)).toBe(true);
    }
  }
});
