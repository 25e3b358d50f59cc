/** The IDE channels with an ATA disk and an ATAPI drive: PIO, DMA, errors, resets. */
import { beforeEach, describe, expect, test } from "vitest";
import type { BlockBackend } from "../../../emulator/disk/block.ts";
import { SparseDisk } from "../../../emulator/disk/disk.ts";
import { MIB, TestBoard } from "./harness.ts";

const COMMAND_NS = 200_000;
const DISK_SECTORS = 20_000;

function sector(number: number): Uint8Array {
  return Uint8Array.from({ length: 512 }, (_, index) => (number * 7 + index) & 0xff);
}

function makeDisk(): SparseDisk {
  const disk = new SparseDisk(DISK_SECTORS * 512);
  for (const number of [0, 1, 2, 3, 4, 5, 63, 1008, DISK_SECTORS - 1]) disk.write(number * 512, sector(number));
  return disk;
}

function makeCd(): SparseDisk {
  const cd = new SparseDisk(64 * 2048);
  for (let block = 0; block < 64; block++) cd.write(block * 2048, new Uint8Array(2048).fill(block + 1));
  return cd;
}

let disk: SparseDisk;
let machine: TestBoard;

beforeEach(() => {
  disk = makeDisk();
  machine = new TestBoard({ ide: [{ kind: "disk", medium: disk }, null, { kind: "cd", medium: makeCd() }, null] });
  // BAR 4 of the IDE function at C000h, I/O and bus mastering on; all IRQs unmasked.
  machine.run("outl cf8 80000920; outl cfc c000; outl cf8 80000904; outw cfc 5");
  machine.run(
    "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 0; out a1 0",
  );
});

const status = (channel = 0x1f0): number => machine.board.readPort(channel + 7, 1);
const settle = (ns = COMMAND_NS): void => machine.time.advance(ns);

/** Writes the task file for LBA addressing (28 bits) and the command. */
function command(code: number, lba = 0, count = 1, device = 0xe0): void {
  const values = [count, lba & 0xff, (lba >> 8) & 0xff, (lba >> 16) & 0xff, device | ((lba >> 24) & 15), code];
  values.forEach((value, index) => machine.board.writePort(0x1f2 + index, 1, value));
}

function readWords(count: number, channel = 0x1f0): Uint8Array {
  const bytes = new Uint8Array(count * 2);
  for (let index = 0; index < count; index++) {
    const word = machine.board.readPort(channel, 2);
    bytes[index * 2] = word & 0xff;
    bytes[index * 2 + 1] = word >> 8;
  }
  return bytes;
}

function writeWords(bytes: Uint8Array, channel = 0x1f0): void {
  for (let index = 0; index < bytes.length; index += 2)
    machine.board.writePort(channel, 2, bytes[index]! | (bytes[index + 1]! << 8));
}

/** The PIC's vector of the channel, and the end of interrupt; null when there is no interrupt. */
function takeInterrupt(): number | null {
  if (!machine.intr) return null;
  const vector = machine.board.acknowledgeInterrupt();
  machine.run("out a0 20; out 20 20");
  return vector;
}

