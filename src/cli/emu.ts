/** `qure emu`: boots machines, alone or as a cluster, and shows what becomes of them. */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import type { BlockBackend } from "../../emulator/disk/block.ts";
import { BytesDisk, SparseDisk } from "../../emulator/disk/disk.ts";
import { DEFAULT_JIT, JIT_MODES, type JitMode } from "../../emulator/jit/jit.ts";
import { FileDisk } from "../host/file-disk.ts";
import { copyFileAside, readIfPresent, writeFileAside } from "../host/files.ts";
import { lockFolder } from "../host/folder-lock.ts";
import { loadFirmware } from "../host/package.ts";
import { encodePng } from "../host/png.ts";
import { LabCluster, type NodeOptions, type RestoreOptions, restoreCluster } from "../lab/lab.ts";
import { formatNs, toNs } from "../lab/time.ts";
import { isAgreed, StatusBoard } from "./cloud-status.ts";
import { parseConsoleScript, runConsoleScript } from "./console-script.ts";
import {
  checkDebugOptions,
  type DebugOptions,
  type DebugSettings,
  declareDebugOptions,
  startDebugging,
} from "./emu-debug.ts";
import { type Outcome, report, statistics } from "./emu-report.ts";
import { connectStdio, LEFT_BY_KEY } from "./emu-serial.ts";
import { stay, type Watched } from "./emu-terminal.ts";
import { CommandError, UsageError } from "./fail.ts";
import { MachineLog } from "./machine-log.ts";
import { preparedDisk } from "./prepare.ts";
import { makeProgress, type Progress } from "./progress.ts";
import { parseMemorySize, parseSize } from "./sizes.ts";
import { DEFAULT_STORE, type StoredSnapshot, writeSnapshot } from "./snapshot-store.ts";

export interface EmuOptions extends DebugOptions {
  readonly nodes: string;
  readonly image?: string;
  readonly cdrom?: string;
  readonly hda?: string;
  readonly disk?: string;
  readonly dir?: string;
  readonly seed: string;
  readonly gateway: boolean;
  readonly until?: string;
  readonly for?: string;
  readonly script?: string;
  readonly pcap?: string;
  readonly log?: string;
  readonly screenshot?: string;
  readonly serial?: string;
  readonly memory: string;
  readonly firmware?: string;
  readonly threads?: string;
  readonly jit: string;
  readonly realtime?: boolean;
  readonly json?: boolean;
  readonly save?: string;
  readonly at?: string;
  readonly store?: string;
}

const DEFAULT_IMAGE = "build/qure.iso";
const DEFAULT_DISK = "64M";
const DEFAULT_MEMORY = "32M";
/** Virtual time within which `--until` must be reached when there is no `--for`. */
const DEFAULT_LIMIT = "120s";
const EXIT_NOT_REACHED = 3;
const EXIT_INTERRUPTED = 130;

export function declare(command: Command): void {
  declareMachines(command);
  declareRun(command)
    .option("--save <name>", "keep a snapshot of the whole cluster at the end (qure snapshot restore NAME)")
    .option("--at <time>", "with --save: at this virtual time, and go on")
    .addHelpText(
      "after",
      "\nExamples:\n  qure emu --nodes 3                          a cluster of three from build/qure.iso\n  qure emu --hda my-os.img --serial stdio     any disk image, its COM1 here\n",
    )
    .action((options: EmuOptions) => runEmu(options));
}

/** Options that say which machines there are. */
export function declareMachines(command: Command): Command {
  return command
    .option("-n, --nodes <n>", "number of machines", "1")
    .option("--image <file>", "boot this image: an ISO as CD, anything else as disk hda")
    .option("--cdrom <file>", "put this ISO into every machine's CD drive")
    .option("--hda <file>", "start every machine's disk as a copy of this one; the file itself is not changed")
    .option("--disk <size>", `size of blank disks (default: ${DEFAULT_DISK})`)
    .option("--dir <dir>", "keep the machines' disks here; without it they are gone afterwards")
    .option("--seed <n>", "seed of everything that is left to chance", "1")
    .option("--no-gateway", "no DHCP server on the network: nodes take link-local addresses")
    .option("-m, --memory <size>", "memory of each machine", DEFAULT_MEMORY)
    .option("--firmware <file>", "another BIOS than QuRe's own");
}

