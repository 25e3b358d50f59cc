/**
 * The `.if` family: which statements count.
 */

import type { Atom } from "../model/atom.ts";
import type { SourceFrame } from "../model/source-frame.ts";
import type { Reading } from "./reading.ts";

interface Conditional {
  /** The statements of the branch at hand are not assembled. */
  ignores: boolean;
  /** No later branch can be taken: one was, or the whole stands in a branch that is not. */
  isDecided: boolean;
  seenElse: boolean;
  readonly frame: SourceFrame;
  readonly offset: number;
  readonly outer: Conditional | null;
  /** Name that the condition found undefined. */
  asked: Atom | null;
}

/** What a name that a condition asked for takes in memory, about. */
const NAME_BYTES = 400;

export class Conditionals {
  readonly #reading: Reading;
  #top: Conditional | null = null;
  depth = 0;
  /** The statement at hand is not to be assembled. */
  isSkipping = false;
  /** What the last condition came to, for the listing, which clears it. */
  lastResult: boolean | null = null;

  /** Symbols that `.ifdef` found undefined, for the warning when a later line defines them. */
  readonly #asked = new Map<Atom, { frame: SourceFrame; offset: number }>();

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** `.ifdef` found no value for this name. */
  askedUndefined(atom: Atom, offset: number): void {
    if (!this.#asked.has(atom)) {
      this.#reading.hold(NAME_BYTES);
      this.#asked.set(atom, { frame: this.#reading.input.frame!, offset });
    }
    if (this.#top !== null) this.#top.asked = atom;
  }

  /** Warns of conditions that would have come out differently further down. */
  warnOfOrder(): void {
    for (const [atom, { frame, offset }] of this.#asked) {
      const { symbol } = atom;
      if (
        symbol === null ||
        symbol.frame === null ||
        (symbol.section.kind === "undefined" && symbol.expression === null)
      )
        continue;
      this.#reading.reporter.report(
        "warning",
        "condition-order",
        frame,
        offset,
        atom.length,
        `\`${atom.text}' had no value yet when this condition asked for it`,
        {
          related: [{ frame: symbol.frame, offset: symbol.offset, message: "it gets one here" }],
        },
      );
    }
  }

  /** `.if` and its kin. The condition is asked only where it counts. */
  open(condition: () => boolean): void {
    const input = this.#reading.input;
    const dead = this.isSkipping;
    const conditional: Conditional = {
      ignores: true,
      isDecided: dead,
      seenElse: false,
      frame: input.frame!,
      offset: input.statementOffset,
      outer: this.#top,
      asked: null,
    };
    this.#top = conditional;
    this.depth++;
    // Until the condition is known nothing counts: so a broken condition does not bring errors from its branch.
    this.isSkipping = true;
    if (dead) {
      input.skipStatement();
      return;
    }
    const holds = condition();
    this.lastResult = holds;
    conditional.ignores = !holds;
    conditional.isDecided = holds;
    this.isSkipping = conditional.ignores;
  }

  elseIf(condition: () => boolean): void {
    const top = this.#require(".elseif");
    if (top.seenElse)
      this.#reading.failAt("misplaced-else", this.#reading.input.statementOffset, "`.elseif' after `.else'");
    if (top.isDecided) {
      top.ignores = true;
      this.isSkipping = true;
      this.#reading.input.skipStatement();
      return;
    }
    const holds = condition();
    this.lastResult = holds;
    top.ignores = !holds;
    top.isDecided = holds;
    this.isSkipping = top.ignores;
  }

  else(): void {
    const top = this.#require(".else");
    if (top.seenElse)
      this.#reading.failAt("misplaced-else", this.#reading.input.statementOffset, "a second `.else' for one `.if'");
    top.seenElse = true;
    top.ignores = top.isDecided;
    top.isDecided = true;
    this.isSkipping = top.ignores;
  }

  end(): void {
    const top = this.#require(".endif");
    // What the branch itself defines is an include guard or a default.
    const defined = top.asked?.symbol ?? null;
    if (defined !== null && (defined.section.kind !== "undefined" || defined.expression !== null))
      this.#asked.delete(top.asked!);
    this.#top = top.outer;
    this.depth--;
    this.isSkipping = this.#top?.ignores === true;
  }

  #require(directive: string): Conditional {
    const top = this.#top;
    if (top === null) {
      return this.#reading.failAt(
        "misplaced-else",
        this.#reading.input.statementOffset,
        `\`${directive}' without \`.if'`,
      );
    }
    return top;
  }

  /** Conditionals that a macro opened and left open end with it. */
  exitMacro(depth: number): void {
    while (this.depth > depth && this.#top !== null) {
      this.#top = this.#top.outer;
      this.depth--;
    }
    this.isSkipping = this.#top?.ignores === true;
  }

  /** The end of a frame: what it opened must be closed. */
  leaveFrame(frame: SourceFrame): void {
    while (this.#top !== null && this.depth > frame.conditionalDepth) {
      const open = this.#top;
      this.exitMacro(this.depth - 1);
      this.#reading.reporter.report(
        "error",
        "missing-endif",
        open.frame,
        open.offset,
        3,
        "this `.if' has no `.endif'",
        {},
      );
    }
  }
}
