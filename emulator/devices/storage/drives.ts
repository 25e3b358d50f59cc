/** The drives of a board: ATA and ATAPI at its IDE channels and its AHCI adapter, diskettes, virtio disks. */
import type { DriveConfig } from "../../board-config.ts";
import type { BlockBackend } from "../../disk/block.ts";
import type { MediumFaults } from "../../disk/faulty.ts";
import type { Clock } from "../../time/clock.ts";
import type { AtaDisk } from "./ata-disk.ts";
import { AtapiCd } from "./atapi-cd.ts";
import type { FloppyDrive } from "./floppy-drive.ts";
import type { IdeDrive } from "./ide-drive.ts";
import type { RemovableDrive } from "./removable-drive.ts";
import type { VirtioBlk } from "./virtio-blk.ts";

/** Primary master, primary slave, secondary master, secondary slave. */
export const IDE_NAMES = ["ide0 master", "ide0 slave", "ide1 master", "ide1 slave"] as const;

/** Drives by their places, with disks of one kind; null where there is none. */
export function makeDrives(
  configs: readonly (DriveConfig | null)[],
  name: (place: number) => string,
  Disk: new (clock: Clock, name: string, backend: BlockBackend) => AtaDisk,
  clock: Clock,
  faults: MediumFaults,
): (IdeDrive | null)[] {
  return configs.map((config, place) => {
    if (config === null) return null;
    return config.kind === "disk"
      ? new Disk(clock, name(place), faults.wrap(config.medium))
      : new AtapiCd(clock, name(place), config.medium);
  });
}

/** All drives by their places; null where there is none. */
export class DriveBays {
  readonly ide: readonly (IdeDrive | null)[];
  readonly floppies: readonly (FloppyDrive | null)[];
  /** By the port of the AHCI adapter. */
  sata: readonly (IdeDrive | null)[] = [];
  virtio: readonly VirtioBlk[] = [];

  constructor(ide: readonly (IdeDrive | null)[], floppies: readonly (FloppyDrive | null)[]) {
    this.ide = ide;
    this.floppies = floppies;
  }

  /** The drives whose medium can be changed, by QEMU's names; those at the AHCI adapter by their ports. */
  get removable(): ReadonlyMap<string, RemovableDrive> {
    const drives = new Map<string, RemovableDrive>();
    for (const [index, drive] of this.ide.entries())
      if (drive instanceof AtapiCd) drives.set(`ide${index >> 1}-cd${index & 1}`, drive);
    for (const [port, drive] of this.sata.entries()) if (drive instanceof AtapiCd) drives.set(`ahci0-cd${port}`, drive);
    for (const [index, drive] of this.floppies.entries()) if (drive) drives.set(`floppy${index}`, drive);
    return drives;
  }

  /** All drives take this many times as long from now on; at least 1. */
  slow(factor: number): void {
    for (const drive of [...this.ide, ...this.virtio, ...this.sata]) if (drive) drive.slowness = factor;
  }
}
