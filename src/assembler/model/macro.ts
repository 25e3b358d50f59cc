/** A macro as its definition leaves it. Only the reader knows how it is expanded. */

import type { FrameOrigin, SourceFrame, TextRange } from "./source-frame.ts";

/** Something with a body: a macro or a repeated block. */
export interface Expandable {
  /** In canonical form, a newline after each statement. */
  readonly body: TextRange;
  /** Parameters by name, as indices of values. */
  readonly parameters: () => ReadonlyMap<string, number>;
  /** For each byte of the body its offset in `frame`: worked out when somebody asks. */
  readonly offsets: () => Int32Array;
  readonly frame: SourceFrame;
}

export interface Parameter {
  readonly name: string;
  readonly kind: "optional" | "required" | "variadic";
  readonly defaultValue: Uint8Array;
}

/** A body taken apart: literal text, and what stands between its pieces. */
export interface Template {
  readonly literals: Uint8Array;
  /** End of each piece of literal text that a value follows. */
  readonly ends: readonly number[];
  /** Index of the parameter after each piece, or -1 for `\@`. */
  readonly parameters: readonly number[];
}

export interface Macro extends Expandable {
  readonly name: string;
  /** What its expansions are. */
  readonly origin: FrameOrigin;
  readonly parameterList: readonly Parameter[];
  /** Its head has a mistake: calls do nothing. */
  readonly isBroken: boolean;
  /** The body with its parameters found, once it was called; null until then. */
  template: Template | null;
  /** Of the `.macro` statement. */
  readonly offset: number;
}
