/** A run of machines, from the options to the exit code. */
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { MOST_SERIAL_PORTS, USUAL_SERIAL_PORTS } from "../../../emulator/board-config.ts";
import { isElf } from "../../image/kernel-start/elf.ts";
import { isAgreed, StatusBoard } from "../../lab/cloud-status.ts";
import { drawFaults, formatFault, planFaults } from "../../lab/faults.ts";
import { type LabCluster, type LabNode, type RestoreOptions, restoreCluster } from "../../lab/lab.ts";
import { formatNs } from "../../lab/time.ts";
import { CommandError, UsageError } from "../fail.ts";
import { makeProgress, type Progress } from "../progress.ts";
import { type StoredSnapshot, writeSnapshot } from "../snapshot-store.ts";
import { parseConsoleScript, runConsoleScript } from "./console-script.ts";
import { checkPorts, startDebugging } from "./debug.ts";
import { checkLines, connectLines, hasConversation, LEFT_BY_KEY } from "./lines.ts";
import { checkDigest, checkImage, checkLinkable, optionsOf, Recorder, replayRun } from "./link.ts";
import { MachineLog } from "./machine-log.ts";
import { chooseMedia, NO_MEDIA, newCluster, readInput, type Surroundings } from "./machines.ts";
import { checkMonitors, type Monitors, openMonitors, ownsStdio } from "./monitor.ts";
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
const EXIT_NOT_REACHED = 3;
const EXIT_INTERRUPTED = 130;
/** Machines that are on and will never do anything again by themselves. */
const EXIT_STANDSTILL = 4;

/**
 * Boots machines, or goes on with those of a snapshot. Throws a `CommandError` for every end that is not the one that
 * was wanted.
 */
