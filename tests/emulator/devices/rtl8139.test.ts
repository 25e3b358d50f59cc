/** The RTL8139: its EEPROM, its filter, its ring, and random accesses to all of it. */
import { describe, expect, test } from "vitest";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { DigestVisitor } from "../../../emulator/state/digest.ts";
import { Random } from "../../../emulator/state/random.ts";
import { TestBoard } from "./harness.ts";

const PORTS = 0xc000;
const MEMORY = 0xfebc0000;
const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const RING = 0x10000;

function card(): { machine: TestBoard; cable: CableEnd } {
  const cable = new CableEnd("eth0");
  const machine = new TestBoard({
    ide: [null, null, null, null],
    nic: "rtl8139",
    network: [{ macAddress: MAC, port: cable }],
  });
  machine.run(`outl cf8 80001810; outl cfc ${PORTS.toString(16)}; outl cf8 80001814; outl cfc ${MEMORY.toString(16)}`);
  machine.run("outl cf8 80001804; outw cfc 7");
  return { machine, cable };
}

const read = (machine: TestBoard, offset: number, sizeBytes: 1 | 2 | 4): number =>
  machine.board.readPort(PORTS + offset, sizeBytes);
const write = (machine: TestBoard, offset: number, sizeBytes: 1 | 2 | 4, value: number): void =>
  machine.board.writePort(PORTS + offset, sizeBytes, value);

/** A word of the EEPROM as Linux's 8139too reads it. */
function eepromWord(machine: TestBoard, address: number): number {
  const pins = (value: number): void => write(machine, 0x50, 1, 0x80 | value);
  pins(0);
  pins(8);
  for (let bit = 8; bit >= 0; bit--) {
    const data = ((0x180 | address) >> bit) & 1 ? 2 : 0;
    pins(8 | data);
    pins(8 | 4 | data);
  }
  pins(8);
  let word = 0;
  for (let bit = 0; bit < 16; bit++) {
    pins(8 | 4);
    word = (word << 1) | (read(machine, 0x50, 1) & 1);
    pins(8);
  }
  pins(0);
  return word;
}

describe("registers", () => {
  test("show the address, also in the EEPROM, and the link", () => {
    const { machine } = card();
    expect([0, 1, 2, 3, 4, 5].map((offset) => read(machine, offset, 1))).toEqual([...MAC]);
    expect([7, 8, 9].map((address) => eepromWord(machine, address))).toEqual([0x5452, 0x1200, 0x5634]);
    expect(eepromWord(machine, 0)).toBe(0x8129);
    expect(read(machine, 0x58, 1) & 4).toBe(0);
    expect(read(machine, 0x37, 1)).toBe(1);
  });
});

describe("the ring", () => {
  function receiving(config: number): { machine: TestBoard; cable: CableEnd } {
    const made = card();
    write(made.machine, 0x30, 4, RING);
    write(made.machine, 0x37, 1, 0x0c);
    write(made.machine, 0x44, 4, config);
    return made;
  }
  const frameTo = (...address: number[]): Uint8Array => Uint8Array.of(...address, 2, 0, 0, 0, 0, 1, 8, 0, 1, 2, 3);
  const take = ({ machine, cable }: { machine: TestBoard; cable: CableEnd }, frame: Uint8Array): boolean => {
    const before = read(machine, 0x3a, 2);
    cable.deliver([{ timeNs: machine.time.nowNs, frame }]);
    machine.time.advance(1);
    return read(machine, 0x3a, 2) !== before;
  };

  test("takes what the filter says, with header, padding and check sequence", () => {
    const made = receiving(0x0e);
    expect(take(made, frameTo(...MAC))).toBe(true);
    const { memory } = made.machine;
    // Good, for this card; 60 bytes and four of check sequence.
    expect([...memory.subarray(RING, RING + 4)]).toEqual([0x01, 0x40, 64, 0]);
    expect([...memory.subarray(RING + 4, RING + 10)]).toEqual([...MAC]);
    expect(read(made.machine, 0x3a, 2)).toBe(68);
    expect(take(made, frameTo(0x52, 0x54, 0, 0x12, 0x34, 0x57))).toBe(false);
    expect(take(made, frameTo(0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toBe(true);
    // 239.255.81.82 has the hash of its check sequence; no other bit lets it in.
    const group = frameTo(0x01, 0x00, 0x5e, 0x7f, 0x51, 0x52);
    const bits = Array.from({ length: 64 }, (_, bit) => {
      for (let byte = 0; byte < 8; byte++) write(made.machine, 8 + byte, 1, byte === bit >> 3 ? 1 << (bit & 7) : 0);
      write(made.machine, 0x38, 2, (read(made.machine, 0x3a, 2) - 16) & 0xffff);
      return take(made, group);
    });
    expect(bits.filter((isTaken) => isTaken).length).toBe(1);
  });

  test("is full before it overwrites what was not read, and counts what it missed", () => {
    const made = receiving(0x0e);
    const frame = new Uint8Array(1514);
    frame.set(MAC);
    let taken = 0;
    while (take(made, frame)) taken++;
    expect(taken).toBe(5);
    expect(read(made.machine, 0x3e, 2) & 0x10).toBe(0x10);
    expect(read(made.machine, 0x4c, 4)).toBe(1);
  });
});

test.each([1, 2, 3, 4])(
  "random accesses, seed %i: nothing throws, and the same state gives the same digest",
  (seed) => {
    const run = (): string => {
      const random = new Random(seed, "rtl8139");
      const { machine, cable } = card();
      for (let step = 0; step < 8000; step++) {
        const sizeBytes = ([1, 2, 4] as const)[random.below(3)]!;
        const offset = random.below(0x70) & ~(sizeBytes - 1);
        const kind = random.below(10);
        if (kind < 4) write(machine, offset, sizeBytes, random.u32());
        else if (kind < 6) write(machine, 0x37, 1, 0x0c);
        else if (kind < 8) read(machine, offset, sizeBytes);
        else if (kind === 8) machine.time.advance(1);
        else {
          const frame = new Uint8Array(14 + random.below(1501)).fill(0xff, 0, 6);
          cable.deliver([{ timeNs: machine.time.nowNs, frame }]);
          cable.takeOutgoing();
        }
      }
      const visitor = new DigestVisitor();
      machine.board.visitState(visitor);
      return visitor.digest();
    };
    expect(run()).toBe(run());
  },
);
