/**
 * How much is tested. There are two tiers: `fast` (npm test) and `thorough` (QURE_THOROUGH=1 npm test, what CI runs),
 * and both at length (QURE_THOROUGH=all npm test), before a release: what says once more in an hour what the thorough
 * tier says in minutes. They differ by what is here and by nothing else, so a run can say at its end what it left out:
 *
 *   NAME.thorough.test.ts    a file of the thorough tier
 *   NAME.long.test.ts        one at length
 *   thoroughly(...)          a test of it, in a file whose others are fast (thoroughly.ts)
 *   atLength(...)            one at length
 *   rowsOf(table, 20)        of a table the rows that the fast tier takes; [20, 80]: and the thorough one
 *   casesOf("disk/oofs/damage")   how many cases of a random test each tier takes, and from which seed
 *
 * Planted faults (npm run mutants) are judged by the fast tier: bench/mutants.md says how many of them it notices.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export type Tier = "fast" | "thorough";

const asked = process.env["QURE_THOROUGH"] ?? "";

const tier: Tier = asked === "" ? "fast" : "thorough";

export const isThorough = tier === "thorough";

export const isAtLength = asked === "all";

/** Test files that this run leaves out. */
export const leftOut: readonly string[] = [
  ...(isThorough ? [] : ["tests/**/*.thorough.test.ts"]),
  ...(isAtLength ? [] : ["tests/**/*.long.test.ts"]),
];

type Counts = Readonly<Record<Tier, number>>;

/**
 * Cases of each random test, by its file below tests/ without `.test.ts`. CI draws the same ones each time, so it
 * notices what changes: what was never met is found by the proofs and fuzzers (CONTRIBUTING.md), which draw on and on.
 */
const CASES = {
  "assembler/code-options": { fast: 8, thorough: 100 },
  "assembler/hostile": { fast: 12, thorough: 40 },
  "assembler/random": { fast: 12, thorough: 50 },
  "backup/hostile": { fast: 600, thorough: 10_000 },
  "binutils/differential": { fast: 1, thorough: 2 },
  "build/object-cache": { fast: 1, thorough: 10 },
  "chaos/campaign": { fast: 1, thorough: 8 },
  "emulator/cluster/every-millisecond": { fast: 2, thorough: 15 },
  "emulator/cluster/snapshot": { fast: 2, thorough: 4 },
  "emulator/cpu/differential": { fast: 25, thorough: 300 },
  "emulator/cpu/idling": { fast: 4, thorough: 10 },
  "emulator/cpu/vector": { fast: 1, thorough: 1 },
  "emulator/cpu/x87": { fast: 1, thorough: 6 },
  "emulator/ether/igd": { fast: 30, thorough: 1_000 },
  "emulator/ether/ports-asked": { fast: 8, thorough: 50 },
  "emulator/fuzz": { fast: 1, thorough: 4 },
  "emulator/jit/boundaries": { fast: 1, thorough: 5 },
  "emulator/jit/experience": { fast: 1, thorough: 2 },
  "emulator/jit/guests": { fast: 20_000, thorough: 80_000 },
  "emulator/jit/real-mode": { fast: 1, thorough: 2 },
  "emulator/jit/returning": { fast: 1, thorough: 2 },
  "emulator/jit/square-root": { fast: 500, thorough: 8_000 },
  "emulator/jit/random": { fast: 1, thorough: 2 },
  "guest/chacha20-poly1305": { fast: 30, thorough: 600 },
  "guest/ed25519-sign": { fast: 6, thorough: 150 },
  "guest/ed25519": { fast: 12, thorough: 500 },
  "guest/heap": { fast: 2_000, thorough: 50_000 },
  "image/signature": { fast: 250, thorough: 3_000 },
  "isa/disassemble": { fast: 800, thorough: 40_000 },
  "isa/operands": { fast: 1000, thorough: 100_000 },
  "linker/differential": { fast: 1, thorough: 4 },
  "linker/expressions": { fast: 12, thorough: 100 },
  "linker/hostile": { fast: 1, thorough: 30 },
  "linker/random-scripts": { fast: 6, thorough: 40 },
  "object/demangle": { fast: 1_500, thorough: 20_000 },
  "object/string-table": { fast: 50, thorough: 1_000 },
  readers: { fast: 20, thorough: 200 },
  "spec/drawn": { fast: 400, thorough: 5_000 },
  "upgrade/download": { fast: 1, thorough: 5 },
  "upgrade/rolling": { fast: 6, thorough: 400 },
  "volume/role": { fast: 3, thorough: 40 },
  "volume/s3-cache": { fast: 1, thorough: 5 },
  "vm/schema": { fast: 150, thorough: 5_000 },
  "cloud/hostile": { fast: 60, thorough: 3_000 },
  "cloud/members": { fast: 1, thorough: 3 },
  "cloud/packets": { fast: 100, thorough: 1_500 },
  "disk/oofs/crash": { fast: 1, thorough: 5 },
  "disk/oofs/damage": { fast: 15, thorough: 150 },
  "wide/link": { fast: 100, thorough: 5_000 },
  "wire/decode": { fast: 500, thorough: 30_000 },
  "system/cluster-away": { fast: 0, thorough: 1 },
  "system/files": { fast: 1, thorough: 3 },
  "system/volumes": { fast: 1, thorough: 5 },
  "system/iso9660": { fast: 1, thorough: 40 },
  "system/ssh": { fast: 8, thorough: 30 },
  "system/network-hostile": { fast: 10, thorough: 2_000 },
} as const satisfies Readonly<Record<string, Counts>>;

