/**
 * Fragments: bytes that are settled, followed by at most one part whose size layout decides (a jump, an alignment, an
 * origin, a fill, a number of variable length). Code is full of jumps, and layout walks over all fragments many times:
 * they are rows of one table for the whole program, kept in columns, and a fragment is the number of its row.
 */

import type { Encoding } from "../../isa/instruction.ts";
import type { NopChoice } from "../../isa/nops.ts";
import type { PaddingVariable } from "./branch-padding.ts";
import { grownBytes, grownInts, grownWords } from "./columns.ts";
import type { Expression } from "./expression.ts";
import type { Target } from "./fixup.ts";
import { isPlainTarget } from "./fixup.ts";
import { FrameNumbers } from "./frame-numbers.ts";
import type { Subsection } from "./section.ts";
import type { SourceFrame } from "./source-frame.ts";
import type { AssemblySymbol } from "./symbol.ts";

/** Where no fragment is. */
export const NO_FRAGMENT = -1;

/** What kind of variable part a fragment ends with. */
export const Kind = {
  NONE: 0,
  BRANCH: 1,
  ALIGN: 2,
  ORG: 3,
  FILL: 4,
  LEB128: 5,
  COMPUTED: 6,
  ADVANCE: 7,
  PADDING: 8,
} as const;

export interface AlignVariable {
  /** Power of two. */
  readonly power: number;
  /** Bytes that it may skip at most; 0 for any number. */
  readonly maximum: number;
  /** Pattern to fill with; null for no-operation instructions. */
  readonly fill: Uint8Array | null;
  readonly nops: NopChoice;
}

/** `.org` and `. = expression`. */
export interface OrgVariable {
  readonly target: Expression;
  readonly fill: number;
}

/** `.fill`, `.skip`: `count` copies of the pattern; the count may be known only after layout. */
export interface FillVariable {
  readonly pattern: Uint8Array;
  /** Null when `countExpression` says it. */
  count: number | null;
  readonly countExpression: Expression | null;
  /** Writes something else than the pattern (`.nops`). */
  readonly write?: (out: Uint8Array, offset: number, sizeBytes: number) => void;
}

/** `.uleb128`, `.sleb128`: the number is what the fragment's target comes to. */
export interface Leb128Variable {
  readonly isSigned: boolean;
}

/** An instruction of a call frame that was written as data: the shortest that goes on by so many bytes. */
export interface AdvanceVariable {
  readonly value: Expression;
}

/** Bytes that somebody computes from final addresses: line programs and frame tables. */
export interface ComputedVariable {
  /** Size with the addresses as they are now; must not shrink from one call to the next. */
  size(): number;
  write(out: Uint8Array, offset: number): void;
}

type Variable =
  | Encoding
  | AlignVariable
  | OrgVariable
  | FillVariable
  | Leb128Variable
  | AdvanceVariable
  | ComputedVariable
  | PaddingVariable;

/** A branch: its target is not in this section, or the linker may move it: the relocation decides. */
const SETTLED = 1;
/** The target is a symbol and a number, not an expression. */
const PLAIN = 2;

const FIRST_CAPACITY = 64;

export class FragmentTable {
  count = 0;
  readonly subsections: Subsection[] = [];
  readonly frames = new FrameNumbers();
  /** Number of the fragment's subsection in `subsections`. */
  owners = new Int32Array(FIRST_CAPACITY);
  /** The next fragment in the section, or `NO_FRAGMENT`. Those of one subsection have rising numbers. */
  nexts = new Int32Array(FIRST_CAPACITY);
  /** First of its settled bytes in the subsection's. */
  starts = new Int32Array(FIRST_CAPACITY);
  /** Settled bytes; while it is the last fragment, the subsection's length says how many. */
  fixedSizes = new Int32Array(FIRST_CAPACITY);
  kinds = new Uint8Array(FIRST_CAPACITY);
  /** Address in the section, as far as layout knows. */
  addresses = new Uint32Array(FIRST_CAPACITY);
  /** Bytes that the variable part takes, as far as layout knows. */
  variableSizes = new Uint32Array(FIRST_CAPACITY);
  /** Fragments of a section with the same number have no alignment between them. */
  regions = new Int32Array(FIRST_CAPACITY);
  #frameNumbers = new Int32Array(FIRST_CAPACITY);
  #offsets = new Int32Array(FIRST_CAPACITY);
  /** Of a branch its encoding: the short form, or a longer one once layout has found the target out of its reach. */
  readonly #variables: (Variable | null)[] = [];
  /**
   * Of branches what they go to, where that stands in the source, and the relocation that was asked for; of numbers of
   * variable length their values.
   */
  readonly #targets: (AssemblySymbol | Expression | null)[] = [];
  #addends = new Int32Array(FIRST_CAPACITY);
  #operandOffsets = new Int32Array(FIRST_CAPACITY);
  #relocations = new Uint8Array(FIRST_CAPACITY);
  #flags = new Uint8Array(FIRST_CAPACITY);

  /** The number of a new subsection. */
  adopt(subsection: Subsection): number {
    return this.subsections.push(subsection) - 1;
  }

  /** A new fragment at the end of a subsection. */
  add(owner: number, start: number, region: number): number {
    const i = this.count++;
    if (i === this.owners.length) this.#grow();
    this.owners[i] = owner;
    this.nexts[i] = NO_FRAGMENT;
    this.starts[i] = start;
    this.regions[i] = region;
    this.#variables.push(null);
    this.#targets.push(null);
    return i;
  }

