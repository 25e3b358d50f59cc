/** The 82540EM at register level: EEPROM, PHY, rings, filters, interrupts, and rings that point nowhere. */
import { beforeEach, describe, expect, test } from "vitest";
import type { BoardConfig } from "../../../emulator/board-config.ts";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { internetChecksum, onesSum } from "../../../emulator/ether/internet-checksum.ts";
import {
  arrive,
  BUFFERS,
  cable,
  frame,
  length,
  MAC,
  machine,
  RX_RING,
  read,
  sent,
  setUp,
  startReceiver,
  startTransmitter,
  status,
  TX_RING,
  txDescriptor,
  view,
  write,
} from "./e1000-board.ts";
import { TestBoard } from "./harness.ts";
import { relayCase } from "./relay.ts";

beforeEach(setUp);

describe("identity", () => {
  test("PCI configuration space as QEMU's e1000 has it", () => {
    machine.run(
      "outl cf8 80001800; inl cfc = 100e8086; outl cf8 80001808; inl cfc = 2000003; outl cf8 8000182c; inl cfc = 11001af4; outl cf8 8000183c; in cfd = 1",
    );
    machine.run(
      "outl cf8 80001810; outl cfc ffffffff; inl cfc = fffe0000; outl cf8 80001814; outl cfc ffffffff; inl cfc = ffffffc1",
    );
  });

  test("EEPROM through EERD: MAC address and checksum", () => {
    const words = Array.from({ length: 64 }, (_, address) => {
      write(0x14, (address << 8) | 1);
      const answer = read(0x14);
      expect(answer & 0x10).toBe(0x10);
      return answer >>> 16;
    });
    expect(words.slice(0, 3)).toEqual([0x5452, 0x1200, 0x5634]);
    expect(words.reduce((sum, word) => sum + word) & 0xffff).toBe(0xbaba);
    expect(words[13]).toBe(0x100e);
  });

  test("EEPROM bit by bit through EECD", () => {
    const clock = (bit: number): number => {
      write(0x10, 0x42 | (bit << 2));
      write(0x10, 0x43 | (bit << 2));
      const out = (read(0x10) >> 3) & 1;
      write(0x10, 0x42 | (bit << 2));
      return out;
    };
    write(0x10, 0x40);
    expect(read(0x10) & 0x180).toBe(0x180);
    write(0x10, 0x42);
    for (const bit of [0, 1, 1, 0, 0, 0, 0, 0, 1, 0]) clock(bit); // A leading zero, start, read, address 2.
    let word = 0;
    for (let bit = 0; bit < 16; bit++) word = (word << 1) | clock(0);
    expect(word).toBe(0x5634);
  });

  test("PHY through MDIC", () => {
    const phy = (register: number): number => {
      write(0x20, 0x08200000 | (register << 16));
      expect(read(0x20) & 0x10000000).toBe(0x10000000);
      return read(0x20) & 0xffff;
    };
    expect([phy(2), phy(3)]).toEqual([0x0141, 0x0c20]);
    expect(phy(1) & 0x24).toBe(0x24);
    write(0x20, 0x08400000);
    expect(read(0x20) & 0x40000000).toBe(0x40000000);
  });

  test("receive address 0 comes from the EEPROM, the link is up, and the I/O window reaches the same registers", () => {
    expect([read(0x5400), read(0x5404)]).toEqual([0x12005452, 0x80005634]);
    expect(read(0x08) & 0x83).toBe(0x83);
    machine.run("outl c000 5400; inl c004 = 12005452; outl c000 38; outl c004 1234; inl c004 = 1234");
    expect(read(0x38)).toBe(0x1234);
  });
});

