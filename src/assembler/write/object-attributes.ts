/** The section of the object's attributes, behind all others. */

import { ATTRIBUTES_SECTION } from "../model/object-attributes.ts";
import type { Program } from "../model/program.ts";
import { SHT } from "../model/section.ts";
import { DebugSection } from "./debug-section.ts";

export function writeObjectAttributes(program: Program): void {
  const bytes = program.attributes.bytes();
  if (bytes === null) return;
  const output = new DebugSection(program, ATTRIBUTES_SECTION);
  output.section.type = SHT.GNU_ATTRIBUTES;
  output.bytes(bytes);
  output.finish();
}
