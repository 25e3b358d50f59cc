/**
 * Reads `ar` archives in the System V / GNU layout: a magic, then members with headers of 60 text bytes at even
 * offsets; a symbol index in the member `/`, names over 15 characters in the member `//`. The members of a thin archive
 * are files of their own. Nothing in the file is believed.
 */
import { ElfError } from "./elf-reader.ts";
import { latin1 } from "./latin1.ts";

const MAGIC = "!<arch>\n";
const THIN_MAGIC = "!<thin>\n";
const HEADER_BYTES = 60;

export interface ArchiveMember {
  readonly name: string;
  /** In a thin archive, of a member of another archive, whose name this one has: where its header is in that file. */
  readonly origin: number | null;
  /** Of the member's header in the archive: what the symbol index points to. */
  readonly offset: number;
  readonly content: Uint8Array;
  /** Seconds since 1970. */
  readonly time: number;
  readonly user: number;
  readonly group: number;
  readonly mode: number;
}

export interface Archive {
  readonly path: string;
  /** The members are files of their own. */
  readonly isThin: boolean;
  /** In the order of the file, without the index and the table of names. */
  readonly members: readonly ArchiveMember[];
  /** Symbol and the offset of the member that defines it, in the order of the index; null when there is no index. */
  readonly index: readonly { readonly symbol: string; readonly offset: number }[] | null;
}

export function isArchive(bytes: Uint8Array): boolean {
  const magic = latin1(bytes.subarray(0, MAGIC.length));
  return magic === MAGIC || magic === THIN_MAGIC;
}

/** The file that a thin archive names, relative to the archive's folder; null when it cannot be read. */
export type MemberReader = (name: string) => Uint8Array | null;

/** Throws `ElfError`. */
export function readArchive(bytes: Uint8Array, path: string, readMember: MemberReader = () => null): Archive {
  const isThin = latin1(bytes.subarray(0, MAGIC.length)) === THIN_MAGIC;
  const members: ArchiveMember[] = [];
  let longNames: Uint8Array = new Uint8Array(0);
  let index: Archive["index"] = null;
  for (let at = MAGIC.length; at < bytes.length; ) {
    if (at + HEADER_BYTES > bytes.length)
      throw new ElfError(path, `the header of an archive member at byte ${at} is cut off`);
    const field = (start: number, sizeBytes: number): string =>
      latin1(bytes.subarray(at + start, at + start + sizeBytes)).trimEnd();
    const number = (from: number, width: number, radix: number): number => parseInt(field(from, width), radix) || 0;
    if (field(58, 2) !== "`") throw new ElfError(path, `there is no archive member at byte ${at}`);
    const sizeText = field(48, 10);
    const sizeBytes = /^\d+$/.test(sizeText) ? Number(sizeText) : NaN;
    const start = at + HEADER_BYTES;
    // GNU ar leaves the end of a thin member's name of 15 characters behind its number: `/3524          /`.
    const rawName = field(0, 16).replace(/^(\/\d+) +\/$/, "$1");
    const isTable = rawName === "/" || rawName === "//" || rawName === "/SYM64/";
    const isElsewhere = isThin && !isTable;
    if (!(start + (isElsewhere ? 0 : sizeBytes) <= bytes.length))
      throw new ElfError(path, `the archive member at byte ${at} lies beyond the end of the file`);
    const origin = isElsewhere ? originOf(rawName) : null;
    const content = isElsewhere
      ? outside(memberName(rawName, longNames, path), origin, path, readMember)
      : bytes.subarray(start, start + sizeBytes);
    if (rawName === "/") index = readIndex(content, path);
    else if (rawName === "//") longNames = content;
    else if (!isTable)
      members.push({
        name: memberName(rawName, longNames, path),
        origin,
        offset: at,
        content,
        time: number(16, 12, 10),
        user: number(28, 6, 10),
        group: number(34, 6, 10),
        mode: number(40, 8, 8),
      });
    at = isElsewhere ? start : start + sizeBytes + (sizeBytes % 2);
  }
  return { path, isThin, members, index };
}

function outside(name: string, origin: number | null, path: string, readMember: MemberReader): Uint8Array {
  const content = readMember(name);
  if (content === null)
    throw new ElfError(path, `its member ${name} is a file that cannot be read (the archive is thin)`);
  if (origin === null) return content;
  const start = origin + HEADER_BYTES;
  const sizeBytes = Number(latin1(content.subarray(origin + 48, origin + 58)).trimEnd() || NaN);
  if (!(start + sizeBytes <= content.length))
    throw new ElfError(path, `there is no archive member at byte ${origin} of ${name} (the archive is thin)`);
  return content.subarray(start, start + sizeBytes);
}

/** `/9:72`: the member at byte 72 of the archive that is named at offset 9 of the table of names. */
const originOf = (raw: string): number | null => {
  const match = /^\/\d+:(\d+)$/.exec(raw);
  return match ? Number(match[1]) : null;
};

function memberName(raw: string, longNames: Uint8Array, path: string): string {
  const long = /^\/(\d+)(?::\d+)?$/.exec(raw);
  if (!long) return raw.endsWith("/") ? raw.slice(0, -1) : raw;
  const start = Number(long[1]);
  let end = start;
  while (end < longNames.length && longNames[end] !== 0x0a) end++;
  if (start >= longNames.length)
    throw new ElfError(path, `the name of an archive member lies beyond the table of names (offset ${start})`);
  return latin1(longNames.subarray(start, end)).replace(/\/$/, "");
}

/** Big-endian count and offsets, then the names, NUL terminated. */
function readIndex(content: Uint8Array, path: string): { symbol: string; offset: number }[] {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const count = content.length >= 4 ? view.getUint32(0) : 0;
  if (4 + count * 4 > content.length) throw new ElfError(path, "the symbol index of the archive is cut off");
  // A C library has tens of thousands of names: they are read at once.
  const names = latin1(content.subarray(4 + count * 4)).split("\0", count);
  return Array.from({ length: count }, (_, i) => ({ symbol: names[i] ?? "", offset: view.getUint32(4 + i * 4) }));
}
