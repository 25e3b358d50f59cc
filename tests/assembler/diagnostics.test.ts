/** Mistakes, and what the assembler says of them: source -> diagnostics, as data. */

import { describe, expect, test } from "vitest";
import { EXPLANATIONS } from "../../src/assembler/explanations.ts";
import { formatDiagnostic } from "../../src/diagnostic/diagnostic.ts";
import { assembleText } from "./differential.ts";

/**
 * Source; then what must be said, as `line:column severity id`, in order. Sources begin with the syntax directive, as
 * line 1.
 */
const MISTAKES: readonly (readonly [name: string, source: string, ...said: string[]])[] = [
  ["an unknown instruction", "movv eax, 1", "2:1 error unknown-instruction"],
  ["an unknown directive", ".byt 1", "2:1 error unknown-directive"],
  ["an operand too few", "mov eax", "2:1 error operand-count"],
  ["two sizes", "cmp eax, bl", "2:10 error operand-size"],
  ["no size", "mov [ebx], 1", "2:5 error ambiguous-size"],
  ["two operands in memory", "mov [ebx], [ecx]", "2:12 error operand-kind"],
  ["an address of three registers", "mov eax, [ebx+ecx+edx]", "2:19 error bad-address"],
  ["a scale of three", "mov eax, [ebx*3]", "2:15 error bad-address"],
  ["esp times one", "mov eax, [ebx+esp*1]", "2:10 error bad-address"],
  ["one times esp", "mov eax, [1*esp]", "2:10 error bad-address"],
  ["a missing bracket", "mov eax, [ebx", "2:14 error missing-bracket"],
  ["a missing parenthesis", ".long (1+2", "2:11 error missing-parenthesis"],
  ["a missing quote", '.ascii "abc', "2:8 error missing-quote"],
  ["text after the statement", ".byte 1 2", "2:9 error trailing-text"],
  [
    "registers of 64-bit code",
    "push r8\nmov eax, cr9\nmov rax, 1",
    "4:5 error ambiguous-size",
    "2:6 warning register-as-symbol",
    "3:10 warning register-as-symbol",
    "4:5 warning register-as-symbol",
  ],
  ["a register without its sign", ".att_syntax\nmovl $5, eax", "3:10 warning register-as-symbol"],
  [
    "jumps that do not say that they go through something",
    ".att_syntax\njmp %eax\ncall *%eax\ncall 4(%eax)\nljmp foo\nljmp foo\nljmp *foo\nljmp $8, $foo\njmp %cs:*(%eax)\njmp foo",
    "3:5 warning missing-star",
    "5:6 warning missing-star",
    "6:6 warning missing-star",
    "7:6 warning missing-star",
  ],
  ["a load of cs", "mov cs, ax", "2:1 warning load-of-cs"],
  [
    "statements of NASM",
    "%define x 1\n[bits 16]\nnop ; this is a comment\nsection .text",
    "2:1 error bad-character",
    "3:1 error bad-character",
    "4:7 error unknown-instruction",
    "5:1 error unknown-instruction",
  ],
  ["a line in data", '.file 1 "x.c"\n.data\n.loc 1 1 1 view .V', "4:1 warning ignored-line"],
  ["a relocation wider than its field", ".code16\nmov ax, x@GOTOFF[bx]", "3:9 error no-relocation"],
  ["a label twice", "a: nop\na: nop", "3:1 error symbol-redefined"],
  ["a constant over a label", "a: nop\na = 5", "3:1 error symbol-redefined"],
  ["a number of the wrong base", ".byte 0x1g, 09", "2:7 error bad-number"],
  ["a division by zero", ".long 4 / 0", "2:9 error division-by-zero"],
  ["a value that is cut", ".byte 300", "2:7 warning value-range"],
  ["a condition on the unknown", ".if foo\n.endif", "2:5 error not-absolute"],
  ["a condition without end", ".if 1\nnop", "2:1 error missing-endif"],
  ["a broken head of a macro and its calls", ".macro m (a)\nmov eax, bl\n.endm\nm 1\nm 2", "2:8 error macro-parameter"],
  [
    "a block that cannot be repeated",
    ".rept -1\nmov eax, bl\n.endr\n.rept x\nmov eax, bl\n.endr",
    "2:7 error negative-count",
    "5:7 error not-absolute",
  ],
  ["a block without a parameter", ".irp\nmov eax, bl\n.endr", "2:5 error macro-parameter"],
  [
    "a mistake in the value of an argument",
    ".altmacro\n.macro m a\n.byte a\n.endm\nm %nothing",
    "6:1 error not-absolute",
  ],
  [
    "words of other assemblers",
    "db 5\nx equ 5\ntimes 4 nop\nmovl $5, %eax",
    "2:1 error unknown-instruction",
    "3:1 error unknown-instruction",
    "4:1 error unknown-instruction",
    "5:1 error unknown-instruction",
  ],
  [
    "data of another assembler after its name",
    "buf resb 64\n x dd 5",
    "2:1 error unknown-instruction",
    "3:2 error unknown-instruction",
  ],
  ["a size without its word", "mov eax, dword [ebx]\nmov eax, 4[ebx]", "2:10 warning size-without-ptr"],
  ["a character constant of several", "mov eax, 'ab'\nmov al, 'a'\nmov al, 'a", "2:10 error long-character"],
  ["a register that is not in the stack", "fadd st(9)", "2:6 error bad-register"],
  [
    "a distance that GNU as loses",
    "nop\na: .skip 3\nb: nop; nop\nc: mov eax, [ebx+c-b]\nmov eax, [ebx+(c-b)]",
    "5:20 warning lost-distance",
  ],
  ["a value that GNU as loses", "x = b - a\ny = x\na: nop\njmp b\nb:", "3:5 warning lost-value"],
  ["an operand that is assumed", ".byte 5 +", "2:9 warning missing-operand"],
  ["an alignment that .xcom does not take", ".xcom a, 4, 8", "2:11 error trailing-text"],
  ["a second size of a common symbol", ".comm a, 4\n.comm a, 8", "3:7 warning common-size"],
  ["an attribute with a number for a text", ".gnu_attribute 5, 7", "2:19 error string-expected"],
  ["an attribute that is no number", ".gnu_attribute Tag_x, 7", "2:16 error expression-expected"],
  ["an attribute's text with a 0 in it", '.gnu_attribute 5, "a\\0b"', "2:16 error bad-argument"],
  ["a way out of nowhere", ".exitm\nnop", "2:1 warning misplaced-exitm"],
  ["a macro without end", ".macro m\nnop", "2:1 error missing-end"],
  ["an else too many", ".if 1\n.else\n.else\n.endif", "4:1 error misplaced-else"],
  ["a condition before the definition", ".ifdef later\n.endif\nlater = 1", "2:8 warning condition-order"],
  ["an include guard is none", ".ifndef GUARD\nGUARD = 1\n.endif"],
  [
    "an address that becomes memory where it is named again",
    "S = offset a\nmov eax, S\nmov eax, [ebx+S]\nmov eax, S\na:",
    "5:10 warning memory-operand",
  ],
  ["a number that became memory", "mov eax, K\nK = 5", "2:10 warning memory-operand"],
  [
    "a numeric label that is not there",
    "jmp 1f\njmp 2b",
    "3:5 error unknown-local-label",
    "2:5 error unknown-local-label",
  ],
  ["a short jump out of reach", "a: .skip 200\nloop a", "3:6 error target-out-of-reach"],
  ["a symbol defined by itself", "a = b\nb = a\n.long a", "4:7 error symbol-loop"],
  ["a difference that no relocation holds", ".long a - b", "2:7 error not-relocatable"],
  ["origin backwards", "nop\n.org 0", "3:6 error bad-origin"],
  ["bytes in a section without contents", ".bss\nnop\n.long 1", "3:1 error no-contents", "4:8 error no-contents"],
  ["an instruction in a structure", ".struct 0\nnop", "3:1 error absolute-contents"],
  [
    "a mistake behind a comment of several lines, in a macro",
    ".macro m\nnop /* one\ntwo */\n cmp eax, bl\n.endm\nm",
    "5:11 error operand-size",
  ],
  [
    "a mistake behind other lines that are repeated",
    ".rept 2\nnop\nnop; nop\n cmp eax, bl\n.endr",
    "5:11 error operand-size",
  ],
  ["bundles that are too large", ".bundle_align_mode 32", "2:20 error bad-alignment"],
  ["an instruction that fits in no bundle", ".bundle_align_mode 2\n jmp a\na:", "3:2 error bundle-size"],
  [
    "locked together by more than a bundle",
    ".bundle_align_mode 3\n.bundle_lock\nmov eax, 1\nmov eax, 1\n.byte 2\n.bundle_unlock",
    "5:1 error bundle-size",
    "7:1 error bundle-size",
  ],
  ["a lock without bundles", ".bundle_lock", "2:1 error bundle-lock"],
  [
    "locks that do not fit each other",
    ".bundle_align_mode 4\n.bundle_unlock\n.bundle_lock\n.bundle_align_mode 4\n.data\nnop\n.struct 0\nnop",
    "3:1 error bundle-lock",
    "5:1 error bundle-lock",
    "7:1 error bundle-lock",
    "9:1 error bundle-lock",
    "4:1 error bundle-lock",
  ],
  ["a lock among numbers", ".bundle_align_mode 4\n.struct 0\n.bundle_lock", "4:1 error bundle-lock"],
  ["an origin that depends on itself", "nop\na: .org b+1\nb: nop", "3:4 error unsettled"],
  ["an unknown macro parameter", ".macro m a\n.endm\nm b=1", "4:3 error macro-argument"],
  ["too many arguments", ".macro m a\n.endm\nm 1, 2", "4:3 error macro-argument"],
  ["a required argument", ".macro m a:req\n.endm\nm", "4:2 error macro-argument"],
  ["a mistake in a macro", ".macro m x\n cmp \\x, bl\n.endm\nm eax", "3:10 error operand-size"],
  ["two mistakes", "foo1 eax\nnop\nfoo2 ebx", "2:1 error unknown-instruction", "4:1 error unknown-instruction"],
  ["an unknown register", ".att_syntax\nmovl %eax, %foo", "3:12 error bad-register"],
  ["a file that is not there: nothing after it is looked at", '.include "none"\nfoo', "2:10 error file-not-found"],
  ["an error of the source", '.error "too big"', "2:1 error user-error"],
  ["a processor without the instruction", ".arch i386\ncmovz eax, ebx", "3:1 error not-on-this-cpu"],
  ["a relocation suffix", ".long a@GOTOF", "2:8 error unknown-relocation"],
  ["a size before a number that GNU as ignores", "add [eax], byte ptr 1", "2:12 warning ignored-size"],
  ["a condition on a symbol that a later line defines", ".if a == 1\n.endif\na = 1", "2:5 warning condition-order"],
  ["a comment without an end", "nop /* and\nmore", "2:5 warning open-comment"],
  ["a pseudo prefix of AVX", "{evex} nop", "2:1 error pseudo-prefix"],
  ["registers that are calculated with", ".long eax + 1", "2:7 error register-in-expression"],
];

