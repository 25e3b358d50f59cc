/** Program headers that a script declares (PHDRS), with the sections that it puts into each (`:text`). */
import { PT_LOAD } from "../../object/elf.ts";
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
  const bySegment = new Map<string, OutputSection[]>(headers.map(({ name }) => [name, []]));
  // A section that names no header goes where the one before it went; the first ones into the first that is loaded.
  let current: readonly string[] = headers
    .filter(({ type }) => type === PT_LOAD)
    .slice(0, 1)
    .map(({ name }) => name);
  for (const section of sections) {
    if ((section.flags & SEC_ALLOC) === 0) continue;
    const named = section.phdrs;
    if (named) {
      for (const name of named)
        if (name !== "NONE" && !bySegment.has(name))
          problem(
            section.command?.line ?? 1,
            `section ${section.name} goes into program header ${name}, which PHDRS does not declare`,
          );
      current = named;
    }
    // Only loaded headers pass on to the next section.
    for (const name of current) bySegment.get(name)?.push(section);
    current = current.filter((name) => headers.find((header) => header.name === name)?.type === PT_LOAD);
  }
  return headers.map(({ name, type, hasFileHeader, hasProgramHeaders, flags, loadAddress }) => ({
    type,
    sections: bySegment.get(name)!,
    hasHeaders: hasFileHeader || hasProgramHeaders,
    hasProgramHeadersOnly: hasProgramHeaders && !hasFileHeader,
    flags: flags ? evaluate(flags) : null,
    isDeclared: true,
    loadAddress: loadAddress ? evaluate(loadAddress) : null,
  }));
}
