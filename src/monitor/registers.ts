/** `info registers` as QEMU prints it for a 32-bit processor, and the registers that expressions name. */

import { ATTENTION_HALTED, ATTENTION_SHADOW } from "../../emulator/cpu/attention.ts";
import type { Core } from "../../emulator/cpu/core.ts";
import {
  ACCESS,
  BASE,
  CPL,
  CR0,
  CR2,
  CR3,
  CR4,
  CS,
  DR,
  DS,
  EAX,
  EBP,
  EBX,
  ECX,
  EDI,
  EDX,
  EFER,
  EIP,
  ES,
  ESI,
  ESP,
  FS,
  GDT_BASE,
  GDT_LIMIT,
  GS,
  IDT_BASE,
  IDT_LIMIT,
  LDTR,
  LIMIT,
  SELECTOR,
  SS,
  TR,
} from "../../emulator/cpu/layout.ts";
import {
  ACCESS_ACCESSED,
  ACCESS_BIG,
  ACCESS_CODE,
  ACCESS_DC,
  ACCESS_DPL_SHIFT,
  ACCESS_PRESENT,
  ACCESS_RW,
  ACCESS_S,
} from "../../emulator/cpu/state.ts";
import { hex } from "../../emulator/debug/hex.ts";

/** Granularity of a segment, as ACCESS holds it: its limit counts pages. */
const ACCESS_PAGES = 0x8000;
const FLAG_LETTERS = [
  ["D", 0x400],
  ["O", 0x800],
  ["S", 0x80],
  ["Z", 0x40],
  ["A", 0x10],
  ["P", 0x04],
  ["C", 0x01],
] as const;
const SEGMENTS = [
  ["ES", ES],
  ["CS", CS],
  ["SS", SS],
  ["DS", DS],
  ["FS", FS],
  ["GS", GS],
] as const;
/** SDM 3A table 3-2. */
const SYSTEM_TYPES = [
  ...["Reserved", "TSS16-avl", "LDT", "TSS16-busy", "CallGate16", "TaskGate", "IntGate16", "TrapGate16"],
  ...["Reserved", "TSS32-avl", "Reserved", "TSS32-busy", "CallGate32", "Reserved", "IntGate32", "TrapGate32"],
];

function segment(core: Core, name: string, number: number): string {
  const { s, state } = core;
  const access = s[ACCESS + number]!;
  const limit = s[LIMIT + number]! >>> 0;
  const upperLimit = (limit >>> ((access & ACCESS_PAGES) !== 0 ? 28 : 16)) & 0xf;
  const flags = ((access & 0xf0ff) << 8) | (upperLimit << 16);
  const line = `${name.padEnd(3)}=${hex(s[SELECTOR + number]!, 4)} ${hex(s[BASE + number]!)} ${hex(limit)} ${hex(flags)}`;
  if (!state.protectedMode || (access & ACCESS_PRESENT) === 0) return line;
  const has = (bit: number, letter: string): string => ((access & bit) !== 0 ? letter : "-");
  const dpl = ` DPL=${(access >>> ACCESS_DPL_SHIFT) & 3} `;
  if ((access & ACCESS_S) === 0) return `${line}${dpl}${SYSTEM_TYPES[access & 15]}`;
  const isBig = (access & ACCESS_BIG) !== 0;
  const isCode = (access & ACCESS_CODE) !== 0;
  const kind = isCode ? (isBig ? "CS32" : "CS16") : isBig ? "DS  " : "DS16";
  const rights = isCode
    ? `${has(ACCESS_DC, "C")}${has(ACCESS_RW, "R")}`
    : `${has(ACCESS_DC, "E")}${has(ACCESS_RW, "W")}`;
  return `${line}${dpl}${kind} [${rights}${has(ACCESS_ACCESSED, "A")}]`;
}

/** Two to a line. */
function inPairs(texts: readonly string[]): string[] {
  return texts.flatMap((text, index) => (index % 2 === 0 ? [`${text} ${texts[index + 1]}`] : []));
}

