/**
 * Places before instructions where layout may put bytes so that a branch neither crosses a boundary nor ends at one
 * (Intel's erratum SKX102; binutils manual, "-malign-branch-boundary"). There is one before each branch of the wanted
 * kinds, one before each comparison that may be fused with a jump, and one before each instruction that may take more
 * prefixes.
 */

import type { NopChoice } from "../../isa/nops.ts";

/** "none": it has turned out to be of no use. */
export type PaddingRole = "branch" | "fused" | "prefix" | "none";

export interface PaddingVariable {
  role: PaddingRole;
  /** Of a conditional jump the pair of conditions (its code without the lowest bit), else -1. */
  readonly condition: number;
  /** Of a comparison the pairs that it fuses with, as bits. */
  readonly fusesWith: number;
  /** The prefix that may be repeated before the instruction, and how often. */
  readonly prefix: number;
  maximumBytes: number;
  readonly nops: NopChoice;
  /** Fragment of the branch, and bytes of the comparison before it. */
  branch: number;
  compareBytes: number;
  /** Of the first of several prefix places: the padding that they stand for, as its fragment, or -1. */
  padding: number;
  /** The most that all of them take together, and what they take. */
  totalMaximum: number;
  totalBytes: number;
  /** What this one takes, and took in the pass before. */
  bytes: number;
  bytesBefore: number;
  /** Where the padding is expected; of a first prefix place counted from it. 0 when that is not known. */
  expected: number;
}

/** The most bytes before a fused comparison. */
export const MAXIMUM_FUSED = 20;

export function newPadding(
  role: PaddingRole,
  given: Pick<PaddingVariable, "condition" | "fusesWith" | "prefix" | "maximumBytes" | "nops">,
): PaddingVariable {
  return {
    role,
    ...given,
    branch: -1,
    compareBytes: 0,
    padding: -1,
    totalMaximum: 0,
    totalBytes: 0,
    bytes: 0,
    bytesBefore: 0,
    expected: 0,
  };
}
