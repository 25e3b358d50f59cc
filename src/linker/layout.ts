/**
 * Addresses of all sections and the values of the script's symbols: walks the script as often as it takes for them to settle, since
 * a script may use a symbol or SIZEOF before it is known (GNU ld 2.40, "SECTIONS", "Location Counter", "Builtin Functions").
 */
import { addressOf, alignUp, calculate, evaluate, type Surroundings, type Value } from "./evaluate.ts";
import type { OutputSection, Piece } from "./output-section.ts";
import type { Placement } from "./placement.ts";
import { SEC_ALLOC, SEC_CODE, SEC_DATA, SEC_HAS_CONTENTS, SEC_LOAD, SEC_READONLY, isThreadBss } from "./section-flags.ts";
import type { Assignment, Expression, LinkerScript } from "./script.ts";
import type { LinkSymbol, SymbolTable } from "./symbols.ts";

export { alignUp } from "./evaluate.ts";

export interface LayoutProblem {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export interface LayoutOptions {
  readonly isRelocatable: boolean;
  /** The pages of what is made read-only after loading are kept apart (-z relro). */
  readonly relro: boolean;
  /** Addresses of segments by their names in SEGMENT_START (-Ttext-segment). */
  readonly segmentStart: ReadonlyMap<string, number>;
  /** Orphans whose names are C identifiers get __start_ and __stop_ symbols. */
  readonly checkRegions: boolean;
}

interface Region {
  readonly name: string;
  readonly origin: number;
  readonly length: number;
  current: number;
  /** The last section that was placed in it, for the load addresses of those that follow. */
  last: OutputSection | null;
  isFull: boolean;
}

type SegmentPhase = "none" | "align" | "relro" | "end" | "done" | "adjust" | "relro-adjust";

const PAGE_BYTES = 0x1000;
const MAX_PASSES = 16;

export class Layout {
  readonly problems: LayoutProblem[] = [];
  /** Addresses of the part that becomes read-only after loading; equal when there is none. */
  relroStart = 0;
  relroEnd = 0;
  private readonly placement: Placement;
  private readonly symbols: SymbolTable;
  private readonly script: LinkerScript;
  private readonly options: LayoutOptions;
  private readonly regions = new Map<string, Region>();
  private readonly assigned = new Set<string>();
  private headerBytes = 0;
  private dot = 0;
  private section: OutputSection | null = null;
  private lastAllocated: OutputSection | null = null;
  private prefersNext = false;
  private isFinal = false;
  private comesFromDot = false;
  /** Symbols that the expression of an assignment names. */
  private readonly namesRead: LinkSymbol[] = [];
  /** -z relro, and something is there to be made read-only. */
  private readonly relro: boolean;
  private readonly segment = { phase: "none" as SegmentPhase, base: 0, end: 0, relroEnd: 0, relroOffset: 0 };
  private path = "";

  constructor(placement: Placement, symbols: SymbolTable, script: LinkerScript, options: LayoutOptions) {
    this.placement = placement;
    this.symbols = symbols;
    this.script = script;
    this.options = options;
    this.path = script.path;
    this.relro = options.relro && placement.hasRelroInput();
  }

  /** Lays everything out with so many bytes of headers. Sections that turn out to be empty are left out for good. */
  run(headerBytes: number, isFirst: boolean): void {
    this.headerBytes = headerBytes;
    this.isFinal = false;
    if (isFirst) {
      this.settle();
      this.dropEmpty();
    }
    this.settle();
    this.isFinal = true;
    this.problems.length = 0;
    this.pass();
  }

  private settle(): void {
    const { segment } = this;
    let before = "";
    for (let pass = 1; pass <= MAX_PASSES; pass++) {
      segment.phase = "none";
      this.pass();
      this.adjustDataSegment();
      const now = this.state();
      if (now === before) return;
      before = now;
    }
    this.report(1, `the addresses do not settle after ${MAX_PASSES} passes: a symbol depends on itself`);
  }

  private state(): string {
    const sections = this.placement.outputs().map(({ address, sizeBytes }) => `${address} ${sizeBytes}`);
    const values = [...this.assigned].map((name) => this.symbols.get(name)?.value);
    return `${sections.join()};${values.join()}`;
  }