export function describeRegisters(core: Core): string {
  const { s, state, fpu, vectors, attention } = core;
  const general = (names: readonly (readonly [string, number])[]): string =>
    names.map(([name, slot]) => `${name}=${hex(s[slot]!)}`).join(" ");
  const { eflags } = state;
  const letters = FLAG_LETTERS.map(([letter, bit]) => ((eflags & bit) !== 0 ? letter : "-")).join("");
  const is = (bit: number): number => Number((attention & bit) !== 0);
  const control = (names: readonly (readonly [string, number])[]): string => general(names);
  const floats = Array.from({ length: 8 }, (_, index) => {
    const { low, high, signExponent } = fpu.getPhysical(index);
    return `FPR${index}=${hex(high)}${hex(low)} ${hex(signExponent, 4)}`;
  });
  const wide = vectors.xmm.map(({ u64 }, index) => {
    const half = (lane: number): string => u64[lane]!.toString(16).padStart(16, "0");
    return `XMM${String(index).padStart(2, "0")}=${half(1)} ${half(0)}`;
  });
  return [
    general([
      ["EAX", EAX],
      ["EBX", EBX],
      ["ECX", ECX],
      ["EDX", EDX],
    ]),
    general([
      ["ESI", ESI],
      ["EDI", EDI],
      ["EBP", EBP],
      ["ESP", ESP],
    ]),
    `EIP=${hex(s[EIP]!)} EFL=${hex(eflags)} [${letters}] CPL=${s[CPL]} II=${is(ATTENTION_SHADOW)} A20=${Number(core.mmu.a20)} SMM=0 HLT=${is(ATTENTION_HALTED)}`,
    ...SEGMENTS.map(([name, number]) => segment(core, name, number)),
    segment(core, "LDT", LDTR),
    segment(core, "TR", TR),
    `GDT=     ${hex(s[GDT_BASE]!)} ${hex(s[GDT_LIMIT]!)}`,
    `IDT=     ${hex(s[IDT_BASE]!)} ${hex(s[IDT_LIMIT]!)}`,
    control([
      ["CR0", CR0],
      ["CR2", CR2],
      ["CR3", CR3],
      ["CR4", CR4],
    ]),
    `${[0, 1, 2, 3].map((number) => `DR${number}=${hex(s[DR + number]!)}`).join(" ")} `,
    `DR6=${hex(s[DR + 6]!)} DR7=${hex(s[DR + 7]!)}`,
    `EFER=${"0".repeat(8)}${hex(s[EFER]!)}`,
    `FCW=${hex(fpu.control, 4)} FSW=${hex(fpu.status, 4)} [ST=${fpu.top}] FTW=${hex(~fpu.emptyMask & 0xff, 2)} MXCSR=${hex(vectors.mxcsr)}`,
    ...inPairs(floats),
    ...inPairs(wide),
    "",
  ].join("\n");
}

const NAMED: ReadonlyMap<string, (core: Core) => number> = new Map<string, (core: Core) => number>([
  ...(
    [
      ["eax", EAX],
      ["ecx", ECX],
      ["edx", EDX],
      ["ebx", EBX],
      ["esp", ESP],
      ["sp", ESP],
      ["ebp", EBP],
      ["fp", EBP],
      ["esi", ESI],
      ["edi", EDI],
      ["cr0", CR0],
      ["cr2", CR2],
      ["cr3", CR3],
      ["cr4", CR4],
    ] as const
  ).map(([name, slot]) => [name, ({ s }: Core) => s[slot]!] as const),
  ...SEGMENTS.flatMap(([name, number]) => [
    [name.toLowerCase(), ({ s }: Core) => s[SELECTOR + number]!] as const,
    [`${name.toLowerCase()}.base`, ({ s }: Core) => s[BASE + number]!] as const,
    [`${name.toLowerCase()}.limit`, ({ s }: Core) => s[LIMIT + number]!] as const,
  ]),
  // As in QEMU, the linear address of the next instruction.
  ...["eip", "pc"].map((name) => [name, ({ s }: Core) => s[BASE + CS]! + s[EIP]!] as const),
  ["eflags", ({ state }) => state.eflags],
]);

/** A register of 32 bits, signed; null when there is none of this name. */
export function namedRegister(core: Core, name: string): bigint | null {
  const read = NAMED.get(name);
  return read === undefined ? null : BigInt(read(core) | 0);
}
