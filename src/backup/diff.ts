/** In what two backups differ: of each part how much, and where. */
import { CHUNK_BYTES, type PartHeader } from "./format.ts";
import type { Backup } from "./read.ts";

/** Each of them is printed. */
const MOST_RANGES = 1000;

export interface PartDifference {
  readonly part: string;
  /** Null: it is not in that one. */
  readonly sizes: readonly [number | null, number | null];
  /** By chunks of 64 KiB. */
  readonly differentBytes: number;
  /** Where: the first and the last byte. The first thousand of them. */
  readonly ranges: readonly (readonly [number, number])[];
}

const nameOf = ({ kind, name }: PartHeader): string => `${kind} ${name}`;

export async function diffBackups(one: Backup, other: Backup): Promise<PartDifference[]> {
  const parts = [...one.header.parts, ...other.header.parts];
  const names = [...new Set(parts.map(nameOf))];
  const all: PartDifference[] = [];
  for (const part of names) {
    const [mine, its] = [one, other].map(({ header }) => header.parts.find((found) => nameOf(found) === part));
    const sizes = [mine?.sizeBytes ?? null, its?.sizeBytes ?? null] as const;
    if (mine && its) all.push({ part, sizes, ...(await placesOf(one, other, mine)) });
    else all.push({ part, sizes, differentBytes: (mine ?? its)!.sizeBytes, ranges: [] });
  }
  return all;
}

async function placesOf(
  one: Backup,
  other: Backup,
  part: PartHeader,
): Promise<Pick<PartDifference, "differentBytes" | "ranges">> {
  const ranges: [number, number][] = [];
  let chunks = 0;
  const differs = (index: number): void => {
    chunks++;
    const at = index * CHUNK_BYTES;
    const last = ranges.at(-1);
    if (last && last[1] + 1 === at) last[1] += CHUNK_BYTES;
    else if (ranges.length < MOST_RANGES) ranges.push([at, at + CHUNK_BYTES - 1]);
  };
  const [mine, its] = [one.contentOf(part), other.contentOf(part)];
  let [a, b] = [await mine.next(), await its.next()];
  while (!a.done || !b.done) {
    const [indexA, indexB] = [a, b].map((next) => (next.done ? Infinity : next.value.index)) as [number, number];
    if (indexA !== indexB || a.value!.hash !== b.value!.hash) differs(Math.min(indexA, indexB));
    const isMine = indexA <= indexB;
    const isIts = indexB <= indexA;
    if (isMine) a = await mine.next();
    if (isIts) b = await its.next();
  }
  return { differentBytes: chunks * CHUNK_BYTES, ranges };
}
