/** What `netboot on` shows at /boot: the loader and the kernel that this machine was started from, byte for byte. */
import { expect, test } from "vitest";
import { mount } from "../../src/disk/oofs/index.ts";
import { SparseDisk } from "../../src/index.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { partitioned, RecordingDisk, volumeOn } from "./recording-disk.ts";

const SECTOR_BYTES = 512;

/** Its offset in the image of which a file is the beginning. */
const partsOf = (image: Uint8Array): Record<"bootSector" | "kernelImage", number> => {
  const { iso, manifest } = images();
  const [first, kernel] = [manifest["bootSector"]!.offset, manifest["kernelImage"]!.offset];
  return image === iso ? { bootSector: first, kernelImage: kernel } : { bootSector: 0, kernelImage: kernel - first };
};

test.each(["CD", "disk"])("a machine that was started from %s shows what it was started from", async (medium) => {
  const { iso, disk, manifest } = images();
  const image = medium === "CD" ? iso : disk;
  const room = new RecordingDisk();
  room.content = partitioned();
  const start = medium === "CD" ? { cdrom: iso } : { disk: new SparseDisk(images().diskBytes, { content: disk }) };
  const lab = boot({ nodes: [{ ...start, drives: [{ kind: "disk", medium: room }] }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await node.waitFor(/^cloud: .*$/m, { within: "20s" });
  expect(await output(node, "mkfs -t oofs hdb0; mount hdb0 /a; netboot on")).toMatch(/now holds an empty oofs/);
  await lab.advance("1s"); // its services begin, and speak
  const loaderBytes = SECTOR_BYTES + manifest["loader"]!.sizeBytes;
  const kernelBytes = Math.ceil(manifest["kernelImage"]!.sizeBytes / SECTOR_BYTES) * SECTOR_BYTES;
  expect(await output(node, "ls /boot")).toMatch(
    new RegExp(`^file +${kernelBytes}  kernel\\nfile +${loaderBytes}  loader\\n$`),
  );
  expect(await output(node, "mount")).toMatch(
    new RegExp(
      `^boot on /boot, class_fs_boot: loader of ${loaderBytes / 512} and kernel of ${kernelBytes / 512} sectors of 512 bytes, read only$`,
      "m",
    ),
  );
  expect(await output(node, "df /boot")).toMatch(
    new RegExp(`^boot +${Math.floor((loaderBytes + kernelBytes) / 4096) * 4} .* 0 `, "m"),
  );
  expect(await output(node, "find /boot")).toBe("/boot/loader\n/boot/kernel\n");
  expect(await output(node, "cp /boot/loader /a/loader; cp /boot/kernel /a/kernel; sync")).toBe("");
  const copies = mount(volumeOn(room), { readOnly: true });
  const { bootSector, kernelImage } = partsOf(image);
  expect(Buffer.compare(copies.read("/loader"), image.slice(bootSector, bootSector + loaderBytes))).toBe(0);
  expect(Buffer.compare(copies.read("/kernel"), image.slice(kernelImage, kernelImage + kernelBytes))).toBe(0);
  for (const [line, says] of [
    ["cat /boot", /is a directory/],
    ["cat /boot/none", /not found/],
    ["echo more >> /boot/loader", /read only/],
    ["rm /boot/kernel", /read only/],
    ["mkfs -t oofs boot", /./],
  ] as const)
    expect(await output(node, line), line).toMatch(says);
  expect(await output(node, "netboot off; netboot")).toMatch(/Network boot is off\./);
  expect(await output(node, "ls /boot")).toMatch(/not/);
});

/** In the boot sector (asm/include/bootrecord.inc): how many sectors follow it, a word. */
const LOADER_SECTORS_AT = 422;

test("a loader may have more sectors than fit into a byte", async () => {
  const disk = new SparseDisk(images().diskBytes, { content: images().disk });
  const lab = boot({ nodes: [{ disk }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await node.waitFor(/^cloud: .*$/m, { within: "20s" });
  const sector = new Uint8Array(SECTOR_BYTES);
  disk.read(0, sector);
  new DataView(sector.buffer).setUint16(LOADER_SECTORS_AT, 0x1234, true);
  disk.write(0, sector);
  await output(node, "netboot on");
  expect(await output(node, "ls /boot")).toMatch(new RegExp(`^file +${0x1235 * SECTOR_BYTES}  loader$`, "m"));
});
