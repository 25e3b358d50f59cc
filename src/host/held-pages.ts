/**
 * Which pages of a machine's memory the host holds. A look at a page that was never written has Linux map one for it,
 * and some give it memory then: on a virtual machine it takes up to 16 µs for each, ten seconds for a hundred machines
 * of 32 MiB. /proc/self/pagemap tells which pages are there (Documentation/admin-guide/mm/pagemap.rst). Where an array
 * lies is found by a mark that is put into it for a moment. Where any of that does not work, nothing is told.
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { PAGE_BYTES } from "../../emulator/state/pages.ts";

/** Bits 63 and 62 of an entry, in its last byte: the page is present, or swapped out (or on its way elsewhere). */
const HELD = 0xc0;
const ENTRY_BYTES = 8;
const MARK_BYTES = 16;

interface Mapping {
  readonly start: number;
  readonly sizeBytes: number;
}

/** Memory of this process that is nobody else's, and no file's. */
function mappings(): readonly Mapping[] {
  const found: Mapping[] = [];
  for (const row of readFileSync("/proc/self/maps", "latin1").split("\n")) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw-p [0-9a-f]+ \S+ 0\s*$/.exec(row);
    if (!match) continue;
    const start = Number.parseInt(match[1]!, 16);
    found.push({ start, sizeBytes: Number.parseInt(match[2]!, 16) - start });
  }
  return found;
}

class ProcessPages {
  readonly #memory = openSync("/proc/self/mem", "r");
  readonly #pagemap = openSync("/proc/self/pagemap", "r");
  /** Where buffers lie; null where that could not be found out. */
  readonly #addresses = new WeakMap<ArrayBufferLike, number | null>();
  #mappings: readonly Mapping[] = [];
  /** Where they begin that were found to be a buffer's. */
  readonly #found = new Set<number>();
  readonly #mark = new Uint8Array(MARK_BYTES);

  close(): void {
    closeSync(this.#memory);
    closeSync(this.#pagemap);
  }

  held(bytes: Uint8Array): Uint8Array | null {
    let address = this.#addresses.get(bytes.buffer);
    if (address === undefined) this.#addresses.set(bytes.buffer, (address = this.#find(bytes)));
    if (address === null) return null;
    const first = address + bytes.byteOffset;
    if (first % PAGE_BYTES !== 0) return null;
    const pages = Math.ceil(bytes.length / PAGE_BYTES);
    const entries = new Uint8Array(pages * ENTRY_BYTES);
    const position = (first / PAGE_BYTES) * ENTRY_BYTES;
    if (readSync(this.#pagemap, entries, 0, entries.length, position) !== entries.length) return null;
    // A loop: `from` with a function takes seven times as long, and there are thousands of pages in each machine.
    const held = new Uint8Array(pages);
    for (let page = 0; page < pages; page++) held[page] = entries[page * ENTRY_BYTES + ENTRY_BYTES - 1]! & HELD;
    return held;
  }

  /** The mapping that changes when the array does: most often one of those that were listed before. */
  #find(bytes: Uint8Array): number | null {
    const known = this.#mappings.filter(({ start }) => !this.#found.has(start));
    const start = this.#findIn(known, bytes) ?? this.#findIn((this.#mappings = mappings()), bytes);
    if (start !== null) this.#found.add(start);
    return start;
  }

  #findIn(among: readonly Mapping[], bytes: Uint8Array): number | null {
    const before = bytes.slice(0, MARK_BYTES);
    const leastBytes = bytes.byteOffset + bytes.length;
    let candidates = among.filter(({ sizeBytes }) => sizeBytes >= leastBytes);
    try {
      for (let time = 0; time < 2; time++) {
        const mark = Uint8Array.from({ length: MARK_BYTES }, () => Math.random() * 256);
        bytes.set(mark);
        candidates = candidates.filter(({ start }) => this.#holds(start + bytes.byteOffset, mark));
      }
      return candidates.length === 1 ? candidates[0]!.start : null;
    } finally {
      bytes.set(before);
    }
  }

  #holds(address: number, mark: Uint8Array): boolean {
    try {
      const count = readSync(this.#memory, this.#mark, 0, MARK_BYTES, address);
      return count === MARK_BYTES && this.#mark.every((byte, index) => byte === mark[index]);
    } catch {
      // It has gone since it was listed.
      return false;
    }
  }
}

let pages: ProcessPages | null | undefined;

/** As `HeldPages` has it. Linux on x86-64, where pages have 4 KiB; null everywhere else. */
export function heldPages(bytes: Uint8Array): Uint8Array | null {
  try {
    if (pages === undefined) pages = process.platform === "linux" && process.arch === "x64" ? new ProcessPages() : null;
    return pages?.held(bytes) ?? null;
  } catch {
    // No /proc, or one that says nothing: then all pages are looked at.
    pages?.close();
    pages = null;
    return null;
  }
}
