/**
 * What a thread needs to put QuRe's cluster on a stage of its own: plain data, and the modules with a person's own
 * invariants.
 */
import { importModule } from "../host/import-module.ts";
import { restoreCluster } from "../lab/lab.ts";
import type { RunDescription } from "../lab/run-link.ts";
import { readElf } from "../object/elf-reader.ts";
import type { Invariant, Subject } from "./invariant.ts";
import { KernelLayout } from "./qure/kernel-layout.ts";
import { prepareSites, type SiteMachines } from "./qure/sites/prepare-sites.ts";
import { sitesSubject } from "./qure/sites/subject.ts";
import { clusterSubject } from "./qure/subject.ts";
import { Stage } from "./stage.ts";

export interface StageSetup {
  /** Of machines in the state from which runs begin; the ISO that they boot, with `sites`. */
  readonly snapshot: Uint8Array;
  /** Three clusters at sites of their own, which no snapshot holds: each thread boots them. */
  readonly sites?: SiteMachines;
  /**
   * The linked kernel, for its names; null for a system of somebody else, of which only the invariants below are asked.
   */
  readonly kernel: Uint8Array | null;
  /** Of machines that are off and may join, the first one; null where all take part from the beginning. */
  readonly sparesFrom: number | null;
  /** The machines that join have another kernel than the others; false when absent. */
  readonly isPrevious?: boolean;
  /** Only the first has a disk; false when absent. */
  readonly isDiskless?: boolean;
  /** A snapshot of the same machines with two kernels on their disks, of which some run the later one. */
  readonly mixed?: Uint8Array;
  /** How the machines came there from power-on; null when no link can say it. */
  readonly run: RunDescription | null;
  /** A module that exports `invariants`, and what else of a `Subject` it wants to say itself. */
  readonly module: string | null;
}

/** Where QuRe's kernel defines what is read of it. */
const DEFINES = "node.s";

export function kernelLayout(kernel: Uint8Array): KernelLayout {
  return new KernelLayout(readElf(kernel, "kernel.elf"), "kernel.elf", DEFINES);
}

type Own = Partial<Pick<Subject, "invariants" | "missing" | "roles" | "events" | "watchfulness">>;

export async function openStage(setup: StageSetup): Promise<Stage> {
  const own: Own = setup.module === null ? {} : ((await importModule(setup.module)) as Own);
  const variant = setup.mixed ? await Stage.of(subjectOf(setup, own, setup.mixed)) : null;
  return Stage.of(subjectOf(setup, own, null), setup.run, variant);
}

/** `mixed`: the snapshot of machines that may go from one kernel to another. */
function subjectOf(
  { snapshot, kernel, sparesFrom, isPrevious, isDiskless = false, sites }: StageSetup,
  own: Own,
  mixed: Uint8Array | null,
): Subject {
  const make: Subject["make"] = () => restoreCluster(mixed ?? snapshot, { jit: "late" });
  const base: Subject =
    kernel !== null && sites
      ? sitesSubject(() => prepareSites(sites), kernelLayout(kernel))
      : kernel !== null && sparesFrom !== null
        ? clusterSubject(make, kernelLayout(kernel), sparesFrom, { isMixed: mixed !== null, isDiskless })
        : { make, invariants: [], missing: () => null };
  const added: readonly Invariant[] = own.invariants ?? [];
  const { missing = base.missing, roles, events, watchfulness } = own;
  return {
    ...base,
    ...(isPrevious && sparesFrom !== null ? { sealedFrom: sparesFrom } : {}),
    missing: (world) => base.missing(world) ?? missing(world),
    roles: { ...base.roles, ...roles },
    events: [...(base.events ?? []), ...(events ?? [])],
    ...(watchfulness ? { watchfulness } : {}),
    invariants: [...base.invariants, ...added],
  };
}
