/**
 * Compiled code that goes from page to page finds other code there as soon as page tables say so: a program's loop
 * calls a routine in another page, which is another one by turns.
 */
import { expect, test } from "vitest";
import { EAX, EBX, ECX, EIP, ESI, ESP } from "../../../emulator/cpu/layout.ts";
import { codeOf } from "../cpu/assembled.ts";
import { CODE, PAGE_TABLE } from "./random-code.ts";
import { makeWorld } from "./random-program.ts";

const PAGE_BYTES = 0x1000;
const ROUTINE = CODE + PAGE_BYTES;
const PROGRAM = codeOf(
  `
    xor   eax, eax
1:  call  routine
    inc   ecx
    jmp   1b
    .org  ${PAGE_BYTES}
routine:
    inc   eax
    ret
    .org  ${2 * PAGE_BYTES}
    add   eax, 0x1000
    ret`,
  32,
);
const PIECES = 6;
const PIECE = 200_000;

test("a program's page changes under a loop that calls into it", () => {
  const sums = (["on", "off"] as const).map((jit) => {
    const { cpu, memory } = makeWorld(1, { paged: true, user: true, segmented: false }, jit);
    memory.dma.write(CODE, PROGRAM);
    const seen: number[] = [];
    for (let piece = 1; piece <= PIECES; piece++) {
      while (cpu.retired < piece * PIECE) cpu.run(piece * PIECE);
      seen.push(cpu.core.s[EAX]!);
      const page = ROUTINE + (piece % 2) * PAGE_BYTES;
      memory.dma.write(PAGE_TABLE + 4 * (ROUTINE >>> 12), new Uint8Array(Uint32Array.of(page | 7).buffer));
      cpu.core.mmu.flushPage(ROUTINE);
    }
    return seen;
  });
  expect(sums[0]).toEqual(sums[1]);
  expect(sums[0]![1]! - sums[0]![0]!).toBeGreaterThan(PIECE);
});

/** Asks two routines where it is, as position-independent code does; the page of the one may be another one. */
const PLACE_PROGRAM = codeOf(
  `
    xor   ecx, ecx
1:  call  place_in_ebx
    add   eax, ebx
    jz    2f
    call  place_in_esi
2:  xor   eax, esi
    inc   ecx
    jmp   1b
place_in_esi:
    mov   esi, [esp]
    ret
    .org  ${PAGE_BYTES}
place_in_ebx:
    mov   ebx, [esp]
    ret
    .org  ${2 * PAGE_BYTES}
    mov   ebx, esp
    ret
    .org  ${3 * PAGE_BYTES}
    mov   edx, [esp]
    ret`,
  32,
);
/** Runs end at every instruction of the loop by turns. */
const STEPS = [1009, 1013, 1019, 1021, 1031, 30_011];
const ROUNDS = 24;
const SEEN = [EAX, EBX, ECX, ESI, ESP, EIP];

test("a program asks where it is, of routines that change", () => {
  const seen = (["force", "on", "off"] as const).map((jit) => {
    const { cpu, memory } = makeWorld(1, { paged: true, user: true, segmented: false }, jit);
    memory.dma.write(CODE, PLACE_PROGRAM);
    const states: number[][] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const step of STEPS) {
        const end = cpu.retired + step;
        while (cpu.retired < end) cpu.run(end);
        states.push(SEEN.map((register) => cpu.core.s[register]!));
      }
      if (round % 6 === 5) {
        const page = ROUTINE + (((round + 1) / 6) % 3) * PAGE_BYTES;
        memory.dma.write(PAGE_TABLE + 4 * (ROUTINE >>> 12), new Uint8Array(Uint32Array.of(page | 7).buffer));
        cpu.core.mmu.flushPage(ROUTINE);
      }
      // And becomes INC EBX.
      if (round === 20) memory.dma.write(ROUTINE, Uint8Array.of(0x43, 0x90, 0x90));
    }
    return states;
  });
  expect(seen[0]).toEqual(seen[2]);
  expect(seen[1]).toEqual(seen[2]);
  // EBX is where the first call returns to, and then is ESP.
  expect(seen[2]![5]![1]).toBe(CODE + 7);
  expect(seen[2]![9 * STEPS.length]![1]).toBeLessThan(CODE);
});
