/** `--print-memory-usage`: how full the memory regions of the script are, in the columns of GNU ld 2.40. */
import type { Program } from "./program.ts";

const UNITS: readonly (readonly [name: string, bytes: number])[] = [
  ["GB", 2 ** 30],
  ["MB", 2 ** 20],
  ["KB", 2 ** 10],
];

/** Whole units only. */
function size(bytes: number): string {
  const unit = UNITS.find(([, unitBytes]) => bytes !== 0 && bytes % unitBytes === 0);
  return unit ? `${(bytes / unit[1]).toString().padStart(9)} ${unit[0]}` : `${bytes.toString().padStart(9)}  B`;
}

export function memoryUsage(program: Program): string {
  const rows = program.layout.regions
    .all()
    .filter(({ name, last }) => program.options.script.regions.some((region) => region.name === name) || last !== null)
    .map(({ name, origin, length, current }) => {
      const used = current - origin;
      return `${name.padStart(16)}: ${size(used)}  ${size(length)}  ${length === 0 ? "".padStart(9) : `${((used * 100) / length).toFixed(2).padStart(9)}%`}`;
    });
  return `Memory region         Used Size  Region Size  %age Used\n${rows.map((row) => `${row}\n`).join("")}`;
}