describe("transmit", () => {
  test("a frame goes out, its descriptor comes back done, and the interrupt tells", () => {
    machine.memory.set(frame([1, 2, 3, 4, 5, 6]), BUFFERS);
    startTransmitter();
    txDescriptor(0, BUFFERS, 100);
    write(0x3818, 1);
    machine.time.advance(10_000);
    expect(sent()).toEqual([frame([1, 2, 3, 4, 5, 6])]);
    expect(machine.memory[TX_RING + 12]! & 1).toBe(1);
    expect(read(0x3810)).toBe(1);
    expect(read(0xc0) & 3).toBe(3);
    expect(read(0xc0)).toBe(0);
    expect([read(0x4080), read(0x40d4), read(0x4090)]).toEqual([1, 1, 104]);
    expect(read(0x4080)).toBe(0);
  });

  test("counters of octets have 64 bits: reading the upper half clears both", () => {
    machine.memory.set(frame([1, 2, 3, 4, 5, 6]), BUFFERS);
    startTransmitter();
    txDescriptor(0, BUFFERS, 100);
    write(0x3818, 1);
    machine.time.advance(10_000);
    // GOTC and TOT count the frame with its FCS.
    for (const low of [0x4090, 0x40c8])
      expect([read(low), read(low), read(low + 4), read(low), read(low + 4)]).toEqual([104, 104, 0, 0, 0]);
  });

  test("nothing is told of a ring without room, or without a frame", () => {
    startTransmitter();
    read(0xc0);
    write(0x3818, 0);
    machine.time.advance(10_000);
    expect(read(0xc0)).toBe(0);
    write(0x3808, 0);
    write(0x3818, 1);
    machine.time.advance(10_000);
    expect(read(0xc0)).toBe(0);
    expect(sent()).toEqual([]);
  });

  test("several descriptors make one frame, short frames are padded, the ring wraps", () => {
    startTransmitter();
    for (let round = 0; round < 3; round++) {
      for (let part = 0; part < 3; part++) {
        machine.memory.set(frame([6, 5, 4, 3, 2, round]).subarray(part * 14, part * 14 + 14), BUFFERS + part * 64);
        txDescriptor((round * 3 + part) % 8, BUFFERS + part * 64, 14, part === 2 ? 0x0b : 0x02);
      }
      write(0x3818, (round * 3 + 3) % 8);
      machine.time.advance(10_000);
    }
    const frames = sent();
    expect(frames.map((bytes) => bytes.length)).toEqual([60, 60, 60]);
    expect(frames[2]!.subarray(0, 6)).toEqual(Uint8Array.of(6, 5, 4, 3, 2, 2));
    expect(frames[0]!.subarray(42).every((byte) => byte === 0)).toBe(true);
  });

  test("checksums and TCP segmentation by context descriptors", () => {
    const headers = new Uint8Array(54);
    headers.set([
      1, 2, 3, 4, 5, 6, 2, 0, 0, 0, 0, 9, 8, 0, 0x45, 0, 0, 0, 0, 7, 0x40, 0, 64, 6, 0, 0, 10, 0, 2, 15, 10, 0, 2, 2,
    ]);
    headers.set([0x30, 0x39, 0, 80, 0, 0, 0x10, 0, 0, 0, 0, 0, 0x50, 0x19, 0x20, 0], 34);
    const pseudo = onesSum(Uint8Array.of(10, 0, 2, 15, 10, 0, 2, 2, 0, 6), 0, 10);
    headers.set([pseudo >> 8, pseudo & 0xff], 50);
    const payload = Uint8Array.from({ length: 2500 }, (_, index) => index & 0xff);
    machine.memory.set(headers, BUFFERS);
    machine.memory.set(payload, BUFFERS + 54);
    startTransmitter();
    const context = TX_RING;
    machine.memory.set([14, 24, 33, 0, 34, 50, 0, 0], context);
    view().setUint32(context + 8, (2500 | (0x27 << 24)) >>> 0, true); // DEXT, TSE, IP, TCP.
    view().setUint32(context + 12, (1000 << 16) | (54 << 8), true);
    const data = TX_RING + 16;
    view().setUint32(data, BUFFERS, true);
    view().setUint32(data + 8, (2554 | (1 << 20) | (0x2d << 24)) >>> 0, true); // DEXT, RS, TSE, EOP.
    view().setUint32(data + 12, 0x0300, true);
    write(0x3818, 2);
    machine.time.advance(10_000);
    const frames = sent();
    expect(frames.map((bytes) => bytes.length)).toEqual([1054, 1054, 554]);
    frames.forEach((bytes, index) => {
      const words = new DataView(bytes.buffer, bytes.byteOffset);
      expect(words.getUint16(16)).toBe(bytes.length - 14);
      expect(words.getUint16(18)).toBe(7 + index);
      expect(words.getUint32(38)).toBe(0x1000 + index * 1000);
      expect(bytes[47]).toBe(index === 2 ? 0x19 : 0x10);
      expect(internetChecksum(bytes, 14, 34)).toBe(0);
      const length = bytes.length - 34;
      const sum = onesSum(Uint8Array.of(10, 0, 2, 15, 10, 0, 2, 2, 0, 6, length >> 8, length & 0xff), 0, 12);
      expect(internetChecksum(bytes, 34, bytes.length, sum)).toBe(0);
      expect(bytes.subarray(54)).toEqual(payload.subarray(index * 1000, index * 1000 + 1000));
    });
  });

  test.each([
    { name: "a tail outside the ring", tail: 0xffff, base: TX_RING },
    { name: "a ring beyond memory", tail: 5, base: 0xfffffff0 },
    { name: "descriptors that are all ones", tail: 7, base: 0x3fffff0 },
  ])("does no harm: $name", ({ tail, base }) => {
    startTransmitter();
    write(0x3800, base);
    write(0x3808, 0xfff80);
    write(0x3818, tail);
    machine.time.advance(1_000_000);
    expect(sent().length).toBe(0);
  });
});

