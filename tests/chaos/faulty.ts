/** A campaign of faults on a system that has a bug: whether it notices, and after how many seeds. */
import { type CampaignOptions, runGiven, runSeed } from "../../src/chaos/campaign.ts";
import { anyDiskless } from "../../src/chaos/draw.ts";
import { CAMPAIGN_DISK_BYTES, prepareCluster } from "../../src/chaos/qure/prepare-cluster.ts";
import { openStage } from "../../src/chaos/setup.ts";
import { LabCluster } from "../../src/lab/lab.ts";
import { prepareDisk } from "../../src/lab/prepare.ts";

/** A drill is tried alone so often, with machines that are well. */
const DRILLED = 10;
const ALL = Array.from({ length: 300 }, (_, index) => index);
const DRILLING: CampaignOptions = { spanNs: 0.1e9, steadyNs: 0.1e9, boundNs: 10e9, minimise: false };
const CAMPAIGN: CampaignOptions = { spanNs: 6e9, boundNs: 10e9, minimise: false };

export interface FaultySystem {
  readonly cdrom: Uint8Array;
  /** The linked kernel of the CD. */
  readonly kernel: Uint8Array;
  readonly firmware: Uint8Array;
  readonly nodes: number;
  /** What is drawn; all that means something to the usual machines when absent. */
  readonly faults?: readonly string[];
}

export interface Noticed {
  /** The seed that found it; 0: it showed before any fault; null: none did. */
  readonly seed: number | null;
  readonly how: string;
  /** The last seed that was tried when none found it. */
  readonly tried?: number;
  /** The drill that found it, tried alone. */
  readonly drill?: string;
}

/** Tries seeds until one breaks an invariant, and begins none but the first after a time (of `Date.now()`). */
export async function campaignOn(
  { cdrom, kernel, firmware, nodes, faults }: FaultySystem,
  [first, last]: readonly [number, number],
  untilMs = Number.POSITIVE_INFINITY,
  drill?: string,
): Promise<Noticed> {
  const make = (options: ConstructorParameters<typeof LabCluster>[0]): LabCluster => new LabCluster(options);
  try {
    const disk = await prepareDisk({ cdrom, firmware, sizeBytes: CAMPAIGN_DISK_BYTES, make, step: () => {} });
    const isDiskless = anyDiskless(faults ?? null);
    const system = { cdrom, disk, kernel, firmware, nodes, ramBytes: 8 << 20, isDiskless };
    const stage = await openStage(await prepareCluster(system));
    let seed = first;
    if (drill !== undefined && first === 1)
      for (let tried = 1; tried <= DRILLED; tried++) {
        const { failure } = runGiven(stage, [], ALL.slice(0, nodes), tried, { ...DRILLING, drills: [drill] });
        if (failure) return { seed: tried, how: `${failure.invariant}: ${failure.message}`, drill };
      }
    for (; seed <= last && (seed === first || Date.now() < untilMs); seed++) {
      const { failure } = runSeed(stage, seed, faults ? { ...CAMPAIGN, faults, drills: 0 } : CAMPAIGN);
      if (failure) return { seed, how: `${failure.invariant}: ${failure.message}` };
    }
    return { seed: null, how: `not within ${seed - 1} seeds`, tried: seed - 1 };
  } catch (error) {
    return { seed: 0, how: (error as Error).message.split("\n")[0]! };
  }
}
