/**
 * Attributes of objects (`.gnu_attribute`) for `readelf -A`, in the format of the ARM ABI's build attributes. For this
 * processor no attribute has a meaning, and so no name: GNU readelf shows the bytes.
 */
import type { RawElf } from "./raw-elf.ts";
import { hexLines } from "./tables.ts";

const SHT_GNU_ATTRIBUTES = 0x6ffffff5;
const VERSION = 0x41;
const LENGTH_BYTES = 4;
/** A tag and a length. */
const PART_HEAD_BYTES = 5;
/** What a part is about, by its tag. The latter two have a list of numbers, which ends with 0. */
const SUBJECTS: ReadonlyMap<number, string> = new Map([
  [1, "File Attributes"],
  [2, "Section Attributes:"],
  [3, "Symbol Attributes:"],
]);

const LISTED = new Set([2, 3]);

const textAt = (content: Uint8Array, at: number): string => {
  const end = content.indexOf(0, at);
  return String.fromCharCode(...content.subarray(at, Math.min(end < 0 ? content.length : end, at + 0x1000)));
};

/** `report` is told of what is no such section. */
export function attributes(elf: RawElf, report: (problem: string) => void): string[] {
  return elf.sections
    .filter(({ type }) => type === SHT_GNU_ATTRIBUTES)
    .flatMap((section) => sectionLines(elf.content(section), report));
}

function sectionLines(content: Uint8Array, report: (problem: string) => void): string[] {
  if (content.length === 0) return [];
  const version = content[0]!;
  if (version !== VERSION)
    return [`Unknown attributes version '${String.fromCharCode(version)}'(${version}) - expecting 'A'`];
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const lines: string[] = [];
  for (let at = 1; at < content.length; ) {
    const left = content.length - at;
    const length = left <= LENGTH_BYTES ? 0 : view.getUint32(at, true);
    if (length <= LENGTH_BYTES) {
      report("Tag section ends prematurely");
      break;
    }
    if (length > left) report(`Bad attribute length (${length} > ${left})`);
    const end = at + Math.min(length, left);
    const name = textAt(content.subarray(0, end), at + LENGTH_BYTES);
    const parts = at + LENGTH_BYTES + name.length + 1;
    if (parts >= end) {
      report("Corrupt attribute section name");
      break;
    }
    lines.push(`Attribute Section: ${name}`, ...partLines(content, parts, end, name === "gnu", report));
    at = end;
  }
  return lines;
}

/** What one tool has said: of the file, of sections, of symbols. */
function partLines(
  content: Uint8Array,
  from: number,
  to: number,
  isGnu: boolean,
  report: (problem: string) => void,
): string[] {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const lines: string[] = [];
  for (let at = from; at < to; ) {
    const size = to - at <= PART_HEAD_BYTES ? 0 : view.getUint32(at + 1, true);
    if (size <= PART_HEAD_BYTES) {
      report("Unused bytes at end of section");
      break;
    }
    if (size > to - at) report(`Bad subsection length (${size} > ${to - at})`);
    const end = Math.min(at + size, to);
    const tag = content[at]!;
    const subject = SUBJECTS.get(tag);
    const { text, next } = LISTED.has(tag)
      ? numberList(content, at + PART_HEAD_BYTES, end)
      : { text: "", next: at + PART_HEAD_BYTES };
    lines.push(`${subject ?? `Unknown tag: ${tag}`}${text}`);
    lines.push(...attributeLines(content, next, end, isGnu && subject !== undefined));
    at = end;
  }
  return lines;
}

/** Numbers in LEB128 up to a 0. */
function numberList(content: Uint8Array, from: number, end: number): { text: string; next: number } {
  let text = "";
  let value = 0;
  let shift = 0;
  for (let at = from; at < end; at++) {
    const byte = content[at]!;
    if (shift < 32) value |= (byte & 0x7f) << shift;
    shift += 7;
    if ((byte & 0x80) !== 0) continue;
    if (value === 0) return { text, next: at + 1 };
    text += ` ${value}`;
    value = 0;
    shift = 0;
  }
  return { text, next: end };
}

/** GNU readelf takes what begins an attribute for its text. */
function attributeLines(content: Uint8Array, from: number, end: number, isGnu: boolean): string[] {
  if (!isGnu) return from < end ? ["  Unknown attribute:", ...hexLines(content.subarray(from, end), 0), ""] : [];
  if (from >= end) return [];
  const rest = content.subarray(0, end).indexOf(0, from);
  return [
    `  Unknown GNU attribute: ${textAt(content, from)}`,
    ...hexLines(content.subarray(rest < 0 ? end : rest, end), 0),
    "",
  ];
}
