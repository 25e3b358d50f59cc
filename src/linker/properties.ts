/**
 * Notes about what a program's code needs and supports (.note.gnu.property; Linux Extensions to gABI, "Program
 * Property"). A program has one such note, in which each property is what all its objects have in common, or what any
 * of them needs; often nothing is left of it.
 */
import { SHT_NOTE } from "../object/elf.ts";
import { latin1 } from "../object/elf-reader.ts";
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

/** Keeps one note with what holds for all objects, in the first object that has one; the others are thrown away. */
export function mergeProperties(objects: readonly InputObject[]): void {
  const notes = objects
    .filter(({ isMade, sections }) => !isMade && sections.length > 0)
    .map((object) => {
      const section =
        object.sections.find(
          (candidate) => candidate?.name === SECTION_NAME && candidate.elf.type === SHT_NOTE && !candidate.isDiscarded,
        ) ?? null;
      return { section, properties: section ? parse(section.elf.content) : new Map<number, number | null>() };
    });
  const found = notes.flatMap(({ section }) => section ?? []);
  const [host] = found;
  if (!host) return;
  // What cannot be read is linked as it is.
  if (notes.some(({ properties }) => properties === null)) return;
  const merged = merge(notes.map(({ properties }) => properties!));
  for (const section of found) if (section !== host || merged.size === 0) section.isDiscarded = true;
  if (merged.size > 0) replace(host, encode(merged));
}

function merge(all: readonly Properties[]): Map<number, number | null> {
  const types = [...new Set(all.flatMap((properties) => [...properties.keys()]))].sort((a, b) => a - b);
  const merged = new Map<number, number | null>();
  for (const type of types) {
    const values = all.flatMap((properties) => (properties.has(type) ? [properties.get(type) ?? null] : []));
    if (type === STACK_SIZE) merged.set(type, Math.max(...values.map((value) => value ?? 0)));
    else if (type === NO_COPY_ON_PROTECTED) merged.set(type, null);
    else {
      const rule = RANGES.find(({ from, to }) => type >= from && type <= to)?.merge;
      if (!rule || (rule !== "or" && values.length < all.length)) continue;
      const value =
        values.reduce<number>(
          (sum, one) => (rule === "and" ? sum & (one ?? 0) : sum | (one ?? 0)),
          rule === "and" ? -1 : 0,
        ) >>> 0;
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
      properties.set(view.getUint32(field, true), sizeBytes >= 4 ? view.getUint32(field + 8, true) : null);
      field += 8 + Math.ceil(sizeBytes / 4) * 4;
    }
    at = end;
  }
  return properties;
}

function encode(properties: Properties): Uint8Array {
  const words = [...properties].flatMap(([type, value]) => (value === null ? [type, 0] : [type, 4, value]));
  const content = new Uint8Array(16 + 4 * words.length);
  const view = new DataView(content.buffer);
  [4, 4 * words.length, NT_GNU_PROPERTY_TYPE_0].forEach((word, index) => view.setUint32(4 * index, word, true));
  content.set([0x47, 0x4e, 0x55, 0], 12);
  words.forEach((word, index) => view.setUint32(16 + 4 * index, word, true));
  return content;
}

function replace(section: InputSection, content: Uint8Array): void {
  section.content = content;
  section.sizeBytes = content.length;
  section.relocations = [];
  section.align = 4;
}