/** Options that say how long machines run and what is to be seen of it. */
export function declareRun(command: Command): Command {
  return declareDebugOptions(command)
    .option("--until <what>", "run until: cloud (all nodes agree), or text:REGEX on every console")
    .option("--for <time>", "run for this virtual time, such as 10s")
    .option("--script <file>", "type the lines of this file at the consoles (docs/emulator.md)")
    .option("--pcap <file>", "capture all cables as pcapng")
    .option("--log <dir>", "write each console to NAME.log")
    .option("--screenshot <dir>", "write each screen to NAME.png at the end")
    .option("--serial <where>", "stdio: connect COM1 of the one machine with this terminal")
    .option(
      "--threads <n>",
      "spread the machines over threads; the run is the same (default: 1 for few machines, else as many as cores are free)",
    )
    .option("--jit <mode>", `compile hot guest code: ${JIT_MODES.join(", ")}; the run is the same`, DEFAULT_JIT)
    .option("--realtime", "let a virtual second take a second")
    .option("--json", "print the outcome as one JSON object");
}

/** Boots machines, or goes on with those of a snapshot. */
export async function runEmu(options: EmuOptions, from: StoredSnapshot | null = null): Promise<void> {
  const start = performance.now();
  const settings = checkOptions(options, from);
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  const progress = makeProgress(process.stderr);
  const closers: (() => void)[] = [];
  try {
    const script = settings.script
      ? parseConsoleScript(readFileSync(settings.script, "utf8"), settings.script, settings.nodes)
      : null;
    const capture = settings.pcap ? openCapture(settings.pcap, closers) : undefined;
    const machineLog = new MachineLog(settings.log);
    const common: RestoreOptions = {
      threads: settings.threads,
      jit: settings.jit,
      realtime: settings.realtime,
      signal: interrupt.signal,
      ...(capture ? { capture } : {}),
      log: (node, line) => machineLog.write(node, line),
    };
    const lab = from
      ? restoreCluster(from.bytes, common)
      : await newCluster(settings, common, progress, interrupt.signal, closers);
    closers.push(() => lab.close());
    if (settings.log) openLogs(lab, settings.log, closers);
    await startDebugging(lab, settings.debug, progress, closers);
    let reached = true;
    let interrupted = false;
    let startNs = lab.nowNs;
    const run: Watched = { lab, settings, progress, start };
    try {
      if (settings.serial) closers.push(connectStdio(lab.nodes[0]!, interrupt));
      if (settings.at !== null) {
        await lab.advance(Math.max(0, toNs(settings.at) - startNs));
        saveSnapshot(lab, settings, progress);
      }
      if (script) {
        await runConsoleScript(lab, script, settings.script!);
        startNs = lab.nowNs;
      }
      reached = await runUntil(run, startNs);
      if (settings.interactive) await stay(run);
    } catch (error) {
      if (!interrupt.signal.aborted) throw error;
      interrupted = !settings.interactive && interrupt.signal.reason !== LEFT_BY_KEY;
    }
    progress.done();
    if (settings.save !== null && settings.at === null && reached) saveSnapshot(lab, settings, progress);
    if (settings.screenshot) writeScreenshots(lab, settings.screenshot);
    const outcome: Outcome = { lab, reached, wallTimeMs: performance.now() - start };
    if (!settings.serial || settings.json) report(outcome, settings.json, settings.stats);
    else if (settings.stats) process.stderr.write(`${statistics(lab).join("\n")}\n`);
    if (machineLog.hint) progress.note(machineLog.hint);
    for (const node of lab.nodes) node.disk?.flush();
    if (interrupted) throw new CommandError("", EXIT_INTERRUPTED);
    if (!reached)
      throw new CommandError(
        `--until ${settings.until} was not reached within ${settings.for ?? DEFAULT_LIMIT} of virtual time`,
        EXIT_NOT_REACHED,
      );
  } catch (error) {
    throw interrupt.signal.aborted && error === interrupt.signal.reason
      ? new CommandError("", EXIT_INTERRUPTED)
      : error;
  } finally {
    progress.done();
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
    for (const close of closers.reverse()) close();
  }
}

