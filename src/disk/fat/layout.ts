/**
 * The boot sector of a FAT volume (Microsoft, "FAT32 File System Specification", version 1.03), and where things lie by
 * it. Nothing in it is believed that does not fit on the device.
 */
import { assert } from "../../diagnostic/invariant.ts";
import type { BlockDevice } from "../device.ts";
import { damaged } from "../error.ts";

export const SECTOR_BYTES = 512;
/** The first cluster of data. */
export const FIRST_CLUSTER = 2;
export const SLOT_BYTES = 32;

export type Bits = 12 | 16 | 32;

export interface Geometry {
  readonly bits: Bits;
  readonly clusterBytes: number;
  /** The allocation table that is read; all of `tables` are written. */
  readonly tableAt: number;
  readonly tableBytes: number;
  readonly tables: readonly number[];
  /** The root of FAT12 and FAT16; of FAT32 there are 0 bytes and a cluster. */
  readonly rootAt: number;
  readonly rootBytes: number;
  readonly rootCluster: number;
  readonly dataAt: number;
  readonly clusters: number;
  /** The sector with the number of free clusters, of FAT32. */
  readonly infoAt: number | null;
}

const SECTOR_SIZES = [512, 1024, 2048, 4096];
const CLUSTER_BYTES_MOST = 256 * 1024;
const FAT12_CLUSTERS = 4085;
const FAT16_CLUSTERS = 65525;
const FAT32_CLUSTERS = 0x0ffffff5;

/** Whether the first sector is a FAT's. */
export function isFat(device: BlockDevice): boolean {
  if (device.sizeBytes < SECTOR_BYTES) return false;
  const view = bootSector(device);
  const jumps = view.getUint8(0) === 0xe9 || (view.getUint8(0) === 0xeb && view.getUint8(2) === 0x90);
  const perCluster = view.getUint8(13);
  return (
    jumps &&
    view.getUint16(510, true) === 0xaa55 &&
    SECTOR_SIZES.includes(view.getUint16(11, true)) &&
    perCluster !== 0 &&
    (perCluster & (perCluster - 1)) === 0 &&
    view.getUint16(14, true) !== 0 &&
    (view.getUint8(16) === 1 || view.getUint8(16) === 2) &&
    (view.getUint8(21) >= 0xf8 || view.getUint8(21) === 0xf0)
  );
}

export function readGeometry(device: BlockDevice): Geometry {
  if (!isFat(device)) throw damaged("not a FAT volume");
  const view = bootSector(device);
  const sectorBytes = view.getUint16(11, true);
  const clusterBytes = view.getUint8(13) * sectorBytes;
  const reserved = view.getUint16(14, true);
  const tableCount = view.getUint8(16);
  const rootSlots = view.getUint16(17, true);
  const sectors = view.getUint16(19, true) || view.getUint32(32, true);
  const short = view.getUint16(22, true);
  const tableSectors = short || view.getUint32(36, true);
  if (clusterBytes > CLUSTER_BYTES_MOST) throw damaged(`a cluster has ${clusterBytes} bytes`);
  if (sectors * sectorBytes > device.sizeBytes)
    throw damaged(`the boot sector says ${sectors * sectorBytes} bytes, and there are ${device.sizeBytes}`);
  const rootBytes = Math.ceil((rootSlots * SLOT_BYTES) / sectorBytes) * sectorBytes;
  const tableBytes = tableSectors * sectorBytes;
  const rootAt = reserved * sectorBytes + tableCount * tableBytes;
  const dataAt = rootAt + rootBytes;
  const clusters = Math.floor((sectors * sectorBytes - dataAt) / clusterBytes);
  if (tableSectors === 0 || clusters < 1) throw damaged("the boot sector leaves no room for files");
  const bits = clusters < FAT12_CLUSTERS ? 12 : clusters < FAT16_CLUSTERS ? 16 : 32;
  if (clusters > FAT32_CLUSTERS || (bits === 32) !== (short === 0) || (bits === 32) !== (rootSlots === 0))
    throw damaged(`a FAT${bits} by its ${clusters} clusters, but not by its other fields`);
  if ((tableBytes * 8) / bits < clusters + FIRST_CLUSTER)
    throw damaged(`an allocation table of ${tableBytes} bytes is too short for ${clusters} clusters`);
  // Bit 7 of the flags of FAT32: only the table that the low bits name is kept.
  const flags = bits === 32 ? view.getUint16(40, true) : 0;
  const active = flags & 0x80 ? flags & 0x0f : null;
  if (active !== null && active >= tableCount) throw damaged(`allocation table ${active} is used, of ${tableCount}`);
  const all = Array.from({ length: tableCount }, (_, index) => reserved * sectorBytes + index * tableBytes);
  const info = bits === 32 ? view.getUint16(48, true) : 0;
  const rootCluster = bits === 32 ? view.getUint32(44, true) : 0;
  if (bits === 32 && (rootCluster < FIRST_CLUSTER || rootCluster >= clusters + FIRST_CLUSTER))
    throw damaged(`the root is in cluster ${rootCluster}, of ${clusters}`);
  assert(rootAt > 0 && dataAt >= rootAt && dataAt < device.sizeBytes, "the parts of a FAT volume lie out of order");
  assert(all.length === 1 || all.length === 2, "a FAT volume has one allocation table or two");
  assert(dataAt + clusters * clusterBytes <= device.sizeBytes, "clusters lie beyond the end of the volume");
  return {
    bits,
    clusterBytes,
    tableAt: all[active ?? 0]!,
    tableBytes,
    tables: active === null ? all : [all[active]!],
    rootAt,
    rootBytes: bits === 32 ? 0 : rootSlots * SLOT_BYTES,
    rootCluster,
    dataAt,
    clusters,
    infoAt: info > 0 && info < reserved ? info * sectorBytes : null,
  };
}

function bootSector(device: BlockDevice): DataView {
  const sector = new Uint8Array(SECTOR_BYTES);
  device.read(0, sector);
  return new DataView(sector.buffer);
}
