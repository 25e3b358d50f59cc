/**
 * Runs one program in two machines, from decoded blocks and by another engine, in the same random pieces, and compares
 * them at the end of each.
 */
import { Random } from "../../../emulator/state/random.ts";
import type { WorldOptions } from "./random-code.ts";
import type { World } from "./random-program.ts";
import { digestOf, makeWorld, registersOf } from "./random-program.ts";

/** Over all runs: instructions, how many of them compiled code has retired by itself, and regions. */
export const totals = { retired: 0, compiled: 0, regions: 0 };

/** Where the code of another machine is that "moved" takes over. */
const ELSEWHERE = 0x312000;

/**
 * What is compared with decoded blocks. "shared": what another machine has compiled before; "moved": at another place.
 */
export type ComparedEngine = "compiled" | "shared" | "moved" | "cold";

function makeCompared(seed: number, options: WorldOptions, engine: ComparedEngine, instructions: number): World {
  if (engine === "cold") return makeWorld(seed, options, "interpret");
  const first = makeWorld(seed, engine === "moved" ? { ...options, codeAt: ELSEWHERE } : options, "force");
  if (engine === "compiled") return first;
  while (first.cpu.retired < instructions) if (first.cpu.run(instructions) !== "budget") break;
  return makeWorld(seed, options, "on");
}

/** Null when the two agree everywhere, else where they do not. */
export function lockstep(
  seed: number,
  world: WorldOptions,
  instructions: number,
  engine: ComparedEngine = "compiled",
): string | null {
  // The interpreter is for code segments without a limit, and only such code is shared between places.
  const options = engine === "cold" || engine === "moved" ? { ...world, codeLimit: 0xffffffff } : world;
  const plain = makeWorld(seed, options, "off");
  const compiled = makeCompared(seed, options, engine, instructions);
  // Nobody can tell whether translations are kept when CR3 is loaded or all are forgotten.
  const { mmu } = plain.cpu.core;
  mmu.loadDirectory = () => mmu.flush();
  const random = new Random(seed ^ 0x5bd1e995);
  let before = registersOf(plain);
  while (plain.cpu.retired < instructions) {
    // Short pieces end compiled code everywhere, long ones let it run.
    const piece = random.below(8) === 0 ? 1 + random.below(3000) : 1 + random.below(200);
    const interrupts = random.below(4) === 0;
    for (const { cpu } of [plain, compiled]) {
      const limit = cpu.retired + piece;
      if (interrupts) cpu.setInterruptRequest(true);
      while (cpu.retired < limit) if (cpu.run(limit) !== "budget") break;
    }
    const expected = registersOf(plain);
    const found = registersOf(compiled);
    if (expected !== found) return `after ${before}\nexpected ${expected}\nfound    ${found}`;
    if (plain.bus.writes.length !== compiled.bus.writes.length) return `after ${before}\ndevice accesses differ`;
    // Wild code may end in HLT with interrupts off, or in a triple fault.
    if (plain.bus.shutdowns > 0 || plain.cpu.halted) break;
    before = expected;
  }
  if (engine !== "cold") totals.retired += plain.cpu.retired;
  totals.compiled += compiled.cpu.engine?.statistics.retired ?? 0;
  totals.regions += compiled.cpu.engine?.statistics.regions ?? 0;
  return digestOf(plain) === digestOf(compiled) ? null : `memory or device accesses differ at ${before}`;
}
