/** Sizes on the command line, within the ranges that plans have. */
import { DISK_BYTES, type Field, formatSize } from "../plan/fields.ts";
import { UsageError } from "./fail.ts";
import type { ArgumentParser } from "./option-table.ts";

/** Bytes of a size such as `64M`, as a plan's field takes it: a number with K, M, G or T for the powers of 1024. */
export function sizeOf({ range }: Pick<Field<unknown>, "range">): ArgumentParser<number> {
  const { least, most, grain = 1 } = range!;
  return (text, option) => {
    const match = /^(\d+)([kmgt]?)(?:i?b)?$/i.exec(text);
    const bytes = match ? Number(match[1]) * 1024 ** " kmgt".indexOf(match[2]!.toLowerCase() || " ") : NaN;
    if (!(bytes >= least && bytes <= most && bytes % grain === 0))
      throw new UsageError(
        `${option} ${text}: write a size from ${formatSize(least)} to ${formatSize(most)} in steps of ${formatSize(grain)}, such as 64M`,
      );
    return bytes;
  };
}

/** The same of a disk. Throws `UsageError`. */
export const parseSize: ArgumentParser<number> = sizeOf({ range: DISK_BYTES });
