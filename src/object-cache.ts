/** Objects of the last build, each with the sources it was made of: what has not changed is not assembled again. */
import type { Diagnostic } from "./assembler/diagnostic.ts";
import type { ElfObject } from "./linker/elf-reader.ts";

/** One source, assembled. */
export interface AssembledSource {
  /** Null when there were errors. */
  readonly object: ElfObject | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Every file that was read, with what it held; null for a name that was looked for and not found. */
  readonly inputs: ReadonlyMap<string, Uint8Array | null>;
}

export class ObjectCache {
  readonly #entries = new Map<string, AssembledSource>();

  /** What `assembleSource` gave for this path before, if all that it read is still the same; else what it gives now. */
  get(path: string, read: (path: string) => Uint8Array | null, assembleSource: () => AssembledSource): AssembledSource {
    const known = this.#entries.get(path);
    if (known && [...known.inputs].every(([input, bytes]) => same(bytes, read(input)))) return known;
    const made = assembleSource();
    this.#entries.set(path, made);
    return made;
  }
}

function same(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === b) return true;
  if (a === null || b === null || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
