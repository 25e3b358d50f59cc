/** Names of C++ as the commands show them: nm, objdump and ld, in GNU's words. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run as ld } from "../../../src/cli/gnu/ld.ts";
import { run as nm } from "../../../src/cli/gnu/nm.ts";
import { run as objdump } from "../../../src/cli/gnu/objdump.ts";
import { run as readelf } from "../../../src/cli/gnu/readelf.ts";
import { writeArchive } from "../../../src/object/archive-writer.ts";
import { captured } from "../../binutils/captured.ts";
import { DEMANGLE_CASES } from "../../object/demangle-cases.ts";
import { objectOfGnu, requireOracle } from "../../oracle.ts";

const MAIN = `.section .text._ZN2ns1A1fEi,"ax"
.globl _ZN2ns1A1fEi, _start
.type _ZN2ns1A1fEi,@function
_start: nop
_ZN2ns1A1fEi: call _Z1gIiET_S0_
 ret
.size _ZN2ns1A1fEi, . - _ZN2ns1A1fEi
.text
.globl _Z1zv
_Z1zv: call _ZN2ns1A1fEi
 movl _ZN2ns1vE, %eax
 ret
.comm _ZN2ns1vE,4
.comm _ZN2ns27a_name_of_quite_some_lengthE,8
.globl _ZN4core3fmt3pad17h0123456789abcdefE
_ZN4core3fmt3pad17h0123456789abcdefE: ret
.globl _RNvC3foo3bar
_RNvC3foo3bar: ret
.section .note.GNU-stack,"",@progbits
`;
const PART = `.globl _Z1gIiET_S0_
_Z1gIiET_S0_: ret
.section .note.GNU-stack,"",@progbits
`;

const TOOLS = { nm, objdump, readelf };

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-demangling-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes the objects and the archive, and names them. */
function files(as: string): { readonly main: string; readonly part: string; readonly library: string } {
  const [main, part, library] = ["main.o", "part.o", "lib.a"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(main, objectOfGnu(as, MAIN));
  const content = new Uint8Array(objectOfGnu(as, PART));
  writeFileSync(part, content);
  writeFileSync(library, writeArchive([{ name: "part.o", content }], true));
  return { main, part, library };
}

describe("the same text as GNU's", () => {
  test.each([
    ["nm", "-C"],
    ["nm", "-CP"],
    ["nm", "-CnS"],
    ["nm", "-C", "-f", "sysv"],
    ["nm", "--demangle", "-s"],
    ["nm", "--demangle=rust"],
    ["nm", "--demangle=gnu-v3"],
    ["nm", "--demangle=none"],
    ["nm", "-C", "--no-demangle"],
    ["nm"],
    ["objdump", "-Ct"],
    ["objdump", "-Cr"],
    ["objdump", "-Cdr"],
    ["objdump", "-Cdl"],
    ["objdump", "-d", "--demangle=gnu-v3"],
    ["objdump", "-C", "--disassemble=ns::A::f(int)"],
    ["objdump", "-C", "--disassemble=_ZN2ns1A1fEi"],
    ["readelf", "-C", "-s"],
    ["readelf", "-CW", "-sr"],
    ["readelf", "-r", "--demangle"],
    ["readelf", "-C", "--no-demangle", "-s"],
  ])("%s %s %s", (tool, ...options) => {
    const skip = (reason: string): never => expect.fail(reason);
    const { main, library } = files(requireOracle("as", { skip }));
    const file = options.includes("-s") ? library : main;
    const theirs = execFileSync(requireOracle(tool, { skip }), [...options, file], { encoding: "latin1" });
    expect(captured(TOOLS[tool as keyof typeof TOOLS], [...options, file])).toBe(theirs);
  });

  test("all names of the table", (context) => {
    const [as, theirs] = ["as", "nm"].map((name) => requireOracle(name, context)) as [string, string];
    const names = Object.values(DEMANGLE_CASES)
      .flat()
      .map(([name]) => name)
      .filter((name) => /^[\w.$]+$/.test(name));
    const path = join(folder, "all.o");
    writeFileSync(path, objectOfGnu(as, names.map((name) => `"${name}":\n`).join("")));
    expect(captured(nm, ["-C", path])).toBe(execFileSync(theirs, ["-C", path], { encoding: "latin1" }));
  });

  test.each([[[]], [["--demangle=none"]]])("the map and the references of ld %j", (options) => {
    const skip = (reason: string): never => expect.fail(reason);
    const { main, library } = files(requireOracle("as", { skip }));
    const [ours, theirs] = ["ours", "theirs"].map((name) => join(folder, `${name}.map`)) as [string, string];
    const args = ["-m", "elf_i386", "--cref", ...options, "-o", join(folder, "out"), main, library];
    ld(["-Map", ours, ...args]);
    spawnSync(requireOracle("ld", { skip }), ["-Map", theirs, ...args]);
    expect(readFileSync(ours, "latin1")).toBe(readFileSync(theirs, "latin1"));
  });
});

describe("ld says which function is missing", () => {
  test.each([
    [[], "undefined symbol int g<int>(int) "],
    [["--no-demangle"], "undefined symbol _Z1gIiET_S0_ "],
    [["--no-demangle", "--demangle"], "undefined symbol int g<int>(int) "],
  ])("%j", (options, message) => {
    const skip = (reason: string): never => expect.fail(reason);
    const { main } = files(requireOracle("as", { skip }));
    const chunks: string[] = [];
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = ((chunk: string) => (chunks.push(chunk), true)) as typeof process.stderr.write;
    try {
      expect(() => ld([...options, "-o", join(folder, "out"), main])).toThrow("nothing was linked");
    } finally {
      process.stderr.write = write;
    }
    expect(chunks.join("")).toContain(message);
  });
});

test.each([
  ["nm", nm],
  ["objdump", objdump],
  ["ld", ld],
  ["readelf", readelf],
])("%s knows no other style", (_, run) => {
  expect(() => run(["-s", "--demangle=java", "x.o"])).toThrow("--demangle=java: it is none, auto, gnu-v3 or rust");
});
