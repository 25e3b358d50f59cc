/**
 * npm run prove -- cloud [--seeds A..B] [--nodes N] [--threads N] [--mixed|--moves|--sites]   campaigns on the system
 *   as it is
 * npm run prove -- cloud --planted [--seeds A..B] [--only TEXT] [--minutes M]   campaigns on systems with a bug each
 *
 * What was done is kept in build/prove-cloud*; the same command goes on with what is left, --fresh begins anew.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { positiveNumber, wholeNumber, workshopCommand } from "../../scripts/command.mjs";
import { buildSystem } from "../../src/build/build.ts";
import { ObjectCache } from "../../src/build/object-cache.ts";
import { kindsFor } from "../../src/chaos/draw.ts";
import { folderTree } from "../../src/host/files.ts";
import { loadFirmware } from "../../src/host/package.ts";
import { campaignOn, type Noticed } from "./faulty.ts";
import { PLANTED, type PlantedBug, plant } from "./planted.ts";

const values = workshopCommand(
  "npm run prove -- cloud",
  "campaigns of faults on the system as it is, or on systems with a bug each",
  "--nodes 10 --seeds 1..1000",
)
  .option("--planted", "on systems with a bug each: is it found?", false)
  .option("--seeds <range>", "A..B (default: 1..20000, 1..300 with --planted)", readSeeds)
  .option("--nodes <number>", "machines", wholeNumber(1, 300), 3)
  .option("--mixed", "all seeds begin with two revisions of the kernel, not one in ten", false)
  .option("--sites", "three clusters at sites of their own, each of --nodes machines, and a hostile one", false)
  .option("--moves", "kernels of machines without disks move, too", false)
  .option("--threads <number>", "worker threads", wholeNumber(1, 64), 1)
  .option(
    "--only <text>",
    "with --planted: bugs with this in their description, or in drill:NAME where a drill looks for them",
    "",
  )
  .option("--minutes <minutes>", "with --planted: begin no bug after that", positiveNumber, Number.MAX_SAFE_INTEGER)
  .option("--fresh", "forget what was found before", false)
  .parse()
  .opts<{
    readonly planted: boolean;
    readonly seeds?: readonly [number, number];
    readonly nodes: number;
    readonly mixed: boolean;
    readonly sites: boolean;
    readonly moves: boolean;
    readonly threads: number;
    readonly only: string;
    readonly minutes: number;
    readonly fresh: boolean;
  }>();

function readSeeds(text: string): readonly [number, number] {
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  if (to === undefined) throw new InvalidArgumentError("It is not a range A..B.");
  return [Number(from), Number(to)];
}

const RESULTS = "build/prove-cloud-planted.jsonl";
const VERSION = { version: "0.1.0", revision: 1000 };

/** What a planted bug came to; with how many seeds were tried when none found it, the next run goes on behind them. */
interface Found extends Noticed {
  readonly bug: string;
}

const cache = new ObjectCache();
const files = folderTree(".");

async function campaignOnBug(bug: PlantedBug, first: number, last: number, untilMs: number): Promise<Found> {
  const faulty = plant(bug, new TextDecoder("latin1").decode(files.read(bug.file)!));
  const content = Uint8Array.from(faulty, (character) => character.charCodeAt(0));
  const tree = {
    list: (folder: string) => files.list(folder),
    read: (path: string) => (path === bug.file ? content : files.read(path)),
  };
  const { files: built, diagnostics } = buildSystem(tree, { ...VERSION, checks: true, cache });
  if (!built) throw new Error(`${bug.file}: with \`${bug.with}\` it cannot be built: ${diagnostics[0]?.message}`);
  const file = (name: string): Uint8Array => built.find((found) => found.name === name)!.content;
  const [cdrom, kernel] = [file("qure.iso"), file("kernel.elf")];
  const system = {
    cdrom,
    kernel,
    firmware: loadFirmware(),
    nodes: values.nodes,
    ...(bug.faults && { faults: bug.faults }),
  };
  return { bug: bug.breaks, ...(await campaignOn(system, [first, last], untilMs, bug.drill)) };
}

async function provePlanted(first: number, last: number): Promise<boolean> {
  mkdirSync("build", { recursive: true });
  if (values.fresh) rmSync(RESULTS, { force: true });
  const known = new Map<string, Found>();
  if (existsSync(RESULTS))
    for (const line of readFileSync(RESULTS, "utf8")
      .split("\n")
      .filter((text) => text !== "")) {
      const found = JSON.parse(line) as Found;
      known.set(found.bug, found);
    }
  const untilMs = Date.now() + values.minutes * 60_000;
  for (const bug of PLANTED.filter(({ test }) => test === undefined)) {
    const tried = known.get(bug.breaks)?.tried ?? (known.has(bug.breaks) ? last : first - 1);
    if (
      tried >= last ||
      !`${bug.file} ${bug.breaks} ${bug.drill ? `drill:${bug.drill}` : ""}`.includes(values.only) ||
      Date.now() > untilMs
    )
      continue;
    const found = await campaignOnBug(bug, tried + 1, last, untilMs);
    known.set(bug.breaks, found);
    appendFileSync(RESULTS, `${JSON.stringify(found)}\n`);
    const where = found.seed === null ? "missed" : `${found.drill ? "drill" : "seed"} ${found.seed}`;
    console.log(`${where.padEnd(8)}  ${bug.breaks}: ${found.how}`);
  }
  const found = [...known.values()].filter(({ seed }) => seed !== null).length;
  console.log(
    `${found} of ${known.size} planted bugs were found; the list has ${PLANTED.length}, of which tests alone see ${PLANTED.filter(({ test }) => test !== undefined).length}`,
  );
  const all = PLANTED.filter(({ test }) => test === undefined).length;
  return known.size < all || found >= 0.9 * all;
}

/** What replaces the key, which a machine without a disk has from its host again when it starts. */
const REPLACE_KEY = ["rotate", "expel"];
/** All that means something to machines of which only the first has a disk. */
const faultsOfMoves = (nodes: number): string[] =>
  kindsFor({ isAtPrompt: () => true, isDiskless: true }, nodes)
    .map(({ name }) => name)
    .filter((name) => !REPLACE_KEY.includes(name));

const [from, to] = values.seeds ?? [1, values.planted ? 300 : 20_000];
if (values.planted) process.exitCode = (await provePlanted(from, to)) ? 0 : 1;
else {
  const words = ["--nodes", `${values.nodes}`, "--threads", `${values.threads}`, "--seeds", `${from}..${to}`];
  const kinds = (["mixed", "moves", "sites"] as const).filter((kind) => values[kind]);
  const folder = ["build/prove-cloud", values.nodes, ...kinds].join("-");
  const args = [
    "dist/qure.cjs",
    "chaos",
    ...words,
    "--minimise",
    "--out",
    folder,
    ...kinds.filter((kind) => kind !== "moves").map((kind) => `--${kind}`),
    ...(values.moves ? ["--faults", faultsOfMoves(values.nodes).join(",")] : []),
    ...(values.fresh ? ["--fresh"] : []),
  ];
  const run = (command: readonly string[]): number =>
    spawnSync(process.execPath, command, { stdio: "inherit" }).status ?? 1;
  process.exitCode = run(["dist/qure.cjs", "build"]) || run(args);
}
