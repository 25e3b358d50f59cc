/** QuRe's machines for a campaign: booted until they are one cluster, and kept as a snapshot. */
import { SparseDisk } from "../../emulator/disk/disk.ts";
import { recordActions } from "../lab/actions.ts";
import { CAMPAIGN_SPARES, campaignMacAddress } from "../lab/campaign-machines.ts";
import { keyOfSeed } from "../lab/cluster-key.ts";
import { LabCluster } from "../lab/lab.ts";
import { imageHash, type RunDescription } from "../lab/run-link.ts";
import { untilAgreed } from "./cluster-subject.ts";
import { SERVICES_OF_CAMPAIGNS } from "./service-addresses.ts";
import { kernelLayout, type StageSetup } from "./setup.ts";
import { World } from "./world.ts";

export const CAMPAIGN_DISK_BYTES = 64 << 20;
const SEED = 1;
const SETTLE = "2500ms";
export interface PreparedSystem {
  readonly cdrom: Uint8Array;
  /** A disk of CAMPAIGN_DISK_BYTES that was prepared with this CD; nobody writes it. */
  readonly disk: SparseDisk;
  /** The linked kernel of the CD. */
  readonly kernel: Uint8Array;
  readonly firmware: Uint8Array;
  readonly nodes: number;
  /** The CD of the machines that join; that of all when absent. */
  readonly previous?: Uint8Array;
  readonly ramBytes: number;
  readonly module?: string | null;
  readonly signal?: AbortSignal;
}

/** Throws a WaitError when the machines do not become one cluster. */
export async function prepareCluster(system: PreparedSystem): Promise<StageSetup> {
  const { cdrom, previous, disk, kernel, firmware, nodes, ramBytes, module = null, signal } = system;
  const layout = kernelLayout(kernel);
  const lab = new LabCluster({
    firmware,
    seed: SEED,
    ...(signal ? { signal } : {}),
    nodes: Array.from({ length: nodes + CAMPAIGN_SPARES }, (_, index) => ({
      macAddress: campaignMacAddress(index),
      cdrom: index < nodes ? cdrom : (previous ?? cdrom),
      ramBytes,
      disk: new SparseDisk(CAMPAIGN_DISK_BYTES, { base: disk }),
      key: keyOfSeed(SEED),
      off: index >= nodes,
    })),
  });
  const actions = recordActions(lab);
  try {
    await untilAgreed(lab, new World(lab), layout);
    // Something that they keep together.
    lab.nodes[0]!.type("cloud set campaign yes\r");
    for (const service of SERVICES_OF_CAMPAIGNS) lab.nodes[0]!.type(`cloud address add ${service}\r`);
    await lab.advance(SETTLE);
    const run: RunDescription = {
      image: imageHash(firmware, cdrom),
      medium: "cd",
      preparedBytes: CAMPAIGN_DISK_BYTES,
      nodes,
      ramBytes,
      seed: SEED,
      gateway: true,
      isCampaign: true,
      actions,
      endNs: lab.nowNs,
      digest: null,
    };
    const isPrevious = previous !== undefined;
    return { snapshot: lab.save(), kernel, sparesFrom: nodes, isPrevious, run: isPrevious ? null : run, module };
  } finally {
    lab.close();
  }
}
