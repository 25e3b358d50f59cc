/**
 * x87 exceptions without CR0.NE: FERR#, IRQ 13, port F0h and IGNNE#, as PC boards do it (SDM volume 1, 8.7.2 and
 * appendix D).
 */
import { describe, expect, test } from "vitest";
import { JIT_MODES } from "../../../emulator/jit/jit.ts";
import { codeOf } from "./assembled.ts";
import { romMachine } from "./rom-machine.ts";

/**
 * Vector 75h is IRQ 13. The handler counts at 500h and notes where it will return to; `clear` is what it does about the
 * exception.
 */
function program(body: string, clear: string): string {
  return `
    cli
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, 0x1000
    mov word ptr [4 * 0x75], offset handler
    mov word ptr [4 * 0x75 + 2], cs
    mov word ptr [4 * 16], offset machine_fault
    mov word ptr [4 * 16 + 2], cs
    .irp byte, 0x11, 0x08, 0x04, 0x01, 0xfb
    mov al, \\byte
    out 0x20 - (\\byte != 0x11), al
    .endr
    .irp byte, 0x11, 0x70, 0x02, 0x01, 0xdf
    mov al, \\byte
    out 0xa0 - (\\byte != 0x11), al
    .endr
    fninit
    mov word ptr [0x510], 0x37b     # the zero divide is not masked
    fldcw [0x510]
    ${body}
    cli
    hlt
handler:
    inc word ptr [0x500]
    pop ax
    push ax
    mov [0x502], ax
    ${clear}
    mov al, 0x20
    out 0xa0, al
    out 0x20, al
    iret
machine_fault:
    inc word ptr [0x504]
    fnclex
    iret`;
}

const DIVIDE = "fld1\n fldz\n fdivp st(1), st\n";

for (const jit of JIT_MODES) {
  function run(body: string, clear: string): { word: (address: number) => number; halted: boolean } {
    const machine = romMachine(codeOf(program(body, clear), 16), { jit });
    machine.runUntil(1_000_000);
    return {
      word: (address) => new DataView(machine.readMemory(address, 2).buffer).getUint16(0, true),
      halted: machine.processor.halted,
    };
  }

  describe(`an x87 exception without CR0.NE, JIT ${jit}`, () => {
    test("interrupts in front of the next waiting instruction, which then runs", () => {
      const { word } = run(
        `sti\n ${DIVIDE} inc word ptr [0x506]\n mov word ptr [0x508], offset waiting\n waiting: fld1\n inc word ptr [0x50a]`,
        "out 0xf0, al\n fnclex",
      );
      expect([word(0x500), word(0x504), word(0x506), word(0x50a)]).toEqual([1, 0, 1, 1]);
      expect(word(0x502)).toBe(word(0x508));
    });

    test("goes on under IGNNE# when the handler only answers at port F0h", () => {
      const { word } = run(`sti\n ${DIVIDE} fld1\n fld1\n fnstsw [0x50a]\n fnclex\n ${DIVIDE} fld1`, "out 0xf0, al");
      // FNCLEX takes FERR# and so IGNNE# away: the second exception interrupts again.
      expect(word(0x500)).toBe(2);
      expect(word(0x50a) & 0x84).toBe(0x84);
    });

    test("is no business of instructions that do not wait", () => {
      const { word } = run(`sti\n ${DIVIDE} fnstsw [0x50a]\n fnstcw [0x50c]\n fnclex\n fld1`, "out 0xf0, al");
      expect([word(0x500), word(0x50a) & 0x84]).toEqual([0, 0x84]);
    });

    test("stops a processor that takes no interrupts", () => {
      const { word, halted } = run(`${DIVIDE} fwait\n inc word ptr [0x506]`, "out 0xf0, al");
      expect([word(0x500), word(0x506), halted]).toEqual([0, 0, true]);
    });

    test("is #MF with CR0.NE", () => {
      const { word } = run(
        `sti\n mov eax, cr0\n or al, 0x20\n mov cr0, eax\n ${DIVIDE} fld1\n inc word ptr [0x506]`,
        "out 0xf0, al",
      );
      expect([word(0x500), word(0x504), word(0x506)]).toEqual([0, 1, 1]);
    });
  });
}
