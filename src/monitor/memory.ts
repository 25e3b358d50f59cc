/** `x`, `xp`, `print`, `info mem` and `info tlb`: memory, numbers and page tables as QEMU's monitor prints them. */

import type { Core } from "../../emulator/cpu/core.ts";
import { CR0, CR3, CR4, PDPTE } from "../../emulator/cpu/layout.ts";
import { CR0_PG, CR4_PAE, CR4_PSE } from "../../emulator/cpu/state.ts";
import { hex } from "../../emulator/debug/hex.ts";
import { readLinear } from "../../emulator/debug/linear-memory.ts";
import { disassemble } from "../isa/disassemble.ts";
import type { Format } from "./arguments.ts";

/** Who asks for more wants a file. */
const MOST_BYTES = 1 << 20;
const LINE_BYTES = 16;
const LONGEST_INSTRUCTION = 15;
/** Bytes of an instruction that a line shows; what is longer goes on in the next. */
const SHOWN_BYTES = 8;
const MNEMONIC_COLUMNS = 8;

/** Linear or physical memory: fewer bytes than asked for where they end. */
export type ReadMemory = (address: number, lengthBytes: number) => Uint8Array;

const WIDTHS: Readonly<Record<string, (sizeBytes: number) => number>> = {
  o: (size) => Math.ceil((size * 8) / 3),
  x: (size) => size * 2,
  d: (size) => Math.ceil((size * 80) / 33),
  u: (size) => Math.ceil((size * 80) / 33),
};

const ESCAPED: Readonly<Record<string, string>> = { "'": "\\'", "\\": "\\\\", "\n": "\\n", "\r": "\\r" };

function character(code: number): string {
  const text = String.fromCharCode(code);
  const shown = ESCAPED[text] ?? (code >= 0x20 && code <= 0x7e ? text : `\\x${hex(code, 2)}`);
  return `'${shown}'`;
}

function value(bytes: Uint8Array, { letter, sizeBytes }: Format): string {
  let number = 0n;
  for (let index = sizeBytes - 1; index >= 0; index--) number = (number << 8n) | BigInt(bytes[index]!);
  if (letter === "c") return character(Number(number & 0xffn));
  const width = WIDTHS[letter]!(sizeBytes);
  if (letter === "x") return `0x${number.toString(16).padStart(width, "0")}`;
  if (letter === "o") return `${number === 0n ? "" : "0"}${number.toString(8)}`.padStart(width, " ");
  // Only of eight bytes does `d` see a sign.
  return (letter === "d" ? BigInt.asIntN(64, number) : number).toString().padStart(width, " ");
}

/** Lines of memory, each with its address of so many digits. */
export function dumpMemory(read: ReadMemory, address: number, format: Format, digits: number): string {
  const one = { ...format, sizeBytes: format.letter === "c" ? 1 : format.sizeBytes };
  const lineBytes = one.sizeBytes === 1 ? LINE_BYTES / 2 : LINE_BYTES;
  const total = Math.min(one.count * one.sizeBytes, MOST_BYTES);
  let text = "";
  for (let at = 0; at < total; at += lineBytes) {
    const length = Math.min(lineBytes, total - at);
    const bytes = read((address + at) >>> 0, length);
    const start = `${hex(address + at, digits)}:`;
    if (bytes.length < length) return `${text}${start} Cannot access memory\n`;
    text += start;
    for (let offset = 0; offset < length; offset += one.sizeBytes)
      text += ` ${value(bytes.subarray(offset, offset + one.sizeBytes), one)}`;
    text += "\n";
  }
  return text;
}

