/**
 * Bugs to be planted into the cluster's assembly, one at a time: planted.json. A bug is found by its text below a
 * label, so that lines may move; text that has gone is an error that names it.
 */
import { readFileSync } from "node:fs";

export interface PlantedBug {
  readonly file: string;
  /** The label below which the line stands; in TypeScript, what the line of its function begins with. */
  readonly routine: string;
  /** The first line there with this statement, whatever its blanks, label and comment; */
  readonly line: string;
  /** what takes its place; */
  readonly with: string;
  /** and what that breaks. */
  readonly breaks: string;
  /** The drill that looks there: it is tried alone before seeds are drawn. */
  readonly drill?: string;
  /** The faults that are drawn; all that mean something to the usual machines when absent. */
  readonly faults?: readonly string[];
  /** What notices it where no campaign can see it. */
  readonly test?: string;
  /** The tests of that file that do, by a part of their name; all when absent. */
  readonly named?: string;
}

/** Read from the root of the project, where tests and proofs are run. */
export const PLANTED = JSON.parse(readFileSync("tests/chaos/planted.json", "utf8")) as readonly PlantedBug[];

/** So far below its label a line is looked for. */
const MOST_LINES = 90;

function statementOf(line: string): string {
  return line.replace(/#.*/, "").replace(/^\d+:/, "").replace(/\s+/g, " ").trim();
}

/** The source with the bug. Throws an Error for text that is not there. */
export function plant({ file, routine, line, with: replacement }: PlantedBug, text: string): string {
  const lines = text.split("\n");
  const label = lines.findIndex(
    (found) => found === `${routine}:` || (/\.ts$/.test(file) && found.startsWith(routine)),
  );
  if (label < 0) throw new Error(`${file}: there is no label ${routine} any more, below which a bug is to be planted`);
  const below = lines.slice(label, label + MOST_LINES).findIndex((found) => statementOf(found) === line);
  if (below < 0)
    throw new Error(`${file}: below ${routine} there is no line \`${line}\` any more, for a bug to be planted`);
  const number = label + below;
  const [numeric = ""] = /^\d+:/.exec(lines[number]!) ?? [];
  lines[number] = `${numeric.padEnd(4)}${replacement}`;
  return lines.join("\n");
}
