/**
 * Gives every input section its place: runs the SECTIONS commands of a linker script over the input sections, as often as
 * it takes for the values of all symbols to settle (a script may use a symbol or SIZEOF before it is known).
 */
import { SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_INIT_ARRAY, SHT_NOBITS, SHT_NOTE, SHT_PREINIT_ARRAY, SHT_PROGBITS } from "./elf.ts";
import type { ElfObject, ElfSection } from "./elf-reader.ts";
import type { Assertion, Assignment, Expression, InputStatement, LinkerScript, OutputSection, SectionPattern } from "./script.ts";

export interface PlacedSection {
  readonly object: ElfObject;
  readonly section: ElfSection;
  /** Bytes from the start of the output section. */
  offset: number;
}

/** Bytes that the script itself puts into a section (`LONG(1)`), or padding of a kind other than zero. */
export interface PlacedData {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface LaidOutSection {
  readonly name: string;
  address: number;
  loadAddress: number;
  sizeBytes: number;
  align: number;
  flags: number;
  /** No content in the file. */
  nobits: boolean;
  readonly inputs: PlacedSection[];
  readonly data: PlacedData[];
}

export interface ScriptSymbol {
  readonly value: number;
  /** Null for an absolute value. */
  readonly section: LaidOutSection | null;
}

export interface LayoutProblem {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export interface Layout {
  readonly sections: readonly LaidOutSection[];
  readonly symbols: ReadonlyMap<string, ScriptSymbol>;
  readonly discarded: ReadonlySet<ElfSection>;
  readonly placed: ReadonlyMap<ElfSection, { readonly output: LaidOutSection; readonly offset: number }>;
  readonly problems: readonly LayoutProblem[];
}

export interface LayoutInput {
  readonly objects: readonly ElfObject[];
  readonly script: LinkerScript;
  /** Address of an output section, whatever the script says (`--section-start`). */
  readonly sectionStart: ReadonlyMap<string, number>;
  /** `--defsym`. */
  readonly defines: ReadonlyMap<string, number>;
  /** Value of a symbol that an object defines, as far as it is placed; undefined when no object defines it. */
  readonly objectSymbol: (name: string, placed: Layout["placed"]) => number | undefined;
  /** Names that objects refer to: a PROVIDE takes effect for these only. */
  readonly referenced: ReadonlySet<string>;
  /** Sections that nothing refers to (`--gc-sections`). */
  readonly unused: ReadonlySet<ElfSection>;
}

const MAX_PASSES = 16;

export function layOut(input: LayoutInput): Layout {
  let symbols = new Map<string, ScriptSymbol>();
  for (let pass = 1; ; pass++) {
    const run = new LayoutPass(input, symbols);
    run.execute();
    const settled = [...run.symbols].every(([name, { value }]) => symbols.get(name)?.value === value) && run.symbols.size === symbols.size;
    symbols = run.symbols;
    if (settled || pass === MAX_PASSES) {
      if (!settled) run.problems.push({ path: input.script.path, line: 1, message: `the addresses do not settle after ${MAX_PASSES} passes: a symbol depends on itself` });
      return run;
    }
  }
}

class LayoutPass implements Layout {
  readonly sections: LaidOutSection[] = [];
  readonly symbols = new Map<string, ScriptSymbol>();
  readonly discarded = new Set<ElfSection>();
  readonly placed = new Map<ElfSection, { output: LaidOutSection; offset: number }>();
  readonly problems: LayoutProblem[] = [];
  private readonly input: LayoutInput;
  private readonly previous: ReadonlyMap<string, ScriptSymbol>;
  private readonly regions = new Map<string, { origin: number; length: number; next: number }>();
  /** Absolute location counter. */
  private dot = 0;
  private current: LaidOutSection | null = null;

  constructor(input: LayoutInput, previous: ReadonlyMap<string, ScriptSymbol>) {
    this.input = input;
    this.previous = previous;
  }

  execute(): void {
    for (const [name, value] of this.input.defines) this.symbols.set(name, { value, section: null });
    for (const region of this.input.script.regions) {
      const origin = this.evaluate(region.origin);
      this.regions.set(region.name, { origin, length: this.evaluate(region.length), next: origin });
    }
    for (const statement of this.input.script.statements) {
      if (statement.kind === "section") this.outputSection(statement);
      else if (statement.kind === "assign") this.assign(statement);
      else this.assert(statement);
    }
    this.orphans();
  }

