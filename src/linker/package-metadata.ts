/**
 * The note of `--package-metadata`: JSON that says what package a program is of (UAPI group, "ELF Package Metadata").
 */
import { addNote, noteOf } from "./gnu-note.ts";
import type { InputObject } from "./input-section.ts";

export const PACKAGE_SECTION = ".note.package";
const NT_FDO_PACKAGING_METADATA = 0xcafe1a7e;

/** Adds the note to an object; its text ends with a zero, and with further ones up to a whole word. */
export function addPackageMetadata(object: InputObject, metadata: string): void {
  const text = new TextEncoder().encode(metadata);
  const description = new Uint8Array((text.length + 4) & ~3);
  description.set(text);
  addNote(object, PACKAGE_SECTION, noteOf("FDO", NT_FDO_PACKAGING_METADATA, description));
}