  /** The second half of DATA_SEGMENT_ALIGN: the segment's start is moved so that its end, or that of its read-only part, fits a page. */
  private adjustDataSegment(): void {
    const { segment } = this;
    this.relroStart = this.relroEnd = 0;
    if (segment.phase !== "end") return;
    if (this.relro && segment.relroEnd !== 0) {
      let desired = alignUp(segment.relroEnd, PAGE_BYTES) - segment.relroOffset;
      for (const section of this.placement.outputs().reverse()) {
        if (section.excluded || (section.flags & SEC_ALLOC) === 0 || section.address < segment.base || section.address >= segment.relroEnd - segment.relroOffset) continue;
        const end = section.address + (isThreadBss(section.flags) ? 0 : section.sizeBytes);
        desired = Math.floor((section.address + desired - end) / section.align) * section.align;
      }
      segment.base = desired;
      segment.phase = "relro-adjust";
      this.pass();
      this.relroStart = segment.base;
      this.relroEnd = segment.relroEnd;
    } else {
      const first = -segment.base & (PAGE_BYTES - 1);
      const last = segment.end & (PAGE_BYTES - 1);
      const savesPage = first !== 0 && last !== 0 && Math.floor(segment.base / PAGE_BYTES) !== Math.floor(segment.end / PAGE_BYTES) && first + last <= PAGE_BYTES;
      segment.phase = savesPage ? "adjust" : "done";
      if (savesPage) this.pass();
    }
  }

  private dropEmpty(): void {
    for (const section of this.placement.outputs()) {
      if (section.sizeBytes > 0 || section.keepsEmpty) continue;
      if (!section.updatesDot) section.ignored = true;
      section.excluded = true;
    }
  }

  private pass(): void {
    this.dot = 0;
    this.section = null;
    this.lastAllocated = null;
    this.prefersNext = false;
    this.regions.clear();
    this.regions.set("*default*", { name: "*default*", origin: 0, length: 2 ** 32, current: 0, last: null, isFull: false });
    for (const { name, origin, length } of this.script.regions) {
      const start = this.number(origin);
      this.regions.set(name, { name, origin: start, length: this.number(length), current: start, last: null, isFull: false });
    }
    for (const statement of this.placement.statements) {
      if (statement.kind === "section") this.path = this.script.path;
      else this.path = statement.scriptPath;
      if (statement.kind === "assign") {
        if (statement.assignment.name === ".") this.prefersNext = true;
        this.assign(statement.assignment, this.regions.get("*default*")!);
      } else if (statement.kind === "assert") this.assert(statement.assertion.condition, statement.assertion.message, statement.assertion.line);
      else if (statement.section.exists && statement.section.name !== "/DISCARD/") this.outputSection(statement.section);
    }
    this.section = null;
  }

  private outputSection(section: OutputSection): void {
    const { command } = section;
    if (section.fixedAddress !== null) this.dot = section.fixedAddress;
    else if (command?.address) this.dot = this.number(command.address, this.dot);
    const hasAddress = section.fixedAddress !== null || (command?.address ?? null) !== null;
    const region = this.regionOf(section);
    if (command?.align) section.align = Math.max(section.align, this.number(command.align, 1));
    let align = 1;
    let dot = this.dot;
    if (!hasAddress) {
      dot = region.current;
      align = section.align;
    } else if (command?.align) align = section.align;
    section.address = alignUp(dot, align);
    this.dot = section.address;
    this.section = section;
    if (!section.ignored && (section.flags & SEC_ALLOC) !== 0) {
      this.lastAllocated = section;
      this.prefersNext = false;
    }
    if (command?.fill && section.fill === null) section.fill = this.fillOf(command.fill);
    this.fillSection(section);
    this.section = null;
    this.setLoadAddress(section, region, align);
    if (section.ignored) {
      this.dot = dot;
      return;
    }
    const advance = isThreadBss(section.flags) && !this.options.isRelocatable ? 0 : section.sizeBytes;
    this.dot = section.address + advance;
    if ((section.flags & (SEC_ALLOC | SEC_LOAD)) !== 0) {
      region.current = this.dot;
      this.checkRegion(region, section);
    }
    const loadRegion = section.loadRegion ? this.regions.get(section.loadRegion) : undefined;
    if (loadRegion && loadRegion !== region && (section.flags & SEC_LOAD) !== 0) {
      loadRegion.current = section.loadAddress + section.sizeBytes;
      this.checkRegion(loadRegion, section);
    }
  }

