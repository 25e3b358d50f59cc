/** Prefixes against GNU as: each form of the table with each prefix; taken or refused, and where in the bytes. */

import { describe, expect, test } from "vitest";
import { encode, isEncodingError } from "../../src/isa/encode.ts";
import { isVexMap } from "../../src/isa/form.ts";
import type { Instruction, Prefix } from "../../src/isa/instruction.ts";
import { allForms } from "../../src/isa/table/index.ts";
import { assembleBatch, requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { samplesOf } from "./spread.ts";

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

describe.each(rowsOf([32, 16] as const, 1))("prefixes in %i-bit code", (bits) => {
  const prefixes: Prefix[] = [
    "lock",
    "rep",
    "repe",
    "repne",
    "data16",
    "data32",
    "addr16",
    "addr32",
    "cs",
    "fs",
    "bnd",
    "xacquire",
    "xrelease",
  ];

  test("what GNU as takes gives its bytes, what it refuses is refused", { timeout: 180_000 }, (context) => {
    const assembler = requireOracle("as", context);
    const objcopy = requireOracle("objcopy", context);
    const samples = new Map<string, Instruction>();
    for (const form of allForms()) {
      // The shape of a form matters here, not its operation.
      const all = samplesOf(form, bits).filter(({ text }) => !text.includes("ext"));
      const chosen = [
        all[0],
        all.find(({ instruction }) => instruction.operands.some(({ kind }) => kind === "memory")),
        all.at(-1),
      ];
      for (const sample of chosen) {
        if (sample === undefined) continue;
        // GNU as breaks down over BND before what VEX or XOP leads to.
        for (const prefix of isVexMap(form.map) ? prefixes.filter((name) => name !== "bnd") : prefixes)
          samples.set(`${prefix} ${sample.text}`, { ...sample.instruction, prefixes: [prefix] });
      }
    }
    const texts = [...samples.keys()];
    const { bytes, refusals } = assembleBatch(assembler, objcopy, `.intel_syntax noprefix\n.code${bits}`, texts);
    const reasons = new Map(refusals.map(({ index, message }) => [index, message]));
    const problems: string[] = [];
    texts.forEach((text, index) => {
      const theirs = bytes[index];
      const ours = encode(samples.get(text)!, { bits });
      if (!isEncodingError(ours))
        for (const { part, offset } of ours.fixups) if (part === "target") ours.bytes[offset] = -ours.bytes.length;
      // GNU as takes an address prefix that makes a string instruction use other registers than are written.
      if (
        text.startsWith("addr") &&
        /\[e?(di|si|bx)\]/.test(text) &&
        /^\w+ (movs|cmps|scas|stos|lods|ins|outs|xlat)/.test(text)
      )
        return;
      if (!theirs) {
        if (!isEncodingError(ours))
          problems.push(`we take ${text} as ${hex(ours.bytes)}, GNU as does not: ${reasons.get(index)}`);
      } else if (isEncodingError(ours)) {
        problems.push(`we refuse ${text}: ${ours.message}; GNU as: ${hex(theirs.subarray(0, 12))}`);
      } else {
        const length = Math.max(ours.bytes.length, theirs.findLastIndex((byte) => byte !== 0xcc) + 1);
        if (hex(ours.bytes) !== hex(theirs.subarray(0, length)))
          problems.push(`${text}: ${hex(ours.bytes)}, GNU as: ${hex(theirs.subarray(0, length))}`);
      }
    });
    expect(problems.slice(0, Number(process.env["SHOW"] ?? 20))).toEqual([]);
  });
});
