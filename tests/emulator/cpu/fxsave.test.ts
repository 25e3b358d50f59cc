/**
 * FXSAVE and FXRSTOR, mostly of a processor without SSE registers: layout, abridged tags, what is left alone, and
 * faults (SDM volume 1, 10.5.1; SDM 2).
 */
import { expect, test } from "vitest";
import type { ModelName } from "../../../emulator/cpu/model.ts";
import type { Machine } from "../../../emulator/machine.ts";
import { codeOf } from "./assembled.ts";
import { romMachine } from "./rom-machine.ts";

const IMAGE = 0x1000;
const FILL = 0xa5;

/**
 * Runs real-mode code in ring 0; faults are counted at 500h + 2 * vector and skip the instruction whose length is at
 * 540h.
 */
function run(
  body: string,
  prepare: (machine: Machine) => void = () => {},
  processor: ModelName = "pentium2",
): { bytes: (address: number, count: number) => Uint8Array; word: (address: number) => number } {
  const source = `
    cli
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, 0x7000
    .irp vector, 6, 7, 13, 16
    mov word ptr [4 * \\vector], offset fault_\\vector
    mov word ptr [4 * \\vector + 2], cs
    .endr
    mov eax, cr0
    or al, 0x20
    mov cr0, eax
    fninit
    ${body}
    hlt
    .irp vector, 6, 7, 13, 16
  fault_\\vector:
    inc word ptr [0x500 + 2 * \\vector]
    mov bp, sp
    push ax
    mov ax, [0x540]
    add [bp], ax
    pop ax
    iret
    .endr`;
  const machine = romMachine(codeOf(source, 16), { processor, jit: "off" });
  machine.writeMemory(IMAGE, new Uint8Array(1024).fill(FILL));
  prepare(machine);
  machine.runUntil(1_000_000);
  const bytes = (address: number, count: number): Uint8Array => machine.readMemory(address, count);
  return { bytes, word: (address) => new DataView(bytes(address, 2).buffer).getUint16(0, true) };
}

const ONE = [0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f];

test("FXSAVE writes each field at its place, and nothing between them", () => {
  const { bytes, word } = run(`fld1\n fldz\n fld1\n fstp qword ptr [0x600]\n fxsave [${IMAGE}]`);
  const image = bytes(IMAGE, 512);
  expect(word(IMAGE)).toBe(0x37f);
  // TOP is 6: two registers hold something, 7 and 6.
  expect(word(IMAGE + 2)).toBe(0x3000);
  expect([image[4], image[5]]).toEqual([0xc0, 0]);
  // FSTP m64 is DD /3: the opcode field has the low three bits of DD and the ModRM byte, here with a 16-bit address.
  expect(word(IMAGE + 6)).toBe(0x51e);
  expect(word(IMAGE + 12)).toBe(0xf000);
  expect([word(IMAGE + 16), word(IMAGE + 18), word(IMAGE + 20)]).toEqual([0x600, 0, 0]);
  // MXCSR and the XMM registers do not exist.
  for (const at of [24, 28, 160, 288, 511]) expect(image[at], `byte ${at}`).toBe(FILL);
  // The registers in the order of the stack: ST(0) is zero, ST(1) one; the upper six bytes of each slot are reserved.
  expect([...image.subarray(32, 42)]).toEqual(new Array(10).fill(0));
  expect([...image.subarray(48, 58)]).toEqual(ONE);
});

test("FXRSTOR takes tags from the contents of registers that are not empty", () => {
  const values: readonly (readonly number[])[] = [
    ONE,
    new Array<number>(10).fill(0),
    [0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x7f],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x3f],
    ONE,
    ONE,
    ONE,
  ];
  const { word, bytes } = run(`fxrstor [${IMAGE}]\n fnstenv [0x600]\n fxsave [${IMAGE + 512}]`, (machine) => {
    const image = new Uint8Array(512).fill(FILL);
    image.set([0x7f, 0x02, 0x00, 0x00, 0x9f, FILL]);
    values.forEach((value, i) => image.set(value, 32 + 16 * i));
    machine.writeMemory(IMAGE, image);
  });
  expect(word(0x600)).toBe(0x27f);
  // Valid, zero, special (infinity), special (denormal), special (unnormal), empty, empty, valid.
  expect(word(0x604)).toBe(0b00_11_11_10_10_10_01_00);
  expect([...bytes(IMAGE + 512 + 32, 10)]).toEqual(ONE);
  expect(bytes(IMAGE + 512 + 4, 1)[0]).toBe(0x9f);
});

test("neither waits for a pending exception; what is restored raises it at the next waiting instruction", () => {
  const { word } = run(`
    mov word ptr [0x540], 2
    mov word ptr [0x600], 0x37b
    fldcw [0x600]
    fld1
    fldz
    fdivp st(1), st
    fxsave [${IMAGE}]
    fnclex
    fld1
    mov bx, [0x520]
    mov [0x610], bx
    fxrstor [${IMAGE}]
    fnstsw [0x612]
    fld1
    mov bx, [0x520]
    mov [0x614], bx`);
  expect(word(0x610)).toBe(0);
  expect(word(0x612) & 0x8084).toBe(0x8084);
  expect(word(0x614)).toBe(1);
});

test("faults: #GP off a boundary of 16 bytes, #NM with CR0.TS or CR0.EM, #UD for a register", () => {
  const { word, bytes } = run(`
    mov word ptr [0x540], 5
    fxsave [${IMAGE + 8}]
    fxrstor [${IMAGE + 1}]
    mov eax, cr0
    or al, 8
    mov cr0, eax
    fxsave [${IMAGE}]
    and al, 0xf7
    or al, 4
    mov cr0, eax
    fxrstor [${IMAGE}]
    mov word ptr [0x540], 3
    .byte 0x0f, 0xae, 0xc0`);
  expect([word(0x500 + 26), word(0x500 + 14), word(0x500 + 12)]).toEqual([2, 2, 1]);
  expect(bytes(IMAGE, 512).every((byte) => byte === FILL)).toBe(true);
});

test("with SSE, MXCSR and its mask are saved, and the XMM registers once CR4.OSFXSR is set", () => {
  const before = run(`fxsave [${IMAGE}]`, undefined, "max").bytes(IMAGE, 512);
  expect([...before.slice(24, 32)]).toEqual([0x80, 0x1f, 0, 0, 0xff, 0xff, 0, 0]);
  expect(before[160]).toBe(FILL);
  const enable = "mov eax, cr4\n or ax, 0x200\n mov cr4, eax\n";
  const { bytes, word } = run(
    `${enable} mov eax, 0x12345678\n movd xmm7, eax\n fxsave [${IMAGE}]
     mov word ptr [${IMAGE} + 24], 0x1fa0\n fxrstor [${IMAGE}]\n stmxcsr [0x600]
     mov byte ptr [0x540], 5\n mov byte ptr [${IMAGE} + 26], 1\n fxrstor [${IMAGE}]`,
    undefined,
    "max",
  );
  const image = bytes(IMAGE, 512);
  expect([...image.slice(272, 288)]).toEqual([0x78, 0x56, 0x34, 0x12, ...new Array<number>(12).fill(0)]);
  expect(image[288]).toBe(FILL);
  expect(word(0x600)).toBe(0x1fa0);
  // A bit of MXCSR that does not exist: #GP, and nothing is loaded.
  expect(word(0x500 + 2 * 13)).toBe(1);
});
