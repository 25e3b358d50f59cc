/**
 * Jumps that are as short as they can be, around alignments that depend on them: sizes on both sides of every limit,
 * and the same bytes as GNU as for each.
 */
import { describe, expect, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { compare } from "./differential.ts";

const HEAD = ".intel_syntax noprefix\n";
const around = (limit: number, reach = 4): number[] =>
  Array.from({ length: 2 * reach + 1 }, (_, i) => limit - reach + i);

/** What is about a number of bytes -> the source for it, and the numbers that are tried. */
const SHAPES: Readonly<Record<string, readonly [source: (count: number) => string, counts: readonly number[]]>> = {
  "a jump forward": [(n) => `jmp 1f\n.skip ${n}, 0x90\n1: ret\n`, around(127)],
  "a jump back": [(n) => `1: .skip ${n}, 0x90\njmp 1b\n`, around(126)],
  "a conditional jump back": [(n) => `1: .skip ${n}, 0x90\njc 1b\n`, around(126)],
  "a jump over an alignment": [(n) => `nop\njmp 1f\n.skip ${n}, 0x90\n.p2align 4\n1: ret\n`, around(116, 12)],
  "a jump over an alignment that has a limit": [
    (n) => `nop\njmp 1f\n.skip ${n}, 0x90\n.p2align 4,,7\n1: ret\n`,
    around(116, 12),
  ],
  "an alignment that has just room": [(n) => `.skip ${n}, 0x90\n.p2align 3,,3\nret\n`, around(8, 8)],
  "an alignment with a fill": [(n) => `jz 1f\n.skip ${n}, 0x90\n.balign 32, 0xcc\n1: ret\n`, around(100, 30)],
  "alignments of words and dwords": [
    (n) => `jz 1f\n.skip ${n}, 0x90\n.balignw 8, 0x1234\n.balignl 16, 0x12345678\n1: ret\n`,
    [100, 102, 104, 106, 108, 110, 112, 114, 116, 118, 120, 122],
  ],
  "jumps that make each other long": [
    (n) => `jmp 1f\njmp 2f\n.skip ${n}, 0x90\n1: jc 1f\n.skip 60, 0x90\n2: jmp 1b\n1: ret\n`,
    around(122, 6),
  ],
  "a jump that an alignment makes long and short": [
    (n) => `jmp 2f\n1: .skip ${n}, 0x90\n.p2align 5\njmp 1b\n.skip 90, 0x90\n.p2align 4\n2: ret\n`,
    around(30, 10),
  ],
  "an origin after a jump": [(n) => `jmp 1f\n.org ${n}\n1: ret\n`, around(129)],
  "a space of a difference": [(n) => `1: jmp 2f\n.skip ${n}, 0x90\n2: .skip 160 - (2b - 1b)\nret\n`, around(127)],
  "a jump behind a space that shrinks": [
    (n) => `1: jmp 3f\n2: .skip 80 - 2 * (2b - 1b), 0x90\njmp 4f\n.skip 60\n3: .skip ${n}, 0x90\n.p2align 1\n4: ret\n`,
    around(65, 10),
  ],
  "numbers of variable length": [
    (n) => `1: .uleb128 2f - 1b\n.sleb128 1b - 2f\n.skip ${n}, 0x90\n2: ret\n`,
    [...around(62), ...around(125), ...around(16381)],
  ],
  "a loop, which is never long": [(n) => `1: .skip ${n}, 0x90\nloop 1b\n`, [120, 124, 125, 126, 127, 130]],
  "in 16-bit code": [(n) => `.code16\njmp 1f\n.skip ${n}, 0x90\n.p2align 2\n1: jc 1b\nret\n`, around(125, 6)],
  "gaps in code of every length": [(n) => `.skip ${n}, 0x90\n.p2align 6\nret\n`, around(32, 32)],
  "gaps in 16-bit code": [(n) => `.code16\n.skip ${n}, 0x90\n.p2align 5\nret\n`, around(16, 16)],
  "gaps in data": [(n) => `.data\n.skip ${n}, 0x90\n.p2align 5\n.byte 1\n`, [1, 15, 31, 32]],
  "instructions in bundles": [
    (n) =>
      `.bundle_align_mode 4\n.skip ${n}, 0x90\n1: jmp 2f\ndata16 jne 1b\nmov eax, 1\njecxz 1b\nhlt\n2: jne near_\n`,
    around(16, 16),
  ],
  "jumps that bundles make long": [
    (n) => `.bundle_align_mode 5\njmp 1f\njc 1f\n.skip ${n}, 0x90\n.rept 9\nmov ecx, 1f - .\n.endr\n1: jmp 1b\n`,
    around(70, 10),
  ],
  "instructions that are locked together": [
    (n) => `.bundle_align_mode 5\n.skip ${n}, 0x90\n.bundle_lock\nand eax, -32\n.bundle_lock\n1: jmp eax\nje 1b
.bundle_unlock\n.byte 1\n.skip 90\n.p2align 2\n.bundle_unlock\nnop\n`,
    around(26, 12),
  ],
  "bundles in 16-bit code": [
    (n) => `.code16\n.bundle_align_mode 4\n.skip ${n}, 0x90\n1: jmp 1b\njc 2f\ncall 1b\nmov eax, 1\n2:\n`,
    around(8, 8),
  ],
  "bundles of subsections and data": [
    (n) => `.bundle_align_mode 4\njc 1f\n.text 1\n1: ret 5\n.data\nnop\n.skip ${n}\nmov ebx, 3\n.text\n.skip ${n}
.bundle_align_mode 0\nmov ecx, 3\n.bundle_align_mode 3\nmov ecx, 3\n.section .one, "ax"\n.bundle_lock\n.bundle_unlock\n`,
    around(118, 10),
  ],
  subsections: [(n) => `jmp 1f\n.text 1\n.p2align 3\n1: ret\n.text 0\n.skip ${n}, 0x90\n`, around(124, 10)],
};

describe("as short as GNU as makes it", () => {
  for (const [name, [source, counts]] of Object.entries(SHAPES)) {
    test(name, (context) => {
      const assembler = requireOracle("as", context);
      for (const count of rowsOf(counts, 2)) {
        const { object, expected, messages } = compare(assembler, { text: HEAD + source(count) });
        if (expected === null) expect(object, `${count} bytes: GNU as refuses this`).toBeNull();
        else {
          expect(object, `${count} bytes: ${messages}`).not.toBeNull();
          expect(Buffer.compare(object!, expected), `${count} bytes: the objects are equal`).toBe(0);
        }
      }
    });
  }
});
