/**
 * Where the parts of a program stand in a file that has its debugging information alone (--only-keep-debug): what is
 * loaded takes no room but for notes, and segments say so, or debuggers and `eu-unstrip` read beyond the end of the
 * file.
 */

import { PT_LOAD, PT_PHDR, SHF_TLS, SHT_NOBITS } from "../object/elf.ts";
import type { ElfSection, ElfSegment } from "../object/elf-reader.ts";
import { headerBytes } from "../object/elf-writer.ts";

export interface DebugLayout {
  /** By the index of a loaded section in the program. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly segments: readonly ElfSegment[];
  /** What is not loaded begins here. */
  readonly end: number;
}

/** `loaded` in the order of their addresses. */
export function debugLayout(
  segments: readonly ElfSegment[],
  loaded: readonly ElfSection[],
  isEmptied: (section: ElfSection) => boolean,
): DebugLayout {
  const offsets = new Map<number, number>();
  const isNothing = (section: ElfSection): boolean => section.type === SHT_NOBITS || isEmptied(section);
  let end = headerBytes(segments.length);
  const loads = new Map<ElfSegment, ElfSegment>();
  for (const segment of segments.filter(({ type }) => type === PT_LOAD)) {
    const members = loaded.filter((section) => !offsets.has(section.index) && isWithin(section, segment));
    const hasHeaders = segment.offset === 0 && segment.fileBytes >= end;
    const isEmpty = members.every(isNothing);
    // An empty segment's offset goes with its address as others' do, but what follows may take the same place.
    const bias = hasHeaders ? 0 : (((segment.address - end) % segment.align) + segment.align) % segment.align || 0;
    const begin = hasHeaders ? 0 : end + bias;
    // Behind headers the gap stays that is before the first section.
    let at = hasHeaders && members.length > 0 ? members[0]!.address - segment.address : end + bias;
    let contentEnd = end + bias;
    for (const section of members) {
      if (!isNothing(section)) at = begin + section.address - segment.address;
      offsets.set(section.index, at);
      if (!isNothing(section)) contentEnd = at += section.sizeBytes;
    }
    if (!isEmpty || hasHeaders) end = contentEnd;
    const hasFileBytes = hasHeaders || !isEmpty;
    loads.set(segment, {
      ...segment,
      offset: hasFileBytes ? begin : begin % (segment.align || 1),
      fileBytes: hasFileBytes ? contentEnd - begin : 0,
    });
  }
  return { offsets, end, segments: segments.map((segment) => loads.get(segment) ?? other(segment)) };

  /** A segment that repeats a part of what is loaded. */
  function other(segment: ElfSegment): ElfSegment {
    const members = loaded.filter((section) => isWithin(section, segment) && offsets.has(section.index));
    const [first] = members;
    const last = members.at(-1);
    if (segment.type === PT_PHDR || !first || !last) return segment;
    const offset = offsets.get(first.index)!;
    const lastBytes = isNothing(last) ? 0 : last.sizeBytes;
    return { ...segment, offset, fileBytes: offsets.get(last.index)! + lastBytes - offset };
  }
}

/** Whether a section lies in a segment, by its addresses. */
export function isWithin({ address, sizeBytes, flags, type }: ElfSection, segment: ElfSegment): boolean {
  // Thread-local data without content takes no addresses, but in its own segment.
  const room = (flags & SHF_TLS) !== 0 && type === SHT_NOBITS ? 0 : sizeBytes;
  return address >= segment.address && address + room <= segment.address + segment.memoryBytes;
}
