/**
 * One run of mutation testing: learns what each test reaches, draws faults, and holds each against the tests that reach
 * it, the quickest first, until one fails.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { Random } from "../../emulator/state/random.ts";
import { readElf } from "../../src/index.ts";
import { campaignOn } from "../../tests/chaos/faulty.ts";
import { forgetShared } from "../../tests/setup/shared.ts";
import type { Mutant, MutantOptions, MutantSummary, Verdict } from "./assembly.ts";
import { setStage } from "./assembly-images.ts";
import { instructionLines, mutantsOf, type Program } from "./assembly-operators.ts";
import { type Bounds, GuestTimeout, NotBuilt, type SavedState, Stage } from "./assembly-stage.ts";
import { beginFile, type RegisteredTest, registered, type Suite } from "./assembly-vitest.ts";

/** Of routines and of places in them; numbered ones are none. */
const LABEL = /^([A-Za-z_.][\w.]*):/;
const EQUIVALENT_LIST = "tests/mutants/equivalent.txt";
/** In it, in place of what comes after: of the words that are named the upper half is always 0. */
const HALF = "a half of it";
/** A guest with a fault may take so much more than without it. */
const SLOWER = 3;
const MORE_INSTRUCTIONS = 150_000_000;
const MORE_NS = 65e9;
/** Of tests that reach a line only while machines boot, so many from each state or file: the others see the same. */
const TESTS_OF_A_STATE = 3;
/** Larger clusters are left out where so many tests with smaller ones come to a line. */
const MACHINES_ENOUGH = 4;
const SMALL_TESTS_ENOUGH = 3;
/** What it takes to begin a test, in instructions. */
const BEGINNING = 10_000_000;
/**
 * A fault that tests of so much work have not noticed is held against no more of them: many lines are reached by a
 * hundred tests, and the one that notices is not always among the quick. For a sample of what changed it is less. What
 * is judged again is held against all.
 */
const INSTRUCTIONS_ENOUGH = 1_600_000_000;
const INSTRUCTIONS_OF_A_SAMPLE = 400_000_000;
/** A test that noticed a fault so many lines away counts half as much as one that noticed one here. */
const NEAR_LINES = 8;
/**
 * What runs before the kernel is where it was linked, and what every machine runs: nobody sees which lines that are.
 */
const NOT_WATCHED = /^(boot\/|asm\/kernel\/(entry|real)\.s:)/;
/** What campaigns of faults (qure chaos) find bugs in. */
const CAMPAIGNS_ARE_ABOUT = "asm/cluster/";
const CAMPAIGN_NODES = 3;
/** Raised when what is kept of tests changes. */
const FORMAT = 3;

/** What not every test depends on. */
const NOT_COMMON = /\.test\.ts$|^tests\/guest\/.*\.s$|assembly-(session|operators)\.ts$/;
const GUEST_SOURCE = /tests\/guest\/[\w-]+\.s/g;
/** Tests with a source for guests call routines at their edges: they come so much earlier. */
const CALLERS_FIRST = 4;

interface Reach {
  /** What the test reaches itself. */
  readonly lines: ReadonlySet<string>;
  /** The states that it begins from. */
  readonly states: readonly string[];
  readonly boots: boolean;
  /** Of the largest cluster that it runs. */
  readonly machines: number;
  readonly took: Bounds;
}

/** What was learned of one test file. */
interface Kept {
  readonly reach: readonly (Omit<Reach, "lines"> & { readonly key: string; readonly lines: readonly string[] })[];
  readonly states: readonly SavedState[];
}

export async function runSession(
  root: string,
  tests: Readonly<Record<string, () => Promise<unknown>>>,
  paths: readonly string[],
  options: MutantOptions,
): Promise<MutantSummary> {
  const stage = new Stage(root);
  setStage(stage);
  for (const [path, load] of Object.entries(tests)) {
    beginFile(path);
    await load();
  }
  const session = new Session(root, stage, options);
  await session.learn();
  return session.run(session.draw(paths));
}

