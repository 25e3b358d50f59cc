/**
 * 16-bit code in the interpreter against decoded blocks, on random programs in real and virtual-8086 mode: any opcode
 * with any prefixes and addresses, segments that are loaded anew, far transfers to the same bytes by other names, jumps over
 * the segment's end, faults that begin it anew.
 */
import { expect, test } from "vitest";
import { Cpu } from "../../../emulator/cpu/cpu.ts";
import { BASE, CS, DS, EIP, ES, ESP, LIMIT, SS } from "../../../emulator/cpu/layout.ts";
import { MachineMemory } from "../../../emulator/cpu/memory.ts";
import { type EngineMode, engineFor } from "../../../emulator/jit/jit.ts";
import { Random } from "../../../emulator/state/random.ts";
import { Decoded, decode } from "../../../src/isa/decode.ts";
import type { Semantic } from "../../../src/isa/semantics.ts";
import { casesOf } from "../../setup/tier.ts";
import { digestOf, registersOf, type World, WorldBus } from "./random-program.ts";

const RAM_BYTES = 4 << 20;
const VECTORS = 256;
const INTERRUPT_VECTOR = 0x40;
/** Returns at once, with CS as it stands in the vector. */
const SERVICE_VECTOR = 0x41;
const RESTART = 0x600;
const COUNT_INTERRUPT = 0x640;
const COUNTER = 0x5f0;
const STACK_SEGMENT = 0x2000;
const DATA_SEGMENT = 0x3000;
const SEGMENT_BYTES = 0x10000;
/** A device, as the display adapter's memory is. */
const VIDEO_SEGMENT = 0xa000;
const BLOCKS = 8;
/** In the code segment: how often a block was begun, and where each begins. */
const TURNS = 0x80;
const TABLE = 0x90;
/** Far pointers to the blocks. */
const POINTERS = 0xb0;
const TRAP_FLAG = 0x100;
/** A jump to nowhere comes to INT3, which begins the program anew. */
const NOWHERE = 0xcc;
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

const word = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];

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

/** A far pointer to an offset in a segment: as it is, or by a segment that begins elsewhere. */
function pointer(random: Random, segment: number, offset: number): number[] {
  const paragraphs = random.below(3) === 0 ? 0 : random.below(Math.min(0x40, (offset >> 4) + 1));
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

function program(random: Random, segment: number): Uint8Array {
  const code = new Uint8Array(SEGMENT_BYTES).fill(NOWHERE);
  const starts: number[] = [];
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
    }
    if (random.below(2) === 0) at = put(at, [0xe2, (top - at - 2) & 0xff]);
    if (random.below(2) === 0) at = put(at, [0xe8, ...word(random.pick(starts) - at - 3)]);
    if (random.below(2) === 0) at = put(at, [0xc3]);
    put(at, [0xe9, ...word(0 - at - 3)]);
  }
  // The next block: INC and load the counter, JMP by a table.
  const next = put(0, [0x2e, 0xff, 0x06, ...word(TURNS), 0x2e, 0x8b, 0x1e, ...word(TURNS)]);
  put(next, [0x83, 0xe3, BLOCKS - 1, 0x01, 0xdb, 0x2e, 0xff, 0xa7, ...word(TABLE)]);
  put(TABLE, starts.flatMap(word));
  put(
    POINTERS,
    starts.flatMap((start) => pointer(random, segment, start)),
  );
  return code;
}

/** `limit`: of the data segments, which real mode keeps from what protected mode has left there. */
function makeWorld(code: Uint8Array, segment: number, jit: EngineMode, coldRuns: number, limit = 0xffff): World {
  const memory = new MachineMemory(RAM_BYTES);
  const bus = new WorldBus();
  const cpu = new Cpu(memory, bus, { makeEngine: engineFor(jit), coldRuns, processors: 1 });
  bus.cpu = cpu;
  const write = (address: number, bytes: readonly number[]): void => memory.dma.write(address, Uint8Array.from(bytes));
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
      ...word(0x7000),
      ...loadSegment(3, DATA_SEGMENT),
      ...loadSegment(0, DATA_SEGMENT),
    ],
    ...[0xfb, 0xfc, 0xea, 0, 0, ...word(segment)],
  ]);
  write(4 * SERVICE_VECTOR, [...word(COUNT_INTERRUPT - 0x20), ...word(2)]);
  write(COUNT_INTERRUPT, [0x2e, 0xff, 0x06, ...word(COUNTER), 0xcf]);
  memory.dma.write(segment << 4, code);
  const { s, state } = cpu.core;
  for (const [register, selector] of [
    [CS, segment],
    [SS, STACK_SEGMENT],
    [DS, DATA_SEGMENT],
    [ES, DATA_SEGMENT],
  ] as const)
    state.setSegment(register, selector, selector << 4, register === CS ? s[LIMIT + CS]! : limit, 0x93);
  s[ESP] = 0x7000;
  s[EIP] = 0;
  state.updateMode();
  if (s[BASE + CS] !== segment << 4) throw new Error("the program is elsewhere");
  return { cpu, bus, memory };
}