describe("mistakes", () => {
  for (const [name, source, ...said] of MISTAKES) {
    test(name, () => {
      const { diagnostics, object } = assembleText(`.intel_syntax noprefix\n${source}\n`);
      expect(diagnostics.map(({ line, column, severity, id }) => `${line}:${column} ${severity} ${id}`)).toEqual(said);
      expect(object === null).toBe(said.some((text) => text.includes("error")));
      for (const { id } of diagnostics) expect(EXPLANATIONS, id).toHaveProperty(id);
    });
  }

  test("a near name is suggested", () => {
    const { diagnostics } = assembleText(
      ".intel_syntax noprefix\nmvo eax, 1\n.glbl a\n.macro print x\n.endm\nprnit 1\n",
    );
    expect(diagnostics.map(({ suggestion }) => suggestion)).toEqual(["mov", ".globl", "print"]);
  });

  test("what NASM's language has, and registers of later processors, are named", () => {
    const { diagnostics } = assembleText(".intel_syntax noprefix\n; comment\nmov ax, [es:di]\nmov RAX, 1\ndb 5\n");
    expect(diagnostics.map(({ message, suggestion }) => suggestion ?? message)).toEqual([
      "a comment that begins with # (a semicolon ends a statement)",
      "a segment before the bracket, as in es:[edi]",
      "`rax' is a register of 64-bit code, which is not made here: write `eax'",
      ".byte or .ascii",
      "`RAX' is an undefined symbol here; a register of that name is one of later processors",
    ]);
  });

  test("symbols with names of registers are told of in the order of the source, in small and capital letters", () => {
    const { diagnostics } = assembleText(
      "push R9\npush zmm31\nmovl $1, EAX\npush r8\npush r16\n.set r10, 5\npush r10\n",
    );
    expect(diagnostics.map(({ message }) => message.split("'")[0])).toEqual(["`R9", "`zmm31", "`EAX", "`r8"]);
  });

  test("the chain of macros and files that led there", () => {
    const { diagnostics } = assembleText(
      '.include "inc/m.inc"\nouter\n',
      {},
      { "inc/m.inc": ".macro inner\n.byt 1\n.endm\n.macro outer\n  inner\n.endm\n" },
    );
    expect(diagnostics).toHaveLength(1);
    const { file, line, notes, sourceLine } = diagnostics[0]!;
    expect({ file, line, sourceLine }).toEqual({ file: "inc/m.inc", line: 2, sourceLine: ".byt 1" });
    expect(notes.map((note) => `${note.file}:${note.line}:${note.column}: ${note.message}`)).toEqual([
      "inc/m.inc:5:3: in the expansion of macro `inner'",
      "test.s:2:1: in the expansion of macro `outer'",
    ]);
  });

  test("the text has the line and a caret below the operand", () => {
    const { diagnostics } = assembleText(".intel_syntax noprefix\n\tcmp\teax, bl # both\n");
    expect(formatDiagnostic(diagnostics[0]!).split("\n").slice(0, 3)).toEqual([
      expect.stringMatching(/^test\.s:2:11: error: .* \[operand-size\]$/),
      "    \tcmp\teax, bl # both",
      "    \t   \t     ^~",
    ]);
  });

  test("a distance that is said to be short is no more than a distance where a symbol stands for it", () => {
    const { object, diagnostics } = assembleText(".intel_syntax noprefix\nS = short a\na: jmp S\n.long S\n");
    expect(object).not.toBeNull();
    expect(diagnostics).toEqual([]);
  });

  test("assembling stops at the limit of errors", () => {
    const { diagnostics } = assembleText("foo\n".repeat(100), { maxErrors: 7 });
    expect(diagnostics).toHaveLength(7);
  });

  test("warnings can be silenced or made errors", () => {
    expect(assembleText(".byte 300\n", { warnings: "none" }).diagnostics).toEqual([]);
    expect(assembleText(".byte 300\n", { warnings: "fatal" }).object).toBeNull();
  });
});
