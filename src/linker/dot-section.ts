/**
 * The section to which a symbol belongs that has the location counter's value between sections: the one before, or the
 * next one where the counter was moved since. That counts in the table of symbols alone.
 */

import type { OutputSection } from "./output-section.ts";
import { SEC_ALLOC, SEC_THREAD_LOCAL } from "./section-flags.ts";

/** `end`, `_end`: what follows the assignment is no longer part of the program that the script describes. */
const END = /^_*end$/;

/** Whether memory that all threads share is what it is made of. */
const isShared = ({ flags }: OutputSection): boolean => (flags & (SEC_ALLOC | SEC_THREAD_LOCAL)) === SEC_ALLOC;

const isHome = (section: OutputSection): boolean => !section.ignored && !section.excluded && isShared(section);

export class DotSection {
  #last: OutputSection | null = null;
  #prefersNext = false;
  #hasEnd = false;
  /** Sections that follow an assignment to `end`: an orphan, most often. As of the pass before, for those ahead. */
  readonly #afterEnd = new Set<OutputSection>();

  /** At the begin of a pass. */
  restart(): void {
    this.#last = null;
    this.#prefersNext = false;
    this.#hasEnd = false;
  }

  /** At a section's begin. */
  enter(section: OutputSection): void {
    if (this.#hasEnd) this.#afterEnd.add(section);
    if (section.ignored || !isShared(section)) return;
    this.#last = section;
    this.#prefersNext = false;
  }

  /** At an assignment. */
  assign(name: string, isBetweenSections: boolean): void {
    if (name === "." && isBetweenSections) this.#prefersNext = true;
    if (END.test(name)) this.#hasEnd = true;
  }

  find(outputs: readonly OutputSection[]): OutputSection | null {
    const last = this.#last;
    const at = last === null ? 0 : outputs.indexOf(last) + 1;
    const next =
      this.#prefersNext || last === null
        ? outputs.slice(at).find((section) => isHome(section) || this.#afterEnd.has(section))
        : undefined;
    const isPastEnd = last !== null && next !== undefined && this.#afterEnd.has(next);
    if (last !== null && (!this.#prefersNext || isPastEnd) && isHome(last)) return last;
    // The last one may have turned out to be empty and be left out since: its neighbours stand for it.
    if (next !== undefined && !isPastEnd) return next;
    return outputs.slice(0, at).findLast(isHome) ?? outputs.find(isHome) ?? null;
  }
}
