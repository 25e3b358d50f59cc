/**
 * Links objects into an image at fixed addresses: resolves symbols, lays the sections out as the script says, applies the
 * relocations. The result keeps the relocations, so that a relocatable kernel image can be made of it.
 */
import { R_386_NONE, RELOCATION_TYPES, SHF_ALLOC, SHF_EXECINSTR, SHN_ABS, SHN_COMMON, SHN_UNDEF, SHT_NOBITS, STB_LOCAL, STB_WEAK, STT_FILE, STT_SECTION } from "./elf.ts";
import type { ElfObject, ElfRelocation, ElfSection, ElfSymbol } from "./elf-reader.ts";
import { hex, layOut, type LaidOutSection, type Layout } from "./layout.ts";
import { sourceLocation } from "./line-table.ts";
import type { LinkerScript } from "./script.ts";
import { resolveSymbols, type GlobalSymbols } from "./symbols.ts";

export interface LinkOptions {
  readonly objects: readonly ElfObject[];
  readonly script: LinkerScript;
  /** Name of the entry point; the script's ENTRY when absent. */
  readonly entry?: string;
  readonly defines?: ReadonlyMap<string, number>;
  readonly sectionStart?: ReadonlyMap<string, number>;
}

/** Something that is wrong with the program, at the source line that shows it where a line table tells. */
export interface LinkProblem {
  readonly file: string;
  /** Zero when it is not known. */
  readonly line: number;
  readonly message: string;
}

/** A relocation that was applied, for those who relocate again. */
export interface AppliedRelocation {
  /** Offset in the output section. */
  readonly offset: number;
  readonly type: number;
  /** The output section in which the symbol lies; null for an absolute value. */
  readonly target: LinkedSection | null;
}

export interface LinkedSection {
  readonly name: string;
  readonly address: number;
  readonly loadAddress: number;
  readonly sizeBytes: number;
  readonly align: number;
  readonly flags: number;
  /** Without content in the file (bss). */
  readonly nobits: boolean;
  /** Empty when nobits. */
  readonly content: Uint8Array;
  readonly relocations: readonly AppliedRelocation[];
  /** What lies in it, for the map. */
  readonly inputs: readonly { readonly path: string; readonly name: string; readonly offset: number; readonly sizeBytes: number }[];
}

export interface LinkedSymbol {
  readonly name: string;
  readonly value: number;
  readonly sizeBytes: number;
  readonly binding: number;
  readonly type: number;
  /** Null for an absolute symbol. */
  readonly section: LinkedSection | null;
  /** The object or script that defines it. */
  readonly path: string;
}

export interface Linked {
  readonly entry: number;
  readonly sections: readonly LinkedSection[];
  readonly symbols: readonly LinkedSymbol[];
}

export type LinkResult = { readonly linked: Linked; readonly problems: readonly [] } | { readonly linked: null; readonly problems: readonly LinkProblem[] };

/** Never throws for what is in the objects: all problems come back at once. */
export function link(options: LinkOptions): LinkResult {
  const globals = resolveSymbols(options.objects);
  const problems: LinkProblem[] = globals.problems.map(({ object, symbol, other }) => ({
    ...whereDefined(object, symbol),
    message: `${symbol.name} is defined twice; the other definition is in ${describe(whereDefined(other.object, other.symbol))}`,
  }));
  const objects = [...options.objects, ...commonObject(globals)];
  const resolved = objects.length > options.objects.length ? resolveSymbols(objects) : globals;
  const layout = layOut({
    objects, script: options.script, sectionStart: options.sectionStart ?? new Map(), defines: options.defines ?? new Map(),
    objectSymbol: (name, placed) => {
      const definition = resolved.definitions.get(name);
      return definition ? placedValue(definition.object, definition.symbol, placed) : undefined;
    },
    referenced: new Set(objects.flatMap(({ symbols }) => symbols.filter(({ section }) => section === SHN_UNDEF).map(({ name }) => name))),
    unused: new Set(),
  });
  problems.push(...layout.problems.map(({ path, line, message }) => ({ file: path, line, message })));

  const linked = new Map<LaidOutSection, LinkedSection & { relocations: AppliedRelocation[] }>();
  for (const section of layout.sections) {
    linked.set(section, {
      name: section.name, address: section.address >>> 0, loadAddress: section.loadAddress >>> 0, sizeBytes: section.sizeBytes, align: section.align, flags: section.flags,
      nobits: section.nobits, content: gather(section), relocations: [],
      inputs: section.inputs.map(({ object, section: { name, sizeBytes }, offset }) => ({ path: object.path, name, offset, sizeBytes })),
    });
  }
  const linkage: Linkage = { layout, resolved, linked, problems, undefinedSeen: new Set() };
  for (const [section, output] of linked) {
    for (const placed of section.inputs) {
      for (const relocation of placed.section.relocations) relocate(linkage, output, placed.object, placed.section, placed.offset, relocation);
    }
  }
  const entryName = options.entry ?? options.script.entry;
  const entry = entryName === null || entryName === undefined ? 0 : symbolValue(linkage, entryName);
  if (entry === undefined) problems.push({ file: options.script.path, line: 1, message: `the entry point ${entryName} is not defined` });
  if (problems.length > 0) return { linked: null, problems };
  return { linked: { entry: entry!, sections: [...linked.values()], symbols: collectSymbols(linkage, objects, options.script.path) }, problems: [] };
}

