/**
 * `qure chaos`: puts machines through faults, seed after seed, and says what did not hold. The work is in src/chaos.
 */
import type { Command } from "commander";
import {
  type CampaignOptions,
  isVaried,
  repeatRun,
  runGiven,
  type SeedResult,
  type Summary,
  summarise,
} from "../chaos/campaign.ts";
import { anyDiskless, kindsFor } from "../chaos/draw.ts";
import { runSeeds } from "../chaos/pool.ts";
import { junit, reportPage, type Shown } from "../chaos/report.ts";
import { openStage, type StageSetup } from "../chaos/setup.ts";
import type { Stage } from "../chaos/stage.ts";
import { checkWho, whoWords } from "../chaos/who.ts";
import { World } from "../chaos/world.ts";
import { hindrance } from "../lab/actions.ts";
import { WaitError } from "../lab/lab.ts";
import { formatNs } from "../lab/time.ts";
import { setUp } from "./chaos/machines.ts";
import { CHAOS_OPTIONS, type ChaosOptions, formatSeeds, seedsOf } from "./chaos/options.ts";
import { Results } from "./chaos/results.ts";
import { pageLink } from "./emu/link.ts";
import { CommandError, quoted, UsageError } from "./fail.ts";
import { declareOptions, readOptions } from "./option-table.ts";
import { makeProgress, type Progress } from "./progress.ts";

const EXIT_BROKEN = 3;
const EXIT_INTERRUPTED = 130;
/** What --until and --bound are where nothing is said, with --sites. */
const [SITES_SPAN_NS, SITES_BOUND_NS] = [60e9, 60e9];
/** Where kernels move: a machine that one has left waits for another address than that. */
const MOVES_BOUND_NS = 30e9;

export function declare(command: Command): void {
  declareOptions(command, CHAOS_OPTIONS)
    .addHelpText(
      "after",
      "\nExamples:\n  qure chaos --seeds 100 --threads 2            a hundred runs of three machines\n  qure chaos --seed 17 --minimise               one of them, shrunk to few events\n  qure chaos --fault '2s cut 1' --fault '3s power 1'\n",
    )
    .action((found: Record<string, unknown>) => runChaos(readOptions(CHAOS_OPTIONS, found)));
}

