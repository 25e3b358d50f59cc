/** What single instructions leave, by hand from the manual (SDM 2): few of each kind, and quick. */
import { describe, expect, test } from "vitest";
import { startGuest } from "../../../bench/interpreter.ts";
import { codeOf } from "./assembled.ts";

const IN = 0x500;
const OUT = 0x600;
const SSE = "mov eax, cr4\nor eax, 0x200\nmov cr4, eax\n";

const single = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!;

/** Dwords at OUT when the program of a boot sector has halted that finds `given` at IN. */
function left(program: string, given: readonly number[], count: number): number[] {
  const image = new Uint8Array(512);
  image.set(codeOf(`.intel_syntax noprefix\nmov eax, cr0\nand al, 0xf3\nmov cr0, eax\nfninit\n${program}\nhlt\n`, 16));
  const { cpu } = startGuest(image);
  const { dma } = cpu.core.memory;
  dma.write(IN, new Uint8Array(Uint32Array.from(given, (value) => value >>> 0).buffer));
  while (cpu.run(cpu.retired + 10_000) !== "halted") expect(cpu.retired).toBeLessThan(100_000);
  const bytes = new Uint8Array(4 * count);
  dma.read(OUT, bytes);
  return [...new Uint32Array(bytes.buffer)];
}

describe("x87", () => {
  const two = `fld dword ptr [${IN}]\nfld dword ptr [${IN + 4}]\n`;
  test.each<[instruction: string, below: number, top: number, result: number]>([
    ["fscale", 3, 5, 40],
    ["fscale", -1, 5, 2.5],
    ["fscale", -3.7, -8, -1],
    ["fscale", 0, 7, 7],
    ["fyl2x", 3, 8, 9],
    ["fyl2x", -1, 0.25, 2],
    ["fyl2xp1", 5, 0, 0],
    ["fyl2xp1", 3, 0.25, 3 * Math.log2(1.25)],
    ["fyl2xp1", 0, 0.25, 0],
    ["fpatan", 1, 1, Math.PI / 4],
    ["fpatan", -1, 0, -Math.PI / 2],
    ["fprem", 3, 7.5, 1.5],
    ["fprem1", 3, 7.5, 1.5],
    ["fprem1", 4, 7, -1],
    ["fsubp", 3, 7.5, -4.5],
    ["fdivrp", 4, 2, 0.5],
  ])("%s of %d and %d is %d", (instruction, below, top, result) => {
    const program = `${two}${instruction}\nfstp dword ptr [${OUT}]`;
    expect(left(program, [single(below), single(top)], 1)).toEqual([single(result)]);
  });

  test.each<[instruction: string, value: number, result: number]>([
    ["f2xm1", 0.5, Math.SQRT2 - 1],
    ["f2xm1", -1, -0.5],
    ["fsqrt", 2.25, 1.5],
    ["frndint", 2.5, 2],
    ["fsin", 0.5, Math.sin(0.5)],
    ["fcos", 0.5, Math.cos(0.5)],
    ["fchs", 0, -0],
    ["fabs", -3, 3],
  ])("%s of %d is %d", (instruction, value, result) => {
    const program = `fld dword ptr [${IN}]\n${instruction}\nfstp dword ptr [${OUT}]`;
    expect(left(program, [single(value)], 1)).toEqual([single(result)]);
  });
});

describe("SSE", () => {
  test.each<[value: number, results: readonly number[]]>([
    [2.5, [2, 2, 3, 2, 3]],
    [-2.5, [-2, -3, -2, -2, -2]],
    [-0.25, [-0, -1, -0, -0, -0]],
  ])("ROUNDSS of %d to the nearest, down, up, to zero, and as MXCSR has it: up", (value, results) => {
    const rounds = [0, 1, 2, 3, 4].map(
      (mode) => `roundss xmm1, dword ptr [${IN}], ${mode}\nmovss dword ptr [${OUT + 4 * mode}], xmm1\n`,
    );
    const program = `${SSE}ldmxcsr dword ptr [${IN + 4}]\n${rounds.join("")}`;
    expect(left(program, [single(value), 0x5f80], 5)).toEqual(results.map(single));
  });

  test.each([
    [0x1f80, single(1e-40), 0x1fb0],
    [0x9f80, 0, 0x9fb0],
  ])("with MXCSR %#x a product that is denormal is %#x", (mxcsr, result, flags) => {
    const program = `${SSE}ldmxcsr dword ptr [${IN + 4}]
      movss xmm0, dword ptr [${IN}]
      mulss xmm0, xmm0
      movss dword ptr [${OUT}], xmm0
      stmxcsr dword ptr [${OUT + 4}]`;
    expect(left(program, [single(1e-20), mxcsr], 2)).toEqual([result, flags]);
  });

  test.each([
    [0xff, [70, 70, 70, 70]],
    [0x71, [38, 0, 0, 0]],
    [0x8a, [0, 32, 0, 32]],
    [0x0f, [0, 0, 0, 0]],
  ])("DPPS with %#x", (immediate, results) => {
    const program = `${SSE}movups xmm0, xmmword ptr [${IN}]
      movups xmm1, xmmword ptr [${IN + 16}]
      dpps xmm0, xmm1, ${immediate}
      movups xmmword ptr [${OUT}], xmm0`;
    expect(left(program, [1, 2, 3, 4, 5, 6, 7, 8].map(single), 4)).toEqual(results.map(single));
  });
});

test("ENTER copies the frames of the routines around it", () => {
  const program = `mov bp, 0x702
    mov sp, 0x800
    mov word ptr [0x700], 0x1234
    enter 4, 2
    mov word ptr [${OUT}], bp
    mov word ptr [${OUT + 2}], sp
    mov eax, [0x7fa]
    mov [${OUT + 4}], eax
    mov ax, [0x7fe]
    movzx eax, ax
    mov [${OUT + 8}], eax`;
  expect(left(program, [], 3)).toEqual([0x07f607fe, 0x123407fe, 0x702]);
});

test("code that is reached by two segments has the addresses of each", () => {
  // A routine says where it runs: at 0:7C00 + x, and 256 bytes lower in a segment that begins 256 bytes higher.
  const program = `xor cx, cx
    mov sp, 0x800
    mov bp, ${OUT}
1:  push cs
    call 3f
    .byte 0x9a
    .word 0x7b00 + 3f, 0x10
    cmp bp, ${OUT + 16}
    jne 1b
    hlt
3:  call 4f
4:  pop ax
    mov [bp], ax
    add bp, 4
    retf`;
  const results = left(program, [], 4);
  expect(results.map((place) => place - results[0]!)).toEqual([0, -0x100, 0, -0x100]);
});
