/**
 * Which members of archives a link brings in for names that only a script or the command line reads, against GNU ld:
 * the same file and the same map, or both refuse. In a command line T stands for the script.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CommandError } from "../../src/cli/fail.ts";
import { run } from "../../src/cli/gnu/ld.ts";
import { captured } from "../binutils/captured.ts";
import { linkOfGnu, objectOfGnu, requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";

const QUIET = '.section .note.GNU-stack,"",@progbits\n.text\n';
const OBJECTS: Readonly<Record<string, string>> = {
  start: ".globl start, two\nstart: nop\ntwo: nop\n",
  refx: ".globl start\nstart: .long x\n",
  weakx: ".globl start\n.weak x\nstart: .long x\n",
  commy: ".globl start\n.comm y, 4\nstart: .long y\n",
  defx: ".globl start, x\nx = 3\nstart: .long x\n",
  wdef: ".weak x\n.globl start\nstart: nop\n.data\nx: .long 3\n",
};
const MEMBERS: Readonly<Record<string, string>> = Object.fromEntries(
  ["x", "y", "z", "w"].map((name) => [name, `.data\n.globl ${name}\n${name}: .long 1\n`]),
);
const ARCHIVES: Readonly<Record<string, readonly string[]>> = { lib: ["y", "z", "w"], libx: ["x"], libxy: ["x", "y"] };
const BODY = "SECTIONS { .text 0x1000 : { *(.text) } .data 0x2000 : { *(.data) *(COMMON) } }";

/** Each line: name, command line, what the script says before its sections; with SECTIONS in it all that it says. */
const CASES = `
an assignment                             | T start lib   | x = y + 1;
an assignment of two                      | T start lib   | x = y + z;
an assignment within SECTIONS             | T start lib   | SECTIONS { x = y; .text : { *(.text) } .data : { *(.data) } }
an assignment within a section            | T start lib   | SECTIONS { .text : { *(.text) x = y + 1; } .data : { *(.data) } }
an assignment after SECTIONS              | T start lib   | SECTIONS { .text : { *(.text) } .data : { *(.data) } } x = y;
HIDDEN                                    | T start lib   | HIDDEN(x = y);
x += y                                    | T start lib   | x = 3; x += y;
y += 3                                    | T start lib   | y += 3;
y = y + 1                                 | T start lib   | y = y + 1;
names with values of their own            | T start lib   | x = y; y = z;
names that have values already            | T start lib   | y = z; x = y;
a value that comes later                  | T start lib   | x = y; y = 5;
PROVIDE of what nobody reads              | T start lib   | PROVIDE(x = y);
PROVIDE of what a later object reads      | T refx lib    | PROVIDE(x = y);
PROVIDE of what an earlier object reads   | refx T lib    | PROVIDE(x = y);
PROVIDE of what an object may read        | weakx T lib   | PROVIDE(x = y);
PROVIDE of what is there                  | T defx lib    | PROVIDE(x = y);
PROVIDE of what is there, weakly          | wdef T lib    | PROVIDE(x = y);
PROVIDE of a common symbol                | commy T lib   | PROVIDE(y = z);
PROVIDE of what -u asks for               | T start lib -u x | PROVIDE(x = y);
PROVIDE of what EXTERN asks for           | T start lib   | EXTERN(x) PROVIDE(x = y);
PROVIDE of what EXTERN asks for later     | T start lib   | PROVIDE(x = y); EXTERN(x)
PROVIDE of the entry point                | T start lib   | ENTRY(x) PROVIDE(x = y);
PROVIDE of what the script reads          | T start lib   | q = x; PROVIDE(x = y);
PROVIDE of what the script reads later    | T start lib   | PROVIDE(x = y); q = x;
PROVIDE of PROVIDE                        | T start lib   | EXTERN(x) PROVIDE(x = q); PROVIDE(q = z);
PROVIDE of PROVIDE, the other way round   | T start lib   | EXTERN(x) PROVIDE(q = z); PROVIDE(x = q);
PROVIDE of a number, and an archive       | T start libxy | EXTERN(x) PROVIDE(x = 5);
PROVIDE after an archive                  | T refx libxy  | PROVIDE(x = y);
PROVIDE_HIDDEN of what nobody reads       | T start lib   | PROVIDE_HIDDEN(x = y);
PROVIDE_HIDDEN of what is read            | refx T lib    | PROVIDE_HIDDEN(x = y);
a number, and an archive                  | T refx libxy  | x = 5;
a number, and an earlier object           | refx T libxy  | x = 5;
a name, and an archive                    | T refx libxy  | x = y;
a name, and an earlier object             | refx T libxy  | x = y;
a hidden number, and an archive           | T refx libxy  | HIDDEN(x = 5);
a place, and an archive                   | T refx libxy  | x = .;
a number that nobody reads, and an archive | T start libxy | x = 5;
a number for an earlier common symbol     | commy T lib   | y = 5;
a name for an earlier common symbol       | commy T lib   | y = z;
a number for a later common symbol        | T commy lib   | y = 5;
what is there                             | T defx lib    | x = y;
what is there, weakly                     | wdef T lib    | x = y;
what may be there                         | weakx T libxy | q = x;
what may be there later                   | T weakx libxy | q = x;
DEFINED                                   | T start lib   | x = DEFINED(y) ? y : 2;
DEFINED of an earlier object              | start T lib   | x = DEFINED(start) ? y : z;
DEFINED of a later object                 | T start lib   | x = DEFINED(start) ? y : z;
DEFINED of an earlier value               | T start lib   | a = 1; x = DEFINED(a) ? y : z;
DEFINED of a value that is not known      | T start lib   | y = z; x = DEFINED(y) ? w : 3;
a condition that holds                    | T start lib   | x = 1 ? y : z;
a condition that does not hold            | T start lib   | x = 2 - 2 ? y : z;
a condition of a name                     | T start lib   | x = w ? y : z;
a condition of a value                    | T start lib   | a = 1; x = a ? y : z;
a condition of a value that is not known  | T start lib   | a = w; x = a ? y : z;
a condition of an earlier object          | start T lib   | x = two ? y : z;
a condition of the place                  | T start lib   | x = . + 1 ? y : z;
a condition of a constant                 | T start lib   | x = CONSTANT(MAXPAGESIZE) == 4096 ? y : z;
a condition of a size                     | T start lib   | x = SIZEOF(.text) ? y : z;
a condition of an address                 | T start lib   | x = ADDR(.text) ? y : z;
a condition of an alignment               | T start lib   | x = ALIGN(4) ? y : z;
a condition of an alignment of a number   | T start lib   | x = ALIGN(5, 4) ? y : z;
a condition of MAX                        | start T lib   | x = MAX(0, two) ? y : z;
a condition of SEGMENT_START              | T start lib   | x = SEGMENT_START("text", 0) ? y : z;
both sides of &&                          | T start lib   | x = 0 && y;
both sides of ||                          | T start lib   | x = 1 || y;
a name in ALIGN                           | T start lib   | x = ALIGN(y, z);
a name in LOG2CEIL                        | T start lib   | x = LOG2CEIL(y);
a name in SEGMENT_START                   | T start lib   | x = SEGMENT_START("text", y);
a name in the ASSERT of a value           | T start lib   | x = ASSERT(y, "no");
a name in ABSOLUTE beside a size          | T start lib   | x = ABSOLUTE(y) + SIZEOF(.data);
a name in ASSERT                          | T start lib   | ASSERT(y, "no")
a name in ASSERT of SECTIONS              | T start lib   | SECTIONS { .text : { *(.text) } ASSERT(y, "no") }
a name for the place                      | T start lib   | SECTIONS { . = y; .text : { *(.text) } .data 0x2000 : { *(.data) } }
a name as content                         | T start lib   | SECTIONS { .text : { *(.text) LONG(y) } .data : { *(.data) } }
a name as address                         | T start lib   | SECTIONS { .text y : { *(.text) } .data 0x2000 : { *(.data) } }
a name as load address                    | T start lib   | SECTIONS { .text : AT(y) { *(.text) } .data 0x2000 : { *(.data) } }
ENTRY                                     | T start lib   | ENTRY(y)
EXTERN                                    | T start lib   | EXTERN(w y)
-u                                        | T start lib -u w -u y |
-e                                        | T start lib -e y | ENTRY(z)
--require-defined                         | T start lib --require-defined=y |
--defsym                                  | --defsym=x=y T start lib |
--defsym of what is read                  | --defsym=x=y+4 T refx lib |
--defsym before the archive               | T start --defsym=x=y lib |
--defsym after the archive                | T start lib --defsym=x=y |
--defsym of a number, and an archive      | --defsym=x=5 T refx libxy |
--defsym of a number after an archive     | T refx libxy --defsym=x=5 |
--defsym of --defsym                      | --defsym=q=x --defsym=x=y T start lib |
--defsym of PROVIDE                       | --defsym=q=x T start lib | PROVIDE(x = y);
a script after the archive                | start lib T   | x = y;
a script between object and archive       | start T lib   | x = y;
a script among the inputs                 | T start more.ld lib |
a script among the inputs after an archive | T start lib more.ld |
an archive before the object              | T lib start   | x = y;
a group with a script                     | --start-group lib T start --end-group | x = y;
nobody defines it                         | T start       | x = y;
--gc-sections                             | T start lib --gc-sections | x = y;
--gc-sections with arithmetic             | T start lib --gc-sections | x = y + 4;
-r                                        | T start lib -r | x = y;
INSERT before the archive                 | T start lib   | SECTIONS { .more : { x = y; } } INSERT AFTER .text;
`;

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-archive-names-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** GNU's map has brackets there, the end of a group elsewhere, and an input's statements before the sections. */
const OTHER_MAPS = new Set(["y += 3", "y = y + 1", "a group with a script", "a script among the inputs"]);