  private regionOf(section: OutputSection): Region {
    const { region: name } = section;
    if (!name) return this.regionByFlags(section.flags) ?? this.regions.get("*default*")!;
    const region = this.regions.get(name);
    if (!region) this.report(section.command?.line ?? 1, `section ${section.name} goes into region ${name}, which MEMORY does not declare`);
    return region ?? this.regions.get("*default*")!;
  }

  /** The first region whose attributes a section has, for those that the script puts nowhere. */
  private regionByFlags(flags: number): Region | null {
    if ((flags & (SEC_ALLOC | SEC_LOAD)) === 0) return null;
    // W means written to, which for a section is alloc without read-only or code.
    const isWritable = (flags & (SEC_ALLOC | SEC_READONLY | SEC_CODE)) === SEC_ALLOC;
    const known: Readonly<Record<string, boolean>> = { a: true, r: (flags & SEC_READONLY) !== 0, w: isWritable || (flags & SEC_DATA) !== 0, x: (flags & SEC_CODE) !== 0, l: (flags & SEC_LOAD) !== 0, i: (flags & SEC_LOAD) !== 0 };
    for (const { name, attributes } of this.script.regions) {
      const [wanted, refused] = attributes.toLowerCase().split("!") as [string, string | undefined];
      if ([...wanted].some((letter) => known[letter]) && ![...(refused ?? "")].some((letter) => known[letter])) return this.regions.get(name)!;
    }
    return null;
  }

  private checkRegion(region: Region, section: OutputSection): void {
    const over = region.current - region.origin - region.length;
    if (over > 0 && this.isFinal && !region.isFull && region.name !== "*default*") {
      region.isFull = true;
      this.report(section.command?.line ?? 1, `section ${section.name} does not fit into region ${region.name}: ${over} bytes too many`);
    }
  }

  private fillSection(section: OutputSection): void {
    const pieces: Piece[] = [];
    let { fill } = section;
    const gap = (sizeBytes: number): void => {
      if (sizeBytes > 0) pieces.push({ kind: "gap", offset: this.dot - section.address, sizeBytes, fill });
      this.dot += sizeBytes;
    };
    const subalign = section.command?.subalign ? this.number(section.command.subalign, 1) : null;
    section.sizeBytes = 0;
    for (const statement of section.statements) {
      if (statement.kind === "wild") {
        for (const input of statement.sections) {
          // All of its strings lie in other sections now.
          if (input.isStripped || (input.moved !== null && input.sizeBytes === 0)) {
            input.offset = this.dot - section.address;
            continue;
          }
          if (subalign !== null) input.align = Math.max(1, subalign);
          section.align = Math.max(section.align, input.align);
          gap(alignUp(this.dot, input.align) - this.dot);
          input.offset = this.dot - section.address;
          pieces.push({ kind: "input", section: input });
          this.dot += input.sizeBytes;
          section.sizeBytes = this.dot - section.address;
        }
      } else if (statement.kind === "assign") {
        const before = this.dot;
        const isDot = statement.assignment.name === ".";
        if (!isDot) section.updatesDot = true;
        this.assign(statement.assignment, null);
        if (isDot && this.dot > before) {
          const size = this.dot - before;
          this.dot = before;
          gap(size);
          if (!section.command?.noalloc) section.flags |= SEC_ALLOC;
          section.sizeBytes = this.dot - section.address;
        }
      } else if (statement.kind === "assert") this.assert(statement.condition, statement.message, statement.line);
      else if (statement.kind === "fill") fill = this.fillOf(statement.value);
      else {
        pieces.push({ kind: "data", statement: statement.statement, offset: this.dot - section.address });
        this.dot += statement.statement.sizeBytes;
        section.sizeBytes = this.dot - section.address;
      }
    }
    section.pieces = pieces;
  }

  /** Pattern of a fill: all digits of a number in hexadecimal, the four bytes of any other value; big end first. */
  private fillOf(expression: Expression): Uint8Array {
    const digits = expression.kind === "number" && expression.digits !== undefined ? expression.digits : (this.number(expression) >>> 0).toString(16).padStart(8, "0");
    const padded = digits.length % 2 === 0 ? digits : `0${digits}`;
    return Uint8Array.from({ length: padded.length / 2 }, (_, index) => parseInt(padded.slice(2 * index, 2 * index + 2), 16));
  }