async function newCluster(
  settings: EmuSettings,
  common: RestoreOptions,
  progress: Progress,
  signal: AbortSignal,
  closers: (() => void)[],
): Promise<LabCluster> {
  const firmware = settings.firmware ? readInput(settings.firmware) : loadFirmware();
  const nodes = await machineNodes(settings, firmware, progress, signal, closers);
  return new LabCluster({ ...common, nodes, firmware, seed: settings.seed, gateway: settings.gateway });
}

function saveSnapshot(lab: LabCluster, { save, store }: EmuSettings, progress: Progress): void {
  const path = writeSnapshot(store, save!, lab.save());
  progress.note(`snapshot ${save} at virtual time ${formatNs(lab.nowNs)}: ${path}`);
}

export interface EmuSettings {
  readonly nodes: number;
  readonly cdrom: string | null;
  readonly hda: string | null;
  readonly diskBytes: number;
  /** Blank disks are wanted, and prepared for QuRe. */
  readonly blank: boolean;
  readonly dir: string | null;
  readonly seed: number;
  readonly gateway: boolean;
  readonly until: string | null;
  readonly for: string | null;
  readonly script: string | null;
  readonly pcap: string | null;
  readonly log: string | null;
  readonly screenshot: string | null;
  readonly serial: boolean;
  readonly ramBytes: number;
  readonly firmware: string | null;
  readonly threads: number;
  readonly jit: JitMode;
  readonly realtime: boolean;
  readonly json: boolean;
  readonly interactive: boolean;
  /** Without a goal there is nothing to run for: a snapshot is restored and shown. */
  readonly resting: boolean;
  /** Name of the snapshot to keep, and when; at the end without a time. */
  readonly save: string | null;
  readonly at: string | null;
  /** Folder of snapshots. */
  readonly store: string;
  readonly debug: DebugSettings;
  /** Print the engine's counters at the end. */
  readonly stats: boolean;
}

/** Below this a quantum has too little to do for a thread to be worth its wake. */
const NODES_PER_THREAD = 8;

/**
 * Threads that wait for each other at every quantum are worse than one unless each has a core for itself: only cores
 * that others leave free count. `watched`: debuggers, traces and counters reach only into machines of this thread.
 */
function chooseThreads(asked: number | null, nodes: number, watched: boolean): number {
  const freeCores = availableParallelism() - Math.round(loadavg()[0]!);
  if (!watched) return asked ?? Math.max(1, Math.min(freeCores, Math.floor(nodes / NODES_PER_THREAD)));
  if (asked !== null && asked > 1)
    throw new UsageError("--threads: --gdb, --trace and --stats watch machines in one thread");
  return 1;
}

function jitMode(text: string): JitMode {
  const mode = JIT_MODES.find((known) => known === text);
  if (mode === undefined) throw new UsageError(`--jit ${text}: not one of ${JIT_MODES.join(", ")}`);
  return mode;
}

