/** The counters of the 82540EM (Software Developer's Manual 13.7). */
import { beforeEach, expect, test } from "vitest";
import { RegisterFile } from "../../../emulator/devices/network/e1000-registers.ts";
import { E1000Statistics } from "../../../emulator/devices/network/e1000-statistics.ts";
import {
  arrive,
  BUFFERS,
  frame,
  MAC,
  machine,
  read,
  setUp,
  startReceiver,
  startTransmitter,
  TX_RING,
  txDescriptor,
  write,
} from "./e1000-board.ts";

beforeEach(setUp);

/** The largest frame without FCS of each counter by size. */
const LARGEST = [60, 123, 251, 507, 1019] as const;

const counts = (first: number): number[] => Array.from({ length: 6 }, (_, index) => read(first + 4 * index));

test("frames by size, each way", () => {
  startReceiver(16);
  write(0x3800, TX_RING);
  write(0x3808, 16 * 16);
  write(0x400, 0x0a);
  LARGEST.flatMap((bytes) => [bytes, bytes + 1]).forEach((bytes, index) => {
    arrive(frame([...MAC], bytes));
    machine.memory.set(frame([1, 2, 3, 4, 5, 6], bytes), BUFFERS + 0x10000);
    txDescriptor(index, BUFFERS + 0x10000, bytes);
    write(0x3818, index + 1);
    machine.time.advance(10_000);
  });
  expect(counts(0x405c)).toEqual([1, 2, 2, 2, 2, 1]);
  expect(counts(0x40d8)).toEqual([1, 2, 2, 2, 2, 1]);
  expect(counts(0x405c)).toEqual([0, 0, 0, 0, 0, 0]);
});

test("broadcasts and multicasts, each way", () => {
  startReceiver(8, 0x04008012);
  for (const destination of [[255, 255, 255, 255, 255, 255], [1, 0, 0x5e, 0, 0, 1], [...MAC]])
    arrive(frame(destination));
  expect([read(0x4074), read(0x4078), read(0x407c)]).toEqual([3, 1, 1]);
  startTransmitter();
  [
    [255, 255, 255, 255, 255, 255],
    [1, 0, 0x5e, 0, 0, 1],
    [2, 0, 0, 0, 0, 1],
  ].forEach((destination, index) => {
    machine.memory.set(frame(destination), BUFFERS + 0x10000);
    txDescriptor(index, BUFFERS + 0x10000, 100);
    write(0x3818, index + 1);
    machine.time.advance(10_000);
  });
  expect([read(0x4080), read(0x40f4), read(0x40f0)]).toEqual([3, 1, 1]);
});

test("they are read, not written", () => {
  for (const offset of [0x4000, 0x4074, 0x40fc]) {
    write(offset, 5);
    expect(read(offset)).toBe(0);
  }
});

test("a sum of octets goes on in its upper half, and a counter stays at its end", () => {
  const registers = new RegisterFile();
  const statistics = new E1000Statistics(registers);
  registers.set(0x4090, 0xfffffff0);
  registers.set(0x4094, 6);
  registers.set(0x4080, 0xffffffff);
  statistics.sent(frame([...MAC]));
  expect([0x4090, 0x4094, 0x4080].map((offset) => statistics.read(offset))).toEqual([88, 7, 0xffffffff]);
});
