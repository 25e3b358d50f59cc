/** `--print-memory-usage`: how full the memory regions of the script are, in the columns of GNU ld 2.40. */
import type { Program } from "./program.ts";

const UNITS: readonly (readonly [name: string, bytes: number])[] = [
  ["GB", 2 ** 30],
  ["MB", 2 ** 20],
  ["KB", 2 ** 10],
];

/** Whole units only; nothing is 0 GB. */
function size(bytes: number): string {
  const unit = UNITS.find(([, unitBytes]) => bytes % unitBytes === 0);
  return (unit ? `${bytes / unit[1]} ${unit[0]}` : `${bytes} B`).padStart(13);
}

export function memoryUsage(program: Program): string {
  const { regions } = program.options.script;
  const rows = program.layout.regions
    .all()
    .filter(({ name, last }) => regions.length > 0 && (regions.some((region) => region.name === name) || last !== null))
    .map(({ name, origin, length, current }) => {
      const used = current - origin;
      const share = length === 0 ? "" : `${((used * 100) / length).toFixed(2)}%`.padStart(11);
      return `${name.padStart(16)}: ${size(used)}${size(length)}${share}`;
    });
  return `Memory region         Used Size  Region Size  %age Used\n${rows.map((row) => `${row}\n`).join("")}`;
}
