/**
 * The test suite of GNU ld: every case of its folders for this processor and for ELF whose `.d` file links i386
 * objects. GNU as makes the objects; then both linkers get the same command line, and their files are compared. Where
 * they differ, the `.d` file is the judge of ours.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type Dump, fitsDump } from "./dump-file.ts";
import { run } from "./foreign-tools.ts";
import type { Result, Results } from "./results.ts";

const FOLDERS = ["ld-i386", "ld-elf", "ld-scripts", "ld-gc", "ld-discard", "ld-undefined", "ld-unique"];

/** What docs/linker.md says is not there. */
const NOT_THERE =
  /(^|\s)(-shared|-pie|-Bsymbolic|-E|--export-dynamic|--dynamic-list\S*|--version-script\S*|-z\s+(now|lazy|text|combreloc|ibtplt)|--plugin\S*|--no-as-needed|--compress-debug-sections\S*|\S+\.so)(\s|$)/;

interface Case {
  readonly name: string;
  readonly folder: string;
  readonly sources: readonly { readonly file: string; readonly options: readonly string[] }[];
  readonly options: readonly string[];
  readonly dump: Dump | null;
}

export async function compareLdSuite(root: string, results: Results): Promise<void> {
  for (const folder of FOLDERS.map((name) => join(root, "binutils-2.40/ld/testsuite", name))) {
    for (const one of casesOf(folder)) {
      const found = await compareCase(one);
      if (found !== null) results.add({ file: `${basename(folder)}/${one.name}`, setting: basename(folder), ...found });
    }
  }
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

function casesOf(folder: string): Case[] {
  const cases: Case[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith(".d") || /x86-64|x32/.test(file)) continue;
    const text = readFileSync(join(folder, file), "latin1");
    const fields = (name: string): string[] =>
      [...text.matchAll(new RegExp(`^#[ \\t]*${name}:[ \\t]*(.*)$`, "gm"))].map((match) => match[1]!.trim());
    const ld = fields("ld")[0];
    if (ld === undefined || fields("error").length > 0 || fields("error_output").length > 0) continue;
    const targets = [...fields("target"), ...fields("notarget"), ...fields("xfail")].join(" ");
    if (/x86_64/.test(fields("target").join(" ")) && !/i.86/.test(targets)) continue;
    const common = words(fields("as")[0] ?? "");
    if ([...common, ...words(ld)].some((word) => /x86_64|--64|--x32|\$/.test(word))) continue;
    const sources = fields("source").map((source) => {
      const [name = "", ...options] = words(source);
      return { file: name, options: options.filter((word) => word.startsWith("-")) };
    });
    if (sources.length === 0) sources.push({ file: file.replace(/\.d$/, ".s"), options: [] });
    const program = ["objdump", "readelf", "nm"].find((name) => fields(name).length > 0) ?? null;
    cases.push({
      name: file.replace(/\.d$/, ""),
      folder,
      sources: sources.map((source) => ({ ...source, options: [...common, ...source.options] })),
      options: words(ld),
      dump: program === null ? null : { program, options: words(fields(program)[0]!), file: join(folder, file) },
    });
  }
  return cases;
}

async function compareCase({
  name,
  folder,
  sources,
  options,
  dump,
}: Case): Promise<Omit<Result, "file" | "setting"> | null> {
  const place = resolve("build/corpora/ld", `${basename(folder)}-${name}`);
  mkdirSync(place, { recursive: true });
  const objects: string[] = [];
  for (const { file, options: own } of sources) {
    if (!existsSync(join(folder, file)) || file.endsWith(".c")) return null;
    // The suite's scripts and outputs know objects by these names.
    const object = join(place, `dump${objects.length}.o`);
    const flags = own.filter((word) => word !== "--32");
    const { isOk } = await run("as", ["--32", ...flags, `-I${folder}`, file, "-o", object], folder);
    if (!isOk) return null;
    objects.push(object);
  }
  const flags = options.filter(
    (word, i) => !/^-melf_i386$|^elf_i386$/.test(word) && !(word === "-m" && options[i + 1] === "elf_i386"),
  );
  const theirs = join(place, "theirs");
  const ours = join(place, "ours");
  const command = (output: string): string[] => ["-m", "elf_i386", `-L${folder}`, "-o", output, ...objects, ...flags];
  const expected = await run("ld", command(theirs), folder);
  if (!expected.isOk || !existsSync(theirs)) return null;
  const notThere = NOT_THERE.exec(flags.join(" "))?.[0].trim();
  if (notThere !== undefined)
    return { outcome: "known", kind: `${notThere.split(/[=\s]/)[0]}: shared libraries and what goes with them` };
  const got = await run("node", [resolve("dist/qure.cjs"), "ld", ...command(ours)], folder);
  if (!got.isOk)
    return { outcome: "refused by us only", kind: firstLine(got.messages), detail: got.messages.slice(0, 500) };
  if (readFileSync(ours).equals(readFileSync(theirs))) return { outcome: "same" };
  if (dump !== null && (await fitsDump(dump, ours)))
    return { outcome: "known", kind: "the .d file of the suite agrees" };
  const [a, b] = await Promise.all([ours, theirs].map((path) => run("readelf", ["-aW", path], place)));
  const lines = b!.output.split("\n");
  const different = a!.output.split("\n").find((line, i) => line !== lines[i]);
  return { outcome: "differs", kind: different?.trim().slice(0, 60) ?? "contents", detail: different ?? "contents" };
}

const firstLine = (text: string): string =>
  (text.split("\n")[0] ?? "")
    .replace(/^\S*: /, "")
    .replace(/`[^']*'|\S*\.o\S*/g, "...")
    .slice(0, 100);