function checkOptions(options: EmuOptions, from: StoredSnapshot | null): EmuSettings {
  const integer = (text: string, option: string, least: number, most: number): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new UsageError(`${option} ${text}: not a whole number from ${least} to ${most}`);
    return value;
  };
  const span = (text: string | undefined, option: string): string | null => {
    try {
      if (text !== undefined) toNs(text);
    } catch (error) {
      throw new UsageError(`${option} ${text}: ${(error as Error).message}`);
    }
    return text ?? null;
  };
  const nodes = from ? from.config.nodes.length : integer(options.nodes, "--nodes", 1, 1000);
  if (options.at !== undefined && options.save === undefined)
    throw new UsageError("--at says when --save is to save: give both");
  const limit = span(options.for, "--for");
  if (options.serial !== undefined && options.serial !== "stdio")
    throw new UsageError(`--serial ${options.serial}: only stdio is known`);
  if (options.serial && nodes > 1) throw new UsageError("--serial stdio is for a single machine: leave --nodes away");
  if (options.image && (options.cdrom || options.hda))
    throw new UsageError("--image says what --cdrom or --hda say: give one of them");
  const isIso = options.image ? Buffer.from(readRange(options.image, 32769, 5)).toString("latin1") === "CD001" : false;
  const ownImage = !from && !options.image && !options.cdrom && !options.hda;
  if (ownImage && !existsSync(DEFAULT_IMAGE))
    throw new CommandError(
      `${DEFAULT_IMAGE}: no such file; qure build makes it, or name an image with --cdrom or --hda`,
    );
  const cdrom = options.cdrom ?? (options.image && isIso ? options.image : ownImage ? DEFAULT_IMAGE : null);
  const hda = options.hda ?? (options.image && !isIso ? options.image : null);
  const debug = checkDebugOptions(options, nodes, cdrom ?? hda);
  const until =
    options.until ??
    (!options.for && !options.serial && !options.script && debug.gdb === null && cdrom && !hda ? "cloud" : null);
  if (until !== null && until !== "cloud") {
    if (!until.startsWith("text:")) throw new UsageError(`--until ${until}: write cloud or text:REGEX`);
    try {
      new RegExp(until.slice(5));
    } catch (error) {
      throw new UsageError(`--until ${until}: ${(error as Error).message}`);
    }
  }
  return {
    nodes,
    cdrom,
    hda,
    diskBytes: parseSize(options.disk ?? DEFAULT_DISK, "--disk"),
    blank: hda === null && cdrom !== null,
    dir: options.dir ?? null,
    gateway: options.gateway,
    seed: from ? from.config.seed : integer(options.seed, "--seed", 0, Number.MAX_SAFE_INTEGER),
    until,
    for: limit,
    script: options.script ?? null,
    pcap: options.pcap ?? null,
    log: options.log ?? null,
    screenshot: options.screenshot ?? null,
    serial: options.serial === "stdio",
    ramBytes: parseMemorySize(options.memory ?? DEFAULT_MEMORY, "--memory"),
    firmware: options.firmware ?? null,
    save: options.save ?? null,
    at: span(options.at, "--at"),
    store: options.store ?? DEFAULT_STORE,
    realtime: options.realtime ?? false,
    threads: chooseThreads(
      options.threads === undefined ? null : integer(options.threads, "--threads", 1, 256),
      nodes,
      debug.gdb !== null || debug.trace.size > 0 || options.stats === true,
    ),
    jit: jitMode(options.jit),
    json: options.json ?? false,
    resting: from !== null && !options.serial,
    debug,
    stats: options.stats ?? false,
    interactive:
      process.stdout.isTTY === true &&
      process.stdin.isTTY === true &&
      !options.serial &&
      !options.json &&
      !options.for &&
      !options.until,
  };
}

