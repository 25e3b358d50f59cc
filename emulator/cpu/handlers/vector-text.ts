/** PCMPESTRI and its kin of SSE4.2: comparisons of two texts of bytes or words (SDM volume 2, 4.1). */

import type { VectorSemantic } from "../../../src/isa/semantics.ts";
import { CF, OF, SF, setArithmeticFlags, ZF } from "../flags.ts";
import type { Builder } from "../instruction.ts";
import { EAX, ECX, EDX } from "../layout.ts";
import type { Lanes } from "../vector/lanes.ts";
import { onVectors } from "./vector-operands.ts";

// Bits of the immediate.
const WORDS = 1;
const SIGNED = 2;
const AGGREGATION_SHIFT = 2;
const NEGATIVE = 0x10;
const VALID_ONLY = 0x20;
/** The highest index, or a mask of whole elements. */
const UPPER_OR_WIDE = 0x40;

type Elements = Lanes["u8"] | Lanes["i8"] | Lanes["u16"] | Lanes["i16"];

/** A text: elements, of which so many are valid. */
interface Text {
  readonly elements: Elements;
  readonly length: number;
}

/** Whether bit `j` of the first intermediate result is set, by the aggregation (SDM 2, 4.1.4 and table 4-7). */
const AGGREGATIONS: readonly ((a: Text, b: Text, j: number) => boolean)[] = [
  // Equal any: the element is one of a set.
  (a, b, j) => j < b.length && a.elements.subarray(0, a.length).includes(b.elements[j]! as never),
  // Ranges: it is between two of a list of pairs.
  (a, b, j) => {
    const value = b.elements[j]!;
    for (let i = 0; j < b.length && i + 1 < a.length; i += 2)
      if (a.elements[i]! <= value && value <= a.elements[i + 1]!) return true;
    return false;
  },
  // Equal each: as in a comparison of strings; beyond both ends they are equal.
  (a, b, j) => (j < a.length && j < b.length ? a.elements[j] === b.elements[j] : j >= a.length && j >= b.length),
  // Equal ordered: the one text begins here in the other.
  (a, b, j) => {
    for (let i = 0; i < a.length && i + j < a.elements.length; i++)
      if (i + j >= b.length || a.elements[i] !== b.elements[i + j]) return false;
    return true;
  },
];

function elementsOf(lanes: Lanes, immediate: number): Elements {
  if ((immediate & WORDS) !== 0) return (immediate & SIGNED) !== 0 ? lanes.i16 : lanes.u16;
  return (immediate & SIGNED) !== 0 ? lanes.i8 : lanes.u8;
}

/** Up to the first zero. */
function implicitText(elements: Elements): Text {
  const end = elements.indexOf(0 as never);
  return { elements, length: end < 0 ? elements.length : end };
}

const explicitText = (elements: Elements, length: number): Text => ({
  elements,
  length: Math.min(Math.abs(length), elements.length),
});

/** `isExplicit`: lengths are in EAX and EDX. `toIndex`: the result is ECX, else XMM0. */
function compareTexts(isExplicit: boolean, toIndex: boolean): Builder {
  return onVectors(
    (d, s, { immediate }, core) => {
      const [first, second] = [elementsOf(d, immediate), elementsOf(s, immediate)];
      const slots = core.s;
      const a = isExplicit ? explicitText(first, slots[EAX]!) : implicitText(first);
      const b = isExplicit ? explicitText(second, slots[EDX]!) : implicitText(second);
      const count = first.length;
      const holds = AGGREGATIONS[(immediate >>> AGGREGATION_SHIFT) & 3]!;
      let result = 0;
      for (let j = 0; j < count; j++) if (holds(a, b, j)) result |= 1 << j;
      if ((immediate & NEGATIVE) !== 0) result ^= (1 << ((immediate & VALID_ONLY) !== 0 ? b.length : count)) - 1;
      const isUpper = (immediate & UPPER_OR_WIDE) !== 0;
      if (toIndex) {
        slots[ECX] = result === 0 ? count : 31 - Math.clz32(isUpper ? result : result & -result);
      } else writeMask(core.vectors.xmm[0]!, result, count, isUpper);
      setArithmeticFlags(
        slots,
        (result !== 0 ? CF : 0) |
          (b.length < count ? ZF : 0) |
          (a.length < count ? SF : 0) |
          ((result & 1) !== 0 ? OF : 0),
      );
    },
    { readsOnly: true },
  );
}

/** The bits as they are, or each as an element of ones. */
function writeMask(to: Lanes, result: number, count: number, isWide: boolean): void {
  to.u32.fill(0);
  if (!isWide) {
    to.u32[0] = result;
    return;
  }
  const elements = count === 16 ? to.i8 : to.i16;
  for (let i = 0; i < count; i++) elements[i] = ((result >>> i) & 1) !== 0 ? -1 : 0;
}

export const VECTOR_TEXT = {
  pcmpestrm: compareTexts(true, false),
  pcmpestri: compareTexts(true, true),
  pcmpistrm: compareTexts(false, false),
  pcmpistri: compareTexts(false, true),
} satisfies Readonly<Partial<Record<VectorSemantic, Builder>>>;
