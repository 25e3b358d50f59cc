/**
 * Debugging information in stabs (GNU, "The stabs debug format"): sections .stab and .stabstr. The tables of all
 * objects become one, with one header and each string once, as GNU ld makes them: kernels that print where they are
 * look names up in it. What a header file says again is said once, and functions that are not linked go.
 */
import { SHT_NOBITS, SHT_STRTAB } from "../object/elf.ts";
import { ElfError } from "../object/elf-reader.ts";
import type { ElfRelocation } from "../object/relocation-table.ts";
import { R } from "../object/relocation-types.ts";
import { addMadeSection, type InputObject, type InputSection } from "./input-section.ts";
import type { OutputSection } from "./output-section.ts";
import { SEC_MERGE } from "./section-flags.ts";

/** An entry: where its string begins, type, two bytes of other things and the value. */
const ENTRY_BYTES = 12;
const TYPE = 4;
const COUNT = 6;
const VALUE = 8;

/** Types of entries; 0 is the header that each object's table begins with. */
const N_FUN = 0x24;
const N_STSYM = 0x26;
const N_LCSYM = 0x28;
const N_BINCL = 0x82;
const N_EINCL = 0xa2;
const N_EXCL = 0xc2;

const TABLE = /^\.stab(?:$|\.[0-9])/;
const STRINGS = ".stabstr";
/** Strings may lie within each other, so that a small file could ask for any number of large ones. */
const MOST_STRING_BYTES = 1 << 28;

/** The strings of all tables, each once, in the order in which they came. */
class JoinedStrings {
  readonly #offsets = new Map<string, number>();
  readonly #parts: Uint8Array[] = [];
  readonly #decoder = new TextDecoder("latin1");
  sizeBytes = 0;

  constructor() {
    this.add(new Uint8Array(0));
  }

  /** Where the string begins, whose end is not among its bytes. */
  add(bytes: Uint8Array): number {
    const text = this.#decoder.decode(bytes);
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.sizeBytes;
    this.#offsets.set(text, offset);
    this.#parts.push(bytes);
    this.sizeBytes += bytes.length + 1;
    return offset;
  }

  content(): Uint8Array {
    const content = new Uint8Array(this.sizeBytes);
    let at = 0;
    for (const part of this.#parts) {
      content.set(part, at);
      at += part.length + 1;
    }
    return content;
  }
}

/** A string of an object; nothing where there is none. */
function stringAt(strings: Uint8Array, offset: number): Uint8Array {
  const end = strings.indexOf(0, offset);
  return strings.subarray(offset, end < 0 ? strings.length : end);
}

/** One object's table on its way into the joined one. */
class Stabs {
  readonly section: InputSection;
  readonly strings: JoinedStrings;
  readonly length: number;
  /** By entry: where its string begins now; GONE or FORGOTTEN for one that is left out, 0 before it was looked at. */
  readonly newStrings: Int32Array;
  /** By entry, of those that begin a header file: the sum of what it says, and whether it was said before. */
  readonly headers = new Map<number, { readonly sum: number; readonly type: number }>();
  readonly #view: DataView;

