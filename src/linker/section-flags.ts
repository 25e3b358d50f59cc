/**
 * Attributes of sections as a linker thinks of them. ELF says whether a section is written to; what decides where it
 * goes is whether it is read-only, has content, is code. One bit each, so that scripts' rules (docs/linker.md) can
 * compare sets of them.
 */
import {
  SHF_ALLOC,
  SHF_EXCLUDE,
  SHF_EXECINSTR,
  SHF_MERGE,
  SHF_STRINGS,
  SHF_TLS,
  SHF_WRITE,
  SHT_GROUP,
  SHT_NOBITS,
} from "../object/elf.ts";

export const SEC_ALLOC = 0x1;
export const SEC_LOAD = 0x2;
export const SEC_READONLY = 0x4;
export const SEC_CODE = 0x8;
export const SEC_DATA = 0x10;
export const SEC_HAS_CONTENTS = 0x20;
export const SEC_DEBUGGING = 0x40;
export const SEC_MERGE = 0x80;
export const SEC_STRINGS = 0x100;
export const SEC_THREAD_LOCAL = 0x200;
export const SEC_EXCLUDE = 0x400;
export const SEC_GROUP = 0x800;
/** The section's content is not in the file although it is loaded (NOLOAD in a script). */
export const SEC_NEVER_LOAD = 0x1000;
/** Made by the linker itself: stays even when it is empty. */
export const SEC_LINKER_CREATED = 0x2000;

/** Debugging sections have no attribute in ELF: their names tell. */
const DEBUGGING_NAME = /^\.(debug|zdebug|gnu\.debuglto_\.debug_|gnu\.linkonce\.wi\.|line|stab)|^\.gdb_index$/;

export function flagsOf({
  name,
  type,
  flags,
}: {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
}): number {
  let result = 0;
  if (type !== SHT_NOBITS) result |= SEC_HAS_CONTENTS;
  if (type === SHT_GROUP) result |= SEC_GROUP;
  if (flags & SHF_ALLOC) result |= SEC_ALLOC | (type !== SHT_NOBITS ? SEC_LOAD : 0);
  if (!(flags & SHF_WRITE)) result |= SEC_READONLY;
  if (flags & SHF_EXECINSTR) result |= SEC_CODE;
  else if (result & SEC_LOAD) result |= SEC_DATA;
  if (flags & SHF_MERGE) result |= SEC_MERGE;
  if (flags & SHF_STRINGS) result |= SEC_STRINGS;
  if (flags & SHF_TLS) result |= SEC_THREAD_LOCAL;
  if ((flags & SHF_EXCLUDE) !== 0) result |= SEC_EXCLUDE;
  if (!(flags & SHF_ALLOC) && DEBUGGING_NAME.test(name)) result |= SEC_DEBUGGING;
  return result;
}

/**
 * Bytes of it are in the file. A script can put what is not loaded, as `.section .stack` without flags, between memory
 * that is filled with zeros: all of that is in the file then.
 */
export function isInFile(flags: number): boolean {
  if ((flags & SEC_ALLOC) === 0) return (flags & SEC_HAS_CONTENTS) !== 0;
  return (flags & (SEC_LOAD | SEC_HAS_CONTENTS)) !== 0 && (flags & SEC_NEVER_LOAD) === 0;
}

/** A thread's zeroed memory takes no room in the address space of the program. */
export function isThreadBss(flags: number): boolean {
  return (flags & (SEC_THREAD_LOCAL | SEC_LOAD)) === SEC_THREAD_LOCAL;
}
