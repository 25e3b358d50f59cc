/**
 * npm run prove -- volume [--schedules N] [--minutes M] [--fresh]
 *
 * Drawn schedules of volumes (schedule.ts), seed after seed. How far they came is kept in build/prove-volume, by the
 * content of src/volume: the same command goes on, and what was changed is tried from the first seed again.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { positiveNumber, workshopCommand } from "../../scripts/command.mjs";
import { MemoryStore } from "../../src/volume/memory-store.ts";
import { StoreError } from "../../src/volume/store.ts";
import { openVolumes } from "../../src/volume/volumes.ts";
import { Schedule } from "./schedule.ts";

const FOLDER = "build/prove-volume";
const PROGRESS = join(FOLDER, "progress.json");
const SAVE_EVERY = 500;

interface Progress {
  readonly sources: string;
  done: number;
  answered: number;
  fenced: number;
  readonly broken: { readonly seed: number; readonly why: string }[];
}

const { schedules, minutes, fresh } = workshopCommand(
  "npm run prove -- volume",
  "machines that write one volume, killed, suspended and brought back, over a store that loses answers",
  "--schedules 100000",
)
  .option("--schedules <number>", "until so many were tried, those of earlier runs included", positiveNumber, 100_000)
  .option("--minutes <minutes>", "at most so long", positiveNumber, Number.MAX_SAFE_INTEGER)
  .option("--fresh", "forget what was done before", false)
  .parse()
  .opts<{ readonly schedules: number; readonly minutes: number; readonly fresh: boolean }>();

function hashOfSources(): string {
  const hash = createHash("sha256");
  for (const name of readdirSync("src/volume").sort())
    if (name.endsWith(".ts")) hash.update(readFileSync(join("src/volume", name)));
  hash.update(readFileSync("tests/volume/schedule.ts"));
  return hash.digest("hex").slice(0, 16);
}

function begin(): Progress {
  const sources = hashOfSources();
  const kept = existsSync(PROGRESS) && !fresh ? (JSON.parse(readFileSync(PROGRESS, "utf8")) as Progress) : null;
  return kept?.sources === sources ? kept : { sources, done: 0, answered: 0, fenced: 0, broken: [] };
}

const progress = begin();
mkdirSync(FOLDER, { recursive: true });
const save = (): void => writeFileSync(PROGRESS, JSON.stringify(progress));
const endMs = Date.now() + minutes * 60_000;
while (progress.done < schedules && Date.now() < endMs) {
  const seed = progress.done + 1;
  const schedule = new Schedule(seed, { openVolumes, MemoryStore, StoreError });
  const why = await schedule.run();
  progress.done++;
  progress.answered += schedule.counts.answered;
  progress.fenced += schedule.counts.fenced;
  if (why !== null) {
    progress.broken.push({ seed, why });
    process.stdout.write(`seed ${seed}: ${why}\n`);
  }
  if (progress.done % SAVE_EVERY > 0) continue;
  save();
  process.stderr.write(`${progress.done} of ${schedules} schedules, ${progress.broken.length} broken\n`);
}
save();
const { done, answered, fenced, broken } = progress;
process.stdout.write(
  `${done} schedules, ${answered} flushes answered, ${fenced} errors of fenced owners, ${broken.length} broken\n`,
);
process.exitCode = broken.length > 0 ? 1 : 0;
