import {
  ABAR,
  CONFIG,
  type Command,
  dataOf,
  done,
  headerAt,
  holds,
  issued,
  issuedQueued,
  laid,
  px,
  received,
  started,
} from "./ahci-script.ts";
import type { Case } from "./script.ts";
import { words } from "./virtio-script.ts";

const hex = (value: number): string => (value >>> 0).toString(16);
const reg = (offset: number): string => hex(ABAR + offset);
/** A disk at port 0, a CD drive at port 1. */
const DISK = `${CONFIG}; ${started(0)}`;
const CD = `${CONFIG}; ${started(1)}`;

const READ_DMA = 0xc8;
const WRITE_DMA_EXT = 0x35;
const piece = (port: number, bytes: number, offset = 0): { at: number; bytes: number } => ({
  at: dataOf(port, offset),
  bytes,
});
const readSectors = (sector: number, count = 1): Command => ({
  command: READ_DMA,
  sector,
  count,
  pieces: [piece(0, 512 * count)],
});
const queuedRead = (slot: number, sector: number, count = 1): Command => ({
  command: 0x60,
  sector,
  features: count,
  count: slot << 3,
  pieces: [piece(0, 512 * count, slot * 0x1000)],
});
const packet = (bytes: readonly number[], size: number, more: Partial<Command> = {}): Command => ({
  command: 0xa0,
  flags: 0x20,
  sector: 0xfffe00,
  device: 0,
  packet: [...bytes, ...new Array<number>(12 - bytes.length).fill(0)],
  pieces: [piece(1, size)],
  ...more,
});
const FILLED = (port: number, bytes: number): string =>
  `ram ${hex(dataOf(port))} ${new Array<string>(bytes).fill("ee").join(" ")}`;
const PICS =
  "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 fb; out a1 f1; out 4d1 0e; outl cf8 80000860; outl cfc b0b0a0a";
const STOPPED = (port: number): string =>
  `writel ${px(port, 0x18)} 16; readl ${px(port, 0x38)} = 0; readl ${px(port, 0x34)} = 0; writel ${px(port, 0x30)} ffffffff; writel ${px(port, 0x10)} ffffffff; writel ${px(port, 0x18)} 17`;