async function machineNodes(
  settings: EmuSettings,
  firmware: Uint8Array,
  progress: Progress,
  signal: AbortSignal,
  closers: (() => void)[],
): Promise<NodeOptions[]> {
  const cdrom = settings.cdrom ? readInput(settings.cdrom) : null;
  const names = Array.from({ length: settings.nodes }, (_, index) => `qure-${index + 1}`);
  if (settings.dir !== null) closers.push(lockFolder(settings.dir));
  const kept = names.map((name) => (settings.dir ? join(settings.dir, `${name}.img`) : null));
  let content: Uint8Array | null = null;
  if (settings.blank && kept.some((path) => path === null || !existsSync(path))) {
    const cacheFolder = join(dirname(settings.cdrom!), ".qure-cache");
    content = await preparedDisk({
      cdrom: cdrom!,
      firmware,
      sizeBytes: settings.diskBytes,
      cacheFolder,
      progress,
      signal,
    });
  }
  const open = (path: string, readOnly: boolean): FileDisk => {
    const disk = new FileDisk(path, { readOnly });
    closers.push(() => disk.close());
    return disk;
  };
  // One medium below the disks of all machines.
  const base = settings.hda ? open(settings.hda, true) : content ? new BytesDisk(content, settings.diskBytes) : null;
  const newDisk = (): BlockBackend => new SparseDisk(base?.sizeBytes ?? settings.diskBytes, base ? { base } : {});
  progress.step("booting");
  return names.map((name, index): NodeOptions => {
    const path = kept[index];
    let disk: BlockBackend | null = null;
    if (path) {
      if (!existsSync(path)) {
        if (settings.hda) copyFileAside(settings.hda, path);
        else writeFileAside(path, content!, settings.diskBytes);
      }
      disk = open(path, false);
    } else if (settings.blank || base) disk = newDisk();
    return { name, ramBytes: settings.ramBytes, ...(disk ? { disk } : {}), ...(cdrom ? { cdrom } : {}) };
  });
}

/** Runs until what was asked for is reached; false when virtual time ran out before. */
async function runUntil({ lab, settings, progress }: Watched, startNs: number): Promise<boolean> {
  const limit = Math.max(0, startNs + toNs(settings.for ?? DEFAULT_LIMIT) - lab.nowNs);
  if (settings.until === null) {
    if (settings.resting && settings.for === null) return true;
    if (settings.for !== null) await lab.advance(limit);
    // Without a goal: until the machines are off, as any emulator does.
    else if (!settings.interactive && settings.script === null)
      await lab.until(() => lab.nodes.every(({ isOff }) => isOff), "the machines went on", { within: "forever" });
    return true;
  }
  const pattern = settings.until === "cloud" ? null : new RegExp(settings.until.slice(5), "m");
  const board = new StatusBoard(lab.nodes.map((node) => node.console));
  const condition = (): boolean => {
    if (pattern) return lab.nodes.every(({ console: { text } }) => pattern.test(text));
    const statuses = board.statuses();
    const members = statuses.filter((status) => status !== null).length;
    progress.step(
      `${members} of ${lab.nodes.length} nodes are in a cluster, virtual time ${(lab.nowNs / 1e9).toFixed(1)} s`,
    );
    return isAgreed(statuses);
  };
  try {
    await lab.until(condition, "", { within: limit, look: "output" });
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "WaitError") return false;
    throw error;
  }
}

function readInput(path: string): Uint8Array {
  const bytes = readIfPresent(path);
  if (!bytes) throw new CommandError(`${path}: no such file`);
  return bytes;
}

function readRange(path: string, offset: number, length: number): Uint8Array {
  const file = new FileDisk(path, { readOnly: true });
  const bytes = new Uint8Array(length);
  file.read(offset, bytes);
  file.close();
  return bytes;
}

function openCapture(path: string, closers: (() => void)[]): (bytes: Uint8Array) => void {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "w");
  closers.push(() => closeSync(file));
  return (bytes) => void writeSync(file, bytes);
}

function openLogs(lab: LabCluster, folder: string, closers: (() => void)[]): void {
  mkdirSync(folder, { recursive: true });
  for (const node of lab.nodes) {
    const file = openSync(join(folder, `${node.name}.log`), "w");
    const silence = node.console.listen((bytes) => void writeSync(file, bytes));
    closers.push(() => {
      silence();
      closeSync(file);
    });
  }
}

function writeScreenshots(lab: LabCluster, folder: string): void {
  for (const node of lab.nodes) {
    const { width, height, rgba } = node.screenshot();
    writeFileAside(join(folder, `${node.name}.png`), encodePng(width, height, rgba));
  }
}
