/**
 * Bytes and lines that a spread over the table hardly comes to, judged by GNU's tools: prefixes that are repeated or
 * stand before what does not take them, opcodes that are none, sizes that are said twice or not at all.
 */
import { describe, expect, test } from "vitest";
import { Decoded, decode } from "../../src/isa/decode.ts";
import { disassemble } from "../../src/isa/disassemble.ts";
import { disassembleBatch, requireOracle, sampleAddress } from "../oracle.ts";

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.split(" "), (byte) => Number.parseInt(byte, 16));

const CODE = [
  // F2 before branches near and far, F3 and F2 before what has one of its own.
  ...[
    "f2 c3",
    "f2 c2 04 00",
    "f2 cb",
    "f2 ca 04 00",
    "f2 ff e0",
    "f2 ff d0",
    "f2 ff 20",
    "f2 ff 10",
    "f2 ff 18",
    "f2 ff 28",
  ],
  ...[
    "f2 75 00",
    "f2 0f 85 00 00 00 00",
    "f2 e8 00 00 00 00",
    "f2 eb 00",
    "f2 e2 00",
    "f2 e3 00",
    "f3 c3",
    "f2 9a 01 02 03 04 05 06",
  ],
  ...[
    "f3 f3 0f 10 c1",
    "f2 f3 0f 10 c1",
    "f3 f2 0f 10 c1",
    "f2 f2 0f 10 c1",
    "66 66 0f 10 c1",
    "f3 f3 a4",
    "f3 f2 a6",
    "f2 f3 a6",
  ],
  ...[
    "66 f3 0f 10 c1",
    "f3 66 0f 10 c1",
    "66 66 90",
    "66 66 89 c8",
    "67 67 8b 00",
    "67 67 89 c8",
    "2e 36 8b 00",
    "2e 2e 8b 00",
  ],
  ...[
    "f3 89 00",
    "f2 89 00",
    "f0 f3 89 00",
    "f3 c6 00 01",
    "f3 a2 00 00 00 00",
    "f0 f2 01 00",
    "f0 f3 01 00",
    "f3 f0 01 00",
  ],
  // Names that an immediate byte chooses.
  ...[0, 1, 2, 0x10, 0x11, 0x12].map((byte) => `66 0f 3a 44 c1 ${byte.toString(16)}`),
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((byte) => [`0f c2 c1 ${byte}`, `66 0f c2 00 ${byte}`, `f3 0f c2 c1 ${byte}`]),
  // Registers that the operation implies.
  ...["0f 01 c8", "0f 01 c9", "67 0f 01 c8", "67 0f 01 c9", "66 0f 01 c8", "0f 01 f9", "f3 0f 01 c9"],
  // What is no instruction: with this digit, with a register or memory, with this prefix, at all.
  ...[
    "8d c0",
    "66 8d c0",
    "66 66 8d c0",
    "2e 66 67 8d c0",
    "d9 d1",
    "66 d9 d1",
    "db e8 90",
    "df f8",
    "de d1",
    "67 67 df f8",
  ],
  ...["0f 04", "66 0f 04", "66 66 0f 04", "2e 0f 0c", "0f 38 0c 90", "0f 3a 00 90", "0f 3a ff 90", "66 0f 3a ff c0 90"],
  ...[
    "0f 38 ff c0 90",
    "66 0f 38 ff 00",
    "0f ba c0 01",
    "0f ba 10 01",
    "66 0f ba c0 01",
    "0f c7 c8",
    "66 0f c7 c8",
    "0f c3 c1",
  ],
  ...[
    "0f 71 c0 01",
    "0f 71 10 01",
    "0f 72 f8 01",
    "0f 73 d8 01",
    "f0 0f 71 c0 01",
    "fe d0",
    "66 fe d0",
    "ff f8",
    "ff 38",
    "c6 c8 01",
    "8f c8",
  ],
  ...[
    "0f 24 d8",
    "0f a6 c0",
    "0f a7 c1",
    "0f 0f c1 00",
    "0f 20 c0",
    "0f 22 c8",
    "0f 23 d0",
    "0f 21 d8",
    "8c f0",
    "8e f8",
    "8e c8",
  ],
  ...[
    "9b d9 30",
    "9b d9 f0",
    "9b dd 38",
    "9b 66 d9 38",
    "9b d7",
    "9b e0 00",
    "9b df e0",
    "9b db e3",
    "9b db e4",
    "9b 9b db e3",
  ],
] as const;

