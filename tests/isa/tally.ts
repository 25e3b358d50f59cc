/** What a walk over the table tried, as one line of the test's output: `docs/assembler-differences.md` quotes them. */

import type { Form } from "../../src/isa/form.ts";

export class Tally {
  readonly #what: string;
  readonly #forms = new Set<Form>();
  #samples = 0;
  readonly #known = new Map<string, number>();

  constructor(what: string) {
    this.#what = what;
  }

  /** A sample of a form was compared. */
  count(form: Form): void {
    this.#forms.add(form);
    this.#samples++;
  }

  /** It differs for a reason that is known. */
  countKnown(reason: string): void {
    this.#known.set(reason, (this.#known.get(reason) ?? 0) + 1);
  }

  get samples(): number {
    return this.#samples;
  }

  print(unknownDifferences: number): void {
    const known = [...this.#known].map(([reason, count]) => `${count} ${reason}`);
    console.info(
      `${this.#what}: ${this.#forms.size} forms, ${this.#samples} instructions, ${unknownDifferences} differences${known.length === 0 ? "" : `; besides ${known.join(", ")}`}`,
    );
  }
}
