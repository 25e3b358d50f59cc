/** `readelf -h`, `-S`, `-g`, `-l` and `-d`, in the text of GNU readelf 2.40 for ELF32. */
import {
  ET_DYN,
  ET_EXEC,
  ET_REL,
  PF_R,
  PF_W,
  PF_X,
  PT_LOAD,
  PT_NOTE,
  PT_PHDR,
  PT_TLS,
  SHF_ALLOC,
  SHF_TLS,
  SHT_GROUP,
  SHT_NOBITS,
} from "../../object/elf.ts";
import type { ElfSegment } from "../../object/elf-reader.ts";
import { hex, nameIn, type RawElf, type RawSection } from "./raw-elf.ts";

const ELFOSABI_GNU = 3;
const OS_NAMES: Readonly<Record<number, string>> = {
  0: "UNIX - System V",
  1: "UNIX - HP-UX",
  2: "UNIX - NetBSD",
  3: "UNIX - GNU",
  6: "UNIX - Solaris",
  9: "UNIX - FreeBSD",
  12: "UNIX - OpenBSD",
  255: "Standalone App",
};
const FILE_TYPES: Readonly<Record<number, string>> = {
  0: "NONE (None)",
  [ET_REL]: "REL (Relocatable file)",
  [ET_EXEC]: "EXEC (Executable file)",
  [ET_DYN]: "DYN (Shared object file)",
  4: "CORE (Core file)",
};
const DT_FLAGS_1 = 0x6ffffffb;
const DF_1_PIE = 0x08000000;

function fileType(elf: RawElf): string {
  const type = elf.half(16);
  if (type === ET_DYN && dynamicEntries(elf).some(({ tag, value }) => tag === DT_FLAGS_1 && value & DF_1_PIE))
    return "DYN (Position-Independent Executable file)";
  return FILE_TYPES[type] ?? `<unknown>: ${hex(type)}`;
}

export function fileHeader(elf: RawElf): string[] {
  const { bytes } = elf;
  const row = (name: string, value: string): string => `  ${`${name}:`.padEnd(35)}${value}`;
  const magic = [...bytes.subarray(0, 16)].map((byte) => `${hex(byte, 2)} `).join("");
  return [
    "ELF Header:",
    `  Magic:   ${magic}`,
    row("Class", "ELF32"),
    row("Data", "2's complement, little endian"),
    row("Version", bytes[6] === 1 ? "1 (current)" : `${bytes[6]} <unknown>`),
    row("OS/ABI", OS_NAMES[bytes[7]!] ?? `<unknown: ${hex(bytes[7]!)}>`),
    row("ABI Version", String(bytes[8])),
    row("Type", fileType(elf)),
    row("Machine", "Intel 80386"),
    row("Version", `0x${hex(elf.word(20))}`),
    row("Entry point address", `0x${hex(elf.word(24))}`),
    row("Start of program headers", `${elf.word(28)} (bytes into file)`),
    row("Start of section headers", `${elf.word(32)} (bytes into file)`),
    row("Flags", `0x${hex(elf.word(36))}`),
    row("Size of this header", `${elf.half(40)} (bytes)`),
    row("Size of program headers", `${elf.half(42)} (bytes)`),
    row("Number of program headers", String(elf.half(44))),
    row("Size of section headers", `${elf.half(46)} (bytes)`),
    row("Number of section headers", numberedElsewhere(elf.half(48), elf.sectionCount)),
    row("Section header string table index", numberedElsewhere(elf.half(50), elf.namesIndex)),
  ];
}

/** What the header says, and in brackets what is meant where that is written elsewhere. */
const numberedElsewhere = (field: number, number: number): string =>
  field === number ? String(field) : `${field} (${number})`;

