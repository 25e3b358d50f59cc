/**
 * The source-line table of a kernel image: docs/formats/kernel-image.md. Every instruction of assembly has a line, and
 * the table lies in memory beside the kernel, so an entry takes a byte where it can. Entries are in groups that begin
 * at a known address: who looks for one reads a group at most.
 */

import { assert } from "../diagnostic/invariant.ts";
import type { Linked, LinkedSection } from "../linker/link.ts";
import { lineRowsOf } from "../object/dwarf/line-table.ts";
import { putUnsigned } from "../object/leb128.ts";
import { concat, magic, namePool, words } from "./table-bytes.ts";

const VERSION = 2;
const HEADER_BYTES = 20;
const GROUP_ENTRIES = 64;
/** Bytes of a group whose upper half is zero. */
const ANYWHERE = 0;
const GROUP_END = 1;
/** ANYWHERE and three numbers of 32 bits; the end of a group goes with its first entry, which has two. */
const ENTRY_BYTES_MAX = 16;

/** The code from here to the next entry comes from this line. */
export interface LineEntry {
  /** Relative to the 32-bit part. */
  readonly address: number;
  readonly file: string;
  readonly line: number;
}

/** The lines of the 32-bit part's code, by ascending address. */
export function linesOf(linked: Linked, code32: LinkedSection): LineEntry[] {
  // Several rows may share an address: the last one of a sequence says which line's code begins there.
  const byAddress = new Map<number, LineEntry>();
  for (const { address: linear, file, line, end } of lineRowsOf(linked)) {
    const address = linear - code32.address;
    if (!end && address >= 0 && address <= code32.sizeBytes) byAddress.set(address, { address, file, line });
  }
  return [...byAddress.values()].sort((a, b) => a.address - b.address);
}

export function lineTableBytes(entries: readonly LineEntry[]): Uint8Array {
  const files = new Map<string, number>();
  for (const { file } of entries) if (!files.has(file)) files.set(file, files.size);
  const addresses: number[] = [];
  const positions: number[] = [];
  const content = new Uint8Array(entries.length * ENTRY_BYTES_MAX);
  let end = 0;
  const put = (...values: readonly number[]): void => {
    for (const value of values) end += putUnsigned(content, end, value);
  };
  entries.forEach(({ address, file, line }, index) => {
    const before = index % GROUP_ENTRIES === 0 ? null : entries[index - 1]!;
    const bytes = address - (before?.address ?? 0);
    assert(bytes >= 0, "the line table is not in the order of addresses");
    const lines = line - (before?.line ?? 0);
    if (!before) {
      if (index > 0) content[end++] = GROUP_END;
      addresses.push(address);
      positions.push(end);
      put(files.get(file)!, line);
    } else if (file === before.file && bytes < 16 && lines >= 0 && lines < 16) content[end++] = (bytes << 4) | lines;
    else put(ANYWHERE, bytes, files.get(file)!, line);
  });
  if (entries.length > 0) content[end++] = GROUP_END;
  assert(end <= content.length, "an entry of the line table has more bytes than any");
  assert(addresses.length === Math.ceil(entries.length / GROUP_ENTRIES), "a group of the line table has no address");
  const names = namePool([...files.keys()]);
  const groupsAt = HEADER_BYTES + 4 * (addresses.length + positions.length + files.size);
  const namesAt = groupsAt + end;
  return concat([
    words([magic("QLIN"), VERSION, addresses.length, files.size, entries.length]),
    words(addresses),
    words(positions.map((position) => groupsAt + position)),
    words(names.offsets.map((offset) => namesAt + offset)),
    content.subarray(0, end),
    names.bytes,
  ]);
}