/** `x /i`: address, bytes and instruction; the columns are QEMU's, the syntax is Intel's. */
export function dumpCode(read: ReadMemory, address: number, count: number, bits: 16 | 32): string {
  let text = "";
  let next = address;
  for (let line = 0; line < Math.min(count, MOST_BYTES / LONGEST_INSTRUCTION); line++) {
    const bytes = read(next, LONGEST_INSTRUCTION);
    if (bytes.length === 0) return `${text}0x${hex(next)}:  Cannot access memory\n`;
    const found = disassemble(bytes, 0, next, { bits, syntax: "intel" });
    const length = Math.min(found.length, bytes.length);
    const [mnemonic = "", ...operands] = found.text.trim().split(/\s+/);
    const spelled = `${mnemonic.padEnd(MNEMONIC_COLUMNS)} ${operands.join(" ")}`.trimEnd();
    for (let at = 0; at < length; at += SHOWN_BYTES) {
      const shown = Array.from(bytes.subarray(at, Math.min(length, at + SHOWN_BYTES)), (byte) => hex(byte, 2)).join(
        " ",
      );
      text += `0x${hex(next + at)}:  ${at === 0 ? `${shown.padEnd(3 * SHOWN_BYTES)} ${spelled}` : shown}\n`;
    }
    next = (next + length) >>> 0;
  }
  return text;
}

/** `print`. */
export function printNumber(number: bigint, letter: string): string {
  const unsigned = BigInt.asUintN(64, number);
  switch (letter) {
    case "o":
      return `${unsigned === 0n ? "" : "0"}${unsigned.toString(8)}\n`;
    case "x":
      return `${unsigned === 0n ? "" : "0x"}${unsigned.toString(16)}\n`;
    case "u":
      return `${unsigned}\n`;
    case "c":
      return `${character(Number(unsigned & 0xffn))}\n`;
    default:
      return `${number}\n`;
  }
}

// Page tables (SDM 3A 4.3).

const PAGE_BYTES = 0x1000;
const LARGE_BYTES = 0x400000;
const LARGE_EXTENDED_BYTES = 0x200000;
const PRESENT = 0x001;
const WRITE = 0x002;
const USER = 0x004;
const LARGE = 0x080;
const RIGHTS = PRESENT | WRITE | USER;
const ENTRIES = 1024;
// With PAE paging: entries of two dwords. Of the upper one:
const EXTENDED_ENTRIES = 512;
const NO_EXECUTE = 0x80000000 | 0;
const HIGH_ADDRESS = 15;
const PAGING_OFF = "PG disabled\n";
/** As `info tlb` shows them, between NX and the last one. */
const ENTRY_LETTERS = [
  ["G", 0x100],
  ["P", LARGE],
  ["D", 0x040],
  ["A", 0x020],
  ["C", 0x010],
  ["T", 0x008],
  ["U", USER],
  ["W", WRITE],
] as const;

interface Page {
  readonly linear: number;
  /** The entry that leads to it, and its upper dword with PAE paging. */
  readonly entry: number;
  readonly high: number;
  /** 4 KiB, or of a large one more. */
  readonly sizeBytes: number;
  /** Of all entries on the way. */
  readonly rights: number;
}

function tableAt({ memory }: Core, physical: number): Int32Array | null {
  const offset = memory.readOffset(physical >>> 12);
  return offset === 0 ? null : new Int32Array(memory.bytes.buffer, offset, ENTRIES);
}

/** Entries that are present in a table of PAE paging. */
function* presentEntries(
  core: Core,
  physical: number,
  high: number,
): Generator<{ at: number; low: number; high: number }> {
  const table = high === 0 ? tableAt(core, physical) : null;
  for (let at = 0; table !== null && at < EXTENDED_ENTRIES; at++) {
    const low = table[2 * at]!;
    if ((low & PRESENT) !== 0) yield { at, low, high: table[2 * at + 1]! };
  }
}

