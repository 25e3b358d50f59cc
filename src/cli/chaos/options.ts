/** The options of `qure chaos`: docs/commands.md comes from this table. */
import { parseTimed } from "../../chaos/campaign.ts";
import type { Action } from "../../lab/actions.ts";
import { faultKind } from "../../lab/fault-kinds.ts";
import { toNs } from "../../lab/time.ts";
import { EMU_OPTIONS } from "../emu/options.ts";
import { UsageError } from "../fail.ts";
import {
  type ArgumentParser,
  flag,
  listOf,
  type OptionSpec,
  type OptionValues,
  optional,
  text,
  wholeNumber,
  withDefault,
} from "../option-table.ts";

const MACHINES = "Machines";
const FAULTS = "Faults";
const RUN = "Campaign";
const OUTPUT = "Output";
const MOST_NODES = 300;
const MOST_THREADS = 256;
const MOST_RUNS = 10_000_000;
const MOST_SEED = Number.MAX_SAFE_INTEGER;

export interface SeedRange {
  readonly first: number;
  readonly last: number;
}

const seedRange: ArgumentParser<SeedRange> = (argument, option) => {
  const [, from = "", to = ""] = /^(?:(\d+)\.\.)?(\d+)$/.exec(argument) ?? [];
  const [first, last] = [from === "" ? 1 : Number(from), Number(to)];
  if (to === "" || last < first || last - first >= MOST_RUNS || last > MOST_SEED)
    throw new UsageError(`${option} ${argument}: write how many, as in 100, or from where to where, as in 201..300`);
  return { first, last };
};

const span: ArgumentParser<number> = (argument, option) => {
  try {
    return toNs(argument);
  } catch (error) {
    throw new UsageError(`${option} ${argument}: ${(error as Error).message}`);
  }
};

const names: ArgumentParser<readonly string[]> = (argument, option) => {
  const found = argument.split(",").filter((name) => name !== "");
  if (found.length === 0) throw new UsageError(`${option}: write names with commas between them, or leave it out`);
  return found;
};

const faultNames: ArgumentParser<readonly string[]> = (argument, option) => {
  const found = names(argument, option);
  try {
    for (const name of found) faultKind(name);
  } catch (error) {
    throw new UsageError(`${option} ${(error as Error).message}`);
  }
  return found;
};

const timed: ArgumentParser<Action> = (argument, option) => {
  try {
    return parseTimed(argument);
  } catch (error) {
    throw new UsageError(`${option} ${(error as Error).message}`);
  }
};

const machineNumbers: ArgumentParser<readonly number[]> = (argument, option) =>
  names(argument, option).map((name) => wholeNumber(1, MOST_NODES)(name, option) - 1);

const drills: ArgumentParser<number | readonly string[]> = (argument, option) =>
  /^\d+$/.test(argument) ? Number(argument) : names(argument, option);

const budget: OptionSpec<"any" | "minority" | null> = {
  flags: "--budget <word>",
  help: "how many machines may be in trouble at once",
  group: FAULTS,
  initial: null,
  choices: ["minority", "any"],
  defaultText: "drawn",
};

