/** Which known name was probably meant by an unknown one. */

/** The nearest by edit distance (with swaps of neighbours counted once), or null when none is near. */
export function nearestName(written: string, known: Iterable<string>): string | null {
  const limit = written.length <= 3 ? 1 : written.length <= 6 ? 2 : 3;
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - written.length) >= bestDistance) continue;
    // A leading underscore is what C compilers of other systems add.
    const distance = candidate === `_${written}` || written === `_${candidate}` ? 0.5 : editDistance(written, candidate);
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = Number(a[i - 1]!.toLowerCase() !== b[j - 1]!.toLowerCase());
      row[j] = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}
