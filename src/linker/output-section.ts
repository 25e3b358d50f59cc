/** A section of the output: what a script's section statement, or an orphan, becomes. */
import { assert } from "../diagnostic/invariant.ts";
import { SHT_FINI_ARRAY, SHT_INIT_ARRAY, SHT_PREINIT_ARRAY } from "../object/elf.ts";
import type { InputSection } from "./input-section.ts";
import type { Assignment, DataStatement, Expression, OutputSection as SectionCommand } from "./script/tree.ts";
import {
  SEC_ALLOC,
  SEC_CODE,
  SEC_EXCLUDE,
  SEC_MERGE,
  SEC_READONLY,
  SEC_STRINGS,
  SEC_THREAD_LOCAL,
} from "./section-flags.ts";

/** What lies in an output section, in order. */
export type Piece =
  | { readonly kind: "input"; readonly section: InputSection }
  | { readonly kind: "data"; readonly statement: DataStatement; offset: number }
  /**
   * A gap before an input section, or after an assignment to the location counter; filled with the pattern, or
   * with what suits the section.
   */
  | {
      readonly kind: "gap";
      readonly offset: number;
      readonly sizeBytes: number;
      readonly fill: Uint8Array | null;
      readonly before: InputSection | null;
      readonly after: Statement | null;
    };

export type Statement =
  | { readonly kind: "wild"; readonly sections: InputSection[] }
  | { readonly kind: "assign"; readonly assignment: Assignment; readonly scriptPath: string }
  | { readonly kind: "assert"; readonly condition: Expression; readonly message: string; readonly line: number }
  | { readonly kind: "data"; readonly statement: DataStatement }
  | { readonly kind: "fill"; readonly value: Expression; readonly pattern: Uint8Array | null };

/** A section of this name takes what the output is not to have; it has no attributes. */
export const DISCARD = "/DISCARD/";

export class OutputSection {
  readonly name: string;
  readonly command: SectionCommand | null;
  readonly statements: Statement[] = [];
  /** SEC_ bits; meaningful once the section exists. */
  flags = 0;
  /** ELF type of the first input section when it must be kept, else 0. */
  type = 0;
  /** SHF_ bits besides those of `flags`: SHF_GNU_RETAIN of inputs, and of a section without any what its name says. */
  keptFlags = 0;
  /** ELF type of the first input section, when nothing else was in the output section before. */
  inputType = 0;
  /** ELF type that the script gives, unless inputs or the name do; program headers know nothing of it. */
  declaredType = 0;
  /** The section that its first input section belongs to. */
  linkedTo: InputSection | null = null;
  entrySizeBytes = 0;
  align = 1;
  address = 0;
  loadAddress = 0;
  sizeBytes = 0;
  /** Something was put into it, or the script counts in it: it takes part in the layout. */
  exists = false;
  hasInput = false;
  /** Its symbols count although it is empty. */
  updatesDot = false;
  /** Empty: not in the file, and without effect on addresses. */
  ignored = false;
  /** Not in the file. */
  excluded = false;
  /** In the file even when it is empty, because relocations may refer to it. */
  keepsEmpty = false;
  /** Address that the command line or the placing of an orphan gives. */
  fixedAddress: number | null = null;
  pieces: Piece[] = [];
  fill: Uint8Array | null = null;
  /** Attributes for placing orphans beside a section that does not exist. */
  hintFlags = 0;

  /**
   * Memory regions of its address and of its load address, and its program headers; an orphan takes those of the
   * section that it follows.
   */
  region: string | null;
  loadRegion: string | null;
  /** Name of the region that its address is in, whoever chose it. */
  placedIn: string | null = null;
  phdrs: readonly string[] | null;

  constructor(name: string, command: SectionCommand | null) {
    this.name = name;
    this.command = command;
    // The region to be loaded to is also the one to run in where nothing says otherwise.
    this.region = command?.region ?? (command?.address ? null : (command?.loadRegion ?? null));
    this.loadRegion = command?.loadRegion ?? null;
    this.phdrs = command?.phdrs ?? null;
    // It moves the location counter to the end of the overlay.
    this.updatesDot = command?.overlay?.isLast ?? false;
  }

  inputs(): InputSection[] {
    return this.statements.flatMap((statement) => (statement.kind === "wild" ? statement.sections : []));
  }
}

/** Pointers to functions: their entries have a size. */
const ARRAY_TYPES = new Set([SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY]);

/** What a section is in ELF's terms. */
export function elfFlagsOf({ flags, entrySizeBytes, keptFlags, type, declaredType }: OutputSection): {
  flags: number;
  entrySizeBytes: number;
} {
  let bits = keptFlags;
  assert(entrySizeBytes >= 0, "a section has entries of fewer bytes than none");
  if ((flags & SEC_ALLOC) !== 0) bits |= 2;
  if ((flags & SEC_READONLY) === 0) bits |= 1;
  if ((flags & SEC_CODE) !== 0) bits |= 4;
  if ((flags & SEC_MERGE) !== 0) bits |= 0x10;
  if ((flags & SEC_STRINGS) !== 0) bits |= 0x20;
  if ((flags & SEC_THREAD_LOCAL) !== 0) bits |= 0x400;
  if ((flags & SEC_EXCLUDE) !== 0) bits |= 0x80000000;
  return {
    flags: bits >>> 0,
    entrySizeBytes: (flags & SEC_MERGE) !== 0 ? entrySizeBytes : ARRAY_TYPES.has(type || declaredType) ? 4 : 0,
  };
}
