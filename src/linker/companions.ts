/**
 * Sections that belong to others (SHF_LINK_ORDER): those that one pattern of a script finds stand in the order of the
 * sections that they belong to. What belongs to nothing comes first.
 */
import { SHF_LINK_ORDER } from "../object/elf.ts";
import type { InputSection } from "./input-section.ts";
import type { OutputSection } from "./output-section.ts";

/** True when the order of an output section, whose companions have their places, is another one now. */
export function orderCompanions(output: OutputSection): boolean {
  let isChanged = false;
  for (const statement of output.statements) {
    if (statement.kind !== "wild" || !statement.sections.some(({ elf }) => (elf.flags & SHF_LINK_ORDER) !== 0))
      continue;
    const { sections } = statement;
    const sorted = sections.toSorted(compare);
    if (sorted.every((section, i) => section === sections[i])) continue;
    sections.splice(0, sections.length, ...sorted);
    isChanged = true;
  }
  return isChanged;
}

function compare(a: InputSection, b: InputSection): number {
  const [first, second] = [a.linkedTo(), b.linkedTo()];
  if (first === null || second === null) return Number(first !== null) - Number(second !== null);
  return placeOf(first) - placeOf(second) || first.sizeBytes - second.sizeBytes;
}

const placeOf = ({ output, offset }: InputSection): number => (output?.loadAddress ?? 0) + offset;
