/**
 * npm run prove -- packets [--packets N] [--minutes M] [--kind TEXT]
 *
 * Packets that must change nothing (refused-packets.ts), kind after kind, until of each so many have been refused. How
 * far it came is kept in build/prove-packets.json: the same command goes on, --fresh begins anew, as another kernel
 * does.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { positiveNumber, wholeNumber, workshopCommand } from "../../scripts/command.mjs";
import { CAMPAIGN_DISK_BYTES, prepareCluster } from "../../src/chaos/qure/prepare-cluster.ts";
import { kernelLayout, openStage } from "../../src/chaos/setup.ts";
import { loadFirmware } from "../../src/host/package.ts";
import { LabCluster } from "../../src/lab/lab.ts";
import { prepareDisk } from "../../src/lab/prepare.ts";
import { builtFiles } from "../setup/built-files.ts";
import { PACKET_KINDS, PacketScene } from "./refused-packets.ts";

const PROGRESS = "build/prove-packets.json";
/** Each ends with a look at the memory of all, so they are large. */
const CASE_PACKETS = 50_000;

const values = workshopCommand(
  "npm run prove -- packets",
  "packets that must change nothing: forged, mutated, said again",
  "--packets 100000",
)
  .option("--packets <number>", "of each kind, those of earlier runs included", positiveNumber, 10_000_000)
  .option("--minutes <minutes>", "at most so long", positiveNumber, Number.MAX_SAFE_INTEGER)
  .option("--nodes <number>", "machines", wholeNumber(2, 30), 3)
  .option("--kind <text>", "kinds with this in their name", "")
  .option("--fresh", "forget what was done before", false)
  .parse()
  .opts<{
    readonly packets: number;
    readonly minutes: number;
    readonly nodes: number;
    readonly kind: string;
    readonly fresh: boolean;
  }>();

interface Progress {
  /** The hash of the kernel: another one has refused nothing yet. */
  readonly kernel: string;
  /** By kind: how many cases were tried. */
  readonly cases: Record<string, number>;
  readonly findings: string[];
}

const file = builtFiles(1000);
const [cdrom, kernel, firmware] = [file("qure.iso"), file("kernel.elf"), loadFirmware()];

function progressSoFar(): Progress {
  if (values.fresh) rmSync(PROGRESS, { force: true });
  const hash = createHash("sha256").update(kernel).digest("hex");
  const before = existsSync(PROGRESS) ? (JSON.parse(readFileSync(PROGRESS, "utf8")) as Progress) : null;
  return before?.kernel === hash ? before : { kernel: hash, cases: {}, findings: [] };
}

const make = (options: ConstructorParameters<typeof LabCluster>[0]): LabCluster => new LabCluster(options);
const disk = await prepareDisk({ cdrom, firmware, sizeBytes: CAMPAIGN_DISK_BYTES, make, step: () => {} });
const prepared = { cdrom, disk, kernel, firmware, nodes: values.nodes, ramBytes: 8 << 20 };
const scene = await PacketScene.of(await openStage(await prepareCluster(prepared)), kernelLayout(kernel));
const progress = progressSoFar();
const untilMs = Date.now() + values.minutes * 60_000;
const kinds = PACKET_KINDS.filter((kind) => kind.includes(values.kind));
const cases = Math.ceil(values.packets / CASE_PACKETS);
mkdirSync("build", { recursive: true });
let [played, playedUs] = [0, 0];

for (;;) {
  const left = kinds.filter((kind) => (progress.cases[kind] ?? 0) < cases);
  if (left.length === 0 || Date.now() > untilMs) break;
  for (const kind of left) {
    const seed = (progress.cases[kind] ?? 0) + 1;
    const cpuFrom = process.cpuUsage();
    const problem = await scene.problem(kind, seed, CASE_PACKETS).catch((error: Error) => error.message);
    playedUs += process.cpuUsage(cpuFrom).user;
    played += CASE_PACKETS;
    progress.cases[kind] = seed;
    if (problem !== null) {
      progress.findings.push(`${kind}, seed ${seed}: ${problem}`);
      console.log(progress.findings.at(-1));
    }
  }
  writeFileSync(PROGRESS, JSON.stringify(progress));
  const said = kinds.map((kind) => `${((progress.cases[kind] ?? 0) * CASE_PACKETS).toLocaleString("en")} ${kind}`);
  if (process.stdout.isTTY) process.stdout.write(`\r${said.join(", ")}\x1b[K`);
}
for (const kind of kinds)
  console.log(`${((progress.cases[kind] ?? 0) * CASE_PACKETS).toLocaleString("en").padStart(12)} packets ${kind}`);
if (played > 0) console.log(`${(playedUs / played / 1000).toFixed(3)} ms of processor time a packet`);
console.log(
  `${progress.findings.length} findings; packets of kinds ${[...scene.kinds].sort((a, b) => a - b).join(", ")}`,
);
process.exitCode = progress.findings.length === 0 ? 0 : 1;
