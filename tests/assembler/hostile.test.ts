/** Sources that want to hang or exhaust the assembler end in a diagnostic, soon. */

import { describe, expect, test } from "vitest";
import { LIMITS } from "../../src/assembler/model/limits.ts";
import { casesOf, isAtLength, rowsOf } from "../setup/tier.ts";
import { assembleText } from "./differential.ts";
import { ProgramGenerator, random } from "./generator.ts";

const cases = casesOf("assembler/hostile");

/** What is refused at a limit is refused at a lower one too, sooner. */
const LOWER = 1 / 16;
/** Those of the bombs that go to the limits that there are, so that each limit is reached by one. */
const TO_THE_LIMIT = ["a macro that doubles itself", "repetitions in repetitions", "millions of labels"];
const MILLIONS = 4_000_000 * LOWER;

function limitsFor(name: string): Pick<typeof LIMITS, "heldBytes" | "contentBytes" | "expandedBytes"> {
  const scale = isAtLength && TO_THE_LIMIT.includes(name) ? 1 : LOWER;
  return {
    heldBytes: LIMITS.heldBytes * scale,
    contentBytes: LIMITS.contentBytes * scale,
    expandedBytes: LIMITS.expandedBytes * scale,
  };
}

const HOSTILE: readonly (readonly [name: string, source: string, id: string])[] = [
  ["a file that includes itself", '.include "test.s"\n', "too-deep"],
  ["a macro that calls itself", ".macro m\nm\n.endm\nm\n", "too-deep"],
  ["macros that call each other", ".macro a\nb\n.endm\n.macro b\na\n.endm\na\n", "too-deep"],
  [
    "a macro that doubles itself",
    '.macro m n\n.if \\n\nm "(\\n-1)"\nm "(\\n-1)"\n.endif\n.rept 1000\n.rept 1000\nnop\n.endr\n.endr\n.endm\nm 60\n',
    "too-large",
  ],
  ["a huge repetition", ".rept 2000000000\nnop\n.endr\n", "too-large"],
  ["repetitions in repetitions", ".rept 10000\n.rept 10000\n.long 1\n.endr\n.endr\n", "too-large"],
  ["a huge fill", ".fill 0x7fffffff, 8, 1\n", "too-large"],
  ["a huge space", ".skip 0xffffffffff\n", "too-large"],
  ["a huge origin", ".org 0x7fffffff\n", "too-large"],
  ["a huge alignment", "nop\n.balign 0x100000000\n", "bad-alignment"],
  ["a fill that depends on itself", "a: .skip b - a\nb:\n", ""],
  ["symbols that are each other", "a = b\nb = c\nc = a\n.long a\n", "symbol-loop"],
  ["a symbol that is itself", "a = a + 1\n", "symbol-loop"],
  [
    "ten thousand definitions deep",
    `${Array.from({ length: 10000 }, (_, i) => `a${i} = a${i + 1} + 1`).join("\n")}\n.long a0\n`,
    "",
  ],
  ["parentheses without end", `.long ${"(".repeat(100000)}\n`, "expression-too-deep"],
  ["signs without end", `.long ${"-".repeat(100000)}1\n`, "expression-too-deep"],
  ["brackets without end", `.intel_syntax noprefix\nmov eax, ${"[".repeat(100000)}\n`, "expression-too-deep"],
  ["an evaluation without end", ".eqv a, b\n.eqv b, a\n.long a\n", "symbol-loop"],
  ["a number without end", `.long ${"9".repeat(200000)}\n`, ""],
  [
    "symbols that double each other",
    Array.from({ length: 60 }, (_, i) => `a${i} = a${i + 1} + a${i + 1}`).join("\n") +
      "\na60 = end - start\n.long a0\nstart: .p2align 4\nnop\n.p2align 4\nend:\n",
    "value-range",
  ],
  [
    "a symbol that doubles itself",
    `${Array.from({ length: 60 }, () => ".equ a, (a < b) | (a > c)").join("\n")}\n.long a\n`,
    "",
  ],
  [
    "forward symbols that double each other",
    `${Array.from({ length: 60 }, (_, i) => `.eqv a${i}, a${i + 1} + a${i + 1}`).join("\n")}\n.long a0\n`,
    "symbol-loop",
  ],
  ["millions of labels", bomb("l\\@:"), "too-large"],
  ["millions of jumps", `x:\n${bomb("jmp x")}`, "too-large"],
  ["millions of macros", bomb(".macro m\\@\n.endm"), "too-large"],
  ["more sections than a file can have", bomb(".section .a\\@"), "too-large"],
  ["millions of conditions in each other", `.rept ${MILLIONS}\n.if 1\n.endr\n`, "missing-endif"],
  ["a mistake a million times over", `.rept ${MILLIONS / 4}\nfoo\n.endr\n`, "unknown-instruction"],
  ["a comment without end", "nop /* ", ""],
  ["a comment without end in a macro without end", ".macro m\n.fill 1/* 2\n3", "missing-end"],
  ["a string without end", '.ascii "', "missing-quote"],
  ["a float of absurd size", ".double 1e999999999\n", "bad-number"],
  ["an unsettled alignment of differences", "a: .uleb128 b - a\n.p2align 4\n.skip 120 - (b - a)\nb:\n", ""],
];

/** A statement millions of times over, in expansions of a macro. */
function bomb(statement: string): string {
  return `.macro bomb\n${statement}\n.endm\n.rept 3000\n.rept 3000\nbomb\n.endr\n.endr\n`;
}

describe("hostile sources", () => {
  for (const [name, source, id] of rowsOf(HOSTILE, 6)) {
    test(name, { timeout: 60_000 }, () => {
      const { diagnostics, object } = assembleText(source, { limits: limitsFor(name) });
      if (id === "") return;
      expect(diagnostics.map((diagnostic) => diagnostic.id)).toContain(id);
      expect(object).toBeNull();
    });
  }

  test(`programs with random damage: ${cases.title}`, { timeout: 120_000 }, () => {
    for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
      const next = random(seed);
      const bytes = Buffer.from(new ProgramGenerator(seed).program(40), "latin1");
      for (let i = 0; i < 8; i++) {
        const at = next(bytes.length);
        if (next(3) === 0) bytes.copyWithin(at, next(bytes.length), Math.min(bytes.length, next(bytes.length) + 30));
        else bytes[at] = next(2) === 0 ? next(256) : "()[]\\\"'.#;:=,\n\0&<>%$*"[next(21)]!.charCodeAt(0);
      }
      try {
        assembleText(bytes.toString("latin1"));
      } catch (error) {
        throw new Error(`${cases.repeat(seed)}: ${String((error as Error).stack)}`);
      }
    }
  });
});