describe("receive", () => {
  test("a frame fills a buffer, its descriptor and the interrupt cause", () => {
    startReceiver();
    arrive(frame([...MAC]));
    expect(length(0)).toBe(100);
    expect(status(0) & 3).toBe(3);
    expect(machine.bytes(BUFFERS, 100)).toEqual(Array.from(frame([...MAC])));
    expect(read(0x2810)).toBe(1);
    expect(read(0xc0)).toBe(0x80);
    expect([read(0x4074), read(0x40d0)]).toEqual([1, 1]);
  });

  test("with the FCS unless it is stripped, and padded to the shortest frame", () => {
    startReceiver(8, 0x00008002);
    arrive(frame([...MAC], 40));
    expect(length(0)).toBe(64);
    // The residue of CRC-32 over a frame with its FCS is always the same.
    let crc = 0xffffffff;
    for (const byte of machine.bytes(BUFFERS, 64)) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    expect(crc >>> 0).toBe(0xdebb20e3);
  });

  test("a buffer beyond 4 GiB gets nothing, and its descriptor is given back all the same", () => {
    startReceiver();
    view().setUint32(RX_RING + 4, 1, true);
    arrive(frame([...MAC]));
    expect([length(0), status(0) & 3]).toEqual([100, 3]);
    expect(machine.bytes(BUFFERS, 4)).toEqual([0, 0, 0, 0]);
  });

  test("a frame longer than its buffers takes several", () => {
    startReceiver(8, 0x04038002);
    arrive(frame([...MAC], 1000));
    expect([length(0), length(3), status(0) & 2, status(3) & 2]).toEqual([256, 232, 0, 2]);
  });

  test.each([
    { name: "its own address", destination: [...MAC], control: 0, taken: true },
    { name: "another address", destination: [2, 0, 0, 0, 0, 1], control: 0, taken: false },
    {
      name: "another address in its last two bytes",
      destination: [...MAC.slice(0, 4), 0x34, 0x57],
      control: 0,
      taken: false,
    },
    {
      name: "another address in its first bytes",
      destination: [...MAC.slice(0, 3), 0x13, 0x34, 0x56],
      control: 0,
      taken: false,
    },
    { name: "another address, promiscuous", destination: [2, 0, 0, 0, 0, 1], control: 0x08, taken: true },
    { name: "broadcast", destination: [255, 255, 255, 255, 255, 255], control: 0x8000, taken: true },
    { name: "broadcast not accepted", destination: [255, 255, 255, 255, 255, 255], control: 0, taken: false },
    { name: "multicast", destination: [1, 0, 0x5e, 0, 0, 0xfb], control: 0, taken: false },
    { name: "multicast, all", destination: [1, 0, 0x5e, 0, 0, 0xfb], control: 0x10, taken: true },
  ])("filter: $name", ({ destination, control, taken }) => {
    startReceiver(8, 0x04000002 | control);
    arrive(frame(destination));
    expect(status(0) & 1).toBe(taken ? 1 : 0);
  });

  test.each([1, 7, 15])("receive address %i is an address of the card's own while it is valid", (index) => {
    const own = [2, 0, 0, 0, 1, index];
    startReceiver();
    write(0x5400 + index * 8, 2);
    write(0x5404 + index * 8, (index << 8) | 1);
    arrive(frame(own));
    expect(status(0) & 1).toBe(0);
    write(0x5404 + index * 8, 0x80000000 | (index << 8) | 1);
    arrive(frame(own));
    expect(status(0) & 1).toBe(1);
    arrive(frame([2, 0, 0, 0, 2, index]));
    expect([read(0x2810), status(1) & 1]).toEqual([1, 0]);
  });

  test("a tail beyond the ring gives no descriptors", () => {
    startReceiver(8);
    write(0x2818, 9);
    read(0xc0);
    arrive(frame([...MAC]));
    expect([read(0x2810), status(0) & 1]).toEqual([0, 0]);
    write(0x2818, 7);
    expect([read(0x2810), status(0) & 1]).toEqual([1, 1]);
  });

  test.each([0, 1, 2, 3])("the multicast table with offset %i", (offset) => {
    const destination = [1, 0, 0x5e, 0x12, 0x34, 0xab];
    const hash = (0xab34 >> [4, 3, 2, 0][offset]!) & 0xfff;
    startReceiver(8, 0x04000002 | (offset << 12));
    arrive(frame(destination));
    expect(status(0) & 1).toBe(0);
    write(0x5200 + (hash >> 5) * 4, (1 << (hash & 31)) >>> 0);
    arrive(frame(destination));
    expect(status(0) & 1).toBe(1);
  });

  test("without descriptors frames wait in the packet buffer; when it is full they are missed", () => {
    startReceiver(8);
    for (let index = 0; index < 10; index++) arrive(frame([...MAC], 1000, index));
    expect(read(0x2810)).toBe(7);
    write(0x2818, 3);
    expect(read(0x2810)).toBe(2);
    expect(machine.memory[BUFFERS + 2048 + 20]).toBe(9);
    write(0x2818, 2);
    read(0xc0);
    for (let index = 0; index < 80; index++) arrive(frame([...MAC], 1000));
    expect(read(0xc0) & 0x40).toBe(0x40);
    expect(read(0x4010)).toBeGreaterThan(0);
  });

  test("RXDMT0 when the ring runs low", () => {
    startReceiver(8);
    for (let index = 0; index < 3; index++) arrive(frame([...MAC]));
    expect(read(0xc0)).toBe(0x90);
  });

  test("RXDMT0 of a ring whose free part goes round its end", () => {
    startReceiver(8);
    for (let index = 0; index < 7; index++) arrive(frame([...MAC]));
    write(0x2818, 6);
    read(0xc0);
    arrive(frame([...MAC]));
    expect([read(0x2810), read(0xc0)]).toEqual([0, 0x80]);
    arrive(frame([...MAC]));
    arrive(frame([...MAC]));
    expect([read(0x2810), read(0xc0) & 0x10]).toEqual([2, 0x10]);
  });

  test("a disabled receiver, a pulled cable and a loopback hear nothing from the wire", () => {
    startReceiver(8, 0);
    arrive(frame([...MAC]));
    expect(read(0x2810)).toBe(0);
    write(0x100, 0x04008002);
    cable.setLink(false);
    expect(read(0x08) & 2).toBe(0);
    expect(read(0xc0) & 4).toBe(4);
    cable.setLink(true);
    machine.time.advance(600_000_000);
    expect(read(0x08) & 2).toBe(2);
    write(0x100, 0x040080c2);
    arrive(frame([...MAC]));
    expect(read(0x2810)).toBe(0);
  });

  test.each([
    { name: "no ring", base: RX_RING, size: 0, head: 0, tail: 7 },
    { name: "head outside", base: RX_RING, size: 128, head: 0xffff, tail: 7 },
    { name: "tail outside", base: RX_RING, size: 128, head: 0, tail: 0xffff },
    { name: "ring beyond memory", base: 0xfffff000, size: 0x1000, head: 0, tail: 255 },
  ])("does no harm: $name", ({ base, size, head, tail }) => {
    startReceiver();
    write(0x2800, base);
    write(0x2808, size);
    write(0x2810, head);
    write(0x2818, tail);
    for (let index = 0; index < 100; index++) arrive(frame([...MAC], 1500));
    expect(machine.time.nowNs).toBe(10_000);
  });
});

