/**
 * Loaded sections that lie on top of each other: most often an address in a script that is too low, or a section that
 * the script forgot.
 */
import type { OutputSection } from "./output-section.ts";
import { isThreadBss, SEC_ALLOC, SEC_LOAD } from "./section-flags.ts";

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, "0")}`;

/**
 * One sentence for each pair of neighbours that overlap, by load address and by address. Sections that share an address
 * on purpose are overlays.
 */
export function overlaps(sections: readonly OutputSection[]): string[] {
  const counted = sections.filter(
    ({ flags, sizeBytes }) => (flags & SEC_ALLOC) !== 0 && !isThreadBss(flags) && sizeBytes > 0,
  );
  const found = pairs(
    counted.filter(({ flags }) => (flags & SEC_LOAD) !== 0),
    "load address",
    ({ loadAddress }) => loadAddress,
  );
  const isOverlay = new Set(counted.map(({ address }) => address)).size < counted.length;
  return isOverlay ? found : [...found, ...pairs(counted, "address", ({ address }) => address)];
}

function pairs(sections: readonly OutputSection[], what: string, start: (section: OutputSection) => number): string[] {
  const sorted = [...sections].sort((a, b) => start(a) - start(b));
  return sorted.flatMap((section, index) => {
    const before = sorted[index - 1];
    if (!before || start(section) >= start(before) + before.sizeBytes) return [];
    const range = (one: OutputSection): string => `${hex(start(one))} to ${hex(start(one) + one.sizeBytes - 1)}`;
    return [`section ${section.name}, ${what} ${range(section)}, overlaps section ${before.name}, ${range(before)}`];
  });
}
