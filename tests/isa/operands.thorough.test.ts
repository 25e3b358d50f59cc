/**
 * Operands that fit and operands that do not: every mnemonic with combinations of all kinds; GNU as and the encoder
 * take the same ones.
 */

import { describe, expect, test } from "vitest";
import { encode, isEncodingError } from "../../src/isa/encode.ts";
import type { Instruction, MemoryOperand, Operand, SizeBits } from "../../src/isa/instruction.ts";
import { REGISTERS } from "../../src/isa/registers.ts";
import { allForms } from "../../src/isa/table/index.ts";
import { assembleBatch, requireOracle } from "../oracle.ts";
import { casesOf, rowsOf, spreadSample } from "../setup/tier.ts";
import { printOperand } from "./spread.ts";

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

const register = (name: string): Operand => ({ kind: "register", register: REGISTERS.get(name)! });
const memory = (sizeBits?: SizeBits): MemoryOperand => ({
  kind: "memory",
  base: REGISTERS.get("ebx")!,
  displacement: 4,
  ...(sizeBits === undefined ? {} : { sizeBits }),
});
const number = (value: number): Operand => ({ kind: "immediate", value });

const cases = casesOf("isa/operands");

const CHOICES: readonly Operand[] = [
  ...[
    "al",
    "ch",
    "cl",
    "ax",
    "dx",
    "si",
    "eax",
    "ecx",
    "edi",
    "ds",
    "fs",
    "cr0",
    "dr7",
    "st",
    "st(2)",
    "mm1",
    "xmm0",
    "xmm3",
  ].map(register),
  ...([8, 16, 32, 48, 64, 80, 128] as const).map((bits) => memory(bits)),
  memory(),
  ...[1, 5, 200, 0x1234, 0x12345678, -1, -200, 0xfff0].map(number),
];

/** Where we mean to differ, and why. */
const isOutOfScope = (text: string): boolean =>
  // The address of a string instruction is fixed; GNU as warns when it is another, and ignores it.
  /^(movs|cmps|scas|stos|lods|ins|outs|xlat|smov|scmp|ssca|ssto|slod)[bwd]? .*\[ebx\+4\]/.test(text) ||
  // GNU as takes bytes of 16-bit numbers in 16-bit code because it guesses a size where there is none.
  /^(int|aam|aad|ret|retf|lret|enter|hreset) .*(65520|305419896)/.test(text) ||
  // The size of a cache line's address is ignored, but FWORD adds a prefix.
  /^(prefetch\w*|clflush(opt)?|clwb|cldemote|invlpg) fword/.test(text) ||
  // GNU as takes any register of number 1 for the address space's, and what is -16 in 16 bits for -16 in 8.
  /^invlpga \w+, cl$|^xabort 65520$/.test(text) ||
  // A number alone is a target or an address by the syntax, not by the instruction.
  /^(l?jmp|l?call) -?\d+$/.test(text) ||
  // GNU as takes no size for the operand of LJMP and LCALL; ours may say it.
  /^l(jmp|call) [df]?word ptr/.test(text);

describe.each(rowsOf([32, 16] as const, 1))("operands in %i-bit code", (bits) => {
  test("GNU as and the encoder take the same ones", { timeout: 300_000 }, (context) => {
    const assembler = requireOracle("as", context);
    const objcopy = requireOracle("objcopy", context);
    const samples = new Map<string, Instruction>();
    const add = (mnemonic: string, operands: readonly Operand[]): void => {
      samples.set([mnemonic, operands.map(printOperand).join(", ")].join(" ").trim(), {
        mnemonic,
        prefixes: [],
        operands,
      });
    };
    // Of the forms that differ in their opcode only, one of a mnemonic's shapes is enough.
    const seen = new Map<string, Set<string>>();
    for (const form of allForms()) {
      if (form.decodeOnly) continue;
      for (const pair of form.names) {
        for (const name of new Set(pair)) {
          const shape = `${form.operands.map(({ text }) => text).join(",")}:${form.prefix}:${form.operandSize}`;
          const names = seen.get(shape) ?? new Set();
          seen.set(shape, names);
          if (name === "" || names.has(name) || names.size > 3) continue;
          names.add(name);
          // A number after a branch is a target, which the assembler decides.
          if (form.operands.some(({ field }) => field === "relative" || field === "far" || field === "selector"))
            continue;
          add(name, []);
          const [first, second, third] = form.operands.map((pattern) =>
            CHOICES.filter(
              (choice) => choice.kind !== "register" || pattern.register !== null || pattern.field !== "immediate",
            ),
          );
          for (const a of first ?? []) {
            if (form.operands.length === 1) add(name, [a]);
            for (const b of second ?? []) {
              if (form.operands.length === 2) add(name, [a, b]);
              else if (third !== undefined && a.kind !== "immediate")
                for (const c of [third[0]!, number(5), number(200), number(0x1234), register("cl"), register("xmm0")])
                  add(name, [a, b, c]);
            }
          }
        }
      }
    }
    const all = [...samples.keys()].filter((text) => !isOutOfScope(text));
    const texts = spreadSample(all, cases);
    const { bytes, refusals } = assembleBatch(assembler, objcopy, `.intel_syntax noprefix\n.code${bits}`, texts);
    const reasons = new Map(refusals.map(({ index, message }) => [index, message]));
    const problems: string[] = [];
    let taken = 0;
    texts.forEach((text, index) => {
      const theirs = bytes[index];
      const ours = encode(samples.get(text)!, { bits });
      if (!theirs) {
        if (!isEncodingError(ours))
          problems.push(`we take ${text} | as ${hex(ours.bytes)}, GNU as does not: ${reasons.get(index)}`);
      } else if (isEncodingError(ours)) {
        problems.push(`we refuse ${text} | ${ours.message}; GNU as: ${hex(theirs.subarray(0, 12))}`);
      } else {
        taken++;
        const length = Math.max(ours.bytes.length, theirs.findLastIndex((byte) => byte !== 0xcc) + 1);
        if (hex(ours.bytes) !== hex(theirs.subarray(0, length)))
          problems.push(`differs ${text} | ${hex(ours.bytes)}, GNU as: ${hex(theirs.subarray(0, length))}`);
      }
    });
    expect(problems.slice(0, Number(process.env["SHOW"] ?? 20))).toEqual([]);
    expect(taken).toBeGreaterThan(texts.length / 200);
    expect(all.length).toBeGreaterThan(10_000);
  });
});
