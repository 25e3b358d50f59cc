/** Options that change code: the bytes are those of GNU as, and it warns where GNU as does. */

import { describe, expect, test } from "vitest";
import { allForms } from "../../src/isa/table/index.ts";
import { samplesOf } from "../isa/spread.ts";
import { requireOracle } from "../oracle.ts";
import { casesOf, rowsOf } from "../setup/tier.ts";
import { branchyProgram, codeOptions } from "./branches.ts";
import { assembleText, type Comparison, compare } from "./differential.ts";

const cases = casesOf("assembler/code-options");

function expectSame({ object, expected, messages }: Comparison, about: string): void {
  expect(object, `${about}\n${messages}`).not.toBeNull();
  expect(Buffer.compare(Buffer.from(object!), Buffer.from(expected!)), about).toBe(0);
}

describe("drawn programs under drawn options", () => {
  test(`the objects of GNU as: ${cases.title}`, { timeout: 300_000 }, (context) => {
    const assembler = requireOracle("as", context);
    let taken = 0;
    for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
      const text = branchyProgram(seed, seed % 5 === 0 ? 16 : 32);
      const options = codeOptions(seed);
      const result = compare(assembler, { text, options });
      if (result.expected === null) continue;
      taken++;
      expectSame(result, `${cases.repeat(seed)}\n${options.join(" ")}\n${text}`);
    }
    expect(taken).toBeGreaterThan(cases.count / 3);
  });
});

const EVERY_FORM: readonly (readonly string[])[] = [
  ["-mlfence-after-load=yes"],
  ["-mbranches-within-32B-boundaries"],
  ["-malign-branch-boundary=16", "-malign-branch=ret+call+indirect+jcc+fused+jmp"],
  ["-mlfence-before-ret=shl", "-mlfence-before-indirect-branch=all"],
  ["-mlfence-before-ret=not", "-mlfence-before-indirect-branch=register"],
  ["-Os"],
  ["-O2"],
  ["-O"],
  ["-momit-lock-prefix=yes"],
  ["-madd-bnd-prefix"],
  ["-msse-check=warning"],
  ["-moperand-check=error"],
];

describe("every instruction", () => {
  for (const bits of [32, 16] as const)
    for (const options of rowsOf(EVERY_FORM, 2))
      test(`${bits}-bit code under ${options.join(" ")}`, { timeout: 120_000 }, (context) => {
        const assembler = requireOracle("as", context);
        const lines = [
          ...new Set(
            allForms()
              .flatMap((form) => samplesOf(form, bits).slice(0, 3))
              .map(({ text }) => text),
          ),
        ];
        const head = `.intel_syntax noprefix\n.code${bits}\n`;
        // What GNU as refuses is left out; a comparison of whole objects tells what remains.
        const { expectedMessages } = compare(assembler, { text: `${head}${lines.join("\n")}\n` });
        const refused = new Set(
          [...expectedMessages.matchAll(/^test\.s:(\d+): Error/gm)].map(([, line]) => Number(line) - 3),
        );
        const text = `${head}${lines.filter((_, i) => !refused.has(i)).join("\n")}\n`;
        const result = compare(assembler, { text, options });
        expectSame(result, options.join(" "));
      });
});

describe("what is said", () => {
  const say = (text: string, code: Parameters<typeof assembleText>[1]): string[] =>
    assembleText(text, code).diagnostics.map(({ severity, line, message }) => `${line} ${severity}: ${message}`);

  test("no fence helps a branch that loads its target itself", () => {
    expect(say("jmp *(%eax)\ncall *foo\n", { code: { fencesIndirect: "all" } })).toEqual([
      "1 warning: no fence helps here, since `jmp' loads its target itself: load it into a register before",
      "2 warning: no fence helps here, since `call' loads its target itself: load it into a register before",
    ]);
  });

  test("data and prefixes of their own keep fences away", () => {
    expect(say(".byte 0xf3\nret\nrep\nret\n", { code: { fencesReturns: "or" } })).toEqual([
      "1 warning: data among code: if this is an instruction, -mlfence-before-ret does not see it",
      "1 warning: data right before `ret' keeps -mlfence-before-ret from putting a fence there",
      "3 warning: the prefix `rep' right before `ret' keeps -mlfence-before-ret from putting a fence there",
    ]);
  });

  test("a repetition that depends on the data shows it in spite of a fence", () => {
    expect(say("repe cmpsb\nlodsb\n", { code: { fencesLoads: true } })).toEqual([
      "1 warning: `cmpsb' repeats as long as the data says: a fence after it does not hide how often",
    ]);
  });

  test("a fence before a return of 16-bit code breaks it", () => {
    expect(say(".code16\nret\n", { code: { fencesReturns: "shl" } })[0]).toContain(
      "2 warning: -mlfence-before-ret writes",
    );
  });

  test("a fence cannot be a locked addition in 16-bit code, nor without its lock", () => {
    expect(say(".code16\nmfence\n", { code: { avoidsFences: true } })).toEqual([
      "2 error: `mfence' cannot become a `lock addl' in 16-bit code",
    ]);
    expect(say("mfence\n", { code: { avoidsFences: true, omitsLock: true } })[0]).toContain("-momit-lock-prefix=yes");
  });

  test("-msse-check names each instruction of SSE", () => {
    expect(say("addps %xmm0, %xmm1\npaddb %mm0, %mm1\n", { code: { saysSse: "error" } })).toEqual([
      "1 error: `addps' is an instruction of SSE",
    ]);
  });
});
