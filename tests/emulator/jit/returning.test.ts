/**
 * A machine that comes back to earlier states keeps the code whose bytes are the same, and goes on from each state as a
 * machine does that never had any.
 */
import { expect, test } from "vitest";
import { KeptState } from "../../../emulator/state/kept-state.ts";
import { Random } from "../../../emulator/state/random.ts";
import { casesOf } from "../../setup/tier.ts";
import { CODE, type WorldOptions } from "./random-code.ts";
import { digestOf, makeWorld, registersOf, restoreWorld, visitWorld, type World } from "./random-program.ts";

const cases = casesOf("emulator/jit/returning");
const PIECES = 120;
const STATES = 4;
/** More or less. */
const PROGRAM_BYTES = 2048;

const stateOf = (world: World): KeptState => KeptState.of((visitor) => visitWorld(world, visitor), null);

function run({ cpu }: World, instructions: number): void {
  const end = cpu.retired + instructions;
  while (cpu.retired < end) if (cpu.run(end) !== "budget") break;
}

/** A bus master copies some code of the program over some other. */
function rewrite(random: Random, worlds: readonly World[]): void {
  const bytes = new Uint8Array(1 + random.below(16));
  const [from, to] = [CODE + random.below(PROGRAM_BYTES), CODE + random.below(PROGRAM_BYTES)];
  for (const { memory } of worlds) {
    memory.dma.read(from, bytes);
    memory.dma.write(to, bytes);
  }
}

/** Null when all goes on from each state as it should, else after what it does not. */
function difference(seed: number, options: WorldOptions, jit: "off" | "force"): string | null {
  const random = new Random(seed ^ 0x2545f491);
  const returning = makeWorld(seed, options, jit);
  const fresh = makeWorld(seed, options, "off");
  const states: KeptState[] = [];
  for (let piece = 0; piece < PIECES; piece++) {
    if (random.below(2) === 0) rewrite(random, [returning, fresh]);
    const instructions = 1 + random.below(400);
    const before = registersOf(returning);
    for (const world of [returning, fresh]) run(world, instructions);
    // To look at all of memory takes longer than to run.
    const isWhole = random.below(4) === 0;
    const seen = (world: World): string => registersOf(world) + (isWhole ? digestOf(world) : "");
    if (seen(returning) !== seen(fresh)) return `${before}, with ${instructions} instructions to run`;
    const hasEnded = returning.cpu.halted || returning.bus.shutdowns > 0;
    if (!hasEnded && (states.length === 0 || random.below(4) === 0)) states[random.below(STATES)] = stateOf(returning);
    if (!hasEnded && random.below(3) !== 0) continue;
    const state = random.pick(states.filter(Boolean));
    if (state === undefined) return null;
    // Which drops all that it has decoded.
    fresh.cpu.setCodeProbe(null);
    for (const world of [returning, fresh]) restoreWorld(world, state);
  }
  return null;
}

for (const jit of ["force", "off"] as const)
  test(`goes on from each state that it comes back to, ${jit === "off" ? "decoded" : "compiled"}`, () => {
    for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
      const [paged, user, segmented] = [(seed & 1) !== 0, (seed & 2) !== 0, (seed & 4) !== 0];
      const found = difference(seed, { paged, user, segmented, hasSecond: seed % 5 === 0 }, jit);
      if (found !== null) expect.fail(`${cases.repeat(seed)}\nafter ${found}`);
    }
  });

test("decodes and compiles nothing anew where nothing has changed", () => {
  const world = makeWorld(77, { paged: true, user: false, segmented: false }, "force");
  run(world, 2000);
  const state = stateOf(world);
  run(world, 2000);
  const { blocksDecoded } = world.memory.counters;
  const { regions } = world.cpu.engine!.statistics;
  for (let time = 0; time < 3; time++) {
    restoreWorld(world, state);
    run(world, 2000);
  }
  expect(world.memory.counters.blocksDecoded - blocksDecoded).toBeLessThan(blocksDecoded / 10);
  expect(world.cpu.engine!.statistics.regions - regions).toBeLessThan(regions / 10);
});
