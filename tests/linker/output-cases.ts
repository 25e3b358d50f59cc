/** Sections that GNU ld makes, keeps or leaves out by their names: attributes of objects, notes about the stack. */
import { type Case, QUIET, START, two } from "./corner-cases.ts";

const ATTRIBUTES = '.gnu_attribute 4, 1\n.gnu_attribute 5, "x"\n';
const OTHERS = ".gnu_attribute 4, 2\n.gnu_attribute 300, 7\nnop\n.section .last\n.long 1\n";
const LABELLED = '.section .gnu.attributes,"",@0x6ffffff5\n.globl x\nx: .byte 1, 2\ny: .byte 3\n.text\n.long x\n';

export const OUTPUT_CASES: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    [["-r"], [], ["-q"], ["-s"], ["--gc-sections"], ["-r", "-S"]].map((options): [string, Case] => [
      `attributes of objects: ${options.join(" ")}`,
      two(ATTRIBUTES, OTHERS, ...options),
    ]),
  ),
  ...Object.fromEntries(
    ["execstack", "noexecstack"].flatMap((keyword) =>
      [
        [START],
        [QUIET + START],
        [START, `${QUIET}nop\n`],
        [QUIET + START, "nop\n"],
        [START, '.section .note.GNU-stack,"x",@progbits\n.section .last\n.long 1\n'],
      ].map((sources, index): [string, Case] => [
        `notes about the stack in an object: ${keyword}, ${index}`,
        { sources, options: ["-r", "-z", keyword] },
      ]),
    ),
  ),
  "attributes of objects under another name": {
    ...two(ATTRIBUTES, OTHERS),
    script: "SECTIONS { .text : { *(.text) } .x : { *(.gnu.attributes) } .last : { *(.last) } }",
  },
  "attributes of objects that no pattern takes": {
    ...two(ATTRIBUTES, OTHERS),
    script: "SECTIONS { .text : { *(.text) } .last : { *(.last) } }",
  },
  ...Object.fromEntries(
    [[], ["-r"]].map((options): [string, Case] => [
      `labels among attributes of objects: ${options.join(" ")}`,
      two(ATTRIBUTES, LABELLED, ...options),
    ]),
  ),
  "attributes of objects among a program's memory": {
    sources: [`${QUIET}${START}${ATTRIBUTES}.section .last\n.long 1\n`],
    script: "SECTIONS { .text : { *(.text) } .gnu.attributes : { BYTE(1) *(.gnu.attributes) } .last : { *(.last) } }",
  },
};
