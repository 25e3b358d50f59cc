/**
 * Symbol resolution: one definition for each global name, whatever order the objects came in (ELF gABI, "Symbol
 * Table").
 */
import { SHN_ABS, SHN_COMMON, SHN_UNDEF, STB_GNU_UNIQUE, STB_WEAK, STT_NOTYPE, STV_DEFAULT } from "../object/elf.ts";
import type { ElfSymbol } from "../object/elf-reader.ts";
import { NO_TEXT, Texts } from "../object/texts.ts";
import type { InputObject, InputSection } from "./input-section.ts";
import { NameOrder } from "./name-order.ts";
import type { OutputSection } from "./output-section.ts";
import { SEC_EXCLUDE } from "./section-flags.ts";

export type SymbolState = "undefined" | "undefined-weak" | "defined" | "weak" | "common";

/** A global name. */
export class LinkSymbol {
  state: SymbolState = "undefined-weak";
  /** Who defines it; null when it is undefined, or when a script or the linker does. */
  object: InputObject | null = null;
  /** The object's section; null for an absolute value. */
  section: InputSection | null = null;
  /** The output section of a value that a script gives; null for an absolute value. */
  output: OutputSection | null = null;
  /** Offset in the section, or the absolute value. */
  value = 0;
  /**
   * Of a place between sections that a script names: the address, which is what the script's expressions count with.
   */
  scriptAddress: number | null = null;
  sizeBytes = 0;
  type = STT_NOTYPE;
  /** There is one of it in a process, whatever libraries define it. */
  isUnique = false;
  visibility = STV_DEFAULT;
  /** Alignment of a common symbol. */
  align = 1;
  /** The object that refers to it without defining it, first; null for the command line. */
  firstReference: InputObject | null = null;
  /** Some object or option names it. */
  isReferenced = false;
  /** A script or the command line gives the value. */
  isFromScript = false;
  /** A script gives a value to what an object defines, too. */
  isOverridden = false;
  /** --gc-sections: nothing that is linked refers to it. */
  isUnused = false;
  /** A further copy of what is linked once defines it, and that copy is not linked. */
  isInLostCopy = false;
  /** --gc-sections: what is linked refers to it, and nobody defines it. */
  isMissed = false;
  /** HIDDEN, PROVIDE_HIDDEN: local in the output. */
  isForcedLocal = false;
  /** Where it stands in the output's table; 0 while it does not. */
  outputIndex = 0;
  readonly #names: Texts;
  readonly #number: number;
  #name: string | null = null;

  /** The name has this number among those of the table. */
  constructor(names: Texts, number: number) {
    this.#names = names;
    this.#number = number;
  }