describe("ATA disk", () => {
  test("is busy, then has data and interrupts, and the status clears the interrupt", () => {
    command(0x20, 2);
    expect(machine.board.readPort(0x3f6, 1) & 0x80).toBe(0x80);
    settle();
    expect(takeInterrupt()).toBe(0x76);
    expect(status()).toBe(0x58);
    expect(readWords(256)).toEqual(sector(2));
    expect(status()).toBe(0x50);
  });

  test("several sectors give an interrupt each", () => {
    command(0x20, 1, 3);
    for (const number of [1, 2, 3]) {
      settle();
      expect(takeInterrupt()).toBe(0x76);
      status();
      expect(readWords(256)).toEqual(sector(number));
    }
    expect(takeInterrupt()).toBeNull();
    expect(status()).toBe(0x50);
  });

  test("a run of reads gives what single ones give, and leaves the end of the block to one of them", () => {
    command(0x20, 2, 2);
    const run = new Uint8Array(1024);
    expect(machine.board.readPortRun(0x1f0, 2, run)).toBe(0);
    settle();
    expect(takeInterrupt()).not.toBeNull();
    const first = readWords(3);
    expect(machine.board.readPortRun(0x1f0, 2, run)).toBe(512 - 6 - 2);
    expect(status() & 0x88).toBe(0x08);
    expect(machine.board.readPortRun(0x1f0, 2, run.subarray(600))).toBe(0);
    const last = readWords(1);
    expect(Uint8Array.of(...first, ...run.subarray(0, 504), ...last)).toEqual(sector(2));
    expect(status() & 0x88).toBe(0x80);
    settle();
    expect(machine.board.readPortRun(0x1f0, 4, run.subarray(0, 10))).toBe(8);
    expect(run.subarray(0, 8)).toEqual(sector(3).subarray(0, 8));
    expect(machine.board.readPortRun(0x1f7, 1, run)).toBe(0);
  });

  test("READ MULTIPLE gives blocks", () => {
    command(0xc6, 0, 4);
    settle();
    status();
    command(0xc4, 0, 6);
    settle();
    expect(readWords(1024).subarray(1536)).toEqual(sector(3));
    expect(status() & 0x80).toBe(0x80);
    settle();
    expect(readWords(512).subarray(512)).toEqual(sector(5));
    expect(status()).toBe(0x50);
  });

  test("WRITE SECTORS asks without an interrupt and confirms with one", () => {
    command(0x30, 10, 2);
    settle();
    expect(takeInterrupt()).toBeNull();
    expect(status() & 0x08).toBe(8);
    writeWords(sector(77));
    settle();
    expect(takeInterrupt()).toBe(0x76);
    expect(status() & 0x08).toBe(8);
    writeWords(sector(78));
    settle();
    expect(takeInterrupt()).toBe(0x76);
    expect(status()).toBe(0x50);
    const written = new Uint8Array(1024);
    disk.read(10 * 512, written);
    expect(written).toEqual(Uint8Array.of(...sector(77), ...sector(78)));
  });

  test("CHS addresses through the default translation, and through one that was set", () => {
    machine.run("out 1f2 1; out 1f3 1; out 1f4 0; out 1f5 0; out 1f6 a1; out 1f7 20");
    settle();
    expect(readWords(256)).toEqual(sector(63));
    machine.run("out 1f3 1; out 1f4 1; out 1f5 0; out 1f6 a0; out 1f7 20");
    settle();
    expect(readWords(256)).toEqual(sector(1008));
    machine.run("out 1f2 5; out 1f6 a1; out 1f7 91");
    settle();
    machine.run("out 1f2 1; out 1f3 1; out 1f4 0; out 1f5 0; out 1f6 a1; out 1f7 20");
    settle();
    expect(readWords(256)).toEqual(sector(5));
  });

  test("a word for the device register, whose upper byte is the command NOP, holds up no command behind it", () => {
    machine.run("out 1f2 1; outw 1f6 e0; in 1f7 = 51; in 1f1 = 04; out 1f3 5; out 1f4 0; out 1f5 0; out 1f7 20");
    settle();
    expect(readWords(256)).toEqual(sector(5));
  });

  test("48-bit addresses", () => {
    const last = DISK_SECTORS - 1;
    machine.run(
      `out 1f6 40; out 1f2 0; out 1f3 0; out 1f4 0; out 1f5 0; out 1f2 1; out 1f3 ${(last & 0xff).toString(16)}; out 1f4 ${(last >> 8).toString(16)}; out 1f5 0; out 1f7 24`,
    );
    settle();
    expect(readWords(256)).toEqual(sector(last));
  });

  test("IDENTIFY names size, model and modes", () => {
    command(0xec);
    settle();
    const words = new Uint16Array(readWords(256).buffer);
    expect(words[60]! + words[61]! * 65536).toBe(DISK_SECTORS);
    expect(words[100]).toBe(DISK_SECTORS);
    expect([words[1], words[3], words[6]]).toEqual([Math.floor(DISK_SECTORS / 1008), 16, 63]);
    expect(words[49]! & 0x300).toBe(0x300);
    const model = Array.from(words.subarray(27, 47), (word) => String.fromCharCode(word >> 8, word & 0xff)).join("");
    expect(model.trim()).toBe("VIRTUAL HARDDISK");
  });

  test.each([
    { name: "beyond the end", code: 0x20, lba: DISK_SECTORS, error: 0x10 },
    { name: "an unknown command", code: 0x5a, lba: 0, error: 0x04 },
    { name: "PACKET is not for disks", code: 0xa0, lba: 0, error: 0x04 },
    { name: "NOP aborts", code: 0x00, lba: 0, error: 0x04 },
  ])("errors: $name", ({ code, lba, error }) => {
    command(code, lba);
    settle();
    expect(takeInterrupt()).toBe(0x76);
    expect(status()).toBe(0x51);
    expect(machine.board.readPort(0x1f1, 1)).toBe(error);
  });

  test("a host that cannot read makes an uncorrectable error, a read-only one refuses writes", () => {
    const broken: BlockBackend = {
      sizeBytes: MIB,
      readOnly: true,
      read() {
        throw new Error("the file is gone");
      },
      write() {},
      flush() {},
    };
    machine = new TestBoard({ ide: [{ kind: "disk", medium: broken }] });
    command(0x20, 0);
    settle();
    expect(status() & 1).toBe(1);
    expect(machine.board.readPort(0x1f1, 1)).toBe(0x40);
    for (const write of [0x30, 0xca]) {
      command(write, 0);
      settle();
      expect(machine.board.readPort(0x1f1, 1)).toBe(0x04);
    }
  });

  test("soft reset gives the signature of a disk, and of a packet device", () => {
    machine.run(
      "out 3f6 4; in 1f7 & 80 = 80; out 3f6 0; in 1f7 = 50; in 1f2 = 1; in 1f3 = 1; in 1f4 = 0; in 1f5 = 0; in 1f1 = 1",
    );
    machine.run("out 376 4; out 376 0; in 172 = 1; in 174 = 14; in 175 = eb");
  });

  test("nIEN keeps the interrupt away", () => {
    machine.run("out 3f6 2");
    command(0x20);
    settle();
    expect(takeInterrupt()).toBeNull();
  });

  test("a drive that is not there reads 0, and an empty slot takes no command", () => {
    machine.run("out 1f6 f0; in 1f7 = 0; out 1f7 ec; in 1f7 = 0; out 1f6 e0; in 1f7 = 50");
  });
});