function* presentExtendedPages(core: Core): Generator<Page> {
  for (let pointer = 0; pointer < 4; pointer++) {
    const first = core.s[PDPTE + 2 * pointer]!;
    if ((first & PRESENT) === 0) continue;
    for (const outer of presentEntries(core, first & ~0xfff, core.s[PDPTE + 2 * pointer + 1]!)) {
      const linear = pointer * 2 ** 30 + outer.at * LARGE_EXTENDED_BYTES;
      if ((outer.low & LARGE) !== 0) {
        const rights = outer.low & RIGHTS;
        yield { linear, entry: outer.low, high: outer.high, sizeBytes: LARGE_EXTENDED_BYTES, rights };
        continue;
      }
      for (const { at, low, high } of presentEntries(core, outer.low & ~0xfff, outer.high & HIGH_ADDRESS))
        yield {
          linear: linear + at * PAGE_BYTES,
          entry: low,
          high,
          sizeBytes: PAGE_BYTES,
          rights: low & outer.low & RIGHTS,
        };
    }
  }
}

/** All pages that are present, upwards. */
function* presentPages(core: Core): Generator<Page> {
  if ((core.s[CR4]! & CR4_PAE) !== 0) return yield* presentExtendedPages(core);
  const directory = tableAt(core, core.s[CR3]! & ~0xfff);
  const hasLarge = (core.s[CR4]! & CR4_PSE) !== 0;
  for (let upper = 0; upper < ENTRIES; upper++) {
    const outer = directory?.[upper] ?? 0;
    if ((outer & PRESENT) === 0) continue;
    const linear = (upper << 22) >>> 0;
    if ((outer & LARGE) !== 0 && hasLarge) {
      yield { linear, entry: outer, high: 0, sizeBytes: LARGE_BYTES, rights: outer & RIGHTS };
      continue;
    }
    const table = tableAt(core, outer & ~0xfff);
    for (let lower = 0; lower < ENTRIES; lower++) {
      const entry = table?.[lower] ?? 0;
      if ((entry & PRESENT) !== 0)
        yield {
          linear: linear + lower * PAGE_BYTES,
          entry,
          high: 0,
          sizeBytes: PAGE_BYTES,
          rights: entry & outer & RIGHTS,
        };
    }
  }
}

const isPaging = ({ s }: Core): boolean => (s[CR0]! & CR0_PG) !== 0;
const wide = (address: number): string => address.toString(16).padStart(16, "0");

/** `info mem`: stretches of pages with the same rights. */
export function describeMappings(core: Core): string {
  if (!isPaging(core)) return PAGING_OFF;
  let text = "";
  let start = 0;
  let end = 0;
  let rights = 0;
  const finish = (): void => {
    if (rights === 0) return;
    const letters = `${(rights & USER) !== 0 ? "u" : "-"}r${(rights & WRITE) !== 0 ? "w" : "-"}`;
    text += `${wide(start)}-${wide(end)} ${wide(end - start)} ${letters}\n`;
  };
  for (const page of presentPages(core)) {
    if (page.linear !== end || page.rights !== rights) {
      finish();
      start = page.linear;
      rights = page.rights;
    }
    end = page.linear + page.sizeBytes;
  }
  finish();
  return text;
}

/** `info tlb`: every page that is present, with the flags of its entry. */
export function describeTranslations(core: Core): string {
  if (!isPaging(core)) return PAGING_OFF;
  let text = "";
  for (const { linear, entry, high, sizeBytes } of presentPages(core)) {
    const isLarge = sizeBytes > PAGE_BYTES;
    // As QEMU prints it: with bit 20 of a 2 MiB page, and with what stands above the address.
    const low = entry & (!isLarge ? 0xfffff000 : sizeBytes === LARGE_BYTES ? 0xffe00000 : 0xfff00000);
    const physical = `${hex(high)}${hex(low)}`;
    const flags = isLarge ? entry : entry & ~LARGE;
    const letters = ENTRY_LETTERS.map(([letter, bit]) => ((flags & bit) !== 0 ? letter : "-")).join("");
    text += `${wide(linear)}: ${physical} ${(high & NO_EXECUTE) !== 0 ? "X" : "-"}${letters}\n`;
  }
  return text;
}

export const linearReader =
  (core: Core): ReadMemory =>
  (address, lengthBytes) =>
    readLinear(core, address, lengthBytes);
