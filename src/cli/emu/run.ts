/** A run of machines, from its plan to the exit code. */
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { type SoundCardConfig, USUAL_SERIAL_PORTS } from "../../../emulator/board-config.ts";
import { VOLUME_PREFIX } from "../../host/volume-disk.ts";
import { isAgreed, StatusBoard } from "../../lab/cloud-status.ts";
import { NOTHING_FOUND } from "../../lab/cluster.ts";
import { drawFaults, formatFault, planFaults } from "../../lab/faults.ts";
import { LabCluster, type RestoreOptions, restoreCluster } from "../../lab/lab.ts";
import { formatNs } from "../../lab/time.ts";
import type { Goal } from "../../plan/goal.ts";
import { clusterOf } from "../../plan/machines.ts";
import { formatPlan, machineCount } from "../../plan/plan.ts";
import { bootedFrom } from "../../plan/run.ts";
import type { Plan } from "../../plan/schema.ts";
import { CommandError, UsageError } from "../fail.ts";
import { makeProgress, type Progress } from "../progress.ts";
import { pathOf, readSnapshot, type StoredSnapshot, writeSnapshot } from "../snapshot-store.ts";
import { parseConsoleScript, runConsoleScript } from "./console-script.ts";
import { checkPorts, startDebugging } from "./debug.ts";
import { attempt, conclude, ENDS, type End, exitCodeOf, type GuestStatus, PowerLog } from "./ending.ts";
import { checkLines, connectLines, hasConversation, LEFT_BY_KEY } from "./lines.ts";
import { checkDigest, checkImage, checkLinkable, Recorder, replayRun } from "./link.ts";
import { MachineLog } from "./machine-log.ts";
import { checkMonitors, type Monitors, openMonitors, ownsStdio } from "./monitor.ts";
import { runUntilLeft } from "./onlookers.ts";
import type { EmuOptions } from "./options.ts";
import { type Outcome, report, statistics } from "./outcome.ts";
import { planFromOptions } from "./plan-options.ts";
import { openCapture, openLogs, writeScreenshots } from "./records.ts";
import { watchScreen } from "./screen.ts";
import { openShelf, type Surroundings } from "./shelf.ts";
import { checkSound, recordSound } from "./sound.ts";
import { stay, type Terminal } from "./terminal.ts";
import { TripleFaults } from "./triple-fault.ts";
import { openWays } from "./ways.ts";

/** Virtual time within which `--until` must be reached when there is no `--for`. */
const DEFAULT_LIMIT_NS = 120e9;

/** What a run has besides its machines. */
interface Run {
  readonly lab: LabCluster;
  readonly plan: Plan;
  readonly script: ReturnType<typeof parseConsoleScript> | null;
  readonly recorder: Recorder | null;
  readonly monitors: Monitors | null;
  readonly surroundings: Surroundings;
  readonly interrupt: AbortController;
  readonly terminal: Terminal;
  readonly powerLog: PowerLog;
  readonly machineLog: MachineLog;
  readonly tripleFaults: TripleFaults;
  /** By the host's clock. */
  readonly startMs: number;
}

/** Boots machines as options say, or goes on with those of the snapshot `restore`: see `runPlan`. */
export async function runEmu(
  options: EmuOptions,
  restore: string | null = null,
  terminal: Terminal = process,
): Promise<void> {
  const { plan, notes } = planFromOptions(options, restore);
  if (options.printPlan) terminal.stdout.write(formatPlan(plan));
  else await runPlan(plan, terminal, notes);
}

/** Runs a plan. Throws a `CommandError` for every end that is not the one that was wanted. */
async function runPlan(plan: Plan, terminal: Terminal = process, notes: readonly string[] = []): Promise<void> {
  const startMs = performance.now();
  const { restore, folder } = plan.snapshots;
  const from = restore === null ? null : readSnapshot(folder, restore);
  const nodes = from ? from.config.nodes.length : machineCount(plan);
  const cards = checkMachines(plan, nodes, from);
  checkPorts(plan.debugging, nodes);
  checkMonitors(plan);
  if (
    plan.snapshots.save !== null &&
    plan.machines.some(({ drives }) => drives.some(({ path }) => path?.startsWith(VOLUME_PREFIX)))
  )
    throw new UsageError(
      '--save: what machines write into volumes is in no snapshot of a cluster: use "qure volume snapshot"',
    );
  // Before the run, which may be long.
  if (plan.snapshots.save !== null) pathOf(plan.snapshots.folder, plan.snapshots.save);
  if (plan.run.replay) checkImage(plan.run.replay, plan);
  if (plan.outputs.link) checkLinkable(plan);

  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  const progress = makeProgress(process.stderr);
  const closers: (() => void)[] = [];
  const surroundings: Surroundings = { progress, signal: interrupt.signal, closers, onlookers: [] };
  try {
    for (const note of notes) progress.note(note);
    const run = await begin({ plan, from, nodes, cards, interrupt, terminal, surroundings, startMs });
    const end = await drive(run);
    progress.done();
    finish(run, end);
    closeAll(closers);
  } catch (error) {
    throw interrupt.signal.aborted && error === interrupt.signal.reason
      ? new CommandError("", ENDS.interrupted)
      : error;
  } finally {
    progress.done();
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
    closeAll(closers);
  }
}

