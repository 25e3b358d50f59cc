/**
 * npm run prove -- migrate [--trouble NAME] [--step N] [--fresh]
 *
 * Every frame of a move from its last pass on is lost, doubled, late, or the last for three seconds; at every frame the
 * source dies, and the target. Two streams must go on at one of the two (migrate-scene.ts), unless that has died. How
 * far it came is kept in build/prove-migrate: the same command goes on.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { workshopCommand } from "../../scripts/command.mjs";
import { makeFolder } from "../../src/host/folder.ts";
import { loadFirmware } from "../../src/host/package.ts";
import { LabCluster, restoreCluster } from "../../src/lab/lab.ts";
import { builtFiles } from "../setup/built-files.ts";
import { MOVE_TROUBLES, MoveScene, type MoveTrouble } from "./migrate-scene.ts";
import { joined, NODES } from "./scene.ts";

const FOLDER = "build/prove-migrate";
const LINES = 150_000;

const {
  trouble: only,
  fresh,
  step,
} = workshopCommand(
  "npm run prove -- migrate",
  "a move with each of its last frames lost, doubled, late, cut off, and with either machine dying at it",
  "--trouble lost",
)
  .option("--trouble <name>", `one of ${MOVE_TROUBLES.join(", ")}`)
  .option("--step <n>", "every so many frames alone, counted from the last", "1")
  .option("--fresh", "forget what was done before", false)
  .parse()
  .opts<{ readonly trouble?: string; readonly fresh: boolean; readonly step: string }>();

const cdrom = builtFiles(1000)("qure.iso");

async function givenUp(): Promise<Uint8Array> {
  const lab = await joined(new LabCluster({ firmware: loadFirmware(), nodes: NODES(cdrom) }));
  await new MoveScene(lab).accept();
  return lab.save();
}

/** What is wrong after a move with this trouble; its first frame of the last pass, and how many it had. */
async function tried(snapshot: Uint8Array, trouble: MoveTrouble, at: number): Promise<[string[], number, number]> {
  const lab = restoreCluster(snapshot);
  const scene = new MoveScene(lab);
  try {
    await scene.talk(LINES);
    await scene.move(trouble, at);
    return [await scene.problems(LINES), scene.lastPass, scene.frames];
  } catch (error) {
    return [[(error as Error).message], scene.lastPass, scene.frames];
  } finally {
    lab.close();
  }
}

interface Progress {
  /** The hash of the image: another one has proved nothing yet. */
  readonly of: string;
  /** Frames that were tried of each trouble, counted from the last. */
  readonly done: Record<string, number>;
  readonly broken: string[];
}

const path = join(FOLDER, "progress.json");
makeFolder(FOLDER);
if (fresh) rmSync(path, { force: true });
const hash = createHash("sha256").update(cdrom).digest("hex");
const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Progress) : null;
const progress: Progress = before?.of === hash ? before : { of: hash, done: {}, broken: [] };
const snapshot = await givenUp();
const [, lastPass, frames] = await tried(snapshot, "none", -1);
for (const trouble of MOVE_TROUBLES.filter((one) => only === undefined || one === only)) {
  for (let back = progress.done[trouble] ?? 0; back < frames - lastPass; back += Number(step)) {
    const at = frames - 1 - back;
    const [problems] = await tried(snapshot, trouble, at);
    progress.done[trouble] = back + Number(step);
    for (const problem of problems) {
      progress.broken.push(`${trouble} at frame ${at}: ${problem.slice(0, 400)}`);
      process.stdout.write(`${progress.broken.at(-1)}\n`);
    }
    writeFileSync(path, JSON.stringify(progress));
    if (back % 20 === 0)
      process.stdout.write(`${trouble}: ${back} of ${frames - lastPass} frames, ${progress.broken.length} broken\n`);
  }
}
process.exit(progress.broken.length === 0 ? 0 : 1);
