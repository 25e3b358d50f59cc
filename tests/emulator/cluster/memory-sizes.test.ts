/**
 * How large the memories of machines are, which hosts count whether they are touched or not, and what states say of
 * them.
 */
import { expect, test } from "vitest";
import { MachineMemory } from "../../../emulator/cpu/memory.ts";
import type { StateVisitor } from "../../../emulator/state/state.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";
import { LabCluster } from "../../../src/index.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { images } from "../../system/images.ts";

const GIB = 2 ** 30;
const RAM_BYTES = 32 << 20;
/** V8 in Chromium collects garbage without a pause when the memories of a thread are larger together. */
const MOST_BYTES = 8 * GIB;

const SIZES = [
  { count: 3, spaces: 8, most: 1 * GIB },
  { count: 30, spaces: 4, most: 4 * GIB },
  { count: 100, spaces: 1, most: MOST_BYTES },
];

test.for(rowsOf(SIZES, 1))(
  "$count machines have memories with room for $spaces page directories each",
  ({ count, spaces, most }) => {
    const nodes = Array.from({ length: count }, () => ({ ramBytes: RAM_BYTES }));
    const lab = new LabCluster({ firmware: images().firmware, nodes, threads: 1 });
    try {
      const memories = lab.cluster.machines.map(({ memory }) => memory);
      expect(new Set(memories.map((memory) => memory.spaces))).toEqual(new Set([spaces]));
      expect(memories.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(most);
    } finally {
      lab.close();
    }
  },
);

thoroughly("each processor of a machine has an address space, however many machines there are", () => {
  const nodes = Array.from({ length: 33 }, () => ({ ramBytes: 1 << 20, processor: "pentium" as const, processors: 6 }));
  const lab = new LabCluster({ firmware: images().firmware, nodes, threads: 1 });
  try {
    expect(lab.cluster.machines[0]!.memory.spaces).toBe(6);
  } finally {
    lab.close();
  }
});

test("states have RAM and ROM where they have always been, whatever the layout", () => {
  const memory = new MachineMemory(1 << 20);
  memory.loadRom(0xff000, new Uint8Array(4096));
  const places: number[] = [];
  const listed = {
    restoring: false,
    part: () => {},
    bytes: () => {},
    u32: (value: number) => (places.push(value), value),
  } as Partial<StateVisitor> as StateVisitor;
  memory.visitState(listed);
  const [ramBytes, ...map] = places;
  expect(ramBytes).toBe(1 << 20);
  // Of each page where reads and writes go to: RAM, the video memory, a ROM.
  expect([map.length, map[0], map[1], map[2]]).toEqual([512, 285_736_960, 285_736_960, 285_741_056]);
  expect(map.slice(0xa0 * 2, 0xa0 * 2 + 2)).toEqual([0, 0]);
  expect(map.slice(0xff * 2)).toEqual([281_542_656, 0]);
  const writer = new StateWriter();
  memory.visitState(writer);
  const other = new MachineMemory(1 << 20, 1);
  other.visitState(new StateReader(writer.result()));
  expect([0, 0xa0, 0xff].map((page) => [other.readOffset(page), other.writeOffset(page)])).toEqual(
    [0, 0xa0, 0xff].map((page) => [memory.readOffset(page), memory.writeOffset(page)]),
  );
});

test("a host that gives no more memories is said to have room for no more machines", () => {
  const { Memory } = WebAssembly;
  let left = 3;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: ConstructorParameters<typeof Memory>[0]) {
      if (left-- === 0) throw new RangeError("could not allocate memory");
      super(descriptor);
    }
  };
  try {
    const nodes = Array.from({ length: 4 }, () => ({ ramBytes: 1 << 20 }));
    expect(() => new LabCluster({ firmware: images().firmware, nodes, threads: 1 })).toThrow(
      /^there is no room for one more machine's memory \(could not allocate memory\): /,
    );
  } finally {
    WebAssembly.Memory = Memory;
  }
});
