/**
 * The sections of an assembly and the place where the next byte goes. All that adds bytes comes through here.
 */

import type { Encoding } from "../../isa/instruction.ts";
import type { AtomTable } from "./atom.ts";
import type { PaddingVariable } from "./branch-padding.ts";
import type { Cursor } from "./cursor.ts";
import { type Expression, Op } from "./expression.ts";
import {
  type AdvanceVariable,
  type AlignVariable,
  type FillVariable,
  FragmentTable,
  Kind,
  type Leb128Variable,
  type OrgVariable,
} from "./fragment.ts";
import * as integer from "./integer.ts";
import { inMebibytes } from "./limits.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { Reporter } from "./reporter.ts";
import { Section, SHF, SHT, type Subsection } from "./section.ts";
import { AssemblySymbol, STT, symbolName } from "./symbol.ts";
import type { SymbolList } from "./symbol-list.ts";

const STACK_NOTE = ".note.GNU-stack";
/** What a section, a fragment and a field to be filled in take in memory up to the end, about. */
const SECTION_BYTES = 3000;
const FRAGMENT_BYTES = 120;
const FIELD_BYTES = 60;

interface Place {
  readonly section: Section;
  readonly number: number;
}

export class Sections {
  readonly #cursor: Cursor;
  readonly #reporter: Reporter;
  readonly #memory: MemoryBudget;
  readonly #symbols: SymbolList;
  /** Of all contents together. */
  readonly #limitBytes: number;
  readonly list: Section[] = [];
  readonly #byName = new Map<string, Section[]>();
  readonly #groups = new Map<string, AssemblySymbol>();
  readonly fragments = new FragmentTable();
  readonly undefined = new Section("*UND*", "undefined", SHT.NULL, 0, this.fragments);
  readonly absolute = new Section("*ABS*", "absolute", SHT.NULL, 0, this.fragments);
  readonly register = new Section("*REG*", "register", SHT.NULL, 0, this.fragments);
  readonly expression = new Section("*EXPR*", "expression", SHT.NULL, 0, this.fragments);
  readonly common = new Section("*COM*", "common", SHT.NULL, 0, this.fragments);
  /** Where bytes go; null in the absolute section (`.struct`), which has a counter only. */
  current: Subsection | null = null;
  absoluteOffset: integer.Integer = 0;
  readonly text: Section;
  readonly data: Section;
  readonly bss: Section;
  #previous: Place | null = null;
  readonly #stack: { place: Place; previous: Place | null }[] = [];
  #totalBytes = 0;

  constructor(cursor: Cursor, reporter: Reporter, memory: MemoryBudget, symbols: SymbolList, limitBytes: number) {
    this.#cursor = cursor;
    this.#reporter = reporter;
    this.#memory = memory;
    this.#symbols = symbols;
    this.#limitBytes = limitBytes;
    this.text = this.make(".text", SHT.PROGBITS, SHF.ALLOC | SHF.EXECINSTR);
    this.data = this.make(".data", SHT.PROGBITS, SHF.ALLOC | SHF.WRITE);
    this.bss = this.make(".bss", SHT.NOBITS, SHF.ALLOC | SHF.WRITE);
    this.current = this.text.subsection(0);
  }

  /** `isListed`: its symbol is in the table from now on, not from the first relocation that needs it. */
  make(name: string, type: number, flags: number, isListed = true): Section {
    const section = new Section(name, "real", type, flags, this.fragments);
    this.#memory.hold(SECTION_BYTES);
    this.list.push(section);
    const namesakes = this.#byName.get(name);
    section.symbol = new AssemblySymbol(symbolName(name), section);
    section.symbol.type = STT.SECTION;
    section.symbol.fragment = section.subsection(0).first;
    if (namesakes === undefined) this.#byName.set(name, [section]);
    else namesakes.push(section);
    if (isListed && namesakes === undefined) this.#symbols.add(section.symbol);
    return section;
  }

  /**
   * Sections of one name are told apart by their group, by the section that they go with, and by a number (`unique,1`)
   * and by the flag R.
   */
  find(
    name: string,
    group: string | null = null,
    linkedTo: string | null = null,
    unique = -1,
    info = 0,
    isRetained = false,
  ): Section | null {
    // Compared as symbols: some compilers put thousands of sections of one name into groups of their own.
    const signature = group === null ? null : this.#groups.get(group);
    if (signature === undefined) return null;
    return (
      this.#byName
        .get(name)
        ?.find(
          (section) =>
            section.group === signature &&
            section.linkedName === linkedTo &&
            section.unique === unique &&
            section.info === info &&
            section.isRetained === isRetained,
        ) ?? null
    );
  }

