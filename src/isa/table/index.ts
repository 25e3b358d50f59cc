/** The whole instruction table, read once when it is first needed. */

import type { Form } from "../form.ts";
import { parseTable } from "../notation.ts";
import { INTEGER } from "./integer.ts";
import { MMX } from "./mmx.ts";
import { SSE } from "./sse.ts";
import { SYSTEM } from "./system.ts";
import { X87 } from "./x87.ts";

let forms: readonly Form[] | null = null;

/** Every form, in the table's order: of forms that take the same operands, the encoder prefers the earlier. */
export const allForms = (): readonly Form[] => (forms ??= parseTable([...INTEGER, ...SYSTEM, ...X87, ...MMX, ...SSE]));
