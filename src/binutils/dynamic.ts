/**
 * `objdump -p` of what a dynamic linker reads (System V ABI, "Dynamic Section"; LSB Core 5.0, "Symbol Versioning"), in
 * the text of GNU objdump 2.40. Configure scripts look for RUNPATH in it.
 */
import type { ElfSection } from "../object/elf-reader.ts";
import { hex8, type ObjectFile } from "./object-file.ts";
import { DYNAMIC_TAGS } from "./readelf/headers.ts";

const SHT_DYNAMIC = 6;
const SHT_GNU_VERDEF = 0x6ffffffd;
const SHT_GNU_VERNEED = 0x6ffffffe;
const ENTRY_BYTES = 8;
const DEFINITION_BYTES = 20;
const REFERENCE_BYTES = 16;
const NAMED = new Set(["needed", "soname", "runpath", "rpath"]);

export function dynamicSection({ elf }: ObjectFile): string[] {
  const find = (type: number): ElfSection | undefined => elf.sections.find((section) => section.type === type);
  const stringsOf = ({ link }: ElfSection): ((at: number) => string) => {
    const bytes = elf.sections.find(({ index }) => index === link)?.content ?? new Uint8Array(0);
    return (at) => textAt(bytes, at);
  };
  const lines: string[] = [];
  const dynamic = find(SHT_DYNAMIC);
  if (dynamic !== undefined) lines.push("Dynamic Section:", ...entries(dynamic, stringsOf(dynamic)), "");
  const defined = find(SHT_GNU_VERDEF);
  if (defined !== undefined) lines.push("Version definitions:", ...definitions(defined, stringsOf(defined)), "");
  const needed = find(SHT_GNU_VERNEED);
  if (needed !== undefined) lines.push("Version References:", ...references(needed, stringsOf(needed)), "");
  return lines;
}

function textAt(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0, at);
  return at >= bytes.length || end < 0 ? "<corrupt>" : String.fromCharCode(...bytes.subarray(at, end));
}

const viewOf = ({ content }: ElfSection): DataView =>
  new DataView(content.buffer, content.byteOffset, content.byteLength);

function entries(section: ElfSection, string: (at: number) => string): string[] {
  const view = viewOf(section);
  const lines: string[] = [];
  for (let at = 0; at + ENTRY_BYTES <= view.byteLength; at += ENTRY_BYTES) {
    const tag = view.getUint32(at, true);
    if (tag === 0) break;
    const value = view.getUint32(at + 4, true);
    const [name, form] = DYNAMIC_TAGS.get(tag) ?? [`0x${tag.toString(16)}`, "address"];
    lines.push(`  ${name.padEnd(20)} ${NAMED.has(form) ? string(value) : `0x${hex8(value)}`}`);
  }
  return lines;
}

/** Lists in a section whose members say, at their end, how far the next one is. */
class ListReader {
  readonly view: DataView;
  /** Lists that lie over one another have no more members than the section has room for. */
  #left: number;

  constructor(section: ElfSection) {
    this.view = viewOf(section);
    this.#left = Math.floor(this.view.byteLength / ENTRY_BYTES);
  }

  /** Where the members of a list are, no further than the section. */
  places(start: number, sizeBytes: number, most = Infinity): number[] {
    const found: number[] = [];
    for (let at = start; found.length < most && at + sizeBytes <= this.view.byteLength && this.#left-- > 0; ) {
      found.push(at);
      const step = this.view.getUint32(at + sizeBytes - 4, true);
      if (step === 0) break;
      at += step;
    }
    return found;
  }
}

function definitions(section: ElfSection, string: (at: number) => string): string[] {
  const lists = new ListReader(section);
  const { view } = lists;
  return lists.places(0, DEFINITION_BYTES).flatMap((at) => {
    const flags = view.getUint16(at + 2, true);
    // The version's own name, and those of the versions that it goes on from.
    const names = lists
      .places(at + view.getUint32(at + 12, true), ENTRY_BYTES, view.getUint16(at + 6, true))
      .map((one) => string(view.getUint32(one, true)));
    const line = `${view.getUint16(at + 4, true)} 0x${hex2(flags)} 0x${hex8(view.getUint32(at + 8, true))} ${names[0] ?? ""}`;
    return names.length > 1 ? [line, `\t${names.slice(1).join(" ")} `] : [line];
  });
}

function references(section: ElfSection, string: (at: number) => string): string[] {
  const lists = new ListReader(section);
  const { view } = lists;
  return lists.places(0, REFERENCE_BYTES).flatMap((at) => [
    `  required from ${string(view.getUint32(at + 4, true))}:`,
    ...lists.places(at + view.getUint32(at + 8, true), REFERENCE_BYTES).map((one) => {
      const other = view.getUint16(one + 6, true);
      const flags = view.getUint16(one + 4, true);
      const name = string(view.getUint32(one + 8, true));
      return `    0x${hex8(view.getUint32(one, true))} 0x${hex2(flags)} ${String(other).padStart(2, "0")} ${name}`;
    }),
  ]);
}

const hex2 = (value: number): string => value.toString(16).padStart(2, "0");
