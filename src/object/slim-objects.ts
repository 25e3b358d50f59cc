/**
 * GCC's -flto makes objects that hold its own representation of the program and no machine code: linkers see nothing in
 * them.
 */
import { ElfError, type ElfObject, readElf } from "./elf-reader.ts";

/** What GCC defines in each of them, and what an archive's index has of them. */
export const SLIM_MARK = "__gnu_lto_slim";

export const isSlim = ({ table }: ElfObject): boolean =>
  table.globals.some((index) => table.beginsWith(index, SLIM_MARK));

/** The same of a file that may be no object at all. */
export function isSlimObject(content: Uint8Array, name: string): boolean {
  try {
    return isSlim(readElf(content, name));
  } catch (error) {
    if (error instanceof ElfError) return false;
    throw error;
  }
}
