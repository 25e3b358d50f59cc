/** Columns of numbers that grow: what a program may have one of in every statement is kept in such. */

/** By how much a full column grows: by half, since what is copied and what stays empty both count. */
function largerCapacity(capacity: number): number {
  return capacity + (capacity >> 1) + 16;
}

export function grownInts(column: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(largerCapacity(column.length));
  larger.set(column);
  return larger;
}

export function grownWords(column: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(largerCapacity(column.length));
  larger.set(column);
  return larger;
}

export function grownBytes(
  column: Uint8Array,
  capacity: number = largerCapacity(column.length),
): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(capacity);
  larger.set(column);
  return larger;
}