/** What the plan wants of machines that a snapshot may not have. Returns their sound cards. */
function checkMachines(
  { machines: [machine], outputs }: Plan,
  nodes: number,
  from: StoredSnapshot | null,
): readonly SoundCardConfig[] {
  const saved = from?.config.nodes[0];
  const { serialPorts = USUAL_SERIAL_PORTS, parallelPort = false, sound: cards = [] } = saved ?? machine ?? {};
  checkLines(outputs, nodes, serialPorts, parallelPort);
  checkSound(outputs.sound, cards);
  return cards;
}

interface Beginning extends Pick<Run, "plan" | "interrupt" | "terminal" | "surroundings" | "startMs"> {
  readonly from: StoredSnapshot | null;
  readonly nodes: number;
  readonly cards: readonly SoundCardConfig[];
}

/** Makes the machines, and opens what watches them. */
async function begin({ from, nodes, cards, ...given }: Beginning): Promise<Run> {
  const { plan, interrupt, surroundings } = given;
  const { progress, closers } = surroundings;
  const { run, outputs, debugging } = plan;
  const image = imageOf(plan);
  const script = run.script === null ? null : readScript(run.script, nodes);
  const machineLog = new MachineLog(outputs.logs);
  const tripleFaults = new TripleFaults(progress, debugging.symbols, image);
  const powerLog = new PowerLog();
  let lab: LabCluster | null = null;
  let monitors: Monitors | null = null;
  const common = (): RestoreOptions =>
    commonOf(plan, nodes, surroundings, (node, line, timeNs) => {
      machineLog.write(node, line);
      powerLog.hear(node, timeNs, line);
      tripleFaults.hear(node, timeNs, line);
      monitors?.hear(
        lab!.nodes.findIndex(({ name }) => name === node),
        line,
      );
    });
  const made = from ? restoreCluster(from.bytes, common()) : await newCluster(plan, common, surroundings);
  lab = made;
  closers.push(() => made.close());
  await openWays(lab, plan.network, progress);
  recordSound(lab, outputs.sound, cards, surroundings);
  const recorder = outputs.link ? new Recorder(lab) : null;
  planAllFaults(lab, plan, progress);
  if (outputs.logs !== null) openLogs(lab, outputs.logs, closers);
  await startDebugging(lab, debugging, run.stopped, image, surroundings);
  if (run.stopped && debugging.gdb === null) lab.stop();
  monitors = await openMonitors(lab, plan, surroundings, interrupt);
  return { ...given, lab, script, recorder, monitors, powerLog, machineLog, tripleFaults };
}

/** The CD or disk that is booted; names of what runs are beside it. */
function imageOf(plan: Plan): string | null {
  const booted = bootedFrom(plan);
  return booted && !booted.isKernel && booted.medium !== "diskette" ? booted.path : null;
}

/** What the machines of a plan and those of a snapshot need. */
function commonOf(
  plan: Plan,
  nodes: number,
  { signal, closers }: Surroundings,
  log: NonNullable<RestoreOptions["log"]>,
): RestoreOptions {
  const { jit, realtime, reboot } = plan.run;
  const { capture } = plan.outputs;
  const threads = chooseThreads(plan, nodes);
  const captured = capture === null ? {} : { capture: openCapture(capture, closers) };
  return { threads, jit, realtime, signal, ...captured, reboot, tripleFault: "go on", log };
}

/** `common` opens what is written: not before all that is read is there. */
async function newCluster(plan: Plan, common: () => RestoreOptions, surroundings: Surroundings): Promise<LabCluster> {
  const shelf = await openShelf(plan, surroundings);
  const options = clusterOf(plan, shelf);
  surroundings.progress.step("booting");
  return new LabCluster({ ...options, ...common() });
}

/** Runs the machines until the run is over; says how it has ended. */
async function drive(run: Run): Promise<End> {
  const { signal } = run.interrupt;
  try {
    return await runOn(run);
  } catch (error) {
    if (!signal.aborted) return { kind: "failed", error };
    return { kind: signal.reason === LEFT_BY_KEY ? "left" : "interrupted" };
  }
}

