/** The 512 bytes that IDENTIFY DEVICE and IDENTIFY PACKET DEVICE return (ATA/ATAPI-6, 8.15 and 8.16). */

/** Words to little-endian bytes. */
function wordsToBytes(words: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 2);
  words.forEach((word, index) => {
    bytes[index * 2] = word & 0xff;
    bytes[index * 2 + 1] = word >> 8;
  });
  return bytes;
}

/** ATA strings: padded with blanks, the first character of each pair in the word's upper byte. */
function putText(words: Uint16Array, first: number, count: number, text: string): void {
  const padded = text.padEnd(count * 2).slice(0, count * 2);
  for (let index = 0; index < count; index++) {
    words[first + index] = (padded.charCodeAt(index * 2) << 8) | padded.charCodeAt(index * 2 + 1);
  }
}

function putDoubleWord(words: Uint16Array, first: number, value: number): void {
  words[first] = value & 0xffff;
  words[first + 1] = (value >>> 16) & 0xffff;
}

/** Multiword and Ultra DMA modes: which are supported, and which one SET FEATURES has chosen. */
export interface TransferModes {
  /** -1 when none is chosen. */
  multiword: number;
  ultra: number;
}

/**
 * What SET FEATURES makes of the modes, by its sector count: bits 7-3 name the kind of mode, bits 2-0 its number. Null
 * for a mode of DMA that there is not.
 */
export function chosenModes(modes: TransferModes, sectorCount: number): TransferModes | null {
  const [kind, mode] = [sectorCount >> 3, sectorCount & 7];
  if (kind === 4 && mode <= 2) return { multiword: mode, ultra: -1 };
  if (kind === 8 && mode <= 5) return { multiword: -1, ultra: mode };
  return kind > 1 ? null : modes;
}

export interface DiskGeometry {
  cylinders: number;
  heads: number;
  sectors: number;
}

export interface DiskIdentity {
  sectors: number;
  serial: string;
  firmware: string;
  model: string;
  /** The default translation and the one in force. */
  geometry: DiskGeometry;
  current: DiskGeometry;
  /** Sectors per block of READ MULTIPLE, 0 when not set. */
  multiple: number;
  maxMultiple: number;
  modes: TransferModes;
  writeCache: boolean;
  isSerial: boolean;
}

const MULTIWORD_MODES = 0x07;
const ULTRA_MODES = 0x3f;
const LBA28_LIMIT = 0x0fffffff;
/** Word 76: 1.5 Gb/s, native command queuing (ATA8-ACS, 7.16.7.36). */
const SERIAL_FIRST_GENERATION = 0x0002;
const SERIAL_QUEUING = 0x0100;
/** Bit 5 of words 84 and 87: logs, by READ LOG EXT. */
const HAS_LOGS = 0x0020;
/** Word 93, which is 0 for a serial drive: 80-wire cable, hardware reset result. */
const PARALLEL_CABLE = 0x6001;

/** Commands that a serial disk can hold at a time. */
const QUEUE_DEPTH = 32;

function chosen(supported: number, mode: number): number {
  return supported | (mode >= 0 ? 0x100 << mode : 0);
}

export function identifyDisk(disk: DiskIdentity): Uint8Array {
  const words = new Uint16Array(256);
  const { geometry, current } = disk;
  words[0] = 0x0040; // Fixed device.
  words[1] = geometry.cylinders;
  words[3] = geometry.heads;
  words[6] = geometry.sectors;
  putText(words, 10, 10, disk.serial);
  putText(words, 23, 4, disk.firmware);
  putText(words, 27, 20, disk.model);
  words[47] = 0x8000 | disk.maxMultiple;
  words[48] = 1; // 32-bit accesses to the data register work.
  words[49] = 0x0b00; // LBA, DMA, IORDY.
  words[50] = 0x4000;
  words[51] = 0x0200;
  words[53] = 0x0007;
  words[54] = current.cylinders;
  words[55] = current.heads;
  words[56] = current.sectors;
  putDoubleWord(words, 57, current.cylinders * current.heads * current.sectors);
  words[59] = disk.multiple ? 0x0100 | disk.multiple : 0;
  putDoubleWord(words, 60, Math.min(disk.sectors, LBA28_LIMIT));
  words[63] = chosen(MULTIWORD_MODES, disk.modes.multiword);
  words[64] = 0x0003; // PIO modes 3 and 4.
  words.fill(120, 65, 69); // Cycle times in ns.
  if (disk.isSerial) {
    words[75] = QUEUE_DEPTH - 1;
    words[76] = SERIAL_FIRST_GENERATION | SERIAL_QUEUING;
  }
  words[80] = 0x00f0; // ATA-4 to ATA-7.
  words[81] = 0x0016;
  words[82] = 0x4020; // NOP, write cache.
  words[83] = 0x7400; // FLUSH CACHE, FLUSH CACHE EXT, 48-bit addresses.
  words[84] = 0x4000 | (disk.isSerial ? HAS_LOGS : 0);
  words[85] = 0x4000 | (disk.writeCache ? 0x20 : 0);
  words[86] = 0x3400;
  words[87] = 0x4000 | (disk.isSerial ? HAS_LOGS : 0);
  words[88] = chosen(ULTRA_MODES, disk.modes.ultra);
  words[93] = disk.isSerial ? 0 : PARALLEL_CABLE;
  putDoubleWord(words, 100, disk.sectors % 0x100000000);
  putDoubleWord(words, 102, Math.floor(disk.sectors / 0x100000000));
  return wordsToBytes(words);
}

export function identifyCd(cd: {
  serial: string;
  firmware: string;
  model: string;
  modes: TransferModes;
  isSerial: boolean;
}): Uint8Array {
  const words = new Uint16Array(256);
  words[0] = 0x85c0; // ATAPI, CD-ROM, removable, DRQ within 50 us, 12-byte packets.
  putText(words, 10, 10, cd.serial);
  putText(words, 23, 4, cd.firmware);
  putText(words, 27, 20, cd.model);
  words[48] = 1;
  words[49] = 0x0b00; // DMA, LBA, IORDY.
  words[53] = 0x0007;
  words[63] = chosen(MULTIWORD_MODES, cd.modes.multiword);
  words[64] = 0x0003;
  words.fill(120, 65, 69);
  words[71] = 30;
  words[72] = 30;
  if (cd.isSerial) words[76] = SERIAL_FIRST_GENERATION;
  // ATA-1 to ATA/ATAPI-4; who looks for a serial drive wants one of ATA/ATAPI-5 at least.
  words[80] = cd.isSerial ? 0x00f0 : 0x001e;
  words[82] = 0x0210; // PACKET, DEVICE RESET.
  words[83] = 0x4000;
  words[84] = 0x4000;
  words[85] = 0x0210;
  words[87] = 0x4000;
  words[88] = chosen(ULTRA_MODES, cd.modes.ultra);
  words[93] = cd.isSerial ? 0 : PARALLEL_CABLE;
  return wordsToBytes(words);
}
