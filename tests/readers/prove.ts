/**
 * npm run prove -- readers [--only NAME] [--minutes M] [--fresh]
 *
 * Readers of archives, specs and packets of a push (readers.ts), in turns of a few seconds, seed after seed. How far
 * each has come, and what was found, is kept in build/prove-readers.json: the same command goes on.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { oneOf, positiveNumber, workshopCommand } from "../../scripts/command.mjs";
import { READERS, tryReader } from "./readers.ts";

const PROGRESS = "build/prove-readers.json";
const TURN_MS = 5_000;

const values = workshopCommand(
  "npm run prove -- readers",
  "what is nearly right, for each reader of what others made",
  "--only spec --minutes 5",
)
  .option("--only <name>", `one of ${Object.keys(READERS).join(", ")}`, oneOf(Object.keys(READERS)))
  .option("--minutes <minutes>", "at most so long", positiveNumber, 60)
  .option("--fresh", "forget what was done before", false)
  .parse()
  .opts<{ readonly only?: string; readonly minutes: number; readonly fresh: boolean }>();

interface Progress {
  readonly tried: Record<string, number>;
  readonly found: { readonly reader: string; readonly seed: number; readonly what: string }[];
}

if (values.fresh) rmSync(PROGRESS, { force: true });
const progress: Progress = existsSync(PROGRESS) ? JSON.parse(readFileSync(PROGRESS, "utf8")) : { tried: {}, found: [] };
const names = Object.keys(READERS).filter((name) => values.only === undefined || name === values.only);
const readers = await Promise.all(names.map(async (name) => [name, await READERS[name]!()] as const));
const untilMs = Date.now() + values.minutes * 60_000;
while (Date.now() < untilMs)
  for (const [name, reader] of readers) {
    let seed = progress.tried[name] ?? 0;
    for (const turnMs = Date.now() + TURN_MS; Date.now() < Math.min(turnMs, untilMs); ) {
      const what = await tryReader(reader, ++seed);
      if (what === null) continue;
      progress.found.push({ reader: name, seed, what });
      console.log(`${name}, seed ${seed}: ${what}`);
    }
    progress.tried[name] = seed;
    writeFileSync(PROGRESS, JSON.stringify(progress, null, 2));
  }
for (const name of names) {
  const count = progress.found.filter(({ reader }) => reader === name).length;
  console.log(`${name}: ${progress.tried[name] ?? 0} cases, ${count} findings`);
}
process.exitCode = progress.found.length === 0 ? 0 : 1;
