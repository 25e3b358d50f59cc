/**
 * Warnings that objects bring along: the text of a section `.gnu.warning.NAME` is said when something refers to NAME,
 * that of `.gnu.warning` when the object is linked. Neither is in the program.
 */
import { latin1 } from "../object/latin1.ts";
import type { InputObject } from "./input-section.ts";
import type { LinkWarning } from "./link-problem.ts";
import type { SymbolTable } from "./symbols.ts";

const SECTION = /^\.gnu\.warning(?:\.(.+))?$/;

/** Takes the sections out of the objects and returns what is to be said. */
export function takeWarnings(objects: readonly InputObject[], symbols: SymbolTable): LinkWarning[] {
  const found: LinkWarning[] = [];
  for (const object of objects)
    for (const section of object.sections) {
      const match = SECTION.exec(section?.name ?? "");
      if (!section || !match) continue;
      const name = match[1];
      section.mapBytes = 0;
      // Names in the section of an object's own warning stay defined.
      if (name === undefined) section.sizeBytes = 0;
      else section.isDiscarded = true;
      const warned = name === undefined ? object : (symbols.get(name)?.firstReference ?? null);
      const message = latin1(section.content).replace(/[\0\n]+$/, "");
      if (warned) found.push({ file: warned.path, message, id: "link" });
    }
  return found;
}
