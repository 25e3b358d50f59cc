/** Code that is interpreted from its bytes does what decoded code does, also where a device answers it. */
import { expect, test } from "vitest";
import { EAX, ECX } from "../../../emulator/cpu/layout.ts";
import type { EngineMode } from "../../../emulator/jit/jit.ts";
import { rowsOf } from "../../setup/tier.ts";
import { CODE } from "../jit/random-code.ts";
import { makeWorld, registersOf } from "../jit/random-program.ts";

/** Where nothing but devices is; they answer with an address beyond the code segment's limit. */
const DEVICE = [0x00, 0x00, 0x00, 0xe0];
const INSTRUCTIONS = 60;

function run(code: readonly number[], engine: EngineMode): readonly [string, readonly number[]] {
  const world = makeWorld(1, { paged: false, user: false, segmented: false, codeLimit: 0xffffffff }, engine);
  const { cpu, memory, bus } = world;
  memory.dma.write(CODE, Uint8Array.from(code));
  cpu.run(INSTRUCTIONS);
  return [registersOf(world), bus.writes];
}

test.each(
  rowsOf<[string, number[]]>(
    [
      ["RET", [0xbc, ...DEVICE, 0xc3]],
      ["RET that releases 4 bytes", [0xbc, ...DEVICE, 0xc2, 4, 0]],
      ["CALL to an address in memory", [0xb8, ...DEVICE, 0xff, 0x10]],
      ["JMP to an address in memory", [0xb8, ...DEVICE, 0xff, 0x20]],
    ],
    2,
  ),
)("%s reads a device once and faults", (_name, code) => {
  const [registers, accesses] = run(code, "interpret");
  expect([registers, accesses]).toEqual(run(code, "off"));
  expect(registers).toMatch(new RegExp(`^${INSTRUCTIONS} `));
});

const SCRATCH = 0x200000;
const TEXT = Uint8Array.from({ length: 64 }, (_, k) => k + 1);
const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
/** ESI, EDI, ECX and AL, and then a repeated string instruction. */
const repeating = (source: number, target: number, count: number, byte: number, ...code: number[]): number[] => [
  ...[0xbe, ...dword(source), 0xbf, ...dword(target), 0xb9, ...dword(count), 0xb0, byte],
  ...code,
];
const NEAR_END = SCRATCH + 0xfe8;
const ELSEWHERE = SCRATCH + 0x3ff0;

test.each(
  rowsOf<[string, number[]]>(
    [
      ["REP MOVSB", repeating(NEAR_END, ELSEWHERE, 60, 0, 0xf3, 0xa4)],
      ["REP STOSD", repeating(0, NEAR_END, 20, 7, 0xf3, 0xab)],
      ["REPE CMPSB to the end of the count", repeating(NEAR_END, NEAR_END, 50, 0, 0xf3, 0xa6)],
      ["REPE CMPSW to a difference", repeating(NEAR_END, NEAR_END + 1, 50, 0, 0x66, 0xf3, 0xa7)],
      ["REPE CMPSB to a difference in the second page", repeating(NEAR_END, ELSEWHERE, 60, 0, 0xf3, 0xa6)],
      ["REPNE SCASB to what is found in the second page", repeating(0, NEAR_END, -1, 44, 0xf2, 0xae)],
      ["REPNE SCASB of nothing", repeating(0, NEAR_END, 0, 44, 0xf2, 0xae)],
      ["REPE SCASD", repeating(0, NEAR_END, 9, 1, 0xf3, 0xaf)],
      ["LOCK XADD, PUSHF, POPF, CLI, STI", [0xf0, 0x0f, 0xc1, 0x04, 0x24, 0x9c, 0xfa, 0x9d, 0xfb, 0xf5, 0x9c]],
    ],
    4,
  ),
)("%s ends at every instruction that decoded code ends at", (_name, code) => {
  for (const piece of [1, 3, 66]) {
    const worlds = (["interpret", "force", "off"] as const).map((engine) => {
      const world = makeWorld(1, { paged: false, user: false, segmented: false, codeLimit: 0xffffffff }, engine);
      const { dma } = world.memory;
      dma.write(NEAR_END, TEXT);
      // Equal but for one byte in the second page.
      dma.write(
        ELSEWHERE,
        TEXT.map((byte, k) => (k === 45 ? 0 : byte)),
      );
      // And all over again.
      dma.write(CODE, Uint8Array.from([...code, 0xe9, ...dword(-code.length - 5)]));
      return world;
    });
    for (let limit = piece; limit < 300; limit += piece) {
      for (const { cpu } of worlds) cpu.run(limit);
      const [interpreted, compiled, expected] = worlds.map(registersOf);
      expect([interpreted, compiled]).toEqual([expected, expected]);
    }
  }
});

test.each(["interpret", "force", "off"] as const)(
  "code that a device writes where the processor stands: %s",
  (engine) => {
    const world = makeWorld(1, { paged: false, user: false, segmented: false, codeLimit: 0xffffffff }, engine);
    const { cpu, memory } = world;
    const [INC_EAX, DEC_EAX, INC_ECX, NOP] = [0x40, 0x48, 0x41, 0x90];
    memory.dma.write(CODE, Uint8Array.of(0xb8, ...dword(10), 0xb9, ...dword(20), INC_EAX, INC_EAX, INC_EAX, NOP));
    cpu.run(3);
    memory.dma.write(CODE + 11, Uint8Array.of(DEC_EAX, INC_ECX));
    cpu.run(5);
    expect(cpu.at(0, ({ s }) => [s[EAX], s[ECX]])).toEqual([10, 21]);
  },
);
