/** The ATA and ATAPI drives of a board, at its IDE channels and at the ports of its AHCI adapter. */
import type { DriveConfig } from "../board-config.ts";
import type { BlockBackend } from "../disk/block.ts";
import type { MediumFaults } from "../disk/faulty.ts";
import type { Clock } from "../time/clock.ts";
import type { AtaDisk } from "./ata-disk.ts";
import { AtapiCd } from "./atapi-cd.ts";
import type { IdeDrive } from "./ide-drive.ts";

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
