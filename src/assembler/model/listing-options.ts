/** What a listing shows, and how wide (`-a` and its options). */

export interface ListingOptions {
  /** Lines of expanded macros (`m`). */
  readonly macros: boolean;
  /** Lines of branches that were not assembled; left out with `c`. */
  readonly skipped: boolean;
  /** Tables of the symbols (`s`). */
  readonly symbols: boolean;
  /** The lines themselves (`l`). */
  readonly lines: boolean;
  /**
   * Words of 4 bytes in the first line, and in those that continue it (`--listing-lhs-width`, `--listing-lhs-width2`).
   */
  readonly words: number;
  readonly continuationWords: number;
  /** Lines that continue one at most (`--listing-cont-lines`). */
  readonly continuationLines: number;
  /** Characters of a source line at most (`--listing-rhs-width`). */
  readonly sourceWidth: number;
}

export const DEFAULT_LISTING: ListingOptions = {
  macros: false,
  skipped: true,
  symbols: true,
  lines: true,
  words: 1,
  continuationWords: 1,
  continuationLines: 4,
  sourceWidth: 100,
};
