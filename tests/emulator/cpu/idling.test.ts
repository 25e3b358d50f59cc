/**
 * Loops that change nothing are passed over up to the next timer, and nobody can tell: a machine that runs in pieces
 * too short for that is in the same state, to the instruction.
 */
import { expect, test } from "vitest";
import type { Machine } from "../../../emulator/machine.ts";
import { Random } from "../../../emulator/state/random.ts";
import { casesOf, rowsOf } from "../../setup/tier.ts";
import { codeOf } from "./assembled.ts";
import { romMachine } from "./rom-machine.ts";

const INSTRUCTION_NS = 10;
const INSTRUCTIONS = 400_000;
/** Shorter than what is worth a look. */
const PIECE = 9_973;

/**
 * A timer that interrupts after each 1.5 ms; memory and stack of their own; a routine that asks for a key and finds
 * none.
 */
const PREAMBLE = `
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, 0x7000
    mov word ptr [0x20], 0x300
    mov word ptr [0x22], 0xF000
    mov word ptr [0x58], 0x340
    mov word ptr [0x5A], 0xF000
    mov word ptr [0x18], 0x360
    mov word ptr [0x1A], 0xF000
    mov al, 0x11
    out 0x20, al
    mov al, 8
    out 0x21, al
    mov al, 4
    out 0x21, al
    mov al, 1
    out 0x21, al
    mov al, 0xFE
    out 0x21, al
    mov al, 0x34
    out 0x43, al
    mov al, 0
    out 0x40, al
    mov al, 7
    out 0x40, al
    xor eax, eax
    xor ebx, ebx
    xor ecx, ecx
    sti
`;
const AFTER = `
    2: inc dword ptr [0x504]
    jmp 2b
    .org 0x300
    push ax
    inc word ptr ds:[0x46C]
    mov al, 0x20
    out 0x20, al
    pop ax
    iret
    .org 0x340
    push bp
    mov bp, sp
    sti
    push ds
    push bx
    mov bx, ds:[0x41A]
    cmp bx, ds:[0x41C]
    pushf
    pop word ptr [bp + 6]
    pop bx
    pop ds
    pop bp
    iret
    .org 0x360
    push bp
    mov bp, sp
    add word ptr [bp + 2], 2
    pop bp
    iret
    .org 0x400
    .word 23
    .long 0xF0408
    .word 0
    .quad 0, 0x00009A0F0000FFFF, 0x000092000000FFFF
`;

/** To protected mode and back, as boot loaders do it for each call of the firmware. */
const SWITCHES = `
    1: cli
    lgdt cs:[0x400]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    .byte 0xEA
    .word 3f - begin, 8
    3: mov ax, 16
    mov ds, ax
    mov es, ax
    mov eax, cr0
    and al, 0xFE
    mov cr0, eax
    .byte 0xEA
    .word 4f - begin, 0xF000
    4: xor ax, ax
    mov ds, ax
    mov es, ax
    sti
    int 0x16
    jmp 1b
`;

/** What they do, and whether turns are passed over. */
const LOOPS: Readonly<Record<string, readonly [code: string, isIdle: boolean]>> = {
  "asks for a key": ["1: mov ah, 1\n int 0x16\n jz 1b\n jmp 2f", true],
  "switches modes for each look": [SWITCHES, true],
  "waits for the BIOS's clock": ["1: mov ax, ds:[0x46C]\n cmp ax, 100\n jne 1b", true],
  "waits by calls": ["1: call 5f\n jmp 1b\n 5: push eax\n pusha\n popa\n pop eax\n ret", true],
  "asks the keyboard for its status between other things": [
    "1: in al, 0x64\n push ax\n pop ax\n test al, 1\n jz 1b",
    true,
  ],
  "runs into undefined opcodes": ["1: ud2\n jmp 1b", true],
  "changes a byte and changes it back": ["1: not byte ptr [0x500]\n not byte ptr [0x500]\n jmp 1b", true],
  "changes a byte at every second turn": ["1: xor byte ptr [0x500], 1\n jmp 1b", true],
  "copies what is there already": [
    "1: mov si, 0x600\n mov di, 0x700\n mov cx, 8\n push ds\n pop es\n rep movsb\n jmp 1b",
    true,
  ],
  "counts in a register": ["1: inc ecx\n jmp 1b", false],
  "counts in memory": ["1: inc dword ptr [0x500]\n jmp 1b", false],
  "counts in memory, and hides it": ["1: push eax\n inc word ptr [0x500]\n xor eax, eax\n pop eax\n jmp 1b", false],
  "looks at a counter of the timer": ["1: in al, 0x40\n xor al, al\n jmp 1b", false],
  "tells a device": ["1: out 0x80, al\n jmp 1b", false],
  "reads the time stamp": ["1: rdtsc\n xor eax, eax\n xor edx, edx\n jmp 1b", false],
  "looks at a device's memory": ["1: mov ax, 0xB800\n mov es, ax\n mov al, es:[0]\n jmp 1b", false],
  "takes too long": ["1: mov cx, 700\n 3: loop 3b\n jmp 1b", false],
};

const machineOf = (code: string): Machine => romMachine(codeOf(`.intel_syntax noprefix\n begin: ${code}`, 16));

/** Instructions that a machine has passed over, and one that runs in short pieces is in the same state after each. */
function passedOver(code: string, random: Random, name = ""): number {
  const [whole, pieces] = [machineOf(code), machineOf(code)];
  const moments = Array.from({ length: 3 }, () => random.below(INSTRUCTIONS)).sort((a, b) => a - b);
  for (const moment of [...moments, INSTRUCTIONS]) {
    const timeNs = moment * INSTRUCTION_NS;
    whole.runUntil(timeNs);
    while (pieces.nowNs < timeNs) pieces.runUntil(Math.min(timeNs, pieces.nowNs + PIECE * INSTRUCTION_NS));
    expect(whole.digest(), `at ${timeNs} ns${name}`).toBe(pieces.digest());
  }
  expect(pieces.counters.passedOver).toBe(0);
  return whole.counters.passedOver;
}

test.for(rowsOf(Object.entries(LOOPS), 6))("a loop that %s", ([, [loop, isIdle]]) => {
  const passed = passedOver(`${PREAMBLE} ${loop}\n ${AFTER}`, new Random(3));
  if (isIdle) expect(passed).toBeGreaterThan(INSTRUCTIONS / 2);
  else expect(passed).toBe(0);
});

const cases = casesOf("emulator/cpu/idling");

const PARTS = [
  "inc bx",
  "xor bx, 5",
  "and bx, 3",
  "mov bx, ds:[0x46C]",
  "mov ds:[0x500], bx",
  "add word ptr ds:[0x502], 1",
  "and word ptr ds:[0x502], 7",
  "push bx\n pop dx",
  "int 0x16",
  "ud2",
  "in al, 0x64",
  "xchg bl, bh",
  "mov cx, 3\n 8: loop 8b",
  "test bl, 2\n jz 9f\n not byte ptr ds:[0x504]\n 9:",
  "bts word ptr ds:[0x506], 3",
];

test(`loops that are drawn: ${cases.title}`, () => {
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed);
    const parts = Array.from({ length: 1 + random.below(6) }, () => PARTS[random.below(PARTS.length)]!);
    passedOver(`${PREAMBLE} 1: ${parts.join("\n ")}\n jmp 1b\n ${AFTER}`, random, `; ${cases.repeat(seed)}`);
  }
});
