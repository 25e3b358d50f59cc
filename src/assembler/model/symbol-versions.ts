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

interface Versions {
  /** With their `@`, `@@` or `@@@`; the last one first. */
  readonly names: string[];
  original: (typeof ORIGINALS)[number];
  /** Said with `@@@`: the versioned name takes the place of the plain one. */
  isRenamed: boolean;
}

export class SymbolVersions {
  readonly #reporter: Reporter;
  readonly #list: SymbolList;
  readonly #versions = new Map<AssemblySymbol, Versions>();
  /** Symbols that are to vanish behind several versions. */
  readonly #ambiguous: AssemblySymbol[] = [];

  constructor(reporter: Reporter, list: SymbolList) {
    this.#reporter = reporter;
    this.#list = list;
  }

  /** `.symver symbol, name@version`; `offset` is where the versioned name stands. */
  add(symbol: AssemblySymbol, name: string, original: string, offset: number): void {
    if (!/^[^@]+@{1,3}[^@]*$/.test(name))
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
    let versions = this.#versions.get(symbol);
    if (versions === undefined) {
      versions = { names: [], original: "", isRenamed: false };
      this.#versions.set(symbol, versions);
    }
    if (kept !== "") versions.original = kept;
    if (versions.names.includes(name)) return;
    if (name.includes("@@@")) {
      if (versions.isRenamed)
        this.#reporter.failAt("bad-argument", offset, `\`${symbol.name}' has a version with \`@@@' already`);
      versions.isRenamed = true;
    }
    versions.names.unshift(name);
  }

  /** Makes the names, once it is known which symbols are defined. */
  finish(): void {
    if (this.#versions.size === 0) return;
    for (const symbol of [...this.#list.all]) {
      const versions = this.#versions.get(symbol);
      if (versions !== undefined) this.#finish(symbol, versions);
    }
  }

  /** Once relocations are known: those of a symbol that vanishes need one version to name. */
  check(): void {
    for (const symbol of this.#ambiguous) {
      if (symbol.usedInRelocation)
        this.#fail(symbol, `\`${symbol.name}' has several versions: which one do its uses mean?`);
    }
  }

  #finish(symbol: AssemblySymbol, { names, original, isRenamed }: Versions): void {
    const [first] = names as [string];
    if (symbol.section.kind === "undefined" && symbol.expression === null) {
      if (names.length > 1) this.#fail(symbol, `\`${symbol.name}' is of another file, which can only have one version`);
      if (!isRenamed && first.includes("@@"))
        this.#fail(symbol, `\`${first}' would be the default version of what another file defines`);
      symbol.versionedName = first.replace("@@@", "@");
      symbol.isUnneeded = !symbol.isUsed;
      if (symbol.isUsed) symbol.usedInRelocation = true;
      return;
    }
    if (isRenamed) {
      symbol.versionedName = first.replace("@@@", "@@");
      return;
    }
    if (symbol.section.kind === "common") this.#fail(symbol, `a common block, \`${symbol.name}', has no versions`);
    if (original === "remove") {
      if (names.length > 1) this.#ambiguous.push(symbol);
      this.#list.moveToEnd(symbol);
    }
    for (const name of original === "remove" ? names.slice(1) : names) {
      const alias = symbol.clone();
      alias.versionedName = name;
      this.#list.add(alias);
    }
    if (original === "remove") symbol.versionedName = first;
    else if (original === "hidden") symbol.visibility = STV.HIDDEN;
    else if (original === "local") symbol.isGlobal = symbol.isWeak = false;
  }

  #fail({ frame, offset, name }: AssemblySymbol, message: string): void {
    this.#reporter.report("error", "bad-argument", frame, offset, name.length, message, {});
  }
}
