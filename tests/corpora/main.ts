/**
 * `npm run corpora -- NAME`: sources by others through gcc, GNU as and our assembler, and what differs. NAME is a
 * corpus of corpora.ts, or `gas` or `ld` for the test suites of GNU as and ld. Results are kept in
 * build/corpora/NAME.jsonl.
 */
import { existsSync, realpathSync } from "node:fs";
import { oneOf, wholeNumber, workshopCommand } from "../../scripts/command.mjs";
import { classOfDifferences, classOfRefusal } from "./classes.ts";
import { CORPORA, type Corpus, type CorpusFile, filesOf } from "./corpora.ts";
import { ForeignTools, type Reference } from "./foreign-tools.ts";
import { compareGasSuite } from "./gas-suite.ts";
import { compareLdSuite } from "./ld-suite.ts";
import { objectDifferences } from "./object-differences.ts";
import { assembleFile, type OurAnswer } from "./our-assembler.ts";
import { type Result, Results } from "./results.ts";
import { chooseSettings, type Setting } from "./settings.ts";

/** The test suites of GNU as and ld, which bring judgements of their own. */
const SUITES: Readonly<Record<string, (root: string, results: Results) => Promise<void>>> = {
  gas: compareGasSuite,
  ld: compareLdSuite,
};
const NAMES = [...Object.keys(CORPORA), ...Object.keys(SUITES)];

interface CorpusOptions {
  readonly from: number;
  readonly count?: number;
  readonly settings: string;
  readonly root: string;
  readonly again?: "all" | "faults";
  readonly jobs: number;
}

interface Job {
  readonly file: CorpusFile;
  readonly setting: Setting;
}

function verdict(ours: OurAnswer, expected: Reference): Pick<Result, "outcome" | "kind" | "detail"> {
  const firstError = ours.diagnostics.find(({ severity }) => severity === "error");
  if (expected.object === null) {
    if (ours.object === null) return { outcome: "refused by both" };
    const message = /Error: (.*)|Fatal error: (.*)/.exec(expected.messages)?.[0] ?? expected.messages.slice(0, 200);
    if (/invalid use of operator "[a-z]+"/.test(message))
      return { outcome: "known", kind: "names of operators as symbols in Intel syntax" };
    return { outcome: "refused by GNU only", kind: message.replace(/`.*'/, "`...'"), detail: message };
  }
  if (ours.object === null) {
    const known = classOfRefusal(ours.diagnostics);
    if (known !== null) return { outcome: "known", kind: known };
    const detail = `${firstError?.line}: ${firstError?.message} <${firstError?.sourceLine.trim()}>`;
    return { outcome: "refused by us only", kind: firstError?.id ?? "nothing said", detail };
  }
  const differences = objectDifferences(ours.object, expected.object);
  if (differences.length === 0) return { outcome: "same" };
  const known = classOfDifferences(differences);
  if (known !== null) return { outcome: "known", kind: known };
  const kinds = [...new Set(differences.map(({ kind }) => kind))];
  return {
    outcome: "differs",
    kind: kinds.slice(0, 4).join(", "),
    detail: differences
      .map(({ kind, detail }) => `${kind}: ${detail}`)
      .join("\n")
      .slice(0, 2000),
  };
}

async function compareCorpus(name: string, corpus: Corpus, options: CorpusOptions): Promise<void> {
  const files = filesOf(corpus, options.root);
  const { from, count = files.length } = options;
  const chosen = files.slice(from, from + count);
  const jobs: Job[] = chosen.flatMap((file, i) =>
    chooseSettings(file.language, options.settings, from + i).map((setting) => ({ file, setting })),
  );
  const results = new Results(`build/corpora/${name}.jsonl`);
  const tools = new ForeignTools(options.root, `build/corpora/cache/${name}`);
  let done = 0;
  let refusedByGcc = 0;
  let ourMs = 0;
  const started = Date.now();
  const work = async ({ file, setting }: Job): Promise<void> => {
    const before = results.get(file.path, setting.name);
    const isFault = before !== undefined && !["same", "known", "refused by both"].includes(before.outcome);
    if (before !== undefined && options.again !== "all" && !(options.again === "faults" && isFault)) return;
    const assembly = await tools.assembly(corpus, file, setting);
    if (assembly === null) return void refusedByGcc++;
    const flags = setting.assembler ?? [];
    const expected = await tools.reference(assembly, flags);
    const ours = assembleFile(tools.folder, assembly, flags);
    ourMs += ours.milliseconds;
    const found = verdict(ours, expected);
    results.add({
      file: file.path,
      setting: setting.name,
      ...found,
      ...(found.outcome === "same" ? {} : { assembly }),
    });
    if (++done % 200 === 0) {
      const perMinute = (done / (Date.now() - started)) * 60_000;
      process.stderr.write(`${done} objects, ${perMinute.toFixed(0)} a minute, at ${file.path}\n`);
    }
  };
  await Promise.all(
    Array.from({ length: options.jobs }, async () => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await work(job);
    }),
  );
  results.compact();
  process.stdout.write(`${results.table()}\n\n`);
  process.stdout.write(
    `${name}: ${chosen.length} of ${files.length} files; ${done} objects in this run, ours in ${(ourMs / 1000).toFixed(1)} s; gcc refused ${refusedByGcc}\n`,
  );
  if (results.all.some(({ outcome }) => outcome === "differs" || outcome === "refused by us only"))
    process.exitCode = 1;
}

const command = workshopCommand(
  "npm run corpora --",
  "sources by others through gcc and both assemblers; exit code 1 when something differs that docs/assembler-differences.md does not name",
  "binutils --count 60 --settings 2",
)
  .argument("<name>", NAMES.join(", "), oneOf(NAMES))
  .option("--from <number>", "the first file", wholeNumber(0), 0)
  .option("--count <number>", "how many files", wholeNumber(1))
  .option("--settings <which>", "all, how many of them for each file in turn, or names with commas", "3")
  .option(
    "--root <folder>",
    "where the sources are (QURE_CORPORA)",
    process.env["QURE_CORPORA"] ?? "build/corpora/sources",
  )
  .option("--again <which>", "compare again what has a result", oneOf(["all", "faults"]))
  .option("--jobs <number>", "how many at a time", wholeNumber(1, 64), 2)
  .parse();
const [name] = command.processedArgs as [string];
const options = command.opts<CorpusOptions>();
if (!existsSync(options.root)) command.error(`error: ${options.root}, the folder of the corpora, is not there`);
// GNU as writes the folder's own name into debug information, whatever link led to it.
const root = realpathSync(options.root);
const suite = SUITES[name];
if (suite) {
  const results = new Results(`build/corpora/${name}.jsonl`);
  await suite(root, results);
  results.compact();
  process.stdout.write(`${results.table()}\n`);
} else await compareCorpus(name, CORPORA[name]!, { ...options, root });
