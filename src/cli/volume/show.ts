/** Sizes and tables as `qure volume` prints and reads them. */
import { UsageError } from "../fail.ts";
import { sizeOf } from "../sizes.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const LEAST_BYTES = 512;
const MOST_BYTES = 2 ** 54;
const MOST_SECONDS = 86_400;

export const sizeArgument = (text: string): number =>
  sizeOf({ range: { least: LEAST_BYTES, most: MOST_BYTES, grain: LEAST_BYTES } })(text, "--size");

export function secondsArgument(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= MOST_SECONDS))
    throw new UsageError(`--timeout ${text}: write seconds, 0 to ${MOST_SECONDS}`);
  return value;
}

export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Columns as wide as what is in them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = head.length > 0 ? [head, ...rows] : rows;
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