async function runOn(run: Run): Promise<End> {
  const { lab, plan, script, surroundings, interrupt, terminal } = run;
  const { until: goal, for: forNs, replay } = plan.run;
  const { at, save, folder, restore } = plan.snapshots;
  const { progress } = surroundings;
  let startNs = lab.nowNs;
  await connectLines(lab, plan.outputs, surroundings, interrupt);
  if (at !== null && save !== null) {
    await lab.advance(Math.max(0, at - startNs));
    saveSnapshot(lab, folder, save, progress);
  }
  if (script) {
    await runConsoleScript(lab, script, plan.run.script!);
    startNs = lab.nowNs;
  }
  if (replay) await replayRun(lab, replay);
  const limitNs = Math.max(0, startNs + (forNs ?? DEFAULT_LIMIT_NS) - lab.nowNs);
  const isControlled = hasConversation(plan.outputs) || hasMonitor(plan);
  const isAttended = isInteractive(plan, terminal);
  let end: End = { kind: "done" };
  if (goal !== null) {
    if (!(await reach(goal, lab, limitNs, progress))) return notReached(run, goal);
    end = { kind: "reached" };
  } else if (forNs !== null) {
    await lab.advance(limitNs);
    end = afterTime(lab, progress);
  }
  // A snapshot without a goal is restored and shown; machines run until they are off, as in any emulator.
  else if (!isAttended && !replay && script === null && (restore === null || isControlled)) return await untilLeft(run);
  if (!isAttended) return end;
  progress.done();
  if (plan.system === "other" && lab.nodes.length === 1) await watchScreen(lab, terminal, interrupt);
  else await stay(lab, terminal, interrupt);
  // Somebody else may look at machines that are off.
  return lab.nodes.every(({ isOff }) => isOff) ? await untilLeft(run) : { kind: "left" };
}

const hasMonitor = ({ debugging: { monitor, qmp } }: Plan): boolean => (monitor ?? qmp) !== null;

/**
 * `--for` is over. A machine that has never begun is no success; one that has halted may have done all that it wanted.
 */
function afterTime({ nodes }: LabCluster, progress: Progress): End {
  const still = nodes.filter(({ standstill }) => standstill !== null);
  const idle = still.find(({ standstill }) => standstill === NOTHING_FOUND);
  if (idle) return { kind: "standstill", message: `${idle.name}: ${NOTHING_FOUND}` };
  for (const { name, standstill } of still) progress.note(`${name}: ${standstill}`);
  return { kind: nodes.every(({ isOff }) => isOff) ? "off" : "time" };
}

function notReached({ lab, plan }: Run, goal: Goal): End {
  const was = `--until ${goal.text} was not reached`;
  if (lab.nodes.every(({ isOff }) => isOff))
    return { kind: "not reached", message: `${was}: all machines were off at virtual time ${formatNs(lab.nowNs)}` };
  const why = lab.nodes.flatMap(({ name, standstill }) => (standstill === null ? [] : [`; ${name}: ${standstill}`]));
  return {
    kind: "not reached",
    message: `${was} within ${formatNs(plan.run.for ?? DEFAULT_LIMIT_NS)} of virtual time${why.join("")}`,
  };
}

/** Runs until the guests have ended for good and nobody looks at them. */
async function untilLeft({ lab, plan, monitors, surroundings: { onlookers }, interrupt }: Run): Promise<End> {
  await runUntilLeft(
    lab,
    { present: onlookers, monitors: hasMonitor(plan) ? monitors : null, hasGdb: plan.debugging.gdb !== null },
    interrupt.signal,
  );
  const still = lab.nodes.find(({ isOff }) => !isOff);
  return still ? { kind: "standstill", message: `${still.name}: ${still.standstill}` } : { kind: "off" };
}

