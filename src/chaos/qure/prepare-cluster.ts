/** QuRe's machines for a campaign: booted until they are one cluster, and kept as a snapshot. */
import { SparseDisk } from "../../../emulator/disk/disk.ts";
import { readKernelHeader } from "../../image/kernel-image.ts";
import { recordActions } from "../../lab/actions.ts";
import { LabCluster } from "../../lab/lab.ts";
import { imageHash, type RunDescription } from "../../lab/run-link.ts";
import { clusterOf, memoryShelf } from "../../plan/machines.ts";
import { planOfRun } from "../../plan/run.ts";
import { type MachinePlan, OWN_DISK, type Plan } from "../../plan/schema.ts";
import { kernelLayout, type StageSetup } from "../setup.ts";
import { World } from "../world.ts";
import { SERVICES_OF_CAMPAIGNS } from "./service-addresses.ts";
import { untilAgreed } from "./subject.ts";
import { asRevision, kernelOf, putSecondKernel } from "./two-kernels.ts";

export const CAMPAIGN_DISK_BYTES = 64 << 20;
const SETTLE = "2500ms";
const BEGUN = {
  ...{ medium: "cd", preparedBytes: CAMPAIGN_DISK_BYTES, seed: 1, gateway: true, isCampaign: true, actions: [] },
} as const satisfies Partial<RunDescription>;
/** What the plan of a campaign calls the CDs, and which of them the machines have that join later. */
const PRESENT = "the CD";
const PREVIOUS = "the previous CD";
/** The same CD in machines that begin with the later of two kernels. */
const LATER = "the CD of a later kernel";

function campaignPlan(
  begun: Parameters<typeof planOfRun>[0],
  hasPrevious: boolean,
  isMixed: boolean,
  isDiskless: boolean,
): Plan {
  const plan = planOfRun(begun, PRESENT, "qure");
  const withCd = (machine: MachinePlan, path: string): MachinePlan => ({
    ...machine,
    drives: machine.drives.map((drive) => (drive.path === PRESENT ? { ...drive, path } : drive)),
  });
  return {
    ...plan,
    machines: plan.machines.map((machine, index) => {
      if (isDiskless && index > 0) return { ...machine, drives: machine.drives.filter(({ at }) => at !== OWN_DISK) };
      if (machine.off && hasPrevious) return withCd(machine, PREVIOUS);
      return isMixed && index % 3 === 1 ? withCd(machine, LATER) : machine;
    }),
  };
}

/** A disk with the kernel that it was prepared with, and a later one, of which `good` starts. */
function mixedDisk(disk: SparseDisk, good: number): SparseDisk {
  const mixed = new SparseDisk(disk.sizeBytes, { base: disk });
  const kernel = kernelOf(disk);
  asRevision(kernel, readKernelHeader(kernel).revision + 1);
  putSecondKernel(mixed, kernel, { good });
  return mixed;
}

export interface PreparedSystem {
  readonly cdrom: Uint8Array;
  /** A disk of CAMPAIGN_DISK_BYTES that was prepared with this CD; nobody writes it. */
  readonly disk: SparseDisk;
  /** The linked kernel of the CD. */
  readonly kernel: Uint8Array;
  readonly firmware: Uint8Array;
  readonly nodes: number;
  /** The CD of the machines that join, and a disk that was prepared with it; those of all when absent. */
  readonly previous?: { readonly cdrom: Uint8Array; readonly disk: SparseDisk };
  /** All have a later kernel on their disks, too, and every third machine runs it. */
  readonly isMixed?: boolean;
  /** Only the first has a disk: the kernels of the others can move. */
  readonly isDiskless?: boolean;
  readonly ramBytes: number;
  readonly module?: string | null;
  readonly signal?: AbortSignal;
}

/** Throws a WaitError when the machines do not become one cluster. */
export async function prepareCluster(system: PreparedSystem): Promise<StageSetup> {
  const { cdrom, previous, isMixed = false, isDiskless = false, disk, kernel, firmware } = system;
  const { nodes, ramBytes, module = null, signal } = system;
  const layout = kernelLayout(kernel);
  const begun = { ...BEGUN, nodes, ramBytes };
  const shelf = memoryShelf({
    firmware: () => firmware,
    medium: (path) => (path === PREVIOUS ? previous!.cdrom : cdrom),
    prepared: (path) => (path === PREVIOUS ? previous!.disk : isMixed ? mixedDisk(disk, path === LATER ? 1 : 0) : disk),
  });
  const options = clusterOf(campaignPlan(begun, previous !== undefined, isMixed, isDiskless), shelf);
  const lab = new LabCluster({ ...options, ...(signal ? { signal } : {}) });
  const actions = recordActions(lab);
  try {
    await untilAgreed(lab, new World(lab), layout);
    // Something that they keep together.
    lab.nodes[0]!.type("cloud set campaign yes\r");
    for (const service of SERVICES_OF_CAMPAIGNS) lab.nodes[0]!.type(`cloud address add ${service}\r`);
    await lab.advance(SETTLE);
    const run: RunDescription = {
      ...begun,
      image: imageHash(firmware, cdrom),
      actions,
      endNs: lab.nowNs,
      digest: null,
    };
    const isPrevious = previous !== undefined;
    const setup = { snapshot: lab.save(), kernel, sparesFrom: nodes, isPrevious, isDiskless, module };
    return { ...setup, run: isPrevious || isDiskless ? null : run };
  } finally {
    lab.close();
  }
}

/** The same with a second beginning, from which a share of the seeds begins: two kernels among the machines. */
export async function prepareBoth(system: PreparedSystem): Promise<StageSetup> {
  const { snapshot: mixed } = await prepareCluster({ ...system, isMixed: true });
  return { ...(await prepareCluster(system)), mixed };
}
