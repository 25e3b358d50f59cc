/**
 * The disassembler against objdump: every opcode of the maps, with a spread of ModRM bytes and prefixes, in both
 * syntaxes and sizes.
 */

import { describe, expect, test } from "vitest";
import { disassemble } from "../../src/isa/disassemble.ts";
import { LAST_BYTE_MAP } from "../../src/isa/form.ts";
import { disassembleBatch, requireOracle, sampleAddress } from "../oracle.ts";
import { casesOf, rowsOf, spreadSample } from "../setup/tier.ts";
import type { ByteSample } from "./byte-spread.ts";
import { byteSamples } from "./byte-spread.ts";
import { Tally } from "./tally.ts";

/** Why we call something otherwise than objdump 2.40; null where there is no reason. */
const knownDifference = ({ form, bytes }: ByteSample, ours: string, theirs: string): string | null => {
  if (form.mnemonic32 === "salc") return "SALC, which is undocumented and (bad) to objdump";
  if (form.map === 1 && form.semantic === "nop" && form.opcode >= 0x1a && form.opcode <= 0x1e)
    return "in the hint space, where objdump knows later extensions";
  if (form.semantic.endsWith("_creg") && bytes.includes(0xf0)) return "LOCK MOV CRn, AMD's name for CR8 and up";
  if (form.map === LAST_BYTE_MAP && bytes.includes(0x66)) return "66 before 3DNow!, where objdump names XMM registers";
  if (form.feature === "mpx" && theirs.includes("(bad)")) return "a register of bounds that does not exist";
  if (/^(rd|wr)[fg]sbase$/.test(form.semantic)) return "a register of 32 bits, which objdump names by the operand size";
  if (ours === "(bad)" && form.prefix !== "any")
    return "undefined with this prefix, which objdump shows beside the instruction";
  if (theirs.includes("(bad)")) return "partly (bad) to objdump";
  return null;
};

describe.each(rowsOf([32, 16] as const, 1))("disassemble %i-bit code", (bits) => {
  test.for(["intel", "att"] as const)("%s syntax is objdump's", { timeout: 300_000 }, (syntax, context) => {
    const objdump = requireOracle("objdump", context);
    const all = spreadSample(byteSamples(), casesOf("isa/disassemble"));
    const theirs = disassembleBatch(
      objdump,
      bits === 16 ? "i8086" : "i386",
      syntax,
      all.map(({ bytes }) => bytes),
    );
    const problems: string[] = [];
    const tally = new Tally(`disassembly in ${syntax} syntax, ${bits}-bit code, against objdump`);
    all.forEach((sample, index) => {
      tally.count(sample.form);
      const padded = new Uint8Array(24).fill(0x90);
      padded.set(sample.bytes);
      const ours = disassemble(padded, 0, sampleAddress(index), { bits, syntax });
      const expected = theirs[index]!;
      if (ours.text === expected.text && ours.length === expected.length) return;
      const known = knownDifference(sample, ours.text, expected.text);
      if (known !== null) {
        tally.countKnown(known);
        if (process.env["SHOW_KNOWN"])
          console.info(
            [...sample.bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
            "|",
            ours.text,
            "|",
            expected.text,
          );
        return;
      }
      const bytes = [...sample.bytes.subarray(0, Math.max(ours.length, expected.length))]
        .map((byte) => byte.toString(16).padStart(2, "0"))
        .join(" ");
      problems.push(
        `${bytes} | ${ours.text} | objdump: ${expected.text}${ours.length === expected.length ? "" : ` (length ${ours.length}, ${expected.length})`} | ${sample.form.text}`,
      );
    });
    tally.print(problems.length);
    expect(byteSamples().length).toBeGreaterThan(10_000);
    expect(problems.slice(0, Number(process.env["SHOW"] ?? 20))).toEqual([]);
  });
});