/** An adapter with a disk of 20000 sectors at port 0 and a CD of 64 blocks at port 1, all of them zeros. */
export const ahciCases: readonly Case[] = [
  {
    name: "identity",
    script:
      "outl cf8 80001800; inl cfc = 29228086; outl cf8 80001808; inl cfc = 1060102; outl cf8 8000182c; inl cfc = 11001af4; outl cf8 8000183c; in cfd = 1; outl cf8 80001890; in cfc = 40",
  },
  {
    name: "windows: a page of registers, 32 ports",
    script:
      "outl cf8 80001824; outl cfc ffffffff; inl cfc = fffff000; outl cf8 80001820; outl cfc ffffffff; inl cfc = ffffffe1; outl cf8 80001810; outl cfc ffffffff; inl cfc = 0",
  },
  {
    name: "the capability of SATA says where the pair of ports is",
    script: "outl cf8 80001804; in cfe & 10 = 10; outl cf8 800018a8; inl cfc = 100012; outl cf8 800018ac; inl cfc = 48",
  },
  {
    name: "the list of capabilities has nothing else",
    script: "outl cf8 80001834; in cfc = a8",
    ours: "QEMU's begins with message-signalled interrupts",
  },
  {
    name: "power on",
    script: `${CONFIG}; readl ${reg(0)} = c0141f05; readl ${reg(4)} = 80000000; readl ${reg(8)} = 0; readl ${reg(12)} = 3f; readl ${reg(16)} = 10000; readl ${reg(20)} = 0; readl ${reg(0x24)} = 0; readl ${reg(0x28)} = 0`,
  },
  {
    name: "ports at power on, with a drive and without",
    script: [
      CONFIG,
      ...[0, 1, 2, 5].map((port) =>
        [0, 8, 0x10, 0x14, 0x2c, 0x30, 0x34, 0x38].map((at) => `readl ${px(port, at)} = 0`).join("; "),
      ),
      ...[0, 1, 2].map(
        (port) => `readl ${px(port, 0x18)} = 6; readl ${px(port, 0x20)} = 7f; readl ${px(port, 0x24)} = ffffffff`,
      ),
      `readl ${px(0, 0x28)} = 113; readl ${px(1, 0x28)} = 113; readl ${px(2, 0x28)} = 0; readl ${px(6, 0x28)} = 0; readl ${px(6, 0x18)} = 0`,
    ].join("; "),
  },
  {
    name: "what can be written",
    script: `${CONFIG}; writel ${reg(0)} 0; readl ${reg(0)} = c0141f05; writel ${reg(12)} 0; readl ${reg(12)} = 3f; writel ${reg(4)} 2; readl ${reg(4)} = 80000002; writel ${px(0, 4)} 12345678; readl ${px(0, 4)} = 12345678; writel ${px(0, 12)} 9; readl ${px(0, 12)} = 9; writel ${px(0, 0x14)} ffffffff; readl ${px(0, 0x14)} = fdc000ff; writel ${px(0, 0x20)} 5; readl ${px(0, 0x20)} = 7f; writel ${px(0, 0x24)} 5; readl ${px(0, 0x24)} = ffffffff; writel ${px(0, 0x28)} 5; readl ${px(0, 0x28)} = 113`,
  },
  {
    name: "the list and the memory for FISes lie on boundaries",
    script: `${CONFIG}; writel ${px(0, 0)} ffffffff; readl ${px(0, 0)} = fffffc00; writel ${px(0, 8)} ffffffff; readl ${px(0, 8)} = ffffff00; writel ${px(0, 0x18)} 8; readl ${px(0, 0x18)} = 6`,
    ours: "QEMU keeps the bits that are 0 (AHCI 1.3.1, 3.3.1), and CLO, which CAP does not offer",
  },
  {
    name: "parts of registers",
    script: `${CONFIG}; read ${reg(2)} = 14; readw ${reg(1)} = 141f; readw ${reg(3)} = c0; readl ${reg(2)} = c014; writel ${px(0, 2)} ffffffff; readl ${px(0, 0)} = 0; writew ${px(0, 0)} fc00; readl ${px(0, 0)} = fc00`,
  },
  {
    name: "the pair of ports",
    script: `${CONFIG}; outl c310 10; inl c310 = 10; inl c314 = 10000; outl c310 103; inl c310 = 100; outl c314 12345400; inl c314 = 12345400; readl ${px(0, 0)} = 12345400; inl c300 = 0`,
  },
  {
    name: "a reset of the adapter leaves the addresses",
    script: `${DISK}; writel ${px(0, 0x14)} 1; writel ${reg(4)} 3; readl ${reg(4)} = 80000000; readl ${px(0, 0)} = 20000; readl ${px(0, 8)} = 20400; readl ${px(0, 0x14)} = 0; readl ${px(0, 0x18)} = 6; readl ${px(0, 0x20)} = 7f; readl ${px(0, 0x24)} = ffffffff`,
  },
  {
    name: "a drive's registers come once FISes are received",
    script: `${CONFIG}; ${started(0)}; ${started(1)}; readl ${px(0, 0x20)} & ff89 = 100; readl ${px(0, 0x24)} = 101; readl ${px(1, 0x20)} & ff89 = 100; readl ${px(1, 0x24)} = eb140101; readl ${px(0, 0x18)} & c017 = c017; ${holds(received(0, 0x40), 0x34, null, null, 1, 1, 0, 0)}; ${holds(received(1, 0x40), 0x34, null, null, 1, 1, 0x14, 0xeb)}`,
  },
  {
    name: "those registers come without an interrupt, and say that the disk is ready",
    script: `${CONFIG}; writel ${px(0, 0x18)} 16; readl ${px(0, 0x10)} = 0; readl ${px(0, 0x20)} = 150`,
    ours: "QEMU's drive asks for one (SATA 2.6, 11.3: the I bit is clear), and says 30h",
  },
  {
    name: "a port without a drive receives nothing",
    script: `${CONFIG}; ${started(2)}; readl ${px(2, 0x20)} = 7f; readl ${px(2, 0x24)} = ffffffff`,
    ours: "QEMU's receives registers from nobody",
  },
  {
    name: "reads sectors by DMA, into three pieces",
    script: `${DISK}; ${FILLED(0, 0x700)}; ${done(0, { ...readSectors(2, 2), pieces: [piece(0, 300), piece(0, 600, 400), piece(0, 1000, 1100)] })}; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x20)} = 50; readl ${px(0, 0x10)} = 1; ${holds(headerAt(0, 0, 4), 0, 4, 0, 0)}; ${holds(hex(dataOf(0)), 0)}; ${holds(hex(dataOf(0, 299)), 0, 0xee)}; ${holds(hex(dataOf(0, 399)), 0xee, 0)}; ${holds(hex(dataOf(0, 999)), 0, 0xee)}; ${holds(hex(dataOf(0, 1099)), 0xee, 0)}; ${holds(hex(dataOf(0, 1223)), 0, 0xee)}`,
  },
  {
    name: "the FIS at the end of a command",
    script: `${DISK}; ${done(0, readSectors(2, 2))}; ${holds(received(0, 0x40), 0x34, 0x40, 0x50, 0)}; ${holds(received(0, 0x4e), 0, 0, 0, 0, 0, 0)}`,
  },
  {
    name: "identifies the disk by PIO",
    script: `${DISK}; ${FILLED(0, 514)}; ${done(0, { command: 0xec, pieces: [piece(0, 512)] })}; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x20)} = 50; readl ${px(0, 0x10)} & 2 = 2; ${holds(received(0, 0x20), 0x5f, null, 0x58, 0)}; ${holds(received(0, 0x30), 0, 2, 0, 0)}; ${holds(hex(dataOf(0)), 0x40, 0)}; ${holds(hex(dataOf(0, 150)), 0x1f, 0, null, 1)}; ${holds(hex(dataOf(0, 511)), null, 0xee)}; ${holds(headerAt(0, 0, 4), 0, 2, 0, 0)}`,
  },
  {
    name: "the end of a command by PIO is told before its last block",
    script: `${DISK}; ${done(0, { command: 0xec, pieces: [piece(0, 512)] })}; readl ${px(0, 0x10)} = 2; ${holds(received(0, 0x20), 0x5f, 0x60)}; ${holds(received(0, 0x2f), 0x50)}`,
    ours: "QEMU 7.2 sends a FIS with registers, too, and leaves out the direction",
  },
  {
    name: "reads and writes sectors by PIO",
    script: `${DISK}; ${FILLED(0, 0x700)}; ${done(0, { command: 0x20, sector: 3, count: 3, pieces: [piece(0, 1000), piece(0, 536, 1000)] })}; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x20)} = 50; ${holds(headerAt(0, 0, 4), 0, 6, 0, 0)}; ${holds(hex(dataOf(0, 1535)), 0, 0xee)}; ${done(0, { command: 0x30, sector: 3, count: 3, flags: 0x40, pieces: [piece(0, 1536)] })}; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x20)} = 50; ${holds(headerAt(0, 0, 4), 0, 6, 0, 0)}; ${holds(received(0, 0x20), 0x5f, 0x40)}`,
  },
  {
    name: "writes sectors by DMA, with 48-bit addresses",
    script: `${DISK}; ${done(0, { command: WRITE_DMA_EXT, sector: 19_998, count: 2, flags: 0x40, pieces: [piece(0, 1024)] })}; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x20)} = 50; ${holds(headerAt(0, 0, 4), 0, 4, 0, 0)}`,
  },
  {
    name: "commands without data",
    script: `${DISK}; ${[0xe7, 0xea, 0x40].map((command) => `${done(0, { command, count: 1 })}; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x20)} = 50; readl ${px(0, 0x10)} & 1 = 1; writel ${px(0, 0x10)} ffffffff; readl ${px(0, 0x10)} = 0`).join("; ")}; ${done(0, { command: 0xef, features: 3, count: 0x45 })}; readl ${px(0, 0x20)} = 50`,
  },
  {
    name: "a sector that is not there",
    script: `${DISK}; ${done(0, readSectors(20_000))}; readl ${px(0, 0x20)} & 1 = 1; readl ${px(0, 0x10)} & 40000001 = 40000001; ${holds(received(0, 0x40), 0x34, 0x40)}; ${STOPPED(0)}; ${done(0, readSectors(19_999))}; readl ${px(0, 0x20)} = 50`,
  },
  {
    name: "such a sector is not found",
    script: `${DISK}; ${done(0, readSectors(20_000))}; readl ${px(0, 0x20)} = 1051; ${holds(received(0, 0x40), 0x34, 0x40, 0x51, 0x10)}; readl ${px(0, 0x10)} = 40000001`,
    ours: "QEMU's disk aborts the command",
  },
  {
    name: "a command that is none",
    script: `${DISK}; ${done(0, { command: 0xff })}; readl ${px(0, 0x20)} & ff01 = 401; readl ${px(0, 0x10)} & 40000001 = 40000001; ${STOPPED(0)}; ${done(0, { command: 0xe7 })}; readl ${px(0, 0x20)} = 50`,
  },
  {
    name: "the command that has failed is left, with its number, and stops the port until software starts it again",
    script: `${DISK}; ${laid(0, 3, { command: 0xff })}; ${laid(0, 5, { command: 0xe7 })}; writel ${px(0, 0x38)} 28; settle 5ms; readl ${px(0, 0x38)} = 28; readl ${px(0, 0x18)} & 1f00 = 300; writel ${px(0, 0x38)} 20; settle 5ms; readl ${px(0, 0x38)} = 28; ${STOPPED(0)}; readl ${px(0, 0x18)} & 1f00 = 0; writel ${px(0, 0x38)} 20; settle 5ms; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x20)} = 50`,
    ours: "QEMU 7.2 goes on (AHCI 1.3.1, 6.2.2.1)",
  },
  {
    name: "a queued read",
    script: `${DISK}; ${FILLED(0, 520)}; ${laid(0, 0, queuedRead(0, 2))}; ${issuedQueued(0, 0)}; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x34)} = 0; readl ${px(0, 0x20)} & ff = 50; readl ${px(0, 0x10)} & 8 = 8; ${holds(received(0, 0x58), 0xa1, 0x40, 0x50, null, 1, 0, 0, 0)}; ${holds(hex(dataOf(0, 511)), 0, 0xee)}`,
  },
  {
    name: "queued commands of several slots, read and written",
    script: `${DISK}; ${FILLED(0, 520)}; ${laid(0, 3, queuedRead(3, 9, 2))}; ${laid(0, 7, { ...queuedRead(7, 4), command: 0x61, flags: 0x40 })}; ${laid(0, 31, queuedRead(31, 8))}; ${issuedQueued(0, 3, 7, 31)}; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x34)} = 0; readl ${px(0, 0x20)} & ff = 50; ${holds(hex(dataOf(0, 0x33ff)), 0)}`,
  },
  {
    name: "a queued read beyond the end",
    script: `${DISK}; ${laid(0, 4, queuedRead(4, 20_000))}; ${issuedQueued(0, 4)}; readl ${px(0, 0x34)} = 10; readl ${px(0, 0x20)} & 1 = 1; readl ${px(0, 0x10)} & 40000000 = 40000000`,
    ours: "QEMU reads what is not there of a medium without an end",
  },
  {
    name: "identifies the CD drive",
    script: `${CD}; ${done(1, { command: 0xa1, device: 0, pieces: [piece(1, 512)] })}; readl ${px(1, 0x38)} = 0; readl ${px(1, 0x20)} & 1 = 0; ${holds(hex(dataOf(1)), 0xc0, 0x85)}; ${done(1, { command: 0xec, device: 0, pieces: [piece(1, 512)] })}; readl ${px(1, 0x20)} & ff01 = 401; ${holds(received(1, 0x45), 0x14, 0xeb)}; ${STOPPED(1)}`,
  },
  {
    name: "a packet with data by PIO",
    script: `${CD}; ${FILLED(1, 40)}; ${done(1, packet([0x12, 0, 0, 0, 36], 36))}; readl ${px(1, 0x38)} = 0; readl ${px(1, 0x20)} = 50; ${holds(hex(dataOf(1)), 5, 0x80)}; ${holds(hex(dataOf(1, 36)), 0xee)}; ${holds(headerAt(1, 0, 4), 36, 0, 0, 0)}; ${holds(received(1, 0x60), 0)}`,
  },
  {
    name: "a packet with data by DMA",
    script: `${CD}; ${FILLED(1, 0x1010)}; ${done(1, packet([0x28, 0, 0, 0, 0, 5, 0, 0, 2], 4096, { features: 1 }))}; readl ${px(1, 0x38)} = 0; readl ${px(1, 0x20)} = 50; ${holds(hex(dataOf(1)), 0)}; ${holds(hex(dataOf(1, 4095)), 0, 0xee)}; ${holds(headerAt(1, 0, 4), 0, 0x10, 0, 0)}`,
  },
  {
    name: "a packet with blocks by PIO, no more at a time than the limit says",
    script: `${CD}; ${FILLED(1, 0x1010)}; ${done(1, packet([0x28, 0, 0, 0, 0, 5, 0, 0, 2], 4096, { sector: 0x080000 }))}; settle 5ms; readl ${px(1, 0x38)} = 0; readl ${px(1, 0x20)} = 50; ${holds(hex(dataOf(1, 4095)), 0, 0xee)}; ${holds(headerAt(1, 0, 4), 0, 0x10, 0, 0)}; ${holds(received(1, 0x20), 0x5f)}; ${holds(received(1, 0x30), 0, 8)}`,
  },
  {
    name: "a packet without data, and one that fails",
    script: `${CD}; ${done(1, packet([0], 0, { pieces: [] }))}; readl ${px(1, 0x38)} = 0; readl ${px(1, 0x20)} = 50; ${done(1, packet([0x28, 0, 0, 0, 1, 0, 0, 0, 1], 2048))}; readl ${px(1, 0x20)} & f001 = 5001; readl ${px(1, 0x10)} & 40000000 = 40000000; ${STOPPED(1)}; ${done(1, packet([3, 0, 0, 0, 18], 18))}; readl ${px(1, 0x20)} = 50; ${holds(hex(dataOf(1, 2)), 5)}; ${holds(hex(dataOf(1, 12)), 0x21)}`,
  },
  {
    name: "COMRESET: the drive's registers come again",
    script: `${DISK}; writel ${px(0, 0x18)} 16; writel ${px(0, 0x2c)} 1; writel ${px(0, 0x2c)} 0; writel ${px(0, 0x18)} 16; settle 1ms; readl ${px(0, 0x28)} = 113; readl ${px(0, 0x20)} & ff89 = 100; readl ${px(0, 0x24)} = 101; writel ${px(0, 0x30)} ffffffff; writel ${px(0, 0x18)} 17; ${done(0, readSectors(1))}; readl ${px(0, 0x20)} = 50`,
  },
  {
    name: "while a COMRESET lasts nobody is there, and at its end somebody has come",
    script: `${DISK}; writel ${px(0, 0x18)} 16; readl ${px(0, 0x30)} = 0; writel ${px(0, 0x2c)} 301; readl ${px(0, 0x2c)} = 301; readl ${px(0, 0x28)} = 0; writel ${px(0, 0x2c)} 300; readl ${px(0, 0x28)} = 113; readl ${px(0, 0x30)} = 4010000; readl ${px(0, 0x10)} = 400040; writel ${px(0, 0x30)} 4000000; readl ${px(0, 0x10)} = 400000; writel ${px(0, 0x30)} 10000; readl ${px(0, 0x10)} = 0; writel ${px(0, 0x2c)} 4; readl ${px(0, 0x28)} = 4`,
    ours: "QEMU's PxSSTS does not follow PxSCTL, and PxSERR stays 0",
  },
  {
    name: "a soft reset",
    script: `${DISK}; ${done(0, { command: 0, kind: "27 0", control: 4, flags: 0x500 })}; readl ${px(0, 0x38)} = 0; ${laid(0, 1, { command: 0, kind: "27 0", control: 0 })}; ${issued(0, 1)}; readl ${px(0, 0x38)} = 0; writel ${px(0, 0x18)} 17; settle 1ms; readl ${px(0, 0x20)} & ff89 = 100; readl ${px(0, 0x24)} = 101`,
  },
  {
    name: "interrupts: the port's, the adapter's, and both off",
    script: `${DISK}; readl ${reg(8)} = 0; ${done(0, { command: 0xe7 })}; readl ${reg(8)} = 0; writel ${px(0, 0x14)} 1; readl ${reg(8)} = 1; writel ${px(0, 0x10)} 1; writel ${reg(8)} 1; readl ${reg(8)} = 0; readl ${px(0, 0x10)} = 0`,
  },
  {
    name: "IS comes again while the port has something to say",
    script: `${DISK}; writel ${px(0, 0x14)} 1; ${done(0, { command: 0xe7 })}; readl ${reg(8)} = 1; writel ${reg(8)} 1; readl ${reg(8)} = 1`,
  },
  {
    name: "IS stays until it is written",
    script: `${DISK}; writel ${px(0, 0x14)} 1; ${done(0, { command: 0xe7 })}; writel ${px(0, 0x10)} 1; readl ${reg(8)} = 1; writel ${reg(8)} 1; readl ${reg(8)} = 0`,
    ours: "QEMU takes it back with PxIS (AHCI 1.3.1, 5.6.2)",
  },
  {
    name: "nothing begins without ST",
    script: `${CONFIG}; ${started(0)}; writel ${px(0, 0x18)} 16; ${laid(0, 0, { command: 0xe7 })}; writel ${px(0, 0x38)} 1; settle 5ms; readl ${px(0, 0x10)} = 0`,
  },
];

