/**
 * Random programs of 16-bit code in a small machine, in real mode, in protected mode or, without page tables or with
 * them, in virtual-8086 mode: any opcode with any prefixes and addresses, segments that are loaded anew, far transfers
 * to the same bytes by other names, jumps over the segment's end, writes into the program, faults that begin it anew.
 */
import type { Cpu } from "../../../emulator/cpu/cpu.ts";
import { IF, IOPL, VM } from "../../../emulator/cpu/flags.ts";
import {
  BASE,
  CR0,
  CR3,
  CS,
  DS,
  EIP,
  ES,
  ESP,
  FS,
  GDT_BASE,
  GDT_LIMIT,
  GS,
  IDT_BASE,
  IDT_LIMIT,
  LIMIT,
  SS,
  TR,
} from "../../../emulator/cpu/layout.ts";
import { CR0_PE, CR0_PG } from "../../../emulator/cpu/state.ts";
import type { EngineMode } from "../../../emulator/jit/jit.ts";
import type { Random } from "../../../emulator/state/random.ts";
import { Decoded, decode } from "../../../src/isa/decode.ts";
import type { Semantic } from "../../../src/isa/semantics.ts";
import { makeEmptyWorld, type World } from "./random-program.ts";

const VECTORS = 256;
const INTERRUPT_VECTOR = 0x40;
/** Returns at once, with CS as it stands in the vector. */
export const SERVICE_VECTOR = 0x41;
const RESTART = 0x600;
const COUNT_INTERRUPT = 0x640;
const COUNTER = 0x5f0;
export const STACK_SEGMENT = 0x2000;
export const DATA_SEGMENT = 0x3000;
export const SEGMENT_BYTES = 0x10000;
const STACK_TOP = 0x7000;
/** Of the monitor, where no program's segments are. */
const GDT = 0x80000;
const IDT = 0x81000;
const TSS = 0x82000;
const HANDLERS = 0x83000;
const KERNEL_STACK = 0x85000;
const PAGE_DIRECTORY = 0x86000;
/** Selector of the code segment in protected mode. */
const CODE = 0x20;
/** A device, as the display adapter's memory is. */
export const VIDEO_SEGMENT = 0xa000;
const BLOCKS = 8;
/** In the code segment: how often a block was begun, and where each begins. */
const TURNS = 0x80;
const TABLE = 0x90;
/** Far pointers to the blocks. */
const POINTERS = 0xb0;
const TRAP_FLAG = 0x100;
/** A jump to nowhere comes to INT3, which begins the program anew. */
export const NOWHERE = 0xcc;
const PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x66, 0x66, 0x67, 0x67, 0xf0, 0xf2, 0xf3];
/** What ends a program, or has it run somewhere else for good. */
const EXCLUDED = new Set<Semantic>([
  "hlt",
  "iret",
  "retf",
  "call_far",
  "jmp_far",
  "lgdt",
  "lidt",
  "lmsw",
  "mov_to_creg",
  "mov_to_dreg",
  "wrmsr",
  "popf",
]);

const decoded = new Decoded();

/** One instruction, which may branch within the next few bytes. */
function instruction(random: Random): readonly number[] {
  for (;;) {
    const bytes: number[] = [];
    while (random.below(3) === 0 && bytes.length < 3) bytes.push(random.pick(PREFIXES));
    if (random.below(6) === 0) bytes.push(0x0f);
    while (bytes.length < 15) bytes.push(random.below(3) === 0 ? random.below(8) : random.below(256));
    decode(Uint8Array.from([...bytes, ...new Array<number>(15).fill(0)]), 0, 16, decoded);
    const { form, length } = decoded;
    if (form === null || length > 15 || EXCLUDED.has(form.semantic)) continue;
    const code = bytes.slice(0, length);
    // An absolute address of 32 bits that is within the segment.
    if (decoded.isMemory && decoded.displacementBytes === 4 && random.below(4) > 0)
      code.fill(0, decoded.operandOffset + 2, decoded.operandOffset + 4);
    const branch = form.operands.find(({ field }) => field === "relative");
    // Near: far ones are the program's own.
    if (branch !== undefined && branch.sizeBits !== 8) code.fill(0, length - (decoded.operandSize >>> 3));
    if (branch !== undefined)
      code[branch.sizeBits === 8 ? length - 1 : length - (decoded.operandSize >>> 3)] = random.below(9);
    return code;
  }
}

type Write = (address: number, bytes: readonly number[]) => void;

