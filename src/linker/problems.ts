/**
 * What is wrong with a program, at the source lines that show it: each problem once, with the number of its further
 * places.
 */
import { nearest } from "../diagnostic/suggestion.ts";
import { sourceLocation } from "../object/dwarf/line-table.ts";
import { SHN_ABS } from "../object/elf.ts";
import type { ElfSymbol } from "../object/elf-reader.ts";
import type { InputObject } from "./input-section.ts";
import type { LinkProblem } from "./link-problem.ts";
import type { RelocationIssue } from "./relocate.ts";
import type { Duplicate, SymbolTable } from "./symbols.ts";

/** So many places of an undefined symbol are reported; the rest is counted. */
const SHOWN_PLACES = 3;

interface Place {
  readonly file: string;
  readonly line: number;
}

/** What is wrong with a program that can be written all the same (`--noinhibit-exec`), by the id. */
const ENDURED: ReadonlySet<string> = new Set([
  "section-overlap",
  "region-overflow",
  "script-assertion",
  "orphan-section",
  "undefined-symbol",
]);
const ENDURED_RELOCATIONS: ReadonlySet<RelocationIssue["kind"]> = new Set(["overflow", "discarded", "crossing"]);

export class ProblemReport {
  readonly #found: LinkProblem[] = [];
  /** What keeps the program from nothing. */
  readonly endured: LinkProblem[] = [];
  readonly #endures: boolean;
  /** By name: each source line that uses it, once. */
  readonly #undefinedPlaces = new Map<string, Place[]>();
  readonly #seen = new Set<string>();

  /** `endures`: the program is written whatever is wrong with it, if there is one. */
  constructor(endures: boolean) {
    this.#endures = endures;
  }

  script(file: string, line: number, message: string, id?: string): void {
    this.#add({ file, line, message, ...(id === undefined ? {} : { id }) }, id !== undefined && ENDURED.has(id));
  }

  duplicates(found: readonly Duplicate[]): void {
    for (const duplicate of found) this.#add(duplicateProblem(duplicate));
  }

  placeOf({ section, offset }: RelocationIssue): Place {
    return sourceLocation(section.object.elf, section.elf, offset) ?? { file: section.object.path, line: 0 };
  }

  relocation(issue: RelocationIssue): void {
    const { kind, name, message } = issue;
    const place = this.placeOf(issue);
    if (kind === "undefined") {
      const places = this.#undefinedPlaces.get(name) ?? [];
      this.#undefinedPlaces.set(name, places);
      if (!places.some(({ file, line }) => file === place.file && line === place.line)) places.push(place);
    } else this.#add({ ...place, message }, ENDURED_RELOCATIONS.has(kind));
  }

  /** Places of undefined symbols are in the order of their first uses. */
  problems(symbols: SymbolTable): readonly LinkProblem[] {
    const missing = [...this.#undefinedPlaces].flatMap(([name, places]) => {
      const near = nearest(
        name,
        symbols.all().flatMap((symbol) => (symbol.isDefined ? symbol.name : [])),
      );
      const rest = places.length - SHOWN_PLACES;
      return places.slice(0, SHOWN_PLACES).map(
        (place, index): LinkProblem => ({
          ...place,
          message: `undefined symbol ${name}${rest > 0 && index === SHOWN_PLACES - 1 ? `, and in ${rest} more place${rest === 1 ? "" : "s"}` : ""}`,
          ...(near !== null && index === 0 ? { suggestion: near } : {}),
        }),
      );
    });
    return [...this.#found, ...missing];
  }

  #add(problem: LinkProblem, canBeEndured = false): void {
    const key = `${problem.file}:${problem.line}:${problem.message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    (this.#endures && canBeEndured ? this.endured : this.#found).push(problem);
  }
}

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