/** Each sector and block has bytes of its own place; and what needs time, or looks at it. */
export const ahciContentCases: readonly Case[] = [
  {
    name: "reads after its time, with an interrupt",
    script: `${DISK}; ${PICS}; writel ${px(0, 0x14)} 1; writel ${reg(4)} 2; ${laid(0, 0, readSectors(2))}; writel ${px(0, 0x38)} 1; readl ${px(0, 0x20)} = 150; wait 1us; readl ${px(0, 0x20)} & 80 = 80; readl ${px(0, 0x38)} = 1; wait 105119ns; intr = 0; readl ${px(0, 0x38)} = 1; wait 1ns; intr = 1; readl ${px(0, 0x38)} = 0; ${holds(hex(dataOf(0)), 0x0e, 0x0f)}; ack = 73; writel ${px(0, 0x10)} 1; writel ${reg(8)} 1; out a0 20; out 20 20; intr = 0`,
  },
  {
    name: "without GHC.IE no interrupt goes out",
    script: `${DISK}; ${PICS}; writel ${px(0, 0x14)} 1; ${done(0, { command: 0xe7 })}; intr = 0; writel ${reg(4)} 2; intr = 1`,
  },
  {
    name: "what is written is there, by DMA, by PIO and queued",
    script: `${DISK}; ram ${hex(dataOf(0))} 12 34; ram ${hex(dataOf(0, 511))} 56 78; ${done(0, { command: WRITE_DMA_EXT, sector: 100, count: 2, flags: 0x40, pieces: [piece(0, 100), piece(0, 924, 100)] })}; sata 0 c800 = 12; sata 0 c9ff = 56; sata 0 ca00 = 78; ${done(0, { command: 0x34, sector: 200, count: 2, flags: 0x40, pieces: [piece(0, 1024)] })}; wait 1ms; sata 0 19000 = 12; sata 0 191ff = 56; sata 0 19200 = 78; ${laid(0, 9, { ...queuedRead(9, 300, 2), command: 0x61, flags: 0x40, device: 0xc0, pieces: [piece(0, 1024)] })}; ${issuedQueued(0, 9)}; sata 0 25800 = 12; sata 0 259ff = 56; sata 0 25a00 = 78`,
  },
  {
    name: "queued reads come one after the other, each with a FIS",
    script: `${DISK}; ${laid(0, 1, queuedRead(1, 3))}; ${laid(0, 2, queuedRead(2, 5))}; writel ${px(0, 0x34)} 6; writel ${px(0, 0x38)} 6; readl ${px(0, 0x34)} = 6; wait 2us; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x34)} = 6; readl ${px(0, 0x20)} = 50; wait 104119ns; readl ${px(0, 0x34)} = 6; wait 1us; readl ${px(0, 0x34)} = 4; ${holds(received(0, 0x58), 0xa1, 0x40, 0x50, 0, 2, 0, 0, 0)}; ${holds(received(0, 0), 0x41, 0x20, 0, 0, 1)}; ${holds(hex(dataOf(0, 0x1000)), 0x15)}; wait 107us; readl ${px(0, 0x34)} = 0; ${holds(received(0, 0x58), 0xa1, 0x40, 0x50, 0, 4, 0, 0, 0)}; ${holds(hex(dataOf(0, 0x2000)), 0x23)}; readl ${px(0, 0x10)} = 8`,
  },
  {
    name: "the log of the queued command that has failed",
    script: `${DISK}; ${laid(0, 4, queuedRead(4, 20_000))}; ${laid(0, 6, queuedRead(6, 5))}; ${issuedQueued(0, 4, 6)}; readl ${px(0, 0x34)} = 50; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x20)} = 1051; ${holds(received(0, 0x58), 0xa1, 0x40, 0x51, 0x10, 0, 0, 0, 0)}; readl ${px(0, 0x10)} = 40000008; ${STOPPED(0)}; ${done(0, { command: 0x2f, sector: 0x10, count: 1, pieces: [piece(0, 512)] })}; readl ${px(0, 0x20)} = 50; ${holds(hex(dataOf(0)), 4, 0, 0x51, 0x10, 0x20, 0x4e, 0, 0x40, 0, 0, 0, 0, 0x20, 0)}; ${holds(hex(dataOf(0, 511)), 0xcd)}; ${laid(0, 6, queuedRead(6, 5))}; ${issuedQueued(0, 6)}; readl ${px(0, 0x34)} = 0; ${holds(hex(dataOf(0, 0x6000)), 0x23)}`,
  },
  {
    name: "the directory of the logs; a log that is not there; a page too many",
    script: `${DISK}; ${done(0, { command: 0x2f, sector: 0, count: 1, pieces: [piece(0, 512)] })}; readl ${px(0, 0x20)} = 50; ${holds(hex(dataOf(0)), 1, 0)}; ${holds(hex(dataOf(0, 0x20)), 1, 0)}; ${[
      { sector: 0x11, count: 1 },
      { sector: 0x10, count: 2 },
      { sector: 0x110, count: 1 },
    ]
      .map(
        (log) =>
          `${done(0, { command: 0x2f, ...log, pieces: [piece(0, 512)] })}; readl ${px(0, 0x20)} = 451; ${STOPPED(0)}`,
      )
      .join("; ")}`,
  },
  {
    name: "queued commands and others at the same time end all of them",
    script: `${DISK}; ${laid(0, 1, queuedRead(1, 3))}; ${laid(0, 2, { command: 0xe7 })}; writel ${px(0, 0x34)} 2; writel ${px(0, 0x38)} 6; wait 10us; readl ${px(0, 0x20)} = 451; readl ${px(0, 0x34)} = 2; readl ${px(0, 0x10)} = 40000001; wait 5ms; readl ${px(0, 0x34)} = 2; ${holds(received(0, 0x58), 0)}; ${STOPPED(0)}; ${done(0, readSectors(2))}; readl ${px(0, 0x20)} = 50`,
  },
  {
    name: "a tag twice ends all of them",
    script: `${DISK}; ${laid(0, 1, queuedRead(1, 3))}; ${laid(0, 2, queuedRead(1, 5))}; writel ${px(0, 0x34)} 6; writel ${px(0, 0x38)} 6; wait 10us; readl ${px(0, 0x20)} = 451; readl ${px(0, 0x38)} = 4; ${STOPPED(0)}; ${laid(0, 2, readSectors(2))}; writel ${px(0, 0x38)} 4; wait 10us; readl ${px(0, 0x38)} = 4; wait 5ms; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x20)} = 50`,
  },
  {
    name: "a descriptor that asks for an interrupt",
    script: `${DISK}; ${done(0, { ...readSectors(2), pieces: [{ ...piece(0, 256), interrupts: true }, piece(0, 256, 256)] })}; readl ${px(0, 0x10)} = 21`,
  },
  {
    name: "descriptors with too little room for what is read",
    script: `${DISK}; ${FILLED(0, 400)}; ${done(0, { ...readSectors(2, 2), pieces: [piece(0, 256)] })}; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x20)} = 50; readl ${px(0, 0x10)} = 1000001; ${holds(headerAt(0, 0, 4), 0, 1, 0, 0)}; ${holds(hex(dataOf(0, 255)), 0x0d, 0xee)}; ${done(0, { command: 0xec, pieces: [piece(0, 100)] })}; readl ${px(0, 0x20)} = 50; readl ${px(0, 0x10)} = 1000003; ${holds(headerAt(0, 0, 4), 100, 0, 0, 0)}`,
  },
  {
    name: "descriptors with too little for what is written: the disk waits for it until a COMRESET",
    script: `${DISK}; ${done(0, { command: WRITE_DMA_EXT, sector: 100, count: 2, flags: 0x40, pieces: [piece(0, 512)] })}; readl ${px(0, 0x38)} = 1; readl ${px(0, 0x20)} & 80 = 80; readl ${px(0, 0x10)} = 0; ${STOPPED(0)}; ${laid(0, 0, readSectors(2))}; writel ${px(0, 0x38)} 1; wait 5ms; readl ${px(0, 0x38)} = 1; writel ${px(0, 0x18)} 16; writel ${px(0, 0x2c)} 1; writel ${px(0, 0x2c)} 0; ${STOPPED(0)}; ${done(0, readSectors(2))}; readl ${px(0, 0x20)} = 50; ${done(0, { command: 0x30, sector: 100, count: 2, flags: 0x40, pieces: [piece(0, 600)] })}; readl ${px(0, 0x38)} = 1; readl ${px(0, 0x20)} & 80 = 80`,
  },
  {
    name: "addresses above 4 GiB: there is no memory",
    script: `${DISK}; ${laid(0, 0, { ...readSectors(2), pieces: [{ ...piece(0, 512), upper: 1 }] })}; ${issued(0)}; readl ${px(0, 0x38)} = 1; readl ${px(0, 0x10)} = 20000000; ${STOPPED(0)}; writel ${px(0, 0x2c)} 1; writel ${px(0, 0x2c)} 0; ram ${headerAt(0, 0, 12)} 1; ${issued(0)}; readl ${px(0, 0x10)} & 20000000 = 20000000; ${STOPPED(0)}; ram ${headerAt(0, 0, 12)} 0; writel ${px(0, 4)} 1; ${issued(0)}; readl ${px(0, 0x10)} = 20000000; ${STOPPED(0)}; writel ${px(0, 4)} 0; writel ${px(0, 12)} 1; ${done(0, readSectors(2))}; readl ${px(0, 0x10)} = 20000000`,
  },
  {
    name: "a list, a table and FISes that lie in registers",
    script: `${DISK}; writel ${px(0, 0)} febf0000; ${issued(0)}; readl ${px(0, 0x10)} = 20000000; readl ${px(0, 0x38)} = 1; ${STOPPED(0)}; writel ${px(0, 0)} 20000; ram ${headerAt(0, 0)} ${words(0x10005, 0, 0xfebf0000, 0)}; ${issued(0)}; readl ${px(0, 0x10)} = 8000000; readl ${px(0, 0x30)} = 400; ${STOPPED(0)}; writel ${px(0, 8)} febf0000; ${done(0, readSectors(2))}; readl ${px(0, 0x20)} = 50; readl ${px(0, 0x10)} = 1`,
  },
  {
    name: "a FIS that is too short",
    script: `${DISK}; ${laid(0, 0, readSectors(2))}; ram ${headerAt(0, 0)} 4; ${issued(0)}; readl ${px(0, 0x10)} = 8000000`,
  },
  {
    name: "without the bus nothing moves, and with it the command goes on",
    script: `${DISK}; outl cf8 80001804; outw cfc 2; ${done(0, readSectors(2))}; readl ${px(0, 0x38)} = 1; outw cfc 6; wait 1ms; readl ${px(0, 0x38)} = 0; readl ${px(0, 0x20)} = 50`,
  },
  {
    name: "the bus is taken away in the middle of a command",
    script: `${DISK}; ${laid(0, 0, readSectors(2))}; writel ${px(0, 0x38)} 1; wait 50us; outl cf8 80001804; outw cfc 2; wait 1ms; readl ${px(0, 0x10)} = 20000000; readl ${px(0, 0x38)} = 1; ${holds(hex(dataOf(0)), 0)}`,
  },
  {
    name: "ST is cleared in the middle of a command, of which only the registers come",
    script: `${DISK}; ${FILLED(0, 4)}; ${laid(0, 0, readSectors(2))}; writel ${px(0, 0x38)} 1; wait 50us; ${STOPPED(0)}; readl ${px(0, 0x20)} & 80 = 80; ${laid(0, 1, { command: 0xe7 })}; writel ${px(0, 0x38)} 2; wait 5ms; readl ${px(0, 0x20)} = 50; readl ${px(0, 0x38)} = 0; ${holds(hex(dataOf(0)), 0xee)}`,
  },
  {
    name: "slots are taken in turn",
    script: `${DISK}; ${[0, 1, 5].map((slot) => laid(0, slot, readSectors(slot))).join("; ")}; writel ${px(0, 0x38)} 23; wait 2us; readl ${px(0, 0x18)} & 1f00 = 0; wait 107us; readl ${px(0, 0x38)} = 22; readl ${px(0, 0x18)} & 1f00 = 100; writel ${px(0, 0x38)} 1; wait 107us; readl ${px(0, 0x18)} & 1f00 = 500; wait 107us; readl ${px(0, 0x38)} = 1; wait 107us; readl ${px(0, 0x38)} = 0`,
  },
  {
    name: "a DEVICE RESET ends with the signature",
    script: `${CD}; ${done(1, { command: 8, device: 0 })}; readl ${px(1, 0x38)} = 0; ${holds(received(1, 0x40), 0x34, 0, 0, 1, 1, 0x14, 0xeb, 0)}`,
  },
  {
    name: "blocks of the CD",
    script: `${CD}; ${done(1, packet([0x28, 0, 0, 0, 0, 5, 0, 0, 2], 4096, { features: 1 }))}; ${holds(hex(dataOf(1)), 0x23, 0x24)}; ${holds(hex(dataOf(1, 2048)), 0x2a)}; ${done(1, packet([0x28, 0, 0, 0, 0, 6, 0, 0, 1], 2048))}; wait 1ms; ${holds(hex(dataOf(1)), 0x2a)}`,
  },
  {
    name: "a disc is taken out and another one put in",
    script: `${CD}; eject 7 = 1; ${done(1, packet([0], 0, { pieces: [] }))}; readl ${px(1, 0x20)} = 2451; ${STOPPED(1)}; insert 7 3 = 1; ${[0x2451, 0x6451].map((said) => `${done(1, packet([0], 0, { pieces: [] }))}; readl ${px(1, 0x20)} = ${hex(said)}; ${STOPPED(1)}`).join("; ")}; ${done(1, packet([0x28, 0, 0, 0, 0, 1, 0, 0, 1], 2048, { features: 1 }))}; ${holds(hex(dataOf(1)), 4)}`,
  },
];
