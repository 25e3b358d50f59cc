/** Which instructions F2 and F3 mean something before that is no repetition (SDM 1, 16.3.3; 2A, 2.1.1). */

import type { Semantic } from "./semantics.ts";

/** Near branches: F2 before them is BND. */
export const BOUNDED: ReadonlySet<Semantic> = new Set(["jmp", "jcc", "call", "ret", "jmp_indirect", "call_indirect"]);

/** Stores that XRELEASE may stand before without LOCK. */
export const RELEASING_STORES: ReadonlySet<number> = new Set([0x88, 0x89, 0xa2, 0xa3, 0xc6, 0xc7]);
