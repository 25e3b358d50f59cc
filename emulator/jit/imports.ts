/** The functions that compiled code calls, by number: those of the engine (jit.ts), then those of the x87 unit. */
import type { FunctionImport } from "./wasm.ts";
import { I32 } from "./wasm.ts";
import { X87_FUNCTIONS } from "./x87/unit.ts";

const BINARY = 1;

export const STEP = 0;
export const OUT = 1;
export const IN = 2;
export const DIRECTORY = 3;
export const INVALIDATE = 4;
export const FILL = 5;
export const TOUCH = 6;
export const TIMESTAMP = 7;
export const AWAY = 8;
export const ENTER = 9;
export const WINDOW_READ = 10;
export const WINDOW_WRITE = 11;

/** In the order of their numbers. */
const ENGINE_IMPORTS: readonly FunctionImport[] = [
  /** (EIP, budget) -> budget after the instruction, or -1: EXIT_STOPPED. State is in memory. */
  { name: "step", type: BINARY },
  /**
   * (port, value, size, budget) -> budget after the instruction, -1: EXIT_ATTENTION after it, -2: not done,
   * EXIT_INTERPRET.
   */
  { name: "out", type: 2 },
  /** (port, size, budget) -> as `out`; the value is in JIT_VALUE. */
  { name: "in", type: 3 },
  /** MOV to CR3: (value, budget) -> as `out`. */
  { name: "directory", type: BINARY },
  /** INVLPG: (linear address, budget) -> as `out`. */
  { name: "invalidate", type: BINARY },
  /**
   * (linear address, 1 to write) -> the translation table's entry for an access, or 0: the interpreter has to make it.
   */
  { name: "fill", type: BINARY },
  /** (offset in RAM, size) -> 0 if something may be written there, over entries of page tables but not over code. */
  { name: "touch", type: BINARY },
  /** (budget) -> the lower half of the time stamp counter; the upper one is in JIT_VALUE. */
  { name: "timestamp", type: 4 },
  /**
   * (EIP, budget) -> budget after an instruction that may lead anywhere, also to another privilege or address space, or
   * -1: EXIT_STOPPED. State is in memory.
   */
  { name: "away", type: BINARY },
  /** Into a region: (number of the entry plus one, budget, address of its entry map, slot). */
  { name: "enter", type: 2 },
  /** (WINDOW_SIZE_SHIFT, budget): the bytes are in both THREAD_WINDOW_* then. */
  { name: "windowRead", type: BINARY },
  /** (WINDOW_SIZE_SHIFT, budget) -> as `out`. What is in THREAD_WINDOW_WRITE is written. */
  { name: "windowWrite", type: BINARY },
];

const WITH_X87: readonly FunctionImport[] = [
  ...ENGINE_IMPORTS,
  ...X87_FUNCTIONS.map((name) => ({ name, type: BINARY })),
];

/** What a region imports. */
export const importsOf = (usesX87: boolean): readonly FunctionImport[] => (usesX87 ? WITH_X87 : ENGINE_IMPORTS);

const NUMBERS: ReadonlyMap<string, number> = new Map(WITH_X87.map(({ name }, number) => [name, number]));

/** Number of a function of the x87 unit. */
export function x87Import(name: string): number {
  const number = NUMBERS.get(name);
  if (number === undefined) throw new Error(`the x87 unit has no ${name}`);
  return number;
}

/** Types of functions; 0 is that of a region. */
export const typesOf = (region: readonly number[]): { parameters: readonly number[]; results: readonly number[] }[] => [
  { parameters: region, results: [I32] },
  { parameters: [I32, I32], results: [I32] },
  { parameters: [I32, I32, I32, I32], results: [I32] },
  { parameters: [I32, I32, I32], results: [I32] },
  { parameters: [I32], results: [I32] },
];
