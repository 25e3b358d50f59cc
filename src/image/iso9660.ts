/**
 * An ISO 9660 CD (ECMA-119) that boots by El Torito 1.0 without emulation, and, copied raw to a USB stick or a hard
 * disk, as a disk: its first sector is a boot record that knows where in the CD the boot image begins.
 */
import { assert } from "../diagnostic/invariant.ts";
import { type BootImage, setImageLba, writePartitionTable } from "./boot-image.ts";
import { SECTOR_BYTES } from "./kernel-image.ts";
import { latin1Into } from "./table-bytes.ts";

const BLOCK_BYTES = 2048;
/** 1 MiB: more than the cylinder of 504 KiB below which BIOSes see no disk. */
const LEAST_BLOCKS = 512;
/** Blocks 0-15 are the system area (ECMA-119 6.2.1). */
const BLOCK = {
  primary: 16,
  bootRecord: 17,
  terminator: 18,
  pathTableLittle: 19,
  pathTableBig: 20,
  root: 21,
  bootDirectory: 22,
  catalogue: 23,
  firstFile: 24,
} as const;

/** Characters of a volume's and of a file's name (ECMA-119 7.4.1, 7.5.1), and their number. */
const VOLUME_NAME = /^[A-Z0-9_]{1,32}$/;
const FILE_NAME = /^[A-Z0-9_]{1,8}(\.[A-Z0-9_]{1,3})?$/;

export interface IsoFile {
  /** ISO 9660 name, such as `README.TXT`: upper case letters, digits and underscores, at most 8.3. */
  readonly name: string;
  readonly content: Uint8Array;
}

export interface Iso {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the boot image begins, in bytes. */
  readonly bootImageOffset: number;
}

