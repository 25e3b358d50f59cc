/** `objcopy -O binary`: the loadable sections as they lie in memory, from the lowest load address on. */
import { greatest, smallest } from "../object/extremes.ts";
import type { ObjectFile, ObjectSection } from "./object-file.ts";
import type { SectionWords } from "./section-changes.ts";

export interface BinaryImageOptions {
  readonly chosen: (section: ObjectSection) => boolean;
  /** Fills the gaps between sections; 0 by default. */
  readonly gapFill: number;
  /** `--gap-fill` was given: formats that name addresses have no gaps then either. */
  readonly fillsGaps: boolean;
  /** The image is filled up to this load address; null to end it with the last section. */
  readonly padTo: number | null;
  /** `--set-section-flags`: null for a section that stays what it is. */
  readonly wordsFor: (section: ObjectSection) => SectionWords | null;
}

/** Larger images come from section addresses that lie, or that lie far apart. */
const MAX_IMAGE_BYTES = 2 ** 29;

export class BinaryImageError extends Error {}

/** Throws `BinaryImageError` when the sections lie too far apart. */
export function binaryImage(file: ObjectFile, options: BinaryImageOptions): Uint8Array {
  const sections = writtenSections(file, options);
  if (sections.length === 0) return new Uint8Array(0);
  const start = smallest(sections.map(({ loadAddress }) => loadAddress));
  const end = greatest(
    sections.map(({ loadAddress, sizeBytes }) => loadAddress + sizeBytes),
    options.padTo ?? 0,
  );
  if (end - start > MAX_IMAGE_BYTES) {
    throw new BinaryImageError(
      `the image would have ${end - start} bytes: its sections lie from 0x${start.toString(16)} to 0x${end.toString(16)}; choose some with -j, or leave some out with -R`,
    );
  }
  const image = new Uint8Array(end - start).fill(options.gapFill);
  for (const { loadAddress, sizeBytes, elf, traits } of sections) {
    if (traits.contents) image.set(elf.content, loadAddress - start);
    else image.fill(0, loadAddress - start, loadAddress - start + sizeBytes);
  }
  return image;
}

/** The sections that are loaded, and chosen. */
export function writtenSections(file: ObjectFile, options: BinaryImageOptions): ObjectSection[] {
  return file.sections.filter(
    (section) => section.sizeBytes > 0 && options.chosen(section) && isWritten(section, options.wordsFor(section)),
  );
}

/**
 * One that is told to be in memory is written, `load` or not; one without content only when it is told to have some.
 */
function isWritten({ traits }: ObjectSection, words: SectionWords | null): boolean {
  if (words === null) return traits.alloc && traits.load;
  return (
    (words.has("alloc") || words.has("load")) && !words.has("noload") && (words.has("contents") || traits.contents)
  );
}
