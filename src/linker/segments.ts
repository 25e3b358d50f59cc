/**
 * Program headers and where each section lies in the file. Sections share a segment when their pages may have the same
 * permissions, and a page of the file holds what a page of memory does (System V ABI, "Program Loading"; GNU ld 2.40).
 */

import { alignUp } from "../object/align.ts";
import {
  EHDR_BYTES,
  PF_R,
  PF_W,
  PF_X,
  PHDR_BYTES,
  PT_GNU_EH_FRAME,
  PT_GNU_PROPERTY,
  PT_GNU_RELRO,
  PT_GNU_STACK,
  PT_LOAD,
  PT_NOTE,
  PT_PHDR,
  PT_TLS,
  SHF_EXECINSTR,
  SHF_WRITE,
  SHT_NOTE,
} from "../object/elf.ts";
import type { ElfSegment } from "../object/elf-reader.ts";
import { headerBytes } from "../object/elf-writer.ts";
import { greatest } from "../object/extremes.ts";
import type { OutputSection } from "./output-section.ts";
import {
  isInFile,
  isThreadBss,
  SEC_ALLOC,
  SEC_CODE,
  SEC_HAS_CONTENTS,
  SEC_LOAD,
  SEC_READONLY,
  SEC_THREAD_LOCAL,
} from "./section-flags.ts";

export interface Segment {
  readonly type: number;
  readonly sections: readonly OutputSection[];
  /** The file's headers are loaded at its start. */
  readonly hasHeaders: boolean;
  /** Only the program headers are, without the file's own. */
  readonly hasProgramHeadersOnly?: boolean;
  /** Only the file's own header is, where nothing else is in the segment. */
  readonly hasFileHeaderOnly?: boolean;
  /** The script declares it (PHDRS). */
  readonly isDeclared?: boolean;
  /** Given by the script; null to take them from the sections. */
  readonly flags: number | null;
  readonly loadAddress: number | null;
  /** Address of its end, when that lies after its sections. */
  readonly end?: number;
}

export interface SegmentOptions {
  /** Pages of the file are pages of memory (not -n or -N). */
  readonly isPaged: boolean;
  /** The largest that pages may be (-z max-page-size). */
  readonly pageBytes: number;
  /** Code has pages of its own. */
  readonly separateCode: boolean;
  /** Permissions of the stack; null when no object says. */
  readonly stackFlags: number | null;
  /** Where unwinders find the table of unwind information. */
  readonly frameHeader: OutputSection | null;
  readonly relroStart: number;
  readonly relroEnd: number;
  /** The script uses SIZEOF_HEADERS: the headers belong into the first segment. */
  readonly loadsHeaders: boolean;
}

export const PAGE_BYTES = 0x1000;

/** Allocated sections in the order in which they are loaded. */
function loadOrder(sections: readonly OutputSection[]): OutputSection[] {
  const isLate = ({ flags, sizeBytes }: OutputSection): number =>
    Number((flags & (SEC_LOAD | SEC_THREAD_LOCAL)) === 0 && sizeBytes > 0);
  return sections
    .filter(({ flags }) => (flags & SEC_ALLOC) !== 0)
    .map((section, index) => ({ section, index }))
    .sort(
      (a, b) =>
        a.section.loadAddress - b.section.loadAddress ||
        a.section.address - b.section.address ||
        isLate(a.section) - isLate(b.section) ||
        sizeFirst(a.section) - sizeFirst(b.section) ||
        a.index - b.index,
    )
    .map(({ section }) => section);
}

const sizeFirst = ({ sizeBytes, flags }: OutputSection): number => ((flags & SEC_LOAD) !== 0 ? sizeBytes : 0);

