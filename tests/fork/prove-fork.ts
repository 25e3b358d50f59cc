/**
 * npm run prove -- fork [--trouble NAME] [--job] [--fresh]
 *
 * Every frame of one fork is lost, doubled, changed; at every frame the source dies, and the target. The source must
 * go on, and there must be a twin or none (scene.ts). With --job a program moves, and must run at one end (job-
 * scene.ts). How far it came is kept in build/prove-fork: the same command goes on.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { workshopCommand } from "../../scripts/command.mjs";
import { makeFolder } from "../../src/host/folder.ts";
import { loadFirmware } from "../../src/host/package.ts";
import { LabCluster, restoreCluster } from "../../src/lab/lab.ts";
import { builtFiles } from "../setup/built-files.ts";
import { JobScene } from "./job-scene.ts";
import { ForkScene, joined, NODES, type Trouble } from "./scene.ts";

const TROUBLES: readonly Trouble[] = ["lost", "doubled", "changed", "source dies", "target dies"];

const {
  trouble: only,
  job: isJob,
  fresh,
  step,
} = workshopCommand(
  "npm run prove -- fork",
  "a fork with each of its frames lost, doubled, changed, and with either machine dying at it",
  "--trouble lost",
)
  .option("--trouble <name>", `one of ${TROUBLES.join(", ")}`)
  .option("--job", "a program that moves, instead of a fork", false)
  .option("--step <n>", "every so many frames alone", "1")
  .option("--fresh", "forget what was done before", false)
  .parse()
  .opts<{ readonly trouble?: string; readonly job: boolean; readonly fresh: boolean; readonly step: string }>();

const FOLDER = isJob ? "build/prove-job" : "build/prove-fork";
const cdrom = builtFiles(1000)("qure.iso");

async function prepared(): Promise<Uint8Array> {
  const lab = await joined(new LabCluster({ firmware: loadFirmware(), nodes: NODES(cdrom) }));
  await (isJob ? new JobScene(lab).count() : new ForkScene(lab).accept());
  return lab.save();
}

/** What is wrong after the move of a program with this trouble; how many frames it had. */
async function moved(snapshot: Uint8Array, trouble: Trouble, at: number): Promise<[string[], number]> {
  const lab = restoreCluster(snapshot);
  const scene = new JobScene(lab);
  try {
    await scene.move(trouble, at);
    return [await scene.judge(trouble), scene.frames];
  } catch (error) {
    return [[(error as Error).message], scene.frames];
  } finally {
    lab.close();
  }
}

/** The same of a fork. */
async function tried(snapshot: Uint8Array, trouble: Trouble, at: number): Promise<[string[], number]> {
  const lab = restoreCluster(snapshot);
  const scene = new ForkScene(lab);
  try {
    await scene.fork(trouble, at);
    const problems = await scene.problems();
    if ((trouble === "lost" || trouble === "doubled") && !scene.isTwin) problems.push("there is no twin");
    return [problems, scene.transferFrames];
  } catch (error) {
    return [[(error as Error).message], scene.transferFrames];
  } finally {
    lab.close();
  }
}

interface Progress {
  /** The hash of the image: another one has proved nothing yet. */
  readonly of: string;
  readonly done: Record<string, number>;
  readonly broken: string[];
}

const path = join(FOLDER, "progress.json");
makeFolder(FOLDER);
if (fresh) rmSync(path, { force: true });
const hash = createHash("sha256").update(cdrom).digest("hex");
const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Progress) : null;
const progress: Progress = before?.of === hash ? before : { of: hash, done: {}, broken: [] };
const snapshot = await prepared();
const attempt = isJob ? moved : tried;
const [, frames] = await attempt(snapshot, "none", -1);
for (const trouble of TROUBLES.filter((one) => only === undefined || one === only)) {
  for (let at = progress.done[trouble] ?? 0; at < frames; at += Number(step)) {
    const [problems] = await attempt(snapshot, trouble, at);
    progress.done[trouble] = at + Number(step);
    for (const problem of problems) {
      progress.broken.push(`${trouble} at frame ${at}: ${problem.slice(0, 400)}`);
      process.stdout.write(`${progress.broken.at(-1)}\n`);
    }
    writeFileSync(path, JSON.stringify(progress));
    if (at % 20 === 0)
      process.stdout.write(`${trouble}: ${at} of ${frames} frames, ${progress.broken.length} broken\n`);
  }
}
process.exit(progress.broken.length === 0 ? 0 : 1);
