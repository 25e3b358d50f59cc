/**
 * Versions of symbols (`.symver`): names with `@`, which the linker reads as the name and version of a shared library's
 * symbol. A defined symbol gets the versioned name beside its own or instead of it; one of another file is asked for by
 * it.
 */

import type { Reporter } from "./reporter.ts";
import { type AssemblySymbol, STV } from "./symbol.ts";
import type { SymbolList } from "./symbol-list.ts";

/** What becomes of the plain name: the fourth operand of `.symver`. */
const ORIGINALS = ["", "local", "hidden", "remove"] as const;

interface Version {
  readonly symbol: AssemblySymbol;
  /** With its `@`, `@@` or `@@@`. */
  readonly name: string;
  readonly original: (typeof ORIGINALS)[number];
}

export class SymbolVersions {
  readonly #reporter: Reporter;
  readonly #list: SymbolList;
  readonly #versions: Version[] = [];

  constructor(reporter: Reporter, list: SymbolList) {
    this.#reporter = reporter;
    this.#list = list;
  }

  /** `.symver symbol, name@version`; `offset` is where the versioned name stands. */
  add(symbol: AssemblySymbol, name: string, original: string, offset: number): void {
    if (!/^[^@]+@{1,3}[^@]+$/.test(name))
      this.#reporter.failAt(
        "bad-argument",
        offset,
        `expected a name, \`@', \`@@' or \`@@@', and a version, not \`${name}'`,
      );
    const kept = ORIGINALS.find((one) => one === original);
    if (kept === undefined) {
      return this.#reporter.failAt(
        "bad-argument",
        offset,
        `the plain name can become \`local', \`hidden' or \`remove', not \`${original}'`,
        undefined,
        {
          candidates: ORIGINALS,
          written: original,
        },
      );
    }
    this.#versions.push({ symbol, name, original: kept });
  }

  /** Makes the names, once it is known which symbols are defined. */
  finish(): void {
    for (const { symbol, name, original } of this.#versions) {
      const isDefined = symbol.section.kind !== "undefined" || symbol.expression !== null;
      if (!isDefined) {
        symbol.versionedName = name.replace("@@@", "@");
        symbol.usedInRelocation ||= !symbol.isWeak;
        continue;
      }
      if (name.includes("@@@") || original === "remove") {
        symbol.versionedName = name.replace("@@@", "@@");
        continue;
      }
      const alias = symbol.clone();
      alias.versionedName = name;
      this.#list.add(alias);
      if (original === "hidden") symbol.visibility = STV.HIDDEN;
      else if (original === "local") symbol.isGlobal = symbol.isWeak = false;
    }
  }
}