  private outputSection(statement: OutputSection): void {
    if (statement.name === "/DISCARD/") {
      for (const inner of statement.statements) if (inner.kind === "input") for (const { section } of this.match(inner)) this.discarded.add(section);
      return;
    }
    const inputs = new Map(statement.statements.flatMap((inner) => (inner.kind === "input" ? [[inner, this.match(inner)] as const] : [])));
    const region = statement.region === null ? null : this.regions.get(statement.region);
    if (region === undefined) this.problem(statement.line, `section ${statement.name} goes into region ${statement.region}, which MEMORY does not declare`);
    const align = Math.max(
      statement.align ? this.evaluate(statement.align) : 1,
      ...[...inputs.values()].flatMap((found) => found.map(({ section }) => section.align)),
    );
    const fixed = this.input.sectionStart.get(statement.name) ?? (statement.address ? this.evaluate(statement.address) : undefined);
    if (region && fixed === undefined) this.dot = region.next;
    const address = fixed ?? alignUp(this.dot, align);
    const section: LaidOutSection = {
      name: statement.name, address, loadAddress: statement.loadAddress ? this.evaluate(statement.loadAddress) : address, sizeBytes: 0, align,
      flags: 0, nobits: true, inputs: [], data: [],
    };
    this.dot = address;
    this.current = section;
    for (const inner of statement.statements) {
      if (inner.kind === "assign") this.assign(inner);
      else if (inner.kind === "assert") this.assert(inner);
      else if (inner.kind === "input") for (const found of inputs.get(inner)!) this.place(section, found, statement);
      else if (inner.kind === "data") this.data(section, inner.sizeBytes, this.evaluate(inner.value));
    }
    this.current = null;
    section.sizeBytes = this.dot - address;
    if (statement.noload) section.nobits = true;
    if (section.inputs.length > 0 || section.sizeBytes > 0) this.sections.push(section);
    if (region) {
      region.next = this.dot;
      const over = region.next - region.origin - region.length;
      if (over > 0) this.problem(statement.line, `section ${statement.name} does not fit into region ${statement.region}: ${over} bytes too many`);
    }
    const loadRegion = statement.loadRegion === null ? null : this.regions.get(statement.loadRegion);
    if (loadRegion) {
      section.loadAddress = alignUp(loadRegion.next, align);
      loadRegion.next = section.loadAddress + (section.nobits ? 0 : section.sizeBytes);
    }
  }

  private place(output: LaidOutSection, found: PlacedSection, statement: OutputSection): void {
    if (this.placed.has(found.section)) return;
    this.dot = alignUp(this.dot, statement.subalign ? this.evaluate(statement.subalign) : found.section.align);
    found.offset = this.dot - output.address;
    this.dot += found.section.sizeBytes;
    output.inputs.push(found);
    output.flags |= found.section.flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR);
    if (found.section.type !== SHT_NOBITS) output.nobits = false;
    this.placed.set(found.section, { output, offset: found.offset });
  }

  private data(output: LaidOutSection, sizeBytes: number, value: number): void {
    const bytes = new Uint8Array(sizeBytes);
    for (let i = 0; i < Math.min(sizeBytes, 4); i++) bytes[i] = value >>> (8 * i);
    output.data.push({ offset: this.dot - output.address, bytes });
    output.nobits = false;
    output.flags |= SHF_ALLOC;
    this.dot += sizeBytes;
  }

  /** What no pattern took: allocated sections go behind the last one, the others (debugging) have no address. */
  private orphans(): void {
    for (const object of this.input.objects) {
      for (const section of object.sections) {
        if (this.placed.has(section) || this.discarded.has(section) || !isContent(section) || this.input.unused.has(section)) continue;
        const allocated = (section.flags & SHF_ALLOC) !== 0;
        if (allocated && section.sizeBytes === 0) continue;
        let output = this.sections.find(({ name }) => name === section.name);
        if (!output) {
          const address = allocated ? alignUp(this.dot, section.align) : 0;
          output = { name: section.name, address, loadAddress: address, sizeBytes: 0, align: section.align, flags: 0, nobits: true, inputs: [], data: [] };
          this.sections.push(output);
        }
        const offset = alignUp(output.sizeBytes, section.align);
        output.inputs.push({ object, section, offset });
        output.sizeBytes = offset + section.sizeBytes;
        output.align = Math.max(output.align, section.align);
        output.flags |= section.flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR);
        if (section.type !== SHT_NOBITS) output.nobits = false;
        if (allocated) this.dot = Math.max(this.dot, output.address + output.sizeBytes);
        this.placed.set(section, { output, offset });
      }
    }
  }

