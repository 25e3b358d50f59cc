/**
 * Options that change the code between source and object: fences against speculation, branches kept off boundaries,
 * shorter encodings, prefixes left out. They are those of GNU as (binutils manual, "i386-Options").
 */

/** Branches that `-malign-branch=` tells apart. "fused" is a comparison with the conditional jump after it. */
export const BRANCH_KINDS = ["jcc", "fused", "jmp", "call", "ret", "indirect"] as const;
export type BranchKind = (typeof BRANCH_KINDS)[number];

export interface CodeOptions {
  /** `-mlfence-after-load=yes` */
  readonly fencesLoads: boolean;
  /** `-mlfence-before-indirect-branch=` */
  readonly fencesIndirect: "none" | "all" | "register" | "memory";
  /** `-mlfence-before-ret=`: the instruction that touches the return address first. */
  readonly fencesReturns: "none" | "or" | "not" | "shl";
  /** `-malign-branch-boundary=` as a power of two; 0 for none. */
  readonly boundaryPower: number;
  /** `-malign-branch=` */
  readonly alignedBranches: ReadonlySet<BranchKind>;
  /** `-malign-branch-prefix-size=`: prefixes that an instruction before a branch may get. */
  readonly paddingPrefixes: number;
  /** `-momit-lock-prefix=yes` */
  readonly omitsLock: boolean;
  /** `-mfence-as-lock-add=yes` */
  readonly avoidsFences: boolean;
  /** `-O`, `-O2`, `-Os` */
  readonly optimizes: "no" | "some" | "more" | "size";
  /** `-mrelax-relocations=no`: R_386_GOT32 where R_386_GOT32X would let the linker do without the table. */
  readonly keepsGotLoads: boolean;
  /** `-mshared`: a jump to a global symbol is left to the linker. */
  readonly isShared: boolean;
  /** `-madd-bnd-prefix` */
  readonly boundsBranches: boolean;
  /** `-msse-check=` */
  readonly saysSse: "none" | "warning" | "error";
}

export const PLAIN_CODE: CodeOptions = {
  fencesLoads: false,
  fencesIndirect: "none",
  fencesReturns: "none",
  boundaryPower: 0,
  alignedBranches: new Set(["jcc", "fused", "jmp"]),
  paddingPrefixes: 5,
  omitsLock: false,
  avoidsFences: false,
  optimizes: "no",
  keepsGotLoads: false,
  isShared: false,
  boundsBranches: false,
  saysSse: "none",
};

/** Instructions are looked at one by one: no encoding of a text is that of the same text elsewhere. */
export function changesInstructions(code: CodeOptions): boolean {
  return (
    code.fencesLoads ||
    code.fencesIndirect !== "none" ||
    code.fencesReturns !== "none" ||
    code.boundaryPower > 0 ||
    code.omitsLock ||
    code.avoidsFences ||
    code.optimizes !== "no" ||
    code.boundsBranches ||
    code.saysSse !== "none"
  );
}
