/**
 * What is no mistake, but surprising, in a program that was linked: GNU ld 2.40's warnings about memory and stacks that
 * can be executed.
 */
import { PF_R, PF_W, PF_X, PT_LOAD, PT_TLS } from "../object/elf.ts";
import type { LinkProblem } from "./link-problem.ts";
import { attributesWarnings } from "./object-attributes.ts";
import type { Program } from "./program.ts";
import { stackNoteOf } from "./stack-note.ts";

export interface WarningOptions {
  /** Segments that are written to and executed. */
  readonly rwxSegments: boolean;
  /** Objects that make the stack executable, most often because nothing in them says that it need not be. */
  readonly stack: boolean;
  /** Common symbols that meet other definitions. */
  readonly common: boolean;
}

export function linkWarnings(program: Program, outputPath: string, options: WarningOptions): LinkProblem[] {
  const { isFlat, isRelocatable } = program.options;
  const found: LinkProblem[] = program.warnings.map((warning) => ({
    ...warning,
    file: warning.file ?? outputPath,
    line: warning.line ?? 0,
  }));
  if (!isFlat && !isRelocatable)
    for (const message of attributesWarnings(program.placement.made()))
      found.push({ file: outputPath, line: 0, message, id: "link" });
  if (options.stack && !isFlat) found.push(...stackWarnings(program));
  if (options.rwxSegments && !isFlat && !isRelocatable) {
    const loaded = program.file.headers.filter(({ memoryBytes }) => memoryBytes > 0);
    const writableCode = PF_R | PF_W | PF_X;
    if (loaded.some(({ type, flags }) => type === PT_LOAD && (flags & writableCode) === writableCode))
      found.push({
        file: outputPath,
        line: 0,
        message: "a loaded segment can be read, written and executed (RWX)",
        id: "rwx-segment",
      });
    if (loaded.some(({ type, flags }) => type === PT_TLS && (flags & PF_X) !== 0))
      found.push({
        file: outputPath,
        line: 0,
        message: "the segment of thread-local data can be executed",
        id: "rwx-segment",
      });
  }
  return found;
}

/** Only when some object speaks of its stack, and the command line does not. */
function stackWarnings({ objects, options }: Program): LinkProblem[] {
  if (options.stack) return [];
  const notes = objects
    .filter(({ isMade, isSymbolsAlone, sections }) => !isMade && !isSymbolsAlone && sections.length > 0)
    .map((object) => ({ object, note: stackNoteOf(object) }));
  if (notes.every(({ note }) => note === null)) return [];
  const asking = notes.findLast(({ note }) => note !== null && (note.flags & 4) !== 0);
  if (asking)
    return [
      {
        file: asking.object.path,
        line: 0,
        message: "it asks for an executable stack: its section .note.GNU-stack is executable",
        id: "executable-stack",
      },
    ];
  const silent = notes.findLast(({ note }) => note === null);
  return silent
    ? [
        {
          file: silent.object.path,
          line: 0,
          message: "it has no section .note.GNU-stack, which makes the stack executable",
          id: "executable-stack",
        },
      ]
    : [];
}
