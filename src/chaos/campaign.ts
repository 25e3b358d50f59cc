/** Many runs: what each came to as one line of JSON, failures shrunk and grouped, and what all of them measured. */
import { Random } from "../../emulator/state/random.ts";
import { type Action, formatAction, parseAction } from "../lab/actions.ts";
import { encodeRun } from "../lab/run-link.ts";
import { toNs } from "../lab/time.ts";
import { type DrawOptions, draw, formatStep } from "./draw.ts";
import { type Figures, percentile } from "./figures.ts";
import { minimise } from "./minimise.ts";
import { type Failure, type Plan, type RunOptions, type RunResult, runOnce } from "./run.ts";
import type { Stage } from "./stage.ts";

export interface CampaignOptions extends DrawOptions {
  /** After the faults the machines that must live on are well again within this virtual time. */
  readonly boundNs: number;
  /** Once all is well it has to stay so for this virtual time; 1.5 s when absent. */
  readonly steadyNs?: number;
  /** How many drills are tried at the end of each run, or which of them; 3 when absent. */
  readonly drills?: number | readonly string[];
  /** All seeds begin from the other state that the stage has; a share of them when absent. */
  readonly mixed?: true;
  /** Shrinks what happened in failing runs. */
  readonly minimise: boolean;
}

/** What is kept of a run. */
export interface SeedResult {
  readonly seed: number;
  readonly failure: Failure | null;
  /** What was drawn, as sentences. */
  readonly drawn: readonly string[];
  /** What happened, as `--fault` takes it. */
  readonly faults: readonly string[];
  /** The fewest of them that still break the same invariant; null when nothing was broken or nothing shrunk. */
  readonly fewest: readonly string[] | null;
  /**
   * The broken run from power-on, by the fewest events if they are known, as `encodeRun` writes it; null: no link can
   * say it.
   */
  readonly run: string | null;
  /** Machines that had to live on, counted from 1. */
  readonly core: readonly number[];
  readonly endNs: number;
  readonly figures: Figures;
}

/** Of a hundred seeds so many begin from the other state of a stage. */
const VARIANT_PERCENT = 10;
/** Runs that a failure may cost to be shrunk. */
const MOST_TRIES = 80;

function runOptions({ spanNs, boundNs, steadyNs, drills }: CampaignOptions): RunOptions {
  return {
    spanNs,
    boundNs,
    ...(steadyNs === undefined ? {} : { steadyNs }),
    ...(drills === undefined ? {} : { drills }),
  };
}

/** `2500ms lose 2 30%`: with the time since the beginning of a run. */
function formatTimed(action: Action): string {
  const { atNs } = action;
  return `${atNs % 1e6 === 0 ? `${atNs / 1e6}ms` : `${atNs}ns`} ${formatAction(action)}`;
}

/** Throws a RangeError with a sentence. */
export function parseTimed(text: string): Action {
  const [, when = "", word = "", rest = ""] = /^(\S+)\s+(\S+)\s*(.*)$/.exec(text.trim()) ?? [];
  if (word === "") throw new RangeError(`${text}: write TIME WORD NODE, such as "5s lose 2 30%"`);
  return { ...parseAction(word, rest), atNs: toNs(when) };
}

/** Whether a seed begins from the other state of a stage that has one; what else it draws does not depend on that. */
export function isVaried(seed: number, { mixed }: Pick<CampaignOptions, "mixed">): boolean {
  return mixed ?? new Random(seed, "mixed").chance(VARIANT_PERCENT);
}

/** Where the run of a seed begins. */
function stageOf(stage: Stage, seed: number, options: CampaignOptions): Stage {
  return stage.variant !== null && isVaried(seed, options) ? stage.variant : stage;
}

/** The plan that repeats a run from what happened in it. */
function planOf(actions: readonly Action[], core: readonly number[], seed: number): Plan {
  return { actions: [...actions].sort((a, b) => a.atNs - b.atNs), core, seed };
}

export function runSeed(from: Stage, seed: number, options: CampaignOptions): SeedResult {
  const stage = stageOf(from, seed, options);
  const drawn = draw(seed, stage.subject, stage.machines, options);
  const result = runOnce(stage, { draw: drawn }, runOptions(options));
  return {
    seed,
    drawn: [
      `${drawn.budget === "any" ? "any number of machines" : "a minority"} in trouble at once`,
      ...drawn.steps.map(formatStep),
    ],
    ...described(stage, seed, result, options),
  };
}

/** Runs what is given instead of what a seed draws; the seed decides when each machine is mended. */
export function runGiven(
  from: Stage,
  actions: readonly Action[],
  core: readonly number[],
  seed: number,
  options: CampaignOptions,
): SeedResult {
  const stage = stageOf(from, seed, options);
  const result = runOnce(stage, planOf(actions, core, seed), runOptions(options));
  return { seed, drawn: [], ...described(stage, seed, result, options) };
}

