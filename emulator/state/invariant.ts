/**
 * What must hold between the parts of the emulator, whatever a guest does. A broken invariant is a fault of the
 * emulator, never of its guest or its user; it ends the run where it is seen, before a wrong state is saved or
 * digested.
 */

class InvariantError extends Error {
  /** By which the command line knows it. */
  override readonly name = "InvariantError";
}

/** To be called where an invariant does not hold. `where`: the part that saw it. */
export function broken(where: string, what: string): never {
  throw new InvariantError(`${where}: ${what}`);
}