const INSTRUCTIONS = 6000;
const cases = casesOf("emulator/jit/real-mode");
let interpreted = 0;

/** Null when both agree everywhere. */
function difference(seed: number, coldRuns: number): string | null {
  const random = new Random(seed);
  const segment = random.pick([0x1000, 0x1001, 0x107c, 0x10ff]);
  const code = program(random, segment);
  const limit = random.pick([0xffff, 0xffff, 0xffffffff]);
  const plain = makeWorld(code, segment, "off", 0, limit);
  const other = makeWorld(code, segment, "interpret", coldRuns, limit);
  let before = registersOf(plain);
  while (plain.cpu.retired < INSTRUCTIONS) {
    const piece = random.below(8) === 0 ? 1 + random.below(2000) : 1 + random.below(60);
    const interrupts = random.below(4) === 0;
    for (const { cpu } of [plain, other]) {
      const limit = cpu.retired + piece;
      if (interrupts) cpu.setInterruptRequest(true);
      while (cpu.retired < limit) if (cpu.run(limit) !== "budget") break;
    }
    const [expected, found] = [registersOf(plain), registersOf(other)];
    if (expected !== found) return `after ${before}\nexpected ${expected}\nfound    ${found}`;
    if (plain.bus.writes.join() !== other.bus.writes.join()) return `after ${before}\ndevice accesses differ`;
    if (plain.bus.shutdowns > 0 || plain.cpu.halted) break;
    before = expected;
  }
  interpreted += other.cpu.engine?.statistics.retired ?? 0;
  return digestOf(plain) === digestOf(other) ? null : `memory or device accesses differ at ${before}`;
}

test(`interpreted 16-bit code leaves the state of decoded blocks: ${cases.title}`, { timeout: 120_000 }, () => {
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    // What the interpreter leaves is a block of its own each time, or becomes part of one.
    const found = difference(seed, seed % 2 === 0 ? Number.POSITIVE_INFINITY : 4);
    if (found !== null) expect.fail(`${cases.repeat(seed)}\n${found}`);
  }
  expect(interpreted / (cases.count * INSTRUCTIONS)).toBeGreaterThan(0.2);
});

/** MOV of immediates of 16 bits: AX CX DX BX SP BP SI DI. */
const load = (register: number, value: number): number[] => [0xb8 + register, ...word(value)];
/** What the data and the stack hold at an offset differs. */
const OFFSET = 0x480;