  private setLoadAddress(section: OutputSection, region: Region, align: number): void {
    const { command } = section;
    const loadRegion = section.loadRegion ? this.regions.get(section.loadRegion) : undefined;
    if (section.loadRegion && !loadRegion) this.report(command?.line ?? 1, `section ${section.name} is loaded into region ${section.loadRegion}, which MEMORY does not declare`);
    section.loadAddress = section.address;
    const last = region.last;
    if (command?.loadAddress) section.loadAddress = this.number(command.loadAddress, section.address);
    else if (loadRegion) section.loadAddress = alignUp(loadRegion.current, loadRegion !== region ? (command?.align ? this.number(command.align, 1) : 1) : align);
    else if (last && (section.flags & SEC_ALLOC) !== 0) {
      const isBackwards = section.address < last.address && section.sizeBytes !== 0 && section.address + section.sizeBytes <= last.address;
      if (!isBackwards) section.loadAddress = section.address + last.loadAddress - last.address;
    }
    const isIgnored = (section.flags & SEC_ALLOC) === 0;
    const counts = section.sizeBytes !== 0 || (last === null && section.address !== section.loadAddress) || (last !== null && section.address >= last.address);
    if (!isIgnored && counts && !loadRegion && !this.options.isRelocatable) region.last = section;
  }

  private assert(condition: Expression, message: string, line: number): void {
    const value = evaluate(condition, this.around());
    if (this.isFinal && (value === null || value.value === 0)) this.report(line, message);
  }

  private assign({ name, operator, value: expression, mode, line }: Assignment, region: Region | null): void {
    if (name === ".") {
      let value = evaluate(expression, this.around());
      if (value === null) return;
      if (operator !== "=") value = this.operate(operator, { value: this.dot - (this.section?.address ?? 0), section: this.section ?? "absolute" }, value);
      const target = typeof value.section === "object" ? addressOf(value) : value.section === "absolute" ? value.value : value.value + (this.section?.address ?? 0);
      if (this.section && target < this.dot) {
        if (this.isFinal) this.report(line, `the location counter moves backwards in ${this.section.name}, from ${hex(this.dot)} to ${hex(target)}`);
        return;
      }
      if (!Number.isFinite(target) || target < 0 || target > 2 ** 32) {
        if (this.isFinal) this.report(line, `the location counter leaves the address space: ${target < 0 ? "-" : ""}0x${Math.abs(target).toString(16)}`);
        return;
      }
      this.dot = target;
      if (region) region.current = target;
      return;
    }
    const known = this.symbols.get(name);
    if (mode.startsWith("provide") && !(known && (known.isFromScript ? this.assigned.has(name) : known.isReferenced && !known.isDefined && known.state !== "common"))) return;
    this.comesFromDot = false;
    this.namesRead.length = 0;
    let value = evaluate(expression, this.around());
    if (value === null) return;
    if (operator !== "=") {
      const old = known?.isDefined ? { value: known.section ? known.address() : known.value, section: known.output ?? ("absolute" as const) } : { value: 0, section: "number" as const };
      value = this.operate(operator, old, value);
    }
    const symbol = this.symbols.enter(name);
    let home = value.section === "number" ? this.section : value.section === "absolute" ? null : value.section;
    let offset = value.value;
    // Between sections the location counter belongs to the section before, or to the next one when it was moved.
    if (home === null && this.section === null && this.comesFromDot) {
      home = this.sectionForDot();
      if (home) offset -= home.address;
    }
    symbol.state = "defined";
    symbol.isFromScript = true;
    symbol.object = null;
    symbol.section = null;
    symbol.output = home;
    symbol.value = offset;
    // A value made of one symbol has that symbol's attributes.
    if (this.namesRead.length === 1) {
      symbol.type = this.namesRead[0]!.type;
      symbol.visibility = this.namesRead[0]!.visibility;
    }
    if (mode.includes("hidden")) symbol.isForcedLocal = true;
    this.assigned.add(name);
  }

  private sectionForDot(): OutputSection | null {
    const outputs = this.placement.outputs().filter(({ ignored, excluded, flags }) => !ignored && !excluded && (flags & SEC_ALLOC) !== 0);
    if (this.prefersNext || this.lastAllocated === null) {
      const next = this.lastAllocated === null ? outputs[0] : outputs[outputs.indexOf(this.lastAllocated) + 1];
      if (next) return next;
    }
    return this.lastAllocated ?? outputs[0] ?? null;
  }

  private operate(operator: string, old: Value, value: Value): Value {
    const result = calculate(operator.slice(0, -1), old.value, value.value) ?? 0;
    return { value: result, section: old.section === "number" ? value.section : old.section };
  }

