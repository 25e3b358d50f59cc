/** Steps of a script that lay a virtqueue's descriptors into memory. */
const bytesOf = (word: number): string =>
  [0, 8, 16, 24].map((shift) => ((word >>> shift) & 0xff).toString(16)).join(" ");

/** Words, lowest byte first, as `ram` takes them. */
export const words = (...values: readonly number[]): string => values.map(bytesOf).join(" ");

/** Flags of a descriptor. */
export const NEXT = 1;
export const WRITE = 2;

/** The step that writes a descriptor of the table at `table`. */
export const descriptorAt = (
  table: number,
  index: number,
  address: number,
  bytes: number,
  flags: number,
  next: number,
): string => `ram ${(table + index * 16).toString(16)} ${words(address, 0, bytes, flags | (next << 16))}`;
