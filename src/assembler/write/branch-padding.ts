/**
 * How many bytes go to each place that `model/branch-padding.ts` speaks of. They are first taken as prefixes of the
 * instructions before the branch, where these have room for all of them, and otherwise as instructions that do nothing.
 * The order of the steps is that of GNU as, since it decides which of several layouts comes out.
 */

import { MAXIMUM_FUSED, type PaddingVariable } from "../model/branch-padding.ts";
import { type FragmentTable, Kind, NO_FRAGMENT } from "../model/fragment.ts";

export class BranchPaddings {
  readonly #fragments: FragmentTable;
  readonly #boundary: number;
  readonly #hasPrefixes: boolean;

  constructor(fragments: FragmentTable, boundaryPower: number, hasPrefixes: boolean) {
    this.#fragments = fragments;
    this.#boundary = 2 ** boundaryPower;
    this.#hasPrefixes = hasPrefixes;
  }

  /** The place that a fragment ends with, if it ends with one that is of use. */
  #at(i: number): PaddingVariable | null {
    if (i < 0 || this.#fragments.kinds[i] !== Kind.PADDING) return null;
    const place = this.#fragments.padding(i);
    return place.role === "none" ? null : place;
  }

  #isEmpty(i: number): boolean {
    const { kinds, fixedSizes } = this.#fragments;
    const isPlain = kinds[i] === Kind.NONE || (kinds[i] === Kind.PADDING && this.#at(i) === null);
    return isPlain && fixedSizes[i] === 0;
  }

  /** The next fragment of the subsection: GNU as has an alignment after each. */
  #next(i: number): number {
    const { nexts, owners } = this.#fragments;
    const next = i < 0 ? NO_FRAGMENT : nexts[i]!;
    return next >= 0 && owners[next] === owners[i] ? next : NO_FRAGMENT;
  }

  #nextFilled(i: number): number {
    let next = this.#next(i);
    while (next >= 0 && this.#isEmpty(next)) next = this.#next(next);
    return next;
  }

  /** Finds out which comparisons are followed by their jump, and which places stand before which branch. */
  classify(first: number): void {
    const { nexts } = this.#fragments;
    for (let i = first; i >= 0; i = nexts[i]!) {
      const place = this.#at(i);
      if (place?.role === "branch") place.branch = this.#nextFilled(i);
      else if (place?.role === "fused") i = this.#classifyCompare(i, place);
    }
    if (this.#hasPrefixes) for (let i = first; i >= 0; i = nexts[i]!) i = this.#gatherPrefixes(i);
  }

  /** Returns the fragment to go on after. */
  #classifyCompare(i: number, place: PaddingVariable): number {
    const compare = this.#nextFilled(i);
    const next = this.#nextFilled(compare);
    const jump = this.#at(next);
    if (jump?.role === "branch" && jump.condition >= 0 && (place.fusesWith & (1 << jump.condition)) !== 0) {
      const branch = this.#nextFilled(next);
      if (branch >= 0 && this.#fragments.kinds[branch] === Kind.BRANCH) {
        place.branch = branch;
        place.compareBytes = this.#fragments.fixedSizes[compare]!;
        jump.role = "none";
        return branch;
      }
    }
    if (place.totalMaximum > 0) {
      place.role = "prefix";
      place.maximumBytes = place.totalMaximum;
      place.totalMaximum = 0;
    } else place.role = "none";
    return i;
  }

  /** From the first place for prefixes on: all before the next padding stand in for it. Returns where it stopped. */
  #gatherPrefixes(i: number): number {
    const first = this.#at(i);
    if (first?.role !== "prefix") return i;
    const { kinds } = this.#fragments;
    let total = 0;
    let last = i;
    for (let next = i; next >= 0; next = this.#next(next)) {
      last = next;
      const place = this.#at(next);
      if (place === null) {
        const isFilled = kinds[next] === Kind.NONE || kinds[next] === Kind.PADDING || this.#isPlainFill(next);
        if (isFilled) continue;
        break;
      }
      if (place.role !== "prefix") {
        first.padding = next;
        break;
      }
      if (total >= MAXIMUM_FUSED) {
        total = MAXIMUM_FUSED;
        place.role = "none";
      } else total += place.maximumBytes;
    }
    first.totalMaximum = total;
    return last;
  }

  /** A fill of known size is not told from settled bytes. */
  #isPlainFill(i: number): boolean {
    return this.#fragments.kinds[i] === Kind.FILL && this.#fragments.filling(i).countExpression === null;
  }

  /** Bytes before a branch whose padding is at the end of fragment `i`, as if that began at `address`. */
  #wanted(i: number, place: PaddingVariable, address: number): number {
    const { fixedSizes, kinds } = this.#fragments;
    const { branch } = place;
    let size = place.compareBytes;
    if (branch >= 0) {
      size += fixedSizes[branch]!;
      if (kinds[branch] === Kind.BRANCH) size += this.#fragments.encoding(branch).bytes.length;
    }
    const offset = (address + fixedSizes[i]!) & (this.#boundary - 1);
    return offset + size >= this.#boundary ? this.#boundary - offset : 0;
  }

  /** By how much the place at the end of a fragment grows, when all so far has moved by `stretch`. */
  growth(i: number, stretch: number): number {
    const place = this.#at(i);
    if (place === null) return 0;
    if (place.role !== "prefix") {
      const wanted = this.#wanted(i, place, this.#fragments.addresses[i]!);
      const growth = wanted - place.bytes;
      place.bytes = wanted;
      return growth;
    }
    if (place.padding < 0) return place.bytes - place.bytesBefore;
    return this.#prefixGrowth(i, place, stretch);
  }

  #prefixGrowth(i: number, first: PaddingVariable, stretch: number): number {
    const { addresses } = this.#fragments;
    const padding = this.#fragments.padding(first.padding);
    const address = addresses[i]!;
    if (first.expected === 0) first.expected = addresses[first.padding]! - (address - stretch);
    this.#share(i, first, first.totalBytes, "bytesBefore");
    const wanted = this.#wanted(first.padding, padding, address + first.expected);
    if (wanted === first.totalBytes) return 0;
    first.totalBytes = wanted > first.totalMaximum ? 0 : wanted;
    this.#share(i, first, first.totalBytes, "bytes");
    return first.bytes - first.bytesBefore;
  }

  /** Deals out bytes among the places from the first on. */
  #share(i: number, first: PaddingVariable, bytes: number, field: "bytes" | "bytesBefore"): void {
    const { nexts } = this.#fragments;
    let left = bytes;
    for (let next = i; next !== first.padding; next = nexts[next]!) {
      const place = this.#at(next);
      if (place?.role !== "prefix") continue;
      if (left === 0) place[field] = 0;
      else if (place.maximumBytes > 0) {
        const size = Math.min(place.maximumBytes, left);
        left -= size;
        place[field] = size;
      }
    }
  }
}
