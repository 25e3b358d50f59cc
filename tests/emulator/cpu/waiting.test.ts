/**
 * Loops that wait for a device: taken at once they leave what they leave turn by turn, with an instruction limit after
 * each instruction.
 */
import { expect, test } from "vitest";
import { SparseDisk } from "../../../emulator/disk/disk.ts";
import type { Machine } from "../../../emulator/machine.ts";
import { Random } from "../../../emulator/state/random.ts";
import { rowsOf } from "../../setup/tier.ts";
import { codeOf } from "./assembled.ts";
import { romMachine } from "./rom-machine.ts";

const INSTRUCTION_NS = 10;
/** A drive takes 100 us for a sector. */
const END_NS = 200_000;
const MOMENTS = 5;

/** Reads a sector, which the drive is busy with then; interrupts by the timer every 60 us. */
const PREAMBLE = `
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, 0x7000
    mov word ptr [0x20], 0x300
    mov word ptr [0x22], 0xF000
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
    mov al, 72
    out 0x40, al
    mov al, 0
    out 0x40, al
    mov dx, 0x3F6
    mov al, 2
    out dx, al
    mov dx, 0x1F2
    mov al, 1
    out dx, al
    mov dx, 0x1F7
    mov al, 0x20
    out dx, al
    mov dx, 0x3F6
    mov ecx, 0x1000000
    mov ebx, 900
`;
const AFTER = `
    2: mov dword ptr [0x500], ecx
    pushf
    pop word ptr [0x504]
    inc word ptr [0x506]
    in al, dx
    jmp 2b
    .org 0x300
    push ax
    inc word ptr cs:[0x600]
    mov ax, ds:[0x508]
    inc ax
    mov ds:[0x508], ax
    mov al, 0x20
    out 0x20, al
    pop ax
    iret
`;

/** The same in protected mode, with the descriptors for a code segment over the ROM and a flat one. */
const PROTECTED = `
    lgdt cs:[0x400]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    .byte 0xEA
    .word 0x200, 8
    .org 0x200
    .code32
    .byte 0x66, 0xB8, 16, 0, 0x8E, 0xD8
`;
const DESCRIPTORS = `
    .org 0x400
    .word 23
    .long 0xF0408
    .word 0
    .quad 0, 0x000F9A0F0000FFFF | 0x0040000000000000, 0x00CF92000000FFFF
`;

const STATUS = "1: in al, dx\n";
const LOOPS = {
  "counts down to a timeout": `${STATUS} test al, 0x80\n jz 2f\n dec ecx\n jnz 1b`,
  "runs into its timeout": `${STATUS} test al, 0x80\n jz 2f\n dec ebx\n jnz 1b`,
  "waits without an end": `${STATUS} test al, 0x80\n jnz 1b`,
  compares: `${STATUS} cmp al, 0xD0\n je 1b`,
  masks: `${STATUS} and al, 0x80\n jnz 1b`,
  "waits for the keyboard": "1: in al, 0x64\n test al, 1\n jz 1b",
  "reads the status register itself": `mov dx, 0x1F7\n ${STATUS} test al, 0x80\n jz 2f\n dec ecx\n jnz 1b`,
  "counts by LOOPNE": `${STATUS} test al, 0x80\n loopne 1b`,
  "counts to 0 by LOOPNE": `mov cx, 900\n ${STATUS} test al, 0x80\n loopne 1b`,
  "waits for the keyboard by LOOPE": "1: in al, 0x64\n test al, 1\n loope 1b\n jmp 1b",
  "counts by LOOP alone": `${STATUS} test al, 0x80\n loop 1b`,
  "has a counter of 16 bits": `${STATUS} test al, 0x80\n jz 2f\n dec cx\n jnz 1b`,
  "leaves by another way": `${STATUS} test al, 0x40\n jnz 3f\n dec ecx\n jnz 1b\n 3: dec ebx\n jmp 1b`,
  "changes what it compares with": `${STATUS} test al, cl\n jz 2f\n dec ecx\n jnz 1b`,
  "reads what changes": "1: in al, 0x40\n test al, 0x80\n jz 2f\n dec ecx\n jnz 1b\n 2: jmp 1b",
  "counts in the register that it reads": `${STATUS} test al, 0x80\n jz 2f\n dec eax\n jnz 1b`,
} as const;

function machineOf(code: string): Machine {
  return romMachine(codeOf(`.intel_syntax noprefix\n${code}`, 16), {
    ide: [{ kind: "disk", medium: new SparseDisk(1 << 20) }, null, null, null],
  });
}

/** What one machine that runs freely has at some moments, and one that stops after each instruction. */
function compare(code: string): { reads: number; counted: number } {
  const [free, stepped] = [machineOf(code), machineOf(code)];
  let reads = 0;
  const { board } = free;
  const readPort = board.readPort.bind(board);
  board.readPort = (port, sizeBytes) => {
    reads++;
    return readPort(port, sizeBytes);
  };
  const random = new Random(7);
  const moments = Array.from({ length: MOMENTS }, () => INSTRUCTION_NS * random.below(END_NS / INSTRUCTION_NS));
  for (const timeNs of [...moments.sort((a, b) => a - b), END_NS]) {
    free.runUntil(timeNs);
    while (stepped.nowNs < timeNs) stepped.runUntil(stepped.nowNs + INSTRUCTION_NS);
    expect(free.digest(), `at ${timeNs} ns`).toBe(stepped.digest());
  }
  expect(free.counters.portReads).toBe(stepped.counters.portReads);
  return { reads, counted: free.counters.portReads };
}

/** Loops that are taken at once. */
const WAITING = [
  "counts down to a timeout",
  "runs into its timeout",
  "waits without an end",
  "compares",
  "masks",
  "waits for the keyboard",
  "counts by LOOPNE",
  "counts to 0 by LOOPNE",
  "waits for the keyboard by LOOPE",
  "reads the status register itself",
];

test.for(rowsOf(Object.entries(LOOPS), 3))("one that %s", ([name, loop]) => {
  for (const flag of ["cli", "sti"]) {
    const { reads, counted } = compare(`${PREAMBLE} ${flag}\n ${loop}\n ${AFTER}`);
    if (!WAITING.includes(name)) expect(reads, flag).toBe(counted);
    // What follows the loop reads the port as well.
    else expect(reads, flag).toBeLessThan(counted - 500);
  }
});

test.each(rowsOf(["counts down to a timeout", "counts by LOOPNE"] as const, 1))(
  "one in 32-bit code that %s",
  (name) => {
    const { reads, counted } = compare(
      `${PREAMBLE} cli\n ${PROTECTED} ${LOOPS[name]}\n 2: inc dword ptr [0x500]\n in al, dx\n jmp 2b\n ${DESCRIPTORS}`,
    );
    expect(reads).toBeLessThan(counted - 500);
  },
);
