/**
 * What came out of each object, on disk as one line of JSON each, so that a run can be broken off and taken up again,
 * and the table that people read.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const OUTCOMES = ["same", "known", "differs", "refused by us only", "refused by GNU only", "refused by both"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Result {
  readonly file: string;
  readonly setting: string;
  readonly outcome: Outcome;
  /** Which class of the documented differences, or what kind of fault. */
  readonly kind?: string;
  readonly detail?: string;
  /** Where the assembly lies, when it is worth a look. */
  readonly assembly?: string;
}

export class Results {
  readonly #path: string;
  readonly #byKey = new Map<string, Result>();

  constructor(path: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) return;
    for (const line of readFileSync(path, "utf8").split("\n")) {
      if (line === "") continue;
      const result = JSON.parse(line) as Result;
      this.#byKey.set(keyOf(result), result);
    }
  }

  get all(): Result[] {
    return [...this.#byKey.values()];
  }

  get(file: string, setting: string): Result | undefined {
    return this.#byKey.get(keyOf({ file, setting }));
  }

  add(result: Result): void {
    this.#byKey.set(keyOf(result), result);
    appendFileSync(this.#path, `${JSON.stringify(result)}\n`);
  }

  /** Drops what was answered anew. */
  compact(): void {
    writeFileSync(this.#path, this.all.map((result) => `${JSON.stringify(result)}\n`).join(""));
  }

  table(): string {
    const settings = [...new Set(this.all.map(({ setting }) => setting))];
    const row = (name: string, results: readonly Result[]): string =>
      [
        name.padEnd(18),
        ...OUTCOMES.map((outcome) =>
          String(results.filter((result) => result.outcome === outcome).length).padStart(outcome.length),
        ),
        String(results.length).padStart(7),
      ].join("  ");
    const lines = [["setting".padEnd(18), ...OUTCOMES, "objects"].join("  ")];
    for (const setting of settings)
      lines.push(
        row(
          setting,
          this.all.filter((result) => result.setting === setting),
        ),
      );
    lines.push(row("all", this.all), "");
    for (const outcome of OUTCOMES.filter((one) => one !== "same" && one !== "refused by both")) {
      const groups = new Map<string, Result[]>();
      for (const result of this.all.filter((one) => one.outcome === outcome)) {
        const kind = result.kind ?? "";
        groups.set(kind, [...(groups.get(kind) ?? []), result]);
      }
      for (const [kind, results] of [...groups].sort((a, b) => b[1].length - a[1].length).slice(0, 40)) {
        const [{ file, setting, detail }] = results as [Result];
        lines.push(`${String(results.length).padStart(6)}  ${outcome}: ${kind}`);
        if (outcome !== "known") lines.push(`        ${file} [${setting}] ${(detail ?? "").slice(0, 240)}`);
      }
    }
    return lines.join("\n");
  }
}

const keyOf = ({ file, setting }: { file: string; setting: string }): string => `${file}\0${setting}`;
