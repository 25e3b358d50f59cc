/** Decoder and encoder are inverse, without an oracle: what is decoded can be encoded again and means the same. */

import { describe, expect, test } from "vitest";
import { Decoded, decode } from "../../src/isa/decode.ts";
import { disassemble } from "../../src/isa/disassemble.ts";
import { encode, isEncodingError } from "../../src/isa/encode.ts";
import { LAST_BYTE_MAP } from "../../src/isa/form.ts";
import { knownOpcodes } from "../../src/isa/known-opcodes.ts";
import { allForms } from "../../src/isa/table/index.ts";
import { rowsOf } from "../setup/tier.ts";
import { byteSamples } from "./byte-spread.ts";
import { instructionOf } from "./instruction-of.ts";
import { samplesOf } from "./spread.ts";

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

describe.each(rowsOf([32, 16] as const, 1))("%i-bit code", (bits) => {
  test("decoding and encoding again keeps the meaning", () => {
    const problems: string[] = [];
    let tried = 0;
    for (const { bytes, form, extraPrefixes } of byteSamples()) {
      if (extraPrefixes > 0 || form.decodeOnly) continue;
      const decoded = decode(bytes, 0, bits, new Decoded(), knownOpcodes());
      // A segment register that does not exist has no name, and 16 bits of BSWAP are undefined.
      const text = disassemble(bytes, 0, 0, { bits, syntax: "intel" }).text;
      // Exchanging the accumulator with itself is NOP, and ST(0) with ST may be encoded either way.
      if (/xchg +(e?ax),\1|st\(0\),st$/.test(text)) continue;
      // Nor has a register of bounds, and 3DNow! has its opcode at another place behind a 16-bit address.
      if (text.includes("(bad)") && (form.feature === "mpx" || form.map === LAST_BYTE_MAP)) continue;
      if (text.includes("?") || (form.semantic === "bswap" && decoded.operandSize === 16)) continue;
      tried++;
      const again = encode(instructionOf(decoded, bits), { bits });
      if (isEncodingError(again)) {
        problems.push(`${hex(bytes)} is ${text}, and cannot be encoded: ${again.message}`);
        continue;
      }
      const padded = new Uint8Array(24).fill(0x90);
      padded.set(again.bytes);
      for (const { part, offset, sizeBytes } of again.fixups) {
        if (part !== "target") problems.push(`${text}: a value was lost`);
        // The same target: an instruction of another length needs another distance.
        const distance = decoded.immediate + decoded.length - again.bytes.length;
        for (let i = 0; i < sizeBytes; i++) padded[offset + i] = distance >> (8 * i);
      }
      const textAgain = disassemble(padded, 0, 0, { bits, syntax: "intel" }).text;
      // A bare address has a byte-saving form; an index without scale can be the base. Both are the same address.
      if (normalise(textAgain) !== normalise(text))
        problems.push(
          `${hex(bytes.subarray(0, decoded.length))} is ${text}, encoded again ${hex(again.bytes)}, which is ${textAgain}`,
        );
    }
    expect(problems.slice(0, Number(process.env["SHOW"] ?? 20))).toEqual([]);
    expect(tried).toBeGreaterThan(8_000);
  });

  test("encoding and decoding again gives the same operands", () => {
    const problems: string[] = [];
    for (const form of allForms()) {
      // Not decoded: the processor has no shadow stack.
      if (form.feature === "shstk") continue;
      for (const { instruction, text } of samplesOf(form, bits)) {
        const encoding = encode(instruction, { bits });
        // FWAIT is an instruction of its own to the decoder.
        if (form.wait || isEncodingError(encoding) || encoding.fixups.length > 0) continue;
        const decoded = decode(encoding.bytes, 0, bits, new Decoded(), knownOpcodes());
        if (decoded.form === null || decoded.length !== encoding.bytes.length) {
          problems.push(`${text} is ${hex(encoding.bytes)}: ${decoded.problem}, length ${decoded.length}`);
          continue;
        }
        const again = encode(instructionOf(decoded, bits), { bits });
        if (isEncodingError(again))
          problems.push(`${text} is ${hex(encoding.bytes)}, which cannot be encoded again: ${again.message}`);
        else if (hex(again.bytes) !== hex(encoding.bytes))
          problems.push(`${text} is ${hex(encoding.bytes)}, and again ${hex(again.bytes)}`);
      }
    }
    expect(problems.slice(0, Number(process.env["SHOW"] ?? 20))).toEqual([]);
  });
});

/** Texts that differ only in how an address is written down are made equal. */
const normalise = (text: string): string =>
  text
    .replace(/^addr(16|32) /, "")
    .replace(/ +/g, " ")
    .replace(/(?:[A-Z]+ PTR )?ds:0x/, "ds:0x")
    .replace("+0x0]", "]")
    .replace("+eiz*1", "");
