/**
 * The assembler as a function: source in, ELF object and diagnostics out. Touches nothing of the world but what the
 * options bring.
 */

import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import { Assembler, FatalError } from "./assembler.ts";
import type { Limits } from "./model/limits.ts";
import type { RelocationList } from "./model/relocations.ts";
import type { Section } from "./model/section.ts";
import { assembleInput } from "./read/statement.ts";
import { TooManyErrors } from "./reporter.ts";
import { writeContents } from "./write/contents.ts";
import { writeElf } from "./write/elf-writer.ts";
import type { ListingOptions } from "./write/listing.ts";
import { relaxAll } from "./write/relax.ts";
import { Resolver } from "./write/resolver.ts";

/** How `.include` and `.incbin` find files: paths, `-I` folders and the disk are the host's affair. */
export interface SourceFiles {
  /**
   * The file that `path` means in the file `from` (null for the main source), with the path that diagnostics shall
   * show.
   */
  read(path: string, from: string | null): { path: string; bytes: Uint8Array } | null;
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
  /** 2 to 5; 0 or absent for what GNU as writes by itself. */
  dwarfVersion?: number;
  /** What debug information says of where the sources are and who made it. */
  compilationDirectory?: string;
  producer?: string;
  /** Processor, as `-march` names it; all instructions when absent. */
  arch?: string;
  /** Lower limits than `LIMITS`. */
  limits?: Partial<Limits>;
  /** Errors after which assembling stops; 20 when absent. */
  maxErrors?: number;
  warnings?: "show" | "none" | "fatal";
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
  /** Gets the texts of `.print`. */
  print?: (text: string) => void;
}

export interface Assembly {
  /** An ELF32 relocatable file; null when there were errors. */
  object: Uint8Array | null;
  diagnostics: readonly Diagnostic[];
  /** Every file that was read, the main source first. */
  dependencies: readonly string[];
  /** Null when none was asked for. */
  listing: string | null;
}

export function assemble(options: AssembleOptions): Assembly {
  const assembler = new Assembler(options);
  const source = options.files.read(options.path, null);
  if (source === null) {
    assembler.reporter.diagnostics.push({
      severity: "error",
      id: "file-not-found",
      file: options.path,
      line: 0,
      column: 0,
      length: 1,
      message: "the source file is not there",
      sourceLine: "",
      notes: [],
    });
    return { object: null, diagnostics: assembler.reporter.diagnostics, dependencies: [], listing: null };
  }
  assembler.dependencies.push(source.path);
  if (assembler.architecture.isUnknown)
    assembler.reporter.report(
      "error",
      "unknown-processor",
      null,
      0,
      1,
      `no processor is called \`${options.arch}'`,
      {},
    );
  assembler.input.pushFile(source.path, source.bytes, 0);
  assembleInput(assembler);
  let object: Uint8Array | null = null;
  try {
    if (!assembler.reporter.hasGivenUp) object = finish(assembler, options.objectDespiteErrors === true);
  } catch (error) {
    if (!(error instanceof TooManyErrors) && !(error instanceof FatalError)) throw error;
  }
  const { diagnostics } = assembler.reporter;
  const listing =
    assembler.listing === null ? null : assembler.listing.write(options.listing!, diagnostics, object !== null);
  if (assembler.reporter.errorCount > 0 && options.objectDespiteErrors !== true) object = null;
  return { object, diagnostics, dependencies: assembler.dependencies, listing };
}

/** Layout, relocations and the file. */
function finish(assembler: Assembler, despiteErrors: boolean): Uint8Array | null {
  const { reporter } = assembler;
  for (const { number, symbol } of assembler.symbols.undefinedLocalLabels()) {
    reporter.report(
      "error",
      "unknown-local-label",
      symbol.frame,
      symbol.offset,
      1,
      `no label \`${number}:' follows this reference`,
      {},
    );
  }
  assembler.callFrames.check();
  assembler.conditionals.warnOfOrder();
  assembler.stabs.finish();
  if (reporter.errorCount > 0 && !despiteErrors) return null;
  assembler.symbols.placeHere(assembler.symbols.dot);
  const resolver = new Resolver(assembler);
  relaxAll(assembler, resolver);
  if (reporter.errorCount > 0 && !despiteErrors) return null;
  resolver.isFinal = true;
  assembler.warnOfMemory();
  assembler.callFrames.finish();
  assembler.debug.finish(resolver);
  assembler.versions.finish();
  const relocations = new Map<Section, RelocationList>();
  for (const section of assembler.sections.list) relocations.set(section, writeContents(assembler, resolver, section));
  if (reporter.errorCount > 0 && !despiteErrors) return null;
  return writeElf(assembler, resolver, relocations);
}
