/** Runs of memory: linear pages that follow each other in the machine's memory as well. */
/**
 * Length of the run that begins at an address, by a translation table; pages beyond `wantedBytes` are not looked at.
 */
export function runLength(table: Int32Array, linear: number, wantedBytes: number): number {
  let page = linear >>> 12;
  let offset = table[page]!;
  if (offset === 0) return 0;
  let length = 4096 - (linear & 0xfff);
  while (length < wantedBytes && offset > 0 && table[page + 1] === offset + 4096) {
    page++;
    offset += 4096;
    length += 4096;
  }
  return length;
}