export async function runEmu(
  given: EmuOptions,
  from: StoredSnapshot | null = null,
  terminal: Terminal = process,
): Promise<void> {
  const start = performance.now();
  const { replay: run } = given;
  const options = withKernelSymbols(run ? optionsOf(run, given) : given);
  const nodes = from ? from.config.nodes.length : options.nodes;
  const { log, stats, json, at, save, store } = options;
  const saved = from?.config.nodes[0];
  checkLines(
    options,
    nodes,
    saved ? (saved.serialPorts ?? USUAL_SERIAL_PORTS) : MOST_SERIAL_PORTS,
    saved?.parallelPort ?? !from,
  );
  const cards = saved ? (saved.sound ?? []) : options.sound.map(({ card }) => card);
  checkSound(options.sound, saved ? cards : null);
  const media = from ? NO_MEDIA : chooseMedia(options);
  checkPorts(options, nodes);
  checkMonitors(options);
  if (run) checkImage(run, media);
  if (options.link) checkLinkable(options, media);
  const goal = run ? null : chooseGoal(options, media.cdrom !== null && media.hda === null && !media.isForeign);
  const threads = chooseThreads(options, nodes);
  const isControlled = hasConversation(options) || options.monitor !== null || options.qmp !== null;
  const isAttended = isInteractive(options, terminal);

  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  const progress = makeProgress(process.stderr);
  const closers: (() => void)[] = [];
  const surroundings: Surroundings = { progress, signal: interrupt.signal, closers };
  try {
    const script = options.script === null ? null : readScript(options.script, nodes);
    const capture = options.pcap === null ? undefined : openCapture(options.pcap, closers);
    const machineLog = new MachineLog(log);
    const tripleFaults = new TripleFaults(progress, options.symbols, media.cdrom ?? media.hda);
    let lab: LabCluster | null = null;
    let monitors: Monitors | null = null;
    const common: RestoreOptions = {
      threads,
      jit: options.jit,
      realtime: options.realtime,
      signal: interrupt.signal,
      ...(capture ? { capture } : {}),
      reboot: options.reboot,
      tripleFault: "go on",
      log: (node, line, timeNs) => {
        machineLog.write(node, line);
        tripleFaults.hear(node, timeNs, line);
        monitors?.hear(
          lab!.nodes.findIndex(({ name }) => name === node),
          line,
        );
      },
    };
    const later = run ? nodes - run.nodes : 0;
    lab = from ? restoreCluster(from.bytes, common) : await newCluster(options, media, common, surroundings, later);
    closers.push(() => lab.close());
    await openWays(lab, options, progress);
    recordSound(lab, options.sound, cards, surroundings);
    const recorder = options.link ? new Recorder(lab) : null;
    plan(lab, options, progress);
    if (log !== null) openLogs(lab, log, closers);
    await startDebugging(lab, options, media.cdrom ?? media.hda, surroundings);
    if (options.stopped && options.gdb === null) lab.stop();
    monitors = await openMonitors(lab, options, media, surroundings, interrupt);
    let reached = true;
    let interrupted = false;
    let startNs = lab.nowNs;
    try {
      await connectLines(lab, options, surroundings, interrupt);
      if (at !== null && save !== null) {
        await lab.advance(Math.max(0, at - startNs));
        saveSnapshot(lab, store, save, progress);
      }
      if (script) {
        await runConsoleScript(lab, script, options.script!);
        startNs = lab.nowNs;
      }
      if (run) await replayRun(lab, run);
      const limitNs = Math.max(0, startNs + (options.for ?? DEFAULT_LIMIT_NS) - lab.nowNs);
      if (goal !== null) reached = await reach(goal, lab, limitNs, progress);
      else if (options.for !== null) await lab.advance(limitNs);
      // A snapshot without a goal is restored and shown; machines run until they are off, as in any emulator.
      else if (!isAttended && run === null && script === null && (from === null || isControlled))
        await runUntilOff(lab);
      if (isAttended) {
        progress.done();
        if (media.isForeign && nodes === 1) await watchScreen(lab, terminal, interrupt);
        else await stay(lab, terminal, interrupt);
      }
    } catch (error) {
      if (!interrupt.signal.aborted) {
        // A run that failed is worth a link most of all.
        if (recorder) terminal.stdout.write(`${recorder.link(lab, options, media)}\n`);
        throw error;
      }
      interrupted = interrupt.signal.reason !== LEFT_BY_KEY;
    }
    progress.done();
    if (save !== null && at === null && reached) saveSnapshot(lab, store, save, progress);
    if (options.screenshot !== null) writeScreenshots(lab, options.screenshot);
    const outcome: Outcome = { lab, reached, wallTimeMs: performance.now() - start, isForeign: media.isForeign };
    if (!ownsStdio(options) || json) report(outcome, terminal.stdout, json, stats);
    else if (stats) process.stderr.write(`${statistics(lab).join("\n")}\n`);
    if (recorder) terminal.stdout.write(`${recorder.link(lab, options, media)}\n`);
    if (run) checkDigest(lab, run);
    for (const hint of [machineLog.hint, tripleFaults.hint]) if (hint !== null) progress.note(hint);
    for (const node of lab.nodes) node.disk?.flush();
    if (interrupted) throw new CommandError("", EXIT_INTERRUPTED);
    if (!reached)
      throw new CommandError(
        `--until ${goal!.text} was not reached within ${formatNs(options.for ?? DEFAULT_LIMIT_NS)} of virtual time`,
        EXIT_NOT_REACHED,
      );
    if (!options.reboot && tripleFaults.count > 0) throw new CommandError("", EXIT_STANDSTILL);
    closeAll(closers);
  } catch (error) {
    throw interrupt.signal.aborted && error === interrupt.signal.reason
      ? new CommandError("", EXIT_INTERRUPTED)
      : error;
  } finally {
    progress.done();
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
    closeAll(closers);
  }
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

async function runUntilOff(lab: LabCluster): Promise<void> {
  const hasEnded = (node: LabNode): boolean => node.isOff || node.standstill !== null;
  await lab.until(() => lab.nodes.every(hasEnded), "the machines went on", { within: "forever", look: "seldom" });
  const still = lab.nodes.find(({ isOff }) => !isOff);
  if (still) throw new CommandError(`${still.name}: ${still.standstill}`, EXIT_STANDSTILL);
}

function saveSnapshot(lab: LabCluster, store: string, name: string, progress: Progress): void {
  const path = writeSnapshot(store, name, lab.save());
  progress.note(`snapshot ${name} at virtual time ${formatNs(lab.nowNs)}: ${path}`);
}
