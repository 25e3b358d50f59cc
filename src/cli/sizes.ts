/** Sizes on the command line. */
import { UsageError } from "./fail.ts";

const SECTOR_BYTES = 512;
const LEAST_DISK_BYTES = 16 * 2 ** 20;
const MOST_DISK_BYTES = 2 ** 41;
/** What the board takes (emulator/machine.ts). */
const LEAST_MEMORY_BYTES = 2 ** 20;
const MOST_MEMORY_BYTES = 2 ** 30;
const MEMORY_GRAIN_BYTES = 64 * 2 ** 10;

/** Bytes of a disk's size such as `64M`: a number with K, M, G or T for the powers of 1024. Throws `UsageError`. */
export function parseSize(text: string, option: string): number {
  return parse(text, option, {
    least: LEAST_DISK_BYTES,
    most: MOST_DISK_BYTES,
    grain: SECTOR_BYTES,
    parts: "whole sectors",
  });
}

/** The same for a machine's memory. */
export function parseMemorySize(text: string, option: string): number {
  return parse(text, option, {
    least: LEAST_MEMORY_BYTES,
    most: MOST_MEMORY_BYTES,
    grain: MEMORY_GRAIN_BYTES,
    parts: "steps of 64K",
  });
}

function parse(
  text: string,
  option: string,
  range: { least: number; most: number; grain: number; parts: string },
): number {
  const match = /^(\d+)([kmgt]?)(?:i?b)?$/i.exec(text);
  const bytes = match ? Number(match[1]) * 1024 ** " kmgt".indexOf(match[2]!.toLowerCase() || " ") : NaN;
  if (!(bytes >= range.least && bytes <= range.most && bytes % range.grain === 0)) {
    throw new UsageError(
      `${option} ${text}: write a size from ${describeSize(range.least)} to ${describeSize(range.most)} in ${range.parts}, such as 64M`,
    );
  }
  return bytes;
}

function describeSize(bytes: number): string {
  if (bytes >= 2 ** 40) return `${bytes / 2 ** 40}T`;
  return bytes >= 2 ** 30 ? `${bytes / 2 ** 30}G` : `${bytes / 2 ** 20}M`;
}
