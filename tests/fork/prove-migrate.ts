/**
 * npm run prove -- migrate [--trouble NAME] [--step N] [--fresh]
 *
 * Every frame of a move from its last pass on is lost, doubled, late, or the last for three seconds; at every frame the
 * source dies, and the target. Two streams must go on at one of the two (migrate-scene.ts), unless that has died.
 *
 * With files, troubles are "files: NAME": every frame of all of the move, and the power of either machine goes before
 * each write and flush of its disk (migrate-disk-scene.ts). How far it came is kept in build/prove-migrate: the same
 * command goes on.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { workshopCommand } from "../../scripts/command.mjs";
import { makeFolder } from "../../src/host/folder.ts";
import { loadFirmware } from "../../src/host/package.ts";
import { LabCluster, restoreCluster } from "../../src/lab/lab.ts";
import { builtFiles } from "../setup/built-files.ts";
import {
  countOf,
  DISK_TROUBLES,
  type DiskMoveMark,
  DiskMoveScene,
  type DiskTrouble,
  givenUpWithFiles,
} from "./migrate-disk-scene.ts";
import { MOVE_TROUBLES, MoveScene, type MoveTrouble } from "./migrate-scene.ts";
import { joined, NODES } from "./scene.ts";

const FOLDER = "build/prove-migrate";
const LINES = 150_000;
const WITH_FILES = "files: ";
/** So many frames, writes and flushes from one state that is kept to the next. */
const STATE_EVERY = 150;

const {
  trouble: only,
  fresh,
  step,
} = workshopCommand(
  "npm run prove -- migrate",
  "a move with each of its last frames lost, doubled, late, cut off, and with either machine dying at it",
  "--trouble lost",
)
  .option(
    "--trouble <name>",
    `one of ${[...MOVE_TROUBLES, ...DISK_TROUBLES.map((name) => WITH_FILES + name)].join(", ")}`,
  )
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

/** A move with files that has come so far, without a trouble. */
interface State {
  readonly snapshot: Uint8Array;
  readonly mark: DiskMoveMark;
}

/** States on the way through a move with files, and how far it comes in all. */
async function statesWithFiles(): Promise<{ states: State[]; whole: DiskMoveMark }> {
  const lab = await givenUpWithFiles((nodes) => new LabCluster({ firmware: loadFirmware(), nodes }), cdrom);
  const states: State[] = [];
  const scene = new DiskMoveScene(lab);
  await scene.begin();
  for (let next = 0; !scene.scene.isOver; await lab.advance("1ms")) {
    const { mark } = scene;
    const come = mark.events.reduce((sum, count) => sum + count, mark.frames);
    if (come < next) continue;
    states.push({ snapshot: lab.save(), mark });
    next = come + STATE_EVERY;
  }
  await scene.finish("none", -1);
  const whole = scene.mark;
  for (const problem of await scene.problems()) throw new Error(`without a trouble: ${problem}`);
  lab.close();
  return { states, whole };
}

/** What is wrong after a move with files and this trouble. */
async function triedWithFiles(states: readonly State[], trouble: DiskTrouble, at: number): Promise<string[]> {
  const from = states.findLast(({ mark }) => countOf(mark, trouble) <= at)!;
  const lab = restoreCluster(from.snapshot);
  const scene = new DiskMoveScene(lab);
  try {
    scene.resume(from.mark, trouble, at);
    await scene.finish(trouble, at);
    return await scene.problems();
  } catch (error) {
    return [(error as Error).message];
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

/** Tries a trouble at each of so many places, from the last to the first. */
async function prove(
  name: string,
  first: number,
  end: number,
  tryAt: (at: number) => Promise<string[]>,
): Promise<void> {
  for (let back = progress.done[name] ?? 0; back < end - first; back += Number(step)) {
    const at = end - 1 - back;
    const problems = await tryAt(at);
    progress.done[name] = back + Number(step);
    for (const problem of problems) {
      progress.broken.push(`${name} at ${at}: ${problem.slice(0, 400)}`);
      process.stdout.write(`${progress.broken.at(-1)}\n`);
    }
    writeFileSync(path, JSON.stringify(progress));
    if (back % 20 === 0) process.stdout.write(`${name}: ${back} of ${end - first}, ${progress.broken.length} broken\n`);
  }
}

const isWanted = (name: string): boolean => only === undefined || name === only;
const streams = MOVE_TROUBLES.filter(isWanted);
if (streams.length > 0) {
  const snapshot = await givenUp();
  const [, lastPass, frames] = await tried(snapshot, "none", -1);
  for (const trouble of streams)
    await prove(trouble, lastPass, frames, async (at) => (await tried(snapshot, trouble, at))[0]);
}
const files = DISK_TROUBLES.filter((trouble) => isWanted(WITH_FILES + trouble));
if (files.length > 0) {
  const { states, whole } = await statesWithFiles();
  for (const trouble of files)
    await prove(WITH_FILES + trouble, 0, countOf(whole, trouble), (at) => triedWithFiles(states, trouble, at));
}
process.exit(progress.broken.length === 0 ? 0 : 1);