/** What a campaign runs with. */
interface Campaign {
  readonly stage: Stage;
  readonly setup: StageSetup;
  readonly campaign: CampaignOptions;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

function campaignOptions({
  faults,
  who,
  interval,
  budget,
  until,
  bound,
  drills,
  minimise,
  mixed,
  sites,
}: ChaosOptions): CampaignOptions {
  return {
    // Between clusters all is slower: a link is silent after 35 s, and tried every 3 s.
    spanNs: sites && until === CHAOS_OPTIONS.until.initial ? SITES_SPAN_NS : until,
    boundNs: bound !== CHAOS_OPTIONS.bound.initial ? bound : usualBound(sites, faults),
    minimise,
    ...(mixed ? { mixed } : {}),
    ...(faults ? { faults } : {}),
    ...(who ? { who } : {}),
    ...(budget ? { budget } : {}),
    ...(drills === null ? {} : { drills }),
    ...(interval === null ? {} : { intervalMs: Math.max(1, Math.round(interval / 1e6)) }),
  };
}

const usualBound = (sites: boolean, faults: ChaosOptions["faults"]): number =>
  sites ? SITES_BOUND_NS : anyDiskless(faults) ? MOVES_BOUND_NS : CHAOS_OPTIONS.bound.initial;

/** Whether a seed of these begins with two kernels among the machines, or `--list` shows what is tried then. */
function anyVaried(options: ChaosOptions, campaign: CampaignOptions): boolean {
  const { first, last } = seedsOf(options);
  for (let seed = first; seed <= last; seed++) if (isVaried(seed, campaign)) return true;
  return options.list;
}

async function runChaos(options: ChaosOptions): Promise<void> {
  const interrupt = new AbortController();
  // Runs that have begun are finished, and kept; who asks twice does not want to wait for them.
  const onInterrupt = (): void => {
    interrupt.abort();
    for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, onInterrupt);
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  const progress = makeProgress(process.stderr);
  try {
    const campaign = campaignOptions(options);
    const setup = await setUp(options, anyVaried(options, campaign), progress, interrupt.signal);
    if (options.sites) progress.step(`booting three sites of ${options.nodes} machines, and linking them`);
    const stage = await openStage(setup).catch((error: unknown) => {
      throw error instanceof WaitError ? new CommandError(`before any fault: ${error.message}`) : error;
    });
    checkNames(options, stage);
    if (options.list) {
      progress.done();
      return list(stage.variant ?? stage);
    }
    const results =
      options.fault.length > 0
        ? [runGiven(stage, options.fault, coreOf(options, stage), seedsOf(options).first, campaign)]
        : await runAll(options, { stage, setup, campaign, progress, signal: interrupt.signal });
    progress.done();
    report(results, options);
    if (interrupt.signal.aborted)
      throw new CommandError(`interrupted: ${runsDone(results, options)}`, EXIT_INTERRUPTED);
    const broken = results.filter(({ failure }) => failure !== null).length;
    if (broken > 0)
      throw new CommandError(
        `${broken} of ${results.length} run${results.length === 1 ? "" : "s"} broke an invariant`,
        EXIT_BROKEN,
      );
  } finally {
    progress.done();
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}

/** What an interrupted campaign came to; runs that had begun count. */
function runsDone(results: readonly SeedResult[], options: ChaosOptions): string {
  const { first, last } = seedsOf(options);
  return `${results.length} of ${options.fault.length > 0 ? 1 : last - first + 1} runs were made`;
}

/** Whether the stage has what options name. */
function checkNames({ who, drills, fault, faults }: ChaosOptions, { subject, lab, machines, variant }: Stage): void {
  try {
    for (const name of who ?? []) checkWho(name, subject, machines);
  } catch (error) {
    throw new UsageError(`--who ${(error as Error).message}`);
  }
  const kinds = kindsFor(subject, machines).map(({ name }) => name);
  const meaningless = faults?.find((name) => !kinds.includes(name));
  if (meaningless !== undefined)
    throw new UsageError(
      `--faults ${meaningless}: it means nothing to these ${machines} machines; ${kinds.join(", ")} do`,
    );
  const wanted = typeof drills === "number" ? [] : (drills ?? []);
  const { subject: all, lab: machinesOfAll } = variant ?? { subject, lab };
  const known = wanted.length > 0 ? (all.drills?.(new World(machinesOfAll)).all ?? []) : [];
  const unknown = wanted.find((name) => !known.some((drill) => drill.name === name));
  if (unknown !== undefined) throw new UsageError(`--drills ${unknown}: \`qure chaos --list\` names all`);
  for (const action of fault) {
    const problem = hindrance(lab, action);
    if (problem !== null) throw new UsageError(`--fault: ${problem}`);
  }
}

/** The machines that must live on after what `--fault` gives. */
function coreOf({ core }: ChaosOptions, { machines, lab }: Stage): readonly number[] {
  const stranger = core?.find((index) => index >= lab.nodes.length);
  if (stranger !== undefined) throw new UsageError(`--core ${stranger + 1}: there is no such machine`);
  return core ?? Array.from({ length: machines }, (_, index) => index);
}

/** Failures of so many signatures are shown in the report. */
const MOST_SHOWN = 8;

async function runAll(
  options: ChaosOptions,
  { stage, setup, campaign, progress, signal }: Campaign,
): Promise<readonly SeedResult[]> {
  const { threads, out, fresh } = options;
  const seeds = seedsOf(options);
  const results = new Results(out, setup, campaign, fresh);
  const all = Array.from({ length: seeds.last - seeds.first + 1 }, (_, index) => seeds.first + index);
  const left = all.filter((seed) => !results.has(seed));
  let done = all.length - left.length;
  let broken = 0;
  await runSeeds(left, {
    setup,
    options: campaign,
    threads,
    signal,
    done: (result) => {
      results.add(result);
      done++;
      if (result.failure) broken++;
      progress.step(`${formatSeeds(seeds)}: ${done} of ${all.length} runs${broken > 0 ? `, ${broken} broken` : ""}`);
    },
  });
  const found = results.between(seeds.first, seeds.last);
  if (out !== null) {
    const summary = summarise(found);
    const shown = [...summary.failures.values()].slice(0, MOST_SHOWN).map(
      ([first]): Shown => ({
        result: first!,
        run: repeatRun(stage, first!, campaign),
        lanes: [...stage.lab.nodes.map(({ name }) => name), "gateway"],
        startNs: stage.nowNs,
        command: repeatCommand(first!, options),
        link: linkOf(first!),
      }),
    );
    results.write("report.html", reportPage(summary, shown, aboutText(options, summary)));
    results.write("summary.json", `${summaryText(summary)}\n`);
    results.write("junit.xml", junit(found));
  }
  return found;
}

function aboutText(options: ChaosOptions, { virtualNs }: Summary): string {
  const { nodes, until, bound, image, snapshot } = options;
  const what = snapshot ?? `${nodes} machines with ${image}`;
  return `${what}; ${formatSeeds(seedsOf(options))}; faults for ${formatNs(until)}, well again within ${formatNs(bound)}; ${formatNs(virtualNs)} of virtual time in all.`;
}

function summaryText(summary: Summary, results?: readonly SeedResult[]): string {
  return JSON.stringify(
    { ...summary, failures: Object.fromEntries(summary.failures), ...(results ? { results } : {}) },
    null,
    1,
  );
}

/** The broken run as a link, for the page and for `qure emu --replay`. */
function linkOf({ run }: SeedResult): string | null {
  return run === null ? null : pageLink(run);
}

/** The command that repeats a run. */
function repeatCommand({ seed, faults, fewest, core }: SeedResult, options: ChaosOptions): string {
  const shown = fewest ?? (options.fault.length > 0 ? faults : null);
  const given = <Name extends keyof ChaosOptions>(
    name: Name,
    format: (value: NonNullable<ChaosOptions[Name]>) => string = String,
  ): string[] => {
    const value = options[name];
    const [long = ""] = /--\S+/.exec(CHAOS_OPTIONS[name].flags) ?? [];
    return value === null || value === CHAOS_OPTIONS[name].initial ? [] : [long, format(value as never)];
  };
  const span = (ns: number): string => `${ns / 1e6}ms`;
  const words = (value: number | string | readonly (number | string)[]): string => [value].flat().join(",");
  return [
    ...["qure", "chaos"],
    ...(options.snapshot === null ? ["--nodes", `${options.nodes}`] : given("snapshot")),
    ...[...given("image"), ...given("kernel"), ...given("memory"), ...given("previous"), ...given("invariants")],
    ...(options.mixed ? ["--mixed"] : []),
    ...(options.sites ? ["--sites"] : []),
    ...[...given("until", span), ...given("bound", span), ...given("drills", words)],
    // With events too: with moves among the kinds the machines are others.
    ...given("faults", words),
    ...(shown === null ? [...given("who", words), ...given("budget"), ...given("interval", span)] : []),
    ...["--seed", `${seed}`],
    ...(shown === null ? [] : ["--core", core.join(","), ...shown.flatMap((fault) => ["--fault", fault])]),
  ]
    .map(quoted)
    .join(" ");
}

function report(results: readonly SeedResult[], options: ChaosOptions): void {
  const summary = summarise(results);
  if (options.json) {
    process.stdout.write(`${summaryText(summary, results)}\n`);
    return;
  }
  for (const [text, failed] of summary.failures) {
    const [first] = failed;
    const { failure, drawn, faults, fewest } = first!;
    process.stdout.write(
      `\n${failed.length} ${failed.length === 1 ? "run" : "runs"}: ${text}\n  ${failed.length === 1 ? "seed" : "seeds"} ${failed
        .slice(0, 20)
        .map(({ seed }) => seed)
        .join(
          " ",
        )}${failed.length > 20 ? " ..." : ""}\n  seed ${first!.seed}, ${formatNs(failure!.atNs)}: ${failure!.message}\n`,
    );
    for (const line of drawn) process.stdout.write(`    drawn     ${line}\n`);
    for (const line of fewest ?? faults) process.stdout.write(`    happened  ${line}\n`);
    process.stdout.write(`  again: ${repeatCommand(first!, options)}\n`);
    const link = linkOf(first!);
    if (link !== null) process.stdout.write(`  link: ${link}\n`);
  }
  process.stdout.write(`\n${formatSeeds(seedsOf(options))}: ${figuresText(summary)}`);
}

function figuresText({ runs, failures, virtualNs, figures }: Summary): string {
  const broken = [...failures.values()].reduce((sum, { length }) => sum + length, 0);
  const lines = figures.map(({ name, count, percentiles }) =>
    count === 0
      ? `${name}: never`
      : `${name}: ${percentiles.map((value) => `${value?.toFixed(0)}`).join(" / ")} ms (half / 90 % / 99 % / all of ${count})`,
  );
  return `${runs} ${runs === 1 ? "run" : "runs"}, ${formatNs(virtualNs)} of virtual time, ${broken} broken\n${lines.join("\n")}\n`;
}

function list({ subject, lab, machines }: Stage): void {
  const rows = (title: string, all: readonly (readonly [string, string])[]): string =>
    `${title}\n${all.map(([name, help]) => `  ${name.padEnd(12)}  ${help}`.trimEnd()).join("\n")}\n`;
  process.stdout.write(
    [
      rows(
        "faults",
        kindsFor({ ...subject, isDiskless: true }, machines).map(({ name, help }) => [name, help]),
      ),
      rows(
        "who",
        whoWords(subject).map((name) => [name, subject.otherNames?.[name] ?? ""]),
      ),
      rows(
        "events",
        (subject.events ?? []).map(({ name }) => [name, ""]),
      ),
      rows(
        "invariants",
        subject.invariants.map(({ name, kind, rule }) => [name, `${kind}: ${rule}`]),
      ),
      rows(
        "drills",
        (subject.drills?.(new World(lab)).all ?? []).map(({ name, rule }) => [name, rule]),
      ),
    ].join("\n"),
  );
}
