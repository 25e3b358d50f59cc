/**
 * Encodings that are looked up by the shape of a statement are those that the encoder makes: under `{nooptimize}`,
 * which asks for nothing else, a statement has no shape.
 */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { assemble } from "../../src/assembler/assemble.ts";
import type { AssembleOptions } from "../../src/assembler/model/options.ts";
import { shapesOf } from "../../src/assembler/shapes.ts";
import { REGISTERS_BY_CLASS } from "../../src/isa/registers.ts";
import { rowsOf } from "../setup/tier.ts";

/** On both sides of every limit of a field, and what instructions are particular about. */
const NUMBERS = [
  0, 1, -1, 2, 3, 16, 31, 127, 128, -128, -129, 255, 256, -255, -256, -257, 1000, 32767, 32768, -32768, -32769, 65535,
  65536, -65536, -65537, 100_000, 999_999_999, -999_999_999, 1_000_000_000, 2_147_483_647, -2_147_483_648,
];

/** Numbers below a limit, the same in every run (Lehmer's generator). */
let state = 20260104;
function next(limit: number): number {
  state = Math.imul(state, 48271) >>> 0;
  return (state >>> 8) % limit;
}
const pick = <T>(items: readonly T[]): T => items[next(items.length)]!;
const number = (): number => (next(3) === 0 ? next(600) - 300 : pick(NUMBERS));
const register = (of: "r8" | "r16" | "r32" | "xmm"): string => `%${pick(REGISTERS_BY_CLASS[of]).name}`;
const SIZES = { b: "r8", w: "r16", l: "r32" } as const;

/**
 * What stands in a source in place of a number: names that are defined nowhere, before, behind and as numbers, and one
 * twice.
 */
const SYMBOLS = [
  "x",
  ".Lx",
  "x+4",
  "4+x",
  "x-4",
  "x@GOTOFF",
  "20+x@GOTOFF",
  "x@GOTOFF-8",
  "x@GOT",
  "x@NTPOFF",
  "_GLOBAL_OFFSET_TABLE_",
  "here",
  "here-there",
  "behind",
  "five",
  "five+x",
  "zero",
  "x-y",
  ".",
  ".+x",
  ".startof.(.text)",
];
const symbol = (): string => pick(SYMBOLS);

function memory(): string {
  const displacement = next(3) === 0 ? "" : next(3) === 0 ? symbol() : String(number());
  const index = pick(REGISTERS_BY_CLASS.r32.filter(({ name }) => name !== "esp")).name;
  switch (next(4)) {
    case 0:
      return next(3) === 0 ? symbol() : String(number());
    case 1:
      return `${displacement}(,%${index},${pick([1, 2, 4, 8])})`;
    case 2:
      return `${displacement}(${register("r32")},%${index}${pick(["", ",2", ",8"])})`;
    default:
      return `${displacement}(${register("r32")})`;
  }
}

function statement(): string {
  const suffix = pick(["b", "w", "l"] as const);
  const own = (): string => register(SIZES[suffix]);
  const word = `${pick(["add", "sbb", "and", "xor", "cmp", "mov", "test"])}${suffix}`;
  switch (next(13)) {
    case 0:
      return `${word} $${number()}, ${own()}`;
    case 10:
      return `${word} $${symbol()}, ${next(2) === 0 ? own() : memory()}`;
    case 11:
      return `${pick(["call", "jmp"])} *${memory()}`;
    case 12:
      return `${pick(["call", "jmp", "jne"])} ${pick(["x", "x@PLT", ".Lx@PLT", "here", "behind", "five", "x+4"])}`;
    case 1:
      return `${word} $${number()}, ${memory()}`;
    case 2:
      return `${word} ${own()}, ${own()}`;
    case 3:
      return `${word} ${own()}, ${memory()}`;
    case 4:
      return `${pick(["shl", "sar", "rcr"])}${suffix} ${pick(["$1", "$2", "$31", "%cl"])}, ${next(2) === 0 ? own() : memory()}`;
    case 5:
      return `imull $${number()}, ${register("r32")}${next(2) === 0 ? `, ${register("r32")}` : ""}`;
    case 6:
      return `${pick(["push", "pop"])}l ${next(2) === 0 ? register("r32") : memory()}`;
    case 7:
      return `${pick(["leal", "movzbl", "cmovel"])} ${memory()}, ${register("r32")}`;
    case 8:
      return `${pick(["addps", "blendvps", "pxor"])} ${next(2) === 0 ? register("xmm") : memory()}, ${register("xmm")}`;
    default:
      return `xchg${suffix} ${own()}, ${next(2) === 0 ? own() : memory()}`;
  }
}

