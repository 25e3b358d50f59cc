/**
 * npm run prove -- deaths [--nodes N] [--hours H] [--loss PERCENT]
 *
 * A cluster in which nobody dies, and whose cables lose frames: how often does it take somebody for dead? A death is
 * heard of at each console and noted in the history. How far it came is kept in build/prove-deaths-N, with the machines
 * as they were: the same command goes on, --fresh begins anew, as another image does.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { NO_TROUBLE } from "../../emulator/ether/trouble.ts";
import { positiveNumber, wholeNumber, workshopCommand } from "../../scripts/command.mjs";
import { writeFilesAside } from "../../src/host/files.ts";
import { loadFirmware } from "../../src/host/package.ts";
import { isAgreed, StatusBoard } from "../../src/lab/cloud-status.ts";
import { LabCluster, restoreCluster } from "../../src/lab/lab.ts";
import { SHELL_PROMPT } from "../../src/lab/prepare.ts";
import { builtFiles } from "../setup/built-files.ts";

const RAM_BYTES = 8 << 20;
/** Virtual minutes between two snapshots. */
const STEP_MINUTES = 10;
/** What a node says of its cluster by itself: once it stands, only changes. */
const CLOUD = /^cloud: .*$/gm;
const EVENTS = new RegExp(`cloud events\\n[\\s\\S]*\\n${SHELL_PROMPT.source}`);
const DIED = /^.* died .*$/gm;

const values = workshopCommand(
  "npm run prove -- deaths",
  "a cluster whose cables lose frames and in which nobody dies: is somebody taken for dead?",
  "--nodes 30 --hours 10",
)
  .option("--nodes <number>", "machines", wholeNumber(2, 300), 3)
  .option("--hours <hours>", "virtual time, that of earlier runs included", positiveNumber, 10)
  .option("--loss <percent>", "frames lost in each direction of each cable", positiveNumber, 5)
  .option("--fresh", "forget what was done before", false)
  .parse()
  .opts<{ readonly nodes: number; readonly hours: number; readonly loss: number; readonly fresh: boolean }>();

interface Progress {
  /** The hash of the image and of the share that is lost: anything else has proved nothing yet. */
  readonly of: string;
  readonly minutes: number;
  /** What consoles and the history have said of deaths. */
  readonly findings: readonly string[];
}

const folder = `build/prove-deaths-${values.nodes}`;
const [progressFile, snapshotFile] = [join(folder, "progress.json"), join(folder, "machines.snapshot")];

/** The machines as one cluster, and from then on with lossy cables. */
async function begun(cdrom: Uint8Array): Promise<LabCluster> {
  const lab = new LabCluster({
    firmware: loadFirmware(),
    nodes: Array.from({ length: values.nodes }, () => ({ cdrom, ramBytes: RAM_BYTES })),
  });
  const board = new StatusBoard(lab.nodes.map((node) => node.console));
  await lab.until(() => isAgreed(board.statuses()), "they do not agree", { look: "output" });
  for (const node of lab.nodes) await node.waitFor(SHELL_PROMPT);
  for (const { index } of lab.nodes)
    for (const direction of ["in", "out"] as const)
      lab.cluster.setTrouble(index, direction, { ...NO_TROUBLE, lostPercent: values.loss });
  return lab;
}

/** What somebody has said of a death since the last time. */
async function deaths(lab: LabCluster, from: readonly number[]): Promise<string[]> {
  const said = lab.nodes.flatMap(({ name, console: { text } }, index) =>
    [...text.slice(from[index]).matchAll(CLOUD)].map(([line]) => `${name}: ${line.trim()}`),
  );
  const [history] = await lab.nodes[0]!.enter("cloud events", EVENTS);
  return [...said, ...[...history.matchAll(DIED)].map(([line]) => line.trim())];
}

const cdrom = builtFiles(1000)("qure.iso");
const hash = createHash("sha256").update(cdrom).update(`${values.loss}`).digest("hex");
if (values.fresh) rmSync(folder, { recursive: true, force: true });
const before = existsSync(progressFile) ? (JSON.parse(readFileSync(progressFile, "utf8")) as Progress) : null;
let progress: Progress = before?.of === hash ? before : { of: hash, minutes: 0, findings: [] };
const lab = progress.minutes > 0 ? restoreCluster(readFileSync(snapshotFile)) : await begun(cdrom);
while (progress.minutes < values.hours * 60) {
  const from = lab.nodes.map(({ console: { text } }) => text.length);
  await lab.advance(`${STEP_MINUTES}min`);
  const found = await deaths(lab, from);
  const isNew = (line: string): boolean => !progress.findings.includes(line);
  const findings = [...progress.findings, ...found.filter(isNew)];
  progress = { of: hash, minutes: progress.minutes + STEP_MINUTES, findings };
  writeFilesAside([
    { path: snapshotFile, content: lab.save() },
    { path: progressFile, content: new TextEncoder().encode(JSON.stringify(progress)) },
  ]);
  console.log(`${progress.minutes} min: ${findings.length === 0 ? "no death" : `${findings.length} lines of deaths`}`);
}
lab.close();
const { minutes, findings } = progress;
for (const line of findings) console.log(line);
console.log(`${minutes} min of ${values.nodes} machines at ${values.loss} % loss: ${findings.length} lines of deaths`);
process.exit(findings.length === 0 ? 0 : 1);
