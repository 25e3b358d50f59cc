/** Several scripts as one: those of the command line, and the built-in one after them unless they replace it. */
import type { LinkerScript } from "./tree.ts";

/** `scripts` must not be empty. What only one script can say is taken from the first that says it. */
export function mergeScripts(scripts: readonly LinkerScript[]): LinkerScript {
  const [only] = scripts;
  if (scripts.length === 1 && only) return only;
  const all = <Item>(list: (script: LinkerScript) => readonly Item[]): Item[] => scripts.flatMap(list);
  // Mistakes most likely stand in the script with the most statements.
  const main = scripts.reduce((best, script) => (script.statements.length > best.statements.length ? script : best));
  return {
    path: main.path,
    entry: scripts.find(({ entry }) => entry !== null)?.entry ?? null,
    outputFormat: scripts.find(({ outputFormat }) => outputFormat !== null)?.outputFormat ?? null,
    outputFile: scripts.find(({ outputFile }) => outputFile !== null)?.outputFile ?? null,
    regions: all(({ regions }) => regions),
    regionAliases: new Map(all(({ regionAliases }) => [...regionAliases])),
    statements: all(({ statements }) => statements),
    inserted: all(({ inserted }) => inserted),
    noCrossReferences: all(({ noCrossReferences }) => noCrossReferences),
    allocatesGroups: scripts.some(({ allocatesGroups }) => allocatesGroups),
    forcesCommon: scripts.some(({ forcesCommon }) => forcesCommon),
    usesHeaders: scripts.some(({ usesHeaders }) => usesHeaders),
    externs: all(({ externs }) => externs),
    inputs: all(({ inputs }) => inputs),
    searchFolders: all(({ searchFolders }) => searchFolders),
    phdrs: scripts.find(({ phdrs }) => phdrs !== null)?.phdrs ?? null,
  };
}
