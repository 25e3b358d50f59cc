/** The POST memory manager as an expansion ROM uses it, and what is left of it when the machine boots. */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { makeRom, runRom } from "./rom.ts";

const MIB = 2 ** 20;
const ANONYMOUS = 0xffffffff;
const UNSUPPORTED = 0xffffffff;
/** Flags. */
const CONVENTIONAL = 1;
const EXTENDED = 2;
const ALIGNED = 4;
const KEPT = 8;

/** A number of 32 bits, or what an earlier call returned. */
type Value = number | { readonly of: number };
type Call = readonly [number, ...Value[]];

const allocate = (paragraphs: number, handle: number, flags: number): Call => [0, paragraphs, handle, flags];
const find = (handle: number): Call => [1, handle];
const free = (block: Value): Call => [2, block];

const RESULTS = 0x620;
/** Reached by the ROM without a descriptor. */
const ABOVE = 3 * MIB;

/** Arguments are pushed the last one first; flags are a word. */
function assembled([number, ...values]: Call, index: number): string {
  const pushes = values.map((value, place) => {
    if (typeof value !== "number") return `push dword ptr ds:[${RESULTS + 4 * value.of}]`;
    return place === 2 ? `push word ptr ${value}` : `push dword ptr ${value | 0}`;
  });
  const bytes = 2 + 4 * values.length - (values.length > 2 ? 2 : 0);
  return `
    ${pushes.reverse().join("\n    ")}
    push  word ptr ${number}
    call  far ptr ds:[0x600]
    add   sp, ${bytes}
    mov   ds:[${RESULTS + 4 * index}], ax
    mov   ds:[${RESULTS + 4 * index + 2}], dx`;
}

/**
 * Leaves the entry at 600h, its structure's sum at 604h, at 608h how far the registers are from what they were, and at
 * 61Ch what it has written and read above 1 MiB.
 */
const initCode = (calls: readonly Call[]): string => `
    pushad
    push  ds
    push  es
    xor   ax, ax
    mov   ds, ax
    mov   bx, 0xdfff
1:  inc   bx
    jz    9f
    mov   es, bx
    cmp   dword ptr es:[0], 0x4d4d5024
    jne   1b
    mov   eax, es:[7]
    mov   ds:[0x600], eax
    xor   si, si
    movzx cx, byte ptr es:[5]
    xor   al, al
2:  add   al, es:[si]
    inc   si
    loop  2b
    mov   ds:[0x604], al
    mov   byte ptr ds:[0x605], 1
    mov   ebx, 0x10203040
    mov   ecx, 0x50607080
    mov   esi, 0x01020304
    mov   edi, 0x05060708
    mov   ebp, 0x11121314
${calls.map(assembled).join("\n")}
    xor   ax, ax
    mov   es, ax
    mov   dword ptr es:[esi + ${ABOVE - 0x01020304}], 0x5a3c
    mov   eax, es:[esi + ${ABOVE - 0x01020304}]
    mov   ds:[0x61c], eax
    sub   ebx, 0x10203040
    sub   ecx, 0x50607080
    sub   esi, 0x01020304
    sub   edi, 0x05060708
    sub   ebp, 0x11121314
    or    ebx, ecx
    or    ebx, esi
    or    ebx, edi
    or    ebx, ebp
    mov   ds:[0x608], ebx
9:  pop   es
    pop   ds
    popad
    retf`;

/** When it boots: is there a structure (60Ch), what the old entry says (610h), E801h (614h), the map from 8000h on. */
const BOOT_CODE = `
    xor   ax, ax
    mov   ds, ax
    mov   bx, 0xdfff
1:  inc   bx
    jz    2f
    mov   es, bx
    cmp   dword ptr es:[0], 0x4d4d5024
    jne   1b
    inc   byte ptr ds:[0x60c]
2:  push  word ptr ${CONVENTIONAL}
    push  dword ptr -1
    push  dword ptr 1
    push  word ptr 0
    call  far ptr ds:[0x600]
    mov   ds:[0x610], ax
    mov   ds:[0x612], dx
    mov   ax, 0xe801
    int   0x15
    mov   ds:[0x614], ax
    xor   ebx, ebx
    mov   es, bx
    mov   di, 0x8000
3:  mov   eax, 0xe820
    mov   ecx, 20
    mov   edx, 0x534d4150
    int   0x15
    add   di, 20
    test  ebx, ebx
    jnz   3b
    mov   ds:[0x618], di
    mov   al, 5
    out   0xf4, al
    hlt`;

interface Outcome {
  readonly results: readonly number[];
  readonly sum: number;
  readonly changed: number;
  readonly above: number;
  readonly isAtAddress: boolean;
  readonly isThereLater: boolean;
  readonly saidLater: number;
  /** KiB above 1 MiB. */
  readonly extendedKib: number;
  readonly map: readonly (readonly [base: number, length: number, kind: number])[];
}

