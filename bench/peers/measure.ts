/** What a command costs: wall time, processor time and peak memory, of several runs the least of each. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const TIME = "/usr/bin/time";

export interface Cost {
  readonly wallSeconds: number;
  /** Of all its threads; null without `/usr/bin/time`. */
  readonly processorSeconds: number | null;
  readonly peakBytes: number | null;
}

/** Null when the program is not there or fails. */
function once(program: string, args: readonly string[]): Cost | null {
  const hasTime = existsSync(TIME);
  const command = hasTime ? [TIME, "-f", "%U %S %M", program, ...args] : [program, ...args];
  const start = performance.now();
  const { status, stderr, error } = spawnSync(command[0]!, command.slice(1), {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const wallSeconds = (performance.now() - start) / 1000;
  if (error !== undefined || status !== 0) return null;
  const [user, system, kilobytes] = (stderr.trimEnd().split("\n").at(-1) ?? "").split(" ").map(Number);
  if (!hasTime || user === undefined || system === undefined || kilobytes === undefined)
    return { wallSeconds, processorSeconds: null, peakBytes: null };
  return { wallSeconds, processorSeconds: user + system, peakBytes: kilobytes * 1024 };
}

const least = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : Math.min(a, b));

/** Two commands alternately, so that whatever else the machine does slows both. */
export function pair(
  ours: readonly [string, ...string[]],
  theirs: readonly [string, ...string[]],
  runs: number,
): { ours: Cost | null; theirs: Cost | null } {
  const best = (known: Cost | null, cost: Cost | null): Cost | null =>
    known === null || cost === null
      ? cost
      : {
          wallSeconds: Math.min(known.wallSeconds, cost.wallSeconds),
          processorSeconds: least(known.processorSeconds, cost.processorSeconds),
          peakBytes: least(known.peakBytes, cost.peakBytes),
        };
  let a: Cost | null = null;
  let b: Cost | null = null;
  for (let i = 0; i < runs; i++) {
    b = best(b, once(theirs[0], theirs.slice(1)));
    a = best(a, once(ours[0], ours.slice(1)));
  }
  return { ours: a, theirs: b };
}

const number = (value: number | null, digits: number, unit: string): string =>
  (value === null ? "-" : `${value.toFixed(digits)}${unit}`).padStart(10);

const quotient = (a: number | null | undefined, b: number | null | undefined): number | null =>
  a === null || a === undefined || b === null || b === undefined || b === 0 ? null : a / b;

/** One row of a table: times, ratios, and bytes of peak memory for each of `items` beyond `emptyBytes`. */
export function row(
  name: string,
  { ours, theirs }: { ours: Cost | null; theirs: Cost | null },
  items: number,
  emptyBytes: { readonly ours: number; readonly theirs: number },
): string {
  const perItem = (cost: Cost | null, empty: number): number | null =>
    cost?.peakBytes === null || cost === null ? null : (cost.peakBytes - empty) / items;
  return [
    name.padEnd(24),
    number(ours?.wallSeconds ?? null, 3, " s"),
    number(theirs?.wallSeconds ?? null, 3, " s"),
    number(quotient(ours?.wallSeconds, theirs?.wallSeconds), 2, "x"),
    number(quotient(ours?.processorSeconds, theirs?.processorSeconds), 2, "x"),
    number(perItem(ours, emptyBytes.ours), 0, " B"),
    number(perItem(theirs, emptyBytes.theirs), 0, " B"),
  ].join(" ");
}

export const HEADER = [
  "".padEnd(24),
  ...["ours", "GNU", "wall", "processor", "ours each", "GNU each"].map((text) => text.padStart(10)),
].join(" ");
