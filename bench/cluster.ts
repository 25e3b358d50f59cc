/**
 * Whole machines and clusters of them: how soon a machine says something, how long clusters of 3, 30 and 300 nodes take
 * from prepared disks to agreement and what a node costs, and how many frames two machines exchange that flood each
 * other; beside QEMU where it can do the same. Medians of whole processes, as a user starts them.
 *
 *     npm run bench -- cluster
 */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { listOf, oneOf, wholeNumber, workshopCommand } from "../scripts/command.mjs";
import { LabCluster, loadFirmware } from "../src/index.ts";
import { ownGuestImage } from "./guest-sources.ts";
import { listen, machineName, OURS, type Peer, QEMU } from "./peers/peers.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const QURE = join(ROOT, "dist/qure.cjs");
const PROMPT = /\w:\/> $/;
/** Virtual seconds over which idle clusters are measured, by nodes; others get the last. */
const IDLE_SECONDS: readonly (readonly [nodes: number, seconds: number])[] = [
  [3, 200],
  [30, 50],
  [Infinity, 10],
];
/** Virtual time by which every cluster has agreed. */
const SETTLED_SECONDS = 10;
const FLOOD_FRAMES = 200_000;
/** Bytes of a frame without its check sequence: the longest and the shortest. */
const FRAME_BYTES = [1514, 60] as const;
const POLL_MS = 20;
const FIRST_PORT = 47_101;
const FLOOD_LIMIT_MS = 120_000;

interface ProcessResult {
  readonly wallSeconds: number;
  /** User and system time of all threads; NaN where /proc does not say. */
  readonly cpuSeconds: number;
  /** Most memory that was resident, in MiB; NaN likewise. */
  readonly peakMiB: number;
  readonly output: string;
}

interface EmuOutcome {
  readonly virtualTimeNs: number;
  readonly wallTimeMs: number;
  readonly instructions: number;
  readonly digest: string;
  readonly reached: boolean;
}

export interface ClusterFigures {
  readonly nodes: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly cpuSecondsPerNode: number;
  readonly instructionsPerNode: number;
  /** Beyond the first node, which brings Node.js, images and compiled code along. */
  readonly miBPerNode: number;
  /** Virtual seconds that pass in a wall second when nothing happens. */
  readonly idleSpeed: number;
}

export interface FloodFigures {
  readonly name: string;
  readonly frameBytes: number;
  /** Both directions together. */
  readonly framesPerSecond: number;
  readonly megabytesPerSecond: number;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Processor time and memory of a running process, as Linux tells them. */
function sample(pid: number): { cpuSeconds: number; peakMiB: number } | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /, "")
      .split(" ");
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return peak && { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, peakMiB: Number(peak[1]) / 1024 };
  } catch {
    return null;
  }
}

/** Runs `qure` to its end. @throws Error when it fails. */
async function qure(folder: string, ...args: readonly string[]): Promise<ProcessResult> {
  const start = performance.now();
  const child = spawn("node", [QURE, ...args], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  let last = { cpuSeconds: NaN, peakMiB: NaN };
  child.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()));
  const timer = setInterval(() => (last = sample(child.pid!) ?? last), POLL_MS);
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearInterval(timer);
  if (status !== 0) throw new Error(`qure ${args.join(" ")} ended with ${status}`);
  return { wallSeconds: (performance.now() - start) / 1000, ...last, output };
}

// 2: how soon.

/** Median of the seconds until `isDone` says so of what came over COM1. */
async function secondsUntil(
  peer: Peer,
  image: Uint8Array,
  isDone: (text: string) => boolean,
  runs: number,
): Promise<number> {
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) seconds.push((await listen(peer, image, isDone)).at(-1)!.timeMs / 1000);
  return median(seconds);
}

/** The same emulator with QuRe's own disk. */
function withDisk({ name, installed }: Peer, disk: string): Peer {
  const ours = ["node", QURE, "emu", "--hda", disk, "--serial", "stdio"] as const;
  const qemu = [
    ...([
      "qemu-system-i386",
      "-M",
      "pc",
      "-m",
      "32",
      "-display",
      "none",
      "-no-reboot",
      "-monitor",
      "none",
      "-serial",
      "stdio",
      "-accel",
      "tcg",
    ] as const),
    ...["-nic", "user,model=e1000", "-drive", `format=raw,snapshot=on,file=${disk}`],
  ] as const;
  return { name, installed, command: () => (name === OURS.name ? ours : qemu) };
}

