/**
 * Links objects: resolves symbols, lays the sections out as the script says, applies the relocations. The result keeps
 * the relocations, so that a relocatable kernel image can be made from it, and knows the file that GNU ld would write.
 */

import { STT_SECTION } from "../object/elf.ts";
import { ElfError, type ElfObject } from "../object/elf-reader.ts";
import { assignmentInput } from "./assigned-names.ts";
import type { LinkInput } from "./inputs.ts";
import type { LinkProblem } from "./link-problem.ts";
import { Program, type ProgramOptions } from "./program.ts";
import {
  contentOf,
  type OpenSink,
  type ProgramFile,
  type ProgramImage,
  programFile,
  writeProgram,
} from "./program-file.ts";
import type { LinkerScript } from "./script/tree.ts";

export interface LinkOptions {
  readonly objects: readonly ElfObject[];
  readonly script: LinkerScript;
  /** Name of the entry point; the script's ENTRY when absent. */
  readonly entry?: string;
  readonly defines?: ReadonlyMap<string, number>;
  readonly sectionStart?: ReadonlyMap<string, number>;
  /** Which local symbols the file goes without, as `ld -X` and `-x`. */
  readonly discard?: ProgramOptions["discard"];
  /** Of local constants with one name and one value the first stands for all. */
  readonly mergesConstants?: boolean;
}

/** A relocation that was applied, for those who relocate again. */
export interface AppliedRelocation {
  /** Offset in the output section. */
  readonly offset: number;
  readonly type: number;
  /** The output section in which the symbol lies; null for an absolute value. */
  readonly target: LinkedSection | null;
}

export interface LinkedSection {
  readonly name: string;
  readonly address: number;
  readonly loadAddress: number;
  readonly sizeBytes: number;
  readonly align: number;
  /** ELF's SHF_ bits. */
  readonly flags: number;
  /** Without content in the file (bss). */
  readonly nobits: boolean;
  /** Empty when nobits. */
  readonly content: Uint8Array;
  readonly relocations: readonly AppliedRelocation[];
  /** What lies in it, for the map. */
  readonly inputs: readonly {
    readonly path: string;
    readonly name: string;
    readonly offset: number;
    readonly sizeBytes: number;
  }[];
}

export interface LinkedSymbol {
  readonly name: string;
  readonly value: number;
  readonly sizeBytes: number;
  readonly binding: number;
  readonly type: number;
  /** Null for an absolute symbol. */
  readonly section: LinkedSection | null;
  /** The object or script that defines it. */
  readonly path: string;
}

export interface Linked {
  readonly entry: number;
  readonly sections: readonly LinkedSection[];
  readonly symbols: readonly LinkedSymbol[];
  /** The program as an ELF file. */
  readonly file: Uint8Array<ArrayBuffer>;
}

export type LinkResult =
  | { readonly linked: Linked; readonly problems: readonly [] }
  | { readonly linked: null; readonly problems: readonly LinkProblem[] };

/** Never throws for what is in the objects: all problems come back at once. */
export function link(options: LinkOptions): LinkResult {
  const defines = [...(options.defines ?? [])].map(([name, value]) => ({
    kind: "assign" as const,
    name,
    value: { kind: "number" as const, value: BigInt(value) },
    mode: "set" as const,
    line: 0,
  }));
  return linkProgram(
    [assignmentInput(options.script), ...options.objects.map((elf) => ({ kind: "object" as const, elf }))],
    {
      script: options.script,
      isDefaultScript: false,
      ...(options.entry === undefined ? {} : { entry: options.entry }),
      defines,
      sectionStart: options.sectionStart ?? new Map(),
      ...(options.discard === undefined ? {} : { discard: options.discard }),
      ...(options.mergesConstants === undefined ? {} : { mergesConstants: options.mergesConstants }),
      requiresEntry: options.entry !== undefined || options.script.entry !== null,
    },
  );
}

/**
 * The same for the command line: archives, and all that GNU ld's options ask for. Never throws for what is in the
 * inputs either.
 */
export function linkProgram(
  inputs: readonly LinkInput[],
  options: ProgramOptions,
): LinkResult & { readonly program: Program | null; readonly image: ProgramFile | null } {
  const { program, image, problems } = linkAnd(programFile, inputs, options);
  if (program === null || image === null || problems.length > 0) return { linked: null, problems, program, image };
  return { linked: view(program, image), problems: [], program, image };
}

/** The same for a program that need not be in memory: `open` says where it is written to. */
export function linkTo(
  inputs: readonly LinkInput[],
  options: ProgramOptions,
  open: OpenSink,
): {
  readonly program: Program | null;
  readonly image: ProgramImage | null;
  readonly problems: readonly LinkProblem[];
} {
  return linkAnd((program) => writeProgram(program, open), inputs, options);
}

function linkAnd<Image>(
  write: (program: Program) => Image,
  inputs: readonly LinkInput[],
  options: ProgramOptions,
): { readonly program: Program | null; readonly image: Image | null; readonly problems: readonly LinkProblem[] } {
  let program: Program | null = null;
  try {
    program = new Program(inputs, options);
    const image = write(program);
    return { program, image, problems: program.problems };
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    const problem = { file: error.path, line: 0, message: error.problem, id: "bad-object" } as const;
    return { program, image: null, problems: [problem] };
  }
}

function view(program: Program, image: ProgramFile): Linked {
  const sections = new Map<object, LinkedSection & { relocations: AppliedRelocation[] }>();
  for (const section of image.sections) {
    const { output, flags, nobits } = section;
    sections.set(output, {
      name: output.name,
      address: output.address >>> 0,
      loadAddress: output.loadAddress >>> 0,
      sizeBytes: output.sizeBytes,
      align: output.align,
      flags,
      nobits,
      content: contentOf(section, image),
      relocations: [],
      inputs: output.pieces.flatMap((piece) =>
        piece.kind === "input"
          ? [
              {
                path: piece.section.object.path,
                name: piece.section.name,
                offset: piece.section.offset,
                sizeBytes: piece.section.sizeBytes,
              },
            ]
          : [],
      ),
    });
  }
  const isAsked = program.options.keepsApplied !== false;
  for (const { output, applied } of isAsked ? image.sections : []) {
    const { relocations } = sections.get(output)!;
    for (const { offset, type, target, isGone } of applied)
      if (!isGone) relocations.push({ offset, type, target: target ? (sections.get(target) ?? null) : null });
  }
  const symbols = [...image.symbols]
    .filter(({ type, section }) => type !== STT_SECTION && section !== 0)
    .map(
      (symbol): LinkedSymbol => ({
        name: symbol.name,
        value: symbol.value,
        sizeBytes: symbol.sizeBytes,
        binding: symbol.binding,
        type: symbol.type,
        section: typeof symbol.section === "number" ? null : (sections.get(symbol.section) ?? null),
        path: symbol.path === "" ? program.options.script.path : symbol.path,
      }),
    );
  return { entry: program.entry >>> 0, sections: [...sections.values()], symbols, file: image.bytes };
}
