/** What the encoder says about an instruction that it cannot encode: which operand, and what would be right. */

import { describe, expect, test } from "vitest";
import { encode, isEncodingError } from "../../src/isa/encode.ts";
import { selectArchitecture } from "../../src/isa/features.ts";
import type {
  EncodeOptions,
  EncodingError,
  MemoryOperand,
  Operand,
  Prefix,
  SizeBits,
} from "../../src/isa/instruction.ts";
import { REGISTERS } from "../../src/isa/registers.ts";

const register = (name: string): Operand => ({ kind: "register", register: REGISTERS.get(name)! });
const number = (value: number): Operand => ({ kind: "immediate", value });
const memory = (sizeBits?: SizeBits, base = "esi", index?: string, scale: 1 | 2 = 1): MemoryOperand => ({
  kind: "memory",
  base: REGISTERS.get(base)!,
  ...(index === undefined ? {} : { index: REGISTERS.get(index)!, scale }),
  ...(sizeBits === undefined ? {} : { sizeBits }),
});

type Case = readonly [
  title: string,
  mnemonic: string,
  operands: readonly Operand[],
  code: EncodingError["code"],
  operand: number,
  message: string,
  prefixes?: readonly Prefix[],
  options?: Partial<EncodeOptions>,
];

const CASES: readonly Case[] = [
  [
    "sizes that differ",
    "cmp",
    [register("eax"), register("bl")],
    "size-mismatch",
    1,
    "cmp takes operands of one size here; the sizes are 32 and 8",
  ],
  [
    "a number as destination",
    "cmp",
    [number(3), register("bl")],
    "operand-kind",
    0,
    "cmp takes a register or memory as its first operand, not the number 3",
  ],
  [
    "two operands in memory",
    "add",
    [memory(32), memory(32)],
    "operand-kind",
    1,
    "add takes at most one operand in memory",
  ],
  [
    "a size that nothing says",
    "inc",
    [memory()],
    "size-ambiguous",
    0,
    "nothing says the size of this operand of inc: write byte ptr, word ptr or another size before it",
  ],
  [
    "too many operands",
    "inc",
    [register("eax"), register("ebx")],
    "operand-count",
    -1,
    "inc takes 1 operand, and 2 are given",
  ],
  ["no operands wanted", "cli", [register("eax")], "operand-count", -1, "cli takes no operands, and 1 is given"],
  [
    "a byte that cannot be pushed",
    "push",
    [register("al")],
    "size-mismatch",
    0,
    "push takes 16 or 32 bits here, and al is of another size",
  ],
  [
    "a number that does not fit",
    "int",
    [number(256)],
    "value-range",
    0,
    "int takes a number of 8 bits here; 256 does not fit",
  ],
  [
    "a register that is not the one",
    "in",
    [register("bl"), register("dx")],
    "operand-kind",
    0,
    "in takes al, ax or eax as its first operand, not bl",
  ],
  [
    "ESP as a scaled index",
    "mov",
    [register("eax"), memory(32, "eax", "esp", 2)],
    "bad-address",
    1,
    "esp cannot be an index, as in [eax+esp*2]",
  ],
  [
    "16-bit registers that make no address",
    "mov",
    [register("eax"), memory(32, "bx", "cx")],
    "bad-address",
    1,
    "[bx+cx] is no 16-bit address: it takes bx or bp, si or di, or one of each, without a scale",
  ],
  [
    "registers of two widths in an address",
    "mov",
    [register("eax"), memory(32, "eax", "bx")],
    "bad-address",
    1,
    "[eax+bx] is no address: base and index are 32-bit registers, or both are 16-bit ones",
  ],
  [
    "LOCK without memory",
    "add",
    [register("eax"), number(1)],
    "bad-prefix",
    -1,
    "lock needs an instruction that changes memory in place; add with these operands does not",
    ["lock"],
  ],
  [
    "REP before what does not repeat",
    "add",
    [register("eax"), number(1)],
    "bad-prefix",
    -1,
    "add cannot be repeated: only string instructions can",
    ["rep"],
  ],
  [
    "a prefix that says what is so",
    "mov",
    [register("eax"), number(1)],
    "bad-prefix",
    -1,
    "data32 is redundant: this is 32-bit code",
    ["data32"],
  ],
  ["a misspelt mnemonic", "mvo", [], "unknown-mnemonic", -1, "there is no instruction mvo; is mov meant?"],
  [
    "a newer instruction",
    "cmovz",
    [register("eax"), register("ebx")],
    "not-on-this-cpu",
    -1,
    "cmovz with these operands needs a processor with cmov",
    [],
    { features: selectArchitecture(undefined, "i486")! },
  ],
];

describe("diagnostics", () => {
  for (const [title, mnemonic, operands, code, operand, message, prefixes = [], options = {}] of CASES) {
    test(title, () => {
      expect(encode({ mnemonic, operands, prefixes }, { bits: 32, ...options })).toEqual({ code, operand, message });
    });
  }

  test("a string instruction with another address is a warning, as in GNU as", () => {
    const encoding = encode(
      { mnemonic: "movs", operands: [memory(8, "ebx"), memory(8, "esi")], prefixes: [] },
      { bits: 32 },
    );
    if (isEncodingError(encoding)) throw new Error(encoding.message);
    expect([...encoding.bytes]).toEqual([0xa4]);
    expect(encoding.warning).toEqual({
      code: "bad-address",
      operand: 0,
      message: "this operand is always [edi] (or [di]), whatever is written here",
    });
  });

  test("a number that loses bits is a warning where GNU as warns", () => {
    const encoding = encode({ mnemonic: "mov", operands: [register("al"), number(256)], prefixes: [] }, { bits: 32 });
    if (isEncodingError(encoding)) throw new Error(encoding.message);
    expect([...encoding.bytes]).toEqual([0xb0, 0]);
    expect(encoding.warning?.message).toBe("256 does not fit in 8 bits and was cut to 0");
  });

  test("AT&T syntax assumes a size and says so", () => {
    const encoding = encode(
      { mnemonic: "mov", operands: [memory(), number(1)], prefixes: [] },
      { bits: 32, att: true },
    );
    if (isEncodingError(encoding)) throw new Error(encoding.message);
    expect([...encoding.bytes]).toEqual([0xc7, 0x06, 1, 0, 0, 0]);
    expect(encoding.warning?.code).toBe("size-ambiguous");
  });

  test("a branch comes short, with its near form", () => {
    const encoding = encode({ mnemonic: "jne", operands: [{ kind: "target" }], prefixes: [] }, { bits: 32 });
    if (isEncodingError(encoding)) throw new Error(encoding.message);
    expect([...encoding.bytes]).toEqual([0x75, 0]);
    expect(encoding.longer && [...encoding.longer.bytes]).toEqual([0x0f, 0x85, 0, 0, 0, 0]);
  });
});
