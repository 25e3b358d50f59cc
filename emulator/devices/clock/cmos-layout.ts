/**
 * What the battery-backed memory says about the machine: the fields that PC firmware reads, with the values that QEMU's
 * `-M pc` writes. Sources: Ralf Brown's CMOS memory map; SeaBIOS and QEMU agree on the fields from 30h up.
 */
import { defaultGeometry } from "../storage/ata-disk.ts";
import type { CmosEntry } from "./rtc.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
/** A fixed disk of "type 47": its geometry is in the memory itself. */
const USER_DEFINED_DISK = 47;
/** Boot devices by QEMU's letters. */
const BOOT_DEVICES: Readonly<Record<string, number>> = { a: 1, c: 2, d: 3, n: 4 };
const EQUIPMENT_COPROCESSOR_MOUSE = 0x06;
const EQUIPMENT_FLOPPY = 0x01;

export interface CmosConfig {
  ramBytes: number;
  processors: number;
  /** Sectors of the disks at primary master and primary slave, null where there is none. */
  disks: readonly (number | null)[];
  /** Kinds of the diskette drives A and B (floppy-drive.ts), 0 where there is none. */
  floppyKinds: readonly number[];
  /** Up to three of the letters of BOOT_DEVICES. */
  bootOrder: string;
}

export function cmosContents(config: CmosConfig): CmosEntry[] {
  const bytes = new Map<number, number>();
  const put = (index: number, value: number): void => void bytes.set(index, value & 0xff);
  const putWord = (index: number, value: number): void => {
    put(index, value);
    put(index + 1, value >> 8);
  };
  const extendedKib = Math.min(Math.max(config.ramBytes / KIB - 1024, 0), 0xffff);
  const above16Mib = Math.min(Math.max(config.ramBytes - 16 * MIB, 0) / (64 * KIB), 0xffff);
  const [driveA = 0, driveB = 0] = config.floppyKinds;
  const floppies = driveB ? 2 : driveA ? 1 : 0;
  put(0x10, (driveA << 4) | driveB);
  put(0x14, EQUIPMENT_COPROCESSOR_MOUSE | (floppies ? EQUIPMENT_FLOPPY | ((floppies - 1) << 6) : 0));
  putWord(0x15, 640);
  putWord(0x17, extendedKib);
  putWord(0x30, extendedKib);
  putWord(0x34, above16Mib);
  const [first = 0, second = 0, third = 0] = Array.from(config.bootOrder, (letter) => BOOT_DEVICES[letter] ?? 0);
  // Bit 0: boot diskettes are not checked for a signature.
  put(0x38, 0x01 | (third << 4));
  put(0x3d, first | (second << 4));
  put(0x5f, config.processors - 1);
  let translations = 0;
  config.disks.slice(0, 2).forEach((sectors, index) => {
    if (sectors === null) return;
    const { cylinders, heads, sectors: perTrack } = defaultGeometry(sectors);
    const base = index === 0 ? 0x1b : 0x24;
    bytes.set(0x12, (bytes.get(0x12) ?? 0) | (index === 0 ? 0xf0 : 0x0f));
    put(0x19 + index, USER_DEFINED_DISK);
    putWord(base, cylinders);
    put(base + 2, heads);
    putWord(base + 3, 0xffff); // Write precompensation: none.
    put(base + 5, 0xc0 | (heads > 8 ? 0x08 : 0));
    putWord(base + 6, cylinders); // Landing zone.
    put(base + 8, perTrack);
    // 0: no translation, 1: LBA assisted. Disks beyond 1024 cylinders need one.
    translations |= (cylinders > 1024 ? 1 : 0) << (index * 2);
  });
  put(0x39, translations);
  let sum = 0;
  for (let index = 0x10; index <= 0x2d; index++) sum += bytes.get(index) ?? 0;
  put(0x2e, sum >> 8);
  put(0x2f, sum);
  return [...bytes].map(([index, value]) => ({ index, value }));
}
