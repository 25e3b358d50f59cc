/** Who answers at a port and at a physical address, where ranges lie over each other, move, and end. */
import { describe, expect, test } from "vitest";
import { AddressSpace } from "../../../emulator/bus/address-space.ts";
import type { AccessBytes, MmioHandler, PortHandler } from "../../../emulator/bus/bus.ts";
import { PORT_LATCHES_BYTES, PortLatches } from "../../../emulator/bus/port-latches.ts";

function scene() {
  const [reports, accesses]: [string[], string[]] = [[], []];
  const space = new AddressSpace((line) => void reports.push(line));
  /** Reads as its number and the offset. */
  const port = (number: number): PortHandler => ({
    readPort: (offset, sizeBytes) => {
      accesses.push(`${number}: in ${offset} ${sizeBytes}`);
      return number * 0x10 + offset;
    },
    writePort: (offset, sizeBytes, value) => void accesses.push(`${number}: out ${offset} ${sizeBytes} ${value}`),
  });
  const memory = (number: number): MmioHandler => ({
    readMmio: (offset) => number * 0x1000 + offset,
    writeMmio: (offset, sizeBytes, value) => void accesses.push(`${number}: write ${offset} ${sizeBytes} ${value}`),
    readMmioRun: (offset, _sizeBytes, target) => {
      target.fill(number * 0x10 + offset);
      return true;
    },
    writeMmioRun: (offset, _sizeBytes, source) => {
      accesses.push(`${number}: run ${offset} ${source}`);
      return true;
    },
  });
  const taken = (): string[] => accesses.splice(0);
  return { space, reports, port, memory, taken };
}

describe("ports", () => {
  test("fixed ranges lie over windows, whoever came first, and windows over nobody", () => {
    const { space, port } = scene();
    space.claimPorts(0x20, 2, port(1));
    const window = space.portWindow(8, port(2));
    const read = (): number[] => [0x1f, 0x20, 0x21, 0x22, 0x27, 0x28].map((at) => space.readPort(at, 1));
    expect(read()).toEqual([0xff, 0x10, 0x11, 0xff, 0xff, 0xff]);
    window.place(0x20);
    expect(read()).toEqual([0xff, 0x10, 0x11, 0x22, 0x27, 0xff]);
    window.place(0x18);
    expect(read()).toEqual([0x27, 0x10, 0x11, 0xff, 0xff, 0xff]);
    window.place(null);
    expect(read()).toEqual([0xff, 0x10, 0x11, 0xff, 0xff, 0xff]);
    window.place(0);
    expect([0, 7, 8].map((at) => space.readPort(at, 1))).toEqual([0x20, 0x27, 0xff]);
  });

  test("a wider access than the device decodes becomes several, the lowest port first", () => {
    const { space, port, taken } = scene();
    space.claimPorts(0x40, 4, port(1));
    space.claimPorts(0x44, 4, port(2), 4);
    space.claimPorts(0x48, 2, port(3), 2);
    expect(space.readPort(0x40, 4)).toBe(0x13121110);
    expect(taken()).toEqual(["1: in 0 1", "1: in 1 1", "1: in 2 1", "1: in 3 1"]);
    expect([space.readPort(0x44, 4), space.readPort(0x44, 2)]).toEqual([0x20, 0x20]);
    expect(taken()).toEqual(["2: in 0 4", "2: in 0 2"]);
    // Beyond the end there is nobody: FFh in the upper half.
    expect(space.readPort(0x48, 4)).toBe(0xffff0030);
    expect(taken()).toEqual(["3: in 0 2"]);
    space.writePort(0x40, 2, 0x1234);
    space.writePort(0x44, 4, 0xfedcba98);
    space.writePort(0x48, 4, 0xfedcba98);
    expect(taken()).toEqual(["1: out 0 1 52", "1: out 1 1 18", `2: out 0 4 ${0xfedcba98}`, `3: out 0 2 ${0xba98}`]);
    space.claimPorts(0xffff, 1, port(4));
    space.claimPorts(0, 1, port(5));
    expect(space.readPort(0xffff, 2)).toBe(0x5040);
  });

  test("runs are the handler's that decodes their width, and ports that change nothing say so", () => {
    const { space, port } = scene();
    const target = new Uint8Array(4);
    const steady = (first: number): PortHandler => ({
      ...port(1),
      isSteady: (offset) => offset === first,
      readPortRun: (offset, _sizeBytes, bytes) => bytes.fill(0x50 + offset).length,
    });
    space.claimPorts(0x60, 4, steady(2), 2);
    space.claimPorts(0x64, 1, port(2));
    expect([0x61, 0x62, 0x64, 0x65].map((at) => space.isSteadyPort(at))).toEqual([false, true, false, false]);
    expect([space.readPortRun(0x61, 2, target), ...target]).toEqual([4, 0x51, 0x51, 0x51, 0x51]);
    expect([space.readPortRun(0x61, 4, target), space.readPortRun(0x64, 1, target)]).toEqual([0, 0]);
    expect(space.readPortRun(0x70, 1, target)).toBe(0);
  });

  test("where nobody answers it is said once for each port and direction", () => {
    const { space, reports } = scene();
    for (let time = 0; time < 2; time++) {
      expect(space.readPort(0x300, 2)).toBe(0xffff);
      space.writePort(0x300, 1, 1);
    }
    expect(reports).toEqual([
      "read of port 300h: no device answers",
      "read of port 301h: no device answers",
      "write to port 300h: no device answers",
    ]);
  });
});

