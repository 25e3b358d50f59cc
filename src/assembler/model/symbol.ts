/**
 * Symbols: names with a value that may be known at once, after layout, or only to the linker.
 */

import type { Register } from "../../isa/instruction.ts";
import type { Expression } from "./expression.ts";
import type { Fragment } from "./fragment.ts";
import type { Integer } from "./integer.ts";
import type { Section } from "./section.ts";
import type { SourceFrame } from "./source-frame.ts";

/** ELF symbol types (System V ABI, chapter 4, symbol table). */
export const STT = { NOTYPE: 0, OBJECT: 1, FUNC: 2, SECTION: 3, FILE: 4, COMMON: 5, TLS: 6, GNU_IFUNC: 10 } as const;
/** ELF symbol visibilities. */
export const STV = { DEFAULT: 0, INTERNAL: 1, HIDDEN: 2, PROTECTED: 3 } as const;

export class AssemblySymbol {
  readonly name: string;
  /** Name in the file where a version replaces the plain name (`.symver`); null for `name`. */
  versionedName: string | null = null;
  /**
   * Where the value belongs: a section of the file, or one of the special ones: undefined, absolute, register, common,
   * or expression, when only `expression` says it.
   */
  section: Section;
  /** The piece of the section that the symbol stands in; null outside real sections. */
  fragment: Fragment | null = null;
  /** Offset in the fragment, absolute value, or size of a common block. */
  value: Integer = 0;
  /** What the symbol was equated to, where that was not known at once. */
  expression: Expression | null = null;
  register: Register | null = null;

  isGlobal = false;
  isWeak = false;
  /** Said by `.local`. */
  isLocal = false;
  /** There is one of it in the whole process, whatever libraries have it too (`@gnu_unique_object`). */
  isUnique = false;
  visibility: number = STV.DEFAULT;
  type: number = STT.NOTYPE;
  /** Said by `.size`. */
  size: Expression | null = null;
  /** The size is that of what the symbol was equated to. */
  hasInheritedSize = false;
  /** Alignment of a common block in bytes. */
  alignment = 0;
  /** Bytes of a block that `.comm` or `.lcomm` placed in `.bss`; 0 for others. */
  commonSize = 0;
  /** A relocation names it. */
  usedInRelocation = false;
  /** An expression names it. */
  isUsed = false;
  /** Set by `.set` or `=`: may be given another value, and former uses keep the old one. */
  isVolatile = false;
  /** Set to `offset x` in Intel syntax: that address wherever it is named, and in no symbol table. */
  isAddress = false;
  /** The symbol that has its name since it was given another value. */
  successor: AssemblySymbol | null = null;
  /** Set by `.eqv` or `==`: evaluated again at each use. */
  isForward = false;
  /** Name of another symbol: this is an alias that vanishes unless that one is needed (`.weakref`). */
  weakReference: AssemblySymbol | null = null;
  /** Named by `.weakref` and nothing else so far: weak, and in no table unless an alias is used. */
  isWeakTarget = false;
  /** Nothing names it but a directive that says something about it: in no symbol table. */
  isUnneeded = false;
  /** Stands in the list of symbols: local names only once something needs them there. */
  isListed = false;
  /** Made up by the assembler: never in the symbol table. */
  isTemporary = false;
  /** Its value is being worked out: meeting it again is a loop. */
  isResolving = false;
  resolved: { plus: AssemblySymbol | null; minus: AssemblySymbol | null; number: Integer } | null = null;
  /** Where it was defined, or first named while it is not. */
  frame: SourceFrame | null = null;
  offset = 0;
  /** Index in the symbol table of the file, when written. */
  index = 0;

  constructor(name: string, section: Section) {
    this.name = name;
    this.section = section;
  }

  /** The linker decides where it is, even if it is defined here. */
  get isExternal(): boolean {
    return this.isGlobal || this.isWeak;
  }

  /** What an alias of `.weakref` is an alias of; the symbol itself otherwise. */
  get meant(): AssemblySymbol {
    let symbol: AssemblySymbol = this;
    while (symbol.weakReference !== null) symbol = symbol.weakReference;
    return symbol;
  }

  /** An expression names it, and so whatever it is an alias of. */
  use(): void {
    this.isUsed = true;
    if (this.weakReference !== null) this.weakReference.use();
  }

  /** A copy that keeps today's value for the uses so far. */
  clone(): AssemblySymbol {
    const copy = new AssemblySymbol(this.name, this.section);
    Object.assign(copy, this);
    return copy;
  }
}

/** The name that a numeric label has in the file, where a relocation needs it. */
export function isNumericLabel(name: string): boolean {
  return name.includes("\x02");
}

/** Local names of compilers and numeric labels: not in the symbol table unless a relocation needs them. */
export function isLocalName(name: string): boolean {
  return name.charCodeAt(0) === 0x2e && name.charCodeAt(1) === 0x4c;
}
