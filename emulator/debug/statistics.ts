/** A machine's counters in words, for `--stats` and `monitor stats`. */
import type { Machine } from "../machine.ts";

/** `3x14 0x20`: how often each vector was delivered, leaving out those that never were. */
function vectors(counts: Uint32Array): string {
  const shown = Array.from(counts, (count, vector) => (count === 0 ? "" : `${vector.toString(16).padStart(2, "0")}h ${count}`)).filter((text) => text !== "");
  return shown.length === 0 ? "none" : shown.join(", ");
}

export function describeCounters(machine: Machine): string[] {
  const { counters } = machine;
  const idle = machine.nowNs === 0 ? 0 : (machine.idleNs / machine.nowNs) * 100;
  const rows: readonly (readonly [string, string])[] = [
    ["instructions", `${machine.instructions}, idle for ${idle.toFixed(1)} % of ${machine.nowNs} ns`],
    ["code", `${counters.blocksDecoded} blocks of ${counters.instructionsDecoded} instructions decoded, ${counters.blocksDiscarded} discarded after writes`],
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
