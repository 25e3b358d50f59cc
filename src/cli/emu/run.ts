/** A run of machines, from the options to the exit code. */
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { MOST_SERIAL_PORTS, type SoundCardConfig, USUAL_SERIAL_PORTS } from "../../../emulator/board-config.ts";
import { isElf } from "../../image/kernel-start/elf.ts";
import { isAgreed, StatusBoard } from "../../lab/cloud-status.ts";
import { NOTHING_FOUND } from "../../lab/cluster.ts";
import { drawFaults, formatFault, planFaults } from "../../lab/faults.ts";
import { type LabCluster, type RestoreOptions, restoreCluster } from "../../lab/lab.ts";
import { formatNs } from "../../lab/time.ts";
import { CommandError, UsageError } from "../fail.ts";
import { makeProgress, type Progress } from "../progress.ts";
import { type StoredSnapshot, writeSnapshot } from "../snapshot-store.ts";
import { parseConsoleScript, runConsoleScript } from "./console-script.ts";
import { checkPorts, startDebugging } from "./debug.ts";
import { attempt, conclude, ENDS, type End, exitCodeOf, type GuestStatus, PowerLog } from "./ending.ts";
import { checkLines, connectLines, hasConversation, LEFT_BY_KEY } from "./lines.ts";
import { checkDigest, checkImage, checkLinkable, optionsOf, Recorder, replayRun } from "./link.ts";
import { MachineLog } from "./machine-log.ts";
import { chooseMedia, type Media, NO_MEDIA, newCluster, readInput, type Surroundings } from "./machines.ts";
import { checkMonitors, type Monitors, openMonitors, ownsStdio } from "./monitor.ts";
import { runUntilLeft } from "./onlookers.ts";
import { CLOUD, type EmuOptions, type Goal } from "./options.ts";
import { type Outcome, report, statistics } from "./outcome.ts";
import { openCapture, openLogs, writeScreenshots } from "./records.ts";
import { watchScreen } from "./screen.ts";

import { checkSound, recordSound } from "./sound.ts";
import { stay, type Terminal } from "./terminal.ts";
import { TripleFaults } from "./triple-fault.ts";
import { openWays } from "./ways.ts";

/** Virtual time within which `--until` must be reached when there is no `--for`. */
const DEFAULT_LIMIT_NS = 120e9;

