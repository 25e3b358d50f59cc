/**
 * Addresses of all sections and the values of the script's symbols: walks the script as often as it takes for them to
 * settle, since a script may use a symbol or SIZEOF before it is known (GNU ld 2.40, "SECTIONS", "Location Counter",
 * "Builtin Functions").
 */

import { alignUp } from "../object/align.ts";
import { DataSegment } from "./data-segment.ts";
import { DotSection } from "./dot-section.ts";
import type { LinkId } from "./explanations.ts";
import type { InputSection } from "./input-section.ts";
import type { LinkProblem } from "./link-problem.ts";
import { DEFAULT_REGION, isOutside, MemoryRegions, overflowMessage, type Region } from "./memory-regions.ts";
import { dropAttributes } from "./object-attributes.ts";
import { DISCARD, type OutputSection, type Piece, type Statement } from "./output-section.ts";
import type { Placement } from "./placement.ts";
import { addressOf, evaluate, fromNumber, type Surroundings, toNumber, type Value } from "./script/evaluate.ts";
import { asksForNothing, movingSymbol } from "./script/idle-moves.ts";
import type { Assignment, Expression, LinkerScript } from "./script/tree.ts";
import { isInFile, isThreadBss, SEC_ALLOC, SEC_CODE, SEC_HAS_CONTENTS, SEC_LOAD } from "./section-flags.ts";
import type { LinkSymbol, SymbolTable } from "./symbols.ts";

export interface LayoutOptions {
  readonly isRelocatable: boolean;
  /** The pages of what is made read-only after loading are kept apart (-z relro). */
  readonly relro: boolean;
  /** Addresses of segments by their names in SEGMENT_START (-Ttext-segment). */
  readonly segmentStart: ReadonlyMap<string, number>;
  /** CONSTANT(MAXPAGESIZE), CONSTANT(COMMONPAGESIZE) */
  readonly pageBytes: number;
  readonly commonPageBytes: number;
  /** A loaded section without a region is an error where a script declares some (not with --no-check-sections). */
  readonly checksRegions: boolean;
  /** PROVIDE statements that took effect before there was a layout. */
  readonly provided: ReadonlySet<Assignment>;
}

const MAX_PASSES = 16;

export class Layout {
  readonly problems: LinkProblem[] = [];
  readonly segment: DataSegment;
  readonly regions: MemoryRegions;
  readonly #placement: Placement;
  readonly #symbols: SymbolTable;
  readonly #script: LinkerScript;
  readonly #options: LayoutOptions;
  /** Symbols that a script gave a value, in any pass and in this one. */
  readonly #assigned = new Set<string>();
  #assignedNow = new Set<string>();
  /** `ADDR .text`: what this pass has found out. */
  #placed = new Set<string>();
  #isPlace = false;
  /** PROVIDE statements that took effect once: they do so again in every pass. */
  readonly #provided: Set<Assignment>;
  #headerBytes = 0;
  #dot = 0;
  #section: OutputSection | null = null;
  readonly #dotSection = new DotSection();
  #isFinal = false;
  #comesFromDot = false;
  /** In the last pass: the size that the section that is laid out had before, which SIZEOF gives to symbols in it. */
  #settledSize: number | null = null;
  /** Symbols that the expression of an assignment names. */
  readonly #namesRead: LinkSymbol[] = [];
  #path: string;

  constructor(placement: Placement, symbols: SymbolTable, script: LinkerScript, options: LayoutOptions) {
    this.#placement = placement;
    this.#symbols = symbols;
    this.#script = script;
    this.#options = options;
    this.#path = script.path;
    this.#provided = new Set(options.provided);
    this.segment = new DataSegment(options.relro && placement.hasRelroInput());
    this.regions = new MemoryRegions([script]);
  }

