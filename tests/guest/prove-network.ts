/**
 * npm run prove -- network [--frames N] [--minutes M] [--seed N] [--state TEXT]
 *
 * The fuzzer of the network (fuzz-network.ts), state after state, until so many frames have been tried. What was done
 * is kept in build/prove-network: the same command goes on, --fresh begins anew. Another kernel has all its frames
 * before it, and begins with the cases that reached something in the one before. A finding is there as a file of its
 * own, which --again runs once more.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../../emulator/state/random.ts";
import { positiveNumber, wholeNumber, workshopCommand } from "../../scripts/command.mjs";
import { loadFirmware } from "../../src/host/package.ts";
import { lineRowsOf } from "../../src/object/dwarf/line-table.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { builtFiles } from "../setup/built-files.ts";
import { drawCase, FRAMES, runCase, type Sent } from "./fuzz-network.ts";
import { FuzzScene } from "./fuzz-scene.ts";
import { FUZZ_STATES, FuzzStates, type ReachedState } from "./fuzz-states.ts";

const FOLDER = "build/prove-network";
const PROGRESS = join(FOLDER, "progress.json");
/** Cases of a state that are kept because they reached something new; the oldest go. */
const COLLECTION = 40;
const SAVE_EVERY = 200;
/**
 * One case of so many is rested, which takes as long as forty others; a prime number, so that each state has its turn.
 */
const RESTED_EVERY = 101;

const values = workshopCommand(
  "npm run prove -- network",
  "frames that are nearly right, in every state of TCP and of the services, guided by the guest code that they reach",
  "--minutes 5",
)
  .option("--frames <number>", "until so many were tried, those of earlier runs included", positiveNumber, 10_000_000)
  .option("--minutes <minutes>", "at most so long", positiveNumber, Number.MAX_SAFE_INTEGER)
  .option("--seed <number>", "of the first case", wholeNumber(0, 2 ** 31 - 1), 1)
  .option("--state <text>", "states with this in their name", "")
  .option("--again <file>", "run a finding once more")
  .option("--fresh", "forget what was done before", false)
  .parse()
  .opts<{
    readonly frames: number;
    readonly minutes: number;
    readonly seed: number;
    readonly state: string;
    readonly again?: string;
    readonly fresh: boolean;
  }>();

interface Finding {
  readonly state: string;
  readonly finding: string;
  readonly isRested: boolean;
  readonly sent: readonly { readonly afterUs: number; readonly frame: string }[];
}

/** What is kept between runs, beside the cases that reached something new. */
interface Progress {
  /** The hash of the kernel: what it has reached says nothing about another one. */
  readonly kernel: string;
  cases: number;
  reached: number[];
}

const file = builtFiles(1);
const states = new FuzzStates(file("qure.iso"), loadFirmware());

/** Where the lines of the network's sources begin in the kernel. */
const lines = lineRowsOf(readElf(file("kernel.elf"), "kernel.elf"))
  .filter(({ end, file: source }) => !end && /^asm\/(?:net|services)\//.test(source))
  .map(({ address }) => address >>> 0);

const pack = (sent: readonly Sent[]): Finding["sent"] =>
  sent.map(({ afterUs, frame }) => ({ afterUs, frame: Buffer.from(frame).toString("hex") }));

const unpack = (sent: Finding["sent"]): Sent[] =>
  sent.map(({ afterUs, frame }) => ({ afterUs, frame: new Uint8Array(Buffer.from(frame, "hex")) }));

function readJson<Content>(path: string): Content {
  return JSON.parse(readFileSync(path, "utf8")) as Content;
}

/** What was done with this kernel. */
function progressSoFar(): Progress {
  const kernel = createHash("sha256").update(file("kernel.elf")).digest("hex");
  const before = existsSync(PROGRESS) ? readJson<Progress>(PROGRESS) : null;
  return before?.kernel === kernel ? before : { kernel, cases: 0, reached: [] };
}

/** Cases of a state that reached what none had reached before, in files of their own. */
class Collection {
  readonly cases: (readonly Sent[])[] = [];
  readonly #folder: string;
  readonly #paths: string[] = [];

  constructor(state: string) {
    this.#folder = join(FOLDER, "kept", state.replace(/[^A-Za-z0-9]+/g, "-"));
    mkdirSync(this.#folder, { recursive: true });
    for (const name of readdirSync(this.#folder).sort()) {
      this.#paths.push(join(this.#folder, name));
      this.cases.push(unpack(readJson(this.#paths.at(-1)!)));
    }
  }

  add(sent: readonly Sent[]): void {
    const path = join(this.#folder, `${String(Date.now()).padStart(15, "0")}.json`);
    writeFileSync(path, JSON.stringify(pack(sent)));
    this.#paths.push(path);
    this.cases.push(sent);
    if (this.cases.length <= COLLECTION) return;
    rmSync(this.#paths.shift()!, { force: true });
    this.cases.shift();
  }
}

async function again(path: string): Promise<boolean> {
  const { state, sent, isRested } = readJson<Finding>(path);
  const reached = await states.reach(FUZZ_STATES.find(({ name }) => name === state)!);
  const { finding } = await runCase(new FuzzScene(reached), unpack(sent), isRested);
  console.log(finding ?? "nothing is wrong any more");
  return finding === null;
}

async function prove(): Promise<boolean> {
  if (values.fresh) rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const progress = progressSoFar();
  const known = new Set(progress.reached);
  const chosen: ReachedState[] = [];
  for (const state of FUZZ_STATES) if (state.name.includes(values.state)) chosen.push(await states.reach(state));
  const scenes = chosen.map((state) => ({
    state,
    scene: new FuzzScene(state),
    collection: new Collection(state.name),
  }));
  const first = progress.cases;
  const started = process.cpuUsage();
  const untilMs = Date.now() + values.minutes * 60_000;
  const save = (): void => {
    progress.reached = [...known];
    writeFileSync(PROGRESS, JSON.stringify(progress));
  };
  while (progress.cases * FRAMES < values.frames && Date.now() < untilMs) {
    const number = progress.cases++;
    const { state, scene, collection } = scenes[number % scenes.length]!;
    const sent = drawCase(new Random(values.seed + number, state.name), state, collection.cases);
    const isRested = number % RESTED_EVERY === 0;
    const { finding, reached } = await runCase(scene, sent, isRested);
    const before = known.size;
    for (const address of reached) known.add(address);
    if (known.size > before) collection.add(sent);
    if (finding !== null) {
      const path = join(FOLDER, `finding-${values.seed}-${number}.json`);
      writeFileSync(path, JSON.stringify({ state: state.name, finding, isRested, sent: pack(sent) } satisfies Finding));
      console.log(`${state.name}: ${finding}\n  again: npm run prove -- network --again ${path}`);
    }
    if (number % SAVE_EVERY === 0) save();
  }
  save();
  const seconds = process.cpuUsage(started).user / 1e6;
  const findings = readdirSync(FOLDER).filter((name) => name.startsWith("finding-"));
  const linesReached = lines.filter((address) => known.has(address)).length;
  const percent = ((100 * linesReached) / lines.length).toFixed(0);
  console.log(
    `${(progress.cases * FRAMES).toLocaleString("en")} frames in ${chosen.length} states ` +
      `(${Math.round(((progress.cases - first) * FRAMES) / seconds).toLocaleString("en")} a second of processor time), ` +
      `${percent} % of the lines of asm/net and asm/services reached, ${findings.length} findings`,
  );
  return findings.length === 0;
}

process.exitCode = (await (values.again === undefined ? prove() : again(values.again))) ? 0 : 1;
