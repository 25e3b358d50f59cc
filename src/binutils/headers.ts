/** `objdump -f`, `-h`, `-p`, `-t`, `-r`, `-s`: everything but code, in the text of GNU objdump 2.40. */

import {
  ET_EXEC,
  PF_R,
  PF_W,
  PF_X,
  SHT_SYMTAB,
  STT_COMMON,
  STT_FILE,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_OBJECT,
} from "../object/elf.ts";
import { greatest } from "../object/extremes.ts";
import { RELOCATION_NAMES } from "../object/relocation-types.ts";
import {
  hex8,
  homeName,
  type ObjectFile,
  type ObjectSection,
  type ObjectSymbol,
  type SectionTraits,
} from "./object-file.ts";

const TRAIT_NAMES: readonly (readonly [keyof SectionTraits, string])[] = [
  ["contents", "CONTENTS"],
  ["alloc", "ALLOC"],
  ["load", "LOAD"],
  ["reloc", "RELOC"],
  ["readonly", "READONLY"],
  ["code", "CODE"],
  ["data", "DATA"],
  ["debugging", "DEBUGGING"],
  ["exclude", "EXCLUDE"],
  ["octets", "OCTETS"],
  ["threadLocal", "THREAD_LOCAL"],
  ["group", "GROUP"],
  ["linkOnce", "LINK_ONCE_DISCARD"],
];

/** How a symbol is shown. */
type NameOf = (symbol: string) => string;
const asItIs: NameOf = (symbol) => symbol;

function alignPower(align: number): number {
  return 31 - Math.clz32(Math.max(align, 1));
}

export function sectionTable(
  { sections }: ObjectFile,
  chosen: (section: ObjectSection) => boolean,
  wide: boolean,
): string[] {
  const width = wide
    ? greatest(
        sections.map(({ name }) => name.length),
        13,
      )
    : 13;
  const lines = [
    "Sections:",
    `Idx ${"Name".padEnd(width)} Size      VMA       LMA       File off  Algn${wide ? "  Flags" : ""}`,
  ];
  sections.forEach((section, index) => {
    if (!chosen(section)) return;
    const { name, sizeBytes, address, loadAddress, elf, traits } = section;
    const row = `${String(index).padStart(3)} ${name.padEnd(width)} ${hex8(sizeBytes)}  ${hex8(address)}  ${hex8(loadAddress)}  ${hex8(elf.fileOffset)}  2**${alignPower(elf.align)}`;
    const words = TRAIT_NAMES.filter(([trait]) => traits[trait])
      .map(([, word]) => word)
      .join(", ");
    if (wide) lines.push(`${row}  ${words}`);
    else lines.push(row, `                  ${words}`);
  });
  return lines;
}

/** `-f`. The bits are those of GNU's library: relocations 1, executable 2, symbols 0x10, demand paged 0x100. */
export function fileHeader({ elf, hasRelocations }: ObjectFile): string[] {
  const flags: [number, string][] = [];
  if (hasRelocations) flags.push([1, "HAS_RELOC"]);
  if (elf.type === ET_EXEC) flags.push([2, "EXEC_P"]);
  if (elf.sections.some(({ type }) => type === SHT_SYMTAB)) flags.push([0x10, "HAS_SYMS"]);
  if (elf.type === 3) flags.push([0x40, "DYNAMIC"]);
  if (elf.segments.length > 0) flags.push([0x100, "D_PAGED"]);
  const bits = flags.reduce((sum, [bit]) => sum | bit, 0);
  return [
    `architecture: i386, flags 0x${hex8(bits)}:`,
    flags.map(([, name]) => name).join(", "),
    `start address 0x${hex8(elf.entry)}`,
    "",
  ];
}

const SEGMENT_NAMES: Readonly<Record<number, string>> = {
  0: "NULL",
  1: "LOAD",
  2: "DYNAMIC",
  3: "INTERP",
  4: "NOTE",
  5: "SHLIB",
  6: "PHDR",
  7: "TLS",
  0x6474e550: "EH_FRAME",
  0x6474e551: "STACK",
  0x6474e552: "RELRO",
  0x6474e553: "PROPERTY",
};

