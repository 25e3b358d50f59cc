/**
 * The processor that is assembled for: `-march`, `.arch`. Which names there are and what each allows is `src/isa`'s
 * knowledge.
 */

import { ARCHITECTURE_NAMES, parseArchitecture, selectArchitecture } from "../../isa/features.ts";
import type { NopChoice } from "../../isa/nops.ts";

/** Processors for which alignment is filled with instructions of a plain 386, whatever else is allowed (`-mtune`). */
const PLAIN_NOP_PROCESSORS = /^(i[3-6]86|pentium|pentiumpro|pentiumi+|generic32)$/;
/** Names that say which instructions there are, but nothing of the processor. */
const NO_PROCESSORS = /^(i8086|i186|i286|default|)$/;

interface Choice {
  readonly features: ReadonlySet<string> | null;
  readonly processor: string;
}

export class Architecture {
  /** Null when every instruction is allowed. */
  features: ReadonlySet<string> | null = null;
  /** The processor that was named last, or "". */
  #processor = "";
  /** `-mtune`, or "". */
  readonly #tune: string;
  /** Out-of-reach 16-bit conditional jumps may become a jump over a jump: `.arch`'s `jumps`. */
  promotesJumps = true;
  /** Counts the changes. */
  generation = 0;
  readonly #stack: Choice[] = [];
  /** The command line names a processor that nobody knows. */
  readonly isUnknown: boolean;

  /** `name` as `-march` takes it: `i686+sse2`; empty for everything. `tune`: a processor to be quick on, or "". */
  constructor(name: string, tune: string) {
    const features = name === "" ? undefined : parseArchitecture(name.toLowerCase());
    this.isUnknown = features === null || (tune !== "" && parseArchitecture(tune.toLowerCase()) === null);
    this.features = features ?? null;
    this.#setProcessor(name.toLowerCase().split("+")[0]!);
    this.#tune = tune.toLowerCase();
  }

  /** `.arch name`, `.arch .feature`, `.arch push`, `.arch pop`; false for a name that nobody knows. */
  select(text: string): boolean {
    const name = text.toLowerCase();
    this.generation++;
    if (name === "push") {
      this.#stack.push({ features: this.features, processor: this.#processor });
      return true;
    }
    if (name === "pop") {
      const choice = this.#stack.pop();
      if (choice === undefined) return false;
      this.features = choice.features;
      this.#processor = choice.processor;
      return true;
    }
    const features = selectArchitecture(this.features ?? undefined, name);
    if (features === null) return false;
    this.features = features ?? null;
    if (!name.startsWith(".")) this.#setProcessor(name);
    return true;
  }

  #setProcessor(name: string): void {
    this.#processor = NO_PROCESSORS.test(name) ? "" : name;
  }

  /** What alignment is filled with here, as far as that is known. */
  get nops(): NopChoice {
    return { hasLong: this.features?.has("nop") === true, isOpen: this.#processor === "" };
  }

  /** Whether NOPL is quick on the processor of `-mtune`, or on the one that was named last; null without any. */
  get prefersLongNops(): boolean | null {
    const name = this.#tune || this.#processor;
    return name === "" ? null : !PLAIN_NOP_PROCESSORS.test(name);
  }

  /** On the 486 a shift by an immediate 1 is quicker than the form that has the 1 in its opcode. */
  get avoidsShiftByOne(): boolean {
    return (this.#tune || this.#processor) === "i486";
  }

  static get names(): readonly string[] {
    return ARCHITECTURE_NAMES;
  }
}