async function measureStart(folder: string, runs: number): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  const image = ownGuestImage("fnv");
  const disk = join(folder, "build/qure.img");
  for (const peer of [OURS, QEMU].filter((one) => one.installed())) {
    figures[`${peer.name}, first byte of the boot sector`] = await secondsUntil(
      peer,
      image,
      (text) => /(?:^|starts\s+)B/.test(text),
      runs,
    );
    figures[`${peer.name}, shell prompt`] = await secondsUntil(
      withDisk(peer, disk),
      new Uint8Array(0),
      (text) => PROMPT.test(text),
      runs,
    );
  }
  await qure(folder, "emu", "--nodes", "3");
  const agreed: number[] = [];
  for (let run = 0; run < runs; run++) agreed.push((await qure(folder, "emu", "--nodes", "3")).wallSeconds);
  figures["QuRe, three nodes from prepared disks to agreement"] = median(agreed);
  return figures;
}

// 3: clusters.

async function measureCluster(
  folder: string,
  nodes: number,
  threads: readonly string[],
  firstMiB: number,
): Promise<ClusterFigures> {
  const emu = async (...goal: readonly string[]): Promise<ProcessResult & { outcome: EmuOutcome }> => {
    const result = await qure(folder, "emu", "--nodes", String(nodes), ...threads, ...goal, "--json");
    return { ...result, outcome: JSON.parse(result.output) as EmuOutcome };
  };
  const booted = await emu();
  if (!booted.outcome.reached) throw new Error(`${nodes} nodes did not agree`);
  const idleSeconds = IDLE_SECONDS.find(([most]) => nodes <= most)![1];
  const short = await emu("--for", `${SETTLED_SECONDS}s`);
  const long = await emu("--for", `${SETTLED_SECONDS + idleSeconds}s`);
  return {
    nodes,
    wallSeconds: booted.wallSeconds,
    cpuSeconds: booted.cpuSeconds,
    cpuSecondsPerNode: booted.cpuSeconds / nodes,
    instructionsPerNode: booted.outcome.instructions / nodes,
    miBPerNode: (booted.peakMiB - firstMiB) / (nodes - 1),
    idleSpeed: (idleSeconds * 1000) / (long.outcome.wallTimeMs - short.outcome.wallTimeMs),
  };
}

// 4: floods.

function floodImage(frameBytes: number): Uint8Array {
  const image = ownGuestImage("flood", "network");
  const view = new DataView(image.buffer);
  view.setUint32(512, FLOOD_FRAMES, true);
  view.setUint32(516, frameBytes << 8, true);
  return image;
}

/**
 * When the marks of a machine that floods came: `R` at its first frame, `D` at its last; both after the start mark.
 */
class MarkClock {
  #text = "";
  #firstMs = NaN;
  #lastMs = NaN;

