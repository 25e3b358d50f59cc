/** Code that is interpreted from its bytes does what decoded code does, also where a device answers it. */
import { expect, test } from "vitest";
import type { EngineMode } from "../../../emulator/jit/jit.ts";
import { CODE, makeWorld, registersOf } from "../jit/random-program.ts";

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

test.each([
  ["RET", [0xbc, ...DEVICE, 0xc3]],
  ["RET that releases 4 bytes", [0xbc, ...DEVICE, 0xc2, 4, 0]],
  ["CALL to an address in memory", [0xb8, ...DEVICE, 0xff, 0x10]],
  ["JMP to an address in memory", [0xb8, ...DEVICE, 0xff, 0x20]],
])("%s reads a device once and faults", (_name, code) => {
  const [registers, accesses] = run(code, "interpret");
  expect([registers, accesses]).toEqual(run(code, "off"));
  expect(registers).toMatch(new RegExp(`^${INSTRUCTIONS} `));
});
