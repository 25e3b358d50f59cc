/**
 * Linker scripts as a tree (GNU ld 2.40, "Linker Scripts"). script.ts makes it of the text, layout.ts carries it out.
 */

export type Expression =
  /** `digits`: as a number in hexadecimal is written, for patterns to fill with. */
  | { readonly kind: "number"; readonly value: bigint; readonly digits?: string }
  | { readonly kind: "name"; readonly name: string; readonly line: number }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "conditional"; readonly condition: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[]; readonly line: number };

export interface Assignment {
  readonly kind: "assign";
  readonly name: string;
  /** Of `name += value` the sum. */
  readonly value: Expression;
  readonly mode: "set" | "provide" | "hidden" | "provide-hidden";
  readonly line: number;
}

export interface Assertion {
  readonly kind: "assert";
  readonly condition: Expression;
  readonly message: string;
  readonly line: number;
}

export type SortKind = "name" | "alignment" | "init-priority" | "none";

export interface SectionPattern {
  readonly pattern: string;
  readonly sort: readonly SortKind[];
  readonly exclude: readonly string[];
}

export interface InputStatement {
  readonly kind: "input";
  readonly file: string;
  /** Files in the order of their names, not of the command line. */
  readonly sortFiles: boolean;
  readonly exclude: readonly string[];
  readonly patterns: readonly SectionPattern[];
  readonly keep: boolean;
  /** SHF_ bits that a section must have, and must not have (INPUT_SECTION_FLAGS). */
  readonly flags: { readonly wanted: number; readonly refused: number } | null;
}

export interface DataStatement {
  readonly kind: "data";
  /** As the map shows it: `LONG`, `SQUAD`. */
  readonly word: string;
  readonly sizeBytes: 1 | 2 | 4 | 8;
  readonly value: Expression;
}

export interface FillStatement {
  readonly kind: "fill";
  readonly value: Expression;
}

export type SectionStatement = Assignment | Assertion | InputStatement | DataStatement | FillStatement;

export interface OutputSection {
  readonly kind: "section";
  readonly name: string;
  readonly address: Expression | null;
  readonly loadAddress: Expression | null;
  readonly align: Expression | null;
  readonly subalign: Expression | null;
  /** ALIGN_WITH_INPUT: the load address has the gaps of the address. */
  readonly alignsWithInput: boolean;
  readonly noload: boolean;
  /** The section is not loaded: (COPY), (INFO), (DSECT). */
  readonly noalloc: boolean;
  /** (READONLY), whatever goes into it. */
  readonly isReadonly: boolean;
  /** (TYPE = ...); null to take it from what goes into it. */
  readonly type: Expression | null;
  /** Of an overlay: its sections share addresses, and lie one after the other in the file. */
  readonly overlay: OverlayPlace | null;
  /** ONLY_IF_RO, ONLY_IF_RW: the section counts only if all of its input sections are so. */
  readonly constraint: "ro" | "rw" | null;
  /** Program headers it goes into (`:text`); null when the script does not say. */
  readonly phdrs: readonly string[] | null;
  readonly fill: Expression | null;
  readonly region: string | null;
  readonly loadRegion: string | null;
  readonly statements: readonly SectionStatement[];
  readonly line: number;
}

/** A section of an overlay. */
export interface OverlayPlace {
  /** The first section has the address of the others. */
  readonly first: string;
  /** The section before, for the load address; null for the first one. */
  readonly before: string | null;
  readonly isLast: boolean;
  /** Every section of it, for the space after the overlay: it takes that of the largest. */
  readonly names: readonly string[];
}

/** Statements that go beside a section of another script, most often of the one that is used by default. */
export interface InsertedStatements {
  readonly statements: readonly (Assignment | Assertion | OutputSection)[];
  readonly place: "after" | "before";
  readonly section: string;
  readonly line: number;
}

/** Sections between which references are errors. `to`: only those to the first one. */
export interface CrossReferenceRule {
  readonly sections: readonly string[];
  readonly onlyToFirst: boolean;
}

export interface MemoryRegion {
  readonly name: string;
  /** Letters of the sections that go here unless the script says otherwise: `rx`, `w!x`. */
  readonly attributes: string;
  readonly origin: Expression;
  readonly length: Expression;
}

export interface ProgramHeader {
  readonly name: string;
  readonly type: number;
  readonly hasFileHeader: boolean;
  readonly hasProgramHeaders: boolean;
  readonly loadAddress: Expression | null;
  readonly flags: Expression | null;
}

export interface LinkerScript {
  readonly path: string;
  readonly entry: string | null;
  readonly outputFormat: string | null;
  readonly regions: readonly MemoryRegion[];
  /** Other names of regions. */
  readonly regionAliases: ReadonlyMap<string, string>;
  readonly statements: readonly (Assignment | Assertion | OutputSection)[];
  readonly inserted: readonly InsertedStatements[];
  readonly noCrossReferences: readonly CrossReferenceRule[];
  /** Name of the program, unless the command line gives one. */
  readonly outputFile: string | null;
  /** Members of groups are placed as if they were in none, also by a partial link. */
  readonly allocatesGroups: boolean;
  /** Common symbols get memory also in a partial link. */
  readonly forcesCommon: boolean;
  /** It asks for the size of the headers, and so wants them in the first segment. */
  readonly usesHeaders: boolean;
  readonly externs: readonly string[];
  /** Files to link, as if they stood on the command line (`INPUT`, `GROUP`, `STARTUP`). */
  readonly inputs: readonly ScriptInput[];
  readonly searchFolders: readonly string[];
  /** Null when the script leaves the program headers to the linker. */
  readonly phdrs: readonly ProgramHeader[] | null;
}

export interface ScriptInput {
  readonly names: readonly string[];
  /** Archives are searched until nothing more is found. */
  readonly isGroup: boolean;
  readonly isFirst: boolean;
}

export class ScriptError extends Error {
  readonly path: string;
  readonly line: number;
  constructor(path: string, line: number, problem: string) {
    super(problem);
    this.name = "ScriptError";
    this.path = path;
    this.line = line;
  }
}