export const word = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];
const dwords = (...values: readonly number[]): number[] =>
  values.flatMap((value) => [...word(value), ...word(value >>> 16)]);

/** Pointers into the data, at its end, or anywhere; a stack; data segments that overlap, and the display adapter's. */
function pointers(random: Random): number[] {
  const offset = (): number =>
    random.below(5) === 0
      ? random.below(SEGMENT_BYTES)
      : random.below(8) === 0
        ? 0xfff8 + random.below(8)
        : 0x400 + random.below(0x400);
  const bytes = [0xb8 + random.pick([3, 5, 6, 7]), ...word(offset())];
  if (random.below(4) === 0) bytes.push(0xb9, ...word(random.below(20)));
  if (random.below(6) === 0)
    bytes.push(0xbc, ...word(random.below(6) === 0 ? random.below(16) : 0x7000 + random.below(64)));
  const near = Array.from({ length: 5 }, () => DATA_SEGMENT + random.below(64));
  // MOV AX, and DS, ES, FS or GS from it.
  if (random.below(4) === 0)
    bytes.push(
      0xb8,
      ...word(random.pick([0, VIDEO_SEGMENT, VIDEO_SEGMENT + 0x1ff8, ...near, ...near])),
      0x8e,
      0xc0 | (random.pick([0, 3, 4, 5]) << 3),
    );
  // Upper halves that addresses of 32 bits reach with.
  if (random.below(4) === 0) bytes.push(0x66, 0x81, 0xe0 | random.pick([3, 5, 6, 7]), 0xff, 0x7f, 0, 0);
  return bytes;
}

/** A far pointer to an offset in a segment: as it is, or in real mode by a segment that begins elsewhere. */
function pointer(random: Random, segment: number, offset: number): number[] {
  const paragraphs = segment === CODE || random.below(3) === 0 ? 0 : random.below(Math.min(0x40, (offset >> 4) + 1));
  return [...word(offset - 16 * paragraphs), ...word(segment + paragraphs)];
}

/** Goes to a block by a far pointer, calls the service, or loads the flags. */
function far(random: Random, segment: number, starts: readonly number[]): readonly number[] {
  const to = pointer(random, segment, random.pick(starts));
  const onStack = [0x68, ...to.slice(2), 0x68, ...to.slice(0, 2)];
  const entry = word(POINTERS + 4 * random.below(BLOCKS));
  return random.pick([
    [0x9a, ...to],
    [0xea, ...to],
    [...onStack, 0xcb],
    [...onStack, 0xca, ...word(random.below(4))],
    [0x9c, ...onStack, 0xcf],
    [0xcd, SERVICE_VECTOR],
    [0x9c, 0xcd, SERVICE_VECTOR, 0x9d],
    [0x68, ...word(random.below(SEGMENT_BYTES) & ~TRAP_FLAG), 0x9d],
    [0x2e, 0xff, 0x1e, ...entry],
    [0x2e, 0xff, 0x2e, ...entry],
  ]);
}

export function narrowProgram(random: Random, place: number, mode: NarrowMode): Uint8Array {
  const isProtected = mode === "protected";
  const segment = isProtected ? CODE : place;
  // Code is written through CS, or FS where CS cannot be.
  const writable = isProtected ? 0x64 : 0x2e;
  const code = new Uint8Array(SEGMENT_BYTES).fill(NOWHERE);
  const starts: number[] = [];
  const rewrites = random.below(3) === 0;
  const put = (at: number, bytes: readonly number[]): number => {
    for (const [k, byte] of bytes.entries()) code[(at + k) & 0xffff] = byte;
    return at + bytes.length;
  };
  for (let block = 0; block < BLOCKS; block++) {
    // One goes over the end of the segment, the others lie at pages' ends or anywhere.
    const start =
      block < 2
        ? 0xffc0 + random.below(0x38)
        : random.below(2) === 0
          ? 0x1000 * (1 + random.below(14)) - random.below(64)
          : 0x800 + random.below(0xe000);
    starts.push(start);
    let at = start;
    const top = at;
    for (let k = 4 + random.below(12); k > 0; k--) {
      if (random.below(3) === 0) at = put(at, pointers(random));
      at = put(at, random.below(8) === 0 ? far(random, segment, starts) : instruction(random));
      // INC of a byte of the program.
      if (rewrites && random.below(8) === 0)
        at = put(at, [writable, 0xfe, 0x06, ...word(random.pick(starts) + random.below(32))]);
    }
    if (random.below(2) === 0) at = put(at, [0xe2, (top - at - 2) & 0xff]);
    if (random.below(2) === 0) at = put(at, [0xe8, ...word(random.pick(starts) - at - 3)]);
    if (random.below(2) === 0) at = put(at, [0xc3]);
    put(at, [0xe9, ...word(0 - at - 3)]);
  }
  // The next block: INC and load the counter, JMP by a table.
  const next = put(0, [writable, 0xff, 0x06, ...word(TURNS), 0x2e, 0x8b, 0x1e, ...word(TURNS)]);
  put(next, [0x83, 0xe3, BLOCKS - 1, 0x01, 0xdb, 0x2e, 0xff, 0xa7, ...word(TABLE)]);
  put(TABLE, starts.flatMap(word));
  put(
    POINTERS,
    starts.flatMap((start) => pointer(random, segment, start)),
  );
  return code;
}

