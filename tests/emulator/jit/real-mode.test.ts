/**
 * 16-bit code in the interpreter, in compiled code, and where the one goes over into the other, against decoded blocks:
 * random programs, and what is peculiar to it.
 */
import { expect, test } from "vitest";
import { THREAD_COUNT_ENTRIES, THREAD_COUNTS } from "../../../emulator/cpu/layout.ts";
import { HOT_RUNS, LEAST_BUDGET } from "../../../emulator/jit/threaded/functions.ts";
import { Random } from "../../../emulator/state/random.ts";
import { casesOf, rowsOf } from "../../setup/tier.ts";
import {
  DATA_SEGMENT,
  makeNarrowWorld,
  type NarrowMode,
  type NarrowOptions,
  NOWHERE,
  narrowProgram,
  SEGMENT_BYTES,
  SERVICE_VECTOR,
  STACK_SEGMENT,
  VIDEO_SEGMENT,
  word,
} from "./narrow-program.ts";
import { digestOf, registersOf, type World } from "./random-program.ts";

const INSTRUCTIONS = 6000;
const cases = casesOf("emulator/jit/real-mode");
/** What is compared with decoded blocks. "mixed": the interpreter, with compiled code wherever it comes to some. */
const ENGINES = ["interpreted", "compiled", "mixed"] as const;
type ComparedEngine = (typeof ENGINES)[number];
/** Instructions that compiled code and the interpreter have retired, and regions. */
const totals = { retired: 0, regions: 0 };

function run(cpu: World["cpu"], instructions: number): void {
  const limit = cpu.retired + instructions;
  while (cpu.retired < limit) if (cpu.run(limit) !== "budget") break;
}

/** Has the interpreter ask for compiled code wherever it comes to next. */
function heat({ memory }: World): void {
  new Uint16Array(memory.bytes.buffer, THREAD_COUNTS, THREAD_COUNT_ENTRIES).fill(HOT_RUNS - 1);
}

/** `coldRuns`: what the interpreter leaves is a block of its own each time, or becomes part of one. */
function makeCompared(options: NarrowOptions, engine: ComparedEngine, coldRuns: number): World {
  if (engine === "interpreted") return makeNarrowWorld(options, "interpret", coldRuns);
  const compiled = makeNarrowWorld(options, "force", 0);
  if (engine === "compiled") return compiled;
  // What one has compiled the other one takes over.
  run(compiled.cpu, INSTRUCTIONS);
  return makeNarrowWorld(options, "on", coldRuns);
}

/** Null when both agree everywhere. */
function difference(seed: number, mode: NarrowMode, engine: ComparedEngine): string | null {
  const random = new Random(seed);
  const segment = random.pick([0x1000, 0x1001, 0x107c, 0x10ff]);
  const code = narrowProgram(random, segment, mode);
  const limit = random.pick([0xffff, 0xffff, 0xffffffff]);
  const options = { mode, code, segment, limit, codeAccess: random.pick([0x93, 0x93, 0x9b]) };
  const plain = makeNarrowWorld(options, "off", 0);
  const other = makeCompared(options, engine, seed % 2 === 0 ? Number.POSITIVE_INFINITY : 4);
  let before = registersOf(plain);
  while (plain.cpu.retired < INSTRUCTIONS) {
    const piece =
      random.below(8) === 0 ? 1 + random.below(2000) : 1 + random.below(engine === "interpreted" ? 60 : 200);
    const interrupts = random.below(4) === 0;
    if (engine === "mixed") heat(other);
    for (const { cpu } of [plain, other]) {
      if (interrupts) cpu.setInterruptRequest(true);
      run(cpu, piece);
    }
    const [expected, found] = [registersOf(plain), registersOf(other)];
    if (expected !== found) return `after ${before}\nexpected ${expected}\nfound    ${found}`;
    if (plain.bus.writes.join() !== other.bus.writes.join()) return `after ${before}\ndevice accesses differ`;
    if (plain.bus.shutdowns > 0 || plain.cpu.halted) break;
    before = expected;
  }
  totals.retired += other.cpu.engine?.statistics.retired ?? 0;
  totals.regions += other.cpu.engine?.statistics.regions ?? 0;
  return digestOf(plain) === digestOf(other) ? null : `memory or device accesses differ at ${before}`;
}

const MODES: Readonly<Record<NarrowMode, string>> = {
  real: "real mode",
  virtual: "virtual-8086 mode",
  paged: "virtual-8086 mode, paged",
  protected: "protected mode",
};

