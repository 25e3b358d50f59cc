/** Random accesses to everything, and rings and tables full of noise: nothing throws, hangs or grows. */
import { describe, expect, test } from "vitest";
import type { AccessBytes } from "../../../emulator/bus/bus.ts";
import { SparseDisk } from "../../../emulator/disk/disk.ts";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { DigestVisitor } from "../../../emulator/state/digest.ts";
import { Random } from "../../../emulator/state/random.ts";
import { rowsOf } from "../../setup/tier.ts";
import { openAc97 } from "./ac97-cases.ts";
import { ABAR, dataOf, done, laid, mapped, px, started } from "./ahci-script.ts";
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
  [0x220, 16],
  [0xc400, 64],
  [0xc800, 128],
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
    ide: [{ kind: "disk", medium: new SparseDisk(4 * MIB) }, null, { kind: "cd", medium: new SparseDisk(MIB) }, null],
    network: [{ macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1), port: cable }],
    virtioDisks: [new SparseDisk(4 * MIB)],
    ahci: [
      { kind: "disk", medium: new SparseDisk(4 * MIB) },
      { kind: "cd", medium: new SparseDisk(MIB) },
    ],
    sound: [{ model: "AC97" }, { model: "sb16" }],
  });
  machine.run("outl cf8 80001810; outl cfc febc0000; outl cf8 80001814; outl cfc c000; outl cf8 80001804; outw cfc 7");
  machine.run(
    "outl cf8 80000920; outl cfc c040; outl cf8 80000904; outw cfc 5; outl cf8 80000b40; outl cfc 600; outl cf8 80000b80; out cfc 1",
  );
  // The virtio disk with a queue in the noise, ready to go.
  machine.run(
    "outl cf8 80002010; outl cfc c080; outl cf8 80002004; outw cfc 5; outl c084 200; outl c088 10; out c092 7; outw c090 0",
  );
  // The sound controller with its lists in the noise.
  machine.run(`${openAc97(6)}; outl c400 10000; outl c410 12000; outl c420 14000`);
  // Both ports of the AHCI adapter with their lists in the noise.
  machine.run(`${mapped(5)}; ${started(0)}; ${started(1)}`);
  return { machine, cable };
}

describe.each(rowsOf([1, 2, 3, 4, 5, 6, 7, 8], 3))("seed %i", (seed) => {
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
        const address = [
          NETWORK_BAR + (random(0x1800) << 2),
          0xa0000 + random(0x20000),
          apicRegister(random),
          ABAR + 0x100 + (random(0x40) << 2),
        ][random(4)]!;
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

test("commands of noise for an AHCI adapter end, wait, or stop their port", () => {
  const random = sequence(7);
  const { machine } = hostileBoard();
  const { board, memory } = machine;
  for (let round = 0; round < 600; round++) {
    const port = random(2);
    for (let index = 0x20000; index < 0x22000; index++) memory[index + port * 0x10000] = random(256);
    const commands = [0x20, 0x25, 0x30, 0x35, 0x60, 0x61, 0xa0, 0xc8, 0xca, 0xec, 0xef, 0x08, random(256)] as const;
    for (let slot = 0; slot < 32; slot++) {
      // Half of them are nearly right: a table where tables are, a FIS that is one, and few descriptors or very many.
      const wanted = {
        command: commands[random(commands.length)]!,
        sector: random(3) ? random(9000) : random(2 ** 31) * 2 ** 16,
        count: random(4) ? slot << 3 : random(0x10000),
        features: random(0x10000),
        flags: random(0x800) & 0x7e0,
      };
      if (random(2)) machine.run(laid(port, slot, wanted));
      if (random(2)) memory[0x20002 + port * 0x10000 + slot * 32] = random(256);
    }
    const value = (random(2) ? 0xffffffff : random(2 ** 32)) >>> 0;
    if (random(2)) board.writeMmio(Number.parseInt(px(port, 0x34), 16), 4, value);
    board.writeMmio(Number.parseInt(px(port, 0x38), 16), 4, value);
    machine.time.advance(random(3_000_000));
    if (random(3) === 0) board.writeMmio(Number.parseInt(px(port, 0x2c), 16), 4, 1);
    board.writeMmio(Number.parseInt(px(port, 0x2c), 16), 4, 0);
    machine.run(started(port));
  }
  machine.time.advance(50_000_000);
  // It works as before.
  machine.run("writel febf012c 1; writel febf012c 0; wait 1ms");
  machine.run(`${started(0)}; ${done(0, { command: 0xec, pieces: [{ at: dataOf(0), bytes: 512 }] })}`);
  machine.run(`readl ${px(0, 0x38)} = 0; readl ${px(0, 0x20)} = 50; ram 24000 = 40`);
});

test("lists of noise for a sound controller, and commands for a Sound Blaster, make no more sound than there is time for", () => {
  const random = sequence(11);
  const { machine } = hostileBoard();
  const { board, memory, time } = machine;
  const commands = [0x14, 0x1c, 0x24, 0x41, 0x48, 0x80, 0x91, 0xb6, 0xbe, 0xc6, 0xc8, 0xd0, 0xd4, 0xda, 0xe3] as const;
  // Volumes, and rates that stay what they are without their bits.
  machine.run("outw c802 0; outw c818 0; outw c82a 0");
  for (let round = 0; round < 400; round++) {
    for (let at = 0x10000; at < 0x10100; at++) memory[at] = random(4) ? 0 : random(256);
    const stream = 0xc400 + 16 * random(3);
    board.writePort(stream, 4, random(2) ? 0x10000 : (0xffffffff - random(64)) >>> 0);
    board.writePort(stream + 5, 1, random(256));
    board.writePort(stream + 11, 1, random(4) ? 0x1d : random(256));
    for (let count = random(8); count > 0; count--)
      board.writePort(0x22c, 1, random(2) ? random(256) : commands[random(15)]!);
    for (let count = random(8); count > 0; count--)
      board.writePort([0x0a, 0x0b, 0xd4, 0xd6][random(4)]!, 1, random(256));
    time.advance(random(3_000_000));
    expect(time.queue.nextDeadlineNs).toBeGreaterThan(time.nowNs);
  }
  expect(machine.samples.length).toBeGreaterThan(1000);
  expect(machine.samples.length).toBeLessThanOrEqual(2 * (48_000 + 45_000) * (time.nowNs / 1e9) + 2 * 400);
  // They work as before.
  machine.run(
    "out c41b 2; ram 10000 0 0 3 0 4 0 0 0; outl c410 10000; out c415 0; out c41b 1; wait 50us; inw c416 = 7",
  );
  machine.run("out 226 1; out 226 0; in 22a = aa; out 22c e1; in 22a = 4");
});
