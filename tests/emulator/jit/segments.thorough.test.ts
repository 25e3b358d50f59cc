/**
 * A kernel's loop that loads DS, ES, FS and GS with all kinds of selectors, asks VERW of them and reaches through them:
 * compiled code and the interpreter leave the state that decoded blocks leave, also after descriptors have changed.
 */
import { expect, test } from "vitest";
import { GDT_BASE, GDT_LIMIT } from "../../../emulator/cpu/layout.ts";
import { Random } from "../../../emulator/state/random.ts";
import { rowsOf } from "../../setup/tier.ts";
import { codeOf } from "../cpu/assembled.ts";
import { CODE } from "./random-code.ts";
import { digestOf, makeWorld, registersOf, WAYS } from "./random-program.ts";

/** Where the program finds selectors, behind those the world has for itself where descriptors are. */
const SELECTORS = 0x8000;
const SELECTOR_COUNT = 128;
const GDT = 0x1000;
const FIRST_DESCRIPTOR = 0x38;
const DESCRIPTORS = 24;
const LAST_BYTE = FIRST_DESCRIPTOR + 8 * DESCRIPTORS - 1;
const PIECES = 40;

/** A fault begins it anew, with the next selector. */
const PROGRAM = codeOf(
  `
1:  mov   esp, 0x9f00
    mov   ecx, 0x10
    mov   ds, ecx
    mov   es, ecx
    inc   dword ptr ss:[0x9f80]
    mov   eax, ss:[0x9f80]
    and   eax, ${SELECTOR_COUNT - 1}
    movzx edx, word ptr [${SELECTORS} + eax * 2]
    stc
    verw  dx
    pushf
    pop   dword ptr [0x9f84]
    verw  word ptr cs:[${SELECTORS} + eax * 2]
    adc   dword ptr [0x9f88], eax
    mov   esi, cr2
    push  esi
    pop   dword ptr [esp - 4]
    push  esi
    pop   dword ptr [0x9f8c]
    mov   edi, 0x9f90
    push  edx
    pop   word ptr [edi]
    mov   fs, edx
    mov   gs, word ptr [${SELECTORS} + eax * 2]
    mov   [0x9f92], fs
    push  edx
    pop   gs
    mov   ax, fs:[0x8010]
    mov   gs:[0x9f94], ax
    push  ecx
    pop   es
    mov   ds, edx
    mov   [0x9f98], ax
    push  edx
    pop   es
    mov   word ptr es:[0x9f9c], 7
    jmp   1b`,
  32,
);

/** Mostly flat data that has been accessed; else any limit and rights. */
function descriptor(random: Random): Uint8Array {
  if (random.below(2) === 0)
    return Uint8Array.of(0xff, 0xff, 0, 0, 0, random.pick([0x93, 0xb3, 0xf3, 0x91, 0x92]), 0xcf, 0);
  const bytes = Uint8Array.from({ length: 8 }, () => random.below(256));
  if (random.below(2) === 0) bytes.set([0xff, 0xff, random.below(2), 0, 0]);
  bytes[5] = random.pick([0x93, 0xf3, 0x97, 0x9b, 0x9f, 0x13, 0x82, 0x92, random.below(256)]);
  return bytes;
}

/** Null ones, such as lie beyond the table, and of the LDT, which there is none of, among others. */
function selector(random: Random): number {
  if (random.below(10) === 0) return random.below(4);
  const index = (FIRST_DESCRIPTOR >>> 3) + random.below(DESCRIPTORS + 2);
  return (index << 3) | (random.below(12) === 0 ? 4 : 0) | random.pick([0, 0, 0, 3, 1]);
}

for (const { engine, paged } of rowsOf(WAYS, [0, 2]))
  test(`segments are loaded alike: ${engine}, ${paged ? "paged" : "unpaged"}`, () => {
    for (let seed = 1; seed <= 4; seed++) {
      const random = new Random(seed);
      const worlds = (["off", engine] as const).map((jit) =>
        makeWorld(seed, { paged, user: false, segmented: false, codeLimit: 0xffffffff }, jit),
      );
      const write = (address: number, bytes: Uint8Array): void =>
        worlds.forEach(({ memory }) => void memory.dma.write(address, bytes));
      const selectors = Uint16Array.from({ length: SELECTOR_COUNT }, () => selector(random));
      write(SELECTORS, new Uint8Array(selectors.buffer));
      write(CODE, PROGRAM);
      for (let at = FIRST_DESCRIPTOR; at < LAST_BYTE; at += 8) write(GDT + at, descriptor(random));
      for (const { cpu } of worlds) {
        expect(cpu.core.s[GDT_BASE]).toBe(GDT);
        cpu.core.s[GDT_LIMIT] = LAST_BYTE;
      }
      for (let piece = 0; piece < PIECES; piece++) {
        const count = 1 + random.below(3000);
        for (const { cpu } of worlds) {
          const limit = cpu.retired + count;
          while (cpu.retired < limit) cpu.run(limit);
        }
        const [expected, found] = worlds.map((world) => `${registersOf(world)} ${digestOf(world)}`);
        expect(found, `seed ${seed}, piece ${piece}`).toBe(expected);
        write(GDT + FIRST_DESCRIPTOR + 8 * random.below(DESCRIPTORS), descriptor(random));
      }
      expect(worlds.map(({ bus }) => bus.shutdowns)).toEqual([0, 0]);
    }
  });
