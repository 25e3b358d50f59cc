/**
 * Layout of a section: gives every fragment its address.
 *
 * A fragment is settled bytes and one part of variable size. First every variable part has its smallest size: jumps are
 * short, alignments and origins take what the addresses so far ask for (`place`). Then passes over the fragments follow
 * until one changes nothing (`pass`). A pass carries along by how much everything so far has moved (`stretch`), asks
 * each variable part for the size that it needs now, and adds the difference. Jumps only ever grow, so that the passes
 * end; alignments may shrink again. A number of variable length that takes turns with the alignment after it is stopped
 * as in GNU as, by more padding. Other sizes that depend on each other (`.fill`, `.org`) need not end, and are given up
 * after so many passes, with an error at the one that still moves.
 *
 * The target of a forward jump has not moved yet when the jump is looked at, though it will by at least `stretch`,
 * unless an alignment in between swallows it: fragments are passed in the order of their numbers, and `regions` tells
 * whether an alignment lies in between. The order of the steps is that of GNU as, since it decides which of several
 * stable layouts comes out.
 */

import { signedLength, unsignedLength } from "../../object/leb128.ts";
import { R } from "../../object/relocation-types.ts";
import type { Expression } from "../model/expression.ts";
import type { Target } from "../model/fixup.ts";
import { type FragmentTable, Kind, NO_FRAGMENT } from "../model/fragment.ts";
import { advanceSize } from "../model/frame-data.ts";
import * as integer from "../model/integer.ts";
import type { Program } from "../model/program.ts";
import type { Section } from "../model/section.ts";
import { type AssemblySymbol, STT } from "../model/symbol.ts";
import { BranchPaddings } from "./branch-padding.ts";
import type { ResolvedValue, Resolver } from "./resolver.ts";
import { Unresolvable } from "./resolver.ts";

/** Passes over a section after which a layout that does not settle is given up. */
const MAXIMUM_PASSES = 500;
/** See `#turns`. */
const TURN = 16;
/** An alignment shrinks in so many passes before it is padded instead. */
const ENDURED_CIRCLES = 2;

/** Distances that a short jump spans, from the end of the instruction. */
const SHORT_BACKWARD = -128;
const SHORT_FORWARD = 127;

function isInReach(distance: number): boolean {
  return distance >= SHORT_BACKWARD && distance <= SHORT_FORWARD;
}

/** Strings the subsections of a section together. Returns its first fragment. */
export function chainSubsections(section: Section): number {
  const subsections = section.ordered;
  const { nexts, regions } = section.fragments;
  for (let i = 0; i < subsections.length; i++) {
    const subsection = subsections[i]!;
    subsection.finish();
    if (i > 0) {
      const before = subsections[i - 1]!;
      const offset = before.region + 1;
      subsection.region += offset;
      for (let fragment = subsection.first; fragment >= 0; fragment = nexts[fragment]!) regions[fragment]! += offset;
      nexts[before.last] = subsection.first;
    }
  }
  return subsections[0]!.first;
}

/** Powers are below 32, and addresses count modulo 2 to the power of 32. */
function alignedSkip(address: number, power: number, maximum: number): number {
  const skip = -address & ((1 << power) - 1);
  return maximum !== 0 && skip > maximum ? 0 : skip;
}

/** Addresses are kept in 32 bits. */
const MAXIMUM_ADDRESS = 0xffff_ffff;
/**
 * Stand for the fragment of a branch's target: it has to be worked out each time; the branch does not grow any more.
 */
const COMPUTED_TARGET = -2;
const GROWN = -3;

/**
 * What a pass asks of each branch and alignment. Made for layout, and dropped after it.
 */
class PassColumns {
  /** Fragments that branches go to, as far as they go to a symbol. */
  readonly targets: Int32Array;
  /** Where in those; of alignments the most that they may skip. */
  readonly offsets: Float64Array;
  /** Of the short form; of alignments the power. */
  readonly lengths: Uint8Array;

  constructor(count: number) {
    this.lengths = new Uint8Array(count);
    this.targets = new Int32Array(count);
    this.offsets = new Float64Array(count);
  }
}

class Relaxer {
  readonly #program: Program;
  readonly #resolver: Resolver;
  readonly #section: Section;
  readonly #fragments: FragmentTable;
  readonly #columns: PassColumns;
  readonly #target: Target = { symbol: null, addend: 0, expression: null };
  /**
   * How a number of variable length and the alignment after it take turns in moving, counted as by GNU as: in units of
   * TURN how often in this pass, and below that in how many passes before it they came back to where they were.
   */
  #turns = 0;
  /** Something did in this pass. */
  #moved = false;
  /** Bytes that break such a circle, by the alignment that they follow. */
  readonly #breaks = new Map<number, number>();
  readonly #paddings: BranchPaddings;

