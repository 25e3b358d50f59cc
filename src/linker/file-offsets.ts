/**
 * Where each section lies in the file, and what the program headers say of it: a page of the file holds what a page of
 * memory does (System V ABI, "Program Loading"). The rules are GNU ld 2.40's, also where a script puts sections into
 * segments in which they do not fit: one after the other, the segments that are loaded first.
 */
import { assert } from "../diagnostic/invariant.ts";
import { alignUp } from "../object/align.ts";
import {
  EHDR_BYTES,
  PF_R,
  PF_W,
  PF_X,
  PHDR_BYTES,
  PT_GNU_RELRO,
  PT_GNU_STACK,
  PT_LOAD,
  PT_NOTE,
  PT_NULL,
  PT_PHDR,
  PT_TLS,
  SHF_EXECINSTR,
  SHF_WRITE,
  SHT_NOBITS,
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
import { loadOrder, type Segment } from "./segments.ts";

export interface FileLayout {
  readonly offsets: ReadonlyMap<OutputSection, number>;
  readonly headers: readonly ElfSegment[];
  /** Which of them begins with the file's header and the program headers, and is loaded; -1 where none does. */
  readonly headersIn: number;
  /** The first byte after all sections. */
  readonly end: number;
  /** What keeps the program from being written, and what is only surprising, in words. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export interface FileOptions {
  readonly isPaged: boolean;
  readonly pageBytes: number;
  /** Room for so many program headers is kept, if fewer are there. */
  readonly headerCount: number;
  /** What is made read-only after loading. */
  readonly relroStart: number;
  readonly relroEnd: number;
}

/** Where nothing else says how a segment lies. */
const HEADER_ALIGN = 4;

type Draft = { -readonly [Field in keyof ElfSegment]: ElfSegment[Field] };

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

/** How far up a place in the file must go to lie in its page as its address does in its own. */
const bias = (address: number, offset: number, align: number): number => (((address - offset) % align) + align) % align;

const NOTHING: FileLayout = {
  offsets: new Map(),
  headers: [],
  headersIn: -1,
  end: headerBytes(0),
  problems: [],
  warnings: [],
};

/** Of a file without program headers, whose sections follow each other. */
export const withoutSegments = (): FileLayout => NOTHING;

/** `outputs`: the sections in the order of the file's table. */
export function fileLayout(
  segments: readonly Segment[],
  outputs: readonly OutputSection[],
  options: FileOptions,
): FileLayout {
  const offsets = new FileOffsets(segments, options);
  for (const segment of offsets.sorted) offsets.placeSegment(segment);
  offsets.placeOthers(outputs);
  const headers = segments.map((segment) => offsets.headerOf(segment));
  const { problems, warnings, headersIn } = offsets;
  return { offsets: offsets.offsets, headers, headersIn, end: offsets.end, problems, warnings };
}

class FileOffsets {
  readonly offsets = new Map<OutputSection, number>();
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  /** In the order in which they take room in the file. */
  readonly sorted: readonly Segment[];
  readonly #segments: readonly Segment[];
  readonly #options: FileOptions;
  readonly #drafts = new Map<Segment, Draft>();
  /** Sections of each by their load addresses. */
  readonly #inside: ReadonlyMap<Segment, readonly OutputSection[]>;
  /** The loaded one in which the program headers are. */
  readonly #headerHost: Segment | undefined;
  readonly #tableBytes: number;
  /** The next free place in the file. */
  #offset = EHDR_BYTES;

  constructor(segments: readonly Segment[], options: FileOptions) {
    this.#segments = segments;
    this.#options = options;
    this.#inside = new Map(segments.map((segment) => [segment, loadOrder(segment.sections)]));
    this.sorted = [...segments.entries()]
      .sort(([i, a], [j, b]) => this.#compare(a, b) || i - j)
      .map(([, segment]) => segment);
    this.#tableBytes = Math.max(options.headerCount, segments.length) * PHDR_BYTES;
    this.#headerHost = this.sorted.find(({ type, hasProgramHeaders }) => type === PT_LOAD && hasProgramHeaders);
    if (this.#headerHost === undefined) this.#offset += this.#tableBytes;
  }

  get end(): number {
    return this.#offset;
  }

  get headersIn(): number {
    const host = this.#headerHost;
    return host?.hasFileHeader ? this.#segments.indexOf(host) : -1;
  }

  #compare(a: Segment, b: Segment): number {
    if (a.type !== b.type) return a.type === PT_NULL ? 1 : b.type === PT_NULL ? -1 : a.type - b.type;
    if (a.hasFileHeader !== b.hasFileHeader) return a.hasFileHeader ? -1 : 1;
    return a.type === PT_LOAD ? this.#loadAddressOf(a) - this.#loadAddressOf(b) : 0;
  }

  #loadAddressOf(segment: Segment): number {
    return segment.loadAddress ?? this.#inside.get(segment)![0]?.loadAddress ?? 0;
  }

  placeSegment(segment: Segment): void {
    const inside = this.#inside.get(segment)!;
    const draft: Draft = {
      type: segment.type,
      offset: 0,
      address: inside[0]?.address ?? segment.address ?? 0,
      loadAddress: this.#loadAddressOf(segment),
      fileBytes: 0,
      memoryBytes: 0,
      flags: segment.flags ?? 0,
      align: this.#firstAlign(segment, inside),
    };
    this.#drafts.set(segment, draft);
    if (segment === this.#headerHost) {
      if (!segment.hasFileHeader) draft.offset = this.#offset;
      this.#offset += this.#tableBytes;
    }
    const isLoad = segment.type === PT_LOAD;
    const isEmpty = isLoad && inside.length > 0 && !inside.some(isLoadedFromFile);
    // What takes no room in the file lies as if it did; the room is given back after it.
    let lent = 0;
    if (isLoad && inside.length > 0) {
      const align = greatest(
        inside.map(({ align }) => align),
        this.#options.isPaged ? this.#options.pageBytes : 1,
      );
      const skipped = bias(draft.address, this.#offset, align);
      this.#offset += skipped;
      if (isEmpty) lent = skipped;
      draft.align = align;
    }
    this.#takeHeaders(segment, draft, inside.length > 0);
    if (isLoad) this.#begin(segment, draft, isEmpty);
    for (const [index, section] of inside.entries()) {
      if (takesRoom(section, segment.type)) lent = this.#moveTo(section, segment, draft, index === 0, lent);
      this.#take(section, segment, draft);
    }
    this.#offset -= lent;
    if (isLoad) this.#checkInside(draft, inside);
  }

  #firstAlign({ type, align }: Segment, inside: readonly OutputSection[]): number {
    if (type === PT_LOAD && this.#options.isPaged) return this.#options.pageBytes;
    return align ?? (inside.length === 0 ? HEADER_ALIGN : 0);
  }

  /** The file's headers at the begin of a segment. */
  #takeHeaders(segment: Segment, draft: Draft, hasSections: boolean): void {
    const { type, hasFileHeader, hasProgramHeaders, flags, loadAddress } = segment;
    if ((hasFileHeader || hasProgramHeaders) && flags === null) draft.flags |= PF_R;
    const lower = (bytes: number): void => {
      draft.address -= bytes;
      if (loadAddress === null) draft.loadAddress -= bytes;
    };
    const liesWith = (host: Segment | undefined, lead: number): void => {
      const other = host && this.#drafts.get(host);
      if (!other) return;
      draft.address = other.address + lead;
      if (loadAddress === null) draft.loadAddress = other.loadAddress + lead;
    };
    if (hasFileHeader) {
      draft.fileBytes = draft.memoryBytes = EHDR_BYTES;
      if (type === PT_LOAD && hasSections) {
        if (draft.address < this.#offset || (loadAddress === null && draft.loadAddress < this.#offset))
          this.problems.push("there is no room for the file's headers below the first section: link with -N");
        lower(this.#offset);
      } else if (type !== PT_LOAD && this.sorted[0]!.hasFileHeader) liesWith(this.sorted[0], 0);
    }
    if (!hasProgramHeaders) return;
    draft.fileBytes += this.#tableBytes;
    draft.memoryBytes += this.#tableBytes;
    if (hasFileHeader) return;
    if (type === PT_LOAD) {
      if (hasSections) lower(this.#offset - draft.offset);
    } else if (this.#headerHost) {
      const lead = this.#headerHost.hasFileHeader ? EHDR_BYTES : 0;
      liesWith(this.#headerHost, lead);
      draft.offset = (this.#drafts.get(this.#headerHost)?.offset ?? 0) + lead;
    } else draft.offset = EHDR_BYTES;
  }

  /** Where a loaded segment begins in the file, and what lies between the headers and its first section. */
  #begin({ hasFileHeader, hasProgramHeaders }: Segment, draft: Draft, isEmpty: boolean): void {
    if (hasFileHeader || hasProgramHeaders) {
      const gap = this.#offset - (draft.offset + draft.fileBytes);
      if (!isEmpty) draft.fileBytes += gap;
      draft.memoryBytes += gap;
      return;
    }
    const align = Math.max(this.#options.isPaged ? this.#options.pageBytes : 1, draft.align, 1);
    draft.offset = isEmpty ? this.#offset % align : this.#offset;
  }

  /** Goes on to the place of a section, by its load address; returns what of the file is only lent by then. */
  #moveTo(section: OutputSection, { type }: Segment, draft: Draft, isFirst: boolean, before: number): number {
    assert(before >= 0, "less of the file is lent than nothing");
    const end = draft.loadAddress + draft.memoryBytes;
    let lent = before;
    let gap = section.loadAddress - end;
    if (gap < 0) {
      this.warnings.push(
        `section ${section.name} is loaded to ${hex(end)}, not to ${hex(section.loadAddress)}, where something else of its segment is`,
      );
      section.loadAddress = end;
      gap = 0;
    }
    draft.memoryBytes += gap;
    const isFilled = isLoadedFromFile(section);
    if (type === PT_LOAD) {
      if (isFilled) {
        lent = 0;
        // Zeros in front of a content have to be in the file, too.
        if (draft.fileBytes + gap < draft.memoryBytes) gap = draft.memoryBytes - draft.fileBytes;
      }
      if (isFilled || isFirst) {
        this.#offset += gap;
        if (!isFilled) lent += gap;
      }
    }
    if (isFilled) draft.fileBytes += gap;
    return lent;
  }

  /** A section at the place that was reached. */
  #take(section: OutputSection, { type, flags, align }: Segment, draft: Draft): void {
    const isFilled = isLoadedFromFile(section);
    const isInMemory = (section.flags & SEC_ALLOC) !== 0;
    if (type === PT_LOAD) {
      this.offsets.set(section, this.#offset);
      if (isFilled) this.#offset += section.sizeBytes;
      assert(this.#offset >= 0, "a section lies before the beginning of the file");
    } else if (isThreadBss(section.flags) && !this.offsets.get(section))
      this.offsets.set(section, this.#offset + bias(section.address, this.#offset, section.align));
    if (isFilled) draft.fileBytes += section.sizeBytes;
    if (isInMemory && (isFilled || type === PT_TLS || !isThreadBss(section.flags)))
      draft.memoryBytes += section.sizeBytes;
    if (align === undefined && section.align > draft.align && !(type === PT_LOAD && this.#options.isPaged))
      draft.align = section.align;
    if (flags === null) draft.flags |= PF_R | permissionsOf(section);
  }

  /** Sections at other addresses than those that are loaded: overlays are meant so, anything else is not. */
  #checkInside(draft: Draft, inside: readonly OutputSection[]): void {
    const bytes = (section: OutputSection): number => (isThreadBss(section.flags) ? 0 : section.sizeBytes);
    const isOverlay = inside.some((section, index) => {
      const last = inside[index - 1];
      return last && last.address === section.address && bytes(last) !== 0 && bytes(section) !== 0;
    });
    if (isOverlay) return;
    for (const section of inside)
      if (
        !isThreadBss(section.flags) &&
        (section.address < draft.address || section.address - draft.address + section.sizeBytes > draft.memoryBytes)
      )
        this.warnings.push(
          `section ${section.name} at ${hex(section.address)} is not in the memory of its segment, from ${hex(draft.address)} on`,
        );
  }

  /** Sections that no loaded segment has: one after the other, those for memory as if they were loaded. */
  placeOthers(outputs: readonly OutputSection[]): void {
    for (const section of outputs) {
      if (this.offsets.has(section) || !isLoadedFromFile(section)) continue;
      if ((section.flags & SEC_ALLOC) !== 0) {
        if (section.sizeBytes > 0)
          this.warnings.push(`section ${section.name} has an address, but it is in no segment that is loaded`);
        const isPage = this.#options.isPaged && section.sizeBytes > 0;
        const align = isPage ? this.#options.pageBytes : headerAlign(section);
        this.#offset += bias(section.address, this.#offset, align);
      } else this.#offset = alignUp(this.#offset, headerAlign(section));
      this.offsets.set(section, this.#offset);
      this.#offset += section.sizeBytes;
    }
  }

  headerOf(segment: Segment): ElfSegment {
    const { type } = segment;
    const draft = this.#drafts.get(segment)!;
    const inside = this.#inside.get(segment)!;
    if (type === PT_GNU_RELRO) return this.#relro(draft);
    if (type === PT_GNU_STACK || type === PT_LOAD || type === PT_PHDR || inside.length === 0) return draft;
    draft.offset = this.offsets.get(inside[0]!) ?? 0;
    draft.fileBytes = 0;
    const last = inside.findLast(isLoadedFromFile);
    if (!last) return draft;
    draft.fileBytes = (this.offsets.get(last) ?? 0) - draft.offset + last.sizeBytes;
    if (type === PT_NOTE && (last.flags & SEC_ALLOC) !== 0) draft.memoryBytes = draft.fileBytes;
    return draft;
  }

  /** PT_GNU_RELRO goes by addresses, not by sections. */
  #relro(draft: Draft): ElfSegment {
    const { relroStart, relroEnd } = this.#options;
    const isWithin = ({ address, sizeBytes }: OutputSection): boolean =>
      address >= relroStart && address < relroEnd && sizeBytes > 0;
    const host = this.#segments.find((segment) => {
      const inside = this.#inside.get(segment)!;
      const last = inside.at(-1);
      if (segment.type !== PT_LOAD || !last) return false;
      return (
        last.address + (isThreadBss(last.flags) ? 0 : last.sizeBytes) > relroStart && inside[0]!.address < relroEnd
      );
    });
    const first = host && relroStart < relroEnd ? this.#inside.get(host)!.find(isWithin) : undefined;
    if (!host || !first)
      return { type: PT_NULL, offset: 0, address: 0, loadAddress: 0, fileBytes: 0, memoryBytes: 0, flags: 0, align: 0 };
    const around = this.#drafts.get(host)!;
    const memoryBytes = relroEnd - first.address;
    return {
      type: PT_GNU_RELRO,
      offset: this.offsets.get(first) ?? 0,
      address: first.address,
      loadAddress: first.loadAddress,
      fileBytes: Math.min(memoryBytes, around.address + around.fileBytes - first.address),
      memoryBytes,
      flags: PF_R,
      align: draft.type === PT_GNU_RELRO ? 1 : draft.align,
    };
  }
}

/** Bytes of it are in the file, for all that its attributes say. */
function isLoadedFromFile({ flags, type, declaredType, hasInput }: OutputSection): boolean {
  if ((flags & SEC_ALLOC) === 0) return (type || declaredType) !== SHT_NOBITS;
  if ((flags & (SEC_LOAD | SEC_HAS_CONTENTS)) === 0) return false;
  return isInFile(flags) || (type === SHT_NOTE && hasInput);
}

/** Whether a section takes room in a segment: zeros of threads only do so in their own. */
function takesRoom(section: OutputSection, type: number): boolean {
  if (type !== PT_LOAD && type !== PT_TLS) return false;
  if (isLoadedFromFile(section)) return true;
  return (section.flags & SEC_ALLOC) !== 0 && ((section.flags & SEC_THREAD_LOCAL) === 0 || type === PT_TLS);
}

/** What the section header will say. */
function headerAlign({ align, address }: OutputSection): number {
  const bits = align | address;
  return (bits & -bits) >>> 0 || 1;
}

/** PF_W and PF_X, by what the section's header will say. */
function permissionsOf({ flags, keptFlags }: OutputSection): number {
  const isWritten = (flags & SEC_READONLY) === 0 || (keptFlags & SHF_WRITE) !== 0;
  const isRun = (flags & SEC_CODE) !== 0 || (keptFlags & SHF_EXECINSTR) !== 0;
  return (isWritten ? PF_W : 0) | (isRun ? PF_X : 0);
}
