/**
 * What stands outside of sections in a link while more is put into it, and where that goes beside a section (GNU ld
 * 2.40, "Orphan Sections" and INSERT): after the assignments that follow it, since those most often name its end, but
 * before one to the location counter, which positions the next section.
 */
import { Chain } from "./chain.ts";
import type { OutputSection } from "./output-section.ts";
import { SEC_ALLOC } from "./section-flags.ts";
import type { TopStatement } from "./top-statement.ts";

export class StatementChain {
  readonly #chain = new Chain<TopStatement>();
  readonly #statementOf = new Map<OutputSection, TopStatement>();
  /** In the order in which they came. */
  readonly #named = new Map<string, OutputSection[]>();

  constructor(statements: readonly TopStatement[]) {
    for (const statement of statements) this.insertBefore(null, statement);
  }

  toArray(): TopStatement[] {
    return [...this.#chain.after(null)];
  }

  /** All sections, those that discard too. */
  sections(): OutputSection[] {
    return this.toArray().flatMap((statement) => (statement.kind === "section" ? [statement.section] : []));
  }

  /** The sections of a name. */
  named(name: string): readonly OutputSection[] {
    return this.#named.get(name) ?? [];
  }

  /** Those before a section, the nearest first. */
  *sectionsBefore(section: OutputSection): Iterable<OutputSection> {
    for (const statement of this.#chain.before(this.#statementOf.get(section)!))
      if (statement.kind === "section") yield statement.section;
  }

  /** Behind all if null. */
  insertBefore(slot: TopStatement | null, statement: TopStatement): void {
    this.#chain.insertBefore(slot, statement);
    if (statement.kind !== "section") return;
    const { section } = statement;
    this.#statementOf.set(section, statement);
    const namesakes = this.#named.get(section.name);
    if (namesakes) namesakes.push(section);
    else this.#named.set(section.name, [section]);
  }

  /** Before the statement that is next to a section. */
  nextTo(section: OutputSection): TopStatement | null {
    return this.#chain.next(this.#statementOf.get(section)!);
  }

  /** After the assignments that follow a section, but not after one that positions the next section. */
  slotAfter(section: OutputSection): TopStatement | null {
    return this.#slotFrom(this.nextTo(section), false);
  }

  /** After the section before, so that what positions this one comes last: INSERT BEFORE. */
  slotBefore(section: OutputSection): TopStatement | null {
    const [before] = this.sectionsBefore(section);
    return before ? this.slotAfter(before) : this.slotAtStart();
  }

  /** Where something goes that resembles no section. */
  slotAtStart(): TopStatement | null {
    return this.#slotFrom(this.#chain.next(null), true);
  }

  #slotFrom(start: TopStatement | null, skipsFirst: boolean): TopStatement | null {
    let positioning: TopStatement | null = null;
    let skip = skipsFirst;
    for (let statement = start; statement !== null; statement = this.#chain.next(statement)) {
      if (statement.kind === "assign") {
        if (positioning !== null || statement.assignment.name !== ".") continue;
        if (!skip) positioning = statement;
        skip = false;
      } else if (statement.kind === "section") {
        const { exists, hasInput, flags } = statement.section;
        return positioning && (!exists || !hasInput || (flags & SEC_ALLOC) !== 0) ? positioning : statement;
      }
    }
    return null;
  }
}