  #grow(): void {
    this.owners = grownInts(this.owners);
    this.nexts = grownInts(this.nexts);
    this.starts = grownInts(this.starts);
    this.fixedSizes = grownInts(this.fixedSizes);
    this.kinds = grownBytes(this.kinds);
    this.addresses = grownWords(this.addresses);
    this.variableSizes = grownWords(this.variableSizes);
    this.regions = grownInts(this.regions);
    this.#frameNumbers = grownInts(this.#frameNumbers);
    this.#offsets = grownInts(this.#offsets);
    this.#addends = grownInts(this.#addends);
    this.#operandOffsets = grownInts(this.#operandOffsets);
    this.#relocations = grownBytes(this.#relocations);
    this.#flags = grownBytes(this.#flags);
  }

  /** Says what the fragment ends with, and which statement says so. */
  setVariable(i: number, kind: number, variable: Variable, frame: SourceFrame | null, offset: number): void {
    this.kinds[i] = kind;
    this.#variables[i] = variable;
    this.#frameNumbers[i] = this.frames.numberOf(frame);
    this.#offsets[i] = offset;
  }

  /** Says where the branch goes that the fragment ends with, or the value of its number. */
  setTarget(i: number, target: Expression, relocation: number, operandOffset: number): void {
    const isPlain = isPlainTarget(target) && target.offset === operandOffset;
    this.#targets[i] = isPlain ? target.symbol! : target;
    this.#addends[i] = isPlain ? (target.number as number) : 0;
    this.#flags[i] = isPlain ? PLAIN : 0;
    this.#relocations[i] = relocation;
    this.#operandOffsets[i] = operandOffset;
  }

  subsectionOf(i: number): Subsection {
    return this.subsections[this.owners[i]!]!;
  }

  encoding(i: number): Encoding {
    return this.#variables[i] as Encoding;
  }

  setEncoding(i: number, encoding: Encoding): void {
    this.#variables[i] = encoding;
  }

  /** As many reads as kinds: the caller has looked at `kinds`. */
  alignment(i: number): AlignVariable {
    return this.#variables[i] as AlignVariable;
  }

  /** Says once more how far an alignment goes. */
  setAlignment(i: number, alignment: AlignVariable): void {
    this.#variables[i] = alignment;
  }

  origin(i: number): OrgVariable {
    return this.#variables[i] as OrgVariable;
  }

  filling(i: number): FillVariable {
    return this.#variables[i] as FillVariable;
  }

  leb128(i: number): Leb128Variable {
    return this.#variables[i] as Leb128Variable;
  }

  advance(i: number): AdvanceVariable {
    return this.#variables[i] as AdvanceVariable;
  }

  computed(i: number): ComputedVariable {
    return this.#variables[i] as ComputedVariable;
  }

  padding(i: number): PaddingVariable {
    return this.#variables[i] as PaddingVariable;
  }

  isSettled(i: number): boolean {
    return (this.#flags[i]! & SETTLED) !== 0;
  }

  settle(i: number): void {
    this.#flags[i]! |= SETTLED;
  }

  /** The symbol that a branch names, if it names one. */
  targetSymbol(i: number): AssemblySymbol | null {
    const target = this.#targets[i]!;
    return this.#flags[i]! & PLAIN ? (target as AssemblySymbol) : (target as Expression).symbol;
  }

  /** What a branch goes to or a number is, in an object that the caller uses again. */
  readTarget(i: number, into: Target): void {
    const target = this.#targets[i]!;
    const isPlain = (this.#flags[i]! & PLAIN) !== 0;
    into.symbol = isPlain ? (target as AssemblySymbol) : null;
    into.addend = this.#addends[i]!;
    into.expression = isPlain ? null : (target as Expression);
  }

  relocation(i: number): number {
    return this.#relocations[i]!;
  }

  operandOffset(i: number): number {
    return this.#operandOffsets[i]!;
  }

  /** The statement that made the variable part, for diagnostics. */
  frame(i: number): SourceFrame | null {
    return this.frames.at(this.#frameNumbers[i]!);
  }

  offset(i: number): number {
    return this.#offsets[i]!;
  }

  /** Layout reaches the one no later than the other, which is of the same section. */
  isBeforeOrAt(a: number, b: number): boolean {
    return this.owners[a] === this.owners[b] ? a <= b : this.subsectionOf(a).number < this.subsectionOf(b).number;
  }

  /**
   * Distance from the beginning of `from` to the beginning of `to`, where nothing of variable size lies between them;
   * null otherwise.
   */
  fixedDistance(from: number, to: number): number | null {
    if (from === to) return 0;
    if (this.owners[from] !== this.owners[to]) return null;
    const last = Math.max(from, to);
    let distance = 0;
    for (let i = Math.min(from, to); i !== last; i = this.nexts[i]!) {
      distance += this.fixedSizes[i]!;
      const kind = this.kinds[i]!;
      if (kind !== Kind.NONE) {
        if (kind !== Kind.FILL) return null;
        const { count, pattern } = this.filling(i);
        if (count === null) return null;
        distance += count * pattern.length;
      }
    }
    return from < to ? distance : -distance;
  }
}
