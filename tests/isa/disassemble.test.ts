/** The disassembler against objdump: every opcode of the maps, with a spread of ModRM bytes and prefixes, in both syntaxes and sizes. */

import { describe, expect, test } from "vitest";
import { disassemble } from "../../src/isa/disassemble.ts";
import { disassembleBatch, requireOracle, sampleAddress } from "../oracle.ts";
import { byteSamples } from "./byte-spread.ts";
import type { ByteSample } from "./byte-spread.ts";

/** What we call otherwise than objdump 2.40, and why. */
const isKnownDifference = ({ form, bytes }: ByteSample, ours: string, theirs: string): boolean =>
  // SALC is undocumented; objdump calls it (bad).
  form.mnemonic32 === "salc" ||
  // The hint space of the i686, where objdump knows later extensions (MPX, CLDEMOTE, shadow stacks).
  (form.map === 1 && form.semantic === "nop" && form.opcode >= 0x1a && form.opcode <= 0x1e) ||
  // LOCK MOV CRn is AMD's name for CR8 and up.
  (form.semantic.endsWith("_creg") && bytes.includes(0xf0)) ||
  // Undefined with this prefix (SDM: NP); objdump shows the prefix beside the instruction.
  (ours === "(bad)" && form.prefix !== "any") ||
  theirs.includes("(bad)");

describe.each([16, 32] as const)("disassemble %i-bit code", (bits) => {
  test.each(["intel", "att"] as const)("%s syntax is objdump's", { timeout: 300_000 }, (syntax, context?: unknown) => {
    const objdump = requireOracle("objdump", context as { skip(reason: string): unknown });
    const all = byteSamples();
    const theirs = disassembleBatch(objdump, bits === 16 ? "i8086" : "i386", syntax, all.map(({ bytes }) => bytes));
    const problems: string[] = [];
    all.forEach((sample, index) => {
      const padded = new Uint8Array(24).fill(0x90);
      padded.set(sample.bytes);
      const ours = disassemble(padded, 0, sampleAddress(index), { bits, syntax });
      const expected = theirs[index]!;
      if (ours.text === expected.text && ours.length === expected.length) return;
      if (isKnownDifference(sample, ours.text, expected.text)) return;
      const bytes = [...sample.bytes.subarray(0, Math.max(ours.length, expected.length))].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      problems.push(`${bytes} | ${ours.text} | objdump: ${expected.text}${ours.length === expected.length ? "" : ` (length ${ours.length}, ${expected.length})`} | ${sample.form.text}`);
    });
    expect(all.length).toBeGreaterThan(10_000);
    expect(problems.slice(0, Number(process.env["SHOW"] ?? 20))).toEqual([]);
  });
});