/** `files` are put into the root directory; the boot image is `/BOOT/QURE.IMG`. */
export function makeIso(boot: BootImage, volume: string, files: readonly IsoFile[] = []): Iso {
  assert(VOLUME_NAME.test(volume), `the CD's volume is called ${volume}`);
  assert(
    files.every(({ name }) => FILE_NAME.test(name)),
    "a file on the CD has a name that ISO 9660 does not allow",
  );
  assert(new Set(files.map(({ name }) => name)).size === files.length, "two files on the CD have one name");
  assert(boot.loaderSectors + 1 <= 0xffff, "the CD's boot catalogue cannot hold the loader's size");
  const blocks = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES);
  let next: number = BLOCK.firstFile;
  const place = (content: Uint8Array): { block: number; content: Uint8Array } => {
    const placed = { block: next, content };
    next += blocks(content.length);
    return placed;
  };
  const image = boot.bytes.slice();
  const bootFile = place(image);
  const placedFiles = files.map((file) => ({ ...place(file.content), name: file.name }));
  // Some slack, because drives read ahead past the end of the last file; and at least a cylinder, below which BIOSes
  // see no disk when the ISO stands on a stick.
  const total = Math.max(next + 2, LEAST_BLOCKS);
  assert(total * (BLOCK_BYTES / SECTOR_BYTES) < 2 ** 32, "the CD has more sectors than a partition table can count");
  const bytes = new Uint8Array(total * BLOCK_BYTES);
  const view = new DataView(bytes.buffer);

  const imageLba = (bootFile.block * BLOCK_BYTES) / SECTOR_BYTES;
  setImageLba(image, imageLba);
  bytes.set(image.subarray(0, SECTOR_BYTES));
  writePartitionTable(bytes, [
    { active: true, type: 0x17, startLba: imageLba, sectors: total * (BLOCK_BYTES / SECTOR_BYTES) - imageLba },
  ]);
  image.set(bytes.subarray(446, 510), 446);
  for (const { block, content } of [bootFile, ...placedFiles]) bytes.set(content, block * BLOCK_BYTES);

  const descriptor = (block: number, type: number): number => {
    const at = block * BLOCK_BYTES;
    bytes[at] = type;
    latin1Into(bytes, at + 1, "CD001");
    bytes[at + 6] = 1;
    return at;
  };
  const both16 = (at: number, value: number): void => {
    view.setUint16(at, value, true);
    view.setUint16(at + 2, value, false);
  };
  const both32 = (at: number, value: number): void => {
    view.setUint32(at, value, true);
    view.setUint32(at + 4, value, false);
  };
  const padded = (at: number, text: string, length: number): void =>
    latin1Into(bytes, at, text.padEnd(length).slice(0, length));

  /**
   * Directory record (ECMA-119 9.1); returns its length. The date stays zero, "not specified": building twice gives the
   * same bytes.
   */
  const record = (at: number, name: string, block: number, sizeBytes: number, directory: boolean): number => {
    const length = 33 + name.length + (name.length % 2 === 0 ? 1 : 0);
    bytes[at] = length;
    both32(at + 2, block);
    both32(at + 10, sizeBytes);
    bytes[at + 25] = directory ? 2 : 0;
    both16(at + 28, 1);
    bytes[at + 32] = name.length;
    latin1Into(bytes, at + 33, name);
    return length;
  };
  const directory = (
    block: number,
    parent: number,
    entries: readonly { name: string; block: number; sizeBytes: number; directory: boolean }[],
  ): void => {
    let at = block * BLOCK_BYTES;
    at += record(at, "\0", block, BLOCK_BYTES, true);
    at += record(at, "\x01", parent, BLOCK_BYTES, true);
    for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1)))
      at += record(at, entry.name, entry.block, entry.sizeBytes, entry.directory);
    assert(at <= (block + 1) * BLOCK_BYTES, "a directory of the CD does not fit into its block");
  };

  const primary = descriptor(BLOCK.primary, 1);
  padded(primary + 8, "", 32);
  padded(primary + 40, volume, 32);
  both32(primary + 80, total);
  both16(primary + 120, 1);
  both16(primary + 124, 1);
  both16(primary + 128, BLOCK_BYTES);
  const pathTableBytes = 10 + 12;
  both32(primary + 132, pathTableBytes);
  view.setUint32(primary + 140, BLOCK.pathTableLittle, true);
  view.setUint32(primary + 148, BLOCK.pathTableBig, false);
  record(primary + 156, "\0", BLOCK.root, BLOCK_BYTES, true);
  padded(primary + 190, "", 128 * 4 + 37 * 3);
  padded(primary + 446, "QURE", 128);
  for (const at of [813, 830, 847, 864]) padded(primary + at, "0".repeat(16), 16);
  bytes[primary + 881] = 1;

  const bootRecord = descriptor(BLOCK.bootRecord, 0);
  latin1Into(bytes, bootRecord + 7, "EL TORITO SPECIFICATION");
  view.setUint32(bootRecord + 71, BLOCK.catalogue, true);
  descriptor(BLOCK.terminator, 255);

  for (const [block, little] of [
    [BLOCK.pathTableLittle, true],
    [BLOCK.pathTableBig, false],
  ] as const) {
    const at = block * BLOCK_BYTES;
    bytes[at] = 1;
    view.setUint32(at + 2, BLOCK.root, little);
    view.setUint16(at + 6, 1, little);
    bytes[at + 10] = 4;
    view.setUint32(at + 12, BLOCK.bootDirectory, little);
    view.setUint16(at + 16, 1, little);
    latin1Into(bytes, at + 18, "BOOT");
  }
  directory(BLOCK.root, BLOCK.root, [
    { name: "BOOT", block: BLOCK.bootDirectory, sizeBytes: BLOCK_BYTES, directory: true },
    ...placedFiles.map(({ name, block, content }) => ({
      name: `${name};1`,
      block,
      sizeBytes: content.length,
      directory: false,
    })),
  ]);
  directory(BLOCK.bootDirectory, BLOCK.root, [
    { name: "BOOT.CAT;1", block: BLOCK.catalogue, sizeBytes: BLOCK_BYTES, directory: false },
    { name: "QURE.IMG;1", block: bootFile.block, sizeBytes: image.length, directory: false },
  ]);

  // Validation entry and initial entry (El Torito 1.0, 2.1 and 2.2). The words of the first one add up to zero.
  const catalogue = BLOCK.catalogue * BLOCK_BYTES;
  bytes[catalogue] = 1;
  latin1Into(bytes, catalogue + 4, "QuRe");
  view.setUint16(catalogue + 30, 0xaa55, true);
  let sum = 0;
  for (let at = 0; at < 32; at += 2) sum += view.getUint16(catalogue + at, true);
  view.setUint16(catalogue + 28, -sum & 0xffff, true);
  bytes[catalogue + 32] = 0x88;
  // The BIOS loads boot sector and loader to 07C0:0000 (segment field zero); the loader reads the rest itself.
  view.setUint16(catalogue + 38, boot.loaderSectors + 1, true);
  view.setUint32(catalogue + 40, bootFile.block, true);
  return { bytes, bootImageOffset: bootFile.block * BLOCK_BYTES };
}