export type RandomTest = keyof typeof CASES;

/** Cases of a random test in this run. */
export interface Cases {
  readonly firstSeed: number;
  readonly count: number;
  /** For the title of the test. */
  readonly title: string;
  /** The one command that runs a case, or all of them, again. */
  repeat(seed?: number): string;
}

/** How many cases the test takes now. QURE_SEED and QURE_CASES say otherwise, for one test at a time. */
export function casesOf(test: RandomTest, firstSeedByDefault = 1): Cases {
  const firstSeed = Number(process.env["QURE_SEED"] ?? firstSeedByDefault);
  const count = Number(process.env["QURE_CASES"] ?? CASES[test][tier]);
  return {
    firstSeed,
    count,
    title: `${count} cases from seed ${firstSeed}`,
    repeat: (seed) =>
      `repeat with QURE_SEED=${seed ?? firstSeed} QURE_CASES=${seed === undefined ? count : 1} npx vitest run tests/${test}`,
  };
}

/** Of many samples, those that a tier takes: spread evenly over all, others for each seed. */
export function spreadSample<Item>(
  all: readonly Item[],
  { count, firstSeed }: Pick<Cases, "count" | "firstSeed">,
): readonly Item[] {
  if (count >= all.length) return all;
  // In each stretch one, at a place that the seed moves.
  const stride = all.length / count;
  const shift = ((firstSeed * 0.6180339887) % 1) * stride;
  return Array.from(
    { length: count },
    (_, index) => all[Math.min(all.length - 1, Math.floor(index * stride + shift))]!,
  );
}

/** Of something counted, so many in the fast tier, so many in the thorough one, and the last number at length. */
export function many(fast: number, thorough: number, atLength = thorough): number {
  return isAtLength ? atLength : isThorough ? thorough : fast;
}

/**
 * All of a table at length, and in the thorough tier where that has no number of its own. Else so many rows, evenly
 * spread and always the same, and those that notice what no other row does: `always` tells them.
 */
export function rowsOf<Row>(
  table: readonly Row[],
  fewer: number | readonly [fast: number, thorough: number],
  always: (row: Row) => boolean = () => false,
): readonly Row[] {
  const [fast, thorough] = typeof fewer === "number" ? [fewer, table.length] : fewer;
  const count = many(fast, thorough, table.length);
  if (count >= table.length) return table;
  const chosen = new Set(spreadSample(table, { count, firstSeed: 0 }));
  return table.filter((row) => chosen.has(row) || always(row));
}

const RATES = join(import.meta.dirname, "../../bench/mutants.md");
/** What the fast tier is to notice of planted faults, in each folder. */
const HELD_PERCENT = 85;

/** Folders of which the fast tier notices less than that: rows of the table that `npm run mutants` makes. */
function notHeld(): readonly string[] {
  if (!existsSync(RATES)) return [];
  const rows = readFileSync(RATES, "utf8").matchAll(/^\| `([^`]+)` \|.*\| (\d+) % \|$/gm);
  return [...rows]
    .filter(([, , percent]) => Number(percent) < HELD_PERCENT)
    .map(([, folder, percent]) => `${folder} ${percent}`);
}

/** What this tier leaves out, in two sentences; null when it leaves out nothing. */
export function whatIsLeftOut(): string | null {
  if (isAtLength) return null;
  if (isThorough)
    return "Left out: *.long.test.ts, and what is said once more at length. QURE_THOROUGH=all npm test runs all.";
  const fewer = Object.values(CASES).filter((counts) => counts.fast < counts.thorough).length;
  const weak = notHeld();
  const held =
    weak.length === 0
      ? ""
      : ` Of 100 planted faults these tests notice fewer than ${HELD_PERCENT} in: ${weak.join(", ")} (bench/mutants.md).`;
  return `Left out: *.thorough.test.ts, tests that take seconds, most cases of ${fewer} random tests, rows of wide tables. QURE_THOROUGH=1 npm test runs all.${held}`;
}
