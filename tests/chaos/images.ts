/** Machines of QuRe that are one cluster, to begin runs from: booted once, and kept until a source changes. */
import { CAMPAIGN_DISK_BYTES, prepareCluster } from "../../src/chaos/qure/prepare-cluster.ts";
import { openStage } from "../../src/chaos/setup.ts";
import type { Stage } from "../../src/chaos/stage.ts";
import { LabCluster } from "../../src/index.ts";
import { prepareDisk } from "../../src/lab/prepare.ts";
import { kept, keptForAll } from "../setup/cache.ts";
import { images } from "../system/images.ts";

/**
 * `machines` that agree, and one more that is off, and boots `previous` when it joins; or two revisions among them;
 * `isDiskless`: all but the first have no disks.
 */
export async function clusterStage(
  machines: number,
  previous?: Uint8Array,
  isMixed = false,
  isDiskless = false,
): Promise<Stage> {
  const { iso: cdrom, firmware, kernelElf: kernel } = images();
  const which = `${machines} that agree${previous ? ", and another version" : ""}${isMixed ? ", of two revisions" : ""}${isDiskless ? ", one with a disk" : ""}`;
  const make = async (): Promise<Uint8Array> => {
    const made = (options: ConstructorParameters<typeof LabCluster>[0]): LabCluster => new LabCluster(options);
    const diskOf = (cd: Uint8Array): ReturnType<typeof prepareDisk> =>
      prepareDisk({ cdrom: cd, firmware, sizeBytes: CAMPAIGN_DISK_BYTES, make: made, step: () => {} });
    const system = {
      cdrom,
      disk: await diskOf(cdrom),
      kernel,
      firmware,
      nodes: machines,
      ramBytes: 8 << 20,
      isMixed,
      isDiskless,
    };
    const older = previous && { cdrom: previous, disk: await diskOf(previous) };
    return (await prepareCluster(older ? { ...system, previous: older } : system)).snapshot;
  };
  // The other version is what a test file says.
  const snapshot = await (previous ? kept(which, make) : keptForAll(`a stage of ${which}`, make));
  return openStage({
    snapshot,
    ...(isMixed ? { mixed: snapshot } : {}),
    kernel,
    sparesFrom: machines,
    isPrevious: previous !== undefined,
    isDiskless,
    run: null,
    module: null,
  });
}
