/**
 * --gc-sections: sections that nothing reaches from the entry point, from kept sections and from required symbols are
 * thrown away.
 */
import {
  SHF_GNU_RETAIN,
  SHT_FINI_ARRAY,
  SHT_GROUP,
  SHT_INIT_ARRAY,
  SHT_NOTE,
  SHT_PREINIT_ARRAY,
  STB_LOCAL,
} from "../object/elf.ts";
import { symbolsOf } from "../object/relocation-table.ts";
import { type UnwindNeeds, unwindNeeds } from "./eh-frame.ts";
import type { InputObject, InputSection } from "./input-section.ts";
import { groupSections } from "./link-once.ts";
import type { Expression, LinkerScript } from "./script/tree.ts";
import { SEC_ALLOC, SEC_DEBUGGING, SEC_EXCLUDE, SEC_LOAD } from "./section-flags.ts";
import type { LinkSymbol, SymbolTable } from "./symbols.ts";

/** What nothing refers to and yet is read; arrays of initialisers stay in a program where its script says KEEP. */
const ROOT_TYPES = new Set([SHT_NOTE]);
const PARTIAL_ROOT_TYPES = new Set([SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY, SHT_NOTE]);

/** What the functions of each section need to be unwound. */
function unwindNeedsBySection(objects: readonly InputObject[]): Map<InputSection, UnwindNeeds[]> {
  const found = new Map<InputSection, UnwindNeeds[]>();
  for (const { elf, sections } of objects)
    for (const frames of sections) {
      if (frames?.name !== ".eh_frame" || frames.isDiscarded) continue;
      for (const one of unwindNeeds(frames) ?? []) {
        const home = sections[elf.table.at(one.begin.symbol)!.section];
        if (!home) continue;
        const known = found.get(home);
        if (known) known.push(one);
        else found.set(home, [one]);
      }
    }
  return found;
}

/**
 * Names that scripts give others, by the new name: of an expression that chooses all that it may be. With any
 * arithmetic it keeps nothing alive, as in GNU ld.
 */
export function scriptAliases(scripts: readonly LinkerScript[]): Map<string, string[]> {
  const namesIn = (value: Expression): string[] =>
    value.kind === "name"
      ? [value.name]
      : value.kind === "conditional"
        ? [...namesIn(value.yes), ...namesIn(value.no)]
        : [];
  return new Map(
    scripts
      .flatMap(({ statements }) => statements)
      .flatMap((statement) => (statement.kind === "section" ? statement.statements : [statement]))
      .flatMap((statement) => (statement.kind === "assign" ? [[statement.name, namesIn(statement.value)]] : [])),
  );
}

