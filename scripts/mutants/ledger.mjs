// What was judged, kept in a file: a line of JSON for each mutant, written when its verdict is there. So a campaign of
// hours may be ended at any moment, and the same command goes on; and what survived can be judged again by new tests.

import { appendFileSync, existsSync, readFileSync } from "node:fs";

const keyOf = ({ file, line, column, operator, before, after }) =>
  JSON.stringify([file, line, column ?? null, operator, before, after]);

export class Ledger {
  #path;
  #known = new Map();

  /** `path`: null keeps nothing. `again`: what survived or took too long counts as not judged. */
  constructor(path, again) {
    this.#path = path;
    if (path === null || !existsSync(path)) return;
    for (const line of readFileSync(path, "utf8").split("\n")) {
      if (line === "") continue;
      const one = JSON.parse(line);
      // A later verdict on the same mutant stands.
      this.#known.set(keyOf(one), one);
    }
    if (!again) return;
    for (const [key, { verdict }] of this.#known)
      if (verdict === "survived" || verdict === "timedOut") this.#known.delete(key);
  }

  /** What was noted of this mutant, or null. */
  find(mutant) {
    return this.#known.get(keyOf(mutant)) ?? null;
  }

  note(verdict, mutant) {
    const one = { verdict, ...mutant };
    this.#known.set(keyOf(one), one);
    if (this.#path !== null) appendFileSync(this.#path, `${JSON.stringify(one)}\n`);
  }
}