  hear(text: string): void {
    const now = performance.now();
    this.#text += text;
    const marks = this.#text.split("S\n")[1] ?? "";
    if (Number.isNaN(this.#firstMs) && marks.includes("R")) this.#firstMs = now;
    if (Number.isNaN(this.#lastMs) && marks.includes("D")) this.#lastMs = now;
  }

  get isDone(): boolean {
    return !Number.isNaN(this.#lastMs);
  }

  get milliseconds(): number {
    return this.#lastMs - this.#firstMs;
  }
}

function floodFigures(name: string, frameBytes: number, clocks: readonly MarkClock[]): FloodFigures {
  const framesPerSecond = clocks.reduce((sum, { milliseconds }) => sum + (FLOOD_FRAMES / milliseconds) * 1000, 0);
  return { name, frameBytes, framesPerSecond, megabytesPerSecond: (framesPerSecond * frameBytes) / 1e6 };
}

async function floodOurs(frameBytes: number): Promise<FloodFigures> {
  const image = floodImage(frameBytes);
  const lab = new LabCluster({ firmware: loadFirmware(), gateway: false, nodes: [{ disk: image }, { disk: image }] });
  const clocks = lab.nodes.map(() => new MarkClock());
  lab.nodes.forEach(
    ({ console }, index) => void console.listen((bytes) => clocks[index]!.hear(String.fromCharCode(...bytes))),
  );
  await lab.until(() => clocks.every(({ isDone }) => isDone), "the flood ended", { within: "forever", look: "output" });
  return floodFigures("QuRe", frameBytes, clocks);
}

/** Both machines run until both are done: the one that is done first is the other's sender. */
async function floodQemu(frameBytes: number): Promise<FloodFigures> {
  const place = mkdtempSync(join(tmpdir(), "qure-bench-"));
  const clocks = [new MarkClock(), new MarkClock()];
  const disk = join(place, "flood.img");
  const bytes = new Uint8Array(1 << 20);
  bytes.set(floodImage(frameBytes));
  writeFileSync(disk, bytes);
  const machines = clocks.map((_, index) => {
    const wire = `dgram,id=n,local.type=inet,local.host=127.0.0.1,local.port=${FIRST_PORT + index},remote.type=inet,remote.host=127.0.0.1,remote.port=${FIRST_PORT + 1 - index}`;
    const [program, ...options] = withDisk(QEMU, disk).command("", place);
    const network = ["-netdev", wire, "-device", `e1000,netdev=n,mac=52:54:00:00:00:0${index + 1}`];
    return spawn(program, [...options.filter((word) => word !== "-nic" && !word.startsWith("user,")), ...network], {
      stdio: ["ignore", "pipe", "ignore"],
    });
  });
  try {
    await new Promise<void>((resolve, reject) => {
      const watchdog = setTimeout(() => reject(new Error("the flood between two QEMUs does not end")), FLOOD_LIMIT_MS);
      machines.forEach(({ stdout }, index) =>
        stdout.on("data", (chunk: Buffer) => {
          clocks[index]!.hear(chunk.toString("latin1"));
          if (!clocks.every(({ isDone }) => isDone)) return;
          clearTimeout(watchdog);
          resolve();
        }),
      );
    });
  } finally {
    for (const machine of machines) machine.kill("SIGKILL");
    rmSync(place, { recursive: true, force: true });
  }
  return floodFigures("QEMU", frameBytes, clocks);
}

// The tables.

const PARTS = ["start", "nodes", "flood"];
const command = workshopCommand("npm run bench -- cluster", "what clusters cost", "nodes --nodes 3,30 --threads 2")
  .argument(
    "[parts...]",
    `of ${PARTS.join(", ")}; all of them when none is named`,
    (part: string, all: string[]) => [...all, oneOf(PARTS)(part)],
    [],
  )
  .option("--runs <number>", "the median of so many starts is taken", wholeNumber(1), 3)
  .option("--nodes <numbers>", "machines of each cluster", listOf(wholeNumber(1)), [3, 30, 300])
  .option("--threads <number>", "worker threads", wholeNumber(1, 64))
  .option("--json", "print the figures as JSON", false)
  .parse();
const {
  runs,
  nodes: counts,
  threads,
  json: asJson,
} = command.opts<{
  readonly runs: number;
  readonly nodes: readonly number[];
  readonly threads?: number;
  readonly json: boolean;
}>();
const [asked] = command.processedArgs as [readonly string[]];
const wants = (part: string): boolean => asked.length === 0 || asked.includes(part);
const say = (line: string): void => void (asJson || process.stdout.write(`${line}\n`));
const figures: {
  machine: string;
  start?: Record<string, number>;
  clusters?: ClusterFigures[];
  floods?: FloodFigures[];
} = { machine: machineName() };

const folder = mkdtempSync(join(tmpdir(), "qure-bench-"));
try {
  say(`${figures.machine}\n`);
  if (wants("start") || wants("nodes")) {
    for (const part of ["asm", "boot"]) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    const built = spawnSync("node", [QURE, "build"], { cwd: folder, encoding: "utf8" });
    if (built.status !== 0) throw new Error(built.stderr);
  }
  if (wants("start")) {
    figures.start = await measureStart(folder, runs);
    for (const [what, seconds] of Object.entries(figures.start))
      say(`  ${what.padEnd(60)} ${seconds.toFixed(2).padStart(7)} s`);
  }
  if (wants("nodes")) {
    const { peakMiB } = await qure(folder, "emu", "--nodes", "1");
    figures.clusters = [];
    say(
      "\n| nodes | wall s | CPU s | CPU s a node | instructions a node | MiB a node | idle: virtual s a wall s |\n|---:|---:|---:|---:|---:|---:|---:|",
    );
    for (const nodes of counts) {
      const row = await measureCluster(
        folder,
        nodes,
        threads === undefined ? [] : ["--threads", `${threads}`],
        peakMiB,
      );
      figures.clusters.push(row);
      say(
        `| ${row.nodes} | ${row.wallSeconds.toFixed(1)} | ${row.cpuSeconds.toFixed(1)} | ${row.cpuSecondsPerNode.toFixed(3)} | ${(row.instructionsPerNode / 1e6).toFixed(2)} million | ${row.miBPerNode.toFixed(1)} | ${row.idleSpeed.toFixed(1)} |`,
      );
    }
  }
  if (wants("flood")) {
    figures.floods = [];
    say("\n| flood of two machines, both directions | frames/s | MB/s |\n|---|---:|---:|");
    for (const frameBytes of FRAME_BYTES) {
      for (const flood of [floodOurs, ...(QEMU.installed() ? [floodQemu] : [])]) {
        const row = await flood(frameBytes);
        figures.floods.push(row);
        say(
          `| ${row.name}, frames of ${row.frameBytes} bytes | ${row.framesPerSecond.toFixed(0)} | ${row.megabytesPerSecond.toFixed(0)} |`,
        );
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (asJson) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