describe("interrupts", () => {
  const pirq = (): void =>
    machine.run(
      "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 fb; out a1 f7; outl cf8 80000860; outl cfc 0b0b0b0b; out 4d1 08",
    );

  test("mask, cause and read-to-clear drive INTA# through PIRQC to IRQ 11", () => {
    pirq();
    write(0xc8, 0x80);
    machine.run("intr = 0");
    write(0xd0, 0x80);
    machine.run("intr = 1; ack = 73");
    expect(read(0xc0)).toBe(0x80);
    machine.run("out a0 20; out 20 20; intr = 0");
    write(0xd8, 0x80);
    write(0xc8, 0x80);
    machine.run("intr = 0");
  });

  test("ITR spaces them", () => {
    pirq();
    write(0xc4, 400); // 102.4 us.
    write(0xd0, 0x80);
    write(0xc8, 0x80);
    machine.run("intr = 1; ack = 73");
    read(0xc0);
    machine.run("out a0 20; out 20 20");
    write(0xc8, 0x80);
    machine.run("intr = 0; wait 90us; intr = 0; wait 15us; intr = 1");
  });

  test("a reset by CTRL clears rings and masks but not the address", () => {
    startReceiver();
    write(0xd0, 0xff);
    write(0x00, 0x04000000);
    expect([read(0xd0), read(0x100), read(0x2808), read(0x5400)]).toEqual([0, 0, 0, 0x12005452]);
    expect(read(0x00) & 0x04000000).toBe(0);
  });
});

