/** What a board is told when it is made: what firmware reads of it from the CMOS memory, and names of settings. */
import { expect, test } from "vitest";
import type { BoardConfig } from "../../../emulator/board-config.ts";
import { SparseDisk } from "../../../emulator/disk/disk.ts";
import { MIB, TestBoard } from "./harness.ts";

test.each<{ name: string; config: Partial<BoardConfig> }>([
  { name: "nothing", config: {} },
  { name: "disks", config: { ide: [1, 2].map((mib) => ({ kind: "disk", medium: new SparseDisk(mib * MIB) })) } },
  { name: "a diskette", config: { floppies: [new SparseDisk(1440 * 1024), null] } },
])("the sum over the CMOS memory from 10h to 2Dh, with $name", ({ config }) => {
  const { board } = new TestBoard(config);
  const cmos = (index: number): number => {
    board.writePort(0x70, 1, index);
    return board.readPort(0x71, 1);
  };
  let sum = 0;
  for (let index = 0x10; index <= 0x2d; index++) sum += cmos(index);
  expect(sum).toBeGreaterThan(0);
  expect((cmos(0x2e) << 8) | cmos(0x2f)).toBe(sum);
});

test("the name of a setting has 55 bytes at the most: a zero follows it", () => {
  const make = (name: string): TestBoard => new TestBoard({ settings: [{ name, text: "x" }] });
  expect(() => make(`opt/${"a".repeat(51)}`)).not.toThrow();
  expect(() => make(`opt/${"a".repeat(52)}`)).toThrow("the name of a setting is too long: opt/aaa");
  expect(() => make(`opt/${"\u00e4".repeat(26)}`)).toThrow("too long");
});