const WAYS = (Object.keys(MODES) as NarrowMode[]).flatMap((mode) => ENGINES.map((engine) => ({ mode, engine })));

for (const { mode, engine } of rowsOf(WAYS, 1)) {
  const name = MODES[mode];
  test(`${engine} 16-bit code leaves the state of decoded blocks: ${name}, ${cases.title}`, {
    timeout: 240_000,
  }, () => {
    totals.retired = totals.regions = 0;
    for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
      const found = difference(seed, mode, engine);
      if (found !== null) expect.fail(`${cases.repeat(seed)}\n${found}`);
    }
    expect(totals.retired / (cases.count * INSTRUCTIONS)).toBeGreaterThan(0.2);
    if (engine !== "interpreted") expect(totals.regions).toBeGreaterThan(cases.count);
  });
}

/** MOV of immediates of 16 bits: AX CX DX BX SP BP SI DI. */
const load = (register: number, value: number): number[] => [0xb8 + register, ...word(value)];
/** What the data and the stack hold at an offset differs. */
const OFFSET = 0x480;

const PROGRAMS: readonly (readonly [name: string, code: readonly number[]])[] = [
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
  // AAM and AAD, at 0014 in segments 1000 and 1010.
  [
    "what is left to the engine is at the same IP in two segments",
    [0x04, 0x2b, 0xd4, 10, 0xea, 0x12, 0, ...word(0x1010), ...new Array<number>(0xf7).fill(NOWHERE)].concat(
      [0x04, 0x2b, 0xd5, 10, 0xea],
      [...word(0x11b), ...word(0x1000)],
    ),
  ],
  // INC BX is at 1010:0015, a loop begins at 1000:0015.
  [
    "a far jump leads to an IP that the region has in another segment",
    [...load(1, 3), 0x40, 0xe2, 0xfd, 0xea, 0x15, 0, ...word(0x1010), ...new Array<number>(0xf8).fill(NOWHERE)].concat(
      [0x43, 0xea],
      [...word(0x11b), ...word(0x1000)],
    ),
  ],
  [
    "segments that were flat are loaded",
    [
      ...[...load(0, 0), 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0x8b, 0x04, ...load(0, DATA_SEGMENT), 0x8e, 0xd8],
      ...[0x03, 0x0c, 0x8e, 0xc0, ...load(0, STACK_SEGMENT), 0x8e, 0xd0],
    ],
  ],
  // The byte at 0018 is the immediate, and the opcode: INC or DEC.
  ["an immediate is rewritten", [0x2e, 0xfe, 0x06, ...word(0x18), 0xb0, 0, 0x01, 0xc3]],
  ["an opcode is rewritten", [0x2e, 0x80, 0x36, ...word(0x18), 8, 0x40]],
  ["a word over the segment's end begins the program anew", [...load(3, 0xffff), 0x40, 0x8b, 0x07, 0x43]],
  ["a word over the stack's end begins it anew", [...load(4, 1), 0x43, 0x50, 0x43]],
  ["strings go on where DF says", [0xfd, 0xac, 0xaa, 0xfc, 0xad, 0xab, 0x67, 0xa4, 0x66, 0xa5]],
];

test.each(rowsOf(PROGRAMS, 9))("%s", (_name, code) => {
  for (const limit of [0xffff, 0xffffffff]) expectAlike(code, limit);
});

/** Runs code in a loop, with so long data segments and stack. */
function expectAlike(code: readonly number[], limit: number): void {
  const prelude = [0x66, 0x31, 0xed, 0x66, 0x31, 0xe4, ...load(4, 0x7000), ...load(5, OFFSET), ...load(6, OFFSET)];
  const body = [...prelude, ...load(7, OFFSET + 0x20), ...code];
  const bytes = new Uint8Array(SEGMENT_BYTES).fill(NOWHERE);
  bytes.set([...body, 0xe9, ...word(-body.length - 3)]);
  const [plain, ...others] = (["off", "interpret", "force"] as const).map((jit) => {
    const world = makeNarrowWorld({ mode: "real", code: bytes, segment: 0x1000, limit }, jit, 0);
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
  // One by one, and then by so many that compiled code is entered.
  for (let piece = 0; piece < 300; piece++) {
    for (const { cpu } of [plain!, ...others]) run(cpu, piece < 200 ? 1 : LEAST_BUDGET + (piece % 61));
    for (const other of others) expect(registersOf(other)).toBe(registersOf(plain!));
  }
  for (const other of others) expect(digestOf(other)).toBe(digestOf(plain!));
}
