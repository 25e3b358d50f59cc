/** The machines of a campaign: those of a snapshot, or QuRe's with the image that is named. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { CAMPAIGN_DISK_BYTES, prepareCluster } from "../../chaos/prepare-cluster.ts";
import type { StageSetup } from "../../chaos/setup.ts";
import { loadFirmware } from "../../host/package.ts";
import { WaitError } from "../../lab/lab.ts";
import { readInput } from "../emu/machines.ts";
import { preparedDisk } from "../emu/prepare.ts";
import { CommandError } from "../fail.ts";
import type { Progress } from "../progress.ts";
import type { ChaosOptions } from "./options.ts";

export async function setUp(options: ChaosOptions, progress: Progress, signal: AbortSignal): Promise<StageSetup> {
  const { image, nodes, memory: ramBytes, snapshot, invariants: module } = options;
  if (snapshot !== null) return { snapshot: readInput(snapshot), kernel: null, sparesFrom: Infinity, module };
  if (!existsSync(image)) throw new CommandError(`${image}: no such file; \`qure build\` makes it`);
  const kernel = readInput(options.kernel ?? join(dirname(image), "kernel.elf"));
  const cdrom = readInput(image);
  const firmware = loadFirmware();
  const cacheFolder = join(dirname(image), ".qure-cache");
  const sizeBytes = CAMPAIGN_DISK_BYTES;
  const disk = await preparedDisk({ cdrom, firmware, sizeBytes, cacheFolder, progress, signal });
  progress.step(`booting ${nodes} machines`);
  try {
    return await prepareCluster({ cdrom, disk, kernel, firmware, nodes, ramBytes, module, signal });
  } catch (error) {
    throw error instanceof WaitError ? new CommandError(`before any fault: ${error.message}`) : error;
  }
}
