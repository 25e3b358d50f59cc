/**
 * An interrupt at every instruction boundary of small random programs: compiled code delivers it with the registers,
 * the flags and the stack that the interpreter has there. Each program runs round and round, in pieces that end one
 * boundary further each time, until all that it comes back to has been interrupted; the rest is interrupted in runs of
 * its own. QURE_CASES says how many programs.
 */
import { expect, test } from "vitest";
import { IF } from "../../../emulator/cpu/flags.ts";
import { CPL, EFLAGS, EIP } from "../../../emulator/cpu/layout.ts";
import { KeptState } from "../../../emulator/state/kept-state.ts";
import { casesOf } from "../../setup/tier.ts";
import type { WorldOptions } from "./random-code.ts";
import type { World } from "./random-program.ts";
import { digestOf, makeWorld, registersOf, restoreWorld, visitWorld } from "./random-program.ts";

const cases = casesOf("emulator/jit/boundaries");
/** Steps in which the boundaries are collected. */
const COLLECTED = 1500;
/** Compiled code is entered for no less than 64 instructions. */
const LEAST_PIECE = 65;
const PIECES = 600;
/** Where programs lie; handlers lie below. */
const PROGRAM_START = 0x100000;

function isOver({ bus, cpu }: World): boolean {
  return bus.shutdowns > 0 || cpu.halted;
}

/**
 * The boundaries at which the interpreter, one instruction at a time, may be interrupted, each with the count at which
 * it first comes there.
 */
function boundariesOf(seed: number, options: WorldOptions): Map<number, number> {
  const world = makeWorld(seed, options, "off");
  const { cpu } = world;
  const { s } = cpu.core;
  const found = new Map<number, number>();
  for (let i = 0; i < COLLECTED && !isOver(world); i++) {
    cpu.run(cpu.retired + 1);
    const mayBeInterrupted =
      (s[EFLAGS]! & IF) !== 0 && s[EIP]! >>> 0 >= PROGRAM_START && s[CPL] === (options.user ? 3 : 0);
    if (mayBeInterrupted && !found.has(s[EIP]!)) found.set(s[EIP]!, cpu.retired);
  }
  return found;
}

/** Runs both machines for some instructions; null when they agree. */
function runBoth(both: readonly World[], count: number): string | null {
  const before = registersOf(both[0]!);
  for (const { cpu } of both) {
    const limit = cpu.retired + count;
    while (cpu.retired < limit) if (cpu.run(limit) !== "budget") break;
  }
  const [expected, found] = both.map(registersOf);
  return expected === found ? null : `after ${before}\nexpected ${expected}\nfound    ${found}`;
}

interface Coverage {
  boundaries: number;
  interrupted: number;
  deliveries: number;
  compiled: number;
  retired: number;
}

/** Null when the machines agree. */
function interruptEverywhere(seed: number, options: WorldOptions, coverage: Coverage): string | null {
  const left = boundariesOf(seed, options);
  coverage.boundaries += left.size;
  const plain = makeWorld(seed, options, "off");
  const compiled = makeWorld(seed, options, "force");
  const both = [plain, compiled];
  const beginning = KeptState.of((visitor) => visitWorld(plain, visitor), null);
  for (let piece = 0; piece < PIECES && left.size > 0 && !both.some(isOver); piece++) {
    const difference = runBoth(both, LEAST_PIECE + ((piece * 7) % 61));
    if (difference !== null) return difference;
    const { s } = plain.cpu.core;
    if ((s[EFLAGS]! & IF) === 0) continue;
    if (left.delete(s[EIP]!)) coverage.interrupted++;
    coverage.deliveries++;
    for (const { cpu } of both) cpu.setInterruptRequest(true);
    // The handler's first instruction, with all of the frame below it.
    const late = runBoth(both, 1);
    if (late !== null) return `interrupted: ${late}`;
  }
  coverage.retired += compiled.cpu.retired;
  coverage.compiled += compiled.cpu.engine!.statistics.retired;
  if (digestOf(plain) !== digestOf(compiled)) return "memory or device accesses differ in the end";
  // What a program does not come back to is interrupted when it first comes there, in a run of its own.
  for (const retired of left.values()) {
    for (const world of both) restoreWorld(world, beginning);
    const difference = runBoth(both, retired);
    if (difference !== null) return difference;
    for (const { cpu } of both) cpu.setInterruptRequest(true);
    coverage.interrupted++;
    const late = runBoth(both, 1);
    if (late !== null) return `interrupted: ${late}`;
  }
  return null;
}

test("interrupts at every boundary of small programs", { timeout: 1_200_000 }, () => {
  const coverage: Coverage = { boundaries: 0, interrupted: 0, deliveries: 0, compiled: 0, retired: 0 };
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const options = { paged: seed % 2 === 0, user: seed % 3 === 0, segmented: seed % 5 === 0 };
    const difference = interruptEverywhere(seed, options, coverage);
    if (difference !== null) expect.fail(`${cases.repeat(seed)}: ${JSON.stringify(options)}: ${difference}`);
  }
  expect(coverage.interrupted).toBe(coverage.boundaries);
  expect(coverage.compiled / coverage.retired).toBeGreaterThan(0.1);
});