  /** Lays everything out with so many bytes of headers. Sections that turn out to be empty are left out for good. */
  run(headerBytes: number, isFirst: boolean): void {
    this.#headerBytes = headerBytes;
    if (isFirst && !this.#options.isRelocatable) {
      this.#settle();
      this.#dropEmpty();
    }
    this.#settle();
    dropAttributes(this.#placement.outputs());
  }

  /**
   * A last pass, once the addresses are settled: symbols that are made of their own former values get them, and
   * mistakes are reported.
   */
  finish(): void {
    this.#isFinal = true;
    this.#pass();
    dropAttributes(this.#placement.outputs());
  }

  #settle(): void {
    let before = "";
    for (let pass = 1; pass <= MAX_PASSES; pass++) {
      this.segment.restart();
      this.#pass();
      if (this.segment.adjust(this.#placement.outputs())) this.#pass();
      this.segment.settle();
      const now = this.#state();
      if (now === before) return;
      before = now;
    }
    // A place that is counted from a later one moves on with it, and is reported already.
    if (this.problems.length > 0) return;
    this.#report(1, `the addresses do not settle after ${MAX_PASSES} passes: a symbol depends on itself`, "link");
  }

  #state(): string {
    const sections = this.#placement.outputs().map(({ address, sizeBytes }) => `${address} ${sizeBytes}`);
    const values = [...this.#assigned].map((name) => this.#symbols.get(name)?.value);
    return `${sections.join()};${values.join()}`;
  }

  #dropEmpty(): void {
    for (const section of this.#placement.outputs()) {
      if (section.sizeBytes > 0 || section.keepsEmpty || this.#isKeptByScript(section)) continue;
      if (section.inputs().some(({ isKept }) => isKept)) continue;
      if (!section.updatesDot) section.ignored = true;
      section.excluded = true;
    }
  }

  /** The location counter is assigned in it, and not by one of a few expressions that ask for nothing. */
  #isKeptByScript({ statements }: OutputSection): boolean {
    return statements.some((statement) => {
      if (statement.kind !== "assign" || statement.assignment.name !== ".") return false;
      const { value } = statement.assignment;
      const symbol = movingSymbol(value);
      return symbol === null ? !asksForNothing(value) : this.#symbols.get(symbol)?.address() !== 0;
    });
  }

  #pass(): void {
    this.#dot = 0;
    this.#section = null;
    this.#dotSection.restart();
    this.#assignedNow = new Set();
    this.#placed = new Set();
    this.regions.restart(
      (origin) => this.#number(origin),
      (length) => Math.min(Number(this.#exactly(length)), Number.MAX_SAFE_INTEGER),
    );
    for (const statement of this.#placement.statements) {
      this.#path = statement.kind === "section" || statement.kind === "end" ? this.#script.path : statement.scriptPath;
      if (statement.kind === "assign") {
        this.#assign(statement.assignment);
        this.regions.fallback().current = this.#dot;
      } else if (statement.kind === "end") continue;
      else if (statement.kind === "assert") {
        this.#assert(statement.assertion.condition, statement.assertion.message, statement.assertion.line);
        this.regions.fallback().current = this.#dot;
      } else if (statement.section.exists && statement.section.name !== DISCARD) this.#outputSection(statement.section);
      // ADDR of a section that nothing is in.
      else if (statement.section.command?.address) {
        statement.section.address = this.#number(statement.section.command.address, this.#dot);
        this.#dot = statement.section.address;
      }
    }
    this.#section = null;
  }

  #outputSection(section: OutputSection): void {
    const { command } = section;
    const dotBefore = this.#dot;
    if (section.fixedAddress !== null) this.#dot = section.fixedAddress;
    else if (command?.address) this.#dot = this.#place(command.address, this.#dot);
    else if (command?.overlay?.before) this.#dot = this.#sectionNamed(command.overlay.first)?.address ?? this.#dot;
    const hasAddress =
      section.fixedAddress !== null ||
      (command?.address ?? null) !== null ||
      (command?.overlay?.before ?? null) !== null;
    const region = this.#regionOf(section, hasAddress);
    section.placedIn = region.name;
    if (!hasAddress) this.#checkHome(section, region);
    if (command?.align) section.align = Math.max(section.align, this.#number(command.align, 1));
    let align = 1;
    let dot = this.#dot;
    if (!hasAddress) {
      dot = region.current;
      align = section.align;
    } else if (command?.align) align = this.#number(command.align, 1);
    // Later passes may move what comes after, but not what has its place in the file.
    if (!this.#isFinal) section.address = alignUp(dot, align);
    this.#dot = section.address;
    this.#section = section;
    this.#dotSection.enter(section);
    if (command?.fill && section.fill === null) section.fill = this.fillOf(command.fill);
    this.#fillSection(section);
    this.#section = null;
    this.#placed.add(`ADDR ${section.name}`);
    this.#setLoadAddress(section, region, align, section.address - dot);
    this.#placed.add(`LOADADDR ${section.name}`);
    if (section.ignored) {
      this.#dot = hasAddress ? dot : dotBefore;
      return;
    }
    const advance = isThreadBss(section.flags) && !this.#options.isRelocatable ? 0 : section.sizeBytes;
    this.#dot = section.address + advance;
    // An overlay takes the room of its largest section.
    if (command?.overlay?.isLast)
      this.#dot =
        section.address + Math.max(...command.overlay.names.map((name) => this.#sectionNamed(name)?.sizeBytes ?? 0));
    if ((section.flags & (SEC_ALLOC | SEC_LOAD)) === 0) return;
    region.current = this.#dot;
    this.#checkRegion(region, section, hasAddress, section.address);
    const loadRegion = section.loadRegion ? this.regions.get(section.loadRegion) : null;
    const isLoaded = (section.flags & SEC_LOAD) !== 0 || command?.alignsWithInput === true;
    if (loadRegion && loadRegion !== region && isLoaded) {
      loadRegion.current = section.loadAddress + advance;
      this.#checkRegion(loadRegion, section, false, section.loadAddress);
    }
  }

  /** A section with an address of its own is in no region that it does not name. */
  #regionOf(section: OutputSection, hasAddress: boolean): Region {
    const { region: name } = section;
    if (!name) return (hasAddress ? null : this.regions.forFlags(section.flags)) ?? this.regions.fallback();
    return this.regions.get(name) ?? this.regions.fallback();
  }

  /** Without an address and without a region, though others have some, a section would lie anywhere. */
  #checkHome(section: OutputSection, region: Region): void {
    const isNowhere = (section.flags & SEC_ALLOC) === 0 || isThreadBss(section.flags);
    if (!this.#isFinal || isNowhere || section.ignored || this.#options.isRelocatable) return;
    if (!this.#options.checksRegions || region.name !== DEFAULT_REGION || !this.regions.hasOthers) return;
    const line = section.command?.line ?? 1;
    this.#report(line, `no memory region is given for the loaded section ${section.name}`, "link");
  }

  #checkRegion(region: Region, section: OutputSection, hasAddress: boolean, start: number): void {
    if (!this.#isFinal || !isOutside(region, start) || (region.isFull && !hasAddress)) return;
    region.isFull ||= !hasAddress;
    this.#report(section.command?.line ?? 1, overflowMessage(region, section.name, hasAddress), "region-overflow");
  }

  #fillSection(section: OutputSection): void {
    const pieces: Piece[] = [];
    let { fill } = section;
    const gap = (sizeBytes: number, before: InputSection | null, after: Statement | null): void => {
      if (sizeBytes > 0)
        pieces.push({ kind: "gap", offset: this.#dot - section.address, sizeBytes, fill, before, after });
      this.#dot += sizeBytes;
    };
    const subalign = section.command?.subalign ? this.#number(section.command.subalign, 1) : null;
    const settledSize = this.#isFinal ? section.sizeBytes : null;
    section.sizeBytes = 0;
    for (const statement of section.statements) {
      if (statement.kind === "wild") {
        for (const input of statement.sections) {
          // All of its strings lie in other sections now.
          if (input.isStripped || (input.moved !== null && input.sizeBytes === 0)) {
            input.offset = this.#dot - section.address;
            continue;
          }
          if (subalign !== null) input.align = Math.max(1, subalign);
          section.align = Math.max(section.align, input.align);
          gap(alignUp(this.#dot, input.align) - this.#dot, input, null);
          input.offset = this.#dot - section.address;
          pieces.push({ kind: "input", section: input });
          this.#dot += input.sizeBytes;
          section.sizeBytes = this.#dot - section.address;
        }
      } else if (statement.kind === "assign") {
        const before = this.#dot;
        const isDot = statement.assignment.name === ".";
        if (!isDot) this.#settledSize = settledSize;
        this.#assign(statement.assignment);
        this.#settledSize = null;
        if (!isDot && (!statement.assignment.mode.startsWith("provide") || this.#provided.has(statement.assignment)))
          section.updatesDot = true;
        if (isDot && this.#dot > before) {
          const size = this.#dot - before;
          this.#dot = before;
          gap(size, null, statement);
          if (!section.command?.noalloc) section.flags |= SEC_ALLOC;
          section.sizeBytes = this.#dot - section.address;
        }
      } else if (statement.kind === "assert") this.#assert(statement.condition, statement.message, statement.line);
      else if (statement.kind === "fill") fill = this.fillOf(statement.value);
      else {
        // The bytes are made after the layout; this finds what has no value.
        this.#exactly(statement.statement.value);
        pieces.push({ kind: "data", statement: statement.statement, offset: this.#dot - section.address });
        this.#dot += statement.statement.sizeBytes;
        section.sizeBytes = this.#dot - section.address;
      }
    }
    section.pieces = pieces;
  }

  /** Pattern of a fill: all digits of a number in hexadecimal, the four bytes of any other value; big end first. */
  fillOf(expression: Expression): Uint8Array {
    const digits =
      expression.kind === "number" && expression.digits !== undefined
        ? expression.digits
        : (this.#number(expression) >>> 0).toString(16).padStart(8, "0");
    const padded = digits.length % 2 === 0 ? digits : `0${digits}`;
    return Uint8Array.from({ length: padded.length / 2 }, (_, index) =>
      parseInt(padded.slice(2 * index, 2 * index + 2), 16),
    );
  }

  /** A section of the script that nothing is in. */
  #emptyNamed(name: string): OutputSection | null {
    for (const statement of this.#placement.statements)
      if (statement.kind === "section" && statement.section.name === name && statement.section.command?.address)
        return statement.section;
    return null;
  }

  #sectionNamed(name: string): OutputSection | null {
    const sections = this.#placement.outputs().filter((section) => section.name === name);
    return sections.find(({ ignored }) => !ignored) ?? sections[0] ?? this.#emptyNamed(name);
  }

  /** Where a section is to lie. What of others counts are places that the script has given by now, as with GNU ld. */
  #place(expression: Expression, otherwise: number): number {
    this.#isPlace = true;
    const address = this.#number(expression, otherwise);
    this.#isPlace = false;
    return address;
  }

  /** `gapBytes`: what the alignment of the address skipped. */
  #setLoadAddress(section: OutputSection, region: Region, align: number, gapBytes: number): void {
    const { command } = section;
    const loadRegion = section.loadRegion ? this.regions.get(section.loadRegion) : null;
    section.loadAddress = section.address;
    const last = region.last;
    if (command?.loadAddress) section.loadAddress = this.#place(command.loadAddress, section.address);
    else if (loadRegion && command?.alignsWithInput) section.loadAddress = loadRegion.current + gapBytes;
    else if (loadRegion)
      section.loadAddress = alignUp(
        loadRegion.current,
        loadRegion !== region ? (command?.align ? this.#number(command.align, 1) : 1) : align,
      );
    else if (last && (section.flags & SEC_ALLOC) !== 0) {
      const isBackwards =
        section.address < last.address &&
        section.sizeBytes !== 0 &&
        section.address + section.sizeBytes <= last.address;
      // A section of an overlay is loaded after what came before it, any other one as far from its address as that.
      const follows = command?.overlay?.before
        ? last.loadAddress + last.sizeBytes
        : section.address + last.loadAddress - last.address;
      if (!isBackwards) section.loadAddress = alignUp(follows, align);
    }
    // Zeros of each thread take no room: what follows lies at their address.
    const isIgnored = (section.flags & SEC_ALLOC) === 0 || isThreadBss(section.flags);
    const counts =
      section.sizeBytes !== 0 ||
      (last === null && section.address !== section.loadAddress) ||
      (last !== null && section.address >= last.address);
    const beginsOverlay = command?.overlay?.before === null;
    if (((!isIgnored && counts) || beginsOverlay) && !loadRegion && !this.#options.isRelocatable) region.last = section;
  }

  #assert(condition: Expression, message: string, line: number): void {
    const value = evaluate(condition, this.#around());
    if (this.#isFinal && (value === null || value.value === 0n)) this.#report(line, message, "script-assertion");
  }

  #assign(assignment: Assignment): void {
    const { name, value: expression, mode, line } = assignment;
    this.#dotSection.assign(name, this.#section === null);
    if (name === ".") {
      const value = evaluate(expression, this.#around());
      if (value !== null) this.#moveDot(value, line);
      return;
    }
    const known = this.#symbols.get(name);
    // A name that is referred to and not defined, or that this very statement defined before.
    if (
      mode.startsWith("provide") &&
      !this.#provided.has(assignment) &&
      !(known?.isReferenced && !known.isDefined && known.state !== "common")
    ) {
      // What an object defines is hidden all the same.
      if (known && mode === "provide-hidden") known.isForcedLocal = true;
      return;
    }
    this.#comesFromDot = false;
    this.#namesRead.length = 0;
    const value = evaluate(expression, this.#around());
    if (value === null) return;
    // Passes are repeated: what grows by its own value may only do so once, unless each pass begins it anew.
    const beginsAnew = known?.isFromScript === true && known.output === null && this.#assignedNow.has(name);
    if (!this.#isFinal && known && this.#namesRead.includes(known) && !beginsAnew) return;
    this.#provided.add(assignment);
    const symbol = this.#symbols.enter(name);
    let home = value.section === "number" ? this.#section : value.section === "absolute" ? null : value.section;
    let offset = toNumber(value.value);
    let scriptAddress: number | null = null;
    // Between sections the location counter belongs to the section before, or to the next one when it was moved; but
    // only in the table of symbols.
    if (home === null && this.#comesFromDot) {
      scriptAddress = offset;
      home = this.#dotSection.find(this.#placement.outputs());
      if (home) offset -= home.address;
    }
    if (!symbol.isFromScript && (symbol.isDefined || symbol.state === "common")) symbol.isOverridden = true;
    symbol.state = "defined";
    symbol.isFromScript = true;
    symbol.object = null;
    symbol.section = null;
    symbol.output = home;
    symbol.value = offset;
    symbol.scriptAddress = scriptAddress;
    // A value made of one symbol has that symbol's attributes.
    if (this.#namesRead.length === 1) {
      symbol.type = this.#namesRead[0]!.type;
      symbol.visibility = this.#namesRead[0]!.visibility;
    }
    if (mode.includes("hidden")) symbol.isForcedLocal = true;
    this.#assigned.add(name);
    this.#assignedNow.add(name);
  }

  #moveDot(value: Value, line: number): void {
    let target =
      typeof value.section === "object"
        ? addressOf(value)
        : value.section === "absolute"
          ? toNumber(value.value)
          : toNumber(value.value) + (this.#section?.address ?? 0);
    // The upper end of the 64-bit address space is that of the 32-bit one.
    if (target < 0 && target >= -(2 ** 31)) target += 2 ** 32;
    if (this.#section && target < this.#dot) {
      if (this.#isFinal)
        this.#report(
          line,
          `the location counter moves backwards in ${this.#section.name}, from ${hex(this.#dot)} to ${hex(target)}`,
          "link",
        );
      return;
    }
    if (!Number.isFinite(target) || target < 0 || target > 2 ** 32) {
      if (this.#isFinal)
        this.#report(
          line,
          `the location counter leaves the address space: ${target < 0 ? "-" : ""}0x${Math.abs(target).toString(16)}`,
          "link",
        );
      return;
    }
    this.#dot = target;
  }

  /** An address, a size or an alignment. Negative ones are of the upper half of the 32 bits. */
  #number(expression: Expression, otherwise = 0): number {
    const value = evaluate(expression, this.#around());
    if (value === null) return otherwise;
    const address = addressOf(value);
    return address >= 0 ? address : Number(BigInt.asUintN(32, fromNumber(address)));
  }

  /** All 64 bits of a value; 0 while it is not known. */
  #exactly(expression: Expression): bigint {
    const value = evaluate(expression, this.#around());
    if (value === null) return 0n;
    return BigInt.asUintN(
      64,
      typeof value.section === "object" ? value.value + fromNumber(value.section.address) : value.value,
    );
  }

  /** The bytes that the script's data statements put into a section: expressions that count as outside of all. */
  dataOf(section: OutputSection): { offset: number; bytes: Uint8Array }[] {
    const data = section.pieces.flatMap((piece) => {
      if (piece.kind !== "data") return [];
      const { sizeBytes, value } = piece.statement;
      const bytes = new Uint8Array(sizeBytes);
      this.#dot = section.address + piece.offset;
      const result = this.#exactly(value);
      for (let i = 0; i < sizeBytes; i++) bytes[i] = Number((result >> BigInt(8 * i)) & 0xffn);
      return [{ offset: piece.offset, bytes }];
    });
    return data;
  }

  /** Whether a PROVIDE took effect. */
  wasProvided(assignment: Assignment): boolean {
    return this.#provided.has(assignment);
  }

  /**
   * After the layout: the value that an assignment gives the location counter at some place, and the address that it
   * means; null when it has none.
   */
  evaluateDot(
    expression: Expression,
    dot: number,
    section: OutputSection | null,
  ): { readonly value: number; readonly address: number } | null {
    this.#dot = dot;
    this.#section = section;
    const value = evaluate(expression, this.#around());
    this.#section = null;
    if (value === null) return null;
    return {
      value: addressOf(value),
      address: value.section === "number" ? toNumber(value.value) + (section?.address ?? 0) : addressOf(value),
    };
  }

  /** After the layout: the value of data at some place, of 64 bits. */
  exactlyAt(expression: Expression, dot: number): bigint {
    this.#dot = dot;
    return this.#exactly(expression);
  }

  /** A value outside of all sections, after the layout. */
  valueOf(expression: Expression): number {
    return this.#number(expression);
  }

  #report(line: number, message: string, id: LinkId, name?: string): void {
    if (!this.problems.some((problem) => problem.line === line && problem.message === message))
      this.problems.push({ file: this.#path, line, message, id, ...(name === undefined ? {} : { name }) });
  }

  #around(): Surroundings {
    return {
      dot: this.#dot,
      section: this.#section,
      noteDot: (comesFromDot) => void (this.#comesFromDot = comesFromDot),
      headerBytes: this.#headerBytes,
      symbol: (name, line) => {
        const symbol = this.#symbols.get(name);
        if (symbol?.isDefined) {
          this.#namesRead.push(symbol);
          if (symbol.scriptAddress !== null)
            return { value: fromNumber(symbol.scriptAddress), section: this.#section ? "number" : "absolute" };
          const home = symbol.home();
          // Within a section an absolute symbol is a plain number.
          if (!home)
            return {
              value: symbol.section ? 0n : fromNumber(symbol.value),
              section: this.#section ? "number" : "absolute",
            };
          return { value: fromNumber(symbol.address() - home.address), section: home };
        }
        if (this.#isFinal) this.#report(line, `undefined symbol ${name} in an expression`, "undefined-symbol", name);
        // A PROVIDE for it takes effect in the next pass.
        else if (symbol?.state !== "common") this.#symbols.demand(name);
        return null;
      },
      isDefined: (name) => {
        const symbol = this.#symbols.get(name);
        if (symbol === undefined || (!symbol.isDefined && symbol.state !== "common")) return false;
        // What only a script defines is defined from there on.
        return !symbol.isFromScript || symbol.isOverridden || this.#assignedNow.has(name);
      },
      pageBytes: (name) => (name === "COMMONPAGESIZE" ? this.#options.commonPageBytes : this.#options.pageBytes),
      outputSection: (name) => this.#sectionNamed(name),
      isTooEarly: (call, name) => this.#isPlace && !this.#placed.has(`${call} ${name}`),
      sizeOf: (section) => (section === this.#section ? this.#settledSize : null) ?? section.sizeBytes,
      isSectionName: (name) =>
        this.#placement.statements.some((one) => one.kind === "section" && one.section.name === name),
      region: (name, line) => this.regions.named(name, this.#path, line),
      segmentStart: (name) => this.#options.segmentStart.get(name) ?? null,
      dataSegment: (name, first, second) => this.segment.evaluate(name, first, second, this.#dot),
      problem: (line, message, id) => this.#report(line, message, id),
    };
  }
}

/** True when the section has bytes in the file. */
export function hasContent(section: OutputSection): boolean {
  return (section.flags & SEC_HAS_CONTENTS) !== 0 && isInFile(section.flags);
}

export function isCode({ flags }: OutputSection): boolean {
  return (flags & SEC_CODE) !== 0;
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
