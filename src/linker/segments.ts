/**
 * Program headers of a program whose script does not declare them. Sections share a segment when their pages may have
 * the same permissions (System V ABI, "Program Loading"; GNU ld 2.40).
 */

import { alignUp } from "../object/align.ts";
import {
  PF_R,
  PT_GNU_EH_FRAME,
  PT_GNU_PROPERTY,
  PT_GNU_RELRO,
  PT_GNU_STACK,
  PT_LOAD,
  PT_NOTE,
  PT_TLS,
  SHT_NOTE,
} from "../object/elf.ts";
import { headerBytes } from "../object/elf-writer.ts";
import type { OutputSection } from "./output-section.ts";
import { isThreadBss, SEC_ALLOC, SEC_CODE, SEC_LOAD, SEC_READONLY, SEC_THREAD_LOCAL } from "./section-flags.ts";

export interface Segment {
  readonly type: number;
  readonly sections: readonly OutputSection[];
  /** It begins with the file's own header, and with the program headers. */
  readonly hasFileHeader: boolean;
  readonly hasProgramHeaders: boolean;
  /** Given by the script; null to take them from the sections. */
  readonly flags: number | null;
  readonly loadAddress: number | null;
  /** Address of a segment without sections. */
  readonly address?: number;
  /** Where its sections do not say. */
  readonly align?: number;
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
const STACK_ALIGN = 16;
const WITHOUT_HEADERS = { hasFileHeader: false, hasProgramHeaders: false } as const;

/** Sections in the order in which they are loaded. */
export function loadOrder(sections: readonly OutputSection[]): OutputSection[] {
  const isLate = ({ flags, sizeBytes }: OutputSection): number =>
    Number((flags & (SEC_LOAD | SEC_THREAD_LOCAL)) === 0 && sizeBytes > 0);
  return sections
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
  const sections = loadOrder(all.filter(({ flags }) => (flags & SEC_ALLOC) !== 0));
  const segments: Segment[] = [];
  const plain = { ...WITHOUT_HEADERS, flags: null, loadAddress: null };
  const load = (inside: readonly OutputSection[], withHeaders: boolean): void =>
    void segments.push({
      type: PT_LOAD,
      sections: inside,
      hasFileHeader: withHeaders,
      hasProgramHeaders: withHeaders,
      flags: null,
      loadAddress: null,
    });
  if (sections.length > 0) {
    const apart = headersApart(sections[0]!, options, headerBytes(guess));
    let withHeaders = apart === "before the first section";
    if (apart !== null && typeof apart === "object") segments.push(apart);
    let current: OutputSection[] = [];
    let writable = false;
    let executable = false;
    for (const section of sections) {
      const last = current.at(-1);
      const isApart = last?.placedIn !== section.placedIn;
      if (last && (isApart || startsSegment(last, section, writable, executable, options))) {
        load(current, withHeaders);
        withHeaders = false;
        current = [];
        writable = executable = false;
      }
      current.push(section);
      if ((section.flags & SEC_READONLY) === 0) writable = true;
      if ((section.flags & SEC_CODE) !== 0) executable = true;
    }
    if (!(current.length === 1 && isThreadBss(current[0]!.flags))) load(current, withHeaders);
  }
  segments.push(...noteSegments(all));
  const threads = all.filter(
    ({ flags }) => (flags & (SEC_THREAD_LOCAL | SEC_ALLOC)) === (SEC_THREAD_LOCAL | SEC_ALLOC),
  );
  if (threads.length > 0) segments.push({ ...plain, type: PT_TLS, sections: threads, flags: PF_R });
  const property = all.find(
    ({ name, type, flags }) => name === ".note.gnu.property" && type === SHT_NOTE && (flags & SEC_LOAD) !== 0,
  );
  if (property) segments.push({ ...plain, type: PT_GNU_PROPERTY, sections: [property], flags: PF_R });
  if (options.frameHeader !== null && (options.frameHeader.flags & SEC_LOAD) !== 0)
    segments.push({ type: PT_GNU_EH_FRAME, sections: [options.frameHeader], ...plain });
  if (options.stackFlags !== null)
    segments.push({
      type: PT_GNU_STACK,
      sections: [],
      ...WITHOUT_HEADERS,
      flags: options.stackFlags,
      loadAddress: null,
      align: STACK_ALIGN,
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
        ...WITHOUT_HEADERS,
        flags: PF_R,
        loadAddress: null,
      });
  }
  return segments;
}

/**
 * Whether there is room for the headers before the first section: in its segment, in one of their own where code has
 * pages of its own, or nowhere.
 */
function headersApart(
  first: OutputSection,
  { isPaged, pageBytes, separateCode, loadsHeaders }: SegmentOptions,
  bytes: number,
): Segment | "before the first section" | null {
  const { address, loadAddress } = first;
  if (!isPaged || !(loadsHeaders || loadAddress % pageBytes >= bytes % pageBytes)) return null;
  const pageOf = (at: number): number => Math.floor(at / pageBytes) * pageBytes;
  let begin = pageOf(loadAddress - bytes);
  let isApart = separateCode && (first.flags & SEC_CODE) !== 0;
  if (isApart && pageOf(begin + bytes - 1) === pageOf(loadAddress)) {
    if (begin >= pageBytes) begin -= pageBytes;
    else isApart = false;
  }
  // There is no room below the first section.
  if (loadAddress < begin || loadAddress < bytes) return null;
  if (!isApart) return "before the first section";
  return {
    type: PT_LOAD,
    sections: [],
    hasFileHeader: true,
    hasProgramHeaders: true,
    flags: null,
    loadAddress: begin,
    address: pageOf(address - bytes),
  };
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
    segments.push({ type: PT_NOTE, sections: group, ...WITHOUT_HEADERS, flags: null, loadAddress: null });
  }
  return segments;
}
