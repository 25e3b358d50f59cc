/** The options of `qure as`, beside those of GNU as: the same exit code, the same object or none. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requireOracle } from "../../oracle.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { bundle, type Ended, qure } from "../in-process.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-as-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly status: number | null;
  readonly object: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[], input = ""): Outcome {
  const output = join(folder, "out.o");
  rmSync(output, { force: true });
  const { status, stdout, stderr } = spawnSync(program, [...args, "-o", output], {
    cwd: folder,
    encoding: "utf8",
    input,
  });
  return { status, stdout, stderr, object: existsSync(output) ? readFileSync(output).toString("hex") : null };
}

/** With a process of its own where it reads the standard input. */
async function ours(args: readonly string[], input?: string): Promise<Outcome> {
  if (input !== undefined) return run(process.execPath, [bundle, "as", ...args], input);
  const output = join(folder, "out.o");
  rmSync(output, { force: true });
  const ended = await qure(["as", ...args, "-o", output], { cwd: folder });
  return { ...ended, object: existsSync(output) ? readFileSync(output).toString("hex") : null };
}

const FILES: Readonly<Record<string, string>> = {
  "plain.s": ".text\nstart: nop\n.data\n.long 1, start\n",
  "second.s": "other: ret\n.globl other\n.byte 5\n",
  "warns.s": ".byte 300\nnop\n",
  "wrong.s": "nop\nfoo eax\nret\n",
  "includes.s": '.include "part.inc"\nnop\n',
  "part.inc": ".equ size, 4\n.fill size\n",
  "stack.s": '.section .note.GNU-stack,"x"\n.text\nnop\n.cfi_startproc\n.cfi_endproc\n',
  "plain-stack.s": 'nop\n.section .note.GNU-stack,""\n',
  options: "-R --defsym 'size=3'\nplain.s",
  "defined.s": ".if size == 3\nnop\n.endif\n.long size\n",
  "local.s": ".Lhere: jmp .Lhere\n.data\n.long .Lhere\n",
};

/** Arguments, and what is on the standard input. */
const CASES: readonly (readonly [name: string, args: readonly string[], input?: string])[] = [
  ["-R puts data into the text", ["-R", "plain.s"]],
  ["-J says nothing of signed overflow", ["-J", "plain.s"]],
  ["-W silences warnings", ["-W", "warns.s"]],
  ["--warn says them", ["--warn", "warns.s"]],
  ["--fatal-warnings makes them errors", ["--fatal-warnings", "warns.s"]],
  ["an error leaves no object", ["wrong.s"]],
  ["several sources are one text", ["plain.s", "second.s"]],
  ["- is the standard input", ["-"], "mov $1, %eax\n"],
  ["no source is the standard input", [], "inc %eax\n"],
  ["@FILE holds arguments", ["@options"]],
  ["--defsym", ["--defsym", "size=3", "defined.s"]],
  ["-L keeps local names", ["-L", "local.s"]],
  ["--keep-locals", ["--keep-locals", "local.s"]],
  ["--noexecstack adds the note", ["--noexecstack", "plain.s"]],
  ["--noexecstack leaves a note as it is", ["--noexecstack", "stack.s"]],
  ["--execstack adds the note, before call frames", ["--execstack", "warns.s"]],
  ["--execstack changes a note", ["--execstack", "plain-stack.s"]],
  ["of --execstack and --noexecstack the last counts", ["--execstack", "--noexecstack", "plain.s"]],
  ["-I is where includes are looked for", ["-I", ".", "includes.s"]],
  ["a source that is not there", ["none.s"]],
  ["a long option by its beginning", ["--no-w", "warns.s"]],
  ["-c, as to a compiler", ["-c", "plain.s"]],
  ["a beginning with one dash", ["-fatal", "warns.s"]],
  ["a beginning with a value", ["--def", "size=3", "defined.s"]],
  ["a folder by another name, without debugging information", ["--debug-prefix-map", "/a=/b", "plain.s"]],
];

