/**
 * An interrupt at every instruction boundary of small random programs: compiled code delivers it with the registers, the flags and the
 * stack that the interpreter has there. Each program runs round and round, in pieces that end one boundary further each time, until
 * all that it executes again and again has been interrupted. QURE_PROGRAMS says how many programs.
 */
import { expect, test } from "vitest";
import { CPL, EFLAGS, EIP } from "../../../emulator/cpu/layout.ts";
import { IF } from "../../../emulator/cpu/flags.ts";
import { digestOf, makeWorld, registersOf } from "./random-program.ts";
import type { World, WorldOptions } from "./random-program.ts";

const PROGRAMS = Number(process.env["QURE_PROGRAMS"] ?? 24);
/** Steps in which the boundaries are collected. */
const COLLECTED = 1500;
/** Compiled code is entered for no less than 64 instructions. */
const LEAST_PIECE = 65;
const PIECES = 1500;
/** Where programs lie; handlers lie below. */
const PROGRAM_START = 0x100000;

function isOver({ bus, cpu }: World): boolean {
  return bus.shutdowns > 0 || cpu.halted;
}

/** The boundaries at which the interpreter, one instruction at a time, may be interrupted. */
function boundariesOf(seed: number, options: WorldOptions): Set<number> {
  const world = makeWorld(seed, options, "off");
  const { cpu } = world;
  const { s } = cpu.core;
  const found = new Set<number>();
  for (let i = 0; i < COLLECTED && !isOver(world); i++) {
    cpu.run(cpu.retired + 1);
    if ((s[EFLAGS]! & IF) !== 0 && s[EIP]! >>> 0 >= PROGRAM_START && s[CPL] === (options.user ? 3 : 0)) found.add(s[EIP]!);
  }
  return found;
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
  const run = (count: number): string | null => {
    const before = registersOf(plain);
    for (const { cpu } of both) {
      const limit = cpu.retired + count;
      while (cpu.retired < limit) if (cpu.run(limit) !== "budget") break;
    }
    const [expected, found] = both.map(registersOf);
    return expected === found ? null : `after ${before}\nexpected ${expected}\nfound    ${found}`;
  };
  for (let piece = 0; piece < PIECES && left.size > 0 && !both.some(isOver); piece++) {
    const difference = run(LEAST_PIECE + ((piece * 7) % 61));
    if (difference !== null) return difference;
    const { s } = plain.cpu.core;
    if ((s[EFLAGS]! & IF) === 0) continue;
    if (left.delete(s[EIP]!)) coverage.interrupted++;
    coverage.deliveries++;
    for (const { cpu } of both) cpu.setInterruptRequest(true);
    // The handler's first instruction, with all of the frame below it.
    const late = run(1);
    if (late !== null) return `interrupted: ${late}`;
  }
  coverage.retired += compiled.cpu.retired;
  coverage.compiled += compiled.cpu.jit!.statistics.retired;
  return digestOf(plain) === digestOf(compiled) ? null : "memory or device accesses differ in the end";
}

test("interrupts at every boundary of small programs", { timeout: 600_000 }, () => {
  const coverage: Coverage = { boundaries: 0, interrupted: 0, deliveries: 0, compiled: 0, retired: 0 };
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const options = { paged: seed % 2 === 0, user: seed % 3 === 0, segmented: seed % 5 === 0 };
    const difference = interruptEverywhere(seed, options, coverage);
    if (difference !== null) expect.fail(`program ${seed} ${JSON.stringify(options)}: ${difference}`);
  }
  // The rest ran once, at a program's start, before compiled code is entered.
  expect(coverage.interrupted / coverage.boundaries).toBeGreaterThan(0.75);
  expect(coverage.compiled / coverage.retired).toBeGreaterThan(0.1);
});
