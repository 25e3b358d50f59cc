/** Where the registers of a board lie: ports as its chips claim them, windows as tests map them, indexed registers. */
import { MOST_SERIAL_PORTS } from "../../../emulator/board-config.ts";
import { AddressSpace } from "../../../emulator/bus/address-space.ts";
import type { AccessBytes } from "../../../emulator/bus/bus.ts";
import * as e1000Registers from "../../../emulator/devices/network/e1000-registers.ts";
import { openAc97 } from "./ac97-cases.ts";
import { TestBoard } from "./harness.ts";

/**
 * Windows of the IDE function, of power management, of the network card, of a virtio disk and of the sound controller,
 * with everything enabled.
 */
export const CARD = 0xfebc0000;
export const MAP_WINDOWS = [
  "outl cf8 80000920; outl cfc c100; outl cf8 80000904; outw cfc 5",
  "outl cf8 80000b40; outl cfc 600; outl cf8 80000b80; out cfc 1",
  "outl cf8 80001810; outl cfc febc0000; outl cf8 80001814; outl cfc c000; outl cf8 80001804; outw cfc 7",
  "outl cf8 80002010; outl cfc c200; outl cf8 80002004; outw cfc 5",
  openAc97(6),
].join(";");

export const hex = (value: number): string => value.toString(16);
export const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** Ports that lie together and belong to one chip. */
export interface PortBlock {
  readonly first: number;
  readonly count: number;
  readonly widest: AccessBytes;
}

/** The ports that the board's chips have claimed, as the address space hears of them. */
function claimedBlocks(): readonly PortBlock[] {
  const claimed: PortBlock[] = [];
  const { claimPorts } = AddressSpace.prototype;
  AddressSpace.prototype.claimPorts = function (first, count, handler, widest = 1): void {
    claimed.push({ first, count, widest });
    claimPorts.call(this, first, count, handler, widest);
  };
  try {
    new TestBoard({ serialPorts: MOST_SERIAL_PORTS, parallelPort: true, sound: [{ model: "sb16" }] });
  } finally {
    AddressSpace.prototype.claimPorts = claimPorts;
  }
  return claimed;
}

/** With the windows: bus masters, power management, the card's I/O, the virtio disk, the sound controller. */
export const BLOCKS: readonly PortBlock[] = [
  ...claimedBlocks(),
  { first: 0xc100, count: 16, widest: 4 },
  { first: 0x600, count: 64, widest: 4 },
  { first: 0xc000, count: 8, widest: 4 },
  { first: 0xc200, count: 32, widest: 4 },
  { first: 0xc400, count: 56, widest: 4 },
  { first: 0xc800, count: 128, widest: 4 },
];
export const PORTS = BLOCKS.flatMap(({ first, count, widest }) =>
  range(count).map((offset) => ({ port: first + offset, widest })),
);

/** Pairs of an index port and a data port, with the number of registers. */
export const INDEXED = [
  { index: 0x70, data: 0x71, count: 128 },
  { index: 0x3c4, data: 0x3c5, count: 8 },
  { index: 0x3ce, data: 0x3cf, count: 16 },
  { index: 0x3d4, data: 0x3d5, count: 32 },
  { index: 0x3b4, data: 0x3b5, count: 32 },
  { index: 0x224, data: 0x225, count: 256 },
] as const;
/** PCI functions as they are plugged in: device and function. */
export const FUNCTIONS = [0x00, 0x08, 0x09, 0x0b, 0x10, 0x18, 0x20, 0x30] as const;
/** Offsets of the network card's registers: those with names, and those of the table of what can be written. */
export const CARD_REGISTERS: readonly number[] = [
  ...new Set([
    ...range(e1000Registers.REGISTER_BYTES / 4)
      .map((index) => index * 4)
      .filter((offset) => e1000Registers.writableBits(offset) !== 0 && (offset < 0x5200 || offset % 0x40 < 8)),
    ...Object.entries(e1000Registers).flatMap(([name, value]) =>
      typeof value === "number" && !name.includes("_") ? [value] : [],
    ),
    ...range(64).map((index) => 0x4000 + 4 * index),
  ]),
];