  /** Input sections of a statement, in the order of the objects or as SORT says; each only once in the whole script. */
  private match(statement: InputStatement): PlacedSection[] {
    const found: { placed: PlacedSection; pattern: SectionPattern }[] = [];
    for (const object of this.input.objects) {
      if (!globMatch(statement.file, object.path) || statement.exclude.some((glob) => globMatch(glob, object.path))) continue;
      for (const section of object.sections) {
        if (!isContent(section) || this.placed.has(section) || this.discarded.has(section)) continue;
        if (!statement.keep && this.input.unused.has(section)) continue;
        const pattern = statement.patterns.find((candidate) => globMatch(candidate.pattern, section.name) && !candidate.exclude.some((glob) => globMatch(glob, object.path)));
        if (pattern) found.push({ placed: { object, section, offset: 0 }, pattern });
      }
    }
    const sort = statement.patterns[0]?.sort[0];
    if (sort === "name") found.sort((a, b) => (a.placed.section.name < b.placed.section.name ? -1 : a.placed.section.name > b.placed.section.name ? 1 : 0));
    else if (sort === "alignment") found.sort((a, b) => b.placed.section.align - a.placed.section.align);
    else if (sort === "init-priority") found.sort((a, b) => priority(a.placed.section.name) - priority(b.placed.section.name));
    return found.map(({ placed }) => placed);
  }

  private assign(statement: Assignment): void {
    const { name } = statement;
    if (name === ".") {
      const value = this.operate(statement.operator, this.dot - (this.current?.address ?? 0), this.evaluate(statement.value));
      const target = value + (this.current !== null && !this.isAbsolute(statement.value) ? 0 : (this.current?.address ?? 0));
      if (this.current && target < this.dot) this.problem(statement.line, `the location counter moves backwards in ${this.current.name}, from ${hex(this.dot)} to ${hex(target)}`);
      else this.dot = target;
      return;
    }
    const defined = this.input.objectSymbol(name, this.placed) !== undefined;
    if (statement.mode.startsWith("provide") && (defined || !this.input.referenced.has(name))) return;
    const old = this.symbols.get(name)?.value ?? 0;
    this.symbols.set(name, { value: this.operate(statement.operator, old, this.evaluate(statement.value)) >>> 0, section: this.current });
  }

  /** Within a section, `. = 512` counts from the section's start, while `. = ALIGN(16)` and `. = . + 1` yield addresses. */
  private isAbsolute(expression: Expression): boolean {
    switch (expression.kind) {
      case "number": return true;
      case "name": return expression.name !== "." && !this.symbols.get(expression.name)?.section;
      case "unary": return this.isAbsolute(expression.operand);
      case "binary": return this.isAbsolute(expression.left) && this.isAbsolute(expression.right);
      case "conditional": return this.isAbsolute(expression.yes) && this.isAbsolute(expression.no);
      case "call": return !["ALIGN", "ADDR", "LOADADDR", "MAX", "MIN"].includes(expression.name);
    }
  }

  private assert(statement: Assertion): void {
    if (this.evaluate(statement.condition) === 0) this.problem(statement.line, statement.message);
  }

  private operate(operator: string, old: number, value: number): number {
    return operator === "=" ? value : binary(operator.slice(0, -1), old, value);
  }

  private evaluate(expression: Expression): number {
    switch (expression.kind) {
      case "number": return expression.value;
      case "name": return this.name(expression.name, expression.line);
      case "unary": {
        const value = this.evaluate(expression.operand);
        return expression.operator === "-" ? -value : expression.operator === "~" ? ~value >>> 0 : expression.operator === "!" ? Number(value === 0) : value;
      }
      case "binary": {
        const right = this.evaluate(expression.right);
        if ((expression.operator === "/" || expression.operator === "%") && right === 0) {
          this.problem(1, "division by zero");
          return 0;
        }
        return binary(expression.operator, this.evaluate(expression.left), right);
      }
      case "conditional": return this.evaluate(this.evaluate(expression.condition) !== 0 ? expression.yes : expression.no);
      case "call": return this.call(expression.name, expression.args, expression.line);
    }
  }