/** An extended data descriptor. Command: 29h is EOP, RS, DEXT; options: 1 is the IP checksum, 2 that of the payload. */
function dataDescriptor(index: number, address: number, bytes: number, command = 0x29, options = 0): void {
  const at = TX_RING + index * 16;
  view().setUint32(at, address, true);
  view().setUint32(at + 4, 0, true);
  view().setUint32(at + 8, (bytes | (1 << 20) | (command << 24)) >>> 0, true);
  view().setUint32(at + 12, options << 8, true);
}

/** A context descriptor: where sums begin, go and end; for segments the command, their size and the header's. */
function contextDescriptor(index: number, sums: readonly number[], command = 0x20, segment = 0, header = 0): void {
  const at = TX_RING + index * 16;
  machine.memory.set(sums, at);
  view().setUint32(at + 8, (command << 24) >>> 0, true);
  view().setUint32(at + 12, ((segment << 16) | (header << 8)) >>> 0, true);
}

/** Gives so many descriptors to the card; what then goes out. */
function transmitted(descriptors: number): Uint8Array[] {
  write(0x3818, descriptors);
  machine.time.advance(10_000);
  return sent();
}

describe("transmit, extended", () => {
  const bytes = frame([1, 2, 3, 4, 5, 6], 100, 0x33);

  beforeEach(() => {
    machine.memory.set(bytes, BUFFERS);
    startTransmitter();
  });

  test.each([
    { options: 0, sums: [] },
    { options: 1, sums: [[14, 24, 34]] },
    { options: 2, sums: [[34, 50, 100]] },
    { options: 3, sums: [[34, 50, 100], [14, 24, 34]] }, // biome-ignore format: one line for each
  ])("checksums of a frame that is not cut: options $options", ({ options, sums }) => {
    contextDescriptor(0, [14, 24, 33, 0, 34, 50, 0, 0]);
    dataDescriptor(1, BUFFERS, 100, 0x29, options);
    const expected = bytes.slice();
    for (const [start, place, end] of sums as [number, number, number][]) {
      const sum = ~onesSum(expected, start, end) & 0xffff;
      expected.set([sum >> 8, sum & 0xff], place);
    }
    expect(transmitted(2)).toEqual([expected]);
  });

  test.each([
    { name: "begins after the frame", sums: [14, 24, 33, 0, 100, 50, 0, 0] },
    { name: "goes beyond the frame", sums: [14, 24, 33, 0, 34, 99, 0, 0] },
    { name: "ends before it begins", sums: [14, 24, 33, 0, 60, 50, 40, 0] },
  ])("a checksum is left out that $name", ({ sums }) => {
    contextDescriptor(0, sums);
    dataDescriptor(1, BUFFERS, 100, 0x29, 2);
    expect(transmitted(2)).toEqual([bytes]);
  });

  test("a packet with a part beyond 4 GiB goes nowhere, the next one does", () => {
    dataDescriptor(0, BUFFERS, 60, 0x20);
    dataDescriptor(1, BUFFERS, 40);
    view().setUint32(TX_RING + 16 + 4, 1, true);
    dataDescriptor(2, BUFFERS, 100);
    expect(transmitted(3)).toEqual([bytes]);
    expect(machine.memory[TX_RING + 16 + 12]! & 1).toBe(1);
  });

  test("UDP is cut into packets with their own lengths", () => {
    contextDescriptor(0, [14, 24, 33, 0, 34, 40, 0, 0], 0x26, 50, 42);
    dataDescriptor(1, BUFFERS, 100, 0x2d);
    const frames = transmitted(2);
    expect(frames.map((one) => one.length)).toEqual([92, 60]);
    // Total length, identification, length of UDP, and what follows it.
    for (const [index, one] of frames.entries()) {
      const words = new DataView(one.buffer, one.byteOffset);
      const length = index === 0 ? 92 : 50;
      expect([words.getUint16(16), words.getUint16(18) - 0x3333, words.getUint16(38)]).toEqual([
        length - 14,
        index,
        length - 34,
      ]);
      expect(one.subarray(42, length)).toEqual(bytes.subarray(42 + 50 * index, length + 50 * index));
    }
  });

  test("a descriptor of more than 64 KiB", () => {
    contextDescriptor(0, [14, 24, 33, 0, 34, 50, 0, 0], 0x27, 1400, 54);
    dataDescriptor(1, BUFFERS, 0x10000 + 100, 0x2d);
    expect(transmitted(2).map((one) => one.length)).toEqual([...Array.from({ length: 46 }, () => 1454), 1236]);
  });

  test.each([
    [1518, 1],
    [1519, 0],
  ])("of %i bytes, %i frames", (size, count) => {
    dataDescriptor(0, BUFFERS, size);
    expect(transmitted(1).length).toBe(count);
  });

  test("a frame gets its VLAN tag while the card handles them", () => {
    const plain = frame([1, 2, 3, 4, 5, 6]);
    machine.memory.set(plain, BUFFERS);
    for (const [control, tag] of [[0x40000000, 4] as const, [0, 0] as const]) {
      write(0, 0x140240 | control);
      txDescriptor(0, BUFFERS, 100, 0x4b);
      view().setUint16(TX_RING + 14, 0x6123, true);
      write(0x3810, 0);
      const [one] = transmitted(1);
      expect(one!.length).toBe(100 + tag);
      expect(Array.from(one!.subarray(12, 14 + tag))).toEqual(tag === 0 ? [8, 0] : [0x81, 0, 0x61, 0x23, 8, 0]);
      write(0x3818, 0);
      write(0x3810, 0);
    }
  });
});