interface Linkage {
  readonly layout: Layout;
  readonly resolved: GlobalSymbols;
  readonly linked: ReadonlyMap<LaidOutSection, LinkedSection & { relocations: AppliedRelocation[] }>;
  readonly problems: LinkProblem[];
  readonly undefinedSeen: Set<string>;
}

/** An object of our own that holds the common symbols nobody defines, as `.bss` input named COMMON (as GNU ld calls it). */
function commonObject({ commons }: GlobalSymbols): ElfObject[] {
  if (commons.size === 0) return [];
  const path = "common symbols";
  const sections: ElfSection[] = [];
  const symbols: ElfSymbol[] = [];
  for (const [name, { sizeBytes, align }] of commons) {
    const index = sections.length + 1;
    sections.push({ index, name: "COMMON", type: SHT_NOBITS, flags: SHF_ALLOC | 1, address: 0, align, entrySizeBytes: 0, sizeBytes, content: new Uint8Array(0), relocations: [] });
    symbols.push({ name, value: 0, sizeBytes, binding: 1, type: 1, visibility: 0, section: index });
  }
  const none: ElfSection = { index: 0, name: "", type: 0, flags: 0, address: 0, align: 1, entrySizeBytes: 0, sizeBytes: 0, content: new Uint8Array(0), relocations: [] };
  return [{ path, type: 1, entry: 0, sections: [none, ...sections], symbols }];
}

function gather(section: LaidOutSection): Uint8Array {
  if (section.nobits) return new Uint8Array(0);
  const content = new Uint8Array(section.sizeBytes);
  if ((section.flags & SHF_EXECINSTR) !== 0) fillGaps(section, content);
  for (const { section: input, offset } of section.inputs) content.set(input.content, offset);
  for (const { offset, bytes } of section.data) content.set(bytes, offset);
  return content;
}

/** Gaps between the parts of a section with code hold two-byte no-operations (66 90), and one of a single byte at an odd end, as GNU ld has it. */
function fillGaps(section: LaidOutSection, content: Uint8Array): void {
  const parts = [...section.inputs.map(({ offset, section: { sizeBytes } }) => ({ offset, sizeBytes })), ...section.data.map(({ offset, bytes }) => ({ offset, sizeBytes: bytes.length }))];
  parts.sort((a, b) => a.offset - b.offset);
  let at = 0;
  for (const { offset, sizeBytes } of [...parts, { offset: content.length, sizeBytes: 0 }]) {
    for (; at + 1 < offset; at += 2) content.set([0x66, 0x90], at);
    if (at < offset) content[at] = 0x90;
    content.fill(0, offset, offset + sizeBytes);
    at = Math.max(at, offset + sizeBytes);
  }
}

function placedValue(object: ElfObject, symbol: ElfSymbol, placed: Layout["placed"]): number {
  if (symbol.section === SHN_ABS || symbol.section === SHN_COMMON) return symbol.value;
  const place = placed.get(object.sections[symbol.section]!);
  return place ? (place.output.address + place.offset + symbol.value) >>> 0 : 0;
}

function symbolValue({ layout, resolved }: Linkage, name: string): number | undefined {
  const own = layout.symbols.get(name);
  if (own) return own.value;
  const definition = resolved.definitions.get(name);
  return definition ? placedValue(definition.object, definition.symbol, layout.placed) : undefined;
}