  get name(): string {
    return (this.#name ??= this.#names.at(this.#number));
  }

  /** Adds the name to others, and returns its number among them. */
  addName(names: Texts): number {
    return names.addFrom(this.#names.bytes, this.#names.starts[this.#number]!);
  }

  get isDefined(): boolean {
    return this.state === "defined" || this.state === "weak";
  }

  /** Address in the output; 0 when the symbol is undefined or its section was thrown away. */
  address(): number {
    if (!this.isDefined) return 0;
    if (this.section) return this.section.addressOf(this.value);
    return (this.output?.address ?? 0) + this.value;
  }

  /** The output section in which it lies; null for an absolute value. */
  home(): OutputSection | null {
    return this.section ? this.section.place(this.value).section.output : this.output;
  }
}

/** Two strong definitions of a name. */
export interface Duplicate {
  readonly symbol: LinkSymbol;
  readonly object: InputObject;
  readonly elf: ElfSymbol;
}

export class SymbolTable {
  readonly duplicates: Duplicate[] = [];
  /** Objects that asked for more memory for a common symbol than those before them. */
  readonly commonObjects = new Set<InputObject>();
  /** Counts names that became undefined: an archive is searched again when it has changed. */
  undefinedCount = 0;
  readonly #names = new Texts();
  /** By the numbers of their names; the empty name has one if somebody asks for it. */
  readonly #symbols: (LinkSymbol | undefined)[] = [undefined];
  readonly #order = new NameOrder(this.#names);
  #walk: readonly LinkSymbol[] = [];
  readonly #keepsExcluded: boolean;

  /** `keepsExcluded`: a partial link, in which sections that no program gets (SHF_EXCLUDE) define names. */
  constructor(keepsExcluded: boolean) {
    this.#keepsExcluded = keepsExcluded;
  }

  get(name: string): LinkSymbol | undefined {
    const number = this.#names.find(name);
    return number === NO_TEXT && name !== "" ? undefined : this.#symbols[number];
  }

  /** The name's symbol, made when it is new. */
  enter(name: string): LinkSymbol {
    return this.#at(this.#names.add(name));
  }

  #at(number: number): LinkSymbol {
    return (this.#symbols[number] ??= new LinkSymbol(this.#names, number));
  }

  /** All of them, in the order in which their names were first seen. */
  all(): LinkSymbol[] {
    return this.#symbols.filter((symbol) => symbol !== undefined);
  }

  /** All of them, in the order in which GNU ld's table of names is walked. */
  walk(): readonly LinkSymbol[] {
    if (this.#walk.length === this.#names.count - Number(this.#symbols[0] === undefined)) return this.#walk;
    const order = this.#order.walk();
    const walk: LinkSymbol[] = [];
    for (let place = 0; place < order.length; place++) {
      const symbol = this.#symbols[order[place]!];
      if (symbol !== undefined) walk.push(symbol);
    }
    return (this.#walk = walk);
  }

  /** A name that must be defined: the entry point, -u, EXTERN. */
  demand(name: string): void {
    const isNew = this.get(name) === undefined;
    const symbol = this.enter(name);
    symbol.isReferenced = true;
    if (isNew || symbol.state === "undefined-weak") {
      symbol.state = "undefined";
      this.undefinedCount++;
    }
  }

  /** Takes in the global symbols of an object. */
  addObject(object: InputObject): void {
    const { table } = object.elf;
    for (const index of table.globals) {
      const number = table.addName(index, this.#names);
      if (number === NO_TEXT) continue;
      const elf = table.at(index)!;
      const isNew = this.#symbols[number] === undefined;
      const symbol = this.#at(number);
      object.globals[index] = symbol;
      const section =
        elf.section === SHN_ABS || elf.section === SHN_COMMON || elf.section === SHN_UNDEF
          ? null
          : (object.sections[elf.section] ?? null);
      const isExcluded = section !== null && !this.#keepsExcluded && (section.flags & SEC_EXCLUDE) !== 0;
      const isLinked = section !== null && !section.isDiscarded && !isExcluded;
      // With --allow-multiple-definition a second definition says nothing of the first.
      const isSecond = isLinked && elf.binding !== STB_WEAK && symbol.state === "defined";
      if (elf.visibility !== STV_DEFAULT && !isSecond)
        symbol.visibility =
          symbol.visibility === STV_DEFAULT ? elf.visibility : Math.min(symbol.visibility, elf.visibility);
      if (section?.isDiscarded && elf.binding !== STB_WEAK) symbol.isInLostCopy = true;
      // A definition in a second copy of a group refers to the first copy.
      if (elf.section === SHN_UNDEF || section?.isDiscarded || isExcluded) this.#reference(symbol, elf, object, isNew);
      else if (elf.section === SHN_COMMON) this.#common(symbol, elf, object, isNew);
      else if (elf.binding === STB_WEAK) this.#weak(symbol, elf, object, section, isNew);
      else this.#strong(symbol, elf, object, section);
    }
  }

  #reference(symbol: LinkSymbol, elf: ElfSymbol, object: InputObject, isNew: boolean): void {
    if (!symbol.isReferenced) symbol.firstReference = object;
    symbol.isReferenced = true;
    if (elf.binding !== STB_WEAK && (isNew || symbol.state === "undefined-weak")) {
      symbol.state = "undefined";
      this.undefinedCount++;
    }
    if (elf.type !== STT_NOTYPE && symbol.type === STT_NOTYPE) symbol.type = elf.type;
  }

  #define(symbol: LinkSymbol, elf: ElfSymbol, object: InputObject, section: InputSection | null): void {
    symbol.object = object;
    symbol.section = section;
    symbol.value = elf.value;
    symbol.isUnique = elf.binding === STB_GNU_UNIQUE;
    if (elf.sizeBytes !== 0) symbol.sizeBytes = elf.sizeBytes;
    if (elf.type !== STT_NOTYPE) symbol.type = elf.type;
  }

  #strong(symbol: LinkSymbol, elf: ElfSymbol, object: InputObject, section: InputSection | null): void {
    if (symbol.state === "defined") {
      const isSameValue = symbol.section === null && section === null && symbol.value === elf.value;
      const isElsewhere = object.isSymbolsAlone || symbol.object?.isSymbolsAlone === true;
      if (!isSameValue && !isElsewhere) this.duplicates.push({ symbol, object, elf });
      return;
    }
    symbol.state = "defined";
    this.#define(symbol, elf, object, section);
  }

  #weak(symbol: LinkSymbol, elf: ElfSymbol, object: InputObject, section: InputSection | null, isNew: boolean): void {
    if (!isNew && symbol.state !== "undefined" && symbol.state !== "undefined-weak") return;
    symbol.state = "weak";
    this.#define(symbol, elf, object, section);
  }

  /** Of several common symbols of one name the largest size and the largest alignment count. */
  #common(symbol: LinkSymbol, elf: ElfSymbol, object: InputObject, isNew: boolean): void {
    if (symbol.state === "defined") return;
    if (symbol.state === "common" && !isNew) {
      symbol.align = Math.max(symbol.align, elf.value);
      if (elf.sizeBytes > symbol.sizeBytes) {
        symbol.sizeBytes = elf.sizeBytes;
        symbol.object = object;
        this.commonObjects.add(object);
      }
      return;
    }
    this.commonObjects.add(object);
    symbol.firstReference ??= object;
    symbol.state = "common";
    symbol.section = null;
    symbol.object = object;
    symbol.sizeBytes = elf.sizeBytes;
    symbol.align = Math.max(1, elf.value);
    if (elf.type !== STT_NOTYPE) symbol.type = elf.type;
  }
}