/** What a run has besides its machines. */
interface Run {
  readonly lab: LabCluster;
  readonly options: EmuOptions;
  readonly media: Media;
  readonly from: StoredSnapshot | null;
  readonly goal: Goal | null;
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

/**
 * Boots machines, or goes on with those of a snapshot. Throws a `CommandError` for every end that is not the one that
 * was wanted.
 */
export async function runEmu(
  given: EmuOptions,
  from: StoredSnapshot | null = null,
  terminal: Terminal = process,
): Promise<void> {
  const startMs = performance.now();
  const options = withKernelSymbols(given.replay ? optionsOf(given.replay, given) : given);
  const nodes = from ? from.config.nodes.length : options.nodes;
  const cards = checkMachines(options, nodes, from);
  const media = from ? NO_MEDIA : chooseMedia(options);
  checkPorts(options, nodes);
  checkMonitors(options);
  if (options.replay) checkImage(options.replay, media);
  if (options.link) checkLinkable(options, media);

  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  const progress = makeProgress(process.stderr);
  const closers: (() => void)[] = [];
  const surroundings: Surroundings = { progress, signal: interrupt.signal, closers, onlookers: [] };
  try {
    const run = await begin({ options, from, nodes, cards, media, interrupt, terminal, surroundings, startMs });
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

/** What the options want of machines that a snapshot may not have. Returns their sound cards. */
function checkMachines(options: EmuOptions, nodes: number, from: StoredSnapshot | null): readonly SoundCardConfig[] {
  const saved = from?.config.nodes[0];
  checkLines(
    options,
    nodes,
    saved ? (saved.serialPorts ?? USUAL_SERIAL_PORTS) : MOST_SERIAL_PORTS,
    saved?.parallelPort ?? !from,
  );
  const cards = saved ? (saved.sound ?? []) : options.sound.map(({ card }) => card);
  checkSound(options.sound, saved ? cards : null);
  return cards;
}

interface Beginning
  extends Pick<Run, "options" | "from" | "media" | "interrupt" | "terminal" | "surroundings" | "startMs"> {
  readonly nodes: number;
  readonly cards: readonly SoundCardConfig[];
}

/** Makes the machines, and opens what watches them. */
async function begin({ nodes, cards, ...given }: Beginning): Promise<Run> {
  const { options, from, media, interrupt, surroundings } = given;
  const { progress, signal, closers } = surroundings;
  const { replay, log } = options;
  const goal = replay ? null : chooseGoal(options, media.cdrom !== null && media.hda === null && !media.isForeign);
  const script = options.script === null ? null : readScript(options.script, nodes);
  const capture = options.pcap === null ? undefined : openCapture(options.pcap, closers);
  const machineLog = new MachineLog(log);
  const tripleFaults = new TripleFaults(progress, options.symbols, media.cdrom ?? media.hda);
  const powerLog = new PowerLog();
  let lab: LabCluster | null = null;
  let monitors: Monitors | null = null;
  const common: RestoreOptions = {
    threads: chooseThreads(options, nodes),
    jit: options.jit,
    realtime: options.realtime,
    signal,
    ...(capture ? { capture } : {}),
    reboot: options.reboot,
    tripleFault: "go on",
    log: (node, line, timeNs) => {
      machineLog.write(node, line);
      powerLog.hear(node, timeNs, line);
      tripleFaults.hear(node, timeNs, line);
      monitors?.hear(
        lab!.nodes.findIndex(({ name }) => name === node),
        line,
      );
    },
  };
  const later = replay ? nodes - replay.nodes : 0;
  const made = from
    ? restoreCluster(from.bytes, common)
    : await newCluster(options, media, common, surroundings, later);
  lab = made;
  closers.push(() => made.close());
  await openWays(lab, options, progress);
  recordSound(lab, options.sound, cards, surroundings);
  const recorder = options.link ? new Recorder(lab) : null;
  plan(lab, options, progress);
  if (log !== null) openLogs(lab, log, closers);
  await startDebugging(lab, options, media.cdrom ?? media.hda, surroundings);
  if (options.stopped && options.gdb === null) lab.stop();
  monitors = await openMonitors(lab, options, media, surroundings, interrupt);
  return { ...given, lab, goal, script, recorder, monitors, powerLog, machineLog, tripleFaults };
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
  const { lab, options, media, from, goal, script, surroundings, interrupt, terminal } = run;
  const { at, save, store, replay } = options;
  const { progress } = surroundings;
  let startNs = lab.nowNs;
  await connectLines(lab, options, surroundings, interrupt);
  if (at !== null && save !== null) {
    await lab.advance(Math.max(0, at - startNs));
    saveSnapshot(lab, store, save, progress);
  }
  if (script) {
    await runConsoleScript(lab, script, options.script!);
    startNs = lab.nowNs;
  }
  if (replay) await replayRun(lab, replay);
  const limitNs = Math.max(0, startNs + (options.for ?? DEFAULT_LIMIT_NS) - lab.nowNs);
  const isControlled = hasConversation(options) || options.monitor !== null || options.qmp !== null;
  const isAttended = isInteractive(options, terminal);
  let end: End = { kind: "done" };
  if (goal !== null) {
    if (!(await reach(goal, lab, limitNs, progress))) return notReached(run);
    end = { kind: "reached" };
  } else if (options.for !== null) {
    await lab.advance(limitNs);
    end = afterTime(lab, progress);
  }
  // A snapshot without a goal is restored and shown; machines run until they are off, as in any emulator.
  else if (!isAttended && !replay && script === null && (from === null || isControlled)) return await untilLeft(run);
  if (!isAttended) return end;
  progress.done();
  if (media.isForeign && lab.nodes.length === 1) await watchScreen(lab, terminal, interrupt);
  else await stay(lab, terminal, interrupt);
  // Somebody else may look at machines that are off.
  return lab.nodes.every(({ isOff }) => isOff) ? await untilLeft(run) : { kind: "left" };
}

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

function notReached({ lab, goal, options }: Run): End {
  const was = `--until ${goal!.text} was not reached`;
  if (lab.nodes.every(({ isOff }) => isOff))
    return { kind: "not reached", message: `${was}: all machines were off at virtual time ${formatNs(lab.nowNs)}` };
  const why = lab.nodes.flatMap(({ name, standstill }) => (standstill === null ? [] : [`; ${name}: ${standstill}`]));
  return {
    kind: "not reached",
    message: `${was} within ${formatNs(options.for ?? DEFAULT_LIMIT_NS)} of virtual time${why.join("")}`,
  };
}

/** Runs until the guests have ended for good and nobody looks at them. */
async function untilLeft({ lab, options, monitors, surroundings: { onlookers }, interrupt }: Run): Promise<End> {
  const hasMonitor = options.monitor !== null || options.qmp !== null;
  await runUntilLeft(
    lab,
    { present: onlookers, monitors: hasMonitor ? monitors : null, hasGdb: options.gdb !== null },
    interrupt.signal,
  );
  const still = lab.nodes.find(({ isOff }) => !isOff);
  return still ? { kind: "standstill", message: `${still.name}: ${still.standstill}` } : { kind: "off" };
}

/** Writes all that was asked for, and throws a CommandError unless the run has ended as it was meant to. */
function finish(run: Run, given: End): void {
  const { lab, options, media, recorder, terminal, machineLog, tripleFaults } = run;
  const { save, at, store, screenshot, json, stats, replay } = options;
  const { progress } = run.surroundings;
  // A run that is repeated says only whether it went as before.
  const guest = replay ? null : run.powerLog.firstStatus(lab);
  const end = withGuests(given, guest, !options.reboot && tripleFaults.count > 0);
  const code = exitCodeOf(end, guest);
  const failure = attempt([
    ...lab.nodes.map(
      ({ disk }) =>
        () =>
          disk?.flush(),
    ),
    () => void (save !== null && at === null && saveSnapshot(lab, store, save, progress)),
    () => void (screenshot !== null && writeScreenshots(lab, screenshot)),
    () => {
      const outcome: Outcome = {
        lab,
        end: end.kind,
        exitCode: code,
        wallTimeMs: performance.now() - run.startMs,
        isForeign: media.isForeign,
      };
      if (!ownsStdio(options) || json) report(outcome, terminal.stdout, json, stats);
      else if (stats) process.stderr.write(`${statistics(lab).join("\n")}\n`);
    },
    () => void (recorder && terminal.stdout.write(`${recorder.link(lab, options, media)}\n`)),
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

/** A kernel that is an ELF file has the names of its code with it. */
function withKernelSymbols(options: EmuOptions): EmuOptions {
  const { kernel, symbols } = options;
  const isNamed = kernel === null || symbols.length > 0 || !isElf(readInput(kernel));
  return isNamed ? options : { ...options, symbols: [kernel] };
}

/** Plans what `--fault` says, and what `--faults` draws: that is printed, so that it can be said again. */
function plan(lab: LabCluster, { fault, faults, seed, for: forNs }: EmuOptions, progress: Progress): void {
  const drawn = faults === null ? [] : drawFaults(seed, faults, lab.nodes.length, forNs ?? DEFAULT_LIMIT_NS);
  for (const one of drawn) progress.note(`--fault '${formatFault(one)}'`);
  try {
    planFaults(lab, [...fault, ...drawn]);
  } catch (error) {
    throw new UsageError(`--fault ${(error as Error).message}`);
  }
}

function readScript(path: string, nodes: number): ReturnType<typeof parseConsoleScript> {
  return parseConsoleScript(readFileSync(path, "utf8"), path, nodes);
}

/** The goal that was named, or the agreement of all nodes where QuRe boots from CD and nothing else was asked for. */
function chooseGoal(options: EmuOptions, bootsFromCd: boolean): Goal | null {
  if (options.until !== null) return options.until;
  const { script, gdb, monitor, qmp, forward, netdev } = options;
  // Who opens a way to the machines wants them to stay.
  if (forward.length + netdev.length > 0 || hasConversation(options)) return null;
  return bootsFromCd && [options.for, script, gdb, monitor, qmp].every((value) => value === null) ? CLOUD : null;
}

/** Does a person look at the cluster, and want to stay with it? */
function isInteractive(options: EmuOptions, { stdin, stdout }: Terminal): boolean {
  const isTerminal = stdin.isTTY === true && stdout.isTTY === true;
  return (
    isTerminal &&
    !ownsStdio(options) &&
    !options.json &&
    [options.for, options.until, options.replay].every((value) => value === null)
  );
}

/** Below this a quantum has too little to do for a thread to be worth its wake. */
const NODES_PER_THREAD = 8;

/**
 * Threads that wait for each other at every quantum are worse than one unless each has a core for itself: only cores
 * that others leave free count. Debuggers, traces and counters reach only into machines of this thread.
 */
function chooseThreads({ threads, gdb, monitor, qmp, trace, stats }: EmuOptions, nodes: number): number {
  const freeCores = availableParallelism() - Math.round(loadavg()[0]!);
  if ([gdb, monitor, qmp, trace].every((option) => option === null) && !stats)
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
