/**
 * One walk over the state of a machine serves three purposes: to save it, to restore it, and to digest it.
 *
 * Every stateful part has a method `visitState(visitor)` that passes each of its fields through the visitor and stores
 * what comes back: `this.mask = visitor.u8(this.mask)`. A saving or digesting visitor returns what it was given; a
 * restoring one returns what it read. So the three can never disagree about what the state is.
 */
export interface StateVisitor {
  /** Does this visitor put other values in place? What is derived from the state has to be made anew only then. */
  readonly restoring: boolean;
  /** Opens a named, versioned part. A restoring visitor refuses a part of another name or version. */
  part(name: string, version: number): void;
  bool(value: boolean): boolean;
  u8(value: number): number;
  u16(value: number): number;
  u32(value: number): number;
  i32(value: number): number;
  /** An integer up to 2^53 - 1, or `Infinity`: virtual times and instruction counts. */
  integer(value: number): number;
  /** IEEE 754 double, bit by bit. */
  f64(value: number): number;
  text(value: string): string;
  /** Bytes of fixed length, visited in place. */
  bytes(value: Uint8Array): void;
  /** Bytes of varying length (a FIFO's content, a frame in flight). */
  blob(value: Uint8Array): Uint8Array;
}

export interface Stateful {
  visitState(visitor: StateVisitor): void;
}
