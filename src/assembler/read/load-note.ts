/** A note for those who come from NASM (`--warn`): a bare name is what lies there, not its address. */

import type { Register } from "../../isa/instruction.ts";
import { Op } from "../model/expression.ts";
import { textOfBytes } from "../model/source-text.ts";
import type { ParsedOperands } from "./parsed-operands.ts";
import type { Reading } from "./reading.ts";

/** `mov esi, msg` loads; in NASM's language it takes the address. A size or brackets say that a load is meant. */
export function noteLoad(reading: Reading, parsed: ParsedOperands, register: Register): void {
  const [, source] = parsed.operands;
  const place = parsed.expressions[1];
  if (
    !reading.isIntel ||
    register.class !== (reading.bits === 16 ? "r16" : "r32") ||
    source?.kind !== "memory" ||
    source.sizeBits !== undefined ||
    place?.op !== Op.SYMBOL
  )
    return;
  const { name } = place.symbol!;
  const offset = parsed.offsets[1]!;
  if (textOfBytes(reading.input.bytes, offset, offset + parsed.lengths[1]!) !== name) return;
  reading.reporter.report(
    "note",
    "symbol-load",
    reading.input.frame,
    offset,
    name.length,
    `this loads what lies at \`${name}' into ${register.name}; its address is \`offset ${name}'`,
    {},
  );
}