  /** The note by which a linker knows whether code is to run on the stack; one that the source has loses no flag. */
  noteStack(isExecutable: boolean): void {
    const note = this.find(STACK_NOTE) ?? this.make(STACK_NOTE, SHT.PROGBITS, 0);
    if (isExecutable) note.flags |= SHF.EXECINSTR;
  }

  /**
   * The symbol that a group is named after. It is the source's own of that name, wherever that is mentioned, and only
   * without one it is made, at the end.
   */
  groupSignature(name: string, atoms: AtomTable): AssemblySymbol {
    let symbol = this.#groups.get(name);
    if (symbol === undefined) {
      symbol = atoms.internText(name).symbol ?? new AssemblySymbol(symbolName(name), this.undefined);
      this.#groups.set(name, symbol);
    }
    return symbol;
  }

  /** Settles which symbols the groups are named after. */
  finishGroups(atoms: AtomTable): void {
    for (const section of this.list) {
      if (section.group === null) continue;
      section.group = atoms.internText(section.group.name).symbol ?? section.group;
      this.#symbols.need(section.group);
    }
  }

  /** Settles which sections go with which (flag `o`): to be named there is no mention of a symbol. */
  finishLinks(atoms: AtomTable): void {
    for (const section of this.list) {
      const { linkedName } = section;
      if (linkedName === null) continue;
      const target = this.find(linkedName) ?? atoms.internText(linkedName).symbol?.section;
      if (target?.isReal) section.linkedTo = target;
      else
        this.#reporter.report(
          "error",
          "section-link",
          null,
          0,
          1,
          `section \`${section.name}' goes with \`${linkedName}', which is defined nowhere here`,
          {},
        );
    }
  }

  /**
   * The name of a section is that of its symbol, unless the source has a label of that name: an undefined symbol that
   * was named before turns into it.
   */
  adopt(section: Section, atoms: AtomTable): void {
    const atom = atoms.internText(section.name);
    const known = atom.symbol;
    if (known === null) {
      if (section.symbol!.isListed) atom.symbol = section.symbol;
      return;
    }
    if (known.section.kind !== "undefined" || known.expression !== null || !section.symbol!.isListed) return;
    this.#symbols.remove(section.symbol!);
    known.section = section;
    known.fragment = section.subsection(0).first;
    known.type = STT.SECTION;
    section.symbol = known;
  }

  get place(): Place {
    return this.current === null
      ? { section: this.absolute, number: 0 }
      : { section: this.current.section, number: this.current.number };
  }

  /** Goes on in a section; the one before becomes `.previous`. */
  change(section: Section, number = 0): void {
    this.#previous = this.place;
    this.#enter({ section, number });
  }

  changeSubsection(number: number): void {
    if (this.current !== null) this.change(this.current.section, number);
  }

  /** False when there is no section to go back to. */
  previous(): boolean {
    if (this.#previous === null) return false;
    const target = this.#previous;
    this.#previous = this.place;
    this.#enter(target);
    return true;
  }

  push(): void {
    this.#stack.push({ place: this.place, previous: this.#previous });
  }

  pop(): boolean {
    const top = this.#stack.pop();
    if (top === undefined) return false;
    this.#previous = top.previous;
    this.#enter(top.place);
    return true;
  }

  get stackDepth(): number {
    return this.#stack.length;
  }

  #enter(place: Place): void {
    this.current = place.section.isReal ? place.section.subsection(place.number) : null;
  }

  /** The subsection that bytes go to, with room for `count` more. */
  writable(count: number): Subsection {
    const current = this.current;
    if (current === null)
      return this.#reporter.fail("absolute-contents", "the absolute section holds no bytes: it only counts");
    current.reserve(count);
    return current;
  }

  /** Counts bytes that were asked for against the limit. */
  charge(count: number): void {
    this.#totalBytes += count;
    if (this.#totalBytes > this.#limitBytes || !(count >= 0))
      this.#reporter.fatal("too-large", `the program grows beyond ${inMebibytes(this.#limitBytes)}`);
  }

  bytes(bytes: Uint8Array): void {
    this.charge(bytes.length);
    const current = this.writable(bytes.length);
    current.bytes.set(bytes, current.length);
    current.length += bytes.length;
  }

  /** Counts the memory that fields take which wait for layout. */
  holdFields(count: number): void {
    this.#memory.hold(count * FIELD_BYTES);
  }

  /** A constant, cut to its field. In the absolute section only zeros count. */
  integer(value: integer.Integer, size: number): void {
    if (this.current === null) {
      if (value != 0)
        this.#reporter.fail(
          "absolute-contents",
          "the absolute section holds no bytes: only zeros can be counted there",
        );
      this.absoluteOffset = integer.add(this.absoluteOffset, size);
      return;
    }
    const current = this.writable(size);
    integer.writeInteger(current.bytes, current.length, value, size);
    current.length += size;
  }

  /** Zero bytes, of which no contents are kept one by one where they are many. */
  zeros(count: number): void {
    this.fill(new Uint8Array(1), count);
  }

  fill(pattern: Uint8Array, count: number): void {
    const size = pattern.length * count;
    if (size === 0) return;
    if (this.current === null) {
      this.absoluteOffset = integer.add(this.absoluteOffset, size);
      return;
    }
    this.charge(this.current.section.hasContents ? size : 0);
    if (size > 256) {
      this.filling({ pattern, count, countExpression: null });
      return;
    }
    const current = this.writable(size);
    current.spaces.push(current.length + size);
    current.spaceBytes += size;
    if (pattern.length === 1) current.bytes.fill(pattern[0]!, current.length, current.length + size);
    else for (let i = 0; i < count; i++) current.bytes.set(pattern, current.length + i * pattern.length);
    current.length += size;
  }

  /** Sections of entries end with a whole one, as far as a power of two divides its size. */
  padEntries(): void {
    for (const section of this.list) {
      const { entrySize, flags } = section;
      const power = Math.log2(entrySize & -entrySize);
      if ((flags & SHF.MERGE) === 0 || entrySize === 0 || power === 0) continue;
      for (const { number } of section.ordered) {
        this.change(section, number);
        this.alignment({ power, maximum: 0, fill: new Uint8Array(1), nops: { hasLong: false, isOpen: false } });
      }
    }
  }

  /** Ends the fragment with a part whose size layout decides. */
  #variable(
    kind: number,
    variable:
      | Encoding
      | AlignVariable
      | OrgVariable
      | FillVariable
      | Leb128Variable
      | AdvanceVariable
      | PaddingVariable,
  ): void {
    const current = this.writable(0);
    this.#memory.hold(FRAGMENT_BYTES);
    this.fragments.setVariable(current.last, kind, variable, this.#cursor.frame, this.#cursor.statementOffset);
    current.advance();
  }

  /** A jump whose length depends on its distance. */
  branch(short: Encoding, target: Expression, relocation: number, operandOffset: number): void {
    this.fragments.setTarget(this.writable(0).last, target, relocation, operandOffset);
    this.#variable(Kind.BRANCH, short);
  }

  alignment(variable: AlignVariable): void {
    this.writable(0).region++;
    this.#variable(Kind.ALIGN, variable);
  }

  origin(variable: OrgVariable): void {
    this.writable(0).region++;
    this.#variable(Kind.ORG, variable);
  }

  filling(variable: FillVariable): void {
    this.#variable(Kind.FILL, variable);
  }

  leb128(variable: Leb128Variable, value: Expression): void {
    this.fragments.setTarget(this.writable(0).last, value, 0, value.offset);
    this.#variable(Kind.LEB128, variable);
  }

  advance(variable: AdvanceVariable): void {
    this.#variable(Kind.ADVANCE, variable);
  }

  /** A place before an instruction for bytes that keep a branch off a boundary. */
  padding(variable: PaddingVariable): void {
    this.#variable(Kind.PADDING, variable);
  }

  /** What follows is a fragment of its own, which layout can tell from what came before. */
  endFragment(): void {
    const { current } = this;
    if (current === null || current.position === 0) return;
    this.#memory.hold(FRAGMENT_BYTES);
    current.advance();
  }

  /** A field that layout or the linker fills in, at the current place. */
  field(expression: Expression, size: number, relocation: number): void {
    if (expression.op === Op.CONSTANT && relocation === 0) {
      this.integer(expression.number, size);
      return;
    }
    const current = this.writable(size);
    this.#memory.hold(FIELD_BYTES);
    current.fixups.add(
      current.length,
      size,
      expression,
      false,
      size,
      false,
      relocation,
      true,
      this.#cursor.frame,
      expression.offset,
    );
    current.bytes.fill(0, current.length, current.length + size);
    current.length += size;
  }
}