/** Program headers for a program whose script does not give them. `guess` is how many there will be. */
export function mapSegments(all: readonly OutputSection[], options: SegmentOptions, guess: number): Segment[] {
  const sections = loadOrder(all);
  const segments: Segment[] = [];
  const plain = { flags: null, loadAddress: null };
  if (sections.length > 0) {
    const bytes = headerBytes(guess);
    let withHeaders = options.loadsHeaders || sections[0]!.loadAddress % options.pageBytes >= bytes % options.pageBytes;
    // There is no room below the first section.
    if (!options.isPaged || sections[0]!.loadAddress < bytes || sections[0]!.address < bytes) withHeaders = false;
    if (
      withHeaders &&
      options.separateCode &&
      (sections[0]!.flags & SEC_CODE) !== 0 &&
      sections[0]!.loadAddress >= options.pageBytes
    ) {
      segments.push({ type: PT_LOAD, sections: [], hasHeaders: true, ...plain });
      withHeaders = false;
    }
    let current: OutputSection[] = [];
    let writable = false;
    let executable = false;
    for (const section of sections) {
      const last = current.at(-1);
      const isApart = last?.placedIn !== section.placedIn;
      if (last && (isApart || startsSegment(last, section, writable, executable, options))) {
        segments.push({ type: PT_LOAD, sections: current, hasHeaders: withHeaders, ...plain });
        withHeaders = false;
        current = [];
        writable = executable = false;
      }
      current.push(section);
      if ((section.flags & SEC_READONLY) === 0) writable = true;
      if ((section.flags & SEC_CODE) !== 0) executable = true;
    }
    if (!(current.length === 1 && isThreadBss(current[0]!.flags)))
      segments.push({ type: PT_LOAD, sections: current, hasHeaders: withHeaders, ...plain });
  }
  segments.push(...noteSegments(all));
  const threads = all.filter(
    ({ flags }) => (flags & (SEC_THREAD_LOCAL | SEC_ALLOC)) === (SEC_THREAD_LOCAL | SEC_ALLOC),
  );
  if (threads.length > 0) segments.push({ type: PT_TLS, sections: threads, hasHeaders: false, ...plain });
  const property = all.find(
    ({ name, type, flags }) => name === ".note.gnu.property" && type === SHT_NOTE && (flags & SEC_LOAD) !== 0,
  );
  if (property) segments.push({ type: PT_GNU_PROPERTY, sections: [property], hasHeaders: false, ...plain });
  if (options.frameHeader !== null && (options.frameHeader.flags & SEC_LOAD) !== 0)
    segments.push({ type: PT_GNU_EH_FRAME, sections: [options.frameHeader], hasHeaders: false, ...plain });
  if (options.stackFlags !== null)
    segments.push({
      type: PT_GNU_STACK,
      sections: [],
      hasHeaders: false,
      flags: options.stackFlags,
      loadAddress: null,
    });
  if (options.isPaged && options.relroEnd > options.relroStart) {
    const inside = sections.filter(
      ({ address, sizeBytes, flags }) =>
        address >= options.relroStart && address < options.relroEnd && sizeBytes > 0 && (flags & SEC_LOAD) !== 0,
    );
    if (inside.length > 0)
      segments.push({
        type: PT_GNU_RELRO,
        sections: inside,
        hasHeaders: false,
        flags: PF_R,
        loadAddress: null,
        end: options.relroEnd,
      });
  }
  return segments;
}

function startsSegment(
  last: OutputSection,
  section: OutputSection,
  writable: boolean,
  executable: boolean,
  { isPaged, separateCode, pageBytes }: SegmentOptions,
): boolean {
  const lastEnd = last.loadAddress + (isThreadBss(last.flags) ? 0 : last.sizeBytes);
  if (last.loadAddress - last.address !== section.loadAddress - section.address) return true;
  if (section.loadAddress < lastEnd) return true;
  const page = (address: number): number => Math.floor(address / pageBytes);
  if (isPaged && page(lastEnd - 1) === page(section.loadAddress)) return false;
  if (alignUp(lastEnd, pageBytes) + pageBytes <= section.loadAddress) return true;
  if ((last.flags & (SEC_LOAD | SEC_THREAD_LOCAL)) === 0 && (section.flags & (SEC_LOAD | SEC_THREAD_LOCAL)) !== 0)
    return true;
  if (!isPaged) return false;
  if (separateCode && executable !== ((section.flags & SEC_CODE) !== 0)) return true;
  return !writable && (section.flags & SEC_READONLY) === 0;
}

