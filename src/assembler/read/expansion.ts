/**
 * What the text of a frame was made of: the values that a macro call or an `.irp` puts into a body. Kept with the
 * frame, so that where each byte came from can be worked out when a diagnostic asks for it; nothing else does.
 */

import type { Expandable } from "../model/macro.ts";
import type { ExpansionMap, FrameExpansion } from "../model/source-frame.ts";
import type { ArgumentValues } from "./macro.ts";
import { expandBody } from "./macro.ts";
import { ByteRow } from "./scrub.ts";

/** What an expansion tells of on its way. */
export interface ExpansionListener {
  /** A `\(` without an end. */
  readonly missesParenthesis: () => void;
  /** A `local` names what is a parameter, or local already. */
  readonly repeatsName: (name: string) => void;
  /** The length at each round's end. */
  readonly checkLength: (length: number) => void;
}

/** For an expansion that is made again for its offsets only: its mistakes were reported. */
const SILENT: ExpansionListener = { missesParenthesis: () => {}, repeatsName: () => {}, checkLength: () => {} };

const EMPTY = new Uint8Array(0);

export class Expansion implements FrameExpansion, ArgumentValues {
  readonly of: Expandable;
  /** What `\@` means. */
  readonly count: number;
  /** Number of the first name that a `local` makes. */
  readonly localCount: number;
  readonly isAlternate: boolean;
  /** The values, side by side in one array. */
  bytes: Uint8Array = EMPTY;
  readonly starts: number[];
  readonly ends: number[];
  /** The body is expanded once for each value, not once with all of them. */
  readonly isRepeated: boolean;

  constructor(
    of: Expandable,
    isRepeated: boolean,
    isAlternate: boolean,
    count: number,
    localCount: number,
    starts: number[] = [],
    ends: number[] = [],
  ) {
    this.of = of;
    this.isRepeated = isRepeated;
    this.isAlternate = isAlternate;
    this.count = count;
    this.localCount = localCount;
    this.starts = starts;
    this.ends = ends;
  }

  isEmpty(index: number): boolean {
    return this.starts[index] === this.ends[index];
  }

  /** The values have moved to another array, each by so many bytes. */
  move(bytes: Uint8Array, by: number): void {
    this.bytes = bytes;
    for (let i = 0; i < this.starts.length; i++) {
      this.starts[i]! += by;
      this.ends[i]! += by;
    }
  }

  /**
   * Appends the expansion to `out`; returns how many names it made for `local`.
   */
  write(out: ByteRow, { checkLength, missesParenthesis, repeatsName }: ExpansionListener): number {
    const { body } = this.of;
    const text = body.bytes.subarray(body.start, body.end);
    const parameters = this.of.parameters();
    let locals = 0;
    // Only in macros, not in blocks that repeat, is `local` a word with a meaning.
    const makeLocal = this.isRepeated ? null : (): string => localName(this.localCount + locals++);
    const rounds = this.isRepeated ? this.starts.length : 1;
    for (let firstValue = 0; firstValue < rounds; firstValue++) {
      expandBody(
        text,
        {
          parameters,
          values: this,
          firstValue,
          count: this.count,
          isAlternate: this.isAlternate,
          makeLocal,
          missesParenthesis,
          repeatsName,
        },
        out,
      );
      checkLength(out.length);
    }
    return locals;
  }

  /** Where each byte of the expansion came from: it is made once more. */
  map(): ExpansionMap {
    const of = this.of;
    // A block that is read again and again is its own expansion.
    if (this.starts.length === 0 && this.isRepeated) return { offsets: of.offsets(), source: of.frame };
    const row = new ByteRow();
    row.offsets = [];
    this.write(row, SILENT);
    const offsets = of.offsets();
    return { offsets: Int32Array.from(row.offsets, (at) => (at < 0 ? -1 : (offsets[at] ?? -1))), source: of.frame };
  }
}

function localName(number: number): string {
  return `.LL${number.toString(16).padStart(4, "0")}`;
}
