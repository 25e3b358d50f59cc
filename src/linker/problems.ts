/**
 * What is wrong with a program, at the source lines that show it: each problem once, with the number of its further
 * places.
 */
import { nearest } from "../diagnostic/suggestion.ts";
import { sourceLocation } from "../object/dwarf/line-table.ts";
import { SHN_ABS, STT_FUNC, STT_GNU_IFUNC, STT_NOTYPE, STT_OBJECT } from "../object/elf.ts";
import type { ElfSymbol } from "../object/elf-reader.ts";
import type { LinkId } from "./explanations.ts";
import type { InputObject, InputSection } from "./input-section.ts";
import type { LinkProblem } from "./link-problem.ts";
import type { RelocationIssue } from "./relocate.ts";
import { SEC_CODE } from "./section-flags.ts";
import type { Duplicate, SymbolTable } from "./symbols.ts";

/** So many places of an undefined symbol are reported; the rest is counted. */
const SHOWN_PLACES = 3;

interface Place {
  readonly file: string;
  readonly line: number;
  /** Where no line is known. */
  readonly within?: string;
}

/** What is wrong with a program that can be written all the same (`--noinhibit-exec`), by the id. */
const ENDURED: ReadonlySet<LinkId> = new Set([
  "section-overlap",
  "region-overflow",
  "script-assertion",
  "orphan-section",
]);
const ENDURED_RELOCATIONS: ReadonlySet<RelocationIssue["kind"]> = new Set(["overflow", "discarded", "crossing"]);
const RELOCATION_IDS: Readonly<Record<RelocationIssue["kind"], LinkId>> = {
  undefined: "undefined-symbol",
  discarded: "link-discarded",
  overflow: "link-overflow",
  unsupported: "link",
  outside: "bad-object",
  crossing: "cross-reference",
};

export class ProblemReport {
  readonly #found: LinkProblem[] = [];
  /** What keeps the program from nothing. */
  readonly endured: LinkProblem[] = [];
  readonly #endures: boolean;
  /** By name: each source line that uses it, once. */
  readonly #undefinedPlaces = new Map<string, Map<string, Place>>();
  readonly #labels = new Map<InputSection, readonly ElfSymbol[]>();
  readonly #seen = new Set<string>();

  /** `endures`: the program is written whatever is wrong with it, if there is one. */
  constructor(endures: boolean) {
    this.#endures = endures;
  }

  script(problem: LinkProblem): void {
    this.#add(problem, ENDURED.has(problem.id));
  }

  /** A symbol that the command line asks for (--require-defined). */
  required(name: string): void {
    const message = `required symbol ${name} is not defined`;
    this.#add({ file: "--require-defined", line: 0, message, id: "undefined-symbol" }, true);
  }

  duplicates(found: readonly Duplicate[]): void {
    for (const duplicate of found) this.#add(duplicateProblem(duplicate));
  }

  placeOf({ section, offset }: RelocationIssue): Place {
    const line = sourceLocation(section.object.elf, section.elf, offset);
    return line ?? { file: section.object.path, line: 0, within: this.#placeWithin(section, offset) };
  }

  /** An undefined symbol that is only warned of. */
  undefinedAt(issue: RelocationIssue): LinkProblem {
    return { ...this.placeOf(issue), message: issue.message, id: RELOCATION_IDS[issue.kind], name: issue.name };
  }

  relocation(issue: RelocationIssue): void {
    const { kind, name, message } = issue;
    const place = this.placeOf(issue);
    if (kind === "undefined") {
      const places = this.#undefinedPlaces.get(name) ?? new Map<string, Place>();
      this.#undefinedPlaces.set(name, places);
      const key = `${place.file}:${place.line}:${place.within ?? ""}`;
      if (!places.has(key)) places.set(key, place);
    } else this.#add({ ...place, message, id: RELOCATION_IDS[kind], name }, ENDURED_RELOCATIONS.has(kind));
  }

  /** `in function \`f': (.text+0x12)`: what is known of a place without a line table, as GNU ld writes it. */
  #placeWithin(section: InputSection, offset: number): string {
    const place = `(${section.name}+0x${offset.toString(16)})`;
    const labels = this.#labels.get(section) ?? labelsOf(section);
    this.#labels.set(section, labels);
    let [low, high] = [0, labels.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (labels[middle]!.value <= offset) low = middle + 1;
      else high = middle;
    }
    const label = labels[low - 1];
    if (label === undefined) return place;
    return `in ${(section.flags & SEC_CODE) !== 0 ? "function " : ""}\`${label.name}': ${place}`;
  }

  /** Places of undefined symbols are in the order of their first uses. */
  problems(symbols: SymbolTable): readonly LinkProblem[] {
    const missing = [...this.#undefinedPlaces].flatMap(([name, places]) => {
      const near = nearest(
        name,
        symbols.all().flatMap((symbol) => (symbol.isDefined ? symbol.name : [])),
      );
      const rest = places.size - SHOWN_PLACES;
      return [...places.values()].slice(0, SHOWN_PLACES).map(
        (place, index): LinkProblem => ({
          ...place,
          id: "undefined-symbol",
          name,
          message: `undefined symbol ${name}${rest > 0 && index === SHOWN_PLACES - 1 ? `, and in ${rest} more place${rest === 1 ? "" : "s"}` : ""}`,
          ...(near !== null && index === 0 ? { suggestion: near } : {}),
        }),
      );
    });
    return [...this.#found, ...missing];
  }

  #add(problem: LinkProblem, canBeEndured = false): void {
    const key = `${problem.file}:${problem.line}:${problem.within ?? ""}:${problem.message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    (this.#endures && canBeEndured ? this.endured : this.#found).push(problem);
  }
}

/** Symbols that name a place in a section, by their offsets; of two at one place the better one comes last. */
function labelsOf({ object, elf: section }: InputSection): ElfSymbol[] {
  return object.elf.symbols
    .filter(({ name, type, section: home }) => home === section.index && name !== "" && NAMES_PLACE.has(type))
    .sort((a, b) => a.value - b.value || Number(a.type !== STT_NOTYPE) - Number(b.type !== STT_NOTYPE));
}

const NAMES_PLACE: ReadonlySet<number> = new Set([STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_GNU_IFUNC]);

/** A second definition of a symbol. */
export function duplicateProblem({ symbol, object, elf }: Duplicate): LinkProblem {
  const first = symbol.object
    ? definitionPlace(
        symbol.object,
        symbol.object.elf.symbols.find(({ name, binding }) => name === symbol.name && binding !== 0),
      )
    : { file: "?", line: 0 };
  return {
    ...definitionPlace(object, elf),
    id: "duplicate-symbol",
    name: symbol.name,
    message: `${symbol.name} is defined twice; the other definition is in ${describe(first)}`,
    notes: [{ ...first, message: "the first definition" }],
  };
}

function definitionPlace(object: InputObject, elf: ElfSymbol | undefined): Place {
  const section = elf && elf.section !== SHN_ABS ? object.elf.sections[elf.section] : undefined;
  return (section && sourceLocation(object.elf, section, elf!.value)) ?? { file: object.path, line: 0 };
}

function describe({ file, line }: Place): string {
  return line > 0 ? `${file}:${line}` : file;
}