async function run(calls: readonly Call[], ramBytes = 4 * MIB): Promise<Outcome> {
  const { node, close } = await runRom(makeRom(initCode(calls), BOOT_CODE), ramBytes);
  expect(node.exitStatus).toBe(11);
  const view = new DataView(node.readMemory(0x600, 0x400).slice().buffer);
  const dword = (address: number): number => view.getUint32(address - 0x600, true);
  expect(view.getUint8(5)).toBe(1);
  const entries = (view.getUint16(0x18, true) - 0x8000) / 20;
  const map = new DataView(node.readMemory(0x8000, entries * 20).slice().buffer);
  const outcome = {
    results: calls.map((_, index) => dword(RESULTS + 4 * index)),
    sum: view.getUint8(4),
    changed: dword(0x608),
    above: dword(0x61c),
    isAtAddress: new DataView(node.readMemory(ABOVE, 4).slice().buffer).getUint32(0, true) === 0x5a3c,
    isThereLater: view.getUint8(0x0c) !== 0,
    saidLater: dword(0x610),
    extendedKib: view.getUint16(0x14, true),
    map: Array.from({ length: entries }, (_, index) => {
      const at = (offset: number): number => map.getUint32(index * 20 + offset, true);
      return [at(0), at(8), at(16)] as const;
    }),
  };
  close();
  return outcome;
}

describe("the POST memory manager", () => {
  thoroughly("gives memory below and above 1 MiB, finds it and takes it back", async () => {
    const { results, sum, changed, above, isAtAddress } = await run([
      allocate(0x100, 0x12345678, CONVENTIONAL),
      allocate(0x100, 0x12345679, EXTENDED),
      allocate(0x11, ANONYMOUS, CONVENTIONAL | EXTENDED),
      find(0x12345678),
      find(0x12345679),
      find(0x1234567a),
      free({ of: 0 }),
      find(0x12345678),
      free({ of: 0 }),
      allocate(0x100, 0x12345678, CONVENTIONAL),
    ]);
    const [low, high, either] = results;
    expect(low! + 0x1000).toBeLessThanOrEqual(0xa0000);
    expect(low!).toBeGreaterThanOrEqual(0x10000);
    expect(high!).toBeGreaterThanOrEqual(MIB);
    expect(high! + 0x1000).toBeLessThanOrEqual(4 * MIB);
    expect(either! + 0x110).toBeLessThanOrEqual(low!);
    expect(results.slice(3)).toEqual([low, high, 0, 0, 0, 1, low]);
    expect([sum, changed]).toEqual([0, 0]);
    // The ROM's segments reach it, with address line 20 open.
    expect([above, isAtAddress]).toEqual([0x5a3c, true]);
  });

  test("aligns blocks to the lowest bit of their length when asked to", async () => {
    const { results } = await run([
      allocate(0x123, ANONYMOUS, EXTENDED),
      allocate(0x1800, 1, EXTENDED | ALIGNED),
      allocate(0x4000, 2, CONVENTIONAL | ALIGNED),
    ]);
    expect(results[0]! % 16).toBe(0);
    expect(results[1]! % 0x8000).toBe(0);
    expect(results[1]! + 0x18000).toBeLessThanOrEqual(results[0]!);
    expect(results[2]! % 0x40000).toBe(0);
  });

  test("tells how long a block can be, and gives no longer one", async () => {
    const { results } = await run([
      allocate(0, 0, CONVENTIONAL),
      allocate(0, 0, CONVENTIONAL | EXTENDED),
      allocate(0x8000, 1, CONVENTIONAL),
      allocate(0, 0, CONVENTIONAL),
      allocate(1, 2, CONVENTIONAL),
      allocate(0x2f000, 3, EXTENDED),
      allocate(0x100, 4, EXTENDED),
      free({ of: 5 }),
      allocate(0, 0, EXTENDED),
    ]);
    expect(results[0]).toBe(0x8000);
    expect(results[1]).toBe((4 * MIB - 0x110000) / 16);
    expect(results.slice(2, 8)).toEqual([0x10000, 0, 0, 0x110000, 0, 0]);
    expect(results[8]).toBe(results[1]);
  });

  test("refuses what makes no sense", async () => {
    const { results } = await run([
      allocate(1, 7, 0),
      allocate(0x10000000, 7, EXTENDED),
      allocate(1, 7, CONVENTIONAL | KEPT),
      find(ANONYMOUS),
      free(0x1234),
      [3, 0],
      allocate(1, 7, CONVENTIONAL),
      allocate(1, 7, EXTENDED),
    ]);
    expect(results.slice(0, 6)).toEqual([0, 0, 0, 0, 1, UNSUPPORTED]);
    // A handle is one block's.
    expect([results[6]! > 0, results[7]]).toEqual([true, 0]);
  });

  test("describes as many blocks as it has room for", async () => {
    const blocks = Array.from({ length: 33 }, (_, index) => allocate(1, index, CONVENTIONAL));
    const { results } = await run(blocks);
    expect(new Set(results).size).toBe(33);
    expect([results[31]! > 0, results[32]]).toEqual([true, 0]);
  });

  test("is gone when the machine boots, and all memory is the system's", async () => {
    const { isThereLater, saidLater, extendedKib, map } = await run([allocate(0x1000, 1, EXTENDED)]);
    expect([isThereLater, saidLater, extendedKib]).toEqual([false, UNSUPPORTED, 3 * 1024]);
    expect(map).toContainEqual([MIB, 3 * MIB, 1]);
    expect(map).toHaveLength(5);
  });

  test("leaves a ROM what it wants to keep, and systems do not get it", async () => {
    const kept = allocate(0x800, 1, EXTENDED | KEPT);
    const { results, extendedKib, map } = await run([kept, allocate(0x800, 2, EXTENDED | KEPT), free({ of: 1 })]);
    expect(results[0]).toBe(4 * MIB - 0x8000);
    expect(extendedKib).toBe(3 * 1024 - 32);
    expect(map).toContainEqual([MIB, 3 * MIB - 0x8000, 1]);
    expect(map).toContainEqual([4 * MIB - 0x8000, 0x8000, 2]);
  });
});