/** Repeats a run that was broken, by the fewest events if they are known, and keeps its frames. */
export function repeatRun(
  stage: Stage,
  { seed, faults, fewest, core }: SeedResult,
  options: CampaignOptions,
): RunResult {
  const plan = planOf(
    (fewest ?? faults).map(parseTimed),
    core.map((number) => number - 1),
    seed,
  );
  return runOnce(stageOf(stage, seed, options), plan, { ...runOptions(options), keepFrames: true });
}

/** A broken run as the text of a link: how the machines came to the stage, then what happened to them on it. */
function runText({ run, nowNs: fromNs }: Stage, { actions, mending, endNs, digest }: RunResult): string | null {
  if (run === null || digest === null) return null;
  const happened = [...actions, ...mending].map((action) => ({ ...action, atNs: fromNs + action.atNs }));
  return encodeRun({ ...run, actions: [...run.actions, ...happened], endNs: fromNs + endNs, digest });
}

function described(
  stage: Stage,
  seed: number,
  result: RunResult,
  options: CampaignOptions,
): Omit<SeedResult, "seed" | "drawn"> {
  const { failure, actions, core, endNs, figures } = result;
  let fewest: readonly string[] | null = null;
  let shown = result;
  if (failure && options.minimise) {
    const fails = (some: readonly Action[]): boolean =>
      runOnce(stage, planOf(some, core, seed), runOptions(options)).failure?.invariant === failure.invariant;
    // What was resolved when it happened may come out otherwise when it is given: then it is left as it is.
    if (fails(actions)) {
      const left = minimise(actions, fails, MOST_TRIES).actions;
      fewest = left.map(formatTimed);
      shown = runOnce(stage, planOf(left, core, seed), runOptions(options));
    }
  }
  return {
    failure,
    faults: actions.map(formatTimed),
    fewest,
    run: failure && runText(stage, shown),
    core: core.map((index) => index + 1),
    endNs,
    figures,
  };
}

/** Failures of one kind and invariant whose messages differ in names and numbers only. */
function signature({ kind, invariant, message }: Failure): string {
  return `${kind}: ${invariant}: ${message
    .replace(/[0-9a-f]{16}/g, "ID")
    .replace(/qure-\d+/g, "NODE")
    .replace(/\d+(\.\d+)?/g, "N")}`;
}

export interface Summary {
  readonly runs: number;
  readonly failures: ReadonlyMap<string, readonly SeedResult[]>;
  readonly virtualNs: number;
  /** Middle, nine of ten, worst, in milliseconds; null where there was nothing to measure. */
  readonly figures: readonly {
    readonly name: string;
    readonly count: number;
    readonly percentiles: readonly (number | null)[];
  }[];
  /** By machine, for each second of virtual time. */
  readonly frames: readonly number[];
  readonly bytes: readonly number[];
}

export const PERCENTILES = [50, 90, 99, 100] as const;

export function summarise(results: readonly SeedResult[]): Summary {
  const failures = new Map<string, SeedResult[]>();
  for (const result of results) {
    if (!result.failure) continue;
    const key = signature(result.failure);
    failures.set(key, [...(failures.get(key) ?? []), result]);
  }
  const virtualNs = results.reduce((sum, { endNs }) => sum + endNs, 0);
  const all = (pick: (figures: Figures) => readonly number[]): number[] =>
    results.flatMap(({ figures }) => pick(figures));
  const measured: readonly (readonly [string, readonly number[]])[] = [
    ["death seen by all", all(({ detectionsMs }) => detectionsMs)],
    ["another speaks for all", all(({ takeoversMs }) => takeoversMs)],
    ["well again", all(({ healedMs }) => (healedMs === null ? [] : [healedMs]))],
  ];
  const perSecond = (pick: (figures: Figures) => readonly number[]): number[] => {
    const sums: number[] = [];
    for (const { figures } of results)
      pick(figures).forEach((value, index) => (sums[index] = (sums[index] ?? 0) + value));
    return sums.map((sum) => sum / Math.max(1e-9, virtualNs / 1e9));
  };
  return {
    runs: results.length,
    failures: new Map([...failures].sort((a, b) => b[1].length - a[1].length)),
    virtualNs,
    figures: measured.map(([name, values]) => ({
      name,
      count: values.length,
      percentiles: PERCENTILES.map((percent) => percentile(values, percent)),
    })),
    frames: perSecond(({ frames }) => frames),
    bytes: perSecond(({ bytes }) => bytes),
  };
}