/** Where ours is another text than that of objdump 2.40: ours in 32-bit code, its length, and the reason. */
const KNOWN: ReadonlyMap<string, readonly [text: string, length: number, reason: string]> = new Map([
  [
    "f3 f3 a4",
    ["rep rep movs BYTE PTR es:[edi],BYTE PTR ds:[esi]", 3, "objdump names but the last one by the operation"],
  ],
  ["66 0f 3a 44 c1 2", ["pclmulqdq xmm0,xmm1,0x2", 6, "objdump takes 2 for 10h"]],
  ...(
    [
      ["66 8d c0", 2],
      ["66 66 8d c0", 3],
      ["2e 66 67 8d c0", 4],
      ["0f c7 c8", 1],
      ["66 0f c7 c8", 2],
      ["0f c3 c1", 1],
      ["0f 71 10 01", 1],
      ["0f 73 d8 01", 1],
      ["66 fe d0", 2],
      ["8f c8", 1],
      ["0f a6 c0", 2],
      ["0f a7 c1", 2],
      ["0f 0f c1 00", 2],
    ] as const
  ).map(
    ([hex, length]) =>
      [hex, ["(bad)", length, "operands or a prefix that it does not take, or an extension that is not ours"]] as const,
  ),
  ["9b 9b db e3", ["fwait", 1, "objdump joins every FWAIT with what follows the last"]],
]);

describe.each([16, 32] as const)("rare bytes as %i-bit code", (bits) => {
  test.each(["intel", "att"] as const)("are named in %s syntax as objdump names them", (syntax, context?: unknown) => {
    const objdump = requireOracle("objdump", context as { skip(reason: string): unknown });
    const code = CODE.map(bytesOf);
    const theirs = disassembleBatch(objdump, bits === 16 ? "i8086" : "i386", syntax, code);
    const problems = code.flatMap((bytes, index) => {
      const padded = new Uint8Array(24).fill(0x90);
      padded.set(bytes);
      const ours = disassemble(padded, 0, sampleAddress(index), { bits, syntax });
      const { text, length } = theirs[index]!;
      if ((ours.text === text && ours.length === length) || KNOWN.has(CODE[index]!)) return [];
      return [`${CODE[index]}: ${ours.text} (${ours.length}); objdump: ${text} (${length})`];
    });
    expect(problems).toEqual([]);
  });
});

test.each([...KNOWN])("%s is named otherwise", (hex, [text, length]) => {
  const padded = new Uint8Array(24).fill(0x90);
  padded.set(bytesOf(hex));
  expect(disassemble(padded, 0, 0, { bits: 32, syntax: "intel" })).toEqual({ text, length });
});

test("a prefix at the end of the bytes stands alone, named by what it would change", () => {
  const named = (hex: string, bits: 16 | 32): string => disassemble(bytesOf(hex), 0, 0, { bits, syntax: "intel" }).text;
  expect(["66", "67"].flatMap((hex) => [named(hex, 16), named(hex, 32)])).toEqual([
    ...["data32", "data16", "addr32", "addr16"],
  ]);
  expect(["f0", "f2", "f3", "26", "64", "9b"].map((hex) => named(hex, 32))).toEqual([
    ...["lock", "repnz", "repz", "es", "fs", "fwait"],
  ]);
});

describe("what was decoded", () => {
  test("an object that is used again forgets its problem", () => {
    const decoded = new Decoded();
    decode(bytesOf("0f 04"), 0, 32, decoded);
    expect([decoded.form, decoded.problem, decoded.length]).toEqual([null, "undefined", 2]);
    decode(bytesOf("90"), 0, 32, decoded);
    expect([decoded.form?.mnemonic32, decoded.problem, decoded.length]).toEqual(["nop", "", 1]);
  });

  test.each<[hex: string, bits: 16 | 32, segment: number]>([
    ["8b 00", 32, 3],
    ["8b 45 00", 32, 2],
    ["8b 04 24", 32, 2],
    ["8b 44 25 00", 32, 2],
    ["8b 04 2d 00 00 00 00", 32, 3],
    ["8b 46 00", 16, 2],
    ["8b 02", 16, 2],
    ["8b 04", 16, 3],
    ["8b 07", 16, 3],
    ["8b 06 00 00", 16, 3],
    ["64 8b 45 00", 32, 4],
    ["36 8b 00", 32, 2],
    ["67 8b 04", 32, 3],
    ["67 8b 04 24", 16, 2],
  ])("%s in %i-bit code: the segment of its address is %i", (hex, bits, segment) => {
    expect(decode(bytesOf(hex), 0, bits).effectiveSegment).toBe(segment);
  });
});
