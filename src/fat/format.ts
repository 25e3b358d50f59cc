/** An empty FAT volume. */
import { assert } from "../diagnostic/invariant.ts";
import type { BlockDevice } from "../oofs/device.ts";
import { OofsError } from "../oofs/error.ts";
import { type Bits, FIRST_CLUSTER, readGeometry, SECTOR_BYTES, SLOT_BYTES } from "./layout.ts";

/** `fat` chooses by the size, as `mkfs -t fat` in the guest does. */
export type FatType = "fat" | "fat12" | "fat16" | "fat32";

const MIB = 1 << 20;
const TABLES = 2;
const ROOT_SLOTS = 512;
const RESERVED_32 = 32;
const INFO_SECTOR = 1;
const BACKUP_SECTOR = 6;
const MEDIA = 0xf8;
const CLUSTER_SECTORS_MOST = 64;
/** Fewest and most clusters; a few at the edges are left alone, where programs are not of one mind. */
const CLUSTERS: Readonly<Record<Bits, readonly [least: number, most: number]>> = {
  12: [1, 4069],
  16: [4101, 65509],
  32: [65541, 0x0ffffff0],
};
/** `hlt; jmp` for ever, for who starts it. */
const CODE = [0xf4, 0xeb, 0xfd];
/** Bytes that are cleared at once. */
const PIECE_BYTES = 1 << 20;

interface Shape {
  readonly perCluster: number;
  readonly tableSectors: number;
  readonly clusters: number;
}

export function formatFat(device: BlockDevice, type: FatType, { id }: { id: number }): Bits {
  const sectors = Math.floor(device.sizeBytes / SECTOR_BYTES);
  if (sectors > 0xffffffff) throw new OofsError("invalid", "a FAT volume has less than 2 TiB");
  const bits: Bits =
    type === "fat"
      ? device.sizeBytes < 4 * MIB
        ? 12
        : device.sizeBytes < 512 * MIB
          ? 16
          : 32
      : (Number(type.slice(3)) as Bits);
  const reserved = bits === 32 ? RESERVED_32 : 1;
  const rootSectors = bits === 32 ? 0 : (ROOT_SLOTS * SLOT_BYTES) / SECTOR_BYTES;
  const shape = shapeOf(bits, sectors - reserved - rootSectors, device.sizeBytes);
  if (!shape) throw new OofsError("invalid", `a volume of ${device.sizeBytes} bytes is no FAT${bits}`);
  const { perCluster, tableSectors, clusters } = shape;

  // The boot sector comes last: until then there is no volume.
  const dataSector = reserved + TABLES * tableSectors + rootSectors;
  assert(dataSector + clusters * perCluster <= sectors, "the clusters reach beyond the end of the volume");
  assert(
    tableSectors * SECTOR_BYTES * 8 >= (clusters + FIRST_CLUSTER) * bits,
    "the table is too short for the clusters",
  );
  assert((perCluster & (perCluster - 1)) === 0, "a cluster is not a power of two of sectors");
  clear(device, 0, (dataSector + (bits === 32 ? perCluster : 0)) * SECTOR_BYTES);
  const table = new DataView(new ArrayBuffer(SECTOR_BYTES));
  if (bits === 12) for (const [at, byte] of [MEDIA, 0xff, 0xff].entries()) table.setUint8(at, byte);
  else if (bits === 16)
    for (const [at, word] of [0xff00 | MEDIA, 0xffff].entries()) table.setUint16(at * 2, word, true);
  else
    for (const [at, entry] of [0x0fffff00 | MEDIA, 0x0fffffff, 0x0fffffff].entries())
      table.setUint32(at * 4, entry, true);
  for (let index = 0; index < TABLES; index++)
    device.write((reserved + index * tableSectors) * SECTOR_BYTES, new Uint8Array(table.buffer));

  const boot = new DataView(new ArrayBuffer(SECTOR_BYTES));
  const bytes = new Uint8Array(boot.buffer);
  const text = (at: number, value: string): void =>
    bytes.set(
      Uint8Array.from(value, (character) => character.charCodeAt(0)),
      at,
    );
  const codeAt = bits === 32 ? 90 : 62;
  bytes.set([0xeb, codeAt - 2, 0x90]);
  text(3, "MSWIN4.1");
  boot.setUint16(11, SECTOR_BYTES, true);
  boot.setUint8(13, perCluster);
  boot.setUint16(14, reserved, true);
  boot.setUint8(16, TABLES);
  boot.setUint16(17, bits === 32 ? 0 : ROOT_SLOTS, true);
  if (bits !== 32 && sectors < 0x10000) boot.setUint16(19, sectors, true);
  else boot.setUint32(32, sectors, true);
  boot.setUint8(21, MEDIA);
  boot.setUint16(24, 63, true);
  boot.setUint16(26, 255, true);
  if (bits !== 32) boot.setUint16(22, tableSectors, true);
  else {
    boot.setUint32(36, tableSectors, true);
    boot.setUint32(44, FIRST_CLUSTER, true);
    boot.setUint16(48, INFO_SECTOR, true);
    boot.setUint16(50, BACKUP_SECTOR, true);
  }
  const tail = bits === 32 ? 64 : 36;
  boot.setUint8(tail, 0x80);
  boot.setUint8(tail + 2, 0x29);
  boot.setUint32(tail + 3, id >>> 0, true);
  text(tail + 7, "NO NAME    ");
  text(tail + 18, `FAT${bits}   `);
  bytes.set(CODE, codeAt);
  boot.setUint16(510, 0xaa55, true);
  if (bits === 32) {
    const info = new DataView(new ArrayBuffer(SECTOR_BYTES));
    info.setUint32(0, 0x41615252, true);
    info.setUint32(484, 0x61417272, true);
    info.setUint32(488, clusters - 1, true);
    info.setUint32(492, FIRST_CLUSTER + 1, true);
    info.setUint32(508, 0xaa550000, true);
    for (const at of [INFO_SECTOR, BACKUP_SECTOR + INFO_SECTOR])
      device.write(at * SECTOR_BYTES, new Uint8Array(info.buffer));
    device.write(BACKUP_SECTOR * SECTOR_BYTES, bytes);
  }
  device.flush();
  device.write(0, bytes);
  assert(readGeometry(device).clusters === clusters, "the volume is not read as it was made");
  device.flush();
  return bits;
}

/**
 * The smallest clusters of which there are not too many. FAT32 begins with 4 KiB, as others do, where there are enough.
 */
function shapeOf(bits: Bits, sectors: number, sizeBytes: number): Shape | null {
  const [least, most] = CLUSTERS[bits];
  const first = bits === 32 && sizeBytes >= 512 * MIB ? 8 : 1;
  for (let perCluster = first; perCluster <= CLUSTER_SECTORS_MOST; perCluster *= 2) {
    let tableSectors = 1;
    for (;;) {
      const clusters = Math.floor((sectors - TABLES * tableSectors) / perCluster);
      const needed = Math.ceil(((clusters + FIRST_CLUSTER) * bits) / 8 / SECTOR_BYTES);
      if (clusters < least) break;
      if (needed > tableSectors) {
        tableSectors = needed;
        continue;
      }
      if (clusters > most) break;
      return { perCluster, tableSectors, clusters };
    }
  }
  return null;
}

function clear(device: BlockDevice, from: number, to: number): void {
  for (let at = from; at < to; at += PIECE_BYTES) device.write(at, new Uint8Array(Math.min(PIECE_BYTES, to - at)));
}
