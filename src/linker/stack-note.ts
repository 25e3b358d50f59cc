/** The note by which an object says whether code is to run on its stack: an empty section, with flag X where it is. */
import { SHF_EXECINSTR, SHT_PROGBITS } from "../object/elf.ts";
import type { ElfSection } from "../object/elf-reader.ts";
import { addMadeSection, type InputObject } from "./input-section.ts";

export const STACK_NOTE = ".note.GNU-stack";

export const stackNoteOf = ({ elf }: InputObject): ElfSection | null =>
  elf.sections.find(({ name }) => name === STACK_NOTE) ?? null;

/** `-r -z execstack` and `-z noexecstack`: the first object says so where it says nothing; what others say stays. */
export function addStackNote(first: InputObject, isExecutable: boolean): void {
  if (stackNoteOf(first) !== null) return;
  const flags = isExecutable ? SHF_EXECINSTR : 0;
  addMadeSection(first, { name: STACK_NOTE, type: SHT_PROGBITS, flags, align: 1, content: new Uint8Array(0) });
}

/** One that says nothing needs all that a stack may be. */
export const needsExecutableStack = (objects: readonly InputObject[]): boolean =>
  objects.some((object) => !object.isSymbolsAlone && stackNoteOf(object) === null);