const SECTION_TYPES: Readonly<Record<number, string>> = {
  0: "NULL",
  1: "PROGBITS",
  2: "SYMTAB",
  3: "STRTAB",
  4: "RELA",
  5: "HASH",
  6: "DYNAMIC",
  7: "NOTE",
  8: "NOBITS",
  9: "REL",
  10: "SHLIB",
  11: "DYNSYM",
  14: "INIT_ARRAY",
  15: "FINI_ARRAY",
  16: "PREINIT_ARRAY",
  17: "GROUP",
  18: "SYMTAB SECTION INDICES",
  19: "RELR",
  0x6ffffff5: "GNU_ATTRIBUTES",
  0x6ffffff6: "GNU_HASH",
  0x6ffffff7: "GNU_LIBLIST",
  0x6ffffffd: "VERDEF",
  0x6ffffffe: "VERNEED",
  0x6fffffff: "VERSYM",
};

function sectionType(type: number): string {
  const name = SECTION_TYPES[type];
  if (name !== undefined) return name;
  if (type >= 0x70000000 && type <= 0x7fffffff) return `LOPROC+0x${hex(type - 0x70000000)}`;
  if (type >= 0x60000000 && type <= 0x6fffffff) return `LOOS+0x${hex(type - 0x60000000)}`;
  if (type >= 0x80000000) return `LOUSER+0x${hex(type - 0x80000000)}`;
  return `${hex(type, 8)}: <unknown>`;
}

/** By bit, from the lowest on. */
const FLAG_LETTERS: Readonly<Record<number, string>> = {
  0: "W",
  1: "A",
  2: "X",
  4: "M",
  5: "S",
  6: "I",
  7: "L",
  8: "O",
  9: "G",
  10: "T",
  11: "C",
  31: "E",
};

/** GNU's own bits have letters where the file says that it is GNU's. */
function flagLetters(flags: number, isGnu: boolean): string {
  let letters = "";
  for (let bit = 0; bit < 32; bit++) {
    if (((flags >>> bit) & 1) === 0) continue;
    const own = isGnu ? ({ 21: "R", 24: "D" } as Readonly<Record<number, string>>)[bit] : undefined;
    letters += FLAG_LETTERS[bit] ?? own ?? (bit >= 20 && bit < 28 ? "o" : bit >= 28 ? "p" : "x");
  }
  // All bits of one kind are said once.
  return letters.replace(/(o)o+|(p)p+/g, "$1$2");
}

export function sectionTable(elf: RawElf, isWide: boolean, saysHow: boolean): string[] {
  const { sections } = elf;
  const count = elf.sectionCount;
  if (count === 0) return ["", "There are no sections in this file."];
  const lines: string[] = [];
  if (saysHow)
    lines.push(
      `There ${count > 1 ? "are" : "is"} ${count} section header${count > 1 ? "s" : ""}, starting at offset 0x${hex(elf.word(32))}:`,
    );
  lines.push(
    "",
    `Section Header${count > 1 ? "s" : ""}:`,
    "  [Nr] Name              Type            Addr     Off    Size   ES Flg Lk Inf Al",
  );
  const isGnu = elf.bytes[7] === ELFOSABI_GNU;
  for (const section of sections) {
    const { index, name, type, flags, address, offset, sizeBytes, entrySizeBytes, link, info, align } = section;
    lines.push(
      [
        `  [${String(index).padStart(2)}] ${nameIn(17, name, isWide).padEnd(17)}`,
        (isWide ? sectionType(type) : sectionType(type).slice(0, 15)).padEnd(15),
        hex(address, 8),
        hex(offset, 6),
        hex(sizeBytes, 6),
        hex(entrySizeBytes, 2),
        flagLetters(flags, isGnu).padStart(3),
        String(link).padStart(2),
        String(info).padStart(3),
        String(align).padStart(2),
      ].join(" "),
    );
  }
  lines.push(
    "Key to Flags:",
    "  W (write), A (alloc), X (execute), M (merge), S (strings), I (info),",
    "  L (link order), O (extra OS processing required), G (group), T (TLS),",
    "  C (compressed), x (unknown), o (OS specific), E (exclude),",
    `  ${isGnu ? "R (retain), " : ""}D (mbind), p (processor specific)`,
  );
  return lines;
}

