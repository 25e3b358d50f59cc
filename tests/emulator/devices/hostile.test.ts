/** Random accesses to everything, and rings and tables full of noise: nothing throws, hangs or grows. */
import { describe, expect, test } from "vitest";
import type { AccessBytes } from "../../../emulator/bus/bus.ts";
import { SparseDisk } from "../../../emulator/disk/disk.ts";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { DigestVisitor } from "../../../emulator/state/digest.ts";
import { Random } from "../../../emulator/state/random.ts";
import { MIB, TestBoard } from "./harness.ts";

function sequence(seed: number): (below: number) => number {
  const random = new Random(seed);
  return (below) => random.below(below);
}

const SIZES: readonly AccessBytes[] = [1, 2, 4];
const NETWORK_BAR = 0xfebc0000;
/** Where something listens, with the distance to its last port. */
const PORTS: readonly (readonly [first: number, count: number])[] = [
  [0x20, 2],
  [0x40, 4],
  [0x60, 5],
  [0x70, 2],
  [0x92, 1],
  [0xa0, 2],
  [0xb2, 2],
  [0x170, 8],
  [0x1f0, 8],
  [0x2f8, 8],
  [0x376, 1],
  [0x3b0, 48],
  [0x3f6, 1],
  [0x3f8, 8],
  [0x4d0, 2],
  [0xcf8, 8],
  [0x600, 64],
  [0xc000, 64],
  [0xc040, 16],
  [0xc080, 64],
];
/** Registers of the local APIC and of the I/O APIC. */
const apicRegister = (random: (below: number) => number): number =>
  random(2) ? 0xfee00000 + 16 * random(0x50) : 0xfec00000 + 16 * random(5);
const INTERESTING = [
  0, 1, 0x7f, 0x80, 0xff, 0x100, 0xfff, 0x1000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
] as const;

function hostileBoard(): { machine: TestBoard; cable: CableEnd } {
  const cable = new CableEnd("eth0");
  const machine = new TestBoard({
    ide: [{ kind: "disk", backend: new SparseDisk(4 * MIB) }, null, { kind: "cd", backend: new SparseDisk(MIB) }, null],
    network: [{ macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1), port: cable }],
    virtioDisks: [new SparseDisk(4 * MIB)],
  });
  machine.run("outl cf8 80001810; outl cfc febc0000; outl cf8 80001814; outl cfc c000; outl cf8 80001804; outw cfc 7");
  machine.run(
    "outl cf8 80000920; outl cfc c040; outl cf8 80000904; outw cfc 5; outl cf8 80000b40; outl cfc 600; outl cf8 80000b80; out cfc 1",
  );
  // The virtio disk with a queue in the noise, ready to go.
  machine.run(
    "outl cf8 80002010; outl cfc c080; outl cf8 80002004; outw cfc 5; outl c084 200; outl c088 10; out c092 7; outw c090 0",
  );
  return { machine, cable };
}

describe.each([1, 2, 3, 4, 5, 6, 7, 8])("seed %i", (seed) => {
  test("random accesses to ports and registers, with frames arriving and time passing", () => {
    const random = sequence(seed);
    const { machine, cable } = hostileBoard();
    const { board, memory } = machine;
    for (let index = 0; index < 0x20000; index++) memory[index] = random(256);
    const value = (): number =>
      (random(3) === 0 ? INTERESTING[random(INTERESTING.length)]! : random(0x100000000)) >>> 0;
    for (let step = 0; step < 30_000; step++) {
      const size = SIZES[random(3)]!;
      const what = random(10);
      if (what < 6) {
        const [first, count] = PORTS[random(PORTS.length)]!;
        const port = first + random(count);
        if (what < 4) board.writePort(port, size, size === 4 ? value() : value() & (2 ** (8 * size) - 1));
        else expect(board.readPort(port, size)).toBeLessThan(2 ** (8 * size));
      } else if (what < 8) {
        const address = [NETWORK_BAR + (random(0x1800) << 2), 0xa0000 + random(0x20000), apicRegister(random)][
          random(3)
        ]!;
        if (random(2)) board.writeMmio(address, size, value());
        else expect(board.readMmio(address, size)).toBeLessThan(2 ** (8 * size));
      } else if (what === 8) {
        if (cable.linkUp)
          cable.deliver([
            { timeNs: machine.time.nowNs + 1, frame: new Uint8Array(14 + random(1600)).fill(random(256)) },
          ]);
        machine.time.advance(1 + random(5_000));
      } else {
        machine.time.advance(random(200_000));
        if (machine.intr) board.acknowledgeInterrupt();
      }
    }
    expect(cable.takeOutgoing().every(({ frame }) => frame.length >= 14 && frame.length <= 1518)).toBe(true);
    const visitor = new DigestVisitor();
    board.visitState(visitor);
    expect(visitor.digest()).toMatch(/^[0-9a-f]{32}$/);
  });
});

test("the same accesses give the same state", () => {
  const digests = [0, 1].map(() => {
    const random = sequence(99);
    const { machine } = hostileBoard();
    for (let step = 0; step < 5_000; step++) {
      const [first, count] = PORTS[random(PORTS.length)]!;
      machine.board.writePort(first + random(count), 1, random(256));
      machine.time.advance(random(50_000));
    }
    const visitor = new DigestVisitor();
    machine.board.visitState(visitor);
    return visitor.digest();
  });
  expect(digests[0]).toBe(digests[1]);
});
