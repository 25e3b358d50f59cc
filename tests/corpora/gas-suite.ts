/**
 * The test suite of GNU as: every source that GNU as 2.40 takes with the options that its `.d` file names (and, where
 * that names none, with -march=i686+sse4.2) must give the same object here. Where it does not, the `.d` file itself is
 * the judge: GNU's objdump or readelf shows our object, and its lines are compared with the file's patterns.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { classOfDifferences, classOfRefusal } from "./classes.ts";
import { type Dump, fitsDump } from "./dump-file.ts";
import { run } from "./foreign-tools.ts";
import { objectDifferences } from "./object-differences.ts";
import { assembleFile } from "./our-assembler.ts";
import type { Result, Results } from "./results.ts";

/** Folders of the suite that are about this processor or about none. */
const FOLDERS = ["i386", "all", "elf", "macros", "cfi", "symver", "ieee-fp", "mri"];
const MARCH = "-march=i686+sse4.2";
/** Tests of extensions beyond that which name no options. */
const BEYOND: ReadonlySet<string> = new Set([
  "amd",
  "lwp",
  "mpx",
  "mpx-16bit",
  "padlock",
  "tbm",
  "raoint",
  "bmi",
  "bmi2",
]);

/** See docs/assembler-differences.md. */
const WITHOUT_EFFECT =
  /^-(malign-branch|mbranches|mlfence|mrelax|mmnemonic=intel|O|-compress-debug|-elf-stt-common|mx86-used-note=yes|mshared|moperand-check|-gdwarf-sections)/;

/** Single cases that docs/assembler-differences.md explains. */
const EXPLAINED: ReadonlyMap<string, string> = new Map([
  ["i386/ifunc-3", "indirect functions at absolute addresses"],
  ["all/relax", "a number of variable length that grows and shrinks with an alignment"],
  ["elf/dwarf-4-cu", ".loc_mark_labels"],
  ["elf/dwarf-5-cu", ".loc_mark_labels"],
  ["elf/dwarf-5-irp", "line markers within repeated blocks and macros"],
  ["elf/dwarf-5-macro", "line markers within repeated blocks and macros"],
  ["elf/dwarf2-19", "views at the edge of subsections"],
  ["elf/ehopt0", "call frames that a compiler of before 2000 wrote as data"],
  ["elf/equ-reloc", "a symbol that was set to a place and then is a label"],
]);

interface Case {
  readonly name: string;
  readonly folder: string;
  readonly source: string;
  readonly options: readonly string[];
  /** Program and options that show the object, and the file with the patterns; null without a `.d` file. */
  readonly dump: Dump | null;
}

export async function compareGasSuite(root: string, results: Results): Promise<void> {
  for (const folder of FOLDERS.map((name) => join(root, "binutils-2.40/gas/testsuite/gas", name))) {
    for (const one of casesOf(folder)) {
      const found = await compareCase(one);
      if (found !== null) results.add({ file: `${basename(folder)}/${one.name}`, setting: basename(folder), ...found });
    }
  }
}

/** One for each `.d` file, and one for each source without one. */
function casesOf(folder: string): Case[] {
  const names = readdirSync(folder).sort();
  const cases: Case[] = [];
  const used = new Set<string>();
  for (const file of names.filter((name) => name.endsWith(".d") && !name.startsWith("x86-64"))) {
    const text = readFileSync(join(folder, file), "latin1");
    const field = (name: string): string =>
      new RegExp(`^#[ \\t]*${name}:[ \\t]*(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
    const source = field("source").split(/\s+/)[0] || file.replace(/\.d$/, ".s");
    used.add(source);
    const options = field("as")
      .split(/\s+/)
      .filter((word) => word !== "");
    if (/\$|tcl/.test(options.join(" ")) || options.some((word) => /^--(64|x32)$/.test(word)) || field("error") !== "")
      continue;
    const program = ["objdump", "readelf", "nm"].find((name) => field(name) !== "") ?? null;
    const dump = program === null ? null : { program, options: field(program).split(/\s+/), file: join(folder, file) };
    cases.push({ name: file.replace(/\.d$/, ""), folder, source, options, dump });
  }
  for (const source of names.filter((name) => name.endsWith(".s") && !used.has(name) && !name.startsWith("x86-64")))
    cases.push({ name: source, folder, source, options: [], dump: null });
  return cases;
}

async function compareCase({
  folder,
  source,
  options,
  dump,
  name,
}: Case): Promise<Omit<Result, "file" | "setting"> | null> {
  if (!existsSync(join(folder, source))) return null;
  const isLimited = !options.some((word) => word.startsWith("-march")) && !BEYOND.has(name);
  const flags = isLimited ? [...options, MARCH] : options;
  mkdirSync("build/corpora/gas", { recursive: true });
  const object = join(process.cwd(), "build/corpora/gas", `${name.replaceAll("/", "_")}.o`);
  const theirs = await run("as", ["--32", ...flags, `-I${folder}`, source, "-o", object], folder);
  // What GNU as refuses within these limits is no claim.
  if (!theirs.isOk || !existsSync(object)) return null;
  const ours = assembleFile(folder, source, [...flags, `-I${folder}`]);
  if (ours.object === null) {
    const known = classOfRefusal(ours.diagnostics);
    if (known !== null) return { outcome: "known", kind: known };
    const explained = EXPLAINED.get(`${basename(folder)}/${name}`);
    if (explained !== undefined) return { outcome: "known", kind: explained };
    const error = ours.diagnostics.find(({ severity }) => severity === "error");
    return {
      outcome: "refused by us only",
      kind: error?.id ?? "",
      detail: `${error?.line}: ${error?.message} <${error?.sourceLine.trim()}>`,
    };
  }
  const differences = objectDifferences(ours.object, new Uint8Array(readFileSync(object)));
  if (differences.length === 0) return { outcome: "same" };
  const known = classOfDifferences(differences);
  if (known !== null) return { outcome: "known", kind: known };
  if (flags.some((word) => WITHOUT_EFFECT.test(word)))
    return { outcome: "known", kind: "options that are accepted without effect" };
  if (dump !== null) writeFileSync(object, ours.object);
  if (dump !== null && (await fitsDump(dump, object)))
    return { outcome: "known", kind: "the .d file of the suite agrees" };
  const explained = EXPLAINED.get(`${basename(folder)}/${name}`);
  if (explained !== undefined) return { outcome: "known", kind: explained };
  return {
    outcome: "differs",
    kind: [...new Set(differences.map(({ kind }) => kind))].slice(0, 4).join(", "),
    detail: differences
      .map(({ kind, detail }) => `${kind}: ${detail}`)
      .join("\n")
      .slice(0, 1500),
  };
}
