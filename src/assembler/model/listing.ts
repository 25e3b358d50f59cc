/**
 * What a listing is made of: each line that was read, and where the bytes that it made begin and end.
 */

import type { Cursor } from "./cursor.ts";
import type * as integer from "./integer.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { Subsection } from "./section.ts";
import type { Sections } from "./sections.ts";
import type { SourceFrame } from "./source-frame.ts";

export interface ListedPlace {
  readonly subsection: Subsection;
  readonly fragment: number;
  readonly position: number;
}

export interface ListedLine {
  readonly frame: SourceFrame;
  readonly offset: number;
  readonly start: ListedPlace | null;
  readonly end: ListedPlace | null;
  readonly isSkipped: boolean;
  /** What the condition on this line came to; null for other lines. */
  readonly condition: boolean | null;
  /** A value given to a symbol on this line, or the counter of the absolute section. */
  readonly value: integer.Integer | null;
}

/** What a line takes in memory up to the end, with its text in the listing, about. */
const LINE_BYTES = 600;

export class ListedLines {
  readonly #cursor: Cursor;
  readonly #memory: MemoryBudget;
  readonly #sections: Sections;
  readonly all: ListedLine[] = [];
  #start: ListedPlace | null;
  #wasSkipping = false;

  constructor(cursor: Cursor, memory: MemoryBudget, sections: Sections) {
    this.#cursor = cursor;
    this.#memory = memory;
    this.#sections = sections;
    this.#start = this.#here();
  }

  #here(): ListedPlace | null {
    const current = this.#sections.current;
    return current === null ? null : { subsection: current, fragment: current.last, position: current.position };
  }

  /**
   * A line has been dealt with; the cursor is at its end, or an expansion is about to be entered. `condition` is what a
   * condition on the line came to, or null.
   */
  add(condition: boolean | null, isSkipping: boolean): void {
    const cursor = this.#cursor;
    const sections = this.#sections;
    const frame = cursor.frame!;
    this.#memory.hold(LINE_BYTES);
    this.all.push({
      frame,
      offset: frame.lineStart(Math.max(0, cursor.offset)),
      start: this.#start,
      end: this.#here(),
      isSkipped: isSkipping && this.#wasSkipping,
      condition,
      value: sections.current === null ? sections.absoluteOffset : null,
    });
    this.#wasSkipping = isSkipping;
    this.#start = this.#here();
  }
}