export const CHAOS_OPTIONS = {
  nodes: withDefault({
    flags: "-n, --nodes <n>",
    help: "number of machines",
    group: MACHINES,
    parse: wholeNumber(2, MOST_NODES),
    default: "3",
  }),
  image: withDefault({
    flags: "--image <file>",
    help: "the ISO that all machines boot",
    group: MACHINES,
    parse: text,
    default: "build/qure.iso",
  }),
  kernel: optional({
    flags: "--kernel <file>",
    help: "the linked kernel, for the names by which its memory is read",
    group: MACHINES,
    parse: text,
    defaultText: "kernel.elf beside the image",
  }),
  previous: optional({
    flags: "--previous <version>",
    help: "machines that join boot an older version: an ISO, or a tag or commit of this repository, which is built",
    group: MACHINES,
    parse: text,
    conflicts: ["snapshot"],
    defaultText: "the same image",
  }),
  mixed: flag({
    flags: "--mixed",
    help: "begin all runs, not one in ten, with two revisions of the kernel among the machines",
    group: MACHINES,
    conflicts: ["snapshot"],
  }),
  sites: flag({
    flags: "--sites",
    help: "three clusters, each of --nodes machines behind a gateway of its own, linked with each other",
    group: MACHINES,
    conflicts: ["snapshot", "mixed", "previous"],
  }),
  memory: { ...EMU_OPTIONS.memory, group: MACHINES, initial: 8 << 20, defaultText: "8M" },
  snapshot: optional({
    flags: "--snapshot <file>",
    help: "begin from this snapshot, of any system, instead of QuRe's cluster: a name or a file",
    group: MACHINES,
    parse: text,
    conflicts: ["image", "kernel", "nodes", "memory"],
  }),
  invariants: optional({
    flags: "--invariants <file>",
    help: "a module with invariants of your own (docs/chaos.md)",
    group: MACHINES,
    parse: text,
  }),
  faults: optional({
    flags: "--faults <names>",
    help: "kinds of faults that are drawn, with commas between them",
    group: FAULTS,
    parse: faultNames,
    defaultText: "all",
  }),
  who: optional({
    flags: "--who <names>",
    help: "whom they happen to: patterns, roles, numbers of machines",
    group: FAULTS,
    parse: names,
    defaultText: "all patterns and roles",
  }),
  interval: optional({
    flags: "--interval <time>",
    help: "between faults, on average",
    group: FAULTS,
    parse: span,
    defaultText: "drawn",
  }),
  budget,
  fault: listOf({
    flags: "--fault <fault>",
    help: "let this happen instead of what a seed draws: 'TIME WORD NODE ...', TIME since the beginning of the run",
    group: FAULTS,
    parse: timed,
  }),
  core: optional({
    flags: "--core <numbers>",
    help: "with --fault: the machines that must live on, by their numbers",
    group: FAULTS,
    parse: machineNumbers,
    needs: "fault",
    defaultText: "all",
  }),
  seeds: withDefault({
    flags: "--seeds <n>",
    help: "how many runs, with the seeds from 1 on: 100 is 1..100; or from which seed to which: 201..300",
    group: RUN,
    parse: seedRange,
    default: "10",
  }),
  seed: optional({
    flags: "--seed <n>",
    help: "one run, with this seed",
    group: RUN,
    parse: wholeNumber(0, MOST_SEED),
    conflicts: ["seeds"],
  }),
  until: withDefault({
    flags: "--until <time>",
    help: "virtual time in which faults happen",
    group: RUN,
    parse: span,
    default: "6s",
  }),
  bound: withDefault({
    flags: "--bound <time>",
    help: "virtual time within which the machines are well again after the last repair",
    group: RUN,
    parse: span,
    default: "10s",
  }),
  drills: optional({
    flags: "--drills <n>",
    help: "how many drills are tried at the end of each run, or which of them: names, with commas between them",
    group: RUN,
    parse: drills,
    defaultText: "3",
  }),
  minimise: flag({ flags: "--minimise", help: "shrink what happened in failing runs to few events", group: RUN }),
  threads: withDefault({
    flags: "--threads <n>",
    help: "run so many seeds at once",
    group: RUN,
    parse: wholeNumber(1, MOST_THREADS),
    default: "1",
  }),
  out: optional({
    flags: "--out <dir>",
    help: "keep results here, with a report; the same command goes on where it was interrupted",
    group: OUTPUT,
    parse: text,
  }),
  fresh: flag({ flags: "--fresh", help: "begin anew in the folder of --out", group: OUTPUT, needs: "out" }),
  json: flag({ flags: "--json", help: "print the results as one JSON object", group: OUTPUT }),
  list: flag({
    flags: "--list",
    help: "say which faults, patterns, roles, events and invariants there are",
    group: OUTPUT,
  }),
} satisfies Readonly<Record<string, OptionSpec<unknown>>>;

export type ChaosOptions = OptionValues<typeof CHAOS_OPTIONS>;

/** The seeds to run, by both options. */
export const seedsOf = ({ seed, seeds }: Pick<ChaosOptions, "seed" | "seeds">): SeedRange =>
  seed === null ? seeds : { first: seed, last: seed };

/** `seed 3`, `seeds 1 to 3`. */
export const formatSeeds = ({ first, last }: SeedRange): string =>
  first === last ? `seed ${first}` : `seeds ${first} to ${last}`;