/** `-g` */
export function groups(elf: RawElf): string[] {
  const all = elf.sections.filter(({ type }) => type === SHT_GROUP);
  if (all.length === 0) return ["", "There are no section groups in this file."];
  return all.flatMap((section) => {
    const table = elf.sections[section.link];
    const symbol = table === undefined ? undefined : elf.symbolsOf(table)[section.info];
    const name = symbol === undefined ? "" : symbol.name || (elf.sections[symbol.section]?.name ?? "");
    const count = Math.max(0, Math.floor(section.sizeBytes / 4) - 1);
    const kind = elf.word(section.offset) & 1 ? "COMDAT " : "";
    const members = Array.from({ length: Math.min(count, elf.sections.length) }, (_, i) =>
      elf.word(section.offset + 4 + 4 * i),
    );
    return [
      "",
      `${kind}group section [${String(section.index).padStart(5)}] \`${section.name}' [${name}] contains ${count} sections:`,
      "   [Index]    Name",
      ...members.map((index) => `   [${String(index).padStart(5)}]   ${elf.sections[index]?.name ?? ""}`),
    ];
  });
}

const SEGMENT_TYPES: Readonly<Record<number, string>> = {
  0: "NULL",
  [PT_LOAD]: "LOAD",
  2: "DYNAMIC",
  3: "INTERP",
  [PT_NOTE]: "NOTE",
  5: "SHLIB",
  [PT_PHDR]: "PHDR",
  [PT_TLS]: "TLS",
  0x6474e550: "GNU_EH_FRAME",
  0x6474e551: "GNU_STACK",
  0x6474e552: "GNU_RELRO",
  0x6474e553: "GNU_PROPERTY",
  0x6474e554: "GNU_SFRAME",
};
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PT_GNU_RELRO = 0x6474e552;

function segmentType(type: number): string {
  const name = SEGMENT_TYPES[type];
  if (name !== undefined) return name;
  if (type >= 0x70000000 && type <= 0x7fffffff) return `LOPROC+0x${hex(type - 0x70000000)}`;
  if (type >= 0x60000000 && type <= 0x6fffffff) return `LOOS+0x${hex(type - 0x60000000)}`;
  return `<unknown>: ${hex(type)}`;
}

/** `-l` */
export function segmentTable(elf: RawElf, saysHow: boolean): string[] {
  const count = elf.half(44);
  if (count === 0) return ["", "There are no program headers in this file."];
  const lines: string[] = [];
  if (saysHow)
    lines.push(
      "",
      `Elf file type is ${fileType(elf)}`,
      `Entry point 0x${hex(elf.word(24))}`,
      `There ${count > 1 ? "are" : "is"} ${count} program header${count > 1 ? "s" : ""}, starting at offset ${elf.word(28)}`,
    );
  lines.push(
    "",
    `Program Header${count > 1 ? "s" : ""}:`,
    "  Type           Offset   VirtAddr   PhysAddr   FileSiz MemSiz  Flg Align",
  );
  for (const { type, offset, address, loadAddress, fileBytes, memoryBytes, flags, align } of elf.segments) {
    const letters = `${flags & PF_R ? "R" : " "}${flags & PF_W ? "W" : " "}${flags & PF_X ? "E" : " "}`;
    lines.push(
      `  ${segmentType(type).slice(0, 14).padEnd(14)} 0x${hex(offset, 6)} 0x${hex(address, 8)} 0x${hex(loadAddress, 8)} 0x${hex(fileBytes, 5)} 0x${hex(memoryBytes, 5)} ${letters} ${align === 0 ? "0" : `0x${hex(align)}`}`,
    );
    if (type === PT_INTERP) {
      const text = String.fromCharCode(...elf.bytes.subarray(offset, offset + Math.min(fileBytes, 4096)));
      lines.push(`      [Requesting program interpreter: ${text.split("\0")[0]!}]`);
    }
  }
  if (elf.sections.length === 0) return lines;
  lines.push("", " Section to Segment mapping:", "  Segment Sections...");
  elf.segments.forEach((segment, index) => {
    const inside = elf.sections.slice(1).filter((section) => isInside(section, segment));
    lines.push(`   ${String(index).padStart(2, "0")}     ${inside.map(({ name }) => `${name} `).join("")}`);
  });
  return lines;
}