function relocate(linkage: Linkage, output: LinkedSection & { relocations: AppliedRelocation[] }, object: ElfObject, section: ElfSection, base: number, relocation: ElfRelocation): void {
  const { layout, resolved, linked, problems } = linkage;
  const type = RELOCATION_TYPES.get(relocation.type);
  const at = (message: string): void => void problems.push({ ...whereUsed(object, section, relocation.offset), message });
  if (!type) return at(`relocation type ${relocation.type} has no meaning in a static link`);
  if (relocation.type === R_386_NONE) return;
  if (relocation.offset + type.sizeBytes > section.sizeBytes || output.nobits) return at(`a relocation lies beyond the end of section ${section.name}`);
  const symbol = object.symbols[relocation.symbol]!;
  let value: number;
  let target: LaidOutSection | null = null;
  const scriptSymbol = symbol.binding === STB_LOCAL ? undefined : layout.symbols.get(symbol.name);
  const definition = symbol.binding === STB_LOCAL ? { object, symbol } : resolved.definitions.get(symbol.name);
  if (scriptSymbol) {
    value = scriptSymbol.value;
    target = scriptSymbol.section;
  } else if (definition && definition.symbol.section !== SHN_UNDEF) {
    value = placedValue(definition.object, definition.symbol, layout.placed);
    const home = definition.object.sections[definition.symbol.section];
    if (home && definition.symbol.section !== SHN_ABS) {
      const place = layout.placed.get(home);
      // Debugging sections refer to code that was discarded; there the value is 0, as GNU ld has it.
      if (!place && (section.flags & SHF_ALLOC) !== 0) return at(`${symbol.name || home.name} lies in section ${home.name}, which the script discards`);
      target = place?.output ?? null;
    }
  } else if (symbol.binding === STB_WEAK || symbol.name === "") {
    value = 0;
  } else {
    const where = whereUsed(object, section, relocation.offset);
    const key = `${where.file}:${where.line}:${symbol.name}`;
    if (!linkage.undefinedSeen.has(key)) problems.push({ ...where, message: `undefined symbol ${symbol.name}` });
    linkage.undefinedSeen.add(key);
    return;
  }
  const offset = base + relocation.offset;
  const { content } = output;
  let addend = 0;
  for (let i = type.sizeBytes - 1; i >= 0; i--) addend = (addend * 256) + content[offset + i]!;
  if (type.sizeBytes < 4 && addend >= 2 ** (8 * type.sizeBytes - 1)) addend -= 2 ** (8 * type.sizeBytes);
  const place = output.address + offset;
  const result = value + addend - (type.pcRelative ? place : 0);
  // A 32-bit field wraps; a narrower one takes what fits as a signed or an unsigned number (GNU ld: complain_overflow_bitfield).
  if (type.sizeBytes < 4) {
    const limit = 2 ** (8 * type.sizeBytes);
    const wrapped = result | 0;
    if (wrapped < -limit / 2 || wrapped >= limit) return at(`${symbol.name || "the address"} = ${hex(value)} does not fit into the ${8 * type.sizeBytes} bits of this field`);
  }
  for (let i = 0; i < type.sizeBytes; i++) content[offset + i] = (result >>> (8 * i)) & 0xff;
  output.relocations.push({ offset, type: relocation.type, target: target === null ? null : linked.get(target)! });
}

/** Locals of each object first, then the globals by name, as GNU ld orders them. */
function collectSymbols({ layout, resolved, linked }: Linkage, objects: readonly ElfObject[], scriptPath: string): LinkedSymbol[] {
  const symbols: LinkedSymbol[] = [];
  const add = (object: ElfObject, symbol: ElfSymbol): void => {
    const home = symbol.section === SHN_ABS ? undefined : layout.placed.get(object.sections[symbol.section]!);
    if (!home && symbol.section !== SHN_ABS) return;
    symbols.push({
      name: symbol.name, value: placedValue(object, symbol, layout.placed), sizeBytes: symbol.sizeBytes, binding: symbol.binding, type: symbol.type,
      section: home ? linked.get(home.output)! : null, path: object.path,
    });
  };
  for (const object of objects) {
    for (const symbol of object.symbols) {
      if (symbol.binding !== STB_LOCAL || symbol.type === STT_SECTION || symbol.section === SHN_UNDEF || symbol.name === "") continue;
      if (symbol.type === STT_FILE || !symbol.name.startsWith(".L")) add(object, symbol);
    }
  }
  for (const { object, symbol } of resolved.definitions.values()) if (!layout.symbols.has(symbol.name)) add(object, symbol);
  for (const [name, { value, section }] of layout.symbols) {
    if (name !== ".") symbols.push({ name, value, sizeBytes: 0, binding: 1, type: 0, section: section && linked.has(section) ? linked.get(section)! : null, path: scriptPath });
  }
  return symbols;
}

function whereDefined(object: ElfObject, symbol: ElfSymbol): { file: string; line: number } {
  const section = object.sections[symbol.section];
  return section ? whereUsed(object, section, symbol.value) : { file: object.path, line: 0 };
}

function whereUsed(object: ElfObject, section: ElfSection, offset: number): { file: string; line: number } {
  return sourceLocation(object, section, offset) ?? { file: object.path, line: 0 };
}

function describe({ file, line }: { file: string; line: number }): string {
  return line > 0 ? `${file}:${line}` : file;
}
