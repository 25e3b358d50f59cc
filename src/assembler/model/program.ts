/**
 * The program that is assembled: what reading the source has made of it, and all that writing the object file needs. It
 * knows neither the reader nor the writer.
 */

import type { NopChoice } from "../../isa/nops.ts";
import type { AtomTable } from "./atom.ts";
import { CallFrames } from "./call-frames.ts";
import { type CodeOptions, PLAIN_CODE } from "./code-options.ts";
import type { Cursor } from "./cursor.ts";
import { DebugLines } from "./debug-lines.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { ObjectAttributes } from "./object-attributes.ts";
import type { AssembleOptions } from "./options.ts";
import type { StatedRelocation } from "./relocations.ts";
import type { Reporter } from "./reporter.ts";
import { Sections } from "./sections.ts";
import { StabLines, Stabs } from "./stabs.ts";
import { SymbolList } from "./symbol-list.ts";
import { SymbolVersions } from "./symbol-versions.ts";
import { SymbolTable } from "./symbols.ts";

/** What fills alignment in code. */
export interface CodePadding {
  readonly bits: 16 | 32;
  /** Whether the processor that was named last is quick on NOPL; null where none was named. */
  readonly hasLongNops: boolean | null;
}

/** Whether padding is filled with NOPL. */
export function usesLongNops({ hasLong, isOpen }: NopChoice, { hasLongNops }: CodePadding): boolean {
  return isOpen ? (hasLongNops ?? hasLong) : hasLong;
}

export class Program {
  readonly options: AssembleOptions;
  readonly atoms: AtomTable;
  readonly code: CodeOptions;
  readonly limits: Limits;
  readonly reporter: Reporter;
  readonly memory: MemoryBudget;
  readonly symbolList: SymbolList;
  readonly sections: Sections;
  readonly symbols: SymbolTable;
  readonly versions: SymbolVersions;
  readonly debug: DebugLines;
  readonly callFrames: CallFrames;
  readonly stabs: Stabs;
  /** `.gnu_attribute` */
  readonly attributes: ObjectAttributes;
  /** `.reloc` */
  readonly statedRelocations: StatedRelocation[] = [];
  /** Names for `STT_FILE`. */
  readonly fileNames: string[] = [];
  /** The mode at the end of the source decides, as in GNU as. */
  padding: CodePadding = { bits: 32, hasLongNops: null };

  constructor(options: AssembleOptions, cursor: Cursor, reporter: Reporter, atoms: AtomTable) {
    this.options = options;
    this.code = { ...PLAIN_CODE, ...options.code };
    this.atoms = atoms;
    this.limits = { ...LIMITS, ...options.limits };
    this.reporter = reporter;
    this.memory = new MemoryBudget(cursor, reporter, this.limits.heldBytes);
    this.symbolList = new SymbolList(options.keepLocals === true);
    this.sections = new Sections(cursor, reporter, this.memory, this.symbolList, this.limits.contentBytes);
    for (const section of this.sections.list) this.sections.adopt(section, atoms);
    this.symbols = new SymbolTable(cursor, reporter, this.memory, this.symbolList, this.sections);
    this.versions = new SymbolVersions(reporter, this.symbolList);
    this.stabs = new Stabs(this.sections, () => {
      const { frame } = cursor;
      if (frame !== null && frame.markers.length > 0) return frame.pathAt(cursor.statementOffset);
      return this.fileNames[this.fileNames.length - 1] ?? options.path;
    });
    this.debug = new DebugLines(
      options.debugLines === true,
      cursor,
      reporter,
      this.memory,
      this.sections,
      this.symbols,
      options.stabs === undefined ? null : new StabLines(this.stabs, this.symbols),
    );
    this.attributes = new ObjectAttributes(this.memory);
    this.callFrames = new CallFrames(this.sections, reporter, this.memory);
  }
}
