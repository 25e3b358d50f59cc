/** The encoder against GNU as: every form of the table, with a spread of operands, in 16- and 32-bit code. */

import { describe, expect, test } from "vitest";
import { encode, isEncodingError } from "../../src/isa/encode.ts";
import type { Encoding } from "../../src/isa/instruction.ts";
import { allForms } from "../../src/isa/table/index.ts";
import { assembleBatch, requireOracle } from "../oracle.ts";
import { samplesOf } from "./spread.ts";
import { Tally } from "./tally.ts";

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

/**
 * Bytes with the target of a short branch to itself filled in, and fields that are relocated in GNU's object too as in
 * `theirs`.
 */
const fill = (encoding: Encoding, theirs: Uint8Array): Uint8Array => {
  const bytes = encoding.bytes.slice();
  for (const { offset, sizeBytes, part } of encoding.fixups) {
    if (part === "target" && sizeBytes === 1) bytes[offset] = -bytes.length;
    else bytes.set(theirs.subarray(offset, offset + sizeBytes), offset);
  }
  return bytes;
};

describe.each([16, 32] as const)("encode in %i-bit code", (bits) => {
  test("every form gives the bytes of GNU as", { timeout: 120_000 }, (context) => {
    const assembler = requireOracle("as", context);
    const objcopy = requireOracle("objcopy", context);
    const seen = new Set<string>();
    const samples = allForms()
      .flatMap((form) => samplesOf(form, bits))
      .filter(({ text }) => !seen.has(text) && seen.add(text));
    const { bytes, refusals } = assembleBatch(
      assembler,
      objcopy,
      `.intel_syntax noprefix\n.code${bits}`,
      samples.map(({ text }) => text),
    );
    const problems = refusals.map(({ index, message }) => `GNU as refuses ${samples[index]!.text}: ${message}`);
    const tally = new Tally(`Intel syntax, ${bits}-bit code, against GNU as`);
    samples.forEach(({ form, instruction, text }, index) => {
      const theirs = bytes[index];
      if (!theirs) return;
      tally.count(form);
      const ours = encode(instruction, { bits });
      if (isEncodingError(ours)) problems.push(`we refuse ${text}: ${ours.message}`);
      else {
        const filled = fill(ours, theirs);
        const length = theirs.findLastIndex((byte) => byte !== 0xcc) + 1;
        if (hex(filled) !== hex(theirs.subarray(0, Math.max(length, filled.length))))
          problems.push(`${text}: ${hex(filled)}, GNU as: ${hex(theirs.subarray(0, length))}`);
      }
    });
    tally.print(problems.length);
    expect(problems.slice(0, Number(process.env["SHOW"] ?? 20))).toEqual([]);
    expect(tally.samples).toBeGreaterThan(5000);
  });
});
