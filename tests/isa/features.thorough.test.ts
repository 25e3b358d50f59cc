/** Processors and features against GNU as's `.arch`; and the stack operations of `.code16gcc`. */

import { describe, expect, test } from "vitest";
import { encode, isEncodingError } from "../../src/isa/encode.ts";
import { parseArchitecture, selectArchitecture } from "../../src/isa/features.ts";
import { allForms } from "../../src/isa/table/index.ts";
import { assembleBatch, requireOracle } from "../oracle.ts";
import { samplesOf } from "./spread.ts";

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

const PROCESSORS = [
  "i386",
  "i486",
  "i586",
  "i686",
  "pentiumpro",
  "pentiumii",
  "pentiumiii",
  "pentium4",
  "prescott",
  "nocona",
  "core2",
  "corei7",
  "k6",
  "k6_2",
  "athlon",
  "generic32",
  "opteron",
  "amdfam10",
  "bdver1",
  "bdver2",
  "bdver3",
  "bdver4",
  "znver1",
  "znver2",
  "btver1",
  "btver2",
];
const EXTENSIONS = [
  "8087",
  "287",
  "387",
  "687",
  "cmov",
  "fxsr",
  "mmx",
  "sse",
  "sse2",
  "sse3",
  "ssse3",
  "sse4.1",
  "sse4.2",
  "popcnt",
  "movbe",
  "aes",
  "prfchw",
  "xsaveopt",
  "abm",
  "3dnow",
  "3dnowa",
  "mpx",
  "lwp",
  "tbm",
  "padlock",
  "hle",
  "tsx",
];

describe(".arch", () => {
  const cases = [
    ...PROCESSORS.map((name) => [name]),
    ...EXTENSIONS.map((name) => ["i386", `.${name}`]),
    ["corei7", ".nosse"],
    ["corei7", ".nosse2"],
    ["corei7", ".nommx"],
    ["i686", ".no387"],
    ["prescott", ".no87"],
    ["corei7", ".nosse4"],
  ];

  test.for(cases.map((names) => [names.join(" "), names] as const))(
    "%s allows what GNU as allows",
    ([, names], context) => {
      const assembler = requireOracle("as", context);
      const objcopy = requireOracle("objcopy", context);
      const samples = allForms().flatMap((form) =>
        samplesOf(form, 32)
          .filter(({ text }) => !text.includes("ext"))
          .slice(0, 1),
      );
      const head = `.intel_syntax noprefix\n.code32\n${names.map((name) => `.arch ${name}`).join("\n")}`;
      const { bytes } = assembleBatch(
        assembler,
        objcopy,
        head,
        samples.map(({ text }) => text),
      );
      let features = selectArchitecture(undefined, names[0]!);
      for (const name of names.slice(1)) if (features !== null) features = selectArchitecture(features, name);
      expect(features).toBeInstanceOf(Set);
      const problems = samples.flatMap(({ instruction, text }, index) => {
        const ours = encode(instruction, { bits: 32, features: features! });
        if (isEncodingError(ours) === (bytes[index] === null)) return [];
        // Where a mnemonic has a second, older meaning GNU as forgets to look at the feature.
        if (/^mov(d|sd) /.test(text)) return [];
        return [`${text}: ${isEncodingError(ours) ? ours.message : "we take it, GNU as does not"}`];
      });
      expect(problems.slice(0, 20)).toEqual([]);
    },
  );

  test("names that do not exist are told apart from names that allow everything", () => {
    expect(selectArchitecture(undefined, "z80")).toBeNull();
    expect(selectArchitecture(undefined, "default")).toBeUndefined();
    expect(parseArchitecture("i686+sse2+nommx")?.has("sse")).toBe(true);
    expect(parseArchitecture("i686+warp")).toBeNull();
  });
});

describe(".code16gcc", () => {
  test("stack operations are of 32 bits, as GNU as has them", (context) => {
    const assembler = requireOracle("as", context);
    const objcopy = requireOracle("objcopy", context);
    const samples = allForms().flatMap((form) =>
      samplesOf(form, 16)
        .filter(({ text }) => !text.includes("ext"))
        .slice(0, 3),
    );
    const { bytes } = assembleBatch(
      assembler,
      objcopy,
      ".intel_syntax noprefix\n.code16gcc",
      samples.map(({ text }) => text),
    );
    const problems = samples.flatMap(({ instruction, text }, index) => {
      const theirs = bytes[index];
      // GNU as does not know its own `call fword ptr` here.
      if (text.startsWith("call fword")) return [];
      const ours = encode(instruction, { bits: 16, stack32: true });
      if (isEncodingError(ours) || !theirs)
        return isEncodingError(ours) && !theirs
          ? []
          : [`${text}: only one takes it: ${isEncodingError(ours) ? ours.message : "GNU as does not"}`];
      const filled = ours.bytes.slice();
      for (const { part, offset } of ours.fixups) if (part === "target") filled[offset] = -filled.length;
      const length = Math.max(filled.length, theirs.findLastIndex((byte) => byte !== 0xcc) + 1);
      return hex(filled) === hex(theirs.subarray(0, length))
        ? []
        : [`${text}: ${hex(filled)}, GNU as: ${hex(theirs.subarray(0, length))}`];
    });
    expect(problems.slice(0, Number(process.env["SHOW"] ?? 20))).toEqual([]);
  });
});
