/**
 * Symbols: names with a value that may be known at once, after layout, or only to the linker. Compilers make a label
 * for every few instructions, so what most symbols do not have is kept in an object of its own, and what is true or
 * false is a bit.
 */

import type { Register } from "../../isa/instruction.ts";
import type { Expression } from "./expression.ts";
import { NO_FRAGMENT } from "./fragment.ts";
import type { Integer } from "./integer.ts";
import type { Section } from "./section.ts";
import type { SourceFrame } from "./source-frame.ts";

/** ELF symbol types (System V ABI, chapter 4, symbol table). */
export const STT = { NOTYPE: 0, OBJECT: 1, FUNC: 2, SECTION: 3, FILE: 4, COMMON: 5, TLS: 6, GNU_IFUNC: 10 } as const;
/** ELF symbol visibilities. */
export const STV = { DEFAULT: 0, INTERNAL: 1, HIDDEN: 2, PROTECTED: 3 } as const;

/** The name of a symbol: an atom, which makes its text only when it is asked for, or any object with a text. */
export interface SymbolName {
  readonly text: string;
  /** Of the text. */
  readonly length: number;
  /** See `isLocalName`. */
  readonly isLocalName: boolean;
}

/** What an expression comes to: a number, or a number plus a symbol that the linker places, perhaps minus another. */
export interface ResolvedValue {
  readonly plus: AssemblySymbol | null;
  readonly minus: AssemblySymbol | null;
  readonly number: Integer;
}

/** What few symbols have. */
class SymbolExtras {
  versionedName: string | null = null;
  register: Register | null = null;
  size: Expression | null = null;
  alignment = 0;
  commonSize = 0;
  visibility: number = STV.DEFAULT;
  successor: AssemblySymbol | null = null;
  weakReference: AssemblySymbol | null = null;
}

/** Read of symbols that have nothing of it; never written to. */
const NO_EXTRAS = new SymbolExtras();

const IS_GLOBAL = 1 << 0;
const IS_WEAK = 1 << 1;
const IS_LOCAL = 1 << 2;
const IS_UNIQUE = 1 << 3;
const USED_IN_RELOCATION = 1 << 4;
const IS_USED = 1 << 5;
const IS_VOLATILE = 1 << 6;
const IS_ADDRESS = 1 << 7;
const IS_FORWARD = 1 << 8;
const IS_LISTED = 1 << 9;
const IS_TEMPORARY = 1 << 10;
const IS_RESOLVING = 1 << 11;
const IS_UNNEEDED = 1 << 14;
const IS_WEAK_TARGET = 1 << 13;
const HAS_INHERITED_SIZE = 1 << 12;

function withFlag(flags: number, flag: number, value: boolean): number {
  return value ? flags | flag : flags & ~flag;
}

export class AssemblySymbol implements ResolvedValue {
  readonly #name: SymbolName;
  /**
   * Where the value belongs: a section of the file, or one of the special ones: undefined, absolute, register, common,
   * or expression, when only `expression` says it.
   */
  section: Section;
  /** The piece of the section that the symbol stands in; none outside real sections. */
  fragment: number = NO_FRAGMENT;
  /** Offset in the fragment, absolute value, or size of a common block. */
  value: Integer = 0;
  /** What the symbol was equated to, where that was not known at once. */
  expression: Expression | null = null;
  type: number = STT.NOTYPE;
  /** What it comes to, once that is known: a place comes to itself. */
  resolved: ResolvedValue | null = null;
  /** Where it was defined, or first named while it is not. */
  frame: SourceFrame | null = null;
  offset = 0;
  /** Index in the symbol table of the file, when written. */
  index = 0;
  #flags = 0;
  #extras = NO_EXTRAS;

  constructor(name: SymbolName, section: Section) {
    this.#name = name;
    this.section = section;
  }

  get name(): string {
    return this.#name.text;
  }

  /** Whether that is its name: most are ruled out by their lengths, and need no text. */
  isCalled(name: string): boolean {
    return this.#name.length === name.length && this.#name.text === name;
  }

  /** Local names of compilers and numeric labels: not in the symbol table unless a relocation needs them. */
  get hasLocalName(): boolean {
    return this.#name.isLocalName;
  }