export type NarrowMode = "real" | "virtual" | "paged" | "protected";

export interface NarrowOptions {
  /** Virtual-8086 mode without page tables, or with them. */
  readonly mode: NarrowMode;
  readonly code: Uint8Array;
  /** Where it lies. */
  readonly segment: number;
  /** Of the data segments, which real mode keeps from what protected mode has left there. */
  readonly limit?: number;
  /** Of CS, in real mode: which another mode may have left there. */
  readonly codeAccess?: number;
}

/** A machine that stands at the program's first instruction. */
export function makeNarrowWorld(options: NarrowOptions, jit: EngineMode, coldRuns: number): World {
  const { mode, code, segment, limit = 0xffff, codeAccess = 0x93 } = options;
  const world = makeEmptyWorld(jit, coldRuns, 1);
  const { cpu, memory } = world;
  const write: Write = (address, bytes) => memory.dma.write(address, Uint8Array.from(bytes));
  for (let vector = 0; vector < VECTORS; vector++)
    write(4 * vector, [...word(vector === INTERRUPT_VECTOR ? COUNT_INTERRUPT : RESTART), 0, 0]);
  const loadSegment = (register: number, value: number): number[] => [
    0xb8,
    ...word(value),
    0x8e,
    0xc0 | (register << 3),
  ];
  write(RESTART, [
    ...[
      ...loadSegment(2, STACK_SEGMENT),
      0xbc,
      ...word(STACK_TOP),
      ...loadSegment(3, DATA_SEGMENT),
      ...loadSegment(0, DATA_SEGMENT),
    ],
    ...[0xfb, 0xfc, 0xea, 0, 0, ...word(segment)],
  ]);
  write(4 * SERVICE_VECTOR, [...word(COUNT_INTERRUPT - 0x20), ...word(2)]);
  write(COUNT_INTERRUPT, [0x2e, 0xff, 0x06, ...word(COUNTER), 0xcf]);
  memory.dma.write(segment << 4, code);
  if (mode === "real") beginReal(cpu, segment, limit, codeAccess);
  else if (mode === "protected") beginProtected(cpu, segment, write);
  else beginVirtual(cpu, segment, mode === "paged", write);
  if (cpu.core.s[BASE + CS] !== segment << 4) throw new Error("the program is elsewhere");
  return world;
}

function beginReal({ core }: Cpu, segment: number, limit: number, codeAccess: number): void {
  const { s, state } = core;
  for (const [register, selector] of [
    [CS, segment],
    [SS, STACK_SEGMENT],
    [DS, DATA_SEGMENT],
    [ES, DATA_SEGMENT],
  ] as const)
    if (register === CS) state.setSegment(CS, selector, selector << 4, s[LIMIT + CS]!, codeAccess);
    else state.setSegment(register, selector, selector << 4, limit, 0x93);
  s[ESP] = STACK_TOP;
  s[EIP] = 0;
  state.updateMode();
}

/**
 * Flat 32-bit segments, a TSS, and gates to handlers: an interrupt counts, the service returns, `restart` is all else.
 */
