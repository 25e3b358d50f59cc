/**
 * Attributes of objects (`.gnu_attribute`). GNU ld writes a section of that name anew from what the objects have in
 * common, and for this processor that is nothing: the section takes part in the layout, and is in no file.
 */
import type { OutputSection } from "./output-section.ts";
import { SEC_ALLOC } from "./section-flags.ts";

const OBJECT_ATTRIBUTES = ".gnu.attributes";

/** Takes it out of the file, once places are known; again after each layout, which finds its size anew. */
export function dropAttributes(outputs: readonly OutputSection[]): void {
  for (const section of outputs) {
    if (section.name !== OBJECT_ATTRIBUTES) continue;
    section.excluded = true;
    section.sizeBytes = 0;
  }
}

/** What a program was to have in its memory, and has not. */
export function attributesWarnings(outputs: readonly OutputSection[]): string[] {
  const isLost = ({ name, exists, flags }: OutputSection): boolean =>
    name === OBJECT_ATTRIBUTES && exists && (flags & SEC_ALLOC) !== 0;
  return outputs.filter(isLost).map(({ name }) => `\`${name}' is not in the program, and yet was to be loaded with it`);
}
