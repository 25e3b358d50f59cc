/**
 * Compiled code that goes from page to page finds other code there as soon as page tables say so: a program's loop calls
 * a routine in another page, which is another one by turns.
 */
import { expect, test } from "vitest";
import { EAX } from "../../../emulator/cpu/layout.ts";
import { codeOf } from "../cpu/assembled.ts";
import { CODE, makeWorld, PAGE_TABLE } from "./random-program.ts";

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
