/** What an assembly is told from outside. */

import type { CodeOptions } from "./code-options.ts";
import type { FolderMap } from "./folder-map.ts";
import type { Limits } from "./limits.ts";
import type { ListingOptions } from "./listing-options.ts";
import type { WarningMode } from "./reporter.ts";

export interface SourceFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Bytes after these in their buffer that are nobody else's: with three the text of a large source needs no copy. */
  readonly roomBytes?: number;
}

/** How `.include` and `.incbin` find files: paths, `-I` folders and the disk are the host's affair. */
export interface SourceFiles {
  /**
   * The file that `path` means in the file `from` (null for the main source), with the path that diagnostics shall
   * show.
   */
  read(path: string, from: string | null): SourceFile | null;
}

export interface AssembleOptions {
  /** The main source. */
  path: string;
  files: SourceFiles;
  /** Symbols with a value from the beginning (`--defsym`). */
  defines?: ReadonlyMap<string, number>;
  /** AT&T unless said otherwise, as in GNU as. */
  syntax?: "intel" | "att";
  /** 32 unless said otherwise. */
  bits?: 16 | 32;
  /** Line numbers of the assembly source as DWARF (`-g`). */
  debugLines?: boolean;
  /** Line numbers of the assembly source as stabs: `--gstabs`, or `--gstabs+`, which names the folder too. */
  stabs?: "plain" | "gnu";
  /** 2 to 5; 0 or absent for what GNU as writes by itself. */
  dwarfVersion?: number;
  /** What debug information says of where the sources are and who made it. */
  compilationDirectory?: string;
  /** `--debug-prefix-map` */
  folderMap?: FolderMap;
  producer?: string;
  /** Processor, as `-march` names it; all instructions when absent. */
  arch?: string;
  /** Processor to be quick on, as `-mtune` names it. */
  tune?: string;
  /** What becomes of the code on its way. */
  code?: Partial<CodeOptions>;
  /** `-mmnemonic=intel`: AT&T syntax with Intel's names for what the two name differently. */
  intelNames?: boolean;
  /** `-mnaked-reg`: registers need no `%`. */
  nakedRegisters?: boolean;
  /** `-mindex-reg`: `eiz` is an index that is none. */
  indexRegister?: boolean;
  /** `--elf-stt-common=yes`: common symbols are of a type of their own. */
  commonType?: boolean;
  /** `--strip-local-absolute`: local symbols that are numbers are not in the symbol table. */
  stripsNumbers?: boolean;
  /** Lower limits than `LIMITS`. */
  limits?: Partial<Limits>;
  /** Errors after which assembling stops; 20 when absent. */
  maxErrors?: number;
  warnings?: WarningMode;
  /** `--warn`: a note where `mov register, name` loads, which in NASM's language takes the address. */
  notesLoads?: boolean;
  /** `-n`: alignment in code that asks for 0x90 gets just that. */
  optimizeAlignment?: boolean;
  /** `-R`: data goes to the text section. */
  foldData?: boolean;
  /** `-L`: local names stay in the symbol table. */
  keepLocals?: boolean;
  /** `--alternate`: the source begins in the mode of `.altmacro`. */
  alternateMacros?: boolean;
  /** Makes a listing. */
  listing?: ListingOptions;
  /** `-Z`: an object even with errors, without the statements that have them. */
  objectDespiteErrors?: boolean;
  /** `--size-check=warning`: a size that is no number in this file is a warning. */
  allowsOddSizes?: boolean;
  /** `--execstack`, `--noexecstack`: what the note about the stack says, whether or not the source has one. */
  stack?: "executable" | "plain";
  /** `--gdwarf-cie-version`: version of the common entries of call frames; 1 when absent. */
  frameVersion?: 1 | 3 | 4;
  /** Encodings that were made before (`shapesOf`), which a short run has no time to make; they are written to. */
  shapes?: Uint8Array<ArrayBuffer>;
  /** Gets the texts of `.print`. */
  print?: (text: string) => void;
}
