/** Code that was dropped is given back to the host, however often a machine drops all of it. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { makeWorld } from "./random-program.ts";

const INSTRUCTIONS = 3000;
const MOST_GROWTH_BYTES = 2 << 20;

test("a machine that drops its code over and over keeps none of it", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { bus, cpu } = makeWorld(77, { paged: false, user: false, segmented: false }, "force");
  const heapAfter = (times: number): number => {
    for (let time = 0; time < times; time++) {
      cpu.setCodeProbe(null);
      const end = cpu.retired + INSTRUCTIONS;
      while (cpu.retired < end) if (cpu.run(end) !== "budget") break;
    }
    // What the devices have noted is not the engine's.
    bus.writes.length = 0;
    collect();
    return process.memoryUsage().heapUsed;
  };
  const first = heapAfter(20);
  const { regions } = cpu.engine!.statistics;
  expect(heapAfter(150) - first).toBeLessThan(MOST_GROWTH_BYTES);
  expect(cpu.engine!.statistics.regions - regions).toBeGreaterThan(500);
});