export function programHeaders({ elf }: ObjectFile): string[] {
  if (elf.segments.length === 0) return [];
  const lines = ["Program Header:"];
  for (const { type, offset, address, loadAddress, fileBytes, memoryBytes, flags, align } of elf.segments) {
    const name = SEGMENT_NAMES[type] ?? `0x${type.toString(16)}`;
    lines.push(
      `${name.padStart(8)} off    0x${hex8(offset)} vaddr 0x${hex8(address)} paddr 0x${hex8(loadAddress)} align 2**${alignPower(align)}`,
    );
    const rest = flags & ~(PF_R | PF_W | PF_X);
    const letters = `${flags & PF_R ? "r" : "-"}${flags & PF_W ? "w" : "-"}${flags & PF_X ? "x" : "-"}`;
    lines.push(
      `         filesz 0x${hex8(fileBytes)} memsz 0x${hex8(memoryBytes)} flags ${letters}${rest !== 0 ? ` ${rest.toString(16)}` : ""}`,
    );
  }
  return [...lines, ""];
}

const VISIBILITY = ["", ".internal ", ".hidden ", ".protected "];

function symbolLine(
  { elf, name, value, home, isLocal, isGlobal, isWeak, isDebugging }: ObjectSymbol,
  version: string,
  nameOf: NameOf,
): string {
  const kind =
    elf.type === STT_FUNC
      ? "F"
      : elf.type === STT_FILE
        ? "f"
        : elf.type === STT_OBJECT || elf.type === STT_COMMON
          ? "O"
          : " ";
  const flags = [
    isLocal ? "l" : isGlobal ? "g" : elf.binding === 10 ? "u" : " ",
    isWeak ? "w" : " ",
    " ",
    " ",
    elf.type === STT_GNU_IFUNC ? "i" : " ",
    isDebugging ? "d" : " ",
    kind,
  ].join("");
  const sizeOrAlign = home === "common" ? elf.value : elf.sizeBytes;
  return `${hex8(value)} ${flags} ${homeName(home)}\t${hex8(sizeOrAlign)}${version} ${VISIBILITY[elf.visibility]!}${nameOf(name)}`;
}

const SHT_GNU_VERSYM = 0x6fffffff;
/** Where dynamic symbols have versions, there is room for one in each line. */
const NO_VERSION = " ".repeat(13);

export function symbolTable({ elf, symbols }: ObjectFile, nameOf: NameOf = asItIs): string[] {
  const version = elf.sections.some(({ type }) => type === SHT_GNU_VERSYM) ? NO_VERSION : "";
  const lines = symbols.map((symbol) => symbolLine(symbol, version, nameOf));
  return ["SYMBOL TABLE:", ...(lines.length === 0 ? ["no symbols"] : lines), "", ""];
}

/** What a relocation refers to, as the tools print it. */
export function relocationTarget({ symbols }: ObjectFile, index: number, nameOf: NameOf): string {
  return index === 0 ? "*ABS*" : nameOf(symbols[index - 1]?.name ?? "*unknown*");
}

export function relocationName(type: number): string {
  return RELOCATION_NAMES.get(type) ?? `*unknown* (${type})`;
}

export function relocationTables(
  file: ObjectFile,
  chosen: (section: ObjectSection) => boolean,
  nameOf: NameOf = asItIs,
): string[] {
  return file.sections.flatMap((section) => {
    const { name, elf, traits } = section;
    if (!traits.reloc || !chosen(section)) return [];
    const base = file.isRelocatable ? 0 : elf.address;
    const rows = [...elf.relocations].map(
      ({ offset, type, symbol }) =>
        `${hex8(offset - base)} ${relocationName(type).padEnd(16)}  ${relocationTarget(file, symbol, nameOf)}`,
    );
    if (rows.length === 0) return [`RELOCATION RECORDS FOR [${name}]: (none)`, ""];
    return [`RELOCATION RECORDS FOR [${name}]:`, "OFFSET   TYPE              VALUE", ...rows, "", ""];
  });
}

const BYTES_PER_LINE = 16;

/** `-s`: bytes as numbers and text; `from` and `to` are addresses. */
export function sectionContents({ name, address, elf }: ObjectSection, from: number, to: number): string[] {
  const { content } = elf;
  const start = Math.max(0, from - address);
  const stop = Math.min(content.length, to - address);
  if (stop <= start) return [];
  const width = Math.max(4, (address + start).toString(16).length, ((address + stop) >>> 0).toString(16).length);
  const lines = [`Contents of section ${name}:`];
  for (let at = start; at < stop; at += BYTES_PER_LINE) {
    let bytes = "";
    let text = "";
    for (let i = 0; i < BYTES_PER_LINE; i++) {
      const byte = at + i < stop ? content[at + i]! : -1;
      bytes += byte < 0 ? "  " : byte.toString(16).padStart(2, "0");
      if (i % 4 === 3) bytes += " ";
      text += byte < 0 ? " " : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
    }
    lines.push(` ${((address + at) >>> 0).toString(16).padStart(width, "0")} ${bytes} ${text}`);
  }
  return lines;
}
