/**
 * Directives that only say how the listing looks.
 */

import type { DirectiveTable } from "./table.ts";

export const LISTING_DIRECTIVES: DirectiveTable = [
  [".list .nolist .eject .psize .title .sbttl .lflags .page .spc .llen .ln .plen", (assembler) => assembler.input.skipStatement()],
];
