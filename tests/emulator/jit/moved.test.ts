/**
 * Programs and their libraries lie at other pages in each process: what was compiled of them at one place runs at all
 * others, and addresses that code can see are those of the place where it is.
 */
import { expect, test } from "vitest";
import { EAX, EBX, ECX, EDI, EDX, EIP, ESI, ESP } from "../../../emulator/cpu/layout.ts";
import { moduleCounts } from "../../../emulator/jit/module-cache.ts";
import { rowsOf } from "../../setup/tier.ts";
import { codeOf } from "../cpu/assembled.ts";
import { CODE, PAGE_TABLE, type WorldOptions } from "./random-code.ts";
import { makeWorld } from "./random-program.ts";

const PAGE_BYTES = 0x1000;
const SCRATCH = 0x8000;
/** Calls of another page, by a number and by a register, where am I, x87's pointer to itself, and a system call. */
const PROGRAM = codeOf(
  `
    fninit
    xor   edx, edx
1:  call  place
2:  add   eax, ebx
    call  routine
    lea   edi, [ebx + near - 2b]
    call  edi
    add   edi, offset routine - near
    call  edi
    fld1
    fstp  dword ptr [${SCRATCH}]
    fnstenv [${SCRATCH + 16}]
    add   esi, [${SCRATCH + 16 + 12}]
    inc   ecx
    jnz   1b
near:
    rol   edx, 3
    xor   edx, [esp]
    int   0x41
    ret
place:
    mov   ebx, [esp]
    ret
    .org  ${PAGE_BYTES}
routine:
    inc   eax
    rol   eax, 1
    xor   eax, [esp]
    ret
    .org  ${2 * PAGE_BYTES}
    dec   eax
    ret`,
  32,
);
const LIMITLESS: WorldOptions = { paged: true, user: true, segmented: false, codeLimit: 0xffffffff };
const SEEN = [EAX, EBX, ECX, EDX, ESI, EDI, ESP, EIP];
/** Until all of it is compiled. */
const LONG = [1_000_000];
/** Enough to take over what is. */
const BRIEF = [60_003, 90_017, 90_031, 140_001, 140_002, 140_004];
const MORE = 50_003;

interface Seen {
  readonly states: number[][];
  readonly regions: number;
}

/** What a program sees of itself at an address; at the end its second page is another one. */
function statesAt(codeAt: number, jit: "on" | "off", pieces: readonly number[]): Seen {
  const { cpu, memory } = makeWorld(1, { ...LIMITLESS, codeAt }, jit);
  memory.dma.write(CODE, PROGRAM);
  const states: number[][] = [];
  const run = (to: number): void => {
    while (cpu.retired < to) if (cpu.run(to) !== "budget") throw new Error("the program ends");
    states.push(SEEN.map((register) => cpu.core.s[register]!));
  };
  for (const to of pieces) run(to);
  const linear = codeAt + PAGE_BYTES;
  const entry = new Uint8Array(Uint32Array.of((CODE + 2 * PAGE_BYTES) | 7).buffer);
  memory.dma.write(PAGE_TABLE + 4 * (linear >>> 12), entry);
  cpu.core.mmu.flushPage(linear);
  run(cpu.retired + MORE);
  return { states, regions: cpu.engine?.statistics.regions ?? 0 };
}

test("code that was compiled at one address runs at others", () => {
  expect(statesAt(0x310000, "on", LONG).regions).toBeGreaterThan(0);
  const { compiled } = moduleCounts;
  const all = rowsOf([0x345000, CODE, 0x310000, 0x2f0000], 2).map((codeAt) => {
    const moved = statesAt(codeAt, "on", BRIEF);
    expect(moved.states, codeAt.toString(16)).toEqual(statesAt(codeAt, "off", BRIEF).states);
    expect(moved.regions).toBeGreaterThan(0);
    return moved.states.join();
  });
  expect(moduleCounts.compiled).toBe(compiled);
  expect(new Set(all).size).toBe(all.length);
});