/** Marks the unreachable sections as discarded and returns them in the order of the objects. */
export function collectGarbage(
  objects: readonly InputObject[],
  symbols: SymbolTable,
  roots: readonly string[],
  aliases: ReadonlyMap<string, readonly string[]>,
  overridden: ReadonlySet<string>,
  isRelocatable: boolean,
  boundsKeepNothing: boolean,
): InputSection[] {
  const rootTypes = isRelocatable ? PARTIAL_ROOT_TYPES : ROOT_TYPES;
  const marked = new Set<InputSection>();
  const waiting: InputSection[] = [];
  const groups = new Map<InputSection, InputSection[]>();
  const byName = new Map<string, InputSection[]>();
  for (const object of objects) {
    for (const section of object.sections) {
      if (!section) continue;
      if (section.elf.type === SHT_GROUP) {
        const members = groupSections(section);
        for (const member of members) groups.set(member, members);
      }
      const same = byName.get(section.name);
      if (same) same.push(section);
      else byName.set(section.name, [section]);
    }
  }
  const mark = (section: InputSection | null | undefined): void => {
    if (!section || section.isDiscarded || marked.has(section)) return;
    marked.add(section);
    waiting.push(section);
    for (const member of groups.get(section) ?? []) mark(member);
  };
  const used = new Set<LinkSymbol>();
  const markName = (name: string): void => {
    const symbol = symbols.get(name);
    const isNew = symbol !== undefined && !used.has(symbol);
    if (symbol) used.add(symbol);
    if (isNew) for (const other of aliases.get(name) ?? []) markName(other);
    // What an object defines by a name that a script gives another value is nobody's.
    if (symbol?.isDefined && !overridden.has(name)) mark(symbol.section);
    // __start_NAME and __stop_NAME keep all sections of that name, where they get a value.
    const bounded = isRelocatable || boundsKeepNothing ? undefined : /^__(?:start|stop)_(\w+)$/.exec(name)?.[1];
    if (bounded && !symbol?.isDefined) for (const section of byName.get(bounded) ?? []) mark(section);
  };
  for (const root of roots) markName(root);
  for (const object of objects) {
    for (const section of object.sections) {
      if (!section || section.isDiscarded) continue;
      const isGrouped = groups.has(section);
      if (
        section.isRoot ||
        (section.elf.flags & SHF_GNU_RETAIN) !== 0 ||
        (rootTypes.has(section.elf.type) && !isGrouped && section.linkedTo() === null)
      )
        mark(section);
    }
  }
  const needs = unwindNeedsBySection(objects);
  const markTarget = ({ elf, sections }: InputObject, { symbol: index }: { readonly symbol: number }): void => {
    const symbol = elf.table.at(index)!;
    if (symbol.binding === STB_LOCAL) mark(sections[symbol.section]);
    else markName(symbol.name);
  };
  const drain = (): void => {
    for (let section = waiting.pop(); section; section = waiting.pop()) {
      // Unwind information describes everything: it keeps alive what functions that are needed anyway unwind with.
      for (const { others } of needs.get(section) ?? []) for (const one of others) markTarget(section.object, one);
      if (section.name === ".eh_frame") continue;
      for (const relocation of section.relocations) markTarget(section.object, relocation);
    }
  };
  drain();
  // What belongs to a section goes with it, and what belongs to that.
  for (const object of objects) for (const section of object.sections) if (belongsToAny(section, marked)) mark(section);
  drain();
  // The common symbols of an object share a section, which stays when any of them is used.
  const live = new Set([...used].flatMap(({ state, object }) => (state === "common" && object ? [object] : [])));
  for (const symbol of symbols.all()) {
    if (symbol.state === "undefined" && used.has(symbol)) symbol.isMissed = true;
    if (
      !used.has(symbol) &&
      !symbol.isDefined &&
      !(symbol.state === "common" && symbol.object && live.has(symbol.object))
    )
      symbol.isUnused = true;
  }
  const stays = new Set<InputSection>();
  for (const object of objects) {
    const isLive =
      live.has(object) ||
      object.sections.some(
        (section) =>
          section && marked.has(section) && (section.flags & SEC_ALLOC) !== 0 && section.elf.type !== SHT_NOTE,
      );
    if (!isLive) continue;
    for (const section of object.sections) {
      if (!section || section.isDiscarded) continue;
      const isSpecial =
        (section.flags & SEC_DEBUGGING) !== 0 ||
        ((section.flags & (SEC_ALLOC | SEC_LOAD)) === 0 &&
          section.relocations.length === 0 &&
          section.linkedTo() === null);
      if (isSpecial) stays.add(section);
    }
  }
  // Debugging information may go on in that of an object of which nothing else is linked.
  for (const { object, flags, relocations } of stays) {
    if ((flags & SEC_DEBUGGING) === 0) continue;
    for (const index of symbolsOf(relocations)) {
      const { binding, section } = object.elf.table.at(index)!;
      const home = binding === STB_LOCAL ? object.sections[section] : object.globals[index]?.section;
      if (home && !home.isDiscarded && (home.flags & SEC_DEBUGGING) !== 0) stays.add(home);
    }
  }
  const removed: InputSection[] = [];
  for (const { sections } of objects)
    for (const section of sections) {
      if (!section || section.isDiscarded || section.elf.type === SHT_GROUP) continue;
      if (marked.has(section) || stays.has(section)) continue;
      section.isDiscarded = true;
      if ((section.flags & SEC_EXCLUDE) === 0) removed.push(section);
    }
  return removed;
}

/** The section that this one belongs to, or one that that one belongs to, is among these. */
function belongsToAny(section: InputSection | null, marked: ReadonlySet<InputSection>): boolean {
  const seen = new Set<InputSection>();
  for (let home = section?.linkedTo() ?? null; home && !seen.has(home); home = home.linkedTo()) {
    if (marked.has(home)) return true;
    seen.add(home);
  }
  return false;
}
