/**
 * npm run prove -- sites [--only TRIAL,...] [--nodes N] [--fresh]
 *
 * Ten clusters behind gateways of all kinds (ten-sites.ts), through each trial (site-trials.ts). What was tried with
 * this image is kept in build/prove-sites: the same command goes on with the rest.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listOf, oneOf, wholeNumber, workshopCommand } from "../../scripts/command.mjs";
import { makeFolder } from "../../src/host/folder.ts";
import { loadFirmware } from "../../src/host/package.ts";
import { LabCluster } from "../../src/lab/lab.ts";
import { builtFiles } from "../setup/built-files.ts";
import { FAR_TRIALS } from "./far-sites.ts";
import { type Outcome, TRIALS as TEN_TRIALS } from "./site-trials.ts";
import { TCP_TRIALS } from "./tcp-trials.ts";

const TRIALS = { ...TEN_TRIALS, ...TCP_TRIALS, ...FAR_TRIALS };
const FOLDER = "build/prove-sites";

const { only, nodes, fresh } = workshopCommand(
  "npm run prove -- sites",
  "ten clusters behind gateways of all kinds: do they talk, and what do they notice?",
  "--only lies",
)
  .option(
    "--only <trials>",
    `${Object.keys(TRIALS).join(" or ")}, with commas between them`,
    listOf(oneOf(Object.keys(TRIALS))),
  )
  .option("--nodes <number>", "machines at each site, where the trial needs no three", wholeNumber(1, 8), 3)
  .option("--fresh", "forget what was done before", false)
  .parse()
  .opts<{ readonly only?: readonly string[]; readonly nodes: number; readonly fresh: boolean }>();

interface Progress {
  /** The hash of the image: another one has proved nothing yet. */
  readonly of: string;
  readonly done: Record<string, Outcome & { readonly seconds: number }>;
}

const path = join(FOLDER, "results.json");
makeFolder(FOLDER);
if (fresh) rmSync(path, { force: true });
const files = builtFiles(1000);
const cdrom = files("qure.iso");
const of = createHash("sha256").update(cdrom).digest("hex");
const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Progress) : null;
const progress: Progress = before?.of === of ? before : { of, done: {} };
const firmware = loadFirmware();
const system = {
  cdrom,
  kernel: files("kernel.elf"),
  make: (options: Omit<ConstructorParameters<typeof LabCluster>[0], "firmware" | "host">): LabCluster =>
    new LabCluster({ ...options, firmware }),
};
const keyOf = (trial: string): string => `${trial}, ${nodes}`;
const wanted = only ?? Object.keys(TRIALS);
for (const name of wanted) {
  const { rule, run } = TRIALS[name]!;
  if (!progress.done[keyOf(name)]) {
    const started = process.cpuUsage();
    const outcome = await run(system, nodes);
    progress.done[keyOf(name)] = { ...outcome, seconds: Math.round(process.cpuUsage(started).user / 1e6) };
    writeFileSync(path, JSON.stringify(progress));
  }
  const { lines, problems, seconds } = progress.done[keyOf(name)]!;
  process.stdout.write(`${name}: ${rule} (${seconds} s of processor time)\n`);
  for (const line of lines) process.stdout.write(`  ${line}\n`);
  for (const problem of problems) process.stdout.write(`  WRONG ${problem}\n`);
}
process.exit(wanted.some((name) => progress.done[keyOf(name)]!.problems.length > 0) ? 1 : 0);