class Session {
  readonly #root: string;
  readonly #stage: Stage;
  readonly #options: MutantOptions;
  readonly #reach = new Map<RegisteredTest, Reach>();
  /** Which test noticed a fault, and where that was. */
  readonly #noticed: { readonly file: string; readonly line: number; readonly test: RegisteredTest }[] = [];
  /** Test files that name sources for guests. */
  readonly #callers = new Set<string>();
  readonly #lineCounts = new Map<string, Map<RegisteredTest, number>>();
  /** Groups whose beforeAll has run for the fault that is planted. */
  #begun = new Set<Suite>();

  constructor(root: string, stage: Stage, options: MutantOptions) {
    this.#root = root;
    this.#stage = stage;
    this.#options = options;
  }

  /** What every test depends on: sources, emulator, helpers, and this. Sources for guests are asked for by name. */
  #hash(): string {
    const hash = createHash("sha256").update(String(FORMAT));
    const add = (folder: string): void => {
      for (const name of readdirSync(join(this.#root, folder)).sort()) {
        const path = `${folder}/${name}`;
        if (statSync(join(this.#root, path)).isDirectory()) add(path);
        else if (/\.(ts|s|inc|ld)$/.test(name) && !NOT_COMMON.test(path))
          hash.update(path).update(readFileSync(join(this.#root, path)));
      }
    };
    for (const folder of ["asm", "boot", "emulator", "src", "tests/system", "tests/guest", "scripts/mutants"])
      add(folder);
    return hash.digest("hex");
  }

  /** Runs each test once without a fault, or takes what was learned from the same sources before. */
  async learn(): Promise<void> {
    const folder = join(this.#root, "node_modules/.cache/qure-mutants");
    mkdirSync(folder, { recursive: true });
    const common = this.#hash();
    const used = new Set<string>();
    for (const file of new Set(registered.map((test) => test.file))) {
      const text = readFileSync(join(this.#root, file), "utf8");
      const hash = createHash("sha256").update(common).update(text);
      if (text.search(GUEST_SOURCE) >= 0) this.#callers.add(file);
      for (const [path] of text.matchAll(GUEST_SOURCE)) hash.update(readFileSync(join(this.#root, path)));
      const name = `reach-${hash.digest("hex").slice(0, 24)}`;
      used.add(name);
      const path = join(folder, name);
      const tests = registered.filter((test) => test.file === file);
      if (existsSync(path)) this.#recall(tests, deserialize(readFileSync(path)) as Kept);
      else writeFileSync(path, serialize(await this.#observe(file, tests)));
    }
    if ((this.#options.tests ?? []).length > 0) return;
    for (const name of readdirSync(folder))
      if (name.startsWith("reach-") && !used.has(name)) rmSync(join(folder, name));
  }

  #recall(tests: readonly RegisteredTest[], kept: Kept): void {
    this.#stage.restore(kept.states);
    const known = new Map(kept.reach.map((reach) => [reach.key, reach]));
    for (const test of tests) {
      const reach = known.get(test.name);
      if (reach) this.#reach.set(test, { ...reach, lines: new Set(reach.lines) });
    }
  }

  async #observe(file: string, tests: readonly RegisteredTest[]): Promise<Kept> {
    this.#options.report(`learns what ${file} reaches`);
    for (const test of tests) {
      // What the tests before it have reached already would not count as reached.
      forgetShared();
      try {
        this.#reach.set(test, await this.#stage.observe(() => this.#runOne(test)));
      } catch (error) {
        this.#options.report(`fails without a fault, so is left out: ${test.name}: ${String(error).split("\n")[0]}`);
      }
    }
    this.#begun.clear();
    const reach = tests.flatMap((test) => {
      const found = this.#reach.get(test);
      return found ? [{ ...found, key: test.name, lines: [...found.lines] }] : [];
    });
    return { reach, states: this.#stage.save(file) };
  }

  async #runOne(test: RegisteredTest): Promise<void> {
    this.#stage.file = test.file;
    beginFile(test.file);
    const suites: Suite[] = [];
    for (let suite: Suite | null = test.suite; suite; suite = suite.parent) suites.unshift(suite);
    for (const suite of suites) {
      if (this.#begun.has(suite)) continue;
      for (const body of suite.before) await (body as () => unknown)();
      this.#begun.add(suite);
    }
    await test.run();
  }

  /** The faults of this run, in the order in which they were drawn. */
  draw(paths: readonly string[]): Mutant[] {
    const sources = ["asm", "boot"]
      .flatMap((folder) => this.#stage.list(folder))
      .filter(
        (path) => path.endsWith(".s") && paths.some((wanted) => `${path}/`.startsWith(`${wanted.replace(/\/$/, "")}/`)),
      );
    const read = (path: string): string => this.#stage.source(path);
    const programs: Program[] = [
      { elf: readElf(this.#stage.kernelElf, "kernel.elf"), bits: (section) => (section.includes("16") ? 16 : 32) },
      {
        elf: readElf(this.#stage.loaderElf, "loader.elf"),
        bits: () => 16,
      },
    ];
    const all = programs.flatMap((program) => instructionLines(program, new Set(sources), read)).flatMap(mutantsOf);
    this.#options.report(`${all.length} possible faults in ${sources.length} files`);
    // All of them in the order in which they would be drawn: some turn out to be none.
    const random = new Random(this.#options.seed, "mutants");
    for (let left = all.length; left > 1; left--) {
      const index = random.below(left);
      [all[left - 1], all[index]] = [all[index]!, all[left - 1]!];
    }
    return all.reverse();
  }

  async run(drawn: readonly Mutant[]): Promise<MutantSummary> {
    const { ledger } = this.#options;
    const summary: MutantSummary = { killed: [], survived: [], timedOut: [], equivalent: [], left: 0 };
    const count = (verdict: Verdict, mutant: Mutant): void => {
      if (verdict !== "none") summary[verdict].push(mutant);
    };
    const isEquivalent = this.#readEquivalent();
    let judged = 0;
    const deadlineMs = Date.now() + (this.#options.minutes ?? Infinity) * 60_000;
    for (const mutant of drawn) {
      if (judged === this.#options.count) break;
      const shown = `${mutant.file}:${mutant.line}: ${mutant.operator}: ${mutant.before} -> ${mutant.after.trim().replace(/ +#.*/, "")}`;
      if (isEquivalent(mutant)) {
        summary.equivalent.push(mutant);
        judged++;
        this.#options.report(`equivalent  ${shown}`);
        continue;
      }
      const known = ledger.find(mutant);
      if (known !== null) {
        if (known.verdict !== "none") judged++;
        count(known.verdict, mutant);
        continue;
      }
      if (Date.now() >= deadlineMs) {
        summary.left = this.#options.count - judged;
        break;
      }
      const from = performance.now();
      const { verdict, by } = await this.#judge(mutant);
      const seconds = ((performance.now() - from) / 1000).toFixed(1);
      ledger.note(verdict, mutant);
      count(verdict, mutant);
      if (verdict === "none") continue;
      judged++;
      this.#options.report(`${verdict.padEnd(11)} ${shown} (${seconds} s${by && `, ${by}`})`);
    }
    return summary;
  }

  async #judge(mutant: Mutant): Promise<{ verdict: Verdict; by: string }> {
    const reaching = this.#testsFor(mutant);
    this.#begun = new Set();
    forgetShared();
    try {
      this.#stage.plant({ file: mutant.file, line: mutant.line, text: mutant.after });
    } catch (error) {
      if (error instanceof NotBuilt) return { verdict: "none", by: "" };
      throw error;
    }
    let tried = 0;
    const { everyTest, isSample } = this.#options;
    const enough = everyTest === true ? Infinity : isSample === true ? INSTRUCTIONS_OF_A_SAMPLE : INSTRUCTIONS_ENOUGH;
    try {
      let instructions = 0;
      for (const test of reaching) {
        if (instructions > enough) break;
        const { boots, took } = this.#reach.get(test)!;
        instructions += BEGINNING + took.instructions;
        tried++;
        this.#stage.bootsLater = boots;
        const bounds = {
          instructions: took.instructions * SLOWER + MORE_INSTRUCTIONS,
          timeNs: took.timeNs * SLOWER + MORE_NS,
        };
        try {
          await this.#stage.within(bounds, () => this.#runOne(test));
        } catch (error) {
          if (!(await this.#holdsWithoutFault(test, bounds))) return this.#judge(mutant);
          this.#noticed.push({ file: mutant.file, line: mutant.line, test });
          return { verdict: error instanceof GuestTimeout ? "timedOut" : "killed", by: `${test.file} ${test.name}` };
        }
      }
      const found = await this.#campaign(mutant);
      if (found !== null) return { verdict: "killed", by: found };
    } finally {
      this.#stage.plant(null);
    }
    return {
      verdict: "survived",
      by: reaching.length === 0 ? "no test reaches it" : `${tried} of ${reaching.length} tests`,
    };
  }

  /** What a campaign of faults says of a fault in what it is about; null when it finds nothing. */
  async #campaign({ file }: Mutant): Promise<string | null> {
    const { campaign: seeds = 0 } = this.#options;
    if (seeds === 0 || !file.startsWith(CAMPAIGNS_ARE_ABOUT)) return null;
    const { iso: cdrom, kernelElf: kernel, firmware } = this.#stage.images();
    const { seed, how } = await campaignOn({ cdrom, kernel, firmware, nodes: CAMPAIGN_NODES }, [1, seeds]);
    return seed === null ? null : `seed ${seed} of qure chaos, ${how}`;
  }

  /** Whether a test that has failed says something of the fault: what fails without one too is left out from now on. */
  async #holdsWithoutFault(test: RegisteredTest, bounds: Bounds): Promise<boolean> {
    this.#stage.plant(null);
    this.#begun = new Set();
    forgetShared();
    try {
      await this.#stage.within(bounds, () => this.#runOne(test));
      return true;
    } catch (error) {
      this.#options.report(`fails without a fault now, so is left out: ${test.name}: ${String(error).split("\n")[0]}`);
      this.#reach.delete(test);
      return false;
    }
  }

  /** How far a test has shown that it notices faults about here: 0 never, 1 for each on this very line. */
  #worth(test: RegisteredTest, { file, line }: Mutant): number {
    return this.#noticed
      .filter((other) => other.test === test && other.file === file)
      .reduce((sum, other) => sum + NEAR_LINES / (NEAR_LINES + Math.abs(other.line - line)), 0);
  }

  /** How many lines of a source a test reaches itself. */
  #linesOf(file: string, test: RegisteredTest): number {
    let counts = this.#lineCounts.get(file);
    if (!counts) this.#lineCounts.set(file, (counts = new Map()));
    let count = counts.get(test);
    if (count === undefined) {
      count = 0;
      for (const place of this.#reach.get(test)!.lines) if (place.startsWith(`${file}:`)) count++;
      counts.set(test, count);
    }
    return count;
  }

  /**
   * The tests that reach a fault: those first that are quick, come to much of its file, and have noticed others near
   * it.
   */
  #testsFor(mutant: Mutant): RegisteredTest[] {
    const place = `${mutant.file}:${mutant.line}`;
    const isBoot = NOT_WATCHED.test(place);
    const found: { test: RegisteredTest; cost: number; itself: boolean; state: string; machines: number }[] = [];
    for (const [test, { lines, states, boots, machines, took }] of this.#reach) {
      const reached = states.map((state) => ({ state, ...this.#stage.stateAt(state, place) }));
      const on = reached.find(({ reaches }) => reaches);
      if (!lines.has(place) && !on && !isBoot) continue;
      const toStates = reached.reduce((sum, state) => sum + (state.reaches ? state.instructions : 0), 0);
      // What every boot reaches is not reached for the sake of this test.
      const itself = lines.has(place) && !(boots && this.#stage.isOnTheWay(place));
      const state = on?.state ?? test.file;
      const cost = (took.instructions + toStates) / (1 + this.#worth(test, mutant));
      found.push({ test, cost, itself, state, machines });
    }
    found.sort((a, b) => a.cost - b.cost);
    // Tests of one file see much the same: those of other files come in between.
    const perFile = new Map<string, number>();
    for (const one of found) {
      const earlier = perFile.get(one.test.file) ?? 0;
      one.cost = this.#callers.has(one.test.file) ? one.cost / CALLERS_FIRST : one.cost + earlier * BEGINNING;
      perFile.set(one.test.file, earlier + 1);
    }
    const most = Math.max(1, ...found.map(({ test }) => this.#linesOf(mutant.file, test)));
    for (const one of found) one.cost /= (0.1 + this.#linesOf(mutant.file, one.test) / most) ** 4;
    found.sort((a, b) => a.cost - b.cost);
    const small = found.filter(({ itself, machines }) => itself && machines <= MACHINES_ENOUGH).length;
    const perState = new Map<string, number>();
    return found
      .filter(({ itself, state, machines }) => {
        if (machines > MACHINES_ENOUGH && small >= SMALL_TESTS_ENOUGH) return false;
        if (itself) return true;
        perState.set(state, (perState.get(state) ?? 0) + 1);
        return perState.get(state)! <= TESTS_OF_A_STATE;
      })
      .map(({ test }) => test);
  }

  /** A fault whose file is followed by the last label above its line, where only those there are listed. */
  #below(mutant: Mutant): Mutant {
    const above = this.#stage.source(mutant.file).split("\n").slice(0, mutant.line);
    const label = above.map((line) => LABEL.exec(line)?.[1]).findLast((found) => found !== undefined);
    return { ...mutant, file: `${mutant.file}:${label ?? ""}` };
  }

  /**
   * `file | operator | before | after | reason` in each line; # begins a comment. Returns whether a fault is listed.
   */
  #readEquivalent(): (mutant: Mutant) => boolean {
    const path = join(this.#root, EQUIVALENT_LIST);
    const known = new Set<string>();
    const halves: { readonly folder: string; readonly names: ReadonlySet<string> }[] = [];
    const rows = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    for (const line of rows.filter((row) => row.trim() !== "" && !row.startsWith("#"))) {
      const [file = "", operator, before = "", after, reason] = line.split("|").map((part) => part.trim());
      if (!reason) throw new Error(`${EQUIVALENT_LIST}: expected file | operator | before | after | reason: ${line}`);
      if (after === HALF) halves.push({ folder: file, names: new Set(before.split(/\s+/)) });
      else known.add([file, operator, before, after].map((part) => part!.replace(/\s+/g, " ")).join("|"));
    }
    const isHalf = ({ file, operator, before }: Mutant): boolean =>
      operator === "width wrong" &&
      /\bdword ptr/.test(before) &&
      halves.some(({ folder, names }) => file.startsWith(folder) && names.has(/(\w+)\]/.exec(before)?.[1] ?? ""));
    return (mutant) => known.has(identityOf(mutant)) || known.has(identityOf(this.#below(mutant))) || isHalf(mutant);
  }
}

/** Lines move, so a fault is known by what it changes; equal ones in one file are judged together. */
function identityOf({ file, operator, before, after }: Mutant): string {
  return [file, operator, before, after.replace(/#.*/, "").replace(/^\s*\d+:/, "")]
    .map((part) => part.trim().replace(/\s+/g, " "))
    .join("|");
}