  constructor(section: InputSection, strings: JoinedStrings) {
    const { content } = section.elf;
    this.section = section;
    this.strings = strings;
    this.length = content.length / ENTRY_BYTES;
    this.newStrings = new Int32Array(this.length);
    this.#view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  }

  type(entry: number): number {
    return this.#view.getUint8(entry * ENTRY_BYTES + TYPE);
  }

  string(entry: number): number {
    return this.#view.getUint32(entry * ENTRY_BYTES, true);
  }

  value(entry: number): number {
    return this.#view.getUint32(entry * ENTRY_BYTES + VALUE, true);
  }

  /** Takes what the entries left over, with their relocations, for what is linked of the section. */
  rewrite(): void {
    const { section, newStrings } = this;
    const kept = newStrings.reduce((sum, string) => sum + (string < 0 ? 0 : 1), 0);
    const before = section.elf.content;
    const content = new Uint8Array(kept * ENTRY_BYTES);
    const view = new DataView(content.buffer);
    const newStarts = new Int32Array(this.length + 1);
    let at = 0;
    for (let entry = 0; entry < this.length; entry++) {
      newStarts[entry] = at;
      if (newStrings[entry]! < 0) continue;
      content.set(before.subarray(entry * ENTRY_BYTES, (entry + 1) * ENTRY_BYTES), at);
      view.setUint32(at, newStrings[entry]!, true);
      const header = this.headers.get(entry);
      if (header !== undefined) {
        view.setUint8(at + TYPE, header.type);
        view.setUint32(at + VALUE, header.sum, true);
      }
      at += ENTRY_BYTES;
    }
    newStarts[this.length] = at;
    const newOffset = (offset: number): number => {
      const entry = Math.min(Math.floor(offset / ENTRY_BYTES), this.length);
      return newStarts[entry]! + (newStrings[entry]! < 0 ? 0 : offset - entry * ENTRY_BYTES);
    };
    // Relocations of what was left out stay as empty ones at the place of the one before, as GNU ld has it.
    let last = 0;
    section.relocations = [...section.elf.relocations].flatMap((relocation): ElfRelocation[] => {
      const string = newStrings[Math.floor(relocation.offset / ENTRY_BYTES)];
      if (string === FORGOTTEN) return [];
      if (string === GONE) return [{ offset: last, type: R.NONE, symbol: 0 }];
      last = newOffset(relocation.offset);
      return [{ ...relocation, offset: last }];
    });
    section.content = content;
    section.sizeBytes = at;
    section.moved = (offset) => ({ section, offset: newOffset(offset) });
  }
}

const GONE = -1;
/** Gone, and its relocations with it. */
const FORGOTTEN = -2;

const joined = new WeakMap<InputSection, Stabs>();

/**
 * Joins the tables of all objects, before the sections have places. The strings come into a section of their own,
 * behind those of the first object that has any. Throws `ElfError` for an entry whose string lies outside of the
 * strings, and for too many of them.
 */
export function joinStabs(objects: readonly InputObject[]): void {
  const all = new JoinedStrings();
  let home: InputObject | null = null;
  /** By object and name of a header file, and what it says. */
  const headers = new Set<string>();
  for (const object of objects) {
    const strings = object.sections.find((section) => section?.name === STRINGS);
    if (!strings || object.isMade || strings.isDiscarded || strings.relocations.length > 0) continue;
    if (strings.elf.type === SHT_NOBITS || strings.sizeBytes === 0) continue;
    /** Where the strings of the table at hand begin, and those of the next one. */
    const place = { next: 0 };
    for (const section of object.sections) {
      if (section === null || !isTable(section)) continue;
      const stabs = new Stabs(section, all);
      chooseEntries(stabs, strings.elf.content, place, headers, home === null);
      home ??= object;
      stabs.rewrite();
      joined.set(section, stabs);
      if (section.sizeBytes === 0) leaveOut(section);
      leaveOut(strings);
    }
  }
  if (home !== null)
    addMadeSection(home, {
      name: STRINGS,
      type: SHT_STRTAB,
      flags: 0,
      align: 1,
      content: all.content(),
    }).isUnlisted = true;
}

function isTable({ name, flags, elf, isDiscarded }: InputSection): boolean {
  if (!TABLE.test(name) || isDiscarded || (flags & SEC_MERGE) !== 0 || elf.type === SHT_NOBITS) return false;
  return elf.sizeBytes > 0 && elf.sizeBytes % ENTRY_BYTES === 0;
}

function leaveOut(section: InputSection): void {
  section.isDiscarded = true;
  section.isUnlisted = true;
}

/** Gives entries their strings, and leaves out headers but for the first and what a header file says again. */
function chooseEntries(
  stabs: Stabs,
  strings: Uint8Array,
  place: { next: number },
  headers: Set<string>,
  isFirst: boolean,
): void {
  const { newStrings } = stabs;
  const files = headerFiles(stabs, strings, place.next);
  let start = 0;
  let wantsHeader = isFirst;
  for (let entry = 0; entry < stabs.length; entry++) {
    if (newStrings[entry] === GONE) continue;
    const type = stabs.type(entry);
    if (type === 0) {
      start = place.next;
      place.next += stabs.value(entry);
      if (!wantsHeader) {
        newStrings[entry] = GONE;
        continue;
      }
      wantsHeader = false;
    }
    const offset = start + stabs.string(entry);
    if (offset >= strings.length)
      throw new ElfError(
        stabs.section.object.path,
        `entry ${entry} of section ${stabs.section.name} has its string at byte ${offset} of ${STRINGS}, which has ${strings.length}`,
      );
    const name = stringAt(strings, offset);
    if (stabs.strings.sizeBytes + name.length > MOST_STRING_BYTES)
      throw new ElfError(
        stabs.section.object.path,
        `the strings of all ${stabs.section.name} come to more than 256 MiB`,
      );
    newStrings[entry] = stabs.strings.add(name);
    if (type !== N_BINCL) continue;
    const { text, sum, entries } = files.get(entry)!;
    const key = `${decoder.decode(name)}\0${decoder.decode(Uint8Array.from(text))}`;
    const isKnown = headers.has(key);
    headers.add(key);
    stabs.headers.set(entry, { sum: sum >>> 0, type: isKnown ? N_EXCL : N_BINCL });
    if (isKnown) for (const one of entries) newStrings[one] = GONE;
  }
}

const decoder = new TextDecoder("latin1");

/** What a header file says by itself, without those that it includes. */
interface HeaderFile {
  /** Its characters, without the numbers of files in types. */
  readonly text: number[];
  /** Of its characters. */
  sum: number;
  /** Those that go when it was said before: its own, and the one that ends it. */
  readonly entries: number[];
}

/** By the entry that begins each. `next`: where the strings of the first unit begin. */
function headerFiles(stabs: Stabs, strings: Uint8Array, next: number): Map<number, HeaderFile> {
  const found = new Map<number, HeaderFile>();
  /** From the outermost to the innermost. */
  let open: HeaderFile[] = [];
  let start = 0;
  let following = next;
  for (let entry = 0; entry < stabs.length; entry++) {
    const type = stabs.type(entry);
    const file = open.at(-1);
    if (type === 0) {
      open = [];
      start = following;
      following += stabs.value(entry);
    } else if (type === N_BINCL) {
      const begun: HeaderFile = { text: [], sum: 0, entries: [] };
      found.set(entry, begun);
      open.push(begun);
    } else if (file !== undefined && type !== N_EXCL) {
      file.entries.push(entry);
      if (type === N_EINCL) open.pop();
      else addText(file, stringAt(strings, start + stabs.string(entry)));
    }
  }
  return found;
}

function addText(file: HeaderFile, string: Uint8Array): void {
  for (let i = 0; i < string.length; i++) {
    file.text.push(string[i]!);
    // The sum is of signed characters.
    file.sum += (string[i]! << 24) >> 24;
    if (string[i] === PARENTHESIS) while (isDigit(string[i + 1])) i++;
  }
}

const PARENTHESIS = 0x28;
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

/** Leaves out what a table says of functions and variables that are not linked; with -r without a trace. */
export function dropGoneStabs(section: InputSection, isRelocatable: boolean): void {
  const stabs = joined.get(section);
  if (stabs === undefined || section.elf.relocations.length === 0) return;
  const { newStrings } = stabs;
  const left = isRelocatable ? FORGOTTEN : GONE;
  const gone = goneValues(section);
  /** Within a function, which is linked or not. */
  let within: "nothing" | "linked" | "gone" = "nothing";
  for (let entry = 0; entry < stabs.length; entry++) {
    if (newStrings[entry]! < 0) continue;
    const type = stabs.type(entry);
    const isGone = gone.has(entry);
    if (type === N_FUN) {
      if (stabs.string(entry) === 0) {
        // The end of a function.
        if (within !== "linked") newStrings[entry] = left;
        within = "nothing";
        continue;
      }
      within = isGone ? "gone" : "linked";
    }
    if (within === "gone" || (within === "nothing" && isGone && (type === N_STSYM || type === N_LCSYM)))
      newStrings[entry] = left;
  }
  stabs.rewrite();
}

/** The entries whose values are addresses in sections that are not linked. */
function goneValues({ object, elf }: InputSection): Set<number> {
  const gone = new Set<number>();
  for (const { offset, symbol: index } of elf.relocations) {
    if (offset % ENTRY_BYTES !== VALUE) continue;
    const known = object.globals[index] ?? null;
    const home = known === null ? object.sections[object.elf.table.sectionOf(index)] : known.section;
    const isElsewhere = known?.isDefined === true && home?.object !== object;
    if (index === 0 || home?.isDiscarded || isElsewhere) gone.add((offset - VALUE) / ENTRY_BYTES);
  }
  return gone;
}

/** Writes into the header how much there is, once that is known. */
export function fixStabs(output: OutputSection, section: InputSection, content: Uint8Array): void {
  const stabs = joined.get(section);
  if (stabs === undefined || stabs.newStrings[0]! < 0 || stabs.type(0) !== 0) return;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  view.setUint16(COUNT, output.sizeBytes / ENTRY_BYTES - 1, true);
  view.setUint32(VALUE, stabs.strings.sizeBytes, true);
}
