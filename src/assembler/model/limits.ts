/**
 * How much one assembly may ask for before it is taken for a mistake. Each limit is above what any program needs and
 * below what exhausts the host; whoever has less memory to give sets lower ones.
 */
const MIB = 1 << 20;

export interface Limits {
  /** What statements leave in memory until the end, beside the bytes that they make, as far as that is counted. */
  readonly heldBytes: number;
  /** Bytes of all sections together. */
  readonly contentBytes: number;
  /** Text that all expansions together may come to: some million statements, which end within seconds. */
  readonly expandedBytes: number;
}

export const LIMITS: Limits = { heldBytes: 1200 * MIB, contentBytes: 256 * MIB, expandedBytes: 24 * MIB };

/** A limit in a message. */
export function inMebibytes(bytes: number): string {
  return `${bytes / MIB} MiB`;
}
