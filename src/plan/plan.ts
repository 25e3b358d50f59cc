/** Plans as text: reads and checks them, and writes what differs from the defaults (docs/formats/plan.md). */
import { MODELS } from "../../emulator/cpu/model.ts";
import { machinesOf } from "../lab/run-link.ts";
import { PlanError, readTable, writeTable } from "./fields.ts";
import { readPlaced } from "./placed.ts";
import { CD, type DrivePlan, type MachinePlan, namedMachines, OWN_DISK, PLAN, type Plan } from "./schema.ts";

const MOST_MACHINES = 1000;

const fail = (place: string, problem: string): never => {
  throw new PlanError(place, problem);
};

/** From JSON. Throws a PlanError with the place of what cannot be. */
export function planOf(value: unknown): Plan {
  const plan = readTable(PLAN, value, "");
  checkPlan(plan);
  return plan;
}

/** From a file's text. Throws a PlanError with `name:line:column: error:` before it. */
export function readPlan(text: string, name: string): Plan {
  return readPlaced(text, name, planOf);
}

export function formatPlan(plan: Plan): string {
  return `${JSON.stringify({ version: plan.version, ...writeTable(PLAN, plan) }, null, 2)}\n`;
}

/** How many machines there are. */
export function machineCount({ machines }: Plan): number {
  return machines.reduce((sum, { count }) => sum + count, 0);
}

/** What fields cannot say alone. */
function checkPlan(plan: Plan): void {
  const { machines, run, network, snapshots, debugging } = plan;
  machines.forEach((machine, index) => checkMachine(machine, `machines[${index}]`));
  const count = machineCount(plan);
  if (count > MOST_MACHINES) fail("machines", `${count} machines: expected at most ${MOST_MACHINES}`);
  if (snapshots.restore === null && count === 0) fail("machines", "there is none, and no snapshot is restored");
  if (snapshots.restore !== null && count > 0) fail("machines", "those of a restored snapshot are in it");
  const names = namedMachines(machines).flatMap((those) => those.names);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) fail("machines", `two are called ${twice}`);
  if (!run.realtime && network.forwards.length + network.ways.length > 0)
    fail("run.realtime", "expected true: a way out keeps the other side's time");
  if (run.replay && (run.until ?? run.for ?? run.script) !== null)
    fail("run.replay", "a link says itself how long it runs");
  if (run.replay && machinesOf(run.replay) !== count)
    fail("run.replay", `the link is of ${machinesOf(run.replay)} machines, and there are ${count}`);
  if (snapshots.at !== null && snapshots.save === null) fail("snapshots.at", "save is missing");
  if (run.stopped && (debugging.gdb ?? debugging.monitor ?? debugging.qmp) === null)
    fail("run.stopped", "nobody could let it go on: gdb, monitor and qmp are missing");
}

function checkMachine(machine: MachinePlan, place: string): void {
  const { count, name, macAddress, drives, kernel, processor, processors, sound } = machine;
  if (count > 1 && name !== null) fail(`${place}.name`, `${count} machines cannot have one name`);
  if (count > 1 && macAddress !== null) fail(`${place}.macAddress`, `${count} machines cannot have one address`);
  if (processors > 1 && !MODELS[processor].hasApic)
    fail(`${place}.processors`, `the model ${processor} has no local APIC; use pentium or later`);
  const models = sound.map(({ model }) => model);
  if (new Set(models).size < models.length) fail(`${place}.sound`, "a machine has one card of a model");
  const taken = new Set(kernel ? [CD] : []);
  drives.forEach((drive, index) => {
    const at = `${place}.drives[${index}]`;
    if (taken.has(drive.at)) fail(`${at}.at`, `there is a drive in ${drive.at} already`);
    taken.add(drive.at);
    checkDrive(drive, at, drives);
  });
}

function checkDrive(
  { at, kind, path, blank, isPrepared, keptIn }: DrivePlan,
  place: string,
  all: readonly DrivePlan[],
): void {
  if (kind === "cd" && !/^(?:hd|sata)/.test(at))
    fail(`${place}.kind`, "a CD is at an IDE channel, or in sata0 to sata5");
  if (kind === "cd" && at === OWN_DISK) fail(`${place}.kind`, `${at} is the machine's disk`);
  if (kind === "cd" && blank !== null) fail(`${place}.blank`, "a CD is never blank");
  if (kind === "disk" && (path === null) === (blank === null)) fail(place, "expected one of path and blank");
  if ((blank ?? keptIn) !== null && at !== OWN_DISK)
    fail(place, `a blank disk and one that is kept are in ${OWN_DISK}`);
  const hasCd = all.some((other) => other.at === CD && other.kind === "cd" && other.path !== null);
  if (isPrepared && (blank === null || !hasCd)) fail(`${place}.isPrepared`, `expected a blank disk, and a CD in ${CD}`);
}
