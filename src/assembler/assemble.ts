/**
 * The assembler as a function: source in, ELF object and diagnostics out. Touches nothing of the world but what the
 * options give it.
 */

import { type Diagnostic, withoutPlace } from "../diagnostic/diagnostic.ts";
import { installDirectives } from "./directives/index.ts";
import { mappedFolder } from "./model/folder-map.ts";
import type { AssembleOptions } from "./model/options.ts";
import type { RelocationList } from "./model/relocations.ts";
import { FatalError, TooManyErrors } from "./model/reporter.ts";
import type { Section } from "./model/section.ts";
import { Assembler } from "./read/assembler.ts";
import { assembleInput } from "./read/statement.ts";
import { writeCallFrames } from "./write/call-frames.ts";
import { writeContents } from "./write/contents.ts";
import { writeDwarf } from "./write/dwarf-writer.ts";
import { writeElf } from "./write/elf-writer.ts";
import { writeListing } from "./write/listing.ts";
import { writeObjectAttributes } from "./write/object-attributes.ts";
import { relaxAll } from "./write/relax.ts";
import { Resolver } from "./write/resolver.ts";
import { addStatedRelocations } from "./write/stated-relocations.ts";

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
  installDirectives(assembler);
  assembler.definePresets();
  const source = options.files.read(options.path, null);
  if (source === null) {
    assembler.reporter.diagnostics.push({
      ...withoutPlace("error", "file-not-found", "the source file is not there"),
      file: options.path,
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
      `no processor is called \`${[options.arch, options.tune].filter(Boolean).join("' or `")}' (-march, -mtune)`,
      {},
    );
  assembler.input.pushFile(source.path, source.bytes, 0, source.roomBytes ?? 0);
  const folder = options.stabs === "gnu" ? mappedFolder(options.compilationDirectory ?? "", options.folderMap) : null;
  assembler.program.debug.stabs?.begin(source.path, folder);
  assembleInput(assembler);
  let object: Uint8Array | null = null;
  try {
    if (!assembler.reporter.hasGivenUp) {
      if (options.stack) assembler.sections.noteStack(options.stack === "executable");
      object = finish(assembler, options.objectDespiteErrors === true);
    }
  } catch (error) {
    if (!(error instanceof TooManyErrors) && !(error instanceof FatalError)) throw error;
  }
  const { diagnostics } = assembler.reporter;
  const listing =
    assembler.listing === null
      ? null
      : writeListing(assembler.program, assembler.listing.all, options.listing!, diagnostics, object !== null);
  if (assembler.reporter.errorCount > 0 && options.objectDespiteErrors !== true) object = null;
  return { object, diagnostics, dependencies: assembler.dependencies, listing };
}

/** Checks what only the end of the source shows, then layout, relocations and the file. */
function finish(assembler: Assembler, despiteErrors: boolean): Uint8Array | null {
  const { program, reporter } = assembler;
  for (const { number, symbol } of program.symbols.undefinedLocalLabels()) {
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
  assembler.warnOfForeignRegisters();
  program.callFrames.check();
  assembler.bundles.finish();
  assembler.conditionals.warnOfOrder();
  program.stabs.finish();
  if (reporter.errorCount > 0 && !despiteErrors) return null;
  program.symbols.placeHere(program.symbols.dot);
  program.sections.padEntries();
  program.symbolList.countBeforeLayout = program.symbolList.all.length;
  program.padding = { bits: assembler.bits, hasLongNops: assembler.architecture.prefersLongNops };
  const resolver = new Resolver();
  relaxAll(program, resolver);
  if (reporter.errorCount > 0 && !despiteErrors) return null;
  resolver.isFinal = true;
  assembler.warnOfMemory();
  writeDwarf(program, resolver);
  writeCallFrames(program);
  writeObjectAttributes(program);
  program.versions.finish();
  const relocations = new Map<Section, RelocationList>();
  for (const section of program.sections.list) relocations.set(section, writeContents(program, resolver, section));
  addStatedRelocations(program, resolver, relocations);
  program.versions.check();
  program.sections.finishLinks(program.atoms);
  if (reporter.errorCount > 0 && !despiteErrors) return null;
  program.symbolList.finishRelocations();
  program.sections.finishGroups(program.atoms);
  return writeElf(program, resolver, relocations);
}