function assembled(
  lines: readonly string[],
  options: Partial<AssembleOptions> = {},
): { object: Uint8Array | null; wrong: ReadonlySet<number> } {
  const bytes = new TextEncoder().encode(`${lines.join("\n")}\n`);
  const files = { read: (path: string) => ({ path, bytes }) };
  const { object, diagnostics } = assemble({
    path: "shapes.s",
    files,
    maxErrors: Number.POSITIVE_INFINITY,
    warnings: "none",
    ...options,
  });
  return { object, wrong: new Set(diagnostics.map(({ line }) => line)) };
}

const BEFORE = [".set five, 5", ".set zero, 0", "there: nop", "here:"];
/** With the symbols that statements name. */
const around = (lines: readonly string[]): string[] => [...BEFORE, ...lines, "behind:"];

describe("shapes of statements", () => {
  test.each(rowsOf([".code32", ".code16"], 1))("encode as the encoder does, under %s", (mode) => {
    const drawn = Array.from({ length: 1500 }, statement);
    const slow = (lines: readonly string[]): string[] => around([mode, ...lines.map((line) => `{nooptimize} ${line}`)]);
    const { wrong } = assembled(slow(drawn));
    const right = drawn.filter((_, i) => !wrong.has(i + 2 + BEFORE.length));
    expect(right.length).toBeGreaterThan(drawn.length / 2);
    const expected = assembled(slow(right)).object!;
    const { object } = assembled(around([mode, ...right]));
    expect(object).not.toBeNull();
    expect(Buffer.from(object!).equals(Buffer.from(expected)), "the objects differ").toBe(true);
  });

  describe("that come along", () => {
    const path = "scripts/shapes.s";
    const compilers = readFileSync(path);
    const others = Array.from({ length: 300 }, statement).filter((line) => assembled([line]).wrong.size === 0);
    const lines = [...compilers.toString("latin1").split("\n"), ...others];

    // With -march=i486 shifts by one are encoded with a number.
    test.each(rowsOf(["", "i486"], 1))("change nothing, for the processor `%s'", (arch) => {
      const features = arch === "" ? lines : ["shll $1, %eax", "addl $1, %ecx", "pushl %ebx"];
      const expected = assembled(features, { arch }).object!;
      const { object } = assembled(features, { arch, shapes: shapesOf(path, compilers) });
      expect(Buffer.from(object!).equals(Buffer.from(expected)), "the objects differ").toBe(true);
    });

    test("are taken from wherever they lie in a buffer", () => {
      const saved = shapesOf(path, compilers);
      const moved = new Uint8Array(saved.length + 1).subarray(1);
      moved.set(saved);
      expect(assembled(lines, { shapes: moved }).object).toEqual(assembled(lines, { shapes: saved }).object);
    });

    test("are left alone in another byte order", () => {
      const turned = shapesOf(path, compilers);
      for (let i = 0; i + 4 <= turned.length; i += 4) turned.subarray(i, i + 4).reverse();
      expect(assembled(lines, { shapes: turned }).object).toEqual(assembled(lines).object);
    });

    test("leave other modes to the encoder", () => {
      const source = [".code16", ...lines];
      const { object } = assembled(source, { shapes: shapesOf(path, compilers) });
      expect(object).toEqual(assembled(source).object);
    });

    test("are refused from a source with a mistake", () => {
      expect(() => shapesOf("x.s", new TextEncoder().encode("nop\nmovl (%eax), (%ecx)\n"))).toThrow(/^x\.s:2: /);
    });
  });

  test("do not keep what a symbol was equal to", () => {
    const named = ["movl $x, number", "movl x(,%eax,number), %ecx", "movl $number, x", "addl number, %ecx"];
    const changed = (lines: readonly string[]): string[] =>
      [0, 1, 4].flatMap((value) => [
        `.set number, ${value}`,
        ...(value === 0 ? lines.filter((line) => !line.includes(",number)")) : lines),
      ]);
    const { object } = assembled(changed(named));
    expect(object).not.toBeNull();
    expect(object).toEqual(assembled(changed(named.map((line) => `{nooptimize} ${line}`))).object);
  });

  test("of symbols that stand for registers are none", () => {
    const lines = ["alias = %esi", "movl 100000, %ecx", "movl x, %ecx", "movl alias, %ecx", "addl $4, alias"];
    const { object } = assembled(lines);
    expect(object).not.toBeNull();
    expect(object).toEqual(assembled(lines.map((line) => line.replace(/^(mov|add)l/, "{nooptimize} $&"))).object);
  });

  test("that are warned of are warned of each time", () => {
    const { wrong } = assembled(["mov cs, ax", "mov cs, ax", "mov cs, bx"], { syntax: "intel", warnings: "show" });
    expect(wrong).toEqual(new Set([1, 2, 3]));
  });
});
