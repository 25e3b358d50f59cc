/** Files that are no disks as they are: known by their first bytes, and refused with what makes a disk of them. */
import { expect, test } from "vitest";
import { checkRaw, FORMAT_BYTES } from "../../../emulator/disk/format.ts";
import { startCluster } from "../../../src/index.ts";

const beginning = (magic: string, at = 0): Uint8Array => {
  const bytes = new Uint8Array(FORMAT_BYTES);
  bytes.set(
    Array.from(magic, (letter) => letter.charCodeAt(0)),
    at,
  );
  return bytes;
};

const QCOW2 = beginning("QFI\xfb\0\0\0\x03");
const GZIP = beginning("\x1f\x8b\x08");

/** As qemu-img 7.2, gzip, xz, zstd, lz4, bzip2, zip and 7z begin them. */
test.each([
  [
    "a.qcow2",
    QCOW2,
    "a.qcow2 is a qcow2 image, and drives take raw sectors; convert it: qemu-img convert -O raw a.qcow2 a.img",
  ],
  [
    "a.img",
    beginning("QFI\xfb\0\0\0\x01"),
    "a.img is a qcow image, and drives take raw sectors; convert it: qemu-img convert -O raw a.img a.img.raw",
  ],
  ["a.qed", beginning("QED\0"), /a QED image/],
  ["my disk.vmdk", beginning("KDMV\x01"), /a VMDK image.*: qemu-img convert -O raw 'my disk\.vmdk' 'my disk\.img'$/],
  ["a.vmdk", beginning("# Disk DescriptorFile\nversion=1"), /the description of a VMDK image/],
  ["a.vdi", beginning("\x7f\x10\xda\xbe", 64), /a VDI image/],
  ["a.vhd", beginning("conectix"), /a VHD image/],
  ["a.vhdx", beginning("vhdxfile"), /a VHDX image/],
  ["a.hdd", beginning("WithouFreSpacExt"), /a Parallels image/],
  ["a.img.gz", GZIP, /compressed by gzip.*: gzip -dc a\.img\.gz > a\.img$/],
  ["a.iso.xz", beginning("\xfd7zXZ\0"), /compressed by xz.*: xz -dc a\.iso\.xz > a\.iso$/],
  ["a.zst", beginning("\x28\xb5\x2f\xfd"), /compressed by zstd/],
  ["a.lz4", beginning("\x04\x22\x4d\x18"), /compressed by lz4/],
  ["a.bz2", beginning("BZh91AY&SY"), /compressed by bzip2.*: bzip2 -dc a\.bz2 > a\.img$/],
  ["a.zip", beginning("PK\x03\x04"), /a ZIP archive/],
  ["a.7z", beginning("7z\xbc\xaf\x27\x1c"), /a 7z archive/],
] as const)("%s", (file, bytes, message) => {
  expect(() => checkRaw(file, bytes)).toThrow(message);
});

test("a disk is one whatever it begins with otherwise, and an archive may be meant", () => {
  for (const bytes of [new Uint8Array(0), beginning("\xeb\x3c\x90MSDOS"), beginning("BZh91AY"), beginning("conecti")])
    checkRaw("a.img", bytes);
  checkRaw("a.gz", GZIP, true);
  expect(() => checkRaw("a.qcow2", QCOW2, true)).toThrow("qcow2");
});

test("the API refuses them as well, as a disk, a CD, a diskette and what is put into a drive", () => {
  const message = "the medium is a qcow2 image, and drives take raw sectors; convert it: qemu-img convert -O raw FILE";
  for (const node of [{ disk: QCOW2 }, { cdrom: QCOW2 }, { floppies: [QCOW2] }])
    expect(() => startCluster({ nodes: [node] })).toThrow(message);
  const lab = startCluster({ nodes: [{ floppies: [new Uint8Array(1440 * 1024)] }] });
  expect(() => lab.nodes[0]!.insert("floppy0", QCOW2)).toThrow(message);
});