/** Neighbouring loaded notes of one alignment share a header. */
function noteSegments(sections: readonly OutputSection[]): Segment[] {
  const segments: Segment[] = [];
  const loaded = sections.filter(({ flags }) => (flags & SEC_ALLOC) !== 0);
  for (let i = 0; i < loaded.length; i++) {
    const first = loaded[i]!;
    if (first.type !== SHT_NOTE || (first.flags & SEC_LOAD) === 0) continue;
    const group = [first];
    while (
      i + 1 < loaded.length &&
      loaded[i + 1]!.type === SHT_NOTE &&
      loaded[i + 1]!.align === first.align &&
      alignUp(loaded[i]!.loadAddress + loaded[i]!.sizeBytes, first.align) === loaded[i + 1]!.loadAddress
    )
      group.push(loaded[++i]!);
    segments.push({ type: PT_NOTE, sections: group, hasHeaders: false, flags: null, loadAddress: null });
  }
  return segments;
}

export interface FileLayout {
  readonly offsets: ReadonlyMap<OutputSection, number>;
  readonly headers: readonly ElfSegment[];
  /** The first byte after all loaded sections. */
  readonly end: number;
  /** Sections that have no place in their segments, in words. */
  readonly problems: readonly string[];
}

/** Where nothing else says how a segment lies. */
const HEADER_ALIGN = 4;

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

