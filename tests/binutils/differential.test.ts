/**
 * nm, size, objdump and objcopy against GNU's, on random programs as objects, archives and executables: the same text,
 * the same bytes.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run as nm } from "../../src/cli/gnu/nm.ts";
import { run as objcopy } from "../../src/cli/gnu/objcopy.ts";
import { run as objdump } from "../../src/cli/gnu/objdump.ts";
import { run as readelf } from "../../src/cli/gnu/readelf.ts";
import { run as size } from "../../src/cli/gnu/size.ts";
import { randomProgram } from "../linker/programs.ts";
import { objectOfGnu, requireOracle } from "../oracle.ts";
import { casesOf, rowsOf } from "../setup/tier.ts";
import { captured } from "./captured.ts";

const cases = casesOf("binutils/differential", 1);
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-binutils-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TOOLS = { nm, size, objdump, readelf };

const QUERIES: readonly (readonly [tool: keyof typeof TOOLS, ...options: string[]])[] = [
  ["nm"],
  ["nm", "-a"],
  ["nm", "-n"],
  ["nm", "-P"],
  ["nm", "-S", "--size-sort"],
  ["nm", "-r", "--size-sort"],
  ["nm", "--size-sort", "-n"],
  ["nm", "-p", "--size-sort"],
  ["nm", "-u"],
  ["nm", "-f", "sysv"],
  ["nm", "-gp"],
  ["nm", "-A"],
  ["nm", "-r"],
  ["nm", "--defined-only"],
  ["nm", "-s"],
  ["nm", "-j"],
  ["nm", "-jA"],
  ["nm", "-PA"],
  ["size"],
  ["size", "-A"],
  ["size", "-x"],
  ["size", "-o", "-A"],
  ["size", "-G"],
  ["size", "-t"],
  ["objdump", "-h"],
  ["objdump", "-hw"],
  ["objdump", "-t"],
  ["objdump", "-r"],
  ["objdump", "-s"],
  ["objdump", "-f"],
  ["objdump", "-x"],
  ["objdump", "-d"],
  ["objdump", "-dr", "-M", "intel"],
  ["objdump", "-D"],
  ["objdump", "-d", "--no-show-raw-insn", "-M", "intel"],
  ["objdump", "-drw"],
  ["objdump", "-dz"],
  ["objdump", "-d", "--insn-width=4"],
  ["objdump", "-dl"],
  ["objdump", "-S"],
  ["objdump", "-dr", "-j", ".text", "-j", ".data"],
  ["readelf", "-a"],
  ["readelf", "-aW"],
  ["readelf", "-S", "-l"],
  ["readelf", "-x", ".text", "-p", ".shstrtab"],
  ["objdump", "-d", "-M", "i8086"],
];

const COPIES: readonly (readonly string[])[] = [
  ["-O", "binary"],
  ["-O", "binary", "-j", ".text"],
  ["-O", "binary", "-R", ".data", "--gap-fill", "0xff"],
  ["-S"],
  ["-R", ".comment"],
];

/** Bytes that are no code, and prefixes before them. tests/isa knows them. */
const isKnown = (line: string): boolean => /\(bad\)/.test(line);

function firstDifference(ours: string, theirs: string): string | null {
  if (ours === theirs) return null;
  const [a, b] = [ours.split("\n"), theirs.split("\n")];
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if (a[i] !== b[i] && !isKnown(a[i] ?? "") && !isKnown(b[i] ?? ""))
      return `ours ${JSON.stringify(a[i])}, GNU's ${JSON.stringify(b[i])}`;
  return null;
}

describe("the same text as GNU's", () => {
  test(`programs: ${cases.title}`, (context) => {
    const [as, ld, ar] = ["as", "ld", "ar"].map((name) => requireOracle(name, context)) as [string, string, string];
    const paths = new Map(
      ["nm", "size", "objdump", "objcopy", "readelf"].map((name) => [name, requireOracle(name, context)]),
    );
    const problems: string[] = [];
    let compared = 0;
    for (let number = cases.firstSeed; number < cases.firstSeed + cases.count; number++) {
      const objects = randomProgram(number).map((source, index) => {
        const path = join(folder, `part${number}_${index}`);
        writeFileSync(`${path}.s`, source);
        execFileSync(as, ["--32", ...(number % 2 ? ["-g"] : []), "-o", `${path}.o`, `${path}.s`], { stdio: "ignore" });
        return `${path}.o`;
      });
      const archive = join(folder, `all${number}.a`);
      const program = join(folder, `program${number}`);
      execFileSync(ar, ["rcD", archive, ...objects]);
      execFileSync(ld, ["-m", "elf_i386", "--no-warn-rwx-segments", "--no-warn-execstack", "-o", program, ...objects], {
        stdio: "ignore",
      });
      for (const file of [objects[0]!, archive, program]) {
        for (const [tool, ...options] of rowsOf(QUERIES, 9)) {
          const theirs = spawnSync(paths.get(tool)!, [...options, file], {
            env: { ...process.env, LC_ALL: "C" },
            encoding: "latin1",
            maxBuffer: 1 << 28,
          }).stdout;
          const difference = firstDifference(captured(TOOLS[tool], [...options, file]), theirs);
          compared++;
          if (difference !== null)
            problems.push(
              `${cases.repeat(number)}: ${tool} ${options.join(" ")} ${file.slice(folder.length + 1)}: ${difference}`,
            );
        }
        if (file === archive) continue;
        for (const options of rowsOf(COPIES, 3)) {
          execFileSync(paths.get("objcopy")!, [...options, file, join(folder, "theirs")], { stdio: "ignore" });
          captured(objcopy, [...options, file, join(folder, "ours")]);
          compared++;
          if (!readFileSync(join(folder, "ours")).equals(readFileSync(join(folder, "theirs"))))
            problems.push(
              `${cases.repeat(number)}: objcopy ${options.join(" ")} ${file.slice(folder.length + 1)}: the files differ`,
            );
        }
      }
    }
    expect(compared).toBeGreaterThan(0);
    expect(problems.slice(0, Number(process.env["SHOW"] ?? 20))).toEqual([]);
  });
});