/** Writes all that was asked for, and throws a CommandError unless the run has ended as it was meant to. */
function finish(run: Run, given: End): void {
  const { lab, plan, recorder, terminal, machineLog, tripleFaults } = run;
  const { screenshots, json, stats } = plan.outputs;
  const { save, at, folder } = plan.snapshots;
  const { replay, reboot } = plan.run;
  const { progress } = run.surroundings;
  // A run that is repeated says only whether it went as before.
  const guest = replay ? null : run.powerLog.firstStatus(lab);
  const end = withGuests(given, guest, !reboot && tripleFaults.count > 0);
  const code = exitCodeOf(end, guest);
  const failure = attempt([
    ...lab.nodes.map(
      ({ disk }) =>
        () =>
          disk?.flush(),
    ),
    () => void (save !== null && at === null && saveSnapshot(lab, folder, save, progress)),
    () => void (screenshots !== null && writeScreenshots(lab, screenshots)),
    () => {
      const outcome: Outcome = {
        lab,
        end: end.kind,
        exitCode: code,
        wallTimeMs: performance.now() - run.startMs,
        isForeign: plan.system === "other",
      };
      if (!ownsStdio(plan) || json) report(outcome, terminal.stdout, json, stats);
      else if (stats) process.stderr.write(`${statistics(lab).join("\n")}\n`);
    },
    () => void (recorder && terminal.stdout.write(`${recorder.link(lab, plan)}\n`)),
    () => {
      for (const hint of [machineLog.hint, tripleFaults.hint]) if (hint !== null) progress.note(hint);
      if (guest) progress.note(`${guest.name}: the guest ended with exit status ${guest.status} (debug exit port)`);
    },
    () => void (replay && end.kind === "done" && checkDigest(lab, replay)),
  ]);
  conclude(end, code, failure);
}

/** What guests have done counts more than that our own time was over. */
function withGuests(end: End, guest: GuestStatus | null, byTripleFault: boolean): End {
  if (byTripleFault && guest === null && ENDS[end.kind] === 0) return { kind: "triple fault" };
  return end.kind === "off" && guest !== null ? { kind: "debug exit" } : end;
}

/** Does what is left to be done, the last first. What fails keeps nothing else from being done. */
function closeAll(closers: (() => void)[]): void {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
    try {
      close();
    } finally {
      closeAll(closers);
    }
  }
}

/** Plans what `--fault` says, and what `--faults` draws: that is printed, so that it can be said again. */
function planAllFaults(lab: LabCluster, { seed, run }: Plan, progress: Progress): void {
  const { faults, drawnFaults, for: forNs } = run;
  const drawn = drawnFaults === null ? [] : drawFaults(seed, drawnFaults, lab.nodes.length, forNs ?? DEFAULT_LIMIT_NS);
  for (const one of drawn) progress.note(`--fault '${formatFault(one)}'`);
  try {
    planFaults(lab, [...faults, ...drawn]);
  } catch (error) {
    throw new UsageError(`--fault ${(error as Error).message}`);
  }
}

function readScript(path: string, nodes: number): ReturnType<typeof parseConsoleScript> {
  return parseConsoleScript(readFileSync(path, "utf8"), path, nodes);
}

/** Does a person look at the cluster, and want to stay with it? */
function isInteractive(plan: Plan, { stdin, stdout }: Terminal): boolean {
  return plan.run.stay && stdin.isTTY === true && stdout.isTTY === true && !ownsStdio(plan);
}

/** Below this a quantum has too little to do for a thread to be worth its wake. */
const NODES_PER_THREAD = 8;

/**
 * Threads that wait for each other at every quantum are worse than one unless each has a core for itself: only cores
 * that others leave free count. Debuggers, traces and counters reach only into machines of this thread.
 */
function chooseThreads({ run: { threads }, debugging, outputs: { stats } }: Plan, nodes: number): number {
  const { gdb, monitor, qmp, trace } = debugging;
  const freeCores = availableParallelism() - Math.round(loadavg()[0]!);
  if ([gdb, monitor, qmp].every((one) => one === null) && trace.length === 0 && !stats)
    return threads ?? Math.max(1, Math.min(freeCores, Math.floor(nodes / NODES_PER_THREAD)));
  if (threads !== null && threads > 1)
    throw new UsageError("--threads: --gdb, --monitor, --qmp, --trace and --stats watch machines in one thread");
  return 1;
}

/** Runs until the goal is reached; false when virtual time ran out first. */
async function reach({ pattern }: Goal, lab: LabCluster, limitNs: number, progress: Progress): Promise<boolean> {
  const board = new StatusBoard(lab.nodes.map((node) => node.console));
  const isReached = (): boolean => {
    if (pattern) return lab.nodes.every(({ console: { text } }) => pattern.test(text));
    const statuses = board.statuses();
    const members = statuses.filter((status) => status !== null).length;
    progress.step(
      `${members} of ${lab.nodes.length} nodes are in a cluster, virtual time ${(lab.nowNs / 1e9).toFixed(1)} s`,
    );
    return isAgreed(statuses);
  };
  try {
    await lab.until(isReached, "", { within: limitNs, look: "output" });
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "WaitError") return false;
    throw error;
  }
}

function saveSnapshot(lab: LabCluster, store: string, name: string, progress: Progress): void {
  const path = writeSnapshot(store, name, lab.save());
  progress.note(`snapshot ${name} at virtual time ${formatNs(lab.nowNs)}: ${path}`);
}
