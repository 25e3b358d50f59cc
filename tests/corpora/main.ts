/**
 * `npm run corpora -- NAME [--from N] [--count N] [--settings all|N|A,B] [--root FOLDER] [--again all|faults] [--jobs N]`:
 * sources by others through gcc, GNU as and our assembler, and what differs. NAME is a corpus of corpora.ts, or `gas`
 * or `ld` for the test suites of GNU as and ld. Results are kept in build/corpora/NAME.jsonl.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { classOfDifferences, classOfRefusal } from "./classes.ts";
import { CORPORA, type Corpus, type CorpusFile, filesOf } from "./corpora.ts";
import { ForeignTools, type Reference } from "./foreign-tools.ts";
import { compareGasSuite } from "./gas-suite.ts";
import { compareLdSuite } from "./ld-suite.ts";
import { objectDifferences } from "./object-differences.ts";
import { assembleFile, type OurAnswer } from "./our-assembler.ts";
import { type Result, Results } from "./results.ts";
import { chooseSettings, type Setting } from "./settings.ts";

const DEFAULT_ROOT = process.env["QURE_CORPORA"] ?? "build/corpora/sources";

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

async function compareCorpus(name: string, corpus: Corpus, options: ReturnType<typeof parse>): Promise<void> {
  const files = filesOf(corpus, options.root);
  const from = Number(options.from);
  const chosen = files.slice(from, from + Number(options.count ?? files.length));
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
    Array.from({ length: Number(options.jobs) }, async () => {
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

function parse(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      from: { type: "string", default: "0" },
      count: { type: "string" },
      settings: { type: "string", default: "3" },
      root: { type: "string", default: DEFAULT_ROOT },
      again: { type: "string", default: "" },
      jobs: { type: "string", default: "2" },
    },
  });
  return { ...values, name: positionals[0] ?? "" };
}

if (!existsSync(parse(process.argv.slice(2)).root))
  throw new Error("the folder of the corpora (--root or QURE_CORPORA) is not there");
const options = parse(process.argv.slice(2));
const corpus = CORPORA[options.name];
if (options.name === "gas") {
  const results = new Results("build/corpora/gas.jsonl");
  await compareGasSuite(options.root, results);
  results.compact();
  process.stdout.write(`${results.table()}\n`);
} else if (options.name === "ld") {
  const results = new Results("build/corpora/ld.jsonl");
  await compareLdSuite(options.root, results);
  results.compact();
  process.stdout.write(`${results.table()}\n`);
} else if (corpus !== undefined) await compareCorpus(options.name, corpus, options);
else {
  process.stderr.write(`npm run corpora -- NAME [options]; NAME is one of ${Object.keys(CORPORA).join(" ")}\n`);
  process.exitCode = 2;
}
