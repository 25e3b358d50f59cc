/** Programs for cases.test.ts in which something is wrong, and that are written all the same (`--noinhibit-exec`). */
import { type Case, QUIET, START, scripted } from "./corner-cases.ts";

const PLAIN = `${START}call far\n.long data + 4\n.data\n.globl data\ndata: .long far, data\n.bss\n.skip 16\n`;
const FAR = "far = 3;";

const endured = (script: string, ...options: string[]): Case => ({
  ...scripted("", script),
  sources: [QUIET + PLAIN],
  options: ["--noinhibit-exec", ...options],
});

const OVERLAPS = `SECTIONS { .text 0x1000 : { *(.text) } .data 0x1002 : { *(.data) } .bss 0x1003 : { *(.bss) } ${FAR} }`;

export const ENDURED_CASES: Readonly<Record<string, Case>> = {
  "endured: sections that overlap": endured(OVERLAPS),
  "endured: sections that overlap, with their relocations": endured(OVERLAPS, "-q"),
  "sections that may overlap, and where they are loaded": {
    ...endured(
      `SECTIONS { .first 0x1000 : AT(0x3000) { LONG(1) LONG(2) } .text 0x1004 : { *(.text) } .data 0x1002 : { *(.data) } .bss : { *(.bss) } ${FAR} }`,
    ),
    options: ["--no-check-sections"],
  },
  "endured: regions that are too small": endured(
    `MEMORY { r : ORIGIN = 0x1000, LENGTH = 8 q : ORIGIN = 0x2000, LENGTH = 4 }
    SECTIONS { .text : { *(.text) } > r .data : { *(.data) } > q .bss : { *(.bss) } > q ${FAR} }`,
  ),
  "endured: assertions that do not hold": endured(
    `SECTIONS { .text 0x1000 : { *(.text) } .data : { *(.data) } ASSERT(0, "here") .bss : { *(.bss) } ${FAR} . = ASSERT(. < 1, "there"); }
    ASSERT(SIZEOF(.text) < 3, "outside")`,
  ),
  "endured: numbers that do not fit": {
    sources: [`${QUIET}${START}.byte far\n.word far + 1, far - .\n.long far\n`],
    script: "SECTIONS { .text 0x100000 : { *(.text) } far = 0x12345678; }",
    options: ["--noinhibit-exec"],
  },
  "endured: references that are forbidden, and orphans": endured(
    `NOCROSSREFS(.text .data) SECTIONS { .text 0x1000 : { *(.text) } .data : { *(.data) } ${FAR} }`,
    "--orphan-handling=error",
  ),
  "endured: what is thrown away, and used": endured(
    `SECTIONS { .text 0x1000 : { *(.text) } .bss : { *(.bss) } ${FAR} /DISCARD/ : { *(.data) } }`,
  ),
  "endured: what has to be there, and is not": {
    sources: [QUIET + PLAIN],
    options: ["--noinhibit-exec", "--require-defined", "nowhere", "--fatal-warnings"],
  },
  "endured: missing names of what garbage collection leaves": {
    sources: [`${QUIET}${START}call far\n.weak near\n.long near\n.section .unused,"ax"\ncall other\n`],
    options: ["--noinhibit-exec", "--gc-sections"],
  },
  "a missing name that is ignored, with garbage collection": {
    sources: [`${QUIET}${START}call far\n`],
    options: ["--ignore-unresolved-symbol=far", "--gc-sections"],
  },
  "endured: a division by zero is not": endured(`a = 1 / 0; ${OVERLAPS}`),
};
