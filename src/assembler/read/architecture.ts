/**
 * The processor that is assembled for: `-march`, `.arch`. Which names there are and what each allows is `src/isa`'s
 * knowledge.
 */

import { ARCHITECTURE_NAMES, parseArchitecture, selectArchitecture } from "../../isa/features.ts";

/** Processors whose alignment GNU as fills with NOPL. */
const LONG_NOP_PROCESSORS: ReadonlySet<string> = new Set([
  "pentium4",
  "prescott",
  "core",
  "nocona",
  "core2",
  "corei7",
  "athlon",
  "opteron",
  "k8",
  "amdfam10",
]);

export class Architecture {
  /** Null when every instruction is allowed. */
  features: ReadonlySet<string> | null = null;
  /** Processor of the command line: it, not `.arch`, chooses how alignment is filled. */
  readonly #processor: string;
  /** Out-of-reach 16-bit conditional jumps may become a jump over a jump: `.arch`'s `jumps`. */
  promotesJumps = true;
  /** Counts the changes. */
  generation = 0;
  readonly #stack: (ReadonlySet<string> | null)[] = [];
  /** The command line names a processor that nobody knows. */
  readonly isUnknown: boolean;

  /** `name` as `-march` takes it: `i686+sse2`; empty for everything. */
  constructor(name: string) {
    const features = name === "" ? undefined : parseArchitecture(name.toLowerCase());
    this.isUnknown = features === null;
    this.features = features ?? null;
    this.#processor = name.toLowerCase().split("+")[0]!;
  }

  /** `.arch name`, `.arch .feature`, `.arch push`, `.arch pop`; false for a name that nobody knows. */
  select(text: string): boolean {
    const name = text.toLowerCase();
    this.generation++;
    if (name === "push") {
      this.#stack.push(this.features);
      return true;
    }
    if (name === "pop") {
      if (this.#stack.length === 0) return false;
      this.features = this.#stack.pop() ?? null;
      return true;
    }
    const features = selectArchitecture(this.features ?? undefined, name);
    if (features === null) return false;
    this.features = features ?? null;
    return true;
  }

  get hasLongNops(): boolean {
    return LONG_NOP_PROCESSORS.has(this.#processor);
  }

  static get names(): readonly string[] {
    return ARCHITECTURE_NAMES;
  }
}