  private number(expression: Expression, otherwise = 0): number {
    const value = evaluate(expression, this.around());
    return value === null ? otherwise : addressOf(value);
  }

  /** The bytes that the script's data statements put into a section. */
  dataOf(section: OutputSection): { offset: number; bytes: Uint8Array }[] {
    this.section = section;
    const data = section.pieces.flatMap((piece) => {
      if (piece.kind !== "data") return [];
      const { sizeBytes, value } = piece.statement;
      const bytes = new Uint8Array(sizeBytes);
      this.dot = section.address + piece.offset;
      const result = this.number(value);
      for (let i = 0; i < sizeBytes; i++) bytes[i] = i < 4 ? result >>> (8 * i) : result < 0 ? 0xff : Math.floor(result / 2 ** (8 * i)) & 0xff;
      return [{ offset: piece.offset, bytes }];
    });
    this.section = null;
    return data;
  }

  /** A value outside of all sections, after the layout. */
  valueOf(expression: Expression): number {
    return this.number(expression);
  }

  private report(line: number, message: string): void {
    if (!this.problems.some((problem) => problem.line === line && problem.message === message)) this.problems.push({ path: this.path, line, message });
  }

  private around(): Surroundings {
    return {
      dot: this.dot,
      section: this.section,
      noteDot: (comesFromDot) => void (this.comesFromDot = comesFromDot),
      headerBytes: this.headerBytes,
      symbol: (name, line) => {
        const symbol = this.symbols.get(name);
        if (symbol?.isDefined) {
          this.namesRead.push(symbol);
          const home = symbol.home();
          if (!symbol.section) return { value: symbol.value, section: symbol.output ?? "absolute" };
          return home ? { value: symbol.address() - home.address, section: home } : { value: 0, section: "absolute" };
        }
        if (this.isFinal) this.report(line, `undefined symbol ${name} in an expression`);
        return null;
      },
      isDefined: (name) => {
        const symbol = this.symbols.get(name);
        return symbol !== undefined && (symbol.isDefined || symbol.state === "common");
      },
      outputSection: (name) => this.placement.outputs().find((section) => section.name === name && !section.ignored) ?? this.placement.outputs().find((section) => section.name === name) ?? null,
      region: (name) => this.regions.get(name) ?? null,
      segmentStart: (name) => this.options.segmentStart.get(name) ?? null,
      dataSegment: (name, first, second) => this.dataSegment(name, first, second),
      problem: (line, message) => this.report(line, message),
    };
  }

  private dataSegment(name: "DATA_SEGMENT_ALIGN" | "DATA_SEGMENT_RELRO_END" | "DATA_SEGMENT_END", first: number, second: number): number {
    const { segment } = this;
    if (name === "DATA_SEGMENT_ALIGN") {
      let result = alignUp(this.dot, first);
      if (segment.phase === "relro-adjust") return segment.base;
      if (segment.phase === "adjust") return second < first ? result + ((this.dot + second - 1) & (first - second)) : result;
      if (!this.relro) result += this.dot & (first - 1);
      if (segment.phase === "none") Object.assign(segment, { phase: "align", base: result, end: 0, relroEnd: 0, relroOffset: 0 });
      return result;
    }
    if (name === "DATA_SEGMENT_RELRO_END") {
      segment.relroOffset = first;
      segment.relroEnd = second + first;
      let result = second;
      if (segment.phase === "relro-adjust" && segment.relroEnd % PAGE_BYTES !== 0) {
        segment.relroEnd = alignUp(segment.relroEnd, PAGE_BYTES);
        result = segment.relroEnd - first;
      }
      if (segment.phase === "align") segment.phase = "relro";
      return result;
    }
    if (segment.phase === "align" || segment.phase === "relro") {
      segment.phase = "end";
      segment.end = first;
    }
    return first;
  }
}

/** True when the section has bytes in the file. */
export function hasContent(section: OutputSection): boolean {
  return (section.flags & SEC_HAS_CONTENTS) !== 0 && (section.flags & (SEC_LOAD | SEC_ALLOC)) !== SEC_ALLOC;
}

export function isCode({ flags }: OutputSection): boolean {
  return (flags & SEC_CODE) !== 0;
}

export function isReadonly({ flags }: OutputSection): boolean {
  return (flags & SEC_READONLY) !== 0;
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
