/** Runs as links: `--replay LINK` repeats one, `--link` prints this one. src/lab/run-link.ts knows their form. */
import { loadFirmware } from "../../host/package.ts";
import { type Action, recordActions, replay } from "../../lab/actions.ts";
import type { LabCluster } from "../../lab/lab.ts";
import { encodeRun, imageHash, type RunDescription } from "../../lab/run-link.ts";
import { type Booted, bootedFrom, machinesInLink, unheld } from "../../plan/run.ts";
import type { Plan } from "../../plan/schema.ts";
import { CommandError, UsageError } from "../fail.ts";
import { readInput, readKernelCd } from "./shelf.ts";

/** Where `qure page` serves the page that opens links. */
const PAGE = "http://localhost:8086/";

/** What is opened, or given to `--replay`, for a run that `encodeRun` has written. */
export function pageLink(run: string): string {
  return `${PAGE}#r=${run}`;
}

/** Options for an image that is booted from a medium. */
const NAMED_WITH: Readonly<Record<RunDescription["medium"], string>> = {
  cd: "--image",
  disk: "--image or --hda",
  diskette: "--fda",
};

/** The image that a link runs, by its hash. */
function hashOf({ path, isKernel }: Booted, { machines: [machine] }: Plan): string {
  const content = isKernel ? readKernelCd(machine!) : readInput(path);
  return imageHash(loadFirmware(), content);
}

/** Repeats a run, and says what differs from what the link says. */
export async function replayRun(lab: LabCluster, run: RunDescription): Promise<void> {
  await replay(lab, run.actions, run.endNs);
}

/** Throws when the image is another one than the link's. */
export function checkImage(run: RunDescription, plan: Plan): void {
  const booted = bootedFrom(plan);
  if (booted?.medium !== run.medium)
    throw new UsageError(`--replay: the link boots from a ${run.medium}: name it with ${NAMED_WITH[run.medium]}`);
  const found = hashOf(booted, plan);
  const name = booted.isKernel ? "what --kernel makes" : booted.path;
  if (found !== run.image)
    throw new CommandError(
      `--replay: the link runs the image ${run.image}, and ${name} is ${found}: build the version that the link was made with, or name its image with ${NAMED_WITH[run.medium]}`,
    );
}

/** Throws when the run did not end as the link says. */
export function checkDigest(lab: LabCluster, { digest }: RunDescription): void {
  const found = lab.digest();
  if (digest !== null && found !== digest)
    throw new CommandError(`--replay: the run ended with the digest ${found}, and the link says ${digest}`);
}

/** Remembers what is done to a cluster from now on. */
export class Recorder {
  readonly #actions: readonly Action[];

  constructor(lab: LabCluster) {
    this.#actions = recordActions(lab);
  }

  /** The run so far as a link. */
  link(lab: LabCluster, plan: Plan): string {
    const booted = bootedFrom(plan)!;
    const run: RunDescription = {
      ...machinesInLink(plan),
      image: hashOf(booted, plan),
      medium: booted.medium,
      seed: plan.seed,
      gateway: plan.network.gateway,
      actions: this.#actions,
      endNs: lab.nowNs,
      digest: lab.digest(),
    };
    return pageLink(encodeRun(run));
  }
}

/** Throws where no link can hold the machines. */
export function checkLinkable(plan: Plan): void {
  const found = unheld(plan);
  if (found !== null) throw new UsageError(`--link: no link can hold ${found}`);
}
