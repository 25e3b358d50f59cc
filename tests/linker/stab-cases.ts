/**
 * Programs for cases.test.ts with debugging information in stabs, which kernels print where they are by: tables of all
 * objects become one.
 */
import { type Case, QUIET, START } from "./corner-cases.ts";

/** What gcc writes of a source that includes a header file, which includes another one. */
const compiled = (name: string, { file = 1, deep = "deep.h", more = "" } = {}): string =>
  `.section .text.${name},"ax"\n.globl ${name}\n${name}: nop\nret\n.data\n${name}_data: .long 4\n` +
  `.stabs "${name}.c", 100, 0, 0, ${name}\n` +
  `.stabs "head.h", 130, 0, 0, 0\n.stabs "type:t(${file},1)=(0,1)", 128, 0, 1, 0\n.stabs "caf\\351:t(${file},2)=(0,2)", 128, 0, 1, 0\n` +
  `.stabs "${deep}", 130, 0, 0, 0\n.stabs "link:t(${file + 1},1)=*(1,1)", 128, 0, 1, 0\n.stabn 162, 0, 0, 0\n` +
  `.stabs "shared:S(${file},3)", 38, 0, 1, ${name}_data\n.stabn 162, 0, 0, 0\n${more}` +
  `.stabs "${name}:F1", 36, 0, 0, ${name}\n.stabn 68, 0, 3, 0\n.stabs "", 36, 0, 0, 2\n` +
  `.stabs "own:S1", 38, 0, 1, ${name}_data\n.stabs "", 100, 0, 0, ${name}\n`;
const SOURCES: readonly string[] = [
  `${QUIET}${START}call a\n${compiled("a")}`,
  `${QUIET}${compiled("b", { file: 7 })}`,
  `${QUIET}${compiled("c", { deep: "other.h", more: '.stabs "extra:S1", 38, 0, 1, c_data\n' })}`,
];
const told = (more: Partial<Case> = {}, sources = SOURCES): Case => ({ sources, ...more });

const LOADED =
  ".stab : { first = .; *(.stab); last = .; BYTE(0) } .stabstr : { strings = .; *(.stabstr); BYTE(0) } .data ALIGN(4K) : { *(.data) }";

export const STAB_CASES: Readonly<Record<string, Case>> = {
  stabs: told(),
  "stabs: once more": told({}, [...SOURCES, `${QUIET}${compiled("d", { file: 12 })}`]),
  "stabs: in an object": told({ options: ["-r"] }),
  "stabs: relocations kept": told({ options: ["-q"] }),
  "stabs: without debugging information": told({ options: ["-S"] }),
  "stabs: without symbols": told({ options: ["-s"] }),
  "stabs: functions that nobody calls": told({ options: ["--gc-sections"] }),
  "stabs: functions that nobody calls, relocations kept": told({ options: ["--gc-sections", "-q"] }),
  "stabs: functions that nobody calls, in an object": told({ options: ["-r", "--gc-sections", "-u", "a"] }),
  "stabs: a kernel loads them": told({ script: `SECTIONS { .text 0x100000 : { *(.text*) } ${LOADED} }` }),
  "stabs: a kernel loads them, functions that nobody calls": told({
    script: `SECTIONS { .text 0x100000 : { *(.text*) } ${LOADED} }`,
    options: ["--gc-sections"],
  }),
  "stabs: within another section": told({
    script: "SECTIONS { .text 0x100000 : { *(.text*) *(.stab) *(.stabstr) } .data : { *(.data) } }",
  }),
  "stabs: thrown away": told({
    script: "SECTIONS { .text 0x100000 : { *(.text*) } .data : { *(.data) } /DISCARD/ : { *(.stab .stabstr) } }",
  }),
  "stabs: a flat image": told({
    script: `SECTIONS { .text 0x100000 : { *(.text*) } ${LOADED} }`,
    options: ["--oformat", "binary"],
  }),
  "stabs: of some objects": told({}, [`${QUIET}${START}`, SOURCES[1]!, `${QUIET}nop\n`, SOURCES[2]!]),
  "stabs: ends that begin nothing": told({}, [
    SOURCES[0]!,
    `${QUIET}.stabs "", 36, 0, 0, 1\n.stabn 162, 0, 0, 0\n.stabs "x.h", 194, 0, 0, 3\n.stabs "head.h", 130, 0, 0, 0\n.long a\n`,
  ]),
  "stabs: half an entry": told({}, [SOURCES[0]!, `${QUIET}.stabs "x.c", 100, 0, 0, 0\n.section .stab\n.long 7\n`]),
  "stabs: strings with relocations": told({}, [
    SOURCES[0]!,
    `${QUIET}.stabs "x.c", 100, 0, 0, 0\n.section .stabstr\n.long a\n`,
    SOURCES[1]!,
  ]),
  "stabs: a string outside": told({}, [SOURCES[0]!, `${QUIET}.stabs "x.c", 0, 0, 0, 5\n.stabs "y.c", 100, 0, 0, 0\n`]),
};
