/** The listing of a linked program: each instruction's address and bytes beside the source line that it comes from. */

import type { Linked, LinkedSection } from "../linker/link.ts";
import { lineRowsOf } from "../object/dwarf/line-table.ts";
import { SHF_EXECINSTR } from "../object/elf.ts";

const BYTES_PER_LINE = 8;
const BYTES_WIDTH = 3 * BYTES_PER_LINE;
const PLACE_WIDTH = 34;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** `read` gives the sources; a file that it does not know is listed without text. */
export function writeListing(linked: Linked, read: (path: string) => Uint8Array | null): string {
  const rows = lineRowsOf(linked);
  const sources = new Map<string, readonly string[]>();
  const linesOf = (file: string): readonly string[] => {
    let lines = sources.get(file);
    if (!lines) {
      const bytes = read(file);
      lines = bytes ? new TextDecoder().decode(bytes).split("\n") : [];
      sources.set(file, lines);
    }
    return lines;
  };
  const code = linked.sections.filter(({ flags }) => (flags & SHF_EXECINSTR) !== 0);
  let labels = new Map<number, string[]>();
  let current: LinkedSection | undefined;
  let out = "";
  for (let i = 0; i + 1 < rows.length; i++) {
    const { address, file, line, end } = rows[i]!;
    const next = rows[i + 1]!.address;
    if (end || next < address) continue;
    const holds = (section: LinkedSection): boolean =>
      address >= section.address && next <= section.address + section.sizeBytes;
    const section = current && holds(current) ? current : code.find(holds);
    if (!section) continue;
    if (section !== current) {
      current = section;
      labels = labelsOf(linked, section);
      out += `\nsection ${section.name}\n\n`;
    }
    for (const label of labels.get(address) ?? []) out += `${hex32(address)} ${label}:\n`;
    const { content } = section;
    const last = next - section.address;
    let at = address - section.address;
    let digits = "";
    for (const stop = Math.min(last, at + BYTES_PER_LINE); at < stop; at++) digits += `${HEX[content[at]!]!} `;
    out += `${hex32(address)}  ${digits.padEnd(BYTES_WIDTH)} ${`${file}:${line}`.padEnd(PLACE_WIDTH)} ${(linesOf(file)[line - 1] ?? "").trimEnd()}\n`;
    while (at < last) {
      digits = "";
      const start = section.address + at;
      for (const stop = Math.min(last, at + BYTES_PER_LINE); at < stop; at++) digits += `${HEX[content[at]!]!} `;
      out += `${hex32(start)}  ${digits.trimEnd()}\n`;
    }
  }
  return out;
}

function labelsOf(linked: Linked, section: LinkedSection): Map<number, string[]> {
  const labels = new Map<number, string[]>();
  for (const symbol of linked.symbols) {
    if (symbol.section !== section || symbol.type >= 3) continue;
    const here = labels.get(symbol.value);
    if (here) here.push(symbol.name);
    else labels.set(symbol.value, [symbol.name]);
  }
  return labels;
}

function hex32(value: number): string {
  return HEX[value >>> 24]! + HEX[(value >>> 16) & 0xff]! + HEX[(value >>> 8) & 0xff]! + HEX[value & 0xff]!;
}
