/** What `objcopy` and `strip` do to sections: which stay, under which names, flags and addresses (GNU objcopy 2.40). */
import {
  SHF_ALLOC,
  SHF_EXCLUDE,
  SHF_EXECINSTR,
  SHF_MERGE,
  SHF_STRINGS,
  SHF_WRITE,
  SHT_FINI_ARRAY,
  SHT_INIT_ARRAY,
  SHT_NOBITS,
  SHT_PREINIT_ARRAY,
  SHT_PROGBITS,
} from "../object/elf.ts";
import { globMatch } from "../object/glob.ts";
import type { ObjectSection } from "./object-file.ts";

/** Patterns for names of sections, of which `!` in front takes names out again. */
export function matchesSection(patterns: readonly string[], name: string): boolean {
  return (
    patterns.some((glob) => !glob.startsWith("!") && globMatch(glob, name)) &&
    !patterns.some((glob) => glob.startsWith("!") && globMatch(glob.slice(1), name))
  );
}

/** `alloc,load,readonly,data,contents`: the words that objcopy knows sections by. */
export type SectionWords = ReadonlySet<string>;

/** Bits for an operating system or a processor, which words say nothing about. */
const FOREIGN_FLAGS = 0x7ff00000;
const KEPT_TYPES = new Set([SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY]);

function wordsOf({ elf, traits }: ObjectSection): string {
  const words: Readonly<Record<string, boolean>> = {
    ...traits,
    debug: traits.debugging,
    merge: (elf.flags & SHF_MERGE) !== 0,
    strings: (elf.flags & SHF_STRINGS) !== 0,
  };
  return COMPARED.filter((word) => words[word]).join();
}

/** What makes a section another one than it was: its type is then found anew. */
const COMPARED = ["alloc", "load", "readonly", "code", "data", "debug", "contents", "exclude", "merge", "strings"];

/** ELF's type and flags of a section that is to be what the words say; it keeps its content. */
export function attributesOf(words: SectionWords, section: ObjectSection): { type: number; flags: number } {
  const { elf, traits } = section;
  const has = (word: string): boolean => words.has(word) || (word === "contents" && traits.contents);
  const isSame =
    COMPARED.filter(has).join() === wordsOf(section) && !traits.threadLocal && !traits.linkOnce && !has("noload");
  const isRoom = has("alloc") && ((!has("load") && !has("contents")) || has("noload"));
  const bit = (flag: number, isSet: boolean): number => (isSet ? flag : 0);
  return {
    type: isSame || KEPT_TYPES.has(elf.type) ? elf.type : isRoom ? SHT_NOBITS : SHT_PROGBITS,
    flags:
      (elf.flags & FOREIGN_FLAGS) |
      bit(SHF_ALLOC, has("alloc")) |
      bit(SHF_WRITE, !has("readonly")) |
      bit(SHF_EXECINSTR, has("code")) |
      bit(SHF_MERGE, has("merge")) |
      bit(SHF_STRINGS, has("strings")) |
      bit(SHF_EXCLUDE, has("exclude")),
  };
}

/** `--change-section-address` and its like: of sections whose names fit, or of all. */
export interface AddressChange {
  readonly glob: string;
  readonly operator: "=" | "+" | "-";
  readonly value: number;
  readonly of: "address" | "loadAddress" | "both";
}

/** An address after the changes; of several for one section the last counts. */
export function changedAddress(
  section: ObjectSection,
  which: "address" | "loadAddress",
  changes: readonly AddressChange[],
): number {
  const change = changes.findLast(({ glob, of }) => (of === which || of === "both") && globMatch(glob, section.name));
  const old = section[which];
  if (change === undefined) return old;
  const { operator, value } = change;
  return (operator === "=" ? value : operator === "+" ? old + value : old - value) >>> 0;
}
