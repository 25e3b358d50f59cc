/**
 * Objects of the last build, each with the sources it was made of, and programs, each with its objects: what has not
 * changed is not assembled or linked again.
 */
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { ElfObject } from "../object/elf-reader.ts";

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
  readonly #programs = new Map<
    string,
    { readonly script: Uint8Array; readonly objects: readonly ElfObject[]; readonly program: unknown }
  >();

  /** What `assembleSource` gave for this path before, if all that it read is still the same; else what it gives now. */
  get(path: string, read: (path: string) => Uint8Array | null, assembleSource: () => AssembledSource): AssembledSource {
    const known = this.#entries.get(path);
    if (known && [...known.inputs].every(([input, bytes]) => same(bytes, read(input)))) return known;
    const made = assembleSource();
    this.#entries.set(path, made);
    return made;
  }

  /**
   * What `linkObjects` gave for this linker script and these very objects before, or what it gives now. Objects must
   * come from `get`.
   */
  getProgram<Program>(
    path: string,
    script: Uint8Array,
    objects: readonly ElfObject[],
    linkObjects: () => Program,
  ): Program {
    const known = this.#programs.get(path);
    if (
      known &&
      same(known.script, script) &&
      known.objects.length === objects.length &&
      known.objects.every((object, i) => object === objects[i])
    )
      return known.program as Program;
    const program = linkObjects();
    this.#programs.set(path, { script, objects, program });
    return program;
  }
}

function same(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === b) return true;
  if (a === null || b === null || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
