/** A machine's counters in words, for `--stats` and `monitor stats`. */
import type { Machine } from "../machine.ts";

/** `3x14 0x20`: how often each vector was delivered, leaving out those that never were. */
function vectors(counts: Uint32Array): string {
  const shown = Array.from(counts, (count, vector) =>
    count === 0 ? "" : `${vector.toString(16).padStart(2, "0")}h ${count}`,
  ).filter((text) => text !== "");
  return shown.length === 0 ? "none" : shown.join(", ");
}

/** All counters as plain numbers; those by vector as objects from the vector in hexadecimal digits to the count. */
export function countersOf(machine: Machine): Record<string, number | Record<string, number>> {
  const byVector = (counts: Uint32Array): Record<string, number> =>
    Object.fromEntries(
      Array.from(counts, (count, vector) => [vector.toString(16).padStart(2, "0"), count] as const).filter(
        ([, count]) => count > 0,
      ),
    );
  const entries = Object.entries(machine.counters).map(
    ([name, value]) => [name, value instanceof Uint32Array ? byVector(value) : value] as const,
  );
  return {
    instructions: machine.instructions,
    virtualTimeNs: machine.nowNs,
    idleNs: machine.idleNs,
    ...Object.fromEntries(entries),
    compiled: { ...machine.processor.engine?.statistics },
  };
}

/** What compiled code there is, and how much of the work it does. */
function compiled(machine: Machine): string {
  const { engine } = machine.processor;
  if (engine === null) return "none";
  const { regions, instructions, discarded, entered, retired, slowExits, steps } = engine.statistics;
  const share = machine.instructions === 0 ? 0 : (retired / machine.instructions) * 100;
  return `${regions} regions of ${instructions} instructions, ${discarded} discarded; they did ${share.toFixed(1)} % of the work in ${entered} turns, left it ${slowExits} times and asked for it ${steps} times`;
}

export function describeCounters(machine: Machine): string[] {
  const { counters } = machine;
  const idle = machine.nowNs === 0 ? 0 : (machine.idleNs / machine.nowNs) * 100;
  const rows: readonly (readonly [string, string])[] = [
    [
      "instructions",
      `${machine.instructions}, ${counters.passedOver} of them passed over in loops, idle for ${idle.toFixed(1)} % of ${machine.nowNs} ns`,
    ],
    [
      "code",
      `${counters.blocksDecoded} blocks of ${counters.instructionsDecoded} instructions decoded, ${counters.blocksDiscarded} discarded after writes`,
    ],
    ["compiled", compiled(machine)],
    ["translation", `${counters.translationMisses} misses, ${counters.translationFlushes} flushes`],
    ["exceptions", vectors(counters.exceptions)],
    ["interrupts", vectors(counters.interrupts)],
    ["INT n", vectors(counters.softwareInterrupts)],
    ["ports", `${counters.portReads} reads, ${counters.portWrites} writes`],
    ["device memory", `${counters.mmioReads} reads, ${counters.mmioWrites} writes`],
    ["bus masters", `${counters.dmaBytesRead} bytes read, ${counters.dmaBytesWritten} written`],
  ];
  return rows.map(([name, text]) => `${name.padEnd(13)} ${text}`);
}