/** Descriptors at 1000h: address, bytes, and the mark on the last. */
function descriptors(...regions: [number, number][]): void {
  const view = new DataView(machine.memory.buffer);
  regions.forEach(([address, bytes], index) => {
    view.setUint32(0x1000 + index * 8, address, true);
    view.setUint32(0x1004 + index * 8, (bytes & 0xffff) | (index === regions.length - 1 ? 0x80000000 : 0), true);
  });
  machine.run("outl c004 1000; out c002 06");
}

describe("bus master", () => {
  test("reads into the regions of its descriptors", () => {
    descriptors([0x4000, 512], [0x8000, 1024]);
    machine.run("out c000 08");
    command(0xc8, 1, 3);
    machine.run("out c000 09");
    settle();
    expect(takeInterrupt()).toBe(0x76);
    expect(machine.board.readPort(0xc002, 1) & 5).toBe(4);
    expect(status()).toBe(0x50);
    expect(machine.bytes(0x4000, 512)).toEqual(Array.from(sector(1)));
    expect(machine.bytes(0x8200, 512)).toEqual(Array.from(sector(3)));
  });

  test("starting it after the drive is ready works, too", () => {
    descriptors([0x4000, 512]);
    command(0xc8, 2, 1);
    settle(1_000_000);
    expect(machine.bytes(0x4000, 1)).toEqual([0]);
    machine.run("out c000 09");
    settle();
    expect(machine.bytes(0x4000, 512)).toEqual(Array.from(sector(2)));
  });

  test("writes", () => {
    machine.memory.set(sector(99), 0x4000);
    descriptors([0x4000, 512]);
    command(0xca, 20, 1);
    machine.run("out c000 01");
    settle();
    const written = new Uint8Array(512);
    disk.read(20 * 512, written);
    expect(written).toEqual(sector(99));
  });

  test("too few descriptors end the transfer without an interrupt", () => {
    descriptors([0x4000, 512]);
    command(0xc8, 1, 2);
    machine.run("out c000 09");
    settle();
    expect(machine.board.readPort(0xc002, 1) & 5).toBe(0);
    expect(takeInterrupt()).toBeNull();
  });

  test("too many descriptors leave it active", () => {
    descriptors([0x4000, 512], [0x8000, 512]);
    command(0xc8, 1, 1);
    machine.run("out c000 09");
    settle();
    expect(machine.board.readPort(0xc002, 1) & 5).toBe(5);
  });

  test.each([[0xfffffff0], [0xdead0000], [0x3ffffc]])(
    "a table at %i, where there is nothing, does no harm",
    (address) => {
      machine.run(`outl c004 ${address.toString(16)}`);
      command(0xc8, 0, 256);
      machine.run("out c000 09");
      settle(10_000_000);
      expect(status() & 0x80).toBe(0);
    },
  );
});

/** Sends a packet to the CD drive and returns its data, by PIO. */
function packet(bytes: readonly number[], limit = 0xfffe): { data: Uint8Array; status: number; error: number } {
  const board = machine.board;
  machine.run(
    `out 176 a0; out 171 0; out 174 ${(limit & 0xff).toString(16)}; out 175 ${(limit >> 8).toString(16)}; out 177 a0`,
  );
  settle();
  expect(status(0x170) & 8).toBe(8);
  expect(board.readPort(0x172, 1) & 3).toBe(1);
  writeWords(
    Uint8Array.from({ length: 12 }, (_, index) => bytes[index] ?? 0),
    0x170,
  );
  const parts: number[] = [];
  for (let round = 0; round < 1000; round++) {
    settle();
    expect(takeInterrupt()).toBe(0x77);
    const now = status(0x170);
    if (!(now & 8)) break;
    expect(board.readPort(0x172, 1) & 3).toBe(2);
    const count = board.readPort(0x174, 1) | (board.readPort(0x175, 1) << 8);
    expect(count).toBeLessThanOrEqual(limit);
    parts.push(...readWords(Math.ceil(count / 2), 0x170).subarray(0, count));
  }
  return { data: Uint8Array.from(parts), status: status(0x170), error: board.readPort(0x171, 1) };
}