  get plus(): AssemblySymbol {
    return this;
  }

  get minus(): null {
    return null;
  }

  get number(): number {
    return 0;
  }

  /** Static: a private method would take eight bytes in each symbol. */
  static #ownExtras(symbol: AssemblySymbol): SymbolExtras {
    if (symbol.#extras === NO_EXTRAS) symbol.#extras = new SymbolExtras();
    return symbol.#extras;
  }

  get isGlobal(): boolean {
    return (this.#flags & IS_GLOBAL) !== 0;
  }

  set isGlobal(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_GLOBAL, value);
  }

  get isWeak(): boolean {
    return (this.#flags & IS_WEAK) !== 0;
  }

  set isWeak(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_WEAK, value);
  }

  /** Said by `.local`. */
  get isLocal(): boolean {
    return (this.#flags & IS_LOCAL) !== 0;
  }

  set isLocal(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_LOCAL, value);
  }

  /** There is one of it in the whole process, whatever libraries have it too (`@gnu_unique_object`). */
  get isUnique(): boolean {
    return (this.#flags & IS_UNIQUE) !== 0;
  }

  set isUnique(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_UNIQUE, value);
  }

  /** A relocation names it. */
  get usedInRelocation(): boolean {
    return (this.#flags & USED_IN_RELOCATION) !== 0;
  }

  set usedInRelocation(value: boolean) {
    this.#flags = withFlag(this.#flags, USED_IN_RELOCATION, value);
  }

  /** An expression names it. */
  get isUsed(): boolean {
    return (this.#flags & IS_USED) !== 0;
  }

  set isUsed(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_USED, value);
  }

  /** Set by `.set` or `=`: may be given another value, and former uses keep the old one. */
  get isVolatile(): boolean {
    return (this.#flags & IS_VOLATILE) !== 0;
  }

  set isVolatile(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_VOLATILE, value);
  }

  /** Set to `offset x` in Intel syntax: that address where it is named first, and in no symbol table. */
  get isAddress(): boolean {
    return (this.#flags & IS_ADDRESS) !== 0;
  }

  set isAddress(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_ADDRESS, value);
  }

  /** Set by `.eqv` or `==`: evaluated again at each use. */
  get isForward(): boolean {
    return (this.#flags & IS_FORWARD) !== 0;
  }

  set isForward(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_FORWARD, value);
  }

  /** Stands in the list of symbols: local names only once something needs them there. */
  get isListed(): boolean {
    return (this.#flags & IS_LISTED) !== 0;
  }

  set isListed(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_LISTED, value);
  }

  /** Made up by the assembler: never in the symbol table. */
  get isTemporary(): boolean {
    return (this.#flags & IS_TEMPORARY) !== 0;
  }

  set isTemporary(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_TEMPORARY, value);
  }

  /** Its value is being worked out: meeting it again is a loop. */
  get isResolving(): boolean {
    return (this.#flags & IS_RESOLVING) !== 0;
  }

  set isResolving(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_RESOLVING, value);
  }

  /** The size is that of what the symbol was equated to. */
  get hasInheritedSize(): boolean {
    return (this.#flags & HAS_INHERITED_SIZE) !== 0;
  }

  set hasInheritedSize(value: boolean) {
    this.#flags = withFlag(this.#flags, HAS_INHERITED_SIZE, value);
  }

  /** Named by `.weakref` and nothing else so far: weak, and in no table unless an alias is used. */
  get isWeakTarget(): boolean {
    return (this.#flags & IS_WEAK_TARGET) !== 0;
  }

  set isWeakTarget(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_WEAK_TARGET, value);
  }

  /** Nothing names it but a directive that says something about it: in no symbol table. */
  get isUnneeded(): boolean {
    return (this.#flags & IS_UNNEEDED) !== 0;
  }

  set isUnneeded(value: boolean) {
    this.#flags = withFlag(this.#flags, IS_UNNEEDED, value);
  }

  /** Name in the file where a version replaces the plain name (`.symver`); null for `name`. */
  get versionedName(): string | null {
    return this.#extras.versionedName;
  }

  set versionedName(value: string | null) {
    if (value !== this.#extras.versionedName) AssemblySymbol.#ownExtras(this).versionedName = value;
  }

  get register(): Register | null {
    return this.#extras.register;
  }

  set register(value: Register | null) {
    if (value !== this.#extras.register) AssemblySymbol.#ownExtras(this).register = value;
  }

  /** Said by `.size`. */
  get size(): Expression | null {
    return this.#extras.size;
  }

  set size(value: Expression | null) {
    if (value !== this.#extras.size) AssemblySymbol.#ownExtras(this).size = value;
  }

  /** Alignment of a common block in bytes. */
  get alignment(): number {
    return this.#extras.alignment;
  }

  set alignment(value: number) {
    if (value !== this.#extras.alignment) AssemblySymbol.#ownExtras(this).alignment = value;
  }

  /** Bytes of a block that `.comm` or `.lcomm` placed in `.bss`; 0 for others. */
  get commonSize(): number {
    return this.#extras.commonSize;
  }

  set commonSize(value: number) {
    if (value !== this.#extras.commonSize) AssemblySymbol.#ownExtras(this).commonSize = value;
  }

  get visibility(): number {
    return this.#extras.visibility;
  }

  set visibility(value: number) {
    if (value !== this.#extras.visibility) AssemblySymbol.#ownExtras(this).visibility = value;
  }

  /** The symbol that has its name since it was given another value. */
  get successor(): AssemblySymbol | null {
    return this.#extras.successor;
  }

  set successor(value: AssemblySymbol | null) {
    if (value !== this.#extras.successor) AssemblySymbol.#ownExtras(this).successor = value;
  }

  /** Name of another symbol: this is an alias that vanishes unless that one is needed (`.weakref`). */
  get weakReference(): AssemblySymbol | null {
    return this.#extras.weakReference;
  }

  set weakReference(value: AssemblySymbol | null) {
    if (value !== this.#extras.weakReference) AssemblySymbol.#ownExtras(this).weakReference = value;
  }

  /** It is a label, or not defined so far: to name it is to name its place. */
  get isPlainPlace(): boolean {
    return (
      this.expression === null &&
      this.section.kind !== "absolute" &&
      this.#extras.register === null &&
      (this.#flags & IS_FORWARD) === 0
    );
  }

  /** The linker decides where it is, even if it is defined here. */
  get isExternal(): boolean {
    return (this.#flags & (IS_GLOBAL | IS_WEAK)) !== 0;
  }

  /** What an alias of `.weakref` is an alias of; the symbol itself otherwise. */
  get meant(): AssemblySymbol {
    let symbol: AssemblySymbol = this;
    while (symbol.weakReference !== null) symbol = symbol.weakReference;
    return symbol;
  }

  /** An expression names it, and so whatever it is an alias of. */
  use(): void {
    for (let symbol: AssemblySymbol | null = this; symbol !== null; symbol = symbol.weakReference) symbol.isUsed = true;
  }

  /** A copy that keeps today's value for the uses so far. */
  clone(): AssemblySymbol {
    const copy = new AssemblySymbol(this.#name, this.section);
    copy.fragment = this.fragment;
    copy.value = this.value;
    copy.expression = this.expression;
    copy.type = this.type;
    copy.resolved = this.resolved === this ? copy : this.resolved;
    copy.frame = this.frame;
    copy.offset = this.offset;
    copy.index = this.index;
    copy.#flags = this.#flags;
    if (this.#extras !== NO_EXTRAS) Object.assign(AssemblySymbol.#ownExtras(copy), this.#extras);
    return copy;
  }
}

/** A name that no atom has. */
export function symbolName(text: string): SymbolName {
  return { text, length: text.length, isLocalName: isLocalName(text) };
}

const NO_NAME = symbolName("");

/** A symbol that only expressions name, and no table. */
export function temporarySymbol(section: Section): AssemblySymbol {
  const symbol = new AssemblySymbol(NO_NAME, section);
  symbol.isTemporary = true;
  return symbol;
}

/** The name that a numeric label has in the file, where a relocation needs it: it has a mark in it. */
export function isNumericLabel(name: string): boolean {
  return /[\x01\x02]/.test(name);
}

/** Local names of compilers and numeric labels. */
function isLocalName(name: string): boolean {
  return /^(\.L|[\x01\x02])/.test(name);
}
