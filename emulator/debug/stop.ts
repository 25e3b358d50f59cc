/** Why a node that somebody debugs stands still, and what can be asked of it to make it go on. */

export type WatchKind = "write" | "read" | "access";
export type BreakKind = "software" | "hardware";

export type Stop =
  | { readonly kind: "breakpoint"; readonly breakKind: BreakKind }
  /** `linearAddress`: where the watched range begins that was accessed. */
  | { readonly kind: "watch"; readonly watchKind: WatchKind; readonly linearAddress: number }
  | { readonly kind: "step" }
  /** Somebody asked for it. */
  | { readonly kind: "interrupt" }
  /** Backwards, and nothing older is known. */
  | { readonly kind: "history begins" }
  /** The machine has gone off, and can still be looked at. */
  | { readonly kind: "switched off" }
  /** The machine is off, and nothing more comes; what its guest gave as exit status, 0 when nothing. */
  | { readonly kind: "off"; readonly status: number };

export type Resume =
  | { readonly kind: "continue" }
  /**
   * One instruction, or as many as it takes to leave a range of linear addresses, of one of several processors: of that
   * whose turn it is, when absent. The others go on meanwhile.
   */
  | {
      readonly kind: "step";
      readonly range: { readonly first: number; readonly end: number } | null;
      readonly processor?: number;
    }
  | { readonly kind: "reverse step" }
  | { readonly kind: "reverse continue" };
