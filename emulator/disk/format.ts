/**
 * Files that are no disks as they are, known by their first bytes: images of other virtual machines, which hold the
 * sectors in an order of their own, and compressed files. Read as they are they would be a disk of noise, and nobody
 * would be told. Sources: the formats' own pages; QEMU's block/qcow2.h, qed.h, vmdk.c, vdi.c, vpc.c, vhdx.h,
 * parallels.c.
 */

interface Format {
  /** With its article. */
  readonly name: string;
  readonly at: number;
  /** A character for each byte. */
  readonly magic: string;
  /** What makes a disk of it. */
  readonly convert: (file: string) => string;
  /** It may be meant as it is: a guest can be handed an archive as a drive. */
  readonly isArchive?: boolean;
}

const byQemu = (file: string): string => `qemu-img convert -O raw ${quoted(file)} ${quoted(withoutLast(file))}`;
const by =
  (command: string): Format["convert"] =>
  (file) =>
    `${command} ${quoted(file)} > ${quoted(withoutLast(file))}`;

const FORMATS: readonly Format[] = [
  { name: "a qcow2 image", at: 0, magic: "QFI\xfb\0\0\0\x02", convert: byQemu },
  { name: "a qcow2 image", at: 0, magic: "QFI\xfb\0\0\0\x03", convert: byQemu },
  { name: "a qcow image", at: 0, magic: "QFI\xfb", convert: byQemu },
  { name: "a QED image", at: 0, magic: "QED\0", convert: byQemu },
  { name: "a VMDK image", at: 0, magic: "KDMV", convert: byQemu },
  { name: "a VMDK image", at: 0, magic: "COWD", convert: byQemu },
  { name: "the description of a VMDK image", at: 0, magic: "# Disk DescriptorFile", convert: byQemu },
  { name: "a VDI image", at: 64, magic: "\x7f\x10\xda\xbe", convert: byQemu },
  { name: "a VHD image", at: 0, magic: "conectix", convert: byQemu },
  { name: "a VHDX image", at: 0, magic: "vhdxfile", convert: byQemu },
  { name: "a Parallels image", at: 0, magic: "WithoutFreeSpace", convert: byQemu },
  { name: "a Parallels image", at: 0, magic: "WithouFreSpacExt", convert: byQemu },
  { name: "compressed by gzip", at: 0, magic: "\x1f\x8b\x08", convert: by("gzip -dc"), isArchive: true },
  { name: "compressed by xz", at: 0, magic: "\xfd7zXZ\0", convert: by("xz -dc"), isArchive: true },
  { name: "compressed by zstd", at: 0, magic: "\x28\xb5\x2f\xfd", convert: by("zstd -dc"), isArchive: true },
  { name: "compressed by lz4", at: 0, magic: "\x04\x22\x4d\x18", convert: by("lz4 -dc"), isArchive: true },
  { name: "a ZIP archive", at: 0, magic: "PK\x03\x04", convert: by("unzip -p"), isArchive: true },
  { name: "a 7z archive", at: 0, magic: "7z\xbc\xaf\x27\x1c", convert: by("7z x -so"), isArchive: true },
  // Blocks of compressed data begin with the digits of pi.
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((level) => ({
    name: "compressed by bzip2",
    at: 0,
    magic: `BZh${level}1AY&SY`,
    convert: by("bzip2 -dc"),
    isArchive: true,
  })),
];

/** Enough of a file to know it. */
export const FORMAT_BYTES = 128;

/** The name of what is made of a file, beside it: disk.qcow2 becomes disk.img, disk.img.gz too. */
function withoutLast(file: string): string {
  const stem = file.replace(/\.[^./\\]*$/, "");
  const made = /\.(?:img|iso|raw|flp|ima|vfd|dsk)$/i.test(stem) ? stem : `${stem}.img`;
  return made === file ? `${file}.raw` : made;
}

/** A file that is no disk as it is; the message says what it is and how to make one of it. */
class ImageFormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ImageFormatError";
  }
}

/** As one would type it in a shell. */
const quoted = (file: string): string =>
  /^[\w@%+=:,./\\-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;

/**
 * Throws an ImageFormatError unless a file that begins so is a disk; `isMeant`: or an archive, which somebody wants as
 * it is. `file` is its name for people, null where it has none.
 */
export function checkRaw(file: string | null, beginning: Uint8Array, isMeant = false): void {
  const found = FORMATS.find(({ at, magic }) =>
    Array.from(magic).every((letter, index) => beginning[at + index] === letter.charCodeAt(0)),
  );
  if (found === undefined || (isMeant && found.isArchive)) return;
  throw new ImageFormatError(
    `${file ?? "the medium"} is ${found.name}, and drives take raw sectors; convert it: ${found.convert(file ?? "FILE")}`,
  );
}
