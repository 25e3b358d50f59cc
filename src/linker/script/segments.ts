/** Program headers that a script declares (PHDRS), with the sections that it puts into each (`:text`). */
import { PT_INTERP, PT_LOAD, PT_NOTE, PT_PHDR, SHT_NOTE } from "../../object/elf.ts";
import type { OutputSection } from "../output-section.ts";
import { SEC_ALLOC } from "../section-flags.ts";
import type { Segment } from "../segments.ts";
import type { Expression, ProgramHeader } from "./tree.ts";

export function scriptSegments(
  headers: readonly ProgramHeader[],
  sections: readonly OutputSection[],
  evaluate: (expression: Expression) => number,
  problem: (line: number, message: string) => void,
): Segment[] {
  // One that is not in memory can be named too: a note in the file alone.
  const placed = sections.filter(({ flags, phdrs }) => (flags & SEC_ALLOC) !== 0 || phdrs);
  const declared = new Set(["NONE", ...headers.map(({ name }) => name)]);
  for (const { name: section, phdrs, command } of placed)
    for (const name of phdrs ?? [])
      if (!declared.has(name))
        problem(
          command?.line ?? 1,
          `section ${section} goes into program header ${name}, which PHDRS does not declare`,
        );
  const named = placed.flatMap(({ phdrs }) => (phdrs ? [phdrs] : []));
  if (named.length === 0 && placed.length > 0)
    problem(1, "PHDRS declares program headers, but no section names one: write :NAME after a section");
  const holdsHeaders = (header: ProgramHeader): boolean => header.hasFileHeader || header.hasProgramHeaders;
  const loaded = headers.filter(({ type }) => type === PT_LOAD);
  const late = loaded.slice(1).find((header) => holdsHeaders(header) && !holdsHeaders(loaded[0]!));
  if (late)
    problem(
      1,
      `PHDRS gives the file's headers to ${late.name}: only the first PT_LOAD can begin with FILEHDR or PHDRS`,
    );
  const table = headers.find(({ type }) => type === PT_PHDR);
  if (table && !loaded.some(({ hasProgramHeaders }) => hasProgramHeaders))
    problem(
      1,
      `PHDRS declares ${table.name} as PT_PHDR, but no PT_LOAD has PHDRS: the program headers are not in memory`,
    );
  // A section that names no header goes where the one before it went. The first ones go where the first that names one
  // goes, or, for all headers but the first, the last one: GNU ld goes over the sections again for each header.
  const sectionsOf = (header: ProgramHeader, index: number): OutputSection[] => {
    let current = named.at(index === 0 ? 0 : -1) ?? [];
    return placed.filter(({ phdrs }) => {
      if (phdrs) current = phdrs;
      return current.includes(header.name) && (phdrs !== null || header.type !== PT_INTERP);
    });
  };
  // What is not in memory is in no segment that is loaded.
  const inMemory = ({ flags }: OutputSection): boolean => (flags & SEC_ALLOC) !== 0;
  return headers.map((header, index) => {
    const { type, hasFileHeader, hasProgramHeaders, flags, loadAddress } = header;
    const found = sectionsOf(header, index);
    // A section is a note where the script says so of its header, whatever its objects said.
    if (type === PT_NOTE) for (const section of found) section.type = SHT_NOTE;
    const isLoadedOrTable = type === PT_LOAD || type === PT_PHDR;
    if (!isLoadedOrTable && holdsHeaders(header) && found.length > 0)
      problem(
        1,
        `PHDRS gives the file's headers to ${header.name}, in which there are sections: only a PT_LOAD can have both`,
      );
    return {
      type,
      sections: type === PT_LOAD ? found.filter(inMemory) : found,
      hasHeaders: holdsHeaders(header),
      hasProgramHeadersOnly: hasProgramHeaders && !hasFileHeader,
      hasFileHeaderOnly: hasFileHeader && !hasProgramHeaders,
      flags: flags ? evaluate(flags) : null,
      isDeclared: true,
      loadAddress: loadAddress ? evaluate(loadAddress) : null,
    };
  });
}
