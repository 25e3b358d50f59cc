/** Machines of QuRe that are one cluster, to begin runs from: booted once, and kept until a source changes. */
import { CAMPAIGN_DISK_BYTES, prepareCluster } from "../../src/chaos/qure/prepare-cluster.ts";
import { openStage } from "../../src/chaos/setup.ts";
import type { Stage } from "../../src/chaos/stage.ts";
import { LabCluster } from "../../src/index.ts";
import { prepareDisk } from "../../src/lab/prepare.ts";
import { kept, keptForAll } from "../setup/cache.ts";
import { images } from "../system/images.ts";

/**
 * `machines` that agree, and one more that is off, and boots `previous` when it joins; or two revisions among them, or
 * all but the first without disks.
 */
export async function clusterStage(
  machines: number,
  previous?: Uint8Array,
  { isMixed = false, isDiskless = false }: { readonly isMixed?: boolean; readonly isDiskless?: boolean } = {},
): Promise<Stage> {
  const { iso: cdrom, firmware, kernelElf: kernel } = images();
  const kind = `${isMixed ? ", of two revisions" : ""}${isDiskless ? ", without disks" : ""}`;
  const which = `${machines} that agree${previous ? ", and another version" : ""}${kind}`;
  const make = async (): Promise<Uint8Array> => {
    const made = (options: ConstructorParameters<typeof LabCluster>[0]): LabCluster => new LabCluster(options);
    const diskOf = (cd: Uint8Array): ReturnType<typeof prepareDisk> =>
      prepareDisk({ cdrom: cd, firmware, sizeBytes: CAMPAIGN_DISK_BYTES, make: made, step: () => {} });
    const own = { cdrom, disk: await diskOf(cdrom), kernel, firmware, nodes: machines, ramBytes: 8 << 20 };
    const system = { ...own, isMixed, isDiskless };
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
