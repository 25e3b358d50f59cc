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

/** Records of the root and of /BOOT. */
const PATH_TABLE_BYTES = 10 + 12;

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

/** A file and the block where it begins. */
interface PlacedFile extends IsoFile {
  readonly block: number;
}

export interface IsoOptions {
  /** Copied to a disk it boots, too, for which its boot sector has a record. Else the boot sector stays as it is. */
  readonly startsDisks?: boolean;
}

/** `files` are put into the root directory; the boot image is `/BOOT/QURE.IMG`. */
export function makeIso(
  boot: BootImage,
  volume: string,
  files: readonly IsoFile[] = [],
  { startsDisks = true }: IsoOptions = {},
): Iso {
  assert(VOLUME_NAME.test(volume), `the CD's volume is called ${volume}`);
  assert(
    files.every(({ name }) => FILE_NAME.test(name)),
    "a file on the CD has a name that ISO 9660 does not allow",
  );
  assert(new Set(files.map(({ name }) => name)).size === files.length, "two files on the CD have one name");
  assert(boot.loaderSectors + 1 <= 0xffff, "the CD's boot catalogue cannot hold the loader's size");
  let next: number = BLOCK.firstFile;
  const place = ({ name, content }: IsoFile): PlacedFile => {
    const placed = { name, content, block: next };
    next += Math.ceil(content.length / BLOCK_BYTES);
    return placed;
  };
  const image = place({ name: "QURE.IMG", content: boot.bytes.slice() });
  const placedFiles = files.map(place);
  // Some slack, because drives read ahead past the end of the last file; and at least a cylinder, below which BIOSes
  // see no disk when the ISO stands on a stick.
  const total = Math.max(next + 2, LEAST_BLOCKS);
  assert(total * (BLOCK_BYTES / SECTOR_BYTES) < 2 ** 32, "the CD has more sectors than a partition table can count");
  const cd = new Blocks(total);
  if (startsDisks) writeSystemArea(cd, image);
  for (const { block, content } of [image, ...placedFiles]) cd.bytes.set(content, block * BLOCK_BYTES);
  writePrimaryDescriptor(cd, volume);
  const bootRecord = cd.descriptor(BLOCK.bootRecord, 0);
  latin1Into(cd.bytes, bootRecord + 7, "EL TORITO SPECIFICATION");
  cd.view.setUint32(bootRecord + 71, BLOCK.catalogue, true);
  cd.descriptor(BLOCK.terminator, 255);
  writePathTables(cd);
  cd.directory(BLOCK.root, BLOCK.root, [
    { name: "BOOT", block: BLOCK.bootDirectory, sizeBytes: BLOCK_BYTES, directory: true },
    ...placedFiles.map(fileEntry),
  ]);
  cd.directory(BLOCK.bootDirectory, BLOCK.root, [
    { name: "BOOT.CAT;1", block: BLOCK.catalogue, sizeBytes: BLOCK_BYTES, directory: false },
    fileEntry(image),
  ]);
  writeBootCatalogue(cd, boot.loaderSectors, image.block);
  return { bytes: cd.bytes, bootImageOffset: image.block * BLOCK_BYTES };
}

interface DirectoryEntry {
  readonly name: string;
  readonly block: number;
  readonly sizeBytes: number;
  readonly directory: boolean;
}

function fileEntry({ name, block, content }: PlacedFile): DirectoryEntry {
  return { name: `${name};1`, block, sizeBytes: content.length, directory: false };
}

/** The blocks of a CD, and what its structures are made of. */
class Blocks {
  readonly total: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;

