/**
 * Runs as links (src/lab/run-link.ts) and plans: the machines that a link holds, and what of a plan no link can hold.
 */
import { formatMac } from "../../emulator/ether/packet.ts";
import { campaignMacAddress } from "../lab/campaign-machines.ts";
import { machinesOf, type RunDescription } from "../lab/run-link.ts";
import { differences, type Field, initialOf } from "./fields.ts";
import { cdPathOf, driveAt } from "./machines.ts";
import {
  CD,
  DRIVE,
  type DrivePlan,
  KEY_OF_SEED,
  MACHINE,
  type MachinePlan,
  OWN_DISK,
  PLAN,
  type Plan,
} from "./schema.ts";

/** Where each medium is. */
const MEDIUM_PLACES: Readonly<Record<RunDescription["medium"], string>> = {
  cd: CD,
  disk: OWN_DISK,
  diskette: "fda",
};

export function drive(at: string, said: Partial<DrivePlan>): DrivePlan {
  return { ...initialOf(DRIVE), at, ...said };
}

type Begun = Omit<RunDescription, "image" | "endNs" | "digest">;

/** The plan of a run whose image, of `system`, is called `path`. */
export function planOfRun(begun: Begun, path: string, system: Plan["system"]): Plan {
  const { seed, gateway, sites = null } = begun;
  const plan = initialOf(PLAN);
  const machines = machinesOfRun(begun, path, system);
  return { ...plan, system, seed, machines, network: { ...plan.network, gateway, sites } };
}

function machinesOfRun(run: Begun, path: string, system: Plan["system"]): MachinePlan[] {
  const { medium, preparedBytes, nodes, ramBytes, isCampaign } = run;
  const image = drive(MEDIUM_PLACES[medium], { kind: medium === "cd" ? "cd" : "disk", path });
  const blank = drive(OWN_DISK, { blank: preparedBytes, isPrepared: true });
  const alike: MachinePlan = {
    ...initialOf(MACHINE),
    ramBytes,
    drives: preparedBytes > 0 ? [blank, image] : [image],
    key: system === "qure" ? KEY_OF_SEED : null,
  };
  const all = machinesOf(run);
  if (isCampaign)
    return Array.from({ length: all }, (_, index) => ({
      ...alike,
      macAddress: formatMac(campaignMacAddress(index)),
      off: index >= nodes,
    }));
  return [{ ...alike, count: nodes }, ...(all > nodes ? [{ ...alike, count: all - nodes, off: true }] : [])];
}

/** What the machines of a plan boot from: the file, or the kernel of which a CD is made. */
export interface Booted {
  readonly medium: RunDescription["medium"];
  readonly path: string;
  readonly isKernel: boolean;
}

/** Null when there is no image. */
export function bootedFrom({ machines: [machine] }: Plan): Booted | null {
  if (!machine) return null;
  if (machine.kernel) return { medium: "cd", path: machine.kernel.path, isKernel: true };
  const named = [
    ["cd", cdPathOf(machine)],
    ["disk", driveAt(machine, OWN_DISK)?.path],
    ["diskette", driveAt(machine, "fda")?.path],
  ] as const;
  for (const [medium, path] of named) if (path) return { medium, path, isKernel: false };
  return null;
}

/** What a link says of the machines of a plan. */
export function machinesInLink(
  plan: Plan,
): Pick<RunDescription, "preparedBytes" | "ramBytes" | "isCampaign" | "nodes"> {
  const [machine] = plan.machines;
  const { isPrepared = false, blank = null } = driveAt(machine!, OWN_DISK) ?? {};
  const on = plan.machines.filter(({ off }) => !off);
  return {
    preparedBytes: isPrepared ? blank! : 0,
    ramBytes: machine!.ramBytes,
    isCampaign: plan.run.replay?.isCampaign ?? false,
    nodes: on.reduce((sum, { count }) => sum + count, 0),
  };
}

const OPTIONS_OF_PLACES: Readonly<Record<string, string>> = {
  [CD]: "cdrom",
  [OWN_DISK]: OWN_DISK,
  fda: "fda",
  fdb: "fdb",
};

/** The option, or the field, that no link can hold; null for a plan that a link holds as it is. */
export function unheld(plan: Plan): string | null {
  const booted = bootedFrom(plan);
  if (booted === null) return "a run without an image";
  const bare = { ...initialOf(PLAN), machines: plan.machines, seed: plan.seed };
  const [common] = differences(PLAN, { ...plan, ...PRESENTATION }, { ...bare, ...PRESENTATION });
  if (common !== undefined) return said(common, optionOf(PLAN[common]));
  if (!plan.run.reboot) return said("reboot", "no-reboot");
  const { actions = [], nodes = machinesInLink(plan).nodes } = plan.run.replay ?? {};
  const medium = booted.medium;
  const held = machinesOfRun(
    { ...machinesInLink(plan), nodes, actions, medium, seed: plan.seed, gateway: true },
    booted.path,
    plan.system,
  );
  for (const [index, machine] of plan.machines.entries()) {
    const expected = held[index] ?? held[0]!;
    const extra = machine.drives.find(
      (one) => !expected.drives.some((known) => differences(DRIVE, one, known).length === 0),
    );
    if (extra && !machine.kernel)
      return said(`the drive ${extra.at}`, extra.keptIn === null ? (OPTIONS_OF_PLACES[extra.at] ?? "drive") : "dir");
    const [name] = differences(
      MACHINE,
      { ...machine, drives: [], kernel: null },
      { ...expected, drives: [], kernel: null },
    );
    if (name !== undefined) return said(name, optionOf(MACHINE[name]));
    if (machine.kernel && machine.drives.length > 0) return said(`the drive ${machine.drives[0]!.at}`, "drive");
  }
  return null;
}

const optionOf = ({ option, madeFrom }: Field<unknown>): string | undefined => option ?? madeFrom;
const said = (name: string, option: string | undefined): string =>
  option === undefined ? name : `--${option} (${name})`;

/** What decides nothing of what the machines do. */
const { network, run, outputs, debugging, snapshots } = initialOf(PLAN);
const PRESENTATION = { system: "qure", network, run, outputs, debugging, snapshots } as const;
