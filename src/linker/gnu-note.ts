/** Notes that the linker makes itself: of owner `GNU` the build ID and the properties of a program. */
import { SHF_ALLOC, SHT_NOTE } from "../object/elf.ts";
import { addMadeSection, type InputObject, type InputSection } from "./input-section.ts";

/** Three words and a name such as `GNU`. */
export const NOTE_HEAD_BYTES = 16;

/** The bytes of a note of an owner with a name of three letters (gABI, "Note Section"). */
export function noteOf(owner: string, type: number, description: Uint8Array): Uint8Array {
  const content = new Uint8Array(NOTE_HEAD_BYTES + description.length);
  const view = new DataView(content.buffer);
  [4, description.length, type].forEach((word, index) => view.setUint32(4 * index, word, true));
  content.set(new TextEncoder().encode(owner), 12);
  content.set(description, NOTE_HEAD_BYTES);
  return content;
}

export const gnuNote = (type: number, description: Uint8Array): Uint8Array => noteOf("GNU", type, description);

/** Adds a section with such a note to an object, as if it had been there. */
export function addNote(object: InputObject, name: string, content: Uint8Array): InputSection {
  return addMadeSection(object, { name, type: SHT_NOTE, flags: SHF_ALLOC, align: 4, content });
}