describe("ATAPI drive", () => {
  test("IDENTIFY DEVICE aborts with the signature, IDENTIFY PACKET DEVICE answers", () => {
    machine.run("out 176 a0; out 177 ec");
    settle();
    machine.run("in 177 = 51; in 174 = 14; in 175 = eb; out 177 a1");
    settle();
    expect(new Uint16Array(readWords(256, 0x170).buffer)[0]).toBe(0x85c0);
    expect(status(0x170)).toBe(0x50);
  });

  test("READ(10) in one piece, and in pieces of the byte count limit", () => {
    expect(packet([0x28, 0, 0, 0, 0, 5, 0, 0, 2]).data).toEqual(
      Uint8Array.of(...new Uint8Array(2048).fill(6), ...new Uint8Array(2048).fill(7)),
    );
    expect(packet([0x28, 0, 0, 0, 0, 5, 0, 0, 2], 1000).data.length).toBe(4096);
    expect(packet([0xa8, 0, 0, 0, 0, 63, 0, 0, 0, 1]).data[0]).toBe(64);
  });

  test("by DMA", () => {
    const view = new DataView(machine.memory.buffer);
    view.setUint32(0x1000, 0x4000, true);
    view.setUint32(0x1004, 0x80001000, true);
    machine.run("outl c00c 1000; out c00a 6; out 176 a0; out 171 1; out 177 a0");
    settle();
    writeWords(Uint8Array.of(0x28, 0, 0, 0, 0, 9, 0, 0, 2, 0, 0, 0), 0x170);
    machine.run("out c008 9");
    settle();
    expect(takeInterrupt()).toBe(0x77);
    expect(machine.bytes(0x4000, 4096)).toEqual([...new Array(2048).fill(10), ...new Array(2048).fill(11)]);
  });

  test.each([
    { name: "READ CAPACITY", bytes: [0x25], data: [0, 0, 0, 63, 0, 0, 8, 0] },
    { name: "READ TOC", bytes: [0x43, 0, 0, 0, 0, 0, 0, 0, 12], data: [0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0] },
    {
      name: "READ TOC, lead-out as time",
      bytes: [0x43, 2, 0, 0, 0, 0, 0xaa, 0, 12],
      data: [0, 10, 1, 1, 0, 0x16, 0xaa, 0, 0, 0, 2, 64],
    },
    {
      name: "REQUEST SENSE after nothing",
      bytes: [0x03, 0, 0, 0, 18],
      data: [0x70, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    },
    { name: "INQUIRY, shortened", bytes: [0x12, 0, 0, 0, 5], data: [5, 0x80, 0, 0x21, 31] },
    {
      name: "MODE SENSE(10)",
      bytes: [0x5a, 0, 1, 0, 0, 0, 0, 0, 16],
      data: [0, 14, 0x70, 0, 0, 0, 0, 0, 1, 6, 0, 5, 0, 0, 0, 0],
    },
    { name: "TEST UNIT READY", bytes: [0x00], data: [] },
  ])("$name", ({ bytes, data }) => {
    expect(Array.from(packet(bytes).data)).toEqual(data);
  });

  test("errors name their sense, once", () => {
    const failed = packet([0x28, 0, 0, 0, 0, 64, 0, 0, 1]);
    expect(failed.status & 1).toBe(1);
    expect(failed.error).toBe(0x54);
    const sense = packet([0x03, 0, 0, 0, 18]).data;
    expect([sense[2], sense[12]]).toEqual([5, 0x21]);
    expect(packet([0x03, 0, 0, 0, 18]).data[2]).toBe(0);
    expect(packet([0xff]).error).toBe(0x54);
  });
});

test("a table of descriptors without an end ends the engine after 64 KiB of them", () => {
  // 8192 regions of two bytes each: the 32 sectors that they hold, and the drive wants 64.
  const view = new DataView(machine.memory.buffer);
  for (let index = 0; index < 8192; index++) {
    view.setUint32(0x10000 + index * 8, 0x40000 + index * 2, true);
    view.setUint32(0x10000 + index * 8 + 4, 2, true);
  }
  machine.run("outl c004 10000");
  command(0xc8, 0, 64);
  machine.run("out c000 9");
  settle(20_000_000);
  expect(machine.board.readPort(0xc002, 1) & 5).toBe(0);
  expect(machine.memory.subarray(0x40000, 0x40200)).toEqual(sector(0));
  expect(machine.memory[0x40000 + 5 * 512]).toBe(35);
});
