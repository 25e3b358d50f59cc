/** QuRe's machines for a campaign: booted until they are one cluster, and kept as a snapshot. */
import { BytesDisk, SparseDisk } from "../../emulator/disk/disk.ts";
import { keyOfSeed } from "../lab/cluster-key.ts";
import { LabCluster } from "../lab/lab.ts";
import { untilAgreed } from "./cluster-subject.ts";
import { SERVICES_OF_CAMPAIGNS } from "./service-addresses.ts";
import { kernelLayout, type StageSetup } from "./setup.ts";
import { World } from "./world.ts";

export const CAMPAIGN_DISK_BYTES = 64 << 20;
const SEED = 1;
/** Machines that are off in the beginning, and join when a fault says so. */
const SPARES = 1;
const SETTLE = "2500ms";
/** QEMU and VMware. */
const MAKERS = [
  [0x52, 0x54, 0x00],
  [0x00, 0x0c, 0x29],
] as const;

export interface PreparedSystem {
  readonly cdrom: Uint8Array;
  /** What a disk of CAMPAIGN_DISK_BYTES that was prepared with this CD holds. */
  readonly disk: Uint8Array;
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

/**
 * Of a machine's card, by one of two makers: two machines after each other differ in nothing else, so that the upper
 * halves of their node ids count. The lowest ids are everywhere in the row.
 */
function macAddress(index: number): Uint8Array {
  const [maker, card] = [(index & 1) ^ ((index >>> 1) & 1), index >>> 1];
  return Uint8Array.of(...MAKERS[maker]!, 0x10, (card * 0x5b + 0x3d) & 0xff, (card >>> 3) & 0xff);
}

/** Throws a WaitError when the machines do not become one cluster. */
export async function prepareCluster(system: PreparedSystem): Promise<StageSetup> {
  const { cdrom, previous, disk, kernel, firmware, nodes, ramBytes, module = null, signal } = system;
  const layout = kernelLayout(kernel);
  const base = new BytesDisk(disk, CAMPAIGN_DISK_BYTES);
  const lab = new LabCluster({
    firmware,
    seed: SEED,
    ...(signal ? { signal } : {}),
    nodes: Array.from({ length: nodes + SPARES }, (_, index) => ({
      macAddress: macAddress(index),
      cdrom: index < nodes ? cdrom : (previous ?? cdrom),
      ramBytes,
      disk: new SparseDisk(CAMPAIGN_DISK_BYTES, { base }),
      key: keyOfSeed(SEED),
      off: index >= nodes,
    })),
  });
  try {
    await untilAgreed(lab, new World(lab), layout);
    // Something that they keep together.
    lab.nodes[0]!.type("cloud set campaign yes\r");
    for (const service of SERVICES_OF_CAMPAIGNS) lab.nodes[0]!.type(`cloud address add ${service}\r`);
    await lab.advance(SETTLE);
    return { snapshot: lab.save(), kernel, sparesFrom: nodes, isPrevious: previous !== undefined, module };
  } finally {
    lab.close();
  }
}
