/** What `qure ld` lists of a link beside the map: files, cross references, rules for make. */
import type { LinkInput } from "../../linker/inputs.ts";
import type { Program } from "../../linker/program.ts";
import { SHN_UNDEF, STB_LOCAL } from "../../object/elf.ts";
import type { SymbolNaming } from "./demangling.ts";

/** Where the files begin in the table of cross references. */
const CREF_COLUMN = 50;

/** GNU ld's table of cross references: symbols by name, and their files, the one that defines each first. */
export function crossReferences({ objects: all, options }: Program, nameOf: SymbolNaming): string {
  const objects = all.filter(({ isMade }) => !isMade);
  const files = new Map<string, readonly string[]>();
  // GNU ld takes the first file for the one that makes the table.
  if (!options.isRelocatable && objects[0]) files.set("_GLOBAL_OFFSET_TABLE_", [objects[0].path]);
  for (const isDefinition of [true, false])
    for (const { path, elf } of objects)
      for (const { name, section, binding } of elf.symbols) {
        if (binding === STB_LOCAL || (section !== SHN_UNDEF) !== isDefinition) continue;
        const known = files.get(name) ?? [];
        if (!known.includes(path)) files.set(name, [...known, path]);
      }
  const lines = [...files]
    .map(([name, paths]) => [nameOf(name), paths] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, paths]) => paths.map((path, i) => `${(i === 0 ? name : "").padEnd(CREF_COLUMN)}${path}`));
  return ["", "Cross Reference Table", "", `${"Symbol".padEnd(CREF_COLUMN)}File`, ...lines, ""].join("\n");
}

/** `-t`: the files of a link; given twice, also the members of archives that are linked. */
export function tracedFiles(inputs: readonly LinkInput[], { objects }: Program, withMembers: boolean): string {
  const lines = inputs.flatMap(function lines(input): string[] {
    if (input.kind === "group") return input.inputs.flatMap(lines);
    if (input.kind !== "file") return [];
    const { path } = input;
    const members = withMembers ? objects.filter((object) => !object.isMade && object.path.startsWith(`${path}(`)) : [];
    return [path, ...members.map((object) => `(${path})${object.path.slice(path.length + 1, -1)}`)];
  });
  return lines.map((line) => `${line}\n`).join("");
}

/** `--dependency-file`: a rule that says what the program is made of, and empty ones for files that may disappear. */
export function dependencyRules(outputPath: string, files: readonly string[]): string {
  const rules = files.map((file) => `\n${file}:\n`).join("");
  return `${outputPath}:${files.map((file) => ` \\\n  ${file}`).join("")}\n${rules}`;
}
