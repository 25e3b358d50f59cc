/** AT&T mnemonics and operands against GNU as: what the disassembler writes in AT&T syntax is assembled by both. */

import { describe, expect, test } from "vitest";
import { Decoded, decode } from "../../src/isa/decode.ts";
import { disassemble } from "../../src/isa/disassemble.ts";
import { encode, isEncodingError } from "../../src/isa/encode.ts";
import type { Form } from "../../src/isa/form.ts";
import type { Instruction } from "../../src/isa/instruction.ts";
import { knownOpcodes } from "../../src/isa/known-opcodes.ts";
import { allForms } from "../../src/isa/table/index.ts";
import { assembleBatch, requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { instructionOf } from "./instruction-of.ts";
import { samplesOf } from "./spread.ts";
import { Tally } from "./tally.ts";

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

const PREFIX_WORDS = new Set([
  "data16",
  "data32",
  "addr16",
  "addr32",
  "cs",
  "ds",
  "es",
  "fs",
  "gs",
  "ss",
  "rep",
  "repz",
  "repnz",
  "notrack",
]);

describe.each(rowsOf([32, 16] as const, 1))("AT&T syntax in %i-bit code", (bits) => {
  test("every form gives the bytes of GNU as", { timeout: 120_000 }, (context) => {
    const assembler = requireOracle("as", context);
    const objcopy = requireOracle("objcopy", context);
    const samples = new Map<string, { form: Form; instruction: Instruction }>();
    const tally = new Tally(`AT&T syntax, ${bits}-bit code, against GNU as`);
    for (const form of allForms()) {
      // Not decoded: the processor has no shadow stack.
      if (form.feature === "shstk") continue;
      for (const { instruction } of samplesOf(form, bits)) {
        const encoding = encode(instruction, { bits });
        if (isEncodingError(encoding) || encoding.fixups.length > 0) continue;
        const { text } = disassemble(encoding.bytes, 0, 0, { bits, syntax: "att" });
        const [mnemonic] = text.split(" ");
        // objdump's own spelling of MOVZX and MOVSX from 16 to 16 bits; GNU as has none.
        if (mnemonic === "movzww" || mnemonic === "movsww") continue;
        if (PREFIX_WORDS.has(mnemonic!) || text.includes("7 only)")) continue;
        // Implied operands of MONITOR and the names of comparisons stand in the mnemonic or are left out.
        const lifted = instructionOf(decode(encoding.bytes, 0, bits, new Decoded(), knownOpcodes()), bits);
        if (
          lifted.operands.length !== 0 &&
          text.split(/,(?![^(]*\))/).length !== lifted.operands.length &&
          !text.startsWith("l")
        )
          continue;
        if (form.wait) continue;
        // A far pointer is one operand, and two numbers in AT&T syntax.
        // The suffix says the size that Intel's syntax needs a prefix for.
        samples.set(text, {
          form,
          instruction: {
            ...lifted,
            prefixes: lifted.prefixes.filter((prefix) => !prefix.startsWith("data")),
            mnemonic: mnemonic!,
          },
        });
      }
    }
    const texts = [...samples.keys()];
    const { bytes, refusals } = assembleBatch(assembler, objcopy, `.att_syntax\n.code${bits}`, texts);
    const problems = refusals.map(({ index, message }) => `GNU as refuses ${texts[index]!}: ${message}`);
    texts.forEach((text, index) => {
      const theirs = bytes[index];
      if (!theirs) return;
      const { form, instruction } = samples.get(text)!;
      tally.count(form);
      const ours = encode(instruction, { bits, att: true });
      if (isEncodingError(ours)) problems.push(`we refuse ${text}: ${ours.message}`);
      else {
        const length = Math.max(ours.bytes.length, theirs.findLastIndex((byte) => byte !== 0xcc) + 1);
        if (hex(ours.bytes) !== hex(theirs.subarray(0, length)))
          problems.push(`${text}: ${hex(ours.bytes)}, GNU as: ${hex(theirs.subarray(0, length))}`);
      }
    });
    tally.print(problems.length);
    expect(problems.slice(0, Number(process.env["SHOW"] ?? 20))).toEqual([]);
    expect(texts.length).toBeGreaterThan(4_000);
  });
});