describe("physical addresses", () => {
  test("have an owner from the first byte to the last; fixed ranges lie over windows, and windows move", () => {
    const { space, memory } = scene();
    const window = space.memoryWindow(0x100, memory(2));
    space.claimMemory(0x1000, 0x100, memory(1));
    const read = (...at: number[]): number[] => at.map((address) => space.readMmio(address, 4));
    expect(read(0xfff, 0x1000, 0x10ff, 0x1100)).toEqual([0xffffffff, 0x1000, 0x10ff, 0xffffffff]);
    window.place(0x1080);
    expect(read(0x10ff, 0x1100, 0x117f, 0x1180, 0x1000)).toEqual([0x10ff, 0x2080, 0x20ff, 0xffffffff, 0x1000]);
    window.place(0x2000);
    expect(read(0x1100, 0x2000, 0x20ff, 0x2100)).toEqual([0xffffffff, 0x2000, 0x20ff, 0xffffffff]);
    window.place(null);
    expect(read(0x2000)).toEqual([0xffffffff]);
    window.place(0);
    expect(read(0, 0xff)).toEqual([0x2000, 0x20ff]);
  });

  test("writes have the bits of their width, runs stay in one range", () => {
    const { space, memory, taken } = scene();
    space.claimMemory(0x1000, 0x10, memory(1));
    for (const sizeBytes of [1, 2, 4] as AccessBytes[]) space.writeMmio(0x1004, sizeBytes, -2);
    expect(taken()).toEqual(["1: write 4 1 254", "1: write 4 2 65534", "1: write 4 4 4294967294"]);
    const target = new Uint8Array(4);
    expect([space.readMmioRun(0x100c, 1, target), ...target]).toEqual([true, 0x1c, 0x1c, 0x1c, 0x1c]);
    expect([space.readMmioRun(0x100d, 1, target), space.readMmioRun(0x2000, 1, target)]).toEqual([false, false]);
    expect(space.writeMmioRun(0x100e, 1, Uint8Array.of(5, 6))).toBe(true);
    expect(space.writeMmioRun(0x100f, 1, Uint8Array.of(5, 6))).toBe(false);
    expect(taken()).toEqual(["1: run 14 5,6"]);
  });

  test("where nobody answers it is said once for each page and direction", () => {
    const { space, reports } = scene();
    for (const address of [0xd0000, 0xd0ffc, 0xd1000]) {
      space.readMmio(address, 4);
      space.writeMmio(address, 4, 1);
    }
    expect(reports).toEqual([
      "read of physical address d0000h: no device answers",
      "write to physical address d0000h: no device answers",
      "read of physical address d1000h: no device answers",
      "write to physical address d1000h: no device answers",
    ]);
  });
});

test("ports that only remember go the short way while nobody watches", () => {
  const bytes = new Uint8Array(PORT_LATCHES_BYTES);
  const latches = new PortLatches(bytes.buffer, 0);
  const open = (): number[] => [0x80, 0x81, 0x82].map((port) => bytes[port]!);
  const latch = latches.claim(0x80);
  expect(open()).toEqual([1, 0, 0]);
  latches.watch("probe", true);
  latches.watch("breakpoint", true);
  latches.claim(0x82);
  expect(open()).toEqual([0, 0, 0]);
  latches.watch("probe", false);
  expect(open()).toEqual([0, 0, 0]);
  latches.watch("breakpoint", false);
  expect(open()).toEqual([1, 0, 1]);
  latch.value = 0x1ff;
  expect(latch.value).toBe(0xff);
});
