/** What a table of a tool's options says: one row for each option of GNU's help, or several for several values. */

/**
 * `same`: GNU's files and standard output differ from those without it, and ours are GNU's. `nothing`: GNU's do not
 * differ, and nor do ours. `own`: ours differ, whatever GNU's are. `refused`: an error that names the option. `warned`:
 * a warning that names it, each time. `tested`: the value is the test that has more than a sample.
 */
export type Verdict = "same" | "nothing" | "own" | "refused" | "warned" | "tested";

export type OptionRow = readonly [
  /** Spellings as in the help, without values. */
  names: string,
  verdict: Verdict,
  /** A value that begins with `+` is glued on, one that begins with a blank is a word of its own. */
  value?: string,
  /** In place of the table's operands. */
  operands?: readonly string[],
];

export interface OptionTable {
  readonly tool: string;
  readonly run: (args: readonly string[]) => void | Promise<void>;
  /** What GNU's tool is asked for its options. */
  readonly helps: readonly (readonly string[])[];
  /** Leaves out what is about other targets. */
  readonly hasOptions?: (help: string) => string;
  /** Files by their names, or what makes them in a folder. */
  readonly files: Readonly<Record<string, string | Uint8Array>> | ((folder: string) => void);
  readonly always?: readonly string[];
  /** FOLDER stands for the folder, one for each tool. */
  readonly operands: readonly string[];
  readonly rows: readonly OptionRow[];
}

/** All spellings in a help, without their values; `-z common` counts as one. */
export function spellingsIn(help: string): Set<string> {
  const found = new Set<string>();
  for (const line of help.split("\n")) {
    const [, text = ""] = /^ {0,10}(\{?-.*?)(?: {2,}|\t|$)/.exec(line) ?? [];
    const keyword = /^-z ([a-z][^\s=[{]*)/.exec(text);
    if (keyword) {
      found.add(`-z ${keyword[1]}`);
      continue;
    }
    for (const part of text.split(/[,|{}]\s*|\s+(?=-)|(?<=^-\w+) (?=\d)/)) {
      const [spelling] = /^--?[^\s=[<]*(?:\[no-\][^\s=[<|}]*)?/.exec(part) ?? [];
      if (spelling === undefined || /^-+$/.test(spelling)) continue;
      if (spelling.includes("[no-]")) for (const no of ["", "no-"]) found.add(spelling.replace("[no-]", no));
      else found.add(spelling);
    }
  }
  return found;
}

/** The words of a row's option in each of its spellings. */
export function wordsOf([names, , value]: OptionRow): string[][] {
  return names.split(", ").map((name) => {
    if (name.startsWith("-z ")) return ["-z", name.slice(3) + (value === undefined ? "" : `=${value}`)];
    if (value === undefined) return [name];
    if (value.startsWith("+")) return [name + value.slice(1)];
    if (value.startsWith(" ")) return [name, value.slice(1)];
    return name.length > 2 ? [`${name}=${value}`] : [name, value];
  });
}
