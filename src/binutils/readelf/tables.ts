/** `readelf -r`, `-s`, `-n`, `-x` and `-p`, in the text of GNU readelf 2.40 for ELF32. */
import {
  SHN_ABS,
  SHN_COMMON,
  SHN_LORESERVE,
  SHN_UNDEF,
  SHT_NOTE,
  SHT_REL,
  SHT_SYMTAB,
  STT_GNU_IFUNC,
  STT_SECTION,
} from "../../object/elf.ts";
import type { ElfSymbol } from "../../object/elf-reader.ts";
import { RELOCATION_NAMES } from "../../object/relocation-types.ts";
import { hex, nameIn, type RawElf, type RawSection } from "./raw-elf.ts";

const SHT_DYNSYM = 11;

/** How a symbol is shown. */
type NameOf = (symbol: string) => string;
const asItIs: NameOf = (symbol) => symbol;

const entries = (count: number): string => (count === 1 ? "1 entry" : `${count} entries`);

/** `-r` */
export function relocationTables(elf: RawElf, isWide: boolean, nameOf: NameOf = asItIs): string[] {
  const tables = elf.sections.filter(({ type, sizeBytes }) => type === SHT_REL && sizeBytes > 0);
  if (tables.length === 0) return ["", "There are no relocations in this file."];
  return tables.flatMap((section) => {
    const table = elf.sections[section.link];
    const symbols = table === undefined || section.link === 0 ? [] : elf.symbolsOf(table);
    const relocations = elf.relocationsOf(section);
    return [
      "",
      `Relocation section '${section.name}' at offset 0x${hex(section.offset)} contains ${entries(relocations.length)}:`,
      isWide
        ? " Offset     Info    Type                Sym. Value  Symbol's Name"
        : " Offset     Info    Type            Sym.Value  Sym. Name",
      ...relocations.map(({ offset, info }) => {
        const width = isWide ? 22 : 17;
        const name = RELOCATION_NAMES.get(info & 255) ?? `unrecognized: ${hex(info & 255).padEnd(8)}`;
        const row = `${hex(offset, 8)}  ${hex(info, 8)} ${name.slice(0, width).padEnd(width)}`;
        const index = info >>> 8;
        if (index === 0) return row;
        const symbol = symbols[index];
        return symbol === undefined
          ? `${row} bad symbol index: ${hex(index, 8)}`
          : `${row} ${relocationSymbol(elf, symbol, isWide, nameOf)}`;
      }),
    ];
  });
}

function relocationSymbol(elf: RawElf, symbol: ElfSymbol, isWide: boolean, nameOf: NameOf): string {
  // Its value is no address, but the routine that finds one.
  const called = nameIn(8, nameOf(symbol.name), isWide);
  const value =
    symbol.type === STT_GNU_IFUNC
      ? `${called}()${"".padEnd(called.length <= 8 ? 9 - called.length : 1)}`
      : `${hex(symbol.value, 8)}   `;
  return value + nameIn(22, nameOf(symbol.name) || nameOfSection(elf, symbol), isWide);
}

function nameOfSection(elf: RawElf, { type, section }: ElfSymbol): string {
  if (type !== STT_SECTION) return "<null>";
  if (section === SHN_ABS) return "ABS";
  if (section === SHN_COMMON) return "COMMON";
  return elf.sections[section]?.name ?? `<section 0x${hex(section)}>`;
}

const SYMBOL_TYPES = ["NOTYPE", "OBJECT", "FUNC", "SECTION", "FILE", "COMMON", "TLS"];
const BINDINGS = ["LOCAL", "GLOBAL", "WEAK"];
const VISIBILITIES = ["DEFAULT", "INTERNAL", "HIDDEN", "PROTECTED"];

const typeName = (type: number): string =>
  SYMBOL_TYPES[type] ??
  (type === STT_GNU_IFUNC
    ? "IFUNC"
    : type >= 13
      ? `<processor specific>: ${type}`
      : type >= 10
        ? `<OS specific>: ${type}`
        : `<unknown>: ${type}`);

const bindingName = (binding: number): string =>
  BINDINGS[binding] ??
  (binding === 10
    ? "UNIQUE"
    : binding >= 13
      ? `<processor specific>: ${binding}`
      : binding >= 10
        ? `<OS specific>: ${binding}`
        : `<unknown>: ${binding}`);

function sectionIndex(section: number): string {
  if (section === SHN_UNDEF) return "UND";
  if (section === SHN_ABS) return "ABS";
  if (section === SHN_COMMON) return "COM";
  return section >= SHN_LORESERVE ? `RSV[0x${hex(section & 0xffff, 4)}]` : String(section).padStart(3);
}

