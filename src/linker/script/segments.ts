/** Program headers that a script declares (PHDRS), with the sections that it puts into each (`:text`). */
import { PT_GNU_RELRO, PT_GNU_STACK, PT_INTERP, PT_LOAD, PT_NOTE, PT_PHDR, SHT_NOTE } from "../../object/elf.ts";
import type { OutputSection } from "../output-section.ts";
import { SEC_ALLOC } from "../section-flags.ts";
import type { Segment } from "../segments.ts";
import type { Expression, ProgramHeader } from "./tree.ts";

type Report = (line: number, message: string) => void;

/** `places`: all sections of the script in its order, also those that nothing is in. */
export function scriptSegments(
  headers: readonly ProgramHeader[],
  places: readonly OutputSection[],
  evaluate: (expression: Expression) => number,
  problem: Report,
): Segment[] {
  reportNames(headers, places, problem);
  reportHeaders(headers, problem);
  // A section that names no header goes where the one before it went; before the first that does, with it. GNU ld goes
  // over the sections again for each header, and begins with what the last one named.
  let current: readonly string[] | null = null;
  return headers.map((header) => {
    const { type, hasFileHeader, hasProgramHeaders, flags, loadAddress } = header;
    const found: OutputSection[] = [];
    for (const [index, place] of places.entries()) {
      if (place.phdrs) current = place.phdrs;
      else if (!joinsSegments(place) || type === PT_INTERP) continue;
      current ??= places.slice(index).find(({ phdrs }) => phdrs)?.phdrs ?? null;
      for (const name of place.phdrs ?? current ?? [])
        if (name === header.name && place.exists && !place.excluded && isFit(place, type)) found.push(place);
    }
    if (found.length > 0 && holdsHeaders(header) && !TAKES_HEADERS.has(type))
      problem(
        1,
        `PHDRS gives the file's headers to ${header.name}, in which there are sections: only a PT_LOAD can have both`,
      );
    // A section is a note where the script says so of its header, whatever its objects said.
    if (type === PT_NOTE) for (const section of found) section.type = SHT_NOTE;
    return {
      type,
      sections: found,
      hasFileHeader,
      hasProgramHeaders,
      flags: flags ? evaluate(flags) : null,
      loadAddress: loadAddress ? evaluate(loadAddress) : null,
    };
  });
}

/** What is not in memory is in no segment that is loaded. */
const isFit = ({ flags }: OutputSection, type: number): boolean => type !== PT_LOAD || (flags & SEC_ALLOC) !== 0;

/** Whether a section that names no header is in those of the one before: not what is nowhere, or only set aside. */
const joinsSegments = ({ exists, flags, command }: OutputSection): boolean =>
  exists && (flags & SEC_ALLOC) !== 0 && command?.noload !== true;

function reportNames(headers: readonly ProgramHeader[], places: readonly OutputSection[], problem: Report): void {
  const declared = new Set(["NONE", ...headers.map(({ name }) => name)]);
  for (const { name: section, phdrs, command, exists } of places)
    for (const name of phdrs ?? [])
      if (exists && !declared.has(name))
        problem(
          command?.line ?? 1,
          `section ${section} goes into program header ${name}, which PHDRS does not declare`,
        );
  if (places.some(joinsSegments) && !places.some(({ phdrs }) => phdrs))
    problem(1, "PHDRS declares program headers, but no section names one: write :NAME after a section");
}

const holdsHeaders = (header: ProgramHeader): boolean => header.hasFileHeader || header.hasProgramHeaders;

/** Which may hold the file's headers beside sections; of the last ones the sections say nothing. */
const TAKES_HEADERS: ReadonlySet<number> = new Set([PT_LOAD, PT_PHDR, PT_GNU_STACK, PT_GNU_RELRO]);

function reportHeaders(headers: readonly ProgramHeader[], problem: Report): void {
  const loaded = headers.filter(({ type }) => type === PT_LOAD);
  const bare = loaded.findIndex((header) => !holdsHeaders(header));
  const late = bare < 0 ? undefined : loaded.slice(bare).find(holdsHeaders);
  if (late)
    problem(
      1,
      `PHDRS gives the file's headers to ${late.name}, after a PT_LOAD without them: only the first ones can begin with FILEHDR or PHDRS`,
    );
  const table = headers.find(({ type }) => type === PT_PHDR);
  if (table && !loaded.some(({ hasProgramHeaders }) => hasProgramHeaders))
    problem(
      1,
      `PHDRS declares ${table.name} as PT_PHDR, but no PT_LOAD has PHDRS: the program headers are not in memory`,
    );
}