function beginMonitor({ core }: Cpu, restart: readonly number[], write: Write, others: readonly number[]): void {
  const { s, state } = core;
  const table = [
    ...dwords(0, 0, 0x0000ffff, 0x00cf9b00, 0x0000ffff, 0x00cf9300),
    ...dwords(((TSS & 0xffff) << 16) | 0x67, 0x8b00 | (TSS >>> 16), ...others),
  ];
  write(GDT, table);
  write(TSS, dwords(0, KERNEL_STACK, 0x10));
  write(HANDLERS, restart);
  write(HANDLERS + 0x80, [0x36, 0xff, 0x05, ...dwords(COUNTER), 0xcf]);
  for (let vector = 0; vector < VECTORS; vector++) {
    const isOwn = vector === INTERRUPT_VECTOR || vector === SERVICE_VECTOR;
    const to = HANDLERS + (vector === INTERRUPT_VECTOR ? 0x80 : isOwn ? 0x87 : 0);
    write(IDT + 8 * vector, dwords((8 << 16) | (to & 0xffff), (to & 0xffff0000) | 0xee00));
  }
  s[CR0]! |= CR0_PE;
  state.setSegment(TR, 0x18, TSS, 0x67, 0x8b);
  s[GDT_BASE] = GDT;
  s[GDT_LIMIT] = table.length - 1;
  s[IDT_BASE] = IDT;
  s[IDT_LIMIT] = 8 * VECTORS - 1;
}

const push32 = (value: number): number[] => [0x68, ...dwords(value)];

/** 16-bit protected mode at CPL 0: segments of 64 KiB by the GDT. */
function beginProtected(cpu: Cpu, segment: number, write: Write): void {
  const { s, state } = cpu.core;
  const [STACK, DATA, CODE_AS_DATA] = [0x28, 0x30, 0x38];
  const descriptor = (paragraph: number, access: number): number[] => [
    ((paragraph << 20) | 0xffff) >>> 0,
    (access << 8) | (paragraph >>> 12),
  ];
  const loadSegment = (register: number, selector: number): number[] => [
    ...[0x66, 0xb8, ...word(selector)],
    ...[0x8e, 0xc0 | (register << 3)],
  ];
  const restart = [
    ...[...loadSegment(SS, STACK), 0xbc, ...dwords(STACK_TOP), ...loadSegment(DS, DATA), ...loadSegment(ES, DATA)],
    ...[...loadSegment(FS, CODE_AS_DATA), ...push32(IF | 2), ...push32(CODE), ...push32(0), 0xcf],
  ];
  beginMonitor(cpu, restart, write, [
    ...descriptor(segment, 0x9b),
    ...descriptor(STACK_SEGMENT, 0x93),
    ...descriptor(DATA_SEGMENT, 0x93),
    ...descriptor(segment, 0x93),
  ]);
  state.setSegment(CS, CODE, segment << 4, 0xffff, 0x9b);
  state.setSegment(SS, STACK, STACK_SEGMENT << 4, 0xffff, 0x93);
  state.setSegment(FS, CODE_AS_DATA, segment << 4, 0xffff, 0x93);
  for (const register of [DS, ES]) state.setSegment(register, DATA, DATA_SEGMENT << 4, 0xffff, 0x93);
  s[ESP] = STACK_TOP;
  s[EIP] = 0;
  state.eflags = IF | 2;
  state.updateMode();
  cpu.core.updateControls();
}

/** The monitor of virtual-8086 mode. */
function beginVirtual(cpu: Cpu, segment: number, isPaged: boolean, write: Write): void {
  const { core } = cpu;
  const { s, state, segments } = core;
  const flags = VM | IOPL | IF | 2;
  const frame = [0, 0, DATA_SEGMENT, DATA_SEGMENT, STACK_SEGMENT, STACK_TOP, flags, segment, 0];
  beginMonitor(cpu, [0xbc, ...dwords(KERNEL_STACK), ...frame.flatMap(push32), 0xcf], write, []);
  if (isPaged) {
    write(PAGE_DIRECTORY, dwords((PAGE_DIRECTORY + 0x1000) | 7));
    write(PAGE_DIRECTORY + 0x1000, dwords(...Array.from({ length: 1024 }, (_, page) => (page << 12) | 7)));
    s[CR3] = PAGE_DIRECTORY;
    s[CR0]! |= CR0_PG;
    core.mmu.flush();
  }
  state.eflags = flags;
  for (const [register, selector] of [
    [CS, segment],
    [SS, STACK_SEGMENT],
    [DS, DATA_SEGMENT],
    [ES, DATA_SEGMENT],
    [FS, 0],
    [GS, 0],
  ] as const)
    segments.loadVirtual8086(register, selector);
  s[ESP] = STACK_TOP;
  s[EIP] = 0;
  segments.setCpl(3);
  state.updateMode();
  core.updateControls();
}
