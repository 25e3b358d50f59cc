/** Columns of numbers that grow: what a program may have one of in every statement is kept in such. */

/** Up to here columns grow by much at once. */
const SMALL = 1 << 14;

/**
 * How far a full column grows. What was never written to takes no memory, what was copied does: so by four while that
 * is little, then by half.
 */
function largerCapacity(capacity: number): number {
  return capacity < SMALL ? capacity * 4 : capacity + (capacity >> 1);
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