/** Offsets of the sections in the segments, and the headers' fields. */
export function assignOffsets(
  segments: readonly Segment[],
  isPaged: boolean,
  pageBytes: number,
  outputs: readonly OutputSection[],
  reservedHeaders: number,
): FileLayout {
  const offsets = new Map<OutputSection, number>();
  const headerSize = headerBytes(segments.length);
  let end = headerBytes(Math.max(reservedHeaders, segments.length));
  const loads = new Map<Segment, ElfSegment>();
  const problems: string[] = [];
  for (const segment of segments) {
    if (segment.type !== PT_LOAD) continue;
    const { sections, hasHeaders } = segment;
    if (sections.length === 0 && !hasHeaders) continue;
    const headersStart = segment.hasProgramHeadersOnly ? EHDR_BYTES : 0;
    const align = isPaged
      ? greatest(
          sections.map((section) => section.align),
          pageBytes,
        )
      : greatest(
          sections.map((section) => section.align),
          sections.length > 0 ? 1 : HEADER_ALIGN,
        );
    const first = sections[0];
    // Without content in the file a segment takes no room, but its offset still has to fit its address.
    const hasBytes = hasHeaders || sections.some(({ flags }) => isInFile(flags));
    let offset = hasHeaders ? headerSize : end;
    if (first) offset += (((first.address - offset) % align) + align) % align;
    let start = hasHeaders ? headersStart : offset;
    let address: number;
    let loadAddress: number;
    if (!first) {
      // Headers alone lie in the page before the first section; where a script declares a segment of them, nowhere.
      const next = segment.isDeclared
        ? undefined
        : segments.find((other) => other.type === PT_LOAD && other.sections.length > 0)?.sections[0];
      address = next ? Math.floor((next.address - headerSize) / pageBytes) * pageBytes : 0;
      loadAddress = next ? Math.floor(next.loadAddress / pageBytes) * pageBytes - pageBytes : 0;
    } else {
      const lead = hasHeaders ? offset - headersStart : 0;
      address = first.address - lead;
      loadAddress = first.loadAddress - lead;
    }
    let fileEnd = hasHeaders ? headerSize : start;
    let memoryEnd = hasHeaders ? address + headerSize - headersStart : address;
    let flags = PF_R;
    let before = first;
    for (const section of sections) {
      // Load addresses count in a segment: addresses may be anywhere.
      const distance = section.loadAddress - loadAddress;
      if (isInFile(section.flags)) {
        if (start + distance < (section === first ? start : offset))
          problems.push(
            `section ${section.name} is loaded to ${hex(section.loadAddress)}, which is not after ${before!.name} in their segment`,
          );
        offset = start + Math.max(0, distance);
        offsets.set(section, offset);
        offset += section.sizeBytes;
        fileEnd = Math.max(fileEnd, offset);
        before = section;
      } else offsets.set(section, offset);
      if (!isThreadBss(section.flags))
        memoryEnd = Math.max(memoryEnd, address + Math.max(0, distance) + section.sizeBytes);
      flags |= permissionsOf(section);
    }
    const fileBytes = fileEnd - start;
    if (!hasBytes) start = isPaged ? start % pageBytes : 0;
    loads.set(segment, {
      type: PT_LOAD,
      offset: start,
      address,
      loadAddress: segment.loadAddress ?? loadAddress,
      fileBytes,
      memoryBytes: memoryEnd - address,
      flags: segment.flags ?? flags,
      align,
    });
    if (hasBytes) end = Math.max(end, fileEnd);
  }
  for (const segment of segments)
    if (segment.type === PT_LOAD && !loads.has(segment))
      loads.set(segment, emptyLoad(segment, loads, headerSize, isPaged ? pageBytes : HEADER_ALIGN));
  // What is to be in memory, but in no segment that is loaded, lies as if it were; what a script puts into a segment
  // and not into memory comes next in the file.
  const named = new Set(segments.flatMap(({ sections }) => sections));
  for (const section of outputs) {
    const isInMemory = (section.flags & SEC_ALLOC) !== 0;
    if (offsets.has(section) || (section.flags & SEC_HAS_CONTENTS) === 0) continue;
    if (!isInMemory && !named.has(section)) continue;
    const align = isInMemory && isPaged && section.sizeBytes > 0 ? pageBytes : section.align;
    end += ((((isInMemory ? section.address : 0) - end) % align) + align) % align;
    offsets.set(section, end);
    end += section.sizeBytes;
  }
  const headers = segments.map(
    (segment): ElfSegment =>
      loads.get(segment) ??
      (segment.type === PT_PHDR
        ? tableHeader(segment, segments.length, loads)
        : segment.hasHeaders && segment.sections.length === 0
          ? headersAlone(segment, segments.length)
          : otherHeader(segment, offsets, [...loads.values()], end)),
  );
  return { offsets, headers, end, problems };
}

/** A header that a script declares and no section is in: in the file it stands where its load address would put it. */
function emptyLoad(
  { type, flags, loadAddress }: Segment,
  others: ReadonlyMap<Segment, ElfSegment>,
  headerSize: number,
  align: number,
): ElfSegment {
  const address = loadAddress ?? 0;
  const before = [...others].filter(([{ hasHeaders }, other]) => hasHeaders || other.loadAddress < address);
  return {
    type,
    offset: Math.max(headerSize, ...before.map(([, { offset, fileBytes }]) => offset + fileBytes)),
    address: 0,
    loadAddress: address,
    fileBytes: 0,
    memoryBytes: 0,
    flags: flags ?? 0,
    align,
  };
}

/** PT_PHDR: where the program headers themselves are loaded. */
function tableHeader(
  { flags, hasHeaders }: Segment,
  count: number,
  loads: ReadonlyMap<Segment, ElfSegment>,
): ElfSegment {
  const host = [...loads].find(([segment]) => segment.hasHeaders);
  if (!hasHeaders || !host)
    return {
      type: PT_PHDR,
      offset: 0,
      address: 0,
      loadAddress: 0,
      fileBytes: 0,
      memoryBytes: 0,
      flags: flags ?? 0,
      align: HEADER_ALIGN,
    };
  const [segment, { address, loadAddress }] = host;
  const lead = segment.hasProgramHeadersOnly ? 0 : EHDR_BYTES;
  const sizeBytes = count * PHDR_BYTES;
  return {
    type: PT_PHDR,
    offset: EHDR_BYTES,
    address: address + lead,
    loadAddress: loadAddress + lead,
    fileBytes: sizeBytes,
    memoryBytes: sizeBytes,
    flags: flags ?? PF_R,
    align: HEADER_ALIGN,
  };
}

