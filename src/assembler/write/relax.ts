/**
 * Layout of a section: gives every fragment its address.
 *
 * A fragment is settled bytes and one part of variable size. First every variable part has its smallest size: jumps are
 * short, alignments and origins take what the addresses so far ask for (`place`). Then passes over the fragments follow
 * until one changes nothing (`pass`). A pass carries along by how much everything so far has moved (`stretch`), asks each
 * variable part for the size that it needs now, and adds the difference. Jumps only ever grow, so that the passes end;
 * alignments may shrink again. Sizes that depend on each other (`.fill`, `.org`, numbers of variable length) need not end,
 * and are given up after so many passes, with an error at the one that still moves.
 *
 * The target of a forward jump has not moved yet when the jump is looked at, though it will by at least `stretch`, unless
 * an alignment in between swallows it: `marker` tells whether a fragment was passed already, and `region` whether an
 * alignment lies in between. The order of the steps is that of GNU as, since it decides which of several stable layouts
 * comes out.
 */

import { signedLeb128, unsignedLeb128 } from "../../object/leb128.ts";
import { R } from "../../object/relocation-types.ts";
import type { Expression } from "../model/expression.ts";
import type { BranchVariable, Fragment } from "../model/fragment.ts";
import * as integer from "../model/integer.ts";
import type { Program } from "../model/program.ts";
import type { Section } from "../model/section.ts";
import { STT } from "../model/symbol.ts";
import type { Resolver } from "./resolver.ts";
import { Unresolvable } from "./resolver.ts";

/** Passes over a section after which a layout that does not settle is given up. */
const MAXIMUM_PASSES = 500;

/** Distances that a short jump spans, from the end of the instruction. */
const SHORT_BACKWARD = -128;
const SHORT_FORWARD = 127;

/** Strings the subsections of a section together. Returns its first fragment. */
export function chainSubsections(section: Section): Fragment {
  const subsections = section.ordered;
  for (let i = 0; i < subsections.length; i++) {
    const subsection = subsections[i]!;
    subsection.last.fixedSize = subsection.length - subsection.last.start;
    if (i > 0) {
      const offset = subsections[i - 1]!.region + 1;
      subsection.region += offset;
      for (let fragment: Fragment | null = subsection.first; fragment !== null; fragment = fragment.next)
        fragment.region += offset;
      subsections[i - 1]!.last.next = subsection.first;
    }
  }
  return subsections[0]!.first;
}

function alignedSkip(address: number, power: number): number {
  const alignment = 2 ** power;
  return (alignment - (address % alignment)) % alignment;
}

class Relaxer {
  readonly #program: Program;
  readonly #resolver: Resolver;
  /** The fragment at hand, for expressions that cannot be resolved. */
  #section: Section;
  #marker = false;

  constructor(program: Program, resolver: Resolver, section: Section) {
    this.#program = program;
    this.#resolver = resolver;
    this.#section = section;
  }

  /** Addresses as if every variable part had its first size. */
  place(first: Fragment): void {
    let address = 0;
    for (let fragment: Fragment | null = first; fragment !== null; fragment = fragment.next) {
      fragment.address = address;
      address += fragment.fixedSize + this.#firstSize(fragment, address + fragment.fixedSize);
      this.#check(address, fragment);
    }
  }

