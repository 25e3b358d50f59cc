/** Where reading stands: what the model knows of the reader. */

import type { SourceFrame } from "./source-frame.ts";

export interface Cursor {
  /** The text at hand; null before the first one and after the last. */
  readonly frame: SourceFrame | null;
  readonly bytes: Uint8Array;
  readonly offset: number;
  /** Where the statement at hand begins. */
  readonly statementOffset: number;
  readonly statementLine: number;
}