test.each([
  [60, 0],
  [61, 1],
  [123, 1],
  [124, 2],
  [251, 2],
  [252, 3],
  [507, 3],
  [508, 4],
  [1019, 4],
  [1020, 5],
])("a frame of %i bytes is counted in size %i, in each direction", (size, place) => {
  startReceiver();
  arrive(frame([...MAC], size));
  machine.memory.set(frame([1, 2, 3, 4, 5, 6], size), BUFFERS);
  startTransmitter();
  txDescriptor(0, BUFFERS, size);
  transmitted(1);
  const one = [0, 1, 2, 3, 4, 5].map((index) => (index === place ? 1 : 0));
  for (const first of [0x405c, 0x40d8]) expect(one.map((_, index) => read(first + 4 * index))).toEqual(one);
});

describe("VLAN tags that arrive", () => {
  const tagged = (identifier: number, size = 100): Uint8Array => {
    const bytes = frame([...MAC], size);
    bytes.set([0x81, 0x00, 0x60 | (identifier >> 8), identifier & 0xff, 0x08, 0x00], 12);
    return bytes;
  };

  test("a tag moves from the frame into the descriptor while the card handles them", () => {
    startReceiver();
    write(0, 0x140240 | 0x40000000);
    arrive(tagged(0x123));
    expect([length(0), status(0) & 8, view().getUint16(RX_RING + 14, true)]).toEqual([96, 8, 0x6123]);
    expect(machine.bytes(BUFFERS + 12, 3)).toEqual([8, 0, 0x5a]);
    arrive(frame([...MAC]));
    expect([length(1), status(1) & 8, view().getUint16(RX_RING + 30, true)]).toEqual([100, 0, 0]);
    write(0x38, 0x88a8);
    arrive(tagged(0x123));
    expect([length(2), status(2) & 8]).toEqual([100, 0]);
  });

  test("the filter lets those through that its table names, and frames without a tag", () => {
    startReceiver(8, 0x04048002);
    write(0x5600 + 4 * 9, 1 << 3);
    arrive(tagged(0x122));
    arrive(tagged(0x143));
    arrive(tagged(0x003));
    expect(status(0)).toBe(0);
    arrive(tagged(0x123));
    expect([status(0) & 1, status(1) & 1, length(0)]).toEqual([1, 0, 100]);
    arrive(frame([...MAC]));
    expect(status(1) & 1).toBe(1);
  });

  test("a frame that ends within its tag has none", () => {
    startReceiver(8, 0x04048002);
    arrive(tagged(0x123).subarray(0, 15));
    expect(status(0) & 1).toBe(1);
  });
});

test("frames that wait for a descriptor are part of the state", () => {
  const step =
    "writel febc0100 4008002; writel febc2800 11000; writel febc2808 80; writel febc2810 0; writel febc2818 0";
  const script = `outl cf8 80001810; outl cfc febc0000; outl cf8 80001804; outw cfc 7; ${step}; ram 11000 0 0 2 0 0 0 0 0; frame 64 52 54 0 12 34 56 2 0 0 0 0 9 8 0 77; readl febc00c0; ram 20000 = 0; writel febc2818 1; ram 20000 = 52; ram 2000e = 77; ram 11008 = 64`;
  const make = (): Partial<BoardConfig> => ({ network: [{ macAddress: MAC, port: new CableEnd("eth0") }] });
  expect(() => new TestBoard(make()).run(script)).not.toThrow();
  expect(() => relayCase(make, script, { sweeps: 0 })).not.toThrow();
});
