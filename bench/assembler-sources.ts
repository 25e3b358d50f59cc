/**
 * The sources that the assembler's speed is measured with, each for GNU as and for NASM: the same instructions in both
 * dialects. They are made from a fixed sequence, so every run measures the same text.
 */
import { Random } from "../emulator/state/random.ts";

export interface BenchSource {
  readonly name: string;
  readonly gnu: string;
  readonly nasm: string;
  /** Lines that the speed is counted in: those that are assembled, after expansion. */
  readonly lines: number;
}

/** Numbers below a limit. */
function sequence(seed: number): (limit: number) => number {
  const random = new Random(seed, "assembler sources");
  return (limit) => random.below(limit);
}

const WIDE = ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp"] as const;
const NARROW = ["al", "bl", "cl", "dl", "ah", "bh", "ch", "dh"] as const;
const ARITHMETIC = ["add", "sub", "and", "or", "xor", "cmp", "adc", "mov"] as const;
const CONDITIONS = ["e", "ne", "b", "ae", "g", "le", "s", "ns"] as const;

/**
 * Lines of plain code: arithmetic between registers, memory and numbers, pushes, shifts, branches to labels nearby and
 * calls.
 */
export function plainSource(lines: number): BenchSource {
  const next = sequence(20260101);
  const gnu: string[] = [".intel_syntax noprefix", ".text"];
  const nasm: string[] = ["bits 32", "section .text"];
  const both = (line: string): void => {
    gnu.push(line);
    nasm.push(line);
  };
  const wide = (): string => WIDE[next(WIDE.length)]!;
  const operator = (): string => ARITHMETIC[next(ARITHMETIC.length)]!;
  let label = 0;
  while (gnu.length < lines) {
    switch (next(12)) {
      case 0:
        both(`label${label++}:`);
        break;
      case 1:
      case 2:
      case 3:
        both(`\t${operator()}\t${wide()}, ${wide()}`);
        break;
      case 4: {
        const line = `\t${operator()}\t${wide()}, `;
        const address = `[${wide()}+${next(2000)}]`;
        gnu.push(`${line}dword ptr ${address}`);
        nasm.push(`${line}dword ${address}`);
        break;
      }
      case 5: {
        const line = `[${wide()}+${wide()}*4+${next(64) * 4}], ${wide()}`;
        const word = operator();
        both(`\t${word}\t${line}`);
        break;
      }
      case 6:
        both(`\t${operator()}\t${wide()}, ${next(1000000)}\t# a number`.replace("\t# a number", ""));
        break;
      case 7:
        both(`\t${operator()}\t${NARROW[next(8)]}, ${next(128)}`);
        break;
      case 8:
        both(`\tj${CONDITIONS[next(8)]}\tlabel${Math.max(0, label - next(6))}`);
        break;
      case 9:
        both(`\tcall\tlabel${next(label + 1)}`);
        break;
      case 10:
        both(`\t${["push", "pop", "inc", "dec", "neg", "not"][next(6)]}\t${wide()}`);
        break;
      case 11:
        both(`\t${["shl", "shr", "sar", "rol"][next(4)]}\t${wide()}, ${1 + next(31)}`);
        break;
    }
  }
  both(`label${label}:`);
  return { name: "plain", gnu: `${gnu.join("\n")}\n`, nasm: `${nasm.join("\n")}\n`, lines: gnu.length };
}

const GNU_MACROS = `
	.intel_syntax noprefix
	.macro	copy to, from, count=4
	.if \\count > 4
	mov	ecx, \\count
	lea	esi, [\\from]
	lea	edi, [\\to]
	rep movsb
	.else
	mov	eax, [\\from]
	mov	[\\to], eax
	.endif
	.endm
	.macro	guard register, limit:req
	cmp	\\register, \\limit
	jb	.Lfine\\@
	mov	eax, \\limit
	call	overflow
.Lfine\\@:
	.endm
	.macro	save registers:vararg
	.irp r, \\registers
	push	\\r
	.endr
	.endm
	.macro	restore registers:vararg
	.irp r, \\registers
	pop	\\r
	.endr
	.endm
	.macro	table first, count
	.rept \\count
	.long	\\first
	.endr
	.endm
overflow:
	ret
`;

const NASM_MACROS = `
	bits 32
	%macro	copy 3
	%if %3 > 4
	mov	ecx, %3
	lea	esi, [%2]
	lea	edi, [%1]
	rep movsb
	%else
	mov	eax, [%2]
	mov	[%1], eax
	%endif
	%endmacro
	%macro	guard 2
	cmp	%1, %2
	jb	%%fine
	mov	eax, %2
	call	overflow
%%fine:
	%endmacro
	%macro	save 1-*
	%rep %0
	push	%1
	%rotate 1
	%endrep
	%endmacro
	%macro	restore 1-*
	%rep %0
	pop	%1
	%rotate 1
	%endrep
	%endmacro
	%macro	table 2
	%rep %2
	dd	%1
	%endrep
	%endmacro
overflow:
	ret
`;

/** Lines that mostly call macros: of conditions, of own labels, of lists and of repetitions. */
export function macroSource(calls: number): BenchSource {
  const next = sequence(777);
  const gnu: string[] = [GNU_MACROS];
  const nasm: string[] = [NASM_MACROS];
  let lines = 0;
  for (let i = 0; i < calls; i++) {
    const count = next(2) === 0 ? 4 : 8 + next(100);
    switch (next(5)) {
      case 0: {
        const line = `\tcopy\tebx+${next(100)}, ebp-${next(100)}, ${count}`;
        gnu.push(line);
        nasm.push(line);
        lines += 9;
        break;
      }
      case 1: {
        const line = `\tguard\t${WIDE[next(7)]}, ${next(5000)}`;
        gnu.push(line);
        nasm.push(line);
        lines += 5;
        break;
      }
      case 2:
      case 3: {
        const line = `\t${next(2) === 0 ? "save" : "restore"}\t${WIDE.slice(0, 2 + next(5)).join(", ")}`;
        gnu.push(line);
        nasm.push(line);
        lines += 2 + line.split(",").length;
        break;
      }
      case 4: {
        const rows = 3 + next(14);
        const line = `\ttable\t${next(100000)}, ${rows}`;
        gnu.push(line);
        nasm.push(line);
        lines += 2 + rows;
        break;
      }
    }
  }
  return { name: "macros", gnu: `${gnu.join("\n")}\n`, nasm: `${nasm.join("\n")}\n`, lines };
}
