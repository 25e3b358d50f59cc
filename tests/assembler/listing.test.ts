/** The listing says where each line went, how deep in macros it stands, and what each condition came to. */
import { describe, expect, test } from "vitest";
import { DEFAULT_LISTING, type ListingOptions } from "../../src/assembler/model/listing-options.ts";
import { assembleText } from "./differential.ts";

const SOURCE = `${[
  ".intel_syntax noprefix",
  ".macro inner",
  "nop",
  ".endm",
  ".macro outer",
  "inner",
  "ret",
  ".endm",
  ".if 0",
  "int3",
  ".else",
  "outer",
  ".endif",
  ".long 1, 2, 3",
].join("\n")}\n`;

function listing(source: string, options: Partial<ListingOptions> = {}): string[] {
  return assembleText(source, { listing: { ...DEFAULT_LISTING, symbols: false, ...options } }).listing!.split("\n");
}

/** The line of the listing that ends with this source. */
function lineOf(lines: readonly string[], end: string): string {
  const line = lines.find((text) => text.endsWith(end));
  expect(line, `${end} in\n${lines.join("\n")}`).toBeDefined();
  return line!;
}

describe("the listing", () => {
  test("has place and bytes, and lines that continue", () => {
    const lines = listing(SOURCE);
    expect(lineOf(lines, ".long 1, 2, 3")).toMatch(/^ *14 0002 01000000/);
    expect(lines.filter((line) => line.startsWith("  14"))).toHaveLength(3);
    expect(listing(SOURCE, { words: 3 }).filter((line) => line.startsWith("  14"))).toHaveLength(1);
    expect(listing(SOURCE, { continuationLines: 1 }).filter((line) => line.startsWith("  14"))).toHaveLength(2);
  });

  test("says what a condition came to and which lines were left out", () => {
    const lines = listing(SOURCE);
    expect(lineOf(lines, ".if 0")).toMatch(/ no +\t/);
    expect(lineOf(lines, "int3")).toContain("- int3");
    expect(listing(SOURCE, { skipped: false }).some((line) => line.includes("int3"))).toBe(false);
    expect(lineOf(listing(".if 2 > 1\nnop\n.endif\n"), ".if 2 > 1")).toMatch(/ yes +\t/);
  });

  test("shows macros with their depth, when asked", () => {
    expect(listing(SOURCE).some((line) => line.includes("> "))).toBe(false);
    const lines = listing(SOURCE, { macros: true });
    expect(lineOf(lines, "\t> ret")).toMatch(/C3 /);
    expect(lineOf(lines, ">> nop")).toMatch(/90 /);
  });

  test("is written despite errors, which stand below their lines", () => {
    const { listing: text, object } = assembleText("nop\nfoo\nnop\n", { listing: DEFAULT_LISTING });
    expect(object).toBeNull();
    expect(text).toMatch(/foo\n\*{4} +Error: .*\n/);
  });

  test("cuts long lines and lists symbols", () => {
    expect(lineOf(listing(`nop # ${"x".repeat(300)}\n`, { sourceWidth: 10 }), "nop # xxxx")).toBeDefined();
    const text = listing("a: nop\nb = 5\ncall c\n", { symbols: true }).join("\n");
    expect(text).toMatch(/DEFINED SYMBOLS\n.*\.text:00000000 a\n.*\*ABS\*:00000005 b\n/);
    expect(text).toMatch(/UNDEFINED SYMBOLS\nc/);
  });
});