  constructor(total: number) {
    this.total = total;
    this.bytes = new Uint8Array(total * BLOCK_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Begins a volume descriptor; returns where. */
  descriptor(block: number, type: number): number {
    const at = block * BLOCK_BYTES;
    this.bytes[at] = type;
    latin1Into(this.bytes, at + 1, "CD001");
    this.bytes[at + 6] = 1;
    return at;
  }

  both16(at: number, value: number): void {
    this.view.setUint16(at, value, true);
    this.view.setUint16(at + 2, value, false);
  }

  both32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
    this.view.setUint32(at + 4, value, false);
  }

  padded(at: number, text: string, length: number): void {
    latin1Into(this.bytes, at, text.padEnd(length).slice(0, length));
  }

  /**
   * Directory record (ECMA-119 9.1); returns its length. The date stays zero, "not specified": building twice gives the
   * same bytes.
   */
  record(at: number, { name, block, sizeBytes, directory }: DirectoryEntry): number {
    const length = 33 + name.length + (name.length % 2 === 0 ? 1 : 0);
    this.bytes[at] = length;
    this.both32(at + 2, block);
    this.both32(at + 10, sizeBytes);
    this.bytes[at + 25] = directory ? 2 : 0;
    this.both16(at + 28, 1);
    this.bytes[at + 32] = name.length;
    latin1Into(this.bytes, at + 33, name);
    return length;
  }

  directory(block: number, parent: number, entries: readonly DirectoryEntry[]): void {
    let at = block * BLOCK_BYTES;
    at += this.record(at, { name: "\0", block, sizeBytes: BLOCK_BYTES, directory: true });
    at += this.record(at, { name: "\x01", block: parent, sizeBytes: BLOCK_BYTES, directory: true });
    for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) at += this.record(at, entry);
    assert(at <= (block + 1) * BLOCK_BYTES, "a directory of the CD does not fit into its block");
  }
}

/** The CD as a disk: the boot record, which knows where the image begins, and a partition table, also in the image. */
function writeSystemArea({ bytes, total }: Blocks, { block, content }: PlacedFile): void {
  const imageLba = (block * BLOCK_BYTES) / SECTOR_BYTES;
  setImageLba(content, imageLba);
  bytes.set(content.subarray(0, SECTOR_BYTES));
  writePartitionTable(bytes, [
    { active: true, type: 0x17, startLba: imageLba, sectors: total * (BLOCK_BYTES / SECTOR_BYTES) - imageLba },
  ]);
  content.set(bytes.subarray(446, 510), 446);
}

/** ECMA-119 8.4. */
function writePrimaryDescriptor(cd: Blocks, volume: string): void {
  const at = cd.descriptor(BLOCK.primary, 1);
  cd.padded(at + 8, "", 32);
  cd.padded(at + 40, volume, 32);
  cd.both32(at + 80, cd.total);
  cd.both16(at + 120, 1);
  cd.both16(at + 124, 1);
  cd.both16(at + 128, BLOCK_BYTES);
  cd.both32(at + 132, PATH_TABLE_BYTES);
  cd.view.setUint32(at + 140, BLOCK.pathTableLittle, true);
  cd.view.setUint32(at + 148, BLOCK.pathTableBig, false);
  cd.record(at + 156, { name: "\0", block: BLOCK.root, sizeBytes: BLOCK_BYTES, directory: true });
  cd.padded(at + 190, "", 128 * 4 + 37 * 3);
  cd.padded(at + 446, "QURE", 128);
  for (const date of [813, 830, 847, 864]) cd.padded(at + date, "0".repeat(16), 16);
  cd.bytes[at + 881] = 1;
}

/** The root and /BOOT, in either order of bytes (ECMA-119 9.4). */
function writePathTables({ bytes, view }: Blocks): void {
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
}

/** Validation entry and initial entry (El Torito 1.0, 2.1 and 2.2). The words of the first one add up to zero. */
function writeBootCatalogue({ bytes, view }: Blocks, loaderSectors: number, imageBlock: number): void {
  const at = BLOCK.catalogue * BLOCK_BYTES;
  bytes[at] = 1;
  latin1Into(bytes, at + 4, "QuRe");
  view.setUint16(at + 30, 0xaa55, true);
  let sum = 0;
  for (let word = 0; word < 32; word += 2) sum += view.getUint16(at + word, true);
  view.setUint16(at + 28, -sum & 0xffff, true);
  bytes[at + 32] = 0x88;
  // The BIOS loads boot sector and loader to 07C0:0000 (segment field zero); the loader reads the rest itself.
  view.setUint16(at + 38, loaderSectors + 1, true);
  view.setUint32(at + 40, imageBlock, true);
}
