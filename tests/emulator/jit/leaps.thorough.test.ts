/**
 * A program in ring 3 that computes with vectors, calls its kernel by SYSENTER and INT, and touches pages that come and
 * go, in two address spaces by turns: compiled code and the interpreter lead where decoded blocks lead, also where an
 * interrupt comes between.
 */
import { expect, test } from "vitest";
import { CR4, RAM, SYSENTER_CS, SYSENTER_EIP, SYSENTER_ESP } from "../../../emulator/cpu/layout.ts";
import { CR4_OSFXSR } from "../../../emulator/cpu/state.ts";
import { Random } from "../../../emulator/state/random.ts";
import { rowsOf } from "../../setup/tier.ts";
import { codeOf } from "../cpu/assembled.ts";
import { CODE, PAGE_TABLE } from "./random-code.ts";
import { digestOf, makeWorld, registersOf, WAYS, type World } from "./random-program.ts";

const OTHER_TABLE = 0xb000;
const IDT = 0x2000;
const PAGE_FAULT_GATE = IDT + 8 * 14;
const KERNEL_STACK_TOP = 0x7f00;
/**
 * What vectors are computed from. Pages are touched by number, from FIRST_PAGE on; every eighth call one goes, from
 * both spaces.
 */
const NUMBERS = 0x8000;
const NUMBER_BYTES = 256;
const FIRST_PAGE = 0x200;
const PAGES = 8;
/** Calls of the kernel, and page faults, as the program counts them. */
const CALLS = 0x9f84;
const PAGE_FAULTS = 0x9f8c;
/** Which bits of the count of those are set while the space is the other one. */
const SWITCH = 0x9f90;
/** Where the kernel begins, and its handler of page faults. */
const KERNEL = CODE + 0x1000;
const PAGE_FAULT = CODE + 0x1800;
const OTHER_CODE = CODE + 0x3000;
const PIECES = 20;
/** Runs that end at instructions in a row, after each piece. */
const STEPS = 150;
/** In the first piece code grows hot, but not that of the other space, which is come to seldom. */
const WARM_UP = 3_000_000;

/** The program's page is another one in the second space: there CF is taken off. */
const programOf = (carry: "adc" | "sbb"): Uint8Array =>
  codeOf(
    `
1:  mov   esp, 0x9f00
    mov   eax, [0x9f80]
    inc   dword ptr [0x9f80]
    and   eax, 15
    mov   esi, eax
    shl   esi, 4
    movdqu xmm0, [${NUMBERS} + eax * 4]
    movdqa xmm1, [${NUMBERS} + esi]
    movups xmm2, [${NUMBERS} + 3 + eax * 2]
    movaps xmm3, xmm1
    pxor  xmm3, xmm0
    pcmpeqb xmm3, [${NUMBERS} + 64]
    pmovmskb ecx, xmm3
    pshufd xmm4, xmm2, 0x1b
    punpcklbw xmm4, xmm0
    pandn xmm4, xmm2
    pminub xmm4, [${NUMBERS} + esi]
    paddd xmm5, xmm4
    psubw xmm5, xmm1
    pslldq xmm4, 3
    psrlw xmm1, 5
    pslld xmm1, xmm0
    por   xmm5, xmm1
    movd  ebx, xmm5
    movd  xmm6, dword ptr [${NUMBERS} + eax]
    movq  xmm7, qword ptr [${NUMBERS} + 1 + eax]
    movhps xmm7, [${NUMBERS} + 5]
    movlps [0x9fa0], xmm7
    movss xmm7, xmm6
    movsd xmm6, [${NUMBERS} + 9]
    shufps xmm6, xmm7, 0x4e
    pshufb xmm7, xmm5
    palignr xmm7, xmm0, 5
    palignr xmm7, [${NUMBERS} + esi], 21
    phaddsw xmm7, xmm5
    psignd xmm5, xmm7
    pmovsxwq xmm1, dword ptr [${NUMBERS} + 2 + eax]
    pmovzxbq xmm3, word ptr [${NUMBERS} + 7 + eax]
    pinsrw xmm1, word ptr [${NUMBERS} + 3 + eax], 13
    pextrb byte ptr [0x9ff0], xmm5, 7
    pextrw word ptr [0x9ff3], xmm1, 6
    pextrd ecx, xmm3, 2
    pblendw xmm3, xmm1, 0x5a
    pblendvb xmm1, xmm7, xmm0
    mov   edx, eax
    ptest xmm2, xmm1
    adc   edx, ecx
    pcmpistri xmm2, [${NUMBERS} + 5 + eax], 0x1a
    adc   edx, ecx
    pcmpistri xmm2, xmm1, 0x42
    jno   6f
    inc   edx
6:  pcmpistrm xmm7, xmm2, 0x72
    paddd xmm5, xmm0
    pcmpestri xmm2, xmm1, 0x18
    jns   6f
    add   edx, ecx
6:  pcmpistri xmm1, xmm2, 0x0d
    add   dword ptr [0x9ff8], edx
    paddb mm0, mm1
    mulps xmm0, xmm1
    movdqa [0x9fb0], xmm7
    movups [0x9fc1], xmm6
    movq  qword ptr [0x9fe0], xmm5
    mov   edi, eax
    xor   eax, eax
    cpuid
    xor   edi, ebx
    mov   eax, [0x9f80]
    and   eax, ${PAGES - 1}
    shl   eax, 12
    add   dword ptr [${FIRST_PAGE << 12} + eax], ecx
    movdqu xmm0, [${FIRST_PAGE << 12} - 7 + eax]
    movdqu [${FIRST_PAGE << 12} + 9 + eax], xmm5
    mov   ecx, esp
    call  2f
2:  pop   edx
    add   edx, 3f - 2b
    sysenter
3:  ${carry}   edi, eax
    int   0x41
    jmp   1b
    .org  ${KERNEL - CODE}
    inc   dword ptr [${CALLS}]
    mov   eax, [${CALLS}]
    and   eax, 7
    jnz   4f
    mov   ebx, [0x9f88]
    inc   dword ptr [0x9f88]
    and   ebx, ${PAGES - 1}
    and   dword ptr [${PAGE_TABLE + 4 * FIRST_PAGE} + ebx * 4], ~1
    and   dword ptr [${OTHER_TABLE + 4 * FIRST_PAGE} + ebx * 4], ~1
    shl   ebx, 12
    invlpg [${FIRST_PAGE << 12} + ebx]
    mov   ebx, 0x5000
    mov   eax, [0x9f88]
    and   eax, [${SWITCH}]
    cmp   eax, [${SWITCH}]
    jne   5f
    mov   ebx, 0xa000
5:  mov   cr3, ebx
4:  fxsave [0x8800]
    fxrstor [0x8800]
    sysexit
    .org  ${PAGE_FAULT - CODE}
    push  eax
    mov   eax, cr2
    shr   eax, 12
    or    dword ptr [${PAGE_TABLE} + eax * 4], 7
    or    dword ptr [${OTHER_TABLE} + eax * 4], 7
    inc   dword ptr [${PAGE_FAULTS}]
    pop   eax
    add   esp, 4
    iret`,
    32,
  );

