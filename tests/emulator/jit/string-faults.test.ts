/**
 * Repeated string instructions look at their source first: where it faults, nothing has happened to the target's page.
 * One that faults has changed no flags.
 */
import { expect, test } from "vitest";
import { AF, ARITHMETIC, CF, PF, SF } from "../../../emulator/cpu/flags.ts";
import { EBX, EDX, EIP, RAM } from "../../../emulator/cpu/layout.ts";
import { codeOf } from "../cpu/assembled.ts";
import { CODE, PAGE_TABLE } from "./random-code.ts";
import { HANDLERS, makeWorld } from "./random-program.ts";

const SOURCE = 0x200000;
const TARGET = 0x201000;
/** Marks of an entry of a page table (SDM 3A, 4.8). */
const [USABLE, ABSENT, ACCESSED_OR_DIRTY] = [0x007, 0x006, 0x060];
const WARM = 200_000;
const FAULTS = 1000;

test.each(["rep movsb", "rep movsd", "repe cmpsb", "repe cmpsd"])(
  "%s whose source is not there does not mark the target's page",
  (instruction) => {
    const program = `
1:  mov   esi, ${SOURCE}
    mov   edi, ${TARGET}
    mov   ecx, 16
    ${instruction}
    inc   edx
    jmp   1b`;
    for (const jit of ["on", "force", "off"] as const) {
      const { cpu, memory } = makeWorld(1, { paged: true, user: true, segmented: false }, jit);
      const enter = (page: number, marks: number): void => {
        memory.dma.write(PAGE_TABLE + 4 * (page >>> 12), new Uint8Array(Uint32Array.of(page | marks).buffer));
        cpu.core.mmu.flushPage(page);
      };
      const marksOf = (page: number): number => memory.bytes[RAM + PAGE_TABLE + 4 * (page >>> 12)]!;
      memory.dma.write(CODE, codeOf(program, 32));
      for (const page of [SOURCE, TARGET]) enter(page, USABLE);
      while (cpu.retired < WARM) cpu.run(WARM);
      const turns = cpu.core.s[EDX]!;
      expect(turns).toBeGreaterThan(FAULTS);
      expect(marksOf(TARGET) & ACCESSED_OR_DIRTY).not.toBe(0);
      enter(SOURCE, ABSENT);
      enter(TARGET, USABLE);
      while (cpu.retired < WARM + FAULTS) cpu.run(WARM + FAULTS);
      expect(cpu.core.s[EDX]! - turns).toBeLessThan(2);
      expect(marksOf(TARGET) & ACCESSED_OR_DIRTY).toBe(0);
    }
  },
);

test.each(["repne scasb", "repe scasd"])("%s whose target is not there leaves the flags", (instruction) => {
  const program = `
1:  mov   edi, ${TARGET}
    mov   ecx, 16
    mov   eax, 0x80000008
    mov   ebx, 1
    sub   ebx, 2
    ${instruction}
    inc   edx
    jmp   1b`;
  const handler = `
    pushfd
    pop   ebx
1:  jmp   1b`;
  for (const jit of ["on", "force", "off"] as const) {
    const { cpu, memory } = makeWorld(1, { paged: true, user: true, segmented: false }, jit);
    const enter = (marks: number): void => {
      memory.dma.write(PAGE_TABLE + 4 * (TARGET >>> 12), new Uint8Array(Uint32Array.of(TARGET | marks).buffer));
      cpu.core.mmu.flushPage(TARGET);
    };
    memory.dma.write(CODE, codeOf(program, 32));
    memory.dma.write(HANDLERS, codeOf(handler, 32));
    enter(USABLE);
    while (cpu.retired < WARM) cpu.run(WARM);
    while (cpu.core.s[EIP]! !== CODE) cpu.run(cpu.retired + 1);
    enter(ABSENT);
    const end = cpu.retired + FAULTS;
    while (cpu.retired < end) cpu.run(end);
    // 1 less 2 borrows, is negative and has the parity of FF.
    expect(cpu.core.s[EBX]! & ARITHMETIC, jit).toBe(CF | PF | AF | SF);
  }
});