const INLINED = `int counter;
static inline __attribute__((always_inline)) int square(int x) {
  return x * x;
}
static inline __attribute__((always_inline)) int cube(int x) {
  return square(x) * x;
}
int work(int n) {
  counter += cube(n);
  for (int i = 0; i < n; i++) counter += square(i);
  return counter;
}
`;

/** What objcopy does to an object: symbols, sections, debugging information. */
const CHANGES: readonly (readonly string[])[] = [
  ["--prefix-symbols=x_"],
  ["-L", "work"],
  ["-W", "work"],
  ["--weaken"],
  ["-G", "counter"],
  ["--redefine-sym", "work=labour"],
  ["--add-symbol", "foo=.text:4"],
  ["--add-symbol", "foo=5"],
  ["-w", "-L", "w*"],
  ["--strip-unneeded"],
  ["-g"],
  ["--only-keep-debug"],
  ["--rename-section", ".data=.dat"],
];

test("objdump says that no file has the section that -j names", (context) => {
  const path = join(folder, "none.o");
  writeFileSync(path, new Uint8Array(objectOfGnu(requireOracle("as", context), "ret\n")));
  expect(() => captured(objdump, ["-d", "-j", ".tekst", path])).toThrow(".tekst");
});

describe("the same of what a C compiler makes", () => {
  for (const dwarf of rowsOf(["-gdwarf-5", "-gdwarf-4", "-gdwarf-2"], 1)) {
    test(`lines of inlined functions and copies, ${dwarf}`, (context) => {
      const [gcc, gnuObjdump, gnuObjcopy] = ["gcc", "objdump", "objcopy"].map((name) =>
        requireOracle(name, context),
      ) as [string, string, string];
      const path = join(folder, "inlined.o");
      const made = spawnSync(
        gcc,
        ["-m32", "-ffreestanding", "-fno-pic", "-O2", dwarf, "-x", "c", "-c", "-o", path, "-"],
        { input: INLINED, encoding: "utf8" },
      );
      if (made.status !== 0) return context.skip("gcc has no 32-bit target");
      const chosen = ["--disassemble=work", "--disassemble=nobody", "--adjust-vma=0x1000"];
      for (const options of [["-dl"], ["-dS"], ["-dSl"], ...chosen.map((option) => ["-dr", option])]) {
        expect(
          firstDifference(
            captured(objdump, [...options, path]),
            execFileSync(gnuObjdump, [...options, path], { encoding: "latin1" }),
          ),
          options.join(" "),
        ).toBeNull();
      }
      for (const options of CHANGES) {
        const [theirs, ours] = [join(folder, "theirs.o"), join(folder, "ours.o")];
        execFileSync(gnuObjcopy, [...options, path, theirs]);
        captured(objcopy, [...options, path, ours]);
        expect(readFileSync(ours).equals(readFileSync(theirs)), options.join(" ")).toBe(true);
      }
    });
  }

  test("a shared library keeps what a dynamic linker reads", (context) => {
    const [as, ld, gnuObjcopy] = ["as", "ld", "objcopy"].map((name) => requireOracle(name, context)) as [
      string,
      string,
      string,
    ];
    const [object, library] = [join(folder, "library.o"), join(folder, "library.so")];
    const source =
      ".globl f\n.type f, @function\nf: call other@PLT\nret\n.size f, . - f\n.data\n.globl d\nd: .long f\n";
    execFileSync(as, ["--32", "-g", "-o", object, "-"], { input: source });
    const versions = join(folder, "versions");
    writeFileSync(versions, "V1 { f; };\nV2 { d; } V1;\n");
    execFileSync(ld, [
      ...["-m", "elf_i386", "-shared", "--hash-style=both", "-soname", "library.so.1", "-rpath", "/somewhere"],
      ...["--version-script", versions, "-o", library, object],
    ]);
    const user = join(folder, "user.so");
    execFileSync(ld, ["-m", "elf_i386", "-shared", "--no-as-needed", "-o", user, object, library]);
    for (const path of [library, user])
      for (const option of ["-p", "-t", "-h"])
        expect(captured(objdump, [option, path])).toBe(execFileSync("objdump", [option, path], { encoding: "latin1" }));
    for (const options of [[], ["-S"], ["-g"], ["-S", "-R", ".comment"]]) {
      const [theirs, ours] = [join(folder, "theirs.so"), join(folder, "ours.so")];
      execFileSync(gnuObjcopy, [...options, library, theirs]);
      captured(objcopy, [...options, library, ours]);
      expect(readFileSync(ours).equals(readFileSync(theirs)), options.join(" ")).toBe(true);
    }
  });

  test("members of thin archives", (context) => {
    const [as, ar, gnuNm] = ["as", "ar", "nm"].map((name) => requireOracle(name, context)) as [string, string, string];
    const object = join(folder, "member.o");
    execFileSync(as, ["--32", "-o", object, "-"], {
      input: ".globl inside\ninside: ret\n",
      stdio: ["pipe", "ignore", "inherit"],
    });
    const archive = join(folder, "thin.a");
    execFileSync(ar, ["rcsT", archive, object], { stdio: "ignore" });
    expect(captured(nm, [archive])).toBe(execFileSync(gnuNm, [archive], { encoding: "latin1" }));
    rmSync(object);
    expect(() => captured(nm, [archive])).toThrow();
  });
});
