/** A FAT volume below its files: the device, the table, and where clusters lie. */
import { assert } from "../../diagnostic/invariant.ts";
import type { BlockDevice } from "../device.ts";
import { FileSystemError } from "../error.ts";
import { FIRST_CLUSTER, type Geometry, readGeometry, SECTOR_BYTES } from "./layout.ts";
import { Table } from "./table.ts";

export class FatVolume {
  readonly device: BlockDevice;
  readonly geometry: Geometry;
  readonly table: Table;
  readonly isReadOnly: boolean;

  constructor(device: BlockDevice, isReadOnly: boolean) {
    this.device = device;
    this.isReadOnly = isReadOnly || device.readOnly;
    this.geometry = readGeometry(device);
    this.table = new Table(device, this.geometry);
  }

  clusterAt(cluster: number): number {
    assert(this.table.isCluster(cluster), "the place of what is no cluster is asked for");
    return this.geometry.dataAt + (cluster - FIRST_CLUSTER) * this.geometry.clusterBytes;
  }

  /** A cluster of zeros that nobody has. */
  newCluster(): number {
    const cluster = this.table.allocate();
    assert(!this.isReadOnly, "a cluster of a volume that is only read was taken");
    this.device.write(this.clusterAt(cluster), new Uint8Array(this.geometry.clusterBytes));
    return cluster;
  }

  /** Whole sectors go to the device, whatever `bytes` has. */
  write(at: number, bytes: Uint8Array): void {
    this.checkWritable();
    const start = at - (at % SECTOR_BYTES);
    const end = Math.ceil((at + bytes.length) / SECTOR_BYTES) * SECTOR_BYTES;
    assert(start >= SECTOR_BYTES, "the boot sector is no place for content");
    assert(end <= this.device.sizeBytes, "a write reaches beyond the end of the volume");
    if (start === at && end === at + bytes.length) {
      this.device.write(at, bytes);
      return;
    }
    const whole = new Uint8Array(end - start);
    this.device.read(start, whole);
    whole.set(bytes, at - start);
    this.device.write(start, whole);
  }

  checkWritable(): void {
    if (this.isReadOnly) throw new FileSystemError("read-only", "the volume is opened for reading only");
  }
}
