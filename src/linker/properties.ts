/**
 * Notes about what a program's code needs and supports (.note.gnu.property; Linux Extensions to gABI, "Program
 * Property"). A program has one such note, in which each property is what all its objects have in common, or what any
 * of them needs; often nothing is left of it.
 */
import { alignUp } from "../object/align.ts";
import { SHT_NOTE } from "../object/elf.ts";
import { latin1 } from "../object/latin1.ts";
import { addNote, gnuNote } from "./gnu-note.ts";
import type { InputObject, InputSection } from "./input-section.ts";

const SECTION_NAME = ".note.gnu.property";
const NT_GNU_PROPERTY_TYPE_0 = 5;
const STACK_SIZE = 1;
const NO_COPY_ON_PROTECTED = 2;

/** How a property of several objects becomes one, by ranges of types (x86 psABI). */
const RANGES: readonly { readonly from: number; readonly to: number; readonly merge: "and" | "or" | "or-and" }[] = [
  { from: 0xc0000000, to: 0xc0000000, merge: "or-and" },
  { from: 0xc0000001, to: 0xc0000001, merge: "or" },
  { from: 0xc0000002, to: 0xc0007fff, merge: "and" },
  { from: 0xc0008000, to: 0xc000ffff, merge: "or" },
  { from: 0xc0010000, to: 0xc0017fff, merge: "or-and" },
];

/** Type of a property -> its value; null for what has none. */
type Properties = ReadonlyMap<number, number | null>;

/** From here on, types are the processor's (GNU_PROPERTY_LOPROC). */
const PROCESSOR_TYPES = 0xc0000000;
const X86_FEATURE_1_AND = 0xc0000002;
const X86_ISA_1_NEEDED = 0xc0008002;

/** Keywords of `-z` that give the program a property, whatever the objects say. */
const KEYWORDS: ReadonlyMap<string, { readonly type: number; readonly bits: number }> = new Map([
  ["ibt", { type: X86_FEATURE_1_AND, bits: 1 }],
  ["shstk", { type: X86_FEATURE_1_AND, bits: 2 }],
  ["x86-64-baseline", { type: X86_ISA_1_NEEDED, bits: 1 }],
  ["x86-64-v2", { type: X86_ISA_1_NEEDED, bits: 2 }],
  ["x86-64-v3", { type: X86_ISA_1_NEEDED, bits: 4 }],
  ["x86-64-v4", { type: X86_ISA_1_NEEDED, bits: 8 }],
]);

/** What the keywords of `-z` ask for: type -> bits. */
export function propertiesAsked(keywords: readonly string[]): ReadonlyMap<number, number> {
  const asked = new Map<number, number>();
  for (const keyword of keywords) {
    const property = KEYWORDS.get(keyword);
    if (property) asked.set(property.type, (asked.get(property.type) ?? 0) | property.bits);
  }
  return asked;
}

/**
 * Keeps one note with what holds for all objects and what was `asked` for, in the first object that has one; the
 * others are thrown away. When none has one, the last object gets it.
 */
export function mergeProperties(objects: readonly InputObject[], asked: ReadonlyMap<number, number>): void {
  const read = objects.filter(({ isMade, sections }) => !isMade && sections.length > 0);
  const notes = read.map((object) => {
    const section =
      object.sections.find(
        (candidate) => candidate?.name === SECTION_NAME && candidate.elf.type === SHT_NOTE && !candidate.isDiscarded,
      ) ?? null;
    return { section, properties: section ? parse(section.elf.content) : new Map<number, number | null>() };
  });
  const found = notes.flatMap(({ section }) => section ?? []);
  const [host] = found;
  // What cannot be read is linked as it is.
  if (notes.some(({ properties }) => properties === null)) return;
  const merged = merge(
    notes.map(({ properties }) => properties!),
    asked,
  );
  for (const section of found) if (section !== host || merged.size === 0) section.isDiscarded = true;
  if (merged.size === 0) return;
  const content = encode(merged);
  const last = read.at(-1);
  if (host) replace(host, content);
  else if (last) addNote(last, SECTION_NAME, content);
}

function merge(all: readonly Properties[], asked: ReadonlyMap<number, number>): Map<number, number | null> {
  const types = [...new Set([...asked.keys(), ...all.flatMap((properties) => [...properties.keys()])])];
  const merged = new Map<number, number | null>();
  for (const type of types.sort((a, b) => a - b)) {
    const values = all.flatMap((properties) => (properties.has(type) ? [properties.get(type) ?? null] : []));
    if (type === STACK_SIZE) merged.set(type, Math.max(...values.map((value) => value ?? 0)));
    else if (type === NO_COPY_ON_PROTECTED) merged.set(type, null);
    else {
      const rule = RANGES.find(({ from, to }) => type >= from && type <= to)?.merge;
      const holds = rule !== undefined && (rule === "or" || values.length === all.length);
      if (!holds && !asked.has(type)) continue;
      const common = !holds
        ? 0
        : values.reduce<number>(
            (sum, one) => (rule === "and" ? sum & (one ?? 0) : sum | (one ?? 0)),
            rule === "and" ? -1 : 0,
          );
      const value = (common | (asked.get(type) ?? 0)) >>> 0;
      if (value !== 0 || rule === "or-and") merged.set(type, value);
    }
  }
  return merged;
}

/** Null when this is no note of properties. */
function parse(content: Uint8Array): Properties | null {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const properties = new Map<number, number | null>();
  for (let at = 0; at < content.length; ) {
    if (
      at + 16 > content.length ||
      view.getUint32(at, true) !== 4 ||
      view.getUint32(at + 8, true) !== NT_GNU_PROPERTY_TYPE_0 ||
      latin1(content.subarray(at + 12, at + 16)) !== "GNU\0"
    )
      return null;
    const end = at + 16 + view.getUint32(at + 4, true);
    if (end > content.length) return null;
    for (let field = at + 16; field < end; ) {
      if (field + 8 > end) return null;
      const sizeBytes = view.getUint32(field + 4, true);
      if (field + 8 + sizeBytes > end) return null;
      const type = view.getUint32(field, true);
      const value = sizeBytes >= 4 ? view.getUint32(field + 8, true) : null;
      // A processor's that an object has twice is all that both say.
      const before = type >= PROCESSOR_TYPES ? (properties.get(type) ?? 0) : 0;
      properties.set(type, value === null ? null : (before | value) >>> 0);
      field += 8 + alignUp(sizeBytes, 4);
    }
    at = end;
  }
  return properties;
}

function encode(properties: Properties): Uint8Array {
  const words = [...properties].flatMap(([type, value]) => (value === null ? [type, 0] : [type, 4, value]));
  const description = new Uint8Array(4 * words.length);
  const view = new DataView(description.buffer);
  words.forEach((word, index) => view.setUint32(4 * index, word, true));
  return gnuNote(NT_GNU_PROPERTY_TYPE_0, description);
}

function replace(section: InputSection, content: Uint8Array): void {
  section.content = content;
  section.sizeBytes = content.length;
  section.relocations = [];
  section.align = 4;
}