let isPrepared = false;
function prepare(as: string, ar: string): void {
  if (isPrepared) return;
  isPrepared = true;
  for (const [name, source] of Object.entries({ ...OBJECTS, ...MEMBERS }))
    writeFileSync(join(folder, `${name}.o`), objectOfGnu(as, QUIET + source));
  for (const [name, members] of Object.entries(ARCHIVES))
    execFileSync(ar, ["rcsD", join(folder, `${name}.a`), ...members.map((member) => join(folder, `${member}.o`))]);
  writeFileSync(join(folder, "more.ld"), "x = y;\n");
}

describe("members of archives for names that a script reads", () => {
  const rows = CASES.trim()
    .split("\n")
    .map((line): [name: string, rest: readonly [string, string]] => {
      const [name = "", command = "", ...script] = line.split(/ *\| /);
      return [name.trim(), [command.replace(/\s*\|\s*$/, ""), script.join(" | ")]];
    });
  for (const [name, [words, said]] of rowsOf(rows, 24, ([row]) => row.startsWith("a condition of a")))
    test(name, (context) => {
      const [as, ld, ar] = ["as", "ld", "ar"].map((tool) => requireOracle(tool, context)) as [string, string, string];
      prepare(as, ar);
      const script = join(folder, "script.ld");
      writeFileSync(script, said.includes("SECTIONS") ? said : `${said}\n${BODY}\n`);
      const place = (word: string): string =>
        word in OBJECTS ? join(folder, `${word}.o`) : word in ARCHIVES ? join(folder, `${word}.a`) : word;
      const args = ["--no-warn-rwx-segments", "-e", "start"];
      if (/ENTRY|-e /.test(said + words)) args.splice(1);
      for (const word of words.split(/\s+/))
        args.push(...(word === "T" ? ["-T", script] : [word.endsWith(".ld") ? join(folder, word) : place(word)]));
      const gnu = linkOfGnu(ld, folder, args, []);
      const ours = join(folder, "ours");
      const link = (): string => captured(run, ["-m", "elf_i386", "-w", `-Map=${ours}.map`, ...args, "-o", ours]);
      if (gnu.file === null) {
        expect(link, `GNU ld refuses: ${gnu.messages}`).toThrow(CommandError);
        return;
      }
      link();
      if (!OTHER_MAPS.has(name))
        expect(
          readFileSync(`${ours}.map`, "latin1").replace(`OUTPUT(${ours} `, `OUTPUT(${join(folder, "theirs")} `),
        ).toBe(gnu.map);
      expect(Buffer.compare(readFileSync(ours), gnu.file), "the files are equal").toBe(0);
    });
});
