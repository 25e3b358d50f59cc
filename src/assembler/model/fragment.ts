/**
 * A fragment: bytes that are settled, followed by at most one part whose size layout decides (a jump, an alignment, an
 * origin, a fill, a number of variable length).
 */

import type { Encoding } from "../../isa/instruction.ts";
import type { Expression } from "./expression.ts";
import type { Target } from "./fixup.ts";
import { isPlainTarget } from "./fixup.ts";
import type { Subsection } from "./section.ts";
import type { SourceFrame } from "./source-frame.ts";
import type { AssemblySymbol } from "./symbol.ts";

/** A jump whose length depends on its distance. Code is full of them: nothing is kept twice. */
export class BranchVariable implements Target {
  /** The short form; a longer one when layout has found that the target is out of its reach. */
  encoding: Encoding;
  readonly symbol: AssemblySymbol | null;
  readonly addend: number;
  readonly expression: Expression | null;
  /** Relocation that the source asked for (`@PLT`), or 0. */
  readonly relocation: number;
  /** Where the target stands in the source. */
  readonly operandOffset: number;
  /** The target is not in this section, or the linker may move it: the relocation decides. */
  isSettled = false;

  constructor(encoding: Encoding, target: Expression, relocation: number, operandOffset: number) {
    const isPlain = isPlainTarget(target) && target.offset === operandOffset;
    this.encoding = encoding;
    this.symbol = target.symbol;
    this.addend = isPlain ? (target.number as number) : 0;
    this.expression = isPlain ? null : target;
    this.relocation = relocation;
    this.operandOffset = operandOffset;
  }

  get kind(): "branch" {
    return "branch";
  }
}

export interface AlignVariable {
  readonly kind: "align";
  /** Power of two. */
  readonly power: number;
  /** Bytes that it may skip at most; 0 for any number. */
  readonly maximum: number;
  /** Pattern to fill with; null for no-operation instructions. */
  readonly fill: Uint8Array | null;
  /** Those may be NOPL. */
  readonly hasLongNops: boolean;
}

/** `.org` and `. = expression`. */
export interface OrgVariable {
  readonly kind: "org";
  readonly target: Expression;
  readonly fill: number;
}

/** `.fill`, `.skip`: `count` copies of the pattern; the count may be known only after layout. */
export interface FillVariable {
  readonly kind: "fill";
  readonly pattern: Uint8Array;
  /** Null when `countExpression` says it. */
  count: number | null;
  readonly countExpression: Expression | null;
  /** Writes something else than the pattern (`.nops`). */
  readonly write?: (out: Uint8Array, offset: number, sizeBytes: number) => void;
}

export interface Leb128Variable {
  readonly kind: "leb128";
  readonly value: Expression;
  readonly isSigned: boolean;
}

/** Bytes that somebody computes from final addresses: line programs and frame tables. */
export interface ComputedVariable {
  readonly kind: "computed";
  /** Size with the addresses as they are now; must not shrink from one call to the next. */
  size(): number;
  write(out: Uint8Array, offset: number): void;
}

export type Variable = BranchVariable | AlignVariable | OrgVariable | FillVariable | Leb128Variable | ComputedVariable;

export class Fragment {
  readonly subsection: Subsection;
  /** First of its settled bytes in the subsection's. */
  readonly start: number;
  /** Number of the fragment in its subsection. */
  readonly index: number;
  /** Settled bytes; while it is the last fragment, the subsection's length says how many. */
  fixedSize = 0;
  variable: Variable | null = null;
  /** Bytes that the variable part takes, as far as layout knows. */
  variableSize = 0;
  next: Fragment | null = null;
  /** Address in the section, as far as layout knows. */
  address = 0;
  /** Fragments with the same number have no alignment between them. */
  region = 0;
  /** Alternates with each pass of the layout: tells whether it has come by here. */
  marker = false;
  /** The statement that made the variable part, for diagnostics. */
  frame: SourceFrame | null = null;
  offset = 0;

  constructor(subsection: Subsection, start: number, index: number) {
    this.subsection = subsection;
    this.start = start;
    this.index = index;
  }
}

/**
 * Distance from the beginning of `from` to the beginning of `to`, where nothing of variable size lies between them;
 * null otherwise.
 */
export function fixedDistance(from: Fragment, to: Fragment): number | null {
  if (from === to) return 0;
  if (from.subsection !== to.subsection) return null;
  const forward = from.index <= to.index;
  let fragment = forward ? from : to;
  const last = forward ? to : from;
  let distance = 0;
  while (fragment !== last) {
    distance += fragment.fixedSize;
    const variable = fragment.variable;
    if (variable !== null) {
      if (variable.kind !== "fill" || variable.count === null) return null;
      distance += variable.count * variable.pattern.length;
    }
    if (fragment.next === null) return null;
    fragment = fragment.next;
  }
  return forward ? distance : -distance;
}
