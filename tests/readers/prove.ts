/**
 * npm run prove -- readers [--only NAME] [--minutes M] [--fresh]
 *
 * Readers of archives, specs and packets of a push (readers.ts), in turns of a few seconds, and the machine's reader of
 * SSH and SFTP, in turns of some hundred connections; seed after seed. How far each has come, and what was found, is
 * kept in build/prove-readers.json: the same command goes on.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { oneOf, positiveNumber, workshopCommand } from "../../scripts/command.mjs";
import { READERS, tryReader } from "./readers.ts";

const PROGRESS = "build/prove-readers.json";
const TURN_MS = 5_000;

/** Readers in a machine: the test that tries them from QURE_SEED on, and how many cases are a turn. */
const MACHINES: Readonly<Record<string, { readonly file: string; readonly named: string; readonly cases: number }>> = {
  ssh: { file: "tests/system/ssh.test.ts", named: "nothing that comes", cases: 400 },
};
const NAMES = [...Object.keys(READERS), ...Object.keys(MACHINES)];

const values = workshopCommand(
  "npm run prove -- readers",
  "what is nearly right, for each reader of what others made",
  "--only spec --minutes 5",
)
  .option("--only <name>", `one of ${NAMES.join(", ")}`, oneOf(NAMES))
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
const names = NAMES.filter((name) => values.only === undefined || name === values.only);
const readers = await Promise.all(
  names.filter((name) => READERS[name]).map(async (name) => [name, await READERS[name]!()] as const),
);
const untilMs = Date.now() + values.minutes * 60_000;

function keep(name: string, seed: number, ...found: readonly { readonly seed: number; readonly what: string }[]): void {
  for (const one of found) {
    progress.found.push({ reader: name, ...one });
    console.log(`${name}, seed ${one.seed}: ${one.what}`);
  }
  progress.tried[name] = seed;
  writeFileSync(PROGRESS, JSON.stringify(progress, null, 2));
}

/** A turn of a reader in a machine: cases, the first of which fails or none. */
function turn(name: string): void {
  const { file, named, cases } = MACHINES[name]!;
  const tried = progress.tried[name] ?? 0;
  const env = { ...process.env, QURE_SEED: String(tried + 1), QURE_CASES: String(cases) };
  const { status, stdout, stderr } = spawnSync("npx", ["vitest", "run", file, "-t", named], { env, encoding: "utf8" });
  const said = `${stdout}${stderr}`;
  if (status !== 0) keep(name, tried + cases, { seed: Number(/QURE_SEED=(\d+)/.exec(said)?.[1] ?? 0), what: said });
  else keep(name, tried + cases);
}

while (Date.now() < untilMs) {
  for (const [name, reader] of readers) {
    let seed = progress.tried[name] ?? 0;
    for (const turnMs = Date.now() + TURN_MS; Date.now() < Math.min(turnMs, untilMs); ) {
      const what = await tryReader(reader, ++seed);
      if (what !== null) keep(name, seed, { seed, what });
    }
    keep(name, seed);
  }
  for (const name of names) if (MACHINES[name]) turn(name);
}
for (const name of names) {
  const count = progress.found.filter(({ reader }) => reader === name).length;
  console.log(`${name}: ${progress.tried[name] ?? 0} cases, ${count} findings`);
}
process.exitCode = progress.found.length === 0 ? 0 : 1;
