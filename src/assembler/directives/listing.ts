/**
 * Directives that only say how the listing looks, or nothing at all.
 */

import type { DirectiveTable } from "./table.ts";

export const LISTING_DIRECTIVES: DirectiveTable = [
  [
    ".list .nolist .eject .psize .title .sbttl .lflags .page .spc .llen .ln .plen .ttl .name .format .noformat .xref .debug .optim .noopt",
    (assembler) => assembler.input.skipStatement(),
  ],
  [".nopage", (assembler) => assembler.demandEnd()],
];
