/** Limits of encoding and decoding that a spread over the table does not come to. */
import { describe, expect, test } from "vitest";
import { decode } from "../../src/isa/decode.ts";
import { disassemble } from "../../src/isa/disassemble.ts";
import { assembleText } from "../assembler/differential.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.split(" "), (byte) => parseInt(byte, 16));

describe("the disassembler", () => {
  test.each<[hex: string, syntax: "intel" | "att", bits: 16 | 32, text: string, length: number]>([
    ["9b db e3", "intel", 32, "finit", 3],
    ["9b d9 3c 24", "intel", 32, "fstcw  WORD PTR [esp]", 4],
    ["9b 9b db e2", "intel", 32, "fwait", 1],
    ["9b 90", "intel", 32, "fwait", 1],
    ["9b", "intel", 32, "fwait", 1],
    ["9b 26 d9 3e 34 12", "intel", 16, "fstcw  WORD PTR es:0x1234", 6],
    ["67 e2 fe", "att", 32, "loopw  0x1", 3],
    ["67 e2 fe", "att", 16, "loopl  0x1", 3],
    ["67 e1 fe", "att", 32, "loopew 0x1", 3],
    ["67 e3 fe", "intel", 32, "jcxz   0x1", 3],
    ["0f 24 d8", "intel", 32, "mov    eax,tr3", 3],
    ["0f 26 f8", "intel", 32, "mov    tr7,eax", 3],
  ])("%s in %s syntax, %i bits: %s", (hex, syntax, bits, text, length) => {
    const padded = new Uint8Array(24).fill(0x90);
    const code = bytes(hex);
    padded.set(code);
    // What is longer than the sample shows at its end.
    const sample = hex === "9b" ? code : padded;
    const found = disassemble(sample, 0, 0, { bits, syntax });
    expect([found.text.trim(), found.length]).toEqual([text, length]);
  });
});

describe("the decoder", () => {
  const length = (hex: string): [string | null, number] => {
    const decoded = decode(bytes(hex), 0, 32);
    return [decoded.form === null ? decoded.problem : null, decoded.length];
  };
  const prefixes = (count: number): string => Array.from({ length: count }, () => "66").join(" ");

  test("takes fifteen bytes and no more", () => {
    expect(length(`${prefixes(14)} 90`)).toEqual([null, 15]);
    expect(length(`${prefixes(15)} 90`)[0]).toBe("long");
    expect(length(`${prefixes(11)} b8 01 02`)).toEqual([null, 14]);
    expect(length(`${prefixes(13)} b8 01 02`)[0]).toBe("long");
    expect(length(`${prefixes(12)} b8 01 02`)).toEqual([null, 15]);
  });

  test("says where the bytes end too early", () => {
    for (const hex of [
      "b8 01 02 03",
      "8b",
      "8b 05 01 02 03",
      "8b 04",
      "0f",
      "66",
      "c7 00 01 02 03",
      "ea 01 02 03 04 05",
    ])
      expect(length(hex)[0], hex).toBe("truncated");
  });
});

describe("the assembler's words for instructions", () => {
  const said = (line: string, bits = 32): string[] =>
    assembleText(`.intel_syntax noprefix\n.code${bits}\n${line}\n`).diagnostics.map(
      ({ severity, id, message }) => `${severity} ${id}: ${message}`,
    );

  test.each<[line: string, said: readonly string[]]>([
    ["push byte ptr 5", []],
    ["push byte ptr -128", []],
    ["push byte ptr 255", []],
    ["mov eax, dword ptr 5", []],
    ["mov al, byte ptr 255", []],
  ])("%s: nothing", (line, expected) => {
    expect(said(line)).toEqual(expected);
  });

  test.each<[line: string, words: RegExp]>([
    ["push byte ptr -129", /warning ignored-size/],
    ["push byte ptr 256", /warning ignored-size/],
    ["mov dword ptr [eax], byte ptr 300", /./],
  ])("%s: something", (line, words) => {
    expect(said(line).join("\n")).toMatch(words);
  });
});
