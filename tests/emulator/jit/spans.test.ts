/**
 * Accesses near one another, of which compiled code looks up the page at the first: whatever happens between them, they
 * do what each of them would have done by itself.
 */
import { expect, test } from "vitest";
import { rowsOf } from "../../setup/tier.ts";
import { codeOf } from "../cpu/assembled.ts";
import { CODE, OTHER_DIRECTORY, PAGE_DIRECTORY, PAGE_TABLE } from "./random-code.ts";
import { digestOf, makeWorld, registersOf } from "./random-program.ts";

/** Pages that page tables may put elsewhere. */
const DATA = 0x200000;
const OTHER_DATA = 0x203000;
const entryOf = (page: number): number => PAGE_TABLE + 4 * (page >>> 12);
/** Of the other directory's table. */
const otherEntryOf = (page: number): number => OTHER_DIRECTORY + 0x1000 + 4 * (page >>> 12);
/** Of both. */
const CONTENT = Uint8Array.from({ length: 6 << 12 }, (_, at) => (at * 0x9e3779b1) >>> 24);
const USABLE = 7;
const ACCESSED_AND_DIRTY = 0x60;

/** Bodies of a loop: EBP counts its turns. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "a directory is loaded between them": `
    mov   ebx, ${PAGE_DIRECTORY}
    mov   ecx, ${OTHER_DIRECTORY}
    mov   esi, ${DATA + 0x100}
    add   eax, [esi]
    mov   cr3, ecx
    add   eax, [esi + 4]
    add   [esi + 8], eax
    mov   cr3, ebx
    add   eax, [esi + 8]`,
  "an entry changes between them, and INVLPG says so": `
    mov   esi, ${DATA + 0x100}
    mov   ecx, ebp
    and   ecx, 1
    imul  ecx, ecx, ${OTHER_DATA - DATA}
    add   ecx, ${DATA + USABLE}
    add   eax, [esi]
    mov   [${entryOf(DATA)}], ecx
    invlpg [esi]
    add   eax, [esi + 4]
    add   [esi + 8], eax`,
  "the page of the second entry is entered anew, and was only written": `
    mov   esi, ${DATA + 0x100}
    mov   [esi], ebp
    mov   [esi + 4], eax
    and   byte ptr [${entryOf(DATA)}], ${~ACCESSED_AND_DIRTY & 0xff}
    mov   [esi + 8], ebp
    add   eax, [esi + 4]
    add   edx, [${entryOf(DATA)}]
    mov   ecx, cr3
    mov   cr3, ecx`,
  "they are written beside the code": `
    mov   esi, ${CODE} + beside - top
    add   [esi], ebp
    mov   eax, [esi]
    add   [esi + 4], eax
    push  eax
    jmp   1f
beside: .long 0, 0
1:  pop   ecx`,
  "one of them writes what runs next": `
    mov   esi, ${CODE} + next - top
    mov   al, [esi + 2]
    inc   eax
    and   eax, 0x3f
    mov   [esi + 2], al
    mov   byte ptr [esi + 1], 0xc2
next:
    add   edx, 1
    lea   ecx, [ecx + 4]`,
  "they go by the register as each of two ways left it": `
    mov   esi, ${DATA + 0x100}
    mov   eax, [esi]
    test  ebp, 3
    jz    1f
    add   eax, [esi + 8]
    lea   esi, [esi + 12]
    add   [esi], eax
    sub   esi, 4
    add   edx, [esi]
    jmp   2f
1:  add   eax, [esi + 4]
    add   [esi + 16], eax
    mov   edi, esi
    dec   edi
    xor   edx, [edi]
    add   [esi], edx
    jmp   2f
2:  add   ecx, [esi]`,
  "they go on into the next page": `
    mov   esi, ebp
    and   esi, 0x7f
    add   esi, ${DATA + 0xfc0}
    mov   eax, [esi]
    add   [esi + 8], eax
    add   edx, [esi + 0x20]
    mov   [${DATA + 0xffd}], edx
    add   ecx, [${DATA + 0xffe}]
    mov   [${DATA + 0xff0}], ecx
    add   ebx, [${DATA + 0x1000}]`,
  "a routine's frame lies across the end of a page": `
    mov   edi, esp
    mov   esp, ebp
    and   esp, 0x7c
    add   esp, ${DATA + 0xfc0}
    push  ebp
    push  eax
    call  1f
    jmp   2f
1:  push  ebp
    mov   ebp, esp
    sub   esp, 16
    mov   [ebp - 4], eax
    mov   ecx, [ebp + 8]
    add   [ebp - 8], ecx
    mov   eax, [ebp + 12]
    add   eax, [ebp - 4]
    leave
    ret
2:  pop   edx
    pop   ebp
    mov   esp, edi`,
};
/** Where runs end: compiled code goes on, and stops everywhere. */
const PIECES = [50_000, 1009, 1, 13, 1013, 7, 40_000, 3, 1019, 1021, 20_000, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];

/** Code of short loops remembers pages besides. */
const WAYS = Object.entries(PROGRAMS).flatMap(([name, body]) => [
  { name, body },
  { name: `${name}, in a long loop`, body: `${body}\n    .rept 32\n    nop\n    .endr` },
]);

test.each(rowsOf(WAYS, 8))("$name", ({ body }) => {
  const program = codeOf(`top:\n    mov   ebp, 1000\n0:\n${body}\n    inc   ebp\n    jmp   0b`, 32);
  const seen = (["off", "force", "on"] as const).map((jit) => {
    const world = makeWorld(1, { paged: true, user: false, segmented: false, codeLimit: 0xffffffff }, jit);
    const { cpu, memory } = world;
    const enter = (at: number, place: number): void =>
      memory.dma.write(at, new Uint8Array(Uint32Array.of(place | USABLE).buffer));
    for (let page = 0; page < 3; page++) {
      // The next page lies below.
      enter(entryOf(DATA + (page << 12)), DATA + ((2 - page) << 12));
      enter(otherEntryOf(DATA + (page << 12)), OTHER_DATA + (page << 12));
    }
    memory.dma.write(DATA, CONTENT);
    cpu.core.mmu.flush();
    // Nobody can tell whether translations are kept when CR3 is loaded or all are forgotten.
    if (jit === "off") cpu.core.mmu.loadDirectory = () => cpu.core.mmu.flush();
    memory.dma.write(CODE, program);
    const states: string[] = [];
    for (const piece of PIECES) {
      const end = cpu.retired + piece;
      while (cpu.retired < end) cpu.run(end);
      states.push(registersOf(world));
    }
    return [...states, digestOf(world)];
  });
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[2]).toEqual(seen[0]);
});