/** A header of a script that is not loaded and holds the file's headers alone. */
function headersAlone(
  { type, flags, loadAddress, hasProgramHeadersOnly, hasFileHeaderOnly }: Segment,
  count: number,
): ElfSegment {
  const sizeBytes = (hasProgramHeadersOnly ? 0 : EHDR_BYTES) + (hasFileHeaderOnly ? 0 : count * PHDR_BYTES);
  return {
    type,
    offset: hasProgramHeadersOnly ? EHDR_BYTES : 0,
    address: 0,
    loadAddress: loadAddress ?? 0,
    fileBytes: sizeBytes,
    memoryBytes: sizeBytes,
    flags: flags ?? PF_R,
    align: HEADER_ALIGN,
  };
}

function otherHeader(
  { type, sections, flags, end, isDeclared }: Segment,
  offsets: ReadonlyMap<OutputSection, number>,
  loads: readonly ElfSegment[],
  fileEnd: number,
): ElfSegment {
  const first = sections[0];
  if (!first)
    return {
      type,
      offset: 0,
      address: 0,
      loadAddress: 0,
      fileBytes: 0,
      memoryBytes: 0,
      flags: flags ?? 0,
      align: type === PT_GNU_STACK && !isDeclared ? 16 : HEADER_ALIGN,
    };
  const last = sections.findLast(({ flags }) => (flags & SEC_ALLOC) !== 0);
  const loaded = sections.findLast(({ flags }) => (flags & (last ? SEC_LOAD : SEC_HAS_CONTENTS)) !== 0);
  const host = loads.find(
    ({ address, memoryBytes }) => first.address >= address && first.address < address + memoryBytes,
  );
  const hostEnd = host ? host.address + host.fileBytes : Infinity;
  const permissions = sections.reduce((bits, section) => bits | permissionsOf(section), PF_R);
  return {
    type,
    // Zeros of threads lie nowhere in the file: after all that does.
    offset: offsets.get(first) ?? (type === PT_TLS ? alignUp(fileEnd, first.align) : 0),
    address: first.address,
    // A script may say where a segment is loaded: what lies in it goes with it.
    loadAddress: host && isDeclared ? host.loadAddress + first.address - host.address : first.loadAddress,
    fileBytes:
      end !== undefined
        ? Math.min(end, hostEnd) - first.address
        : loaded
          ? loaded.address + loaded.sizeBytes - first.address
          : 0,
    memoryBytes:
      type === PT_TLS ? threadBytes(sections) : last ? (end ?? last.address + last.sizeBytes) - first.address : 0,
    flags: flags ?? (type === PT_TLS ? PF_R : permissions),
    align: type === PT_GNU_RELRO ? 1 : greatest(sections.map(({ align }) => align)),
  };
}

/** As in segments that are loaded, load addresses count. */
function threadBytes(sections: readonly OutputSection[]): number {
  let end = sections[0]!.loadAddress;
  for (const { loadAddress, sizeBytes } of sections) end = Math.max(end, loadAddress) + sizeBytes;
  return end - sections[0]!.loadAddress;
}

/** PF_W and PF_X, by what the section's header will say. */
function permissionsOf({ flags, keptFlags }: OutputSection): number {
  const isWritten = (flags & SEC_READONLY) === 0 || (keptFlags & SHF_WRITE) !== 0;
  const isRun = (flags & SEC_CODE) !== 0 || (keptFlags & SHF_EXECINSTR) !== 0;
  return (isWritten ? PF_W : 0) | (isRun ? PF_X : 0);
}