/** Above this, a size is shown in hexadecimal. */
const LARGEST_DECIMAL = 99999;

/** `-s` */
export function symbolTables(elf: RawElf, isWide: boolean, nameOf: NameOf = asItIs): string[] {
  const tables = elf.sections.filter(
    ({ type, entrySizeBytes }) => (type === SHT_SYMTAB || type === SHT_DYNSYM) && entrySizeBytes > 0,
  );
  return tables.flatMap((section) => {
    const symbols = elf.symbolsOf(section);
    return [
      "",
      `Symbol table '${section.name}' contains ${entries(symbols.length)}:`,
      "   Num:    Value  Size Type    Bind   Vis      Ndx Name",
      ...symbols.map((symbol, index) => {
        const { value, sizeBytes, type, binding, visibility, section: home, name } = symbol;
        const size = sizeBytes > LARGEST_DECIMAL ? `0x${hex(sizeBytes)}` : String(sizeBytes).padStart(5);
        const shown =
          name === "" && type === STT_SECTION && elf.sections[home] !== undefined
            ? elf.sections[home].name
            : nameOf(name);
        return `${String(index).padStart(6)}: ${hex(value, 8)} ${size} ${typeName(type).padEnd(7)} ${bindingName(binding).padEnd(6)} ${VISIBILITIES[visibility]!.padEnd(7)} ${sectionIndex(home).padStart(4)} ${nameIn(21, shown, isWide)}`;
      }),
    ];
  });
}

const GNU_NOTES: Readonly<Record<number, string>> = {
  1: "NT_GNU_ABI_TAG (ABI version tag)",
  2: "NT_GNU_HWCAP (DSO-supplied software HWCAP info)",
  3: "NT_GNU_BUILD_ID (unique build ID bitstring)",
  4: "NT_GNU_GOLD_VERSION (gold version)",
  5: "NT_GNU_PROPERTY_TYPE_0",
};
const NOTES: Readonly<Record<number, string>> = { 1: "NT_VERSION (version)", 2: "NT_ARCH (architecture)" };
const ABI_SYSTEMS = ["Linux", "Hurd", "Solaris", "FreeBSD", "NetBSD", "Syllable", "NaCl"];

/** `-n` */
export function notes(elf: RawElf, isWide: boolean): string[] {
  return elf.sections
    .filter(({ type, sizeBytes }) => type === SHT_NOTE && sizeBytes > 0)
    .flatMap((section) => [
      "",
      `Displaying notes found in: ${section.name}`,
      "  Owner                Data size \tDescription",
      ...noteLines(elf.content(section), section.align === 8 ? 8 : 4, isWide),
    ]);
}

function noteLines(content: Uint8Array, align: number, isWide: boolean): string[] {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const lines: string[] = [];
  const up = (at: number): number => Math.ceil(at / align) * align;
  for (let at = 0; at + 12 <= content.length; ) {
    const [nameBytes, dataBytes, type] = [
      view.getUint32(at, true),
      view.getUint32(at + 4, true),
      view.getUint32(at + 8, true),
    ];
    const dataAt = up(at + 12 + nameBytes);
    if (up(dataAt + dataBytes) > content.length) break;
    const name = String.fromCharCode(...content.subarray(at + 12, at + 12 + Math.min(nameBytes, 1000))).split("\0")[0]!;
    const data = content.subarray(dataAt, dataAt + dataBytes);
    const kind = (name === "GNU" ? GNU_NOTES[type] : NOTES[type]) ?? `Unknown note type: (0x${hex(type, 8)})`;
    const head = `  ${nameIn(20, name, isWide).padEnd(20)} 0x${hex(dataBytes, 8)}\t${kind}`;
    const rest = noteData(name, type, data, align);
    if (isWide && rest.length > 0) lines.push(`${head}\t${rest.join("\n")}`);
    else lines.push(head, ...rest);
    at = up(dataAt + dataBytes);
  }
  return lines;
}

function noteData(name: string, type: number, data: Uint8Array, align: number): string[] {
  const bytes = (): string => [...data].map((byte) => hex(byte, 2)).join("");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (name === "GNU" && type === 3) return [`    Build ID: ${bytes()}`];
  if (name === "GNU" && type === 1 && data.length >= 16) {
    const [system, ...version] = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
    return [`    OS: ${ABI_SYSTEMS[system!] ?? "Unknown"}, ABI: ${version.join(".")}`];
  }
  if (name === "GNU" && type === 5) return properties(data, align);
  if (data.length === 0) return [];
  return [`   description data: ${[...data].map((byte) => `${hex(byte, 2)} `).join("")}`];
}