/** Segments that only hold what is in memory. */
const MEMORY_SEGMENTS = new Set([PT_LOAD, PT_DYNAMIC, 0x6474e550, 0x6474e551, PT_GNU_RELRO, 0x6474e554]);

function isInside(section: RawSection, segment: ElfSegment): boolean {
  const isThread = (section.flags & SHF_TLS) !== 0;
  const isAllocated = (section.flags & SHF_ALLOC) !== 0;
  const isEmpty = section.type === SHT_NOBITS;
  // What threads have of it takes no room in a program, but in the segment of theirs.
  const isOutside = isThread && isEmpty && segment.type !== PT_TLS;
  if (isOutside) return false;
  if (isThread ? ![PT_TLS, PT_GNU_RELRO, PT_LOAD].includes(segment.type) : [PT_TLS, PT_PHDR].includes(segment.type))
    return false;
  if (!isAllocated && MEMORY_SEGMENTS.has(segment.type)) return false;
  const within = (start: number, segmentStart: number, segmentBytes: number): boolean =>
    start >= segmentStart &&
    (segmentBytes === 0 || start - segmentStart <= segmentBytes - 1) &&
    start - segmentStart + section.sizeBytes <= segmentBytes;
  if (!isEmpty && !within(section.offset, segment.offset, segment.fileBytes)) return false;
  if (isAllocated && !within(section.address, segment.address, segment.memoryBytes)) return false;
  if ((segment.type !== PT_DYNAMIC && segment.type !== PT_NOTE) || section.sizeBytes !== 0 || segment.memoryBytes === 0)
    return true;
  const amid = (start: number, segmentStart: number, segmentBytes: number): boolean =>
    start > segmentStart && start - segmentStart < segmentBytes;
  return (
    (isEmpty || amid(section.offset, segment.offset, segment.fileBytes)) &&
    (!isAllocated || amid(section.address, segment.address, segment.memoryBytes))
  );
}

interface DynamicEntry {
  readonly tag: number;
  readonly value: number;
}

const SHT_DYNAMIC = 6;

function dynamicEntries(elf: RawElf): DynamicEntry[] {
  const section = elf.sections.find(({ type }) => type === SHT_DYNAMIC);
  if (section === undefined) return [];
  const entries: DynamicEntry[] = [];
  for (let at = section.offset; at + 8 <= section.offset + section.sizeBytes && at + 8 <= elf.bytes.length; at += 8) {
    entries.push({ tag: elf.word(at), value: elf.word(at + 4) });
    if (elf.word(at) === 0) break;
  }
  return entries;
}

type DynamicForm = "address" | "bytes" | "number" | "needed" | "soname" | "runpath" | "rpath" | "kind" | "flags";

