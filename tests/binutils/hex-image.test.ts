/** `objcopy -O ihex`, `srec` and `verilog`: the same lines as GNU objcopy's, of programs wherever they lie. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CommandError } from "../../src/cli/fail.ts";
import { run as objcopy } from "../../src/cli/gnu/objcopy.ts";
import { linkOfGnu, objectOfGnu, requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { captured } from "./captured.ts";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-hex-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SOURCE = `.section .note.GNU-stack,"",@progbits
.text
.globl _start
_start: nop
.fill 70000, 1, 0x90
.data
.long 1, 2, 3
.ascii "hello"
.bss
.space 20
`;

/** Where text and data of a program lie: within 64 KiB, across its end, across the end of 1 MiB, and far apart. */
const PROGRAMS: Readonly<Record<string, readonly [text: string, data: string]>> = {
  low: ["0x100", "0x13000"],
  middle: ["0xfff0", "0xf0000"],
  high: ["0xffff0", "0x200000"],
  far: ["0x80000", "0xfffff000"],
};
const OPTIONS = [
  "-O ihex",
  "-O srec",
  "-O verilog",
  "-O ihex -j .data",
  "-O ihex --gap-fill 0xff",
  "-O ihex --set-start 0x12345",
  "-O ihex --set-section-flags .bss=alloc,load,contents",
  "-O srec -R .data --change-start 0x10",
  "-O srec --srec-len 255",
  "-O srec --srec-len 0",
  "-O srec --srec-forceS3",
  "-O srec --gap-fill 0xaa --pad-to 0x210000",
  "-O verilog --verilog-data-width 2",
  "-O verilog --verilog-data-width 4 -j .data",
  "-O verilog --verilog-data-width 16",
];

describe.each(Object.entries(PROGRAMS))("of a %s program", (name, [text, data]) => {
  // Four gigabytes between two sections are filled by GNU objcopy, and refused here.
  const options = OPTIONS.filter((option) => name !== "far" || !option.includes("fill"));
  for (const option of rowsOf(options, 3))
    test(`objcopy ${option}`, (context) => {
      const [as, ld, tool] = ["as", "ld", "objcopy"].map((one) => requireOracle(one, context)) as [
        string,
        string,
        string,
      ];
      const object = join(folder, "part.o");
      writeFileSync(object, objectOfGnu(as, SOURCE));
      const { file } = linkOfGnu(ld, folder, ["-w", "-Ttext", text, "-Tdata", data, object]);
      writeFileSync(join(folder, "program"), file!);
      const args = [...option.split(" "), join(folder, "program"), join(folder, "out")];
      execFileSync(tool, args);
      const theirs = readFileSync(join(folder, "out"), "latin1");
      captured(objcopy, args);
      expect(readFileSync(join(folder, "out"), "latin1")).toBe(theirs);
    });
});

test("a gap that nobody could fill, and a word that there is not, are refused", (context) => {
  const [as, ld] = ["as", "ld"].map((one) => requireOracle(one, context)) as [string, string];
  const object = join(folder, "part.o");
  writeFileSync(object, objectOfGnu(as, SOURCE));
  const { file } = linkOfGnu(ld, folder, ["-w", "-Ttext", "0x1000", "-Tdata", "0xfffff000", object]);
  const program = join(folder, "program");
  writeFileSync(program, file!);
  const refused = (...args: string[]): void =>
    expect(() => captured(objcopy, [...args, program, join(folder, "refused")])).toThrow(CommandError);
  refused("-O", "ihex", "--gap-fill", "0");
  refused("-O", "verilog", "--verilog-data-width", "3");
  refused("-I", "ihex", "-O", "binary");
  expect(() => readFileSync(join(folder, "refused"))).toThrow();
});
