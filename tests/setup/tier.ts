/**
 * How much is tested: `fast` (npm test), `thorough` (QURE_THOROUGH=1 npm test, what CI runs) and `quick` (npm run
 * test:quick, while one is writing). The tiers differ by the tables here and by nothing else, so that what one leaves
 * out can be said at its end. Planted faults are judged by all rows and groups, as CI would, with few random cases.
 */

export type Tier = "quick" | "fast" | "thorough";

const named = process.env["QURE_TIER"];
const tier: Tier = (process.env["QURE_THOROUGH"] ?? "") !== "" ? "thorough" : named === "quick" ? "quick" : "fast";

export const isThorough = tier === "thorough";
/** Whether tables are tried to their last row, and groups that take seconds too. */
export const hasAllRows = isThorough || named === "mutants";

/** What takes seconds: all that a person or a network does to a booted system, long histories, wide comparisons. */
const SLOW = [
  "tests/cli/{cli,emu,snapshot,debug,as,full-disk,files,disk,programs}.test.ts",
  "tests/system/**",
  "tests/chaos/**",
  "tests/lab/faults.test.ts",
  "tests/emulator/cluster/**",
  "tests/emulator/debug/{gdb,history,trace,protocol}.test.ts",
  "tests/emulator/cpu/{faults,overlapping-copy,differential}.test.ts",
  "tests/emulator/jit/{guests,boundaries,random}.test.ts",
  "tests/emulator/{fuzz,state,machine}.test.ts",
  "tests/emulator/devices/{hostile,registers,state}.test.ts",
  "tests/isa/{disassemble,operands,att,prefixes,inverse}.test.ts",
  "tests/binutils/**",
  "tests/assembler/hostile.test.ts",
  "tests/oofs/crash.test.ts",
  "tests/guest/**",
  "tests/systems/{diskettes,graphics}.test.ts",
  "tests/linker/{differential,hostile,random-scripts}.test.ts",
  "tests/fat/**",
  "tests/systems/processors.test.ts",
  "tests/assembler/relaxation.test.ts",
  "tests/image/kernels.test.ts",
  "tests/lab/monitor/**",
  "tests/emulator/cpu/{vector,x87,models}.test.ts",
];

/** Test files that a tier leaves out. */
const LEFT_OUT: Readonly<Record<Tier, readonly string[]>> = {
  thorough: [],
  fast: ["tests/**/*.thorough.test.ts"],
  quick: ["tests/**/*.thorough.test.ts", ...SLOW],
};

export const leftOut = LEFT_OUT[tier];

type Counts = Readonly<Record<Tier, number>>;

/**
 * Cases of each random test, by its file below tests/ without `.test.ts`. CI draws the same ones each time, so it notices
 * what changes: what was never met is found by the proofs and fuzzers (CONTRIBUTING.md), which draw on and on.
 */
const CASES = {
  "assembler/code-options": { quick: 10, fast: 20, thorough: 400 },
  "assembler/hostile": { quick: 20, fast: 25, thorough: 60 },
  "assembler/random": { quick: 20, fast: 20, thorough: 100 },
  "binutils/differential": { quick: 1, fast: 1, thorough: 5 },
  "build/object-cache": { quick: 2, fast: 4, thorough: 50 },
  "chaos/campaign": { quick: 2, fast: 10, thorough: 100 },
  "emulator/cluster/every-millisecond": { quick: 2, fast: 2, thorough: 100 },
  "emulator/cluster/snapshot": { quick: 2, fast: 2, thorough: 20 },
  "emulator/cpu/differential": { quick: 25, fast: 25, thorough: 2500 },
  "emulator/cpu/idling": { quick: 2, fast: 4, thorough: 60 },
  "emulator/cpu/vector": { quick: 1, fast: 1, thorough: 5 },
  "emulator/cpu/x87": { quick: 1, fast: 1, thorough: 15 },
  "emulator/fuzz": { quick: 1, fast: 1, thorough: 10 },
  "emulator/jit/boundaries": { quick: 1, fast: 1, thorough: 10 },
  "emulator/jit/experience": { quick: 1, fast: 1, thorough: 6 },
  "emulator/jit/guests": { quick: 60_000, fast: 40_000, thorough: 80_000 },
  "emulator/jit/real-mode": { quick: 1, fast: 1, thorough: 25 },
  "emulator/jit/returning": { quick: 1, fast: 1, thorough: 4 },
  "emulator/jit/square-root": { quick: 500, fast: 500, thorough: 20_000 },
  "emulator/jit/random": { quick: 1, fast: 1, thorough: 3 },
  "guest/heap": { quick: 2_000, fast: 2_000, thorough: 500_000 },
  "isa/disassemble": { quick: 800, fast: 800, thorough: 1_000_000 },
  "isa/operands": { quick: 1000, fast: 1000, thorough: 1_000_000 },
  "linker/differential": { quick: 1, fast: 1, thorough: 12 },
  "linker/expressions": { quick: 10, fast: 25, thorough: 300 },
  "linker/hostile": { quick: 1, fast: 1, thorough: 500 },
  "linker/random-scripts": { quick: 5, fast: 12, thorough: 300 },
  "object/demangle": { quick: 5_000, fast: 5_000, thorough: 50_000 },
  "object/string-table": { quick: 50, fast: 50, thorough: 3000 },
  "oofs/crash": { quick: 1, fast: 1, thorough: 25 },
  "oofs/damage": { quick: 15, fast: 15, thorough: 400 },
  "page/decode": { quick: 500, fast: 500, thorough: 100_000 },
  "system/cluster-away": { quick: 0, fast: 0, thorough: 8 },
  "system/files": { quick: 1, fast: 1, thorough: 6 },
  "system/volumes": { quick: 1, fast: 1, thorough: 10 },
  "system/iso9660": { quick: 1, fast: 1, thorough: 100 },
  "system/network-hostile": { quick: 15, fast: 15, thorough: 5000 },
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

/** All of a table in the thorough tier; so many rows of it, evenly spread and always the same, in the others. */
export function rowsOf<Row>(table: readonly Row[], fewer: number): readonly Row[] {
  return hasAllRows ? table : spreadSample(table, { count: fewer, firstSeed: 0 });
}

/** What this tier leaves out, in one line; null when it leaves out nothing. */
export function whatIsLeftOut(): string | null {
  if (isThorough) return null;
  const fewer = Object.values(CASES).filter((counts) => counts[tier] < counts.thorough).length;
  const files = leftOut.map((pattern) => pattern.replace(/^tests\//, "")).join(" ");
  return `The ${tier} tier left out tests/{${files}} tests that take seconds, cases of ${fewer} random tests and rows of wide tables; QURE_THOROUGH=1 npm test runs all.`;
}
