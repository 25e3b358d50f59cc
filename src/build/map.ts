/** The map: what lies where, for people. */

import type { Linked } from "../linker/link.ts";
import { SHF_ALLOC, STB_LOCAL, STT_FILE } from "../object/elf.ts";

export function writeMap(linked: Linked): string {
  const lines: string[] = ["Sections", "", "address   size      section / input section"];
  const number = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");
  for (const section of linked.sections) {
    if ((section.flags & SHF_ALLOC) === 0) continue;
    lines.push(`${number(section.address)}  ${number(section.sizeBytes)}  ${section.name}`);
    for (const { path, name, offset, sizeBytes } of section.inputs) {
      if (sizeBytes > 0)
        lines.push(`${number(section.address + offset)}  ${number(sizeBytes)}    ${name.padEnd(16)} ${path}`);
    }
  }
  lines.push("", "Symbols", "", "address   section          name");
  // Constants of single objects would drown the rest.
  const symbols = linked.symbols.filter(
    ({ type, name, section, binding }) =>
      type !== STT_FILE && name !== "" && (section !== null || binding !== STB_LOCAL),
  );
  symbols.sort((a, b) => a.value - b.value || (a.name < b.name ? -1 : 1));
  for (const { value, section, name } of symbols)
    lines.push(`${number(value)}  ${(section?.name ?? "absolute").padEnd(16)} ${name}`);
  return `${lines.join("\n")}\n`;
}
