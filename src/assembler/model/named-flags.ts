/** The flags of a section whose name means something and whose directive states some too. */
import type { KnownSection } from "../../object/known-sections.ts";
import { SHF, SHT } from "./section.ts";

/** What does not count when flags are compared with those of a name: other systems' and processors'. */
const OUTSIDE_ABI = SHF.LINK_ORDER | 0x0ff00000 | 0xf0000000;

/**
 * The flags of a new section whose directive states some: those of its name are added, unless the directive's
 * contradict them, which `isOdd` says.
 */
export function flagsOfNew(
  name: string,
  known: KnownSection,
  stated: number,
  isGrouped: boolean,
): { flags: number; isOdd: boolean } {
  const both = (stated | known.flags) >>> 0;
  if ((stated & ~OUTSIDE_ABI & ~known.flags) === 0) return { flags: both, isOdd: false };
  const plain = stated & ~SHF.GNU_RETAIN;
  const isAlone = plain === SHF.ALLOC || plain === SHF.EXECINSTR;
  if (known.type === SHT.NOTE && isAlone) return { flags: both, isOdd: false };
  if (known.reach === "dotted" && name[known.name.length] === ".") {
    if ((plain & ~known.flags & ~SHF.MERGE & ~SHF.STRINGS) === 0) return { flags: both, isOdd: false };
  }
  const mayBeLoaded = name === ".interp" || name === ".strtab" || name === ".symtab";
  const isUsual =
    (plain === SHF.ALLOC && mayBeLoaded) || (plain === SHF.EXECINSTR && name === ".note.GNU-stack") || isGrouped;
  return { flags: stated, isOdd: !isUsual };
}
