/**
 * The build ID of a program (`--build-id`): a note that the linker adds to the first object, and fills when the file is
 * done with a digest of what GNU ld takes it from, so that equal programs have equal IDs, those of GNU ld.
 */

import { SHT_NOBITS, SHT_STRTAB, SHT_SYMTAB, SHT_SYMTAB_SHNDX } from "../object/elf.ts";
import { sectionNumbers } from "../object/elf-reader.ts";
import { addNote, gnuNote, NOTE_HEAD_BYTES } from "./gnu-note.ts";
import type { InputObject } from "./input-section.ts";

const BUILD_ID_SECTION = ".note.gnu.build-id";
const NT_GNU_BUILD_ID = 3;

export interface BuildId {
  readonly sizeBytes: number;
  /** The ID, from the parts of the file that it stands for. */
  readonly make: (parts: readonly Uint8Array[]) => Uint8Array;
}

/** Adds the note to an object. */
export function addBuildId(object: InputObject, { sizeBytes }: BuildId): void {
  const note = addNote(object, BUILD_ID_SECTION, gnuNote(NT_GNU_BUILD_ID, new Uint8Array(sizeBytes)));
  note.isBuildId = true;
}

/** Those that objects bring along are not the program's: partial links or other programs had them. */
export function dropBuildIds(objects: readonly InputObject[]): void {
  for (const { sections } of objects)
    for (const section of sections) if (section?.name === BUILD_ID_SECTION) section.isDiscarded = true;
}

const HEADER_BYTES = 52;
const SEGMENT_BYTES = 32;
const SECTION_BYTES = 40;

/**
 * Fills the note, which begins at byte `note` of the finished file, wherever the script put it. It counts as empty
 * itself, and so does the section `later`, as GNU ld fills both after the ID is made.
 */
export function stampBuildId(file: Uint8Array, { make, sizeBytes }: BuildId, note: number, later: string | null): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const word = (at: number): number => view.getUint32(at, true);
  const sectionsAt = word(32);
  const { sectionCount: count, namesIndex } = sectionNumbers(
    view,
    (at) => new DataView(view.buffer, view.byteOffset + at),
  );
  const names = word(sectionsAt + namesIndex * SECTION_BYTES + 16);
  // Places in the file do not count, only what is there.
  const header = file.slice(0, HEADER_BYTES);
  header.fill(0, 28, 36);
  const segments = file.slice(word(28), word(28) + view.getUint16(44, true) * SEGMENT_BYTES);
  const parts: Uint8Array[] = [header, segments];
  for (let index = 0; index < count; index++) {
    const at = sectionsAt + index * SECTION_BYTES;
    const entry = file.slice(at, at + SECTION_BYTES);
    entry.fill(0, 16, 20);
    parts.push(entry);
    const [type, offset, size] = [word(at + 4), word(at + 16), word(at + 20)];
    const name = nameAt(file, names + word(at));
    const isTable =
      type === SHT_SYMTAB || type === SHT_SYMTAB_SHNDX || (type === SHT_STRTAB && index > 0 && word(at + 8) === 0);
    if (index === 0 || type === SHT_NOBITS || isTable) continue;
    if (name === later) parts.push(new Uint8Array(size));
    else if (note < offset || note >= offset + size) parts.push(file.subarray(offset, offset + size));
    else
      parts.push(file.slice(offset, offset + size).fill(0, note - offset, note - offset + NOTE_HEAD_BYTES + sizeBytes));
  }
  file.set(make(parts), note + NOTE_HEAD_BYTES);
}

function nameAt(file: Uint8Array, at: number): string {
  let name = "";
  for (let i = at; file[i] !== 0 && i < file.length; i++) name += String.fromCharCode(file[i]!);
  return name;
}