  constructor(program: Program, resolver: Resolver, section: Section, columns: PassColumns) {
    this.#program = program;
    this.#resolver = resolver;
    this.#section = section;
    this.#fragments = section.fragments;
    this.#columns = columns;
    const { boundaryPower, paddingPrefixes } = program.code;
    this.#paddings = new BranchPaddings(section.fragments, boundaryPower, paddingPrefixes > 0);
  }

  /** Addresses as if every variable part had its first size. */
  place(first: number): void {
    const { nexts, addresses, fixedSizes, kinds, variableSizes } = this.#fragments;
    if (this.#program.code.boundaryPower > 0) this.#paddings.classify(first);
    let address = 0;
    for (let i = first; i >= 0; i = nexts[i]!) {
      addresses[i] = address;
      address += fixedSizes[i]!;
      if (kinds[i] !== Kind.NONE) {
        const size = this.#firstSize(i, address);
        address += size;
        this.#check(address, i);
        variableSizes[i] = size;
      }
    }
    this.#check(address, first);
  }

  #check(address: number, fragment: number): void {
    if (this.#section.hasContents ? address > this.#program.limits.contentBytes * 2 : address > MAXIMUM_ADDRESS) {
      this.#error(
        fragment,
        this.#fragments.offset(fragment),
        "too-large",
        `section \`${this.#section.name}' grows too large`,
      );
      this.#program.reporter.fatal("too-large", "layout is given up");
    }
  }

  #firstSize(i: number, end: number): number {
    const fragments = this.#fragments;
    switch (fragments.kinds[i]) {
      case Kind.BRANCH:
        this.#settle(i);
        return fragments.encoding(i).bytes.length;
      case Kind.ALIGN: {
        const { power, maximum, fill } = fragments.alignment(i);
        const size = alignedSkip(end, power, maximum);
        this.#columns.lengths[i] = power;
        this.#columns.offsets[i] = maximum;
        if (fill !== null && size % fill.length !== 0) {
          this.#error(
            i,
            fragments.offset(i),
            "bad-alignment",
            `the padding of ${size} bytes is no multiple of the fill's ${fill.length}`,
          );
        }
        return size;
      }
      case Kind.FILL: {
        const { count, pattern } = fragments.filling(i);
        return count === null ? 0 : count * pattern.length;
      }
      case Kind.LEB128:
        return 1;
      case Kind.COMPUTED:
        return fragments.computed(i).size();
      default:
        return 0;
    }
  }

  /** A jump to another section or to what the linker may move has its full size from the beginning. */
  #settle(i: number): void {
    const fragments = this.#fragments;
    const target = this.#branchTarget(i);
    const named = fragments.targetSymbol(i)?.meant ?? null;
    // What another file may define in its place is reached through the linkage table.
    const isShared = this.#program.code.isShared || fragments.relocation(i) === R.PLT32;
    const isReplaceable = isShared && target !== null && (named ?? target).isGlobal;
    const isWeak = named !== null && (named.isWeak || target?.isWeak);
    if (target !== null && named !== null && !named.isTemporary) this.#program.symbolList.need(named);
    const { longer, bytes } = fragments.encoding(i);
    this.#columns.lengths[i] = bytes.length;
    if (longer === null) this.#columns.targets[i] = GROWN;
    if (target !== null && !isWeak && !isReplaceable && target.type !== STT.GNU_IFUNC) return;
    fragments.settle(i);
    this.#columns.targets[i] = GROWN;
    if (longer !== null) fragments.setEncoding(i, longer);
  }

  /** The place in this section that a jump goes to, as its symbol; null when it is elsewhere. */
  #branchTarget(i: number): AssemblySymbol | null {
    const fragments = this.#fragments;
    const target = this.#target;
    fragments.readTarget(i, target);
    const { symbol, addend } = target;
    if (symbol !== null && symbol.section === this.#section && symbol.expression === null) {
      this.#columns.targets[i] = symbol.fragment;
      this.#columns.offsets[i] = Number(symbol.value) + addend;
      return symbol;
    }
    this.#columns.targets[i] = COMPUTED_TARGET;
    try {
      const { plus, minus } = this.#resolver.target(target, fragments.operandOffset(i));
      return minus === null && plus?.section === this.#section ? plus : null;
    } catch (error) {
      return this.#unresolved(i, error);
    }
  }

  /** Passes until nothing moves; how many moved something, of at most so many. */
  settle(first: number, most: number): number {
    this.#turns = 0;
    let passes = 0;
    while (this.#pass(first)) if (++passes > most) break;
    return passes;
  }

  /** One pass; true when something moved. */
  #pass(first: number): boolean {
    this.#moved = false;
    const stretch = this.#walk(first);
    this.#turns = stretch === 0 && (this.#turns & TURN) === 0 && this.#turns >= TURN ? this.#turns + 1 : 0;
    return this.#moved;
  }

  /**
   * Returns by how much the section's end moved. It ends with its loop: V8 compiles the loop while it runs, and would
   * fall back to slow code at the end of each pass for what it has not seen running.
   */
  #walk(first: number): number {
    const { nexts, addresses, fixedSizes, kinds, variableSizes } = this.#fragments;
    const { targets, offsets, lengths } = this.#columns;
    let stretch = 0;
    for (let i = first; i >= 0; i = nexts[i]!) {
      if (stretch !== 0) {
        const address = addresses[i]! + stretch;
        if (address > MAXIMUM_ADDRESS) this.#check(address, i);
        addresses[i] = address;
      }
      const kind = kinds[i]!;
      if (kind === Kind.NONE) continue;
      let growth: number;
      if (kind === Kind.BRANCH) {
        const target = targets[i]!;
        if (target === GROWN) continue;
        if (target >= 0) {
          // Nearly all reach their targets, whether those move with them or not.
          const end = addresses[i]! + fixedSizes[i]! + lengths[i]!;
          const distance = offsets[i]! + addresses[target]! - end;
          if (isInReach(distance) && isInReach(distance + stretch)) continue;
        }
        growth = this.#branchGrowth(i, stretch);
      } else if (kind === Kind.ALIGN) {
        growth = alignedSkip(addresses[i]! + fixedSizes[i]!, lengths[i]!, offsets[i]!) - variableSizes[i]!;
        if (this.#breaks.size > 0) growth += this.#breaks.get(i) ?? 0;
        if (growth < 0 && (this.#turns & TURN) !== 0 && (this.#turns & (TURN - 1)) >= ENDURED_CIRCLES) {
          const bytes = 1 << lengths[i]!;
          growth += bytes;
          this.#breaks.set(i, (this.#breaks.get(i) ?? 0) + bytes);
        }
      } else growth = this.#growth(i, kind, stretch);
      if (growth !== 0) {
        stretch += growth;
        this.#moved = true;
        const takesTurns = kind === Kind.LEB128 || (kind === Kind.ALIGN && (this.#turns & TURN) !== 0 && stretch === 0);
        this.#turns = takesTurns ? this.#turns + TURN : 0;
        const size = variableSizes[i]! + growth;
        this.#check(Math.max(addresses[i]!, size), i);
        variableSizes[i] = size;
      }
    }
    return stretch;
  }

  /** Reports that sizes and distances contradict each other. */
  giveUp(first: number): void {
    const { nexts, kinds } = this.#fragments;
    for (let i = first; i >= 0; i = nexts[i]!) {
      const kind = kinds[i]!;
      if (kind !== Kind.FILL && kind !== Kind.LEB128 && kind !== Kind.ORG && kind !== Kind.ADVANCE) continue;
      if (this.#growth(i, kind, 0) === 0 && nexts[i]! >= 0) continue;
      this.#error(i, this.#fragments.offset(i), "unsettled", "the size of this depends on itself: no layout fits");
      return;
    }
    this.#error(
      first,
      0,
      "unsettled",
      `the sizes in section \`${this.#section.name}' depend on each other without end`,
    );
  }

  #growth(i: number, kind: number, stretch: number): number {
    const fragments = this.#fragments;
    const size = fragments.variableSizes[i]!;
    switch (kind) {
      case Kind.ORG:
        return this.#orgSize(i, fragments.origin(i).target, stretch) - size;
      case Kind.FILL:
        return this.#fillGrowth(i, size);
      case Kind.LEB128: {
        const value = this.#targetNumber(i);
        if (value === null)
          this.#error(
            i,
            fragments.operandOffset(i),
            "not-absolute",
            "a number of variable length must be known in this file",
          );
        return (fragments.leb128(i).isSigned ? signedLength : unsignedLength)(value ?? 0) - size;
      }
      case Kind.ADVANCE:
        return advanceSize(Number(this.#number(i, fragments.advance(i).value) ?? 0)) - size;
      case Kind.PADDING:
        return this.#paddings.growth(i, stretch);
      default:
        return fragments.computed(i).size() - size;
    }
  }

  #fillGrowth(i: number, sizeBytes: number): number {
    const variable = this.#fragments.filling(i);
    const { countExpression } = variable;
    if (countExpression === null) return 0;
    const count = this.#number(i, countExpression);
    if (count === null)
      this.#error(
        i,
        countExpression.offset,
        "not-absolute",
        "the number of bytes must be known in this file, and no other has a say in it",
      );
    const number = count === null ? 0 : Math.max(0, Number(count));
    const size = number * variable.pattern.length;
    if (size > this.#program.limits.contentBytes) {
      this.#error(i, countExpression.offset, "too-large", "this space is too large");
      variable.count = 0;
      return -sizeBytes;
    }
    return size - sizeBytes;
  }

  #orgSize(i: number, target: Expression, stretch: number): number {
    const fragments = this.#fragments;
    let value: ResolvedValue;
    try {
      value = this.#resolver.resolveIn(this.#section, target);
    } catch (error) {
      this.#unresolved(i, error);
      return 0;
    }
    const end = fragments.addresses[i]! + fragments.fixedSizes[i]!;
    let place: integer.Integer;
    if (value.plus === null && value.minus === null) place = value.number;
    else if (value.minus === null && value.plus!.section === this.#section) {
      place = integer.add(this.#resolver.address(value.plus!), value.number);
      const { fragment } = value.plus!;
      if (stretch !== 0 && fragment !== NO_FRAGMENT && !fragments.isBeforeOrAt(fragment, i))
        place = integer.add(place, stretch);
    } else {
      this.#error(i, target.offset, "bad-origin", "the new place must be in this section");
      return 0;
    }
    const size = Number(place) - end;
    if (size < 0) {
      this.#error(i, target.offset, "bad-origin", `the new place, ${place}, lies before the current one, ${end}`);
      return 0;
    }
    if (size > this.#program.limits.contentBytes) {
      this.#error(i, target.offset, "too-large", "the new place is too far away");
      return 0;
    }
    return size;
  }

  #branchGrowth(i: number, stretch: number): number {
    const fragments = this.#fragments;
    let targetFragment = this.#columns.targets[i]!;
    let place: number;
    if (targetFragment === COMPUTED_TARGET) {
      fragments.readTarget(i, this.#target);
      const value = this.#resolver.target(this.#target, fragments.operandOffset(i));
      targetFragment = value.plus!.fragment;
      place = Number(this.#resolver.address(value.plus!)) + Number(value.number);
    } else {
      place = this.#columns.offsets[i]!;
      if (targetFragment >= 0) place += fragments.addresses[targetFragment]!;
    }
    const end = fragments.addresses[i]! + fragments.fixedSizes[i]!;
    if (stretch !== 0 && targetFragment >= 0 && !fragments.isBeforeOrAt(targetFragment, i)) {
      // The target will move as this jump did, unless an alignment in between swallows the movement.
      if (stretch < 0 || fragments.regions[targetFragment] === fragments.regions[i]) place += stretch;
      else if (place < end + fragments.encoding(i).fixups[0]!.offset) return 0;
    }
    const length = this.#columns.lengths[i]!;
    const distance = place - (end + length);
    if (isInReach(distance)) return 0;
    const longer = fragments.encoding(i).longer!;
    fragments.setEncoding(i, longer);
    this.#columns.targets[i] = GROWN;
    return longer.bytes.length - length;
  }

  /** The number that the fragment waits for, or null. */
  #number(fragment: number, expression: Expression): integer.Integer | null {
    try {
      return this.#resolver.number(expression);
    } catch (error) {
      return this.#unresolved(fragment, error);
    }
  }

  /** The number that the fragment's target comes to, or null. */
  #targetNumber(fragment: number): integer.Integer | null {
    this.#fragments.readTarget(fragment, this.#target);
    try {
      return this.#resolver.targetNumber(this.#target, this.#fragments.operandOffset(fragment));
    } catch (error) {
      return this.#unresolved(fragment, error);
    }
  }

  #unresolved(fragment: number, error: unknown): null {
    if (!(error instanceof Unresolvable)) throw error;
    this.#error(fragment, error.offset, error.id, error.message);
    return null;
  }

  #error(fragment: number, offset: number, id: string, message: string): void {
    this.#program.reporter.report("error", id, this.#fragments.frame(fragment), offset, 1, message, {});
  }
}

/** Lays out every section. */
export function relaxAll(program: Program, resolver: Resolver): void {
  const { fragments, list } = program.sections;
  const columns = new PassColumns(fragments.count);
  const work = list.map((section) => ({
    first: chainSubsections(section),
    relaxer: new Relaxer(program, resolver, section, columns),
    section,
  }));
  for (const { first, relaxer } of work) relaxer.place(first);
  const most = MAXIMUM_PASSES * work.length;
  let passes = 0;
  for (let before = -1; before !== passes && passes <= most; ) {
    before = passes;
    for (const { first, relaxer } of work) {
      // A section settles by itself before the next one is looked at.
      passes += relaxer.settle(first, most - passes);
      if (passes <= most) continue;
      relaxer.giveUp(first);
      break;
    }
  }
  const { addresses, fixedSizes, variableSizes } = fragments;
  for (const { section } of work) {
    const { last } = section.ordered.at(-1)!;
    section.sizeBytes = addresses[last]! + fixedSizes[last]! + variableSizes[last]!;
  }
}
