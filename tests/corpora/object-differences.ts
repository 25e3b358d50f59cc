/**
 * What differs between two objects, said by kind and place: sections, flags, contents, relocations, symbols. The kind
 * comes first and stays short, so that thousands of answers can be counted by it.
 */

import { lineRowsOf } from "../../src/object/dwarf/line-table.ts";
import { SHT_GROUP, SHT_REL, SHT_STRTAB, SHT_SYMTAB } from "../../src/object/elf.ts";
import type { ElfObject, ElfSection, ElfSymbol } from "../../src/object/elf-reader.ts";
import { readElf } from "../../src/object/elf-reader.ts";

export interface Difference {
  /** `contents of .text`, `order of symbols`. */
  readonly kind: string;
  readonly detail: string;
}

export function objectDifferences(ours: Uint8Array, expected: Uint8Array): Difference[] {
  if (Buffer.compare(ours, expected) === 0) return [];
  const differences: Difference[] = [];
  let a: ElfObject;
  let b: ElfObject;
  try {
    a = readElf(ours, "ours");
    b = readElf(expected, "GNU's");
  } catch (error) {
    return [{ kind: "an object that cannot be read", detail: String(error) }];
  }
  compareSections(a, b, differences);
  compareSymbols(a, b, differences);
  if (differences.length === 0) differences.push({ kind: "layout of the file", detail: firstByte(ours, expected) });
  return differences;
}

const KEPT_APART = new Set([SHT_REL, SHT_SYMTAB, SHT_STRTAB, SHT_GROUP]);

function compareSections(a: ElfObject, b: ElfObject, differences: Difference[]): void {
  const names = (object: ElfObject): string[] => object.sections.map(({ name }) => name);
  if (names(a).join(" ") !== names(b).join(" ")) {
    const missing = without(names(b), names(a));
    const added = without(names(a), names(b));
    const kind = missing.length + added.length > 0 ? "sections" : "order of sections";
    differences.push({ kind, detail: `missing: ${missing.join(" ")}; too many: ${added.join(" ")}` });
  }
  const left = byName(a);
  for (const [key, section] of byName(b)) {
    const mine = left.get(key);
    if (mine === undefined) continue;
    const differ = (what: string, detail: string): void => {
      const name = section.name.replace(/^(\.\w+)\..*/, "$1.*");
      differences.push({ kind: `${what} of ${name}`, detail: `${section.name}: ${detail}` });
    };
    for (const field of ["type", "flags", "align", "entrySizeBytes"] as const)
      if (mine[field] !== section[field]) differ(field, `${mine[field]} for ${section[field]}`);
    if (KEPT_APART.has(section.type)) continue;
    if (section.name === ".debug_line" && hasSameRows(a, b)) {
      if (Buffer.compare(mine.content, section.content) !== 0) differ("spelling", "the same rows");
      continue;
    }
    if (mine.sizeBytes !== section.sizeBytes) differ("size", `${mine.sizeBytes} for ${section.sizeBytes}`);
    if (Buffer.compare(mine.content, section.content) !== 0)
      differ("contents", firstByte(mine.content, section.content));
    const relocations = [relocationTexts(a, mine), relocationTexts(b, section)] as const;
    if (relocations[0].join("\n") !== relocations[1].join("\n"))
      differ("relocations", firstLine(relocations[0], relocations[1]));
  }
}

/** Whether both line tables say the same of every address, however they are encoded. */
function hasSameRows(a: ElfObject, b: ElfObject): boolean {
  return JSON.stringify(lineRowsOf(a)) === JSON.stringify(lineRowsOf(b));
}

/** Sections of one name are numbered. */
function byName(object: ElfObject): Map<string, ElfSection> {
  const sections = new Map<string, ElfSection>();
  for (const section of object.sections) {
    let key = section.name;
    while (sections.has(key)) key += "'";
    sections.set(key, section);
  }
  return sections;
}

const placeOf = (object: ElfObject, { section }: ElfSymbol): string =>
  object.sections[section]?.name ?? String(section);

const symbolText = (object: ElfObject, symbol: ElfSymbol): string =>
  `${symbol.name || "-"} ${placeOf(object, symbol)}+${symbol.value} size ${symbol.sizeBytes} binding ${symbol.binding} type ${symbol.type} visibility ${symbol.visibility}`;

const relocationTexts = (object: ElfObject, section: ElfSection): string[] =>
  [...section.relocations].map(
    ({ offset, type, symbol }) => `${offset.toString(16)} type ${type} ${symbolText(object, object.symbols[symbol]!)}`,
  );

function compareSymbols(a: ElfObject, b: ElfObject, differences: Difference[]): void {
  const left = a.symbols.map((symbol) => symbolText(a, symbol));
  const right = b.symbols.map((symbol) => symbolText(b, symbol));
  if (left.join("\n") === right.join("\n")) return;
  const missing = without(right, left);
  const added = without(left, right);
  if (missing.length + added.length === 0) {
    differences.push({ kind: "order of symbols", detail: firstLine(left, right) });
    return;
  }
  const name = (text: string): string => text.split(" ")[0]!;
  const changed = missing.filter((text) => added.some((other) => name(other) === name(text)));
  const kind = changed.length > 0 ? "symbols" : missing.length > 0 ? "missing symbols" : "additional symbols";
  differences.push({
    kind,
    detail: `missing: ${missing.slice(0, 3).join("; ")} | too many: ${added.slice(0, 3).join("; ")}`,
  });
}

/** Elements of `list` that `other` does not have as often. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of other) counts.set(text, (counts.get(text) ?? 0) + 1);
  return list.filter((text) => {
    const count = counts.get(text) ?? 0;
    counts.set(text, count - 1);
    return count <= 0;
  });
}

function firstLine(a: readonly string[], b: readonly string[]): string {
  const index = b.findIndex((text, i) => text !== a[i]);
  const at = index < 0 ? b.length : index;
  return `number ${at}: ${a[at] ?? "none"} for ${b[at] ?? "none"}`;
}

function firstByte(a: Uint8Array, b: Uint8Array): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(Math.max(0, at - 4), at + 12)).toString("hex");
  return `at ${at.toString(16)} (4 bytes before it first): ${hex(a)} for ${hex(b)}`;
}
