/**
 * A program of which a loaded section gets a content of another size (--update-section): its segment grows or shrinks
 * with it, and what comes after it in the file moves. Addresses stay, so nothing may be in the way.
 */
import { SHT_NOBITS } from "../object/elf.ts";
import type { ElfSection, ElfSegment } from "../object/elf-reader.ts";
import { type DebugLayout, debugLayout, isWithin } from "./debug-layout.ts";
import { RewriteError } from "./rewrite-error.ts";

const endOf = ({ address, sizeBytes }: ElfSection): number => address + sizeBytes;

/** Null where all sections keep their sizes. Throws `RewriteError`. */
export function resizedLayout(
  segments: readonly ElfSegment[],
  loaded: readonly ElfSection[],
  newSizeOf: (section: ElfSection) => number | undefined,
): DebugLayout | null {
  const resized = loaded.map((section): ElfSection => {
    const sizeBytes = newSizeOf(section) ?? section.sizeBytes;
    return sizeBytes === section.sizeBytes ? section : { ...section, sizeBytes };
  });
  if (resized.every((section, index) => section === loaded[index])) return null;
  for (const [index, section] of resized.entries()) {
    if (section === loaded[index]) continue;
    if (section.type === SHT_NOBITS)
      throw new RewriteError(`${section.name} has no content in the file that another one could replace`);
    const next = resized.find(
      (other) =>
        other !== section &&
        other.sizeBytes > 0 &&
        other.address >= endOf(loaded[index]!) &&
        other.address < endOf(section),
    );
    if (next)
      throw new RewriteError(
        `${section.name} would have ${section.sizeBytes} bytes and run into ${next.name}, which is ${next.address - section.address} bytes after its begin`,
      );
  }
  const grown = segments.map((segment): ElfSegment => {
    const members = loaded.flatMap((section, index) =>
      isWithin(section, segment) ? [[section, resized[index]!] as const] : [],
    );
    const end = (which: 0 | 1): number => Math.max(...members.map((pair) => endOf(pair[which]))) - segment.address;
    if (members.every(([old, now]) => old === now) || end(0) !== segment.memoryBytes) return segment;
    return { ...segment, memoryBytes: end(1) };
  });
  return debugLayout(grown, resized, () => false);
}