const FEATURES: Readonly<Record<number, string>> = { 0: "IBT", 1: "SHSTK", 2: "LAM_U48", 3: "LAM_U57" };
const ISA_LEVELS = ["x86-64-baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4"];
const USED_FEATURES = ["x86", "x87", "MMX", "XMM", "YMM", "ZMM", "FXSR", "XSAVE", "XSAVEOPT", "XSAVEC", "TMM", "MASK"];

const bitNames = (bits: number, names: Readonly<Record<number, string>>): string =>
  bits === 0
    ? "<None>"
    : Array.from({ length: 32 }, (_, bit) => bit)
        .filter((bit) => (bits >>> bit) & 1)
        .map((bit) => names[bit] ?? `<unknown: ${hex(2 ** bit)}>`)
        .join(", ");

function properties(data: Uint8Array, align: number): string[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const texts: string[] = [];
  for (let at = 0; at + 8 <= data.length; ) {
    const [type, size] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    if (at + 8 + size > data.length) {
      texts.push(`<corrupt type (0x${hex(type)}) datasz: 0x${hex(size)}>`);
      break;
    }
    const bits = size === 4 ? view.getUint32(at + 8, true) : 0;
    if (type === 0xc0000002) texts.push(`x86 feature: ${bitNames(bits, FEATURES)}`);
    else if (type === 0xc0008002) texts.push(`x86 ISA needed: ${bitNames(bits, ISA_LEVELS)}`);
    else if (type === 0xc0010002) texts.push(`x86 ISA used: ${bitNames(bits, ISA_LEVELS)}`);
    else if (type === 0xc0008001) texts.push(`x86 feature needed: ${bitNames(bits, USED_FEATURES)}`);
    else if (type === 0xc0010001) texts.push(`x86 feature used: ${bitNames(bits, USED_FEATURES)}`);
    else {
      const name = type >= 0xe0000000 ? "application" : type >= 0xc0000000 ? "processor" : "type";
      const word =
        name === "type" ? `<unknown type 0x${hex(type, 8)} data: ` : `<${name}-specific type 0x${hex(type)} data: `;
      texts.push(`${word}${[...data.subarray(at + 8, at + 8 + size)].map((byte) => `${hex(byte, 2)} `).join("")}>`);
    }
    at += 8 + Math.ceil(size / align) * align;
  }
  return [`      Properties: ${texts.join("\n\t")}`];
}

/** A section by its name or number; null when there is none. */
export function sectionNamed(elf: RawElf, name: string): RawSection | null {
  const byName = elf.sections.find((section) => section.name === name);
  return byName ?? (/^\d+$/.test(name) ? (elf.sections[Number(name)] ?? null) : null);
}

const BYTES_PER_LINE = 16;

/** `-x` */
export function hexDump(elf: RawElf, section: RawSection): string[] {
  const content = elf.content(section);
  if (content.length === 0) return [`Section '${section.name}' has no data to dump.`];
  const lines = ["", `Hex dump of section '${section.name}':`];
  if (elf.sections.some(({ type, info, sizeBytes }) => type === SHT_REL && info === section.index && sizeBytes > 0))
    lines.push(" NOTE: This section has relocations against it, but these have NOT been applied to this dump.");
  return [...lines, ...hexLines(content, section.address), ""];
}

/** Rows of sixteen bytes, as numbers and as text. */
export function hexLines(content: Uint8Array, address: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < content.length; at += BYTES_PER_LINE) {
    let numbers = "";
    let text = "";
    for (let i = 0; i < BYTES_PER_LINE; i++) {
      const byte = content[at + i];
      numbers += byte === undefined ? "  " : hex(byte, 2);
      if (i % 4 === 3) numbers += " ";
      if (byte !== undefined) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
    }
    lines.push(`  0x${hex(address + at, 8)} ${numbers}${text}`);
  }
  return lines;
}

/** `-p` */
export function stringDump(elf: RawElf, section: RawSection): string[] {
  const content = elf.content(section);
  if (content.length === 0) return [`Section '${section.name}' has no data to dump.`];
  const lines = ["", `String dump of section '${section.name}':`];
  for (let at = 0; at < content.length; ) {
    while (at < content.length && (content[at]! < 0x20 || content[at]! >= 0x7f)) at++;
    if (at >= content.length) break;
    let text = "";
    const start = at;
    for (; at < content.length && content[at] !== 0; at++) text += visible(content[at]!);
    lines.push(`  [${hex(start).padStart(6)}]  ${text}`);
  }
  if (lines.length === 2) lines.push("  No strings found in this section.");
  return [...lines, ""];
}

const visible = (byte: number): string =>
  byte === 10 ? "\\n" : byte < 0x20 ? `^${String.fromCharCode(byte + 0x40)}` : String.fromCharCode(byte);