export const DYNAMIC_TAGS: ReadonlyMap<number, readonly [name: string, form: DynamicForm]> = new Map([
  [0, ["NULL", "address"]],
  [1, ["NEEDED", "needed"]],
  [2, ["PLTRELSZ", "bytes"]],
  [3, ["PLTGOT", "address"]],
  [4, ["HASH", "address"]],
  [5, ["STRTAB", "address"]],
  [6, ["SYMTAB", "address"]],
  [10, ["STRSZ", "bytes"]],
  [11, ["SYMENT", "bytes"]],
  [12, ["INIT", "address"]],
  [13, ["FINI", "address"]],
  [14, ["SONAME", "soname"]],
  [15, ["RPATH", "rpath"]],
  [16, ["SYMBOLIC", "address"]],
  [17, ["REL", "address"]],
  [18, ["RELSZ", "bytes"]],
  [19, ["RELENT", "bytes"]],
  [20, ["PLTREL", "kind"]],
  [21, ["DEBUG", "address"]],
  [22, ["TEXTREL", "address"]],
  [23, ["JMPREL", "address"]],
  [25, ["INIT_ARRAY", "address"]],
  [26, ["FINI_ARRAY", "address"]],
  [27, ["INIT_ARRAYSZ", "bytes"]],
  [28, ["FINI_ARRAYSZ", "bytes"]],
  [29, ["RUNPATH", "runpath"]],
  [30, ["FLAGS", "flags"]],
  [35, ["RELRSZ", "bytes"]],
  [36, ["RELR", "address"]],
  [37, ["RELRENT", "bytes"]],
  [0x6ffffef5, ["GNU_HASH", "address"]],
  [0x6ffffff0, ["VERSYM", "address"]],
  [0x6ffffffa, ["RELCOUNT", "number"]],
  [DT_FLAGS_1, ["FLAGS_1", "flags"]],
  [0x6ffffffc, ["VERDEF", "address"]],
  [0x6ffffffd, ["VERDEFNUM", "number"]],
  [0x6ffffffe, ["VERNEED", "address"]],
  [0x6fffffff, ["VERNEEDNUM", "number"]],
] as const);
const FLAG_NAMES = ["ORIGIN", "SYMBOLIC", "TEXTREL", "BIND_NOW", "STATIC_TLS"];
const FLAG_1_NAMES: Readonly<Record<number, string>> = { 0: "NOW", 1: "GLOBAL", 3: "NODELETE", 7: "ORIGIN", 27: "PIE" };

/** `-d` */
export function dynamicTable(elf: RawElf): string[] {
  const section = elf.sections.find(({ type }) => type === SHT_DYNAMIC);
  if (section === undefined) return ["", "There is no dynamic section in this file."];
  const entries = dynamicEntries(elf);
  const text = (offset: number): string => elf.textOf(section, offset);
  const shown = ({ value, tag }: DynamicEntry, form: DynamicForm): string => {
    switch (form) {
      case "bytes":
        return `${value} (bytes)`;
      case "number":
        return String(value);
      case "needed":
        return `Shared library: [${text(value)}]`;
      case "soname":
        return `Library soname: [${text(value)}]`;
      case "runpath":
        return `Library runpath: [${text(value)}]`;
      case "rpath":
        return `Library rpath: [${text(value)}]`;
      case "kind":
        return value === 17 ? "REL" : value === 7 ? "RELA" : String(value);
      case "flags": {
        const names = Array.from({ length: 32 }, (_, bit) =>
          (value >>> bit) & 1 ? ((tag === DT_FLAGS_1 ? FLAG_1_NAMES : FLAG_NAMES)[bit] ?? `0x${hex(2 ** bit)}`) : "",
        ).filter((name) => name !== "");
        return tag === DT_FLAGS_1 ? `Flags: ${names.join(" ")}` : names.join(" ");
      }
      default:
        return `0x${hex(value)}`;
    }
  };
  const many = entries.length === 1 ? "1 entry" : `${entries.length} entries`;
  return [
    "",
    `Dynamic section at offset 0x${hex(section.offset)} contains ${many}:`,
    "  Tag        Type                         Name/Value",
    ...entries.map((entry) => {
      const [name, form] = DYNAMIC_TAGS.get(entry.tag) ?? [`<unknown>: ${hex(entry.tag)}`, "address" as const];
      return ` 0x${hex(entry.tag, 8)} ${`(${name})`.padEnd(29)}${shown(entry, form)}`;
    }),
  ];
}