  #check(address: number, fragment: Fragment): void {
    if (this.#section.hasContents ? address > this.#program.limits.contentBytes * 2 : address > 0xffff_ffff) {
      this.#error(fragment, fragment.offset, "too-large", `section \`${this.#section.name}' grows too large`);
      this.#program.reporter.fatal("too-large", "layout is given up");
    }
  }

  #firstSize(fragment: Fragment, end: number): number {
    const variable = fragment.variable;
    if (variable === null) return 0;
    switch (variable.kind) {
      case "align": {
        const skip = alignedSkip(end, variable.power);
        fragment.variableSize = variable.maximum !== 0 && skip > variable.maximum ? 0 : skip;
        if (variable.fill !== null && fragment.variableSize % variable.fill.length !== 0) {
          this.#error(
            fragment,
            fragment.offset,
            "bad-alignment",
            `the padding of ${fragment.variableSize} bytes is no multiple of the fill's ${variable.fill.length}`,
          );
        }
        break;
      }
      case "branch":
        this.#settle(fragment, variable);
        fragment.variableSize = variable.encoding.bytes.length;
        break;
      case "fill":
        fragment.variableSize = variable.count === null ? 0 : variable.count * variable.pattern.length;
        break;
      case "leb128":
        fragment.variableSize = 1;
        break;
      case "computed":
        fragment.variableSize = variable.size();
        break;
      case "org":
        fragment.variableSize = 0;
        break;
    }
    return fragment.variableSize;
  }

  /** A jump to another section or to what the linker may move has its full size from the beginning. */
  #settle(fragment: Fragment, branch: BranchVariable): void {
    if (branch.isSettled) return;
    const target = this.#branchTarget(fragment, branch);
    const named = branch.symbol?.meant ?? null;
    // What another file may define in its place is reached through the linkage table.
    const isReplaceable = branch.relocation === R.PLT32 && target !== null && (named ?? target).isGlobal;
    const isWeak = named !== null && (named.isWeak || target?.isWeak);
    if (target !== null && named !== null && !named.isTemporary) this.#program.symbolList.need(named);
    if (target !== null && !isWeak && !isReplaceable && target.type !== STT.GNU_IFUNC) return;
    branch.isSettled = true;
    if (branch.encoding.longer !== null) branch.encoding = branch.encoding.longer;
  }

  /** The place in this section that a jump goes to, as its symbol; null when it is elsewhere. */
  #branchTarget(fragment: Fragment, branch: BranchVariable) {
    const value = this.#tried(fragment, () => this.#resolver.target(branch, branch.operandOffset));
    if (value === null || value.minus !== null || value.plus === null) return null;
    return value.plus.section === this.#section ? value.plus : null;
  }

  /** One pass; true when something moved. */
  pass(first: Fragment): boolean {
    this.#marker = !this.#marker;
    let stretch = 0;
    let moved = false;
    for (let fragment: Fragment | null = first; fragment !== null; fragment = fragment.next) {
      fragment.address += stretch;
      fragment.marker = this.#marker;
      if (fragment.variable === null) continue;
      const growth = this.#growth(fragment, stretch);
      if (growth !== 0) {
        stretch += growth;
        moved = true;
        fragment.variableSize += growth;
        this.#check(fragment.address, fragment);
      }
    }
    return moved;
  }

  /** Reports that sizes and distances contradict each other. */
  giveUp(first: Fragment): void {
    for (let fragment: Fragment | null = first; fragment !== null; fragment = fragment.next) {
      const kind = fragment.variable?.kind;
      if (kind !== "fill" && kind !== "leb128" && kind !== "org") continue;
      if (this.#growth(fragment, 0) === 0 && fragment.next !== null) continue;
      this.#error(fragment, fragment.offset, "unsettled", "the size of this depends on itself: no layout fits");
      return;
    }
    this.#error(
      first,
      0,
      "unsettled",
      `the sizes in section \`${this.#section.name}' depend on each other without end`,
    );
  }

  #growth(fragment: Fragment, stretch: number): number {
    const variable = fragment.variable!;
    const end = fragment.address + fragment.fixedSize;
    switch (variable.kind) {
      case "align": {
        const skip = alignedSkip(end, variable.power);
        return (variable.maximum !== 0 && skip > variable.maximum ? 0 : skip) - fragment.variableSize;
      }
      case "org":
        return this.#orgSize(fragment, variable.target, stretch) - fragment.variableSize;
      case "fill": {
        if (variable.countExpression === null) return 0;
        const count = this.#tried(fragment, () => this.#resolver.number(variable.countExpression!));
        if (count === null)
          this.#error(
            fragment,
            variable.countExpression.offset,
            "not-absolute",
            "the number of bytes must be known in this file, and no other has a say in it",
          );
        const number = count === null ? 0 : Math.max(0, Number(count));
        const size = number * variable.pattern.length;
        if (size > this.#program.limits.contentBytes) {
          this.#error(fragment, variable.countExpression.offset, "too-large", "this space is too large");
          variable.count = 0;
          return -fragment.variableSize;
        }
        return size - fragment.variableSize;
      }
      case "leb128": {
        const value = this.#tried(fragment, () => this.#resolver.number(variable.value));
        if (value === null)
          this.#error(
            fragment,
            variable.value.offset,
            "not-absolute",
            "a number of variable length must be known in this file",
          );
        const bytes = (variable.isSigned ? signedLeb128 : unsignedLeb128)(value === null ? 0n : BigInt(value));
        return Math.max(0, bytes.length - fragment.variableSize);
      }
      case "computed":
        return variable.size() - fragment.variableSize;
      case "branch":
        return this.#branchGrowth(fragment, variable, stretch);
    }
  }

  #orgSize(fragment: Fragment, target: Expression, stretch: number): number {
    const value = this.#tried(fragment, () => this.#resolver.resolve(target));
    if (value === null) return 0;
    let place: integer.Integer;
    if (value.plus === null && value.minus === null) place = value.number;
    else if (value.minus === null && value.plus!.section === this.#section) {
      place = integer.add(this.#resolver.address(value.plus!), value.number);
      if (stretch !== 0 && value.plus!.fragment !== null && value.plus!.fragment.marker !== this.#marker)
        place = integer.add(place, stretch);
    } else {
      this.#error(fragment, target.offset, "bad-origin", "the new place must be in this section");
      return 0;
    }
    const size = Number(place) - (fragment.address + fragment.fixedSize);
    if (size < 0) {
      this.#error(
        fragment,
        target.offset,
        "bad-origin",
        `the new place, ${place}, lies before the current one, ${fragment.address + fragment.fixedSize}`,
      );
      return 0;
    }
    if (size > this.#program.limits.contentBytes) {
      this.#error(fragment, target.offset, "too-large", "the new place is too far away");
      return 0;
    }
    return size;
  }

  #branchGrowth(fragment: Fragment, branch: BranchVariable, stretch: number): number {
    const longer = branch.encoding.longer;
    if (branch.isSettled || longer === null) return 0;
    const value = this.#resolver.target(branch, branch.operandOffset);
    const target = value.plus!;
    let place = Number(this.#resolver.address(target)) + Number(value.number);
    const targetFragment = target.fragment;
    if (stretch !== 0 && targetFragment !== null && targetFragment.marker !== this.#marker) {
      // The target will move as this jump did, unless an alignment in between swallows the movement.
      if (stretch < 0 || targetFragment.region === fragment.region) place += stretch;
      else if (place < fragment.address + fragment.fixedSize + branch.encoding.fixups[0]!.offset) return 0;
    }
    const distance = place - (fragment.address + fragment.fixedSize + branch.encoding.bytes.length);
    if (distance >= SHORT_BACKWARD && distance <= SHORT_FORWARD) return 0;
    const growth = longer.bytes.length - branch.encoding.bytes.length;
    branch.encoding = longer;
    return growth;
  }

  #tried<T>(fragment: Fragment, action: () => T): T | null {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof Unresolvable)) throw error;
      this.#error(fragment, error.offset, error.id, error.message);
      return null;
    }
  }

  #error(fragment: Fragment, offset: number, id: string, message: string): void {
    this.#program.reporter.report("error", id, fragment.frame, offset, 1, message, {});
  }
}

/** Lays out every section. */
export function relaxAll(program: Program, resolver: Resolver): void {
  const work = program.sections.list.map((section) => ({
    first: chainSubsections(section),
    relaxer: new Relaxer(program, resolver, section),
    section,
  }));
  for (const { first, relaxer } of work) relaxer.place(first);
  let passes = 0;
  for (let moved = true; moved; ) {
    moved = false;
    for (const { first, relaxer } of work) {
      // A section settles by itself before the next one is looked at.
      while (relaxer.pass(first)) {
        moved = true;
        if (++passes > MAXIMUM_PASSES * work.length) {
          relaxer.giveUp(first);
          moved = false;
          break;
        }
      }
      if (passes > MAXIMUM_PASSES * work.length) break;
    }
  }
  for (const { first, section } of work) {
    let end = 0;
    for (let fragment: Fragment | null = first; fragment !== null; fragment = fragment.next)
      end = fragment.address + fragment.fixedSize + fragment.variableSize;
    section.sizeBytes = end;
  }
}
