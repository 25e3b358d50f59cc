/**
 * What must hold between the parts of the workshop, whatever a person feeds it. A broken invariant is a fault of QuRe,
 * never of its input; the command line says so, with the command that shows it (src/cli/fail.ts). `emulator/`, which
 * imports nothing from here, throws an error of the same name (emulator/state/invariant.ts).
 */

class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/**
 * Stays on: at seams and outside of hot loops it costs nothing. The message names the part and what it was promised.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
