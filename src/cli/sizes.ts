/** Sizes on the command line. */
import { UsageError } from "./fail.ts";

const SECTOR_BYTES = 512;
const LEAST_DISK_BYTES = 16 * 1024 * 1024;
const MOST_DISK_BYTES = 2 ** 41;

/** Bytes of a text such as `64M`: a number with K, M or G for the powers of 1024. Throws `UsageError`. */
export function parseSize(text: string, option: string, least = LEAST_DISK_BYTES, most = MOST_DISK_BYTES): number {
  const match = /^(\d+)([kmg]?)(?:i?b)?$/i.exec(text);
  const bytes = match ? Number(match[1]) * 1024 ** " kmg".indexOf(match[2]!.toLowerCase() || " ") : NaN;
  if (!(bytes >= least && bytes <= most && bytes % SECTOR_BYTES === 0)) {
    throw new UsageError(`${option} ${text}: write a size from ${describeSize(least)} to ${describeSize(most)} in whole sectors, such as 64M`);
  }
  return bytes;
}

function describeSize(bytes: number): string {
  return bytes >= 2 ** 30 ? `${bytes / 2 ** 30}G` : `${bytes / 2 ** 20}M`;
}
