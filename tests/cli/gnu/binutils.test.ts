/** The object tools as commands: help, wrong usage, bad files, and a mistake in a program. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assemble } from "../../../src/assembler/assemble.ts";
import { CommandError, UsageError } from "../../../src/cli/fail.ts";
import { run as ld } from "../../../src/cli/gnu/ld.ts";
import { run as nm } from "../../../src/cli/gnu/nm.ts";
import { run as objcopy } from "../../../src/cli/gnu/objcopy.ts";
import { run as objdump } from "../../../src/cli/gnu/objdump.ts";
import { run as size } from "../../../src/cli/gnu/size.ts";
import { captured } from "../../binutils/captured.ts";
import { requireOracle } from "../../oracle.ts";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-cli-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const COMMANDS = { ld, nm, objdump, objcopy, size };

function object(name: string, source: string): string {
  const path = join(folder, `${name}.s`);
  const bytes = new TextEncoder().encode(`.intel_syntax noprefix\n${source}`);
  writeFileSync(path, bytes);
  const made = assemble({
    path,
    files: { read: (asked) => (asked === path ? { path, bytes } : null) },
    debugLines: true,
  }).object!;
  writeFileSync(join(folder, `${name}.o`), made);
  return join(folder, `${name}.o`);
}

function failure(work: () => unknown): { error: Error; stderr: string } {
  const chunks: string[] = [];
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = ((chunk: string) => (chunks.push(chunk), true)) as typeof process.stderr.write;
  try {
    work();
  } catch (error) {
    return { error: error as Error, stderr: chunks.join("") };
  } finally {
    process.stderr.write = write;
  }
  throw new Error("nothing failed");
}

describe.each(Object.entries(COMMANDS))("qure %s", (name, run) => {
  test("--help names every option and has an example", () => {
    const text = captured(run, ["--help"]);
    expect(text).toContain(`Usage: qure ${name}`);
    expect(text).toMatch(/Example:\n {2}qure /);
  });

  test("an unknown option is wrong usage", () => {
    expect(() => run(["--no-such-option"])).toThrow(UsageError);
    expect(() => run(["-%"])).toThrow(/unknown option -%/);
  });

  test("a file that is none of ours is named", () => {
    const path = join(folder, "noise");
    writeFileSync(path, "this is not an object");
    const extra = name === "objdump" ? ["-d"] : name === "objcopy" ? ["-O", "binary"] : [];
    const { error, stderr } = failure(() => run([...extra, path]));
    expect(error).toBeInstanceOf(CommandError);
    expect(error.message + stderr).toContain("noise");
  });
});

describe("qure ld", () => {
  test("undefined symbols come with their lines, a suggestion, and the number of further places", () => {
    const uses = Array.from({ length: 6 }, () => " call prinkt\n").join("");
    const path = object("undefined", `.globl _start, printk\n_start: nop\n${uses}printk: ret\n`);
    const { error, stderr } = failure(() => ld([path, "-o", join(folder, "never")]));
    expect(stderr).toMatch(
      /undefined\.s:4:7: error: undefined symbol prinkt \[undefined-symbol\]\n {5}call prinkt\n {10}\^~+\n {4}did you mean printk\?/,
    );
    expect(stderr).toContain("and in 3 more places");
    expect(error.message).toBe("nothing was linked: 3 errors");
    expect(existsSync(join(folder, "never"))).toBe(false);
  });

  test("a failed link leaves the previous program untouched", () => {
    const good = object("good", ".globl _start\n_start: ret\n");
    const bad = object("bad", ".globl _start\n_start: call nowhere\n");
    const program = join(folder, "program");
    ld([good, "-o", program]);
    const before = readFileSync(program);
    failure(() => ld([bad, "-o", program]));
    expect(readFileSync(program)).toEqual(before);
  });

  test("takes options from a file, libraries from folders, and options with one dash", (context) => {
    const ar = requireOracle("ar", context);
    const main = object("main", ".globl _start\n_start: call helper\n");
    const helper = object("helper", ".globl helper\nhelper: ret\n");
    execFileSync(ar, ["rcs", join(folder, "libhelp.a"), helper]);
    writeFileSync(join(folder, "options"), `-L ${folder} -lhelp -Ttext=0x1000\n-o ${join(folder, "linked")}`);
    ld(["-m", "elf_i386", "-nostdlib", main, `@${join(folder, "options")}`]);
    expect(captured(nm, ["-g", join(folder, "linked")])).toMatch(/^0000100\d T helper$/m);
  });
});