function run(worlds: readonly World[], count: number): void {
  for (const { cpu } of worlds) {
    const limit = cpu.retired + count;
    while (cpu.retired < limit) cpu.run(limit);
  }
}

for (const { engine, paged } of rowsOf(WAYS, [0, 2]))
  test(`ways to another privilege lead alike: ${engine}, ${paged ? "paged" : "unpaged"}`, () => {
    for (let seed = 1; seed <= 2; seed++) {
      const random = new Random(seed);
      const worlds = (["off", engine] as const).map((jit) =>
        makeWorld(seed, { paged, user: true, segmented: false, codeLimit: 0xffffffff }, jit),
      );
      const write = (address: number, bytes: Uint8Array): void =>
        worlds.forEach(({ memory }) => void memory.dma.write(address, bytes));
      write(
        NUMBERS,
        Uint8Array.from({ length: NUMBER_BYTES + 32 }, () => random.pick([0, 0, 1, 0xff, random.below(256)])),
      );
      const isWarm = engine === "on" && seed === 1;
      write(SWITCH, new Uint8Array(Uint32Array.of(isWarm ? 0x3ff : 1).buffer));
      write(CODE, programOf("adc"));
      write(OTHER_CODE, programOf("sbb").subarray(0, KERNEL - CODE));
      write(OTHER_TABLE + 4 * (CODE >>> 12), new Uint8Array(Uint32Array.of(OTHER_CODE | 7).buffer));
      write(PAGE_FAULT_GATE, new Uint8Array(Uint16Array.of(PAGE_FAULT & 0xffff, 8, 0x8e00, PAGE_FAULT >>> 16).buffer));
      for (const { cpu } of worlds) {
        const { s } = cpu.core;
        s[CR4]! |= CR4_OSFXSR;
        s[SYSENTER_CS] = 8;
        s[SYSENTER_ESP] = KERNEL_STACK_TOP;
        s[SYSENTER_EIP] = KERNEL;
      }
      for (let piece = 0; piece < PIECES; piece++) {
        run(worlds, isWarm && piece === 0 ? WARM_UP : 1 + random.below(3000));
        const [expected, found] = worlds.map((world) => `${registersOf(world)} ${digestOf(world)}`);
        expect(found, `seed ${seed}, piece ${piece}`).toBe(expected);
        for (let step = 0; step < STEPS; step++) {
          run(worlds, 1 + random.below(2));
          expect(registersOf(worlds[1]!)).toBe(registersOf(worlds[0]!));
        }
        if (random.below(3) === 0) for (const { cpu } of worlds) cpu.setInterruptRequest(true);
      }
      expect(worlds.map(({ bus }) => bus.shutdowns)).toEqual([0, 0]);
      const { view } = worlds[1]!.memory;
      expect(view.getUint32(RAM + CALLS, true)).toBeGreaterThan(50);
      expect(view.getUint32(RAM + PAGE_FAULTS, true) > 5).toBe(paged);
    }
  });