describe("qure as", () => {
  beforeAll(() => {
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  });

  for (const [name, args, input] of rowsOf(CASES, 6)) {
    test(name, { timeout: 60_000 }, async (context) => {
      const expected = run(requireOracle("as", context), ["--32", ...args], input ?? "");
      const found = await ours(
        args,
        input ?? (args.some((arg) => arg.endsWith(".s") || arg.startsWith("@")) ? undefined : ""),
      );
      expect({ status: found.status, object: found.object }, found.stderr).toEqual({
        status: expected.status,
        object: expected.object,
      });
      expect(found.stderr !== "", found.stderr).toBe(expected.stderr !== "");
    });
  }

  test("--warn notes loads that NASM's language takes for addresses", { timeout: 60_000 }, async () => {
    const source = [
      "mov esi, text",
      "mov esi, [text]",
      "mov esi, dword ptr text",
      "mov esi, offset text",
      "mov si, text",
      "mov esi, text + 4",
      "mov text, esi",
      "mov esi, count",
      ".code16",
      "mov si, text",
      'text: .asciz "hello"',
    ];
    const text = `.intel_syntax noprefix\ncount = 5\n${source.join("\n")}\n`;
    const quiet = await ours(["-"], text);
    const asked = await ours(["--warn", "-"], text);
    expect(quiet.stderr).toBe("");
    expect(
      [...asked.stderr.matchAll(/:(\d+:\d+): note: .*\[(.*)\]/g)].map(([, place, id]) => `${place} ${id}`),
    ).toEqual(["3:10 symbol-load", "12:9 symbol-load"]);
    expect(asked.stderr).toContain("`offset text'");
    expect(asked.object).toBe(quiet.object);
  });

  thoroughly("-Z makes an object despite errors", { timeout: 60_000 }, async () => {
    const found = await ours(["-Z", "wrong.s"]);
    expect(found.stderr).toContain("wrong.s:2:1: error:");
    expect(found.object).not.toBeNull();
  });

  thoroughly("of several wishes for DWARF the last counts", { timeout: 60_000 }, async () => {
    const plain = (await ours(["-g", "plain.s"])).object;
    expect((await ours(["--gdwarf-5", "-g", "plain.s"])).object).toBe(plain);
    expect((await ours(["-g", "--gdwarf-5", "plain.s"])).object).not.toBe(plain);
  });

  test("--MD lists what was read", { timeout: 60_000 }, async (context) => {
    const words = (): string[] =>
      readFileSync(join(folder, "deps.d"), "utf8")
        .split(/[\s\\]+/)
        .filter((word) => word !== "")
        .map((word) => word.replace(/^.*\//, ""))
        .sort();
    run(requireOracle("as", context), ["--32", "--MD", "deps.d", "includes.s"]);
    const expected = words();
    await ours(["--MD", "deps.d", "includes.s"]);
    expect(words()).toEqual(expected);
  });

  test("--diagnostics=json", { timeout: 60_000 }, async () => {
    const diagnostics = JSON.parse((await ours(["--diagnostics=json", "wrong.s"])).stderr) as readonly Record<
      string,
      unknown
    >[];
    expect(diagnostics).toMatchObject([
      { severity: "error", id: "unknown-instruction", file: "wrong.s", line: 2, column: 1, sourceLine: "foo eax" },
    ]);
  });

  test("-a writes the listing, with errors too", { timeout: 60_000 }, async () => {
    const { stdout } = await ours(["-al", "wrong.s"]);
    expect(stdout).toMatch(/2 .*foo eax\n\*{4} +Error: no instruction/);
    await ours(["-alm=listing.txt", "plain.s"]);
    expect(readFileSync(join(folder, "listing.txt"), "utf8")).toMatch(/2 0000 90 +\t?start: nop/);
  });

  thoroughly("an unknown option is refused", { timeout: 60_000 }, async () => {
    expect(await ours(["--no-such-option", "plain.s"])).toMatchObject({ status: 2, object: null });
  });
});

describe("qure as --each", () => {
  const each = (args: readonly string[]): Promise<Ended> => qure(["as", "--each", ...args], { cwd: folder });

  test("every source becomes the object that it becomes by itself", async () => {
    const { status, stderr } = await each(["plain.s", "second.s", "-o", "objects/each"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const name of ["plain", "second"])
      expect(readFileSync(join(folder, `objects/each/${name}.o`)).toString("hex")).toBe(
        (await ours([`${name}.s`])).object,
      );
  });

  test("a mistake in one keeps no other from its object", async () => {
    const { status, stderr } = await each(["wrong.s", "plain.s"]);
    expect(status).toBe(1);
    expect(stderr).toContain("wrong.s:2:1: error:");
    expect(stderr).toContain("1 of 2 sources could not be assembled");
    expect([existsSync(join(folder, "wrong.o")), existsSync(join(folder, "plain.o"))]).toEqual([false, true]);
  });

  test("two sources with one object are refused", async () => {
    const { status, stderr } = await each(["plain.s", "./plain.s", "-o", "."]);
    expect(status).toBe(2);
    expect(stderr).toContain("would both become plain.o");
  });
});
