/** The listing of a linked program: each instruction's address and bytes beside the source line that it comes from. */
import { SHF_EXECINSTR } from "../linker/elf.ts";
import { latin1 } from "../linker/elf-reader.ts";
import { readLineRows } from "../linker/line-table.ts";
import type { Linked, LinkedSection } from "../linker/link.ts";

const BYTES_PER_LINE = 8;

/** `read` gives the sources; a file that it does not know is listed without text. */
export function writeListing(linked: Linked, read: (path: string) => Uint8Array | null): string {
  const content = (name: string): Uint8Array => linked.sections.find((section) => section.name === name)?.content ?? new Uint8Array(0);
  const rows = readLineRows({ debugLine: content(".debug_line"), debugLineStr: content(".debug_line_str"), debugStr: content(".debug_str") });
  const sources = new Map<string, readonly string[]>();
  const sourceLine = (file: string, line: number): string => {
    let lines = sources.get(file);
    if (!lines) {
      const bytes = read(file);
      lines = bytes ? latin1(bytes).split("\n") : [];
      sources.set(file, lines);
    }
    return (lines[line - 1] ?? "").trimEnd();
  };
  const out: string[] = [];
  let labels = new Map<number, string[]>();
  let current: LinkedSection | undefined;
  for (let i = 0; i + 1 < rows.length; i++) {
    const { address, file, line, end } = rows[i]!;
    const next = rows[i + 1]!.address;
    if (end || next < address) continue;
    const section = linked.sections.find((candidate) => (candidate.flags & SHF_EXECINSTR) !== 0 && address >= candidate.address && next <= candidate.address + candidate.sizeBytes);
    if (!section) continue;
    if (section !== current) {
      current = section;
      labels = new Map();
      for (const symbol of linked.symbols) if (symbol.section === section && symbol.type < 3) labels.set(symbol.value, [...(labels.get(symbol.value) ?? []), symbol.name]);
      out.push("", `section ${section.name}`, "");
    }
    for (const label of labels.get(address) ?? []) out.push(`${hex(address, 8)} ${label}:`);
    const bytes = section.content.subarray(address - section.address, next - section.address);
    const digits = Array.from(bytes, (byte) => hex(byte, 2));
    out.push(`${hex(address, 8)}  ${digits.slice(0, BYTES_PER_LINE).join(" ").padEnd(3 * BYTES_PER_LINE)} ${`${file}:${line}`.padEnd(34)} ${sourceLine(file, line)}`);
    for (let at = BYTES_PER_LINE; at < digits.length; at += BYTES_PER_LINE) out.push(`${hex(address + at, 8)}  ${digits.slice(at, at + BYTES_PER_LINE).join(" ")}`);
  }
  return `${out.join("\n")}\n`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