  private name(name: string, line: number): number {
    if (name === ".") return this.dot;
    const symbol = this.symbols.get(name) ?? this.previous.get(name);
    if (symbol) return symbol.value;
    const value = this.input.objectSymbol(name, this.placed);
    if (value === undefined) this.problem(line, `${name} is not defined`);
    return value ?? 0;
  }

  private call(name: string, args: readonly Expression[], line: number): number {
    const first = args[0];
    const argument = (index: number): number => (args[index] ? this.evaluate(args[index]) : 0);
    const section = (): LaidOutSection | undefined => this.sections.find((candidate) => first?.kind === "name" && candidate.name === first.name);
    const region = (): { origin: number; length: number } | undefined => (first?.kind === "name" ? this.regions.get(first.name) : undefined);
    switch (name) {
      case "ALIGN": return args.length > 1 ? alignUp(argument(0), argument(1)) : alignUp(this.dot, argument(0));
      case "SIZEOF": return section()?.sizeBytes ?? 0;
      case "ADDR": return section()?.address ?? 0;
      case "LOADADDR": return section()?.loadAddress ?? 0;
      case "ALIGNOF": return section()?.align ?? 1;
      case "MAX": return Math.max(argument(0), argument(1));
      case "MIN": return Math.min(argument(0), argument(1));
      case "ABSOLUTE": return argument(0);
      case "ORIGIN": return region()?.origin ?? 0;
      case "LENGTH": return region()?.length ?? 0;
      case "DEFINED": return Number(first?.kind === "name" && (this.symbols.has(first.name) || this.input.objectSymbol(first.name, this.placed) !== undefined));
      case "SIZEOF_HEADERS": return 0;
      case "SEGMENT_START": return argument(1);
      default:
        this.problem(line, `unknown function ${name}`);
        return 0;
    }
  }

  private problem(line: number, message: string): void {
    this.problems.push({ path: this.input.script.path, line, message });
  }
}

export function alignUp(value: number, align: number): number {
  return align > 1 ? Math.ceil(value / align) * align : value;
}

function isContent(section: ElfSection): boolean {
  return section.type === SHT_PROGBITS || section.type === SHT_NOBITS || section.type === SHT_NOTE || (section.type >= SHT_INIT_ARRAY && section.type <= SHT_PREINIT_ARRAY);
}

function priority(name: string): number {
  const match = /\.(\d+)$/.exec(name);
  return match ? Number(match[1]) : Number.MAX_SAFE_INTEGER;
}

function binary(operator: string, left: number, right: number): number {
  switch (operator) {
    case "+": return left + right;
    case "-": return left - right;
    case "*": return left * right;
    case "/": return Math.trunc(left / right);
    case "%": return left % right;
    case "<<": return right > 31 ? 0 : (left << right) >>> 0;
    case ">>": return right > 31 ? 0 : left >>> right;
    case "&": return (left & right) >>> 0;
    case "|": return (left | right) >>> 0;
    case "==": return Number(left === right);
    case "!=": return Number(left !== right);
    case "<": return Number(left < right);
    case ">": return Number(left > right);
    case "<=": return Number(left <= right);
    case ">=": return Number(left >= right);
    case "&&": return Number(left !== 0 && right !== 0);
    case "||": return Number(left !== 0 || right !== 0);
    default: throw new Error(`operator ${operator} has no meaning here`);
  }
}

const globs = new Map<string, RegExp>();

/** Shell-like patterns: `*` also matches `/` (GNU ld manual, "Input Section Wildcards"). */
export function globMatch(glob: string, text: string): boolean {
  if (glob === "*") return true;
  let expression = globs.get(glob);
  if (!expression) {
    const source = glob.replace(/[\\^$+.()|{}]/g, "\\$&").replace(/\*/g, "[^]*").replace(/\?/g, "[^]").replace(/\[!/g, "[^");
    expression = new RegExp(`^${source}$`);
    globs.set(glob, expression);
  }
  return expression.test(text);
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
