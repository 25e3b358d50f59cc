/** Steps of a script that lay an AHCI port's commands into memory, and give them to it. */
import { words } from "./virtio-script.ts";

export const ABAR = 0xfebf0000;
/** The first command list, memory for FISes, tables and data; those of port 1 lie 10000h higher. */
const LIST = 0x20000;
const FISES = 0x20400;
const TABLES = 0x21000;
const TABLE_BYTES = 0x100;
const DATA = 0x24000;

const hex = (value: number): string => (value >>> 0).toString(16);
/** A register of a port. */
export const px = (port: number, register: number): string => hex(ABAR + 0x100 + port * 0x80 + register);
/** A place in the memory for FISes. */
export const received = (port: number, offset: number): string => hex(FISES + port * 0x10000 + offset);
export const dataOf = (port: number, offset = 0): number => DATA + port * 0x10000 + offset;
const table = (port: number, slot: number): number => TABLES + port * 0x10000 + slot * TABLE_BYTES;
/** Where the header of a command is. */
export const headerAt = (port: number, slot: number, offset = 0): string =>
  hex(LIST + port * 0x10000 + slot * 32 + offset);

/** The adapter in a slot has its registers at ABAR and its pair of ports at C300h, and may use the bus. */
export function mapped(slot: number): string {
  const registers = (first: number): string => hex(0x80000000 + slot * 0x800 + first);
  return `outl cf8 ${registers(0x24)}; outl cfc ${hex(ABAR)}; outl cf8 ${registers(0x20)}; outl cfc c300; outl cf8 ${registers(4)}; outw cfc 7`;
}

export const CONFIG = mapped(3);

/** A driver has set a port up: list, FISes, and both engines run. */
export const started = (port: number): string =>
  [
    `writel ${px(port, 0)} ${hex(LIST + port * 0x10000)}; writel ${px(port, 8)} ${hex(FISES + port * 0x10000)}`,
    `writel ${px(port, 0x30)} ffffffff; writel ${px(port, 0x18)} 16; writel ${px(port, 0x18)} 17; settle 1us`,
    `writel ${px(port, 0x10)} ffffffff; writel ${hex(ABAR + 8)} ffffffff`,
  ].join("; ");

export interface Piece {
  readonly at: number;
  readonly bytes: number;
  /** Its end asks for an interrupt. */
  readonly interrupts?: boolean;
  readonly upper?: number;
}

export interface Command {
  readonly command: number;
  readonly sector?: number;
  readonly count?: number;
  readonly features?: number;
  readonly device?: number;
  /** Of the ATAPI command in the table. */
  readonly packet?: readonly number[];
  readonly pieces?: readonly Piece[];
  /** Flags of the header besides the length of the FIS: 20h ATAPI, 40h write, 400h clear busy. */
  readonly flags?: number;
  /** The first bytes of the FIS, where they are not those of a command, and the control register. */
  readonly kind?: string;
  readonly control?: number;
}

const byte = (value: number, shift: number): string => hex(Math.floor(value / 2 ** shift) & 0xff);

/** Lays a command into a slot. */
export function laid(port: number, slot: number, wanted: Command): string {
  const { command, sector = 0, count = 0, features = 0, device = 0x40, packet = [], pieces = [], flags = 0 } = wanted;
  const at = table(port, slot);
  const fis = [
    wanted.kind ?? "27 80",
    ...[hex(command), byte(features, 0), byte(sector, 0), byte(sector, 8), byte(sector, 16), hex(device)],
    ...[byte(sector, 24), byte(sector, 32), byte(sector, 40), byte(features, 8), byte(count, 0), byte(count, 8), "0"],
    ...[hex(wanted.control ?? 0), "0 0 0 0"],
  ];
  const descriptors = pieces.map(({ at: address, bytes, interrupts, upper = 0 }) =>
    words(address, upper, 0, ((bytes - 1) | (interrupts ? 0x80000000 : 0)) >>> 0),
  );
  return [
    `ram ${headerAt(port, slot)} ${words((5 | flags | (pieces.length << 16)) >>> 0, 0xeeee, at, 0)}`,
    `ram ${hex(at)} ${fis.join(" ")}`,
    ...(packet.length > 0 ? [`ram ${hex(at + 0x40)} ${packet.map(hex).join(" ")} 0 0 0 0`] : []),
    ...(descriptors.length > 0 ? [`ram ${hex(at + 0x80)} ${descriptors.join(" ")}`] : []),
  ].join("; ");
}

/** Gives the command of a slot to the port; time passes until it is done. */
export const issued = (port: number, slot = 0): string => `writel ${px(port, 0x38)} ${hex(1 << slot)}; settle 5ms`;
export const issuedQueued = (port: number, ...slots: readonly number[]): string => {
  const bits = hex(slots.reduce((sum, slot) => sum | (1 << slot), 0));
  return `writel ${px(port, 0x34)} ${bits}; writel ${px(port, 0x38)} ${bits}; settle 5ms`;
};

/** Lays a command into slot 0 and has it done. */
export const done = (port: number, wanted: Command): string => `${laid(port, 0, wanted)}; ${issued(port)}`;

/** Expects bytes in memory. */
export const holds = (address: string, ...bytes: readonly (number | null)[]): string =>
  bytes
    .flatMap((value, index) =>
      value === null ? [] : [`ram ${hex(Number.parseInt(address, 16) + index)} = ${hex(value)}`],
    )
    .join("; ");
