/**
 * A section with a name like `.relocate`, which GNU ld takes for relocations: its type is another one here, its place
 * is not.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../src/cli/ld.ts";
import { readElf } from "../../src/index.ts";
import { linkOfGnu, objectOfGnu, requireOracle, withFolder } from "../oracle.ts";

const SOURCE = `.globl a, b, c
.data
a: .long 1
.section .mine,"aw"
b: .long 2
.section .rodata
c: .long 3
`;

test.for([
  ".x : { *(.x) } .relocate : { *(.data) }",
  ".relocate : { start = .; *(.data) }",
  ".relocate : { *(.data) } .bss : { *(.bss) }",
])("orphans beside %s lie where GNU ld puts them", (sections, context) => {
  const object = objectOfGnu(requireOracle("as", context), SOURCE);
  const ld = requireOracle("ld", context);
  withFolder((folder) => {
    const [input, script, output] = ["a.o", "a.ld", "a.out"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(input, object);
    writeFileSync(script, `SECTIONS { . = 0x1000; .text : { *(.text) } ${sections} }`);
    const placesIn = (bytes: Uint8Array): unknown =>
      readElf(bytes, output).symbols.flatMap(({ name, value }) => (/^[abc]$/.test(name) ? [[name, value]] : []));
    const expected = placesIn(linkOfGnu(ld, folder, ["-T", script, input]).file!);
    run(["-m", "elf_i386", "-T", script, input, "-o", output]);
    expect(placesIn(readFileSync(output))).toEqual(expected);
  });
});