test.each([
  ["[bp] is in the stack's segment, [disp16] in DS", [0x8b, 0x46, 0, 0x8b, 0x0e, ...word(OFFSET), 0x8b, 0x12]],
  ["[bp] with a prefix is where that says", [0x3e, 0x8b, 0x46, 0, 0x36, 0x8b, 0x0e, ...word(OFFSET)]],
  ["[ebp] is in the stack's segment, [disp32] in DS", [0x67, 0x8b, 0x45, 0, 0x67, 0x8b, 0x0d, ...word(OFFSET), 0, 0]],
  ["[esp] and [ebp + SIB] are in the stack's segment", [0x67, 0x8b, 0x04, 0x24, 0x67, 0x8b, 0x4c, 0x25, 0]],
  ["an address with a SIB byte without a base is in DS", [0x67, 0x8b, 0x0c, 0x25, ...word(OFFSET), 0, 0]],
  ["the stack wraps at 64 KiB", [...load(4, 2), 0x58, 0x59, 0x51, 0x66, 0x50, 0x6a, 0xff, ...load(4, 0x7000)]],
  ["a frame is left", [0xc9, ...load(4, 0x7000), 0x66, 0xc9, ...load(4, 0x7000)]],
  [
    "the upper halves of pointers stay",
    [0x66, 0xbc, 0, 0x70, 1, 0, 0x66, 0xbd, ...word(OFFSET), 1, 0, 0x50, 0x58, 0xc9, 0xe8, 0, 0, 0x58],
  ],
  [
    "segment registers are loaded and stored",
    [
      ...[
        ...load(0, STACK_SEGMENT),
        0x8e,
        0xc0,
        0x06,
        0x1f,
        0x8b,
        0x07,
        0x8c,
        0x5e,
        4,
        0x8e,
        0x66,
        4,
        0x66,
        0x8c,
        0xe1,
      ],
      ...[0x0e, 0x07, 0x8c, 0xc2, ...load(0, DATA_SEGMENT), 0x8e, 0xd8, 0x1e, 0x17, 0x8c, 0xd3],
      ...[...load(0, STACK_SEGMENT), 0x8e, 0xd0],
    ],
  ],
  ["calls of 32 bits return with 32 bits", [0x66, 0xe8, 1, 0, 0, 0, 0x90, 0x66, 0x58]],
  ["counters have the address's size", [0x66, 0xb9, 2, 0, 1, 0, 0x67, 0xe2, 0xfd, 0x66, 0xb9, 2, 0, 1, 0, 0xe2, 0xfe]],
  // The code begins at 1000:0012; 0FFF:0024 is the place behind a short jump there.
  ["far calls return", [0xeb, 1, 0xcb, 0x9a, 0x24, 0, 0xff, 0x0f]],
  ["far returns release bytes", [0xeb, 3, 0xca, 4, 0, 0x6a, 1, 0x6a, 2, 0x9a, 0x24, 0, 0xff, 0x0f]],
  ["jumps and calls go by far pointers in memory", [0xeb, 4, 0x2d, 0, 0xff, 0x0f, 0x2e, 0xff, 0x2e, 0x14, 0]],
  ["INT clears IF and pushes it, IRET brings all back", [0xfb, 0xf9, 0xcd, SERVICE_VECTOR, 0x9c, 0x58, 0xf8, 0xfa]],
  [
    "pointers are loaded with their segments, of 16 and 32 bits",
    [
      ...[0x66, 0xc5, 0x5c, 4, ...load(0, DATA_SEGMENT), 0x8e, 0xd8, 0xc4, 0x5c, 8, 0x66, 0x0f, 0xb4, 0x54, 2],
      ...[0x0f, 0xb5, 0x4c, 6, 0x0f, 0xb2, 0x64, 3, ...load(0, STACK_SEGMENT), 0x8e, 0xd0],
    ],
  ],
  [
    "what is read from the display adapter's memory and written there",
    [
      ...[...load(0, VIDEO_SEGMENT), 0x8e, 0xc0, 0x26, 0x88, 0x05, 0x26, 0x89, 0x45, 3, 0x66, 0x26, 0x89, 0x45, 9],
      ...[0x26, 0x8b, 0x4d, 1, 0x26, 0x31, 0x4d, 2, 0x26, 0x80, 0x4d, 4, 0x40, 0xaa, 0xab, 0xa4, 0x26, 0xa5],
      ...[0x26, 0x87, 0x1d, 0x26, 0xa1, ...word(0x1234), 0x26, 0xc6, 6, ...word(0xffff), 7, 0x26, 0x8b, 0x45, 0xff],
      // At the end of that memory, and over the end of the segment.
      ...[...load(0, VIDEO_SEGMENT + 0x1000), 0x8e, 0xc0, 0x26, 0xa3, ...word(0xfffe), 0x26, 0x38, 6, ...word(0xffff)],
    ],
  ],
  ["all registers go to the stack and back", [0x60, 0x61, 0x66, 0x60, 0x66, 0x61]],
  ["flags go to the stack and back", [0xf9, 0x9c, 0xf8, 0x9d, 0xfb, 0x66, 0x9c, 0xfa, 0x66, 0x9d, 0x58, 0x50, 0x9d]],
  ["branches of 32 bits stay in the segment", [0x66, 0x0f, 0x85, 0, 0, 1, 0, 0x66, 0xeb, 0, 0x66, 0xe9, 0, 0, 1, 0]],
  ["strings go on where DF says", [0xfd, 0xac, 0xaa, 0xfc, 0xad, 0xab, 0x67, 0xa4, 0x66, 0xa5]],
] as const)("%s", (_name, code) => {
  const prelude = [0x66, 0x31, 0xed, 0x66, 0x31, 0xe4, ...load(4, 0x7000), ...load(5, OFFSET), ...load(6, OFFSET)];
  const body = [...prelude, ...load(7, OFFSET + 0x20), ...code];
  const bytes = new Uint8Array(SEGMENT_BYTES).fill(NOWHERE);
  bytes.set([...body, 0xe9, ...word(-body.length - 3)]);
  const [plain, other] = (["off", "interpret"] as const).map((jit) => {
    const world = makeWorld(bytes, 0x1000, jit, 0);
    for (const [segment, first] of [
      [DATA_SEGMENT, 1],
      [STACK_SEGMENT, 101],
    ] as const)
      world.memory.dma.write(
        (segment << 4) + OFFSET,
        Uint8Array.from({ length: 64 }, (_, k) => first + k),
      );
    return world;
  });
  for (let limit = 1; limit < 200; limit++) {
    for (const { cpu } of [plain!, other!]) cpu.run(limit);
    expect(registersOf(other!)).toBe(registersOf(plain!));
  }
  expect(digestOf(other!)).toBe(digestOf(plain!));
});
